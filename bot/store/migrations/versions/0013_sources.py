"""Which announcement each source has brought."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source", sa.Column("announced", sa.DateTime(timezone=True), nullable=True))
