"""The problem: what a planner must know, as plain frozen numbers that are cheap to send to a worker.

Indices stand where the fleet has names: a run names its station and point by their place in the tuples, and
stations and points name their row and column (`node`) in the travel tables. Trips that are loaded or under way
are not in here: their vehicle's `available_s` is the predicted return, and what they hold of bays and chargers
stands in `bays_held` and `chargers_held`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fleet.model.ids import PointId, RunId, StationId, VehicleId
from fleet.model.site import Weights
from fleet.model.trip import Trip
from fleet.model.vehicle import Battery

Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One bay or charger that is taken from `from_s` until `until_s`, whatever we plan."""

    from_s: float
    until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemStation:
    """A station: see `fleet.model.place.Station`; `node` is its row in the travel tables."""

    id: StationId
    node: int
    loading_bays: int
    load_fixed_s: float
    load_per_parcel_s: float
    chargers: int
    charger_w: float
    bays_held: tuple[Held, ...] = ()
    chargers_held: tuple[Held, ...] = ()

    def load_s(self, parcel_count: int) -> float:
        return self.load_fixed_s + self.load_per_parcel_s * parcel_count


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemPoint:
    """A pickup point: one staff wait and one fixed part per stop, the rest for each parcel handed over."""

    id: PointId
    node: int
    unload_fixed_s: float
    unload_per_parcel_s: float
    staff_wait_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemVehicle:
    """A vehicle as a planner sees it.

    Attributes:
        type_index: which travel table is its own.
        station: index of its home station; every trip starts and ends there.
        available_s: back at its station and free from here on.
        energy_wh: in the battery at that moment.
        allowed: False keeps it out of the plan, for whatever cause.
    """

    id: VehicleId
    type_index: int
    station: int
    available_s: float
    energy_wh: float
    battery: Battery
    mass_kg_max: float
    volume_m3_max: float
    parcels_max: int
    allowed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemRun:
    """A run that waits at its station; `station` and `point` are indices."""

    id: RunId
    station: int
    point: int
    ready_s: float
    due_s: float
    parcels: int
    mass_kg: float
    volume_m3: float
    priority: int = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Travel:
    """Travel tables, one for each vehicle type.

    Attributes:
        durations_s: (n_types, n, n), seconds, row = from; inf where there is no permitted way.
        lengths_m: (n_types, n, n), metres along the same ways.
    """

    durations_s: Table
    lengths_m: Table

    def __post_init__(self) -> None:
        for name, table in (("durations_s", self.durations_s), ("lengths_m", self.lengths_m)):
            if table.ndim != 3 or table.shape[1] != table.shape[2]:
                raise ValueError(f"{name} has shape {table.shape}; (types, n, n) is needed")
            if np.isnan(table).any() or (table < 0).any():
                raise ValueError(f"{name} has entries that are negative or no numbers")
        if self.durations_s.shape != self.lengths_m.shape:
            raise ValueError(f"tables differ in shape: {self.durations_s.shape}, {self.lengths_m.shape}")
        if np.isinf(self.lengths_m[np.isfinite(self.durations_s)]).any():
            raise ValueError("lengths_m has no length for a way that durations_s has a time for")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """All a planner may know.

    Attributes:
        incumbent: planned trips; planners start from them and keep what they can.
    """

    now_s: float
    stations: tuple[ProblemStation, ...]
    points: tuple[ProblemPoint, ...]
    vehicles: tuple[ProblemVehicle, ...]
    runs: tuple[ProblemRun, ...]
    travel: Travel
    incumbent: tuple[Trip, ...] = ()
    weights: Weights = field(default_factory=Weights)

    def announced_arrivals(self) -> dict[RunId, float]:
        """When runs were said to arrive, for planned trips that begin soon; later ones were told to nobody."""
        until_s = self.now_s + self.weights.announced_s
        return {
            run_id: stop.arrive_s
            for trip in self.incumbent
            if trip.load_from_s <= until_s
            for stop in trip.stops
            for run_id in stop.run_ids
        }

    def __post_init__(self) -> None:
        types, nodes = self.travel.durations_s.shape[:2]
        _check_range("node of a station", [station.node for station in self.stations], nodes)
        _check_range("node of a point", [point.node for point in self.points], nodes)
        _check_range("type of a vehicle", [vehicle.type_index for vehicle in self.vehicles], types)
        _check_range("station of a vehicle", [vehicle.station for vehicle in self.vehicles], len(self.stations))
        _check_range("station of a run", [run.station for run in self.runs], len(self.stations))
        _check_range("point of a run", [run.point for run in self.runs], len(self.points))
        for name, values in (
            ("now_s", [self.now_s]),
            ("ready_s of a run", [run.ready_s for run in self.runs]),
            ("due_s of a run", [run.due_s for run in self.runs]),
            ("load of a run", [min(run.mass_kg, run.volume_m3, run.parcels) for run in self.runs]),
            ("energy_wh of a vehicle", [vehicle.energy_wh for vehicle in self.vehicles]),
        ):
            _check_sound(name, values)
        _check_unique("station", [station.id for station in self.stations])
        _check_unique("point", [point.id for point in self.points])
        _check_unique("vehicle", [vehicle.id for vehicle in self.vehicles])
        _check_unique("run", [run.id for run in self.runs])


def _check_range(what: str, values: list[int], limit: int) -> None:
    for value in values:
        if not 0 <= value < limit:
            raise ValueError(f"{what} is {value}; 0 to {limit - 1} is allowed")


def _check_sound(what: str, values: list[float]) -> None:
    for value in values:
        if not 0.0 <= value < math.inf:
            raise ValueError(f"{what} is {value}")


def _check_unique(kind: str, ids: list[StationId] | list[PointId] | list[VehicleId] | list[RunId]) -> None:
    if len(set(ids)) != len(ids):
        raise ValueError(f"a {kind} is listed twice")
