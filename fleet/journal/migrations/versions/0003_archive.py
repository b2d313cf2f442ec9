"""Runs and trips that left the state are whole in their rows; parcels tell their run; outbox bodies can be dropped.

Revision: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ARCHIVED_STAYS = "an archived run or trip is never changed or deleted"


def upgrade() -> None:
    op.add_column("run", sa.Column("archived", sa.Text))
    op.add_column("trip", sa.Column("archived", sa.Text))
    op.add_column("custody", sa.Column("run_id", sa.Text, nullable=False, server_default=""))
    has_body = sa.text("body IS NOT NULL")
    op.create_index("outbox_bodies", "outbox", ["area", "created_s"], sqlite_where=has_body, postgresql_where=has_body)
    _guard_archive()


def _guard_archive() -> None:
    """Refuse changes of what is archived in the database itself, whoever asks."""
    if op.get_bind().dialect.name == "sqlite":
        for table in ("run", "trip"):
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_archived_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"WHEN OLD.archived IS NOT NULL BEGIN SELECT RAISE(ABORT, '{ARCHIVED_STAYS}'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION archived_stays() RETURNS trigger AS "
        f"$$ BEGIN RAISE EXCEPTION '{ARCHIVED_STAYS}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        " LANGUAGE plpgsql"
    )
    for table in ("run", "trip"):
        op.execute(
            f"CREATE TRIGGER {table}_archived_guard BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW WHEN (OLD.archived IS NOT NULL) EXECUTE FUNCTION archived_stays()"
        )
