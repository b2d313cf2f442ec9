"""The statements of a commit, compiled once for each kind of database.

A controller runs several of them each turn; what SQLAlchemy does between a statement and its driver would cost more
than the database's own work.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import Connection, CursorResult, Insert, Table, Update, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from fleet.journal import tables as t
from fleet.journal.commit import Row

QUERY_TABLES = {"run": t.RUN, "trip": t.TRIP, "custody": t.CUSTODY, "assist": t.ASSIST}
QUERY_KEYS = {"run": "run_id", "trip": "trip_id", "custody": "parcel_id", "assist": "assist_id"}

Statement = Insert | Update


class Prepared:
    """A statement whose bound values are handed over by name.

    Args:
        make: the statement as a dialect spells it; an insert takes every column of its table.
    """

    def __init__(self, make: Callable[[Dialect], Statement]) -> None:
        self._make = make
        self._texts: dict[str, tuple[str, tuple[str, ...] | None]] = {}

    def run(self, tx: Connection, values: Row) -> CursorResult[Any]:
        text, places = self._text(tx.dialect)
        return tx.exec_driver_sql(text, _bound(values, places))

    def run_all(self, tx: Connection, rows: list[Row]) -> None:
        """The same for each row, which must be some."""
        text, places = self._text(tx.dialect)
        tx.exec_driver_sql(text, [_bound(row, places) for row in rows])

    def _text(self, dialect: Dialect) -> tuple[str, tuple[str, ...] | None]:
        """The SQL, and the order of its values where the driver counts them instead of naming them."""
        if (known := self._texts.get(dialect.name)) is None:
            compiled: Any = self._make(dialect).compile(dialect=dialect)
            places = tuple(compiled.positiontup) if compiled.positional else None
            known = self._texts[dialect.name] = str(compiled), places
        return known


def _bound(values: Row, places: tuple[str, ...] | None) -> tuple[object, ...] | dict[str, object]:
    return dict(values) if places is None else tuple([values[place] for place in places])


def _upsert(table: Table, key: str, dialect: Dialect) -> Insert:
    """Insert, or write over what is there; the one statement that both databases spell for themselves."""
    spelling: Any = sqlite if dialect.name == "sqlite" else postgresql
    statement = spelling.insert(table)
    values = [column.name for column in table.columns if column.name not in ("area", key)]
    made: Insert = statement.on_conflict_do_update(
        index_elements=["area", key], set_={name: statement.excluded[name] for name in values}
    )
    return made


MOVE_HEAD = Prepared(
    lambda _: (
        update(t.AREA)
        .where(
            t.AREA.c.area == bindparam("of"),
            t.AREA.c.epoch == bindparam("by"),
            t.AREA.c.seq == bindparam("from_seq"),
        )
        .values(seq=bindparam("seq"), hash=bindparam("hash"))
    )
)
RENEW = Prepared(
    lambda _: (
        update(t.AREA)
        .where(t.AREA.c.area == bindparam("of"), t.AREA.c.epoch == bindparam("by"))
        .values(expires_s=bindparam("expires_s"))
    )
)
ADD_EVENT = Prepared(lambda _: insert(t.EVENT))
ADD_OUTBOX = Prepared(lambda _: insert(t.OUTBOX))
MOVE_OUTBOX = Prepared(
    lambda _: (
        update(t.OUTBOX)
        .where(t.OUTBOX.c.area == bindparam("of"), t.OUTBOX.c.id == bindparam("row"))
        .values(status=bindparam("status"))
    )
)
ADD_KEY = Prepared(lambda _: insert(t.REQUEST_KEY))
REPLACE = {name: Prepared(partial(_upsert, table, QUERY_KEYS[name])) for name, table in QUERY_TABLES.items()}
