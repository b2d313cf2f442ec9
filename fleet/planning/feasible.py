"""The one judge of any plan, whoever made it: it reads the stated times and believes nothing else.

It shares no code with the planners. Lateness is soft: `due_s` is a price (see `cost`), not a wall. All else is hard.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fleet.model.trip import Plan, Stop, Trip
from fleet.planning.problem import Held, Problem, ProblemRun, ProblemStation, ProblemVehicle

TIME_TOLERANCE_S = 0.01  # plans may have been written down in milliseconds
ENERGY_TOLERANCE_WH = 0.1
LOAD_TOLERANCE = 1e-6


class Breach(StrEnum):
    """What a plan may not do."""

    TRIP_ID_TWICE = "trip_id_twice"
    VEHICLE_UNKNOWN = "vehicle_unknown"
    VEHICLE_NOT_ALLOWED = "vehicle_not_allowed"
    RUN_UNKNOWN = "run_unknown"
    RUN_TWICE = "run_twice"
    RUN_FORGOTTEN = "run_neither_planned_nor_listed_unassigned"
    EMPTY = "trip_or_stop_without_runs"
    WRONG_STATION = "wrong_station"
    WRONG_POINT = "wrong_point"
    POINT_TWICE = "point_visited_twice_in_a_trip"
    TOO_HEAVY = "too_heavy"
    TOO_BIG = "too_big"
    TOO_MANY_PARCELS = "too_many_parcels"
    NOT_A_TIME = "not_a_time"
    NOT_READY = "loads_before_a_run_is_ready"
    LOADS_TOO_FAST = "loads_too_fast"
    UNREACHABLE = "unreachable"
    DRIVES_TOO_FAST = "drives_too_fast"
    UNLOADS_TOO_FAST = "unloads_too_fast"
    VEHICLE_BUSY = "vehicle_busy"
    OUT_OF_ORDER = "charges_after_loading_began"
    NO_CHARGER = "no_charger"
    OUT_OF_ENERGY = "energy_below_reserve"
    BAYS_FULL = "bays_full"
    CHARGERS_FULL = "chargers_full"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing a plan does that it may not: what, by whom, and the figures."""

    code: Breach
    subject: str
    detail: str


def violations(problem: Problem, plan: Plan) -> list[Violation]:
    """Everything the plan does that it may not; an empty list means feasible. Never raises, however wild the plan."""
    judge = _Judge(problem)
    found = [*_count_runs(problem, plan), *_repeated_ids(plan.trips)]
    sound: list[Trip] = []
    for trip in plan.trips:
        faults = list(judge.identity(trip))
        found += faults
        if not faults:
            sound.append(trip)
            found += [*judge.load(trip), *judge.clockwork(trip), *judge.drive(trip)]
    for vehicle in problem.vehicles:
        found += judge.day(vehicle, [trip for trip in sound if trip.vehicle_id == vehicle.id])
    for station in problem.stations:
        found += judge.resources(station, [trip for trip in sound if trip.station_id == station.id])
    return found


class _Judge:
    """The problem by name, and one method for each kind of question."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.vehicles = {vehicle.id: vehicle for vehicle in problem.vehicles}
        self.runs = {run.id: run for run in problem.runs}
        self.points = {point.id: point for point in problem.points}

    def identity(self, trip: Trip) -> Iterator[Violation]:
        """Who, where, what; a trip that fails here cannot be judged further."""
        vehicle = self.vehicles.get(trip.vehicle_id)
        if vehicle is None:
            yield Violation(Breach.VEHICLE_UNKNOWN, trip.id, trip.vehicle_id)
            return
        if not vehicle.allowed:
            yield Violation(Breach.VEHICLE_NOT_ALLOWED, trip.id, trip.vehicle_id)
        home = self.problem.stations[vehicle.station]
        if trip.station_id != home.id:
            yield Violation(
                Breach.WRONG_STATION, trip.id, f"{vehicle.id} is at home at {home.id}, not {trip.station_id}"
            )
        times = [trip.charge_from_s, trip.charge_until_s, trip.load_from_s, trip.depart_s, trip.return_s]
        times += [instant for stop in trip.stops for instant in (stop.arrive_s, stop.leave_s)]
        if not all(math.isfinite(instant) for instant in times):
            yield Violation(Breach.NOT_A_TIME, trip.id, f"{times}")
        if not trip.stops or not all(stop.run_ids for stop in trip.stops):
            yield Violation(Breach.EMPTY, trip.id, f"{len(trip.stops)} stops")
        visits = Counter(stop.point_id for stop in trip.stops)
        for point_id, count in visits.items():
            if count > 1:
                yield Violation(Breach.POINT_TWICE, trip.id, f"{point_id}: {count} times")
        for stop in trip.stops:
            yield from self._belongs(trip, stop, vehicle)

    def _belongs(self, trip: Trip, stop: Stop, vehicle: ProblemVehicle) -> Iterator[Violation]:
        if stop.point_id not in self.points:
            yield Violation(Breach.WRONG_POINT, trip.id, f"there is no point {stop.point_id}")
        for run_id in stop.run_ids:
            run = self.runs.get(run_id)
            if run is None:
                yield Violation(Breach.RUN_UNKNOWN, run_id, f"in {trip.id}")
                continue
            if run.station != vehicle.station:
                home = self.problem.stations[run.station].id
                yield Violation(Breach.WRONG_STATION, run_id, f"waits at {home}, not {trip.station_id}")
            if self.problem.points[run.point].id != stop.point_id:
                yield Violation(Breach.WRONG_POINT, run_id, f"handed over at {stop.point_id}")

    def load(self, trip: Trip) -> Iterator[Violation]:
        """All runs of a trip are aboard when it leaves."""
        vehicle, runs = self.vehicles[trip.vehicle_id], self._runs_of(trip)
        mass_kg = math.fsum(run.mass_kg for run in runs)
        volume_m3 = math.fsum(run.volume_m3 for run in runs)
        parcels = sum(run.parcels for run in runs)
        if mass_kg > vehicle.mass_kg_max + LOAD_TOLERANCE:
            yield Violation(Breach.TOO_HEAVY, trip.id, f"{mass_kg:.1f} kg on {vehicle.mass_kg_max:.1f}")
        if volume_m3 > vehicle.volume_m3_max + LOAD_TOLERANCE:
            yield Violation(Breach.TOO_BIG, trip.id, f"{volume_m3:.2f} m3 in {vehicle.volume_m3_max:.2f}")
        if parcels > vehicle.parcels_max:
            yield Violation(Breach.TOO_MANY_PARCELS, trip.id, f"{parcels} in {vehicle.parcels_max}")

    def clockwork(self, trip: Trip) -> Iterator[Violation]:
        """Charging, then loading for long enough, and no loading before every run is ready."""
        runs = self._runs_of(trip)
        station = self.problem.stations[self.vehicles[trip.vehicle_id].station]
        if _after(trip.charge_from_s, trip.charge_until_s) or _after(trip.charge_until_s, trip.load_from_s):
            yield Violation(
                Breach.OUT_OF_ORDER, trip.id, f"charges until {trip.charge_until_s}, loads {trip.load_from_s}"
            )
        for run in runs:
            if _after(run.ready_s, trip.load_from_s):
                yield Violation(
                    Breach.NOT_READY, run.id, f"{trip.id} loads {run.ready_s - trip.load_from_s:.1f} s early"
                )
        needed_s = station.load_fixed_s + station.load_per_parcel_s * sum(run.parcels for run in runs)
        if _after(trip.load_from_s + needed_s, trip.depart_s):
            stated_s = trip.depart_s - trip.load_from_s
            yield Violation(Breach.LOADS_TOO_FAST, trip.id, f"{stated_s:.1f} s for {needed_s:.1f} s")

    def drive(self, trip: Trip) -> Iterator[Violation]:
        """No leg faster than its table, no stop shorter than its service."""
        vehicle = self.vehicles[trip.vehicle_id]
        node = home = self.problem.stations[vehicle.station].node
        leave_s = trip.depart_s
        for stop in trip.stops:
            point = self.points[stop.point_id]
            yield from self._leg(trip, (node, point.node), leave_s, stop.arrive_s)
            handed = sum(self.runs[run_id].parcels for run_id in stop.run_ids)
            needed_s = point.staff_wait_s + point.unload_fixed_s + point.unload_per_parcel_s * handed
            if _after(stop.arrive_s + needed_s, stop.leave_s):
                stated_s = stop.leave_s - stop.arrive_s
                yield Violation(Breach.UNLOADS_TOO_FAST, trip.id, f"{point.id}: {stated_s:.1f} s for {needed_s:.1f} s")
            node, leave_s = point.node, stop.leave_s
        yield from self._leg(trip, (node, home), leave_s, trip.return_s)

    def _leg(self, trip: Trip, leg: tuple[int, int], leave_s: float, arrive_s: float) -> Iterator[Violation]:
        needed_s = float(self.problem.travel.durations_s[self.vehicles[trip.vehicle_id].type_index, leg[0], leg[1]])
        if math.isinf(needed_s):
            yield Violation(Breach.UNREACHABLE, trip.id, f"no way from node {leg[0]} to {leg[1]}")
        elif _after(leave_s + needed_s, arrive_s):
            detail = f"node {leg[0]} to {leg[1]}: {arrive_s - leave_s:.1f} s for {needed_s:.1f} s"
            yield Violation(Breach.DRIVES_TOO_FAST, trip.id, detail)

    def day(self, vehicle: ProblemVehicle, trips: Sequence[Trip]) -> Iterator[Violation]:
        """One trip at a time, and energy for each with the reserve left at its end."""
        free_s = max(vehicle.available_s, self.problem.now_s)
        energy_wh, battery = vehicle.energy_wh, vehicle.battery
        station = self.problem.stations[vehicle.station]
        power_w = min(station.charger_w, battery.charge_w_max)
        for trip in sorted(trips, key=lambda trip: trip.load_from_s):
            charge_s = trip.charge_until_s - trip.charge_from_s
            begin_s = trip.charge_from_s if charge_s > 0.0 else trip.load_from_s
            if _after(free_s, begin_s):
                yield Violation(Breach.VEHICLE_BUSY, trip.id, f"{vehicle.id} is free {free_s - begin_s:.1f} s later")
            if charge_s > TIME_TOLERANCE_S and (station.chargers < 1 or power_w <= 0.0):
                yield Violation(Breach.NO_CHARGER, trip.id, station.id)
            energy_wh = min(battery.energy_wh, energy_wh + max(0.0, charge_s) * power_w / 3600.0)
            energy_wh -= self._energy_wh(vehicle, trip)
            if energy_wh < battery.reserve_wh() - ENERGY_TOLERANCE_WH:
                detail = f"{energy_wh:.0f} Wh left of {battery.reserve_wh():.0f} Wh reserve"
                yield Violation(Breach.OUT_OF_ENERGY, trip.id, detail)
            free_s = trip.return_s

    def _energy_wh(self, vehicle: ProblemVehicle, trip: Trip) -> float:
        """Driving by leg and load, and standing costs from the start of loading to the return."""
        node = home = self.problem.stations[vehicle.station].node
        load_kg = math.fsum(run.mass_kg for run in self._runs_of(trip))
        lengths_m = self.problem.travel.lengths_m[vehicle.type_index]
        energy_wh = vehicle.battery.hotel_w * (trip.return_s - trip.load_from_s) / 3600.0
        for stop in trip.stops:
            point = self.points[stop.point_id]
            energy_wh += vehicle.battery.drive_wh(float(lengths_m[node, point.node]), load_kg)
            load_kg -= math.fsum(self.runs[run_id].mass_kg for run_id in stop.run_ids)
            node = point.node
        return energy_wh + vehicle.battery.drive_wh(float(lengths_m[node, home]), 0.0)

    def resources(self, station: ProblemStation, trips: Sequence[Trip]) -> Iterator[Violation]:
        """Bays and chargers never hold more than they can."""
        loads = [(trip.load_from_s, trip.depart_s) for trip in trips]
        charges = [(trip.charge_from_s, trip.charge_until_s) for trip in trips]
        for moment, holders in _overfull(loads, station.bays_held, station.loading_bays):
            yield Violation(Breach.BAYS_FULL, station.id, f"{holders} in {station.loading_bays} bays at {moment:.0f}")
        for moment, holders in _overfull(charges, station.chargers_held, station.chargers):
            yield Violation(
                Breach.CHARGERS_FULL, station.id, f"{holders} at {station.chargers} chargers at {moment:.0f}"
            )

    def _runs_of(self, trip: Trip) -> list[ProblemRun]:
        return [self.runs[run_id] for run_id in trip.run_ids]


def _after(earlier_s: float, later_s: float) -> bool:
    """Whether what should come first comes later by more than the tolerance."""
    return earlier_s > later_s + TIME_TOLERANCE_S


def _count_runs(problem: Problem, plan: Plan) -> Iterator[Violation]:
    """Every run stands in exactly one trip or exactly once among the unassigned."""
    seen = Counter(run_id for trip in plan.trips for run_id in trip.run_ids)
    seen.update(left.run_id for left in plan.unassigned)
    known = {run.id for run in problem.runs}
    for left in plan.unassigned:
        if left.run_id not in known:
            yield Violation(Breach.RUN_UNKNOWN, left.run_id, "among the unassigned")
    for run in problem.runs:
        if seen[run.id] != 1:
            code = Breach.RUN_TWICE if seen[run.id] else Breach.RUN_FORGOTTEN
            yield Violation(code, run.id, f"stands {seen[run.id]} times in the plan")


def _repeated_ids(trips: Iterable[Trip]) -> Iterator[Violation]:
    for trip_id, count in Counter(trip.id for trip in trips).items():
        if count > 1:
            yield Violation(Breach.TRIP_ID_TWICE, trip_id, f"{count} trips")


def _overfull(
    planned: Sequence[tuple[float, float]], held: Sequence[Held], capacity: int
) -> Iterator[tuple[float, int]]:
    """Moments at which a planned holder stands where there is no room; what was held before us is no fault of ours."""
    ours = [(begin, end - TIME_TOLERANCE_S) for begin, end in planned if end - begin > TIME_TOLERANCE_S]
    theirs = [(span.from_s, span.until_s - TIME_TOLERANCE_S) for span in held]
    for moment in sorted({begin for begin, _ in (*ours, *theirs)}):
        mine = sum(begin <= moment < end for begin, end in ours)
        holders = mine + sum(begin <= moment < end for begin, end in theirs)
        if mine and holders > capacity:
            yield moment, holders
