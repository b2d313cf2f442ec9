"""Quickest permitted ways, one by one and as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from fleet.model.place import Place
from fleet.roads.arcs import TURN_ROUND_S, build_arcs
from fleet.roads.graph import Bools, Floats, Ints, RoadGraph
from fleet.roads.permit import RoadProfile, allowed_mask, turn_round_mask
from fleet.roads.refuse import may_drive

_ROWS_AT_ONCE = 64
_NETS_KEPT = 4
_ROUTES_KEPT = 4096  # the same legs come back day after day


@dataclass(frozen=True, slots=True)
class Route:
    """A way from one place to another.

    Attributes:
        edges: as driven; the first is that of the start, the last that of the end.
        length_m: from place to place.
        duration_s: at the lesser of legal speed and top speed, with mean waits at signals, without speeding up,
            braking or standing at stops.
        start_m, end_m: offsets on the first and the last edge.
    """

    edges: tuple[int, ...]
    length_m: float
    duration_s: float
    start_m: float
    end_m: float


@dataclass(frozen=True, slots=True)
class NoRoute:
    """There is no permitted way; says why, for people."""

    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Quickest ways between all pairs of places: (n, n), row = from, column = to, inf where there is none.

    `lengths_m` is along the quickest way, which need not be the shortest.
    """

    durations_s: Floats
    lengths_m: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What one search found: trees of predecessors, and where each target hangs on them.

    Attributes:
        before: (n_starts, n_states) the state before each state, negative at the start.
        state: (n_starts, n_ends) the state in which the end's edge is driven.
        last: (n_starts, n_ends) the state before it; negative where the edge is out of reach.
    """

    before: Ints
    state: Ints
    last: Ints


class Router:
    """Answers for one graph and one profile.

    A search runs over directed edges, so that forbidden turns hold and nobody turns round but at a dead end (also one
    that the profile or a closure makes). Answers depend on the arguments alone: what is kept between calls only saves
    time. Start and end have to be permitted and open themselves; a caller who wants a vehicle off a road that was
    closed under it leaves that edge out of `closed`.

    Attributes:
        allowed: (n_edges,) edges the profile may drive on.
        reachable: (n_edges,) those of them in the largest part in which every place can be reached from every other.
    """

    def __init__(self, graph: RoadGraph, profile: RoadProfile) -> None:
        self.graph = graph
        self.profile = profile
        self.allowed: Bools = allowed_mask(graph, profile)
        self._arcs = build_arcs(graph, profile)
        self._into = np.argsort(self._arcs.onto, kind="stable")
        self._into_start = np.searchsorted(self._arcs.onto[self._into], np.arange(len(self._arcs.edge_of) + 1))
        self._nets: dict[frozenset[int], csr_array[np.float64]] = {}
        self._routes: dict[tuple[Place, Place, frozenset[int]], Route | NoRoute] = {}
        self.reachable: Bools = self._largest_part()

    def route(self, start: Place, end: Place, closed: frozenset[int] = frozenset()) -> Route | NoRoute:
        """The quickest way that avoids `closed`, a set of directed edges."""
        asked = (start, end, closed)
        if asked not in self._routes:
            if len(self._routes) >= _ROUTES_KEPT:
                del self._routes[next(iter(self._routes))]
            self._routes[asked] = self._quickest(start, end, closed)
        return self._routes[asked]

    def _quickest(self, start: Place, end: Place, closed: frozenset[int]) -> Route | NoRoute:
        for word, place in (("start", start), ("end", end)):
            if refusal := may_drive(self.graph, self.profile, place.edge, closed):
                return NoRoute(f"{word}: {refusal.reason}")
        if start.edge == end.edge and start.offset_m <= end.offset_m:
            states, driven = np.array([start.edge]), (0.0, 0.0)
        else:
            found = self._search([start], [end], closed)
            if found.last[0, 0] < 0:
                return NoRoute(self._why_not(start, end, closed))
            states = _path(found)
            driven = self._drive_along(states)
        duration_s, length_m = self._from_place_to_place([start], [end], *(np.array([[sum_]]) for sum_ in driven))
        edges = tuple(self._arcs.edge_of[states].tolist())
        return Route(edges, float(length_m[0, 0]), float(duration_s[0, 0]), start.offset_m, end.offset_m)

    def table(self, places: Sequence[Place], closed: frozenset[int] = frozenset()) -> Table:
        """What `route` gives for every pair of places, number for number."""
        durations_s = np.full((len(places), len(places)), np.inf)
        lengths_m = durations_s.copy()
        usable = [i for i, place in enumerate(places) if self.allowed[place.edge] and place.edge not in closed]
        ends = [places[i] for i in usable]
        for first in range(0, len(usable), _ROWS_AT_ONCE):
            rows = usable[first : first + _ROWS_AT_ONCE]
            starts = [places[i] for i in rows]
            driven = self._drive_back(self._search(starts, ends, closed))
            part_s, part_m = self._from_place_to_place(starts, ends, *driven)
            durations_s[np.ix_(rows, usable)] = part_s
            lengths_m[np.ix_(rows, usable)] = part_m
        return Table(durations_s, lengths_m)

    def _search(self, starts: Sequence[Place], ends: Sequence[Place], closed: frozenset[int]) -> _Found:
        net = self._net(closed)
        start, end = _edges_of(starts), _edges_of(ends)
        far_s, before = dijkstra(net, indices=start, return_predecessors=True)
        state = np.tile(end, (len(start), 1))
        reach_s, last = far_s[:, end], before[:, end]
        for i, j in np.argwhere(start[:, None] == end):
            reach_s[i, j], last[i, j] = self._round_trip(net, far_s[i], int(end[j]))
        for j in np.flatnonzero(np.isin(end, list(self._arcs.copies))):
            for copy in self._arcs.copies[int(end[j])]:
                nearer = far_s[:, copy] < reach_s[:, j]
                reach_s[nearer, j], last[nearer, j], state[nearer, j] = far_s[nearer, copy], before[nearer, copy], copy
        last[np.isinf(reach_s)] = -1
        return _Found(before, state, last)

    def _round_trip(self, net: csr_array[np.float64], far_s: Floats, edge: int) -> tuple[float, int]:
        """Cost of driving on from the end of an edge until at its end again, and the state before the last move."""
        into = self._into[self._into_start[edge] : self._into_start[edge + 1]]
        if not len(into):
            return np.inf, -1
        came_from = self._arcs.start[into]
        cost_s = far_s[came_from] + net.data[into]
        best = int(np.argmin(cost_s))
        return float(cost_s[best]), int(came_from[best])

    def _from_place_to_place(
        self, starts: Sequence[Place], ends: Sequence[Place], driven_s: Floats, driven_m: Floats
    ) -> tuple[Floats, Floats]:
        """Seconds and metres from each start to each end, given those from edge's end to edge's end: (n, m) each."""
        length_m = self.graph.edge_length_m
        a, b = _edges_of(starts), _edges_of(ends)
        from_m, to_m = (np.array([place.offset_m for place in places]) for places in (starts, ends))
        pace_a, pace_b = self._arcs.drive_s[a] / length_m[a], self._arcs.drive_s[b] / length_m[b]
        left_m, short_m = length_m[a] - from_m, length_m[b] - to_m
        durations_s = driven_s + (left_m * pace_a)[:, None] - short_m * pace_b
        lengths_m = driven_m + left_m[:, None] - short_m
        ahead_m = to_m - from_m[:, None]
        straight = (a[:, None] == b) & (ahead_m >= 0)
        return np.where(straight, ahead_m * pace_b, durations_s), np.where(straight, ahead_m, lengths_m)

    def _move_s(self, there: Ints, here: Ints) -> Floats:
        """Seconds from the end of each state's edge to the end of the next's."""
        back, edge = self._arcs.edge_of[there], self._arcs.edge_of[here]
        turned_s = TURN_ROUND_S * (self.graph.edge_reverse[back] == edge)
        seconds: Floats = self._arcs.drive_s[edge] + self._arcs.leave_s[back] + turned_s
        return seconds

    def _drive_back(self, found: _Found) -> tuple[Floats, Floats]:
        """Seconds and metres from the end of each start's edge to the end of each end's edge, inf out of reach."""
        driven_s = np.where(found.last < 0, np.inf, 0.0)
        driven_m = driven_s.copy()
        row, column = np.nonzero(found.last >= 0)
        here, there = found.state[row, column], found.last[row, column]
        while len(row):
            driven_s[row, column] += self._move_s(there, here)
            driven_m[row, column] += self.graph.edge_length_m[self._arcs.edge_of[here]]
            here, there = there, found.before[row, there]
            on = there >= 0
            row, column, here, there = row[on], column[on], here[on], there[on]
        return driven_s, driven_m

    def _drive_along(self, states: Ints) -> tuple[float, float]:
        """What `_drive_back` gives for one path; summed from the end, as there, so that both agree to the last bit."""
        seconds = np.cumsum(self._move_s(states[:-1], states[1:])[::-1])
        metres = np.cumsum(self.graph.edge_length_m[self._arcs.edge_of[states[:0:-1]]])
        return float(seconds[-1]), float(metres[-1])

    def _net(self, closed: frozenset[int]) -> csr_array[np.float64]:
        """The arcs as a sparse matrix, inf where a closure or the want of a dead end forbids."""
        if closed not in self._nets:
            if len(self._nets) >= _NETS_KEPT:
                del self._nets[next(iter(self._nets))]
            self._nets[closed] = self._build_net(closed)
        return self._nets[closed]

    def _build_net(self, closed: frozenset[int]) -> csr_array[np.float64]:
        arcs = self._arcs
        is_open = self.allowed.copy()
        is_open[list(closed)] = False
        may_turn_round = turn_round_mask(self.graph, is_open)
        barred = ~is_open[arcs.edge_of[arcs.onto]]
        barred |= arcs.turns_round & ~may_turn_round[arcs.edge_of[arcs.start]]
        weight_s = np.where(barred, np.inf, arcs.weight_s)
        n = len(arcs.edge_of)
        return csr_array((weight_s, arcs.onto, arcs.row_start), shape=(n, n))

    def _largest_part(self) -> Bools:
        net = self._net(frozenset())
        usable = np.isfinite(net.data)
        n = len(self._arcs.edge_of)
        pairs = (self._arcs.start[usable], self._arcs.onto[usable])
        _, part = connected_components(csr_array((np.ones(len(pairs[0])), pairs), shape=(n, n)), connection="strong")
        size = np.bincount(part[: self.graph.edge_count][self.allowed], minlength=1)
        reachable = np.zeros(self.graph.edge_count, np.bool_)
        reachable[self._arcs.edge_of[part == int(np.argmax(size))]] = True
        return reachable & self.allowed

    def _why_not(self, start: Place, end: Place, closed: frozenset[int]) -> str:
        for word, place in (("start", start), ("end", end)):
            if not self.reachable[place.edge]:
                return f"{word}: {self.graph.describe(place.edge)} is cut off from the connected part of the roads"
        if closed:
            return f"every way is closed ({len(closed)} directed edges are)"
        return "there is no permitted way"


def _path(found: _Found) -> Ints:
    """States from start to end of a search with one of each."""
    states = [int(found.state[0, 0])]
    state = int(found.last[0, 0])
    while state >= 0:
        states.append(state)
        state = int(found.before[0, state])
    return np.array(states[::-1], np.int32)


def _edges_of(places: Sequence[Place]) -> Ints:
    return np.array([place.edge for place in places], np.int32)
