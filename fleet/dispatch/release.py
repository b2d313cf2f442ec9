"""How much road a vehicle is let into: the base is the safety exposure.

A vehicle that loses the link drives to the end of its base and stands there. So a base is short, ends where standing
is lawful and safe, and is extended just in time, early enough that a healthy vehicle never brakes for want of it.
"""

from __future__ import annotations

from fleet.model.order import Order
from fleet.model.site import Limits

HORIZON_EDGES = 5
SAME_S = 1e-6


def release_until(order: Order, limits: Limits, gone_s: float = 0.0) -> int:
    """How many edges of the way may be in the base now.

    The farthest safe end within the exposure limits beyond the last confirmed node. Where the base would come to its
    end soon and no safe end lies within the limits, the next one behind them: a stretch that must not be stood on is
    released only together with its exit. The present base is never taken back.

    Args:
        gone_s: how long the vehicle has been on its way from the last confirmed node to the next one.
    """
    length_m = duration_s = 0.0
    best, best_s = order.released, 0.0
    for index in range(order.passed, len(order.path)):
        edge = order.path[index]
        length_m += edge.length_m
        duration_s += edge.duration_s
        within = length_m <= limits.exposure_m and duration_s <= limits.exposure_s
        if not within and best > order.passed and best_s - gone_s > limits.base_extension_s + SAME_S:
            break
        if index < order.released:
            best_s = duration_s
        elif edge.is_safe_end:
            best, best_s = index + 1, duration_s
            if not within:
                break
    return best


def exceeds_limits(order: Order, released: int, limits: Limits) -> bool:
    """Whether a base of `released` edges is longer than the limits, for want of a safe end within them."""
    ahead = order.path[order.passed : released]
    length_m = sum(edge.length_m for edge in ahead)
    return length_m > limits.exposure_m or sum(edge.duration_s for edge in ahead) > limits.exposure_s


def extension(order: Order, limits: Limits, now_s: float) -> int | None:
    """Up to where the base should be extended now, or None.

    Each extension covers at least `base_extension_s` of driving, so that messages stay few, except the last one of
    the way, one that the vehicle asks for, and one without which it would come to stand.
    """
    gone_s = _gone_s(order, now_s)
    target = release_until(order, limits, gone_s)
    if target <= order.released:
        return None
    gain_s = sum(edge.duration_s for edge in order.path[order.released : target])
    if target == len(order.path) or gain_s >= limits.base_extension_s or order.wants_base:
        return target
    return target if _base_s(order) - gone_s <= limits.base_extension_s + SAME_S else None


def comes_to_its_end_s(order: Order, limits: Limits, now_s: float) -> float | None:
    """When the base has to be looked at again although no further node was passed; None where one will be in time.

    Progress is confirmed at nodes only. Where the base ends soon behind the next node, its vehicle would brake before
    it gets there.
    """
    if order.is_fully_released or order.passed >= order.released:
        return None
    base_s, next_node_s = _base_s(order), order.path[order.passed].duration_s
    if base_s - next_node_s > limits.base_extension_s:
        return None
    at_s = order.passed_s + max(base_s - limits.base_extension_s, 0.0)
    return at_s if at_s > now_s + SAME_S else None


def _base_s(order: Order) -> float:
    """Driving time from the last confirmed node to the end of the base."""
    return sum(edge.duration_s for edge in order.path[order.passed : order.released])


def _gone_s(order: Order, now_s: float) -> float:
    """Since the last confirmed node, but never beyond the next one: a vehicle may stand where nobody sees it."""
    if order.passed >= len(order.path) or not order.passed_s:
        return 0.0
    return min(max(now_s - order.passed_s, 0.0), order.path[order.passed].duration_s)
