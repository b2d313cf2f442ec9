"""What a turn decided is written down; as long as it cannot be, nothing happened and nothing is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from fleet.controller.housekeeping import Housekeeper
from fleet.controller.inbox import Asked, Inbox
from fleet.controller.lease import LeaseKeeper
from fleet.controller.parts import Parts
from fleet.controller.record import Desk, commit_of
from fleet.controller.sender import Sender
from fleet.errors import (
    FencedError,
    JournalError,
    StoreBusyError,
    StoreCorruptError,
    StoreUnsureError,
)
from fleet.journal.commit import Commit, Saved
from fleet.journal.record import Head
from fleet.orders.outlet import OutboxStatus
from fleet.state.draft import Draft

SNAPSHOT_EVERY = 2000
RETRY_STORE_S, RETRY_STORE_S_MAX = 1.0, 10.0

STORE_IS_LOST = (FencedError, StoreCorruptError)
"""Errors of the store that no retry heals: the area is another's, or its file cannot be used."""

Moves = tuple[tuple[int, OutboxStatus], ...]

log = structlog.get_logger("fleet.area")


class Scribe:
    """Writes the history of one area, and holds the sender back while it cannot.

    Attributes:
        head: where the history ends.
        trouble: why it could not be written the last time; empty where it could.
    """

    def __init__(self, parts: Parts, lease: LeaseKeeper, inbox: Inbox, sender: Sender, keeper: Housekeeper) -> None:
        self._parts = parts
        self._area = parts.roads.site.id
        self._lease = lease
        self._inbox = inbox
        self._sender = sender
        self._keeper = keeper
        self._next_row_id = 1
        self._snapshot_seq = 0
        self.head = parts.store.head(self._area)
        self.trouble = ""

    def go_on(self, saved: Saved) -> None:
        """Write behind the history that was loaded."""
        self.head = saved.head
        self._snapshot_seq = saved.snapshot_seq
        self._next_row_id = saved.outbox_id_max + 1

    async def write(self, draft: Draft, moves: Moves) -> Commit:
        """Write a turn down, with the outbox rows that it settles.

        Raises:
            JournalError: it was not written, so it did not happen.
        """
        commit = commit_of(
            draft,
            Desk(area=self._area, epoch=self._lease.epoch),
            self.head,
            machine_s=self._parts.clock.machine_wall_s(),
            first_row_id=self._next_row_id,
            moves=moves,
            with_snapshot=self._wants_snapshot(draft),
        )
        await self._commit(commit)
        self.head = commit.new_head
        self._next_row_id += len(commit.outbox)
        if commit.snapshot is not None:
            self._snapshot_seq = self.head.seq
        elif self.head.seq - self._snapshot_seq >= SNAPSHOT_EVERY:
            self._snapshot_seq = self.head.seq
            self._keeper.keep(draft.state, self.head)
        return commit

    def _wants_snapshot(self, draft: Draft) -> bool:
        """After trouble: a write that needs room shows best whether there is some again."""
        return bool(self.trouble) and self.head.seq + len(draft.entries) > self._snapshot_seq

    async def _commit(self, commit: Commit) -> None:
        """Write it; where the outcome is unknown, look at the store to learn it."""
        try:
            await self._parts.writer.commit(commit)
        except StoreUnsureError as error:
            head = await self._head_found(str(error))
            if head == commit.new_head and commit.records:
                return
            if head != commit.head:
                raise FencedError(f"the history of {self._area} went on without us") from None
            raise

    async def _head_found(self, trouble: str) -> Head:
        """Where the history ends, asked until the store answers; until then nothing more is taken in or sent."""
        wait_s = RETRY_STORE_S
        while True:
            try:
                return self._parts.store.head(self._area)
            except STORE_IS_LOST:
                raise
            except JournalError as error:
                self.in_trouble(f"{trouble}; and it cannot be read: {error}")
            refuse(self._inbox.take_commands(), self.trouble)
            await asyncio.sleep(wait_s)
            wait_s = min(2.0 * wait_s, RETRY_STORE_S_MAX)

    def in_trouble(self, why: str) -> None:
        self.trouble = why
        self._sender.is_held = True
        log.error("journal_refused", area=self._area, error=why)

    def out_of_trouble(self) -> None:
        if self.trouble:
            self.trouble, self._sender.is_held = "", False
            self._sender.wake()


def refuse(commands: Iterable[Asked], why: str) -> None:
    """Tell who asked that it could not be recorded."""
    for asked in commands:
        if not asked.answer.done():  # its caller may have given up
            asked.answer.set_exception(StoreBusyError(why))
