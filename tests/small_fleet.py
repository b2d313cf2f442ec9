"""Small planning problems: one vehicle and one run to begin with, and two whole days with figures from the trade."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count

import numpy as np

from fleet.model.ids import PointId, RunId, StationId, TripId, VehicleId
from fleet.model.vehicle import Battery
from fleet.planning.problem import (
    Problem,
    ProblemPoint,
    ProblemRun,
    ProblemStation,
    ProblemVehicle,
    Travel,
)

SIX_S = 1_800_000_000.0  # 06:00 of some day
LEG_S, LEG_M = 300.0, 2000.0


def battery(kwh: float = 22.0, **changes: float) -> Battery:
    figures = {
        "energy_wh": kwh * 1000.0,
        "empty_wh_per_m": 0.11,
        "load_wh_per_m_kg": 0.00003,
        "hotel_w": 500.0,
        "charge_w_max": 20_000.0,
        "reserve_fraction": 0.15,
        "reserve_m": 5000.0,
    }
    return Battery(**{**figures, **changes})


def station(
    name: str = "north", node: int = 0, bays: int = 1, chargers: int = 1, load_per_parcel_s: float = 0.0
) -> ProblemStation:
    return ProblemStation(
        id=StationId(name),
        node=node,
        loading_bays=bays,
        load_fixed_s=480.0,
        load_per_parcel_s=load_per_parcel_s,
        chargers=chargers,
        charger_w=20_000.0,
    )


def point(node: int) -> ProblemPoint:
    return ProblemPoint(
        id=PointId(f"point-{node}"), node=node, unload_fixed_s=90.0, unload_per_parcel_s=0.8, staff_wait_s=120.0
    )


def vehicle(
    name: str = "van-1",
    *,
    station_index: int = 0,
    energy_wh: float = 20_000.0,
    parcels: int = 450,
    power: Battery | None = None,
    available_s: float = SIX_S,
    allowed: bool = True,
) -> ProblemVehicle:
    return ProblemVehicle(
        id=VehicleId(name),
        type_index=0,
        station=station_index,
        available_s=available_s,
        energy_wh=energy_wh,
        battery=power or battery(),
        mass_kg_max=800.0,
        volume_m3_max=5.5,
        parcels_max=parcels,
        allowed=allowed,
    )


def run(
    name: str, point_index: int, *, station_index: int = 0, ready_s: float = SIX_S, parcels: int = 100
) -> ProblemRun:
    return ProblemRun(
        id=RunId(name),
        station=station_index,
        point=point_index,
        ready_s=ready_s,
        due_s=ready_s + 5400.0,
        parcels=parcels,
        mass_kg=parcels * 1.2,
        volume_m3=parcels / 110.0,
    )


def problem(
    runs: Sequence[ProblemRun],
    vehicles: Sequence[ProblemVehicle] = (vehicle(),),
    stations: Sequence[ProblemStation] = (station(),),
    points: int = 6,
) -> Problem:
    """Stations and points in a row along one road, `LEG_S` and `LEG_M` from each to the next."""
    size = len(stations) + points
    places = np.arange(size, dtype=np.float64)
    steps = np.abs(places[:, None] - places[None, :])[None]
    return Problem(
        now_s=SIX_S,
        stations=tuple(stations),
        points=tuple(point(node) for node in range(len(stations), size)),
        vehicles=tuple(vehicles),
        runs=tuple(runs),
        travel=Travel(durations_s=steps * LEG_S, lengths_m=steps * LEG_M),
    )


def trip_ids(prefix: str = "trip") -> Callable[[], TripId]:
    numbers = count(1)
    return lambda: TripId(f"{prefix}-{next(numbers)}")


# kg, m3, parcels, kWh, m/s: post_5, zto_5, post_8
MAKES = ((800.0, 5.0, 700, 22.0, 8.0), (800.0, 5.5, 450, 28.0, 8.5), (1000.0, 8.0, 880, 34.0, 9.0))


def morning(seed: int = 0) -> Problem:
    """80 runs of 100 parcels to 40 points from 2 stations with 12 vehicles, ready 06:30 +- 20 min."""
    return _district(
        seed, homes=((1800.0, 1800.0), (4200.0, 4200.0)), points=40, fleet=12, bays=3, parcels=100, waves=((0.5, 80),)
    )


def town(seed: int = 0) -> Problem:
    """A town's day: 150 runs of 67 parcels in three waves to 50 points from one station with 6 vehicles."""
    return _district(
        seed,
        homes=((3000.0, 3000.0),),
        points=50,
        fleet=6,
        bays=2,
        parcels=67,
        waves=((0.5, 68), (5.5, 52), (10.0, 30)),
    )


def _district(
    seed: int,
    *,
    homes: Sequence[tuple[float, float]],
    points: int,
    fleet: int,
    bays: int,
    parcels: int,
    waves: Sequence[tuple[float, int]],
) -> Problem:
    rng = np.random.default_rng(seed)
    places = np.concatenate([np.array(homes), rng.uniform(0.0, 6000.0, (points, 2))])
    lengths_m = 1.2 * np.abs(places[:, None] - places[None, :]).sum(axis=-1)
    readies = [SIX_S + hour * 3600.0 + rng.uniform(-1200.0, 1200.0) for hour, runs in waves for _ in range(runs)]
    nearest = lengths_m[: len(homes), len(homes) :].argmin(axis=0)
    return Problem(
        now_s=SIX_S,
        stations=tuple(station(f"station-{node}", node, bays=bays, chargers=2) for node in range(len(homes))),
        points=tuple(point(len(homes) + index) for index in range(points)),
        vehicles=tuple(_van(index, len(homes)) for index in range(fleet)),
        runs=tuple(
            run(
                f"run-{index:03d}",
                index % points,
                station_index=int(nearest[index % points]),
                ready_s=ready_s,
                parcels=parcels,
            )
            for index, ready_s in enumerate(readies)
        ),
        travel=Travel(
            durations_s=np.stack([lengths_m / make[4] for make in MAKES]), lengths_m=np.stack([lengths_m] * len(MAKES))
        ),
    )


def _van(index: int, homes: int) -> ProblemVehicle:
    kg, m3, parcels, kwh, _ = MAKES[index % 3]
    return ProblemVehicle(
        id=VehicleId(f"van-{index:02d}"),
        type_index=index % 3,
        station=index // 3 % homes,
        available_s=SIX_S,
        energy_wh=kwh * 900.0,
        battery=battery(kwh),
        mass_kg_max=kg,
        volume_m3_max=m3,
        parcels_max=parcels,
    )
