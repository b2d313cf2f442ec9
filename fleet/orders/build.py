"""Orders and instant actions become the messages a vehicle is sent."""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec

from fleet.dispatch.room import LANE_SIDE_M, is_wide
from fleet.model.ids import ActionId, OrderId
from fleet.model.order import (
    INSTANT_PARAMETERS,
    PARCEL_PARAMETERS,
    ActionKind,
    Order,
    OrderPurpose,
    PathNode,
    StopAction,
)
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


# What is told to whom -------------------------------------------------------------------------------------------------

LENGTH, DEVIATION, PARAMETERS = "length", "deviation", "parameters"
OPTIONAL = {LENGTH: "length", DEVIATION: "allowedDeviationXY"}
"""Optional parts of an order that carry no safety, with the names by which factsheets list them."""
REQUIRED_KNOWN = frozenset(
    {
        "trajectory",
        "corridor",
        "length",
        "maxSpeed",
        "maximumSpeed",
        "nodePosition",
        "theta",
        "allowedDeviationXY",
        "allowedDeviationTheta",
        "actions",
    }
)
"""Optional parts of an order that we can tell; a vehicle that must be told others cannot be sent anywhere."""
NEEDED_PARAMETERS = 3
COUNTED = frozenset({"parcels"})
NUMBERS, NEITHER = frozenset({"INTEGER", "NUMBER", "FLOAT"}), frozenset({"BOOL", "BOOLEAN", "OBJECT", "ARRAY"})
"""Words for data types; all of ours are texts and whole numbers, and a word that we do not know asks for nothing."""


@dataclass(frozen=True, slots=True)
class ParameterKeys:
    """Which parameters a vehicle is told with a parcel action, and which we could tell."""

    told: frozenset[str]
    known: frozenset[str]


def field_name(path: str) -> str:
    """The last part of an optional parameter's path: `order.edges.corridor` is `corridor`."""
    return path.rpartition(".")[2]


def takes(profile: Profile, part: str) -> bool:
    """Whether an optional part is told: it was not refused, and a factsheet that lists such parts lists it (4.4)."""
    if part in profile.avoids:
        return False
    listed = {field_name(name) for name in (*profile.supported, *profile.required)}
    return not listed or OPTIONAL[part] in listed


def parameter_keys(profile: Profile, kind: ActionKind | None = None) -> ParameterKeys:
    """The parameters of a parcel action: fewer where the vehicle takes few, but always those that it asks for."""
    offer = profile.offer(kind) if kind is not None else None
    required = tuple(key for key in (offer.required if offer is not None else ()) if key in PARCEL_PARAMETERS)
    wished = tuple(dict.fromkeys((*required, *PARCEL_PARAMETERS)))
    most = profile.limits.action_parameters_max or len(wished)
    if PARAMETERS in profile.avoids:  # the count of parcels is no ornament: hand-overs are judged by it
        wished = tuple(dict.fromkeys((*required, *PARCEL_PARAMETERS[:NEEDED_PARAMETERS])))
    return ParameterKeys(frozenset(wished[:most]), frozenset(PARCEL_PARAMETERS))


def misfit(profile: Profile, kind: ActionKind) -> tuple[str, str] | None:
    """A parameter that has to be told and cannot be of the type that the vehicle takes, with that type (4.5)."""
    offer = profile.offer(kind)
    if offer is None:
        return None
    needed = {*offer.required, *PARCEL_PARAMETERS[:NEEDED_PARAMETERS]} & set(PARCEL_PARAMETERS)
    return next(((key, told) for key, told in offer.types if key in needed and not _can_be(key, told)), None)


def _can_be(key: str, told: str) -> bool:
    return told not in NEITHER and (key in COUNTED or told not in NUMBERS)


def _blocking(profile: Profile, kind: ActionKind) -> wire.BlockingType:
    """Nobody drives while parcels change hands: alone where the vehicle can do that, else beside other actions."""
    offer = profile.offer(kind)
    only_soft = offer is not None and offer.blocking and "HARD" not in offer.blocking
    return wire.BlockingType.SOFT if only_soft else wire.BlockingType.HARD


# Orders ---------------------------------------------------------------------------------------------------------------


def order_message(order: Order, terms: Terms) -> wire.Order:
    """The order as it is first sent: base and horizon from its first node on."""
    return _message(order, 0, terms)


def update_message(before: Order, after: Order, terms: Terms) -> wire.Order:
    """An update: stitched at the last released node of the base that the vehicle holds.

    Stop actions stand at the end of an order only, and no update of ours ever starts there (section 6.3a of our
    protocol checklist). Where one does, its actions are said again to vehicles that ask for it: others would do them
    twice (6.3).
    """
    message = _message(after, before.released, terms)
    if terms.profile.stitches_with_actions or not message.nodes[0].actions:
        return message
    first = msgspec.structs.replace(message.nodes[0], actions=())
    return msgspec.structs.replace(message, nodes=(first, *message.nodes[1:]))


def _message(order: Order, first: int, terms: Terms) -> wire.Order:
    nodes = tuple(_node(order, index, terms) for index in range(first, order.announced + 1))
    edges = tuple(_edge(order, index, terms) for index in range(first, order.announced))
    return wire.Order(order_id=order.id, order_update_id=order.update_id, nodes=nodes, edges=edges)


def _edge(order: Order, index: int, terms: Terms) -> wire.OrderEdge:
    """One piece of road; its orientation is left out: a car-like vehicle drives forward along it."""
    piece, start = order.path[index], _path_node(order, index)
    line = told_line(terms.graph, start, piece, terms.profile) if terms.profile.takes_trajectories else None
    length_m = piece.length_m if line is None else arc_length_m(line)
    return wire.OrderEdge(
        edge_id=piece.edge_id,
        sequence_id=2 * index + 1,
        released=index < order.released,
        start_node_id=start.node_id,
        end_node_id=piece.end.node_id,
        length_m=round(length_m, 2) if takes(terms.profile, LENGTH) else None,
        speed_mps_max=_rounded_down(piece.speed_mps),
        trajectory=None if line is None else trajectory_of(line),
        corridor=None if line is None else _corridor(terms.profile, takes_room=index in order.wide),
    )


def _corridor(profile: Profile, *, takes_room: bool) -> wire.Corridor | None:
    """How far from a line its vehicle may be: within its lane, or beyond it where it has the room or asks for it.

    Whoever loses the leave that it was given goes back to its line: standing on the lane of others would help nobody.
    """
    told_m = profile.corridor_m
    if told_m <= 0.0:
        return None
    if is_wide(told_m) and profile.asks_leave:
        return wire.Corridor(left_m=told_m, right_m=told_m, needs_leave=True, returns_on_loss=True)
    side_m = told_m if takes_room else min(told_m, LANE_SIDE_M)
    return wire.Corridor(left_m=side_m, right_m=side_m)


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
        actions=tuple(_action(order, action, terms.profile) for action in order.actions) if is_goal else (),
    )


def _position(order: Order, index: int, terms: Terms) -> wire.NodePosition:
    position = _exact_position(order, index, terms)
    return position if takes(terms.profile, DEVIATION) else msgspec.structs.replace(position, deviation_m=None)


def _exact_position(order: Order, index: int, terms: Terms) -> wire.NodePosition:
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


def _action(order: Order, action: StopAction, profile: Profile) -> wire.Action:
    """A parcel action; vehicles that can wait for our word after a failure are asked to."""
    kind, _, name = order.last_node_id.partition(":")
    values: dict[str, str | int] = {
        "stationType": "station" if kind == "station" else "pickup_point",
        "stationName": name,
        "loadType": "lot",
        "loadId": action.run_id,
        "parcels": action.parcel_count,
    }
    told = parameter_keys(profile, action.kind).told
    offer = profile.offer(action.kind)
    types = dict(offer.types) if offer is not None else {}
    parameters = (
        wire.ActionParameter(key=key, value=str(value) if types.get(key) == "STRING" else value)
        for key, value in values.items()
        if key in told and _can_be(key, types.get(key, ""))
    )
    waits = all(profile.offer(each) is not None for each in (ActionKind.RETRY, ActionKind.SKIP_RETRY))
    return wire.Action(
        action_id=action.action_id,
        action_type=action.kind.value,
        blocking_type=_blocking(profile, action.kind),
        parameters=tuple(parameters),
        is_retriable=True if waits else None,
    )


def instant_message(
    kind: ActionKind, action_id: ActionId, order_id: OrderId | None, more: tuple[tuple[str, str], ...] = ()
) -> wire.InstantActions:
    """One instant action.

    A cancel names its order, so that a late one cannot hit the next order where the vehicle heeds that; the standard
    does not oblige one of version 2 to. Hence nothing new is told to a vehicle whose cancel is not answered yet.

    Args:
        more: further parameters.
    """
    told = more if order_id is None else (("orderId", order_id), *more)
    assert {key for key, _ in told} <= set(INSTANT_PARAMETERS), told
    parameters = tuple(wire.ActionParameter(key=key, value=value) for key, value in told)
    action = wire.Action(
        action_id=action_id,
        action_type=kind.value,
        blocking_type=wire.BlockingType.NONE,
        parameters=parameters,
    )
    return wire.InstantActions(actions=(action,))


__all__ = ["OrderPurpose", "Terms", "instant_message", "order_message", "update_message"]
