"""Callbacks at a trade time, on the virtual loop and on a real one with scaled time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fleet.clock import SystemClock
from vehicle_sim.virtual_time import VirtualClock


class Timer(Protocol):
    """A callback to come."""

    def cancel(self) -> None: ...


class Timers(Protocol):
    """What vehicles, world and faults ask for the time and for being called."""

    def now_s(self) -> float:
        """Trade time."""
        ...

    def call_at(self, trade_s: float, callback: Callable[[], None]) -> Timer:
        """Call once at this trade time, or as soon as possible if it is past."""
        ...


@dataclass(frozen=True, slots=True)
class VirtualTimers:
    """Timers on the virtual loop."""

    clock: VirtualClock

    def now_s(self) -> float:
        return self.clock.trade_now_s()

    def call_at(self, trade_s: float, callback: Callable[[], None]) -> Timer:
        return self.clock.loop.call_at(trade_s - self.clock.start_s, callback)


@dataclass(frozen=True, slots=True)
class ScaledTimers:
    """Timers on an ordinary loop, where trade time may run faster than the machine's."""

    clock: SystemClock
    loop: asyncio.AbstractEventLoop

    def now_s(self) -> float:
        return self.clock.trade_now_s()

    def call_at(self, trade_s: float, callback: Callable[[], None]) -> Timer:
        wait_s = (trade_s - self.clock.trade_now_s()) / self.clock.factor
        return self.loop.call_later(max(wait_s, 0.0), callback)
