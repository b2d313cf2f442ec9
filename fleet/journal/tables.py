"""The tables: the append-only history, the outbox, the lease, and what people query.

Portable between SQLite and PostgreSQL: integers, texts and floats; JSON is text; instants are trade seconds.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

# One row per area: who owns it, since when, and where its history ends. Every commit is conditional on it.
AREA = Table(
    "area",
    METADATA,
    Column("area", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("expires_s", Float, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("hash", Text, nullable=False),
)

EVENT = Table(
    "event",
    METADATA,
    Column("area", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("trade_s", Float, nullable=False),
    Column("machine_s", Float, nullable=False),
    Column("type", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("actor", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("trace", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("area", "seq"),
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("area", Text, nullable=False),
    Column("id", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("vehicle_id", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("update_id", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("body", LargeBinary),
    Column("created_s", Float, nullable=False),
    Column("status", Text, nullable=False),
    PrimaryKeyConstraint("area", "id"),
    UniqueConstraint("area", "topic", "ref", "update_id"),
)
Index("outbox_open", OUTBOX.c.area, OUTBOX.c.status)
_HAS_BODY = OUTBOX.c.body.is_not(None)
Index("outbox_bodies", OUTBOX.c.area, OUTBOX.c.created_s, sqlite_where=_HAS_BODY, postgresql_where=_HAS_BODY)

REQUEST_KEY = Table(
    "request_key",
    METADATA,
    Column("area", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    PrimaryKeyConstraint("area", "key"),
)

RUN = Table(
    "run",
    METADATA,
    Column("area", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("brand", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("station_id", Text, nullable=False),
    Column("point_id", Text, nullable=False),
    Column("parcels", Integer, nullable=False),
    Column("ready_s", Float, nullable=False),
    Column("due_s", Float, nullable=False),
    Column("trip_id", Text),
    Column("delivered_s", Float),
    Column("cause", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("archived", Text),
    PrimaryKeyConstraint("area", "run_id"),
)

TRIP = Table(
    "trip",
    METADATA,
    Column("area", Text, nullable=False),
    Column("trip_id", Text, nullable=False),
    Column("vehicle_id", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("load_from_s", Float, nullable=False),
    Column("depart_s", Float, nullable=False),
    Column("return_s", Float, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("archived", Text),
    PrimaryKeyConstraint("area", "trip_id"),
)

CUSTODY = Table(
    "custody",
    METADATA,
    Column("area", Text, nullable=False),
    Column("parcel_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("run_id", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("area", "parcel_id"),
)

ASSIST = Table(
    "assist",
    METADATA,
    Column("area", Text, nullable=False),
    Column("assist_id", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("raised_s", Float, nullable=False),
    Column("deadline_s", Float, nullable=False),
    Column("resolved_s", Float),
    Column("resolution", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    PrimaryKeyConstraint("area", "assist_id"),
)

SNAPSHOT = Table(
    "snapshot",
    METADATA,
    Column("area", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("program", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("area", "seq"),
)
