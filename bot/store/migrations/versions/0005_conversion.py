"""The progress of the conversion of stored texts to Unicode (`bot.store.conversion`)."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = op.create_table("conversion", sa.Column("last", sa.Text(), nullable=False))
    op.bulk_insert(table, [{"last": ""}])
