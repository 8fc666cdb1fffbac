"""The tables. Only the store uses them; the other rooms see values."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Dialect,
    Index,
    Integer,
    MetaData,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

#: Names for constraints, so that migrations can name what they change, on SQLite too:
#: https://alembic.sqlalchemy.org/en/latest/batch.html
NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


#: `PaperRow.draw` of a thin paper, which is in no sample (`bot.store.retention`).
THIN = -1


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime: SQLite returns naive ones even with `timezone=True` (measured)."""

    impl = SqlDateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(SQLModel):
    metadata = MetaData(naming_convention=NAMES)


def _json() -> Any:
    return Field(sa_column=Column(JSON, nullable=False))


def _text(**options: Any) -> Any:
    return Field(sa_type=Text, **options)


def _renamed(column: str, attribute: str, type_: Any) -> Any:
    """A column whose name in the database is an older one."""
    return Column(column, type_, key=attribute, nullable=False)


def _moment(**options: Any) -> Any:
    return Field(sa_type=UtcDateTime, **options)


class PaperRow(Base, table=True):
    """A Paper."""

    __tablename__ = "paper"
    #: Covers the choice of a random sample, so that only the rows of its papers are read.
    __table_args__ = (Index("ix_paper_sample", "draw", "first_seen", "withdrawn", "id"),)

    id: str = _text(primary_key=True)
    title: str = _text()
    abstract: str = _text()
    authors: list[str] = _json()
    author_count: int | None = None
    categories: list[str] = _json()
    organization: str | None = _text(default=None)
    sources: list[str] = _json()
    url: str | None = _text(default=None)
    version: int | None = None
    published: str | None = None
    updated: str | None = None
    announced: str | None = None
    crossed: str | None = None
    first_seen: datetime = _moment(index=True)
    votes: int | None = None
    comments: int | None = None
    withdrawn: bool = False
    cut: bool = False
    text_source: str = ""
    #: A random number derived from the id: the first N papers in its order are a fixed random sample. Or THIN.
    draw: int


class TermsRow(Base, table=True):
    """The term counts of a paper, made once for each text; apart, as most queries do not need them."""

    __tablename__ = "terms"

    paper: str = _text(primary_key=True, foreign_key="paper.id", ondelete="CASCADE")
    version: int  #: of the counting (`TermCounter.version`)
    counts: bytes


class AliasRow(Base, table=True):
    """A key (an id or a `title:` key) that leads to a paper."""

    __tablename__ = "alias"

    key: str = _text(primary_key=True)
    paper: str = _text(primary_key=True, index=True, foreign_key="paper.id", ondelete="CASCADE")


class LedgerRow(Base, table=True):
    """A paper that a receiver has been given. No foreign keys: a row outlives the paper and the edition."""

    __tablename__ = "ledger"

    receiver: str = _text(primary_key=True)
    paper: str = _text(primary_key=True, index=True)
    edition: str = _text()


class EditionRow(Base, table=True):
    """A subscription's digest for one local date: the unique key allows only one."""

    __tablename__ = "edition"
    __table_args__ = (
        UniqueConstraint("subscription", "on"),
        Index("ix_edition_of_profile", "profile", "on"),
        Index("ix_edition_of_receiver", "receiver", "on"),
        Index("ix_edition_on", "on"),
        Index("ix_edition_whole", "on", sqlite_where=text("thin = 0"), postgresql_where=text("NOT thin")),
    )

    id: str = Field(primary_key=True)  #: the ids of its deliveries begin with it
    subscription: str = _text()
    profile: str = _text()
    channel: str
    target: str = _text()
    receiver: str = _text()
    on: date
    made: datetime = _moment()
    papers: int  #: how many; 0 is a quiet day
    candidates: int
    why: str = _text(default="")  #: for a quiet day
    awaits: str | None = _text(
        default=None
    )  #: while a quiet day waits for the sources: what they had answered
    digest: dict[str, Any] = _json()
    #: Whether the digest has only the ids and titles of its papers (`bot.delivery.editions.thin_json`).
    thin: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))


class DeliveryRow(Base, table=True):
    """The sending of one message. Its bytes and its target never change."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("edition", "part"),
        Index("ix_delivery_waiting", "state", "until"),
        Index(
            "ix_delivery_incident",  # few deliveries stop
            "incident",
            sqlite_where=text("incident IS NOT NULL"),
            postgresql_where=text("incident IS NOT NULL"),
        ),
    )

    id: str = Field(primary_key=True)
    edition: str | None = Field(
        default=None, index=True, foreign_key="edition.id", ondelete="CASCADE"
    )  #: None for an alert
    subscription: str = _text(index=True)
    channel: str
    target: str = _text()
    part: int  #: from 1
    papers: int
    shows: list[str] = _json()  #: ids of the papers; of an alert, of the broken profiles that it reports
    state: str  #: pending, sending, sent, waiting, failed, uncertain
    attempts: int = 0
    started: datetime | None = _moment(default=None)  #: of the first attempt
    #: Seconds of all waits that were set since the first attempt, `resend`, or the last wait for its service.
    waited: float = 0.0
    #: While it waits for its service, which is out of reach.
    service_out_since: datetime | None = _moment(default=None)
    until: datetime | None = _moment(default=None)  #: not tried before this time
    owner: str | None = None  #: the holder of the lease
    lease: datetime | None = _moment(default=None)  #: its end, by the database's clock; None: nobody has one
    stage: str = "claimed"  #: of the newest attempt
    #: How often it may be sent again although it may have arrived already.
    unverified_retries: int = Field(default=0, sa_column=_renamed("blind", "unverified_retries", Integer))
    receipt: str | None = _text(default=None)
    why: str = _text(default="")
    incident: str | None = _text(default=None)  #: why it stopped; None while it has not
    #: Whether the operator has been alerted to its incident.
    reported: bool = Field(default=False, sa_column=_renamed("told", "reported", Boolean))


class MessageRow(Base, table=True):
    """The bytes of a delivery, apart from its row, which databases rewrite as a whole at every change of state."""

    __tablename__ = "message"

    delivery: str = Field(primary_key=True, foreign_key="delivery.id", ondelete="CASCADE")
    payload: bytes


class AttemptRow(Base, table=True):
    """One attempt at a delivery: added before it is made, completed after."""

    __tablename__ = "attempt"

    id: int | None = Field(default=None, primary_key=True)
    delivery: str = Field(index=True, foreign_key="delivery.id", ondelete="CASCADE")
    started: datetime = _moment()
    stage: str = "claimed"  #: how far it came
    finished: datetime | None = _moment(default=None)
    outcome: str | None = None
    why: str = _text(default="")


class TurnRow(Base, table=True):
    """When a receiver takes its next message, for the senders of all processes."""

    __tablename__ = "lane"

    lane: str = _text(primary_key=True)
    free: datetime = _moment()  #: by the database's clock


class PauseRow(Base, table=True):
    """A scope that nothing is sent to until it is resumed, or until the pause ends."""

    __tablename__ = "pause"

    scope: str = _text(primary_key=True)  #: a channel, a `channel:target`, or a subscription
    since: datetime = _moment()
    why: str = _text()
    until: datetime | None = _moment(default=None)  #: when it ends by itself


class NameRow(Base, table=True):
    """The id of a channel's name (`#papers`)."""

    __tablename__ = "name"

    name: str = _text(primary_key=True)
    id: str = _text()


class BounceRow(Base, table=True):
    """A report that a mail did not arrive."""

    __tablename__ = "bounce"

    report: str = _text(primary_key=True)  #: its id: a mailbox that is read twice counts once
    delivery: str  #: no foreign key: the count outlives the delivery
    target: str = _text()
    kind: str  #: hard, soft
    status: str  #: as 5.1.1; empty when unknown
    why: str = _text()
    at: datetime = _moment()


class SourceRow(Base, table=True):
    """The last outcome of a source (a SourceState)."""

    __tablename__ = "source"

    name: str = Field(primary_key=True)
    last_attempt: datetime = _moment()
    last_success: datetime | None = _moment(default=None)
    last_new: datetime | None = _moment(default=None)  #: when it last brought a new paper
    state: str  #: as in SourceState
    why: str = _text(default="")
    retry_at: datetime | None = _moment(default=None)  #: the service asked not to be called before
    announced: datetime | None = _moment(default=None)  #: the newest announcement that it has brought
    trouble_since: datetime | None = _moment(default=None)  #: since when its requests have had no good answer


class ValidatorRow(Base, table=True):
    """ETag and Last-Modified of an answer that was stored: for conditional requests (RFC 9110, 13)."""

    __tablename__ = "validator"

    url: str = _text(primary_key=True)
    etag: str | None = _text(default=None)
    last_modified: str | None = None


class LookupRow(Base, table=True):
    """A paper that a source was asked for and does not have."""

    __tablename__ = "lookup"

    key: str = _text(primary_key=True)  #: its id, or the key of its title
    asked: datetime = _moment()


class AnswerRow(Base, table=True):
    """An Answer. Never changed or deleted; without foreign keys, as it outlives the paper and the edition."""

    __tablename__ = "answer"
    __table_args__ = (UniqueConstraint("action"),)

    id: int | None = Field(default=None, primary_key=True)  #: the order in which answers were stored
    action: str = _text()
    profile: str = _text(index=True)
    who: str = _text()
    kind: str
    paper: str = _text()
    subject: str = _text(default="")
    interest: str = _text(default="")
    undoes: str = _text(default="")
    via: str
    at: datetime = _moment()


class LoginRow(Base, table=True):
    """A link that was mailed to log in with, and the session that its use began."""

    __tablename__ = "login"

    id: str = _text(primary_key=True)  #: SHA-256 of the token in the link, in hexadecimal
    address: str = _text(index=True)
    made: datetime = _moment()
    used: datetime | None = _moment(default=None)  #: it is valid once
    session: str | None = _text(default=None, unique=True)  #: SHA-256 of the session's token
    ended: datetime | None = _moment(default=None)  #: when the reader logged out


class ProfileEditRow(Base, table=True):
    """A change of a profile's file that Paperboy made for somebody, with the former text to go back to."""

    __tablename__ = "profile_edit"

    id: int | None = Field(default=None, primary_key=True)
    profile: str = _text(index=True)
    who: str = _text()
    at: datetime = _moment()
    before: str = _text()
    after: str = _text()


class FeedRow(Base, table=True):
    """How often the secret address of a profile's feeds was replaced."""

    __tablename__ = "feed"

    profile: str = _text(primary_key=True)
    generation: int
