"""What units have told to be done, by when it was handed to them: their load is counted without it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

DONE = sa.text("reply = 'done'")


def upgrade() -> None:
    """Add the index."""
    columns = ["queued_at", "unit_id", "ticket_id"]
    op.create_index("ix_deliveries_done", "deliveries", columns, sqlite_where=DONE, postgresql_where=DONE)
