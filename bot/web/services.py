"""What the pages use of the other rooms; `bot.bootstrap.site` fills it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from flask import current_app

from bot.config.values import Network
from bot.delivery.archive import Archive
from bot.delivery.model import Notice
from bot.delivery.status import Status
from bot.delivery.stores import PauseStore
from bot.digests.model import Digest
from bot.digests.previewer import Previewer
from bot.errors import Problem
from bot.feedback.service import Feedback
from bot.papers.model import Paper
from bot.papers.query import Search
from bot.profiles.edits import ProfileEdit
from bot.profiles.model import Profile

_NAME = "paperboy"


class StoredPapers(Protocol):
    """The stored papers (`bot.store.papers`)."""

    def get(self, key: str) -> Paper | None: ...

    def by_keys(self, ids: Collection[str]) -> Mapping[str, Paper]: ...


class ProfileEdits(Protocol):
    """The changes of profile files (`bot.store.profile_edits`)."""

    def add(
        self,
        profile: str,
        who: str,
        at: datetime,
        before: str,
        after: str,
        write: Callable[[], bool] = lambda: True,
    ) -> ProfileEdit | None: ...

    def list(self, profile: str, limit: int) -> Sequence[ProfileEdit]: ...

    def get(self, id_: int) -> ProfileEdit | None: ...


class RecentDigests(Protocol):
    def __call__(
        self, versions: Sequence[Profile], now: datetime, step: Callable[[], None] = lambda: None
    ) -> Sequence[Sequence[Digest]]:
        """Each version's digests of the last days, oldest first (`bot.evaluation.recent`). `step`: called before each
        day that must be composed.
        """
        ...


class LoginStore(Protocol):
    """The mailed links and the sessions (`bot.store.logins`)."""

    def add(self, id_: str, address: str, now: datetime) -> None:
        """Store a link that was mailed."""
        ...

    def check(self) -> None:
        """Raise DatabaseError if nothing can be stored at the moment."""
        ...

    def link_address(self, id_: str, since: datetime) -> str | None:
        """The address of a link made after `since` that was not used."""
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


class FeedStore(Protocol):
    """How often the addresses of profiles' feeds were replaced (`bot.store.feeds`)."""

    def generation(self, profile: str) -> int: ...

    def replace(self, profile: str) -> None: ...


@dataclass(frozen=True)
class Services:
    """Everything that pages read and change."""

    clock: Callable[[], datetime]
    secret: bytes
    public_url: str  #: the start of all links, without a slash at its end
    profiles: Callable[[], Sequence[Profile]]  #: as their files are, of broken ones the last valid version
    #: The problems of the profiles that are not valid now, by id; some have no valid version.
    broken_profiles: Callable[[], Mapping[str, Sequence[Problem]]]
    forget_profiles: Callable[[], None]  #: reads the files again: one was written
    profile_edits: ProfileEdits
    recent_digests: RecentDigests
    #: Profiles with what their readers' answers add.
    with_answers: Callable[[Sequence[Profile], datetime], Sequence[Profile]]
    archive: Archive
    feedback: Feedback
    papers: StoredPapers
    search: Search
    previewer: Previewer
    pauses: PauseStore
    status: Callable[[], Status]
    logins: LoginStore
    feeds: FeedStore
    #: Mails a log-in link to an address, or raises PaperboyError; None without mail settings.
    send_login: Callable[[str, Notice], None] | None
    log: Callable[[str], None]
    folder: Path  #: of the profiles
    admins: frozenset[str] = frozenset()
    trusted_proxies: tuple[Network, ...] = ()
    proxy_user_header: str = "X-Forwarded-User"


def services() -> Services:
    """Those of the application that answers the current request."""
    found: Services = current_app.extensions[_NAME]
    return found


def connect(app_extensions: dict[str, object], found: Services) -> None:
    app_extensions[_NAME] = found
