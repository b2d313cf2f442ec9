"""A better plan within a budget: OR-Tools routing over slots, then the timetable, then the judge."""

from __future__ import annotations

import random

from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from fleet.model.ids import TripId
from fleet.model.trip import Plan
from fleet.planning.cost import cost
from fleet.planning.day import Day
from fleet.planning.draft import NewTripId, plan_of, side_by_side
from fleet.planning.feasible import violations
from fleet.planning.greedy import by_station, put_in, settle
from fleet.planning.ground import Ground, Route
from fleet.planning.polish import polish
from fleet.planning.port import Budget
from fleet.planning.problem import Problem
from fleet.planning.reasons import why_not
from fleet.planning.slots import SlotModel, slots_of

ROUNDS = 3  # each takes its slots from the best plan so far
POLISH_STEPS = 60
POLISH_PER_S = 15  # of wall budget; small moves keep no time themselves
LOOKS_PER_STEP = 200  # about a millisecond of search
SEARCH_SHARE = 0.75  # of the wall time; the rest is for models, small moves and judging
BACKSTOP_S = 3600.0  # never met; without a time limit the search warns that it may run for ever


def improve(problem: Problem, plan: Plan, budget: Budget, new_trip_id: NewTripId, seed: int = 0) -> Plan | None:
    """A feasible plan that beats `plan` by at least `weights.gain_min`, or None.

    Args:
        problem: what is known now.
        plan: its trips are the start; it may be older than the problem.
        budget: in seconds, or in steps for an answer that does not depend on the machine.
        new_trip_id: called once for each trip that has not a vehicle and runs of `plan` or the incumbent.
        seed: another order of the same runs; 0 leaves them as they are.
    """
    ground, rng = Ground(problem), random.Random(seed)
    days = [settle(ground, station, routes) for station, routes in enumerate(by_station(problem, plan.trips))]
    settled = _plan(ground, days, plan, lambda: TripId(""))
    busy = [day for day in days if day.served()]
    runs_total = sum(len(day.served()) for day in busy)
    for day in busy:
        share = len(day.served()) / runs_total
        _search(day, budget, share, rng if seed else None)
    better = _plan(ground, days, plan, new_trip_id)
    is_old = bool(violations(problem, plan))  # it may hold no longer as it was stated
    gain = (settled.cost if is_old else cost(problem, plan)).total - better.cost.total
    return better if gain >= problem.weights.gain_min and not violations(problem, better) else None


def _plan(ground: Ground, days: list[Day], start: Plan, new_trip_id: NewTripId) -> Plan:
    served = {run for day in days for run in day.served()}
    left = [why_not(ground, run) for run in range(len(ground.problem.runs)) if run not in served]
    return plan_of(ground, days, left, (*ground.problem.incumbent, *start.trips), new_trip_id, "ortools")


def _search(day: Day, budget: Budget, share: float, rng: random.Random | None) -> None:
    """Makes one day better in a few rounds."""
    polish_steps = POLISH_STEPS if budget.wall_s is None else min(POLISH_STEPS, round(budget.wall_s * POLISH_PER_S))
    polish(day, polish_steps)
    for _ in range(ROUNDS):
        runs = sorted(day.served())
        if rng is not None:
            rng.shuffle(runs)
        model = SlotModel(day, runs, slots_of(day))
        routes = _solve(model, budget, share / ROUNDS)
        if routes is None:
            return
        before = day.routes
        _adopt(day, routes, runs, polish_steps)
        if day.routes is before and rng is None and budget.wall_s is None:
            return  # the next round would be the same as this one, step by step


def _adopt(day: Day, routes: dict[int, list[Route]], runs: list[int], polish_steps: int) -> None:
    """Times the proposed trips, puts in what they left out, and keeps the result only if the day got cheaper."""
    trial = Day(day.ground, day.station, {})
    problem = day.ground.problem
    trial.become({it: [side_by_side(problem, route) for route in routes.get(it, [])] for it in day.vehicles})
    if trial.table.impossible:
        return
    lost = put_in(trial, [run for run in runs if run not in trial.served()])
    polish(trial, polish_steps)
    if not lost and trial.cost < day.cost:
        day.become(trial.routes)


def _solve(model: SlotModel, budget: Budget, share: float) -> dict[int, list[Route]] | None:
    """Guided local search from the plan at hand; None if the model cannot even hold that."""
    routing, parameters = model.routing, pywrapcp.DefaultRoutingSearchParameters()
    parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    wall_s = BACKSTOP_S if budget.wall_s is None else budget.wall_s * share * SEARCH_SHARE
    parameters.time_limit.FromMilliseconds(max(1, round(wall_s * 1000)))
    if budget.steps is not None:
        looks = _Looks(round(budget.steps * share * LOOKS_PER_STEP))
        routing.AddSearchMonitor(routing.solver().CustomLimit(looks.are_used_up))
    routing.CloseModelWithParameters(parameters)  # first: reading routes would close it with other parameters
    start = routing.ReadAssignmentFromRoutes(model.routes_at_hand(), True)
    if start is None:
        return None
    answer = routing.SolveFromAssignmentWithParameters(start, parameters)
    return model.read(answer) if answer is not None else None


class _Looks:
    """Counts how often the search asks whether to stop, which it does for every neighbour it looks at.

    Neither a limit on solutions nor one on failures bounds the work: large models find solutions rarely, and
    neither needs the clock to tell when it is over.
    """

    def __init__(self, limit: int) -> None:
        self._left = max(1, limit)

    def are_used_up(self) -> bool:
        self._left -= 1
        return self._left < 0
