"""What a vehicle says becomes events about itself, its order, its parcels and the roads of everybody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleet.dispatch.decide import decide
from fleet.dispatch.intent import Recant
from fleet.dispatch.reserve import charger_of, reserve
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.custody import CustodyKind
from fleet.model.ids import ActionId, OrderId, RunId, StationId
from fleet.model.order import ActionKind, ActionPhase, Order, OrderPurpose
from fleet.model.place import Place
from fleet.model.twin import Liveness
from fleet.orders.blocked import BLOCKED_FOR_S
from fleet.orders.carry_out import carry_out
from fleet.orders.presence import take_connection, take_silence
from fleet.orders.take_in import take_state, unconfirmed
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from fleet.wire.messages import (
    ActionState,
    ActionStatus,
    Connection,
    ConnectionState,
    ErrorLevel,
    InstantActions,
    MapState,
    OperatingMode,
    VehicleState,
)
from tests.nouns import (
    DEPOT_NODE,
    NOW_S,
    POINT_2,
    VAN_1,
    VAN_2,
    a_header,
    a_plan,
    a_run,
    a_state,
    a_trip,
    after,
    an_error,
    an_order,
    driving,
    failed,
    loaded,
    opened,
    parcels_of,
    standing_at,
)

GOAL, STREET = "point:p1", "e2-3-1"
VAN = f"vehicle:{VAN_1}"


def heard(roads: SiteRoads, state: FleetState, *states: VehicleState, now_s: float = NOW_S) -> FleetState:
    draft = Draft(state, now_s)
    for said in states:
        take_state(draft, roads, VAN_1, said)
    return draft.state


def causes(state: FleetState, subject: str = VAN) -> list[AssistCause]:
    return [assist.cause for assist in state.assists.values() if assist.subject == subject]


def blocked(street: str = STREET) -> VehicleState:
    return a_state(errors=[an_error("blocked", edgeId=street)])


# Itself ---------------------------------------------------------------------------------------------------------------


def test_an_idle_vehicle_that_says_the_same_again_writes_nothing(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = Draft(two_vans, NOW_S)
    take_state(draft, roads, VAN_1, a_state())
    assert [entry.event for entry in draft.entries] == []


def test_a_person_is_called_to_a_vehicle_that_leaves_the_automatic_mode(roads: SiteRoads, two_vans: FleetState) -> None:
    state = heard(roads, two_vans, a_state(mode=OperatingMode.MANUAL))
    assert causes(state) == [AssistCause.VEHICLE_NOT_AUTOMATIC]
    assert not state.twin(VAN_1).can_take_orders


def test_nobody_is_called_any_more_when_it_is_automatic_again(roads: SiteRoads, two_vans: FleetState) -> None:
    state = heard(roads, two_vans, a_state(mode=OperatingMode.MANUAL), a_state())
    assert causes(state) == []


def test_a_vehicle_with_a_fatal_error_takes_no_orders_and_calls_a_person(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    state = heard(roads, two_vans, a_state(errors=[an_error("motor", ErrorLevel.FATAL)]))
    assert causes(state) == [AssistCause.VEHICLE_FAULT]
    assert not state.twin(VAN_1).can_take_orders


def test_a_lost_vehicle_calls_a_person_until_it_is_heard(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = Draft(two_vans, NOW_S)
    take_silence(draft, VAN_1, Liveness.LOST)
    assert causes(draft.state) == [AssistCause.VEHICLE_LOST]
    assert causes(heard(roads, draft.state, a_state())) == []


@pytest.mark.vda5050("3.2")
def test_a_connection_says_nothing_about_being_heard(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = Draft(two_vans, NOW_S)
    take_silence(draft, VAN_1, Liveness.LOST)
    take_connection(draft, VAN_1, Connection(header=a_header(), state=ConnectionState.ONLINE))
    assert draft.state.twin(VAN_1).liveness is Liveness.LOST


# Orders of others -----------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("3.9", "10.8")
def test_a_vehicle_that_follows_a_foreign_order_calls_a_person_and_takes_none_of_ours(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    state = heard(roads, two_vans, a_state(order="theirs", left=[("x", 2)]))
    assert causes(state) == [AssistCause.FOREIGN_ORDER]
    assert not state.twin(VAN_1).can_take_orders


def test_what_a_vehicle_makes_up_is_kept_only_as_far_as_people_read_it(roads: SiteRoads, two_vans: FleetState) -> None:
    """A journal keeps for good what a state says of orders and nodes, and a state may have 256 KiB."""
    endless = "x" * 100_000
    said = a_state(order=endless, left=[("x", 2)], at=endless, position=None)
    state = heard(roads, two_vans, said)
    twin, assist = state.twin(VAN_1), state.open_assist(f"vehicle:{VAN_1}", AssistCause.FOREIGN_ORDER)
    assert assist is not None
    assert max(len(twin.foreign_order), len(twin.node_id), len(assist.detail)) < 400
    assert twin.node_id.startswith("xxx")
    assert heard(roads, state, said).twin(VAN_1) == twin


def test_no_error_and_no_map_is_kept_further_than_people_read_it(roads: SiteRoads, two_vans: FleetState) -> None:
    endless = "x" * 100_000
    draft = Draft(two_vans, NOW_S)
    errors = [
        an_error(endless, ErrorLevel.FATAL),
        *(an_error(f"{n}", ErrorLevel.CRITICAL) for n in range(5000)),
        an_error("blocked", edgeId=endless),
        an_error("validationError", orderId=endless),
    ]
    maps = (MapState(map_id=roads.site.map_id, map_version=endless, is_enabled=True),)
    take_state(draft, roads, VAN_1, a_state(errors=errors, maps=maps))
    kinds = {type(entry.event) for entry in draft.entries}
    assert {ev.ConditionChanged, ev.BlockedChanged, ev.ComplaintsChanged, ev.MapChanged} <= kinds
    assert max(len(str(entry.event)) for entry in draft.entries) < 2000


def test_a_foreign_order_that_is_over_is_forgotten(roads: SiteRoads, two_vans: FleetState) -> None:
    state = heard(roads, two_vans, a_state(order="theirs", left=[("x", 2)]), a_state(order="theirs"))
    assert causes(state) == []
    assert state.twin(VAN_1).can_take_orders


def forgotten(roads: SiteRoads, *ends: str) -> tuple[Order, FleetState]:
    """Van 1 forgot its order to the point on the way and said where."""
    order = an_order("n1", *ends, GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    return order, heard(roads, state, a_state(at="n1"))


def test_an_order_that_was_over_and_comes_back_is_cancelled_again(roads: SiteRoads) -> None:
    """A late copy of it reached the vehicle: nobody extends it, so it would wait at the end of its base for ever."""
    order, state = forgotten(roads)
    draft = Draft(state, NOW_S)
    take_state(draft, roads, VAN_1, driving(order, 1))
    assert AssistCause.FOREIGN_ORDER in causes(draft.state)
    intent = decide(draft, roads, VAN_1)
    assert intent == Recant(order.id)
    carry_out(draft, roads, VAN_1, intent)
    [letter] = draft.letters
    assert isinstance(letter.message, InstantActions)
    assert decide(draft, roads, VAN_1) is None
    take_state(draft, roads, VAN_1, a_state(order=order.id, at="n1", actions={letter.ref: ActionStatus.FINISHED}))
    assert AssistCause.FOREIGN_ORDER not in causes(draft.state)
    assert draft.state.twin(VAN_1).can_take_orders


def test_what_hands_did_by_an_order_that_came_back_is_for_a_person_to_find_out(roads: SiteRoads) -> None:
    order, state = forgotten(roads)
    state = heard(roads, state, driving(order, 2, actions={"a-run-1": "delivered=3"}))
    assert {state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.ASSIST}
    assert state.twin(VAN_1).held


def test_a_vehicle_that_loads_by_a_late_copy_has_its_bay_again_until_it_is_done(roads: SiteRoads) -> None:
    """Found by trouble seed 272 of the town of blocks: a second vehicle was sent into the bay it stood in."""
    order = an_order(purpose=OrderPurpose.LOAD)
    started = [
        ev.RunsAccepted(key="", digest="", runs=(a_run(),)),
        ev.PlanAdopted(version=1, why="", plan=a_plan(a_trip())),
        ev.Reserved(resource="bay:depot", vehicle_id=VAN_1),
        ev.TripStarted(trip_id=a_trip().id, vehicle_id=VAN_1),
        ev.OrderIssued(order=order),
    ]
    refused = a_state(errors=[an_error("validationError", orderId=order.id)])
    state = heard(roads, after(opened(roads), started), refused)
    assert not state.holds("bay:depot", VAN_1)
    state = heard(roads, state, a_state(order=order.id, actions={"a-run-1": ActionStatus.WAITING}))
    assert state.holds("bay:depot", VAN_1)
    assert not reserve(Draft(state, NOW_S), roads.site, "bay:depot", VAN_2)
    state = heard(roads, state, a_state(order=order.id, actions={"a-run-1": ActionStatus.FAILED}))
    assert not state.holds("bay:depot", VAN_1)


def test_a_drop_that_had_failed_and_is_done_by_a_late_copy_is_for_a_person_to_find_out(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    state = heard(roads, state, driving(order, 2, actions={"a-run-1": failed("no_staff")}))
    assert state.active_order(VAN_1) is None
    state = heard(roads, state, driving(order, 2, actions={"a-run-1": ActionStatus.RUNNING}))
    assert {state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.ASSIST}
    assert state.twin(VAN_1).held


def test_a_vehicle_that_says_it_is_blocked_while_it_is_unloaded_is_let_alone(roads: SiteRoads) -> None:
    """The clerk stands before its sensor; after two minutes the hand-over was cancelled."""
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    at_work = {"a-run-1": ActionStatus.RUNNING}
    state = heard(roads, state, driving(order, 2, actions=at_work, errors=[an_error("obstacle")]))
    draft = Draft(state, NOW_S + 600.0)
    assert decide(draft, roads, VAN_1) is None
    assert not state.closures


def test_a_vehicle_that_forgets_one_order_after_the_other_is_held_and_a_person_stays_called(roads: SiteRoads) -> None:
    _, state = forgotten(roads)
    assert causes(state) == [AssistCause.ORDER_VANISHED]
    for number in (2, 3):
        assert not state.twin(VAN_1).held
        again = an_order("n1", GOAL, id=OrderId(f"o-{number}"))
        state = after(state, [ev.OrderIssued(order=again), ev.OrderSeen(order_id=again.id, update_id=0)])
        state = heard(roads, state, a_state(at="n1"))
    assert state.twin(VAN_1).held
    assert causes(state) == [AssistCause.ORDER_VANISHED]


@pytest.mark.vda5050("5.5", "8.7")
def test_a_vehicle_that_names_another_node_than_we_believe_is_told_from_where_it_really_stands(
    roads: SiteRoads,
) -> None:
    """Found by trouble seed 73: told from a node ten metres behind it, it refused every order."""
    order = an_order("n1", "n2", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    state = heard(roads, state, driving(order, 1))
    before = state.twin(VAN_1).place
    assert before is not None
    x_m, y_m, _ = roads.graph.point_at(Place(before.edge, before.offset_m + 10.0))
    state = heard(roads, state, a_state(at="n9", position=standing_at(x_m, y_m)))
    place = state.twin(VAN_1).place
    assert place is not None
    assert roads.graph.point_at(place)[:2] == pytest.approx((x_m, y_m), abs=0.1)


@pytest.mark.vda5050("5.5", "8.7")
def test_a_vehicle_that_stopped_just_behind_its_node_is_told_from_where_it_stands(roads: SiteRoads) -> None:
    """Found by trouble seed 2 of the small scenario: told from twelve metres behind it, it refused every order."""
    order = an_order("n1", "n2", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    state = heard(roads, state, driving(order, 1))
    before = state.twin(VAN_1)
    assert before.place is not None
    x_m, y_m, _ = roads.graph.point_at(Place(before.place.edge, before.place.offset_m + 12.0))
    state = heard(roads, state, a_state(at=before.node_id, sequence=2, position=standing_at(x_m, y_m)))
    place = state.twin(VAN_1).place
    assert place is not None
    assert roads.graph.point_at(place)[:2] == pytest.approx((x_m, y_m), abs=0.1)


def test_a_vehicle_that_goes_on_after_it_forgot_an_order_needs_nobody_any_more(roads: SiteRoads) -> None:
    _, state = forgotten(roads)
    again = an_order("n1", "n2", GOAL, id=OrderId("o-2"))
    state = after(state, [ev.OrderIssued(order=again), ev.OrderSeen(order_id=again.id, update_id=0)])
    state = heard(roads, state, driving(again, 1))
    assert causes(state) == []
    assert state.twin(VAN_1).forgotten == 0


def test_a_vehicle_that_refuses_updates_again_and_again_is_held_once_it_stands(roads: SiteRoads) -> None:
    order = an_order("n1", "n2", GOAL, released=1, announced=3)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    for update_id in (1, 2):
        state = after(
            state,
            [
                ev.OrderExtended(order_id=order.id, update_id=update_id, released=2, announced=3),
                ev.UpdateRefused(order_id=order.id, update_id=update_id, why="no"),
            ],
        )
    state = after(state, [ev.OrderCancelling(order_id=order.id, why="2 updates were refused")])
    state = heard(roads, state, driving(order, 1, left=[], edges=[], actions={}))
    assert state.active_order(VAN_1) is None
    assert "refused 2 updates" in state.twin(VAN_1).held


def test_an_instant_action_under_way_does_not_make_an_old_order_foreign(roads: SiteRoads, two_vans: FleetState) -> None:
    state = after(
        two_vans,
        [ev.InstantIssued(vehicle_id=VAN_1, action_id=ActionId("a-1"), kind=ActionKind.STATE_REQUEST, order_id=None)],
    )
    state = heard(roads, state, a_state(order="of-last-week", actions={"a-1": ActionStatus.RUNNING}))
    assert causes(state) == []


# Blocked roads --------------------------------------------------------------------------------------------------------


def test_a_road_that_one_vehicle_cannot_enter_is_closed_for_all(roads: SiteRoads, two_vans: FleetState) -> None:
    state = heard(roads, two_vans, blocked())
    assert state.is_closed(STREET)
    assert causes(state) == [AssistCause.BLOCKED]


def on_its_way(roads: SiteRoads) -> tuple[Order, FleetState]:
    """Van 1 drives to the point, over the street; it has passed its first node."""
    order = over_the_street(an_order("n1", "n2", GOAL))
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    return order, heard(roads, state, driving(order, 1))


def over_the_street(order: Order) -> Order:
    path = (order.path[0], replace(order.path[1], edge_id=STREET, road_key=STREET), *order.path[2:])
    return replace(order, path=path)


@pytest.mark.parametrize("elsewhere", ["e2-1-1", "no road of this map", "e" * 5000])
def test_a_vehicle_that_names_a_road_which_is_not_on_its_way_closes_it_to_nobody_else(
    roads: SiteRoads, elsewhere: str
) -> None:
    order, state = on_its_way(roads)
    state = heard(roads, state, driving(order, 1, errors=[an_error("blocked", edgeId=elsewhere)]))
    assert not state.closures
    assert causes(state) == [AssistCause.BLOCKED]


def test_a_vehicle_without_a_way_closes_no_road_but_those_that_it_could_drive_into(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    """One that stands at home could close the whole town, road by road."""
    state = heard(roads, two_vans, blocked("e4-3-1"))
    assert not state.closures
    assert causes(state) == [AssistCause.BLOCKED]
    nowhere = after(two_vans, [ev.VehiclePlaced(vehicle_id=VAN_1, node_id="", place=None)])
    assert not heard(roads, nowhere, blocked()).closures


def test_a_road_that_is_none_of_the_map_is_not_closed(roads: SiteRoads, two_vans: FleetState) -> None:
    assert not heard(roads, two_vans, blocked("no road of this map")).closures


def test_it_is_open_again_when_the_vehicle_no_longer_says_so(roads: SiteRoads) -> None:
    order, state = on_its_way(roads)
    state = heard(roads, state, driving(order, 1, errors=[an_error("blocked", edgeId=STREET)]), driving(order, 1))
    assert not state.is_closed(STREET)
    assert causes(state) == []


def test_a_vehicle_that_is_told_to_turn_away_leaves_the_road_as_closed_as_before(roads: SiteRoads) -> None:
    """It was opened at the cancel, and the new way led through it again, every two minutes until it was clear."""
    order, state = on_its_way(roads)
    state = heard(roads, state, driving(order, 1, errors=[an_error("blocked", edgeId=STREET)]))
    state = after(state, [ev.OrderCancelling(order_id=order.id, why="another way is open")])
    state = heard(roads, state, driving(order, 1, left=[], edges=[], actions={}))
    assert state.is_closed(STREET)
    assert causes(state) == [AssistCause.BLOCKED]
    again = an_order("n9", GOAL, id=OrderId("o-2"))
    state = after(state, [ev.OrderIssued(order=again), ev.OrderSeen(order_id=again.id, update_id=0)])
    state = heard(roads, state, driving(again, 1))
    assert state.is_closed(STREET)
    assert causes(state) == []


def test_it_is_open_again_after_a_time_even_if_nobody_says_so(roads: SiteRoads, two_vans: FleetState) -> None:
    state = heard(roads, two_vans, blocked())
    assert not after(state, [ev.VehicleHeld(vehicle_id=VAN_2, why="")], NOW_S + BLOCKED_FOR_S).is_closed(STREET)


def test_a_piece_of_a_road_closes_the_whole_road(roads: SiteRoads, two_vans: FleetState) -> None:
    assert heard(roads, two_vans, blocked(f"{STREET}@0-2900")).is_closed(STREET)


def test_a_road_that_people_closed_stays_closed_when_a_blocked_vehicle_drives_on(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    tomorrow_s = NOW_S + 86_400.0
    state = after(two_vans, [ev.RoadClosed(road_key=STREET, until_s=tomorrow_s, why="a fair")])
    state = heard(roads, state, blocked(), a_state())
    assert state.is_closed(STREET)


def test_a_blocked_vehicle_does_not_shorten_a_closure_that_people_made(roads: SiteRoads, two_vans: FleetState) -> None:
    tomorrow_s = NOW_S + 86_400.0
    state = after(two_vans, [ev.RoadClosed(road_key=STREET, until_s=tomorrow_s, why="a fair")])
    state = heard(roads, state, blocked())
    assert state.closures[STREET].until_s == tomorrow_s


def test_a_road_stays_closed_while_a_second_vehicle_is_still_blocked_on_it(roads: SiteRoads) -> None:
    order, state = on_its_way(roads)
    draft = Draft(state, NOW_S)
    take_state(draft, roads, VAN_1, driving(order, 1, errors=[an_error("blocked", edgeId=STREET)]))
    take_state(draft, roads, VAN_2, blocked())
    take_state(draft, roads, VAN_1, driving(order, 1))
    assert draft.state.is_closed(STREET)
    take_state(draft, roads, VAN_2, a_state())
    take_state(draft, roads, VAN_1, driving(order, 1, errors=[an_error("blocked", edgeId=STREET)]))
    take_state(draft, roads, VAN_1, driving(order, 1))
    assert not draft.state.is_closed(STREET)


def test_a_vehicle_blocked_without_a_reference_is_blocked_on_the_road_before_it(roads: SiteRoads) -> None:
    order = over_the_street(an_order("n1", GOAL))
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    state = heard(roads, state, driving(order, 1, errors=[an_error("blocked")]))
    assert state.is_closed(STREET)


# Where it stands ------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("10.4")
def test_a_vehicle_near_its_station_stands_at_it(roads: SiteRoads) -> None:
    x_m, y_m, _ = roads.graph.point_at(roads._places[next(iter(roads.types)), DEPOT_NODE])
    state = after(loaded(roads), [ev.VehiclePlaced(vehicle_id=VAN_1, node_id="nowhere", place=None)])
    state = heard(roads, state, a_state(at="", position=standing_at(x_m + 10.0, y_m)))
    assert state.twin(VAN_1).node_id == DEPOT_NODE


@pytest.mark.vda5050("10.4", "11.2")
def test_a_vehicle_that_no_longer_knows_its_node_is_not_believed_where_it_was(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    """Section 10.4: an empty last node is unknown, and nothing is dispatched from there."""
    state = heard(roads, two_vans, a_state(at="", position=standing_at(900.0, 600.0)))
    assert state.twin(VAN_1).place is None


@pytest.mark.vda5050("10.4", "11.2")
def test_a_vehicle_that_was_towed_is_not_where_its_last_node_is(roads: SiteRoads, two_vans: FleetState) -> None:
    """It went on counting as home, and would have been loaded there."""
    state = heard(roads, two_vans, a_state(position=standing_at(900.0, 600.0)))
    assert state.twin(VAN_1).place is None
    assert state.twin(VAN_1).node_id != DEPOT_NODE
    door = roads.place(state.twin(VAN_1).vehicle.type_id, DEPOT_NODE)
    assert door is not None
    x_m, y_m, _ = roads.graph.point_at(door)
    state = heard(roads, state, a_state(position=standing_at(x_m + 20.0, y_m)))
    assert state.twin(VAN_1).place == door


def test_a_vehicle_at_a_pickup_point_stands_there(roads: SiteRoads, two_vans: FleetState) -> None:
    state = heard(roads, two_vans, a_state(at=GOAL))
    assert state.twin(VAN_1).place == roads.place(state.twin(VAN_1).vehicle.type_id, GOAL)


# Orders of ours -------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("7.r1")
def test_a_vehicle_that_rejects_an_order_is_held_and_a_person_is_called(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order)])
    state = heard(roads, state, a_state(errors=[an_error("validationError", orderId=order.id)]))
    assert state.twin(VAN_1).order_id is None
    assert state.twin(VAN_1).held
    assert causes(state) == [AssistCause.ORDER_REJECTED]


@pytest.mark.vda5050("7.2")
def test_a_rejection_that_stays_in_every_state_is_taken_once(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL)
    draft = Draft(after(loaded(roads), [ev.OrderIssued(order=order)]), NOW_S)
    rejected = a_state(errors=[an_error("validationError", orderId=order.id)])
    for _ in range(3):
        take_state(draft, roads, VAN_1, rejected)
    assert [type(entry.event) for entry in draft.entries].count(ev.AssistRaised) == 1


@pytest.mark.vda5050("7.2")
def test_a_rejection_left_over_from_the_order_before_does_not_reject_the_next(roads: SiteRoads) -> None:
    """Section 7.2: the error stays in every state until the next accepted order."""
    left_over = a_state(errors=[an_error("orderError")])
    state = heard(roads, loaded(roads), left_over)
    state = after(state, [ev.OrderIssued(order=an_order("n1", GOAL))])
    assert heard(roads, state, left_over).twin(VAN_1).order_id == OrderId("o-1")


@pytest.mark.vda5050("6.7")
def test_a_refused_update_is_followed_by_another_one(roads: SiteRoads) -> None:
    """Section 6.7: its number is burnt; the next is higher and stitches to the base that was accepted."""
    order = an_order("n1", "n2", GOAL, released=1)
    state = after(
        loaded(roads),
        [
            ev.OrderIssued(order=order),
            ev.OrderSeen(order_id=order.id, update_id=0),
            ev.OrderExtended(order_id=order.id, update_id=1, released=2, announced=3),
        ],
    )
    refused = driving(order, 0, update=0, errors=[an_error("orderUpdateError", orderId="o-1", orderUpdateId="1")])
    state = heard(roads, state, refused)
    refused_order = state.orders[order.id]
    assert (refused_order.update_id, refused_order.released, refused_order.is_confirmed) == (1, 1, True)


@pytest.mark.vda5050("6.5")
def test_an_order_said_too_often_calls_a_person_until_the_vehicle_shows_it(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL)
    draft = Draft(after(loaded(roads), [ev.OrderIssued(order=order)]), NOW_S)
    unconfirmed(draft, VAN_1, order.id, "was sent 6 times")
    assert causes(draft.state) == [AssistCause.ORDER_UNCONFIRMED]
    take_state(draft, roads, VAN_1, driving(order, 0))
    assert causes(draft.state) == []


def test_an_answered_request_does_not_settle_an_order_that_is_still_unconfirmed(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL)
    draft = Draft(after(loaded(roads), [ev.OrderIssued(order=order)]), NOW_S)
    unconfirmed(draft, VAN_1, order.id, "was sent 6 times")
    asked = ev.InstantIssued(vehicle_id=VAN_1, action_id=ActionId("a-1"), kind=ActionKind.STATE_REQUEST, order_id=None)
    draft.emit(asked)
    take_state(draft, roads, VAN_1, a_state(actions={"a-1": ActionStatus.FINISHED}))
    assert causes(draft.state) == [AssistCause.ORDER_UNCONFIRMED]


@pytest.mark.vda5050("9.5")
def test_a_request_that_is_never_answered_is_given_up(roads: SiteRoads, two_vans: FleetState) -> None:
    asked = ev.InstantIssued(vehicle_id=VAN_1, action_id=ActionId("a-1"), kind=ActionKind.STATE_REQUEST, order_id=None)
    draft = Draft(after(two_vans, [asked]), NOW_S)
    unconfirmed(draft, VAN_1, "a-1", "was sent 6 times")
    assert draft.state.twin(VAN_1).instants == ()
    assert causes(draft.state) == []


def test_an_instant_action_that_failed_calls_a_person(roads: SiteRoads, two_vans: FleetState) -> None:
    asked = ev.InstantIssued(vehicle_id=VAN_1, action_id=ActionId("a-1"), kind=ActionKind.START_PAUSE, order_id=None)
    state = heard(roads, after(two_vans, [asked]), a_state(actions={"a-1": ActionStatus.FAILED}))
    assert causes(state) == [AssistCause.ORDER_REJECTED]
    assert state.twin(VAN_1).instants == ()


@pytest.mark.vda5050("8.5", "8.6")
def test_a_vehicle_that_finishes_just_before_its_cancel_ends_well(roads: SiteRoads) -> None:
    """The state that shows the end comes before the one that answers the cancel."""
    order = an_order("n1", GOAL)
    cancel = ActionId("a-2")
    state = after(
        loaded(roads),
        [
            ev.OrderIssued(order=order),
            ev.OrderSeen(order_id=order.id, update_id=0),
            ev.OrderCancelling(order_id=order.id, why="blocked"),
            ev.InstantIssued(vehicle_id=VAN_1, action_id=cancel, kind=ActionKind.CANCEL_ORDER, order_id=order.id),
        ],
    )
    at_goal = driving(order, 2, actions={"a-run-1": "delivered=3"})
    answer = driving(
        order,
        2,
        actions={"a-run-1": "delivered=3", cancel: ActionStatus.FAILED},
        errors=[an_error("noOrderToCancel", actionId=cancel)],
    )
    for states in ((at_goal, answer), (answer, at_goal)):
        ended = heard(roads, state, *states)
        assert ended.run(RunId("run-1")).phase == "delivered"
        assert ended.twin(VAN_1).instants == ()
        assert ended.twin(VAN_1).order_id is None


def test_an_action_that_started_while_we_looked_away_is_still_taken(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    state = heard(roads, state, driving(order, 2, actions={"a-run-1": ActionStatus.RUNNING}))
    assert state.orders[order.id].actions[0].phase is ActionPhase.RUNNING


# An order that never reached its vehicle ------------------------------------------------------------------------------


def withdrawn(roads: SiteRoads) -> FleetState:
    """An order was given up before it was sent, and a cancel sent in case it was."""
    order = an_order("n1", GOAL)
    return after(
        loaded(roads),
        [
            ev.OrderIssued(order=order),
            ev.OrderCancelling(order_id=order.id, why="it could not be sent in time"),
            ev.InstantIssued(
                vehicle_id=VAN_1, action_id=ActionId("a-2"), kind=ActionKind.CANCEL_ORDER, order_id=order.id
            ),
        ],
    )


def test_an_order_that_never_arrived_is_over_when_its_cancel_is_answered(roads: SiteRoads) -> None:
    """The type of an action is optional in a state, so the answer is known by its id."""
    answer = a_state(actions={"a-2": ActionStatus.FAILED}, errors=[an_error("noOrderToCancel")])
    state = heard(roads, withdrawn(roads), answer)
    assert state.twin(VAN_1).order_id is None


def test_an_order_that_never_arrived_is_over_when_its_cancel_is_answered_apart(roads: SiteRoads) -> None:
    """Where instant actions have a list of their own."""
    shown = ActionState(action_id="a-2", status=ActionStatus.FINISHED, action_type="cancelOrder")
    state = heard(roads, withdrawn(roads), a_state(instant_action_states=(shown,)))
    assert state.twin(VAN_1).order_id is None


def test_an_order_that_may_still_arrive_lasts_until_its_cancel_is_answered(roads: SiteRoads) -> None:
    old = ActionState(action_id="a-0", status=ActionStatus.FINISHED, action_type="cancelOrder")
    state = heard(roads, withdrawn(roads), a_state(action_states=(old,)))
    assert state.twin(VAN_1).order_id is not None


def with_a_trip_after(roads: SiteRoads, load_from_s: float) -> tuple[Order, FleetState]:
    """Van 1 delivers run-1 and has a second trip planned."""
    order = an_order("n1", GOAL)
    after_that = replace(a_trip("trip-2", VAN_1, (POINT_2, ["run-2"])), load_from_s=load_from_s)
    run_2 = a_run("run-2", POINT_2)
    state = after(
        loaded(roads),
        [
            ev.RunsAccepted(key="", digest="", runs=(run_2,)),
            ev.PlanAdopted(version=2, why="", plan=a_plan(after_that)),
            ev.OrderIssued(order=order),
            ev.OrderSeen(order_id=order.id, update_id=0),
        ],
    )
    return order, state


@pytest.mark.parametrize(("load_from_s", "is_too_late"), [(NOW_S + 3600.0, False), (NOW_S - 600.0, True)])
def test_a_delay_that_makes_the_next_trip_late_is_planned_anew_at_the_end_of_the_leg(
    roads: SiteRoads, load_from_s: float, is_too_late: bool
) -> None:
    order, state = with_a_trip_after(roads, load_from_s)
    draft = Draft(state, NOW_S)
    take_state(draft, roads, VAN_1, driving(order, 2, actions={"a-run-1": "delivered=3"}))
    assert any("will not be back" in why for why in draft.plan_reasons) is is_too_late


def test_a_vehicle_that_was_towed_away_from_its_charger_leaves_it_to_others(roads: SiteRoads) -> None:
    """Versions, trouble, seed 3: the charger was kept for a vehicle that stood elsewhere."""
    charger = charger_of(StationId("depot"))
    state = after(opened(roads), [ev.Reserved(resource=charger, vehicle_id=VAN_1)])
    away = standing_at(*(float(at) for at in roads.graph.point_at(Place(roads.graph.edge_count - 1, 5.0))[:2]))
    state = heard(roads, state, a_state(position=away))
    assert state.twin(VAN_1).place is None
    assert not state.holds(charger, VAN_1)


@pytest.mark.vda5050("6.11")
def test_a_vehicle_that_asks_for_road_in_state_after_state_has_asked_once(roads: SiteRoads) -> None:
    order = an_order("n1", "n2", GOAL, released=1)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    draft = Draft(state, NOW_S)
    for _ in range(3):
        take_state(draft, roads, VAN_1, driving(order, 0, new_base_request=True))
    assert [entry.event for entry in draft.entries].count(ev.BaseRequested(order_id=order.id)) == 1
    draft.emit(ev.OrderExtended(order_id=order.id, update_id=1, released=2, announced=3))
    draft.emit(ev.OrderSeen(order_id=order.id, update_id=1))
    take_state(draft, roads, VAN_1, driving(draft.state.orders[order.id], 1, new_base_request=True))
    assert [entry.event for entry in draft.entries].count(ev.BaseRequested(order_id=order.id)) == 2, "it has got some"
