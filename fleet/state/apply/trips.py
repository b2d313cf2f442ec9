"""Events of plans, trips, bays and chargers."""

from __future__ import annotations

from immutables import Map

from fleet.model import event as ev
from fleet.model.change import replace
from fleet.model.ids import TripId, VehicleId
from fleet.model.run import RUN_LIFECYCLE, RunPhase
from fleet.model.trip import TripPhase
from fleet.state.apply.changes import leave_plan, visits_of, with_run, with_trip_phase, with_twin
from fleet.state.apply.registry import on
from fleet.state.fleet_state import FleetState, TripView, Visit


@on(ev.PlanAdopted)
def _plan_adopted(state: FleetState, event: ev.PlanAdopted, now_s: float) -> FleetState:
    trips, runs = state.trips.mutate(), state.runs.mutate()
    for trip_ids in state.planned.values():
        for trip_id in trip_ids:
            for run_id in trips[trip_id].trip.run_ids:
                runs[run_id] = replace(runs[run_id], phase=RunPhase.REQUESTED, trip_id=None)
            del trips[trip_id]
    by_vehicle: dict[VehicleId, list[TripId]] = {}
    for trip in sorted(event.plan.trips, key=lambda trip: (trip.load_from_s, trip.id)):
        trips[trip.id] = TripView(trip=trip, visits_left=visits_of(trip.stops))
        by_vehicle.setdefault(trip.vehicle_id, []).append(trip.id)
        for run_id in trip.run_ids:
            phase = RUN_LIFECYCLE.move(runs[run_id].phase, RunPhase.ASSIGNED)
            runs[run_id] = replace(runs[run_id], phase=phase, trip_id=trip.id)
    known = {trip.id for trip in event.plan.trips} - set(state.trips)
    return replace(
        state,
        trips=trips.finish(),
        runs=runs.finish(),
        planned=Map({vehicle_id: tuple(trip_ids) for vehicle_id, trip_ids in by_vehicle.items()}),
        plan_version=event.version,
        plan_cost=event.plan.cost,
        plan_made_by=event.plan.made_by,
        unassigned=Map({unassigned.run_id: unassigned for unassigned in event.plan.unassigned}),
        counters=state.counters.set("trip", state.counters.get("trip", 0) + len(known)),
    )


@on(ev.PlanRefused)
def _plan_refused(state: FleetState, event: ev.PlanRefused, now_s: float) -> FleetState:
    return state


@on(ev.TripStarted)
def _trip_started(state: FleetState, event: ev.TripStarted, now_s: float) -> FleetState:
    state = leave_plan(state, event.vehicle_id, event.trip_id)
    state = with_trip_phase(state, event.trip_id, TripPhase.LOADING, started_s=now_s)
    for run_id in state.trip(event.trip_id).trip.run_ids:
        state = with_run(state, state.run(run_id), RunPhase.LOADING)
    return with_twin(state, event.vehicle_id, trip_id=event.trip_id)


@on(ev.TripMoved)
def _trip_moved(state: FleetState, event: ev.TripMoved, now_s: float) -> FleetState:
    if event.phase is TripPhase.UNDER_WAY:
        return with_trip_phase(state, event.trip_id, event.phase, departed_s=now_s)
    if event.phase is not TripPhase.CLOSED:
        return with_trip_phase(state, event.trip_id, event.phase)
    state = with_trip_phase(state, event.trip_id, event.phase, closed_s=now_s, visits_left=())
    return with_twin(state, state.trip(event.trip_id).trip.vehicle_id, trip_id=None)


@on(ev.StopDone)
def _stop_done(state: FleetState, event: ev.StopDone, now_s: float) -> FleetState:
    view = state.trip(event.trip_id)
    left = view.visits_left[1:]
    if event.deferred:
        left = (*left, Visit(event.point_id, event.deferred))
    state = replace(state, trips=state.trips.set(event.trip_id, replace(view, visits_left=left)))
    for run_id in (*event.deferred, *event.given_up):
        run = state.run(run_id)
        state = with_run(state, run, attempts=run.attempts + 1, cause=event.why)
    return state


@on(ev.Reserved)
def _reserved(state: FleetState, event: ev.Reserved, now_s: float) -> FleetState:
    holders = (*state.reservations.get(event.resource, ()), event.vehicle_id)
    return replace(state, reservations=state.reservations.set(event.resource, holders))


@on(ev.Freed)
def _freed(state: FleetState, event: ev.Freed, now_s: float) -> FleetState:
    holders = tuple(v for v in state.reservations.get(event.resource, ()) if v != event.vehicle_id)
    return replace(state, reservations=state.reservations.set(event.resource, holders))
