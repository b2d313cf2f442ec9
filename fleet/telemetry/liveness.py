"""Who has been silent for how long; kept in memory, told to the fleet only when it changes."""

from __future__ import annotations

import heapq

from fleet.model.ids import VehicleId
from fleet.model.twin import Liveness


class Watch:
    """Last-heard times of all vehicles; asking costs nothing for vehicles that are neither silent nor heard.

    Args:
        stale_s: silence after which a vehicle counts as stale.
        lost_s: silence after which it counts as lost.
    """

    def __init__(self, stale_s: float, lost_s: float) -> None:
        self._limits = {Liveness.FRESH: stale_s, Liveness.STALE: lost_s}
        self._next = {Liveness.FRESH: Liveness.STALE, Liveness.STALE: Liveness.LOST}
        self._heard: dict[VehicleId, float] = {}
        self._level: dict[VehicleId, Liveness] = {}
        self._due: list[tuple[float, VehicleId]] = []

    def heard(self, vehicle_id: VehicleId, now_s: float) -> None:
        """A state of the vehicle came in."""
        self._heard[vehicle_id] = now_s
        if self._level.get(vehicle_id) is not Liveness.FRESH:
            self._level[vehicle_id] = Liveness.FRESH
            heapq.heappush(self._due, (now_s + self._limits[Liveness.FRESH], vehicle_id))

    def expected(self, vehicle_id: VehicleId, now_s: float) -> None:
        """A vehicle that has not been heard since the start begins to count as silent now."""
        if vehicle_id not in self._level:
            self.heard(vehicle_id, now_s)

    def from_now(self, now_s: float) -> None:
        """Nobody could be heard until now: whoever is not lost yet has his whole time again."""
        for vehicle_id, level in self._level.items():
            if level in self._limits:
                self._heard[vehicle_id] = now_s

    def overdue(self, now_s: float) -> list[tuple[VehicleId, Liveness]]:
        """Vehicles whose silence has reached the next level, with that level."""
        found: list[tuple[VehicleId, Liveness]] = []
        while self._due and self._due[0][0] <= now_s:
            _, vehicle_id = heapq.heappop(self._due)
            level = self._level[vehicle_id]
            if level not in self._limits:
                continue
            due_s = self._heard[vehicle_id] + self._limits[level]
            if due_s > now_s:
                heapq.heappush(self._due, (due_s, vehicle_id))
                continue
            self._level[vehicle_id] = self._next[level]
            found.append((vehicle_id, self._next[level]))
            if self._next[level] in self._limits:
                heapq.heappush(self._due, (self._heard[vehicle_id] + self._limits[self._next[level]], vehicle_id))
        return found

    def again(self, vehicle_id: VehicleId, level: Liveness) -> None:
        """Say this level again: what was said of it could not be recorded, and it was not heard since."""
        if self._level[vehicle_id] is not level:
            return
        before = {after: before for before, after in self._next.items()}[level]
        self._level[vehicle_id] = before
        heapq.heappush(self._due, (self._heard[vehicle_id] + self._limits[before], vehicle_id))

    @property
    def next_due_s(self) -> float:
        """Trade time before which `overdue` has nothing to say; infinite where nobody is watched."""
        return self._due[0][0] if self._due else float("inf")
