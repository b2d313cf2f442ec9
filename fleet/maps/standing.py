"""Where on each edge a vehicle may stand: what `fleet.roads.stops` rules, applied to the roads of a map."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from fleet.maps.records import Edge
from fleet.roads.graph import NO_STOPPING, NodeFlag
from fleet.roads.stops import CLEAR_M, NO_STOPPING_CLASSES, last_stop_m

_HAZARDS = int(NodeFlag.SIGNAL | NodeFlag.CROSSING | NodeFlag.RAIL | NodeFlag.BARRIER | NodeFlag.JUNCTION)
_NO_STOPPING = int(NO_STOPPING)
_SHORT_EDGES_IN_A_ROW = 3


def last_stops_m(edges: Sequence[Edge], flags: Mapping[int, int]) -> list[float | None]:
    """The last offset on each edge at which a vehicle may stand, None where there is none.

    Args:
        edges: all of the map; hazards count beyond an edge's ends, too.
        flags: of each node, of `NodeFlag`.
    """
    nearest_m = _nearest_hazard_m(edges, flags)
    return [_last_stop_m(edge, flags, nearest_m) for edge in edges]


def _last_stop_m(edge: Edge, flags: Mapping[int, int], nearest_m: Mapping[int, float]) -> float | None:
    if edge.way.flags & _NO_STOPPING or edge.way.road_class in NO_STOPPING_CLASSES:
        return None
    length_m = float(edge.at_m[-1])
    beyond_m = [-nearest_m.get(edge.refs[0], math.inf), length_m + nearest_m.get(edge.refs[-1], math.inf)]
    return last_stop_m(length_m, _hazards_m(edge, flags) + beyond_m)


def _hazards_m(edge: Edge, flags: Mapping[int, int]) -> list[float]:
    """Offsets of the hazards on an edge, its ends included, ascending."""
    return [float(at_m) for ref, at_m in zip(edge.refs, edge.at_m, strict=True) if flags[ref] & _HAZARDS]


def _nearest_hazard_m(edges: Sequence[Edge], flags: Mapping[int, int]) -> dict[int, float]:
    """How far the nearest hazard is from each node at which edges meet, if it is nearer than `CLEAR_M`."""
    nearest_m: dict[int, float] = {}
    for edge in edges:
        if hazards_m := _hazards_m(edge, flags):
            _keep_nearer(nearest_m, edge.refs[0], hazards_m[0])
            _keep_nearer(nearest_m, edge.refs[-1], float(edge.at_m[-1]) - hazards_m[-1])
    short = [edge for edge in edges if edge.at_m[-1] < CLEAR_M]
    for _ in range(_SHORT_EDGES_IN_A_ROW):
        for edge in short:
            for here, there in (edge.refs[0], edge.refs[-1]), (edge.refs[-1], edge.refs[0]):
                _keep_nearer(nearest_m, here, nearest_m.get(there, math.inf) + float(edge.at_m[-1]))
    return nearest_m


def _keep_nearer(nearest_m: dict[int, float], ref: int, hazard_m: float) -> None:
    if hazard_m < min(CLEAR_M, nearest_m.get(ref, math.inf)):
        nearest_m[ref] = hazard_m
