"""fleet vehicle: look at vehicles, pause, resume and recall them, end their orders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from fleet.cli.client import daemon, part
from fleet.cli.exits import confirm
from fleet.cli.options import BY_HAND, TABLE, URL, Output, Url, WhyText, Yes, examples
from fleet.cli.output import Column, Json, instant, show_fields, show_rows

app = typer.Typer(help="Vehicles: where they are, what they do.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of the vehicle: its serial number.")]

COLUMNS = (
    Column("NAME", "vehicle_id"),
    Column("PHASE", "phase"),
    Column("SOC_%", lambda v: f"{v['soc_fraction'] * 100:.0f}"),
    Column("TRIP", "trip_id"),
    Column("ABOARD", lambda v: len(v["aboard"])),
    Column("AT", "node_id"),
    Column("HEARD_S", lambda v: v["heard"]["age_s"] if v["heard"] else None),
    Column("HOME", "home_station", is_wide=True),
    Column("TYPE", "type_id", is_wide=True),
    Column("MAKE", "manufacturer", is_wide=True),
    Column("MODE", "mode", is_wide=True),
    Column("ORDER", "order_id", is_wide=True),
    Column("LAT", lambda v: f"{v['position']['lat']:.5f}" if v["position"] else None, is_wide=True),
    Column("LON", lambda v: f"{v['position']['lon']:.5f}" if v["position"] else None, is_wide=True),
    Column("HELD", "held", is_wide=True),
)


@app.command("list", epilog=examples("fleet vehicle list", "fleet vehicle list -o wide"))
def list_vehicles(ctx: typer.Context, url: Url = URL, output: Output = TABLE) -> None:
    """List vehicles by name."""
    with daemon(ctx, url) as fleet:
        answer = fleet.get("/vehicles")
    show_rows(answer["vehicles"], COLUMNS, output, answer)


@app.command(epilog=examples("fleet vehicle show van-3", "fleet vehicle show van-3 -o json"))
def show(ctx: typer.Context, name: Name, url: Url = URL, output: Output = TABLE) -> None:
    """Show one vehicle with its order, its trips and what it needs a person for."""
    with daemon(ctx, url) as fleet:
        vehicle = fleet.get(f"/vehicles/{part(name)}")
    show_fields(_fields(vehicle), output, vehicle, name)


@app.command(epilog=examples("fleet vehicle pause van-3", 'fleet vehicle pause van-3 --why "flat tyre" --yes'))
def pause(
    ctx: typer.Context, name: Name, why: WhyText = BY_HAND, yes: Yes = False, url: Url = URL, output: Output = TABLE
) -> None:
    """Send a vehicle nothing more; it stands at the end of the road that it was let into."""
    _command(ctx, name, "pause", "stops at the end of its released road", why, yes=yes, url=url, output=output)


@app.command(epilog=examples("fleet vehicle resume van-3", 'fleet vehicle resume van-3 --why "tyre changed"'))
def resume(ctx: typer.Context, name: Name, why: WhyText = BY_HAND, url: Url = URL, output: Output = TABLE) -> None:
    """End a pause, or a quarantine."""
    _command(ctx, name, "resume", "", why, yes=True, url=url, output=output)


@app.command(epilog=examples("fleet vehicle recall van-3", 'fleet vehicle recall van-3 --why "storm" --yes'))
def recall(
    ctx: typer.Context, name: Name, why: WhyText = BY_HAND, yes: Yes = False, url: Url = URL, output: Output = TABLE
) -> None:
    """Have a vehicle bring back everything aboard; the present leg is finished first."""
    _command(ctx, name, "recall", "brings everything back undelivered", why, yes=yes, url=url, output=output)


@app.command(
    "end-order",
    epilog=examples(
        "fleet vehicle end-order van-3", 'fleet vehicle end-order van-3 --why "broken down, being towed" --yes'
    ),
)
def end_order(
    ctx: typer.Context, name: Name, why: WhyText = BY_HAND, yes: Yes = False, url: Url = URL, output: Output = TABLE
) -> None:
    """Declare a vehicle's order and trip over: it is broken, towed, replaced, or gone from the site.

    Only while it is paused, silent or no longer in the site. It stays paused; where its parcels are is then to be
    settled run by run.
    """
    effect = "its order and trip are over, and its parcels are to be settled by hand"
    _command(ctx, name, "end-order", effect, why, yes=yes, url=url, output=output)


@app.command(epilog=examples("fleet vehicle hibernate van-3", 'fleet vehicle hibernate van-3 --why "night" --yes'))
def hibernate(
    ctx: typer.Context, name: Name, why: WhyText = BY_HAND, yes: Yes = False, url: Url = URL, output: Output = TABLE
) -> None:
    """Let an idle vehicle sleep, where it can; it is woken for its next trip."""
    _command(ctx, name, "hibernate", "sleeps until it is needed", why, yes=yes, url=url, output=output)


@app.command(epilog=examples("fleet vehicle wake van-3", 'fleet vehicle wake van-3 --why "inspection"'))
def wake(ctx: typer.Context, name: Name, why: WhyText = BY_HAND, url: Url = URL, output: Output = TABLE) -> None:
    """Wake a vehicle from hibernation."""
    _command(ctx, name, "wake", "", why, yes=True, url=url, output=output)


def _command(
    ctx: typer.Context, name: str, verb: str, effect: str, why: str, *, yes: bool, url: str, output: Output
) -> None:
    with daemon(ctx, url) as fleet:
        if effect:
            vehicle = fleet.get(f"/vehicles/{part(name)}")
            confirm(f"{name}, {vehicle['phase']}, {len(vehicle['aboard'])} runs aboard: {effect}", yes=yes)
        vehicle = fleet.post(f"/vehicles/{part(name)}/{verb}", {"why": why})
    show_fields(_fields(vehicle), output, vehicle, name)


def _fields(vehicle: Json) -> Iterator[tuple[str, object]]:
    for key, value in vehicle.items():
        match key, value:
            case "heard", dict():
                yield "heard", f"{value['age_s']} s ago"
            case "position", dict():
                yield "position", f"{value['lat']:.6f}, {value['lon']:.6f} ({value['source']})"
            case "order", dict():
                yield "order", _order(value)
            case "trip", dict():
                yield "trip", _trip(value)
            case "blocked", dict():
                yield "blocked", f"{value['edge_id']} since {instant(value['since_at'])}"
            case "planned_trips", list():
                yield "planned_trips", [_trip(trip) for trip in value]
            case "profile", dict():
                yield "profile", _profile(value)
                yield "contradictions", value["contradictions"]
            case "own_way", dict():
                yield "own_arrival", instant(value["arrival_at"]) if value["arrival_at"] else None
            case "assists", list():
                yield "assists", [f"{assist['cause']}: {assist['detail']}" for assist in value]
            case "way", _:
                continue
            case _:
                yield key, value


def _order(order: Json) -> str:
    way = f"{order['edges_passed']} of {order['edges']} edges"
    return f"{order['purpose']} {order['phase']}, {way}, {order['base_left_m']:.0f} m released"


def _trip(trip: Json) -> str:
    stops = ">".join(stop["point_id"] for stop in trip["stops"])
    return f"{trip['trip_id']} {instant(trip['depart_at'])} {stops}"


def _profile(profile: Json) -> str:
    known = "its factsheet is known" if profile["has_factsheet"] else "no factsheet of it is known"
    unspoken = profile["unspoken_version"]
    words = f"speaks {profile['version']} on topics of v{profile['topic_major']}, {known}"
    return f"{words}; its last message was in {unspoken}, which nobody here speaks" if unspoken else words
