"""What must hold of every order and update before it is sent: checked on each, and by the tests with the same code.

A message that breaks it is a bug of ours: its vehicle is quarantined and a person called, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, zip_longest

from fleet.model.order import Order
from fleet.wire import messages as wire


def refuse_unsound(before: Order | None, after: Order, message: wire.Order) -> None:
    """Let nothing pass that contradicts what the vehicle was told before.

    Raises:
        ValueError: what is wrong; the caller's bug.
    """
    faults = list(unsound(before, after, message))
    if faults:
        raise ValueError(f"{message.order_id}.{message.order_update_id} must not be sent: {'; '.join(faults)}")


def unsound(before: Order | None, after: Order, message: wire.Order) -> Iterator[str]:
    """In words, what is wrong with the message; `before` is the order as the vehicle has it, None for a new one."""
    yield from _numbers(before, message)
    yield from _shape(message)
    yield from _base(message)
    yield from _actions(after, message)


def _numbers(before: Order | None, message: wire.Order) -> Iterator[str]:
    first, update_id = message.nodes[0], message.order_update_id
    if before is None:
        if (update_id, first.sequence_id) != (0, 0):
            yield "a new order begins at 0"
        return
    if message.order_id != before.id or update_id <= before.update_id:
        yield f"an update has the same id and a number above {before.update_id}"
    end = before.start if not before.released else before.path[before.released - 1].end
    if (first.node_id, first.sequence_id) != (end.node_id, 2 * before.released):
        yield f"an update begins where the base ends, at {end.node_id}"
    at = first.position
    if at is not None and (at.x_m, at.y_m) != (end.x_m, end.y_m):
        yield f"{end.node_id} has moved"


def _shape(message: wire.Order) -> Iterator[str]:
    if len(message.edges) != len(message.nodes) - 1:
        yield f"{len(message.nodes)} nodes need {len(message.nodes) - 1} edges"
        return
    start = message.nodes[0].sequence_id
    if start % 2:
        yield "nodes have even numbers"
    for index, part in enumerate(_parts(message)):
        if part.sequence_id != start + index:
            yield f"{part.sequence_id} follows {start + index - 1}"
    for edge, (one, other) in zip(message.edges, pairwise(message.nodes), strict=True):
        if (edge.start_node_id, edge.end_node_id) != (one.node_id, other.node_id):
            yield f"{edge.edge_id} does not join its nodes"


def _base(message: wire.Order) -> Iterator[str]:
    parts = list(_parts(message))
    if not parts[0].released:
        yield "the first node is released"
    for one, other in pairwise(parts):
        if other.released and not one.released:
            yield f"{other.sequence_id} is released behind the base"
    if sum(part.released for part in parts) % 2 == 0:
        yield "the base ends on a node"


def _actions(after: Order, message: wire.Order) -> Iterator[str]:
    told = [action.action_id for part in _parts(message) for action in part.actions]
    if len(told) != len(set(told)):
        yield "an action stands twice"
    if any(edge.actions for edge in message.edges):
        yield "no action of ours belongs to an edge"
    elsewhere = [node.node_id for node in message.nodes if node.actions and node.sequence_id != 2 * len(after.path)]
    if elsewhere:
        yield f"parcels change hands at the end of an order only, not at {elsewhere[0]}"
    if any(a.blocking_type in DRIVES for node in message.nodes for a in node.actions):
        yield "nobody drives while parcels change hands"


DRIVES = frozenset({wire.BlockingType.NONE, wire.BlockingType.SINGLE})


def _parts(message: wire.Order) -> Iterator[wire.OrderNode | wire.OrderEdge]:
    """In the order of travel."""
    for node, edge in zip_longest(message.nodes, message.edges):
        if node is not None:
            yield node
        if edge is not None:
            yield edge
