"""The ground planners work on: a problem prepared for quick look-up, and the shape of a trip.

A trip in the making is a `Route`: run indices in the order they are handed over. Runs for the same point stand
side by side in it and are one stop. A `Shape` is all that can be said of a route before its departure is known.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from fleet.planning.problem import Problem, ProblemRun, ProblemVehicle

Route = tuple[int, ...]
ROUNDING = 1e-9  # a sum of masses depends on their order; a full vehicle must not turn into an overfull one


class Shape(NamedTuple):
    """A route driven by one vehicle type, with times relative to its departure.

    Attributes:
        points, stops: for each stop its point, and the runs handed over there.
        arrive_s, leave_s: for each stop, seconds after departure.
        drive_s, round_s: driving alone; from departure to return.
        length_m, haul_kgm: driven metres; the same weighed with the load carried over them.
        load_s, ready_s: how long loading takes; when the last of its runs is ready.
        lags: for each run, how late it is with departure at zero, and its priority.
        latest_s: departure after which some run is late.
        is_announced: whether some of its runs have an announced arrival.
    """

    route: Route
    points: tuple[int, ...]
    stops: tuple[Route, ...]
    arrive_s: tuple[float, ...]
    leave_s: tuple[float, ...]
    drive_s: float
    round_s: float
    length_m: float
    haul_kgm: float
    load_s: float
    ready_s: float
    mass_kg: float
    volume_m3: float
    parcels: int
    lags: tuple[tuple[float, int], ...]
    latest_s: float
    is_announced: bool


class _Facts(NamedTuple):
    """A run and its point, as `_measure` needs them."""

    point: int
    node: int
    stopping_s: float
    handing_s: float
    ready_s: float
    due_s: float
    priority: int
    parcels: int
    mass_kg: float
    volume_m3: float


class _Power(NamedTuple):
    """A vehicle's battery and its charger at home."""

    empty_wh_per_m: float
    load_wh_per_m_kg: float
    hotel_wh_per_s: float
    reserve_wh: float
    usable_wh: float
    charge_wh_per_s: float


class _Drive(NamedTuple):
    """A route driven once from its station, home not included."""

    points: list[int]
    stops: list[Route]
    arrive_s: list[float]
    leave_s: list[float]
    drive_s: float
    after_s: float
    length_m: float
    haul_kgm: float
    last_node: int


class Ground:
    """A problem with its tables as nested lists, and the shapes met so far."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.durations: list[list[list[float]]] = problem.travel.durations_s.tolist()
        self.lengths: list[list[list[float]]] = problem.travel.lengths_m.tolist()
        self.announced = _announced(problem)
        self._facts = [_facts(problem, run) for run in problem.runs]
        self.run_nodes = [facts.node for facts in self._facts]
        self._power = [_power(problem, vehicle) for vehicle in problem.vehicles]
        self._shapes: dict[tuple[int, Route], Shape] = {}

    def shape(self, type_index: int, route: Route) -> Shape:
        key = (type_index, route)
        found = self._shapes.get(key)
        if found is None:
            found = self._shapes[key] = self._measure(type_index, route)
        return found

    def _measure(self, type_index: int, route: Route) -> Shape:
        """Every planner's time goes by here, so it reads flat tuples only."""
        facts = self._facts
        station = self.problem.stations[self.problem.runs[route[0]].station]
        mass_kg = sum([facts[run].mass_kg for run in route])
        parcels = sum([facts[run].parcels for run in route])
        driven = self._drive(type_index, route, station.node, mass_kg)
        home_s = self.durations[type_index][driven.last_node][station.node]
        home_m = self.lengths[type_index][driven.last_node][station.node]
        lags = [
            (after_s - facts[run].due_s, facts[run].priority)
            for stop, after_s in zip(driven.stops, driven.leave_s, strict=True)
            for run in stop
        ]
        return Shape(
            route=route,
            points=tuple(driven.points),
            stops=tuple(driven.stops),
            arrive_s=tuple(driven.arrive_s),
            leave_s=tuple(driven.leave_s),
            drive_s=driven.drive_s + home_s,
            round_s=driven.after_s + home_s,
            length_m=driven.length_m + home_m,
            haul_kgm=driven.haul_kgm,
            load_s=station.load_s(parcels),
            ready_s=max([facts[run].ready_s for run in route]),
            mass_kg=mass_kg,
            volume_m3=sum([facts[run].volume_m3 for run in route]),
            parcels=parcels,
            lags=tuple(lags),
            latest_s=-max(lags)[0],
            is_announced=not self.announced.keys().isdisjoint(route),
        )

    def _drive(self, type_index: int, route: Route, node: int, load_kg: float) -> _Drive:
        """Drives the route from a node on; neighbours for one point are one stop."""
        durations, lengths, facts = self.durations[type_index], self.lengths[type_index], self._facts
        drive_s = after_s = length_m = haul_kgm = 0.0
        points: list[int] = []
        stops: list[Route] = []
        arrive_s: list[float] = []
        leave_s: list[float] = []
        for run in route:
            it = facts[run]
            if points and points[-1] == it.point:
                after_s += it.handing_s
                leave_s[-1] = after_s
                stops[-1] = (*stops[-1], run)
            else:
                leg_s, leg_m = durations[node][it.node], lengths[node][it.node]
                drive_s += leg_s
                length_m += leg_m
                haul_kgm += leg_m * load_kg
                after_s += leg_s
                arrive_s.append(after_s)
                after_s += it.stopping_s + it.handing_s
                leave_s.append(after_s)
                points.append(it.point)
                stops.append((run,))
                node = it.node
            load_kg -= it.mass_kg
        return _Drive(points, stops, arrive_s, leave_s, drive_s, after_s, length_m, haul_kgm, node)

    def service_s(self, run: int) -> tuple[float, float]:
        """What a stop costs once, and what this run's parcels add."""
        return self._facts[run].stopping_s, self._facts[run].handing_s

    def energy_wh(self, vehicle: int, shape: Shape) -> float:
        """What a trip takes out of the battery, from the start of loading to the return."""
        power = self._power[vehicle]
        drive_wh = shape.length_m * power.empty_wh_per_m + shape.haul_kgm * power.load_wh_per_m_kg
        return drive_wh + power.hotel_wh_per_s * (shape.load_s + shape.round_s)

    def charge_s(self, vehicle: int, energy_wh: float, shape: Shape) -> float:
        """How long a vehicle with this much energy charges for a trip and the reserve; inf if it has no charger."""
        power = self._power[vehicle]
        missing_wh = self.energy_wh(vehicle, shape) + power.reserve_wh - energy_wh
        if missing_wh <= 0.0:
            return 0.0
        return missing_wh / power.charge_wh_per_s if power.charge_wh_per_s > 0.0 else math.inf

    def charged_wh(self, vehicle: int, charge_s: float) -> float:
        return charge_s * self._power[vehicle].charge_wh_per_s

    def fits(self, vehicle: int, shape: Shape) -> bool:
        """Whether the vehicle, empty and fully charged, could make this trip at all."""
        facts, power = self.problem.vehicles[vehicle], self._power[vehicle]
        return (
            shape.mass_kg <= facts.mass_kg_max + ROUNDING
            and shape.volume_m3 <= facts.volume_m3_max + ROUNDING
            and shape.parcels <= facts.parcels_max
            and shape.round_s < math.inf
            and self.energy_wh(vehicle, shape) <= power.usable_wh
        )

    def cost_of(self, shape: Shape, depart_s: float) -> float:
        """Price of a trip that leaves at `depart_s`."""
        weights = self.problem.weights
        cost = weights.trip + weights.drive_s * shape.drive_s
        if depart_s > shape.latest_s:
            late_s = 0.0
            for lag_s, priority in shape.lags:
                if depart_s + lag_s > 0.0:
                    late_s += priority * (depart_s + lag_s)
            cost += weights.late_s * late_s
        if shape.is_announced:
            cost += weights.moved_s * self._moved_s(shape, depart_s)
        return cost

    def _moved_s(self, shape: Shape, depart_s: float) -> float:
        moved_s = 0.0
        for stop, arrive_s in zip(shape.stops, shape.arrive_s, strict=True):
            for run in stop:
                if run in self.announced:
                    moved_s += abs(depart_s + arrive_s - self.announced[run])
        return moved_s


def _facts(problem: Problem, run: ProblemRun) -> _Facts:
    point = problem.points[run.point]
    return _Facts(
        point=run.point,
        node=point.node,
        stopping_s=point.staff_wait_s + point.unload_fixed_s,
        handing_s=point.unload_per_parcel_s * run.parcels,
        ready_s=run.ready_s,
        due_s=run.due_s,
        priority=run.priority,
        parcels=run.parcels,
        mass_kg=run.mass_kg,
        volume_m3=run.volume_m3,
    )


def _power(problem: Problem, vehicle: ProblemVehicle) -> _Power:
    station, battery = problem.stations[vehicle.station], vehicle.battery
    charge_w = min(station.charger_w, battery.charge_w_max) if station.chargers else 0.0
    return _Power(
        empty_wh_per_m=battery.empty_wh_per_m,
        load_wh_per_m_kg=battery.load_wh_per_m_kg,
        hotel_wh_per_s=battery.hotel_w / 3600.0,
        reserve_wh=battery.reserve_wh(),
        usable_wh=battery.energy_wh - battery.reserve_wh(),
        charge_wh_per_s=charge_w / 3600.0,
    )


def _announced(problem: Problem) -> dict[int, float]:
    """Announced arrival of each run the problem still has."""
    arrivals = problem.announced_arrivals()
    return {index: arrivals[run.id] for index, run in enumerate(problem.runs) if run.id in arrivals}
