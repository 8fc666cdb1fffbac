"""Signed unsubscribe links. Pure.

A token contains the id of an edition, which has a subscription, so a link contains no address and no profile name.
It never expires: RFC 8058 requires a link to work for as long as the mail may be read.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256

#: Part of what is signed, so that nothing else signed with the same secret is a valid token.
_PURPOSE = b"paperboy: unsubscribe\0"
_MAC_LENGTH = 16  # bytes: 128 bits, which keeps the URL short


def unsubscribe_url(public_url: str, secret: bytes, delivery: str) -> str:
    """`https://paperboy.example.org/unsubscribe/TOKEN`, for the edition that `delivery` belongs to."""
    return f"{public_url.rstrip('/')}/unsubscribe/{sign_token(secret, delivery)}"


def sign_token(secret: bytes, delivery: str) -> str:
    """`3f2a9c0de1b74556.SIGNATURE` for the delivery `3f2a9c0de1b74556-1`; all parts of an edition have the same."""
    edition = delivery.rpartition("-")[0] or delivery
    return f"{edition}.{_signature(secret, edition)}"


def read_token(secret: bytes, token: str) -> str | None:
    """The edition id of a token; None when the token was not signed with this secret. Never raises."""
    edition, _, signature = token.rpartition(".")
    expected = _signature(secret, edition)
    genuine = hmac.compare_digest(_as_bytes(signature), expected.encode())
    return edition if genuine and secret and edition else None


def _signature(secret: bytes, edition: str) -> str:
    mac = hmac.digest(secret, _PURPOSE + _as_bytes(edition), sha256)[:_MAC_LENGTH]
    return urlsafe_b64encode(mac).decode().rstrip("=")


def _as_bytes(text: str) -> bytes:
    """Different bytes for different texts; a URL may decode to lone surrogates."""
    return text.encode("utf-8", "surrogatepass")
