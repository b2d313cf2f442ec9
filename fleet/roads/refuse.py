"""Why a vehicle may not drive somewhere, in words; slow, one question at a time.

The second reading of the rules that `fleet.roads.permit` applies as arrays. It shares no code and no table with it,
so that a mistake in one shows as a difference between them: tests compare the two, and no road is released to a
vehicle before this file has agreed to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise

from fleet.roads.graph import RoadGraph
from fleet.roads.permit import RoadProfile


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, for people; names the road and the class, tag or closure."""

    reason: str


def may_drive(
    graph: RoadGraph, profile: RoadProfile, edge: int, closed: AbstractSet[int] = frozenset()
) -> Refusal | None:
    """None when the profile may drive on the edge."""
    where = graph.describe(edge)
    if edge in closed:
        return Refusal(f"closed: {where}")
    if graph.edge_class[edge] not in profile.road_classes:
        return Refusal(f"road class {graph.edge_class[edge]} not allowed: {where}")
    tag = _deciding_tag(graph, edge)
    if tag is not None and not _lets_in(tag[1]):
        return Refusal(f"{tag[0]}={tag[1]}: {where}")
    for key, value, condition in _conditions(graph.edge_conditional[edge]):
        if not _lets_in(value) and not _is_about_size(condition):
            return Refusal(f"{key}={value} @ {condition}: {where}")
    return None


def may_pass(graph: RoadGraph, node: int) -> Refusal | None:
    """None when no barrier stops a vehicle at the node."""
    barrier, access = graph.node_barrier[node], graph.node_access[node]
    if access and _lets_in(access.split("=", 1)[1]):
        return None
    open_by_kind = "", "no", "entrance", "toll_booth", "cattle_grid", "border_control", "kerb", "height_restrictor"
    if not access and barrier in open_by_kind:
        return None
    return Refusal(f"barrier={barrier} {access}".rstrip() + f" at node {graph.node_osm[node]}")


def may_turn(
    graph: RoadGraph, profile: RoadProfile, edge: int, onto: int, closed: AbstractSet[int] = frozenset()
) -> Refusal | None:
    """None when a vehicle at the end of `edge` may go on along `onto`, which it may drive on."""
    node = int(graph.edge_to[edge])
    if graph.edge_from[onto] != node:
        return Refusal(f"{graph.edge_key(onto)} does not begin where {graph.edge_key(edge)} ends")
    if (edge, onto) in graph.forbidden_pairs:
        ways = f"{graph.describe(edge)} to {graph.describe(onto)}"
        return Refusal(f"forbidden turn at node {graph.node_osm[node]}: {ways}")
    blocked = may_pass(graph, node)
    if graph.edge_reverse[edge] != onto:
        return blocked
    others = [int(e) for e in range(graph.edge_count) if graph.edge_from[e] == node and e != onto]
    if blocked or all(may_drive(graph, profile, other, closed) for other in others):
        return None
    return Refusal(f"no turning round at node {graph.node_osm[node]}: it is no dead end")


def may_follow(
    graph: RoadGraph, profile: RoadProfile, edges: Sequence[int], closed: AbstractSet[int] = frozenset()
) -> Refusal | None:
    """None when a vehicle may drive the edges one after the other."""
    for edge in edges:
        if refusal := may_drive(graph, profile, edge, closed):
            return refusal
    for edge, onto in pairwise(edges):
        if refusal := may_turn(graph, profile, edge, onto, closed):
            return refusal
    return may_go_through(graph, edges)


def may_go_through(graph: RoadGraph, edges: Sequence[int]) -> Refusal | None:
    """None when no restriction over several roads forbids the edges one after the other."""
    for path in graph.forbidden_paths:
        if any(tuple(edges[i : i + len(path)]) == path for i in range(len(edges) - len(path) + 1)):
            return Refusal("forbidden way through: " + ", ".join(graph.describe(edge) for edge in path))
    return None


def _deciding_tag(graph: RoadGraph, edge: int) -> tuple[str, str] | None:
    if value := graph.edge_motor_vehicle[edge]:
        return "motor_vehicle", value
    if value := graph.edge_vehicle[edge]:
        return "vehicle", value
    if value := graph.edge_access[edge]:
        return "access", value
    return None


def _lets_in(value: str) -> bool:
    for token in value.split(";"):
        match token.strip():
            case "yes" | "permissive" | "designated" | "official" | "public" | "discouraged":
                continue
            case "destination" | "delivery" | "customers":
                continue
            case _:
                return False
    return True


def _conditions(text: str) -> Iterator[tuple[str, str, str]]:
    """Key, value and condition of each clause of "key=value @ (condition); value @ condition|key=..."."""
    for tag in filter(None, text.split("|")):
        key, _, rest = tag.partition("=")
        while "@" in rest:
            value, _, rest = rest.partition("@")
            rest = rest.lstrip()
            condition, _, rest = rest[1:].partition(")") if rest.startswith("(") else rest.partition(";")
            yield key, value.strip(" ;"), condition.strip()


def _is_about_size(condition: str) -> bool:
    return any(word in condition for word in ("weight", "length", "height", "width", "axle"))
