"""Twins -> what the API shows of vehicles."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import fields
from enum import StrEnum

from fleet.api import shapes as s
from fleet.api.views import assists_out, trip_out
from fleet.clock import utc_text
from fleet.controller.ear import Heard
from fleet.model.order import ActionKind, ActionPhase, Order
from fleet.model.profile import contradictions
from fleet.model.twin import AUTOMATIC_MODES, Liveness, Twin
from fleet.roads.graph import RoadGraph
from fleet.state.fleet_state import FleetState
from fleet.telemetry.profiles import profile

LAST_S = 253_402_300_800.0
"""The end of the year 9999, the last that can be written."""


class VehiclePhase(StrEnum):
    """What a vehicle does, or why it does nothing; the first that fits, the gravest first."""

    HIBERNATING = "hibernating"
    SILENT = "silent"
    UNHEARD = "unheard"
    FAULT = "fault"
    MANUAL = "manual"
    HELD = "held"
    BLOCKED = "blocked"
    PAUSED = "paused"
    LOADING = "loading"
    UNLOADING = "unloading"
    DRIVING = "driving"
    CHARGING = "charging"
    IDLE = "idle"


P = VehiclePhase


def phase_of(twin: Twin, order: Order | None) -> VehiclePhase:
    """The one word for what a vehicle does."""
    hindrances = (
        (twin.is_hibernating, P.HIBERNATING),
        (twin.liveness in (Liveness.STALE, Liveness.LOST), P.SILENT),
        (twin.liveness is Liveness.UNHEARD, P.UNHEARD),
        (bool(twin.fatal or twin.beyond or twin.learned.unspoken or twin.outsize) or twin.is_stopped, P.FAULT),
        (twin.mode not in AUTOMATIC_MODES, P.MANUAL),
        (bool(twin.held), P.HELD),
        (twin.blocked is not None, P.BLOCKED),
        (twin.is_paused, P.PAUSED),
    )
    for holds, phase in hindrances:
        if holds:
            return phase
    if order is not None:
        return _under_order(order)
    return P.CHARGING if twin.is_charging else P.IDLE


def _under_order(order: Order) -> VehiclePhase:
    running = next((action for action in order.actions if action.phase is ActionPhase.RUNNING), None)
    is_there = order.passed == len(order.path)
    if running is None and not (is_there and order.actions):
        return P.DRIVING
    kind = running.kind if running else order.actions[0].kind
    return P.LOADING if kind is ActionKind.PICK else P.UNLOADING


def vehicle_phases(state: FleetState) -> dict[str, int]:
    """How many vehicles are in each phase; all phases, so that a count that falls to nothing is seen."""
    found = Counter(phase_of(twin, state.active_order(vehicle_id)) for vehicle_id, twin in state.twins.items())
    return {phase.value: found[phase] for phase in VehiclePhase}


def vehicle_out(state: FleetState, twin: Twin, heard: Heard | None, graph: RoadGraph, now_s: float) -> s.VehicleOut:
    return s.VehicleOut(**_fields(state, twin, heard, graph, now_s))


def vehicle_detail(
    state: FleetState, twin: Twin, heard: Heard | None, graph: RoadGraph, now_s: float
) -> s.VehicleDetail:
    vehicle_id = twin.vehicle.id
    order = state.active_order(vehicle_id)
    trip = state.trips.get(twin.trip_id) if twin.trip_id is not None else None
    return s.VehicleDetail(
        **_fields(state, twin, heard, graph, now_s),
        profile=_profile(twin),
        own_way=_own_way(heard, graph),
        order=order_out(order) if order else None,
        way=_way(order, graph) if order else [],
        trip=trip_out(state, trip) if trip else None,
        planned_trips=[trip_out(state, view) for view in state.planned_trips(vehicle_id)],
        assists=assists_out(state, now_s, f"vehicle:{vehicle_id}"),
    )


def _fields(state: FleetState, twin: Twin, heard: Heard | None, graph: RoadGraph, now_s: float) -> dict[str, object]:
    vehicle = twin.vehicle
    blocked = twin.blocked
    return {
        "vehicle_id": vehicle.id,
        "phase": phase_of(twin, state.active_order(vehicle.id)),
        "manufacturer": vehicle.manufacturer,
        "type_id": vehicle.type_id,
        "vda5050_version": vehicle.vda5050_version,
        "home_station": vehicle.home_station,
        "liveness": twin.liveness,
        "connection": twin.connection,
        "mode": twin.mode,
        "soc_fraction": twin.soc_fraction,
        "is_charging": twin.is_charging,
        "is_stopped": twin.is_stopped,
        "is_paused": twin.is_paused,
        "is_localized": twin.is_localized,
        "beyond_base": twin.beyond or None,
        "held": twin.held or None,
        "fatal": list(twin.fatal),
        "blocked": s.BlockedOut(edge_id=blocked.edge_id, since_at=utc_text(blocked.since_s)) if blocked else None,
        "foreign_order": twin.foreign_order or None,
        "node_id": twin.node_id,
        "trip_id": twin.trip_id,
        "order_id": twin.order_id,
        "aboard": sorted(twin.aboard),
        "heard": _heard(heard, now_s),
        "position": _position(twin, heard, graph),
    }


def _heard(heard: Heard | None, now_s: float) -> s.HeardOut | None:
    if heard is None:
        return None
    age_s = round(max(0.0, now_s - heard.at_s), 1)
    ahead_s = round(heard.clock_ahead_s, 1)
    return s.HeardOut(at=utc_text(heard.at_s), age_s=age_s, speed_mps=heard.speed_mps, clock_ahead_s=ahead_s)


def _profile(twin: Twin) -> s.ProfileOut:
    vehicle, learned, known = twin.vehicle, twin.learned, profile(twin)
    limits = {each.name: float(getattr(known.limits, each.name)) for each in fields(known.limits)}
    return s.ProfileOut(
        version=known.version,
        topic_major=known.topic_major,
        has_factsheet=learned.has_factsheet,
        unspoken_version=learned.unspoken or None,
        horizon_edges=known.horizon_edges,
        takes_trajectories=known.takes_trajectories,
        stitches_with_actions=known.stitches_with_actions,
        corridor_m=known.corridor_m,
        limits={name: limit for name, limit in limits.items() if limit},
        state_interval_s=known.state_interval_s,
        actions=[offer.kind for offer in known.actions],
        zones=list(known.zones),
        contradictions=list(contradictions(vehicle.vda5050_version, vehicle.habits, learned)),
    )


def _own_way(heard: Heard | None, graph: RoadGraph) -> s.OwnWayOut | None:
    """The way a vehicle says it plans to take, by its trajectory or by the places it expects to pass."""
    if heard is None:
        return None
    planned = heard.state.planned_path if heard.state is not None else None
    points = [(p.x_m, p.y_m) for p in (planned.trajectory.points if planned is not None else heard.waypoints)]
    if not points or not all(math.isfinite(x_m) and math.isfinite(y_m) for x_m, y_m in points):
        return None
    lat, lon = graph.plane.to_latlon([x_m for x_m, _ in points], [y_m for _, y_m in points])
    shown = [(round(float(x), 6), round(float(y), 6)) for x, y in zip(lon, lat, strict=True)]
    eta_s = heard.waypoints[-1].eta_s if heard.waypoints else None
    is_instant = eta_s is not None and 0.0 <= eta_s < LAST_S
    return s.OwnWayOut(points=shown, arrival_at=utc_text(eta_s) if eta_s is not None and is_instant else None)


def _position(twin: Twin, heard: Heard | None, graph: RoadGraph) -> s.PositionOut | None:
    """Where the vehicle says it is, or else the last node that it reported."""
    if heard is not None and heard.position is not None and heard.position.is_localized:
        said = heard.position
        lat, lon = (float(angle) for angle in graph.plane.to_latlon(said.x_m, said.y_m))
        if math.isfinite(lat) and math.isfinite(lon) and math.isfinite(said.theta_rad):
            return _spot(lat, lon, said.theta_rad, "vehicle")
    if twin.place is None or twin.place.edge >= graph.edge_count:
        return None
    lat_at, lon_at = graph.latlon_at(twin.place)
    return _spot(lat_at, lon_at, graph.point_at(twin.place)[2], "node")


def _spot(lat: float, lon: float, heading_rad: float, source: str) -> s.PositionOut:
    return s.PositionOut(lat=round(lat, 7), lon=round(lon, 7), heading_rad=round(heading_rad, 4), source=source)


def order_out(order: Order) -> s.OrderOut:
    return s.OrderOut(
        order_id=order.id,
        purpose=order.purpose,
        phase=order.phase,
        trip_id=order.trip_id,
        run_ids=[action.run_id for action in order.actions],
        issued_at=utc_text(order.issued_s),
        update_id=order.update_id,
        is_confirmed=order.is_confirmed,
        edges=len(order.path),
        edges_passed=order.passed,
        edges_released=order.released,
        length_m=round(sum(edge.length_m for edge in order.path), 1),
        base_left_m=round(order.base_left_m, 1),
    )


def _way(order: Order, graph: RoadGraph) -> list[tuple[float, float]]:
    nodes = [order.start, *(edge.end for edge in order.path)]
    lat, lon = graph.plane.to_latlon([node.x_m for node in nodes], [node.y_m for node in nodes])
    return [(round(float(x), 6), round(float(y), 6)) for x, y in zip(lon, lat, strict=True)]
