"""The reference of the HTTP API, written from the application itself: docs/api.md."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from fleet.api import events, guard, run_request, runs
from fleet.api.app import add_paths
from fleet.api.faults import HTTP_CODES, TABLE
from fleet.api.run_request import RunIn

_INTRODUCTION = f"""\
# The HTTP API

*Written from the code; `python -m fleet.api.reference > docs/api.md` writes it anew. The daemon serves the same as
`/openapi.json`, with the shape of every answer.*

It listens on `127.0.0.1:8700` unless the site file says otherwise. Instants go in and out as ISO 8601; those that come
in need their zone, those that go out are in UTC and end in `_at`. Other quantities name their unit (`_s`, `_m`, `_kg`).
What does not apply yet is `null`.

* **Reading** shows the last committed state. **Changing** is answered once the change is committed, and names its
  author in the header `X-Actor` (by default `api`).
* `POST /api/v1/runs` needs the header `Idempotency-Key`: the same key with the same content answers 200 as the first
  time, and makes nothing twice; with other content it is refused. `?dry_run=true` only tells what would happen.
* {guard.TOO_LARGE}, a batch {run_request.RUNS_MAX} runs, a page {runs.PAGE_MAX} rows.
* Where the API listens on loopback it answers to loopback names only, and never to a page of another site.
"""

_EVENTS = f"""
## Events

`GET /api/v1/events` is a stream of server-sent events. The id of each is its number in the journal, so a browser that
lost the line goes on where it stood (`Last-Event-ID`, or `?after=`); without a number it begins now, with `?after=0` at
the beginning. Data is one line of JSON: `seq`, `area`, `at`, `type`, `version`, `actor`, `cause`, `trace`, `brand`,
`epoch`, and the event itself as `data`. Without news, a line that begins with `:` is sent every
{events.HEARTBEAT_S:.0f} s. A reader that takes longer than {events.SEND_S_MAX:.0f} s for a page is dropped;
{events.STREAMS_MAX} streams may be open.
"""


def render() -> str:
    """The whole reference as Markdown."""
    app = FastAPI(title="Fleet controller")
    add_paths(app)
    paths: Mapping[str, Mapping[str, Any]] = app.openapi()["paths"]
    parts = [_INTRODUCTION, "\n## Paths\n\n| path | what it does |\n| --- | --- |\n"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            parts.append(f"| `{method.upper()} {path}` | {_words(operation)} |\n")
    parts += ["\n## A run\n\n| field | needed | meaning |\n| --- | --- | --- |\n", *_fields()]
    parts += ["\nA CSV has the same names as its header, in any order; every bad cell is told with its line.\n"]
    parts += [_EVENTS, "\n## Errors\n\n", _ERRORS, "| status | code | remedy |\n| --- | --- | --- |\n", *_faults()]
    return "".join(parts)


_ERRORS = """\
Every answer that is no success is `{"error": {"code", "message", "remedy"?, "fields"?}}`; each of `fields` has `field`,
`value`, `message`, `remedy`, and for a CSV its `line`. A 503 comes with `Retry-After`.

"""


def _words(operation: Mapping[str, Any]) -> str:
    text = " ".join(str(operation.get("description", "")).split())
    queries = [f"`{one['name']}`" for one in operation.get("parameters", []) if one["in"] == "query"]
    return text + (f" Query: {', '.join(queries)}." if queries else "")


def _fields() -> Iterator[str]:
    for name, field in RunIn.model_fields.items():
        yield f"| `{name}` | {'yes' if field.is_required() else ''} | {field.description} |\n"


def _faults() -> Iterator[str]:
    yield "| 422 | `invalid` | correct the values listed and send the request again |\n"
    for row in TABLE:
        yield f"| {row.status} | `{row.code}` | {row.remedy} |\n"
    for status, (code, remedy) in sorted(HTTP_CODES.items()):
        yield f"| {status} | `{code}` | {remedy} |\n"


if __name__ == "__main__":
    sys.stdout.write(render())
