"""Who is asking, and which profiles are theirs.

A person is known by a session (`bot.web.login`), or by the user header of a proxy whose address is in
`TRUSTED_PROXIES`. The user header of any other peer is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import ParamSpec, TypeVar

from flask import abort, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from bot.profiles.model import Profile, Subscription
from bot.profiles.recipients import is_sent_to, profiles_of_reader
from bot.web.login import SESSION_LASTS, hashed
from bot.web.services import services

P = ParamSpec("P")
T = TypeVar("T")

#: Where a proxy is that passes requests on: the same machine, or a private network as Heroku's router is in.
_NEAR = tuple(
    map(ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1", "fc00::/7"))
)
#: The key of the session's token in the signed cookie.
TOKEN = "token"  # noqa: S105 - a name
#: Receives a text that somebody typed: a page that refuses it shows it again.
EDITOR = "editor.change"


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

    def name_of(self, who: str) -> str:
        """Who gave an answer or changed a file, as this person reads it: `you`, or the other person's name."""
        name = who.partition(":")[2] or who
        return "you" if name == self.name else name

    def owns(self, subscription: Subscription) -> bool:
        """Whether a subscription is sent to them, so that they may pause it."""
        return self.is_operator or is_sent_to(subscription, self.name)


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
    """The user that a trusted proxy names. A header that came twice, joined by a comma, names nobody."""
    if not _is_proxy(_address(request.remote_addr)):
        return None
    name = request.headers.get(services().proxy_user_header, "").strip()
    return name if re.fullmatch(r"[^\s,]+", name) else None


def client_network() -> str:
    """Whose requests count together for rate limits: an IPv4 address, or the /64 network of an IPv6 address.

    A peer of this machine or a private network adds its client at the end of X-Forwarded-For; trusted proxies before
    it are passed over. What the client has written itself comes earlier, and does not count.
    """
    client = _address(request.remote_addr)
    believed = (*_NEAR, *services().trusted_proxies)
    for text in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        before = _address(text.strip())
        if before is None or client is None or not any(client in network for network in believed):
            break
        client, believed = before, services().trusted_proxies
    return str(ip_network((client, 64), strict=False) if isinstance(client, IPv6Address) else client)


def _address(text: str | None) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text or "")
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_proxy(address: IPv4Address | IPv6Address | None) -> bool:
    return address is not None and any(address in network for network in services().trusted_proxies)


def _session_address() -> str | None:
    token = session.get(TOKEN)
    if not isinstance(token, str):
        return None
    return services().logins.address(hashed(token), services().clock() - SESSION_LASTS)


def for_readers(page: Callable[P, T]) -> Callable[P, T | Response]:
    """Decorate a page that only people who are logged in may see; others are sent to the log-in page, except with a
    text that they typed in the editor.
    """

    @wraps(page)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T | Response:
        if current_person() is None:
            if request.endpoint == EDITOR and request.method == "POST":
                abort(401)
            page_again = request.full_path.rstrip("?") if request.method == "GET" else None
            return redirect(url_for("login.ask", next=page_again))
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


def owned_subscription(key: str) -> Subscription:
    """The subscription with a key if it is the person's (of an operator every one); else the page does not exist."""
    every = (to for profile in person().profiles for to in profile.deliver)
    found = next((to for to in every if to.key == key and person().owns(to)), None)
    return found or abort(404)


def own_profile(id_: str) -> Profile:
    """The profile with an id if it is the person's; else the page does not exist, as for one that nobody has."""
    return next((one for one in person().profiles if one.id == id_), None) or abort(404)


def editable_profile(id_: str) -> Profile:
    """As `own_profile`; for operators also a profile without a valid version, as an empty one."""
    is_known = any(one.id == id_ for one in person().profiles)
    if not is_known and person().is_operator and id_ in services().broken_profiles():
        return Profile(id_)
    return own_profile(id_)
