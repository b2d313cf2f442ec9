"""Which road of its own map a vehicle takes a piece of an order for: by where it leads, never by what it is called.

Ids mean nothing to it, as they mean nothing to a real vehicle whose map was made by somebody else. It knows where it
is, where the nodes are told to be, and, where it is told, the course of the road between them and its length.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from fleet.model.place import Place
from fleet.wire.messages import NodePosition, OrderEdge
from vehicle_sim.curve import Point, strays_m
from vehicle_sim.ground import SKIPPED_M, Ground, RoadPart

BESIDE_M = SKIPPED_M
"""A node farther beside a road is not on it; an order may leave out a scrap of road at either end of a way."""
EXACT_M = 0.02
SHORTEST_M = 0.001
ALIKE_M = 0.1
"""Roads that fit so nearly as well as the best one cannot be told apart."""
PARTS_KEPT = 1 << 16


@dataclass(frozen=True, slots=True)
class Told:
    """A piece of road as an order tells it.

    Attributes:
        before: where it begins; None where that is not told: then it begins where the vehicle is.
        after: where it ends.
        curve: its course from there to there, or nothing.
        length_m: along it; None where that is not told.
    """

    before: Point | None
    after: Point
    curve: tuple[Point, ...] = ()
    length_m: float | None = None


Fit = tuple[RoadPart, float]
"""A piece of road, and how far its ends are from where they are told to be."""


def told_of(edge: OrderEdge, before: NodePosition | None, after: NodePosition | None) -> Told | None:
    """None where it is not told where the piece ends: nobody could find it."""
    if after is None:
        return None
    course = edge.trajectory if edge.trajectory is not None and edge.trajectory.degree == 1 else None
    return Told(
        None if before is None else (before.x_m, before.y_m),
        (after.x_m, after.y_m),
        () if course is None else tuple((point.x_m, point.y_m) for point in course.points),
        edge.length_m,
    )


class Finder:
    """Finds roads on one map; what was found once is remembered, for orders lead over the same roads all day."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._onward: dict[tuple[object, ...], tuple[Fit, ...]] = {}
        self._anywhere: dict[Told, tuple[RoadPart, ...]] = {}
        self._tree: shapely.STRtree | None = None

    def onward(self, here: Place, told: Told, begun_m: float = 0.0) -> RoadPart | None:
        """The piece of road as it goes on from here; None where none does.

        Args:
            here: where the vehicle is, or will be.
            begun_m: so far it may be on it already.
        """
        key = (here, told.before, told.after, begun_m)
        fits = self._onward.get(key)
        if fits is None:
            if len(self._onward) >= PARTS_KEPT:
                self._onward.clear()
            fits = self._onward[key] = tuple(self._onward_fits(here, told, begun_m))
        return self._best(fits, told)

    def anywhere(self, told: Told) -> tuple[RoadPart, ...]:
        """All roads of the map that the piece may mean, wherever the vehicle is; the best one first."""
        parts = self._anywhere.get(told)
        if parts is None:
            if len(self._anywhere) >= PARTS_KEPT:
                self._anywhere.clear()
            parts = self._anywhere[told] = self._alike(told)
        return parts

    # ---- where it may be

    def _onward_fits(self, here: Place, told: Told, begun_m: float) -> Iterator[Fit]:
        for edge, at_m in self._roads_ahead(here):
            behind_m = max(begun_m, SKIPPED_M) if edge == here.edge else SKIPPED_M
            starts = None if told.before is not None else [(at_m, 0.0)]
            for part, off_m in self._fits(edge, (at_m - behind_m, at_m + SKIPPED_M), told, starts):
                since_m = here.offset_m - part.from_m
                has_begun = edge == here.edge and 0.0 <= since_m <= min(begun_m, part.length_m)
                if has_begun or self.ground.joins(here, Place(part.edge, part.from_m)):
                    yield part, off_m

    def _roads_ahead(self, here: Place) -> Iterator[tuple[int, float]]:
        """The road it is on, and those that leave the crossing where it stands; with the offset it would begin at."""
        graph = self.ground.graph
        yield here.edge, here.offset_m
        if self.ground.length_m(here.edge) - here.offset_m <= SKIPPED_M:
            yield from ((edge, 0.0) for edge in graph.exits(int(graph.edge_to[here.edge])).tolist())
        if here.offset_m <= SKIPPED_M:
            exits = graph.exits(int(graph.edge_from[here.edge])).tolist()
            yield from ((edge, 0.0) for edge in exits if edge != here.edge)

    def _alike(self, told: Told) -> tuple[RoadPart, ...]:
        if told.before is None:
            return ()
        near = self._lines().query(shapely.Point(told.after), predicate="dwithin", distance=BESIDE_M).tolist()
        fits = [fit for edge in near for fit in self._fits(edge, (0.0, math.inf), told)]
        scored = sorted((self._misfit(fit, told), fit[0].edge, fit[0].from_m, fit[0]) for fit in fits)
        return tuple(part for misfit_m, _, _, part in scored if misfit_m <= scored[0][0] + ALIKE_M)

    def _lines(self) -> shapely.STRtree:
        if self._tree is None:
            graph = self.ground.graph
            edge_of_point = np.repeat(np.arange(graph.edge_count), np.diff(graph.shape_start))
            points = np.column_stack((graph.shape_x_m, graph.shape_y_m))
            self._tree = shapely.STRtree(np.asarray(shapely.linestrings(points, indices=edge_of_point)))
        return self._tree

    # ---- which it is

    def _fits(
        self, edge: int, span: tuple[float, float], told: Told, starts: Iterable[tuple[float, float]] | None = None
    ) -> Iterator[Fit]:
        """Pieces of an edge that begin within a span of it and end where they are told to, in driving direction."""
        length_m = self.ground.length_m(edge)
        if starts is None:
            starts = [] if told.before is None else self.ground.near(edge, told.before, *span, BESIDE_M)
        ends: list[tuple[float, float]] | None = None
        for start_m, off_m in starts:
            if ends is None:
                ends = self.ground.near(edge, told.after, 0.0, length_m, BESIDE_M)
            for end_m, beside_m in ends:
                if end_m - start_m > SHORTEST_M:
                    from_m = 0.0 if start_m <= EXACT_M else round(start_m, 3)
                    to_m = length_m if end_m >= length_m - EXACT_M else round(end_m, 3)
                    yield RoadPart(edge, from_m, to_m), off_m + beside_m

    def _best(self, fits: Sequence[Fit], told: Told) -> RoadPart | None:
        if len(fits) <= 1:
            return fits[0][0] if fits else None
        return min(fits, key=lambda fit: (round(self._misfit(fit, told), 3), fit[0].edge, fit[0].from_m))[0]

    def _misfit(self, fit: Fit, told: Told) -> float:
        """How far a road is from what is told of it, all together, in metres.

        Where no course is told its length tells a road from others; where that is not either, it is taken for straight.
        """
        part, off_m = fit
        if told.length_m is not None:
            off_m += abs(told.length_m - part.length_m)
        if len(told.curve) < 2 and told.length_m is not None:
            return off_m
        line = self.ground.line(part)
        return off_m + strays_m(told.curve if len(told.curve) > 1 else (told.before or line[0], told.after), line)
