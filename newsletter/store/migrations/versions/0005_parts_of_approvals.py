"""Approvals know their parts, so that a refusal can name what changed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    parts = sa.Column("parts", sa.JSON(), server_default="{}", nullable=False)
    op.add_column("approvals", parts)
