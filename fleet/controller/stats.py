"""Figures a controller keeps of itself, in memory."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

KEPT = 4096
SAID_BY_US = frozenset({"order", "instantActions", "zoneSet", "responses"})


class Stats:
    """Counts and recent durations; reading them costs nothing for the turn."""

    def __init__(self) -> None:
        self.received: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.schema_violations: Counter[str] = Counter()
        self.events = 0
        self.commits = 0
        self.turns = 0
        self.failures = 0
        self.resent = 0
        self.other_controllers = 0
        self.long_releases = 0
        self.held_back = 0
        self.turn_s: deque[float] = deque(maxlen=KEPT)
        self.solver_s: deque[float] = deque(maxlen=KEPT)
        self.dispatch_s: deque[float] = deque(maxlen=KEPT)

    def said_wrongly(self) -> Counter[str]:
        """Rules that our own messages broke, by topic and field."""
        return Counter({place: count for place, count in self.schema_violations.items() if _is_ours(place)})

    def heard_wrongly(self) -> Counter[str]:
        """Rules that messages of vehicles broke: they are used all the same, as far as they can be read."""
        return self.schema_violations - self.said_wrongly()

    def turn_took(self, seconds: float, facts: int) -> None:
        self.turns += 1
        if facts:
            self.turn_s.append(seconds)

    def solver_took(self, seconds: float) -> None:
        self.solver_s.append(seconds)

    def committed(self, events: int) -> None:
        self.commits += 1
        self.events += events


def _is_ours(place: str) -> bool:
    return place.partition(":")[0] in SAID_BY_US


def percentile(values: Iterable[float], share: float) -> float:
    """The value below which `share` of the values lie; 0 where there are none."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
