"""A made-up town of square blocks: roads for scenarios and tests that need no map."""

from __future__ import annotations

import numpy as np

from fleet.roads.graph import NodeFlag, RoadGraph, TextColumn
from fleet.roads.plane import LocalPlane
from fleet.roads.stops import CLEAR_M


def grid_town(columns: int, rows: int, block_m: float = 100.0, speed_mps: float = 10.0) -> RoadGraph:
    """Two-way streets between all neighbouring crossings.

    Crossing (column, row) is node `n<1 + column + row * columns>`, `block_m` apart, the first at the plane's origin.
    All streets belong to way 1, so the street from crossing 1 to crossing 2 is edge `e1-2-1`.
    """
    plane = LocalPlane(47.0, 9.5)
    nodes = [(column * block_m, row * block_m) for row in range(rows) for column in range(columns)]
    pairs = [(i, i + 1) for i in range(len(nodes)) if (i + 1) % columns] + [
        (i, i + columns) for i in range(len(nodes) - columns)
    ]
    edges = [edge for a, b in pairs for edge in ((a, b), (b, a))]
    x_m, y_m = np.array([x for x, _ in nodes]), np.array([y for _, y in nodes])
    lat, lon = plane.to_latlon(x_m, y_m)
    count = len(edges)
    untagged_nodes, untagged = TextColumn.of([""] * len(nodes)), TextColumn.of([""] * count)
    return RoadGraph(
        plane=plane,
        edition=f"grid {columns}x{rows}",
        node_osm=np.arange(1, len(nodes) + 1, dtype=np.int64),
        node_lat=lat,
        node_lon=lon,
        node_x_m=x_m,
        node_y_m=y_m,
        node_flags=np.where(np.bincount(np.array(pairs).ravel(), minlength=len(nodes)) > 2, int(NodeFlag.JUNCTION), 0),
        node_barrier=untagged_nodes,
        node_access=untagged_nodes,
        edge_from=np.array([a for a, _ in edges], np.int32),
        edge_to=np.array([b for _, b in edges], np.int32),
        edge_way=np.ones(count, np.int64),
        edge_length_m=np.full(count, block_m),
        edge_speed_mps=np.full(count, speed_mps),
        edge_flags=np.zeros(count, np.int32),
        edge_reverse=np.array([i ^ 1 for i in range(count)], np.int32),
        edge_class=TextColumn.of(["residential"] * count),
        edge_name=untagged,
        edge_access=untagged,
        edge_vehicle=untagged,
        edge_motor_vehicle=untagged,
        edge_conditional=untagged,
        stand_start=np.arange(count + 1, dtype=np.int64),
        stand_from_m=np.full(count, CLEAR_M),
        stand_to_m=np.full(count, block_m - CLEAR_M),
        shape_start=np.arange(0, 2 * count + 1, 2, dtype=np.int64),
        shape_x_m=np.array([x_m[node] for edge in edges for node in edge]),
        shape_y_m=np.array([y_m[node] for edge in edges for node in edge]),
        forbidden_turns=np.zeros((0, 2), np.int32),
        forbidden_paths=(),
    )
