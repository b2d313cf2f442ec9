"""The map under a report: the roads of the site, its places, and the roads that were driven."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from fleet.model.site import Site
from fleet.report.data import Ground, Line, Spot
from fleet.report.history import VehicleHistory
from fleet.report.truth import GroundTruth
from fleet.roads.graph import RoadGraph


def ground_of(site: Site, graph: RoadGraph) -> Ground:
    """Roads by class, each road once, and all places of the site."""
    roads: defaultdict[str, list[Line]] = defaultdict(list)
    once = [edge for edge in range(graph.edge_count) if not 0 <= graph.edge_reverse[edge] < edge]
    for edge, line in zip(once, lines_of(graph, once), strict=True):
        roads[graph.edge_class[edge]].append(line)
    stations = (Spot(id=s.id, name=s.name, at=(s.lat, s.lon), is_station=True) for s in site.stations.values())
    points = (Spot(id=p.id, name=p.name, at=(p.lat, p.lon), is_station=False) for p in site.points.values())
    return Ground(roads={name: tuple(lines) for name, lines in roads.items()}, spots=(*stations, *points))


def driven_lines(graph: RoadGraph, keys: Iterable[str]) -> tuple[Line, ...]:
    """The roads of these edge keys as lines, each road once whichever way it was driven."""
    seen: dict[int, None] = {}
    for key in keys:
        edge = graph.edge_by_key(key)
        if edge is not None:
            reverse = int(graph.edge_reverse[edge])
            seen[reverse if 0 <= reverse < edge else edge] = None
    return tuple(lines_of(graph, list(seen)))


def truth_keys(truth: GroundTruth, vehicle_id: str) -> list[str]:
    """Road edges that a vehicle really entered; a key may name a part of an edge."""
    return [key.partition("@")[0] for _, vehicle, key in truth.driven_edges if vehicle == vehicle_id]


def journal_keys(history: VehicleHistory) -> list[str]:
    """Road edges that a vehicle confirmed to have driven."""
    return history.road_keys


def lines_of(graph: RoadGraph, edges: list[int]) -> list[Line]:
    """Polylines of edges, in degrees."""
    if not edges:
        return []
    lat, lon = graph.plane.to_latlon(graph.shape_x_m, graph.shape_y_m)
    latlon = np.round(np.column_stack((lat, lon)), 6).tolist()
    pieces = ((int(graph.shape_start[edge]), int(graph.shape_start[edge + 1])) for edge in edges)
    return [tuple((at[0], at[1]) for at in latlon[start:end]) for start, end in pieces]
