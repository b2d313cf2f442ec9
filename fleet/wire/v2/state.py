"""What a vehicle says of itself in VDA 5050 2.x, read and written."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from fleet.wire.messages import Header, VehicleState, Visualization
from fleet.wire.standard import state as standard
from fleet.wire.standard.actions import action_state_shapes, read_action_states
from fleet.wire.standard.tail import list_reader_of
from fleet.wire.standard.words import MODE_UNKNOWN
from fleet.wire.v2 import shapes, words

_STATE = msgspec.json.Decoder(shapes.StateShape)
_VISUALIZATION = msgspec.json.Decoder(shapes.VisualizationShape)
_information = list_reader_of(shapes.InformationShape, standard.read_information)


def read_state(header: Header, payload: bytes) -> VehicleState:
    """A state; instant actions stand among all others in 2.x, so `instant_action_states` stays empty."""
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
        driving=shape.driving,
        paused=bool(shape.paused),
        new_base_request=bool(shape.new_base_request),
        distance_since_last_node_m=shape.distance_since_last_node,
        position=standard.read_position(shape.agv_position),
        speed_mps=standard.read_speed(shape.velocity),
        loads=None if shape.loads is None else standard.read_loads(shape.loads),
        power=standard.read_power(shape.battery_state),
        mode=words.MODE_READ.get(shape.operating_mode, MODE_UNKNOWN),
        errors=standard.read_errors(shape.errors, words.LEVEL_READ) if shape.errors else (),
        safety=standard.read_safety(shape.safety_state),
        maps=None if shape.maps is None else standard.read_maps(shape.maps),
        information=_information(shape.information) if shape.information else (),
    )


def state_shape(state: VehicleState) -> shapes.StateShape:
    """The state as 2.1.0 writes it."""
    actions = (*state.action_states, *state.instant_action_states)
    return shapes.StateShape(
        maps=standard.map_shapes(state.maps),
        order_id=state.order_id,
        order_update_id=state.order_update_id,
        last_node_id=state.last_node_id,
        last_node_sequence_id=state.last_node_sequence_id,
        node_states=standard.node_shapes(state.node_states),
        edge_states=standard.edge_shapes(state.edge_states),
        agv_position=standard.position_shape(state.position, shapes.PositionShape),
        velocity=standard.velocity_shape(state.speed_mps),
        loads=standard.load_shapes(state.loads),
        driving=state.driving,
        paused=state.paused,
        new_base_request=state.new_base_request,
        distance_since_last_node=state.distance_since_last_node_m,
        action_states=action_state_shapes(actions, shapes.ActionStateShape, words.STATUS_WRITE),
        battery_state=standard.power_shape(state.power, shapes.PowerShape),
        operating_mode=words.MODE_WRITE[state.mode],
        errors=standard.error_shapes(state.errors, words.LEVEL_WRITE),
        information=standard.information_raw(state.information, shapes.InformationShape),
        safety_state=standard.safety_shape(state.safety, shapes.SafetyShape, words.STOP_WRITE),
    )


def state_shape_2_0(state: VehicleState) -> shapes.StateShape:
    """The state as 2.0.0 writes it, which has no words for maps."""
    return replace(state_shape(state), maps=None)


def read_visualization(header: Header, payload: bytes) -> Visualization:
    shape = _VISUALIZATION.decode(payload)
    return Visualization(
        header=header,
        position=standard.read_position(shape.agv_position),
        speed_mps=standard.read_speed(shape.velocity),
    )


def visualization_shape(message: Visualization) -> shapes.VisualizationShape:
    return shapes.VisualizationShape(
        agv_position=standard.position_shape(message.position, shapes.PositionShape),
        velocity=standard.velocity_shape(message.speed_mps),
    )
