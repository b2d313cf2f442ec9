"""The store over SQLAlchemy Core: SQLite by default, PostgreSQL on the same path."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    delete,
    event,
    exists,
    insert,
    select,
    update,
)
from sqlalchemy import exc as sql_errors
from sqlalchemy.pool import StaticPool

from fleet.errors import FencedError, JournalError, StoreBusyError, StoreCorruptError, StoreUnsureError
from fleet.journal import statements as sql
from fleet.journal import tables as t
from fleet.journal.commit import Commit, Lease, Row, Saved
from fleet.journal.file_format import READS_ONLY, bring_up_to_date, reading_uri, refuse_older
from fleet.journal.record import FIRST_HASH, Head, Record
from fleet.journal.snapshot import program
from fleet.orders.outlet import OutboxRow, OutboxStatus

NAMED_KEYS = {**sql.QUERY_KEYS, "request_key": "key"}
NAMES_AT_ONCE = 500
SNAPSHOTS_KEPT = 2
RECORD_FIELDS = tuple(column.name for column in t.EVENT.columns)


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def reading_url(path: Path) -> str:
    """For a store of which nothing but its history is asked, where it cannot be written.

    Raises:
        StoreBusyError: its latest commits cannot be read here.
    """
    return f"sqlite:///{reading_uri(path)}&uri=true"


class SqlStore:
    """History in a database.

    Args:
        url: of SQLAlchemy; "sqlite://" is a database in memory that lives as long as this object.
        template: contents of a database to begin with, in memory only; for tests that open many.
    """

    def __init__(self, url: str, template: bytes | None = None) -> None:
        self._engine = _engine(url)
        self._lock = threading.Lock()
        if template is not None:
            with self._engine.connect() as connection:
                _raw(connection).deserialize(template)
        elif READS_ONLY in url:
            self._open_to_read()
        else:
            self._migrate()

    # Ownership ----------------------------------------------------------------------------------------------------

    def acquire(self, area: str, owner: str, now_s: float, ttl_s: float, *, by_force: bool = False) -> Lease:
        with self._transaction() as tx:
            row = tx.execute(select(t.AREA).where(t.AREA.c.area == area)).one_or_none()
            if row is None:
                lease = Lease(area, owner, 1, now_s + ttl_s)
                tx.execute(
                    insert(t.AREA).values(
                        area=area, owner=owner, epoch=1, expires_s=lease.expires_s, seq=0, hash=FIRST_HASH
                    )
                )
                return lease
            if row.expires_s > now_s and row.owner != owner and not by_force:
                raise FencedError(
                    f"area {area!r} is owned by {row.owner} for another {row.expires_s - now_s:.1f} s;"
                    " stop that controller or wait"
                )
            lease = Lease(area, owner, row.epoch + 1, now_s + ttl_s)
            changed = tx.execute(
                update(t.AREA)
                .where(t.AREA.c.area == area, t.AREA.c.epoch == row.epoch)
                .values(owner=owner, epoch=lease.epoch, expires_s=lease.expires_s)
            )
            if changed.rowcount != 1:
                raise FencedError(f"area {area!r} was taken by another controller at this moment")
            return lease

    def renew(self, lease: Lease, expires_s: float) -> None:
        with self._transaction() as tx:
            changed = sql.RENEW.run(tx, {"of": lease.area, "by": lease.epoch, "expires_s": expires_s})
            if changed.rowcount != 1:
                raise FencedError(f"area {lease.area!r} has another owner since epoch {lease.epoch}")

    # Writing ------------------------------------------------------------------------------------------------------

    def write(self, commits: list[Commit]) -> list[Exception | None]:
        if len(commits) == 1:
            return [self._write_alone(commits[0])]
        outcomes: list[Exception | None] = []
        with self._transaction() as tx:
            for commit in commits:
                try:
                    with tx.begin_nested():
                        _write_one(tx, commit)
                    outcomes.append(None)
                except (FencedError, sql_errors.IntegrityError, sql_errors.DataError) as error:
                    outcomes.append(_told(error))
        return outcomes

    def _write_alone(self, commit: Commit) -> Exception | None:
        """A commit that shares its transaction with nobody needs no savepoint."""
        try:
            with self._transaction() as tx:
                _write_one(tx, commit)
        except FencedError as error:
            return error
        return None

    def write_snapshot(self, area: str, epoch: int, head: Head, body: str) -> None:
        with self._transaction() as tx:
            ours = select(t.AREA.c.seq).where(t.AREA.c.area == area, t.AREA.c.epoch == epoch)
            if tx.execute(ours).one_or_none() is None:
                raise FencedError(f"area {area!r} moved on without epoch {epoch}; no snapshot was written")
            _write_snapshot(tx, area, head, body)

    def drop_bodies(self, area: str, epoch: int, before_s: float, kept: Sequence[str], limit: int) -> int:
        old = (
            select(t.OUTBOX.c.id)
            .where(
                t.OUTBOX.c.area == area,
                t.OUTBOX.c.body.is_not(None),
                t.OUTBOX.c.created_s <= before_s,
                t.OUTBOX.c.status != OutboxStatus.COMMITTED.value,
                t.OUTBOX.c.ref.not_in(kept),
            )
            .order_by(t.OUTBOX.c.created_s)
            .limit(limit)
        )
        is_ours = exists().where(t.AREA.c.area == area, t.AREA.c.epoch == epoch)
        with self._transaction() as tx:
            dropped = tx.execute(
                update(t.OUTBOX).where(t.OUTBOX.c.area == area, t.OUTBOX.c.id.in_(old), is_ours).values(body=None)
            )
            return dropped.rowcount

    # Reading ------------------------------------------------------------------------------------------------------

    def head(self, area: str) -> Head:
        with self._reading() as tx:
            row = tx.execute(select(t.AREA.c.seq, t.AREA.c.hash).where(t.AREA.c.area == area)).one_or_none()
        return Head(0, FIRST_HASH) if row is None else Head(row.seq, row.hash)

    def load(self, area: str) -> Saved:
        head = self.head(area)
        with self._reading() as tx:
            snapshot = tx.execute(
                select(t.SNAPSHOT.c.seq, t.SNAPSHOT.c.body)
                .where(t.SNAPSHOT.c.area == area, t.SNAPSHOT.c.program == program())
                .order_by(t.SNAPSHOT.c.seq.desc())
                .limit(1)
            ).one_or_none()
            open_rows = tx.execute(
                select(t.OUTBOX)
                .where(t.OUTBOX.c.area == area, t.OUTBOX.c.status == OutboxStatus.COMMITTED.value)
                .order_by(t.OUTBOX.c.id)
            ).all()
            last_id = tx.execute(
                select(t.OUTBOX.c.id).where(t.OUTBOX.c.area == area).order_by(t.OUTBOX.c.id.desc()).limit(1)
            ).scalar()
        seq = snapshot.seq if snapshot else 0
        # Without a snapshot the whole history is needed, and whoever needs it reads it page by page.
        records = self.records(area, seq, head.seq - seq) if snapshot else []
        return Saved(
            head=head,
            snapshot=snapshot.body if snapshot else None,
            snapshot_seq=seq,
            records=tuple(records),
            outbox=tuple(_outbox_row(row) for row in open_rows),
            outbox_id_max=last_id or 0,
        )

    def records(self, area: str, after_seq: int, limit: int) -> list[Record]:
        query = select(t.EVENT).where(t.EVENT.c.area == area, t.EVENT.c.seq > after_seq)
        with self._reading() as tx:
            rows = tx.execute(query.order_by(t.EVENT.c.seq).limit(max(limit, 0))).all()
        return [Record(**dict(zip(RECORD_FIELDS, row, strict=True))) for row in rows]

    def rows(self, table: str, area: str) -> list[Row]:
        chosen = {**sql.QUERY_TABLES, "outbox": t.OUTBOX}[table]
        with self._reading() as tx:
            rows = tx.execute(select(chosen).where(chosen.c.area == area)).all()
        return [dict(row._mapping) for row in rows]

    def rows_of(self, table: str, area: str, names: Sequence[str]) -> list[Row]:
        chosen, key = {**sql.QUERY_TABLES, "request_key": t.REQUEST_KEY}[table], NAMED_KEYS[table]
        found: list[Row] = []
        for first in range(0, len(names), NAMES_AT_ONCE):
            part = names[first : first + NAMES_AT_ONCE]
            with self._reading() as tx:  # one by one, so that whoever writes need not wait for all of them
                rows = tx.execute(select(chosen).where(chosen.c.area == area, chosen.c[key].in_(part))).all()
            found += [dict(row._mapping) for row in rows]
        return found

    def close(self) -> None:
        self._engine.dispose()

    def dump(self) -> bytes:
        """The whole database, of a SQLite store; serves as a template for others."""
        with self._engine.connect() as connection:
            return bytes(_raw(connection).serialize())

    # Inside -------------------------------------------------------------------------------------------------------

    def _migrate(self) -> None:
        with self._lock, _telling(), self._engine.connect() as connection:
            _begin(connection, "BEGIN IMMEDIATE")
            bring_up_to_date(connection)
            connection.commit()

    def _open_to_read(self) -> None:
        with self._lock, _telling(), self._engine.connect() as connection:
            refuse_older(connection)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """Who writes waits for its turn at the beginning."""
        with self._lock, _telling(), self._engine.begin() as connection:
            _begin(connection, "BEGIN IMMEDIATE")
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """Who reads waits for nobody."""
        with self._lock, _telling(), self._engine.begin() as connection:
            _begin(connection, "BEGIN")
            yield connection


def _write_one(tx: Connection, commit: Commit) -> None:
    new = commit.new_head
    fenced = sql.MOVE_HEAD.run(
        tx,
        {"of": commit.area, "by": commit.epoch, "from_seq": commit.head.seq, "seq": new.seq, "hash": new.hash},
    )
    if fenced.rowcount != 1:
        raise FencedError(f"area {commit.area!r} moved on without epoch {commit.epoch}; nothing was written")
    if commit.records:
        sql.ADD_EVENT.run_all(tx, [_record_row(record) for record in commit.records])
    if commit.outbox:
        sql.ADD_OUTBOX.run_all(tx, [_outbox_values(commit.area, row) for row in commit.outbox])
    if commit.moves:
        sql.MOVE_OUTBOX.run_all(tx, [{"of": commit.area, "row": i, "status": s.value} for i, s in commit.moves])
    for name, rows in commit.tables.items():
        sql.REPLACE[name].run_all(tx, [{"area": commit.area, "seq": new.seq, **row} for row in rows])
    if commit.keys:
        sql.ADD_KEY.run_all(tx, [{"area": commit.area, "key": k, "digest": d, "seq": new.seq} for k, d in commit.keys])
    if commit.snapshot is not None:
        _write_snapshot(tx, commit.area, new, commit.snapshot)


def _write_snapshot(tx: Connection, area: str, head: Head, body: str) -> None:
    tx.execute(delete(t.SNAPSHOT).where(t.SNAPSHOT.c.area == area, t.SNAPSHOT.c.seq == head.seq))
    tx.execute(insert(t.SNAPSHOT).values(area=area, seq=head.seq, program=program(), hash=head.hash, body=body))
    kept = (
        select(t.SNAPSHOT.c.seq)
        .where(t.SNAPSHOT.c.area == area)
        .order_by(t.SNAPSHOT.c.seq.desc())
        .limit(SNAPSHOTS_KEPT)
    )
    tx.execute(delete(t.SNAPSHOT).where(t.SNAPSHOT.c.area == area, t.SNAPSHOT.c.seq.not_in(kept)))


def _record_row(record: Record) -> dict[str, object]:
    return {name: getattr(record, name) for name in RECORD_FIELDS}


def _outbox_values(area: str, row: OutboxRow) -> dict[str, object]:
    names = ("id", "seq", "vehicle_id", "topic", "ref", "update_id", "digest", "body", "created_s")
    values: dict[str, object] = {name: getattr(row, name) for name in names}
    return {"area": area, "status": OutboxStatus.COMMITTED.value, **values}


def _outbox_row(row: Any) -> OutboxRow:
    return OutboxRow(
        id=row.id,
        seq=row.seq,
        vehicle_id=row.vehicle_id,
        topic=row.topic,
        ref=row.ref,
        update_id=row.update_id,
        body=row.body,
        digest=row.digest,
        created_s=row.created_s,
    )


# The database ---------------------------------------------------------------------------------------------------------


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    in_memory = url in ("sqlite://", "sqlite:///:memory:")
    engine = (
        create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
        if in_memory
        else create_engine(url, connect_args={"check_same_thread": False, "timeout": 2.0})
    )
    event.listen(engine, "connect", _sqlite_opened_to_read if READS_ONLY in url else _sqlite_opened)
    return engine


def _sqlite_opened(raw: Any, _record: object) -> None:
    raw.isolation_level = None  # we say BEGIN ourselves: the driver would begin too late, and never IMMEDIATE
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        raw.execute(f"PRAGMA {pragma}")


def _sqlite_opened_to_read(raw: Any, _record: object) -> None:
    raw.isolation_level = None


def _begin(connection: Connection, words: str) -> None:
    """In SQLite we say BEGIN ourselves; as a listener of SQLAlchemy's it would cost every statement something."""
    if connection.dialect.name == "sqlite":
        _raw(connection).execute(words)


def _raw(connection: Connection) -> Any:
    return connection.connection.driver_connection


@contextmanager
def _telling() -> Iterator[None]:
    """Errors of the database in our words: was nothing written, is it unknown, or is the file unusable."""
    try:
        yield
    except JournalError:
        raise
    except (sql_errors.SQLAlchemyError, sqlite3.Error, OSError, UnicodeDecodeError) as error:
        raise _told(error) from error


def _told(error: Exception) -> Exception:
    if isinstance(error, JournalError):
        return error
    text = str(getattr(error, "orig", error))
    low = text.lower()
    is_no_text = isinstance(error, UnicodeDecodeError) or low.startswith("could not decode")
    if is_no_text or "malformed" in low or "not a database" in low:
        return StoreCorruptError(
            f"the journal is damaged ({text}); restore the last backup, or move the file away to begin a new one"
        )
    if "no such table" in low or "no such column" in low:
        return StoreCorruptError(f"the journal has another format than this program ({text})")
    if "full" in low:
        return StoreBusyError(f"the journal cannot grow ({text}); free space on its disk")
    if any(word in low for word in ("savepoint", "locked", "busy", "i/o error", "readonly", "unable to open")):
        return StoreBusyError(f"the journal cannot be written ({text}); see to its disk and its rights")
    if isinstance(error, sql_errors.IntegrityError):
        return FencedError(f"the journal already holds what was to be written ({text})")
    return StoreUnsureError(f"it is unknown whether the journal was written ({text})")
