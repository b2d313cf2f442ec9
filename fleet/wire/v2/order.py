"""What a vehicle is told in VDA 5050 2.x, written and, for the vehicle's side, read."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from fleet.wire.messages import Corridor, Order, OrderEdge
from fleet.wire.standard.actions import action_shapes, read_actions
from fleet.wire.standard.order import node_shape, read_node
from fleet.wire.standard.shapes import OrderShape
from fleet.wire.standard.ways import read_trajectory, trajectory_shape, with_knots
from fleet.wire.v2 import words
from fleet.wire.v2.shapes import CorridorShape, EdgeShape

_ORDER = msgspec.json.Decoder(OrderShape[float, EdgeShape])


def read_order(payload: bytes) -> Order:
    shape = _ORDER.decode(payload)
    return Order(
        order_id=shape.order_id,
        order_update_id=shape.order_update_id,
        nodes=tuple([read_node(node, _radius_m, words.BLOCKING_READ) for node in shape.nodes]),
        edges=tuple([_read_edge(edge) for edge in shape.edges]),
    )


def order_shape(order: Order) -> OrderShape[float, EdgeShape]:
    """The order as 2.1.0 writes it.

    Raises:
        ValueError: leave would have to be asked for a corridor, which 2.x has no words for.
    """
    return OrderShape(
        order_id=order.order_id,
        order_update_id=order.order_update_id,
        nodes=tuple(
            [node_shape(node, _radius_m, action_shapes(node.actions, words.BLOCKING_WRITE)) for node in order.nodes]
        ),
        edges=tuple([_edge_shape(edge) for edge in order.edges]),
    )


def order_shape_2_0(order: Order) -> OrderShape[float, EdgeShape]:
    """The order as 2.0.0 writes it: of a corridor it has no words, and without one the vehicle keeps to its line."""
    shape = order_shape(order)
    return replace(
        shape, edges=tuple([replace(edge, corridor=None) if edge.corridor else edge for edge in shape.edges])
    )


def _radius_m(told: float) -> float:
    """The room around a node is told as its radius."""
    return told


def _read_edge(shape: EdgeShape) -> OrderEdge:
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


def _edge_shape(edge: OrderEdge) -> EdgeShape:
    return EdgeShape(
        edge_id=edge.edge_id,
        sequence_id=edge.sequence_id,
        released=edge.released,
        start_node_id=edge.start_node_id,
        end_node_id=edge.end_node_id,
        max_speed=edge.speed_mps_max,
        length=edge.length_m,
        trajectory=None if edge.trajectory is None else trajectory_shape(with_knots(edge.trajectory)),
        corridor=_corridor_shape(edge.corridor),
        actions=action_shapes(edge.actions, words.BLOCKING_WRITE),
    )


def _read_corridor(shape: CorridorShape | None) -> Corridor | None:
    if shape is None:
        return None
    return Corridor(
        left_m=shape.left_width, right_m=shape.right_width, is_for_contour=shape.corridor_ref_point == "CONTOUR"
    )


def _corridor_shape(corridor: Corridor | None) -> CorridorShape | None:
    if corridor is None:
        return None
    if corridor.needs_leave:
        raise ValueError("a corridor that is to be asked for cannot be told in version 2")
    return CorridorShape(
        left_width=corridor.left_m,
        right_width=corridor.right_m,
        corridor_ref_point="CONTOUR" if corridor.is_for_contour else "KINEMATICCENTER",
    )
