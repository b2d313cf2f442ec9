"""Events of the area and its runs."""

from __future__ import annotations

from fleet.model import event as ev
from fleet.model.change import replace
from fleet.model.custody import Custody, CustodyKind
from fleet.model.run import RunPhase
from fleet.model.twin import Twin
from fleet.state.apply.changes import with_run, without_run
from fleet.state.apply.registry import on
from fleet.state.fleet_state import ARCHIVED, ARCHIVED_LATE, FleetState, RequestKey, RunView, Visit


@on(ev.AreaOpened)
def _area_opened(state: FleetState, event: ev.AreaOpened, now_s: float) -> FleetState:
    return replace(state, token=state.token or event.token, epoch=event.epoch, map_sha256=event.map_sha256)


@on(ev.VehicleEnrolled)
def _vehicle_enrolled(state: FleetState, event: ev.VehicleEnrolled, now_s: float) -> FleetState:
    known = state.twins.get(event.vehicle.id)
    twin = Twin(vehicle=event.vehicle) if known is None else replace(known, vehicle=event.vehicle)
    return replace(state, twins=state.twins.set(event.vehicle.id, twin))


@on(ev.RunsAccepted)
def _runs_accepted(state: FleetState, event: ev.RunsAccepted, now_s: float) -> FleetState:
    runs, open_runs, custody = state.runs.mutate(), state.open_runs.mutate(), state.custody.mutate()
    for run in event.runs:
        runs[run.id] = RunView(run=run, accepted_s=now_s)
        open_runs[run.id] = None
        at_station = Custody(CustodyKind.STATION, run.station_id)
        for parcel_id in run.lot.parcel_ids:
            custody[parcel_id] = at_station
    for handed in event.again:
        if (earlier := runs.get(handed.from_run)) is not None:  # it may be archived
            runs[handed.from_run] = replace(earlier, handed_on=(*earlier.handed_on, handed))
    state = replace(state, runs=runs.finish(), open_runs=open_runs.finish(), custody=custody.finish())
    counters = state.counters.set("run", state.counters.get("run", 0) + len(event.runs))
    state = replace(state, counters=counters)
    if not event.key:
        return state
    return replace(state, keys=state.keys.set(event.key, RequestKey(event.digest, tuple(r.id for r in event.runs))))


@on(ev.RunsArchived)
def _runs_archived(state: FleetState, event: ev.RunsArchived, now_s: float) -> FleetState:
    runs, trips = state.runs.mutate(), state.trips.mutate()
    custody, keys, counters = state.custody.mutate(), state.keys.mutate(), state.counters.mutate()
    for run_id in event.run_ids:
        view = runs.pop(run_id)
        for parcel_id in view.parcel_ids:
            del custody[parcel_id]
        if view.delivered_s is not None and view.delivered_s > view.run.due_s:
            counters[ARCHIVED_LATE] = counters.get(ARCHIVED_LATE, 0) + 1
    for trip_id in event.trip_ids:
        del trips[trip_id]
    for key in event.keys:
        del keys[key]
    counters[ARCHIVED] = counters.get(ARCHIVED, 0) + len(event.run_ids)
    return replace(
        state,
        runs=runs.finish(),
        trips=trips.finish(),
        custody=custody.finish(),
        keys=keys.finish(),
        counters=counters.finish(),
    )


@on(ev.RunCancelled)
def _run_cancelled(state: FleetState, event: ev.RunCancelled, now_s: float) -> FleetState:
    view = state.run(event.run_id)
    state = without_run(state, view)
    return with_run(state, view, RunPhase.CANCELLED, trip_id=None, cause=event.why)


@on(ev.RunRecalled)
def _run_recalled(state: FleetState, event: ev.RunRecalled, now_s: float) -> FleetState:
    view = state.run(event.run_id)
    state = with_run(state, view, recalled=event.why, cause=event.why)
    if view.trip_id is None:
        return state
    trip = state.trip(view.trip_id)
    visits = (Visit(v.point_id, tuple(r for r in v.run_ids if r != event.run_id)) for v in trip.visits_left)
    left = tuple(visit for visit in visits if visit.run_ids)
    return replace(state, trips=state.trips.set(trip.trip.id, replace(trip, visits_left=left)))


@on(ev.RunReleased)
def _run_released(state: FleetState, event: ev.RunReleased, now_s: float) -> FleetState:
    view = state.run(event.run_id)
    state = without_run(state, view)
    return with_run(state, view, RunPhase.REQUESTED, trip_id=None)
