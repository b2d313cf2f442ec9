"""An answer at once: announced trips stay, new runs are put where they cost least, then small moves tidy up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fleet.model.trip import Plan, Trip
from fleet.planning.day import Day
from fleet.planning.draft import NewTripId, plan_of, routes_of
from fleet.planning.ground import Ground, Route
from fleet.planning.polish import polish
from fleet.planning.problem import Problem
from fleet.planning.reasons import why_not

POLISH_STEPS = 40
LOOK_AHEAD = 24  # runs compared at a time, the most urgent ones
FAR_APART = 1e6  # regret of a run that only one vehicle can take


def propose(problem: Problem, new_trip_id: NewTripId, polish_steps: int = POLISH_STEPS) -> Plan:
    """A feasible plan for any problem, in milliseconds and always the same.

    Announced trips keep their vehicle, order and id as far as they are still possible; a run that left them, or was
    never in one, is put where it costs least. A run that fits nowhere is listed with the reason.

    Args:
        problem: what is known now.
        new_trip_id: called once for each trip that is not an announced one.
        polish_steps: timetables that may be tried in small moves, per station.
    """
    return rebase(problem, problem.incumbent, new_trip_id, polish_steps, made_by="greedy")


def rebase(
    problem: Problem, trips: Sequence[Trip], new_trip_id: NewTripId, polish_steps: int = 0, made_by: str = "rebased"
) -> Plan:
    """Trips planned on an older problem, brought onto this one: same structure, new times, missing runs put in."""
    ground = Ground(problem)
    days = [settle(ground, station, routes) for station, routes in enumerate(by_station(problem, trips))]
    for day in days:
        tidy(day, polish_steps)
    known = (*problem.incumbent, *trips)
    served = {run for day in days for run in day.served()}
    left = [why_not(ground, run) for run in range(len(problem.runs)) if run not in served]
    return plan_of(ground, days, left, known, new_trip_id, made_by)


def by_station(problem: Problem, trips: Iterable[Trip]) -> list[dict[int, list[Route]]]:
    """The routes of each station's vehicles; stations share nothing, so each is planned by itself."""
    routes = routes_of(problem, trips)
    return [
        {vehicle: day for vehicle, day in routes.items() if problem.vehicles[vehicle].station == station}
        for station in range(len(problem.stations))
    ]


def settle(ground: Ground, station: int, routes: dict[int, list[Route]]) -> Day:
    """A day with all runs of the station that can be served: given trips as far as possible, the rest put in."""
    day = Day(ground, station, routes)
    while day.table.impossible:
        vehicle, position = day.table.impossible[0]
        shortened = day.copy_routes()
        shortened[vehicle][position] = shortened[vehicle][position][:-1]  # its last run looks for another trip
        day.become(shortened)
    served = day.served()
    runs = ground.problem.runs
    put_in(day, [run for run, it in enumerate(runs) if it.station == station and run not in served])
    return day


def tidy(day: Day, steps: int) -> None:
    """Small moves; announced arrivals are not disturbed for a small gain."""
    cost, routes = day.cost, day.copy_routes()
    polish(day, steps)
    is_announced = bool(day.ground.announced)
    if is_announced and cost - day.cost < day.ground.problem.weights.gain_min:
        day.become(routes)


def put_in(day: Day, runs: Iterable[int]) -> list[int]:
    """Puts runs into the day, the one first that would lose most by waiting; returns those that fit nowhere."""
    facts = day.ground.problem.runs
    pending = sorted(runs, key=lambda run: (facts[run].due_s, facts[run].ready_s, run))
    ways = _Ways(day)
    lost = []
    while pending:
        choices = [ways.choice(run) for run in pending[:LOOK_AHEAD]]
        choice = max(choices, key=lambda choice: choice.regret)
        pending.remove(choice.run)
        option = day.best(choice.run)  # asked again: other vehicles may have taken bays since
        if option is None or not day.take(option):
            lost.append(choice.run)
        else:
            ways.forget(option.vehicle)
    return lost


class _Choice(NamedTuple):
    run: int
    regret: float


class _Ways:
    """Remembers for each run and vehicle what serving it would cost, until the vehicle's day changes."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._prices: dict[tuple[int, int], float] = {}

    def choice(self, run: int) -> _Choice:
        """How much dearer the run's second-best vehicle is than its best."""
        prices = sorted([self._price(run, vehicle) for vehicle in self._day.vehicles])
        if not prices or prices[0] == math.inf:
            return _Choice(run, math.inf)
        return _Choice(run, min(prices[1] if len(prices) > 1 else math.inf, FAR_APART) - prices[0])

    def forget(self, vehicle: int) -> None:
        self._prices = {key: price for key, price in self._prices.items() if key[1] != vehicle}

    def _price(self, run: int, vehicle: int) -> float:
        key = (run, vehicle)
        if key not in self._prices:
            option = self._day.best_of(run, vehicle)
            self._prices[key] = option.price if option else math.inf
        return self._prices[key]
