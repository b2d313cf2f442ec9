"""The course of a piece of road as a vehicle is told it: a curve of degree 1 between two nodes (checklist 13.6)."""

from __future__ import annotations

import math
from itertools import accumulate, pairwise

import numpy as np

from fleet.model.order import PathEdge, PathNode
from fleet.model.profile import Profile
from fleet.orders.way import BEND_M, STRAIGHT
from fleet.roads.graph import Floats, RoadGraph
from fleet.roads.shape import APART_M, course, needed
from fleet.wire.messages import ControlPoint, Trajectory

ENDS_TWICE = 2
"""A curve of degree 1 has so many knots more than points."""


def points_max(profile: Profile) -> int:
    """How many points of its line a vehicle can be told of one piece of road, its two nodes included; 0 for any."""
    if not profile.takes_trajectories:
        return STRAIGHT
    limits = profile.limits
    allowed = [limits.control_points_max] if limits.control_points_max else []
    allowed += [limits.knots_max - ENDS_TWICE] if limits.knots_max else []
    return max(min(allowed), STRAIGHT) if allowed else 0


def told_line(graph: RoadGraph, start: PathNode, piece: PathEdge, profile: Profile) -> Floats | None:
    """The line from node to node in millimetres, with no point twice; None where the map has no such road.

    Both ends are where the nodes are told to be, to the digit.
    """
    edge = graph.edge_by_key(piece.road_key)
    if edge is None or edge != piece.edge:
        return None
    line = course(graph, edge, piece.from_m, piece.to_m)[0].round(3)
    line[0], line[-1] = (start.x_m, start.y_m), (piece.end.x_m, piece.end.y_m)
    most, tolerance_m = points_max(profile), BEND_M
    kept = needed(line, tolerance_m)
    while 0 < most < len(kept):  # the profile has changed since the way was cut for it
        tolerance_m *= 2.0
        kept = needed(line, tolerance_m)
    return _without_repeats(line[kept])


def _without_repeats(line: Floats) -> Floats:
    """No point on the one before it, but always both ends."""
    kept = [line[0]]
    for point in line[1:-1]:
        if math.dist(point, kept[-1]) >= APART_M:
            kept.append(point)
    while len(kept) > 1 and math.dist(kept[-1], line[-1]) < APART_M:
        kept.pop()
    return np.array([*kept, line[-1]])


def trajectory_of(line: Floats) -> Trajectory:
    """The line as a curve: its points are the control points, its knots rise with the way along it."""
    points = [(float(x_m), float(y_m)) for x_m, y_m in line]
    steps_m = [math.dist(before, after) for before, after in pairwise(points)]
    whole_m = sum(steps_m) or 1.0
    inner = [at_m / whole_m for at_m in accumulate(steps_m[:-1])]
    return Trajectory(
        points=tuple(ControlPoint(x_m=x_m, y_m=y_m) for x_m, y_m in points),
        degree=1,
        knots=(0.0, 0.0, *(round(knot, 9) for knot in inner), 1.0, 1.0),
    )
