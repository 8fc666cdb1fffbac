"""Since when a source has been in trouble, and the service that a delivery waits for out of reach."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source", sa.Column("trouble_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("delivery", sa.Column("service_out_since", sa.DateTime(timezone=True), nullable=True))
