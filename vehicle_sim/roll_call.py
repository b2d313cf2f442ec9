"""What simulated vehicles on a broker say of themselves to people: that they are connected, and how it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

import structlog

LOOK_EVERY_S = 0.5
CONNECT_S_MAX = 10.0
TELL_EVERY_S = 60.0

log = structlog.get_logger("sim.vehicles")


class Line(Protocol):
    """A vehicle's line, as far as it is told of here."""

    @property
    def is_up(self) -> bool: ...

    @property
    def orders_heard(self) -> int: ...


@dataclass(slots=True)
class RollCall:
    """Counts the vehicles whose line is up, and the orders that they heard. Times are the machine's.

    Attributes:
        broker: where the lines lead, for people.
        lines: one for each vehicle.
    """

    broker: str
    lines: Collection[Line]
    _told_s: float = 0.0

    async def keep(self) -> None:
        """Speak until cancelled."""
        waited_s = 0.0
        while self.connected < len(self.lines) and waited_s < CONNECT_S_MAX:
            await asyncio.sleep(LOOK_EVERY_S)
            waited_s += LOOK_EVERY_S
        self.tell_connected()
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            self.tell(TELL_EVERY_S)

    @property
    def connected(self) -> int:
        return sum(line.is_up for line in self.lines)

    def tell_connected(self) -> None:
        """How many vehicles found the broker."""
        say = log.info if self.connected == len(self.lines) else log.warning
        say("vehicles_connected", connected=self.connected, vehicles=len(self.lines), broker=self.broker)

    def tell(self, since_s: float) -> None:
        """How it goes, `since_s` after it was last told."""
        self._told_s += since_s
        orders = sum(line.orders_heard for line in self.lines)
        say = log.info if self.connected == len(self.lines) else log.warning
        say("vehicles_at_work", connected=self.connected, vehicles=len(self.lines), orders_heard=orders)
        if not orders:
            remedy = "does the daemon use this broker, site and trade epoch, and does a run wait?"
            log.warning("no_order_heard", for_s=round(self._told_s), broker=self.broker, remedy=remedy)
