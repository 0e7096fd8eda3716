"""Tickets that are in no area are in everybody's."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"

NOBODYS = """
INSERT INTO ticket_keys (kind, key, ticket_id)
SELECT 'ground', '', tickets.ticket_id FROM tickets
WHERE status IN ('in_review', 'on_hold') AND unit_id IS NULL AND NOT EXISTS (
    SELECT 1 FROM decisions WHERE decisions.ticket_id = tickets.ticket_id AND decisions.unit_id IS NOT NULL
)
"""


def upgrade() -> None:
    """What waits without a proposal; on whose ground the others are was not noted."""
    op.execute(NOBODYS)
