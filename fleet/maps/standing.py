"""Where on each edge a vehicle may stand: what `fleet.roads.stops` rules, applied to the roads of a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fleet.maps.records import Edge
from fleet.roads.graph import NO_STANDING, NodeFlag
from fleet.roads.stops import BODY_M, BUS_STOP_CLEAR_M, CLEAR_M, NO_STOPPING_CLASSES, KeepOut, Stretch, around, standing

_HAZARDS = int(NodeFlag.SIGNAL | NodeFlag.CROSSING | NodeFlag.RAIL | NodeFlag.BARRIER | NodeFlag.JUNCTION)
_CLEAR_M = ((int(NodeFlag.BUS_STOP), BUS_STOP_CLEAR_M), (_HAZARDS, CLEAR_M), (int(NodeFlag.MOUTH), BODY_M))
"""How far to keep from what stands at a node, farthest first."""
_NO_STANDING = int(NO_STANDING)


def may_stand_on(edge: Edge) -> bool:
    """Whether its kind of road has any place to stand."""
    return not edge.way.flags & _NO_STANDING and edge.way.road_class not in NO_STOPPING_CLASSES


def stretches_to_stand_on(
    edges: Sequence[Edge], flags: Mapping[int, int], more: Mapping[int, Sequence[KeepOut]]
) -> list[tuple[Stretch, ...]]:
    """The stretches of each edge on which a vehicle may stand.

    Args:
        edges: all of the map; hazards count beyond an edge's ends, too.
        flags: of each node, of `NodeFlag`.
        more: further stretches to be kept free, by index of their edge.
    """
    keep_outs = [[*_at_nodes(edge, flags), *more.get(i, ())] for i, edge in enumerate(edges)]
    reach_m = _beyond_ends_m(edges, keep_outs)
    return [_stretches(edge, stretches, reach_m) for edge, stretches in zip(edges, keep_outs, strict=True)]


def _stretches(edge: Edge, keep_outs: list[KeepOut], reach_m: Mapping[int, float]) -> tuple[Stretch, ...]:
    if not may_stand_on(edge):
        return ()
    length_m = float(edge.at_m[-1])
    begin, end = around(0.0, reach_m.get(edge.refs[0], 0.0)), around(length_m, reach_m.get(edge.refs[-1], 0.0))
    return standing(length_m, [*keep_outs, begin, end])


def _at_nodes(edge: Edge, flags: Mapping[int, int]) -> list[KeepOut]:
    """What is to be kept free of what stands at the nodes of an edge, its ends included."""
    return [
        around(float(at_m), clear_m)
        for ref, at_m in zip(edge.refs, edge.at_m, strict=True)
        if (clear_m := _clear_m(flags[ref]))
    ]


def _clear_m(flag: int) -> float:
    return next((clear_m for mask, clear_m in _CLEAR_M if flag & mask), 0.0)


def _beyond_ends_m(edges: Sequence[Edge], keep_outs: Sequence[Sequence[KeepOut]]) -> dict[int, float]:
    """How far around each node the roads have to be kept free, whichever of them the reason lies on."""
    reach_m: dict[int, float] = {}
    news: set[int] = set()

    def widen(ref: int, wanted_m: float) -> None:
        if wanted_m > reach_m.get(ref, 0.0):
            reach_m[ref] = wanted_m
            news.add(ref)

    for edge, stretches in zip(edges, keep_outs, strict=True):
        for from_m, to_m in stretches:
            widen(edge.refs[0], -from_m)
            widen(edge.refs[-1], to_m - float(edge.at_m[-1]))
    short = [edge for edge in edges if edge.at_m[-1] < BUS_STOP_CLEAR_M]
    while news:
        reached, news = news, set()
        for edge in short:
            if edge.refs[0] in reached:  # its way back is an edge of its own, or nobody may stand wrong way round
                widen(edge.refs[-1], reach_m[edge.refs[0]] - float(edge.at_m[-1]))
            if edge.refs[-1] in reached:
                widen(edge.refs[0], reach_m[edge.refs[-1]] - float(edge.at_m[-1]))
    return reach_m
