"""A vehicle finds the roads of an order on its own map, whatever they are called."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from fleet.model.order import PathEdge, PathNode
from fleet.model.place import Place
from fleet.model.profile import Profile
from fleet.orders.course import told_line, trajectory_of
from fleet.orders.way import end_node, way_of
from fleet.roads.graph import RoadGraph
from fleet.roads.route import Route
from fleet.wire.messages import NodePosition, OrderEdge
from tests.drawn_map import DrawnMap, draw
from tests.unit.test_sim_vehicle import EDGES, Yard, an_order, in_yard
from vehicle_sim.finder import Finder, Told, told_of
from vehicle_sim.ground import Ground, RoadPart

CURVES = Profile(version="2.1.0", topic_major=2, takes_trajectories=True)


@pytest.fixture
def town(tmp_path: Path) -> DrawnMap:
    """A street a-b, from b two roads to c, one straight and one bent, a loop at c, and a one-way street back."""
    spots = {"a": (0.0, 0.0), "b": (200.0, 0.0), "c": (400.0, 0.0), "d": (300.0, 40.0), "e": (460.0, 40.0)}
    spots |= {"f": (460.0, -40.0), "g": (100.0, -80.0), "h": (100.0, 0.6)}
    roads = {"ahb": {}, "bc": {}, "bdc": {}, "cefc": {}, "cga": {"oneway": "yes"}}
    return draw(tmp_path, spots, roads)


@pytest.fixture
def finder(town: DrawnMap) -> Finder:
    return Finder(Ground(town.graph))


def edge_of(town: DrawnMap, start: str, end: str, points: int) -> int:
    """The directed edge between two spots that has so many points."""
    graph = town.graph
    return next(
        edge
        for edge in range(graph.edge_count)
        if (graph.node_osm[graph.edge_from[edge]], graph.node_osm[graph.edge_to[edge]]) == (ord(start), ord(end))
        and len(graph.polyline(edge)) == points
    )


def told(graph: RoadGraph, start: PathNode, piece: PathEdge, *, has_curve: bool, has_length: bool = True) -> Told:
    line = told_line(graph, start, piece, CURVES)
    assert line is not None
    edge = OrderEdge(
        edge_id="17",
        sequence_id=1,
        released=True,
        start_node_id="16",
        end_node_id="18",
        length_m=round(piece.length_m, 2) if has_length else None,
        trajectory=trajectory_of(line) if has_curve else None,
    )
    found = told_of(edge, place_of(start), place_of(piece.end))
    assert found is not None
    return found


def place_of(node: PathNode) -> NodePosition:
    return NodePosition(x_m=node.x_m, y_m=node.y_m, map_id="town")


def way(graph: RoadGraph, *edges: int, points_max: int = 0) -> tuple[PathEdge, ...]:
    end_m = float(graph.edge_length_m[edges[-1]])
    route = Route(edges=edges, start_m=0.0, end_m=end_m, length_m=0.0, duration_s=0.0)
    return way_of(graph, route, end_node(graph, edges[-1], end_m), 20.0, points_max)


def start_of(graph: RoadGraph, edge: int) -> PathNode:
    x_m, y_m, _ = graph.point_at(Place(edge, 0.0))
    return PathNode(node_id="s", x_m=round(x_m, 3), y_m=round(y_m, 3))


def between(town: DrawnMap, edge: int, from_m: float, to_m: float) -> Told:
    before, after = (town.graph.point_at(Place(edge, offset_m))[:2] for offset_m in (from_m, to_m))
    return Told(before, after)


def back_along(there: Told) -> Told:
    assert there.before is not None
    return Told(there.after, there.before)


@pytest.mark.parametrize("has_curve", [True, False])
def test_each_piece_of_a_way_is_the_road_it_was_made_of(town: DrawnMap, finder: Finder, has_curve: bool) -> None:
    """Along a bent road, round the loop, back on itself: by curves, or by nodes at the bends."""
    graph = town.graph
    loop = edge_of(town, "c", "c", 4)
    edges = (town.edge("ab"), edge_of(town, "b", "c", 3), loop, edge_of(town, "c", "b", 2), town.edge("ba"))
    pieces = way(graph, *edges, points_max=0 if has_curve else 2)
    here, start = Place(edges[0], 0.0), start_of(graph, edges[0])
    for piece in pieces:
        part = finder.onward(here, told(graph, start, piece, has_curve=has_curve))
        assert part is not None, piece.edge_id
        assert part.edge == piece.edge
        assert (part.from_m, part.to_m) == pytest.approx((piece.from_m, piece.to_m), abs=0.005)
        here, start = part.end, piece.end


@pytest.mark.parametrize("points", [2, 3])
def test_of_two_roads_between_the_same_crossings_the_one_is_taken_that_is_told(
    town: DrawnMap, finder: Finder, points: int
) -> None:
    graph, edge = town.graph, edge_of(town, "b", "c", points)
    piece = whole(graph, edge)
    here = Place(town.edge("ab"), float(graph.edge_length_m[town.edge("ab")]))
    for has_curve, has_length in ((True, True), (True, False), (False, True)):
        part = finder.onward(
            here, told(graph, start_of(graph, edge), piece, has_curve=has_curve, has_length=has_length)
        )
        assert part is not None
        assert part.edge == edge


def whole(graph: RoadGraph, edge: int) -> PathEdge:
    length_m = float(graph.edge_length_m[edge])
    return PathEdge(
        edge=edge, edge_id="x", road_key=graph.edge_key(edge), from_m=0.0, to_m=length_m, speed_mps=10.0,
        end=end_node(graph, edge, length_m), is_safe_end=False,
    )  # fmt: skip


def test_a_street_leads_two_ways_and_the_one_is_taken_that_leads_to_the_node(town: DrawnMap, finder: Finder) -> None:
    there, back = town.edge("ab"), town.edge("ba")
    onward = between(town, there, 50.0, 150.0)
    homeward = back_along(onward)
    assert [part.edge for part in finder.anywhere(onward)] == [there]
    assert [part.edge for part in finder.anywhere(homeward)] == [back]
    assert finder.onward(Place(there, 150.0), homeward) is None, "nobody turns round in the middle of a street"


def test_it_may_stand_a_little_way_into_its_first_piece_already(town: DrawnMap, finder: Finder) -> None:
    street = town.edge("ab")
    first = between(town, street, 10.0, 150.0)
    assert finder.onward(Place(street, 14.0), first) is None
    assert finder.onward(Place(street, 14.0), first, begun_m=5.0) is not None
    assert finder.onward(Place(street, 30.0), first, begun_m=5.0) is None


def test_what_begins_nowhere_begins_where_the_vehicle_is(town: DrawnMap, finder: Finder) -> None:
    street = town.edge("ab")
    part = finder.onward(Place(street, 14.0), Told(None, between(town, street, 0.0, 150.0).after))
    assert part is not None
    assert (part.edge, part.from_m) == (street, 14.0)
    assert part.to_m == pytest.approx(150.0, abs=0.005)


@pytest.mark.parametrize("off_m", [(100.0, 20.0), (-80.0, 0.0), (5_000.0, 5_000.0)])
def test_where_no_road_leads_none_is_found(town: DrawnMap, finder: Finder, off_m: tuple[float, float]) -> None:
    x_m, y_m, _ = town.graph.point_at(Place(town.edge("ab"), 50.0))
    there = Told((x_m, y_m), (x_m + off_m[0], y_m + off_m[1]))
    assert finder.anywhere(there) == ()
    assert finder.onward(Place(town.edge("ab"), 50.0), there) is None


def test_a_one_way_street_is_no_road_against_its_way(town: DrawnMap, finder: Finder) -> None:
    along = between(town, town.edge("cg"), 10.0, 90.0)
    assert [part.edge for part in finder.anywhere(along)] == [town.edge("cg")]
    assert finder.anywhere(back_along(along)) == ()


@pytest.mark.vda5050("4.2", "5.7")
def test_a_vehicle_drives_an_order_of_which_every_name_is_new_to_it() -> None:
    async def story(yard: Yard) -> None:
        order = an_order()
        replace = msgspec.structs.replace
        nodes = [replace(node, node_id=str(700 + i)) for i, node in enumerate(order.nodes)]
        edges = [
            replace(edge, edge_id=str(900 + i), start_node_id=before.node_id, end_node_id=after.node_id)
            for i, (edge, (before, after)) in enumerate(zip(order.edges, pairwise(nodes), strict=True))
        ]
        assert EDGES[0] not in {edge.edge_id for edge in edges}
        await yard.tell(replace(order, nodes=tuple(nodes), edges=tuple(edges)))
        await yard.wait_s(60.0)

    yard = in_yard(story)
    assert (yard.state.last_node_id, yard.state.errors) == ("703", ())
    assert yard.van.driver.odometer_m == pytest.approx(300.0)


def test_a_name_that_a_vehicle_knows_does_not_lead_it_elsewhere_than_it_is_told() -> None:
    """The edge is called as the third block is, and lies in the first."""

    async def story(yard: Yard) -> None:
        order = an_order(last=1, released=1)
        edge = msgspec.structs.replace(order.edges[0], edge_id=EDGES[2])
        await yard.tell(msgspec.structs.replace(order, edges=(edge,)))
        await yard.wait_s(30.0)

    assert in_yard(story).van.driver.here() == RoadPart(0, 0.0, 100.0).end
