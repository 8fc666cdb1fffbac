"""Which editions have been thinned; indexes for what else would be read as a whole, and grows with the years."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("edition", sa.Column("thin", sa.Boolean(), nullable=False, server_default=sa.false()))
    # As SQLAlchemy writes the condition of a query, for SQLite to find that the index answers it.
    where = {"sqlite_where": sa.text("thin = 0"), "postgresql_where": sa.text("NOT thin")}
    op.create_index("ix_edition_whole", "edition", ["on"], **where)
    op.create_index("ix_edition_on", "edition", ["on"])
    op.create_index("ix_edition_of_receiver", "edition", ["receiver", "on"])
    op.drop_index("ix_edition_receiver", "edition")
