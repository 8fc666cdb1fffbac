"""Addresses as people write them in profiles and settings: of mail, of Slack, of hosts. Pure: nothing is asked of
the network.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

from email_validator import EmailNotValidError, validate_email

from bot.text.plain import quote

#: Domains that email-validator always refuses because nobody owns them; a lab's own mail host may use them.
_PRIVATE_DOMAIN = re.compile(r"(?:.*\.)?(?:localhost|local|test)", re.IGNORECASE)
_STAND_IN = ".example.org"
_SLACK = re.compile(r"[CGDU][A-Z0-9]{2,}|#[\w.-]{1,80}")


def parse_mail_address(text: str) -> str:
    """An e-mail address as it goes to a server: its domain in lower case and in ASCII.

    Nothing is asked of the network, and hosts such as `localhost` will do. Raises ValueError for what cannot
    be an address.
    """
    stand_in = _STAND_IN if _PRIVATE_DOMAIN.fullmatch(text.rpartition("@")[2]) else ""
    try:
        checked = validate_email(text + stand_in, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise ValueError(f"{quote(text)} is no e-mail address: {error}") from None
    # A server need not know SMTPUTF8 for ada@bücher.de
    return (checked.ascii_email or checked.normalized).removesuffix(stand_in)


def parse_slack_target(text: str) -> str:
    """A Slack channel's or person's id, or `#name`. Raises ValueError for what is neither."""
    if not _SLACK.fullmatch(text):
        raise ValueError(
            f'{quote(text)} is no Slack channel: write an id such as C0PAPERS, or a name such as "#papers"'
        )
    return text


def is_loopback(host: str) -> bool:
    """Whether what goes to this host stays on this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
