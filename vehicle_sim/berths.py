"""Loading bays and chargers: who stands in which."""

from __future__ import annotations

from vehicle_sim.chronicle import Chronicle, WorldEventKind


class Berths:
    """Counts who is where; one vehicle too many shows a wrong command (S13)."""

    def __init__(self, chronicle: Chronicle) -> None:
        self._chronicle = chronicle
        self._held: dict[str, list[str]] = {}

    def occupy(self, berth: str, vehicle: str, capacity: int) -> None:
        """Stand in "bay:..." or at "charger:...", which has so many places."""
        held = self._held.setdefault(berth, [])
        if vehicle in held:
            return
        held.append(vehicle)
        if len(held) > capacity:
            self._chronicle.record(WorldEventKind.OVERFLOW, vehicle=vehicle, place=berth)
            self._chronicle.violate("S13", vehicle, f"{berth} has {capacity} places and holds {', '.join(held)}")

    def vacate(self, berth: str, vehicle: str) -> None:
        held = self._held.get(berth, [])
        if vehicle in held:
            held.remove(vehicle)
