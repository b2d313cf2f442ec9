"""A route becomes the way of an order: pieces of road between nodes that matter.

Nodes stand at junctions and at places where a vehicle may be left standing, because a base must be able to end there.
Such places are kept at least `STOP_SPACING_M` apart: each node costs a message when it is passed. Pieces longer than
`LONGEST_PIECE_M` are cut as well, where nobody may stand: what a vehicle was let into is counted from the last node
that it has confirmed. Where a road is cut depends on the road alone, so that its pieces keep their names.
And pieces are cut at bends where the vehicle is told less of a road's course than it has (checklist 13.6, 13.7).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from fleet.model.order import PathEdge, PathNode
from fleet.model.place import Place
from fleet.roads.graph import RoadGraph
from fleet.roads.route import Route
from fleet.roads.shape import APART_M, course, farthest_from_chord, needed

STOP_SPACING_M = 60.0
SHORTEST_PIECE_M = 0.5
LONGEST_PIECE_M = 75.0
BEND_M = 0.2
"""What a vehicle is told of a road stays this close to the road's line."""
STRAIGHT = 2
"""Points of a piece that has no bend: its two nodes."""


def way_of(
    graph: RoadGraph, route: Route, goal: PathNode, speed_mps_max: float, points_max: int = STRAIGHT
) -> tuple[PathEdge, ...]:
    """The pieces of road of a route, the last one ending at `goal`.

    Args:
        goal: the node at the end of the route, as the vehicle is told it.
        speed_mps_max: top speed of the vehicle.
        points_max: so many points of its line a vehicle can be told of one piece, its two nodes included; 0 for any
            number.
    """
    pieces = list(_pieces(graph, route)) or [(route.edges[-1], 0.0, route.end_m, True)]  # a way is never nothing
    ends = [part for piece in _chosen_ends(pieces) for part in _bent(graph, piece, points_max)]
    return tuple(
        PathEdge(
            edge=edge,
            edge_id=edge_id(graph, edge, from_m, to_m),
            road_key=graph.edge_key(edge),
            from_m=from_m,
            to_m=to_m,
            speed_mps=min(float(graph.edge_speed_mps[edge]), speed_mps_max),
            end=goal if i == len(ends) - 1 else end_node(graph, edge, to_m),
            is_safe_end=is_safe or i == len(ends) - 1,
        )
        for i, (edge, from_m, to_m, is_safe) in enumerate(ends)
    )


def cut_again(graph: RoadGraph, way: Iterable[PathEdge], points_max: int) -> tuple[PathEdge, ...]:
    """A way that was cut for more points of its line than its vehicle takes by now; the same pieces where it fits."""
    return tuple(part for piece in way for part in _parts(graph, piece, points_max))


def _parts(graph: RoadGraph, piece: PathEdge, points_max: int) -> Iterator[PathEdge]:
    if graph.edge_by_key(piece.road_key) != piece.edge:  # it is of another map, and will be refused for that
        yield piece
        return
    parts = list(_bent(graph, (piece.edge, piece.from_m, piece.to_m, piece.is_safe_end), points_max))
    for i, (edge, from_m, to_m, is_safe) in enumerate(parts):
        is_last = i == len(parts) - 1
        yield (
            piece
            if len(parts) == 1
            else replace(
                piece,
                edge_id=edge_id(graph, edge, from_m, to_m),
                from_m=from_m,
                to_m=to_m,
                end=piece.end if is_last else end_node(graph, edge, to_m),
                is_safe_end=is_safe,
            )
        )


def end_node(graph: RoadGraph, edge: int, offset_m: float) -> PathNode:
    """The node at an offset of an edge: the road's own at its end, else one of ours."""
    if offset_m >= float(graph.edge_length_m[edge]):
        node = int(graph.edge_to[edge])
        return PathNode(
            node_id=graph.node_key(node),
            x_m=round(float(graph.node_x_m[node]), 3),
            y_m=round(float(graph.node_y_m[node]), 3),
        )
    x_m, y_m, _ = graph.point_at(Place(edge, offset_m))
    return PathNode(node_id=f"{graph.edge_key(edge)}@{_dm(offset_m)}", x_m=round(x_m, 3), y_m=round(y_m, 3))


def edge_id(graph: RoadGraph, edge: int, from_m: float, to_m: float) -> str:
    """The name of a piece of road: the edge's own, or with the decimetres from and to."""
    key = graph.edge_key(edge)
    if from_m <= 0.0 and to_m >= float(graph.edge_length_m[edge]):
        return key
    return f"{key}@{_dm(from_m)}-{_dm(to_m)}"


def _dm(offset_m: float) -> int:
    return round(offset_m * 10)


Piece = tuple[int, float, float, bool]
Mark = tuple[float, bool]
"""An offset of an edge at which a node may be, and whether a vehicle may stand there."""


def _pieces(graph: RoadGraph, route: Route) -> Iterator[Piece]:
    """Edge by edge, cut at its marks; (edge, from, to, a vehicle may stand at the end).

    A scrap of road at either end is left out: whoever stands before it stands at it.
    """
    for i, edge in enumerate(route.edges):
        from_m = route.start_m if i == 0 else 0.0
        to_m = route.end_m if i == len(route.edges) - 1 else float(graph.edge_length_m[edge])
        is_whole = 0 < i < len(route.edges) - 1 or len(route.edges) == 1
        marks = _marks(graph, edge)
        inner = [mark for mark in marks if from_m + SHORTEST_PIECE_M < mark[0] < to_m - SHORTEST_PIECE_M]
        for mark_m, is_safe in inner:
            yield edge, from_m, mark_m, is_safe
            from_m = mark_m
        if to_m - from_m >= SHORTEST_PIECE_M or (is_whole and not inner):
            yield edge, from_m, to_m, any(safe and abs(at_m - to_m) <= SHORTEST_PIECE_M for at_m, safe in marks)


def _marks(graph: RoadGraph, edge: int) -> list[Mark]:
    """Where an edge may be cut: places to stand from the last one backwards, and others where they are far apart."""
    stands: list[float] = []
    for from_m, to_m in reversed(graph.standing(edge)):
        at_m = min(to_m, stands[-1] - STOP_SPACING_M) if stands else to_m
        while at_m >= from_m:
            stands.append(at_m)
            at_m -= STOP_SPACING_M
    length_m = float(graph.edge_length_m[edge])
    marks = [(at_m, True) for at_m in reversed(stands)]
    for before_m, behind_m in pairwise([0.0, *(at_m for at_m, _ in marks), length_m]):
        count = math.ceil((behind_m - before_m) / LONGEST_PIECE_M)
        marks += [(before_m + (behind_m - before_m) * i / count, False) for i in range(1, count)]
    return sorted(marks)


def _chosen_ends(pieces: list[Piece]) -> list[Piece]:
    """Pieces of one edge joined again where what is between them is close to the node before."""
    chosen: list[Piece] = []
    since_stop_m = STOP_SPACING_M
    for edge, from_m, to_m, is_safe in pieces:
        joins = (
            bool(chosen)
            and chosen[-1][0] == edge
            and chosen[-1][2] == from_m
            and not chosen[-1][3]
            and to_m - chosen[-1][1] <= LONGEST_PIECE_M
        )
        if joins:
            from_m = chosen.pop()[1]
        since_stop_m += to_m - from_m
        keeps = is_safe and since_stop_m >= STOP_SPACING_M
        chosen.append((edge, from_m, to_m, keeps))
        if keeps:
            since_stop_m = 0.0
    return chosen


def _bent(graph: RoadGraph, piece: Piece, points_max: int) -> Iterator[Piece]:
    """The piece in parts whose line needs no more points than that, none of which ends where it begins."""
    edge, from_m, to_m, is_safe = piece
    line, at_m = course(graph, edge, from_m, to_m)
    inner = [i for i in range(1, len(line) - 1) if min(at_m[i] - from_m, to_m - at_m[i]) >= SHORTEST_PIECE_M]
    is_loop = math.dist(line[0], line[-1]) <= APART_M
    if not inner or not (is_loop or 0 < points_max < len(needed(line, BEND_M))):
        yield piece
        return
    middle = farthest_from_chord(line, 0, len(line) - 1)[0]
    cut_m = float(at_m[min(inner, key=lambda i: (abs(i - middle), i))])
    yield from _bent(graph, (edge, from_m, cut_m, False), points_max)
    yield from _bent(graph, (edge, cut_m, to_m, is_safe), points_max)
