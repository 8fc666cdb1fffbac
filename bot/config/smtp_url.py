"""SMTP_URL: which server, how it is encrypted, and as whom to log in.

Nothing here quotes a credential.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from bot.text.addresses import is_loopback


class Tls(StrEnum):
    IMPLICIT = "from the first byte"
    REQUIRED = "STARTTLS or nothing"
    OFFERED = "STARTTLS when the server has it"
    NEVER = "plain"


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    host: str
    port: int
    tls: Tls
    user: str = ""  #: no log-in when empty
    password: str = field(default="", repr=False)


def parse_smtp_url(url: str) -> SmtpSettings:
    """`smtp://user:pass@host:587`, `smtps://user:pass@host`, `smtp://localhost:25`, `...?tls=none`.

    STARTTLS is required with credentials, and without them unless the server is on loopback; `?tls=none`
    is the only way to do without. Ports default to 465 for smtps, 587 with credentials, else 25.
    Raises ValueError; its message holds nothing of the URL but the scheme.
    """
    parts = _split(url)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError("give both user and password, or neither")
    if not (user + password).isascii():
        raise ValueError("user and password can only hold ASCII characters")
    host = parts.hostname or ""
    port = parts.port or (465 if parts.scheme == "smtps" else 587 if user else 25)
    return SmtpSettings(host, port, _tls(parts, host, bool(user)), user, password)


def _split(url: str) -> SplitResult:
    """Raises ValueError: never urllib's own, which quotes a password that it takes for a port."""
    try:
        parts = urlsplit(url.strip())
        sound = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not url.strip().lower().startswith(("smtp://", "smtps://")):
        raise ValueError("write it as smtp://user:password@host:587 or smtps://user:password@host")
    if not sound or "@" in parts.path + parts.query + parts.fragment:
        raise ValueError(
            "host or port cannot be read; write / ? # % @ : in a password as %2F %3F %23 %25 %40 %3A"
        )
    if parts.path not in {"", "/"} or parts.fragment:
        raise ValueError("nothing may follow host and port but ?tls=none")
    return parts


def _tls(parts: SplitResult, host: str, credentials: bool) -> Tls:
    options = parse_qsl(parts.query, keep_blank_values=True)
    if options not in ([], [("tls", "none")]):
        raise ValueError("the only option is ?tls=none")
    if parts.scheme == "smtps":
        if options:
            raise ValueError("smtps:// and ?tls=none contradict each other")
        return Tls.IMPLICIT
    if options:
        return Tls.NEVER
    return Tls.OFFERED if is_loopback(host) and not credentials else Tls.REQUIRED
