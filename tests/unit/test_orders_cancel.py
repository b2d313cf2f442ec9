"""A cancel is a wish: what the vehicle does first, says meanwhile and carries afterwards is taken as it comes."""

from __future__ import annotations

from itertools import permutations

import msgspec
import pytest

from fleet.dispatch.decide import decide
from fleet.dispatch.intent import Cancel, Deliver, Extend
from fleet.model import event as ev
from fleet.model.custody import CustodyKind
from fleet.model.ids import ActionId, OrderId, RunId
from fleet.model.order import ActionKind, Order, OrderPhase, OrderPurpose
from fleet.orders.build import order_message
from fleet.orders.carry_out import carry_out
from fleet.orders.outlet import OutboxStatus, outcome
from fleet.orders.take_in import take_state
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from fleet.wire.messages import ActionState, ActionStatus, InstantActions, Load, VehicleState
from tests.nouns import (
    NOW_S,
    POINT_2,
    VAN_1,
    a_plan,
    a_run,
    a_state,
    a_trip,
    after,
    an_error,
    an_order,
    driving,
    loaded,
    opened,
    parcels_of,
    terms,
)
from tests.unit.test_orders_outlet import a_row

GOAL = "point:p1"
RUN = RunId("run-1")


def heard(roads: SiteRoads, state: FleetState, *states: VehicleState, now_s: float = NOW_S) -> FleetState:
    draft = Draft(state, now_s)
    for said in states:
        take_state(draft, roads, VAN_1, said)
    return draft.state


def taken(roads: SiteRoads, order: Order | None = None) -> tuple[Order, FleetState]:
    order = order or an_order("n1", "n2", GOAL)
    return order, after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])


def cancelled(roads: SiteRoads, order: Order, state: FleetState) -> tuple[ActionId, FleetState]:
    draft = Draft(state, NOW_S)
    carry_out(draft, roads, VAN_1, Cancel(order.id, "blocked"))
    [instant] = draft.state.twin(VAN_1).instants
    [letter] = draft.letters
    assert isinstance(letter.message, InstantActions)
    return instant.action_id, draft.state


# What the vehicle does first ------------------------------------------------------------------------------------------


@pytest.mark.vda5050("8.1", "8.2", "8.8")
def test_a_cancelled_vehicle_keeps_its_parcels_and_gets_another_order_to_their_door(roads: SiteRoads) -> None:
    order, state = taken(roads)
    cancel, state = cancelled(roads, order, state)
    running = driving(order, 1, actions={"a-run-1": ActionStatus.WAITING, cancel: ActionStatus.RUNNING})
    state = heard(roads, state, running)
    assert state.orders[order.id].phase is OrderPhase.CANCELLING
    assert decide(Draft(state, NOW_S), roads, VAN_1) is None
    done = a_state(
        order=order.id,
        at="n1",
        sequence=2,
        actions={"a-run-1": ActionStatus.FAILED, cancel: ActionStatus.FINISHED},
    )
    state = heard(roads, state, done)
    assert state.twin(VAN_1).order_id is None
    assert {state.custody[parcel].holder for parcel in parcels_of("run-1")} == {VAN_1}
    assert state.run(RUN).phase == "under_way"
    assert isinstance(decide(Draft(state, NOW_S), roads, VAN_1), Deliver)


@pytest.mark.vda5050("8.2")
@pytest.mark.parametrize(("phase", "kind"), [(ActionStatus.RUNNING, "assist"), (ActionStatus.WAITING, "vehicle")])
def test_where_hands_were_at_work_when_an_order_was_cancelled_a_person_looks_though_the_lot_is_shown_aboard(
    roads: SiteRoads, phase: ActionStatus, kind: str
) -> None:
    order, state = taken(roads)
    state = heard(roads, state, driving(order, 3, actions={"a-run-1": phase}))
    cancel, state = cancelled(roads, order, state)
    stands = driving(order, 3, actions={cancel: ActionStatus.FINISHED}, loads=(Load(load_id=RUN),))
    state = heard(roads, state, stands)
    assert {state.custody[parcel].kind for parcel in parcels_of("run-1")} == {kind}


@pytest.mark.vda5050("8.1", "8.6")
@pytest.mark.parametrize("shown_in", ["action_states", "instant_action_states", None])
def test_standing_still_is_no_answer_to_a_cancel(roads: SiteRoads, shown_in: str | None) -> None:
    """Wherever a version shows instant actions, and where the cancel is still on its way."""
    order, state = taken(roads)
    cancel, state = cancelled(roads, order, state)
    runs = (ActionState(action_id=cancel, status=ActionStatus.RUNNING),)
    stands = a_state(order=order.id, at="n1", sequence=2)
    stands = msgspec.structs.replace(stands, **({shown_in: runs} if shown_in else {}))
    state = heard(roads, state, stands)
    assert decide(Draft(state, NOW_S + 30.0), roads, VAN_1) is None
    state = heard(roads, state, a_state(order=order.id, at="n1", sequence=2, actions={cancel: ActionStatus.FINISHED}))
    assert isinstance(decide(Draft(state, NOW_S + 30.0), roads, VAN_1), Deliver)


@pytest.mark.vda5050("8.2")
def test_hands_that_finish_what_they_had_begun_are_believed(roads: SiteRoads) -> None:
    order, state = taken(roads)
    state = heard(roads, state, driving(order, 3, actions={"a-run-1": ActionStatus.RUNNING}))
    cancel, state = cancelled(roads, order, state)
    at_end = {"a-run-1": "delivered=3", cancel: ActionStatus.FINISHED}
    state = heard(
        roads,
        state,
        driving(order, 3, actions={"a-run-1": ActionStatus.RUNNING, cancel: ActionStatus.RUNNING}),
        driving(order, 3, actions=at_end),
    )
    assert state.run(RUN).phase == "delivered"
    assert state.twin(VAN_1).order_id is None


@pytest.mark.vda5050("8.3")
def test_a_cancelled_vehicle_that_drives_its_base_to_the_end_is_believed_to_be_there(roads: SiteRoads) -> None:
    """The cancel may come late, and some vehicles stop at nodes only."""
    order, state = taken(roads)
    cancel, state = cancelled(roads, order, state)
    state = heard(roads, state, driving(order, 1), driving(order, 2))
    assert state.orders[order.id].passed == 2
    assert state.orders[order.id].released == 3
    stands = a_state(order=order.id, at="n2", sequence=4, actions={cancel: ActionStatus.FINISHED})
    state = heard(roads, state, stands)
    assert (state.twin(VAN_1).order_id, state.twin(VAN_1).node_id) == (None, "n2")


@pytest.mark.vda5050("8.3")
def test_a_cancelled_vehicle_keeps_its_bay_until_it_shows_that_it_has_done(roads: SiteRoads) -> None:
    order = an_order(purpose=OrderPurpose.LOAD)
    state = after(
        opened(roads),
        [
            ev.RunsAccepted(key="", digest="", runs=(a_run(),)),
            ev.PlanAdopted(version=1, why="", plan=a_plan(a_trip())),
            ev.Reserved(resource="bay:depot", vehicle_id=VAN_1),
            ev.TripStarted(trip_id=a_trip().id, vehicle_id=VAN_1),
            ev.OrderIssued(order=order),
            ev.OrderSeen(order_id=order.id, update_id=0),
        ],
    )
    cancel, state = cancelled(roads, order, state)
    at_work = a_state(order=order.id, actions={"a-run-1": ActionStatus.RUNNING, cancel: ActionStatus.RUNNING})
    state = heard(roads, state, at_work)
    draft = Draft(state, NOW_S)
    assert decide(draft, roads, VAN_1) is None
    assert draft.state.holds("bay:depot", VAN_1)


# Races ----------------------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("8.5", "8.6", "14.2")
@pytest.mark.parametrize("order_of_arrival", list(permutations(range(3))))
def test_whatever_comes_first_an_order_that_was_done_before_its_cancel_ends_well(
    roads: SiteRoads, order_of_arrival: tuple[int, ...]
) -> None:
    """The end of the order, the failed cancel, and its complaint, in every order in which states may bring them."""
    order, state = taken(roads)
    cancel, state = cancelled(roads, order, state)
    done = {"a-run-1": "delivered=3"}
    shown: list[VehicleState] = [
        driving(order, 3, actions=done),
        driving(order, 3, actions={**done, cancel: ActionStatus.FAILED}),
        driving(order, 3, actions=done, errors=[an_error("noOrderToCancel", actionId=cancel)]),
    ]
    state = heard(roads, state, *(shown[index] for index in order_of_arrival))
    assert state.run(RUN).phase == "delivered"
    assert (state.twin(VAN_1).order_id, state.twin(VAN_1).instants) == (None, ())
    assert {state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.POINT}


@pytest.mark.vda5050("8.4")
def test_a_cancel_is_said_again_with_its_id_until_it_is_shown(roads: SiteRoads) -> None:
    order, state = taken(roads)
    cancel, state = cancelled(roads, order, state)
    row = a_row(cancel, topic="instantActions")
    assert outcome(state, row) is None
    state = heard(roads, state, driving(order, 1, actions={cancel: ActionStatus.WAITING}))
    assert outcome(state, row) is OutboxStatus.CONFIRMED
    assert [instant.action_id for instant in state.twin(VAN_1).instants] == [cancel]


@pytest.mark.vda5050("6.10")
def test_after_a_cancel_no_update_of_that_order_is_made_or_sent(roads: SiteRoads) -> None:
    order, state = taken(roads, an_order("n1", "n2", GOAL, released=1))
    waiting = ev.OrderExtended(order_id=order.id, update_id=1, released=2, announced=3)
    state = after(state, [waiting])
    row = a_row(order.id, update=1)
    assert outcome(state, row) is None
    _, state = cancelled(roads, order, state)
    assert outcome(state, row) is OutboxStatus.SUPERSEDED
    state = heard(roads, state, driving(order, 1, new_base_request=True))
    assert not isinstance(decide(Draft(state, NOW_S + 60.0), roads, VAN_1), Extend)


# Before and after -----------------------------------------------------------------------------------------------------


@pytest.mark.vda5050("6.4")
def test_sent_accepted_rejected_and_lost_are_four_things(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order)])
    row = a_row(order.id)
    assert (state.orders[order.id].phase, outcome(state, row)) == (OrderPhase.ISSUED, None)
    assert heard(roads, state, a_state(order="another")).orders[order.id].phase is OrderPhase.ISSUED
    accepted = heard(roads, state, driving(order, 0))
    assert accepted.orders[order.id].phase is OrderPhase.ACTIVE
    assert outcome(accepted, row) is OutboxStatus.CONFIRMED
    rejected = heard(roads, state, a_state(errors=[an_error("validationError", orderId=order.id)]))
    assert rejected.ended_orders[VAN_1][-1].phase is OrderPhase.REJECTED
    lost = heard(roads, accepted, a_state(at="n1"))
    assert lost.ended_orders[VAN_1][-1].phase is OrderPhase.VANISHED


@pytest.mark.vda5050("5.9", "6.9", "6.3a", "6.8")
def test_the_next_leg_is_a_new_order_whose_first_node_is_the_stop_without_its_actions(roads: SiteRoads) -> None:
    order, state = taken(roads)
    state = heard(roads, state, driving(order, 3, actions={"a-run-1": "delivered=3"}))
    place = roads.place(state.twin(VAN_1).vehicle.type_id, GOAL)
    state = after(state, [ev.VehiclePlaced(vehicle_id=VAN_1, node_id=GOAL, place=place)])
    draft = Draft(state, NOW_S)
    intent = decide(draft, roads, VAN_1)
    assert intent is not None
    carry_out(draft, roads, VAN_1, intent)
    [home] = draft.state.orders.values()
    message = order_message(home, terms())
    assert home.id != order.id
    assert (message.nodes[0].node_id, message.nodes[0].sequence_id, message.nodes[0].actions) == (GOAL, 0, ())


@pytest.mark.vda5050("6.8")
@pytest.mark.parametrize(
    "left",
    [
        {"left": [("n3", 6)]},
        {"edges": [("e2", 5)]},
        {"actions": {"a-x": ActionStatus.WAITING}},
        {"actions": {"a-x": ActionStatus.RETRIABLE}},
    ],
    ids=["a node", "an edge", "an action", "an action that waits for our word"],
)
def test_no_new_order_goes_to_a_vehicle_that_shows_anything_left(roads: SiteRoads, left: dict[str, object]) -> None:
    state = heard(roads, loaded(roads, a_run(point=POINT_2)), a_state(order="o-0", **left))  # type: ignore[arg-type]
    assert not isinstance(decide(Draft(state, NOW_S), roads, VAN_1), Deliver)


def test_a_cancel_is_about_the_order_that_it_names(roads: SiteRoads) -> None:
    order, state = taken(roads)
    cancel, state = cancelled(roads, order, state)
    [instant] = state.twin(VAN_1).instants
    assert (instant.kind, instant.order_id) == (ActionKind.CANCEL_ORDER, OrderId("o-1"))
    assert instant.action_id == cancel
