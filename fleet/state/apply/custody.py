"""Events of parcels."""

from __future__ import annotations

from fleet.model import event as ev
from fleet.model.change import replace
from fleet.model.custody import CustodyKind
from fleet.model.ids import RunId, VehicleId
from fleet.model.run import OPEN_PHASES, RunPhase, phase_by_custody
from fleet.state.apply.changes import with_custody, with_run, with_twin
from fleet.state.apply.registry import on
from fleet.state.fleet_state import FleetState, RunView, Settlement


def _aboard(state: FleetState, vehicle_id: VehicleId, run_id: RunId, *, is_aboard: bool) -> FleetState:
    aboard = state.twin(vehicle_id).aboard
    return with_twin(state, vehicle_id, aboard=aboard | {run_id} if is_aboard else aboard - {run_id})


@on(ev.ParcelsLoaded)
def _parcels_loaded(state: FleetState, event: ev.ParcelsLoaded, now_s: float) -> FleetState:
    state = with_custody(state, event.parcel_ids, CustodyKind.VEHICLE, event.vehicle_id)
    state = with_run(state, state.run(event.run_id), RunPhase.UNDER_WAY)
    return _aboard(state, event.vehicle_id, event.run_id, is_aboard=True)


@on(ev.ParcelsDelivered)
def _parcels_delivered(state: FleetState, event: ev.ParcelsDelivered, now_s: float) -> FleetState:
    state = with_custody(state, event.parcel_ids, CustodyKind.POINT, event.point_id)
    view = state.run(event.run_id)
    phase = _phase(state, view, RunPhase.PARTLY_DELIVERED if event.refused else RunPhase.DELIVERED)
    count = view.delivered_count + len(event.parcel_ids)
    cause = "" if phase is RunPhase.DELIVERED else view.cause
    state = with_run(state, view, phase, delivered_s=now_s, delivered_count=count, refused=event.refused, cause=cause)
    return _aboard(state, event.vehicle_id, event.run_id, is_aboard=bool(event.refused))


@on(ev.ParcelsReturned)
def _parcels_returned(state: FleetState, event: ev.ParcelsReturned, now_s: float) -> FleetState:
    state = with_custody(state, event.parcel_ids, CustodyKind.STATION, event.station_id)
    view = state.run(event.run_id)
    state = with_run(state, view, _phase(state, view, RunPhase.RETURNED), cause=event.why)
    return _aboard(state, event.vehicle_id, event.run_id, is_aboard=False)


@on(ev.ParcelsUnsure)
def _parcels_unsure(state: FleetState, event: ev.ParcelsUnsure, now_s: float) -> FleetState:
    holders = {state.custody[parcel_id].holder for parcel_id in event.parcel_ids}
    state = with_custody(state, event.parcel_ids, CustodyKind.ASSIST, event.assist_id)
    left = {state.custody[parcel_id].holder for parcel_id in state.run(event.run_id).parcel_ids}
    for vehicle_id in sorted(map(VehicleId, holders - left)):
        if vehicle_id in state.twins:
            state = _aboard(state, vehicle_id, event.run_id, is_aboard=False)
    return state


def _phase(state: FleetState, view: RunView, usual: RunPhase) -> RunPhase:
    """How far a run is after a hand-over: as usual, unless a person has told of some of its parcels before."""
    if view.phase not in OPEN_PHASES:
        return view.phase
    if not view.settlements:
        return usual
    return phase_by_custody(view.phase, [state.custody[parcel_id].kind for parcel_id in view.parcel_ids])


@on(ev.ParcelsSettled)
def _parcels_settled(state: FleetState, event: ev.ParcelsSettled, now_s: float) -> FleetState:
    state = with_custody(state, event.parcel_ids, event.at, event.holder)
    view = state.run(event.run_id)
    kinds = [state.custody[parcel_id].kind for parcel_id in view.parcel_ids]
    is_over = view.phase not in OPEN_PHASES  # only its parcels are still somebody's business
    phase = view.phase if is_over else phase_by_custody(view.phase, kinds, tries_again=event.tries_again)
    settled = Settlement(event.parcel_ids, event.at, event.holder, event.why, event.tries_again)
    settlements = (*view.settlements, settled)
    not_there = [str(each) for each in settlements if each.at is not CustodyKind.POINT]
    view = replace(view, settlements=settlements, cause="; ".join(not_there))
    if event.at is CustodyKind.POINT:
        count = view.delivered_count + len(event.parcel_ids)
        refused = tuple(parcel_id for parcel_id in view.refused if parcel_id not in event.parcel_ids)
        view = replace(view, delivered_s=now_s, delivered_count=count, refused=refused)
    elif event.at is CustodyKind.MISSING:
        view = replace(view, missing=(*view.missing, *event.parcel_ids))
    if phase is RunPhase.REQUESTED:
        view = replace(view, trip_id=None, attempts=0, cause="")
    if phase is RunPhase.DELIVERED:
        view = replace(view, cause="")
    state = with_run(state, view, phase)
    if event.at is CustodyKind.VEHICLE:
        state = _aboard(state, VehicleId(event.holder), event.run_id, is_aboard=True)
    return state
