"""When a paper was announced in a category that is not its own."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("paper", sa.Column("crossed", sa.String(), nullable=True))
