"""fleet run: ask for runs, look at them, cancel or settle them, ask why, wait for them."""

from __future__ import annotations

import hashlib
import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from fleet.cli.client import FleetClient, daemon, part
from fleet.cli.exits import CommandError, ExitCode, confirm, say
from fleet.cli.options import BY_HAND, TABLE, URL, Output, Url, WhyText, Yes, duration_s, examples
from fleet.cli.output import Column, Json, instant, show_fields, show_rows

app = typer.Typer(help="Runs: lots of parcels from a station to a pickup point.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of the run.")]

FINAL = ("delivered", "returned", "lost", "cancelled")
COLUMNS = (
    Column("NAME", "run_id"),
    Column("PHASE", "phase"),
    Column("FROM", "station_id"),
    Column("TO", "point_id"),
    Column("PARCELS", "parcels"),
    Column("VEHICLE", "vehicle_id"),
    Column("DUE", lambda run: instant(run["due_at"])),
    Column("LATE_S", lambda run: run["late_s"] if run["late_s"] != 0 else "0"),
    Column("READY", lambda run: instant(run["ready_at"]), is_wide=True),
    Column("FORECAST", lambda run: instant(run["forecast_at"]), is_wide=True),
    Column("DELIVERED", lambda run: instant(run["delivered_at"]), is_wide=True),
    Column("TRIP", "trip_id", is_wide=True),
    Column("BRAND", "brand", is_wide=True),
    Column("CAUSE", "cause", is_wide=True),
)


@app.command(
    epilog=examples(
        "fleet run submit runs.csv",
        "fleet run submit --station depot --point north --parcels 40"
        " --ready 2026-11-23T08:00:00Z --due 2026-11-23T10:00:00Z --dry-run",
    )
)
def submit(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="CSV or JSON with runs; - is standard input.")] = None,
    station: Annotated[str | None, typer.Option(help="Station the parcels are at.")] = None,
    point: Annotated[str | None, typer.Option(help="Pickup point they go to.")] = None,
    parcels: Annotated[int | None, typer.Option(help="How many.")] = None,
    parcel: Annotated[list[str] | None, typer.Option(help="Id of a parcel; may be given again.")] = None,
    ready: Annotated[str | None, typer.Option(help="Instant from which they can be loaded, with its zone.")] = None,
    due: Annotated[str | None, typer.Option(help="Instant by which they should be there, with its zone.")] = None,
    name: Annotated[str | None, typer.Option(help="Your own name for the run.")] = None,
    mass_kg: Annotated[float | None, typer.Option(help="Mass of the lot.")] = None,
    volume_m3: Annotated[float | None, typer.Option(help="Volume of the lot.")] = None,
    priority: Annotated[int | None, typer.Option(help="1 is ordinary.")] = None,
    brand: Annotated[str | None, typer.Option(help="The courier firm.")] = None,
    key: Annotated[str | None, typer.Option(help="Idempotency key; by default that of the file's content.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would become of them.")] = False,
    url: Url = URL,
    output: Output = TABLE,
) -> None:
    """Ask for runs, from a file or for one by options.

    The same file twice makes no run twice: its content is the key.
    """
    asked = {
        "station_id": station,
        "point_id": point,
        "parcels": parcels,
        "parcel_ids": parcel or None,
        "ready_at": ready,
        "due_at": due,
        "run_id": name,
        "mass_kg": mass_kg,
        "volume_m3": volume_m3,
        "priority": priority,
        "brand": brand,
    }
    given = {field: value for field, value in asked.items() if value is not None}
    if (file is None) is (not given):
        raise typer.BadParameter("give either a file, or the options of one run")
    if file is None:
        content, kind, made_key = json.dumps(given).encode(), "application/json", secrets.token_hex(16)
    else:
        content, kind = _read(file)
        made_key = hashlib.sha256(content).hexdigest()
    with daemon(ctx, url) as fleet:
        answer = fleet.submit(content, kind, key or made_key, dry_run=dry_run)
    show_rows(answer["runs"], COLUMNS, output, answer)
    if dry_run:
        say(f"nothing was accepted; the plan would cost {answer['cost_then']:.0f} instead of {answer['cost_now']:.0f}")
    elif answer["is_repeat"]:
        say("the same was asked before; nothing changed")


def _read(file: Path) -> tuple[bytes, str]:
    """Content and its type, by the file's name or by how it begins."""
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise CommandError(ExitCode.MISUSED, f"{file}: {error.strerror}", "name a file that can be read") from None
    is_json = file.suffix == ".json" or (file.suffix != ".csv" and content.lstrip()[:1] in (b"{", b"["))
    return content, "application/json" if is_json else "text/csv"


@app.command(
    "list", epilog=examples("fleet run list --phase requested --phase assigned", "fleet run list --point north -o json")
)
def list_runs(
    ctx: typer.Context,
    phase: Annotated[list[str] | None, typer.Option(help="Only of this phase; may be given again.")] = None,
    station: Annotated[str | None, typer.Option(help="Only from this station.")] = None,
    point: Annotated[str | None, typer.Option(help="Only to this pickup point.")] = None,
    brand: Annotated[str | None, typer.Option(help="Only of this courier firm.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many at most; 0 is all.")] = 0,
    url: Url = URL,
    output: Output = TABLE,
) -> None:
    """List runs by name."""
    with daemon(ctx, url) as fleet:
        answer = fleet.all("/runs", "runs", {"phase": phase, "station": station, "point": point, "brand": brand}, limit)
    show_rows(answer["runs"], COLUMNS, output, answer)


@app.command(epilog=examples("fleet run show r1", "fleet run show r1 -o json"))
def show(ctx: typer.Context, name: Name, url: Url = URL, output: Output = TABLE) -> None:
    """Show one run, and who holds its parcels."""
    with daemon(ctx, url) as fleet:
        run = fleet.get(f"/runs/{part(name)}")
    show_fields(_fields(run), output, run, name)


def _fields(run: Json) -> Iterator[tuple[str, object]]:
    for key, value in run.items():
        match key, value:
            case "custody", dict():
                yield "custody", [f"{holder}={count}" for holder, count in value.items()]
            case "unassigned", dict():
                yield "unassigned", f"{value['reason']}: {value['detail']}"
            case _:
                yield key, value


@app.command(epilog=examples("fleet run cancel r1", 'fleet run cancel r1 --why "the shop is closed" --yes'))
def cancel(
    ctx: typer.Context, name: Name, why: WhyText = BY_HAND, yes: Yes = False, url: Url = URL, output: Output = TABLE
) -> None:
    """Cancel a run. What is aboard comes back; what is being handed over can no longer be cancelled."""
    with daemon(ctx, url) as fleet:
        run = fleet.get(f"/runs/{part(name)}")
        confirm(f"{name}, {run['parcels']} parcels to {run['point_id']}, {run['phase']}: is cancelled", yes=yes)
        run = fleet.post(f"/runs/{part(name)}/cancel", {"why": why})
    show_fields(_fields(run), output, run, name)


@app.command(
    epilog=examples(
        'fleet run settle r1 --at point --why "the clerk has them all" --yes',
        'fleet run settle r1 --at station --try-again --why "towed back to the depot" --yes',
        'fleet run settle r1 --at missing --parcel r1.003 --why "not on the van, not at the shop" --yes',
    )
)
def settle(
    ctx: typer.Context,
    name: Name,
    at: Annotated[str, typer.Option(metavar="PLACE", help="point, station, vehicle:NAME or missing.")],
    why: Annotated[str, typer.Option("--why", help="How you know; stands in the journal as the evidence.")],
    parcel: Annotated[list[str] | None, typer.Option(help="Only this parcel; may be given again.")] = None,
    try_again: Annotated[bool, typer.Option("--try-again", help="A whole lot at its station goes out again.")] = False,
    yes: Yes = False,
    url: Url = URL,
    output: Output = TABLE,
) -> None:
    """Tell where parcels are that nobody is sure of: a person has looked.

    At their point they count as delivered; at their station the run is returned, or tried again; aboard a vehicle they
    go on with it; missing ones count as lost for good. By default it is about all that wait for a person.
    """
    asked = {"at": at, "why": why, "parcel_ids": parcel or [], "try_again": try_again}
    with daemon(ctx, url) as fleet:
        run = fleet.get(f"/runs/{part(name)}")
        which = f"{len(parcel)} parcels" if parcel else "every parcel that nobody is sure of"
        confirm(f"{name}, {run['phase']}: {which} counts as at {at} from now on", yes=yes)
        run = fleet.post(f"/runs/{part(name)}/settle", asked)
    show_fields(_fields(run), output, run, name)


@app.command(epilog=examples("fleet run why r1", "fleet run why r1 -o json"))
def why(ctx: typer.Context, name: Name, url: Url = URL, output: Output = TABLE) -> None:
    """Tell why a run is where it is: its trip or the lack of one, its lateness, its history."""
    with daemon(ctx, url) as fleet:
        answer = fleet.get(f"/runs/{part(name)}/why")
    reasons = [(reason["code"], reason["text"]) for reason in answer["reasons"]]
    history = [(instant(e["at"]), f"#{e['seq']} {e['type']} by {e['actor']}") for e in answer["history"]]
    show_fields([*reasons, *history], output, answer, name)


@app.command(epilog=examples("fleet run wait r1", "fleet run wait r1 --for under_way --timeout 10m"))
def wait(
    ctx: typer.Context,
    name: Name,
    until: Annotated[str, typer.Option("--for", help="Phase to wait for.")] = "delivered",
    timeout: Annotated[str, typer.Option(help="How long, as 90s or 30m.")] = "30m",
    url: Url = URL,
    output: Output = TABLE,
) -> None:
    """Wait until a run has reached a phase: 0 when it has, 1 when it never will, 124 when it takes too long."""
    from fleet.clock import SystemClock

    clock = SystemClock.started_now()
    until_s = clock.machine_now_s() + duration_s(timeout)
    with daemon(ctx, url) as fleet:
        run = fleet.get(f"/runs/{part(name)}")
        seq = int(fleet.get("/status")["journal"]["seq"])
        while not _is_reached(run, until):
            left_s = until_s - clock.machine_now_s()
            if left_s <= 0:
                raise CommandError(ExitCode.TIMED_OUT, f"{name} is {run['phase']}, not {until}")
            seq = _next_about(fleet, name, seq, left_s)
            run = fleet.get(f"/runs/{part(name)}")
    show_fields(_fields(run), output, run, name)


def _is_reached(run: Json, until: str) -> bool:
    if run["phase"] == until:
        return True
    if run["phase"] in FINAL:
        raise CommandError(ExitCode.FAILED, f"{run['run_id']} is {run['phase']} and will never be {until}")
    return False


def _next_about(fleet: FleetClient, name: str, seq: int, left_s: float) -> int:
    """The number of the next event that names the run, or of the last before the time or the line ended."""
    needle = json.dumps(name)
    with closing(fleet.events(seq, min(left_s, 20.0))) as events:
        for event in events:
            seq = event.seq
            if event.data is None or needle in event.data:
                break
    return seq
