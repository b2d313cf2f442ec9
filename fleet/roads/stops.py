"""Where on a road a vehicle may stand when nothing more is released."""

from __future__ import annotations

from collections.abc import Iterable

CLEAR_M = 10.0
"""Kept free on both sides of a junction, crossing, signal, level crossing or barrier.

Road codes ask for 5 m before crossings and junctions and 10 m before signals (for example StVO section 12); the
vehicle's own length comes on top, as its position is somewhere inside it.
"""

NO_STOPPING_CLASSES = frozenset({"motorway", "motorway_link", "trunk", "trunk_link"})


def last_stop_m(length_m: float, hazards_m: Iterable[float]) -> float | None:
    """The farthest offset on an edge at which a vehicle may stand, or None.

    An edge of a bridge, tunnel, roundabout, slip road, motorway or trunk road has none (its caller's part). On any
    other the place must keep `CLEAR_M` from every hazard: the edge's own ends where three roads or more meet or where
    a signal, crossing, level crossing or barrier stands, and the signals and crossings between. A plain end, where
    only a way's tags change or the road ends, is no hazard.

    Args:
        length_m: of the edge.
        hazards_m: offsets of hazards along the edge, in any order.
    """
    stop_m = length_m
    for hazard_m in sorted(hazards_m, reverse=True):
        if hazard_m + CLEAR_M <= stop_m:
            break
        stop_m = min(stop_m, hazard_m - CLEAR_M)
    return stop_m if stop_m >= 0 else None
