"""E-mail addresses as people write them in profiles and settings. Pure: nothing is asked of the network."""

from __future__ import annotations

import re

from email_validator import EmailNotValidError, validate_email

from bot.yamlfile import shown

#: Domains that email-validator always refuses because nobody owns them; a lab's own mail host may use them.
_PRIVATE_DOMAIN = re.compile(r"(?:.*\.)?(?:localhost|local|test)", re.IGNORECASE)
_STAND_IN = ".example.org"


def mail_address(text: str) -> str:
    """An e-mail address as it goes to a server: its domain in lower case and in ASCII.

    Nothing is asked of the network, and hosts such as `localhost` will do. Raises ValueError for what cannot
    be an address.
    """
    stand_in = _STAND_IN if _PRIVATE_DOMAIN.fullmatch(text.rpartition("@")[2]) else ""
    try:
        checked = validate_email(text + stand_in, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise ValueError(f"{shown(text)} is no e-mail address: {error}") from None
    # A server need not know SMTPUTF8 for ada@bücher.de
    return (checked.ascii_email or checked.normalized).removesuffix(stand_in)
