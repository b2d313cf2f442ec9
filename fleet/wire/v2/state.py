"""What a vehicle says of itself in VDA 5050 2.x, read and written."""

from __future__ import annotations

import msgspec

from fleet.wire import parts
from fleet.wire.messages import (
    ActionState,
    Connection,
    Header,
    Information,
    Position,
    Power,
    Safety,
    VehicleState,
    Visualization,
)
from fleet.wire.shapes import NOTHING, ConnectionShape
from fleet.wire.tail import list_reader_of, raw_of
from fleet.wire.v2 import shapes, words

_CONNECTION = msgspec.json.Decoder(ConnectionShape)
_STATE = msgspec.json.Decoder(shapes.StateShape)
_VISUALIZATION = msgspec.json.Decoder(shapes.VisualizationShape)


def read_connection(header: Header, payload: bytes) -> Connection:
    word = _CONNECTION.decode(payload).connection_state
    if word not in words.CONNECTION_READ:
        raise ValueError(f"connectionState {word!r} is unknown")
    return Connection(header=header, state=words.CONNECTION_READ[word])


def connection_shape(message: Connection) -> ConnectionShape:
    return ConnectionShape(connection_state=words.CONNECTION_WRITE[message.state])


def read_state(header: Header, payload: bytes) -> VehicleState:
    """A state; instant actions stand among all others in 2.x, so `instant_action_states` stays empty."""
    shape = _STATE.decode(payload)
    return VehicleState(
        header=header,
        order_id=shape.order_id,
        order_update_id=shape.order_update_id,
        last_node_id=shape.last_node_id,
        last_node_sequence_id=shape.last_node_sequence_id,
        node_states=parts.read_nodes(shape.node_states),
        edge_states=parts.read_edges(shape.edge_states),
        action_states=tuple([_read_action(action) for action in shape.action_states]),
        driving=shape.driving,
        paused=bool(shape.paused),
        new_base_request=bool(shape.new_base_request),
        distance_since_last_node_m=shape.distance_since_last_node,
        position=_read_position(shape.agv_position),
        speed_mps=parts.read_speed(shape.velocity),
        loads=None if shape.loads is None else parts.read_loads(shape.loads),
        power=_read_power(shape.battery_state),
        mode=words.MODE_READ.get(shape.operating_mode, words.MODE_UNKNOWN),
        errors=parts.read_errors(shape.errors, words.LEVEL_READ, words.LEVEL_UNKNOWN) if shape.errors else (),
        safety=Safety(
            emergency_stop=words.STOP_READ.get(shape.safety_state.e_stop, words.STOP_UNKNOWN),
            field_violation=shape.safety_state.field_violation,
        ),
        maps=None if shape.maps is None else parts.read_maps(shape.maps),
        information=_information(shape.information) if shape.information else (),
    )


def state_shape(state: VehicleState, *, has_maps: bool) -> shapes.StateShape:
    """The state as 2.x writes it; 2.0.0 has no words for maps."""
    return shapes.StateShape(
        maps=parts.map_shapes(state.maps) if has_maps else None,
        order_id=state.order_id,
        order_update_id=state.order_update_id,
        last_node_id=state.last_node_id,
        last_node_sequence_id=state.last_node_sequence_id,
        node_states=parts.node_shapes(state.node_states),
        edge_states=parts.edge_shapes(state.edge_states),
        agv_position=_position_shape(state.position),
        velocity=parts.velocity_shape(state.speed_mps),
        loads=parts.load_shapes(state.loads),
        driving=state.driving,
        paused=state.paused,
        new_base_request=state.new_base_request,
        distance_since_last_node=state.distance_since_last_node_m,
        action_states=tuple([_action_shape(action) for action in (*state.action_states, *state.instant_action_states)]),
        battery_state=_battery_shape(state.power),
        operating_mode=words.MODE_WRITE[state.mode],
        errors=parts.error_shapes(state.errors, words.LEVEL_WRITE),
        information=raw_of([_information_shape(each) for each in state.information]) if state.information else NOTHING,
        safety_state=shapes.SafetyShape(
            e_stop=state.safety.emergency_stop.value, field_violation=state.safety.field_violation
        ),
    )


def read_visualization(header: Header, payload: bytes) -> Visualization:
    shape = _VISUALIZATION.decode(payload)
    return Visualization(
        header=header, position=_read_position(shape.agv_position), speed_mps=parts.read_speed(shape.velocity)
    )


def visualization_shape(message: Visualization) -> shapes.VisualizationShape:
    return shapes.VisualizationShape(
        agv_position=_position_shape(message.position), velocity=parts.velocity_shape(message.speed_mps)
    )


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


def _read_power(shape: shapes.BatteryShape) -> Power:
    return Power(soc_fraction=parts.read_charge(shape.battery_charge), is_charging=shape.charging, reach_m=shape.reach)


def _battery_shape(power: Power) -> shapes.BatteryShape:
    charge = parts.charge_percent(power.soc_fraction)
    return shapes.BatteryShape(battery_charge=charge, charging=power.is_charging, reach=power.reach_m)


def _read_information(shape: shapes.InformationShape) -> Information:
    return Information(
        info_type=shape.info_type,
        is_debug=shape.info_level == "DEBUG",
        description=shape.info_description,
        references=parts.read_references(shape.info_references),
    )


def _information_shape(told: Information) -> shapes.InformationShape:
    return shapes.InformationShape(
        info_type=told.info_type,
        info_references=parts.reference_shapes(told.references),
        info_description=told.description,
        info_level="DEBUG" if told.is_debug else "INFO",
    )


_information = list_reader_of(shapes.InformationShape, _read_information)
