"""The map under a report: the roads of the site, its places, and the parts of roads that were driven."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from fleet.model.site import Site
from fleet.report.data import Ground, LatLon, Line, Spot, Way
from fleet.roads.graph import RoadGraph

RoadPart = tuple[str, float, float]
"""Key of a directed road edge, and the offsets in metres between which it was driven."""


class Surveyor:
    """Draws roads of a graph as lines in degrees; of a two-way road the direction with the lower index."""

    def __init__(self, graph: RoadGraph) -> None:
        self._graph = graph
        lat, lon = graph.plane.to_latlon(graph.shape_x_m, graph.shape_y_m)
        self._latlon = np.round(np.column_stack((lat, lon)), 6)

    def ground(self, site: Site) -> Ground:
        """Roads by class, each road once, and all places of the site."""
        graph = self._graph
        roads: defaultdict[str, list[Line]] = defaultdict(list)
        for edge in range(graph.edge_count):
            if self._road(edge) == edge:
                roads[graph.edge_class[edge]].append(_line(self._points(edge)))
        stations = (Spot(id=s.id, name=s.name, at=(s.lat, s.lon), is_station=True) for s in site.stations.values())
        points = (Spot(id=p.id, name=p.name, at=(p.lat, p.lon), is_station=False) for p in site.points.values())
        return Ground(roads={name: tuple(lines) for name, lines in roads.items()}, spots=(*stations, *points))

    def ways(self, parts: Iterable[RoadPart]) -> tuple[Way, ...]:
        """Each driven road once, whichever way it was driven, from the first to the last metre that was."""
        driven: dict[int, tuple[float, float]] = {}
        for key, from_m, to_m in parts:
            edge = self._graph.edge_by_key(key)
            if edge is None:
                continue
            road = self._road(edge)
            if road != edge:
                length_m = float(self._graph.edge_length_m[edge])
                from_m, to_m = length_m - to_m, length_m - from_m
            known = driven.get(road, (from_m, to_m))
            driven[road] = (min(known[0], from_m), max(known[1], to_m))
        return tuple(
            Way(self._graph.edge_key(road), self._piece(road, from_m, to_m))
            for road, (from_m, to_m) in driven.items()
            if to_m > from_m
        )

    def _road(self, edge: int) -> int:
        reverse = int(self._graph.edge_reverse[edge])
        return reverse if 0 <= reverse < edge else edge

    def _points(self, edge: int) -> list[list[float]]:
        graph = self._graph
        points: list[list[float]] = self._latlon[
            int(graph.shape_start[edge]) : int(graph.shape_start[edge + 1])
        ].tolist()
        return points

    def _piece(self, edge: int, from_m: float, to_m: float) -> Line:
        """The part of an edge between two offsets."""
        points = self._points(edge)
        steps_m = np.hypot(*np.diff(self._graph.polyline(edge), axis=0).T)
        at_m = [0.0, *np.cumsum(steps_m).tolist()]
        inner = [point for point, m in zip(points, at_m, strict=True) if from_m < m < to_m]
        return _line([_between(points, at_m, from_m), *inner, _between(points, at_m, to_m)])


def _between(points: list[list[float]], at_m: list[float], offset_m: float) -> list[float]:
    for i, (start_m, end_m) in enumerate(pairwise(at_m)):
        if offset_m <= end_m and end_m > start_m:
            share = max(0.0, (offset_m - start_m) / (end_m - start_m))
            return [a + share * (b - a) for a, b in zip(points[i], points[i + 1], strict=True)]
    return points[-1]


def _line(points: list[list[float]]) -> Line:
    return tuple(_latlon(point) for point in points)


def _latlon(point: list[float]) -> LatLon:
    return point[0], point[1]
