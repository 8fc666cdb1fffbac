"""Sessions of readers, who log in by a link that is mailed to them. Tokens are stored as hashes only."""

from __future__ import annotations

import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlencode

from bot.delivery.model import Notice
from bot.errors import PaperboyError
from bot.profiles.recipients import mail_address
from bot.text.addresses import mask_address
from bot.web.services import Services

LINK_LASTS = timedelta(minutes=15)
SESSION_LASTS = timedelta(days=30)
#: Links that are mailed to one address in an hour.
LINKS_AN_HOUR = 5
#: Characters of an address (RFC 5321) and of a path to return to.
_LONGEST_ADDRESS, _LONGEST_PATH = 254, 1000

#: Mails the links one after the other, so that an answer takes the same time whether or not there is a mail.
_mailing = ThreadPoolExecutor(1, "log-in mail")


def new_token() -> str:
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """What is stored of a token, which is random and long: a plain hash suffices."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def local_path(path: str | None) -> str:
    """A path of this site to go to after log-in; `/` for anything that a browser could take for another site."""
    # Browsers take a backslash for a slash, and drop tabs and line breaks.
    is_local = path and re.fullmatch(r"/(?!/)[^\\\x00-\x1f\x7f]*", path) and len(path) <= _LONGEST_PATH
    return path if path and is_local else "/"


def mail_link(services: Services, text: str, path: str) -> None:
    """Mail a link to the address that somebody typed, if it is a reader's or an operator's; returns at once.

    `path`: where the link leads after log-in.
    """
    _mailing.submit(_mail_link, services, text.strip(), path).add_done_callback(lambda done: done.result())


def _mail_link(services: Services, text: str, path: str) -> None:
    if services.send_login is None or len(text) > _LONGEST_ADDRESS:
        return
    operators = (one for one in services.admins if "@" in one and one == text.casefold())
    token, now = new_token(), services.clock()
    try:
        address = mail_address(services.profiles(), text) or next(operators, None)
        if address is None:
            services.log("log-in: a link was asked for with an address that nothing is mailed to")
            return
        name, shown = address.casefold(), mask_address(address)
        if services.logins.made_since(name, now - timedelta(hours=1)) >= LINKS_AN_HOUR:
            services.log(f"log-in: no more links for {shown} within an hour")
            return
        services.logins.add(hashed(token), name, now)
        query = f"?{urlencode({'next': path})}" if path != "/" else ""
        link = f"{services.public_url}/login/{token}{query}"
        services.send_login(address, _notice(services.public_url, link, now))
        services.log(f"log-in: a link was mailed to {shown}")
    except PaperboyError as error:  # a mail server may quote the link
        services.log(f"log-in: a link could not be mailed: {str(error).replace(token, '...')}")


def _notice(public_url: str, link: str, now: datetime) -> Notice:
    minutes = round(LINK_LASTS.total_seconds() / 60)
    return Notice(
        "Log in to Paperboy",
        f"Somebody, probably you, wants to log in at {public_url} with this address.\n\n"
        f"Open this link and press the button:\n\n{link}\n\n"
        f"It works once, within {minutes} minutes. If it was not you, ignore this mail.",
        now,
    )
