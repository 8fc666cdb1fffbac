"""The counts of the papers' terms, and an index that covers the choice of a sample.

Those of papers that are stored already are made when they are first needed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_paper_draw", table_name="paper")
    op.create_index("ix_paper_sample", "paper", ["draw", "first_seen", "withdrawn", "id"], unique=False)
    op.create_table(
        "terms",
        sa.Column("paper", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["paper"], ["paper.id"], name=op.f("fk_terms_paper_paper"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("paper", name=op.f("pk_terms")),
    )
