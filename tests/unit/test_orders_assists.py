"""Nobody is called for what is over, and for one trouble a person is called once."""

from __future__ import annotations

import pytest

from fleet.dispatch.decide import decide
from fleet.dispatch.intent import Cancel, Deliver, Extend
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import ActionId, OrderId, RunId
from fleet.model.order import ActionKind, OrderPurpose
from fleet.model.trip import Plan, Reason, Unassigned
from fleet.orders.carry_out import carry_out
from fleet.orders.take_in import take_state
from fleet.planning import adopt
from fleet.roads.site_roads import SiteRoads
from fleet.state.attention import raise_assist
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from fleet.wire.messages import ActionStatus, VehicleState
from tests.nouns import (
    NOW_S,
    POINT_1,
    POINT_2,
    VAN_1,
    Office,
    a_plan,
    a_run,
    a_state,
    a_trip,
    after,
    an_error,
    an_order,
    driving,
    loaded,
    on_the_next_road,
    opened,
)

VAN, LOT, GOAL = "vehicle:van-1", "run:run-1", f"point:{POINT_1}"
C = AssistCause


def causes(state: FleetState) -> list[AssistCause]:
    return [assist.cause for assist in state.assists.values()]


def heard(roads: SiteRoads, state: FleetState, *states: VehicleState) -> FleetState:
    draft = Draft(state, NOW_S)
    for each in states:
        take_state(draft, roads, VAN_1, each)
    return draft.state


def called(state: FleetState, cause: AssistCause, subject: str) -> FleetState:
    draft = Draft(state, NOW_S)
    raise_assist(draft, cause, subject, "x")
    return draft.state


# Loading --------------------------------------------------------------------------------------------------------------


def test_nobody_is_called_for_a_failed_loading_once_the_run_is_loaded(roads: SiteRoads) -> None:
    order = an_order(purpose=OrderPurpose.LOAD)
    events = [
        ev.RunsAccepted(key="", digest="", runs=(a_run(),)),
        ev.PlanAdopted(version=1, why="", plan=a_plan(a_trip())),
        ev.TripStarted(trip_id=a_trip().id, vehicle_id=VAN_1),
        ev.OrderIssued(order=order),
        ev.OrderSeen(order_id=order.id, update_id=0),
    ]
    state = called(after(opened(roads), events), C.PICK_FAILED, LOT)
    assert causes(heard(roads, state, driving(order, 0, actions={"a-run-1": "loaded=3"}))) == []


@pytest.mark.parametrize("cause", [C.PICK_FAILED, C.NO_STAFF, C.DROP_FAILED, C.RUN_UNSERVED])
def test_nobody_is_called_for_a_run_that_is_delivered(roads: SiteRoads, cause: AssistCause) -> None:
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    state = called(state, cause, LOT)
    assert causes(heard(roads, state, driving(order, 2, actions={"a-run-1": "delivered=3"}))) == []


def test_a_run_that_merely_waits_for_a_vehicle_needs_nobody(roads: SiteRoads) -> None:
    state = after(opened(roads), [ev.RunsAccepted(key="", digest="", runs=(a_run(),))])
    draft = Draft(called(state, C.RUN_UNSERVED, LOT), NOW_S)
    unassigned = Unassigned(run_id=RunId("run-1"), reason=Reason.NO_VEHICLE_FREE, detail="all are out")
    adopt._tell_unserved(draft, Plan(trips=(), unassigned=(unassigned,), cost=a_plan().cost, made_by="hand"))
    assert causes(draft.state) == []


# Refusals -------------------------------------------------------------------------------------------------------------


def far(roads: SiteRoads) -> Draft:
    """Van 1 is on its way to a door some blocks away, and once a release was refused."""
    draft = Draft(loaded(roads, a_run(point=POINT_2)), NOW_S)
    intent = decide(draft, roads, VAN_1)
    assert isinstance(intent, Deliver)
    carry_out(draft, roads, VAN_1, intent)
    raise_assist(draft, C.RELEASE_REFUSED, VAN, "a road was closed")
    return draft


def test_nobody_is_called_for_a_refused_release_once_road_is_released(roads: SiteRoads) -> None:
    draft = far(roads)
    [order] = draft.state.orders.values()
    carry_out(draft, roads, VAN_1, Extend(order.id, len(order.path)))
    assert causes(draft.state) == []


def test_nobody_is_called_for_a_refused_release_once_a_new_order_is_lawful(roads: SiteRoads) -> None:
    draft = Draft(called(loaded(roads, a_run(point=POINT_2)), C.RELEASE_REFUSED, VAN), NOW_S)
    intent = decide(draft, roads, VAN_1)
    assert isinstance(intent, Deliver)
    carry_out(draft, roads, VAN_1, intent)
    assert causes(draft.state) == []


def extended(roads: SiteRoads) -> FleetState:
    order = an_order("n1", "n2", GOAL, released=1)
    events = [
        ev.OrderIssued(order=order),
        ev.OrderSeen(order_id=order.id, update_id=0),
        ev.OrderExtended(order_id=order.id, update_id=1, released=2, announced=3),
    ]
    state = after(loaded(roads), events)
    refused = driving(order, 0, update=0, errors=[an_error("orderUpdateError", orderId="o-1", orderUpdateId="1")])
    return heard(roads, state, refused)


def test_nobody_is_called_for_a_refused_update_once_the_next_one_is_taken(roads: SiteRoads) -> None:
    state = extended(roads)
    assert causes(state) == [C.ORDER_REJECTED]
    again = ev.OrderExtended(order_id=OrderId("o-1"), update_id=2, released=2, announced=3)
    state = after(state, [again])
    assert causes(heard(roads, state, driving(state.orders[OrderId("o-1")], 0))) == []


def test_nobody_is_called_for_a_failed_instant_action_once_an_order_is_taken(roads: SiteRoads) -> None:
    asked = ev.InstantIssued(vehicle_id=VAN_1, action_id=ActionId("a-1"), kind=ActionKind.START_PAUSE, order_id=None)
    state = heard(roads, after(loaded(roads), [asked]), a_state(actions={"a-1": ActionStatus.FAILED}))
    assert causes(state) == [C.ORDER_REJECTED]
    order = an_order("n1", GOAL)
    assert causes(heard(roads, after(state, [ev.OrderIssued(order=order)]), driving(order, 0))) == []


# One street -----------------------------------------------------------------------------------------------------------


def test_for_one_standing_street_a_person_is_called_once_until_the_van_moves_on(roads: SiteRoads) -> None:
    """Told to turn back, it no longer says that it is blocked; that is no word about the street."""
    office = Office(roads, far(roads).state)
    [first] = office.state.orders.values()
    street = on_the_next_road(first).edge_id
    office.hear(VAN_1, driving(first, 1))
    [order] = office.state.orders.values()
    blocked = [an_error("blocked", edgeId=street)]
    office.hear(VAN_1, driving(order, 1, errors=blocked))
    office.hear(VAN_1, driving(order, 1, errors=blocked), after_s=roads.site.policy.blocked_wait_s + 1.0)
    [cancelled] = [event for event in office.events if isinstance(event, ev.OrderCancelling)]
    assert cancelled.order_id == order.id
    here = order.path[0].end.node_id
    cancel = next(i.action_id for i in office.state.twin(VAN_1).instants if i.kind is ActionKind.CANCEL_ORDER)
    office.hear(VAN_1, a_state(order=order.id, at=here, sequence=2, actions={cancel: ActionStatus.FINISHED}))
    assert causes(office.state).count(C.BLOCKED) == 1
    [again] = office.state.orders.values()
    assert again.id != order.id
    assert street not in {piece.edge_id for piece in again.path}
    office.hear(VAN_1, driving(again, 0))
    assert causes(office.state).count(C.BLOCKED) == 1
    [again] = office.state.orders.values()
    office.hear(VAN_1, driving(again, 1))
    assert C.BLOCKED not in causes(office.state)
    assert office.state.counters["assist"] == 2  # the refused release, and the street


def test_a_van_that_waits_it_out_and_drives_on_needs_nobody_any_more(roads: SiteRoads) -> None:
    state = far(roads).state
    [order] = state.orders.values()
    blocked = driving(order, 0, errors=[an_error("blocked", edgeId=order.path[0].edge_id)])
    state = heard(roads, state, blocked)
    assert C.BLOCKED in causes(state)
    state = heard(roads, state, driving(order, 0))
    assert not state.is_closed(order.path[0].road_key)
    assert C.BLOCKED not in causes(state)


def test_turning_back_is_decided_only_where_another_way_is_open(roads: SiteRoads) -> None:
    office = Office(roads, far(roads).state)
    [order] = office.state.orders.values()
    blocked = driving(order, 0, errors=[an_error("blocked", edgeId=order.path[0].edge_id)])
    office.hear(VAN_1, blocked)
    office.hear(VAN_1, blocked, after_s=roads.site.policy.blocked_wait_s + 1.0)
    assert not isinstance(decide(Draft(office.state, office.now_s), roads, VAN_1), Cancel)
