"""fleet status, plan, assist, watch: what the whole fleet does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated

import typer

from fleet.cli.client import Event, FleetClient, daemon, part, wiring_of
from fleet.cli.exits import CommandError, ExitCode, say
from fleet.cli.options import BY_HAND, TABLE, URL, Output, Url, WhyText, examples
from fleet.cli.output import Column, Format, Json, instant, show_fields, show_rows

plan_app = typer.Typer(help="The plan: trips that are proposed, and what they cost.", no_args_is_help=True)
assist_app = typer.Typer(help="Assists: what waits for a person.", no_args_is_help=True)

AssistName = Annotated[str, typer.Argument(metavar="ASSIST", help="Name of the assist.")]

BEAT_S_MAX = 45.0
"""Three beats of the stream; without any the line is taken for dead."""
ATTEMPTS_MAX = 20
PAUSE_S_MAX = 10.0

TRIP_COLUMNS = (
    Column("NAME", "trip_id"),
    Column("VEHICLE", "vehicle_id"),
    Column("PHASE", "phase"),
    Column("DEPART", lambda trip: instant(trip["depart_at"])),
    Column("RETURN", lambda trip: instant(trip["return_at"])),
    Column("RUNS", "runs"),
    Column("STOPS", lambda trip: [stop["point_id"] for stop in trip["stops"]]),
    Column("PARCELS", "parcels", is_wide=True),
    Column("LOAD", lambda trip: instant(trip["load_from_at"]), is_wide=True),
)
UNASSIGNED_COLUMNS = (Column("NAME", "run_id"), Column("REASON", "reason"), Column("DETAIL", "detail"))
ASSIST_COLUMNS = (
    Column("NAME", "assist_id"),
    Column("CAUSE", "cause"),
    Column("SUBJECT", "subject"),
    Column("OVERDUE", "is_overdue"),
    Column("AGE_S", lambda assist: f"{assist['age_s']:.0f}"),
    Column("RAISED", lambda assist: instant(assist["raised_at"]), is_wide=True),
    Column("OWNER", "owner", is_wide=True),
    Column("DETAIL", "detail", is_wide=True),
)


def status(ctx: typer.Context, url: Url = URL, output: Output = TABLE) -> None:
    """Show the fleet in figures."""
    with daemon(ctx, url) as fleet:
        answer = fleet.get("/status")
    show_fields(_status_fields(answer), output, answer, answer["area"])


def _status_fields(answer: Json) -> Iterator[tuple[str, object]]:
    runs, parcels, assists, figures = answer["runs"], answer["parcels"], answer["assists"], answer["figures"]
    share = answer["on_time_share"]
    yield "site", f"{answer['site']} ({answer['area']})"
    yield "trade time", answer["trade_at"]
    yield "vehicles", _counts(answer["vehicles"])
    yield "runs", _counts({name: runs[name] for name in ("requested", "open", "open_late", "unassigned", "delivered")})
    yield "parcels", _counts(parcels)
    yield "on time", None if share is None else f"{share * 100:.1f} %"
    yield "trips", _counts(answer["trips"])
    yield "plan", f"version {answer['plan']['version']} by {answer['plan']['made_by'] or 'nobody'}"
    yield "assists", f"{assists['open']} open, {assists['overdue']} overdue"
    yield "roads closed", answer["closures"]
    yield "roads slow", answer["slow_roads"]
    yield "quarantined", answer["quarantined"]
    if answer.get("clocks_off"):
        yield "clocks far off", answer["clocks_off"]
    yield "broker", answer["broker"]["trouble"] or "connected"
    yield "journal", answer["journal"]["trouble"] or f"event {answer['journal']['seq']}"
    yield "orders", f"{figures['orders_sent']} sent, {figures['orders_rejected']} rejected"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "none"


@plan_app.command("show", epilog=examples("fleet plan show", "fleet plan show -o json"))
def show_plan(ctx: typer.Context, url: Url = URL, output: Output = TABLE) -> None:
    """Show the trips of the plan, and the runs it leaves out with the reason."""
    with daemon(ctx, url) as fleet:
        answer = fleet.get("/plan")
    show_rows(answer["trips"], TRIP_COLUMNS, output, answer)
    if output in (Format.TABLE, Format.WIDE):
        if answer["unassigned"]:
            typer.echo()
            show_rows(answer["unassigned"], UNASSIGNED_COLUMNS, output)
        say(f"plan {answer['version']} by {answer['made_by'] or 'nobody'} costs {answer['cost']['total']:.0f}")


@assist_app.command("list", epilog=examples("fleet assist list", "fleet assist list -o ndjson"))
def list_assists(ctx: typer.Context, url: Url = URL, output: Output = TABLE) -> None:
    """List what waits for a person, the oldest first."""
    with daemon(ctx, url) as fleet:
        answer = fleet.get("/assists")
    show_rows(answer["assists"], ASSIST_COLUMNS, output, answer)


@assist_app.command("show", epilog=examples("fleet assist show assist-3f-7", "fleet assist show assist-3f-7 -o json"))
def show_assist(ctx: typer.Context, name: AssistName, url: Url = URL, output: Output = TABLE) -> None:
    """Show what a person is called for, and the commands that end it."""
    with daemon(ctx, url) as fleet:
        assist = fleet.get(f"/assists/{part(name)}")
    show_fields(assist.items(), output, assist, name)


@assist_app.command("resolve", epilog=examples('fleet assist resolve assist-3f-7 --why "the shop has been called"'))
def resolve(
    ctx: typer.Context, name: AssistName, why: WhyText = BY_HAND, url: Url = URL, output: Output = TABLE
) -> None:
    """Close what a person has seen to; refused while it stands and would hide a danger."""
    with daemon(ctx, url) as fleet:
        assist = fleet.post(f"/assists/{part(name)}/resolve", {"why": why})
    show_fields(assist.items(), output, assist, name)


def watch(
    ctx: typer.Context,
    after: Annotated[int | None, typer.Option(min=0, help="Go on behind this event; 0 is the beginning.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--type", help="Only events of this type; may be given again.")
    ] = None,
    about: Annotated[str | None, typer.Option(help="Only events that name this run, vehicle, trip or order.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="End after so many; 0 is never.")] = 0,
    url: Url = URL,
    output: Output = TABLE,
) -> None:
    """Print events as they are committed.

    A line each; when the connection is lost, it goes on where it stood.
    """
    shown = 0
    with daemon(ctx, url) as fleet:
        for event in _followed(ctx, fleet, after):
            if about is not None and json.dumps(about) not in event.data:
                continue
            record: Json = json.loads(event.data)
            if kind and record["type"] not in kind:
                continue
            typer.echo(_line(event.data, record, output))
            shown += 1
            if shown == limit:
                return


class _News(Event):
    data: str


def _followed(ctx: typer.Context, fleet: FleetClient, after: int | None) -> Iterator[_News]:
    """Events without a gap, over lost connections, up to a bound of attempts in a row."""
    seq = int(fleet.get("/status")["journal"]["seq"]) if after is None else after
    failures = 0
    while True:
        try:
            for event in fleet.events(seq, BEAT_S_MAX):
                seq, failures = event.seq, 0
                if event.data is not None:
                    yield _News(event.seq, event.data)
        except CommandError as error:
            if error.code is not ExitCode.NOT_REACHABLE or failures == ATTEMPTS_MAX:
                raise
        failures += 1
        if failures > ATTEMPTS_MAX:
            raise CommandError(ExitCode.NOT_REACHABLE, "the stream of events ends again and again")
        say(f"line lost behind event {seq}; trying again")
        wiring_of(ctx).pause(min(2.0**failures / 4.0, PAUSE_S_MAX))


def _line(data: str, record: Json, output: Format) -> str:
    match output:
        case Format.JSON | Format.NDJSON:
            return data
        case Format.NAME:
            return str(record["seq"])
        case _:
            about = f" {record['trace']}" if record["trace"] else ""
            line = f"{record['at']} #{record['seq']} {record['type']}{about} by {record['actor']}"
            return line if output is Format.TABLE else f"{line} {json.dumps(record['data'], ensure_ascii=False)}"
