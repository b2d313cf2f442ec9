"""What must hold between the fields of an order: checklist 5.1 to 5.3 and 5.6, and for 2.x the ends of edges.

The rules read the order as it is on the wire and suppose that each field by itself is sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise, zip_longest
from typing import Any

from fleet.wire.kinds import Violation

WireOrder = Mapping[str, Any]  # a JSON object whose fields were judged before
OrderRule = Callable[[WireOrder], Iterator[Violation]]


def edges_join_nodes(order: WireOrder) -> Iterator[Violation]:
    """At least one node, and one edge fewer than nodes."""
    nodes, edges = len(order["nodes"]), len(order["edges"])
    if not nodes:
        yield Violation("nodes", "must hold at least one node")
    elif edges != nodes - 1:
        yield Violation("edges", f"must be {nodes - 1} for {nodes} nodes, are {edges}")


def sequence_counts_up(order: WireOrder) -> Iterator[Violation]:
    """Nodes even, edges odd, step 1 in the order of travel; a new order begins at 0."""
    parts = list(_parts(order))
    for (_, before), (path, part) in pairwise(parts):
        if part["sequenceId"] != before["sequenceId"] + 1:
            yield Violation(f"{path}.sequenceId", f"must be {before['sequenceId'] + 1}, is {part['sequenceId']}")
    if parts and parts[0][1]["sequenceId"] % 2:
        yield Violation(f"{parts[0][0]}.sequenceId", "must be even for a node")
    if parts and order["orderUpdateId"] == 0 and parts[0][1]["sequenceId"] != 0:
        yield Violation(f"{parts[0][0]}.sequenceId", "must be 0 in a new order")


def base_is_a_prefix(order: WireOrder) -> Iterator[Violation]:
    """The first node is released, nothing after the first unreleased part is, and the base ends on a node."""
    parts = list(_parts(order))
    if parts and not parts[0][1]["released"]:
        yield Violation(f"{parts[0][0]}.released", "must be true for the first node")
    for (path_before, before), (path, part) in pairwise(parts):
        if part["released"] and not before["released"]:
            yield Violation(f"{path}.released", f"must be false after {path_before}")
        if before["released"] and not part["released"] and path_before.startswith("edges"):
            yield Violation(f"{path_before}.released", f"must be false while {path} is not released")


def edges_name_their_ends(order: WireOrder) -> Iterator[Violation]:
    """Only 2.x: an edge names the nodes before and after it."""
    for index, (edge, (start, end)) in enumerate(zip(order["edges"], pairwise(order["nodes"]), strict=False)):
        if edge["startNodeId"] != start["nodeId"]:
            yield Violation(f"edges[{index}].startNodeId", f"must be {start['nodeId']!r}")
        if edge["endNodeId"] != end["nodeId"]:
            yield Violation(f"edges[{index}].endNodeId", f"must be {end['nodeId']!r}")


def actions_are_single(order: WireOrder) -> Iterator[Violation]:
    """An action id stands once."""
    seen: set[str] = set()
    for path, part in _parts(order):
        for index, action in enumerate(part["actions"]):
            if action["actionId"] in seen:
                yield Violation(f"{path}.actions[{index}].actionId", f"{action['actionId']!r} stands twice")
            seen.add(action["actionId"])


def _parts(order: WireOrder) -> Iterator[tuple[str, WireOrder]]:
    """Nodes and edges in the order of travel, with their paths."""
    for index, (node, edge) in enumerate(zip_longest(order["nodes"], order["edges"])):
        if node is not None:
            yield f"nodes[{index}]", node
        if edge is not None:
            yield f"edges[{index}]", edge


ALWAYS: tuple[OrderRule, ...] = (edges_join_nodes, sequence_counts_up, base_is_a_prefix, actions_are_single)
"""What holds in every version."""
