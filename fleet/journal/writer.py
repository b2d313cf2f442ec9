"""Group commit: the policy as a plain object, and two drivers of it.

Many areas may share a store. Whoever drives the policy takes what has piled up and writes it in one transaction, so
that the cost of a durable write is shared. One driver is a thread, for operation; the other writes at once on the
spot, for virtual time.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from typing import Protocol

from fleet.errors import JournalError, StoreBusyError
from fleet.journal.commit import Commit, Store

BATCH_MAX = 512


class Writer(Protocol):
    """Where a controller hands its commits."""

    async def commit(self, commit: Commit) -> None:
        """Return once the commit is durable.

        Raises:
            JournalError: it is not, or that is unknown; the kind says which.
        """
        ...


class GroupCommit:
    """What waits to be written, and how much of it goes into one transaction."""

    def __init__(self, store: Store, batch_max: int = BATCH_MAX) -> None:
        self._store = store
        self._batch_max = batch_max

    def write(self, waiting: deque[Commit]) -> list[Exception | None]:
        """Write as much as fits into one transaction; outcomes in the order of the commits taken."""
        batch = [waiting.popleft() for _ in range(min(len(waiting), self._batch_max))]
        try:
            return self._store.write(batch)
        except JournalError as error:
            return [error] * len(batch)

    @property
    def batch_max(self) -> int:
        return self._batch_max


class InlineWriter:
    """Writes on the spot; for virtual time, where nothing else could run meanwhile anyway."""

    def __init__(self, store: Store) -> None:
        self._policy = GroupCommit(store)

    async def commit(self, commit: Commit) -> None:
        [outcome] = self._policy.write(deque([commit]))
        if outcome is not None:
            raise outcome


Waiting = tuple[Commit, asyncio.AbstractEventLoop, "asyncio.Future[None]"]


class ThreadWriter:
    """One thread writes for all areas of this process. `close` ends it after what has been handed in."""

    def __init__(self, store: Store) -> None:
        self._policy = GroupCommit(store)
        self._queue: queue.Queue[Waiting | None] = queue.Queue(maxsize=4 * BATCH_MAX)
        self._thread = threading.Thread(target=self._write_forever, name="journal-writer", daemon=True)
        self._is_closed = False

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._is_closed = True
        self._queue.put(None)
        self._thread.join(timeout=10.0)

    async def commit(self, commit: Commit) -> None:
        if self._is_closed:
            raise StoreBusyError("the journal's writer is closed; nothing was written")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        try:
            self._queue.put_nowait((commit, loop, done))
        except queue.Full as error:
            raise StoreBusyError("the journal's writer is far behind; nothing was written") from error
        await asyncio.shield(done)

    def _write_forever(self) -> None:
        while (first := self._queue.get()) is not None:
            taken = [first]
            while len(taken) < self._policy.batch_max and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    self._queue.put(None)
                    break
                taken.append(more)
            self._write(taken)

    def _write(self, taken: list[Waiting]) -> None:
        try:
            outcomes = self._policy.write(deque(commit for commit, _, _ in taken))
        except Exception as error:
            outcomes = [error] * len(taken)
        for (_, loop, done), outcome in zip(taken, outcomes, strict=True):
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, done, outcome)


def _settle(done: asyncio.Future[None], outcome: Exception | None) -> None:
    if done.done():
        return
    if outcome is None:
        done.set_result(None)
    else:
        done.set_exception(outcome)
