"""Who has been silent for how long; kept in memory, told to the fleet only when it changes."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from fleet.model.ids import VehicleId
from fleet.model.twin import Liveness, Twin
from fleet.telemetry.profiles import profile

STALE_INTERVALS, LOST_INTERVALS = 1.2, 2.0
"""Of its own interval, where a vehicle names a long one: after so many it is stale; of that, after so many lost."""


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
        self._own: dict[VehicleId, dict[Liveness, float]] = {}
        self._asleep: set[VehicleId] = set()

    def paced(self, vehicle_id: VehicleId, state_interval_s: float | None) -> None:
        """How often the vehicle means to say its state, by its own word or that of the site file.

        A longer interval than usual makes its silence begin later. A shorter one does not make it begin earlier: states
        get lost, and one that speaks often would be called silent most.
        """
        stale_s = STALE_INTERVALS * (state_interval_s or 0.0)
        self._own.pop(vehicle_id, None)
        if stale_s > self._limits[Liveness.FRESH]:
            lost_s = max(self._limits[Liveness.STALE], LOST_INTERVALS * stale_s)
            self._own[vehicle_id] = {Liveness.FRESH: stale_s, Liveness.STALE: lost_s}

    def sleeps(self, vehicle_id: VehicleId) -> None:
        """The vehicle hibernates: whatever it does not say is no silence."""
        self._asleep.add(vehicle_id)
        self._level.pop(vehicle_id, None)

    def wakes(self, vehicle_id: VehicleId, now_s: float) -> None:
        """The vehicle hibernates no longer; it counts as silent from now on until it is heard."""
        if vehicle_id in self._asleep:
            self._asleep.discard(vehicle_id)
            self.heard(vehicle_id, now_s)

    def _limit_s(self, vehicle_id: VehicleId, level: Liveness) -> float:
        return self._own.get(vehicle_id, self._limits)[level]

    def heard(self, vehicle_id: VehicleId, now_s: float) -> None:
        """A state of the vehicle came in."""
        self._heard[vehicle_id] = now_s
        if vehicle_id in self._asleep:
            return
        if self._level.get(vehicle_id) is not Liveness.FRESH:
            self._level[vehicle_id] = Liveness.FRESH
            heapq.heappush(self._due, (now_s + self._limit_s(vehicle_id, Liveness.FRESH), vehicle_id))

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
            level = self._level.get(vehicle_id)
            if level not in self._limits:
                continue
            due_s = self._heard[vehicle_id] + self._limit_s(vehicle_id, level)
            if due_s > now_s:
                heapq.heappush(self._due, (due_s, vehicle_id))
                continue
            self._level[vehicle_id] = self._next[level]
            found.append((vehicle_id, self._next[level]))
            if self._next[level] in self._limits:
                lost_s = self._heard[vehicle_id] + self._limit_s(vehicle_id, self._next[level])
                heapq.heappush(self._due, (lost_s, vehicle_id))
        return found

    def again(self, vehicle_id: VehicleId, level: Liveness) -> None:
        """Say this level again: what was said of it could not be recorded, and it was not heard since."""
        if self._level.get(vehicle_id) is not level:
            return
        before = {after: before for before, after in self._next.items()}[level]
        self._level[vehicle_id] = before
        heapq.heappush(self._due, (self._heard[vehicle_id] + self._limit_s(vehicle_id, before), vehicle_id))

    @property
    def next_due_s(self) -> float:
        """Trade time before which `overdue` has nothing to say; infinite where nobody is watched."""
        return self._due[0][0] if self._due else float("inf")


def keep_pace(watch: Watch, twins: Iterable[Twin]) -> None:
    """How long each of these vehicles may be silent, by how often it means to speak."""
    for twin in twins:
        watch.paced(twin.vehicle.id, profile(twin).state_interval_s)
