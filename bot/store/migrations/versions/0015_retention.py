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
    sqlite, postgresql = sa.text("thin = 0"), sa.text("NOT thin")
    op.create_index("ix_edition_whole", "edition", ["on"], sqlite_where=sqlite, postgresql_where=postgresql)
    op.create_index("ix_edition_on", "edition", ["on"])
    op.create_index("ix_edition_of_receiver", "edition", ["receiver", "on"])
    op.drop_index("ix_edition_receiver", "edition")
