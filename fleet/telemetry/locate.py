"""Position to place on the road graph, among roads on which a vehicle can be."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from fleet.model.place import Place
from fleet.roads.graph import RoadGraph

SAME_PLACE_M = 1.0
"""The two directions of a street lie in one line; places this close are told apart by where the vehicle looks."""


def locate(
    graph: RoadGraph, edges: Iterable[int], x_m: float, y_m: float, theta_rad: float
) -> tuple[Place, float] | None:
    """The nearest place on any of the edges and how far away it is, in metres; None where there are no edges.

    Args:
        theta_rad: where the vehicle looks; decides between the directions of one street.
    """
    found = [_nearest_on(graph, edge, x_m, y_m) for edge in dict.fromkeys(edges)]
    nearest_m = min((away_m for _, away_m in found), default=0.0)
    close = [(place, away_m) for place, away_m in found if away_m <= nearest_m + SAME_PLACE_M]
    return min(close, key=lambda each: _turn_rad(graph, each[0], theta_rad), default=None)


def _turn_rad(graph: RoadGraph, place: Place, theta_rad: float) -> float:
    """Between where the road leads and where the vehicle looks, 0 to pi; coarse, so that the first of equals wins."""
    turn_rad = abs(graph.point_at(place)[2] - theta_rad) % (2 * math.pi)
    return round(min(turn_rad, 2 * math.pi - turn_rad), 2)


def distance_m(graph: RoadGraph, place: Place, x_m: float, y_m: float) -> float:
    """From a place on the road to a position, as the crow flies."""
    at_x_m, at_y_m, _ = graph.point_at(place)
    return float(np.hypot(at_x_m - x_m, at_y_m - y_m))


def _nearest_on(graph: RoadGraph, edge: int, x_m: float, y_m: float) -> tuple[Place, float]:
    points = graph.polyline(edge)
    starts, steps = points[:-1], np.diff(points, axis=0)
    lengths_m = np.hypot(steps[:, 0], steps[:, 1])
    along = ((x_m - starts[:, 0]) * steps[:, 0] + (y_m - starts[:, 1]) * steps[:, 1]) / np.maximum(lengths_m, 1e-9) ** 2
    along = np.clip(along, 0.0, 1.0)
    feet = starts + along[:, None] * steps
    away_m = np.hypot(feet[:, 0] - x_m, feet[:, 1] - y_m)
    best = int(np.argmin(away_m))
    offset_m = float(lengths_m[:best].sum() + along[best] * lengths_m[best])
    return Place(edge, min(offset_m, float(graph.edge_length_m[edge]))), float(away_m[best])
