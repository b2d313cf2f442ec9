"""Room beside the lane: given where nobody else has road, and then nobody is let in until it is free again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest

from fleet.controller.turn import Due
from fleet.dispatch.decide import decide
from fleet.dispatch.intent import Extend, Reroute
from fleet.dispatch.room import LANE_SIDE_M, Held, free_room, kept_out, wait_for_room
from fleet.model import event as ev
from fleet.model.ids import OrderId, VehicleId
from fleet.model.order import Order, OrderPhase, OrderPurpose, PathEdge
from fleet.model.place import Place
from fleet.model.profile import Habits, Learned
from fleet.model.size import misfits
from fleet.model.twin import Liveness
from fleet.orders.build import order_message
from fleet.orders.carry_out import carry_out
from fleet.orders.way import end_node
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from fleet.wire import messages as wire
from tests.nouns import (
    BLOCK_M,
    DEPOT_NODE,
    NOW_S,
    POINT_2,
    VAN,
    VAN_1,
    VAN_2,
    Office,
    a_run,
    a_site,
    after,
    an_order,
    loaded,
    terms,
)

WIDE = Habits(takes_trajectories=True, corridor_m=2.5)
EAST, WEST = (0, 2, 4), (5, 3, 1)
"""The southern street of the town and the same street the other way."""
FROM_CORNER = 24
"""The street that leaves its eastern end."""
AWAY = Place(16, 0.0)


def enrolled(state: FleetState, vehicle_id: VehicleId, **changes: object) -> ev.Event:
    known = state.twin(vehicle_id).vehicle
    return ev.VehicleEnrolled(vehicle=replace(known, **changes))  # type: ignore[arg-type]  # by field name


def along(roads: SiteRoads, edges: Sequence[int], vehicle_id: VehicleId, released: int, **changes: object) -> Order:
    """An order home along whole blocks, at the end of each of which its vehicle may stand."""
    path = tuple(
        PathEdge(
            edge=edge,
            edge_id=roads.graph.edge_key(edge),
            road_key=roads.graph.edge_key(edge),
            from_m=0.0,
            to_m=BLOCK_M,
            speed_mps=8.5,
            end=end_node(roads.graph, edge, BLOCK_M),
            is_safe_end=True,
        )
        for edge in edges
    )
    path = (*path[:-1], replace(path[-1], end=replace(path[-1].end, node_id=DEPOT_NODE)))
    order = an_order(purpose=OrderPurpose.RETURN, runs=())
    order = replace(order, id=OrderId(f"o-{vehicle_id}"), vehicle_id=vehicle_id, path=path, trip_id=None)
    return replace(order, released=released, announced=released, goal=Place(edges[-1], BLOCK_M), **changes)  # type: ignore[arg-type]


def on_the_way(roads: SiteRoads, *orders: Order) -> FleetState:
    """The vans were somewhere else, and follow these orders."""
    state = loaded(roads, a_run(point=POINT_2))
    events: list[ev.Event] = [enrolled(state, VAN_1, habits=WIDE)]
    events += [ev.VehiclePlaced(vehicle_id=vehicle_id, node_id="n1", place=AWAY) for vehicle_id in (VAN_1, VAN_2)]
    for order in orders:
        events += [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)]
    return after(state, events)


def free(roads: SiteRoads, state: FleetState) -> tuple[int, ...]:
    """Blocks of the street that van 1 could be told with room, eastwards."""
    order = along(roads, EAST, VAN_1, 0)
    return free_room(state, roads, order, 0, len(EAST))


# Told in a base -------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("13.9")
def test_room_beside_the_lane_is_told_where_nobody_else_has_road(roads: SiteRoads) -> None:
    assert free(roads, on_the_way(roads)) == (0, 1, 2)


@pytest.mark.vda5050("13.9")
@pytest.mark.parametrize("way", [WEST, EAST], ids=["the other way", "the same way"])
def test_no_room_is_told_where_another_vehicle_has_road_or_ever_will_on_its_way(
    roads: SiteRoads, way: tuple[int, ...]
) -> None:
    """What is told in a base cannot be taken back, so what is only ahead of the other one counts too."""
    [first, second] = way[:2]
    other = along(roads, (first, second), VAN_2, released=1)
    left = {0, 1, 2} - {edge // 2 for edge in (first, second)}
    assert set(free(roads, on_the_way(roads, other))) <= left


@pytest.mark.vda5050("13.9", "3.3")
@pytest.mark.parametrize("liveness", [Liveness.STALE, Liveness.LOST])
def test_what_was_sent_to_a_vehicle_that_fell_silent_stays_its_own(roads: SiteRoads, liveness: Liveness) -> None:
    state = on_the_way(roads, along(roads, WEST, VAN_2, released=3))
    silent = after(state, [ev.LivenessChanged(vehicle_id=VAN_2, liveness=liveness)])
    assert free(roads, silent) == ()


@pytest.mark.vda5050("13.9", "6.12")
def test_what_a_vehicle_was_sent_and_refused_counts_as_sent(roads: SiteRoads) -> None:
    other = along(roads, (6, *WEST), VAN_2, released=1)
    state = on_the_way(roads, other)
    more = ev.OrderExtended(order_id=other.id, update_id=1, released=4, announced=4)
    refused = ev.UpdateRefused(order_id=other.id, update_id=1, why="not now", counts=1)
    state = after(state, [more, refused])
    assert state.orders[other.id].released == 1
    assert free(roads, state) == ()


@pytest.mark.vda5050("13.9")
@pytest.mark.parametrize(("place", "left"), [(Place(2, 150.0), (0, 2)), (Place(3, 150.0), (0, 2)), (AWAY, (0, 1, 2))])
def test_no_room_is_told_where_a_vehicle_stands(roads: SiteRoads, place: Place, left: tuple[int, ...]) -> None:
    stands = ev.VehiclePlaced(vehicle_id=VAN_2, node_id="n2", place=place)
    assert free(roads, after(on_the_way(roads), [stands])) == left


@pytest.mark.vda5050("13.9", "6.12")
def test_road_that_a_vehicle_has_passed_is_free_again(roads: SiteRoads) -> None:
    other = along(roads, (3, 9), VAN_2, released=2)
    state = on_the_way(roads, other)
    assert free(roads, state) == (0, 2)
    gone = ev.NodePassed(order_id=other.id, passed=2, place=Place(9, BLOCK_M - 50.0), node_id="n5")
    assert free(roads, after(state, [gone])) == (0, 1, 2)


def told(roads: SiteRoads, habits: Habits, version: str = "2.1.0") -> tuple[wire.Order, Order]:
    """The first order of van 1, with van 2 at home, as a message and as it is remembered."""
    state = loaded(roads, a_run(point=POINT_2))
    state = after(state, [enrolled(state, VAN_1, habits=habits, vda5050_version=version)])
    office = Office(roads, state)
    office.turn(due=Due(vehicles=(VAN_1,)))
    [message] = [message for _, message in office.sent if isinstance(message, wire.Order)]
    [order] = office.state.orders.values()
    return message, order


@pytest.mark.vda5050("13.9")
def test_a_vehicle_is_told_its_lane_where_the_room_beside_it_is_not_free_and_everywhere_ahead_of_its_base(
    roads: SiteRoads,
) -> None:
    message, order = told(roads, WIDE)
    wide = {e.sequence_id // 2 for e in message.edges if e.corridor is not None and e.corridor.left_m == 2.5}
    narrow = {e.sequence_id // 2 for e in message.edges if e.corridor is not None and e.corridor.left_m == LANE_SIDE_M}
    assert wide == set(order.wide)
    assert wide
    assert wide | narrow == set(range(order.announced))
    assert 0 in narrow, "van 2 stands there, at home"
    assert narrow >= set(range(order.released, order.announced))


@pytest.mark.vda5050("13.9", "2.2", "6.5")
def test_what_is_said_again_is_the_same_whoever_has_come_meanwhile(roads: SiteRoads) -> None:
    message, order = told(roads, WIDE)
    assert order_message(order, terms(takes_trajectories=True, corridor_m=2.5)) == message


@pytest.mark.vda5050("13.9")
def test_a_vehicle_that_asks_leave_is_told_of_all_the_room_there_is_and_to_go_back_when_it_loses_it(
    roads: SiteRoads,
) -> None:
    message, order = told(roads, WIDE, "3.0.0")
    asks = wire.Corridor(left_m=2.5, right_m=2.5, needs_leave=True, returns_on_loss=True)
    assert {edge.corridor for edge in message.edges} == {asks}
    assert order.wide == ()


@pytest.mark.vda5050("13.9")
def test_a_corridor_that_does_not_hold_the_vehicle_is_not_told_and_people_are(roads: SiteRoads) -> None:
    narrow = replace(WIDE, corridor_m=0.9)
    message, _ = told(roads, narrow)
    assert {edge.corridor for edge in message.edges} == {None}
    assert list(misfits(VAN, narrow, Learned())) == [
        "a corridor of 0.9 m does not hold it, it needs 0.95 m: it is told none"
    ]


@pytest.mark.vda5050("13.9", "4.8")
def test_a_vehicle_that_says_it_is_wider_needs_a_wider_corridor(roads: SiteRoads) -> None:
    state = loaded(roads, a_run(point=POINT_2))
    broad = ev.ProfileLearned(vehicle_id=VAN_1, learned=Learned(has_factsheet=True, width_m=2.3))
    habits = replace(WIDE, corridor_m=1.2)
    state = after(state, [enrolled(state, VAN_1, habits=habits), broad])
    office = Office(roads, state)
    office.turn(due=Due(vehicles=(VAN_1,)))
    [message] = [message for _, message in office.sent if isinstance(message, wire.Order)]
    assert {edge.corridor for edge in message.edges} == {None}


# Kept out -------------------------------------------------------------------------------------------------------------


def met(roads: SiteRoads) -> FleetState:
    """Van 1 has room beside its lane on the middle of the street, and van 2 comes the other way up to there."""
    roomy = along(roads, EAST, VAN_1, released=3, wide=(1,))
    return on_the_way(roads, roomy, along(roads, WEST, VAN_2, released=1))


def next_of(roads: SiteRoads, state: FleetState) -> object:
    return decide(Draft(state, state.now_s + 60.0), roads, VAN_2)


@pytest.mark.vda5050("13.9")
def test_nobody_is_let_into_room_that_another_vehicle_has_until_it_has_passed(roads: SiteRoads) -> None:
    state = met(roads)
    assert next_of(roads, state) is None
    passed = ev.NodePassed(order_id=OrderId(f"o-{VAN_1}"), passed=2, place=Place(2, BLOCK_M), node_id="n3")
    assert isinstance(next_of(roads, after(state, [passed])), Extend)


@pytest.mark.vda5050("13.9")
def test_whoever_waits_for_room_is_looked_at_again_soon(roads: SiteRoads) -> None:
    draft = Draft(met(roads), NOW_S)
    assert decide(draft, roads, VAN_2) is None
    assert draft.wakes[VAN_2] <= NOW_S + 5.0


@pytest.mark.vda5050("13.9")
def test_whoever_was_told_nothing_yet_is_looked_at_again_however_far_the_room_is(roads: SiteRoads) -> None:
    """It stands at home, and nothing else would ever have it looked at."""
    draft, far = Draft(met(roads), NOW_S), Held(11, VAN_1)
    for released in (1, 0):
        order = along(roads, (*WEST, *EAST) * 2, VAN_2, released)
        wait_for_room(draft, roads, order, far)
        assert (VAN_2 in draft.wakes) == (released == 0)


@pytest.mark.vda5050("13.9")
def test_whoever_has_room_itself_drives_on_through_it(roads: SiteRoads) -> None:
    state = met(roads)
    assert kept_out(state, roads.graph, state.orders[OrderId(f"o-{VAN_1}")]) is None


@pytest.mark.vda5050("13.9", "3.3")
def test_room_of_a_vehicle_that_was_lost_stays_its_own_and_others_find_another_way(roads: SiteRoads) -> None:
    state = after(met(roads), [ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.LOST)])
    draft = Draft(state, NOW_S + 60.0)
    intent = decide(draft, roads, VAN_2)
    assert isinstance(intent, Reroute)
    carry_out(draft, roads, VAN_2, intent)
    way = draft.state.orders[OrderId(f"o-{VAN_2}")].path
    assert 3 not in {piece.edge for piece in way}
    assert isinstance(decide(draft, roads, VAN_2), Extend)


@pytest.mark.vda5050("13.9")
def test_room_of_a_vehicle_that_left_the_site_with_its_order_is_driven_round(roads: SiteRoads) -> None:
    left = SiteRoads(a_site(vehicles=(VAN_2,)), roads.graph)
    unheard = ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.UNHEARD)
    assert isinstance(next_of(left, after(met(roads), [unheard])), Reroute)


@pytest.mark.vda5050("13.9")
def test_whoever_finds_room_of_a_lost_vehicle_on_each_of_its_ways_waits_and_is_not_sent_to_and_fro(
    roads: SiteRoads,
) -> None:
    """It was led round each of them over the other, eight times in each turn."""
    from_the_north, on_the_street = 21, 2
    roomy = along(roads, (from_the_north, on_the_street), VAN_1, released=2, wide=(0, 1))
    other = along(roads, (11, 23, 3, 1), VAN_2, released=1)
    lost = ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.LOST)
    assert next_of(roads, after(on_the_way(roads, roomy, other), [lost])) == Extend(other.id, 2), "up to the room"


@pytest.mark.vda5050("13.9", "6.12")
def test_room_told_with_an_update_that_was_refused_may_have_been_taken(roads: SiteRoads) -> None:
    order, other = along(roads, EAST, VAN_1, released=1), along(roads, WEST, VAN_2, released=1)
    more = ev.OrderExtended(order_id=order.id, update_id=1, released=3, announced=3, wide=(1,))
    refused = ev.UpdateRefused(order_id=order.id, update_id=1, why="not now", counts=1)
    state = after(on_the_way(roads, order, other), [more, refused])
    assert kept_out(state, roads.graph, state.orders[other.id]) is not None


@pytest.mark.vda5050("13.9", "6.12")
def test_room_of_a_refused_update_stays_its_own_when_the_road_is_told_again_without_room(roads: SiteRoads) -> None:
    order, other = along(roads, EAST, VAN_1, released=1), along(roads, WEST, VAN_2, released=1)
    more = ev.OrderExtended(order_id=order.id, update_id=1, released=3, announced=3, wide=(1,))
    refused = ev.UpdateRefused(order_id=order.id, update_id=1, why="not now", counts=1)
    again = replace(more, update_id=2, wide=(2,))
    state = after(on_the_way(roads, order, other), [more, refused, again])
    assert kept_out(state, roads.graph, state.orders[other.id]) is not None
    assert state.orders[order.id].wide == (1, 2)


@pytest.mark.vda5050("13.9")
def test_room_goes_with_the_way_that_it_was_told_for(roads: SiteRoads) -> None:
    order = along(roads, EAST, VAN_1, released=1, wide=(0, 1))
    rerouted = ev.OrderRerouted(order_id=order.id, kept=1, path=order.path[1:], why="another way")
    assert after(on_the_way(roads, order), [rerouted]).orders[order.id].wide == (0,)


@pytest.mark.vda5050("13.9")
def test_nobody_turns_round_before_an_open_road_because_another_vehicle_has_the_room_there(roads: SiteRoads) -> None:
    """At the corner of the town there is no way on but one."""
    roomy = along(roads, (FROM_CORNER ^ 1, 5), VAN_1, released=2, wide=(0,))
    state = on_the_way(roads, roomy, along(roads, (4, FROM_CORNER, 32), VAN_2, released=1))
    lost = after(state, [ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.LOST)])
    assert next_of(roads, lost) is None


@pytest.mark.vda5050("13.9")
def test_a_vehicle_that_would_have_to_begin_in_the_room_of_another_one_is_told_to_go_later(roads: SiteRoads) -> None:
    """An order of which nothing is released would be over as soon as it is there, for some vehicles."""
    state = loaded(roads, a_run(point=POINT_2))
    office = Office(roads, state)
    office.turn(due=Due(vehicles=(VAN_1,)))
    [issued] = office.state.orders.values()
    roomy = along(roads, [issued.path[0].edge], VAN_2, released=1, wide=(0,))
    office = Office(roads, after(state, [ev.OrderIssued(order=roomy)]))
    office.turn(due=Due(vehicles=(VAN_1,)))
    assert not office.sent
    over = [ev.OrderEnded(order_id=roomy.id, phase=OrderPhase.GIVEN_UP, why="a person said so")]
    office.state = after(office.state, over)
    office.turn(due=Due(vehicles=(VAN_1,)))
    assert office.sent


def test_a_fleet_without_wide_corridors_asks_nobody(roads: SiteRoads) -> None:
    state = on_the_way(roads, along(roads, EAST, VAN_1, released=3), along(roads, WEST, VAN_2, released=1))
    assert not state.roomy
    assert isinstance(next_of(roads, state), Extend)


def test_the_size_of_a_message_does_not_depend_on_who_is_there() -> None:
    """Messages are cut to length before it is known which room is free."""
    one, other = (msgspec.json.encode(wire.Corridor(left_m=side, right_m=side)) for side in (2.5, LANE_SIDE_M))
    assert len(one) == len(other)
