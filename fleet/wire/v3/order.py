"""What a vehicle is told in VDA 5050 3.0, written and, for the vehicle's side, read."""

from __future__ import annotations

import msgspec

from fleet.wire.messages import Action, Corridor, Order, OrderEdge
from fleet.wire.standard.actions import action_shapes, read_actions
from fleet.wire.standard.order import node_shape, read_node
from fleet.wire.standard.shapes import ActionShape, OrderShape
from fleet.wire.standard.ways import read_trajectory, trajectory_shape
from fleet.wire.v3 import shapes, words

_ORDER = msgspec.json.Decoder(OrderShape[shapes.EllipseShape, shapes.EdgeShape])


def read_order(payload: bytes) -> Order:
    """An order; 3.0 no longer names the ends of its edges, but they are the nodes before and after."""
    shape = _ORDER.decode(payload)
    ends = [node.node_id for node in shape.nodes]
    if len(shape.edges) != max(len(ends) - 1, 0):
        raise ValueError(f"{len(shape.edges)} edges cannot join {len(ends)} nodes")
    return Order(
        order_id=shape.order_id,
        order_update_id=shape.order_update_id,
        nodes=tuple([read_node(node, _radius_m, words.BLOCKING_READ) for node in shape.nodes]),
        edges=tuple([_read_edge(edge, ends[i], ends[i + 1]) for i, edge in enumerate(shape.edges)]),
    )


def order_shape(order: Order) -> OrderShape[shapes.EllipseShape, shapes.EdgeShape]:
    return OrderShape(
        order_id=order.order_id,
        order_update_id=order.order_update_id,
        nodes=tuple([node_shape(node, _circle, _action_shapes(node.actions)) for node in order.nodes]),
        edges=tuple([_edge_shape(edge) for edge in order.edges]),
    )


def _radius_m(room: shapes.EllipseShape) -> float:
    """Of an ellipse that may be stood in, the circle inside it is read."""
    return min(room.a, room.b)


def _circle(radius_m: float) -> shapes.EllipseShape:
    return shapes.EllipseShape(a=radius_m, b=radius_m, theta=0.0)


def _action_shapes(actions: tuple[Action, ...]) -> tuple[ActionShape, ...]:
    return action_shapes(actions, words.BLOCKING_WRITE, with_retriable=True)


def _read_edge(shape: shapes.EdgeShape, start_node_id: str, end_node_id: str) -> OrderEdge:
    return OrderEdge(
        edge_id=shape.edge_id,
        sequence_id=shape.sequence_id,
        released=shape.released,
        start_node_id=start_node_id,
        end_node_id=end_node_id,
        length_m=shape.length,
        speed_mps_max=shape.maximum_speed,
        trajectory=None if shape.trajectory is None else read_trajectory(shape.trajectory),
        corridor=_read_corridor(shape.corridor),
        actions=read_actions(shape.actions, words.BLOCKING_READ),
    )


def _edge_shape(edge: OrderEdge) -> shapes.EdgeShape:
    return shapes.EdgeShape(
        edge_id=edge.edge_id,
        sequence_id=edge.sequence_id,
        released=edge.released,
        maximum_speed=edge.speed_mps_max,
        length=edge.length_m,
        trajectory=None if edge.trajectory is None else trajectory_shape(edge.trajectory),
        corridor=_corridor_shape(edge.corridor),
        actions=_action_shapes(edge.actions),
    )


def _read_corridor(shape: shapes.CorridorShape | None) -> Corridor | None:
    if shape is None:
        return None
    return Corridor(
        left_m=shape.left_width,
        right_m=shape.right_width,
        is_for_contour=shape.corridor_reference_point == "CONTOUR",
        needs_leave=bool(shape.release_required),
        returns_on_loss=shape.release_loss_behavior == "RETURN",
    )


def _corridor_shape(corridor: Corridor | None) -> shapes.CorridorShape | None:
    if corridor is None:
        return None
    on_loss = "RETURN" if corridor.returns_on_loss else "STOP"
    return shapes.CorridorShape(
        left_width=corridor.left_m,
        right_width=corridor.right_m,
        corridor_reference_point="CONTOUR" if corridor.is_for_contour else "KINEMATIC_CENTER",
        release_required=corridor.needs_leave or None,
        release_loss_behavior=on_loss if corridor.needs_leave else None,
    )
