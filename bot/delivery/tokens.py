"""Signed tokens for links: `TEXT.SIGNATURE`, in characters that a URL can contain if those of the text are. Pure."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256

_MAC_LENGTH = 16  # bytes: 128 bits, which keeps the URL short


def sign(secret: bytes, purpose: str, text: str) -> str:
    """`purpose`: part of what is signed, so that nothing else signed with the same secret is a valid token."""
    return f"{text}.{_signature(secret, purpose, text)}"


def read(secret: bytes, purpose: str, token: str) -> str | None:
    """The text of a token; None when it was not signed with this secret for this purpose. Never raises."""
    text, _, signature = token.rpartition(".")
    expected = _signature(secret, purpose, text)
    genuine = hmac.compare_digest(_as_bytes(signature), expected.encode())
    return text if genuine and secret and text else None


def edition_of(delivery: str) -> str:
    """The edition `3f2a9c0de1b74556` of its delivery `3f2a9c0de1b74556-1`."""
    return delivery.rpartition("-")[0] or delivery


def _signature(secret: bytes, purpose: str, text: str) -> str:
    mac = hmac.digest(secret, b"paperboy: " + _as_bytes(f"{purpose}\0{text}"), sha256)[:_MAC_LENGTH]
    return urlsafe_b64encode(mac).decode().rstrip("=")


def _as_bytes(text: str) -> bytes:
    """Different bytes for different texts; a URL may decode to lone surrogates."""
    return text.encode("utf-8", "surrogatepass")
