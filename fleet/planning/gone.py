"""What the site file no longer lists though open runs refer to it: such a run is in no plan, and it is said why."""

from __future__ import annotations

from fleet.model.assist import AssistCause
from fleet.model.ids import PointId
from fleet.model.run import Run, RunPhase
from fleet.model.site import Site
from fleet.model.trip import Reason, Unassigned
from fleet.state.fleet_state import FleetState, RunView

PLANNABLE = frozenset({RunPhase.REQUESTED, RunPhase.ASSIGNED})


def gone(site: Site, run: Run) -> Unassigned | None:
    """Why no trip can serve the run on this site, or None."""
    if run.station_id not in site.stations:
        detail = f"station {run.station_id} is no longer in the site file; put it back, or cancel the run"
        return Unassigned(run_id=run.id, reason=Reason.STATION_GONE, detail=detail)
    if run.point_id not in site.points:
        return Unassigned(run_id=run.id, reason=Reason.POINT_GONE, detail=point_gone(run.point_id))
    return None


def point_gone(point_id: PointId) -> str:
    return f"pickup point {point_id} is no longer in the site file; put it back, or cancel the run"


def waiting_runs(state: FleetState) -> list[RunView]:
    """Runs of which nothing is aboard yet, in the order of their names; not those whose parcels nobody is sure of."""
    views = (state.run(run_id) for run_id in sorted(state.open_runs))
    return [view for view in views if view.phase in PLANNABLE and not _is_unsure(state, view)]


def _is_unsure(state: FleetState, view: RunView) -> bool:
    return state.open_assist(f"run:{view.run.id}", AssistCause.PARCELS_UNSURE) is not None


def left_out(state: FleetState, site: Site) -> tuple[Unassigned, ...]:
    """The waiting runs that cannot even be put into a problem."""
    found = (gone(site, view.run) for view in waiting_runs(state))
    return tuple(each for each in found if each is not None)
