"""What delivering exactly once needs: where a delivery goes and how far it came, lanes, pauses, names, bounces.

A delivery no longer needs an edition: alerts have none.
"""

import json
from itertools import islice

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OF_EDITION = ("subscription", "channel", "target")
_DELIVERY = sa.table(
    "delivery", sa.column("shows", sa.JSON()), *map(sa.column, ("id", "edition", *_OF_EDITION))
)


def upgrade() -> None:
    _new_tables()
    op.add_column("attempt", sa.Column("stage", sa.String(), nullable=False, server_default="claimed"))
    for column in (
        sa.Column("subscription", sa.Text(), nullable=False, server_default=""),
        sa.Column("channel", sa.String(), nullable=False, server_default=""),
        sa.Column("target", sa.Text(), nullable=False, server_default=""),
        sa.Column("shows", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("stage", sa.String(), nullable=False, server_default="claimed"),
        sa.Column("blind", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("incident", sa.Text(), nullable=True),
        sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("delivery", column)
    _fill()
    with op.batch_alter_table("attempt") as attempt:
        attempt.alter_column("stage", server_default=None)
    with op.batch_alter_table("delivery") as delivery:
        delivery.drop_column("payload")
        delivery.alter_column("edition", existing_type=sa.String(), nullable=True)
        for name in ("subscription", "channel", "target", "shows", "stage", "blind", "told"):
            delivery.alter_column(name, server_default=None)
    with op.batch_alter_table("message") as message:  # not before: the table that it refers to was made anew
        message.create_foreign_key(
            op.f("fk_message_delivery_delivery"), "delivery", ["delivery"], ["id"], ondelete="CASCADE"
        )
    op.create_index(op.f("ix_delivery_subscription"), "delivery", ["subscription"])
    stopped = sa.text("incident IS NOT NULL")
    op.create_index(
        "ix_delivery_incident", "delivery", ["incident"], sqlite_where=stopped, postgresql_where=stopped
    )


def _new_tables() -> None:
    op.create_table(
        "lane",
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("free", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_lane")),
    )
    op.create_table(
        "pause",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_pause")),
    )
    op.create_table(
        "name",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_name")),
    )
    op.create_table(
        "bounce",
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("delivery", sa.String(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("report", name=op.f("pk_bounce")),
    )
    op.create_table(
        "message",
        sa.Column("delivery", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("delivery", name=op.f("pk_message")),
    )


def _fill() -> None:
    """Deliveries learn what their editions say. What was being sent may have arrived, and what had stopped was
    told of already."""
    edition = sa.table("edition", *map(sa.column, ("id", *_OF_EDITION)))
    of_edition = {
        name: sa.select(edition.c[name]).where(edition.c.id == _DELIVERY.c.edition).scalar_subquery()
        for name in _OF_EDITION
    }
    op.execute(sa.update(_DELIVERY).values(**of_edition))
    op.execute("INSERT INTO message (delivery, payload) SELECT id, payload FROM delivery")
    op.execute("UPDATE delivery SET since = started")
    op.execute("UPDATE delivery SET stage = 'data' WHERE state = 'sending'")
    op.execute("UPDATE delivery SET blind = 1 WHERE channel = 'email' AND attempts < 2")
    op.execute("UPDATE delivery SET told = TRUE, incident = id WHERE state IN ('failed', 'uncertain')")
    _fill_shows()


def _fill_shows() -> None:
    """The papers of an edition lie in its digest, in the order in which its parts show them."""
    connection = op.get_bind()
    editions = connection.execute(sa.text("SELECT id, digest FROM edition WHERE papers > 0")).all()
    for edition, digest in editions:
        stored = json.loads(digest) if isinstance(digest, str) else digest
        ids = iter([one["paper"]["id"] for one in stored.get("papers", ()) if isinstance(one, dict)])
        parts = connection.execute(
            sa.text("SELECT id, papers FROM delivery WHERE edition = :edition ORDER BY part"),
            {"edition": edition},
        )
        for id_, papers in parts.all():
            shown = list(islice(ids, papers))
            connection.execute(sa.update(_DELIVERY).where(_DELIVERY.c.id == id_).values(shows=shown))
