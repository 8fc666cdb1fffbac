"""Sessions of readers, who log in by a link that is mailed to them. Tokens are stored as hashes only."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

LINK_LASTS = timedelta(minutes=15)
SESSION_LASTS = timedelta(days=30)


class LoginStore(Protocol):
    """The mailed links and the sessions (`bot.store.logins`)."""

    def add(self, id_: str, address: str, now: datetime) -> None:
        """Store a link that was mailed."""
        ...

    def use(self, id_: str, session: str, now: datetime, since: datetime) -> str | None:
        """Use a link made after `since` that was not used; begin a session. Returns its address, None if it cannot be
        used. Of two at once only one succeeds.
        """
        ...

    def address(self, session: str, since: datetime) -> str | None:
        """Whose session it is, if it began after `since` and has not ended."""
        ...

    def end(self, session: str, now: datetime) -> None:
        """End a session."""
        ...

    def made_since(self, address: str, since: datetime) -> int:
        """How many links were mailed to an address."""
        ...


def new_token() -> str:
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """What is stored of a token, which is random and long: a plain hash suffices."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
