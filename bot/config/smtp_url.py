"""The mail settings as values: the server that SMTP_URL names and the sender that MAIL_FROM names.

A ValueError raised here continues a sentence that starts with the variable's name, and never contains the value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qsl, unquote

from bot.config.values import URL_ESCAPES, split_url
from bot.text.addresses import is_loopback, parse_mail_address
from bot.text.plain import one_line


class Tls(StrEnum):
    IMPLICIT = "from the first byte"
    REQUIRED = "STARTTLS or nothing"
    OFFERED = "STARTTLS when the server has it"
    NEVER = "plain"


@dataclass(frozen=True, slots=True)
class SmtpServer:
    host: str
    port: int
    tls: Tls
    user: str = ""  #: ASCII; empty: no log-in
    password: str = field(default="", repr=False)  #: ASCII; set if and only if user is


@dataclass(frozen=True, slots=True)
class Sender:
    """Who mail is from."""

    name: str  #: shown to readers; one line
    address: str  #: for headers and the envelope; ASCII unless the part before the @ is not
    domain: str  #: the address's domain in lower case and ASCII, as DNS has it


def parse_smtp_url(url: str) -> SmtpServer:
    """Parse `smtp://user:password@host:587`, `smtps://user:password@host` or `smtp://host?tls=none`.

    STARTTLS is required with credentials, and without them unless the server is on loopback; only `?tls=none`
    turns it off. Default ports: 465 for smtps, 587 with credentials, else 25.
    """
    parts = split_url(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or re.search(r"\s", url):
        raise ValueError("is not a mail server's URL: write smtp://user:password@host:587 or smtps://…")
    if parts.path not in {"", "/"} or parts.fragment:
        raise ValueError(f"has text after the host: {URL_ESCAPES}")
    if bool(parts.username) != bool(parts.password):
        raise ValueError("has a user name or a password, but not both: write both, or neither")
    if not unquote(parts.netloc).isascii():
        raise ValueError(
            "contains a character outside ASCII: mail servers accept none in host, user or password"
        )
    options = parse_qsl(parts.query, keep_blank_values=True)
    if options not in ([], [("tls", "none")]):
        raise ValueError(f"has an option other than tls=none: remove it, and {URL_ESCAPES}")
    user = unquote(parts.username or "")
    if parts.scheme == "smtps":
        if options:
            raise ValueError("contradicts itself: smtps:// means TLS, and tls=none means no TLS")
        tls = Tls.IMPLICIT
    elif options:
        tls = Tls.NEVER
    else:
        tls = Tls.OFFERED if is_loopback(parts.hostname) and not user else Tls.REQUIRED
    port = parts.port or (465 if tls is Tls.IMPLICIT else 587 if user else 25)
    return SmtpServer(parts.hostname, port, tls, user, unquote(parts.password or ""))


#: `ada@example.org`, `Paperboy <ada@example.org>` or `"Lab, papers" <ada@example.org>`
_SENDER = re.compile(
    r'(?:"(?P<quoted>[^"<>\\]*)"|(?P<name>[^",:;@<>\\]*))\s*<(?P<address>[^<>]+)>|(?P<bare>[^<>]+)'
)


def parse_sender(text: str) -> Sender:
    """Parse an address with or without a name before it; the name is Paperboy when there is none."""
    try:
        if not (match := _SENDER.fullmatch(text)) or "=?" in (match["address"] or match["bare"]):
            raise ValueError  # `=?` starts an encoded word, which Python's email package decodes in headers
        address = parse_mail_address(match["address"] or match["bare"])
        domain = parse_mail_address(f"postmaster@{address.rpartition('@')[2]}").rpartition("@")[2]
    except ValueError:
        raise ValueError(
            "is not an e-mail address: write one such as Paperboy <paperboy@example.org>"
        ) from None
    return Sender(one_line(match["quoted"] or match["name"] or "") or "Paperboy", address, domain)
