"""The last look at an order before it leaves: nothing unsound is sent, whatever decided it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as changed
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from fleet.dispatch.intent import Deliver, Extend
from fleet.model import event as ev
from fleet.model.ids import RunId
from fleet.model.order import Order
from fleet.model.profile import Learned, WireLimits
from fleet.orders.carry_out import carry_out
from fleet.orders.guard import Guard, may_stand
from fleet.roads.graph import EdgeFlag, NodeFlag, TextColumn
from fleet.roads.site_roads import SiteRoads
from fleet.roads.stops import CLEAR_M
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState, Visit
from fleet.telemetry.names import their_message
from fleet.wire import messages as wire
from tests.nouns import NOW_S, POINT_2, VAN_1, VAN_2, a_run, a_trip, loaded

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


def test_a_road_that_the_vehicle_may_not_drive_is_not_sent_to_whatever_was_decided(roads: SiteRoads) -> None:
    draft, order, message = sent(roads)
    last = order.path[end_of_base(message) - 1].edge
    classes = ["trunk" if edge == last else "residential" for edge in range(roads.graph.edge_count)]
    trunk = changed(roads.graph, edge_class=TextColumn.of(classes))
    faults = Guard(SiteRoads(roads.site, trunk)).faults(VAN_1, order.id, message, draft.state)
    assert any("road class trunk not allowed" in fault for fault in faults)


def test_no_turn_is_sent_that_may_not_be_made(roads: SiteRoads) -> None:
    draft, order, message = sent(roads)
    base = order.path[: end_of_base(message)]
    pairs = {(a.edge, b.edge) for a, b in pairwise(base) if a.edge != b.edge}
    assert pairs
    banned = changed(roads.graph, forbidden_turns=np.array(sorted(pairs), dtype=roads.graph.forbidden_turns.dtype))
    faults = Guard(SiteRoads(roads.site, banned)).faults(VAN_1, order.id, message, draft.state)
    assert any("does not go on where the piece before it ends" in fault for fault in faults)


def test_an_update_that_was_never_decided_is_not_sent(roads: SiteRoads) -> None:
    draft, order, message = sent(roads)
    faults = judged(roads, replace(message, order_update_id=1), draft.state, order)
    assert any("never decided" in fault for fault in faults)


def test_a_released_node_of_another_name_is_not_sent(roads: SiteRoads) -> None:
    draft, order, message = sent(roads)
    nodes = (message.nodes[0], replace(message.nodes[1], node_id="n99"), *message.nodes[2:])
    faults = judged(roads, replace(message, nodes=nodes), draft.state, order)
    assert any("releases n99 for" in fault for fault in faults)


def test_an_update_does_not_lead_from_the_end_of_the_base_into_a_road_that_people_closed_since(
    roads: SiteRoads,
) -> None:
    draft, order, message = sent(roads)
    turn = next(i for i in range(1, len(order.path)) if order.path[i - 1].edge != order.path[i].edge)
    base, here = order.path[:turn], order.path[turn - 1]
    draft.emit(ev.OrderExtended(order_id=order.id, update_id=1, released=turn, announced=turn))
    draft.emit(ev.OrderSeen(order_id=order.id, update_id=1))
    passed = ev.NodePassed(order_id=order.id, passed=len(base), place=here.end_place, node_id=here.end.node_id)
    draft.emit(passed)
    draft.emit(ev.OrderExtended(order_id=order.id, update_id=2, released=len(order.path), announced=len(order.path)))
    whole = replace(released_to(message, end_of_base(message)), order_update_id=2)
    update = replace(whole, nodes=whole.nodes[turn:], edges=whole.edges[turn:])
    assert judged(roads, update, draft.state, order) == []
    draft.emit(ev.RoadClosed(road_key=order.path[turn].road_key, until_s=NOW_S + 600.0, why="works"))
    assert any("closed by people" in fault for fault in judged(roads, update, draft.state, order))


@pytest.mark.vda5050("13.8")
def test_road_that_is_released_under_a_temporary_limit_is_sent_at_that_speed_only(roads: SiteRoads) -> None:
    """Planted: the order was decided as if nobody had slowed the road."""
    draft, order, message = sent(roads)
    slow = ev.RoadSlowed(road_key=order.path[0].road_key, speed_mps=3.0, until_s=NOW_S + 600.0, why="works")
    draft.emit(slow)
    guard = Guard(roads)
    assert any("for now the limit is" in f for f in guard.faults(VAN_1, order.id, message, draft.state, NOW_S + 1.0))
    assert guard.faults(VAN_1, order.id, message, draft.state, NOW_S - 1.0) == []
    edges = tuple(replace(e, speed_mps_max=min(e.speed_mps_max or 0.0, 3.0)) for e in message.edges)
    assert guard.faults(VAN_1, order.id, replace(message, edges=edges), draft.state, NOW_S + 1.0) == []


@pytest.mark.vda5050("13.8")
def test_what_was_decided_under_a_limit_that_was_replaced_since_is_held_against_the_looser_one(
    roads: SiteRoads,
) -> None:
    draft, order, message = sent(roads)
    key, guard = order.path[0].road_key, Guard(roads)
    draft.emit(ev.RoadSlowed(road_key=key, speed_mps=4.0, until_s=NOW_S + 600.0, why="works"))
    draft.now_s = NOW_S + 60.0
    draft.emit(ev.RoadSlowed(road_key=key, speed_mps=2.0, until_s=NOW_S + 600.0, why="works"))
    between_s = NOW_S + 30.0

    def faults(speed_mps: float) -> list[str]:
        edges = tuple(replace(e, speed_mps_max=min(e.speed_mps_max or 0.0, speed_mps)) for e in message.edges)
        return guard.faults(VAN_1, order.id, replace(message, edges=edges), draft.state, between_s)

    assert faults(4.0) == []
    assert faults(5.0) != []


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


@pytest.mark.vda5050("4.2")
@pytest.mark.parametrize(
    "limits",
    [
        WireLimits(id_chars_max=6),
        WireLimits(id_chars_max=9),
        WireLimits(id_chars_max=16),
        WireLimits(id_chars_max=16, ids_are_numbers=True),
    ],
    ids=lambda limits: f"{limits.id_chars_max} {'digits' if limits.ids_are_numbers else 'letters'}",
)
def test_a_vehicle_that_takes_short_ids_only_is_sent_its_order_though_some_of_our_names_fit(
    roads: SiteRoads, limits: WireLimits
) -> None:
    """Where the order's own name was short enough and a road's was not, nothing was ever sent to it."""
    draft = Draft(loaded(roads, a_run(point=POINT_2)), NOW_S)
    draft.emit(ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned(has_factsheet=True, limits=limits)))
    carry_out(draft, roads, VAN_1, Deliver(a_trip().id, Visit(POINT_2, (RunId("run-1"),))))
    [order] = draft.state.orders.values()
    guard = Guard(roads)
    first = their_message(draft.letters[-1].message, limits)
    assert isinstance(first, wire.Order)
    assert guard.faults(VAN_1, order.id, first, draft.state) == []
    guard.sent(VAN_1, first)
    draft.emit(ev.OrderSeen(order_id=order.id, update_id=0))
    carry_out(draft, roads, VAN_1, Extend(order.id, len(order.path)))
    update = their_message(draft.letters[-1].message, limits)
    assert isinstance(update, wire.Order)
    assert guard.faults(VAN_1, order.id, update, draft.state) == []
    renamed = replace(update, nodes=(replace(update.nodes[0], node_id="zother"), *update.nodes[1:]))
    assert any("what was sent has" in fault for fault in guard.faults(VAN_1, order.id, renamed, draft.state))


# Places ---------------------------------------------------------------------------------------------------------------


def test_a_vehicle_may_stand_where_the_road_leaves_room_and_nowhere_else(roads: SiteRoads) -> None:
    graph = roads.graph
    edge = graph.edge_by_key("e2-3-1")
    assert edge is not None
    stop_m = float(graph.edge_stop_m[edge])
    assert may_stand(graph, edge, stop_m)
    assert may_stand(graph, edge, stop_m - 20.0)
    assert not may_stand(graph, edge, CLEAR_M - 1.0)
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
    stops, flags = graph.stand_to_m.copy(), graph.node_flags.copy()
    stops[0] = float(graph.edge_length_m[0]) - CLEAR_M + 2.0
    flags[graph.edge_to[0]] |= int(NodeFlag.CROSSING)
    assert not may_stand(changed(graph, stand_to_m=stops, node_flags=flags), 0, float(stops[0]))
