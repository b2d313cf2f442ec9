"""Curved roads as vehicles are told them: a curve where they take one, nodes at bends where they do not."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
import shapely
from shapely.ops import substring

from fleet.maps.osm import import_map
from fleet.model.order import Order, PathEdge, PathNode
from fleet.model.place import Place
from fleet.model.profile import Profile, WireLimits
from fleet.orders.build import Terms, order_message
from fleet.orders.course import points_max
from fleet.orders.way import BEND_M, cut_again, edge_id, way_of
from fleet.roads.route import Route
from fleet.roads.shape import course
from fleet.wire import messages as wire
from tests.drawn_map import DrawnMap, draw
from tests.nouns import an_order
from vehicle_sim.curve import geometry_fault

PLAIN = Profile(version="2.1.0", topic_major=2)
CURVES = replace(PLAIN, takes_trajectories=True)
ROUNDING_M = 0.002


@pytest.fixture(scope="module")
def hill(tmp_path_factory: pytest.TempPathFactory) -> DrawnMap:
    """A road a..u in half a circle, a bend every 19 m, and a small loop v at its end: u-v-w-u."""
    spots: dict[str, tuple[float, float]] = {}
    for i in range(21):
        angle = math.pi * i / 20
        spots[chr(ord("a") + i)] = (120.0 - 120.0 * math.cos(angle), 120.0 * math.sin(angle))
    spots |= {"v": (280.0, 20.0), "w": (280.0, -20.0)}
    roads = {"".join(chr(ord("a") + i) for i in range(21)): {}, "uvwu": {"oneway": "yes"}}
    return draw(tmp_path_factory.mktemp("hill"), spots, roads)


def along(hill: DrawnMap, profile: Profile) -> Order:
    """An order from one end of the hill to the other, all of it released."""
    edges = sorted(
        (e for e in range(hill.graph.edge_count) if hill.graph.edge_way[e] == 1 and goes_up(hill, e)),
        key=lambda e: hill.graph.node_osm[hill.graph.edge_from[e]],
    )
    end_m = float(hill.graph.edge_length_m[edges[-1]]) - 15.0
    return ordered(hill, Route(tuple(edges), 0.0, 0.0, 3.0, end_m), profile)


def goes_up(hill: DrawnMap, edge: int) -> bool:
    ids = hill.graph.node_osm
    return bool(ids[hill.graph.edge_from[edge]] < ids[hill.graph.edge_to[edge]])


def ordered(hill: DrawnMap, route: Route, profile: Profile) -> Order:
    start, goal = Place(route.edges[0], route.start_m), Place(route.edges[-1], route.end_m)
    begin, end = (node_at(hill, place, name) for place, name in ((start, "station:depot"), (goal, "point:p1")))
    way = way_of(hill.graph, route, end, 10.0, points_max(profile))
    return replace(an_order(), start=begin, goal=goal, path=way, released=len(way), announced=len(way))


def node_at(hill: DrawnMap, place: Place, name: str) -> PathNode:
    x_m, y_m, _ = hill.graph.point_at(place)
    return PathNode(node_id=name, x_m=round(x_m, 3), y_m=round(y_m, 3))


def told(hill: DrawnMap, profile: Profile) -> wire.Order:
    return order_message(along(hill, profile), Terms("hill", hill.graph, profile))


def lines(message: wire.Order) -> list[list[tuple[float, float]]]:
    """What a vehicle takes for the road, edge by edge: its curve, else the straight line between its nodes."""
    nodes = [(n.position.x_m, n.position.y_m) for n in message.nodes if n.position is not None]
    return [
        [(p.x_m, p.y_m) for p in edge.trajectory.points] if edge.trajectory is not None else [before, after]
        for edge, before, after in zip(message.edges, nodes, nodes[1:], strict=False)
    ]


def strays_m(hill: DrawnMap, order: Order, message: wire.Order) -> float:
    """How far the road and what is told of it are apart at most, both ways."""
    worst_m = 0.0
    for piece, line in zip(order.path, lines(message), strict=True):
        road = part(hill, piece)
        worst_m = max(worst_m, shapely.hausdorff_distance(road, shapely.LineString(line), densify=0.01))
    return worst_m


def part(hill: DrawnMap, piece: PathEdge) -> shapely.Geometry:
    whole = shapely.LineString(hill.graph.polyline(piece.edge))
    return substring(whole, piece.from_m, piece.to_m)


@pytest.mark.vda5050("4.2", "13.6", "13.7")
@pytest.mark.parametrize("limits", [WireLimits(), WireLimits(control_points_max=3), WireLimits(knots_max=6)])
def test_a_curve_stays_within_a_hand_of_the_road_and_within_what_the_vehicle_can_take(
    hill: DrawnMap, limits: WireLimits
) -> None:
    profile = replace(CURVES, limits=limits)
    message = told(hill, profile)
    assert strays_m(hill, along(hill, profile), message) <= BEND_M + ROUNDING_M
    for edge in message.edges:
        assert edge.trajectory is not None
        count = len(edge.trajectory.points)
        assert count <= (limits.control_points_max or 1000)
        assert count + 2 <= (limits.knots_max or 1000)
    few = limits != WireLimits()
    assert (len(message.nodes) > len(told(hill, CURVES).nodes)) is few, "edges are split where they are too long"


@pytest.mark.vda5050("13.6")
def test_a_curve_begins_and_ends_at_its_nodes_and_its_knots_rise(hill: DrawnMap) -> None:
    message = told(hill, CURVES)
    ends = [(n.position.x_m, n.position.y_m) for n in message.nodes if n.position is not None]
    for edge, before, after in zip(message.edges, ends, ends[1:], strict=False):
        assert edge.trajectory is not None
        points = [(p.x_m, p.y_m) for p in edge.trajectory.points]
        assert (points[0], points[-1]) == (before, after)
        assert all(one != other for one, other in pairwise(points))
        knots = edge.trajectory.knots
        assert (edge.trajectory.degree, len(knots)) == (1, len(points) + 2)
        assert (knots[:2], knots[-2:]) == ((0.0, 0.0), (1.0, 1.0))
        assert all(one < other for one, other in pairwise(knots[1:-1]))
        steps_m = [math.dist(*pair) for pair in pairwise(points)]
        assert knots[1:-1] == pytest.approx([*np.cumsum([0.0, *steps_m]) / sum(steps_m)], abs=1e-6)


@pytest.mark.vda5050("13.7")
def test_the_length_of_an_edge_is_that_of_its_curve(hill: DrawnMap) -> None:
    message = told(hill, CURVES)
    assert [edge.length_m for edge in message.edges] == pytest.approx(
        [sum(math.dist(*pair) for pair in pairwise(line)) for line in lines(message)], abs=0.006
    )


@pytest.mark.vda5050("13.6")
def test_a_vehicle_that_takes_no_curves_is_led_around_bends_by_nodes(hill: DrawnMap) -> None:
    message = told(hill, PLAIN)
    assert all(edge.trajectory is None and edge.corridor is None for edge in message.edges)
    assert strays_m(hill, along(hill, PLAIN), message) <= BEND_M + ROUNDING_M


@pytest.mark.vda5050("13.6", "13.7")
@pytest.mark.parametrize(
    "spoken",
    [PLAIN, replace(CURVES, limits=WireLimits(control_points_max=3)), CURVES],
    ids=["no curves any more", "shorter curves", "as before"],
)
def test_a_way_that_was_cut_for_curves_is_cut_again_when_its_vehicle_takes_others(
    hill: DrawnMap, spoken: Profile
) -> None:
    before = along(hill, CURVES)
    way = cut_again(hill.graph, before.path, points_max(spoken))
    order = replace(before, path=way, released=len(way), announced=len(way))
    message = order_message(order, Terms("hill", hill.graph, spoken))
    assert strays_m(hill, order, message) <= BEND_M + ROUNDING_M
    assert way[-1].end == before.path[-1].end
    ends = {piece.end.node_id for piece in before.path if piece.is_safe_end}
    assert {piece.end.node_id for piece in way if piece.is_safe_end} == ends
    assert (way == before.path) is (spoken == CURVES)


@pytest.mark.vda5050("5.8")
def test_a_loop_too_small_for_a_place_to_stand_has_a_node_on_its_far_side(tmp_path: Path) -> None:
    spots = {"a": (0.0, 0.0), "b": (7.0, 3.0), "c": (7.0, -3.0), "z": (-100.0, 0.0)}
    green = draw(tmp_path, spots, {"za": {}, "abca": {"oneway": "yes"}})
    loop = green.edge("aa")
    route = Route((loop,), 0.0, 0.0, 0.0, float(green.graph.edge_length_m[loop]))
    message = order_message(ordered(green, route, CURVES), Terms("green", green.graph, CURVES))
    places = [(n.position.x_m, n.position.y_m) for n in message.nodes if n.position is not None]
    assert all(math.dist(*pair) > 0.1 for pair in pairwise(places))


@pytest.mark.vda5050("5.7")
def test_each_piece_of_a_road_has_a_name_of_its_own(hill: DrawnMap) -> None:
    spans = [(from_m, to_m) for from_m in (0.0, 3.0) for to_m in (7.0, 9.0)]
    assert len({edge_id(hill.graph, hill.edge("uu"), from_m, to_m) for from_m, to_m in spans}) == len(spans)


@pytest.mark.vda5050("5.8")
@pytest.mark.parametrize("profile", [PLAIN, CURVES], ids=["nodes", "curves"])
def test_no_two_nodes_in_a_row_stand_on_one_place_even_in_a_loop(hill: DrawnMap, profile: Profile) -> None:
    loop = hill.edge("uu")
    route = Route((loop,), 0.0, 0.0, 0.0, float(hill.graph.edge_length_m[loop]))
    message = order_message(ordered(hill, route, profile), Terms("hill", hill.graph, profile))
    places = [(n.position.x_m, n.position.y_m) for n in message.nodes if n.position is not None]
    assert all(math.dist(*pair) > 0.1 for pair in pairwise(places))
    assert len({node.sequence_id for node in message.nodes}) == len(message.nodes)


@pytest.mark.vda5050("13.4", "13.3")
def test_a_heading_is_asked_for_at_the_door_alone_and_counts_from_east_against_the_clock(hill: DrawnMap) -> None:
    message = told(hill, CURVES)
    *passed, door = [node.position for node in message.nodes]
    assert all(place is not None and place.theta_rad is None for place in passed)
    assert door is not None
    assert door.theta_rad is not None
    assert -math.pi <= door.theta_rad <= math.pi
    line = lines(message)[-1]
    assert door.theta_rad == pytest.approx(math.atan2(line[-1][1] - line[-2][1], line[-1][0] - line[-2][0]), abs=0.01)


@pytest.mark.vda5050("13.10")
def test_a_vehicle_may_be_farther_off_a_node_it_passes_than_one_it_may_stand_at_or_its_door(hill: DrawnMap) -> None:
    order = along(hill, CURVES)
    message = told(hill, CURVES)
    room_m = [node.position.deviation_m for node in message.nodes if node.position is not None]
    assert room_m[-1] == 1.0
    safe = [m for m, piece in zip(room_m[1:-1], order.path, strict=False) if piece.is_safe_end]
    passed = [m for m, piece in zip(room_m[1:-1], order.path, strict=False) if not piece.is_safe_end]
    assert set(safe) == {2.0}
    assert set(passed) == {5.0}


@pytest.mark.vda5050("13.9")
def test_a_corridor_is_told_with_a_curve_only_and_never_of_no_width(hill: DrawnMap) -> None:
    wide = told(hill, replace(CURVES, corridor_m=1.5))
    assert {edge.corridor for edge in wide.edges} == {wire.Corridor(left_m=1.5, right_m=1.5, is_for_contour=True)}
    assert all(edge.corridor is None for edge in told(hill, CURVES).edges)
    assert all(edge.corridor is None for edge in told(hill, replace(PLAIN, corridor_m=1.5)).edges)


@pytest.mark.vda5050("13.8")
def test_an_edge_is_never_told_faster_than_the_road_or_the_vehicle_allow(hill: DrawnMap) -> None:
    order = along(hill, PLAIN)
    for edge, piece in zip(told(hill, PLAIN).edges, order.path, strict=True):
        limit_mps = min(float(hill.graph.edge_speed_mps[piece.edge]), 10.0)
        assert edge.speed_mps_max is not None
        assert limit_mps - 0.01 <= edge.speed_mps_max <= limit_mps


@pytest.mark.vda5050("5.7")
def test_the_same_road_bears_the_same_names_on_every_import_and_on_every_day(hill: DrawnMap) -> None:
    again = import_map(hill.path)[0]
    assert [again.edge_key(e) for e in range(again.edge_count)] == hill.edge_keys()
    first, second = told(hill, CURVES), told(DrawnMap(hill.path, again, hill.summary), CURVES)
    assert [edge.edge_id for edge in first.edges] == [edge.edge_id for edge in second.edges]
    assert [node.node_id for node in first.nodes] == [node.node_id for node in second.nodes]


@pytest.mark.vda5050("13.6")
@pytest.mark.parametrize("spoil", ["end", "knots", "beside", "twice"])
def test_an_exact_vehicle_refuses_a_curve_that_does_not_fit_its_nodes_or_its_road(hill: DrawnMap, spoil: str) -> None:
    message, piece = told(hill, CURVES), along(hill, CURVES).path[0]
    edge, (before, after) = message.edges[0], (node.position for node in message.nodes[:2])
    assert edge.trajectory is not None
    road = [(float(x_m), float(y_m)) for x_m, y_m in course(hill.graph, piece.edge, piece.from_m, piece.to_m)[0]]
    assert geometry_fault(edge, before, after, road) == ""
    points, knots = list(edge.trajectory.points), list(edge.trajectory.knots)
    match spoil:
        case "end":
            points[-1] = wire.ControlPoint(x_m=points[-1].x_m + 1.0, y_m=points[-1].y_m)
        case "knots":
            knots = knots[:-1]
        case "beside":
            points[1] = wire.ControlPoint(x_m=points[1].x_m + 9.0, y_m=points[1].y_m)
        case _:
            points, knots = [points[0], *points], [0.0, 0.0, 0.0, *knots[2:]]
    curve = wire.Trajectory(points=tuple(points), degree=1, knots=tuple(knots))
    assert geometry_fault(msgspec.structs.replace(edge, trajectory=curve), before, after, road) != ""
