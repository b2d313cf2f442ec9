"""What a start says first: that we are here, and what map and site file have changed since the last one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from fleet.dispatch.removed import see_to_removed
from fleet.errors import ConfigError, MapError
from fleet.model import event as ev
from fleet.model.assist import AssistCause
from fleet.model.change import replace
from fleet.model.ids import AreaId, VehicleId
from fleet.model.run import RunPhase
from fleet.model.site import Site
from fleet.model.trip import TripPhase
from fleet.model.twin import Liveness
from fleet.orders.introduce import keep_names, tell_contradictions
from fleet.orders.outlet import OutboxRow
from fleet.planning.gone import gone, waiting_runs
from fleet.roads.site_roads import SiteRoads
from fleet.state.apply.clock import put_back
from fleet.state.attention import raise_assist
from fleet.state.draft import Draft
from fleet.state.fleet_state import FleetState, RunView

CLOCK_BACK_S_MAX = 60.0
CLOCK_AHEAD_S_MAX = 366 * 86_400.0
"""No fleet rests for longer, but a machine without a battery behind its clock may start in any year."""


def refuse_other_clock(state: FleetState, area: AreaId, now_s: float) -> None:
    """Windows, closures and silences are reckoned in trade time; none of them stands a clock that leaps.

    Raises:
        ConfigError: the journal goes on to a later time than it is now, or ended more than a year ago.
    """
    if not state.now_s or -CLOCK_BACK_S_MAX <= now_s - state.now_s <= CLOCK_AHEAD_S_MAX:
        return
    now, last = (f"{datetime.fromtimestamp(s, UTC):%Y-%m-%d %H:%M:%S} UTC" for s in (now_s, state.now_s))
    goes = "goes on to" if state.now_s > now_s else "ends at"
    remedy = (
        "set the machine's clock; if it is right, start once with --clock-is-right (docs/clocks.md);"
        " give --time-factor and --trade-epoch as before if this is a simulation"
    )
    raise ConfigError([f"the clock says {now}, but the journal of {area} {goes} {last}; {remedy}"])


def turn_clock_back(draft: Draft, recorded_s: Iterable[float]) -> ev.ClockTurnedBack | None:
    """By the word of a person: what was journalled by a clock that was ahead is reckoned by the right one.

    Args:
        recorded_s: the trade time of each record, from the first on.
    """
    last_s, right_s_max = draft.base.now_s, draft.now_s + CLOCK_BACK_S_MAX
    if last_s <= right_s_max:
        return None
    from_s: float | None = None
    for at_s in recorded_s:  # it may have been ahead once before, and been put right
        from_s = None if at_s <= right_s_max else from_s or at_s
    turned = ev.ClockTurnedBack(from_s=from_s or last_s, by_s=last_s - draft.now_s)
    draft.emit(turned)
    return turned


def in_our_time(row: OutboxRow, turned: ev.ClockTurnedBack | None, now_s: float) -> OutboxRow:
    """A row that waits, decided when it was by the clock of now; what was decided later than another stays later."""
    created_s = row.created_s if turned is None else put_back(row.created_s, turned.from_s, turned.by_s)
    return replace(row, created_s=created_s if created_s <= now_s + CLOCK_BACK_S_MAX else now_s)


def refuse_other_map(state: FleetState, roads: SiteRoads) -> None:
    """Orders under way are made of roads of one edition; with another they could be neither checked nor extended.

    Raises:
        MapError: the map file was exchanged while orders are open.
    """
    known = state.map_sha256
    if known and known != roads.graph.edition and state.orders:
        raise MapError(
            f"{roads.site.map_path} is another edition than the one that {len(state.orders)} open orders were made with"
            f" (sha256 {known[:12]}…); start with that file, exchange it when all vehicles are home"
        )


def greet(draft: Draft, roads: SiteRoads, token: str, epoch: int) -> None:
    """Say that we are here, list new vehicles, and forget when we heard the others."""
    site = roads.site
    draft.emit(ev.AreaOpened(token=token, epoch=epoch, map_sha256=roads.graph.edition))
    for vehicle_id, vehicle in site.vehicles.items():
        known = draft.state.twins.get(vehicle_id)
        if known is None or known.vehicle != vehicle:
            draft.emit(ev.VehicleEnrolled(vehicle=vehicle))
        if known is not None:
            keep_names(draft, known)
        if known is not None and known.liveness is not Liveness.UNHEARD:
            draft.emit(ev.LivenessChanged(vehicle_id=vehicle_id, liveness=Liveness.UNHEARD))
    for vehicle_id in site.vehicles:
        _settle(draft, roads, vehicle_id)
        tell_contradictions(draft, site, vehicle_id)
    let_go_of_gone(draft, site)
    for key in sorted(draft.state.closures):
        if roads.graph.edge_by_key(key) is None:
            detail = "is closed, and the map does not have it any more; close what stands there now"
            raise_assist(draft, AssistCause.RELEASE_REFUSED, f"road:{key}", detail)
    see_to_removed(draft, site)
    for resource in sorted(draft.state.reservations):  # a vehicle that left the site holds nothing
        for vehicle_id in draft.state.reservations[resource]:
            if vehicle_id not in site.vehicles:
                draft.emit(ev.Freed(resource=resource, vehicle_id=vehicle_id))


def _settle(draft: Draft, roads: SiteRoads, vehicle_id: VehicleId) -> None:
    """Places are found anew on the roads of this start: map or site file may have changed since the last one."""
    twin = draft.state.twin(vehicle_id)
    if twin.order_id is not None or not twin.node_id:
        return
    place = roads.place(twin.vehicle.type_id, twin.node_id)
    is_elsewhere = place is not None or draft.base.map_sha256 != roads.graph.edition
    if is_elsewhere and place != twin.place:
        draft.emit(ev.VehiclePlaced(vehicle_id=vehicle_id, node_id=twin.node_id, place=place))


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
