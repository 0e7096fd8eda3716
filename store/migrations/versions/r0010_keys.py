"""Keys by which the service lets people and programs in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the table; it is empty until the first key is made."""
    op.create_table(
        "api_keys",
        sa.Column("number", SERIAL, primary_key=True),
        sa.Column("key_id", KEY, nullable=False, unique=True),
        sa.Column("digest", KEY, nullable=False, unique=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
    )
