"""A site made up on any map: stations and pickup points at seeded places, named after the streets they lie on.

Extracts that were cut down to roads have no post offices and shops to build a site of. Places made here are synthetic,
and say so; what lies around them is the map's own.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from fleet.errors import MapError
from fleet.model.place import Place
from fleet.roads.graph import NO_STOPPING, Bools, RoadGraph
from fleet.roads.permit import RoadProfile
from fleet.roads.route import Router

STATION_CLASSES = frozenset({"secondary", "tertiary"})
POINT_CLASSES = frozenset({"residential", "living_street", "service", "unclassified", "tertiary"})
EDGE_M_MIN = 40.0
DOOR_M = 6.0
POINT_SPACING_M = 250.0
STATION_SPACING_M = 3000.0
TRIES = 20_000
NAMED_PER_PLACE = 20  # where there are as many streets with a name, only those are taken
MAKES = (
    ("Falknis", "FA", "zto_5", "2.1.0"),
    ("Gonzen", "GO", "post_5", "2.0.0"),
    ("Alvier", "AL", "post_8", "3.0.0"),
)
"""Name, letters of its serial numbers, type of vehicle, and the version of VDA 5050 that it speaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How large a site shall be.

    Attributes:
        reach_m: points lie at most this far from their nearest station, as the crow flies.
        traffic: side of the road that is driven on, "right" or "left".
    """

    stations: int = 2
    points: int = 40
    vehicles: int = 12
    reach_m: float = 3500.0
    time_zone: str = "UTC"
    traffic: str = "right"
    seed: int = 1


@dataclass(frozen=True, slots=True)
class _Spot:
    name: str
    x_m: float
    y_m: float
    lat: float
    lon: float


def invent_site(graph: RoadGraph, map_path: Path, profile: RoadProfile, wish: Wish, *, name: str) -> str:
    """The text of a site file for the map.

    Args:
        profile: roads that all places must be reachable by.
        name: of the site; its id is made of it.

    Raises:
        MapError: the map has not enough connected road for so many places.
    """
    rng = random.Random(f"site:{wish.seed}")
    usable = Router(graph, profile).reachable & ~graph.edge_has(NO_STOPPING) & (graph.edge_length_m >= EDGE_M_MIN)
    names: Counter[str] = Counter()
    stations = _spots(graph, usable & graph.edge_class.among(STATION_CLASSES), wish, rng, names, [], wish.stations)
    points = _spots(graph, usable & graph.edge_class.among(POINT_CLASSES), wish, rng, names, stations, wish.points)
    if len(stations) < wish.stations or len(points) < wish.points:
        raise MapError(
            f"{map_path}: found room for {len(stations)} stations and {len(points)} points, "
            f"needs {wish.stations} and {wish.points}; ask for fewer, or take a larger extract"
        )
    return _text(map_path, wish, name, stations, points)


def _spots(
    graph: RoadGraph,
    usable: Bools,
    wish: Wish,
    rng: random.Random,
    names: Counter[str],
    around: Sequence[_Spot],
    count: int,
) -> list[_Spot]:
    """Places on usable edges, apart from one another, and near one of `around` if there are any."""
    named = usable & ~graph.edge_name.among({""})
    edges = np.flatnonzero(named if np.count_nonzero(named) >= NAMED_PER_PLACE * count else usable).tolist()
    spacing_m = POINT_SPACING_M if around else STATION_SPACING_M
    found: list[_Spot] = []
    for tries in range(TRIES):
        if len(found) == count or not edges:
            break
        if tries and tries % 2000 == 0:
            spacing_m /= 2.0
        spot = _spot(graph, rng.choice(edges), wish, rng)
        is_near = not around or min(_away_m(spot, station) for station in around) <= wish.reach_m
        if is_near and all(_away_m(spot, other) >= spacing_m for other in (*found, *around)):
            found.append(_named(spot, names))
    return found


def _spot(graph: RoadGraph, edge: int, wish: Wish, rng: random.Random) -> _Spot:
    """A door beside the edge, on the side where vehicles stop."""
    offset_m = rng.uniform(0.3, 0.7) * float(graph.edge_length_m[edge])
    x_m, y_m, heading_rad = graph.point_at(Place(edge, offset_m))
    side = 1.0 if wish.traffic == "right" else -1.0
    x_m += side * DOOR_M * float(np.sin(heading_rad))
    y_m -= side * DOOR_M * float(np.cos(heading_rad))
    lat, lon = graph.plane.to_latlon(x_m, y_m)
    street = graph.edge_name[edge] or f"way {graph.edge_way[edge]}"
    return _Spot(street, x_m, y_m, float(lat), float(lon))


def _named(spot: _Spot, names: Counter[str]) -> _Spot:
    names[spot.name] += 1
    number = names[spot.name]
    return _Spot(f"{spot.name} {number}", spot.x_m, spot.y_m, spot.lat, spot.lon)


def _away_m(one: _Spot, other: _Spot) -> float:
    return float(np.hypot(one.x_m - other.x_m, one.y_m - other.y_m))


# The file -----------------------------------------------------------------------------------------------------------


def _text(map_path: Path, wish: Wish, name: str, stations: list[_Spot], points: list[_Spot]) -> str:
    lines = [
        "# Made up by the program: places are synthetic, roads and street names are the map's.",
        "# Map data: (c) OpenStreetMap contributors, Open Database License 1.0.",
        "",
        "[site]",
        f"id = {_quoted(name)}",
        f"name = {_quoted(name)}",
        f"time_zone = {_quoted(wish.time_zone)}",
        f"traffic = {_quoted(wish.traffic)}",
        f"map = {_quoted(str(map_path.resolve()))}",
    ]
    for i, spot in enumerate(stations, start=1):
        lines += ["", "[[station]]", *_place(f"station-{i}", spot)]
        lines += ["loading_bays = 3", "chargers = 4", "charger_kw = 20.0"]
    for i, spot in enumerate(points, start=1):
        lines += ["", "[[point]]", *_place(f"point-{i:02d}", spot)]
    for i, (make, letters, type_id, version) in enumerate(islice(cycle(MAKES), wish.vehicles), start=1):
        lines += [
            "",
            "[[vehicle]]",
            f"manufacturer = {_quoted(make)}",
            f"serial_number = {_quoted(f'{letters}-{i:03d}')}",
            f"vda5050_version = {_quoted(version)}",
            f"type = {_quoted(type_id)}",
            f"home_station = {_quoted(f'station-{(i - 1) % wish.stations + 1}')}",
        ]
    return "\n".join(lines) + "\n"


def _place(place_id: str, spot: _Spot) -> list[str]:
    return [
        f"id = {_quoted(place_id)}",
        f"name = {_quoted(spot.name)}",
        f"lat = {spot.lat:.6f}",
        f"lon = {spot.lon:.6f}",
    ]


def _quoted(text: str) -> str:
    """A TOML string; its basic strings are written like those of JSON."""
    return json.dumps(text, ensure_ascii=False)
