"""Roads as GeoJSON, for maps on a screen."""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from fleet.roads.graph import RoadGraph

ATTRIBUTION = "© OpenStreetMap contributors"


class Line(TypedDict):
    """A GeoJSON line: longitude and latitude, six decimals (about 10 cm)."""

    type: str
    coordinates: list[list[float]]


class Road(TypedDict):
    """A GeoJSON feature; its properties: edge key, class, name, one-way."""

    type: str
    geometry: Line
    properties: dict[str, str | bool]


class Roads(TypedDict):
    """A GeoJSON feature collection that names the source of its data."""

    type: str
    attribution: str
    features: list[Road]


def roads_geojson(graph: RoadGraph) -> Roads:
    """One line per road; of a two-way road the direction with the lower index stands for both."""
    lat, lon = graph.plane.to_latlon(graph.shape_x_m, graph.shape_y_m)
    lonlat = np.round(np.column_stack((lon, lat)), 6)
    shown = (edge for edge in range(graph.edge_count) if not 0 <= graph.edge_reverse[edge] < edge)
    features = [
        _road(graph, edge, lonlat[graph.shape_start[edge] : graph.shape_start[edge + 1]].tolist()) for edge in shown
    ]
    return {"type": "FeatureCollection", "attribution": ATTRIBUTION, "features": features}


def _road(graph: RoadGraph, edge: int, lonlat: list[list[float]]) -> Road:
    properties: dict[str, str | bool] = {
        "key": graph.edge_key(edge),
        "class": graph.edge_class[edge],
        "name": graph.edge_name[edge],
        "one_way": bool(graph.edge_reverse[edge] < 0),
    }
    return {"type": "Feature", "geometry": {"type": "LineString", "coordinates": lonlat}, "properties": properties}
