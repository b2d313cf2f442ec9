"""Time that stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Callable

from vehicle_sim.timers import Timer


class HandTimers:
    """Time that a test moves by hand."""

    def __init__(self) -> None:
        self.at_s = 0.0
        self.due: list[tuple[float, Callable[[], None]]] = []

    def now_s(self) -> float:
        return self.at_s

    def call_at(self, trade_s: float, callback: Callable[[], None]) -> Timer:
        self.due.append((trade_s, callback))
        return self

    def cancel(self) -> None: ...

    def move_to(self, at_s: float) -> None:
        self.at_s = at_s
        ripe = [callback for due_s, callback in self.due if due_s <= at_s]
        self.due = [(due_s, callback) for due_s, callback in self.due if due_s > at_s]
        for callback in ripe:
            callback()
