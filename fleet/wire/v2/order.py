"""What a vehicle is told in VDA 5050 2.1.0, written and, for the vehicle's side, read."""

from __future__ import annotations

import msgspec

from fleet.wire.messages import (
    Action,
    ActionParameter,
    InstantActions,
    NodePosition,
    Order,
    OrderEdge,
    OrderNode,
)
from fleet.wire.v2 import shapes, words

_ORDER = msgspec.json.Decoder(shapes.OrderShape)
_INSTANT = msgspec.json.Decoder(shapes.InstantActionsShape)


def read_order(payload: bytes) -> Order:
    shape = _ORDER.decode(payload)
    return Order(
        order_id=shape.order_id,
        order_update_id=shape.order_update_id,
        nodes=tuple([_read_node(node) for node in shape.nodes]),
        edges=tuple([_read_edge(edge) for edge in shape.edges]),
    )


def order_shape(order: Order) -> shapes.OrderShape:
    return shapes.OrderShape(
        order_id=order.order_id,
        order_update_id=order.order_update_id,
        nodes=tuple([_node_shape(node) for node in order.nodes]),
        edges=tuple([_edge_shape(edge) for edge in order.edges]),
    )


def read_instant_actions(payload: bytes) -> InstantActions:
    return InstantActions(actions=_read_actions(_INSTANT.decode(payload).actions))


def instant_actions_shape(instant: InstantActions) -> shapes.InstantActionsShape:
    return shapes.InstantActionsShape(actions=_action_shapes(instant.actions))


def _read_node(shape: shapes.NodeShape) -> OrderNode:
    return OrderNode(
        node_id=shape.node_id,
        sequence_id=shape.sequence_id,
        released=shape.released,
        position=_read_position(shape.node_position),
        actions=_read_actions(shape.actions),
    )


def _node_shape(node: OrderNode) -> shapes.NodeShape:
    return shapes.NodeShape(
        node_id=node.node_id,
        sequence_id=node.sequence_id,
        released=node.released,
        node_position=_position_shape(node.position),
        actions=_action_shapes(node.actions),
    )


def _read_edge(shape: shapes.EdgeShape) -> OrderEdge:
    return OrderEdge(
        edge_id=shape.edge_id,
        sequence_id=shape.sequence_id,
        released=shape.released,
        start_node_id=shape.start_node_id,
        end_node_id=shape.end_node_id,
        length_m=shape.length,
        speed_mps_max=shape.max_speed,
        actions=_read_actions(shape.actions),
    )


def _edge_shape(edge: OrderEdge) -> shapes.EdgeShape:
    return shapes.EdgeShape(
        edge_id=edge.edge_id,
        sequence_id=edge.sequence_id,
        released=edge.released,
        start_node_id=edge.start_node_id,
        end_node_id=edge.end_node_id,
        max_speed=edge.speed_mps_max,
        length=edge.length_m,
        actions=_action_shapes(edge.actions),
    )


def _read_position(shape: shapes.NodePositionShape | None) -> NodePosition | None:
    if shape is None:
        return None
    return NodePosition(
        x_m=shape.x,
        y_m=shape.y,
        map_id=shape.map_id,
        theta_rad=shape.theta,
        deviation_m=shape.allowed_deviation_xy,
    )


def _position_shape(position: NodePosition | None) -> shapes.NodePositionShape | None:
    if position is None:
        return None
    return shapes.NodePositionShape(
        x=position.x_m,
        y=position.y_m,
        theta=position.theta_rad,
        allowed_deviation_xy=position.deviation_m,
        map_id=position.map_id,
    )


def _read_actions(actions: tuple[shapes.ActionShape, ...]) -> tuple[Action, ...]:
    return tuple([_read_action(action) for action in actions])


def _read_action(shape: shapes.ActionShape) -> Action:
    if shape.blocking_type not in words.BLOCKING_READ:
        raise ValueError(f"blockingType {shape.blocking_type!r} is unknown")
    return Action(
        action_id=shape.action_id,
        action_type=shape.action_type,
        blocking_type=words.BLOCKING_READ[shape.blocking_type],
        parameters=tuple([ActionParameter(key=p.key, value=p.value) for p in shape.action_parameters or ()]),
    )


def _action_shapes(actions: tuple[Action, ...]) -> tuple[shapes.ActionShape, ...]:
    return tuple([_action_shape(action) for action in actions])


def _action_shape(action: Action) -> shapes.ActionShape:
    parameters = tuple([shapes.ActionParameterShape(key=p.key, value=p.value) for p in action.parameters])
    return shapes.ActionShape(
        action_type=action.action_type,
        action_id=action.action_id,
        blocking_type=words.BLOCKING_WRITE[action.blocking_type],
        action_parameters=parameters or None,
    )
