"""The store: one owner, one line of history, nothing half written, and plain words when it cannot go on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from fleet.errors import FencedError, StoreBusyError, StoreCorruptError
from fleet.journal import tables
from fleet.journal.commit import Commit
from fleet.journal.record import FIRST_HASH, Head, Record, record_of
from fleet.journal.store import SqlStore, sqlite_url
from fleet.model import event as ev
from fleet.model.ids import VehicleId
from fleet.orders.outlet import OutboxRow, OutboxStatus

AREA, NOW_S, TTL_S = "town", 1_800_000_000.0, 5.0
START = Head(0, FIRST_HASH)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqlStore]:
    """A journal on disk, owned in epoch 1."""
    store = SqlStore(sqlite_url(path))
    store.acquire(AREA, "us", NOW_S, TTL_S)
    yield store
    store.close()


def records(head: Head, count: int, area: str = AREA, epoch: int = 1, why: str = "") -> tuple[Record, ...]:
    made: list[Record] = []
    for number in range(count):
        event = ev.VehicleHeld(vehicle_id=VehicleId(f"van-{number}"), why=why)
        last = Head(made[-1].seq, made[-1].hash) if made else head
        made.append(
            record_of(event, last, area=area, epoch=epoch, trade_s=NOW_S, machine_s=NOW_S, actor="us", cause="")
        )
    return tuple(made)


def a_commit(head: Head = START, count: int = 1, epoch: int = 1, area: str = AREA, why: str = "") -> Commit:
    return Commit(area=area, epoch=epoch, head=head, records=records(head, count, area, epoch, why))


def a_row(ref: str = "o-1", row_id: int = 1, update: int = 0) -> OutboxRow:
    return OutboxRow(
        id=row_id,
        seq=1,
        vehicle_id=VehicleId("van-1"),
        topic="order",
        ref=ref,
        update_id=update,
        body=b'{"x":1}',
        digest="d",
        created_s=NOW_S,
    )


# Ownership ------------------------------------------------------------------------------------------------------------


def test_every_start_raises_the_epoch(store: SqlStore) -> None:
    assert store.acquire(AREA, "us", NOW_S, TTL_S).epoch == 2


def test_an_unexpired_lease_is_respected_and_its_owner_named(store: SqlStore) -> None:
    with pytest.raises(FencedError, match=r"owned by us for another 4\.0 s"):
        store.acquire(AREA, "them", NOW_S + 1.0, TTL_S)


def test_an_expired_lease_may_be_taken(store: SqlStore) -> None:
    assert store.acquire(AREA, "them", NOW_S + TTL_S, TTL_S).epoch == 2


def test_a_lease_of_somebody_known_to_be_gone_may_be_taken_by_force(store: SqlStore) -> None:
    assert store.acquire(AREA, "them", NOW_S + 1.0, TTL_S, by_force=True).epoch == 2


def test_a_renewed_lease_lasts_longer(store: SqlStore) -> None:
    lease = store.acquire(AREA, "us", NOW_S, TTL_S)
    store.renew(lease, NOW_S + 60.0)
    with pytest.raises(FencedError):
        store.acquire(AREA, "them", NOW_S + 59.0, TTL_S)


def test_an_owner_whose_area_was_taken_cannot_renew(store: SqlStore) -> None:
    lease = store.acquire(AREA, "us", NOW_S, TTL_S)
    store.acquire(AREA, "them", NOW_S, TTL_S, by_force=True)
    with pytest.raises(FencedError):
        store.renew(lease, NOW_S + 60.0)


def test_areas_are_owned_one_by_one(store: SqlStore) -> None:
    assert store.acquire("village", "them", NOW_S, TTL_S).epoch == 1


# Commits --------------------------------------------------------------------------------------------------------------


def test_a_commit_moves_the_head_to_its_last_record(store: SqlStore) -> None:
    commit = a_commit(count=3)
    assert store.write([commit]) == [None]
    assert store.head(AREA) == commit.new_head == Head(3, commit.records[-1].hash)


def test_records_come_back_as_they_were_written(store: SqlStore) -> None:
    commit = a_commit(count=5)
    store.write([commit])
    assert tuple(store.records(AREA, 0, 100)) == commit.records
    assert tuple(store.records(AREA, 2, 2)) == commit.records[2:4]


def test_an_owner_of_an_older_epoch_writes_nothing(store: SqlStore) -> None:
    store.acquire(AREA, "them", NOW_S, TTL_S, by_force=True)
    [outcome] = store.write([a_commit(epoch=1)])
    assert isinstance(outcome, FencedError)
    assert store.head(AREA) == START


def test_a_commit_that_does_not_follow_the_head_writes_nothing(store: SqlStore) -> None:
    store.write([a_commit()])
    [outcome] = store.write([a_commit(why="a second history")])
    assert isinstance(outcome, FencedError)
    assert len(store.records(AREA, 0, 10)) == 1


def test_a_commit_to_an_area_nobody_owns_writes_nothing(store: SqlStore) -> None:
    [outcome] = store.write([a_commit(area="nowhere")])
    assert isinstance(outcome, FencedError)


def test_one_bad_commit_takes_none_of_the_others_with_it(store: SqlStore) -> None:
    store.acquire("village", "us", NOW_S, TTL_S)
    bad = a_commit(epoch=7)
    good = a_commit(area="village")
    first = a_commit()
    next_one = a_commit(first.new_head, why="goes on")
    outcomes = store.write([first, bad, good, next_one])
    assert [type(outcome) for outcome in outcomes] == [type(None), FencedError, type(None), type(None)]
    assert store.head(AREA).seq == 2
    assert store.head("village").seq == 1


def test_the_same_order_and_update_is_in_the_outbox_once(store: SqlStore) -> None:
    first = replace(a_commit(), outbox=(a_row(),))
    store.write([first])
    [outcome] = store.write([replace(a_commit(first.new_head), outbox=(a_row(row_id=2),))])
    assert isinstance(outcome, FencedError)
    assert store.head(AREA) == first.new_head


def test_nothing_of_a_refused_commit_stays_behind(store: SqlStore) -> None:
    first = replace(a_commit(), outbox=(a_row(),))
    store.write([first])
    bad = replace(a_commit(first.new_head, count=2), outbox=(a_row("o-2", 2), a_row("o-1", 3)))
    store.write([bad])
    assert len(store.records(AREA, 0, 10)) == 1
    assert [row["ref"] for row in store.rows("outbox", AREA)] == ["o-1"]


def test_an_idempotency_key_is_written_once(store: SqlStore) -> None:
    first = replace(a_commit(), keys=(("k", "d"),))
    store.write([first])
    [outcome] = store.write([replace(a_commit(first.new_head), keys=(("k", "e"),))])
    assert isinstance(outcome, FencedError)


def test_settled_outbox_rows_are_not_loaded_again(store: SqlStore) -> None:
    first = replace(a_commit(), outbox=(a_row(), a_row("o-2", 2)))
    store.write([first])
    store.write([replace(a_commit(first.new_head), moves=((1, OutboxStatus.CONFIRMED),))])
    saved = store.load(AREA)
    assert saved.outbox == (a_row("o-2", 2),)
    assert saved.outbox_id_max == 2


def test_a_commit_of_moves_alone_leaves_the_head_where_it_was(store: SqlStore) -> None:
    first = replace(a_commit(), outbox=(a_row(),))
    store.write([first])
    moves = Commit(area=AREA, epoch=1, head=first.new_head, records=(), moves=((1, OutboxStatus.CONFIRMED),))
    assert store.write([moves]) == [None]
    assert store.head(AREA) == first.new_head


def test_rows_for_those_who_query_are_written_over(store: SqlStore) -> None:
    row = {"parcel_id": "p-1", "kind": "station", "holder": "depot", "run_id": "run-1"}
    first = replace(a_commit(), tables={"custody": (row,)})
    store.write([first])
    store.write(
        [replace(a_commit(first.new_head), tables={"custody": (row | {"kind": "vehicle", "holder": "van-1"},)})]
    )
    [found] = store.rows("custody", AREA)
    assert (found["kind"], found["holder"], found["seq"]) == ("vehicle", "van-1", 2)


def test_only_the_newest_snapshots_are_kept_and_the_last_is_loaded(store: SqlStore, path: Path) -> None:
    head = START
    for number in range(4):
        commit = replace(a_commit(head), snapshot=f"state {number}")
        store.write([commit])
        head = commit.new_head
    saved = store.load(AREA)
    assert (saved.snapshot, saved.snapshot_seq, saved.records) == ("state 3", 4, ())
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT count(*) FROM snapshot").fetchone() == (2,)
    raw.close()


def test_what_came_after_a_snapshot_is_loaded_with_it(store: SqlStore) -> None:
    first = replace(a_commit(count=2), snapshot="state")
    store.write([first])
    second = a_commit(first.new_head, count=3)
    store.write([second])
    assert store.load(AREA).records == second.records


def test_a_snapshot_that_another_program_folded_is_not_believed(store: SqlStore, path: Path) -> None:
    first = replace(a_commit(count=2), snapshot="what an older program made of it")
    store.write([first])
    raw = sqlite3.connect(path)
    with raw:
        raw.execute("UPDATE snapshot SET program = 'older'")
    raw.close()
    saved = store.load(AREA)
    assert (saved.snapshot, saved.snapshot_seq, saved.head) == (None, 0, first.new_head)


def test_a_snapshot_may_be_kept_after_the_history_went_on(store: SqlStore) -> None:
    first = a_commit(count=2)
    second = a_commit(first.new_head, count=3)
    store.write([first])
    store.write([second])
    store.write_snapshot(AREA, 1, first.new_head, "state")
    store.write_snapshot(AREA, 1, first.new_head, "state again")
    saved = store.load(AREA)
    assert (saved.snapshot, saved.snapshot_seq, saved.records) == ("state again", 2, second.records)


def test_an_owner_of_an_older_epoch_keeps_no_snapshot_and_drops_no_body(store: SqlStore) -> None:
    first = replace(a_commit(), outbox=(a_row(),), moves=((1, OutboxStatus.CONFIRMED),))
    store.write([first])
    store.acquire(AREA, "them", NOW_S, TTL_S, by_force=True)
    with pytest.raises(FencedError):
        store.write_snapshot(AREA, 1, first.new_head, "state")
    assert store.load(AREA).snapshot is None
    assert store.drop_bodies(AREA, 1, NOW_S + 1.0, [], 10) == 0
    assert store.drop_bodies(AREA, 2, NOW_S + 1.0, [], 10) == 1


# What was said and asked long ago -------------------------------------------------------------------------------------


def test_only_old_and_settled_words_are_forgotten_a_few_at_a_time(store: SqlStore) -> None:
    """o-5 is still to be sent, o-4 is still open, o-3 is new."""
    rows = [replace(a_row(f"o-{i}", i), created_s=NOW_S + i) for i in (1, 2, 4, 5)]
    rows.append(replace(a_row("o-3", 3), created_s=NOW_S + 100.0))
    settled = tuple((i, OutboxStatus.CONFIRMED) for i in (1, 2, 3, 4))
    first = replace(a_commit(), outbox=tuple(rows))
    store.write([first])
    store.write([replace(a_commit(first.new_head), moves=settled)])
    assert store.drop_bodies(AREA, 1, NOW_S + 50.0, ["o-4"], 1) == 1
    assert store.drop_bodies(AREA, 1, NOW_S + 50.0, ["o-4"], 10) == 1
    assert store.drop_bodies(AREA, 1, NOW_S + 50.0, ["o-4"], 10) == 0
    kept = {row["ref"] for row in store.rows("outbox", AREA) if row["body"] is not None}
    assert kept == {"o-3", "o-4", "o-5"}
    assert {row["digest"] for row in store.rows("outbox", AREA)} == {"d"}


def test_rows_are_found_by_name_however_many_are_asked_for(store: SqlStore) -> None:
    row = {"kind": "station", "holder": "depot", "run_id": "r"}
    parcels = tuple(row | {"parcel_id": f"p-{i}"} for i in range(1200))
    store.write([replace(a_commit(), tables={"custody": parcels}, keys=(("k", "d"),))])
    names = [f"p-{i}" for i in range(100, 1500)]
    assert {str(each["parcel_id"]) for each in store.rows_of("custody", AREA, names)} == set(names[:1100])
    assert [each["digest"] for each in store.rows_of("request_key", AREA, ["k", "other"])] == ["d"]
    assert store.rows_of("custody", "elsewhere", names) == []


# History is append-only -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["UPDATE event SET body = '{}'", "DELETE FROM event"])
def test_the_database_itself_refuses_to_change_history(store: SqlStore, path: Path, verb: str) -> None:
    store.write([a_commit()])
    raw = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute(verb)
    raw.close()


def test_history_cannot_be_written_over_either(store: SqlStore, path: Path) -> None:
    store.write([a_commit()])
    raw = sqlite3.connect(path)
    names = ", ".join(column.name for column in tables.EVENT.columns)
    with pytest.raises(sqlite3.IntegrityError):
        raw.execute(f"INSERT OR REPLACE INTO event SELECT {names} FROM event")  # noqa: S608  # our own names
    raw.close()


# Format ---------------------------------------------------------------------------------------------------------------


def test_the_migrations_make_exactly_the_tables_of_the_program(path: Path, store: SqlStore) -> None:
    engine = sa.create_engine(sqlite_url(path))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, tables.METADATA)
    engine.dispose()
    assert [d for d in differences if "alembic_version" not in str(d)] == []


def test_a_journal_written_by_a_newer_program_is_not_opened(store: SqlStore, path: Path) -> None:
    store.close()
    raw = sqlite3.connect(path)
    raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.commit()
    raw.close()
    with pytest.raises(StoreCorruptError, match=r"9999.*newer"):
        SqlStore(sqlite_url(path))


def test_a_journal_is_opened_again_as_it_was_left(store: SqlStore, path: Path) -> None:
    commit = a_commit(count=3)
    store.write([commit])
    store.close()
    again = SqlStore(sqlite_url(path))
    assert again.head(AREA) == commit.new_head
    again.close()


# Trouble --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def tight(path: Path) -> Iterator[SqlStore]:
    """A journal on a disk with almost no space left."""
    store = SqlStore(sqlite_url(path))
    store.acquire(AREA, "us", NOW_S, TTL_S)
    limit(store, 1)
    yield store
    store.close()


def limit(store: SqlStore, pages: int) -> None:
    """Let the database have so many pages, or as many as it has now if that is more."""

    def set_limit(raw: sqlite3.Connection, _record: object, _proxy: object = None) -> None:
        raw.execute(f"PRAGMA max_page_count = {pages}")

    sa.event.listen(store._engine, "checkout", set_limit)


def test_a_full_disk_is_told_as_such_and_nothing_is_written(tight: SqlStore) -> None:
    with pytest.raises(StoreBusyError, match="free space"):
        tight.write([a_commit(count=50, why="x" * 4000)])
    assert tight.head(AREA) == START


def test_a_journal_heals_by_itself_when_there_is_space_again(tight: SqlStore) -> None:
    commit = a_commit(count=50, why="x" * 4000)
    with pytest.raises(StoreBusyError):
        tight.write([commit])
    limit(tight, 100_000)
    assert tight.write([commit]) == [None]
    assert tight.head(AREA) == commit.new_head


def test_a_full_disk_takes_every_commit_of_the_group_back(tight: SqlStore) -> None:
    small, big = a_commit(), a_commit(a_commit().new_head, count=50, why="x" * 4000)
    with pytest.raises(StoreBusyError):
        tight.write([small, big])
    assert tight.head(AREA) == START
    assert tight.records(AREA, 0, 10) == []


def test_a_file_that_is_no_database_is_told_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"this is not a journal " * 500)
    with pytest.raises(StoreCorruptError, match="restore the last backup"):
        SqlStore(sqlite_url(path))


def read_all(path: Path) -> list[Record]:
    store = SqlStore(sqlite_url(path))
    try:
        return store.records(AREA, 0, 1000)
    finally:
        store.close()


def test_a_damaged_file_is_told_with_the_remedy(store: SqlStore, path: Path) -> None:
    commit = a_commit(count=200, why="x" * 500)
    store.write([commit])
    store.close()
    content = bytearray(path.read_bytes())
    page = 4096
    for start in range(page, len(content), page):
        content[start : start + 200] = b"\xff" * 200
    path.write_bytes(bytes(content))
    with pytest.raises(StoreCorruptError, match="restore the last backup"):
        read_all(path)


def test_a_text_that_has_rotted_on_the_disk_is_told_as_damage(store: SqlStore, path: Path) -> None:
    store.write([a_commit(count=1, why="the disk is full " + "x" * 500)])
    store.close()
    path.write_bytes(path.read_bytes().replace(b"x" * 100, b"\xff" * 100))
    with pytest.raises(StoreCorruptError, match="restore the last backup"):
        read_all(path)


def test_a_table_whose_name_has_rotted_is_told_as_damage(store: SqlStore, path: Path) -> None:
    store.close()
    path.write_bytes(path.read_bytes().replace(b"tableareaarea", b"tableare\xffarea"))
    with pytest.raises(StoreCorruptError, match="restore the last backup"):
        read_all(path)


def test_a_reader_does_not_wait_for_whoever_writes(store: SqlStore, path: Path) -> None:
    commit = a_commit()
    store.write([commit])
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert store.head(AREA) == commit.new_head
    writer.execute("ROLLBACK")
    writer.close()


def test_a_journal_in_memory_can_be_begun_from_a_template() -> None:
    template = SqlStore("sqlite://")
    template.acquire(AREA, "us", NOW_S, TTL_S)
    copy = SqlStore("sqlite://", template.dump())
    copy.write([a_commit()])
    assert (copy.head(AREA).seq, template.head(AREA).seq) == (1, 0)
    copy.close()
    template.close()
