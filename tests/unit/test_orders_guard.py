"""The last look at an order before it leaves: nothing unsound is sent, whatever decided it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as changed

import msgspec
import numpy as np
import pytest
import shapely
import shapely.ops

from fleet.dispatch.intent import Deliver, Extend
from fleet.model import event as ev
from fleet.model.ids import RunId
from fleet.model.order import Order
from fleet.model.profile import Learned
from fleet.orders.carry_out import carry_out
from fleet.orders.guard import Guard, may_stand
from fleet.orders.take_in import take_state
from fleet.roads.graph import EdgeFlag, NodeFlag
from fleet.roads.site_roads import SiteRoads
from fleet.roads.stops import CLEAR_M
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState, Visit
from fleet.wire import messages as wire
from tests.nouns import (
    BLOCK_M,
    COLUMNS,
    NOW_S,
    POINT_2,
    ROWS,
    VAN_1,
    VAN_2,
    a_run,
    a_site,
    a_state,
    a_trip,
    after,
    an_error,
    loaded,
)
from vehicle_sim.grid import grid_town

replace = msgspec.structs.replace
pytestmark = pytest.mark.vda5050("6.13", "13.11")


def sent(roads: SiteRoads) -> tuple[Draft, Order, wire.Order]:
    """A delivery some blocks away, as it is about to leave."""
    draft = Draft(loaded(roads, a_run(point=POINT_2)), NOW_S)
    carry_out(draft, roads, VAN_1, Deliver(a_trip().id, Visit(POINT_2, (RunId("run-1"),))))
    message = draft.letters[-1].message
    assert isinstance(message, wire.Order)
    [order] = draft.state.orders.values()
    return draft, order, message


def judged(roads: SiteRoads, message: wire.Order, state: FleetState, order: Order) -> list[str]:
    return Guard(roads).faults(VAN_1, order.id, message, state)


def test_what_was_decided_may_leave(roads: SiteRoads) -> None:
    draft, order, message = sent(roads)
    assert judged(roads, message, draft.state, order) == []


def end_of_base(message: wire.Order) -> int:
    return max(i for i, node in enumerate(message.nodes) if node.released)


def released_to(message: wire.Order, last: int) -> wire.Order:
    nodes = tuple(replace(node, released=i <= last) for i, node in enumerate(message.nodes))
    edges = tuple(replace(edge, released=i < last) for i, edge in enumerate(message.edges))
    return replace(message, nodes=nodes, edges=edges)


def at_the_junction(message: wire.Order) -> wire.Order:
    return released_to(message, end_of_base(message) - 1)


def farther_than_decided(message: wire.Order) -> wire.Order:
    return released_to(message, len(message.nodes) - 1)


def with_a_gap(message: wire.Order) -> wire.Order:
    nodes = (*message.nodes[:1], replace(message.nodes[1], released=False), *message.nodes[2:])
    return replace(message, nodes=nodes)


def from_the_middle(message: wire.Order) -> wire.Order:
    return replace(message, nodes=message.nodes[1:], edges=message.edges[1:])


def too_fast(message: wire.Order) -> wire.Order:
    return replace(message, edges=(replace(message.edges[0], speed_mps_max=30.0), *message.edges[1:]))


def on_another_road(message: wire.Order) -> wire.Order:
    return replace(message, edges=(replace(message.edges[0], edge_id="e9-10-1"), *message.edges[1:]))


def on_no_road(message: wire.Order) -> wire.Order:
    return replace(message, edges=(replace(message.edges[0], edge_id="e1-2-1@7-x"), *message.edges[1:]))


def moved_node(message: wire.Order) -> wire.Order:
    node = message.nodes[1]
    assert node.position is not None
    there = replace(node, position=replace(node.position, x_m=node.position.x_m + 1.0))
    return replace(message, nodes=(message.nodes[0], there, *message.nodes[2:]))


def of_another_map(message: wire.Order) -> wire.Order:
    node = message.nodes[0]
    assert node.position is not None
    there = replace(node, position=replace(node.position, map_id="elsewhere"))
    return replace(message, nodes=(there, *message.nodes[1:]))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (at_the_junction, "nobody may stand"),
        (farther_than_decided, "not decided"),
        (with_a_gap, "behind a part that is not"),
        (from_the_middle, "not at the end of the base"),
        (too_fast, "the limit is"),
        (on_another_road, "does not go on"),
        (on_no_road, "no road of this map"),
        (moved_node, "elsewhere"),
        (of_another_map, "no place on map"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_unsound_is_found(roads: SiteRoads, spoil: Callable[[wire.Order], wire.Order], said: str) -> None:
    draft, order, message = sent(roads)
    faults = judged(roads, spoil(message), draft.state, order)
    assert any(said in fault for fault in faults), faults


def test_an_order_goes_to_its_own_vehicle_only(roads: SiteRoads) -> None:
    draft, order, message = sent(roads)
    assert Guard(roads).faults(VAN_2, order.id, message, draft.state) != []


def test_a_road_that_people_closed_since_is_not_sent_to(roads: SiteRoads) -> None:
    draft, order, message = sent(roads)
    far = order.path[end_of_base(message) - 1]
    draft.emit(ev.RoadClosed(road_key=far.road_key, until_s=NOW_S + 600.0, why="works"))
    faults = judged(roads, message, draft.state, order)
    assert (any("closed by people" in fault for fault in faults)) is (far.edge != order.path[0].edge)


def test_an_update_goes_on_where_what_was_sent_before_it_ended(roads: SiteRoads) -> None:
    draft, order, message = sent(roads)
    guard = Guard(roads)
    guard.sent(VAN_1, message)
    draft.emit(ev.OrderSeen(order_id=order.id, update_id=0))
    carry_out(draft, roads, VAN_1, Extend(order.id, len(order.path)))
    update = draft.letters[-1].message
    assert isinstance(update, wire.Order)
    assert guard.faults(VAN_1, order.id, update, draft.state) == []
    renamed = replace(update, nodes=(replace(update.nodes[0], node_id="n99"), *update.nodes[1:]))
    assert guard.faults(VAN_1, order.id, renamed, draft.state) != []


# Places ---------------------------------------------------------------------------------------------------------------


def test_a_vehicle_may_stand_where_the_road_leaves_room_and_nowhere_else(roads: SiteRoads) -> None:
    graph = roads.graph
    edge = graph.edge_by_key("e2-3-1")
    assert edge is not None
    stop_m = float(graph.edge_stop_m[edge])
    assert may_stand(graph, edge, stop_m)
    assert not may_stand(graph, edge, stop_m + 1.0)
    assert not may_stand(graph, edge, float(graph.edge_length_m[edge]))


@pytest.mark.parametrize(
    "flag", [EdgeFlag.BRIDGE, EdgeFlag.TUNNEL, EdgeFlag.ROUNDABOUT, EdgeFlag.BANNED, EdgeFlag.TRACKS]
)
def test_no_vehicle_may_be_left_on_such_a_road_whatever_its_place_was_thought_to_be(
    roads: SiteRoads, flag: EdgeFlag
) -> None:
    graph = roads.graph
    flags = graph.edge_flags.copy()
    flags[0] |= int(flag)
    assert not may_stand(changed(graph, edge_flags=flags), 0, float(graph.edge_stop_m[0]))


def test_a_place_too_close_to_a_crossing_is_none_although_the_map_calls_it_one(roads: SiteRoads) -> None:
    graph = roads.graph
    stops, flags = graph.edge_stop_m.copy(), graph.node_flags.copy()
    stops[0] = float(graph.edge_length_m[0]) - CLEAR_M + 2.0
    flags[graph.edge_to[0]] |= int(NodeFlag.CROSSING)
    assert not may_stand(changed(graph, edge_stop_m=stops, node_flags=flags), 0, float(stops[0]))


# Bends ----------------------------------------------------------------------------------------------------------------

BULGE_M = 25.0
CURVES = ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned(has_factsheet=True, supported=("order.edges.trajectory",)))
NODES_ALONE = ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned(has_factsheet=True))


@pytest.fixture(scope="module")
def bent_roads() -> SiteRoads:
    """The town with a bend in the middle of each street."""
    grid = grid_town(COLUMNS, ROWS, BLOCK_M)
    low, high = np.minimum(grid.edge_from, grid.edge_to), np.maximum(grid.edge_from, grid.edge_to)
    ends = [np.column_stack((grid.node_x_m[node], grid.node_y_m[node])) for node in (low, high)]
    aside = (ends[1] - ends[0])[:, ::-1] * np.array([-1.0, 1.0]) * (BULGE_M / BLOCK_M)
    middle = (ends[0] + ends[1]) / 2.0 + aside
    x_m = np.column_stack((grid.node_x_m[grid.edge_from], middle[:, 0], grid.node_x_m[grid.edge_to])).ravel()
    y_m = np.column_stack((grid.node_y_m[grid.edge_from], middle[:, 1], grid.node_y_m[grid.edge_to])).ravel()
    length_m = 2.0 * np.hypot(BLOCK_M / 2.0, BULGE_M)
    graph = changed(
        grid,
        shape_start=np.arange(0, 3 * grid.edge_count + 1, 3, dtype=np.int64),
        shape_x_m=x_m,
        shape_y_m=y_m,
        edge_length_m=np.full(grid.edge_count, length_m),
        edge_stop_m=np.full(grid.edge_count, length_m - CLEAR_M),
    )
    return SiteRoads(a_site(), graph)


def strays_m(roads: SiteRoads, message: wire.Order, order: Order) -> float:
    """How far what is told of the road is from it, by the nodes and curves of the message."""
    places = [(node.position.x_m, node.position.y_m) for node in message.nodes if node.position is not None]
    worst_m = 0.0
    for edge, before, behind in zip(message.edges, places, places[1:], strict=False):
        told = [(p.x_m, p.y_m) for p in edge.trajectory.points] if edge.trajectory is not None else [before, behind]
        piece = order.path[edge.sequence_id // 2]
        road = shapely.LineString(roads.graph.polyline(piece.edge))
        part = shapely.ops.substring(road, piece.from_m, piece.to_m)
        worst_m = max(worst_m, shapely.hausdorff_distance(part, shapely.LineString(told)))
    return worst_m


def curves_refused(draft: Draft, roads: SiteRoads, order: Order) -> None:
    """The vehicle has taken the order, and refuses the curves of its first update."""
    carry_out(draft, roads, VAN_1, Extend(order.id, order.released + 1))
    base = [(node, number) for node, number in nodes_of(order)[1:]]
    error = an_error("UNSUPPORTED_PARAMETER", orderId=order.id, orderUpdateId="1", text="trajectory")
    take_state(draft, roads, VAN_1, a_state(order=order.id, left=base, errors=[error]))
    assert draft.state.twin(VAN_1).avoids == ("trajectory",)


def nodes_of(order: Order) -> list[tuple[str, int]]:
    ends = [order.start, *(piece.end for piece in order.path[: order.released])]
    return [(node.node_id, 2 * i) for i, node in enumerate(ends)]


def other_factsheet(draft: Draft, roads: SiteRoads, order: Order) -> None:
    draft.emit(NODES_ALONE)


@pytest.mark.vda5050("13.6", "4.4")
@pytest.mark.parametrize("change", [curves_refused, other_factsheet])
def test_who_takes_no_curves_any_more_under_an_order_is_led_along_the_road_all_the_same(
    bent_roads: SiteRoads, change: Callable[[Draft, SiteRoads, Order], None]
) -> None:
    draft = Draft(after(loaded(bent_roads, a_run(point=POINT_2)), [CURVES]), NOW_S)
    carry_out(draft, bent_roads, VAN_1, Deliver(a_trip().id, Visit(POINT_2, (RunId("run-1"),))))
    [order] = draft.state.orders.values()
    draft.emit(ev.OrderSeen(order_id=order.id, update_id=0))
    change(draft, bent_roads, order)
    draft.letters.clear()
    for _ in range(2):  # the way is cut anew, and then released
        [order] = draft.state.orders.values()
        carry_out(draft, bent_roads, VAN_1, Extend(order.id, len(order.path)))
    [letter], [order] = draft.letters, draft.state.orders.values()
    assert isinstance(letter.message, wire.Order)
    assert all(edge.trajectory is None for edge in letter.message.edges)
    assert strays_m(bent_roads, letter.message, order) <= 0.21


def straightened(message: wire.Order) -> wire.Order:
    return replace(message, edges=tuple(replace(edge, trajectory=None) for edge in message.edges))


@pytest.mark.vda5050("13.6")
def test_a_bend_that_is_told_straight_is_not_sent(bent_roads: SiteRoads) -> None:
    draft = Draft(after(loaded(bent_roads, a_run(point=POINT_2)), [CURVES]), NOW_S)
    carry_out(draft, bent_roads, VAN_1, Deliver(a_trip().id, Visit(POINT_2, (RunId("run-1"),))))
    message = draft.letters[-1].message
    assert isinstance(message, wire.Order)
    [order] = draft.state.orders.values()
    assert judged(bent_roads, message, draft.state, order) == []
    faults = judged(bent_roads, straightened(message), draft.state, order)
    assert any("off its road" in fault for fault in faults), faults
