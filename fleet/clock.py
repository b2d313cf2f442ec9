"""The only way to learn the time.

Two clocks run in the fleet. *Trade time* is what parcels, windows, arrivals and the liveness of vehicles are
measured in; a simulation may run it many times faster than life. *Machine time* paces turns, connections,
leases and retries of I/O; it never scales. Trade instants are seconds since 1970-01-01T00:00Z as floats, so
that the core can compare and add them; people and the wire see them as UTC.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What every part of the fleet asks for the time."""

    def trade_now_s(self) -> float:
        """Trade time, seconds since 1970 UTC."""
        ...

    def machine_now_s(self) -> float:
        """Monotonic machine time; only differences mean anything."""
        ...

    def machine_wall_s(self) -> float:
        """Machine wall time, seconds since 1970 UTC; for records, never for order or deadlines."""
        ...

    async def sleep_until(self, trade_s: float) -> None:
        """Return once trade time has reached `trade_s`."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock, with trade time running `factor` times as fast since an anchor.

    Trade time advances by the monotonic clock from the anchor on, so a jump of the wall clock moves no deadline.

    Args:
        factor: trade seconds per machine second; 1 in operation.
        anchor_trade_s: trade time at the anchor.
        anchor_machine_s: monotonic machine time at the anchor.
    """

    factor: float
    anchor_trade_s: float
    anchor_machine_s: float

    @classmethod
    def started_now(cls) -> SystemClock:
        """A clock whose trade time is the present wall time."""
        return cls(1.0, time.time(), time.monotonic())

    @classmethod
    def scaled(cls, factor: float, trade_epoch_s: float, at_wall_s: float) -> SystemClock:
        """A clock that reads `trade_epoch_s` when the wall clock reads `at_wall_s`, for simulations.

        Processes given the same three numbers agree on trade time, which is how daemon and vehicles share a day.
        """
        offset_s = (time.time() - at_wall_s) * factor
        return cls(factor, trade_epoch_s + offset_s, time.monotonic())

    def trade_now_s(self) -> float:
        return self.anchor_trade_s + (time.monotonic() - self.anchor_machine_s) * self.factor

    def machine_now_s(self) -> float:
        return time.monotonic()

    def machine_wall_s(self) -> float:
        return time.time()

    async def sleep_until(self, trade_s: float) -> None:
        while (wait_s := (trade_s - self.trade_now_s()) / self.factor) > 0:  # noqa: ASYNC110 - a time, not a condition
            await asyncio.sleep(wait_s)


def utc_text(trade_s: float) -> str:
    """ISO 8601 in UTC with milliseconds, as people and vehicles read it."""
    return datetime.fromtimestamp(trade_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_utc_text(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 instant; a text without a zone is taken as UTC.

    Raises:
        ValueError: the text is no instant.
    """
    instant = datetime.fromisoformat(text)
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
