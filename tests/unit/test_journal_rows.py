"""What people query says what the state says."""

from __future__ import annotations

from fleet.dispatch.commands import CancelRun, perform
from fleet.dispatch.settle import SettleParcels, unsure
from fleet.journal.rows import changed_rows
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.custody import CustodyKind
from fleet.model.ids import ActionId, RunId
from fleet.roads.site_roads import SiteRoads
from fleet.state.attention import raise_assist, resolve_assist
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState
from tests.nouns import NOW_S, POINT_1, VAN_1, VAN_2, a_plan, a_run, a_trip, after, loaded, opened, parcels_of

Tables = dict[str, list[dict[str, object]]]


def rows_of(before: FleetState, draft: Draft) -> Tables:
    found = changed_rows(before, draft.state, [entry.event for entry in draft.entries])
    return {name: [dict(row) for row in rows] for name, rows in found.items()}


def written(before: FleetState, *events: ev.Event) -> Tables:
    draft = Draft(before, NOW_S)
    for event in events:
        draft.emit(event)
    return rows_of(before, draft)


def planned(roads: SiteRoads) -> FleetState:
    return after(
        opened(roads),
        [
            ev.RunsAccepted(key="", digest="", runs=(a_run(),)),
            ev.PlanAdopted(version=1, why="", plan=a_plan(a_trip())),
        ],
    )


def test_what_nobody_queries_writes_no_rows(two_vans: FleetState) -> None:
    assert written(two_vans, ev.VehicleHeld(vehicle_id=VAN_1, why="")) == {}


def test_an_accepted_run_stands_there_with_its_parcels(two_vans: FleetState) -> None:
    tables = written(two_vans, ev.RunsAccepted(key="", digest="", runs=(a_run(),)))
    assert [(row["run_id"], row["phase"]) for row in tables["run"]] == [("run-1", "requested")]
    assert [row["parcel_id"] for row in tables["custody"]] == list(parcels_of("run-1"))


def test_a_new_plan_shows_its_trips_and_withdraws_those_it_dropped(roads: SiteRoads) -> None:
    tables = written(planned(roads), ev.PlanAdopted(version=2, why="", plan=a_plan(a_trip("trip-2", VAN_2))))
    assert {row["trip_id"]: row["phase"] for row in tables["trip"]} == {"trip-1": "withdrawn", "trip-2": "planned"}
    assert [row["trip_id"] for row in tables["run"]] == ["trip-2"]


def test_a_trip_that_began_shows_its_runs_being_loaded(roads: SiteRoads) -> None:
    tables = written(planned(roads), ev.TripStarted(trip_id=a_trip().id, vehicle_id=VAN_1))
    assert [row["phase"] for row in (*tables["trip"], *tables["run"])] == ["loading", "loading"]


def test_a_trip_withdrawn_because_its_only_run_was_cancelled_says_so(roads: SiteRoads) -> None:
    before = planned(roads)
    draft = Draft(before, NOW_S)
    perform(draft, roads, CancelRun(RunId("run-1"), "not wanted"))
    tables = rows_of(before, draft)
    assert [row["phase"] for row in tables["run"]] == ["cancelled"]
    assert [(row["trip_id"], row["phase"]) for row in tables["trip"]] == [("trip-1", "withdrawn")]


def test_a_delivery_shows_where_each_parcel_is(roads: SiteRoads) -> None:
    one, two, three = parcels_of("run-1")
    tables = written(
        loaded(roads),
        ev.ParcelsDelivered(
            run_id=RunId("run-1"),
            vehicle_id=VAN_1,
            point_id=POINT_1,
            parcel_ids=(one, three),
            refused=(two,),
            action_id=ActionId("a"),
        ),
    )
    assert [(row["parcel_id"], row["holder"]) for row in tables["custody"]] == [(one, "p1"), (three, "p1")]
    assert [row["phase"] for row in tables["run"]] == ["partly_delivered"]


def test_a_settlement_shows_where_each_parcel_is(roads: SiteRoads) -> None:
    draft = Draft(loaded(roads), NOW_S)
    unsure(draft, RunId("run-1"), parcels_of("run-1"), "no outcome")
    before = draft.state
    later = Draft(before, NOW_S + 60.0)
    perform(later, roads, SettleParcels(run_id=RunId("run-1"), at=CustodyKind.MISSING, why="gone"))
    tables = rows_of(before, later)
    assert {row["kind"] for row in tables["custody"]} == {"missing"}
    assert [(row["phase"], row["cause"]) for row in tables["run"]] == [("lost", "3 parcels missing: gone")]
    assert [row["resolution"] for row in tables["assist"]] == ["settled: gone"]


def test_an_assist_raised_and_resolved_in_one_turn_shows_both(two_vans: FleetState) -> None:
    draft = Draft(two_vans, NOW_S)
    raise_assist(draft, AssistCause.BLOCKED, "vehicle:van-1", "x")
    resolve_assist(draft, AssistCause.BLOCKED, "vehicle:van-1", "gone")
    [row] = rows_of(two_vans, draft)["assist"]
    assert (row["raised_s"], row["resolved_s"], row["resolution"]) == (NOW_S, NOW_S, "gone")


def test_an_assist_resolved_later_keeps_what_it_was_about(two_vans: FleetState) -> None:
    draft = Draft(two_vans, NOW_S)
    raise_assist(draft, AssistCause.BLOCKED, "vehicle:van-1", "cannot enter Mill Lane")
    later = Draft(draft.state, NOW_S + 60.0)
    resolve_assist(later, AssistCause.BLOCKED, "vehicle:van-1", "gone")
    [row] = rows_of(draft.state, later)["assist"]
    assert (row["detail"], row["resolved_s"]) == ("cannot enter Mill Lane", NOW_S + 60.0)


def test_a_person_is_called_once_for_one_thing(two_vans: FleetState) -> None:
    draft = Draft(two_vans, NOW_S)
    first = raise_assist(draft, AssistCause.BLOCKED, "vehicle:van-1", "x")
    assert raise_assist(draft, AssistCause.BLOCKED, "vehicle:van-1", "y") == first
    assert len(draft.state.assists) == 1
