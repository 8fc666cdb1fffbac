"""Signed unsubscribe links. Pure.

A token contains the id of an edition, which has a subscription, so a link contains no address and no profile name.
It never expires: RFC 8058 requires a link to work for as long as the mail may be read.
"""

from __future__ import annotations

from bot.delivery.tokens import edition_of, read, sign

_PURPOSE = "unsubscribe"


def unsubscribe_url(public_url: str, secret: bytes, delivery: str) -> str:
    """`https://paperboy.example.org/unsubscribe/TOKEN`, for the edition that `delivery` belongs to."""
    return f"{public_url.rstrip('/')}/unsubscribe/{sign_token(secret, delivery)}"


def sign_token(secret: bytes, delivery: str) -> str:
    """`3f2a9c0de1b74556.SIGNATURE` for the delivery `3f2a9c0de1b74556-1`; all parts of an edition have the same."""
    return sign(secret, _PURPOSE, edition_of(delivery))


def read_token(secret: bytes, token: str) -> str | None:
    """The edition id of a token; None when the token was not signed with this secret. Never raises."""
    return read(secret, _PURPOSE, token)
