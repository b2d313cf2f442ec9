"""Orders and instant actions become the messages a vehicle is sent."""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec

from fleet.model.ids import ActionId, OrderId
from fleet.model.order import ActionKind, Order, OrderPurpose, PathNode, StopAction
from fleet.model.profile import Profile
from fleet.orders.course import told_line, trajectory_of
from fleet.roads.graph import RoadGraph
from fleet.roads.shape import arc_length_m
from fleet.roads.stops import STAND_DEVIATION_M
from fleet.wire import messages as wire

DEVIATION_M = 5.0
"""At the first node of an order, where the vehicle stands already as far as we know."""
STOP_DEVIATION_M, STOP_DEVIATION_RAD = 1.0, 0.35
"""At a bay or a door, where people find the vehicle; elsewhere no heading is asked of it (checklist 13.4, 13.10)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order is written with, beside itself.

    Attributes:
        map_id: the name under which the vehicle knows the map.
        graph: the roads of that map; their course is looked up here and not journalled with each order.
        profile: how the vehicle is spoken to.
    """

    map_id: str
    graph: RoadGraph
    profile: Profile


def order_message(order: Order, terms: Terms) -> wire.Order:
    """The order as it is first sent: base and horizon from its first node on."""
    return _message(order, 0, terms)


def update_message(before: Order, after: Order, terms: Terms) -> wire.Order:
    """An update: stitched at the last released node of the base that the vehicle holds.

    The stitching node carries no actions: stop actions stand at the end of an order only, and no update ever starts
    there (section 6.3a of our protocol checklist).
    """
    return _message(after, before.released, terms)


def _message(order: Order, first: int, terms: Terms) -> wire.Order:
    nodes = tuple(_node(order, index, terms) for index in range(first, order.announced + 1))
    edges = tuple(_edge(order, index, terms) for index in range(first, order.announced))
    return wire.Order(order_id=order.id, order_update_id=order.update_id, nodes=nodes, edges=edges)


def _edge(order: Order, index: int, terms: Terms) -> wire.OrderEdge:
    """One piece of road; its orientation is left out: a car-like vehicle drives forward along it."""
    piece, start = order.path[index], _path_node(order, index)
    line = told_line(terms.graph, start, piece, terms.profile) if terms.profile.takes_trajectories else None
    corridor_m = terms.profile.corridor_m
    return wire.OrderEdge(
        edge_id=piece.edge_id,
        sequence_id=2 * index + 1,
        released=index < order.released,
        start_node_id=start.node_id,
        end_node_id=piece.end.node_id,
        length_m=round(piece.length_m if line is None else arc_length_m(line), 2),
        speed_mps_max=_rounded_down(piece.speed_mps),
        trajectory=None if line is None else trajectory_of(line),
        corridor=None if line is None or corridor_m <= 0.0 else wire.Corridor(left_m=corridor_m, right_m=corridor_m),
    )


def _rounded_down(speed_mps: float) -> float:
    """To a hundredth, and never above a limit."""
    return math.floor(speed_mps * 100.0 + 1e-6) / 100.0


def _path_node(order: Order, index: int) -> PathNode:
    return order.start if index == 0 else order.path[index - 1].end


def _node(order: Order, index: int, terms: Terms) -> wire.OrderNode:
    is_goal = index == len(order.path)
    return wire.OrderNode(
        node_id=_path_node(order, index).node_id,
        sequence_id=2 * index,
        released=index <= order.released,
        position=_position(order, index, terms),
        actions=tuple(_action(order, action) for action in order.actions) if is_goal else (),
    )


def _position(order: Order, index: int, terms: Terms) -> wire.NodePosition:
    """Where a node lies and how exactly it is meant; the first one is where the vehicle stands already."""
    node = _path_node(order, index)
    plain_m = terms.profile.node_deviation_m if index else DEVIATION_M
    place = wire.NodePosition(x_m=node.x_m, y_m=node.y_m, map_id=terms.map_id, deviation_m=plain_m)
    if not index:
        return place
    if index == len(order.path):
        heading_rad = terms.graph.point_at(order.goal)[2]
        return msgspec.structs.replace(
            place,
            deviation_m=min(STOP_DEVIATION_M, plain_m),
            theta_rad=max(-3.1415, min(3.1415, round(heading_rad, 4))),
            deviation_rad=STOP_DEVIATION_RAD,
        )
    if order.path[index - 1].is_safe_end:
        return msgspec.structs.replace(place, deviation_m=min(STAND_DEVIATION_M, plain_m))
    return place


def _action(order: Order, action: StopAction) -> wire.Action:
    """A parcel action: nobody drives while parcels change hands, hence HARD."""
    kind, _, name = order.last_node_id.partition(":")
    station_type = "station" if kind == "station" else "pickup_point"
    return wire.Action(
        action_id=action.action_id,
        action_type=action.kind.value,
        blocking_type=wire.BlockingType.HARD,
        parameters=(
            wire.ActionParameter(key="stationType", value=station_type),
            wire.ActionParameter(key="stationName", value=name),
            wire.ActionParameter(key="loadType", value="lot"),
            wire.ActionParameter(key="loadId", value=action.run_id),
            wire.ActionParameter(key="parcels", value=action.parcel_count),
        ),
    )


def instant_message(kind: ActionKind, action_id: ActionId, order_id: OrderId | None) -> wire.InstantActions:
    """One instant action.

    A cancel names its order, so that a late one cannot hit the next order where the vehicle heeds that; the standard
    does not oblige one of version 2 to. Hence nothing new is told to a vehicle whose cancel is not answered yet.
    """
    parameters = () if order_id is None else (wire.ActionParameter(key="orderId", value=order_id),)
    action = wire.Action(
        action_id=action_id,
        action_type=kind.value,
        blocking_type=wire.BlockingType.NONE,
        parameters=parameters,
    )
    return wire.InstantActions(actions=(action,))


__all__ = ["OrderPurpose", "Terms", "instant_message", "order_message", "update_message"]
