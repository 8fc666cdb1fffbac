"""Who is asking, and which profiles are theirs.

A person is known by a session (`bot.web.login`), or by the user header of a proxy whose address is in
`TRUSTED_PROXIES`. The header of any other peer is ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from ipaddress import ip_address
from typing import ParamSpec, TypeVar

from flask import abort, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from bot.profiles.model import Profile
from bot.profiles.recipients import profiles_of_reader
from bot.web.login import SESSION_LASTS, hashed
from bot.web.services import services

P = ParamSpec("P")
T = TypeVar("T")

#: The key of the session's token in the signed cookie.
TOKEN = "token"  # noqa: S105 - a name


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is logged in."""

    name: str  #: an address or a user name, in lower case
    is_operator: bool
    profiles: tuple[Profile, ...]  #: theirs, as in their files; of an operator all

    @property
    def who(self) -> str:
        """As answers name them."""
        return f"web:{self.name}"


def current_person() -> Person | None:
    """Who is logged in; None for nobody."""
    if "person" not in g:
        name = _proxy_user() or _session_address()
        g.person = _person(name.casefold()) if name else None
    found: Person | None = g.person
    return found


def _person(name: str) -> Person:
    every = services().profiles()
    is_operator = name in services().admins
    return Person(name, is_operator, tuple(every) if is_operator else profiles_of_reader(every, name))


def _proxy_user() -> str | None:
    if not services().trusted_proxies or not request.remote_addr:
        return None
    peer = ip_address(request.remote_addr)
    if not any(peer in network for network in services().trusted_proxies):
        return None
    return request.headers.get(services().proxy_user_header, "").strip() or None


def _session_address() -> str | None:
    token = session.get(TOKEN)
    if not isinstance(token, str):
        return None
    return services().logins.address(hashed(token), services().clock() - SESSION_LASTS)


def for_readers(page: Callable[P, T]) -> Callable[P, T | Response]:
    """Decorate a page that only people who are logged in may see; others are sent to the log-in page."""

    @wraps(page)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T | Response:
        if current_person() is None:
            return redirect(url_for("login.ask", next=request.full_path.rstrip("?")))
        return page(*args, **kwargs)

    return guarded


def for_operators(page: Callable[P, T]) -> Callable[P, T | Response]:
    """Decorate a page that only operators may see; to other readers it does not exist."""

    @wraps(page)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T | Response:
        if not person().is_operator:
            abort(404)
        return page(*args, **kwargs)

    return for_readers(guarded)


def person() -> Person:
    """Who is logged in, on a page `for_readers`."""
    found = current_person()
    assert found
    return found


def own_profile(id_: str) -> Profile:
    """The profile with an id if it is the person's; else the page does not exist, as for one that nobody has."""
    return next((one for one in person().profiles if one.id == id_), None) or abort(404)
