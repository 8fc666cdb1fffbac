"""Leases have a column of their own, and the waits of a delivery are counted."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery", sa.Column("lease", sa.DateTime(timezone=True), nullable=True))
    op.add_column("delivery", sa.Column("waited", sa.Float(), nullable=False, server_default="0"))
    op.execute("UPDATE delivery SET lease = until, until = NULL WHERE state = 'sending'")
    with op.batch_alter_table("delivery") as delivery:
        delivery.alter_column("waited", server_default=None)
        delivery.drop_column("since")
