"""Lines of the log that a vehicle can cause as often as it likes: the first of a kind, then how many more each minute.

Only the log is spared. What happened is counted where it happens, and told in the figures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fleet.clock import Clock

EVERY_S = 60.0
"""Machine time, as that of everybody who reads a log."""

Tell = Callable[..., object]


@dataclass(slots=True)
class _Minute:
    until_s: float
    count: int = 0
    tell: Tell | None = None
    fields: dict[str, object] = field(default_factory=dict)


class Sparing:
    """For each kind of line and whom it is about: what was written in this minute, and what was not."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._minutes: dict[tuple[str, str], _Minute] = {}

    def say(self, tell: Tell, event: str, about: str, **fields: object) -> None:
        """Write a line, unless one of its kind about the same was written a moment ago.

        Args:
            tell: of the logger, by its level.
            about: the vehicle or other subject, by which lines of one kind are told apart.
        """
        minute = self._minutes.get((event, about))
        if minute is None:
            self._minutes[event, about] = _Minute(self._clock.machine_now_s() + EVERY_S)
            tell(event, **fields)
        else:
            minute.count, minute.tell, minute.fields = minute.count + 1, tell, fields

    def tell_counts(self) -> None:
        """Write how many lines were left out, where a minute is over, with the last of them; to be called often."""
        now_s = self._clock.machine_now_s()
        for key, minute in list(self._minutes.items()):
            if minute.until_s > now_s:
                continue
            if minute.tell is None:
                del self._minutes[key]
                continue
            minute.tell(key[0], times=minute.count, **minute.fields)
            self._minutes[key] = _Minute(now_s + EVERY_S)
