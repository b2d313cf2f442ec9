"""Where on a road a vehicle may stand when nothing more is released."""

from __future__ import annotations

from collections.abc import Iterable

from fleet.model.vehicle import LENGTH_M_MAX

STAND_DEVIATION_M = 2.0
"""A vehicle may stop this far from the place it was told."""
BODY_M = LENGTH_M_MAX + STAND_DEVIATION_M
"""How far a vehicle may overhang its place, for its position is somewhere inside it.

So much is kept free before and behind a stretch that no part of a vehicle may stand on, such as a bridge."""
CLEAR_M = BODY_M + 5.0
"""Kept free on both sides of a junction, crossing, signal, level crossing or barrier.

Road codes ask for 5 m before and behind crossings and junctions (for example StVO section 12, Vienna convention 23).
"""
BUS_STOP_CLEAR_M = BODY_M + 15.0
"""Kept free on both sides of a bus stop's sign; road codes ask for 15 m of whoever stays longer than a moment."""

NO_STOPPING_CLASSES = frozenset({"motorway", "motorway_link", "trunk", "trunk_link"})

Stretch = tuple[float, float]
"""Part of an edge, from one offset to another."""
KeepOut = Stretch
"""A stretch of an edge in whose inside nobody may stand; it may reach beyond the edge's ends."""


def around(hazard_m: float, clear_m: float = CLEAR_M) -> KeepOut:
    """What has to be kept free of a hazard at this offset."""
    return hazard_m - clear_m, hazard_m + clear_m


def standing(length_m: float, keep_outs: Iterable[KeepOut]) -> tuple[Stretch, ...]:
    """Where on an edge a vehicle may stand, in driving direction; a stretch may be a single offset.

    An edge of a bridge, tunnel, roundabout, slip road, motorway or trunk road has none, nor one with a stopping ban or
    tracks along it (its caller's part). A plain end, where only a way's tags change or the road ends, is no hazard.
    """
    stretches: list[Stretch] = []
    free_m = 0.0
    for from_m, to_m in sorted((from_m, to_m) for from_m, to_m in keep_outs if from_m < to_m):
        if free_m <= from_m <= length_m:
            stretches.append((free_m, from_m))
        free_m = max(free_m, to_m)
    if free_m <= length_m:
        stretches.append((free_m, length_m))
    return tuple(stretches)
