"""The secret by which tickets are drawn for blind reviews: nobody can foresee which."""

from __future__ import annotations

from secrets import token_hex

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

META = sa.table("meta", sa.column("name", sa.String), sa.column("value", sa.String))


def upgrade() -> None:
    """Each store draws its own."""
    op.bulk_insert(META, [{"name": "audit_salt", "value": token_hex(16)}])
