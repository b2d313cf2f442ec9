"""Parcels change hands: what the end of an action and of an order means for custody."""

from __future__ import annotations

import pytest

from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.custody import Custody, CustodyKind
from fleet.model.ids import ActionId, AssistId, ParcelId, RunId
from fleet.model.order import Order, OrderPurpose
from fleet.model.run import RunPhase
from fleet.model.trip import TripPhase
from fleet.orders.handover import refused_in
from fleet.orders.take_in import take_state
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState, Visit
from fleet.wire.messages import ActionStatus, Load
from tests.nouns import (
    DEPOT,
    DEPOT_NODE,
    NOW_S,
    POINT_1,
    POINT_2,
    VAN_1,
    Shown,
    a_plan,
    a_run,
    a_state,
    a_trip,
    after,
    an_order,
    driving,
    failed,
    loaded,
    opened,
    parcels_of,
)

RUN = RunId("run-1")
GOAL = f"point:{POINT_1}"


def done(roads: SiteRoads, state: FleetState, order: Order, outcome: Shown) -> FleetState:
    """The van is given the order, drives all of it, and tells how every action of it ended."""
    draft = Draft(after(state, [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)]), NOW_S)
    shown = {action.action_id: outcome for action in order.actions}
    take_state(draft, roads, VAN_1, driving(order, len(order.path), actions=shown))
    return draft.state


def visited(roads: SiteRoads, state: FleetState, outcome: Shown, name: str = "o-1") -> FleetState:
    return done(roads, state, an_order("n1", GOAL, id=name), outcome)


def brought_back(roads: SiteRoads, state: FleetState, outcome: Shown = "unloaded") -> FleetState:
    order = an_order("n1", DEPOT_NODE, start=GOAL, purpose=OrderPurpose.RETURN, id="o-9")
    return done(roads, state, order, outcome)


def causes(state: FleetState, subject: str = "run:run-1") -> list[AssistCause]:
    return [assist.cause for assist in state.assists.values() if assist.subject == subject]


# Loading --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def loading(roads: SiteRoads) -> FleetState:
    """Van 1 has begun trip-1 with run-1 and stands at its bay."""
    return after(
        opened(roads),
        [
            ev.RunsAccepted(key="", digest="", runs=(a_run(),)),
            ev.PlanAdopted(version=1, why="", plan=a_plan(a_trip())),
            ev.TripStarted(trip_id=a_trip().id, vehicle_id=VAN_1),
        ],
    )


def test_a_finished_pick_puts_every_parcel_of_the_run_aboard(roads: SiteRoads, loading: FleetState) -> None:
    state = done(roads, loading, an_order(purpose=OrderPurpose.LOAD), "loaded=3")
    assert {state.custody[parcel] for parcel in parcels_of("run-1")} == {Custody(CustodyKind.VEHICLE, VAN_1)}
    assert state.run(RUN).phase is RunPhase.UNDER_WAY
    assert state.twin(VAN_1).aboard == {RUN}


@pytest.mark.parametrize("told", ["loaded=2", "loaded=4", "loaded=0"])
def test_a_pick_of_another_count_than_was_asked_leaves_nobody_sure_and_the_van_where_it_is(
    roads: SiteRoads, loading: FleetState, told: str
) -> None:
    state = done(roads, loading, an_order(purpose=OrderPurpose.LOAD), told)
    assert {state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.ASSIST}
    assert state.twin(VAN_1).held


def test_a_failed_pick_leaves_the_parcels_at_the_station(roads: SiteRoads, loading: FleetState) -> None:
    state = done(roads, loading, an_order(purpose=OrderPurpose.LOAD), failed("nobody loads"))
    assert {state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.STATION}
    assert state.twin(VAN_1).aboard == frozenset()


@pytest.mark.parametrize(("loads", "kind"), [(None, CustodyKind.ASSIST), ((), CustodyKind.STATION)])
def test_a_pick_that_was_cancelled_at_the_bay_was_not_done_only_where_no_load_is_shown_aboard(
    roads: SiteRoads, loading: FleetState, loads: tuple[()] | None, kind: CustodyKind
) -> None:
    order = an_order(purpose=OrderPurpose.LOAD)
    began = [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)]
    draft = Draft(after(loading, [*began, ev.OrderCancelling(order_id=order.id, why="blocked")]), NOW_S)
    take_state(draft, roads, VAN_1, driving(order, 0, actions={}, loads=loads))
    assert {draft.state.custody[parcel].kind for parcel in parcels_of("run-1")} == {kind}


def test_a_pick_whose_outcome_is_unknown_leaves_nobody_sure(roads: SiteRoads, loading: FleetState) -> None:
    order = an_order(purpose=OrderPurpose.LOAD)
    state = after(loading, [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    draft = Draft(state, NOW_S)
    take_state(draft, roads, VAN_1, driving(order, 0, actions={}))
    assert {draft.state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.ASSIST}
    assert draft.state.twin(VAN_1).held


# Delivery -------------------------------------------------------------------------------------------------------------


def test_a_finished_drop_at_its_point_is_the_evidence_of_delivery(roads: SiteRoads) -> None:
    state = visited(roads, loaded(roads), "delivered=3")
    assert {state.custody[parcel] for parcel in parcels_of("run-1")} == {Custody(CustodyKind.POINT, POINT_1)}
    assert state.run(RUN).phase is RunPhase.DELIVERED
    assert state.twin(VAN_1).aboard == frozenset()


def test_refused_parcels_stay_aboard_and_the_rest_is_delivered(roads: SiteRoads) -> None:
    one, two, three = parcels_of("run-1")
    state = visited(roads, loaded(roads), f"delivered=2 refused={two}")
    assert state.run(RUN).phase is RunPhase.PARTLY_DELIVERED
    assert [state.custody[parcel].kind for parcel in (one, two, three)] == ["point", "vehicle", "point"]
    assert state.twin(VAN_1).aboard == {RUN}


def test_refused_parcels_come_back_to_the_station(roads: SiteRoads) -> None:
    two = parcels_of("run-1")[1]
    state = brought_back(roads, visited(roads, loaded(roads), f"delivered=2 refused={two}"))
    assert state.custody[two] == Custody(CustodyKind.STATION, DEPOT)
    assert state.run(RUN).phase is RunPhase.RETURNED
    assert state.twin(VAN_1).aboard == frozenset()


def test_what_is_unloaded_on_the_way_home_anywhere_but_at_a_station_is_a_persons_to_find(roads: SiteRoads) -> None:
    elsewhere = an_order("n1", "point:p2", start=GOAL, purpose=OrderPurpose.RETURN, id="o-9")
    state = done(roads, visited(roads, loaded(roads), failed("no_staff")), elsewhere, "unloaded")
    assert {state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.ASSIST}


def test_refused_parcels_come_back_with_the_refusal_as_their_cause(roads: SiteRoads) -> None:
    two = parcels_of("run-1")[1]
    state = brought_back(roads, visited(roads, loaded(roads), f"delivered=2 refused={two}"))
    assert "refused" in state.run(RUN).cause


@pytest.mark.parametrize(
    "told",
    [
        "delivered=3 refused=somebody-elses",
        "delivered=2 refused=somebody-elses",
        "delivered=1",
        "delivered=4",
        "delivered=3 refused=run-1.001",
    ],
)
def test_a_hand_over_that_does_not_add_up_is_never_called_delivered(roads: SiteRoads, told: str) -> None:
    state = visited(roads, loaded(roads), told)
    assert state.run(RUN).phase is not RunPhase.DELIVERED
    assert {state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.ASSIST}
    assert AssistCause.PARCELS_UNSURE in causes(state)


def test_a_drop_at_the_wrong_stop_delivers_nothing_and_calls_a_person(roads: SiteRoads) -> None:
    state = done(roads, loaded(roads), an_order("n1", f"point:{POINT_2}"), "delivered=3")
    assert {state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.ASSIST}
    assert state.run(RUN).phase is RunPhase.UNDER_WAY
    assert causes(state) == [AssistCause.PARCELS_UNSURE]


def test_a_drop_without_an_outcome_leaves_nobody_sure_and_the_van_is_held(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL, passed=2)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    draft = Draft(state, NOW_S)
    take_state(draft, roads, VAN_1, driving(order, 2, actions={}))
    assert {draft.state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.ASSIST}
    assert draft.state.twin(VAN_1).held


def test_an_order_that_vanishes_on_the_road_changes_no_custody(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    draft = Draft(state, NOW_S)
    take_state(draft, roads, VAN_1, a_state(at="n1", sequence=2))
    assert {draft.state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.VEHICLE}
    assert draft.state.twin(VAN_1).aboard == {RUN}


# Nobody at the door ---------------------------------------------------------------------------------------------------


def test_a_stop_without_staff_is_tried_again_at_the_end_of_the_trip(roads: SiteRoads) -> None:
    state = visited(roads, loaded(roads), failed("no_staff"))
    assert state.trip(a_trip().id).visits_left == (Visit(POINT_1, (RUN,)),)
    assert state.run(RUN).attempts == 1
    assert causes(state) == [AssistCause.NO_STAFF]


def test_a_stop_without_staff_twice_is_given_up(roads: SiteRoads) -> None:
    state = visited(roads, visited(roads, loaded(roads), failed("no_staff")), failed("no_staff"), "o-2")
    assert state.trip(a_trip().id).visits_left == ()
    assert state.twin(VAN_1).aboard == {RUN}
    assert state.run(RUN).phase is RunPhase.UNDER_WAY


def test_a_run_that_was_given_up_comes_back_with_its_cause_and_nobody_is_called_any_more(roads: SiteRoads) -> None:
    state = visited(roads, visited(roads, loaded(roads), failed("no_staff")), failed("no_staff"), "o-2")
    state = brought_back(roads, state)
    assert state.run(RUN).phase is RunPhase.RETURNED
    assert "no_staff" in state.run(RUN).cause
    assert causes(state) == []


def test_a_second_visit_that_succeeds_is_a_delivery_without_a_fault(roads: SiteRoads) -> None:
    state = visited(roads, visited(roads, loaded(roads), failed("no_staff")), "delivered=3", "o-2")
    assert (state.run(RUN).phase, state.run(RUN).cause, causes(state)) == (RunPhase.DELIVERED, "", [])


def test_only_the_runs_that_failed_at_a_stop_are_deferred(roads: SiteRoads) -> None:
    one, two = a_run("run-1"), a_run("run-2")
    state = after(
        opened(roads),
        [
            ev.RunsAccepted(key="", digest="", runs=(one, two)),
            ev.PlanAdopted(version=1, why="", plan=a_plan(a_trip("trip-1", VAN_1, (POINT_1, ["run-1", "run-2"])))),
            ev.TripStarted(trip_id=a_trip().id, vehicle_id=VAN_1),
            *(
                ev.ParcelsLoaded(
                    run_id=run.id, vehicle_id=VAN_1, parcel_ids=run.lot.parcel_ids, action_id=ActionId("a-pick")
                )
                for run in (one, two)
            ),
            ev.TripMoved(trip_id=a_trip().id, phase=TripPhase.UNDER_WAY),
        ],
    )
    order = an_order("n1", GOAL, runs=("run-1", "run-2"))
    draft = Draft(after(state, [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)]), NOW_S)
    shown: dict[str, Shown] = {"a-run-1": "delivered=3", "a-run-2": failed("no_staff")}
    take_state(draft, roads, VAN_1, driving(order, 2, actions=shown))
    assert draft.state.trip(a_trip().id).visits_left == (Visit(POINT_1, (two.id,)),)
    assert draft.state.run(one.id).phase is RunPhase.DELIVERED


# Coming back ----------------------------------------------------------------------------------------------------------


def test_a_van_whose_unloading_failed_keeps_its_parcels_and_calls_a_person(roads: SiteRoads) -> None:
    state = brought_back(roads, loaded(roads), failed("ramp stuck"))
    assert state.twin(VAN_1).aboard == {RUN}
    assert causes(state, f"vehicle:{VAN_1}") == [AssistCause.DROP_FAILED]


def test_a_recalled_run_names_the_recall_when_it_is_back(roads: SiteRoads) -> None:
    state = after(loaded(roads), [ev.RunRecalled(run_id=RUN, why="cancelled: not wanted")])
    state = brought_back(roads, state)
    assert (state.run(RUN).phase, state.run(RUN).cause) == (RunPhase.RETURNED, "cancelled: not wanted")


def test_a_state_said_twice_delivers_once(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    draft = Draft(state, NOW_S)
    said = driving(order, 2, actions={"a-run-1": "delivered=3"})
    take_state(draft, roads, VAN_1, said)
    take_state(draft, roads, VAN_1, said)
    assert [type(entry.event) for entry in draft.entries].count(ev.ParcelsDelivered) == 1


def test_an_order_that_ends_with_its_drop_under_way_is_unsure_of_the_whole_lot(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    draft = Draft(state, NOW_S)
    take_state(draft, roads, VAN_1, driving(order, 2, actions={"a-run-1": ActionStatus.RUNNING}))
    take_state(draft, roads, VAN_1, a_state(order=""))
    assert {draft.state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.ASSIST}


@pytest.mark.parametrize(
    ("result", "parcels"),
    [
        ("delivered=97 refused=a,b,c", ("a", "b", "c")),
        ("refused=a", ("a",)),
        ("refused=", ()),
        ("delivered=3", ()),
        ("", ()),
        ("refused=a,,b", ("a", "b")),
    ],
)
def test_a_result_lists_what_was_refused(result: str, parcels: tuple[str, ...]) -> None:
    assert refused_in(result) == tuple(map(ParcelId, parcels))


@pytest.mark.parametrize("last_node_id", ["", GOAL, "nowhere"])
def test_a_van_that_forgot_its_order_out_of_contact_may_have_delivered(roads: SiteRoads, last_node_id: str) -> None:
    """It was let in up to the point, and released counts as driven: nobody guesses where the parcels are."""
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    draft = Draft(state, NOW_S)
    take_state(draft, roads, VAN_1, driving(order, 0))
    take_state(draft, roads, VAN_1, a_state(order="", at=last_node_id))
    assert {draft.state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.ASSIST}
    assert draft.state.twin(VAN_1).held


def test_a_van_that_forgot_its_order_on_the_way_and_says_so_is_told_again(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    draft = Draft(state, NOW_S)
    take_state(draft, roads, VAN_1, a_state(order="", at="n1"))
    assert {draft.state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.VEHICLE}
    assert not draft.state.twin(VAN_1).held


def test_a_lot_that_could_not_be_loaded_but_is_shown_aboard_is_for_a_person_to_find(
    roads: SiteRoads, loading: FleetState
) -> None:
    """The van restarted while it was loaded, and was told again: the second pick failed because the first was done."""
    order = an_order(purpose=OrderPurpose.LOAD)
    state = after(loading, [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    draft = Draft(state, NOW_S)
    aboard = Load(load_id="run-1")
    said = a_state(order=order.id, actions={"a-run-1": failed("its parcels are elsewhere")}, loads=(aboard,))
    take_state(draft, roads, VAN_1, said)
    assert {draft.state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.ASSIST}
    assert draft.state.twin(VAN_1).held


def cancelled_at_work(roads: SiteRoads, state: FleetState, order: Order, **said: object) -> FleetState:
    """The order is cancelled while hands are at work; the vehicle then shows nothing of it any more."""
    draft = Draft(after(state, [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)]), NOW_S)
    at_work = {action.action_id: ActionStatus.RUNNING for action in order.actions}
    take_state(draft, roads, VAN_1, driving(order, len(order.path), actions=at_work))
    draft.emit(ev.OrderCancelling(order_id=order.id, why="a clerk stood before it"))
    take_state(draft, roads, VAN_1, driving(order, len(order.path), left=[], edges=[], actions={}, **said))
    assert draft.state.active_order(VAN_1) is None
    return draft.state


def test_a_cancel_while_a_lot_is_loaded_leaves_it_to_a_person(roads: SiteRoads, loading: FleetState) -> None:
    """It was planned again from the station while it was aboard."""
    state = cancelled_at_work(roads, loading, an_order(purpose=OrderPurpose.LOAD))
    assert {state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.ASSIST}
    assert state.twin(VAN_1).held


def test_a_cancel_while_parcels_are_handed_over_leaves_them_to_a_person(roads: SiteRoads) -> None:
    state = cancelled_at_work(roads, loaded(roads), an_order("n1", GOAL))
    assert {state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.ASSIST}


def test_a_cancel_before_hands_were_at_work_doubts_nothing_that_the_loads_show(roads: SiteRoads) -> None:
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    draft = Draft(after(state, [ev.OrderCancelling(order_id=order.id, why="closed")]), NOW_S)
    said = driving(order, 2, left=[], edges=[], actions={}, loads=(Load(load_id="run-1"),))
    take_state(draft, roads, VAN_1, said)
    assert draft.state.active_order(VAN_1) is None
    assert {draft.state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.VEHICLE}


def test_a_drop_that_failed_of_a_lot_that_is_no_longer_aboard_is_for_a_person_to_find(roads: SiteRoads) -> None:
    """It had been handed over by a copy of the order, and came back as returned though it lay at its point."""
    order = an_order("n1", GOAL)
    state = after(loaded(roads), [ev.OrderIssued(order=order), ev.OrderSeen(order_id=order.id, update_id=0)])
    draft = Draft(state, NOW_S)
    take_state(draft, roads, VAN_1, driving(order, 2, actions={"a-run-1": failed("nothing aboard")}, loads=()))
    assert {draft.state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.ASSIST}


def test_a_pick_of_parcels_that_wait_for_a_person_does_not_end_the_doubt(roads: SiteRoads, loading: FleetState) -> None:
    unsure = ev.ParcelsUnsure(run_id=RUN, parcel_ids=parcels_of("run-1"), assist_id=AssistId("assist-1"), why="a copy")
    state = done(roads, after(loading, [unsure]), an_order(purpose=OrderPurpose.LOAD), "loaded=3")
    assert {state.custody[parcel].kind for parcel in parcels_of("run-1")} == {CustodyKind.ASSIST}
    assert state.twin(VAN_1).held
