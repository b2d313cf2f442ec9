"""What stands on the roads, and until when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from vehicle_sim.chronicle import Chronicle, WorldEventKind
from vehicle_sim.ground import Ground
from vehicle_sim.timers import Timers


class Obstacles:
    """Blocked edges; several obstacles on one edge all have to go before it is open."""

    def __init__(self, ground: Ground, timers: Timers, chronicle: Chronicle) -> None:
        self._ground = ground
        self._timers = timers
        self._chronicle = chronicle
        self._on_edge: Counter[int] = Counter()
        self._listeners: list[Callable[[int], None]] = []

    def block(self, edge: int, until_s: float) -> None:
        """Something stands on the road until then."""
        self._on_edge[edge] += 1
        self._chronicle.record(WorldEventKind.ROAD_BLOCKED, place=self._ground.key(edge))
        self._timers.call_at(until_s, lambda: self._clear(edge))

    def is_blocked(self, edge: int) -> bool:
        return self._on_edge[edge] > 0

    def on_opened(self, listener: Callable[[int], None]) -> None:
        """Be told of each edge that is open again."""
        self._listeners.append(listener)

    def _clear(self, edge: int) -> None:
        self._on_edge[edge] -= 1
        if not self._on_edge[edge]:
            self._chronicle.record(WorldEventKind.ROAD_OPENED, place=self._ground.key(edge))
            for listener in self._listeners:
                listener(edge)
