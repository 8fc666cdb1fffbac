"""DKIM signatures, for senders whose relay does not sign.

Reads the private key and chooses the headers to sign. Signing is pure: the same message and time give the same bytes,
as both algorithms are deterministic. dkimpy is an optional dependency, imported only when a key is opened.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.errors import NotConfigured

#: Signed in this order, those that a message has. dkimpy's own list lacks List-Unsubscribe-Post, without which a
#: one-click link has no effect (RFC 8058, 4), and Feedback-ID, which Gmail reads only when signed.
SIGNED_HEADERS = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Auto-Submitted",
    "Precedence",
    "Feedback-ID",
)
_RSA, _ED25519 = b"rsa-sha256", b"ed25519-sha256"
_SMALLEST_RSA = 1024  # bits: verifiers ignore signatures of smaller keys (RFC 8301, 3.2)
_PEM = re.compile(rb"-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----(.*?)-----END \1-----", re.DOTALL)
#: The algorithm's number in PKCS #8, and the 32 bytes that follow it (RFC 8410, 7).
_SEED = re.compile(rb"\x06\x03\x2b\x65\x70\x04\x22\x04\x20(.{32})", re.DOTALL)
_HEADER_NAME = re.compile(rb"^([!-9;-~]+):", re.MULTILINE)
#: What arithmetic with a broken key can raise.
_KEY_ERRORS = (ArithmeticError, AssertionError, LookupError, TypeError, ValueError)
_NO_KEY = "DKIM_KEY names a file without an unencrypted RSA or Ed25519 private key in PEM"


@dataclass(frozen=True, slots=True)
class _Key:
    algorithm: bytes  #: value of the tag `a=`
    secret: bytes = field(repr=False)  #: for dkimpy: PEM, or the base64 of an Ed25519 seed


def signer(domain: str, selector: str, key_file: Path) -> Callable[[bytes, datetime], bytes]:
    """A function that puts a signature, dated by the given time, in front of a message.

    `domain`: the sender's, in ASCII; DNS has the public key at SELECTOR._domainkey.DOMAIN. The key is read once, and
    tried, so that a wrong one is reported now and not when a digest is due. Raises NotConfigured when it cannot sign.
    """
    key = _read_key(key_file)
    signature = _signature_class()

    def sign(message: bytes, at: datetime) -> bytes:
        made = signature(message, at).sign(
            selector.encode("ascii"),
            domain.encode("ascii"),
            key.secret,
            signature_algorithm=key.algorithm,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=_headers_to_sign(message),
        )
        return bytes(made) + message

    import dkim

    try:
        if key.algorithm == _RSA and _rsa_bits(key) < _SMALLEST_RSA:
            raise NotConfigured(
                f"DKIM_KEY names an RSA key of less than {_SMALLEST_RSA} bits: make one of 2048"
            )
        sign(b"From: paperboy@example.org\r\n\r\n", datetime(2000, 1, 1, tzinfo=UTC))
    except dkim.NaClNotFoundError:
        raise NotConfigured("DKIM_KEY is an Ed25519 key: pip install 'dkimpy[ed25519]'") from None
    except (dkim.DKIMException, dkim.UnparsableKeyError, *_KEY_ERRORS):
        # dkimpy does not validate keys, and its error texts may quote them
        raise NotConfigured(_NO_KEY) from None
    return sign


def _rsa_bits(key: _Key) -> int:
    from dkim.crypto import parse_pem_private_key

    return int(parse_pem_private_key(key.secret)["modulus"].bit_length())


def _signature_class() -> Any:
    """dkimpy's DKIM with a given date: its own reads the clock, so that a second rendering would differ."""
    try:
        import dkim
    except ImportError:
        raise NotConfigured("DKIM_KEY needs dkimpy: pip install dkimpy") from None

    class DatedSignature(dkim.DKIM):  # type: ignore[misc]
        def __init__(self, message: bytes, at: datetime) -> None:
            super().__init__(message)
            self._at = str(int(at.timestamp())).encode("ascii")

        def gen_header(self, fields: list[tuple[bytes, bytes]], *others: Any, **more: Any) -> Any:
            dated = [(tag, self._at if tag == b"t" else value) for tag, value in fields]
            return super().gen_header(dated, *others, **more)

    return DatedSignature


def _headers_to_sign(message: bytes) -> list[bytes]:
    """Names of headers. From is signed once more than it occurs, so that adding a second one breaks the signature."""
    present = {name.lower() for name in _HEADER_NAME.findall(message.partition(b"\r\n\r\n")[0])}
    names = (header.lower().encode("ascii") for header in SIGNED_HEADERS)
    return [*(name for name in names if name in present), b"from"]


def _read_key(file: Path) -> _Key:
    """Never quotes the file or its name: a user may have put the key itself into the variable."""
    try:
        content = file.read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise NotConfigured(f"DKIM_KEY names a file that cannot be read: {why}") from None
    try:
        return _parse_key(content)
    except ValueError:
        raise NotConfigured(_NO_KEY) from None


def _parse_key(content: bytes) -> _Key:
    """A PEM file, or what dkimpy's dknewkey writes: the base64 of an Ed25519 seed. Raises ValueError."""
    block = _PEM.search(content)
    if not block:
        seed = base64.b64decode(b"".join(content.split()), validate=True)
        if len(seed) != 32:
            raise ValueError("not an Ed25519 seed")
        return _Key(_ED25519, base64.b64encode(seed))
    encoded = b"".join(block[2].split())
    if match := _SEED.search(base64.b64decode(encoded)):
        return _Key(_ED25519, base64.b64encode(match[1]))
    # written again, as dkimpy does not find a key in a file with Windows line ends
    return _Key(_RSA, b"-----BEGIN %s-----\n%s\n-----END %s-----\n" % (block[1], encoded, block[1]))
