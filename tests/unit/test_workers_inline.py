from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from fleet.planning.greedy import propose
from fleet.planning.port import Budget
from fleet.workers.inline import InlineSolver
from tests.small_fleet import SIX_S, morning, problem, run, trip_ids


@dataclass
class StillClock:
    """Trade time that passes only when somebody sleeps."""

    now_s: float = SIX_S
    slept_until: list[float] = field(default_factory=list)

    def trade_now_s(self) -> float:
        return self.now_s

    def machine_now_s(self) -> float:
        return self.now_s

    def machine_wall_s(self) -> float:
        return self.now_s

    async def sleep_until(self, trade_s: float) -> None:
        self.slept_until.append(trade_s)
        self.now_s = max(self.now_s, trade_s)


def test_the_answer_arrives_when_a_worker_would_have_it() -> None:
    facts, clock = morning(), StillClock()
    solver = InlineSolver(clock=clock, latency_s=2.5)
    plan = propose(facts, trip_ids())
    better = asyncio.run(solver.improve(facts, plan, Budget(steps=200), trip_ids("new")))
    assert better is not None
    assert clock.slept_until == [SIX_S + 2.5]


def test_a_budget_in_seconds_is_refused() -> None:
    facts = problem([run("a", 0)])
    solver = InlineSolver(clock=StillClock(), latency_s=1.0)
    with pytest.raises(ValueError, match="steps"):
        asyncio.run(solver.improve(facts, propose(facts, trip_ids()), Budget(wall_s=1.0), trip_ids("new")))
