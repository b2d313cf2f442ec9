"""Turn restrictions: from relations to pairs and rows of directed edges that must not be driven in a row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fleet.maps.records import Edge

_APPLY_TO_US = ("restriction", "restriction:motor_vehicle", "restriction:motorcar", "restriction:conditional")
_OUR_EXCEPTIONS = {"motorcar", "motor_vehicle", "vehicle"}
_PATHS_MAX = 16  # a via of several ways that offers more ways through than this is a mistake in the map

Row = tuple[int, ...]
"""Directed edges, as driven one after the other."""
Member = tuple[str, str, int]
"""Role, type ("n", "w" or "r") and OSM id of a member of a relation."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """A restriction as read.

    Attributes:
        only: the turn named is the only one allowed; else it is the one forbidden.
        u_turn: a turn back.
        from_ways, to_ways: OSM way ids; more than one at no_entry and no_exit.
        via_node: OSM node id, or None where the way leads over `via_ways`.
    """

    only: bool
    u_turn: bool
    from_ways: frozenset[int]
    to_ways: frozenset[int]
    via_node: int | None
    via_ways: tuple[int, ...]


def read_restriction(tags: Mapping[str, str], members: Sequence[Member]) -> Restriction | str:
    """The restriction a relation states for motor vehicles, or why it states none.

    One that holds at some hours is taken to hold always: obeying it is lawful at any hour.
    """
    kind = next((tags[key] for key in _APPLY_TO_US if key in tags), None)
    if kind is None:
        return "for other vehicles"
    if _OUR_EXCEPTIONS & {token.strip() for token in tags.get("except", "").split(";")}:
        return "motor vehicles excepted"
    if not kind.startswith(("no_", "only_")):
        return f"restriction={kind}"
    ways = {role: [ref for r, t, ref in members if r == role and t == "w"] for role in ("from", "via", "to")}
    via_nodes = [ref for role, type_, ref in members if role == "via" and type_ == "n"]
    if not ways["from"] or not ways["to"] or len(via_nodes) + bool(ways["via"]) != 1:
        return "members missing"
    via_node = via_nodes[0] if via_nodes else None
    from_ways, to_ways = frozenset(ways["from"]), frozenset(ways["to"])
    u_turn = "u_turn" in kind
    return Restriction(kind.startswith("only_"), u_turn, from_ways, to_ways, via_node, tuple(ways["via"]))


class _Resolver:
    """Looks up edges by way and end node."""

    def __init__(self, edges: Sequence[Edge]) -> None:
        self.edges = edges
        self.into: dict[tuple[int, int], list[int]] = defaultdict(list)
        self.out_of: dict[tuple[int, int], list[int]] = defaultdict(list)
        self.leaving: dict[int, list[int]] = defaultdict(list)
        self.of_way: dict[int, list[int]] = defaultdict(list)
        for i, edge in enumerate(edges):
            self.into[edge.way.osm_id, edge.refs[-1]].append(i)
            self.out_of[edge.way.osm_id, edge.refs[0]].append(i)
            self.leaving[edge.refs[0]].append(i)
            self.of_way[edge.way.osm_id].append(i)

    def forbidden(self, restriction: Restriction) -> list[Row] | str:
        """Rows of edges that must not be driven, or why none could be found."""
        paths = self._named_paths(restriction)
        if not paths:
            return "its roads are not in the map"
        if len(paths) > _PATHS_MAX:
            return "ambiguous"
        if not restriction.only:
            return paths
        begun = {path[:n] for path in paths for n in range(1, len(path) + 1)}
        others = (
            (*path, onto)
            for path in sorted(begun - set(paths))
            for onto in self.leaving[self.edges[path[-1]].refs[-1]]
            if (*path, onto) not in begun
        )
        return [path for path in others if self.edges[path[-2]].reverse != path[-1]]

    def _named_paths(self, restriction: Restriction) -> list[Row]:
        """Rows from a `from` way over the via to a `to` way."""
        if restriction.via_node is not None:
            node = restriction.via_node
            starts = [e for way in restriction.from_ways for e in self.into[way, node]]
            ends = [e for way in restriction.to_ways for e in self.out_of[way, node]]
            rows: list[Row] = [(a, b) for a in starts for b in ends]
        else:
            rows = list(self._over_ways(restriction))
        if restriction.u_turn:
            return rows
        return [row for row in rows if self.edges[row[0]].reverse != row[-1]]

    def _over_ways(self, restriction: Restriction) -> Iterator[Row]:
        via = set(restriction.via_ways)
        begun: list[Row] = [(e,) for way in sorted(restriction.from_ways) for e in self.of_way[way]]
        while begun:
            path = begun.pop()
            for onto in self.leaving[self.edges[path[-1]].refs[-1]]:
                way = self.edges[onto].way.osm_id
                if len(path) > 1 and way in restriction.to_ways and self._is_new(path, onto, restriction.u_turn):
                    yield (*path, onto)
                elif way in via and self._is_new(path, onto, u_turn=False):
                    begun.append((*path, onto))

    def _is_new(self, path: Row, onto: int, u_turn: bool) -> bool:
        """Whether the path does not already hold the edge or, unless it is a turn back, its reverse."""
        back = self.edges[onto].reverse
        return onto not in path and (u_turn or back < 0 or back not in path)


def resolve(
    restrictions: Sequence[Restriction], edges: Sequence[Edge]
) -> tuple[list[tuple[int, int]], list[Row], Counter[str]]:
    """Forbidden turns (pairs), forbidden paths (rows of three or more) and notes; both sorted, each once."""
    resolver = _Resolver(edges)
    notes: Counter[str] = Counter()
    found: set[Row] = set()
    for restriction in restrictions:
        rows = resolver.forbidden(restriction)
        if isinstance(rows, str):
            notes[f"dropped restriction: {rows}"] += 1
            continue
        notes["restrictions_kept"] += 1
        found.update(rows)
    turns = sorted((row[0], row[1]) for row in found if len(row) == 2)
    pairs = set(turns)
    paths = sorted(row for row in found if len(row) > 2 and not pairs & set(pairwise(row)))
    return turns, paths, notes
