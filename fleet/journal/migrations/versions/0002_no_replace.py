"""History cannot be written over either: SQLite's INSERT OR REPLACE deletes without asking the delete trigger.

Revision: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute(
        "CREATE TRIGGER event_no_replace BEFORE INSERT ON event "
        "WHEN EXISTS (SELECT 1 FROM event WHERE area = NEW.area AND seq = NEW.seq) "
        "BEGIN SELECT RAISE(ABORT, 'history is append-only: an event is never changed or deleted'); END"
    )
