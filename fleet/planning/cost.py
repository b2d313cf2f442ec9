"""What a plan costs, reckoned from its stated times and loads alone."""

from __future__ import annotations

from fleet.model.trip import Plan, PlanCost, Trip
from fleet.planning.feasible import violations
from fleet.planning.problem import Problem


def cost(problem: Problem, plan: Plan) -> PlanCost:
    """Price of a feasible plan, whoever made it; `plan.cost` is not read."""
    runs = {run.id: run for run in problem.runs}
    left_ids = [left.run_id for left in plan.unassigned]
    late_s = sum(
        runs[run_id].priority * max(0.0, stop.leave_s - runs[run_id].due_s)
        for trip in plan.trips
        for stop in trip.stops
        for run_id in stop.run_ids
    )
    drive_s = sum(_drive_s(problem, trip) for trip in plan.trips)
    moved_s = _moved_s(problem, plan)
    weights = problem.weights
    total = (
        weights.late_s * late_s
        + weights.drive_s * drive_s
        + weights.trip * len(plan.trips)
        + weights.unassigned * sum(runs[run_id].priority for run_id in left_ids)
        + weights.moved_s * moved_s
    )
    return PlanCost(
        late_s=late_s, drive_s=drive_s, trips=len(plan.trips), unassigned=len(left_ids), moved_s=moved_s, total=total
    )


def beats(problem: Problem, plan: Plan, other: Plan) -> bool:
    """Whether a feasible plan is cheaper than another; one that is not feasible (any more) is beaten by any."""
    return bool(violations(problem, other)) or cost(problem, plan).total < cost(problem, other).total


def late_runs(problem: Problem, plan: Plan) -> int:
    """How many planned runs are handed over after they are due."""
    due_s = {run.id: run.due_s for run in problem.runs}
    return sum(stop.leave_s > due_s[run_id] for trip in plan.trips for stop in trip.stops for run_id in stop.run_ids)


def _drive_s(problem: Problem, trip: Trip) -> float:
    """Time between stops as stated: the whole trip without its stops."""
    return (trip.return_s - trip.depart_s) - sum(stop.leave_s - stop.arrive_s for stop in trip.stops)


def _moved_s(problem: Problem, plan: Plan) -> float:
    """By how much announced arrivals move, all runs together."""
    announced = problem.announced_arrivals()
    return sum(
        abs(stop.arrive_s - announced[run_id])
        for trip in plan.trips
        for stop in trip.stops
        for run_id in stop.run_ids
        if run_id in announced
    )
