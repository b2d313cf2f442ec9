"""A station's day in the making: trips that can be tried, changed and timed again."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from fleet.planning.ground import Ground, Route, Shape
from fleet.planning.timetable import Timetable

POSITIONS_TRIED = 3  # of all places in a trip, those with the shortest detours


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

    def take(self, option: Option) -> None:
        routes = self.copy_routes()
        routes[option.vehicle][option.position : option.position + (not option.is_new)] = [option.route]
        self.become(routes)

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
        for position in range(len(self.routes[vehicle])):
            if self._at_least(run, vehicle, position) < best.price:
                best = min(best, self._best_in(run, vehicle, position))
        return best if best.price < math.inf else None

    def _at_least(self, run: int, vehicle: int, position: int) -> float:
        """A price that no place in the trip can beat; inf if the vehicle is full."""
        facts, it = self.ground.problem.vehicles[vehicle], self.ground.problem.runs[run]
        trip = self.table.trips[vehicle][position]
        if trip.shape.parcels + it.parcels > facts.parcels_max or trip.shape.mass_kg + it.mass_kg > facts.mass_kg_max:
            return math.inf
        depart_s = max(trip.load_from_s, it.ready_s) + trip.shape.load_s
        alone = self.ground.shape(facts.type_index, (run,))
        late_s = max(0.0, depart_s - alone.latest_s) * it.priority
        return self.ground.cost_of(trip.shape, depart_s) - trip.cost + self.ground.problem.weights.late_s * late_s

    def _best_in(self, run: int, vehicle: int, position: int) -> Option:
        type_index = self.ground.problem.vehicles[vehicle].type_index
        routes = self._extensions(self.routes[vehicle][position], run, type_index)
        return min(
            Option(self._price(vehicle, position, self.ground.shape(type_index, route), is_new=False), vehicle, position, False, route)
            for route in routes
        )

    def _best_new(self, run: int, vehicle: int) -> Option:
        shape = self.ground.shape(self.ground.problem.vehicles[vehicle].type_index, (run,))
        prices = [
            Option(self._price(vehicle, position, shape, is_new=True), vehicle, position, True, (run,))
            for position in range(len(self.routes[vehicle]) + 1)
        ]
        return min(prices)

    def _extensions(self, route: Route, run: int, type_index: int) -> list[Route]:
        """The route with one more run, at the places with the shortest detours; at its point's stop if it has one."""
        ground, runs = self.ground, self.ground.problem.runs
        same = [place for place, other in enumerate(route) if runs[other].point == runs[run].point]
        if same:
            return [(*route[: same[-1] + 1], run, *route[same[-1] + 1 :])]
        durations, home = ground.durations[type_index], ground.problem.stations[self.station].node
        nodes, node = [home, *(ground.run_nodes[other] for other in route), home], ground.run_nodes[run]
        detours = sorted(
            (durations[before][node] + durations[node][after] - durations[before][after], place)
            for place, (before, after) in enumerate(pairwise(nodes))
            if place in (0, len(route)) or runs[route[place - 1]].point != runs[route[place]].point
        )
        return [(*route[:place], run, *route[place:]) for _, place in detours[:POSITIONS_TRIED]]

    def _price(self, vehicle: int, position: int, shape: Shape, *, is_new: bool) -> float:
        """By how much the vehicle's day gets dearer.

        Bays are asked for a new trip only; the other trips keep theirs unless they are pushed back. What that does
        to other vehicles shows in the timetable, after the option is taken.
        """
        ground, table = self.ground, self.table
        facts = ground.problem.vehicles[vehicle]
        if not ground.fits(facts, shape):
            return math.inf
        present = table.trips[vehicle][position:]
        free_s, energy_wh = table.state_after(vehicle, position)
        price = -sum(trip.cost for trip in present)
        kept = [(trip.shape, trip.load_from_s) for trip in present[0 if is_new else 1 :]]
        first_s = -math.inf if is_new else present[0].load_from_s
        for place, (each, floor_s) in enumerate([(shape, first_s), *kept]):
            charge_s = table.charge_s(vehicle, energy_wh, each)
            load_from_s = max(free_s + charge_s, each.ready_s, floor_s)
            if load_from_s == math.inf:
                return math.inf
            if is_new and place == 0:
                load_from_s = table.bays.earliest(load_from_s, each.load_s)
            depart_s = load_from_s + each.load_s
            price += ground.cost_of(each, depart_s)
            free_s = depart_s + each.round_s
            energy_wh += charge_s * ground.charger_w[vehicle] / 3600.0 - ground.energy_wh(facts, each)
        return price
