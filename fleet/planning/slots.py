"""A station's day as an OR-Tools routing model: every trip is a *slot*, a vehicle of the model.

A slot starts when its trip leaves and must be back before its vehicle is needed again. Slots with trips come from
the plan at hand; empty ones stand in the gaps between them. The model only proposes which runs ride together and in
which order: bays, chargers and exact times are the timetable's, and the judge has the last word.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ortools.constraint_solver import pywrapcp

from fleet.planning.day import Day
from fleet.planning.ground import Route

PRICE_SCALE = 100  # the model counts in whole numbers
FOREVER_S = 10_000_000
LATE_RETURN_S = 5  # rounding of a few legs must not forbid the plan at hand


class Slot(NamedTuple):
    """One possible trip of a vehicle; runs that are ready after `load_from_s` cannot ride."""

    vehicle: int
    route: Route
    load_from_s: float
    depart_s: float
    back_by_s: float


def slots_of(day: Day) -> list[Slot]:
    """A slot for each trip, and an empty one for each gap in which a vehicle could be loaded."""
    slots = []
    readies = sorted({day.ground.problem.runs[run].ready_s for run in day.served()})
    for vehicle in day.vehicles:
        trips = day.table.trips[vehicle]
        for position in range(len(trips) + 1):
            free_s, _ = day.table.state_after(vehicle, position)
            back_by_s = trips[position].charge_from_s if position < len(trips) else math.inf
            slots += _empty_slot(day, vehicle, free_s, back_by_s, readies)
            if position < len(trips):
                trip = trips[position]
                next_s = trips[position + 1].charge_from_s if position + 1 < len(trips) else math.inf
                slots.append(Slot(vehicle, trip.shape.route, trip.load_from_s, trip.depart_s, next_s))
    return slots


def _empty_slot(day: Day, vehicle: int, free_s: float, back_by_s: float, readies: list[float]) -> list[Slot]:
    """The slot of a gap: it loads when the vehicle is free, or once the first quarter of later runs is ready."""
    load_s = day.ground.problem.stations[day.station].load_s(0)
    later = [ready_s for ready_s in readies if free_s < ready_s < back_by_s - load_s]
    wish_s = later[len(later) // 4] if later else free_s
    load_from_s = day.table.bays.earliest(wish_s, load_s)
    if load_from_s + load_s >= back_by_s or load_from_s == math.inf:
        return []
    return [Slot(vehicle, (), load_from_s, load_from_s + load_s, back_by_s)]


class SlotModel:
    """The routing model of one day; node 0 is the station, node i the i-th run of `runs`."""

    def __init__(self, day: Day, runs: list[int], slots: list[Slot]) -> None:
        self.ground, self.runs, self.slots = day.ground, runs, slots
        self.station = day.ground.problem.stations[day.station]
        self.manager = pywrapcp.RoutingIndexManager(len(runs) + 1, len(slots), 0)
        self.routing = pywrapcp.RoutingModel(self.manager)
        self._origin_s = min(slot.load_from_s for slot in slots)
        self._add_prices()
        self._add_time()
        self._add_loads()
        self._add_choices()

    def _add_prices(self) -> None:
        weights, ground = self.ground.problem.weights, self.ground
        types = [ground.problem.vehicles[slot.vehicle].type_index for slot in self.slots]
        drive = {it: self._register(it, weights.drive_s * PRICE_SCALE, with_service=False) for it in set(types)}
        for place, it in enumerate(types):
            self.routing.SetArcCostEvaluatorOfVehicle(drive[it], place)
        self.routing.SetFixedCostOfAllVehicles(round(weights.trip * PRICE_SCALE))
        self._transits = {it: self._register(it, 1.0, with_service=True) for it in set(types)}
        self._types = types

    def _register(self, type_index: int, scale: float, *, with_service: bool) -> int:
        """A transit matrix: from leaving for a node until leaving it, so that a run's service counts on the way out."""
        ground, problem = self.ground, self.ground.problem
        durations = ground.durations[type_index]
        nodes = [self.station.node, *[ground.run_nodes[run] for run in self.runs]]
        points = [-1, *[problem.runs[run].point for run in self.runs]]
        matrix = []
        for place, (node, point) in enumerate(zip(nodes, points, strict=True)):
            stopping_s = handing_s = 0.0
            if with_service and place:
                stopping_s, handing_s = ground.service_s(self.runs[place - 1])
            row = [
                handing_s if point == other else durations[node][other_node] + stopping_s + handing_s
                for other_node, other in zip(nodes, points, strict=True)
            ]
            matrix.append([round(min(value, FOREVER_S) * scale) for value in row])
        return int(self.routing.RegisterTransitMatrix(matrix))

    def _add_time(self) -> None:
        transits = [self._transits[it] for it in self._types]
        self.routing.AddDimensionWithVehicleTransits(transits, 0, FOREVER_S, False, "time")
        time = self.routing.GetDimensionOrDie("time")
        weights = self.ground.problem.weights
        for place, slot in enumerate(self.slots):
            depart_s = self._model_s(slot.depart_s)
            time.CumulVar(self.routing.Start(place)).SetRange(depart_s, depart_s)
            back_by_s = min(self._model_s(slot.back_by_s) + LATE_RETURN_S, FOREVER_S)
            time.CumulVar(self.routing.End(place)).SetMax(max(back_by_s, depart_s))
        for node, run in enumerate(self.runs, start=1):
            facts = self.ground.problem.runs[run]
            due_s = self._model_s(facts.due_s - sum(self.ground.service_s(run)))
            price = round(weights.late_s * facts.priority * PRICE_SCALE)
            time.SetCumulVarSoftUpperBound(self.manager.NodeToIndex(node), max(0, due_s), price)

    def _add_loads(self) -> None:
        runs, vehicles = self.ground.problem.runs, self.ground.problem.vehicles
        fleet = [vehicles[slot.vehicle] for slot in self.slots]
        grams = [math.floor(it.mass_kg_max * 1000 + 0.5) for it in fleet]
        litres = [math.floor(it.volume_m3_max * 1000 + 0.5) for it in fleet]
        parcels = [it.parcels_max for it in fleet]
        self._add_load("grams", [round(runs[run].mass_kg * 1000) for run in self.runs], grams)
        self._add_load("litres", [round(runs[run].volume_m3 * 1000) for run in self.runs], litres)
        self._add_load("parcels", [runs[run].parcels for run in self.runs], parcels)

    def _add_load(self, name: str, amounts: list[int], limits: list[int]) -> None:
        vector = self.routing.RegisterUnaryTransitVector([0, *amounts])
        self.routing.AddDimensionWithVehicleCapacity(vector, 0, limits, True, name)

    def _add_choices(self) -> None:
        """Each run may stay behind at its price; it rides on slots that load after it is ready and can go there."""
        problem, alone = self.ground.problem, self.ground.shape
        for node, run in enumerate(self.runs, start=1):
            index, facts = self.manager.NodeToIndex(node), problem.runs[run]
            self.routing.AddDisjunction([index], round(problem.weights.unassigned * facts.priority * PRICE_SCALE))
            allowed = [
                place
                for place, slot in enumerate(self.slots)
                if facts.ready_s <= slot.load_from_s
                and self.ground.fits(slot.vehicle, alone(self._types[place], (run,)))
            ]
            self.routing.VehicleVar(index).SetValues([-1, *allowed])

    def _model_s(self, instant_s: float) -> int:
        return FOREVER_S if instant_s == math.inf else round(instant_s - self._origin_s)

    def routes_at_hand(self) -> list[list[int]]:
        """The plan the slots came from, as model indices."""
        node_of = {run: node for node, run in enumerate(self.runs, start=1)}
        return [[self.manager.NodeToIndex(node_of[run]) for run in slot.route] for slot in self.slots]

    def read(self, answer: pywrapcp.Assignment) -> dict[int, list[Route]]:
        """Each vehicle's trips in an answer, in the order of the slots."""
        routes: dict[int, list[Route]] = {}
        for place, slot in enumerate(self.slots):
            index, route = self.routing.Start(place), []
            while not self.routing.IsEnd(index):
                if node := self.manager.IndexToNode(index):
                    route.append(self.runs[node - 1])
                index = answer.Value(self.routing.NextVar(index))
            if route:
                routes.setdefault(slot.vehicle, []).append(tuple(route))
        return routes
