"""What a vehicle says of itself in VDA 5050 2.1.0, read and written."""

from __future__ import annotations

import math

import msgspec

from fleet.wire.messages import (
    ActionState,
    Connection,
    EdgeState,
    ErrorReference,
    Header,
    Load,
    MapState,
    NodeState,
    Position,
    Power,
    Safety,
    VehicleError,
    VehicleState,
    Visualization,
)
from fleet.wire.v2 import shapes, words

_CONNECTION = msgspec.json.Decoder(shapes.ConnectionShape)
_STATE = msgspec.json.Decoder(shapes.StateShape)
_VISUALIZATION = msgspec.json.Decoder(shapes.VisualizationShape)
FULL_AT_MOST = 1.05
"""A gauge may show 101 %; one that shows 255 is out of order, and so is one below nothing."""
UNKNOWN_CHARGE = -1.0


def read_connection(header: Header, payload: bytes) -> Connection:
    word = _CONNECTION.decode(payload).connection_state
    if word not in words.CONNECTION_READ:
        raise ValueError(f"connectionState {word!r} is unknown")
    return Connection(header=header, state=words.CONNECTION_READ[word])


def connection_shape(message: Connection) -> shapes.ConnectionShape:
    return shapes.ConnectionShape(connection_state=words.CONNECTION_WRITE[message.state])


def read_state(header: Header, payload: bytes) -> VehicleState:
    """A state; instant actions stand among all others in 2.x, so `instant_action_states` stays empty."""
    shape = _STATE.decode(payload)
    return VehicleState(
        header=header,
        order_id=shape.order_id,
        order_update_id=shape.order_update_id,
        last_node_id=shape.last_node_id,
        last_node_sequence_id=shape.last_node_sequence_id,
        node_states=_read_nodes(shape.node_states),
        edge_states=_read_edges(shape.edge_states),
        action_states=tuple([_read_action(action) for action in shape.action_states]),
        driving=shape.driving,
        paused=bool(shape.paused),
        new_base_request=bool(shape.new_base_request),
        distance_since_last_node_m=shape.distance_since_last_node,
        position=_read_position(shape.agv_position),
        speed_mps=_read_speed(shape.velocity),
        loads=None if shape.loads is None else tuple([_read_load(load) for load in shape.loads]),
        power=_read_power(shape.battery_state),
        mode=words.MODE_READ.get(shape.operating_mode, words.MODE_UNKNOWN),
        errors=tuple([_read_error(error) for error in shape.errors]),
        safety=Safety(
            emergency_stop=words.STOP_READ.get(shape.safety_state.e_stop, words.STOP_UNKNOWN),
            field_violation=shape.safety_state.field_violation,
        ),
        maps=None if shape.maps is None else tuple([_read_map(known) for known in shape.maps]),
    )


def state_shape(state: VehicleState) -> shapes.StateShape:
    return shapes.StateShape(
        maps=None if state.maps is None else tuple([_map_shape(known) for known in state.maps]),
        order_id=state.order_id,
        order_update_id=state.order_update_id,
        last_node_id=state.last_node_id,
        last_node_sequence_id=state.last_node_sequence_id,
        node_states=_node_shapes(state.node_states),
        edge_states=_edge_shapes(state.edge_states),
        agv_position=_position_shape(state.position),
        velocity=_velocity_shape(state.speed_mps),
        loads=None if state.loads is None else tuple([_load_shape(load) for load in state.loads]),
        driving=state.driving,
        paused=state.paused,
        new_base_request=state.new_base_request,
        distance_since_last_node=state.distance_since_last_node_m,
        action_states=tuple([_action_shape(action) for action in (*state.action_states, *state.instant_action_states)]),
        battery_state=_battery_shape(state.power),
        operating_mode=words.MODE_WRITE[state.mode],
        errors=tuple([_error_shape(error) for error in state.errors]),
        safety_state=shapes.SafetyShape(
            e_stop=state.safety.emergency_stop.value, field_violation=state.safety.field_violation
        ),
    )


def read_visualization(header: Header, payload: bytes) -> Visualization:
    shape = _VISUALIZATION.decode(payload)
    return Visualization(
        header=header, position=_read_position(shape.agv_position), speed_mps=_read_speed(shape.velocity)
    )


def visualization_shape(message: Visualization) -> shapes.VisualizationShape:
    return shapes.VisualizationShape(
        agv_position=_position_shape(message.position), velocity=_velocity_shape(message.speed_mps)
    )


def _read_nodes(nodes: tuple[shapes.NodeStateShape, ...]) -> tuple[NodeState, ...]:
    return tuple([NodeState(node_id=n.node_id, sequence_id=n.sequence_id, released=n.released) for n in nodes])


def _node_shapes(nodes: tuple[NodeState, ...]) -> tuple[shapes.NodeStateShape, ...]:
    shape = shapes.NodeStateShape
    return tuple([shape(node_id=n.node_id, sequence_id=n.sequence_id, released=n.released) for n in nodes])


def _read_edges(edges: tuple[shapes.EdgeStateShape, ...]) -> tuple[EdgeState, ...]:
    return tuple([EdgeState(edge_id=e.edge_id, sequence_id=e.sequence_id, released=e.released) for e in edges])


def _edge_shapes(edges: tuple[EdgeState, ...]) -> tuple[shapes.EdgeStateShape, ...]:
    shape = shapes.EdgeStateShape
    return tuple([shape(edge_id=e.edge_id, sequence_id=e.sequence_id, released=e.released) for e in edges])


def _read_action(shape: shapes.ActionStateShape) -> ActionState:
    return ActionState(
        action_id=shape.action_id,
        status=words.STATUS_READ.get(shape.action_status, words.STATUS_UNKNOWN),
        action_type=shape.action_type,
        result=shape.result_description,
    )


def _action_shape(action: ActionState) -> shapes.ActionStateShape:
    return shapes.ActionStateShape(
        action_id=action.action_id,
        action_type=action.action_type,
        action_status=words.STATUS_WRITE[action.status],
        result_description=action.result,
    )


def _read_position(shape: shapes.PositionShape | None) -> Position | None:
    if shape is None:
        return None
    return Position(
        x_m=shape.x,
        y_m=shape.y,
        theta_rad=shape.theta,
        map_id=shape.map_id,
        is_localized=shape.position_initialized,
    )


def _position_shape(position: Position | None) -> shapes.PositionShape | None:
    if position is None:
        return None
    return shapes.PositionShape(
        x=position.x_m,
        y=position.y_m,
        theta=position.theta_rad,
        map_id=position.map_id,
        position_initialized=position.is_localized,
    )


def _read_speed(shape: shapes.VelocityShape | None) -> float | None:
    """Speed over ground; negative in reverse, where only the forward part is told."""
    if shape is None or (shape.vx is None and shape.vy is None):
        return None
    return math.hypot(shape.vx or 0.0, shape.vy) if shape.vy else shape.vx or 0.0


def _velocity_shape(speed_mps: float | None) -> shapes.VelocityShape | None:
    return None if speed_mps is None else shapes.VelocityShape(vx=speed_mps)


def _read_load(shape: shapes.LoadShape) -> Load:
    return Load(load_id=shape.load_id, load_type=shape.load_type, position=shape.load_position, weight_kg=shape.weight)


def _load_shape(load: Load) -> shapes.LoadShape:
    return shapes.LoadShape(
        load_id=load.load_id, load_type=load.load_type, load_position=load.position, weight=load.weight_kg
    )


def _read_power(shape: shapes.BatteryShape) -> Power:
    told = round(shape.battery_charge / 100.0, 8)
    soc_fraction = min(told, 1.0) if 0.0 <= told <= FULL_AT_MOST else None
    return Power(soc_fraction=soc_fraction, is_charging=shape.charging, reach_m=shape.reach)


def _battery_shape(power: Power) -> shapes.BatteryShape:
    charge = UNKNOWN_CHARGE if power.soc_fraction is None else round(power.soc_fraction * 100.0, 6)
    return shapes.BatteryShape(battery_charge=charge, charging=power.is_charging, reach=power.reach_m)


def _read_error(shape: shapes.ErrorShape) -> VehicleError:
    references = [ErrorReference(key=r.reference_key, value=r.reference_value) for r in shape.error_references or ()]
    return VehicleError(
        error_type=shape.error_type,
        level=words.LEVEL_READ.get(shape.error_level, words.LEVEL_UNKNOWN),
        description=shape.error_description,
        references=tuple(references),
    )


def _error_shape(error: VehicleError) -> shapes.ErrorShape:
    references = tuple([shapes.ReferenceShape(reference_key=r.key, reference_value=r.value) for r in error.references])
    return shapes.ErrorShape(
        error_type=error.error_type,
        error_references=references or None,
        error_description=error.description,
        error_level=words.LEVEL_WRITE[error.level],
    )


def _read_map(shape: shapes.MapShape) -> MapState:
    is_enabled = shape.map_status == "ENABLED"
    return MapState(map_id=shape.map_id, map_version=shape.map_version, is_enabled=is_enabled)


def _map_shape(known: MapState) -> shapes.MapShape:
    status = "ENABLED" if known.is_enabled else "DISABLED"
    return shapes.MapShape(map_id=known.map_id, map_version=known.map_version, map_status=status)
