"""What runs inside the solver process: read a job, improve, answer, until the pipe closes."""

from __future__ import annotations

import ctypes
import os
import signal
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection

from fleet.model.ids import TripId
from fleet.model.trip import Plan
from fleet.planning.port import Budget
from fleet.planning.problem import Problem

NICENESS = 5
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class Job:
    """A question to the worker; its answer carries the same id."""

    id: int
    problem: Problem
    plan: Plan
    budget: Budget
    seed: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the worker makes of a job: a plan, or None for no better one, or the error that it met."""

    job_id: int
    plan: Plan | None
    error: str | None = None


READY = Answer(job_id=0, plan=None)


def serve(pipe: Connection, parent_pid: int) -> None:
    """Answers jobs one after another; ends when the other end of the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the daemon, which then closes the pipe
    os.nice(NICENESS)
    _die_with(parent_pid)
    from fleet.planning import solver  # noqa: F401  OR-Tools is in memory before we say ready

    try:
        pipe.send(READY)
        while True:
            pipe.send(_answer(pipe.recv()))
    except (EOFError, OSError):  # the daemon is gone or wants us gone
        return


def _answer(job: Job) -> Answer:
    from fleet.planning import solver  # here: the daemon imports this file and needs no OR-Tools

    ids = count(1)
    try:
        plan = solver.improve(job.problem, job.plan, job.budget, lambda: TripId(f"new-{next(ids)}"), job.seed)
    except Exception as error:  # a task's edge: the daemon hears of it and keeps its plan
        return Answer(job.id, None, f"{type(error).__name__}: {error}")
    return Answer(job.id, plan)


def _die_with(parent_pid: int) -> None:
    """Asks the kernel to end us with the daemon, so that a long search does not outlive it; Linux only."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        raise SystemExit(0)
