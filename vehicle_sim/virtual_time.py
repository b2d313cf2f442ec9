"""An event loop on which an hour passes in a second, and always in the same way.

When every task waits, time jumps to the next timer. Nothing here reads the machine's clock, talks to a socket or
starts a thread, so the same seed gives the same run, byte for byte:

* timers with equal deadlines fire in the order in which they were set;
* tasks hash by the order of their birth, so sets of tasks iterate alike in every process;
* work handed to an executor runs at once, in place;
* a program that waits for something that can never come is told so (`DeadlockError`) instead of hanging.
"""

from __future__ import annotations

import asyncio
import random
import threading
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Any, NoReturn, TypeVar, TypeVarTuple

from fleet.errors import FleetError
from vehicle_sim.lean_handles import LeanHandle, LeanTimer

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

ROUNDS_AT_ONE_INSTANT_MAX = 1_000_000
CANCELLED_KEPT_MAX = 256


class DeadlockError(FleetError):
    """Every task waits and no timer is left; names the tasks and where they stand."""

    def __init__(self, waiting: list[str]) -> None:
        self.waiting = waiting
        super().__init__("nothing can ever happen again; waiting: " + ("; ".join(waiting) or "no task"))


class StandstillError(FleetError):
    """Tasks keep each other busy without time passing."""


class VirtualTimeError(FleetError):
    """Something reached for the world outside the simulation: a socket, a process, a thread, a name."""


class _OrdinalTask(asyncio.Task[T]):
    """A task that hashes by the order of its birth."""

    def __init__(
        self, ordinal: int, coro: Coroutine[Any, Any, T], loop: VirtualLoop, name: str, context: Context | None
    ) -> None:
        self._ordinal = ordinal  # before Task.__init__, which already puts the task into a set
        super().__init__(coro, loop=loop, name=name, context=context)

    def __hash__(self) -> int:
        return self._ordinal


def _refused(what: str) -> Callable[..., NoReturn]:
    def refuse(*_args: object, **_options: object) -> NoReturn:
        raise VirtualTimeError(f"{what} has no place in virtual time; use the in-memory link and inline work")

    return refuse


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop whose time is a number of its own, starting at 0.

    Args:
        shuffle: draws the order in which callbacks that are ready together run, to explore interleavings; None
            keeps their order.
    """

    _ready: deque[LeanHandle | LeanTimer]
    _stopping: bool

    def __init__(self, shuffle: random.Random | None = None) -> None:
        super().__init__()
        self._now_s = 0.0
        self._timers: list[tuple[float, int, LeanTimer]] = []
        self._timer_seq = 0
        self._task_seq = 0
        self._cancelled_kept = 0
        self._shuffle = shuffle
        self._thread_id_at_birth = threading.get_ident()
        self.callbacks = 0
        self.set_task_factory(_make_task)

    def time(self) -> float:
        return self._now_s

    def next_task_ordinal(self) -> int:
        self._task_seq += 1
        return self._task_seq

    # ---- callbacks and timers

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = LeanHandle(callback, args, context)
        self._ready.append(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if threading.get_ident() != self._thread_id_at_birth:
            raise VirtualTimeError("a call from another thread would make the run depend on the machine's scheduler")
        return self.call_soon(callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        timer = LeanTimer(when, callback, args, self, context)
        self._timer_seq = seq = self._timer_seq + 1
        heappush(self._timers, (when, seq, timer))
        return timer

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        timer = LeanTimer(when := self._now_s + delay, callback, args, self, context)
        self._timer_seq = seq = self._timer_seq + 1
        heappush(self._timers, (when, seq, timer))
        return timer

    def timer_cancelled(self) -> None:
        """A timer in the heap was cancelled; sweep them out once they are the majority."""
        self._cancelled_kept += 1
        if self._cancelled_kept > CANCELLED_KEPT_MAX and self._cancelled_kept * 2 > len(self._timers):
            self._timers[:] = [entry for entry in self._timers if not entry[2]._cancelled]
            heapify(self._timers)
            self._cancelled_kept = 0

    # ---- the turn of the loop

    def _run_once(self) -> None:
        """Run until stopped; a callback that raises ends the run, for in a simulation it is a bug of ours."""
        ready, timers, shuffle = self._ready, self._timers, self._shuffle
        rounds = 0
        while True:
            if not ready:
                if self._stopping:
                    return
                self._jump()
                rounds = 0
            while timers and timers[0][0] <= self._now_s:
                self._take(heappop(timers)[2])
            if shuffle is not None:
                self._mix(shuffle)
            self.callbacks += len(ready)
            for _ in range(len(ready)):
                handle = ready.popleft()
                if not handle._cancelled:
                    handle._context.run(handle._callback, *handle._args)
            rounds += 1
            if self._stopping:
                return
            if rounds > ROUNDS_AT_ONE_INSTANT_MAX:
                raise StandstillError(f"time stands at {self._now_s} s; busy: {'; '.join(self._waiting())}")

    def _jump(self) -> None:
        """Move time to the next living timer and make it ready."""
        timers = self._timers
        while timers:
            when, _, timer = heappop(timers)
            if not timer._cancelled:
                if when > self._now_s:
                    self._now_s = when
                timer._scheduled = False
                self._ready.append(timer)
                return
            self._cancelled_kept -= 1
        raise DeadlockError(self._waiting())

    def _take(self, timer: LeanTimer) -> None:
        timer._scheduled = False
        if timer._cancelled:
            self._cancelled_kept -= 1
        else:
            self._ready.append(timer)

    def _mix(self, shuffle: random.Random) -> None:
        mixed = list(self._ready)
        shuffle.shuffle(mixed)
        self._ready.clear()
        self._ready.extend(mixed)

    def _waiting(self) -> list[str]:
        return sorted(_whereabouts(task) for task in asyncio.all_tasks(self))

    # ---- the world outside

    def run_in_executor(self, executor: object, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Do the work at once; virtual time does not pass meanwhile."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # as a thread pool would hand it over, a simulated crash included
            future.set_exception(error)
        return future

    create_connection = _refused("create_connection")
    create_server = _refused("create_server")
    create_datagram_endpoint = _refused("create_datagram_endpoint")
    getaddrinfo = _refused("getaddrinfo")
    getnameinfo = _refused("getnameinfo")
    connect_read_pipe = _refused("connect_read_pipe")
    connect_write_pipe = _refused("connect_write_pipe")
    subprocess_exec = _refused("subprocess_exec")
    subprocess_shell = _refused("subprocess_shell")


def _make_task(
    loop: asyncio.AbstractEventLoop,
    coro: Coroutine[Any, Any, T] | Generator[Any, None, T],
    *,
    name: str | None = None,
    context: Context | None = None,
) -> asyncio.Future[T]:
    assert isinstance(loop, VirtualLoop)
    assert isinstance(coro, Coroutine)
    ordinal = loop.next_task_ordinal()
    return _OrdinalTask(ordinal, coro, loop, name or f"task-{ordinal}", context)


def _whereabouts(task: asyncio.Task[Any]) -> str:
    frames = task.get_stack(limit=1)
    place = f"{frames[0].f_code.co_name}:{frames[0].f_lineno}" if frames else "done"
    return f"{task.get_name()} in {place}"


@dataclass(frozen=True, slots=True)
class VirtualClock:
    """Trade time and machine time of a simulation, which are one."""

    loop: VirtualLoop
    start_s: float

    def trade_now_s(self) -> float:
        return self.start_s + self.loop.time()

    def machine_now_s(self) -> float:
        return self.start_s + self.loop.time()

    def machine_wall_s(self) -> float:
        return self.start_s + self.loop.time()

    async def sleep_until(self, trade_s: float) -> None:
        reached = self.loop.create_future()
        timer = self.loop.call_at(trade_s - self.start_s, _settle, reached)
        try:
            await reached
        finally:
            timer.cancel()


def _settle(reached: asyncio.Future[None]) -> None:
    if not reached.done():
        reached.set_result(None)


def running_clock(start_s: float) -> VirtualClock:
    """The clock of the virtual loop that runs at this moment, reading `start_s` at its beginning."""
    loop = events.get_running_loop()
    assert isinstance(loop, VirtualLoop), "virtual time runs only inside run_virtual"
    return VirtualClock(loop, start_s)


def run_virtual(
    work: Coroutine[Any, Any, T] | Callable[[VirtualClock], Coroutine[Any, Any, T]],
    start_s: float = 0.0,
    shuffle_seed: int | None = None,
) -> T:
    """Run to the end under virtual time.

    Args:
        work: a coroutine, or a function that makes one when handed the clock.
        start_s: trade time at the beginning, seconds since 1970 UTC.
        shuffle_seed: None keeps the order of callbacks that are ready together; a number shuffles it.

    Raises:
        DeadlockError: the work waits for something that can never come.
    """
    shuffle = None if shuffle_seed is None else random.Random(shuffle_seed)
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(shuffle)) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        return runner.run(work if isinstance(work, Coroutine) else work(VirtualClock(loop, start_s)))
