"""Web addresses: complete, and fit to be shown."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

import requests

from bot.errors import SourceError


def shown(url: str) -> str:
    """A URL for messages: without user, password, query and fragment, any of which may hold a secret."""
    parts = urlsplit(without_credentials(url))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def without_credentials(url: str) -> str:
    """A URL without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def full_url(url: str, params: Mapping[str, str] | None = None) -> str:
    """A URL with parameters, quoted where necessary. Raises SourceError."""
    try:
        full = requests.Request("GET", url, params=params).prepare().url
    except (requests.RequestException, ValueError):
        full = None
    if not full or urlsplit(full).scheme not in {"http", "https"}:
        raise SourceError("the source's base URL is not an http or https address") from None
    return full
