"""What is tidied up beside the turns: the words of messages that were said long ago."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from fleet.clock import Clock
from fleet.errors import FencedError, JournalError
from fleet.journal.commit import Store
from fleet.model.site import Site
from fleet.state.fleet_state import FleetState

TIDY_EVERY_S = 3600.0
BODIES_AT_ONCE = 500
PAUSE_MACHINE_S = 0.05

log = structlog.get_logger("fleet.area")


class Housekeeper:
    """Drops message bodies from the outbox in small bites, so that whoever writes never waits for long."""

    def __init__(self, store: Store, clock: Clock, site: Site) -> None:
        self._store = store
        self._clock = clock
        self._site = site

    async def tidy_forever(self, epoch: int, state: Callable[[], FleetState]) -> None:
        """Once an hour of trade time, until cancelled; a store that refuses is asked again the next time."""
        while True:
            await self._clock.sleep_until(self._clock.trade_now_s() + TIDY_EVERY_S)
            try:
                await self._tidy(epoch, state())
            except FencedError:
                raise
            except JournalError as error:
                log.warning("outbox_not_tidied", area=self._site.id, error=str(error))

    async def _tidy(self, epoch: int, state: FleetState) -> None:
        """An order that is still open keeps its messages, however old they are."""
        before_s = self._clock.trade_now_s() - self._site.policy.keep_messages_s
        kept = sorted(order.id for order in state.orders.values() if order.issued_s <= before_s)
        dropped = BODIES_AT_ONCE
        while dropped == BODIES_AT_ONCE:
            dropped = await asyncio.to_thread(
                self._store.drop_bodies, self._site.id, epoch, before_s, kept, BODIES_AT_ONCE
            )
            await asyncio.sleep(PAUSE_MACHINE_S)
