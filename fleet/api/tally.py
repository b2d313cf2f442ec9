"""Counts that only the whole history knows; read from the journal, so a restart loses none of them."""

from __future__ import annotations

import asyncio
from collections import Counter

import msgspec

from fleet.journal.commit import Store
from fleet.journal.record import Record
from fleet.model.order import OrderPhase

PAGE = 1000
PAGES_AT_ONCE = 100
ORDER_MESSAGES = ("OrderIssued", "OrderExtended", "OrderRerouted")


class _Ended(msgspec.Struct):
    phase: OrderPhase


class Tally:
    """Events of one area, counted by type; catches up with the journal when asked.

    Attributes:
        seq: the last record that is counted.
        events: by type.
        orders_ended: by phase.
    """

    def __init__(self, store: Store, area: str) -> None:
        self._store = store
        self._area = area
        self._reading = asyncio.Lock()
        self.seq = 0
        self.events: Counter[str] = Counter()
        self.orders_ended: Counter[OrderPhase] = Counter()

    @property
    def orders_sent(self) -> int:
        """Order messages that were committed to be sent, first ones and updates; repeats are not counted."""
        return sum(self.events[name] for name in ORDER_MESSAGES)

    @property
    def orders_rejected(self) -> int:
        return self.orders_ended[OrderPhase.REJECTED]

    async def catch_up(self, head_seq: int) -> None:
        """Count what was written since the last time, up to a bound; the next call goes on from there.

        Raises:
            JournalError: the journal cannot be read.
        """
        async with self._reading:
            for _ in range(PAGES_AT_ONCE):
                if self.seq >= head_seq:
                    return
                page = await asyncio.to_thread(self._store.records, self._area, self.seq, PAGE)
                if not page:
                    return
                for record in page:
                    self._count(record)

    def _count(self, record: Record) -> None:
        self.seq = record.seq
        self.events[record.type] += 1
        if record.type == "OrderEnded":
            self.orders_ended[msgspec.json.decode(record.body.encode(), type=_Ended).phase] += 1
