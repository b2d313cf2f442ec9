"""Trips: one departure-to-return of one vehicle, serving runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from fleet.model.ids import PointId, RunId, StationId, TripId, VehicleId
from fleet.model.lifecycle import Lifecycle


class TripPhase(StrEnum):
    """How far a trip has come."""

    PLANNED = "planned"
    LOADING = "loading"
    UNDER_WAY = "under_way"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


_T = TripPhase
TRIP_LIFECYCLE: Lifecycle[TripPhase] = Lifecycle(
    "trip",
    MappingProxyType(
        {
            _T.PLANNED: frozenset({_T.LOADING, _T.WITHDRAWN}),
            _T.LOADING: frozenset({_T.UNDER_WAY, _T.CLOSED}),  # CLOSED: nothing could be loaded
            _T.UNDER_WAY: frozenset({_T.CLOSED}),
            _T.CLOSED: frozenset(),
            _T.WITHDRAWN: frozenset(),
        }
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A visit to a pickup point, with the runs handed over there and the times that are promised."""

    point_id: PointId
    run_ids: tuple[RunId, ...]
    arrive_s: float
    leave_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """One departure-to-return, with all its times in trade seconds.

    Attributes:
        charge_from_s: charging before loading begins here; equal to `charge_until_s` where none is needed.
        load_from_s: the loading bay is held from here until `depart_s`.
    """

    id: TripId
    vehicle_id: VehicleId
    station_id: StationId
    charge_from_s: float
    charge_until_s: float
    load_from_s: float
    depart_s: float
    stops: tuple[Stop, ...]
    return_s: float

    @property
    def run_ids(self) -> tuple[RunId, ...]:
        return tuple(run_id for stop in self.stops for run_id in stop.run_ids)


class Reason(StrEnum):
    """Why a run is in no trip."""

    TOO_HEAVY = "too_heavy_for_every_vehicle"
    TOO_BIG = "too_big_for_every_vehicle"
    TOO_MANY_PARCELS = "too_many_parcels_for_every_vehicle"
    POINT_UNREACHABLE = "point_unreachable"
    STATION_WITHOUT_VEHICLE = "station_has_no_vehicle"
    NO_VEHICLE_FREE = "no_vehicle_free"
    OUT_OF_RANGE = "battery_range_too_short"
    NOT_PLANNED_YET = "not_planned_yet"
    WINDOW_OVER = "window_over"
    STATION_GONE = "station_not_in_site"
    POINT_GONE = "point_not_in_site"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unassigned:
    """A run that no trip serves, and why."""

    run_id: RunId
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCost:
    """What a plan costs, part by part; `total` is what planners compare.

    Attributes:
        late_s: lateness of all runs, each times its priority.
        drive_s: driving time of all trips.
        trips: number of trips.
        unassigned: number of runs in no trip.
        moved_s: by how much announced arrivals move, all runs together.
    """

    late_s: float
    drive_s: float
    trips: int
    unassigned: int
    total: float
    moved_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Proposed trips for all vehicles; nothing has happened yet."""

    trips: tuple[Trip, ...]
    unassigned: tuple[Unassigned, ...]
    cost: PlanCost
    made_by: str
