"""Plans become the fleet's plan: at once when something happened, and later only for a gain that is worth it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleet.dispatch.commands import HoldVehicle, SubmitRuns, perform
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import PointId, RunId, TripId
from fleet.model.run import RunPhase
from fleet.model.trip import Plan
from fleet.model.twin import Liveness
from fleet.planning.adopt import consider, replan
from fleet.planning.present import predicted_return_s, problem_of
from fleet.roads.site_roads import SiteRoads
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from tests.nouns import NOW_S, POINT_1, POINT_2, VAN_1, VAN_2, a_plan, a_request, after, loaded

LATER_S = NOW_S + 3600.0


def asked(roads: SiteRoads, state: FleetState, *points: PointId) -> Draft:
    """Runs to these points came in, ready in an hour, and were planned."""
    draft = Draft(state, NOW_S)
    runs = tuple(
        a_request(f"r-{n}", point, ready_s=LATER_S, due_s=LATER_S + 5400.0) for n, point in enumerate(points, start=1)
    )
    perform(draft, roads, SubmitRuns(key="", runs=runs))
    replan(draft, roads, 0)
    return draft


def present_plan(draft: Draft) -> Plan:
    trips = [view.trip for vehicle_id in (VAN_1, VAN_2) for view in draft.state.planned_trips(vehicle_id)]
    return replace(a_plan(*trips), made_by="solver")


def test_every_run_that_can_be_served_is_in_a_trip(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = asked(roads, two_vans, POINT_1, POINT_2)
    assert {view.phase for view in draft.state.runs.values()} == {RunPhase.ASSIGNED}


def test_a_plan_that_says_nothing_new_is_not_adopted_again(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = asked(roads, two_vans, POINT_1, POINT_2)
    before = len(draft.entries)
    assert replan(draft, roads, 0) is None
    assert len(draft.entries) == before


def test_announced_trips_keep_their_name_when_a_run_comes_in(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = asked(roads, two_vans, POINT_1)
    known = {trip.id for trip in present_plan(draft).trips}
    perform(
        draft, roads, SubmitRuns(key="", runs=(a_request("r-9", ready_s=LATER_S + 7200.0, due_s=LATER_S + 14400.0),))
    )
    replan(draft, roads, 0)
    assert known <= {trip.id for trip in present_plan(draft).trips}


def test_an_answer_that_gains_nothing_is_refused_and_that_is_noted(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = asked(roads, two_vans, POINT_1, POINT_2)
    assert not consider(draft, roads, present_plan(draft), 0.01)
    assert isinstance(draft.entries[-1].event, ev.PlanRefused)


def test_an_answer_about_a_vehicle_that_is_held_since_brings_nothing_back_to_it(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    draft = asked(roads, two_vans, POINT_1, POINT_2)
    answer = present_plan(draft)
    for vehicle_id in {trip.vehicle_id for trip in answer.trips}:
        perform(draft, roads, HoldVehicle(vehicle_id, "flat tyre"))
    replan(draft, roads, 0)
    consider(draft, roads, answer, 0.0)
    assert [trip for trip in present_plan(draft).trips if draft.state.twin(trip.vehicle_id).held] == []


def test_an_answer_with_runs_that_have_gone_since_is_taken_without_them_or_refused(
    roads: SiteRoads, two_vans: FleetState
) -> None:
    draft = asked(roads, two_vans, POINT_1, POINT_2)
    answer = present_plan(draft)
    draft.emit(ev.RunCancelled(run_id=RunId("r-1"), why=""))
    consider(draft, roads, answer, -1.0)
    assert RunId("r-1") not in [run_id for trip in present_plan(draft).trips for run_id in trip.run_ids]
    assert draft.state.run(RunId("r-1")).phase is RunPhase.CANCELLED


def test_trips_of_an_answer_get_names_that_were_never_used(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = asked(roads, two_vans, POINT_1, POINT_2)
    used = set(draft.state.trips)
    answer = present_plan(draft)
    renamed = replace(answer, trips=tuple(replace(t, id=TripId("proposed-1")) for t in answer.trips[:1]))
    consider(draft, roads, renamed, -10.0)
    fresh = {trip.id for trip in present_plan(draft).trips} - used
    assert "proposed-1" not in fresh


@pytest.mark.parametrize(
    "told",
    [
        ev.LivenessChanged(vehicle_id=VAN_1, liveness=Liveness.LOST),
        ev.ConditionChanged(vehicle_id=VAN_1, mode="", is_stopped=False, is_paused=False, fatal=()),
        ev.ConditionChanged(vehicle_id=VAN_1, mode="MANUAL", is_stopped=False, is_paused=False, fatal=()),
        ev.VehicleHeld(vehicle_id=VAN_1, why="flat tyre"),
    ],
    ids=["lost", "never heard", "manual", "held"],
)
def test_nothing_is_planned_for_a_vehicle_that_is_not_in_service(
    roads: SiteRoads, two_vans: FleetState, told: ev.Event
) -> None:
    draft = asked(roads, after(two_vans, [told]), POINT_1, POINT_2)
    assert draft.state.planned_trips(VAN_1) == ()
    assert draft.state.planned_trips(VAN_2) != ()


def test_a_run_that_no_vehicle_can_ever_take_calls_a_person(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = Draft(two_vans, NOW_S)
    perform(draft, roads, SubmitRuns(key="", runs=(a_request("r-1", mass_kg=5000.0),)))
    replan(draft, roads, 0)
    assert [assist.cause for assist in draft.state.assists.values()] == [AssistCause.RUN_UNSERVED]


# The present ----------------------------------------------------------------------------------------------------------


def test_a_vehicle_at_its_station_is_there_now(roads: SiteRoads, two_vans: FleetState) -> None:
    tables = roads.tables(frozenset())
    assert predicted_return_s(two_vans, roads, tables, two_vans.twin(VAN_1), NOW_S) == NOW_S


def test_a_vehicle_under_way_is_back_after_its_visits_and_the_drive_home(roads: SiteRoads) -> None:
    state = loaded(roads)
    tables = roads.tables(frozenset())
    back_s = predicted_return_s(state, roads, tables, state.twin(VAN_1), NOW_S)
    there, home = tables.rows[f"point:{POINT_1}"], tables.rows["station:depot"]
    drive_s = tables.durations_s[0][home, there] + tables.durations_s[0][there, home]
    assert back_s - NOW_S >= drive_s + roads.site.points[POINT_1].service_s(3)


def test_what_is_aboard_is_not_planned_again(roads: SiteRoads) -> None:
    assert problem_of(loaded(roads), roads, NOW_S).runs == ()


def test_a_bay_that_is_held_is_not_free_in_the_plan(roads: SiteRoads, two_vans: FleetState) -> None:
    state = after(two_vans, [ev.Reserved(resource="bay:depot", vehicle_id=VAN_1)])
    [station] = problem_of(state, roads, NOW_S).stations
    assert len(station.bays_held) == 1


def test_planned_trips_are_where_the_planner_begins(roads: SiteRoads, two_vans: FleetState) -> None:
    draft = asked(roads, two_vans, POINT_1)
    assert problem_of(draft.state, roads, NOW_S).incumbent == present_plan(draft).trips
