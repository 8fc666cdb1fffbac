"""The link that ends a subscription, with a signature that only this installation can make. Pure: nothing is stored.

A token names an edition, which has a subscription, so that a link contains no address and no profile's name. It never
expires: RFC 8058 asks that a link works as long as the mail may be read.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256

#: Makes the signature valid for this purpose only, whatever else is signed with the same secret.
_PURPOSE = b"paperboy: unsubscribe\0"
_MAC_LENGTH = 16  # bytes: 128 bits, which keeps the URL short


def unsubscribe_url(public_url: str, secret: bytes, delivery: str) -> str:
    """`https://paperboy.example.org/unsubscribe/TOKEN`, for the edition of `delivery`."""
    return f"{public_url.rstrip('/')}/unsubscribe/{sign_token(secret, delivery)}"


def sign_token(secret: bytes, delivery: str) -> str:
    """`3f2a9c0de1b74556.SIGNATURE` for the delivery `3f2a9c0de1b74556-1`: the same for all parts of an edition."""
    edition = delivery.rpartition("-")[0] or delivery
    return f"{edition}.{_signature(secret, edition)}"


def read_token(secret: bytes, token: str) -> str | None:
    """The edition that a token names; None for any text that was not signed with this secret. Never raises."""
    edition, _, signature = token.rpartition(".")
    expected = _signature(secret, edition)
    is_valid = hmac.compare_digest(_to_bytes(signature), expected.encode())
    return edition if is_valid and secret and edition else None


def _signature(secret: bytes, edition: str) -> str:
    mac = hmac.digest(secret, _PURPOSE + _to_bytes(edition), sha256)[:_MAC_LENGTH]
    return urlsafe_b64encode(mac).decode().rstrip("=")


def _to_bytes(text: str) -> bytes:
    """A URL may decode to lone surrogates; different texts always give different bytes."""
    return text.encode("utf-8", "surrogatepass")
