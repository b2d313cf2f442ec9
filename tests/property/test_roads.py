"""Routes, tables and permits against slow answers of another make, on real and on invented streets."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.maps.osm import import_map
from fleet.model.place import Place
from fleet.roads.arcs import ENTRY_S, SIGNAL_S, TURN_ROUND_S
from fleet.roads.graph import EdgeFlag, NodeFlag, RoadGraph
from fleet.roads.permit import RoadProfile, allowed_mask, passable_mask
from fleet.roads.plane import LocalPlane
from fleet.roads.refuse import may_drive, may_follow, may_pass
from fleet.roads.route import Route, Router
from tests.drawn_map import VAN, DrawnMap, draw

MAPS = Path(__file__).parents[2] / "configs" / "maps"
TOWN_CLASSES = frozenset(
    {"primary", "secondary", "tertiary", "residential", "unclassified", "living_street", "service"}
)
TOWN_VAN = RoadProfile(TOWN_CLASSES, 11.0)


@cache
def helsinki() -> RoadGraph:
    return import_map(MAPS / "helsinki-centre.osm.pbf")[0]


@cache
def helsinki_router() -> Router:
    return Router(helsinki(), TOWN_VAN)


@st.composite
def places(draw_: st.DrawFn, graph: RoadGraph, edges: list[int]) -> Place:
    edge = draw_(st.sampled_from(edges))
    return Place(edge, draw_(st.floats(0.0, float(graph.edge_length_m[edge]))))


@st.composite
def towns(draw_: st.DrawFn) -> DrawnMap:
    """A grid of 3 x 3 corners with some streets missing, one-way, private or for destinations, bollards and bans."""
    spots = {"abcdefghi"[3 * row + column]: (100.0 * column, 90.0 * row) for row in range(3) for column in range(3)}
    streets = ["ab", "bc", "de", "ef", "gh", "hi", "ad", "dg", "be", "eh", "cf", "fi"]
    kept = draw_(st.lists(st.sampled_from(streets), min_size=7, max_size=12, unique=True))
    kinds: list[dict[str, str]] = [
        {},
        {},
        {},
        {"oneway": "yes"},
        {"oneway": "-1"},
        {"access": "destination"},
        {"vehicle": "no"},
    ]
    roads = {street: draw_(st.sampled_from(kinds)) for street in kept}
    marks: list[dict[str, str]] = [{"barrier": "bollard"}, {"highway": "traffic_signals"}]
    marked = draw_(st.dictionaries(st.sampled_from("abcdefghi"), st.sampled_from(marks), max_size=2))
    bans = draw_(st.lists(_bans(kept), max_size=5))
    with tempfile.TemporaryDirectory() as folder:
        return draw(Path(folder), spots, roads, marked, bans)


@st.composite
def _bans(draw_: st.DrawFn, streets: list[str]) -> tuple[str, str, str, str]:
    """A restriction along a walk of two to four streets, over the corner or over the streets between."""
    walk = [draw_(st.sampled_from([*streets, *(street[::-1] for street in streets)]))]
    for _ in range(draw_(st.integers(1, 3))):
        onward = [
            s for street in streets for s in (street, street[::-1]) if s[0] == walk[-1][1] and s[1] != walk[-1][0]
        ]
        if onward:
            walk.append(draw_(st.sampled_from(onward)))
    roads = ["".join(sorted(step)) for step in walk]
    via = " ".join(roads[1:-1]) or walk[0][1]
    return roads[0], via, roads[-1], draw_(st.sampled_from(["no_left_turn", "no_left_turn", "only_straight_on"]))


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_table_is_what_the_routes_say_to_the_last_bit(data: st.DataObject) -> None:
    router = helsinki_router()
    allowed = np.flatnonzero(router.allowed).tolist()
    some = data.draw(st.lists(places(router.graph, allowed), min_size=2, max_size=6))
    closed = data.draw(st.frozensets(st.sampled_from(allowed), max_size=8))
    table = router.table(some, closed)
    for i, start in enumerate(some):
        for j, end in enumerate(some):
            answer = router.route(start, end, closed)
            said = (answer.duration_s, answer.length_m) if isinstance(answer, Route) else (np.inf, np.inf)
            assert (table.durations_s[i, j], table.lengths_m[i, j]) == said


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_every_route_is_lawful_from_its_start_to_its_end(data: st.DataObject) -> None:
    router = helsinki_router()
    reachable = np.flatnonzero(router.reachable).tolist()
    start, end = data.draw(places(router.graph, reachable)), data.draw(places(router.graph, reachable))
    closed = data.draw(st.frozensets(st.sampled_from(reachable), max_size=8))
    answer = router.route(start, end, closed)
    if isinstance(answer, Route):
        assert (answer.edges[0], answer.edges[-1]) == (start.edge, end.edge)
        assert may_follow(router.graph, TOWN_VAN, answer.edges, closed) is None
        driven_m = router.graph.edge_length_m[list(answer.edges[:-1])].sum() - start.offset_m + end.offset_m
        assert answer.length_m == pytest.approx(driven_m)
    else:
        assert closed


@settings(deadline=None, max_examples=30)
@given(
    st.sets(st.sampled_from(sorted(TOWN_CLASSES | {"pedestrian"}))), st.frozensets(st.integers(0, 1500), max_size=20)
)
def test_the_mask_and_the_reasons_agree_on_every_road(classes: set[str], closed: frozenset[int]) -> None:
    graph, profile = helsinki(), RoadProfile(frozenset(classes), 5.0)
    mask = allowed_mask(graph, profile, closed)
    assert [bool(allowed) for allowed in mask] == [
        may_drive(graph, profile, edge, closed) is None for edge in range(graph.edge_count)
    ]


def test_the_mask_and_the_reasons_agree_on_every_barrier() -> None:
    graph = helsinki()
    assert passable_mask(graph).tolist() == [may_pass(graph, node) is None for node in range(graph.node_count)]


@settings(deadline=None, max_examples=120)
@given(towns(), st.data())
def test_no_lawful_way_is_quicker_than_the_route(town: DrawnMap, data: st.DataObject) -> None:
    graph, router = town.graph, Router(town.graph, VAN)
    every = list(range(graph.edge_count))
    start, end = data.draw(st.sampled_from(every)), data.draw(st.sampled_from(every))
    closed = data.draw(st.frozensets(st.sampled_from(every), max_size=3))
    answer = router.route(Place(start, 10.0), Place(end, 5.0), closed)
    slow = _slow_search(graph, start, end, closed)
    if isinstance(answer, Route):
        assert may_follow(graph, VAN, answer.edges, closed) is None
        assert slow is not None
        assert _cost_s(graph, answer.edges) == pytest.approx(slow)
    else:
        assert slow is None


@settings(deadline=None, max_examples=60)
@given(towns())
def test_every_two_reachable_places_have_ways_both_ways(town: DrawnMap) -> None:
    router = Router(town.graph, VAN)
    reachable = np.flatnonzero(router.reachable).tolist()
    if len(reachable) > 1:
        table = router.table([Place(edge, 5.0) for edge in reachable])
        assert np.isfinite(table.durations_s).all()


@settings(deadline=None, max_examples=200)
@given(st.floats(-70, 70), st.floats(-179, 179), st.floats(-30_000, 30_000), st.floats(-30_000, 30_000))
def test_a_place_comes_back_from_degrees(lat: float, lon: float, x_m: float, y_m: float) -> None:
    plane = LocalPlane(lat, lon)
    assert np.allclose(plane.to_xy(*plane.to_latlon(x_m, y_m)), (x_m, y_m), rtol=0, atol=1e-4)


def _slow_search(graph: RoadGraph, start: int, end: int, closed: frozenset[int]) -> float | None:
    """Least cost from the end of `start` to the end of `end`, by asking whether each way so far may be followed.

    What was driven counts as far back as the longest forbidden path reaches.
    """
    if may_drive(graph, VAN, start, closed):
        return None
    memory = max([2, *map(len, graph.forbidden_paths)])
    heap: list[tuple[float, tuple[int, ...]]] = [(0.0, (start,))]
    done: set[tuple[int, ...]] = set()
    while heap:
        cost_s, driven = heapq.heappop(heap)
        if driven in done:
            continue
        done.add(driven)
        if driven[-1] == end and len(driven) > 1:
            return cost_s
        for onto in _joined(graph, driven[-1]):
            longer = (*driven, onto)[-memory:]
            if may_follow(graph, VAN, longer, closed) is None:
                heapq.heappush(heap, (cost_s + _cost_s(graph, longer[-2:]), longer))
    return None


def _joined(graph: RoadGraph, edge: int) -> Iterator[int]:
    return (e for e in range(graph.edge_count) if graph.edge_from[e] == graph.edge_to[edge])


def _cost_s(graph: RoadGraph, edges: tuple[int, ...]) -> float:
    """What the search adds up along the edges after the first."""
    total_s = 0.0
    for edge, onto in pairwise(edges):
        total_s += float(graph.edge_length_m[onto]) / min(float(graph.edge_speed_mps[onto]), VAN.speed_mps_max)
        if graph.edge_flags[edge] & EdgeFlag.SIGNAL or graph.node_flags[graph.edge_to[edge]] & NodeFlag.SIGNAL:
            total_s += SIGNAL_S
        if graph.edge_reverse[edge] == onto:
            total_s += TURN_ROUND_S
        if graph.edge_access[onto] == "destination" and graph.edge_access[edge] != "destination":
            total_s += ENTRY_S
    return total_s
