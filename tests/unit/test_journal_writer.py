"""Group commit: many areas share a transaction, and each learns its own outcome."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from fleet.errors import FencedError, JournalError, StoreBusyError
from fleet.journal.commit import Commit
from fleet.journal.record import FIRST_HASH, Head, record_of
from fleet.journal.store import SqlStore, sqlite_url
from fleet.journal.writer import GroupCommit, InlineWriter, ThreadWriter
from fleet.model import event as ev
from fleet.model.ids import VehicleId

NOW_S = 1_800_000_000.0
AREAS = ("north", "south", "west")


def a_commit(area: str, head: Head | None = None, epoch: int = 1, why: str = "") -> Commit:
    head = head or Head(0, FIRST_HASH)
    event = ev.VehicleHeld(vehicle_id=VehicleId("van-1"), why=why)
    record = record_of(event, head, area=area, epoch=epoch, trade_s=NOW_S, machine_s=NOW_S, actor="us", cause="")
    return Commit(area=area, epoch=epoch, head=head, records=(record,))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    store = SqlStore(sqlite_url(tmp_path / "journal.db"))
    for area in AREAS:
        store.acquire(area, "us", NOW_S, 5.0)
    yield store
    store.close()


def closed_threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def test_what_waits_is_written_together_and_each_learns_its_own_outcome(store: SqlStore) -> None:
    waiting = deque([a_commit("north"), a_commit("south", epoch=9), a_commit("west")])
    outcomes = GroupCommit(store).write(waiting)
    assert [type(outcome) for outcome in outcomes] == [type(None), FencedError, type(None)]
    assert not waiting


def test_no_more_is_taken_than_fits_into_one_transaction(store: SqlStore) -> None:
    waiting = deque([a_commit("north"), a_commit("south"), a_commit("west")])
    assert len(GroupCommit(store, batch_max=2).write(waiting)) == 2
    assert [commit.area for commit in waiting] == ["west"]


def test_a_store_that_cannot_write_fails_every_commit_of_the_group(store: SqlStore) -> None:
    sa.event.listen(store._engine, "checkout", lambda raw, *_: raw.execute("PRAGMA max_page_count = 1"))
    big = "x" * 100_000
    outcomes = GroupCommit(store).write(deque([a_commit("north"), a_commit("south", why=big)]))
    assert [type(outcome) for outcome in outcomes] == [StoreBusyError, StoreBusyError]


def test_an_inline_commit_is_durable_when_it_returns(store: SqlStore) -> None:
    asyncio.run(InlineWriter(store).commit(a_commit("north")))
    assert store.head("north").seq == 1


def test_an_inline_commit_that_is_refused_says_so(store: SqlStore) -> None:
    with pytest.raises(FencedError):
        asyncio.run(InlineWriter(store).commit(a_commit("north", epoch=9)))


def test_a_commit_by_the_thread_is_durable_when_it_returns(store: SqlStore) -> None:
    writer = ThreadWriter(store)
    writer.start()
    asyncio.run(writer.commit(a_commit("north")))
    assert store.head("north").seq == 1
    writer.close()


def test_areas_that_commit_at_once_do_not_spoil_one_another(store: SqlStore) -> None:
    writer = ThreadWriter(store)

    async def commit_all() -> list[BaseException | None]:
        commits = (a_commit("north"), a_commit("south", epoch=9), a_commit("west"))
        waiting = asyncio.gather(*(writer.commit(commit) for commit in commits), return_exceptions=True)
        writer.start()
        return await waiting

    outcomes = asyncio.run(commit_all())
    assert [type(outcome) for outcome in outcomes] == [type(None), FencedError, type(None)]
    writer.close()


def test_the_thread_is_gone_after_closing(store: SqlStore) -> None:
    writer = ThreadWriter(store)
    writer.start()
    writer.close()
    assert "journal-writer" not in closed_threads()


def test_what_was_handed_in_before_closing_is_still_written(store: SqlStore) -> None:
    writer = ThreadWriter(store)

    async def commit_and_close() -> None:
        commits = asyncio.gather(*(writer.commit(a_commit(area)) for area in AREAS))
        await asyncio.sleep(0)
        writer.start()
        await asyncio.to_thread(writer.close)
        await commits

    asyncio.run(commit_and_close())
    assert [store.head(area).seq for area in AREAS] == [1, 1, 1]


def test_a_commit_after_closing_is_refused_and_does_not_wait_for_ever(store: SqlStore) -> None:
    writer = ThreadWriter(store)
    writer.start()
    writer.close()

    async def commit() -> None:
        async with asyncio.timeout(1.0):
            await writer.commit(a_commit("north"))

    with pytest.raises(JournalError):
        asyncio.run(commit())


def test_closing_twice_does_no_harm(store: SqlStore) -> None:
    writer = ThreadWriter(store)
    writer.start()
    writer.close()
    writer.close()
    assert "journal-writer" not in closed_threads()


def test_a_caller_that_gives_up_does_not_take_its_commit_back(store: SqlStore) -> None:
    writer = ThreadWriter(store)

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.0):
                await writer.commit(a_commit("north"))
        writer.start()
        await writer.commit(a_commit("south"))

    asyncio.run(give_up())
    assert store.head("north").seq == 1
    writer.close()
