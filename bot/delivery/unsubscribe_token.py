"""The link that ends a subscription, and the proof in it that we made it. Pure: nothing is stored or asked.

A token names an edition, which leads to its subscription, so a link holds no address and no profile's name.
It never expires: RFC 8058 wants a link to work for as long as the mail may be read.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256

#: Ties the signature to this use, so that nothing else signed under the same secret passes for a token.
_PURPOSE = b"paperboy: unsubscribe\0"
_MAC_LENGTH = 16  # bytes: 128 bits, which keeps the URL short


def unsubscribe_url(public_url: str, secret: bytes, delivery: str) -> str:
    """`https://paperboy.example.org/unsubscribe/TOKEN`, for the edition that `delivery` is a part of."""
    return f"{public_url.rstrip('/')}/unsubscribe/{sign_token(secret, delivery)}"


def sign_token(secret: bytes, delivery: str) -> str:
    """`3f2a9c0de1b74556.SIGNATURE` for the delivery `3f2a9c0de1b74556-1`: all parts of an edition share it."""
    edition = delivery.rpartition("-")[0] or delivery
    return f"{edition}.{_signature(secret, edition)}"


def read_token(secret: bytes, token: str) -> str | None:
    """The edition that a token names; None for whatever we did not make under this secret. Never raises."""
    edition, _, signature = token.rpartition(".")
    expected = _signature(secret, edition)
    genuine = hmac.compare_digest(_as_bytes(signature), expected.encode())
    return edition if genuine and secret and edition else None


def _signature(secret: bytes, edition: str) -> str:
    mac = hmac.digest(secret, _PURPOSE + _as_bytes(edition), sha256)[:_MAC_LENGTH]
    return urlsafe_b64encode(mac).decode().rstrip("=")


def _as_bytes(text: str) -> bytes:
    """Of any text: a URL may decode to half surrogates, and two texts never share their bytes."""
    return text.encode("utf-8", "surrogatepass")
