"""What physically happened, as it happens: events for those who listen, violations for those who judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from fleet.model.ids import ParcelId
from vehicle_sim.timers import Timers


class WorldEventKind(StrEnum):
    PICKED = "picked"
    DROPPED = "dropped"
    REFUSED = "refused"
    STAFF_MISSING = "staff_missing"
    EDGE_ENTERED = "edge_entered"
    STOOD_FOR_BASE = "stood_for_base"
    CHARGING_STARTED = "charging_started"
    CHARGING_STOPPED = "charging_stopped"
    ROAD_BLOCKED = "road_blocked"
    ROAD_OPENED = "road_opened"
    CLERK_AWAY = "clerk_away"
    SILENT = "silent"
    HEARD = "heard"
    ORDER_REJECTED = "order_rejected"
    BATTERY_EMPTY = "battery_empty"
    OVERFLOW = "overflow"
    TROUBLE = "trouble"  # something befell a vehicle; `detail` says what


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldEvent:
    """Something that physically happened. Empty fields do not apply."""

    time_s: float
    kind: WorldEventKind
    vehicle: str = ""
    run: str = ""
    parcels: tuple[ParcelId, ...] = ()
    place: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must never happen; `check` is an invariant's id."""

    time_s: float
    check: str
    vehicle: str
    detail: str


class Chronicle:
    """Tells events to its listeners and keeps the violations."""

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._observers: list[Callable[[WorldEvent], None]] = []
        self.counts: Counter[WorldEventKind] = Counter()
        self.violations: list[Violation] = []

    def observe(self, observer: Callable[[WorldEvent], None]) -> None:
        self._observers.append(observer)

    def record(
        self,
        kind: WorldEventKind,
        *,
        vehicle: str = "",
        run: str = "",
        parcels: tuple[ParcelId, ...] = (),
        place: str = "",
        detail: str = "",
    ) -> None:
        """Tell that something happened at this moment."""
        event = WorldEvent(
            time_s=self._timers.now_s(),
            kind=kind,
            vehicle=vehicle,
            run=run,
            parcels=parcels,
            place=place,
            detail=detail,
        )
        self.counts[kind] += 1
        for observer in self._observers:
            observer(event)

    def violate(self, check: str, vehicle: str, detail: str) -> None:
        """Keep that something happened which must never be."""
        self.violations.append(Violation(self._timers.now_s(), check, vehicle, detail))
