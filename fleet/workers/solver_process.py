"""The solver in a process of its own: persistent, killable, gone when its pipe closes.

OR-Tools holds the interpreter's lock for a whole search and may crash; so it runs next door. Everything that
blocks (starting, pickling, pipes) happens in one thread; the loop only awaits.
"""

from __future__ import annotations

import asyncio
import os
import pickle
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from enum import StrEnum
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Self

from fleet.model.trip import Plan
from fleet.planning.cost import beats, cost
from fleet.planning.draft import NewTripId, named
from fleet.planning.feasible import violations
from fleet.planning.port import Budget
from fleet.planning.problem import Problem
from fleet.workers import solver_child
from fleet.workers.solver_child import READY, Answer, Job

START_LIMIT_S = 60.0
STEPS_LIMIT_S = 120.0  # for a budget that does not speak of time
KILL_FACTOR = 2.0  # a worker that needs this many times its budget is killed
KILL_AFTER_S_MIN = 3.0  # however small the budget: building models takes its time on a busy machine
CLOSE_LIMIT_S = 2.0


class Failure(StrEnum):
    """Why a worker brought no answer."""

    NOT_STARTED = "not_started"
    DIED = "died"
    LATE = "late"
    RAISED = "raised"
    LIED = "lied"  # not an answer to this job, or a plan the judge refuses


class WorkerError(Exception):
    """The worker brought no answer; never leaves this file but for tests."""

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(f"{failure}: {detail}")
        self.failure = failure
        self.detail = detail


class ProcessSolver:
    """The `Solver` port in operation: one long-lived worker, one job at a time.

    Attributes:
        failures: how often the worker failed, by cause; it is replaced after each.
        last_failure: the latest cause in words.
    """

    def __init__(self) -> None:
        self.failures: Counter[Failure] = Counter()
        self.last_failure: str | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="solver")
        self._turn = asyncio.Lock()
        self._ids = count(1)
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """The worker's process id, while there is one."""
        return self._process.pid if self._process else None

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator[Self]:
        """A solver whose worker is up, and ends with the block."""
        solver = cls()
        try:
            await solver.start()
            yield solver
        finally:
            await solver.close()

    async def start(self) -> None:
        """Starts the worker ahead of the first job; if that fails, the first job tries again."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._respawn)

    async def close(self) -> None:
        """Ends the worker; `improve` answers None from then on."""
        self._is_closed = True
        self._kill()  # whoever waits for an answer in the thread is woken by the closed pipe
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)
        self._drop()

    async def improve(
        self, problem: Problem, plan: Plan, budget: Budget, new_trip_id: NewTripId, seed: int = 0
    ) -> Plan | None:
        """A feasible plan better than `plan`; None if there is none, or the worker died, was late or lied."""
        async with self._turn:
            if self._is_closed:
                return None
            job = Job(next(self._ids), problem, plan, budget, seed)
            try:
                better = await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, job)
            except WorkerError as trouble:
                self._note(trouble)
                return None
            except asyncio.CancelledError:
                self._kill()
                self._replace()
                raise
        known = [trip.id for trip in (*problem.incumbent, *plan.trips)]
        return named(better, known, new_trip_id) if better else None

    def _note(self, trouble: WorkerError) -> None:
        self.failures[trouble.failure] += 1
        self.last_failure = str(trouble)
        if trouble.failure is not Failure.RAISED:
            self._replace()

    def _replace(self) -> None:
        """Has a fresh worker started while nobody waits for it; the next job queues behind."""
        if not self._is_closed:
            self._thread.submit(self._respawn)

    # From here on: in the solver thread.

    def _ask(self, job: Job) -> Plan | None:
        if self._process is None:
            self._start()
        assert self._pipe is not None
        wall_s = job.budget.wall_s
        limit_s = STEPS_LIMIT_S if wall_s is None else max(wall_s * KILL_FACTOR, KILL_AFTER_S_MIN)
        try:
            self._pipe.send_bytes(pickle.dumps(job, protocol=5))
            if not self._pipe.poll(limit_s):
                raise WorkerError(Failure.LATE, f"no answer within {limit_s:.1f} s; killed")
            answer = self._pipe.recv()
            return checked(job, answer)
        except (EOFError, OSError) as error:
            self._drop()
            raise WorkerError(Failure.DIED, repr(error)) from error
        except WorkerError as trouble:
            if trouble.failure is not Failure.RAISED:
                self._drop()
            raise
        except Exception as error:  # a task's edge: whatever the worker sent, the caller keeps its plan
            self._drop()
            raise WorkerError(Failure.LIED, repr(error)) from error

    def _respawn(self) -> None:
        self._drop()
        try:
            self._start()
        except WorkerError as trouble:
            self.failures[trouble.failure] += 1
            self.last_failure = str(trouble)

    def _start(self) -> None:
        context = get_context("spawn")
        ours, theirs = context.Pipe(duplex=True)
        process = context.Process(
            target=solver_child.serve, args=(theirs, os.getpid()), name="fleet-solver", daemon=True
        )
        try:
            process.start()
            theirs.close()
            self._process, self._pipe = process, ours
            if ours.poll(START_LIMIT_S) and ours.recv() == READY:
                return
            reason = f"not ready within {START_LIMIT_S:.0f} s"
        except (EOFError, OSError) as error:
            reason = repr(error)
        self._process, self._pipe = process, ours
        self._drop()
        raise WorkerError(Failure.NOT_STARTED, reason)

    def _kill(self) -> None:
        process = self._process
        if process is not None:
            with suppress(ValueError):  # the solver thread has just closed it
                process.kill()

    def _drop(self) -> None:
        """Kills the worker, if there is one, and forgets it."""
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        if process is not None and process.pid is not None:
            process.kill()
            process.join(CLOSE_LIMIT_S)
            process.close()
        if pipe is not None:
            pipe.close()


def checked(job: Job, answer: object) -> Plan | None:
    """The plan of an honest answer, with the cost we reckon ourselves."""
    if not isinstance(answer, Answer) or answer.job_id != job.id:
        raise WorkerError(Failure.LIED, "an answer to no question of ours")
    if answer.error is not None:
        raise WorkerError(Failure.RAISED, answer.error)
    if answer.plan is None:
        return None
    if found := violations(job.problem, answer.plan):
        raise WorkerError(Failure.LIED, f"a plan with {len(found)} violations, first {found[0]}")
    if not beats(job.problem, answer.plan, job.plan):
        raise WorkerError(Failure.LIED, "a plan that is no better")
    return replace(answer.plan, cost=cost(job.problem, answer.plan))
