"""The present state as a problem: what is under way becomes a predicted return, the rest is open to planning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fleet.model.assist import AssistCause
from fleet.model.ids import PointId, StationId, VehicleId
from fleet.model.order import ActionKind, Order, OrderPurpose
from fleet.model.trip import TripPhase
from fleet.model.twin import Liveness, Twin
from fleet.model.vehicle import Battery
from fleet.planning.gone import gone, waiting_runs
from fleet.planning.problem import (
    Held,
    Problem,
    ProblemPoint,
    ProblemRun,
    ProblemStation,
    ProblemVehicle,
    Travel,
)
from fleet.roads.site_roads import SiteRoads, SiteTables, point_node_id, station_node_id
from fleet.state.fleet_state import FleetState, RunView, Visit

SPARE_S = 20.0
"""On top of each predicted return: reports, decisions and messages take their time."""
PICK_AGAIN_S = 300.0
"""A lot that could not be loaded has so much time to be found."""
STUCK_S = 3600.0
"""A charger is not counted on for so long where a vehicle stands that nobody can send away."""
SPARE_CHARGE_FRACTION = 0.03
"""Planned on top of the reserve, so that a trip which began well inside its plan is not called back over a trifle."""


def problem_of(state: FleetState, roads: SiteRoads, now_s: float) -> Problem:
    """Everything a planner may know and decide now."""
    site = roads.site
    tables = travel_tables(state, roads)
    stations = {station_id: i for i, station_id in enumerate(site.stations)}
    points = {point_id: i for i, point_id in enumerate(site.points)}
    return Problem(
        now_s=now_s,
        stations=tuple(_station(state, roads, tables, station_id, now_s) for station_id in stations),
        points=tuple(_point(roads, tables, point_id) for point_id in points),
        vehicles=tuple(_vehicle(state, roads, tables, twin, stations, now_s) for twin in _twins(state, roads)),
        runs=tuple(
            _run(state, view, stations, points, site.planning.margin_s)
            for view in waiting_runs(state)
            if gone(site, view.run) is None
        ),
        travel=Travel(durations_s=tables.durations_s, lengths_m=tables.lengths_m),
        incumbent=tuple(view.trip for twin in _twins(state, roads) for view in state.planned_trips(twin.vehicle.id)),
        weights=site.weights,
    )


def travel_tables(state: FleetState, roads: SiteRoads) -> SiteTables:
    """Travel round all closed roads; what only an obstacle cuts off counts as open, for obstacles go away."""
    closed = roads.closed_edges(key for key in state.closures if state.is_closed(key))
    tables = roads.tables(closed)
    banned = roads.closed_edges(key for key in state.closures if state.is_banned(key))
    if banned == closed or np.isfinite(tables.durations_s).all():
        return tables
    without = roads.tables(banned)
    cut_off = np.isinf(tables.durations_s)
    return replace(
        tables,
        durations_s=np.where(cut_off, without.durations_s, tables.durations_s),
        lengths_m=np.where(cut_off, without.lengths_m, tables.lengths_m),
    )


def predicted_return_s(state: FleetState, roads: SiteRoads, tables: SiteTables, twin: Twin, now_s: float) -> float:
    """When the vehicle will be back at its station and empty; now, where it is."""
    order = state.active_order(twin.vehicle.id)
    at_s, at_node = now_s, twin.node_id
    if order is not None:
        at_s, at_node = max(now_s, _order_end_s(state, roads, order)), order.last_node_id
    if twin.trip_id is None:
        return at_s + _drive_s(roads, tables, twin, at_node, station_node_id(twin.vehicle.home_station))
    visits = state.trip(twin.trip_id).visits_left
    if order is not None and order.purpose is OrderPurpose.DELIVER:
        visits = visits[1:]
    if order is not None and order.purpose is OrderPurpose.RETURN:
        visits = ()
    for visit in _on_site(roads, visits):
        node_id = point_node_id(visit.point_id)
        at_s += _drive_s(roads, tables, twin, at_node, node_id) + _service_s(state, roads, visit)
        at_node = node_id
    home = station_node_id(twin.vehicle.home_station)
    return at_s + _drive_s(roads, tables, twin, at_node, home) + SPARE_S


def _order_end_s(state: FleetState, roads: SiteRoads, order: Order) -> float:
    """When the order will be over: the rest of the way from the last progress on, and what is done at its end."""
    since_s = order.passed_s or order.issued_s
    end_s = since_s + sum(edge.duration_s for edge in order.path[order.passed :])
    left = [action for action in order.actions if not action.phase.is_over]
    parcels = sum(action.parcel_count for action in left)
    if not left or order.purpose is OrderPurpose.RETURN:
        return end_s
    if order.purpose is OrderPurpose.DELIVER:
        point = roads.site.points.get(PointId(order.last_node_id.partition(":")[2]))
        return end_s if point is None else end_s + point.service_s(parcels)
    station = roads.site.stations.get(StationId(order.last_node_id.partition(":")[2]))
    if station is None:
        return end_s
    return end_s + station.load_fixed_s * len(left) / len(order.actions) + station.load_per_parcel_s * parcels


def _drive_s(roads: SiteRoads, tables: SiteTables, twin: Twin, start: str, end: str) -> float:
    """Between two stops from the table; from elsewhere a guess that is never too short by much."""
    if start == end:
        return 0.0
    table = tables.durations_s[tables.types[twin.vehicle.type_id]]
    if start in tables.rows:
        return float(table[tables.rows[start], tables.rows[end]])
    column = table[:, tables.rows[end]]
    return float(column[column < float("inf")].max(initial=0.0))


def _service_s(state: FleetState, roads: SiteRoads, visit: Visit) -> float:
    parcels = sum(state.run(run_id).run.lot.parcel_count for run_id in visit.run_ids)
    return roads.site.points[visit.point_id].service_s(parcels)


def _on_site(roads: SiteRoads, visits: tuple[Visit, ...]) -> tuple[Visit, ...]:
    """The visits that can still be made; a point that the site no longer has is passed by."""
    return tuple(visit for visit in visits if visit.point_id in roads.site.points)


def _twins(state: FleetState, roads: SiteRoads) -> list[Twin]:
    return [state.twin(vehicle_id) for vehicle_id in roads.site.vehicles]


def ready_again_s(state: FleetState, view: RunView) -> float:
    """From when the lot can be loaded; one that could not be loaded has some time to be found first."""
    failed = state.open_assist(f"run:{view.run.id}", AssistCause.PICK_FAILED)
    return view.run.ready_s if failed is None else max(view.run.ready_s, failed.raised_s + PICK_AGAIN_S)


def _run(
    state: FleetState,
    view: RunView,
    stations: dict[StationId, int],
    points: dict[PointId, int],
    margin_s: float,
) -> ProblemRun:
    run = view.run
    return ProblemRun(
        id=run.id,
        station=stations[run.station_id],
        point=points[run.point_id],
        ready_s=ready_again_s(state, view),
        due_s=run.due_s - margin_s,
        parcels=run.lot.parcel_count,
        mass_kg=run.lot.mass_kg,
        volume_m3=run.lot.volume_m3,
        priority=run.priority,
    )


def _point(roads: SiteRoads, tables: SiteTables, point_id: PointId) -> ProblemPoint:
    point = roads.site.points[point_id]
    return ProblemPoint(
        id=point_id,
        node=tables.rows[point_node_id(point_id)],
        unload_fixed_s=point.unload_fixed_s,
        unload_per_parcel_s=point.unload_per_parcel_s,
        staff_wait_s=point.staff_wait_s,
    )


def _station(
    state: FleetState, roads: SiteRoads, tables: SiteTables, station_id: StationId, now_s: float
) -> ProblemStation:
    station = roads.site.stations[station_id]
    return ProblemStation(
        id=station_id,
        node=tables.rows[station_node_id(station_id)],
        loading_bays=station.loading_bays,
        load_fixed_s=station.load_fixed_s,
        load_per_parcel_s=station.load_per_parcel_s,
        chargers=station.chargers,
        charger_w=station.charger_w,
        bays_held=tuple(
            Held(from_s=now_s, until_s=_bay_until_s(state, roads, vehicle_id, now_s))
            for vehicle_id in state.reservations.get(f"bay:{station_id}", ())
        ),
        chargers_held=tuple(
            Held(from_s=now_s, until_s=now_s + STUCK_S)
            for vehicle_id in state.reservations.get(f"charger:{station_id}", ())
            if not _may_be_planned(state, state.twin(vehicle_id), now_s)
        ),
    )


def _bay_until_s(state: FleetState, roads: SiteRoads, vehicle_id: VehicleId, now_s: float) -> float:
    order = state.active_order(vehicle_id)
    if order is None or order.purpose is not OrderPurpose.LOAD:
        return now_s + SPARE_S
    return max(_order_end_s(state, roads, order), now_s + SPARE_S)


def _vehicle(
    state: FleetState,
    roads: SiteRoads,
    tables: SiteTables,
    twin: Twin,
    stations: dict[StationId, int],
    now_s: float,
) -> ProblemVehicle:
    vehicle_type = roads.site.vehicle_types[twin.vehicle.type_id]
    battery = _battery(roads, twin)
    available_s = predicted_return_s(state, roads, tables, twin, now_s)
    busy_s = available_s - now_s
    spent_wh = battery.hotel_w * busy_s / 3600.0 + battery.drive_wh(_left_m(state, roads, tables, twin), 0.0)
    return ProblemVehicle(
        id=twin.vehicle.id,
        type_index=tables.types[twin.vehicle.type_id],
        station=stations[twin.vehicle.home_station],
        available_s=available_s if available_s < float("inf") else now_s,
        energy_wh=max(0.0, twin.soc_fraction * battery.energy_wh - (spent_wh if busy_s > SPARE_S else 0.0)),
        battery=battery,
        mass_kg_max=vehicle_type.mass_kg_max,
        volume_m3_max=vehicle_type.volume_m3_max,
        parcels_max=vehicle_type.parcels_max,
        allowed=_may_be_planned(state, twin, available_s),
    )


def _battery(roads: SiteRoads, twin: Twin) -> Battery:
    """The battery as plans reckon with it: on a bad day, with something to spare, and with a plug that works or not."""
    battery = roads.site.vehicle_types[twin.vehicle.type_id].battery
    battery = battery.on_a_bad_day(roads.site.policy.consumption_factor)
    cannot_charge = twin.plug.is_broken and twin.plug.failed is ActionKind.START_CHARGING
    return replace(
        battery,
        reserve_fraction=battery.reserve_fraction + SPARE_CHARGE_FRACTION,
        charge_w_max=0.0 if cannot_charge else battery.charge_w_max,
    )


def _may_be_planned(state: FleetState, twin: Twin, available_s: float) -> bool:
    """In service and expected back; a vehicle that is merely stale, or stands behind an obstacle, still counts."""
    is_out = twin.held or twin.foreign_order or twin.fatal or twin.beyond or twin.learned.unspoken or twin.outsize
    if is_out or available_s == float("inf"):
        return False
    if twin.plug.is_broken and twin.plug.failed is ActionKind.STOP_CHARGING:
        return False
    is_stuck_loaded = twin.trip_id is not None and state.trip(twin.trip_id).phase is TripPhase.UNDER_WAY
    if twin.liveness is Liveness.LOST or not twin.mode:
        return False
    return twin.mode in ("AUTOMATIC", "SEMIAUTOMATIC", "INTERVENED") or is_stuck_loaded


def _left_m(state: FleetState, roads: SiteRoads, tables: SiteTables, twin: Twin) -> float:
    """Metres the vehicle still has to drive until it is home; along the tables, as the time is."""
    order = state.active_order(twin.vehicle.id)
    left_m = sum(edge.length_m for edge in order.path[order.passed :]) if order else 0.0
    at_node = order.last_node_id if order else twin.node_id
    lengths = tables.lengths_m[tables.types[twin.vehicle.type_id]]
    visits = state.trip(twin.trip_id).visits_left if twin.trip_id else ()
    nodes = [point_node_id(visit.point_id) for visit in _on_site(roads, visits)]
    for node_id in (*nodes, station_node_id(twin.vehicle.home_station)):
        if at_node in tables.rows and node_id != at_node:
            left_m += float(lengths[tables.rows[at_node], tables.rows[node_id]])
        at_node = node_id
    return left_m


__all__ = ["predicted_return_s", "problem_of", "travel_tables"]
