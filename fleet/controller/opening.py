"""What a new start finds changed: runs and trips that refer to what the site file no longer lists."""

from __future__ import annotations

from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.run import RunPhase
from fleet.model.site import Site
from fleet.model.trip import TripPhase
from fleet.planning.gone import gone, waiting_runs
from fleet.state.attention import raise_assist
from fleet.state.draft import Draft
from fleet.state.fleet_state import RunView


def let_go_of_gone(draft: Draft, site: Site) -> None:
    """Runs leave planned trips that this site cannot drive, and people are called for those that nobody can serve.

    Trips that have begun go on: what is aboard for a point that is gone comes back.
    """
    for view in waiting_runs(draft.state):
        unserved = gone(site, view.run)
        why = unserved.detail if unserved is not None else _misfit(draft, site, view)
        if why and view.phase is RunPhase.ASSIGNED:
            draft.emit(ev.RunReleased(run_id=view.run.id, why=why))
        if unserved is not None:
            raise_assist(draft, AssistCause.RUN_UNSERVED, f"run:{view.run.id}", unserved.detail)
    for vehicle_id in sorted(draft.state.twins):
        if vehicle_id in site.vehicles:
            continue
        for run_id in sorted(draft.state.twin(vehicle_id).aboard):
            detail = f"rides on {vehicle_id}, which is no longer in the site file; put it back, or fetch the parcels"
            raise_assist(draft, AssistCause.RUN_UNSERVED, f"run:{run_id}", detail)


def _misfit(draft: Draft, site: Site, view: RunView) -> str:
    """Why the planned trip of a run can no longer be driven as a whole, or empty."""
    if view.trip_id is None or draft.state.trip(view.trip_id).phase is not TripPhase.PLANNED:
        return ""
    trip = draft.state.trip(view.trip_id).trip
    vehicle = site.vehicles.get(trip.vehicle_id)
    if vehicle is None:
        return f"{trip.vehicle_id} is no longer in the site file"
    if vehicle.home_station != trip.station_id:
        return f"{trip.vehicle_id} is at home at {vehicle.home_station} now"
    return ""
