"""How much road a vehicle is let into: the base is the safety exposure.

A vehicle that loses the link drives to the end of its base and stands there. So a base is short, ends where standing
is lawful and safe, and is extended just in time, early enough that a healthy vehicle never brakes for want of it.
"""

from __future__ import annotations

from fleet.model.order import Order
from fleet.model.site import Limits

HORIZON_EDGES = 5


def release_until(order: Order, limits: Limits) -> int:
    """How many edges of the way may be in the base now.

    The farthest safe end within the exposure limits beyond the last confirmed node. Where the base would come to its
    end soon and no safe end lies within the limits, the next one behind them: a stretch that must not be stood on is
    released only together with its exit. The present base is never taken back.
    """
    length_m = duration_s = 0.0
    best, best_s = order.released, 0.0
    for index in range(order.passed, len(order.path)):
        edge = order.path[index]
        length_m += edge.length_m
        duration_s += edge.duration_s
        within = length_m <= limits.exposure_m and duration_s <= limits.exposure_s
        if not within and best > order.passed and best_s > limits.base_extension_s:
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


def extension(order: Order, limits: Limits) -> int | None:
    """Up to where the base should be extended now, or None.

    Each extension covers at least `base_extension_s` of driving, so that messages stay few, except the last one of
    the way and one without which the vehicle would come to stand.
    """
    target = release_until(order, limits)
    if target <= order.released:
        return None
    gain_s = sum(edge.duration_s for edge in order.path[order.released : target])
    left_s = sum(edge.duration_s for edge in order.path[order.passed : order.released])
    if target == len(order.path) or gain_s >= limits.base_extension_s or left_s <= limits.base_extension_s:
        return target
    return None
