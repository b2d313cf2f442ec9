"""How much road a vehicle is let into: the base is the safety exposure.

A vehicle that loses the link drives to the end of its base and stands there. So a base is short, ends where standing
is lawful and safe, and is extended just in time, early enough that a healthy vehicle never brakes for want of it.
"""

from __future__ import annotations

import math
from dataclasses import replace

from fleet.model.order import Order
from fleet.model.site import Limits

HORIZON_EDGES = 5
LOOK_AHEAD = 4
"""So many extensions ahead it is seen to it that each is worth its message."""
SAME_S = 1e-6


def enough_s(order: Order, limits: Limits, accel_mps2: float = math.inf) -> float:
    """With less driving time than this before it, a vehicle might brake for want of base (checklist 6.11).

    Braking takes `v / (2 a)` seconds' worth of road at speed v; twice the reaction time comes on top. Until then it
    is waited for an extension that is worth its message. At most half of what may be released is ever called short.
    """
    speed_mps = max((edge.speed_mps for edge in order.path[order.passed : order.released + 1]), default=0.0)
    return min(speed_mps / (2.0 * accel_mps2) + 2.0 * limits.reaction_s, limits.exposure_s / 2.0)


def release_until(order: Order, limits: Limits, gone_s: float = 0.0, accel_mps2: float = math.inf) -> int:
    """How many edges of the way may be in the base now.

    The farthest safe end within the exposure limits beyond the last confirmed node. Where the base would come to its
    end soon and no safe end lies within the limits, the next one behind them: a stretch that must not be stood on is
    released only together with its exit, one such stretch at a time: a base that is longer than the limits, as one of
    slow road is, comes to its end before more is released. The present base is never taken back.

    Args:
        gone_s: how long the vehicle has been on its way from the last confirmed node to the next one.
    """
    length_m = duration_s = 0.0
    short_s = enough_s(order, limits, accel_mps2) + SAME_S
    best, best_s, is_best_within = order.released, 0.0, True
    for index in range(order.passed, len(order.path)):
        edge = order.path[index]
        length_m += edge.length_m
        duration_s += edge.duration_s
        within = length_m <= limits.exposure_m and duration_s <= limits.exposure_s
        if not within and best > order.passed and (best_s - gone_s > short_s or not is_best_within):
            break
        if index < order.released:
            best_s, is_best_within = duration_s, within
        elif edge.is_safe_end:
            best, best_s, is_best_within = index + 1, duration_s, within
            if not within:
                break
    return best


def exceeds_limits(order: Order, released: int, limits: Limits) -> bool:
    """Whether a base of `released` edges is longer than the limits, for want of a safe end within them."""
    ahead = order.path[order.passed : released]
    length_m = sum(edge.length_m for edge in ahead)
    return length_m > limits.exposure_m or sum(edge.duration_s for edge in ahead) > limits.exposure_s


def first_base(order: Order, limits: Limits, accel_mps2: float = math.inf) -> int:
    """So many edges of the way are in the base when an order is given."""
    return _leading_on(order, release_until(order, limits), limits, accel_mps2)[0]


def extension(order: Order, limits: Limits, now_s: float, accel_mps2: float = math.inf) -> int | None:
    """Up to where the base should be extended now, or None.

    Each extension covers at least `base_extension_s` of driving, so that messages stay few, except the last one of
    the way, one without which the vehicle would come to stand, and one that the vehicle asks for itself. It ends where
    the next ones will be worth their message, too; while there is no such place yet it is waited for one.
    """
    gone_s = _gone_s(order, now_s)
    target = release_until(order, limits, gone_s, accel_mps2)
    if target <= order.released:
        return None
    if target == len(order.path):
        return target
    is_short = _base_s(order) - gone_s <= enough_s(order, limits, accel_mps2) + SAME_S
    best, leads_on = _leading_on(order, target, limits, accel_mps2)
    if is_short or leads_on:
        return best
    return target if order.wants_base else None


def comes_to_its_end_s(order: Order, limits: Limits, now_s: float, accel_mps2: float = math.inf) -> float | None:
    """When the base has to be looked at again although no further node was passed; None where one will be in time.

    Progress is confirmed at nodes only. Where the base ends soon behind the next node, its vehicle would brake before
    it gets there.
    """
    if order.is_fully_released or order.passed >= order.released:
        return None
    base_s, next_node_s = _base_s(order), order.path[order.passed].duration_s
    short_s = enough_s(order, limits, accel_mps2)
    if base_s - next_node_s > short_s:
        return None
    at_s = order.passed_s + max(base_s - short_s, 0.0)
    return at_s if at_s > now_s + SAME_S else None


def _leading_on(order: Order, target: int, limits: Limits, accel_mps2: float) -> tuple[int, bool]:
    """Where a base that may reach up to `target` ends best, and whether all is well from there.

    That is the end, worth its message, behind which most extensions are worth theirs; of several the farthest. Where
    there is none it is `target`. Where a stretch without a place to stand begins behind `target`, that place is often
    the last one before it, and the next extension would be a short hop to it if the base ended just before.
    """
    best, most = target, -1
    for end in reversed(_worthwhile_ends(order, target, limits)):
        count = _worth(order, end, limits, accel_mps2, LOOK_AHEAD)
        if count > most:
            best, most = end, count
        if most == LOOK_AHEAD:
            break
    return best, most == LOOK_AHEAD


def _worthwhile_ends(order: Order, target: int, limits: Limits) -> list[int]:
    """Where an extension of this base, up to `target`, may end and be worth its message; the nearest first."""
    ends, gain_s = [], 0.0
    for index in range(order.released, target):
        gain_s += order.path[index].duration_s
        if order.path[index].is_safe_end and gain_s >= limits.base_extension_s:
            ends.append(index + 1)
    return ends


def _worth(order: Order, end: int, limits: Limits, accel_mps2: float, steps: int) -> int:
    """How many of the next `steps` extensions will be worth their message if the base ends there now.

    Each is reckoned at the last moment at which its vehicle does not brake: it is worth most then.
    """
    if end == len(order.path) or not steps:
        return steps
    later = replace(order, released=end)
    left_s = enough_s(later, limits, accel_mps2)
    passed = end
    while passed > order.passed and left_s > 0.0:
        passed -= 1
        left_s -= order.path[passed].duration_s
    later = replace(later, passed=passed)
    onward = release_until(later, limits, max(-left_s, 0.0), accel_mps2)
    if onward == len(order.path):
        return steps
    best = 0
    for further in reversed(_worthwhile_ends(later, onward, limits)):
        best = max(best, 1 + _worth(later, further, limits, accel_mps2, steps - 1))
        if best == steps:
            break
    return best


def _base_s(order: Order) -> float:
    """Driving time from the last confirmed node to the end of the base."""
    return sum(edge.duration_s for edge in order.path[order.passed : order.released])


def _gone_s(order: Order, now_s: float) -> float:
    """Since the last confirmed node, but never beyond the next one: a vehicle may stand where nobody sees it."""
    if order.passed >= len(order.path) or not order.passed_s:
        return 0.0
    return min(max(now_s - order.passed_s, 0.0), order.path[order.passed].duration_s)
