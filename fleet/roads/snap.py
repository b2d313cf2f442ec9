"""From a point on the earth to a place on the road."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from fleet.model.place import Place
from fleet.roads.graph import NO_STOPPING, Bools, RoadGraph
from fleet.roads.refuse import may_drive
from fleet.roads.route import Router
from fleet.roads.stops import NO_STOPPING_CLASSES

SNAP_LIMIT_M = 100.0
END_CLEARANCE_M = 5.0
"""A place keeps this far from either end of its edge when the edge is long enough."""


@dataclass(frozen=True, slots=True)
class Snap:
    """The place on the road where a vehicle stops for a point.

    Attributes:
        distance_m: from the point to the road.
        passed_over: why a nearer road was not taken, "" if the nearest was.
    """

    place: Place
    distance_m: float
    passed_over: str


@dataclass(frozen=True, slots=True)
class NotReachable:
    """No place on the road serves the point; says why, for people."""

    reason: str


class Snapper:
    """Finds where on the road a point is served, for the vehicles of one router.

    Left out are roads that the profile may not drive on, that are cut off from the connected part, and where nobody
    may stand: bridges, tunnels, roundabouts, slip roads, motorways. Of a road's two directions the one is taken whose
    kerb faces the point, so that the vehicle stops on the point's side.
    """

    def __init__(self, router: Router, *, left_hand_traffic: bool = False) -> None:
        self._router = router
        self._graph: RoadGraph = router.graph
        self._side = -1 if left_hand_traffic else 1
        self._lines = _lines(router.graph)
        self._stoppable = _stoppable(router.graph)
        self._usable: Bools = router.reachable & self._stoppable
        self._all_tree = shapely.STRtree(self._lines)
        self._usable_edges = np.flatnonzero(self._usable)
        self._usable_tree = shapely.STRtree(self._lines[self._usable_edges])

    def snap(self, lat: float, lon: float, *, limit_m: float = SNAP_LIMIT_M) -> Snap | NotReachable:
        """The nearest usable place, if it is within `limit_m` of the point."""
        x_m, y_m = (float(v) for v in self._graph.plane.to_xy(lat, lon))
        point = shapely.Point(x_m, y_m)
        if not len(self._usable_edges):
            return NotReachable("no road of this map may be used")
        nearest = int(self._usable_edges[int(self._usable_tree.nearest(point))])
        distance_m = float(shapely.distance(self._lines[nearest], point))
        if distance_m > limit_m:
            return NotReachable(self._why_not(point, distance_m, limit_m))
        place = self._place(self._kerb_side(nearest, x_m, y_m), point)
        return Snap(place, distance_m, self._nearer_refused(point, distance_m))

    def _kerb_side(self, edge: int, x_m: float, y_m: float) -> int:
        """The edge, or its reverse if that is usable and has the point on its kerb's side."""
        reverse = int(self._graph.edge_reverse[edge])
        if reverse < 0 or not self._usable[reverse]:
            return edge
        near_x_m, near_y_m, heading_rad = self._graph.point_at(self._place(edge, shapely.Point(x_m, y_m)))
        left_of = np.cos(heading_rad) * (y_m - near_y_m) - np.sin(heading_rad) * (x_m - near_x_m)
        return edge if left_of * self._side <= 0 else reverse

    def _place(self, edge: int, point: shapely.Point) -> Place:
        length_m = float(self._graph.edge_length_m[edge])
        clear_m = min(END_CLEARANCE_M, length_m / 2)
        offset_m = float(shapely.line_locate_point(self._lines[edge], point))
        return Place(edge, min(max(offset_m, clear_m), length_m - clear_m))

    def _why_not(self, point: shapely.Point, distance_m: float, limit_m: float) -> str:
        nearest = int(self._all_tree.nearest(point))
        nearest_m = float(shapely.distance(self._lines[nearest], point))
        if nearest_m > limit_m:
            return f"nearest road is {nearest_m:.0f} m away, the limit is {limit_m:.0f} m"
        return f"{self._refusal(nearest)}; the nearest usable road is {distance_m:.0f} m away"

    def _nearer_refused(self, point: shapely.Point, distance_m: float) -> str:
        nearest = int(self._all_tree.nearest(point))
        nearest_m = float(shapely.distance(self._lines[nearest], point))
        return f"{nearest_m:.0f} m: {self._refusal(nearest)}" if nearest_m < distance_m else ""

    def _refusal(self, edge: int) -> str:
        if refusal := may_drive(self._graph, self._router.profile, edge):
            return refusal.reason
        where = self._graph.describe(edge)
        if not self._stoppable[edge]:
            return f"no stopping on a bridge, tunnel, roundabout, slip road or motorway: {where}"
        return f"cut off, not in the connected part of the roads: {where}"


def _lines(graph: RoadGraph) -> NDArray[np.object_]:
    points = np.column_stack((graph.shape_x_m, graph.shape_y_m))
    edge_of_point = np.repeat(np.arange(graph.edge_count), np.diff(graph.shape_start))
    return np.asarray(shapely.linestrings(points, indices=edge_of_point))


def _stoppable(graph: RoadGraph) -> Bools:
    return ~graph.edge_has(NO_STOPPING) & ~graph.edge_class.among(NO_STOPPING_CLASSES)
