"""Sessions that keys began at a console."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the table; nobody is signed in."""
    op.create_table(
        "sessions",
        sa.Column("number", SERIAL, primary_key=True),
        sa.Column("session_id", KEY, nullable=False, unique=True),
        sa.Column("digest", KEY, nullable=False, unique=True),
        sa.Column("key_id", KEY, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
    )
