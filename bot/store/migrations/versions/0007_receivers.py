"""The ledger is kept by receiver instead of by subscription."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_EDITION = sa.table("edition", sa.column("subscription"), sa.column("receiver"))
_OLD, _NEW = (
    sa.table("ledger", sa.column(name), sa.column("paper"), sa.column("edition"))
    for name in ("subscription", "receiver")
)


def upgrade() -> None:
    op.add_column("edition", sa.Column("receiver", sa.Text(), nullable=False, server_default=""))
    connection = op.get_bind()
    names = connection.execute(sa.text("SELECT name, id FROM name")).mappings()
    ids = {row["name"]: row["id"] for row in names}
    editions = connection.scalars(sa.select(_EDITION.c.subscription).distinct())
    ledger = connection.scalars(sa.select(_OLD.c.subscription).distinct())
    receivers = {key: _receiver(key, ids) for key in {*editions, *ledger}}
    for key, receiver in receivers.items():
        op.execute(sa.update(_EDITION).where(_EDITION.c.subscription == key).values(receiver=receiver))
    _rebuild_ledger(receivers)
    with op.batch_alter_table("edition") as edition:
        edition.alter_column("receiver", server_default=None)
    op.create_index(op.f("ix_edition_receiver"), "edition", ["receiver"])


def _receiver(key: str, ids: dict[str, str]) -> str:
    """The receiver of a subscription's key, as `bot.delivery.ports.receiver` has it."""
    _, channel, target = key.split(":", 2)
    if channel == "email":
        target = target.casefold()
    if channel == "slack":
        target = ids.get(target, target)
    return f"{channel}:{target}"


def _rebuild_ledger(receivers: dict[str, str]) -> None:
    """Of the rows of several subscriptions for one receiver and paper, one is kept."""
    rows = op.get_bind().execute(sa.select(_OLD)).all()
    op.drop_table("ledger")
    op.create_table(
        "ledger",
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("paper", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("receiver", "paper", name=op.f("pk_ledger")),
    )
    op.create_index(op.f("ix_ledger_paper"), "ledger", ["paper"])
    kept = {(receivers[key], paper): edition for key, paper, edition in rows}
    op.bulk_insert(
        _NEW, [{"receiver": to, "paper": paper, "edition": edition} for (to, paper), edition in kept.items()]
    )
