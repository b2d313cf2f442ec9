"""What a vehicle says of itself in VDA 5050 3.0, read and written."""

from __future__ import annotations

import msgspec

from fleet.wire.header import from_timestamp, timestamp
from fleet.wire.messages import (
    Header,
    PlannedPath,
    VehicleRequest,
    VehicleState,
    Visualization,
    Waypoint,
    ZoneSetState,
)
from fleet.wire.standard import state as standard
from fleet.wire.standard.actions import action_state_shapes, read_action_states
from fleet.wire.standard.shapes import (
    NOTHING,
    ActionStateShape,
    InformationShape,
    PositionShape,
    PowerShape,
    SafetyShape,
)
from fleet.wire.standard.tail import list_reader_of, raw_of, reader_of
from fleet.wire.standard.ways import read_trajectory, trajectory_shape
from fleet.wire.standard.words import MODE_UNKNOWN
from fleet.wire.v3 import shapes, words

CORRIDOR = "CORRIDOR"
"""What leave is asked for at an edge; everything else is asked for at a zone."""
_STATE = msgspec.json.Decoder(shapes.StateShape)
_VISUALIZATION = msgspec.json.Decoder(shapes.VisualizationShape)


def read_state(header: Header, payload: bytes) -> VehicleState:
    shape = _STATE.decode(payload)
    return VehicleState(
        header=header,
        order_id=shape.order_id,
        order_update_id=shape.order_update_id,
        last_node_id=shape.last_node_id,
        last_node_sequence_id=shape.last_node_sequence_id,
        node_states=standard.read_nodes(shape.node_states),
        edge_states=standard.read_edges(shape.edge_states),
        action_states=read_action_states(shape.action_states, words.STATUS_READ),
        instant_action_states=read_action_states(shape.instant_action_states or (), words.STATUS_READ),
        driving=shape.driving,
        paused=bool(shape.paused),
        new_base_request=bool(shape.new_base_request),
        distance_since_last_node_m=shape.distance_since_last_node,
        position=standard.read_position(shape.mobile_robot_position),
        speed_mps=standard.read_speed(shape.velocity),
        loads=None if shape.loads is None else standard.read_loads(shape.loads),
        power=standard.read_power(shape.power_supply),
        mode=words.MODE_READ.get(shape.operating_mode, MODE_UNKNOWN),
        errors=standard.read_errors(shape.errors, words.LEVEL_READ) if shape.errors else (),
        safety=standard.read_safety(shape.safety_state),
        maps=None if shape.maps is None else standard.read_maps(shape.maps),
        zone_sets=_read_zone_sets(shape.zone_sets),
        planned_path=_planned_path(shape.planned_path) if shape.planned_path else None,
        waypoints=(_waypoints(shape.intermediate_path) or ()) if shape.intermediate_path else (),
        requests=_read_requests(shape),
        information=_information(shape.information) if shape.information else (),
    )


def state_shape(state: VehicleState) -> shapes.StateShape:
    return shapes.StateShape(
        maps=standard.map_shapes(state.maps),
        zone_sets=_zone_set_shapes(state.zone_sets),
        order_id=state.order_id,
        order_update_id=state.order_update_id,
        last_node_id=state.last_node_id,
        last_node_sequence_id=state.last_node_sequence_id,
        node_states=standard.node_shapes(state.node_states),
        edge_states=standard.edge_shapes(state.edge_states),
        planned_path=_planned_path_raw(state.planned_path),
        intermediate_path=_waypoints_raw(state.waypoints),
        mobile_robot_position=standard.position_shape(state.position, PositionShape),
        velocity=standard.velocity_shape(state.speed_mps),
        loads=standard.load_shapes(state.loads),
        driving=state.driving,
        paused=state.paused,
        new_base_request=state.new_base_request,
        zone_requests=_zone_request_shapes(state.requests),
        edge_requests=_edge_request_shapes(state.requests),
        distance_since_last_node=state.distance_since_last_node_m,
        action_states=action_state_shapes(state.action_states, ActionStateShape, words.STATUS_WRITE),
        instant_action_states=action_state_shapes(state.instant_action_states, ActionStateShape, words.STATUS_WRITE),
        power_supply=standard.power_shape(state.power, PowerShape),
        operating_mode=words.MODE_WRITE[state.mode],
        errors=standard.error_shapes(state.errors, words.LEVEL_WRITE),
        information=standard.information_raw(state.information, InformationShape),
        safety_state=standard.safety_shape(state.safety, SafetyShape, words.STOP_WRITE),
    )


def read_visualization(header: Header, payload: bytes) -> Visualization:
    shape = _VISUALIZATION.decode(payload)
    return Visualization(
        header=header,
        position=standard.read_position(shape.mobile_robot_position),
        speed_mps=standard.read_speed(shape.velocity),
        state_header_id=shape.reference_state_header_id,
        planned_path=_planned_path(shape.planned_path),
        waypoints=_waypoints(shape.intermediate_path) or (),
    )


def visualization_shape(message: Visualization) -> shapes.VisualizationShape:
    return shapes.VisualizationShape(
        reference_state_header_id=message.state_header_id,
        planned_path=_planned_path_raw(message.planned_path),
        intermediate_path=_waypoints_raw(message.waypoints),
        mobile_robot_position=standard.position_shape(message.position, PositionShape),
        velocity=standard.velocity_shape(message.speed_mps),
    )


# Zones and what is asked for ------------------------------------------------------------------------------------------


def _read_zone_sets(told: tuple[shapes.ZoneSetStateShape, ...] | None) -> tuple[ZoneSetState, ...] | None:
    if told is None:
        return None
    return tuple(
        [
            ZoneSetState(zone_set_id=z.zone_set_id, map_id=z.map_id, is_enabled=z.zone_set_status == "ENABLED")
            for z in told
        ]
    )


def _zone_set_shapes(known: tuple[ZoneSetState, ...] | None) -> tuple[shapes.ZoneSetStateShape, ...] | None:
    if known is None:
        return None
    status = {True: "ENABLED", False: "DISABLED"}
    return tuple(
        [
            shapes.ZoneSetStateShape(zone_set_id=z.zone_set_id, map_id=z.map_id, zone_set_status=status[z.is_enabled])
            for z in known
        ]
    )


def _read_requests(shape: shapes.StateShape) -> tuple[VehicleRequest, ...]:
    """What leave is asked for, of zones first."""
    if shape.zone_requests is None and shape.edge_requests is None:
        return ()
    of_zones = [_request(told, told.zone_id, zone_set_id=told.zone_set_id) for told in shape.zone_requests or ()]
    of_edges = [_request(told, told.edge_id, sequence_id=told.sequence_id) for told in shape.edge_requests or ()]
    return (*of_zones, *of_edges)


def _request(
    told: shapes.ZoneRequestShape | shapes.EdgeRequestShape,
    subject: str,
    *,
    zone_set_id: str = "",
    sequence_id: int = 0,
) -> VehicleRequest:
    return VehicleRequest(
        request_id=told.request_id,
        request_type=told.request_type,
        subject=subject,
        status=words.REQUEST_READ.get(told.request_status, words.REQUEST_UNKNOWN),
        zone_set_id=zone_set_id,
        sequence_id=sequence_id,
    )


def _zone_request_shapes(requests: tuple[VehicleRequest, ...]) -> tuple[shapes.ZoneRequestShape, ...] | None:
    asked = [
        shapes.ZoneRequestShape(
            request_id=request.request_id,
            request_type=request.request_type,
            zone_id=request.subject,
            zone_set_id=request.zone_set_id,
            request_status=request.status.value,
        )
        for request in requests
        if request.request_type != CORRIDOR
    ]
    return tuple(asked) or None


def _edge_request_shapes(requests: tuple[VehicleRequest, ...]) -> tuple[shapes.EdgeRequestShape, ...] | None:
    asked = [
        shapes.EdgeRequestShape(
            request_id=request.request_id,
            request_type=request.request_type,
            edge_id=request.subject,
            sequence_id=request.sequence_id,
            request_status=request.status.value,
        )
        for request in requests
        if request.request_type == CORRIDOR
    ]
    return tuple(asked) or None


# The long tail --------------------------------------------------------------------------------------------------------


def _read_planned_path(shape: shapes.PlannedPathShape) -> PlannedPath:
    return PlannedPath(trajectory=read_trajectory(shape.trajectory), node_ids=shape.traversed_nodes or ())


def _planned_path_raw(path: PlannedPath | None) -> msgspec.Raw:
    if path is None:
        return NOTHING
    trajectory = trajectory_shape(path.trajectory)
    return raw_of(shapes.PlannedPathShape(trajectory=trajectory, traversed_nodes=path.node_ids or None))


def _read_waypoints(shape: shapes.IntermediatePathShape) -> tuple[Waypoint, ...]:
    return tuple([Waypoint(x_m=p.x, y_m=p.y, eta_s=from_timestamp(p.eta), theta_rad=p.theta) for p in shape.polyline])


def _waypoints_raw(waypoints: tuple[Waypoint, ...]) -> msgspec.Raw:
    if not waypoints:
        return NOTHING
    shape = shapes.WaypointShape
    line = tuple([shape(x=p.x_m, y=p.y_m, theta=p.theta_rad, eta=timestamp(p.eta_s)) for p in waypoints])
    return raw_of(shapes.IntermediatePathShape(polyline=line))


_planned_path = reader_of(shapes.PlannedPathShape, _read_planned_path)
_waypoints = reader_of(shapes.IntermediatePathShape, _read_waypoints)
_information = list_reader_of(InformationShape, standard.read_information)
