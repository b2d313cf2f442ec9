"""The vehicle's own map: how long its roads are, where they lead and which go on from which."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate, pairwise

from fleet.model.place import Place
from fleet.roads.graph import RoadGraph

JOIN_TOLERANCE_M = 0.2
"""Ends of two pieces of one edge this close are one place."""
SKIPPED_M = 1.0
"""An order may leave out a piece of road this short."""

Shape = tuple[list[float], list[float], list[float]]
"""Of one edge: how far along each piece of its polyline ends, and x and y of its points."""


@dataclass(frozen=True, slots=True)
class RoadPart:
    """All or a piece of a directed edge."""

    edge: int
    from_m: float
    to_m: float

    @property
    def length_m(self) -> float:
        return self.to_m - self.from_m

    @property
    def end(self) -> Place:
        return Place(self.edge, self.to_m)


class Ground:
    """Answers about the roads."""

    def __init__(self, graph: RoadGraph) -> None:
        self.graph = graph
        self._shapes: dict[int, Shape] = {}

    def length_m(self, edge: int) -> float:
        return float(self.graph.edge_length_m[edge])

    def speed_mps(self, edge: int) -> float:
        return float(self.graph.edge_speed_mps[edge])

    def key(self, edge: int) -> str:
        return self.graph.edge_key(edge)

    def node_after(self, place: Place) -> str | None:
        """The road node at the end of whose edge this place is, if it is at an end."""
        if place.offset_m < self.length_m(place.edge) - JOIN_TOLERANCE_M:
            return None
        return self.graph.node_key(int(self.graph.edge_to[place.edge]))

    def node_before(self, place: Place) -> str | None:
        """The road node at whose exit this place is, if it is at the start of an edge."""
        if place.offset_m > JOIN_TOLERANCE_M:
            return None
        return self.graph.node_key(int(self.graph.edge_from[place.edge]))

    def joins(self, here: Place, onto: Place) -> bool:
        """A vehicle that stands here can roll on from there: same place, or an exit of the node it stands at."""
        if here.edge == onto.edge and abs(here.offset_m - onto.offset_m) <= JOIN_TOLERANCE_M:
            return True
        nodes_here = {self.node_after(here), self.node_before(here)} - {None}
        return self.node_before(onto) in nodes_here or self._is_just_ahead(here, onto)

    def _is_just_ahead(self, here: Place, onto: Place) -> bool:
        """No farther away than the shortest piece of road, and not facing the other way."""
        turn_rad = abs(self.pose(here)[2] - self.pose(onto)[2])
        return self.gap_m(here, onto) <= SKIPPED_M and min(turn_rad, 2 * math.pi - turn_rad) <= math.pi / 2

    def pose(self, place: Place) -> tuple[float, float, float]:
        """East and north in metres, heading in radians.

        The same as `RoadGraph.point_at`, an order of magnitude sooner: every state of every vehicle asks.
        """
        ends_m, xs_m, ys_m = self._shapes.get(place.edge) or self._shape(place.edge)
        i = min(bisect_left(ends_m, place.offset_m), len(ends_m) - 1)
        begin_m = ends_m[i - 1] if i else 0.0
        length_m = ends_m[i] - begin_m
        share = min(max((place.offset_m - begin_m) / length_m, 0.0), 1.0) if length_m > 0.0 else 0.0
        step_x_m, step_y_m = xs_m[i + 1] - xs_m[i], ys_m[i + 1] - ys_m[i]
        return xs_m[i] + share * step_x_m, ys_m[i] + share * step_y_m, math.atan2(step_y_m, step_x_m)

    def line(self, part: RoadPart) -> list[tuple[float, float]]:
        """The course of a piece of road: its ends and the bends between them."""
        ends_m, xs_m, ys_m = self._shapes.get(part.edge) or self._shape(part.edge)
        bends = [
            (x_m, y_m)
            for at_m, x_m, y_m in zip(ends_m, xs_m[1:], ys_m[1:], strict=True)
            if part.from_m < at_m < part.to_m
        ]
        return [self.pose(Place(part.edge, part.from_m))[:2], *bends, self.pose(part.end)[:2]]

    def near(
        self, edge: int, point: tuple[float, float], from_m: float, to_m: float, reach_m: float
    ) -> list[tuple[float, float]]:
        """Where along an edge, from one offset of it to another, a point is passed, and how far beside it is then.

        A road that comes back to a point passes it more than once.
        """
        ends_m, xs_m, ys_m = self._shapes.get(edge) or self._shape(edge)
        passed: list[tuple[float, float]] = []
        is_passing, begin_m = False, 0.0
        for i, end_m in enumerate(ends_m):
            first_m, begin_m, length_m = begin_m, end_m, end_m - begin_m
            low_m, high_m = max(first_m, from_m), min(end_m, to_m)
            if low_m > high_m or length_m <= 0.0:
                continue
            step_x, step_y = (xs_m[i + 1] - xs_m[i]) / length_m, (ys_m[i + 1] - ys_m[i]) / length_m
            along_m = (point[0] - xs_m[i]) * step_x + (point[1] - ys_m[i]) * step_y
            at_m = min(max(first_m + along_m, low_m), high_m)
            beside_m = math.hypot(
                point[0] - xs_m[i] - (at_m - first_m) * step_x, point[1] - ys_m[i] - (at_m - first_m) * step_y
            )
            if beside_m > reach_m:
                is_passing = False
            elif not is_passing:
                passed.append((at_m, beside_m))
                is_passing = True
            elif beside_m < passed[-1][1]:
                passed[-1] = (at_m, beside_m)
        return passed

    def gap_m(self, one: Place, other: Place) -> float:
        """As the crow flies."""
        a, b = self.pose(one), self.pose(other)
        return math.hypot(a[0] - b[0], a[1] - b[1])

    def _shape(self, edge: int) -> Shape:
        points = self.graph.polyline(edge).tolist()
        xs_m, ys_m = [x_m for x_m, _ in points], [y_m for _, y_m in points]
        steps = (math.hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points))
        shape = self._shapes[edge] = list(accumulate(steps)), xs_m, ys_m
        return shape
