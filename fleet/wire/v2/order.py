"""What a vehicle is told in VDA 5050 2.x, written and, for the vehicle's side, read."""

from __future__ import annotations

import msgspec

from fleet.wire import shapes as common
from fleet.wire.messages import Corridor, InstantActions, NodePosition, Order, OrderEdge, OrderNode
from fleet.wire.parts import action_shapes, read_actions, read_trajectory, trajectory_shape, with_knots
from fleet.wire.v2 import shapes, words

_ORDER = msgspec.json.Decoder(shapes.OrderShape)
_INSTANT = msgspec.json.Decoder(common.InstantActionsShape)


def read_order(payload: bytes) -> Order:
    shape = _ORDER.decode(payload)
    return Order(
        order_id=shape.order_id,
        order_update_id=shape.order_update_id,
        nodes=tuple([_read_node(node) for node in shape.nodes]),
        edges=tuple([_read_edge(edge) for edge in shape.edges]),
    )


def order_shape(order: Order, *, has_corridors: bool) -> shapes.OrderShape:
    """The order as 2.x writes it.

    Args:
        has_corridors: 2.1.0 has them; to a vehicle of 2.0.0 one is not told, and it keeps to its line.

    Raises:
        ValueError: leave would have to be asked for a corridor, which 2.x has no words for.
    """
    return shapes.OrderShape(
        order_id=order.order_id,
        order_update_id=order.order_update_id,
        nodes=tuple([_node_shape(node) for node in order.nodes]),
        edges=tuple([_edge_shape(edge, has_corridors=has_corridors) for edge in order.edges]),
    )


def read_instant_actions(payload: bytes) -> InstantActions:
    return InstantActions(actions=read_actions(_INSTANT.decode(payload).actions, words.BLOCKING_READ))


def instant_actions_shape(instant: InstantActions, *, has_alias: bool) -> common.InstantActionsShape:
    actions = action_shapes(instant.actions, words.BLOCKING_WRITE)
    return common.InstantActionsShape(actions=actions, instant_actions=actions if has_alias else None)


def _read_node(shape: shapes.NodeShape) -> OrderNode:
    return OrderNode(
        node_id=shape.node_id,
        sequence_id=shape.sequence_id,
        released=shape.released,
        position=_read_position(shape.node_position),
        actions=read_actions(shape.actions, words.BLOCKING_READ),
    )


def _node_shape(node: OrderNode) -> shapes.NodeShape:
    return shapes.NodeShape(
        node_id=node.node_id,
        sequence_id=node.sequence_id,
        released=node.released,
        node_position=_position_shape(node.position),
        actions=action_shapes(node.actions, words.BLOCKING_WRITE),
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
        trajectory=None if shape.trajectory is None else read_trajectory(shape.trajectory),
        corridor=_read_corridor(shape.corridor),
        actions=read_actions(shape.actions, words.BLOCKING_READ),
    )


def _edge_shape(edge: OrderEdge, *, has_corridors: bool) -> shapes.EdgeShape:
    corridor = _corridor_shape(edge.corridor)
    return shapes.EdgeShape(
        edge_id=edge.edge_id,
        sequence_id=edge.sequence_id,
        released=edge.released,
        start_node_id=edge.start_node_id,
        end_node_id=edge.end_node_id,
        max_speed=edge.speed_mps_max,
        length=edge.length_m,
        trajectory=None if edge.trajectory is None else trajectory_shape(with_knots(edge.trajectory)),
        corridor=corridor if has_corridors else None,
        actions=action_shapes(edge.actions, words.BLOCKING_WRITE),
    )


def _read_corridor(shape: shapes.CorridorShape | None) -> Corridor | None:
    if shape is None:
        return None
    return Corridor(
        left_m=shape.left_width, right_m=shape.right_width, is_for_contour=shape.corridor_ref_point == "CONTOUR"
    )


def _corridor_shape(corridor: Corridor | None) -> shapes.CorridorShape | None:
    if corridor is None:
        return None
    if corridor.needs_leave:
        raise ValueError("a corridor that is to be asked for cannot be told in version 2")
    return shapes.CorridorShape(
        left_width=corridor.left_m,
        right_width=corridor.right_m,
        corridor_ref_point="CONTOUR" if corridor.is_for_contour else "KINEMATICCENTER",
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
        deviation_rad=shape.allowed_deviation_theta,
    )


def _position_shape(position: NodePosition | None) -> shapes.NodePositionShape | None:
    if position is None:
        return None
    return shapes.NodePositionShape(
        x=position.x_m,
        y=position.y_m,
        theta=position.theta_rad,
        allowed_deviation_xy=position.deviation_m,
        allowed_deviation_theta=position.deviation_rad,
        map_id=position.map_id,
    )
