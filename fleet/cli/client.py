"""The running daemon, spoken to over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import typer

from fleet.cli.exits import ApiError, CommandError, ExitCode
from fleet.cli.output import Json

if TYPE_CHECKING:
    import httpx

DEFAULT_URL = "http://127.0.0.1:8700"
TIMEOUT_S = 40.0
"""Longer than the daemon itself waits for its controller."""
PREFIX = "/api/v1"
PAGE = 1000


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a command reaches the world through; given as the context's object where it is not the usual.

    Attributes:
        transport: instead of the network.
        pause: waits so many seconds between two attempts.
    """

    transport: httpx.BaseTransport | None = None
    pause: Callable[[float], None] = field(default=time.sleep)


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the stream; None as data is a beat."""

    seq: int
    data: str | None


class FleetClient:
    """The daemon's API; every answer that is no success is raised."""

    def __init__(self, http: httpx.Client, url: str) -> None:
        self._http = http
        self._url = url

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Json:
        return self._call("GET", path, params=_given(params))

    def post(self, path: str, body: Mapping[str, Any]) -> Json:
        return self._call("POST", path, json=dict(body))

    def submit(self, content: bytes, content_type: str, key: str, *, dry_run: bool) -> Json:
        headers = {"Content-Type": content_type, "Idempotency-Key": key}
        params = {"dry_run": "true"} if dry_run else None
        return self._call("POST", "/runs", content=content, headers=headers, params=params)

    def all(self, path: str, key: str, params: Mapping[str, Any], limit: int) -> Json:
        """All pages as one answer; `limit` 0 means no limit."""
        rows: list[Json] = []
        after: str | None = None
        while True:
            size = min(PAGE, limit - len(rows)) if limit else PAGE
            page = self.get(path, {**params, "limit": size, "after": after})
            rows += page[key]
            after = page["next"]
            if after is None or (limit and len(rows) >= limit):
                return {**page, key: rows}

    def events(self, after: int, read_s: float) -> Generator[Event, None, None]:
        """Events behind a number, as they come; ends when the line does, or when nothing comes for `read_s`."""
        import httpx

        headers = {"Last-Event-ID": str(after)}
        timeout = httpx.Timeout(TIMEOUT_S, read=read_s)
        stream = self._http.stream("GET", f"{PREFIX}/events", headers=headers, timeout=timeout)
        with self._telling(), suppress(httpx.ReadTimeout), stream as answer:
            if not answer.is_success:
                answer.read()
                raise _api_error(answer)
            yield from _events(answer.iter_lines(), after)

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Json | None = None,
        content: bytes | None = None,
    ) -> Json:
        with self._telling():
            answer = self._http.request(
                method, PREFIX + path, params=params, headers=headers, json=json, content=content
            )
        if not answer.is_success:
            raise _api_error(answer)
        found = answer.json()
        assert isinstance(found, dict)
        return found

    @contextmanager
    def _telling(self) -> Iterator[None]:
        import httpx

        try:
            yield
        except httpx.InvalidURL as error:
            raise CommandError(ExitCode.MISUSED, f"{self._url} is no address: {error}", "give --url") from None
        except httpx.HTTPError as error:
            remedy = "start it with fleet serve, or say where it is with --url or FLEET_URL"
            raise CommandError(ExitCode.NOT_REACHABLE, f"no daemon at {self._url}: {error}", remedy) from None


@contextmanager
def daemon(ctx: typer.Context, url: str) -> Iterator[FleetClient]:
    """The daemon at an address; nothing is sent yet."""
    import httpx

    wiring = wiring_of(ctx)
    with httpx.Client(
        base_url=url, transport=wiring.transport, timeout=TIMEOUT_S, trust_env=False, headers={"X-Actor": "cli"}
    ) as http:
        yield FleetClient(http, url)


def wiring_of(ctx: typer.Context) -> Wiring:
    return ctx.obj if isinstance(ctx.obj, Wiring) else Wiring()


def part(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")


def _events(lines: Iterator[str], seq: int) -> Iterator[Event]:
    for line in lines:
        if line.startswith("id: "):
            seq = int(line[4:])
        elif line.startswith("data: "):
            yield Event(seq, line[6:])
        elif line.startswith(":"):
            yield Event(seq, None)


def _given(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (params or {}).items() if value not in (None, [], ())}


def _api_error(answer: httpx.Response) -> ApiError:
    try:
        fault = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        fault = {"message": f"status {answer.status_code}, not in the words of a fleet daemon"}
    return ApiError(answer.status_code, fault)
