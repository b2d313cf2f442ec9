"""A better plan within a budget: OR-Tools routing over slots, then the timetable, then the judge."""

from __future__ import annotations

import random
from collections.abc import Callable

from ortools.constraint_solver import pywrapcp, routing_enums_pb2, routing_parameters_pb2

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
BRANCHES_PER_STEP = 200


def improve(problem: Problem, plan: Plan, budget: Budget, new_trip_id: NewTripId, seed: int = 0) -> Plan | None:
    """A feasible plan that beats `plan` by at least `weights.gain_min`, or None.

    With a budget in steps the answer depends on the arguments only.

    Args:
        plan: made on this problem; its trips are the start.
        new_trip_id: called once for each trip that has not a vehicle and runs of `plan` or the incumbent.
        seed: another order of the same runs; 0 leaves them as they are.
    """
    ground, rng = Ground(problem), random.Random(seed)
    days = [settle(ground, station, routes) for station, routes in enumerate(by_station(problem, plan.trips))]
    busy = [day for day in days if day.served()]
    runs_total = sum(len(day.served()) for day in busy)
    for day in busy:
        share = len(day.served()) / runs_total
        _search(day, budget, share, rng if seed else None)
    served = {run for day in days for run in day.served()}
    left = [why_not(ground, run) for run in range(len(problem.runs)) if run not in served]
    better = plan_of(ground, days, left, (*problem.incumbent, *plan.trips), new_trip_id, "ortools")
    gain = cost(problem, plan).total - better.cost.total
    return better if gain >= problem.weights.gain_min and not violations(problem, better) else None


def _search(day: Day, budget: Budget, share: float, rng: random.Random | None) -> None:
    """Makes one day better in a few rounds."""
    polish(day, POLISH_STEPS)
    for _ in range(ROUNDS):
        runs = sorted(day.served())
        if rng is not None:
            rng.shuffle(runs)
        model = SlotModel(day, runs, slots_of(day))
        routes = _solve(model, budget, share / ROUNDS)
        if routes is None:
            return
        _adopt(day, routes, runs)


def _adopt(day: Day, routes: dict[int, list[Route]], runs: list[int]) -> None:
    """Times the proposed trips, puts in what they left out, and keeps the result only if the day got cheaper."""
    trial = Day(day.ground, day.station, {})
    problem = day.ground.problem
    trial.become(
        {it: [side_by_side(problem, route) for route in routes.get(it, [])] for it in day.vehicles}
    )
    if trial.table.impossible:
        return
    lost = put_in(trial, [run for run in runs if run not in trial.served()])
    polish(trial, POLISH_STEPS)
    if not lost and trial.cost < day.cost:
        day.become(trial.routes)


def _solve(model: SlotModel, budget: Budget, share: float) -> dict[int, list[Route]] | None:
    """Guided local search from the plan at hand; None if the model cannot even hold that."""
    parameters = _parameters(budget, share)
    routing = model.routing
    limit = _limit(routing.solver(), budget, share)
    if limit is not None:
        routing.AddSearchMonitor(limit)
    routing.CloseModelWithParameters(parameters)  # first: reading routes would close it with other parameters
    start = routing.ReadAssignmentFromRoutes(model.routes_at_hand(), True)
    if start is None:
        return None
    answer = routing.SolveFromAssignmentWithParameters(start, parameters)
    return model.read(answer) if answer is not None else None


def _parameters(budget: Budget, share: float) -> routing_parameters_pb2.RoutingSearchParameters:
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    metaheuristics = routing_enums_pb2.LocalSearchMetaheuristic
    parameters.local_search_metaheuristic = metaheuristics.GUIDED_LOCAL_SEARCH
    if budget.wall_s is not None:
        parameters.time_limit.FromMilliseconds(max(1, round(budget.wall_s * share * 1000)))
    return parameters


def _limit(solver: pywrapcp.Solver, budget: Budget, share: float) -> pywrapcp.SearchMonitor | None:
    if budget.steps is None:
        return None
    return solver.BranchesLimit(max(1, round(budget.steps * share * BRANCHES_PER_STEP)))
