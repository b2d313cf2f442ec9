"""Numbers and times of messages, topic by topic: checklist 2.1, 2.5 and 2.6."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from fleet.wire.messages import Header
from fleet.wire.sniff.lines import Fault

COUNTER_MOST = 2**32 - 1
NEAR_WRAP = 1000
STEPS_MIN = 10  # fewer tell nothing of how a counter is kept


class Turn(Enum):
    """How a message stands to the one before on its topic."""

    NEXT = "next"
    AGAIN = "again"
    LATE = "late"


@dataclass(slots=True)
class Counter:
    """The numbers of one topic of one vehicle."""

    by_vehicle: bool
    header_id: int | None = None
    sent_s: float = 0.0
    payload: bytes = b""
    said_online: int = 0
    steps: int = 0
    gaps: int = 0

    def turn(self, header: Header, payload: bytes) -> Turn:
        """Whether the message is new, one that came before, or one that others overtook."""
        if self.header_id is None or header.header_id > self.header_id or self._wraps(header.header_id):
            return Turn.NEXT
        if header.header_id == self.header_id:
            return Turn.AGAIN if payload == self.payload else Turn.NEXT
        return Turn.LATE if header.sent_s < self.sent_s else Turn.NEXT

    def judge(self, header: Header, payload: bytes, said_online: int) -> Iterator[Fault]:
        """What is wrong with the number or time of a message that is the next one, then remember it.

        Args:
            said_online: how often the vehicle has said that it is there; a restart begins with that.
        """
        if self.header_id is not None:
            yield from self._compare(header, self.header_id, said_online)
        self.header_id, self.sent_s, self.payload = header.header_id, header.sent_s, payload
        self.said_online = said_online

    def _compare(self, header: Header, before: int, said_online: int) -> Iterator[Fault]:
        step = header.header_id - before
        if self._wraps(header.header_id):
            step += COUNTER_MOST + 1
        if step == 0:
            yield Fault("counter_repeats", f"number {before} stands on two messages")
        elif step < 0:
            # A master may begin anew unheard; a vehicle cannot without connecting again.
            if self.by_vehicle and said_online == self.said_online:
                yield Fault("counter_fell", f"{header.header_id} came after {before}")
            return
        else:
            yield from self._count(step)
        if header.sent_s < self.sent_s:
            yield Fault("clock_back", f"{self.sent_s - header.sent_s:.3f} s earlier than the message before")

    def _count(self, step: int) -> Iterator[Fault]:
        self.steps += 1
        self.gaps += step > 1
        if self.steps >= STEPS_MIN and 2 * self.gaps > self.steps:
            yield Fault("counter_skips", f"{self.gaps} of {self.steps} steps are greater than 1")

    def _wraps(self, header_id: int) -> bool:
        return self.header_id is not None and self.header_id > COUNTER_MOST - NEAR_WRAP and header_id < NEAR_WRAP
