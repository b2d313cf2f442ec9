"""What a vehicle is told in VDA 5050 3.0, written and, for the vehicle's side, read."""

from __future__ import annotations

import msgspec

from fleet.wire import shapes as common
from fleet.wire.header import from_timestamp, timestamp
from fleet.wire.messages import (
    Corridor,
    InstantActions,
    NodePosition,
    Order,
    OrderEdge,
    OrderNode,
    Response,
    Responses,
    Zone,
    ZoneSet,
    ZoneType,
)
from fleet.wire.parts import action_shapes, read_actions, read_trajectory, trajectory_shape
from fleet.wire.v3 import shapes, words

_ORDER = msgspec.json.Decoder(shapes.OrderShape)
_INSTANT = msgspec.json.Decoder(common.InstantActionsShape)
_ZONES = msgspec.json.Decoder(shapes.ZoneSetShape)
_RESPONSES = msgspec.json.Decoder(shapes.ResponsesShape)


def read_order(payload: bytes) -> Order:
    """An order; 3.0 no longer names the ends of its edges, but they are the nodes before and after."""
    shape = _ORDER.decode(payload)
    ends = [node.node_id for node in shape.nodes]
    if len(shape.edges) != max(len(ends) - 1, 0):
        raise ValueError(f"{len(shape.edges)} edges cannot join {len(ends)} nodes")
    return Order(
        order_id=shape.order_id,
        order_update_id=shape.order_update_id,
        nodes=tuple([_read_node(node) for node in shape.nodes]),
        edges=tuple([_read_edge(edge, ends[i], ends[i + 1]) for i, edge in enumerate(shape.edges)]),
    )


def order_shape(order: Order) -> shapes.OrderShape:
    return shapes.OrderShape(
        order_id=order.order_id,
        order_update_id=order.order_update_id,
        nodes=tuple([_node_shape(node) for node in order.nodes]),
        edges=tuple([_edge_shape(edge) for edge in order.edges]),
    )


def read_instant_actions(payload: bytes) -> InstantActions:
    return InstantActions(actions=read_actions(_INSTANT.decode(payload).actions, words.BLOCKING_READ))


def instant_actions_shape(instant: InstantActions, *, has_alias: bool) -> common.InstantActionsShape:
    actions = action_shapes(instant.actions, words.BLOCKING_AT_ONCE)
    return common.InstantActionsShape(actions=actions, instant_actions=actions if has_alias else None)


def read_zone_set(payload: bytes) -> ZoneSet:
    shape = _ZONES.decode(payload).zone_set
    return ZoneSet(
        map_id=shape.map_id, zone_set_id=shape.zone_set_id, zones=tuple([_read_zone(zone) for zone in shape.zones])
    )


def zone_set_shape(zone_set: ZoneSet) -> shapes.ZoneSetShape:
    zones = tuple([_zone_shape(zone) for zone in zone_set.zones])
    return shapes.ZoneSetShape(
        zone_set=shapes.ZonesShape(map_id=zone_set.map_id, zone_set_id=zone_set.zone_set_id, zones=zones)
    )


def read_responses(payload: bytes) -> Responses:
    return Responses(responses=tuple([_read_response(each) for each in _RESPONSES.decode(payload).responses]))


def responses_shape(told: Responses) -> shapes.ResponsesShape:
    return shapes.ResponsesShape(
        responses=tuple(
            [
                shapes.ResponseShape(
                    request_id=each.request_id,
                    grant_type=each.grant.value,
                    lease_expiry=None if each.lease_until_s is None else timestamp(each.lease_until_s),
                )
                for each in told.responses
            ]
        )
    )


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
        actions=action_shapes(node.actions, words.BLOCKING_WRITE, with_retriable=True),
    )


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
        actions=action_shapes(edge.actions, words.BLOCKING_WRITE, with_retriable=True),
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


def _read_position(shape: shapes.NodePositionShape | None) -> NodePosition | None:
    """A place; of an ellipse that may be stood in the circle inside it is read."""
    if shape is None:
        return None
    room = shape.allowed_deviation_xy
    return NodePosition(
        x_m=shape.x,
        y_m=shape.y,
        map_id=shape.map_id,
        theta_rad=shape.theta,
        deviation_m=None if room is None else min(room.a, room.b),
        deviation_rad=shape.allowed_deviation_theta,
    )


def _position_shape(position: NodePosition | None) -> shapes.NodePositionShape | None:
    if position is None:
        return None
    room_m = position.deviation_m
    return shapes.NodePositionShape(
        x=position.x_m,
        y=position.y_m,
        theta=position.theta_rad,
        allowed_deviation_xy=None if room_m is None else shapes.EllipseShape(a=room_m, b=room_m, theta=0.0),
        allowed_deviation_theta=position.deviation_rad,
        map_id=position.map_id,
    )


def _read_zone(shape: shapes.ZoneShape) -> Zone:
    if shape.zone_type not in words.ZONE_READ:
        raise ValueError(f"zoneType {shape.zone_type!r} is unknown")
    return Zone(
        zone_id=shape.zone_id,
        zone_type=words.ZONE_READ[shape.zone_type],
        outline=tuple([(vertex.x, vertex.y) for vertex in shape.vertices]),
        speed_mps_max=shape.maximum_speed,
    )


def _zone_shape(zone: Zone) -> shapes.ZoneShape:
    """A zone as it is written.

    Raises:
        ValueError: it is no area, or its limit is missing: neither may be left for a vehicle to guess.
    """
    if len(zone.outline) < 3:
        raise ValueError(f"zone {zone.zone_id!r} has {len(zone.outline)} corners")
    if (zone.speed_mps_max is None) is (zone.zone_type is ZoneType.SPEED_LIMIT):
        raise ValueError(f"zone {zone.zone_id!r} is {zone.zone_type.value} with a limit of {zone.speed_mps_max}")
    return shapes.ZoneShape(
        zone_id=zone.zone_id,
        zone_type=zone.zone_type.value,
        vertices=tuple([shapes.VertexShape(x=x_m, y=y_m) for x_m, y_m in zone.outline]),
        maximum_speed=zone.speed_mps_max,
    )


def _read_response(shape: shapes.ResponseShape) -> Response:
    if shape.grant_type not in words.GRANT_READ:
        raise ValueError(f"grantType {shape.grant_type!r} is unknown")
    return Response(
        request_id=shape.request_id,
        grant=words.GRANT_READ[shape.grant_type],
        lease_until_s=None if shape.lease_expiry is None else from_timestamp(shape.lease_expiry),
    )
