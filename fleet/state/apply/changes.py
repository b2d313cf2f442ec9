"""What several appliers need: a state with one thing in it changed."""

from __future__ import annotations

from typing import Any

from fleet.model.change import replace
from fleet.model.custody import CUSTODY_LIFECYCLE, Custody, CustodyKind
from fleet.model.ids import ParcelId, TripId, VehicleId
from fleet.model.order import Order
from fleet.model.run import OPEN_PHASES, RUN_LIFECYCLE, RunPhase
from fleet.model.trip import TRIP_LIFECYCLE, TripPhase
from fleet.state.fleet_state import FleetState, RunView, Visit


def count(state: FleetState, kind: str) -> FleetState:
    return replace(state, counters=state.counters.set(kind, state.counters.get(kind, 0) + 1))


def with_twin(state: FleetState, vehicle_id: VehicleId, **changes: Any) -> FleetState:
    twin = replace(state.twin(vehicle_id), **changes)
    return replace(state, twins=state.twins.set(vehicle_id, twin))


def with_order(state: FleetState, order: Order) -> FleetState:
    return replace(state, orders=state.orders.set(order.id, order))


def with_room(state: FleetState, order: Order) -> FleetState:
    """With the order's vehicle among those that have room beside their lane, where it tells some or has leave."""
    has_room = bool(order.wide) or any(answer.holds_room for answer in state.twin(order.vehicle_id).answers)
    return replace(state, roomy=state.roomy.set(order.vehicle_id, None)) if has_room else state


def with_run(state: FleetState, view: RunView, phase: RunPhase | None = None, **changes: Any) -> FleetState:
    if phase is not None and phase is not view.phase:
        changes["phase"] = RUN_LIFECYCLE.move(view.phase, phase)
        if RUN_LIFECYCLE.is_final(phase):
            changes["ended_s"] = state.now_s
    view = replace(view, **changes)
    state = replace(state, runs=state.runs.set(view.run.id, view))
    if view.phase in OPEN_PHASES:
        return state
    open_runs = state.open_runs.delete(view.run.id) if view.run.id in state.open_runs else state.open_runs
    unassigned = state.unassigned.delete(view.run.id) if view.run.id in state.unassigned else state.unassigned
    return replace(state, open_runs=open_runs, unassigned=unassigned)


def with_trip_phase(state: FleetState, trip_id: TripId, phase: TripPhase, **changes: Any) -> FleetState:
    view = state.trip(trip_id)
    view = replace(view, phase=TRIP_LIFECYCLE.move(view.phase, phase), **changes)
    return replace(state, trips=state.trips.set(trip_id, view))


def with_custody(state: FleetState, parcels: tuple[ParcelId, ...], kind: CustodyKind, holder: str) -> FleetState:
    with_changes = state.custody.mutate()
    to = Custody(kind, holder)
    for parcel_id in parcels:
        CUSTODY_LIFECYCLE.move(with_changes[parcel_id].kind, kind)
        with_changes[parcel_id] = to
    return replace(state, custody=with_changes.finish())


def leave_plan(state: FleetState, vehicle_id: VehicleId, trip_id: TripId) -> FleetState:
    rest = tuple(planned for planned in state.planned.get(vehicle_id, ()) if planned != trip_id)
    return replace(state, planned=state.planned.set(vehicle_id, rest))


def without_run(state: FleetState, view: RunView) -> FleetState:
    """The run's planned trip without it; a trip left with nothing is withdrawn."""
    if view.trip_id is None or state.trip(view.trip_id).phase is not TripPhase.PLANNED:
        return state
    planned = state.trip(view.trip_id)
    stops = tuple(
        replace(stop, run_ids=tuple(run_id for run_id in stop.run_ids if run_id != view.run.id))
        for stop in planned.trip.stops
    )
    trip = replace(planned.trip, stops=tuple(stop for stop in stops if stop.run_ids))
    changed = replace(planned, trip=trip, visits_left=visits_of(trip.stops))
    state = replace(state, trips=state.trips.set(trip.id, changed))
    if trip.stops:
        return state
    state = leave_plan(state, trip.vehicle_id, trip.id)
    return with_trip_phase(state, trip.id, TripPhase.WITHDRAWN, closed_s=state.now_s)


def visits_of(stops: tuple[Any, ...]) -> tuple[Visit, ...]:
    return tuple(Visit(stop.point_id, stop.run_ids) for stop in stops)
