"""Every place of both shipped maps where a base may end, against the tags themselves, read once more by other code."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import osmium
import pytest
import shapely

from fleet.maps.osm import import_map
from fleet.model.place import Place
from fleet.roads.graph import RoadGraph
from tests.drawn_map import draw

MAPS = Path(__file__).parents[2] / "configs" / "maps"
BOTH = ["liechtenstein", "helsinki-centre"]
NOBODY_DRIVES = {
    "footway", "path", "cycleway", "steps", "bridleway", "corridor", "proposed", "construction", "platform", "elevator",
    "raceway", "abandoned", "bus_stop", "rest_area", "services", "via_ferrata", "no",
}  # fmt: skip
STOP_M = {"junction": 13.0, "crossing": 13.0, "signal": 13.0, "rail": 13.0, "barrier": 13.0, "bus": 23.0, "bridge": 8.0}
ROUNDING_M = 0.05
pytestmark = pytest.mark.vda5050("13.11")


@dataclass(slots=True)
class Tags:
    """A map as it is tagged: ways that somebody drives on, what stands at nodes, tracks, bus stops."""

    ways: dict[int, tuple[list[int], dict[str, str]]] = field(default_factory=dict)
    where: dict[int, tuple[float, float]] = field(default_factory=dict)
    marks: dict[int, set[str]] = field(default_factory=dict)
    tracks: list[list[int]] = field(default_factory=list)
    halts: list[tuple[float, float]] = field(default_factory=list)


@cache
def imported(name: str) -> RoadGraph:
    return import_map(MAPS / f"{name}.osm.pbf")[0]


@cache
def tagged(name: str) -> Tags:
    """Read with nothing of ours; coordinates in the plane of the imported map."""
    found, arms = Tags(), Counter[int]()
    halts: list[int] = []
    tracks: list[list[int]] = []
    degrees: dict[int, tuple[float, float]] = {}
    for thing in osmium.FileProcessor(str(MAPS / f"{name}.osm.pbf")):
        tags = dict(thing.tags)
        if isinstance(thing, osmium.osm.Node):
            degrees[thing.id] = (thing.lat, thing.lon)
            if marks := set(marks_of(tags)):
                found.marks[thing.id] = marks
            if tags.get("highway") == "bus_stop" or tags.get("railway") == "tram_stop":
                halts.append(thing.id)
        elif isinstance(thing, osmium.osm.Way):
            refs = [node.ref for node in thing.nodes]
            if tags.get("highway", "no") not in NOBODY_DRIVES and tags.get("area") != "yes":
                found.ways[thing.id] = (refs, tags)
                for i, ref in enumerate(refs):
                    arms[ref] += 1 + (0 < i < len(refs) - 1)
            if tags.get("footway") == "crossing":
                for ref in refs:
                    found.marks.setdefault(ref, set()).add("crossing")
            on_ground = "tunnel" not in tags and "bridge" not in tags and not tags.get("layer", "0").startswith("-")
            if tags.get("railway") in {"rail", "tram", "light_rail", "narrow_gauge"} and on_ground:
                tracks.append(refs)
    spots = np.column_stack(imported(name).plane.to_xy(*np.array(list(degrees.values())).T)).tolist()
    found.where = {ref: (x_m, y_m) for ref, (x_m, y_m) in zip(degrees, spots, strict=True)}
    known = ([ref for ref in refs if ref in found.where] for refs in tracks)
    found.tracks = [refs for refs in known if len(refs) > 1]
    found.halts = [found.where[ref] for ref in halts]
    for ref, count in arms.items():
        if count > 2:
            found.marks.setdefault(ref, set()).add("junction")
    for refs, tags in found.ways.values():
        if {"bridge", "tunnel"} & {key for key in tags if tags[key] != "no"} or tags.get("junction") == "roundabout":
            for ref in (refs[0], refs[-1]):
                found.marks.setdefault(ref, set()).add("bridge")
    return found


def marks_of(tags: dict[str, str]) -> list[str]:
    marks = []
    if tags.get("highway") == "crossing" or tags.get("crossing") in {"traffic_signals", "uncontrolled", "zebra"}:
        marks.append("crossing")
    if tags.get("highway") == "traffic_signals":
        marks.append("signal")
    if tags.get("railway") in {"level_crossing", "tram_crossing", "tram_level_crossing"}:
        marks.append("rail")
    if "barrier" in tags:
        marks.append("barrier")
    return marks


@cache
def stops(name: str) -> list[tuple[int, shapely.Point]]:
    """Edges with places where a base may end on them: both ends of each stretch, and every 60 m in between."""
    graph = imported(name)
    places = [
        Place(edge, float(at_m))
        for edge in range(graph.edge_count)
        for from_m, to_m in graph.standing(edge)
        for at_m in {from_m, to_m, *np.arange(from_m, to_m, 60.0).tolist()}
    ]
    return [(place.edge, shapely.Point(graph.point_at(place)[:2])) for place in places]


@pytest.mark.parametrize("name", BOTH)
def test_no_base_ends_on_a_bridge_in_a_tunnel_in_a_roundabout_or_where_a_sign_forbids_it(name: str) -> None:
    graph, found = imported(name), tagged(name)
    for edge, _ in stops(name):
        _, tags = found.ways[int(graph.edge_way[edge])]
        assert tags.get("bridge", "no") == "no"
        assert tags.get("tunnel", "no") == "no"
        assert tags.get("junction") not in {"roundabout", "circular"}
        assert not tags["highway"].startswith(("motorway", "trunk"))
        assert not tags["highway"].endswith("_link")
        assert "embedded_rails" not in tags
        kerbs = [tags.get(f"parking:lane:{side}", "") for side in ("left", "right", "both")]
        kerbs += [tags.get(f"parking:condition:{side}", "") for side in ("left", "right", "both")]
        assert "no_stopping" not in kerbs


@pytest.mark.parametrize("name", BOTH)
def test_every_base_ends_well_before_or_behind_what_stands_on_its_road(name: str) -> None:
    """Measured along the way of the map that the edge is of, and along the next one where that ends sooner."""
    graph, found = imported(name), tagged(name)
    judged = 0
    for edge, spot in stops(name):
        refs = [ref for ref in found.ways[int(graph.edge_way[edge])][0] if ref in found.where]
        line = shapely.LineString([found.where[ref] for ref in refs])
        at_m = float(line.project(spot))
        steps = np.hypot(*np.diff([found.where[ref] for ref in refs], axis=0).T)
        for ref, mark_m in zip(refs, np.concatenate(([0.0], np.cumsum(steps))), strict=True):
            for mark in found.marks.get(ref, ()):
                judged += 1
                away_m = abs(mark_m - at_m)
                assert away_m >= STOP_M[mark] - ROUNDING_M, f"{graph.edge_key(edge)}: {away_m:.1f} m to {mark} n{ref}"
    assert judged > 400


@pytest.mark.parametrize("name", BOTH)
def test_no_base_ends_on_rails_or_close_to_where_they_cross(name: str) -> None:
    _graph, found = imported(name), tagged(name)
    tracks = shapely.MultiLineString([[found.where[ref] for ref in refs] for refs in found.tracks])
    shapely.prepare(tracks)
    away_m = [float(shapely.distance(tracks, spot)) for _, spot in stops(name)]
    assert min(away_m) >= 3.5 - ROUNDING_M
    crossings = [ref for ref, marks in found.marks.items() if "rail" in marks]
    spots = shapely.MultiPoint([found.where[ref] for ref in crossings])
    assert min(float(shapely.distance(spots, spot)) for _, spot in stops(name)) > 5.0


@pytest.mark.parametrize("name", BOTH)
def test_no_base_ends_at_a_bus_stop(name: str) -> None:
    graph, found = imported(name), tagged(name)
    judged = 0
    tree = shapely.STRtree([spot for _, spot in stops(name)])
    for x_m, y_m in found.halts:
        judged += 1
        for index in tree.query(shapely.Point(x_m, y_m), predicate="dwithin", distance=10.0).tolist():
            edge = stops(name)[index][0]
            line = shapely.LineString(graph.polyline(edge))
            assert line.distance(shapely.Point(x_m, y_m)) > 10.0, graph.edge_key(edge)
    assert judged > 50


# What is no tag of the road itself -----------------------------------------------------------------------------------

ROAD = {"a": (0.0, 0.0), "b": (100.0, 0.0), "c": (110.0, 0.0), "p": (100.0, 9.0), "q": (100.0, -9.0)}


def last_stop_m(
    folder: Path, roads: dict[str, dict[str, str]], marks: dict[str, dict[str, str]] | None = None
) -> float:
    """Of the road a-b-c, 110 m long, driven from a to c."""
    plain: dict[str, dict[str, str]] = {"abc": {}}
    drawn = draw(folder, ROAD, plain | roads, marks)
    return round(float(drawn.graph.edge_stop_m[drawn.edge("ac")]), 1)


def test_a_plain_road_may_be_stood_on_at_its_end(tmp_path: Path) -> None:
    assert last_stop_m(tmp_path, {}) == 110.0


@pytest.mark.parametrize(
    "tags",
    [{"highway": "footway", "footway": "crossing"}, {"railway": "tram"}, {"railway": "rail"}, {"highway": "busway"}],
    ids=lambda tags: "-".join(tags.values()),
)
def test_what_crosses_a_road_is_kept_free_although_its_node_has_no_tag(tmp_path: Path, tags: dict[str, str]) -> None:
    drawn = draw(tmp_path, ROAD, {"abc": {}, "pbq": way(tags)})
    assert float(drawn.graph.edge_stop_m[drawn.edge("ac")]) <= 87.0 + ROUNDING_M


def way(tags: dict[str, str]) -> dict[str, str]:
    """The drawing makes a residential street of everything; this is none."""
    return {"highway": "proposed"} | tags


def test_a_tram_on_a_bridge_above_the_road_does_not_matter(tmp_path: Path) -> None:
    assert last_stop_m(tmp_path, {"pq": way({"railway": "tram", "bridge": "yes"})}) == 110.0


def test_a_bus_stop_beside_the_road_is_kept_free(tmp_path: Path) -> None:
    drawn = draw(tmp_path, ROAD, {"abc": {}}, {"p": {"highway": "bus_stop"}})
    assert float(drawn.graph.edge_stop_m[drawn.edge("ac")]) == pytest.approx(77.0, abs=ROUNDING_M)


def test_nobody_stands_with_one_end_on_a_bridge(tmp_path: Path) -> None:
    drawn = draw(tmp_path, ROAD, {"ab": {}, "bc": {"bridge": "yes"}})
    assert float(drawn.graph.edge_stop_m[drawn.edge("ab")]) == pytest.approx(92.0, abs=ROUNDING_M)


@pytest.mark.parametrize("tags", [{"parking:lane:both": "no_stopping"}, {"parking:right:restriction": "no_stopping"}])
def test_a_stopping_ban_is_heeded(tmp_path: Path, tags: dict[str, str]) -> None:
    drawn = draw(tmp_path, ROAD, {"abc": tags})
    assert drawn.graph.stop_place(drawn.edge("ac")) is None
