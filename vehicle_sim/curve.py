"""What a vehicle makes of the course of a road that it is told: it must fit its nodes and lie on the road.

Written from the standard's definition of a curve and from the vehicle's own map; nothing is shared with whoever tells.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from fleet.wire.messages import NodePosition, OrderEdge, Trajectory

Point = tuple[float, float]

AT_NODE_M = 0.01
BESIDE_ROAD_M = 0.5
"""A curve this far beside the road is another road's."""
LENGTH_OFF_M = 0.5


def geometry_fault(
    edge: OrderEdge, before: NodePosition | None, after: NodePosition | None, road: Sequence[Point]
) -> str:
    """Why the vehicle cannot drive an edge as told, or empty.

    Args:
        before, after: of the nodes that the edge joins.
        road: the line of that piece of road by the vehicle's own map.
    """
    if edge.speed_mps_max is not None and edge.speed_mps_max <= 0.0:
        return "has no speed"
    if before is not None and after is not None and math.dist(_at(before), _at(after)) < AT_NODE_M / 10.0:
        return "joins two nodes at one place"
    if edge.corridor is not None and (edge.trajectory is None or min(edge.corridor.left_m, edge.corridor.right_m) < 0):
        return "has a corridor and no curve to keep to"
    if edge.trajectory is None:
        return ""
    return next(_curve_faults(edge.trajectory, edge.length_m, before, after, road), "")


def _curve_faults(
    curve: Trajectory,
    length_m: float | None,
    before: NodePosition | None,
    after: NodePosition | None,
    road: Sequence[Point],
) -> Iterator[str]:
    points = [(point.x_m, point.y_m) for point in curve.points]
    if curve.degree < 1 or len(points) <= curve.degree:
        yield f"has {len(points)} points for a curve of degree {curve.degree}"
        return
    if curve.knots and not _fit(curve):
        yield "has knots that do not fit its points"
    if curve.degree == 1 and any(one == other for one, other in pairwise(points)):
        yield "has a point twice"
    for node, point in (before, points[0]), (after, points[-1]):
        if node is not None and math.dist(_at(node), point) > AT_NODE_M:
            yield "has a curve that does not meet its nodes"
    if curve.degree == 1:
        if length_m is not None and abs(sum(math.dist(*pair) for pair in pairwise(points)) - length_m) > LENGTH_OFF_M:
            yield "is not as long as its curve"
        if strays_m(points, road) > BESIDE_ROAD_M:
            yield "has a curve beside the road"


def _fit(curve: Trajectory) -> bool:
    rises = all(one <= other for one, other in pairwise(curve.knots))
    inner = curve.knots[curve.degree : -curve.degree]
    return len(curve.knots) == len(curve.points) + curve.degree + 1 and rises and len(set(inner)) == len(inner)


def strays_m(told: Sequence[Point], road: Sequence[Point]) -> float:
    """How far the corners of each line are from the other line, at most."""
    there = max(_away_m(point, road) for point in told)
    return max(there, max(_away_m(point, told) for point in road))


def _away_m(point: Point, line: Sequence[Point]) -> float:
    return min(_from_segment_m(point, start, end) for start, end in pairwise(line))


def _from_segment_m(point: Point, start: Point, end: Point) -> float:
    along = (end[0] - start[0], end[1] - start[1])
    length2 = along[0] ** 2 + along[1] ** 2
    off = (point[0] - start[0], point[1] - start[1])
    share = min(max((off[0] * along[0] + off[1] * along[1]) / length2, 0.0), 1.0) if length2 else 0.0
    return math.hypot(off[0] - share * along[0], off[1] - share * along[1])


def _at(node: NodePosition) -> Point:
    return node.x_m, node.y_m
