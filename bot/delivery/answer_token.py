"""Signed links in a mailed digest with which its reader answers. Pure.

A token contains the id of an edition, which has an address, and the rank of a paper in its digest, so that it is
bound to the recipient, the digest and the paper. Whoever has the link can answer as the recipient.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from bot.delivery.tokens import edition_of, read, sign

LASTS = timedelta(days=90)  #: from the digest's date
_PAPER, _DIGEST = "answer", "tune"


def answer_url(public_url: str, secret: bytes, delivery: str, rank: int) -> str:
    """`https://paperboy.example.org/a/3f2a9c0de1b74556.3.SIGNATURE`, for a paper of the delivery's edition."""
    return f"{public_url.rstrip('/')}/a/{sign(secret, _PAPER, f'{edition_of(delivery)}.{rank}')}"


def tune_url(public_url: str, secret: bytes, delivery: str) -> str:
    """`https://paperboy.example.org/t/3f2a9c0de1b74556.SIGNATURE`, for all papers of the delivery's edition."""
    return f"{public_url.rstrip('/')}/t/{sign(secret, _DIGEST, edition_of(delivery))}"


def read_answer_token(secret: bytes, token: str) -> tuple[str, int] | None:
    """The id of an edition and the rank of a paper, from 1; None when the token is not genuine. Never raises."""
    edition, _, rank = (read(secret, _PAPER, token) or "").rpartition(".")
    return (edition, int(rank)) if edition else None


def read_tune_token(secret: bytes, token: str) -> str | None:
    """The id of an edition; None when the token is not genuine. Never raises."""
    return read(secret, _DIGEST, token)


def has_expired(on: date, now: datetime) -> bool:
    """`on`: the digest's date."""
    return now.date() > on + LASTS
