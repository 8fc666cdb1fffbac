"""Readers' answers; log-ins, edits and feeds of the web pages; pauses that end by themselves."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "answer",
        sa.Column("id", sa.Integer(), nullable=False),
        *map(_text, ("action", "profile", "who")),
        sa.Column("kind", sa.String(), nullable=False),
        *map(_text, ("paper", "subject", "interest", "undoes")),
        sa.Column("via", sa.String(), nullable=False),
        _moment("at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sa.UniqueConstraint("action", name=op.f("uq_answer_action")),
    )
    op.create_index(op.f("ix_answer_profile"), "answer", ["profile"])
    op.create_table(
        "login",
        *map(_text, ("id", "address")),
        _moment("made"),
        _moment("used", nullable=True),
        _text("session", nullable=True),
        _moment("ended", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login")),
        sa.UniqueConstraint("session", name=op.f("uq_login_session")),
    )
    op.create_index(op.f("ix_login_address"), "login", ["address"])
    op.create_table(
        "profile_edit",
        sa.Column("id", sa.Integer(), nullable=False),
        *map(_text, ("profile", "who")),
        _moment("at"),
        *map(_text, ("before", "after")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile_edit")),
    )
    op.create_index(op.f("ix_profile_edit_profile"), "profile_edit", ["profile"])
    op.create_table(
        "feed",
        _text("profile"),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("profile", name=op.f("pk_feed")),
    )
    op.create_index("ix_edition_of_profile", "edition", ["profile", "on"])
    op.add_column("pause", _moment("until", nullable=True))
