"""A real worker process, treated badly."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from fleet.model.trip import Plan
from fleet.planning.feasible import violations
from fleet.planning.greedy import propose
from fleet.planning.port import Budget
from fleet.workers.solver_child import Answer, Job
from fleet.workers.solver_process import Failure, ProcessSolver, WorkerError, checked
from tests.patience import until
from tests.small_fleet import morning, trip_ids

ROOT = Path(__file__).parents[2]
FACTS = morning()
PLAN = propose(FACTS, trip_ids())
STEPS = Budget(steps=300)
LONG = Budget(wall_s=30.0)


def with_worker(scene: Callable[[ProcessSolver], Awaitable[None]]) -> None:
    async def act() -> None:
        async with ProcessSolver.running() as solver:
            await scene(solver)

    asyncio.run(act())


async def ask(solver: ProcessSolver, budget: Budget = STEPS) -> Plan | None:
    return await solver.improve(FACTS, PLAN, budget, trip_ids("new"))


def test_a_worker_answers_with_a_better_plan_and_our_own_trip_ids() -> None:
    async def scene(solver: ProcessSolver) -> None:
        better = await ask(solver)
        assert better is not None
        assert violations(FACTS, better) == []
        known = {trip.id for trip in PLAN.trips}
        assert all(trip.id in known or trip.id.startswith("new-") for trip in better.trips)
        assert better.cost.total < PLAN.cost.total

    with_worker(scene)


def test_a_worker_gives_way_to_the_daemon_and_ignores_ctrl_c() -> None:
    async def scene(solver: ProcessSolver) -> None:
        assert solver.pid is not None
        assert psutil.Process(solver.pid).nice() >= os.nice(0) + 5
        os.kill(solver.pid, signal.SIGINT)
        assert await ask(solver) is not None

    with_worker(scene)


def test_a_worker_killed_in_the_middle_means_no_new_plan_and_the_next_job_is_served() -> None:
    async def scene(solver: ProcessSolver) -> None:
        assert solver.pid is not None
        worker = psutil.Process(solver.pid)
        rested_s = worker.cpu_times().user

        async def kill() -> None:
            await asyncio.to_thread(until, lambda: worker.cpu_times().user > rested_s + 0.1, "the worker to be at it")
            worker.kill()

        answer, _ = await asyncio.gather(ask(solver, LONG), kill())
        assert answer is None
        assert solver.failures == {Failure.DIED: 1}
        assert await ask(solver) is not None

    with_worker(scene)


def test_a_worker_that_hangs_is_killed_after_twice_its_budget() -> None:
    async def scene(solver: ProcessSolver) -> None:
        assert solver.pid is not None
        hung = psutil.Process(solver.pid)
        hung.suspend()
        assert await ask(solver, Budget(wall_s=0.6)) is None
        assert solver.failures == {Failure.LATE: 1}
        assert not hung.is_running()

    with_worker(scene)


def test_a_cancelled_question_frees_the_worker_at_once() -> None:
    async def scene(solver: ProcessSolver) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await ask(solver, LONG)
        assert await asyncio.wait_for(ask(solver), 20.0) is not None

    with_worker(scene)


def test_an_error_in_the_planner_is_no_new_plan_and_the_worker_lives_on() -> None:
    async def scene(solver: ProcessSolver) -> None:
        pid = solver.pid
        broken = replace(PLAN, trips=(None,))  # type: ignore[arg-type]
        assert await solver.improve(FACTS, broken, STEPS, trip_ids("new")) is None
        assert solver.failures == {Failure.RAISED: 1}
        assert solver.pid == pid
        assert await ask(solver) is not None

    with_worker(scene)


LIES: dict[str, object] = {
    "an answer to another question": Answer(job_id=6, plan=None),
    "no answer at all": "hello",
    "a plan that is no better": Answer(job_id=7, plan=PLAN),
    "a plan that forgets every run": Answer(job_id=7, plan=replace(PLAN, trips=())),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_not_believed(lie: str) -> None:
    with pytest.raises(WorkerError) as caught:
        checked(Job(7, FACTS, PLAN, STEPS, 0), LIES[lie])
    assert caught.value.failure is Failure.LIED


def test_questions_wait_for_each_other() -> None:
    async def scene(solver: ProcessSolver) -> None:
        first, second = await asyncio.gather(ask(solver), ask(solver))
        assert first is not None
        assert second is not None
        assert first.trips == second.trips

    with_worker(scene)


def test_a_closed_solver_has_no_new_plan() -> None:
    async def act() -> None:
        async with ProcessSolver.running() as solver:
            pid = solver.pid
        assert pid is not None
        assert not psutil.pid_exists(pid)
        assert await ask(solver) is None

    asyncio.run(act())


PARENT = """
import asyncio
from tests.unit.test_workers_solver_process import LONG, ask
from fleet.workers.solver_process import ProcessSolver

async def act():
    async with ProcessSolver.running() as solver:
        print(solver.pid, flush=True)
        await ask(solver, LONG)

if __name__ == "__main__":
    asyncio.run(act())
"""


def test_a_worker_ends_when_its_daemon_is_killed_even_in_the_middle_of_a_search(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as parent:  # noqa: S603  ours
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        parent.wait()
        gone, alive = psutil.wait_procs([worker], timeout=5.0)
    assert (gone, alive) == ([worker], [])
