"""What has been over for long leaves the state: all of it together, and nothing that anybody still needs."""

from __future__ import annotations

import msgspec

from fleet.controller.turn import Due
from fleet.journal.rows import changed_rows
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import ActionId, AssistId, PointId, RunId, TripId
from fleet.model.order import OrderPhase, OrderPurpose
from fleet.model.run import Run
from fleet.model.trip import TripPhase
from fleet.roads.site_roads import SiteRoads
from fleet.state.archive import RUNS_AT_ONCE, ArchivedRun, ArchivedTrip, archive_ended
from fleet.state.attention import raise_assist
from fleet.state.draft import Draft
from fleet.state.fleet_state import ARCHIVED, FleetState
from tests.month import month
from tests.nouns import (
    DEPOT,
    NOW_S,
    POINT_1,
    POINT_2,
    VAN_1,
    VAN_2,
    Office,
    a_plan,
    a_run,
    a_trip,
    after,
    an_order,
    loaded,
    opened,
    parcels_of,
)

RUN, TRIP = RunId("run-1"), TripId("trip-1")
KEEP_S = 3600.0
LATER_S = NOW_S + KEEP_S


def delivered(roads: SiteRoads, *, refused: int = 0) -> FleetState:
    """Van 1 has handed the run over and is on its way home, in its trip."""
    lot = a_run().lot.parcel_ids
    event = ev.ParcelsDelivered(
        run_id=RUN,
        vehicle_id=VAN_1,
        point_id=POINT_1,
        parcel_ids=lot[refused:],
        refused=lot[:refused],
        action_id=ActionId("a"),
    )
    return after(loaded(roads), [event])


def home(state: FleetState) -> FleetState:
    return after(state, [ev.TripMoved(trip_id=TRIP, phase=TripPhase.CLOSED)])


def returned(*parcels: str, why: str = "nobody was there") -> ev.ParcelsReturned:
    lot = tuple(p for p in parcels_of(RUN) if not parcels or p in parcels)
    return ev.ParcelsReturned(
        run_id=RUN, vehicle_id=VAN_1, station_id=DEPOT, parcel_ids=lot, action_id=ActionId("b"), why=why
    )


def archived(state: FleetState, at_s: float = LATER_S) -> tuple[FleetState, ev.RunsArchived | None]:
    draft = Draft(state, at_s)
    archive_ended(draft, KEEP_S)
    events = [entry.event for entry in draft.entries if isinstance(entry.event, ev.RunsArchived)]
    assert len(draft.entries) == len(events) <= 1
    return draft.state, events[0] if events else None


def test_a_run_leaves_with_its_parcels_its_trip_and_its_key(roads: SiteRoads) -> None:
    run = ev.RunsAccepted(key="k", digest="d", runs=(a_run("run-2"),))
    state = after(home(delivered(roads)), [run, ev.RunCancelled(run_id=RunId("run-2"), why="not wanted")])
    state, event = archived(state)
    assert event == ev.RunsArchived(run_ids=(RUN, RunId("run-2")), trip_ids=(TRIP,), keys=("k",))
    assert not any((state.runs, state.trips, state.custody, state.keys))
    assert state.counters[ARCHIVED] == 2


def test_a_run_stays_until_it_has_been_over_for_long_enough(roads: SiteRoads) -> None:
    assert archived(home(delivered(roads)), LATER_S - 1.0)[1] is None


def test_a_run_that_waits_never_leaves_however_old_it_is(roads: SiteRoads) -> None:
    state = after(opened(roads), [ev.RunsAccepted(key="k", digest="d", runs=(a_run(),))])
    assert archived(state, NOW_S + 1e9) == (state, None)


def test_a_run_of_a_trip_that_is_still_under_way_stays(roads: SiteRoads) -> None:
    assert archived(delivered(roads))[1] is None


def test_a_run_with_a_parcel_aboard_or_missing_stays(roads: SiteRoads) -> None:
    assert archived(home(delivered(roads, refused=1)))[1] is None
    unsure = ev.ParcelsUnsure(run_id=RUN, parcel_ids=parcels_of(RUN)[:1], assist_id=AssistId("x"), why="?")
    state = after(delivered(roads, refused=2), [unsure, returned(parcels_of(RUN)[1])])
    assert archived(home(state))[1] is None


def test_a_run_for_which_a_person_is_called_stays_until_that_is_settled(roads: SiteRoads) -> None:
    draft = Draft(home(delivered(roads)), NOW_S)
    assist_id = raise_assist(draft, AssistCause.NO_STAFF, f"run:{RUN}", "")
    state, event = archived(draft.state)
    assert event is None
    settled = ev.AssistResolved(assist_id=assist_id, cause=AssistCause.NO_STAFF, resolution="seen to")
    assert archived(after(state, [settled]))[1] is not None


def test_a_run_of_an_order_of_which_a_late_copy_could_still_be_driven_stays(roads: SiteRoads) -> None:
    order = an_order("x", runs=[RUN], purpose=OrderPurpose.LOAD, trip_id=None)
    state = after(
        opened(roads),
        [
            ev.RunsAccepted(key="", digest="", runs=(a_run(),)),
            ev.RunCancelled(run_id=RUN, why="not wanted"),
            ev.OrderIssued(order=order),
            ev.OrderEnded(order_id=order.id, phase=OrderPhase.REJECTED, why="no"),
        ],
    )
    assert archived(state)[1] is None


def test_a_trip_stays_as_long_as_one_of_its_runs(roads: SiteRoads) -> None:
    runs = (a_run("run-1"), a_run("run-2", POINT_2))
    trip = a_trip("trip-1", VAN_1, (POINT_1, ["run-1"]), (POINT_2, ["run-2"]))
    state = after(
        opened(roads),
        [
            ev.RunsAccepted(key="", digest="", runs=runs),
            ev.PlanAdopted(version=1, why="", plan=a_plan(trip)),
            ev.TripStarted(trip_id=TRIP, vehicle_id=VAN_1),
            *(loaded_event(run) for run in runs),
            ev.TripMoved(trip_id=TRIP, phase=TripPhase.UNDER_WAY),
            dropped(runs[0], POINT_1),
            ev.ParcelsUnsure(run_id=runs[1].id, parcel_ids=runs[1].lot.parcel_ids, assist_id=AssistId("x"), why="?"),
            ev.TripMoved(trip_id=TRIP, phase=TripPhase.CLOSED),
        ],
    )
    assert archived(state, NOW_S + 1e6)[1] is None


def loaded_event(run: Run) -> ev.ParcelsLoaded:
    return ev.ParcelsLoaded(run_id=run.id, vehicle_id=VAN_1, parcel_ids=run.lot.parcel_ids, action_id=ActionId("a"))


def dropped(run: Run, point: PointId) -> ev.ParcelsDelivered:
    return ev.ParcelsDelivered(
        run_id=run.id,
        vehicle_id=VAN_1,
        point_id=point,
        parcel_ids=run.lot.parcel_ids,
        refused=(),
        action_id=ActionId("a"),
    )


def test_a_run_leaves_with_the_last_trip_that_names_it(roads: SiteRoads) -> None:
    """It was not loaded in its first trip, which had nothing else to do, and was delivered by the second."""
    first = [
        ev.RunsAccepted(key="", digest="", runs=(a_run(),)),
        ev.PlanAdopted(version=1, why="", plan=a_plan(a_trip("trip-0", VAN_2))),
        ev.TripStarted(trip_id=TripId("trip-0"), vehicle_id=VAN_2),
        ev.RunReleased(run_id=RUN, why="it was not loaded"),
        ev.TripMoved(trip_id=TripId("trip-0"), phase=TripPhase.CLOSED),
    ]
    second = [
        ev.PlanAdopted(version=2, why="", plan=a_plan(a_trip())),
        ev.TripStarted(trip_id=TRIP, vehicle_id=VAN_1),
        loaded_event(a_run()),
        ev.TripMoved(trip_id=TRIP, phase=TripPhase.UNDER_WAY),
        dropped(a_run(), POINT_1),
    ]
    state = after(after(opened(roads), first), second)
    state, event = archived(state)
    assert event == ev.RunsArchived(run_ids=(), trip_ids=(TripId("trip-0"),), keys=())
    assert archived(home(state))[1] == ev.RunsArchived(run_ids=(RUN,), trip_ids=(TRIP,), keys=())


def test_no_turn_archives_more_than_a_little_and_says_that_there_is_more(roads: SiteRoads) -> None:
    names = [f"r-{i:03d}" for i in range(2 * RUNS_AT_ONCE + 1)]
    state = after(
        opened(roads),
        [
            ev.RunsAccepted(key="", digest="", runs=tuple(a_run(name, parcels=1) for name in names)),
            *(ev.RunCancelled(run_id=RunId(name), why="") for name in names),
        ],
    )
    turns = []
    is_more = True
    while is_more:
        draft = Draft(state, LATER_S)
        is_more = archive_ended(draft, KEEP_S)
        turns.append(len(state.runs) - len(draft.state.runs))
        state = draft.state
    assert turns == [RUNS_AT_ONCE, RUNS_AT_ONCE, 1]


def test_what_ended_in_this_very_turn_stays_for_a_later_one(roads: SiteRoads) -> None:
    """Its last rows are written of the state before the turn."""
    draft = Draft(delivered(roads), NOW_S)
    draft.emit(ev.TripMoved(trip_id=TRIP, phase=TripPhase.CLOSED))
    archive_ended(draft, 0.0)
    assert draft.state.runs


def test_the_controllers_turn_archives_when_it_is_due(roads: SiteRoads) -> None:
    office = Office(roads, home(delivered(roads)))
    office.turn(after_s=roads.site.policy.keep_ended_s + 1.0)
    assert office.state.runs
    office.turn(due=Due(archiving=True))
    assert not office.state.runs


def test_the_rows_of_what_left_hold_all_of_it(roads: SiteRoads) -> None:
    state = home(delivered(roads))
    _, event = archived(state)
    assert event is not None
    tables = changed_rows(state, after(state, [event]), [event])
    [run], [trip] = tables["run"], tables["trip"]
    whole = msgspec.json.decode(str(run["archived"]), type=ArchivedRun)
    assert whole == ArchivedRun(state.run(RUN), {"point:p1": 3}, VAN_1)
    assert msgspec.json.decode(str(trip["archived"]), type=ArchivedTrip) == ArchivedTrip(state.trip(TRIP), 3)
    assert "custody" not in tables, "what became of the parcels stays as it is written"


def test_a_month_of_days_leaves_no_larger_state_than_two_of_them() -> None:
    days = [state for state, _ in month(6, 8, 5, keep_s=KEEP_S * 24)]
    sizes = [(len(s.runs), len(s.custody), len(s.trips), len(s.keys)) for s in days]
    assert sizes[1:] == [sizes[1]] * 5
    assert days[-1].counters[ARCHIVED] + len(days[-1].runs) == 6 * 8
