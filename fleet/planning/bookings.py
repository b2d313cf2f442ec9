"""Who holds how many bays or chargers when."""

from __future__ import annotations

import math
from collections.abc import Iterable


class Bookings:
    """A resource with room for `capacity` holders at a time."""

    def __init__(self, capacity: int, taken: Iterable[tuple[float, float]] = ()) -> None:
        self.capacity = capacity
        self._taken = list(taken)

    def earliest(self, from_s: float, length_s: float) -> float:
        """First instant from `from_s` on at which the resource is free for `length_s`; inf if never."""
        if self.capacity <= 0:
            return math.inf
        start_s = from_s
        while (clear_s := self._blocked_until(start_s, start_s + length_s)) is not None:
            start_s = clear_s
        return start_s

    def is_free(self, from_s: float, until_s: float) -> bool:
        return self._blocked_until(from_s, until_s) is None

    def book(self, from_s: float, until_s: float) -> None:
        self._taken.append((from_s, until_s))

    def _blocked_until(self, start_s: float, end_s: float) -> float | None:
        """When the first full moment of [start_s, end_s) is over, or None if there is no full moment."""
        near = [(begin, end) for begin, end in self._taken if begin < end_s and end > start_s]
        if len(near) < self.capacity:
            return None
        for moment in sorted({max(begin, start_s) for begin, _ in near}):
            ends = [end for begin, end in near if begin <= moment < end]
            if len(ends) >= self.capacity:
                return min(ends)
        return None
