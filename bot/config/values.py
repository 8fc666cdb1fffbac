"""Parsers of settings: each takes a variable's text, on one line, and returns the setting.

A ValueError raised here continues a sentence that starts with the variable's name, and never contains the value.
"""

from __future__ import annotations

import os
import re
import unicodedata
from datetime import date, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import pairwise
from math import log2
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from bot.files import read_file
from bot.text.addresses import is_public_address, parse_mail_address, parse_slack_target

Network = IPv4Network | IPv6Network
_MAX_HOLIDAYS = 64 * 1024  #: bytes

URL_ESCAPES = "write @ as %40, / as %2F, : as %3A, # as %23 and ? as %3F in its user name and password"

_NOT_A_URL = f"is not a URL with a host and a port from 1 to 65535: {URL_ESCAPES}"


def strip_line(value: str) -> str:
    """The value without white space around it: one pasted into a platform's settings often ends in a line break."""
    value = value.strip()
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in value):
        raise ValueError("contains a line break or a control character: remove it")
    return value


def split_url(url: str) -> SplitResult:
    # the messages of urlsplit quote what may be a password
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(_NOT_A_URL) from None
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("has no port after its colon: write one from 1 to 65535, or remove the colon")
    return parts


def http_url(value: str) -> str:
    parts = split_url(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", value):
        raise ValueError("is not a web address: write one such as https://paperboy.example.org")
    if parts.username is not None:
        raise ValueError("contains a user name or password, which would be shown: remove it")
    return value


def service_url(value: str) -> str:
    """The URL of a service that is asked: with https, unless it is on this machine or in a private network."""
    url = http_url(value)
    parts = urlsplit(url)
    if parts.scheme == "http" and not _is_local(parts.hostname or ""):
        raise ValueError("would send what it carries unencrypted: write https instead of http")
    return url


def secret_url(value: str) -> SecretStr:
    """A URL that is a secret, because whoever knows it may call it."""
    return SecretStr(service_url(value))


def _is_local(host: str) -> bool:
    try:
        return not is_public_address(host)
    except ValueError:
        return "." not in host  # localhost, or a name that only a private network knows


def public_url(value: str) -> str:
    """The URL without a slash at its end. It goes into links, and unchanged into a mail header."""
    url = http_url(value)
    if not url.isascii() or re.search(r'[<>"?#\\]', url):
        raise ValueError("is the start of links: write it in ASCII and without ? # < >")
    return url.rstrip("/")


#: As platforms give them, and with the driver named. Without the driver SQLAlchemy would pick another, or none.
_POSTGRES = re.compile(r"(?:postgres|postgresql|postgresql\+psycopg)://", re.IGNORECASE)
_SQLITE = re.compile(r"sqlite(?:\+pysqlite)?://(?:/.*)?", re.IGNORECASE)


def database_url(value: str) -> SecretStr:
    if match := _POSTGRES.match(value):
        parts = split_url(value)
        if value.count("@") > ("@" in parts.netloc) or "#" in value:  # part of the password would be shown
            raise ValueError(_NOT_A_URL)
        return SecretStr(f"postgresql+psycopg://{value[match.end() :]}")
    if not _SQLITE.fullmatch(value):
        raise ValueError(
            "is not a PostgreSQL or SQLite URL: write postgresql://user:password@host/name or sqlite:///file.db"
        )
    return SecretStr(value)


def folder(value: str) -> Path:
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ValueError("starts with the home folder of an unknown user: write the whole path") from None


def readable_folder(value: str) -> Path:
    path = folder(value)
    if not os.path.isdir(path):  # Path.is_dir raises for a name that is too long
        raise ValueError("does not name a folder: write the path of the one with your templates")
    if not os.access(path, os.R_OK | os.X_OK):
        raise ValueError("names a folder that cannot be read: change its permissions")
    return path


def key_file(value: str) -> Path:
    path = folder(value)
    if not os.path.isfile(path):  # Path.is_file raises for a name that is too long
        raise ValueError("does not name a file: write the path of a private key")
    return path


def log_format(value: str) -> str:
    if value not in ("json", "text"):
        raise ValueError("is neither json nor text")
    return value


def connections(value: str) -> int:
    if not re.fullmatch(r"[1-9]\d?", value, re.ASCII):
        raise ValueError("is not a number of connections from 1 to 99")
    return int(value)


_FOR_EVER = {"0", "forever"}
#: The longest window of a profile (90 days), and the background before it (90 days), must stay whole.
LEAST_PAPER_DAYS = 180
#: Mail may come back for some days; `status` counts the papers of 30 days of digests.
LEAST_MESSAGE_DAYS = 31


def paper_days(value: str) -> timedelta | None:
    return _days(value, LEAST_PAPER_DAYS)


def message_days(value: str) -> timedelta | None:
    return _days(value, LEAST_MESSAGE_DAYS)


def _days(value: str, least: int) -> timedelta | None:
    """A number of days; None for ever."""
    if value.casefold() in _FOR_EVER:
        return None
    if not re.fullmatch(r"\d{1,5}", value, re.ASCII) or int(value) < least:
        raise ValueError(f"is not a number of days from {least} on: write one, or forever")
    return timedelta(days=int(value))


def holidays(value: str) -> dict[date, str]:
    """The evenings that a file names, with a reason each: lines such as `2026-12-24  Christmas Eve`."""
    path = folder(value)
    try:
        lines = read_file(path, _MAX_HOLIDAYS).decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise ValueError("does not name a text file that can be read") from None
    found, wrong = {}, []
    for number, line in enumerate(lines, start=1):
        day, _, name = line.partition("#")[0].strip().partition(" ")
        try:
            if day:
                found[date.fromisoformat(day)] = name.strip() or "no announcement"
        except ValueError:
            wrong.append(f"{path}:{number}:1")
    if wrong:
        kind = "a line that is" if len(wrong) == 1 else "lines that are"
        places = ", ".join(wrong)
        raise ValueError(
            f"names a file with {kind} not a date and a reason: {places}: write 2026-12-24 Christmas Eve"
        )
    return found


def token(value: str) -> SecretStr:
    if re.search(r"\s", value) or not value.isascii():
        raise ValueError("contains a space or a character that no token has: copy it again")
    return SecretStr(value)


def app_token(value: str) -> SecretStr:
    if not value.startswith("xapp-"):
        raise ValueError("is not an app-level token, which begins with xapp-: copy it from Basic Information")
    return token(value)


def networks(value: str) -> tuple[Network, ...]:
    """Addresses and networks such as `10.0.0.0/8`, separated by commas or spaces."""
    try:
        found = tuple(ip_network(one) for one in _items(value))
    except ValueError:
        raise ValueError("lists something that is not a network: write 10.0.0.0/8, 192.168.1.5") from None
    if any(one.prefixlen == 0 for one in found):
        raise ValueError(
            "lists every address, so that anybody could log in as anybody: write the addresses of your proxy"
        )
    return found


def people(value: str) -> frozenset[str]:
    """Addresses or user names, separated by commas or spaces, in lower case."""
    return frozenset(one.casefold() for one in _items(value))


def _items(value: str) -> list[str]:
    return [one for one in re.split(r"[,\s]+", value) if one]


def header_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", value):
        raise ValueError("is not the name of an HTTP header: write one such as X-Forwarded-User")
    return value


_SHORTEST_SECRET = 16  # characters
_LEAST_SECRET = 50  # bits; 16 random hexadecimal digits are estimated at 53, 32 at 120
_COMMON_WORDS = re.compile(
    "admin|asdfghjkl|change|default|example|key|paperboy|passw(or)?d|qwertyuiop|secret|test|zxcvbnm"
)
KEY_COMMAND = 'python3 -c "import secrets; print(secrets.token_urlsafe(32))"'


def secret_key(value: str) -> SecretStr:
    if len(value) < _SHORTEST_SECRET or _estimated_bits(value) < _LEAST_SECRET:
        raise ValueError(
            f"is too easy to guess: write at least {_SHORTEST_SECRET} random characters, as {KEY_COMMAND} prints them"
        )
    return SecretStr(value)


def _estimated_bits(secret: str) -> float:
    """An estimate from above of what there is to guess: common words, repetitions and sequences count nothing."""
    rest = _COMMON_WORDS.sub("", secret[: (secret * 2).find(secret, 1)].lower())
    codes = list(map(ord, rest))
    steps = [b - a for a, b in pairwise(codes)]
    continued = sum(step in (-1, 0, 1) and step == before for before, step in pairwise(steps))
    return (len(codes) - continued) * log2(len(set(codes)) or 1)


def contact(value: str) -> str:
    if not value.isascii():
        raise ValueError("goes into an HTTP header: write it in ASCII, such as ada@example.org")
    return value


def bare_address(value: str) -> str:
    try:
        return parse_mail_address(value)
    except ValueError:
        raise ValueError(
            "is not an e-mail address without a name: write one such as bounces@example.org"
        ) from None


def alert_target(value: str) -> str:
    try:
        return parse_mail_address(value) if "@" in value else parse_slack_target(value)
    except ValueError:
        raise ValueError(
            "is neither a Slack channel nor an e-mail address: write C0PAPERS, #papers or ada@example.org"
        ) from None


_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SELECTOR = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LONGEST_SELECTOR = 100  # characters: with ._domainkey and the domain it must fit into a DNS name of 253


def dkim_selector(value: str) -> str:
    if len(value) > _LONGEST_SELECTOR or not _SELECTOR.fullmatch(value):
        raise ValueError("is not a DKIM selector: write the part of the record's name before ._domainkey")
    return value
