"""fleet journal: the history of a fleet checked, exported and replayed, with no daemon needed."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleet.cli.exits import CommandError, ExitCode, say
from fleet.cli.options import TABLE, DataDir, Output, examples
from fleet.cli.output import Json, show_fields

if TYPE_CHECKING:
    from fleet.journal.record import Record
    from fleet.journal.store import SqlStore
    from fleet.state.fleet_state import FleetState

app = typer.Typer(help="The journal: everything that happened, in order.", no_args_is_help=True)
AreaName = Annotated[str | None, typer.Option("--area", help="Area; not needed where the journal has one.")]
FILE_NAME = "fleet.db"


@app.command(
    epilog=examples("fleet journal verify --data fleet-data/liechtenstein", "fleet journal verify --data d -o json")
)
def verify(data: DataDir, area: AreaName = None, output: Output = TABLE) -> None:
    """Check that no event is missing, changed or out of its place; 1 and the first flaw if one is."""
    from fleet.journal.replay import all_records
    from fleet.journal.replay import verify as first_flaw

    with _opened(data, area) as (store, name):
        head = store.head(name)
        flaw = first_flaw(all_records(store, name))
        last = next(iter(store.records(name, head.seq - 1, 1)), None)
    if flaw is None and head.seq and (last is None or last.hash != head.hash):
        raise CommandError(ExitCode.FAILED, f"event {head.seq}: the end of the journal is not where it was")
    whole: Json = {"area": name, "events": head.seq, "head_hash": head.hash, "flaw": None}
    if flaw is not None:
        raise CommandError(ExitCode.FAILED, f"event {flaw.seq}: {flaw.what}", "restore the last backup")
    show_fields(whole.items(), output, whole, name)


@app.command(
    epilog=examples(
        "fleet journal export --data fleet-data/liechtenstein",
        "fleet journal export --data fleet-data/liechtenstein --after 1000 --to events.ndjson",
    )
)
def export(
    data: DataDir,
    area: AreaName = None,
    after: Annotated[int, typer.Option(min=0, help="Only events behind this number.")] = 0,
    to: Annotated[Path | None, typer.Option(help="File to write instead of standard output.")] = None,
) -> None:
    """Write events as JSON, one a line, as the event stream has them."""
    from fleet.api.events import event_json

    with _opened(data, area) as (store, name):
        lines = (event_json(record) for record in _records(store, name, after))
        if to is None:
            for line in lines:
                typer.echo(line)
            return
        count = 0
        with to.open("w", encoding="utf-8") as file:
            for count, line in enumerate(lines, start=1):  # noqa: B007 - the last one is the number of lines
                file.write(f"{line}\n")
    say(f"{count} events written to {to}")


@app.command(
    epilog=examples(
        "fleet journal replay --data fleet-data/liechtenstein",
        "fleet journal replay --data fleet-data/liechtenstein --at 2026-11-23T08:00:00Z -o json",
    )
)
def replay(
    data: DataDir,
    area: AreaName = None,
    seq: Annotated[int | None, typer.Option(min=0, help="The state after this event.")] = None,
    at: Annotated[str | None, typer.Option(help="The state at this instant of trade time, with its zone.")] = None,
    output: Output = TABLE,
) -> None:
    """Show the fleet as it was at a moment past, by default the last."""
    from fleet.journal.replay import fold
    from fleet.state.fleet_state import FleetState

    if seq is not None and at is not None:
        raise typer.BadParameter("give either --seq or --at")
    until_s = None if at is None else _instant_s(at)
    taken = 0

    def until_then() -> Iterator[Record]:
        nonlocal taken
        for record in _records(store, name, 0):
            if (seq is not None and record.seq > seq) or (until_s is not None and record.trade_s > until_s):
                return
            taken = record.seq
            yield record

    with _opened(data, area) as (store, name):
        state = fold(FleetState(), until_then())
    whole = _summary(state, name, taken)
    show_fields(((key, _plain(value)) for key, value in whole.items()), output, whole, name)


def _summary(state: FleetState, area: str, seq: int) -> Json:
    """What there is to say of a state without its site."""
    from fleet.api.figures import on_time_share, parcel_counts
    from fleet.api.vehicle_views import vehicle_phases
    from fleet.clock import utc_text
    from fleet.journal.snapshot import snapshot_text
    from fleet.state.fleet_state import ARCHIVED

    return {
        "area": area,
        "seq": seq,
        "at": utc_text(state.now_s) if seq else None,
        "runs": dict(sorted(Counter(view.phase.value for view in state.runs.values()).items())),
        "archived": state.counters.get(ARCHIVED, 0),
        "parcels": parcel_counts(state.runs.values()).model_dump(),
        "on_time_share": on_time_share(state.runs.values()),
        "vehicles": {phase: count for phase, count in vehicle_phases(state).items() if count},
        "plan_version": state.plan_version,
        "assists": [dataclasses.asdict(state.assists[name]) for name in sorted(state.assists)],
        "state_sha256": hashlib.sha256(snapshot_text(state).encode()).hexdigest(),
    }


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{count} {name}" for name, count in value.items()) or "none"
    if isinstance(value, list):
        return [part["subject"] for part in value]
    return value


def _instant_s(words: str) -> float:
    from datetime import datetime

    try:
        instant = datetime.fromisoformat(words)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise typer.BadParameter(f"{words!r} is no instant with a zone; write it as 2026-11-23T08:00:00Z")
    return instant.timestamp()


def _records(store: SqlStore, area: str, after: int) -> Iterator[Record]:
    from fleet.journal.replay import PAGE

    while page := store.records(area, after, PAGE):
        yield from page
        after = page[-1].seq


@contextmanager
def _opened(data: Path, area: str | None) -> Iterator[tuple[SqlStore, str]]:
    """The store of a data directory and the area that is meant.

    Raises:
        CommandError: there is no journal, no such area, or more than one to choose from.
    """
    from fleet.journal.store import SqlStore, reading_url, sqlite_url

    path = data / FILE_NAME
    if not path.is_file():
        raise CommandError(ExitCode.NO_SUCH_THING, f"{path}: there is no journal", "give the --data of a daemon")
    areas = _areas(path)
    chosen = area if area is not None else (areas[0] if len(areas) == 1 else None)
    if chosen is None or chosen not in areas:
        known = ", ".join(areas) or "none"
        raise CommandError(ExitCode.NO_SUCH_THING, f"{path}: name one area of: {known}", "add --area")
    store = SqlStore(sqlite_url(path) if _can_be_written(path) else reading_url(path))
    try:
        yield store, chosen
    finally:
        store.close()


def _can_be_written(path: Path) -> bool:
    return all(os.access(each, os.W_OK, effective_ids=True) for each in (path, path.parent))


def _areas(path: Path) -> list[str]:
    import sqlite3
    from contextlib import closing

    from fleet.journal.file_format import reading_uri

    try:
        with closing(sqlite3.connect(reading_uri(path), uri=True)) as connection:
            return [row[0] for row in connection.execute("SELECT area FROM area ORDER BY area")]
    except sqlite3.Error as error:
        raise CommandError(
            ExitCode.FAILED, f"{path}: no journal of a fleet ({error})", "restore the last backup"
        ) from None
