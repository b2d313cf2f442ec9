"""What a strict vehicle looks at before it takes an order: its limits, its factsheet, the time since the last one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from fleet.wire.messages import Action, OfferedAction, Order, OrderEdge, OrderNode, ProtocolLimits
from vehicle_sim import complaints
from vehicle_sim.characters import (
    CORRIDOR,
    EDGE_LENGTH,
    EDGE_SPEED,
    NODE_DEVIATION,
    NODE_POSITION,
    TRAJECTORY,
    Character,
)
from vehicle_sim.held_order import Rejection, refuse

EARLY_SHARE = 0.8
"""The network may bring two messages nearer to one another than they were sent."""

_IS_GIVEN: Mapping[str, Callable[[OrderNode | OrderEdge], bool]] = MappingProxyType(
    {
        NODE_POSITION: lambda node: isinstance(node, OrderNode) and node.position is not None,
        NODE_DEVIATION: lambda node: (
            isinstance(node, OrderNode) and node.position is not None and node.position.deviation_m is not None
        ),
        EDGE_LENGTH: lambda edge: isinstance(edge, OrderEdge) and edge.length_m is not None,
        EDGE_SPEED: lambda edge: isinstance(edge, OrderEdge) and edge.speed_mps_max is not None,
        TRAJECTORY: lambda edge: isinstance(edge, OrderEdge) and edge.trajectory is not None,
        CORRIDOR: lambda edge: isinstance(edge, OrderEdge) and edge.corridor is not None,
    }
)
"""Whether a node or an edge bears an optional field, by the name that factsheets have for it."""


def size_fault(character: Character, payload: bytes) -> str:
    """Why a message is too long to be read; empty where it is not."""
    most = character.limits.message_bytes_max
    return f"{len(payload)} bytes; {most} are taken" if most and len(payload) > most else ""


def order_fault(
    character: Character, offers: tuple[OfferedAction, ...], order: Order, since_last_s: float
) -> Rejection | None:
    """Why an order or update is not taken, before anything else is looked at.

    Args:
        character: of the vehicle.
        offers: what its factsheet lists.
        order: what it is told.
        since_last_s: how long ago it was told something new before.
    """
    limits = character.limits
    if since_last_s < EARLY_SHARE * limits.order_interval_s_min:
        text = f"{since_last_s:.2f} s after the one before; {limits.order_interval_s_min} s are needed"
        return refuse(order, complaints.TOO_LONG, text)
    if text := next(_too_much(limits, order), ""):
        return refuse(order, complaints.TOO_LONG, text)
    if text := next(_not_offered(character, offers, order), ""):
        return refuse(order, complaints.NO_SUCH_ACTION, text)
    for name, is_given in _IS_GIVEN.items():
        parts = order.nodes if name.startswith("order.nodes") else order.edges
        if name in character.requires and not all(is_given(part) for part in parts):
            return refuse(order, complaints.NO_SUCH_FIELD, f"{name} is missing", ("field", name))
        is_taken = not character.takes_listed_only or name in (*character.supports, *character.requires)
        if not is_taken and any(is_given(part) for part in parts):
            return refuse(order, complaints.NO_SUCH_FIELD, f"{name} is not supported", ("field", name))
    return None


def _too_much(limits: ProtocolLimits, order: Order) -> Iterator[str]:
    actions = [*_actions(order.nodes), *_actions(order.edges)]
    figures = (
        ("nodes", len(order.nodes), limits.order_nodes_max),
        ("edges", len(order.edges), limits.order_edges_max),
        ("actions of a node", max(len(node.actions) for node in order.nodes), limits.node_actions_max),
        ("actions of an edge", max((len(edge.actions) for edge in order.edges), default=0), limits.edge_actions_max),
        ("parameters", max((len(each.parameters) for each in actions), default=0), limits.action_parameters_max),
        ("control points", _longest(order, "points"), limits.control_points_max),
        ("knots", _longest(order, "knots"), limits.knots_max),
        ("characters of an id", max(map(len, _ids(order, actions))), limits.id_chars_max),
    )
    for what, count, most in figures:
        if most and count > most:
            yield f"{count} {what}; {most} are taken"
    if limits.ids_are_numbers and not all(name.isdigit() for name in _ids(order, actions)):
        yield "ids hold digits only"


def can_be_called(limits: ProtocolLimits, name: str) -> bool:
    """Whether the vehicle can have this name for anything."""
    is_short = not limits.id_chars_max or len(name) <= limits.id_chars_max
    return is_short and (name.isdigit() or not limits.ids_are_numbers)


def _longest(order: Order, part: str) -> int:
    return max((len(getattr(edge.trajectory, part)) for edge in order.edges if edge.trajectory), default=0)


def _actions(parts: Sequence[OrderNode] | Sequence[OrderEdge]) -> Iterator[Action]:
    return (action for part in parts for action in part.actions)


def _ids(order: Order, actions: list[Action]) -> list[str]:
    nodes, edges = [node.node_id for node in order.nodes], [edge.edge_id for edge in order.edges]
    return [order.order_id, *nodes, *edges, *(action.action_id for action in actions)]


def _not_offered(character: Character, offers: tuple[OfferedAction, ...], order: Order) -> Iterator[str]:
    if not character.takes_listed_only:
        return
    for scope, parts in (("NODE", order.nodes), ("EDGE", order.edges)):
        for action in _actions(parts):
            offer = next((each for each in offers if each.action_type == action.action_type), None)
            if offer is None or scope not in offer.scopes:
                yield f"{action.action_type} is not done at this place"
            elif offer.blocking_types and action.blocking_type.value not in offer.blocking_types:
                yield f"{action.action_type} is not done as {action.blocking_type.value}"
            elif missing := set(offer.required_keys) - {parameter.key for parameter in action.parameters}:
                yield f"{action.action_type} needs {', '.join(sorted(missing))}"
