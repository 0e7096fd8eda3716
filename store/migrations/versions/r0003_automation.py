"""What the monitor has seen, what is suspended, and which decisions stood under a certificate."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)
SENT, AUDITED = sa.text("automatic = 'sent'"), sa.text("automatic = 'audited'")


def upgrade() -> None:
    """Add the tables and columns; earlier decisions stood under no certificate that is still valid here."""
    op.add_column("decisions", sa.Column("bundle_digest", sa.String))
    op.add_column("decisions", sa.Column("certificate_group", sa.String))
    op.add_column("decisions", sa.Column("automatic", sa.String))
    for index, column, where in (
        ("ix_decisions_sent", "unit_id", SENT),
        ("ix_decisions_audited", "bundle_digest", AUDITED),
    ):
        op.create_index(
            index, "decisions", [column, "decision_id"], sqlite_where=where, postgresql_where=where
        )
    op.create_table(
        "suspensions",
        sa.Column("suspension_id", SERIAL, primary_key=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "resumptions",
        sa.Column(
            "suspension_id",
            SERIAL,
            sa.ForeignKey("suspensions.suspension_id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "watched",
        sa.Column("bundle_digest", sa.String, primary_key=True),
        sa.Column("detector", sa.String, primary_key=True),
        sa.Column("key", KEY, primary_key=True),
        sa.Column("upto", sa.BigInteger, nullable=False),
        sa.Column("seen", sa.Text, nullable=False),
    )
