"""What to do between two orders of a trip: deliver what is aboard, then come home."""

from __future__ import annotations

from dataclasses import replace

from fleet.dispatch import energy
from fleet.dispatch.at_rest import at_rest, go_home, is_home
from fleet.dispatch.intent import Deliver, Intent
from fleet.dispatch.patience import may_ask_again
from fleet.dispatch.reserve import bay_of, free
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.custody import CustodyKind
from fleet.model.ids import RunId
from fleet.model.run import RunPhase
from fleet.model.trip import TripPhase
from fleet.model.twin import Twin
from fleet.planning.gone import point_gone
from fleet.roads.site_roads import SiteRoads
from fleet.state.attention import raise_assist, resolve_assist, vehicle_subject
from fleet.state.draft import Draft
from fleet.state.fleet_state import RunView, TripView, Visit


def on_trip(draft: Draft, roads: SiteRoads, twin: Twin, view: TripView) -> Intent | None:
    if view.phase is TripPhase.LOADING:
        _end_loading(draft, roads, twin, view)
        view = draft.state.trip(view.trip.id)
        if view.phase is not TripPhase.UNDER_WAY:
            return at_rest(draft, roads, draft.state.twin(twin.vehicle.id))
    return _next_visit(draft, roads, twin, view)


def _end_loading(draft: Draft, roads: SiteRoads, twin: Twin, view: TripView) -> None:
    """The loading is over: leave with what is aboard, or not at all."""
    for run_id in view.trip.run_ids:
        run = draft.state.run(run_id)
        is_ours = run.phase is RunPhase.LOADING and run.trip_id == view.trip.id
        if is_ours and run_id not in twin.aboard and not _is_unsure(draft, run):
            draft.emit(ev.RunReleased(run_id=run_id, why="it was not loaded"))
            resolve_assist(draft, AssistCause.PICK_FAILED, f"run:{run_id}", "was tried again")
            raise_assist(draft, AssistCause.PICK_FAILED, f"run:{run_id}", f"not loaded on {twin.vehicle.id}")
            draft.want_plan(f"{run_id} was not loaded")
    phase = TripPhase.UNDER_WAY if twin.aboard else TripPhase.CLOSED
    draft.emit(ev.TripMoved(trip_id=view.trip.id, phase=phase))
    free(draft, roads.site, bay_of(view.trip.station_id), twin.vehicle.id)


def _is_unsure(draft: Draft, run: RunView) -> bool:
    """Nobody knows whether its parcels are aboard: it waits for a person, and for no other vehicle."""
    return any(draft.state.custody[parcel].kind is CustodyKind.ASSIST for parcel in run.run.lot.parcel_ids)


def _next_visit(draft: Draft, roads: SiteRoads, twin: Twin, view: TripView) -> Intent | None:
    for visit in view.visits_left:
        wanted = tuple(run_id for run_id in visit.run_ids if _is_to_deliver(draft, twin, run_id))
        if visit.point_id not in roads.site.points:
            _give_up(draft, view, visit, wanted)
            continue
        wished = replace(visit, run_ids=wanted)
        if wanted and not energy.covers_visit(draft, roads, twin, wished):
            energy.give_up_visit(draft, twin, wished)
            return _next_visit(draft, roads, twin, draft.state.trip(view.trip.id))
        if wanted:
            return Deliver(view.trip.id, wished) if may_ask_again(draft, twin) else None
        skipped = ev.StopDone(
            trip_id=view.trip.id, point_id=visit.point_id, deferred=(), given_up=(), why="nothing aboard for it"
        )
        draft.emit(skipped)
    if not is_home(twin) or twin.aboard:
        return go_home(draft, roads, twin, view)
    draft.emit(ev.TripMoved(trip_id=view.trip.id, phase=TripPhase.CLOSED))
    resolve_assist(draft, AssistCause.LOW_BATTERY, vehicle_subject(twin.vehicle.id), "it is home")
    return at_rest(draft, roads, draft.state.twin(twin.vehicle.id))


def _give_up(draft: Draft, view: TripView, visit: Visit, run_ids: tuple[RunId, ...]) -> None:
    """The visit cannot be made for ever: what is aboard for it comes back."""
    why = point_gone(visit.point_id)
    for run_id in run_ids:
        raise_assist(draft, AssistCause.RUN_UNSERVED, f"run:{run_id}", why)
    done = ev.StopDone(trip_id=view.trip.id, point_id=visit.point_id, deferred=(), given_up=run_ids, why=why)
    draft.emit(done)


def _is_to_deliver(draft: Draft, twin: Twin, run_id: RunId) -> bool:
    run = draft.state.run(run_id)
    return run_id in twin.aboard and not run.recalled and run.phase is RunPhase.UNDER_WAY
