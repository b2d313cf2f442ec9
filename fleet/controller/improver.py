"""Asks for better plans, beside the turns."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

import structlog

from fleet.clock import Clock
from fleet.controller.inbox import Inbox
from fleet.controller.stats import Stats
from fleet.model.ids import TripId
from fleet.model.trip import Plan
from fleet.planning.port import Budget, Solver
from fleet.planning.present import problem_of
from fleet.roads.site_roads import SiteRoads
from fleet.state.fleet_state import FleetState

log = structlog.get_logger("fleet.area")


class Improver:
    """Has a better plan looked for after each new one; what comes back is a fact like any other."""

    def __init__(self, roads: SiteRoads, clock: Clock, budget: Budget, inbox: Inbox, stats: Stats) -> None:
        self._roads = roads
        self._clock = clock
        self._budget = budget
        self._inbox = inbox
        self._stats = stats
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There is a new plan."""
        self._news.set()

    async def improve_forever(self, solver: Solver, state: Callable[[], FleetState]) -> None:
        """Improve whenever woken, until cancelled; whatever goes wrong with that, the plan we have stays."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                answer = await self._improved(solver, state())
            except Exception as error:
                self._stats.failures += 1
                log.error("plan_not_improved", area=self._roads.site.id, exc_info=error)
                continue
            if answer is not None:
                self._inbox.put_plan(answer)

    async def _improved(self, solver: Solver, state: FleetState) -> Plan | None:
        problem = problem_of(state, self._roads, self._clock.trade_now_s())
        if not problem.incumbent:
            return None
        began_s = self._clock.machine_now_s()
        known = {run.id for run in problem.runs}
        plan = Plan(
            trips=problem.incumbent,
            unassigned=tuple(state.unassigned[r] for r in sorted(state.unassigned) if r in known),
            cost=state.plan_cost,
            made_by=state.plan_made_by,
        )
        answer = await solver.improve(problem, plan, self._budget, _numbered("proposed"))
        self._stats.solver_took(self._clock.machine_now_s() - began_s)
        return answer


def _numbered(name: str) -> Callable[[], TripId]:
    """Ids for the new trips of a proposal; they get their own when it is adopted."""
    numbers = itertools.count(1)
    return lambda: TripId(f"{name}-{next(numbers)}")
