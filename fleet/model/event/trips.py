"""The plan, its trips, and what vehicles hold while they make them."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.model.event.base import Event
from fleet.model.ids import PointId, RunId, TripId, VehicleId
from fleet.model.trip import Plan, TripPhase


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAdopted(Event):
    """All trips that have not begun are replaced by those of this plan."""

    version: int
    why: str
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRefused(Event):
    """A solver's answer was not taken, and why."""

    made_by: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TripStarted(Event):
    trip_id: TripId
    vehicle_id: VehicleId


@dataclass(frozen=True, slots=True, kw_only=True)
class TripMoved(Event):
    """A trip reached its next phase."""

    trip_id: TripId
    phase: TripPhase


@dataclass(frozen=True, slots=True, kw_only=True)
class StopDone(Event):
    """A visit is over; `deferred` runs are tried again at the end of the trip, `given_up` ones come back."""

    trip_id: TripId
    point_id: PointId
    deferred: tuple[RunId, ...]
    given_up: tuple[RunId, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved(Event):
    """A vehicle holds one unit of a resource ("bay:schaan", "charger:schaan")."""

    resource: str
    vehicle_id: VehicleId


@dataclass(frozen=True, slots=True, kw_only=True)
class Freed(Event):
    resource: str
    vehicle_id: VehicleId
