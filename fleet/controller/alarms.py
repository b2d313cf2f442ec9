"""When an area has something to do although nothing came in."""

from __future__ import annotations

import heapq

from fleet.controller.turn import OWN_PLANS
from fleet.model.ids import VehicleId
from fleet.state.fleet_state import FleetState

LOOK_AGAIN_S = 60.0
ARCHIVE_EVERY_S = 600.0
ARCHIVE_ON_S = 1.0
NEVER_S = float("inf")


class Alarms:
    """Vehicles to look at, closures that run out, plans to try again, runs to archive: each with its time."""

    def __init__(self) -> None:
        self._wakes: list[tuple[float, VehicleId]] = []
        self._closures_until_s = NEVER_S
        self._look_again_s = 0.0
        self._archive_s = 0.0

    def wake(self, vehicle_id: VehicleId, at_s: float) -> None:
        heapq.heappush(self._wakes, (at_s, vehicle_id))

    def due_vehicles(self, now_s: float) -> list[VehicleId]:
        """Vehicles whose time has come; they are told once."""
        due: dict[VehicleId, None] = {}
        while self._wakes and self._wakes[0][0] <= now_s:
            due[heapq.heappop(self._wakes)[1]] = None
        return list(due)

    def watch_roads(self, state: FleetState, known: FleetState | None = None) -> None:
        """Learn when the next closure or temporary speed limit runs out; `known` is the state of the last time."""
        if known is not None and state.closures is known.closures and state.slow_roads is known.slow_roads:
            return
        ends_s = (each.until_s for each in (*state.closures.values(), *state.slow_roads.values()))
        self._closures_until_s = min(ends_s, default=NEVER_S)

    def shall_plan_again(self, state: FleetState, now_s: float) -> bool:
        """It is time to see whether what lacks a plan can be helped now; asked again, it is not for a while."""
        if not _lacks_plan(state) or now_s < self._look_again_s:
            return False
        self._look_again_s = now_s + LOOK_AGAIN_S
        return True

    def shall_archive(self, now_s: float) -> bool:
        return self._archive_s <= now_s

    def archived(self, now_s: float, *, is_more: bool) -> None:
        self._archive_s = now_s + (ARCHIVE_ON_S if is_more else ARCHIVE_EVERY_S)

    def next_due_s(self, state: FleetState) -> float:
        first_wake_s = self._wakes[0][0] if self._wakes else NEVER_S
        look_again_s = self._look_again_s if _lacks_plan(state) else NEVER_S
        return min(self._closures_until_s, first_wake_s, look_again_s, self._archive_s)


def _lacks_plan(state: FleetState) -> bool:
    """Runs are in no trip, or planning failed."""
    return bool(state.unassigned) or OWN_PLANS in state.quarantine
