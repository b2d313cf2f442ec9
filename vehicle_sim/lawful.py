"""Where a vehicle has a right to drive: a third reading of the rules, only for the tester.

The controller asks two others, `fleet.roads.permit` for its routes and `fleet.roads.refuse` before a release. This
one was written from the tags' own documentation, shares no code or table with them, and works from the bare
attributes that were read from the map: a mistake in either of them shows as a broken promise here.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from fleet.roads.graph import RoadGraph

LETS_IN = ("yes", "permissive", "designated", "official", "public", "discouraged")
LETS_IN_TO_VISIT = ("destination", "delivery", "customers")
OPEN_BARRIERS = ("", "no", "entrance", "kerb", "cattle_grid", "toll_booth", "border_control", "height_restrictor")
LORRY_WORDS = ("weight", "axle", "length", "width", "height")


class Law:
    """What the map's tags say to vehicles that are made for these classes of road."""

    def __init__(self, graph: RoadGraph, road_classes: AbstractSet[str]) -> None:
        self._graph = graph
        self._classes = road_classes
        self._turns = {(int(edge), int(onto)) for edge, onto in graph.forbidden_turns.tolist()}
        self._rows = [tuple(int(edge) for edge in row) for row in graph.forbidden_paths]
        self._known: dict[int, bool] = {}

    def may_use(self, edge: int) -> bool:
        """Whether such a vehicle has a right to be on the edge, while it is not closed."""
        if edge not in self._known:
            self._known[edge] = self._may_use(edge)
        return self._known[edge]

    def _may_use(self, edge: int) -> bool:
        graph = self._graph
        if graph.edge_class[edge] not in self._classes:
            return False
        tags = (graph.edge_motor_vehicle[edge], graph.edge_vehicle[edge], graph.edge_access[edge])
        if not all(_is_open(tag) for tag in [tag for tag in tags if tag][:1]):
            return False
        return not any(_closes_at_times(rule) for rule in graph.edge_conditional[edge].split("|") if rule)

    def may_go_on(self, edge: int, onto: int, closed: AbstractSet[int] = frozenset()) -> bool:
        """Whether it may leave the edge for the next one, both of which it may use."""
        graph, node = self._graph, int(self._graph.edge_to[edge])
        if int(graph.edge_from[onto]) != node or (edge, onto) in self._turns:
            return False
        turns_back = int(graph.edge_reverse[edge]) == onto
        if not _is_passable(graph, node):
            return turns_back  # the barrier makes a dead end of it
        others = [int(other) for other in graph.exits(node) if other != onto]
        return not turns_back or not any(self.may_use(other) and other not in closed for other in others)

    def may_follow(self, edges: Sequence[int]) -> bool:
        """Whether no restriction over several roads forbids to drive these in a row."""
        row = tuple(edges)
        return not any(
            banned == row[i : i + len(banned)] for banned in self._rows for i in range(len(row) - len(banned) + 1)
        )


def _is_passable(graph: RoadGraph, node: int) -> bool:
    access = graph.node_access[node]
    return _is_open(access.partition("=")[2]) if access else graph.node_barrier[node] in OPEN_BARRIERS


def _is_open(tag: str) -> bool:
    return all(value.strip() in LETS_IN or value.strip() in LETS_IN_TO_VISIT for value in tag.split(";"))


def _closes_at_times(rule: str) -> bool:
    """A ban at some hours is a ban; one for heavy or large vehicles is not meant for us.

    "key=value @ (condition); value @ condition": a semicolon inside brackets belongs to the condition.
    """
    text = rule.partition("=")[2]
    clauses, depth, begin = [], 0, 0
    for i, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == ";" and not depth:
            clauses.append(text[begin:i])
            begin = i + 1
    clauses.append(text[begin:])
    for clause in clauses:
        value, at, condition = clause.partition("@")
        if at and not _is_open(value.strip()) and not any(word in condition for word in LORRY_WORDS):
            return True
    return False
