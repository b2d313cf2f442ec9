"""The solver for virtual time: it thinks in no time at all, and its answer arrives when a worker's would."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.clock import Clock
from fleet.model.trip import Plan
from fleet.planning.draft import NewTripId
from fleet.planning.port import Budget
from fleet.planning.problem import Problem
from fleet.planning.solver import improve


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineSolver:
    """Solves in the caller's own thread, bounded by steps, so that the same seed gives the same journal.

    Unlike a worker it lets a fault of the planner through: a simulation is where it should be seen.

    Attributes:
        latency_s: trade seconds between question and answer.
    """

    clock: Clock
    latency_s: float

    async def improve(
        self, problem: Problem, plan: Plan, budget: Budget, new_trip_id: NewTripId, seed: int = 0
    ) -> Plan | None:
        if budget.steps is None:
            raise ValueError("an inline solver needs a budget in steps; seconds would differ from machine to machine")
        due_s = self.clock.trade_now_s() + self.latency_s
        better = improve(problem, plan, budget, new_trip_id, seed)
        await self.clock.sleep_until(due_s)
        return better
