"""A person declares a vehicle's order over: what it carried is to be settled, and nobody is sent on by it."""

from __future__ import annotations

import pytest

from fleet.controller.inbox import Asked, Facts
from fleet.controller.turn import Due
from fleet.dispatch.commands import Answer, HoldVehicle, ReleaseVehicle
from fleet.dispatch.settle import SettleParcels
from fleet.errors import RefusedError, UnknownThingError
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.custody import CustodyKind
from fleet.model.ids import ActionId, OrderId, RunId, VehicleId
from fleet.model.order import ActionKind, ActionPhase, Order, OrderPurpose
from fleet.model.run import RunPhase
from fleet.model.trip import TripPhase
from fleet.model.twin import Liveness
from fleet.orders.end_order import EndOrder, end_order
from fleet.roads.site_roads import SiteRoads
from fleet.state.attention import raise_assist
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from fleet.wire.messages import ActionStatus, InstantActions
from fleet.wire.messages import Order as OrderMessage
from tests.nouns import (
    DEPOT_NODE,
    NOW_S,
    POINT_1,
    VAN_1,
    VAN_2,
    Office,
    a_plan,
    a_run,
    a_state,
    a_trip,
    after,
    an_order,
    driving,
    loaded,
    opened,
    parcels_of,
    town,
)

RUN = RunId("run-1")
BAY = "bay:depot"
GOAL = f"point:{POINT_1}"
TOWED = EndOrder(VAN_1, "towed away")
HELD = ev.VehicleHeld(vehicle_id=VAN_1, why="broken down")
LOST = ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.LOST)


def given(state: FleetState, order: Order) -> FleetState:
    """The van has accepted the order and shows that it has something to do."""
    return after(
        state,
        [
            ev.OrderIssued(order=order),
            ev.OrderSeen(order_id=order.id, update_id=0),
            ev.WorkLeftChanged(vehicle_id=VAN_1, has_order_left=True, foreign_order=""),
        ],
    )


def delivering(roads: SiteRoads) -> FleetState:
    return given(loaded(roads), an_order("n1", GOAL))


def loading(roads: SiteRoads) -> FleetState:
    """Van 1 stands in the bay; run-1 is being picked, run-2 could not be."""
    runs = (a_run("run-1"), a_run("run-2"))
    order = an_order(runs=("run-1", "run-2"), purpose=OrderPurpose.LOAD)
    state = after(
        opened(roads),
        [
            ev.RunsAccepted(key="", digest="", runs=runs),
            ev.PlanAdopted(version=1, why="", plan=a_plan(a_trip("trip-1", VAN_1, (POINT_1, ["run-1", "run-2"])))),
            ev.Reserved(resource=BAY, vehicle_id=VAN_1),
            ev.TripStarted(trip_id=a_trip().id, vehicle_id=VAN_1),
        ],
    )
    failed = ev.ActionMoved(
        order_id=order.id, action_id=ActionId("a-run-2"), phase=ActionPhase.FAILED, result="not there"
    )
    return after(given(state, order), [failed])


def ended(roads: SiteRoads, state: FleetState, command: EndOrder = TOWED) -> Draft:
    draft = Draft(state, NOW_S + 60.0)
    end_order(draft, roads.site, command)
    return draft


def kinds(state: FleetState, run: str = "run-1") -> set[CustodyKind]:
    return {state.custody[parcel].kind for parcel in parcels_of(run)}


# When it may be ended -------------------------------------------------------------------------------------------------


def test_the_order_of_a_vehicle_in_service_is_not_ended_by_hand(roads: SiteRoads) -> None:
    with pytest.raises(RefusedError, match="van-1 is in service; pause it first: fleet vehicle pause van-1"):
        ended(roads, delivering(roads))


@pytest.mark.parametrize(
    "trouble",
    [HELD, LOST, ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.STALE)],
    ids=["held", "lost", "stale"],
)
def test_the_order_of_a_vehicle_out_of_service_is_ended(roads: SiteRoads, trouble: ev.Event) -> None:
    state = ended(roads, after(delivering(roads), [trouble])).state
    assert state.twin(VAN_1).order_id is None
    assert state.twin(VAN_1).held
    assert state.trip(a_trip().id).phase is TripPhase.CLOSED
    assert state.twin(VAN_1).trip_id is None


def test_a_vehicle_with_nothing_to_end_is_left_alone(roads: SiteRoads, two_vans: FleetState) -> None:
    with pytest.raises(RefusedError, match="nothing to end"):
        ended(roads, after(two_vans, [HELD]))
    with pytest.raises(UnknownThingError):
        ended(roads, two_vans, EndOrder(VehicleId("van-9"), ""))


def test_the_order_says_that_a_person_ended_it(roads: SiteRoads) -> None:
    draft = ended(roads, after(delivering(roads), [LOST]))
    [over] = [entry.event for entry in draft.entries if isinstance(entry.event, ev.OrderEnded)]
    assert (over.phase, over.why) == ("given_up", "ended by hand: towed away")


# What becomes of what it carried --------------------------------------------------------------------------------------


def test_nobody_is_sure_any_more_of_what_is_aboard(roads: SiteRoads) -> None:
    state = ended(roads, after(delivering(roads), [LOST])).state
    assert kinds(state) == {CustodyKind.ASSIST}
    assert state.twin(VAN_1).aboard == frozenset()
    assert state.open_assist("run:run-1", AssistCause.PARCELS_UNSURE) is not None


def test_parcels_that_were_being_loaded_are_unsure_and_the_others_get_another_van(roads: SiteRoads) -> None:
    state = ended(roads, after(loading(roads), [HELD])).state
    assert kinds(state) == {CustodyKind.ASSIST}
    assert kinds(state, "run-2") == {CustodyKind.STATION}
    assert state.run(RUN).phase is RunPhase.LOADING
    assert state.run(RunId("run-2")).phase is RunPhase.REQUESTED


def test_its_bay_is_free_for_others(roads: SiteRoads) -> None:
    draft = ended(roads, after(loading(roads), [HELD]))
    assert draft.state.reservations[BAY] == ()
    assert VAN_2 in draft.touched


def test_what_it_was_called_for_is_answered(roads: SiteRoads) -> None:
    draft = Draft(after(delivering(roads), [HELD]), NOW_S)
    for cause in (AssistCause.ORDER_UNCONFIRMED, AssistCause.BLOCKED, AssistCause.VEHICLE_LOST):
        raise_assist(draft, cause, "vehicle:van-1", "x")
    left = {assist.cause for assist in ended(roads, draft.state).state.assists.values()}
    assert left == {AssistCause.PARCELS_UNSURE, AssistCause.VEHICLE_LOST}


# The vehicle itself ---------------------------------------------------------------------------------------------------


def test_the_vehicle_is_told_to_drop_the_order_whenever_it_is_heard(roads: SiteRoads) -> None:
    draft = ended(roads, after(delivering(roads), [LOST]))
    [letter] = draft.letters
    assert isinstance(letter.message, InstantActions)
    [action] = letter.message.actions
    assert action.action_type == ActionKind.CANCEL_ORDER
    assert [parameter.value for parameter in action.parameters] == ["o-1"]


def asked(command: object) -> Facts:
    return Facts(commands=[Asked(command, "ana", None)])  # type: ignore[arg-type]  # nobody waits for it


def orders_of(office: Office) -> list[str]:
    return [message.order_id for _, message in office.sent if isinstance(message, OrderMessage)]


def test_after_its_release_it_gets_an_order_only_when_it_shows_that_nothing_is_left(roads: SiteRoads) -> None:
    """S6: what a person says of the old order is no leave for a new one."""
    office = Office(roads, after(delivering(roads), [HELD]))
    order = an_order("n1", GOAL)
    office.turn(asked(TOWED))
    [told] = [m for _, m in office.sent if isinstance(m, InstantActions)]
    cancel = told.actions[0].action_id
    office.turn(asked(SettleParcels(run_id=RUN, at=CustodyKind.VEHICLE, why="still in it", vehicle_id=VAN_1)))
    office.turn(asked(ReleaseVehicle(VAN_1, "repaired")))
    office.hear(VAN_1, driving(order, 1))
    assert orders_of(office) == []
    office.hear(VAN_1, driving(order, 1, actions={cancel: ActionStatus.FINISHED}))
    assert orders_of(office) == []
    cancels = [m.actions[0].action_id for _, m in office.sent if isinstance(m, InstantActions)]
    assert len(cancels) == 2  # it still drove, so it was told once more
    office.hear(VAN_1, a_state(order=order.id, at=DEPOT_NODE, actions=dict.fromkeys(cancels, ActionStatus.FINISHED)))
    assert len(orders_of(office)) == 1


def test_a_vehicle_that_never_answers_the_cancel_is_no_dead_end(roads: SiteRoads) -> None:
    office = Office(roads, after(delivering(roads), [HELD]))
    office.turn(asked(TOWED))
    office.hear(VAN_1, a_state(order="o-1"))
    assert office.state.twin(VAN_1).is_asked
    office.turn(asked(EndOrder(VAN_1, "it has forgotten everything")))
    assert not office.state.twin(VAN_1).is_asked


def test_a_vehicle_that_kept_the_order_is_told_again_to_drop_it(roads: SiteRoads) -> None:
    """It was out of the site for a while, so nobody has told it."""
    gone = ended(town(vehicles=(VAN_2,)), delivering(roads)).state
    assert not gone.twin(VAN_1).is_asked
    back = after(gone, [ev.WorkLeftChanged(vehicle_id=VAN_1, has_order_left=True, foreign_order="o-1")])
    draft = ended(roads, back)
    assert [entry.event.order_id for entry in draft.entries if isinstance(entry.event, ev.InstantIssued)] == [
        OrderId("o-1")
    ]


def test_a_vehicle_that_left_the_site_is_ended_without_a_word_to_it(roads: SiteRoads) -> None:
    draft = ended(town(vehicles=(VAN_2,)), delivering(roads))
    assert draft.state.twin(VAN_1).order_id is None
    assert draft.letters == []


def test_a_quarantined_vehicle_with_a_run_that_is_not_there_can_be_ended(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL, runs=("ghost",), trip_id=None)
    draft = Draft(given(opened(roads), order), NOW_S)
    draft.emit(ev.ItemQuarantined(subject="vehicle:van-1", error="UnknownThingError"))
    assert ended(roads, draft.state).state.twin(VAN_1).order_id is None


def test_it_is_a_command_like_any_other(roads: SiteRoads) -> None:
    office = Office(roads, delivering(roads))
    [(_, refused)] = office.turn(asked(TOWED)).results
    assert isinstance(refused, RefusedError)
    office.turn(asked(HoldVehicle(VAN_1, "smoke")))
    [(_, answer)] = office.turn(asked(TOWED), Due()).results
    assert answer == Answer()
