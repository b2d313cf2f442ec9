"""Ways cut at their junctions become nodes and directed edges."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from fleet.maps.records import Edge, Piece, RoadNode, RoadWay
from fleet.maps.restrictions import Restriction, resolve
from fleet.maps.standing import stretches_to_stand_on
from fleet.maps.surroundings import Surroundings
from fleet.roads.graph import NO_STOPPING, EdgeFlag, Floats, NodeFlag, RoadGraph, TextColumn
from fleet.roads.plane import LocalPlane
from fleet.roads.stops import NO_STOPPING_CLASSES, Stretch

_LENGTH_M_MIN = 0.01  # two nodes mapped at one spot; no edge may take no time
EDGE_M_MAX = 250.0
"""Longer stretches are cut at a node between, so that a vehicle finds a place to stand every few hundred metres."""

# Plain numbers: flag arithmetic on the enumerations took a quarter of an import.
_JUNCTION, _BORDER, _SIGNAL = int(NodeFlag.JUNCTION), int(NodeFlag.BORDER), int(NodeFlag.SIGNAL)
_MOUTH, _RAIL, _CROSSING = int(NodeFlag.MOUTH), int(NodeFlag.RAIL), int(NodeFlag.CROSSING)
_EDGE_SIGNAL, _NO_STOPPING = int(EdgeFlag.SIGNAL), int(NO_STOPPING)
_ON_EDGE = ((int(NodeFlag.CROSSING), int(EdgeFlag.CROSSING)), (int(NodeFlag.RAIL), int(EdgeFlag.RAIL)))


def assemble(
    ways: Sequence[RoadWay],
    nodes: Mapping[int, RoadNode],
    restrictions: Sequence[Restriction],
    beside: Surroundings,
    edition: str,
) -> tuple[RoadGraph, Counter[str]]:
    """The road graph of what was read, and notes on what was left out or read strictly."""
    runs = [(way, run) for way in ways for run in _runs(way, nodes)]
    pieces = list(_pieces(runs, nodes))
    plane, xy = _flatten([nodes[ref] for ref in sorted({ref for _, refs in pieces for ref in refs})])
    edges = list(_directed([part for way, refs in pieces for part in _shortened(way, refs, xy)], xy))
    flags = _node_flags(ways, pieces, nodes, beside)
    stands = stretches_to_stand_on(edges, flags, beside.keep_outs(edges, plane))
    turns, paths, notes = resolve(restrictions, edges)
    notes["caution: roads cut where the extract ends"] = sum(bool(flag & _BORDER) for flag in flags.values())
    notes["caution: hours of conditional access not read"] = sum(bool(edge.lane.conditional) for edge in edges)
    graph = _graph(edges, nodes, flags, stands, plane, edition, turns, paths)
    return graph, notes


def _runs(way: RoadWay, nodes: Mapping[int, RoadNode]) -> Iterator[tuple[int, ...]]:
    """Stretches of a way whose nodes the extract has, without a node repeated at once."""
    run: list[int] = []
    for ref in (*way.refs, None):
        if ref is not None and ref in nodes:
            if not run or run[-1] != ref:
                run.append(ref)
            continue
        if len(run) > 1:
            yield tuple(run)
        run = []


def _pieces(runs: Sequence[Piece], nodes: Mapping[int, RoadNode]) -> Iterator[Piece]:
    """Runs cut where they meet one another or themselves, and at barriers."""
    uses = Counter(ref for _, run in runs for ref in run)
    uses.update(ref for _, run in runs for ref in (run[0], run[-1]))
    for way, run in runs:
        first = 0
        for i, ref in enumerate(run):
            if i > first and (uses[ref] > 1 or nodes[ref].there.barrier):
                yield way, run[first : i + 1]
                first = i


def _flatten(nodes: Sequence[RoadNode]) -> tuple[LocalPlane, dict[int, tuple[float, float]]]:
    """A plane centred on the box around the nodes, and where each of them lies in it."""
    lat, lon = np.array([node.lat for node in nodes]), np.array([node.lon for node in nodes])
    plane = LocalPlane(round((lat.min() + lat.max()) / 2, 5), round((lon.min() + lon.max()) / 2, 5))
    x_m, y_m = plane.to_xy(lat, lon)
    return plane, dict(zip([node.osm_id for node in nodes], zip(x_m.tolist(), y_m.tolist(), strict=True), strict=True))


def _shortened(way: RoadWay, refs: tuple[int, ...], xy: Mapping[int, tuple[float, float]]) -> Iterator[Piece]:
    """The piece in parts of at most `EDGE_M_MAX`, as far as its nodes allow; whole where nobody may stand anyway."""
    first, part_m = 0, 0.0
    for i in range(1, len(refs)):
        step_m = math.dist(xy[refs[i - 1]], xy[refs[i]])
        if i - first > 1 and part_m + step_m > EDGE_M_MAX and not way.flags & _NO_STOPPING:
            yield way, refs[first:i]
            first, part_m = i - 1, 0.0
        part_m += step_m
    yield way, refs[first:]


def _directed(pieces: Sequence[Piece], xy: Mapping[int, tuple[float, float]]) -> Iterator[Edge]:
    index = 0
    for way, refs in pieces:
        points = np.array([xy[ref] for ref in refs])
        steps = points[1:] - points[:-1]
        at_m = np.concatenate(([0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))))
        both = way.forward is not None and way.backward is not None
        if way.forward is not None:
            yield Edge(way, way.forward, refs, True, index + 1 if both else -1, points, at_m)
            index += 1
        if way.backward is not None:
            back = index - 1 if both else -1
            yield Edge(way, way.backward, refs[::-1], False, back, points[::-1], at_m[-1] - at_m[::-1])
            index += 1


def _node_flags(
    ways: Sequence[RoadWay],
    pieces: Sequence[Piece],
    nodes: Mapping[int, RoadNode],
    beside: Surroundings,
) -> dict[int, int]:
    """What stands at each node that is used: as tagged, and what the ways that meet there make of it."""
    pairs = (pair for way in ways for pair in pairwise(way.refs) if pair[0] != pair[1])
    arms = Counter(ref for pair in pairs for ref in pair)  # those that the extract cuts off too
    border = {ref for way in ways for pair in pairwise(way.refs) if not set(pair) <= nodes.keys() for ref in pair}
    mouths = {ref for way in ways if _is_no_place(way) for ref in way.refs}
    found = ((border, _BORDER), (mouths, _MOUTH), (beside.rails, _RAIL), (beside.crossings, _CROSSING))
    return {
        ref: nodes[ref].there.flags
        | (_JUNCTION if arms[ref] > 2 or ref in beside.arms else 0)
        | sum(flag for refs, flag in found if ref in refs and not nodes[ref].there.flags & flag)
        for ref in {ref for _, refs in pieces for ref in refs}
    }


def _is_no_place(way: RoadWay) -> bool:
    """No part of a vehicle may stand on it; a stopping ban forbids less."""
    return bool(way.flags & (_NO_STOPPING | int(EdgeFlag.TRACKS))) or way.road_class in NO_STOPPING_CLASSES


def _graph(
    edges: Sequence[Edge],
    nodes: Mapping[int, RoadNode],
    flags: Mapping[int, int],
    stands: Sequence[tuple[Stretch, ...]],
    plane: LocalPlane,
    edition: str,
    turns: Sequence[tuple[int, int]],
    paths: Sequence[tuple[int, ...]],
) -> RoadGraph:
    ids = sorted({ref for edge in edges for ref in (edge.refs[0], edge.refs[-1])})
    row = {ref: i for i, ref in enumerate(ids)}
    ends = [nodes[ref] for ref in ids]
    lat, lon = np.array([node.lat for node in ends]), np.array([node.lon for node in ends])
    x_m, y_m = plane.to_xy(lat, lon)
    shapes = [_without_repeats(edge.points) for edge in edges]
    return RoadGraph(
        plane=plane,
        edition=edition,
        node_osm=np.array(ids, np.int64),
        node_lat=lat,
        node_lon=lon,
        node_x_m=x_m,
        node_y_m=y_m,
        node_flags=np.array([flags[ref] for ref in ids], np.int32),
        node_barrier=TextColumn.of([node.there.barrier for node in ends]),
        node_access=TextColumn.of([node.there.access for node in ends]),
        edge_from=np.array([row[edge.refs[0]] for edge in edges], np.int32),
        edge_to=np.array([row[edge.refs[-1]] for edge in edges], np.int32),
        edge_way=np.array([edge.way.osm_id for edge in edges], np.int64),
        edge_length_m=np.array([max(edge.at_m[-1], _LENGTH_M_MIN) for edge in edges]),
        edge_speed_mps=np.array([edge.lane.speed_mps for edge in edges]),
        edge_flags=np.array([_edge_flags(edge, nodes, flags) for edge in edges], np.int32),
        edge_reverse=np.array([edge.reverse for edge in edges], np.int32),
        edge_class=TextColumn.of([edge.way.road_class for edge in edges]),
        edge_name=TextColumn.of([edge.way.name for edge in edges]),
        edge_access=TextColumn.of([edge.lane.access for edge in edges]),
        edge_vehicle=TextColumn.of([edge.lane.vehicle for edge in edges]),
        edge_motor_vehicle=TextColumn.of([edge.lane.motor_vehicle for edge in edges]),
        edge_conditional=TextColumn.of([edge.lane.conditional for edge in edges]),
        stand_start=np.cumsum([0, *map(len, stands)]).astype(np.int64),
        stand_from_m=np.array([from_m for stretches in stands for from_m, _ in stretches]),
        stand_to_m=np.array([to_m for stretches in stands for _, to_m in stretches]),
        shape_start=np.cumsum([0, *map(len, shapes)]).astype(np.int64),
        shape_x_m=np.concatenate(shapes)[:, 0].copy(),
        shape_y_m=np.concatenate(shapes)[:, 1].copy(),
        forbidden_turns=np.array(turns, np.int32).reshape(-1, 2),
        forbidden_paths=tuple(paths),
    )


def _without_repeats(points: Floats) -> Floats:
    """The polyline without points that stand on the one before, but always two."""
    moved = (points[1:] != points[:-1]).any(axis=1)
    if moved.all():
        return points
    return points[np.concatenate(([True], moved))] if moved.any() else points[[0, -1]]


def _edge_flags(edge: Edge, nodes: Mapping[int, RoadNode], flags: Mapping[int, int]) -> int:
    """The way's flags and what stands between the ends of the edge."""
    found = edge.way.flags
    for ref, at_m in zip(edge.refs[1:-1], edge.at_m[1:-1], strict=True):
        for node_flag, edge_flag in _ON_EDGE:
            if flags[ref] & node_flag:
                found |= edge_flag
        if flags[ref] & _SIGNAL and _faces(nodes[ref], edge, at_m):
            found |= _EDGE_SIGNAL
    return found


def _faces(node: RoadNode, edge: Edge, at_m: float) -> bool:
    """Whether a signal is meant for this direction: as tagged, else for those who have more road behind than ahead."""
    if node.there.signal_faces in {"forward", "backward"}:
        return (node.there.signal_faces == "forward") == edge.forward
    return at_m >= float(edge.at_m[-1]) / 2
