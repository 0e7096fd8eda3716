"""Of which request a delivery is: what is sent to the unit is then found in the same trace."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the column."""
    op.add_column("deliveries", sa.Column("trace", sa.String))
