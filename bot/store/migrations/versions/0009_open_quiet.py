"""A quiet edition may wait for sources in trouble."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("edition", sa.Column("awaits", sa.Text(), nullable=True))
