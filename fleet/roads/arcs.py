"""Which edge may follow which, and what it costs: the net that routes are searched in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fleet.roads.graph import Bools, EdgeFlag, Floats, Ints, NodeFlag, RoadGraph
from fleet.roads.permit import RoadProfile, allowed_mask, on_business_mask, passable_mask

SIGNAL_S = 5.0
"""Mean wait at a signal."""
TURN_ROUND_S = 20.0
"""To turn round at a dead end."""
ENTRY_S = 600.0
"""Held against a route for each entry into roads for destination traffic; no part of its duration."""

Path = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Arcs:
    """The moves of one profile through one graph, as the arrays of a sparse matrix (row = from, column = onto).

    A state is a directed edge being driven, seen at its end. Where a forbidden path of three or more edges has been
    begun, further states of the same edge remember it: the first `n_edges` states are the edges themselves, the
    others are copies.

    Attributes:
        edge_of: (n_states,) the edge of each state.
        row_start: (n_states + 1,) where each state's arcs begin.
        start, onto: (n_arcs,) states, sorted by start and then onto.
        drive_s: (n_edges,) to drive each edge from end to end.
        leave_s: (n_edges,) wait at the end of each edge.
        weight_s: (n_arcs,) what the search adds up; for turning round, too, as if every place were a dead end.
        turns_round: (n_arcs,) the arcs that turn round.
        copies: states beyond the edge's own, for the few edges that have any.
    """

    edge_of: Ints
    row_start: Ints
    start: Ints
    onto: Ints
    drive_s: Floats
    leave_s: Floats
    weight_s: Floats
    turns_round: Bools
    copies: dict[int, list[int]]


def build_arcs(graph: RoadGraph, profile: RoadProfile) -> Arcs:
    """All moves that the profile may make while nothing is closed, and turning round everywhere."""
    allowed = allowed_mask(graph, profile)
    start, onto = _turns(graph, allowed)
    edge_of, start, onto, copies = _remember_paths(graph, start, onto)
    order = np.lexsort((onto, start))
    start, onto = start[order], onto[order]
    row_start = np.searchsorted(start, np.arange(len(edge_of) + 1)).astype(np.int32)
    drive_s = graph.edge_length_m / np.minimum(graph.edge_speed_mps, profile.speed_mps_max)
    leave_s = np.where(_meets_signal(graph), SIGNAL_S, 0.0)
    a, b = edge_of[start], edge_of[onto]
    turns_round = graph.edge_reverse[a] == b
    business = on_business_mask(graph)
    enters = business[b] & ~business[a]
    weight_s = drive_s[b] + leave_s[a] + TURN_ROUND_S * turns_round + ENTRY_S * enters
    return Arcs(edge_of, row_start, start, onto, drive_s, leave_s, weight_s, turns_round, copies)


def _turns(graph: RoadGraph, allowed: Bools) -> tuple[Ints, Ints]:
    """Pairs of allowed edges that meet, without forbidden turns and ways through barriers."""
    exits = np.argsort(graph.edge_from, kind="stable")
    first = np.searchsorted(graph.edge_from[exits], np.arange(graph.node_count + 1))
    at = graph.edge_to
    count = first[at + 1] - first[at]
    start = np.repeat(np.arange(graph.edge_count), count)
    nth = np.arange(len(start)) - np.repeat(np.cumsum(count) - count, count)
    onto = exits[first[at[start]] + nth]
    forbidden = graph.forbidden_turns[:, 0].astype(np.int64) * graph.edge_count + graph.forbidden_turns[:, 1]
    lawful = ~np.isin(start * graph.edge_count + onto, forbidden)
    lawful &= passable_mask(graph)[at[start]] | (graph.edge_reverse[start] == onto)
    lawful &= allowed[start] & allowed[onto]
    return start[lawful].astype(np.int32), onto[lawful].astype(np.int32)


def _remember_paths(graph: RoadGraph, start: Ints, onto: Ints) -> tuple[Ints, Ints, Ints, dict[int, list[int]]]:
    """States, arcs and copies once forbidden paths are honoured.

    Each proper beginning of a forbidden path, from its second edge on, becomes a state; a move leads to the longest
    beginning that the edges driven last spell out, and is left out where they would complete a forbidden path.
    """
    banned = set(graph.forbidden_paths)
    begun = sorted({path[:n] for path in banned for n in range(2, len(path))})
    state = {path: graph.edge_count + i for i, path in enumerate(begun)}
    edge_of = np.concatenate((np.arange(graph.edge_count), [path[-1] for path in begun])).astype(np.int32)
    begins = np.isin(start, [path[-2] for path in begun])
    for i in np.flatnonzero(begins):
        onto[i] = state.get((int(start[i]), int(onto[i])), onto[i])
    more: list[tuple[int, int]] = []
    for path in begun:
        for edge in edge_of[onto[start == path[-1]]]:
            driven = (*path, int(edge))
            if not any(driven[i:] in banned for i in range(len(driven))):
                ends = (state[driven[i:]] for i in range(len(driven) - 1) if driven[i:] in state)
                more.append((state[path], next(ends, int(edge))))
    copies: dict[int, list[int]] = {}
    for path in begun:
        copies.setdefault(path[-1], []).append(state[path])
    extra = np.array(more, np.int32).reshape(-1, 2)
    return edge_of, np.concatenate((start, extra[:, 0])), np.concatenate((onto, extra[:, 1])), copies


def _meets_signal(graph: RoadGraph) -> Bools:
    return graph.edge_has(EdgeFlag.SIGNAL) | graph.node_has(NodeFlag.SIGNAL)[graph.edge_to]
