"""What is done beside the turns: snapshots are kept, and the words of messages that were said long ago dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from fleet.clock import Clock
from fleet.errors import FencedError, JournalError
from fleet.journal.commit import Store
from fleet.journal.record import Head
from fleet.journal.snapshot import snapshot_text
from fleet.model.site import Site
from fleet.state.fleet_state import FleetState

TIDY_EVERY_S = 3600.0
BODIES_AT_ONCE = 500
PAUSE_MACHINE_S = 0.05

log = structlog.get_logger("fleet.area")


class Housekeeper:
    """Works off the event loop and in small bites, so that neither a turn nor whoever writes waits for long."""

    def __init__(self, store: Store, clock: Clock, site: Site) -> None:
        self._store = store
        self._clock = clock
        self._site = site
        self._wanted: tuple[FleetState, Head] | None = None
        self._is_wanted = asyncio.Event()

    def keep(self, state: FleetState, head: Head) -> None:
        """Have a snapshot made of this state; a newer one takes the place of one that still waits."""
        self._wanted = (state, head)
        self._is_wanted.set()

    async def keep_forever(self, epoch: int) -> None:
        """Make the snapshots that are wanted, until cancelled. They are a convenience: one that fails is no trouble."""
        while True:
            await self._is_wanted.wait()
            self._is_wanted.clear()
            assert self._wanted is not None
            state, head = self._wanted
            try:
                await asyncio.to_thread(self._keep, epoch, state, head)
            except FencedError:
                raise
            except JournalError as error:
                log.warning("snapshot_not_kept", area=self._site.id, seq=head.seq, error=str(error))

    def _keep(self, epoch: int, state: FleetState, head: Head) -> None:
        self._store.write_snapshot(self._site.id, epoch, head, snapshot_text(state))

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
