"""The first tables.

Revision: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = "history is append-only: an event is never changed or deleted"


def upgrade() -> None:
    op.create_table(
        "area",
        sa.Column("area", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("expires_s", sa.Float, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.create_table(
        "assist",
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("assist_id", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("raised_s", sa.Float, nullable=False),
        sa.Column("deadline_s", sa.Float, nullable=False),
        sa.Column("resolved_s", sa.Float),
        sa.Column("resolution", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("area", "assist_id"),
    )
    op.create_table(
        "custody",
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("parcel_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("area", "parcel_id"),
    )
    op.create_table(
        "event",
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("trade_s", sa.Float, nullable=False),
        sa.Column("machine_s", sa.Float, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("trace", sa.Text, nullable=False),
        sa.Column("brand", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("prev_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("area", "seq"),
    )
    op.create_table(
        "outbox",
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("vehicle_id", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("update_id", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("created_s", sa.Float, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("area", "id"),
        sa.UniqueConstraint("area", "topic", "ref", "update_id"),
    )
    op.create_index("outbox_open", "outbox", ["area", "status"])
    op.create_table(
        "request_key",
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("area", "key"),
    )
    op.create_table(
        "run",
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("brand", sa.Text, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("station_id", sa.Text, nullable=False),
        sa.Column("point_id", sa.Text, nullable=False),
        sa.Column("parcels", sa.Integer, nullable=False),
        sa.Column("ready_s", sa.Float, nullable=False),
        sa.Column("due_s", sa.Float, nullable=False),
        sa.Column("trip_id", sa.Text),
        sa.Column("delivered_s", sa.Float),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("area", "run_id"),
    )
    op.create_table(
        "snapshot",
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("program", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("area", "seq"),
    )
    op.create_table(
        "trip",
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("trip_id", sa.Text, nullable=False),
        sa.Column("vehicle_id", sa.Text, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("load_from_s", sa.Float, nullable=False),
        sa.Column("depart_s", sa.Float, nullable=False),
        sa.Column("return_s", sa.Float, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("area", "trip_id"),
    )
    _guard_history()


def _guard_history() -> None:
    """Refuse changes of history in the database itself, whoever asks."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER event_no_{verb.lower()} BEFORE {verb} ON event "
                f"BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION event_is_append_only() RETURNS trigger AS "
        f"$$ BEGIN RAISE EXCEPTION '{APPEND_ONLY}'; END $$ LANGUAGE plpgsql"
    )
    op.execute(
        "CREATE TRIGGER event_guard BEFORE UPDATE OR DELETE ON event "
        "FOR EACH ROW EXECUTE FUNCTION event_is_append_only()"
    )
