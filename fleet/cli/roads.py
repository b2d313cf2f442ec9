"""fleet roads: maps read and checked, ways found and explained; roads of a running fleet closed, opened and slowed."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from fleet.cli.client import daemon, part
from fleet.cli.exits import CommandError, ExitCode, confirm, say
from fleet.cli.options import BY_HAND, TABLE, URL, Output, SiteFile, Url, WhyText, Yes, duration_s, examples
from fleet.cli.output import Column, Json, instant, show_fields, show_rows

app = typer.Typer(help="Roads: maps, ways, closures, temporary speed limits.", no_args_is_help=True)
TypeName = Annotated[str | None, typer.Option("--type", help="Vehicle type; by default that of the first vehicle.")]
Closed = Annotated[list[str] | None, typer.Option("--closed", help="Edge taken as closed; may be given again.")]
Key = Annotated[str, typer.Argument(help="Name of the directed edge, as e1-2-3.")]
Until = Annotated[str | None, typer.Option(help="Instant of its end, with its zone.")]
Length = Annotated[str | None, typer.Option("--for", help="How long in trade time, as 30m or 2h.")]
BothWays = Annotated[bool, typer.Option("--both-ways", help="The street, not this direction of it alone.")]
Kmh = Annotated[float, typer.Option(help="Speed that may be driven for now, in km/h.", min=1.0, max=200.0)]

FINDING_COLUMNS = (
    Column("NAME", "place"),
    Column("TYPE", "profile"),
    Column("KIND", "kind"),
    Column("SERIOUS", "serious"),
    Column("TEXT", "text"),
)
EDGE_COLUMNS = (
    Column("NAME", "key"),
    Column("LENGTH_M", "length_m"),
    Column("ROAD", "road"),
    Column("CLASS", "class", is_wide=True),
)
CLOSURE_COLUMNS = (Column("NAME", "road_key"), Column("UNTIL", lambda c: instant(c["until_at"])), Column("WHY", "why"))

SLOW_COLUMNS = (
    Column("NAME", "road_key"),
    Column("KMH", "kmh"),
    Column("UNTIL", lambda s: instant(s["until_at"])),
    Column("WHY", "why"),
)


@app.command(
    "import",
    epilog=examples("fleet roads import configs/maps/liechtenstein.osm.pbf", "fleet roads import map.osm.pbf -o json"),
)
def import_(
    file: Annotated[Path, typer.Argument(help="OpenStreetMap extract (.osm.pbf or .osm).")],
    cache: Annotated[Path | None, typer.Option(help="Directory to keep the imported map in.")] = None,
    output: Output = TABLE,
) -> None:
    """Read the roads of a map, and tell what was kept, dropped and read with caution."""
    from fleet.maps.cache import load_or_import
    from fleet.maps.osm import import_map

    summary = (import_map(file) if cache is None else load_or_import(file, cache))[1]
    whole: Json = dataclasses.asdict(summary)
    fields = [(key, value) for key, value in whole.items() if not isinstance(value, dict)]
    notes = [(f"{kind}: {reason}", n) for kind in ("dropped", "cautions") for reason, n in whole[kind].items()]
    show_fields([*fields, *notes], output, whole, whole["map_file"])


@app.command(epilog=examples("fleet roads check configs/liechtenstein.toml", "fleet roads check site.toml -o json"))
def check(file: Annotated[Path, typer.Argument(help="Site file (TOML).")], output: Output = TABLE) -> None:
    """Tell which places of a site cannot be served, or only with difficulty."""
    import os

    from fleet.cli.ground import findings_of, graph_of
    from fleet.config import load

    site = load(file, os.environ)
    findings = findings_of(site, graph_of(site.map_path, site.data_dir))
    show_rows(findings, FINDING_COLUMNS, output)
    if any(finding["serious"] for finding in findings):
        raise CommandError(ExitCode.FAILED, "some places cannot be served", "move them, or widen the road classes")


@app.command(
    epilog=examples(
        "fleet roads route vaduz balzers-roxy --site configs/liechtenstein.toml",
        "fleet roads route vaduz 47.16,9.51 --site configs/liechtenstein.toml -o json",
    )
)
def route(
    start: Annotated[str, typer.Argument(help="Station, point, or latitude,longitude.")],
    end: Annotated[str, typer.Argument(help="Station, point, or latitude,longitude.")],
    site: SiteFile,
    type_name: TypeName = None,
    closed: Closed = None,
    output: Output = TABLE,
) -> None:
    """Find the quickest permitted way between two places."""
    from fleet.cli.ground import Ground
    from fleet.errors import MapError
    from fleet.roads.route import NoRoute

    ground = Ground.of(site, type_name)
    way = ground.router.route(ground.place(start), ground.place(end), ground.closed(closed or []))
    if isinstance(way, NoRoute):
        raise MapError(f"no way from {start} to {end}: {way.reason}")
    graph = ground.graph
    edges = [
        {
            "key": graph.edge_key(edge),
            "length_m": round(float(graph.edge_length_m[edge]), 1),
            "road": graph.edge_name[edge],
            "class": graph.edge_class[edge],
        }
        for edge in way.edges
    ]
    whole = {"length_m": round(way.length_m, 1), "duration_s": round(way.duration_s, 1), "edges": edges}
    show_rows(edges, EDGE_COLUMNS, output, whole)
    say(f"{way.length_m:.0f} m in {way.duration_s:.0f} s")


@app.command(
    epilog=examples(
        "fleet roads table --site configs/liechtenstein.toml -o wide",
        "fleet roads table --site configs/liechtenstein.toml -o json",
    )
)
def table(site: SiteFile, type_name: TypeName = None, closed: Closed = None, output: Output = TABLE) -> None:
    """Print travel times in seconds between all stations and points; row = from. `-o json` has metres, too."""
    from fleet.cli.ground import Ground, places_of

    ground = Ground.of(site, type_name)
    names = [place.name for place in places_of(ground.site)]
    found = ground.router.table([ground.place(name) for name in names], ground.closed(closed or []))
    times = [[_finite(value) for value in row] for row in found.durations_s.tolist()]
    metres = [[_finite(value) for value in row] for row in found.lengths_m.tolist()]
    rows = [{"from": name, **dict(zip(names, row, strict=True))} for name, row in zip(names, times, strict=True)]
    columns = [Column("NAME", "from"), *(Column(name, name) for name in names)]
    show_rows(rows, columns, output, {"places": names, "durations_s": times, "lengths_m": metres})


def _finite(value: float) -> float | None:
    return round(value, 1) if value < float("inf") else None


@app.command(
    epilog=examples(
        "fleet roads why 47.16,9.51 --site configs/liechtenstein.toml",
        "fleet roads why e1-2-3 --site configs/liechtenstein.toml",
    )
)
def why(
    what: Annotated[str, typer.Argument(help="An edge, a station, a point, or latitude,longitude.")],
    site: SiteFile,
    type_name: TypeName = None,
    output: Output = TABLE,
) -> None:
    """Tell whether vehicles may drive on an edge or stop at a place, and if not, why."""
    from fleet.cli.ground import Ground
    from fleet.roads.refuse import may_drive
    from fleet.roads.snap import NotReachable

    ground = Ground.of(site, type_name)
    edge = ground.graph.edge_by_key(what)
    reason = ""
    if edge is None:
        place = ground.snapped(what)
        if isinstance(place, NotReachable):
            reason = place.reason
        else:
            edge = place.edge
    elif (refusal := may_drive(ground.graph, ground.router.profile, edge)) is not None:
        reason = refusal.reason
    elif not ground.router.reachable[edge]:
        reason = "cut off, not in the connected part of the roads"
    whole: Json = {
        "what": what,
        "allowed": not reason,
        "reason": reason or None,
        "edge": None if edge is None else ground.graph.edge_key(edge),
        "road": None if edge is None else ground.graph.describe(edge),
    }
    show_fields(whole.items(), output, whole, what)


# Of a running fleet -----------------------------------------------------------------------------------------------


@app.command("show", epilog=examples("fleet roads show", "fleet roads show -o json"))
def show_closures(ctx: typer.Context, url: Url = URL, output: Output = TABLE) -> None:
    """List the roads that are closed now."""
    with daemon(ctx, url) as fleet:
        answer = fleet.get("/roads/closed")
    show_rows(answer["closures"], CLOSURE_COLUMNS, output, answer)


@app.command(
    epilog=examples(
        "fleet roads close e1-2-3 --both-ways --for 2h --why works",
        "fleet roads close e1-2-3 --until 2026-11-23T12:00:00Z --yes",
    )
)
def close(
    ctx: typer.Context,
    key: Key,
    until: Until = None,
    length: Length = None,
    both_ways: BothWays = False,
    why: WhyText = BY_HAND,
    yes: Yes = False,
    url: Url = URL,
    output: Output = TABLE,
) -> None:
    """Let no vehicle enter this directed edge, or with `--both-ways` its street, for a time."""
    ends = _ends(until, length)
    which = f"{key} is closed in both directions" if both_ways else f"{key} is closed in this direction"
    confirm(f"{which}, vehicles on their way are led round it", yes=yes)
    with daemon(ctx, url) as fleet:
        answer = fleet.post(f"/roads/{part(key)}/close", {"why": why, "both_ways": both_ways, **ends})
    show_rows(answer["closures"], CLOSURE_COLUMNS, output, answer)


@app.command(
    epilog=examples("fleet roads reopen e1-2-3", 'fleet roads reopen e1-2-3 --both-ways --why "works are over"')
)
def reopen(
    ctx: typer.Context,
    key: Key,
    both_ways: BothWays = False,
    why: WhyText = BY_HAND,
    url: Url = URL,
    output: Output = TABLE,
) -> None:
    """End a closure."""
    with daemon(ctx, url) as fleet:
        answer = fleet.post(f"/roads/{part(key)}/reopen", {"why": why, "both_ways": both_ways})
    show_rows(answer["closures"], CLOSURE_COLUMNS, output, answer)


@app.command("slowed", epilog=examples("fleet roads slowed", "fleet roads slowed -o json"))
def show_slow_roads(ctx: typer.Context, url: Url = URL, output: Output = TABLE) -> None:
    """List the roads that have a temporary speed limit now."""
    with daemon(ctx, url) as fleet:
        answer = fleet.get("/roads/slow")
    show_rows(answer["slow_roads"], SLOW_COLUMNS, output, answer)


@app.command(
    epilog=examples(
        "fleet roads slow e1-2-3 --both-ways --kmh 10 --for 2h --why works",
        "fleet roads slow e1-2-3 --kmh 20 --until 2026-11-23T12:00:00Z",
    )
)
def slow(
    ctx: typer.Context,
    key: Key,
    kmh: Kmh,
    until: Until = None,
    length: Length = None,
    both_ways: BothWays = False,
    why: WhyText = BY_HAND,
    url: Url = URL,
    output: Output = TABLE,
) -> None:
    """Let vehicles drive this directed edge, or with `--both-ways` its street, at such a speed only, for a time.

    What is released already is driven as it was told: a vehicle on its way in is not slowed any more. Ways and times
    are planned as before; close the road if nobody shall come.
    """
    ends = _ends(until, length)
    with daemon(ctx, url) as fleet:
        answer = fleet.post(f"/roads/{part(key)}/slow", {"why": why, "kmh": kmh, "both_ways": both_ways, **ends})
    show_rows(answer["slow_roads"], SLOW_COLUMNS, output, answer)


@app.command(
    epilog=examples("fleet roads unslow e1-2-3", 'fleet roads unslow e1-2-3 --both-ways --why "works are over"')
)
def unslow(
    ctx: typer.Context,
    key: Key,
    both_ways: BothWays = False,
    why: WhyText = BY_HAND,
    url: Url = URL,
    output: Output = TABLE,
) -> None:
    """End a temporary speed limit."""
    with daemon(ctx, url) as fleet:
        answer = fleet.post(f"/roads/{part(key)}/unslow", {"why": why, "both_ways": both_ways})
    show_rows(answer["slow_roads"], SLOW_COLUMNS, output, answer)


def _ends(until: str | None, length: str | None) -> Json:
    if (until is None) is (length is None):
        raise typer.BadParameter("give either --until or --for")
    return {"until_at": until} if until is not None else {"for_s": duration_s(length or "")}
