"""The jobs of several machines, on PostgreSQL.

Nothing here: `bot.store.job_tables` creates Procrastinate's tables after the migrations, because their version is the
installed package's.
"""

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing."""
