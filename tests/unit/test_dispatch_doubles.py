"""What came back goes out again under a new name, from where it lies; nothing else is taken in twice."""

from __future__ import annotations

import pytest

from fleet.dispatch.commands import CancelRun, SubmitRuns, perform
from fleet.errors import RefusedError
from fleet.model import event as ev
from fleet.model.custody import Custody, CustodyKind
from fleet.model.ids import ActionId, AssistId, ParcelId, RunId, StationId
from fleet.model.order import ActionKind, StopAction
from fleet.model.run import HandedOn, RunPhase
from fleet.model.trip import TripPhase
from fleet.orders.handover import doubt_hand_over
from fleet.roads.site_roads import SiteRoads
from fleet.state.archive import NO_PAST, Lying, Past, custody_counts
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState, RequestKey
from tests.nouns import (
    DEPOT,
    NOW_S,
    POINT_1,
    VAN_1,
    a_plan,
    a_request,
    a_run,
    a_trip,
    after,
    loaded,
    opened,
    parcels_of,
)

OLD, NEW = RunId("run-1"), RunId("again")
LOT = parcels_of(OLD)
AT_DEPOT = Custody(CustodyKind.STATION, DEPOT)


def handed_in(state: FleetState, roads: SiteRoads, *parcels: ParcelId, past: Past = NO_PAST) -> FleetState:
    """The state after these parcels were asked for in a new run."""
    draft = Draft(state, NOW_S)
    request = a_request(NEW, parcel_ids=parcels or LOT)
    perform(draft, roads, SubmitRuns(key="k", runs=(request,)), past)
    return draft.state


def requested(roads: SiteRoads) -> FleetState:
    return after(opened(roads), [ev.RunsAccepted(key="", digest="", runs=(a_run(),))])


def cancelled(roads: SiteRoads) -> FleetState:
    return after(requested(roads), [ev.RunCancelled(run_id=OLD, why="not wanted")])


def partly_returned(roads: SiteRoads) -> FleetState:
    """Two of three parcels were handed over, the last one came back."""
    handed_over = ev.ParcelsDelivered(
        run_id=OLD, vehicle_id=VAN_1, point_id=POINT_1, parcel_ids=LOT[:2], refused=LOT[2:], action_id=ActionId("a")
    )
    back = ev.ParcelsReturned(
        run_id=OLD, vehicle_id=VAN_1, station_id=DEPOT, parcel_ids=LOT[2:], action_id=ActionId("b"), why="refused"
    )
    return after(loaded(roads), [handed_over, back])


def test_parcels_of_a_cancelled_run_go_out_again_in_another(roads: SiteRoads) -> None:
    state = handed_in(cancelled(roads), roads)
    assert state.run(NEW).phase is RunPhase.REQUESTED
    assert state.run(OLD).handed_on == (HandedOn(from_run=OLD, to_run=NEW, parcel_ids=LOT),)
    assert state.run(OLD).parcel_ids == ()
    assert state.run(NEW).parcel_ids == LOT


def test_of_a_returned_run_only_what_came_back_goes_out_again(roads: SiteRoads) -> None:
    state = handed_in(partly_returned(roads), roads, LOT[2])
    assert state.run(OLD).parcel_ids == LOT[:2]
    assert custody_counts(state, state.run(OLD)) == {"point:p1": 2, f"run:{NEW}": 1}
    with pytest.raises(RefusedError, match=f"at point p1 in run {OLD}, which is returned"):
        handed_in(partly_returned(roads), roads, *LOT)


def test_parcels_go_out_again_from_where_they_lie(roads: SiteRoads) -> None:
    elsewhere = Past(parcels={LOT[0]: Lying(Custody(CustodyKind.STATION, StationId("north")), OLD)})
    with pytest.raises(RefusedError, match=r"lies at station north.*hand it in from there"):
        handed_in(opened(roads), roads, LOT[0], past=elsewhere)


def test_a_parcel_of_a_run_that_is_not_over_is_refused_with_its_place(roads: SiteRoads) -> None:
    with pytest.raises(RefusedError, match=f"at station depot in run {OLD}, which is requested"):
        handed_in(requested(roads), roads)
    with pytest.raises(RefusedError, match=f"aboard van-1 in run {OLD}, which is under_way"):
        handed_in(loaded(roads), roads)
    unsure = ev.ParcelsUnsure(run_id=OLD, parcel_ids=LOT, assist_id=AssistId("x"), why="?")
    with pytest.raises(RefusedError, match="nobody is sure"):
        handed_in(after(loaded(roads), [unsure]), roads)


def test_a_refused_lot_changes_nothing(roads: SiteRoads) -> None:
    state = cancelled(roads)
    with pytest.raises(RefusedError, match="known already"):
        perform(Draft(state, NOW_S), roads, SubmitRuns(key="", runs=(a_request(OLD, parcel_ids=LOT),)))
    draft = Draft(state, NOW_S)
    runs = (a_request(NEW, parcel_ids=LOT), a_request("other", parcel_ids=LOT[:1]))
    with pytest.raises(RefusedError, match=f"in run {NEW} already"):
        perform(draft, roads, SubmitRuns(key="k", runs=runs))
    assert draft.entries == []


def test_parcels_may_come_back_more_than_once(roads: SiteRoads) -> None:
    state = after(handed_in(cancelled(roads), roads), [ev.RunCancelled(run_id=NEW, why="not wanted either")])
    draft = Draft(state, NOW_S)
    perform(draft, roads, SubmitRuns(key="l", runs=(a_request("third", parcel_ids=LOT),)))
    assert draft.state.run(NEW).handed_on == (HandedOn(from_run=NEW, to_run=RunId("third"), parcel_ids=LOT),)
    assert draft.state.run(OLD).handed_on == (HandedOn(from_run=OLD, to_run=NEW, parcel_ids=LOT),)
    with pytest.raises(RefusedError, match="in run third, which is requested"):
        perform(draft, roads, SubmitRuns(key="m", runs=(a_request("fourth", parcel_ids=LOT),)))


def test_lots_of_two_runs_may_go_out_together(roads: SiteRoads) -> None:
    other = a_run("run-2")
    state = after(
        cancelled(roads),
        [ev.RunsAccepted(key="", digest="", runs=(other,)), ev.RunCancelled(run_id=other.id, why="")],
    )
    state = handed_in(state, roads, *LOT, *other.lot.parcel_ids)
    assert state.run(OLD).parcel_ids == state.run(other.id).parcel_ids == ()


def test_custody_follows_the_new_run_and_the_old_one_stays_as_it_ended(roads: SiteRoads) -> None:
    state = handed_in(partly_returned(roads), roads, LOT[2])
    trip = a_trip("trip-2", VAN_1, (POINT_1, [NEW]))
    handed_over = ev.ParcelsDelivered(
        run_id=NEW, vehicle_id=VAN_1, point_id=POINT_1, parcel_ids=(LOT[2],), refused=(), action_id=ActionId("d")
    )
    state = after(
        state,
        [
            ev.TripMoved(trip_id=a_trip().id, phase=TripPhase.CLOSED),
            ev.PlanAdopted(version=2, why="", plan=a_plan(trip)),
            ev.TripStarted(trip_id=trip.id, vehicle_id=VAN_1),
            ev.ParcelsLoaded(run_id=NEW, vehicle_id=VAN_1, parcel_ids=(LOT[2],), action_id=ActionId("c")),
        ],
    )
    assert state.twin(VAN_1).aboard == {NEW}
    state = after(state, [handed_over])
    assert state.run(NEW).phase is RunPhase.DELIVERED
    assert state.run(OLD).phase is RunPhase.RETURNED
    assert custody_counts(state, state.run(OLD)) == {"point:p1": 2, f"run:{NEW}": 1}
    assert state.twin(VAN_1).aboard == frozenset()


def test_what_an_old_order_may_have_taken_makes_the_later_run_unsure(roads: SiteRoads) -> None:
    """A late copy of the first run's loading reaches a van: the lot that it may have taken is the second run's now."""
    draft = Draft(handed_in(cancelled(roads), roads), NOW_S)
    pick = StopAction(action_id=ActionId("a"), kind=ActionKind.PICK, run_id=OLD, parcel_count=3)
    doubt_hand_over(draft, VAN_1, pick, "o-1 was over and came back")
    unsure = [entry.event for entry in draft.entries if isinstance(entry.event, ev.ParcelsUnsure)]
    assert [(event.run_id, event.parcel_ids) for event in unsure] == [(NEW, LOT)]
    assert draft.state.twin(VAN_1).held


# The past -------------------------------------------------------------------------------------------------------------


def test_a_name_that_was_used_long_ago_is_refused(roads: SiteRoads) -> None:
    with pytest.raises(RefusedError, match="known already"):
        handed_in(opened(roads), roads, past=Past(runs={NEW: RunPhase.DELIVERED}))


def test_a_key_that_was_used_long_ago_answers_as_it_did_then(roads: SiteRoads) -> None:
    command = SubmitRuns(key="k", runs=(a_request(NEW),))
    first = Draft(opened(roads), NOW_S)
    perform(first, roads, command)
    past = Past(keys={"k": RequestKey(first.state.keys["k"].digest, (NEW,))})
    draft = Draft(opened(roads), NOW_S)
    answer = perform(draft, roads, command, past)
    assert (answer.run_ids, answer.is_repeat, draft.entries) == ((NEW,), True, [])


def test_parcels_delivered_long_ago_are_refused_and_those_left_behind_go_out_again(roads: SiteRoads) -> None:
    delivered = Lying(Custody(CustodyKind.POINT, POINT_1), OLD)
    with pytest.raises(RefusedError, match=f"at point p1 in run {OLD}, which is delivered"):
        handed_in(opened(roads), roads, past=Past(runs={OLD: RunPhase.DELIVERED}, parcels={LOT[0]: delivered}))
    left = Past(runs={OLD: RunPhase.RETURNED}, parcels={parcel: Lying(AT_DEPOT, OLD) for parcel in LOT})
    state = handed_in(opened(roads), roads, past=left)
    assert state.run(NEW).parcel_ids == LOT


def test_an_archived_run_cannot_be_cancelled_any_more(roads: SiteRoads) -> None:
    draft = Draft(opened(roads), NOW_S)
    with pytest.raises(RefusedError, match="delivered; it can no longer be cancelled"):
        perform(draft, roads, CancelRun(OLD, "late"), Past(runs={OLD: RunPhase.DELIVERED}))
    assert perform(draft, roads, CancelRun(OLD, "late"), Past(runs={OLD: RunPhase.CANCELLED})).is_repeat
