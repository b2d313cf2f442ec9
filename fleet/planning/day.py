"""A station's day in the making: trips that can be tried, changed and timed again."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from fleet.planning.ground import ROUNDING, Ground, Route, Shape
from fleet.planning.timetable import Timed, Timetable

PLACES_TRIED = 6  # of all places in a vehicle's trips, those with the shortest detours


class Option(NamedTuple):
    """One way to serve a run: `route` becomes trip `position` of `vehicle`, or is put in before it if `is_new`."""

    price: float
    vehicle: int
    position: int
    is_new: bool
    route: Route


class Day:
    """The trips of one station's vehicles and their timetable, kept in step."""

    def __init__(self, ground: Ground, station: int, routes: dict[int, list[Route]]) -> None:
        facts = ground.problem.vehicles
        self.ground, self.station = ground, station
        self.vehicles = [index for index, it in enumerate(facts) if it.station == station and it.allowed]
        self.routes = {vehicle: list(routes.get(vehicle, [])) for vehicle in self.vehicles}
        self.table = Timetable(ground, station, self.routes)
        self.steps = 0  # timetables made; what a budget of steps counts

    @property
    def cost(self) -> float:
        return self.table.cost

    def served(self) -> set[int]:
        return {run for routes in self.routes.values() for route in routes for run in route}

    def copy_routes(self) -> dict[int, list[Route]]:
        return {vehicle: list(routes) for vehicle, routes in self.routes.items()}

    def become(self, routes: dict[int, list[Route]]) -> None:
        """Takes other trips; trips without runs are dropped."""
        self.routes = {vehicle: [route for route in trips if route] for vehicle, trips in routes.items()}
        self.table = Timetable(self.ground, self.station, self.routes)
        self.steps += 1

    def take(self, option: Option) -> bool:
        """Serves a run in this way; False, and nothing is changed, if the timetable cannot hold it after all."""
        before, routes = self.routes, self.copy_routes()
        routes[option.vehicle][option.position : option.position + (not option.is_new)] = [option.route]
        self.become(routes)
        if self.table.impossible:
            self.become(before)
            return False
        return True

    def without(self, dropped: Iterable[int]) -> dict[int, list[Route]]:
        """The trips as they are, but for some runs."""
        gone = set(dropped)
        return {
            vehicle: [tuple(run for run in route if run not in gone) for route in routes]
            for vehicle, routes in self.routes.items()
        }

    def best(self, run: int) -> Option | None:
        """The cheapest way to serve a run; None if there is none."""
        options = [self.best_of(run, vehicle) for vehicle in self.vehicles]
        return min((option for option in options if option), default=None)

    def best_of(self, run: int, vehicle: int) -> Option | None:
        """The cheapest way for one vehicle to serve a run, in one of its trips or a new one."""
        best = self._best_new(run, vehicle)
        type_index = self.ground.problem.vehicles[vehicle].type_index
        for least, position, place in sorted(self._places(run, vehicle))[:PLACES_TRIED]:
            if least >= best.price:
                break
            old = self.routes[vehicle][position]
            route = (*old[:place], run, *old[place:])
            price = self._price(vehicle, position, self.ground.shape(type_index, route), is_new=False)
            best = min(best, Option(price, vehicle, position, False, route))
        return best if best.price < math.inf else None

    def _places(self, run: int, vehicle: int) -> list[tuple[float, int, int]]:
        """Trips with room and places in them, each with a price that it cannot beat."""
        ground, drive_price = self.ground, self.ground.problem.weights.drive_s
        durations = ground.durations[ground.problem.vehicles[vehicle].type_index]
        node, found = ground.run_nodes[run], []
        for position, trip in enumerate(self.table.trips[vehicle]):
            late_price = self._late_price(run, vehicle, trip)
            if late_price == math.inf:
                continue
            for place, before, after in self._gaps(trip.shape.route, run):
                detour_s = durations[before][node] + durations[node][after] - durations[before][after]
                found.append((drive_price * detour_s + late_price, position, place))
        return found

    def _late_price(self, run: int, vehicle: int, trip: Timed) -> float:
        """Lateness that joining a trip brings wherever the run is put in; inf if there is no room."""
        facts, it = self.ground.problem.vehicles[vehicle], self.ground.problem.runs[run]
        shape = trip.shape
        if (
            shape.parcels + it.parcels > facts.parcels_max
            or shape.mass_kg + it.mass_kg > facts.mass_kg_max + ROUNDING
            or shape.volume_m3 + it.volume_m3 > facts.volume_m3_max + ROUNDING
        ):
            return math.inf
        depart_s = max(trip.load_from_s, it.ready_s) + shape.load_s
        alone = self.ground.shape(facts.type_index, (run,))
        late_s = max(0.0, depart_s - alone.latest_s) * it.priority
        return self.ground.cost_of(shape, depart_s) - trip.cost + self.ground.problem.weights.late_s * late_s

    def _gaps(self, route: Route, run: int) -> list[tuple[int, int, int]]:
        """Where the run may go in, with the nodes on both sides; beside its like if the trip visits its point."""
        ground, runs = self.ground, self.ground.problem.runs
        home, point = ground.problem.stations[self.station].node, runs[run].point
        nodes, gaps = [home, *[ground.run_nodes[other] for other in route], home], []
        for place, (before, after) in enumerate(pairwise(nodes)):
            if place and runs[route[place - 1]].point == point:
                return [(place, before, before)]
            if place in (0, len(route)) or runs[route[place - 1]].point != runs[route[place]].point:
                gaps.append((place, before, after))
        return gaps

    def _best_new(self, run: int, vehicle: int) -> Option:
        """A trip of its own: in the first gap between the vehicle's trips, or after the last."""
        shape = self.ground.shape(self.ground.problem.vehicles[vehicle].type_index, (run,))
        trips = self.table.trips[vehicle]
        end = len(trips)
        gap = next(
            (place for place, trip in enumerate(trips) if self._begins(vehicle, place, shape) < trip.load_from_s), end
        )
        return min(
            Option(self._price(vehicle, position, shape, is_new=True), vehicle, position, True, (run,))
            for position in sorted({gap, end})
        )

    def _begins(self, vehicle: int, position: int, shape: Shape) -> float:
        return max(self.table.state_after(vehicle, position)[0], shape.ready_s)

    def _price(self, vehicle: int, position: int, shape: Shape, *, is_new: bool) -> float:
        """By how much the vehicle's day gets dearer.

        Bays are asked for a new trip only; the other trips keep theirs unless they are pushed back. What that does
        to other vehicles shows in the timetable, after the option is taken.
        """
        ground, table = self.ground, self.table
        if not ground.fits(vehicle, shape):
            return math.inf
        free_s, energy_wh = table.state_after(vehicle, position)
        charge_s = ground.charge_s(vehicle, energy_wh, shape)
        load_from_s = max(free_s + charge_s, shape.ready_s)
        if load_from_s == math.inf:
            return math.inf
        present = table.trips[vehicle]
        if is_new:
            load_from_s = table.bays.earliest(load_from_s, shape.load_s)
        else:
            load_from_s = max(load_from_s, present[position].load_from_s)
        depart_s = load_from_s + shape.load_s
        price = ground.cost_of(shape, depart_s) - (0.0 if is_new else present[position].cost)
        later = present[position:] if is_new else present[position + 1 :]
        if later:
            energy_wh += ground.charged_wh(vehicle, charge_s) - ground.energy_wh(vehicle, shape)
            price += self._push(vehicle, later, depart_s + shape.round_s, energy_wh)
        return price

    def _push(self, vehicle: int, later: list[Timed], free_s: float, energy_wh: float) -> float:
        """What it costs that the vehicle comes to its later trips at `free_s` with `energy_wh`."""
        ground, price = self.ground, 0.0
        for trip in later:
            charge_s = ground.charge_s(vehicle, energy_wh, trip.shape)
            load_from_s = max(free_s + charge_s, trip.load_from_s)
            if load_from_s == math.inf:
                return math.inf
            if load_from_s > trip.load_from_s:
                price += ground.cost_of(trip.shape, load_from_s + trip.shape.load_s) - trip.cost
            free_s = load_from_s + trip.shape.load_s + trip.shape.round_s
            energy_wh += ground.charged_wh(vehicle, charge_s) - ground.energy_wh(vehicle, trip.shape)
        return price
