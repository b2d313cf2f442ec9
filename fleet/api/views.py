"""State -> what the API shows. Pure functions of committed state, the site and the time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from fleet.api import shapes as s
from fleet.clock import utc_text
from fleet.dispatch.exits import remedy
from fleet.dispatch.reserve import bay_of, charger_of
from fleet.model.assist import Assist
from fleet.model.run import RUN_LIFECYCLE, RunPhase
from fleet.model.site import Site
from fleet.model.trip import Stop, TripPhase, Unassigned
from fleet.state.archive import ArchivedRun, ArchivedTrip, custody_counts
from fleet.state.fleet_state import FleetState, RunView, TripView

CANCELLABLE = frozenset({RunPhase.REQUESTED, RunPhase.ASSIGNED, RunPhase.UNDER_WAY})
_NUMBERS = re.compile(r"(\d+)")


def at(trade_s: float | None) -> str | None:
    """An instant, or null."""
    return None if trade_s is None else utc_text(trade_s)


def in_order_of_names(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts run-2 before run-10."""
    parts = _NUMBERS.split(text)
    return tuple((1, int(part), "") if i % 2 else (0, 0, part) for i, part in enumerate(parts))


# Runs -----------------------------------------------------------------------------------------------------------------


def run_out(state: FleetState, view: RunView, now_s: float) -> s.RunOut:
    return s.RunOut(**_run_fields(state, view, now_s))


def run_detail(state: FleetState, view: RunView, now_s: float) -> s.RunDetail:
    return s.RunDetail(**_run_fields(state, view, now_s), custody=custody_counts(state, view))


def archived_run(state: FleetState, archived: ArchivedRun, now_s: float) -> s.RunOut:
    """A run that left the state; its trip did too, so the vehicle is told by the archive."""
    return s.RunOut(**_archived_fields(state, archived, now_s))


def archived_detail(state: FleetState, archived: ArchivedRun, now_s: float) -> s.RunDetail:
    return s.RunDetail(**_archived_fields(state, archived, now_s), custody=archived.custody)


def _archived_fields(state: FleetState, archived: ArchivedRun, now_s: float) -> dict[str, object]:
    return _run_fields(state, archived.view, now_s) | {"vehicle_id": archived.vehicle_id or None}


def _run_fields(state: FleetState, view: RunView, now_s: float) -> dict[str, object]:
    run = view.run
    unassigned = state.unassigned.get(run.id)
    trip = state.trips.get(view.trip_id) if view.trip_id is not None else None
    expected_s = forecast_s(state, view, now_s)
    return {
        "run_id": run.id,
        "phase": view.phase,
        "brand": run.brand,
        "station_id": run.station_id,
        "point_id": run.point_id,
        "parcels": run.lot.parcel_count,
        "mass_kg": round(run.lot.mass_kg, 3),
        "volume_m3": round(run.lot.volume_m3, 6),
        "priority": run.priority,
        "ready_at": utc_text(run.ready_s),
        "due_at": utc_text(run.due_s),
        "accepted_at": utc_text(view.accepted_s),
        "trip_id": view.trip_id,
        "vehicle_id": trip.trip.vehicle_id if trip else None,
        "forecast_at": at(expected_s),
        "late_s": late_s(view, expected_s),
        "delivered_at": at(view.delivered_s),
        "delivered_parcels": view.delivered_count,
        "refused_parcels": list(view.refused),
        "missing_parcels": list(view.missing),
        "recalled": view.recalled or None,
        "cause": view.cause or None,
        "attempts": view.attempts,
        "unassigned": unassigned_out(unassigned) if unassigned else None,
        "can_cancel": view.phase in CANCELLABLE,
    }


def forecast_s(state: FleetState, view: RunView, now_s: float) -> float | None:
    """When the run should be handed over: as its trip promised, moved by as much as the trip left late."""
    if view.trip_id is None or RUN_LIFECYCLE.is_final(view.phase) or view.recalled:
        return None
    trip = state.trips.get(view.trip_id)
    stop = next((stop for stop in trip.trip.stops if view.run.id in stop.run_ids), None) if trip else None
    if trip is None or stop is None:
        return None
    left_s = trip.departed_s if trip.departed_s is not None else max(now_s, trip.trip.depart_s)
    return max(now_s, stop.leave_s + max(0.0, left_s - trip.trip.depart_s))


def late_s(view: RunView, expected_s: float | None) -> float | None:
    done_s = view.delivered_s if view.delivered_s is not None else expected_s
    return None if done_s is None else round(max(0.0, done_s - view.run.due_s), 1)


def unassigned_out(unassigned: Unassigned) -> s.UnassignedOut:
    return s.UnassignedOut(run_id=unassigned.run_id, reason=unassigned.reason, detail=unassigned.detail)


def runs_in_order(
    state: FleetState, *, phases: Iterable[str], station: str | None, point: str | None, brand: str | None
) -> list[RunView]:
    """Runs that fit all filters, by name; an empty filter fits all."""
    wanted = frozenset(phases)
    found = [
        view
        for view in state.runs.values()
        if (not wanted or view.phase in wanted)
        and (station is None or view.run.station_id == station)
        and (point is None or view.run.point_id == point)
        and (brand is None or view.run.brand == brand)
    ]
    return sorted(found, key=lambda view: in_order_of_names(view.run.id))


# Trips and plan -------------------------------------------------------------------------------------------------------


def trip_out(state: FleetState, view: TripView) -> s.TripOut:
    return _trip_out(view, sum(state.run(run_id).run.lot.parcel_count for run_id in view.trip.run_ids))


def archived_trip(archived: ArchivedTrip) -> s.TripOut:
    return _trip_out(archived.view, archived.parcels)


def _trip_out(view: TripView, parcels: int) -> s.TripOut:
    trip = view.trip
    charges = trip.charge_until_s > trip.charge_from_s
    left = {visit.point_id for visit in view.visits_left}
    has_begun = view.phase not in (TripPhase.PLANNED, TripPhase.WITHDRAWN)
    return s.TripOut(
        trip_id=trip.id,
        phase=view.phase,
        vehicle_id=trip.vehicle_id,
        station_id=trip.station_id,
        charge_from_at=at(trip.charge_from_s if charges else None),
        charge_until_at=at(trip.charge_until_s if charges else None),
        load_from_at=utc_text(trip.load_from_s),
        depart_at=utc_text(trip.depart_s),
        return_at=utc_text(trip.return_s),
        started_at=at(view.started_s),
        departed_at=at(view.departed_s),
        closed_at=at(view.closed_s),
        stops=[stop_out(stop, is_done=has_begun and stop.point_id not in left) for stop in trip.stops],
        runs=len(trip.run_ids),
        parcels=parcels,
    )


def stop_out(stop: Stop, *, is_done: bool) -> s.StopOut:
    return s.StopOut(
        point_id=stop.point_id,
        run_ids=list(stop.run_ids),
        arrive_at=utc_text(stop.arrive_s),
        leave_at=utc_text(stop.leave_s),
        is_done=is_done,
    )


def trips_in_order(state: FleetState, *, phases: Iterable[str], vehicle: str | None) -> list[TripView]:
    """Trips that fit all filters, by name."""
    wanted = frozenset(phases)
    found = [
        view
        for view in state.trips.values()
        if (not wanted or view.phase in wanted) and (vehicle is None or view.trip.vehicle_id == vehicle)
    ]
    return sorted(found, key=lambda view: in_order_of_names(view.trip.id))


def plan_out(state: FleetState) -> s.PlanOut:
    cost = state.plan_cost
    live = [view for view in state.trips.values() if view.phase not in (TripPhase.CLOSED, TripPhase.WITHDRAWN)]
    return s.PlanOut(
        version=state.plan_version,
        made_by=state.plan_made_by,
        cost=s.CostOut(
            total=round(cost.total, 1),
            late_s=round(cost.late_s, 1),
            drive_s=round(cost.drive_s, 1),
            trips=cost.trips,
            unassigned=cost.unassigned,
            moved_s=round(cost.moved_s, 1),
        ),
        trips=[trip_out(state, view) for view in sorted(live, key=lambda view: (view.trip.depart_s, view.trip.id))],
        unassigned=[unassigned_out(state.unassigned[r]) for r in sorted(state.unassigned, key=in_order_of_names)],
    )


# Places, assists, closures --------------------------------------------------------------------------------------------


def stations_out(state: FleetState, site: Site) -> s.StationsOut:
    waiting = Counter(state.run(run_id).run.station_id for run_id in state.open_runs)
    at_home = Counter(vehicle.home_station for vehicle in site.vehicles.values())
    stations = [
        s.StationOut(
            station_id=station.id,
            name=station.name,
            lat=station.lat,
            lon=station.lon,
            vehicles=at_home[station.id],
            loading_bays=station.loading_bays,
            loading_bays_taken=len(state.reservations.get(bay_of(station.id), ())),
            chargers=station.chargers,
            chargers_taken=len(state.reservations.get(charger_of(station.id), ())),
            open_runs=waiting[station.id],
        )
        for station in site.stations.values()
    ]
    return s.StationsOut(stations=stations)


def points_out(state: FleetState, site: Site) -> s.PointsOut:
    waiting = Counter(state.run(run_id).run.point_id for run_id in state.open_runs)
    points = [
        s.PointOut(point_id=point.id, name=point.name, lat=point.lat, lon=point.lon, open_runs=waiting[point.id])
        for point in site.points.values()
    ]
    return s.PointsOut(points=points)


def assists_out(state: FleetState, now_s: float, subject: str | None = None) -> list[s.AssistOut]:
    """What waits for a person, the oldest first."""
    found = [assist for assist in state.assists.values() if subject is None or assist.subject == subject]
    return [assist_out(assist, now_s) for assist in sorted(found, key=lambda a: (a.raised_s, a.id))]


def assist_out(assist: Assist, now_s: float) -> s.AssistOut:
    return s.AssistOut(
        assist_id=assist.id,
        cause=assist.cause,
        subject=assist.subject,
        detail=assist.detail,
        raised_at=utc_text(assist.raised_s),
        age_s=round(max(0.0, now_s - assist.raised_s), 1),
        deadline_at=utc_text(assist.deadline_s),
        is_overdue=now_s > assist.deadline_s,
        owner=assist.owner or None,
        remedy=remedy(assist),
    )


def closures_out(state: FleetState, now_s: float) -> s.ClosuresOut:
    closures = [
        s.ClosureOut(road_key=key, until_at=utc_text(state.closures[key].until_s), why=state.closures[key].why)
        for key in sorted(state.closures)
        if state.closures[key].until_s > now_s
    ]
    return s.ClosuresOut(closures=closures)


def slow_roads_out(state: FleetState, now_s: float) -> s.SlowRoadsOut:
    slow_roads = [
        s.SlowRoadOut(road_key=key, kmh=round(slow.speed_mps * 3.6, 1), until_at=utc_text(slow.until_s), why=slow.why)
        for key, slow in sorted(state.slow_roads.items())
        if slow.until_s > now_s
    ]
    return s.SlowRoadsOut(slow_roads=slow_roads)
