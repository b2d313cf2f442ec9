"""What to do with a vehicle that is in no trip: bring it home, charge it, begin its next trip."""

from __future__ import annotations

from fleet.dispatch import energy
from fleet.dispatch.charge import charging_step
from fleet.dispatch.intent import GoHome, Intent, Load
from fleet.dispatch.patience import RETRY_S, may_ask_again
from fleet.dispatch.reserve import bay_of, charger_of, free, reserve
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.ids import VehicleId
from fleet.model.twin import INTERVENED, Twin
from fleet.planning.present import ready_again_s
from fleet.roads.site_roads import SiteRoads, station_node_id
from fleet.state.attention import raise_assist, vehicle_subject
from fleet.state.draft import Draft
from fleet.state.fleet_state import TripView

UNLOAD_RETRY_S = 300.0
OVERDUE_S = 300.0


def at_rest(draft: Draft, roads: SiteRoads, twin: Twin) -> Intent | None:
    if not is_home(twin) or twin.aboard:
        return go_home(draft, roads, twin, None)
    planned = draft.state.planned_trips(twin.vehicle.id)
    upcoming = planned[0] if planned else None
    step = charging_step(draft, roads, twin, upcoming) if twin.mode != INTERVENED else None
    if step is not None:
        return step
    if upcoming is None or twin.is_charging or twin.is_asked:
        return None
    return _start(draft, roads, twin, upcoming)


def _start(draft: Draft, roads: SiteRoads, twin: Twin, view: TripView) -> Intent | None:
    """Begin the next trip as soon as it is time, its lots are ready and a bay is free."""
    ready_s = max(ready_again_s(draft.state, draft.state.run(run_id)) for run_id in view.trip.run_ids)
    start_s = max(view.trip.load_from_s, ready_s)
    if draft.now_s < start_s:
        draft.wake(twin.vehicle.id, start_s)
        return None
    vehicle_id = twin.vehicle.id
    if not energy.covers_trip(draft, roads, twin, view.trip):
        draft.want_plan(f"{vehicle_id} has too little charge for {view.trip.id}")
        draft.wake(vehicle_id, draft.now_s + RETRY_S)
        return None
    if not reserve(draft, roads.site, bay_of(view.trip.station_id), vehicle_id):
        if draft.now_s > start_s + OVERDUE_S:
            draft.want_plan(f"{view.trip.id} waits for a bay")
        draft.wake(vehicle_id, draft.now_s + RETRY_S)
        return None
    free(draft, roads.site, charger_of(view.trip.station_id), vehicle_id)
    draft.emit(ev.TripStarted(trip_id=view.trip.id, vehicle_id=vehicle_id))
    return Load(view.trip.id)


def overdue(draft: Draft, vehicle_id: VehicleId) -> bool:
    """A planned trip should have begun long ago: its vehicle cannot take orders, or everything is late."""
    planned = draft.state.planned_trips(vehicle_id)
    return bool(planned) and draft.now_s > planned[0].trip.load_from_s + OVERDUE_S


def go_home(draft: Draft, roads: SiteRoads, twin: Twin, view: TripView | None) -> Intent | None:
    failed = draft.state.open_assist(vehicle_subject(twin.vehicle.id), AssistCause.DROP_FAILED)
    if failed is not None and is_home(twin) and draft.now_s < failed.raised_s + UNLOAD_RETRY_S:
        draft.wake(twin.vehicle.id, failed.raised_s + UNLOAD_RETRY_S)
        return None
    if twin.place is None:
        detail = f"stands at {twin.node_id or 'an unknown node'}, which is no known place"
        raise_assist(draft, AssistCause.NO_ROUTE, vehicle_subject(twin.vehicle.id), detail)
        return None
    if not may_ask_again(draft, twin):
        return None
    if not is_home(twin):
        energy.tell_way_home(draft, roads, twin)
    return GoHome(view.trip.id if view else None)


def is_home(twin: Twin) -> bool:
    return twin.node_id == station_node_id(twin.vehicle.home_station)
