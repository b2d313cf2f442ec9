"""The course of a piece of road with as few points as will do.

Lines are (n, 2) arrays of x and y in metres, at least two points. A point may be left out where the line without it
stays within a tolerance of the line with it (Douglas and Peucker).
"""

from __future__ import annotations

import numpy as np

from fleet.roads.graph import Floats, RoadGraph

APART_M = 0.001
"""Points are told in millimetres; two that are one there are one point."""


def course(graph: RoadGraph, edge: int, from_m: float, to_m: float) -> tuple[Floats, Floats]:
    """The line of an edge between two offsets, and the offset of each of its points."""
    points = graph.polyline(edge)
    steps = np.diff(points, axis=0)
    at_m = np.concatenate(([0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))))
    inside = (at_m > from_m + APART_M) & (at_m < to_m - APART_M)
    marks = np.concatenate(([from_m], at_m[inside], [to_m]))
    line = np.column_stack((np.interp(marks, at_m, points[:, 0]), np.interp(marks, at_m, points[:, 1])))
    return line, marks


def needed(line: Floats, tolerance_m: float) -> list[int]:
    """Indices of the points that a line needs, its ends included, ascending."""
    kept = {0, len(line) - 1}
    open_parts = [(0, len(line) - 1)]
    while open_parts:
        first, last = open_parts.pop()
        farthest, distance_m = farthest_from_chord(line, first, last)
        if distance_m > tolerance_m:
            kept.add(farthest)
            open_parts += [(first, farthest), (farthest, last)]
    return sorted(kept)


def farthest_from_chord(line: Floats, first: int, last: int) -> tuple[int, float]:
    """The point between two others that is farthest from the straight line between them, and how far that is."""
    if last - first < 2:
        return first, 0.0
    away_m = _from_segment(line[first + 1 : last], line[first], line[last])
    index = int(away_m.argmax())
    return first + 1 + index, float(away_m[index])


def _from_segment(points: Floats, start: Floats, end: Floats) -> Floats:
    along = end - start
    length2 = float(along @ along)
    shares = np.clip((points - start) @ along / length2, 0.0, 1.0) if length2 else np.zeros(len(points))
    rest = points - start - shares[:, None] * along
    return np.asarray(np.hypot(rest[:, 0], rest[:, 1]))


def arc_length_m(line: Floats) -> float:
    steps = np.diff(line, axis=0)
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())
