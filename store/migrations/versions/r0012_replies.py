"""What units say of the dispatches that they were handed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Nobody has said anything yet."""
    op.add_column("deliveries", sa.Column("reply", sa.String))
    op.add_column("deliveries", sa.Column("replied_by", sa.String, nullable=False, server_default=""))
    op.add_column("deliveries", sa.Column("replied_at", sa.DateTime(timezone=True)))
    op.add_column("deliveries", sa.Column("reason", sa.Text, nullable=False, server_default=""))
    op.create_index("ix_deliveries_unit_id", "deliveries", ["unit_id", "delivery_id"])
