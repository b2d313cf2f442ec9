"""What a vehicle is told of its way, read into our words and written from them.

Versions tell the room around a node otherwise, so what it is in metres, or how so many are told, is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fleet.wire.messages import BlockingType, NodePosition, OrderNode
from fleet.wire.standard.actions import read_actions
from fleet.wire.standard.shapes import ActionShape, NodePositionShape, NodeShape, Room


def read_node(
    shape: NodeShape[Room], radius_m: Callable[[Room], float], blocking: Mapping[str, BlockingType]
) -> OrderNode:
    return OrderNode(
        node_id=shape.node_id,
        sequence_id=shape.sequence_id,
        released=shape.released,
        position=None if shape.node_position is None else _read_position(shape.node_position, radius_m),
        actions=read_actions(shape.actions, blocking),
    )


def _read_position(shape: NodePositionShape[Room], radius_m: Callable[[Room], float]) -> NodePosition:
    room = shape.allowed_deviation_xy
    return NodePosition(
        x_m=shape.x,
        y_m=shape.y,
        map_id=shape.map_id,
        theta_rad=shape.theta,
        deviation_m=None if room is None else radius_m(room),
        deviation_rad=shape.allowed_deviation_theta,
    )


def node_shape(node: OrderNode, room: Callable[[float], Room], actions: tuple[ActionShape, ...]) -> NodeShape[Room]:
    return NodeShape(
        node_id=node.node_id,
        sequence_id=node.sequence_id,
        released=node.released,
        node_position=None if node.position is None else _position_shape(node.position, room),
        actions=actions,
    )


def _position_shape(position: NodePosition, room: Callable[[float], Room]) -> NodePositionShape[Room]:
    return NodePositionShape(
        x=position.x_m,
        y=position.y_m,
        theta=position.theta_rad,
        allowed_deviation_xy=None if position.deviation_m is None else room(position.deviation_m),
        allowed_deviation_theta=position.deviation_rad,
        map_id=position.map_id,
    )
