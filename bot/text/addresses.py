"""Addresses in profiles and settings: of mail, of Slack, of hosts. Pure: no network lookups."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from bot.text.plain import ELLIPSIS, one_line, quote

#: Domains that email-validator always rejects because nobody owns them; a lab's own mail host may use them.
_PRIVATE_DOMAIN = re.compile(r"(?:.*\.)?(?:localhost|local|test)", re.IGNORECASE)
#: Appended to such a domain while it is validated.
_VALID_SUFFIX = ".example.org"
_NAT64 = IPv6Network("64:ff9b::/96")  #: RFC 6052: the last 32 bits are an IPv4 address
_SLACK = re.compile(r"[CGDU][A-Z0-9]{2,}|#[\w.-]{1,80}")


def parse_mail_address(text: str) -> str:
    """Return an e-mail address as servers take it: the domain in lower case and in ASCII.

    Hosts such as `localhost` are accepted. Raises ValueError for a text that cannot be an address.
    """
    suffix = _VALID_SUFFIX if _PRIVATE_DOMAIN.fullmatch(text.rpartition("@")[2]) else ""
    try:
        checked = validate_email(text + suffix, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise ValueError(f"{quote(text)} is not an e-mail address: {error}") from None
    # ASCII, as not every server has SMTPUTF8 for ada@bücher.de
    return (checked.ascii_email or checked.normalized).removesuffix(suffix)


def mask_address(target: str) -> str:
    """Of an address its first letter and its domain, `a…@example.org`; of another target its first letter."""
    target = one_line(target)
    user, at, domain = target.rpartition("@")
    return f"{(user or target)[:1]}{ELLIPSIS}{at}{domain if at else ''}"


def parse_slack_target(text: str) -> str:
    """Return the id of a Slack channel or person, or `#name` in lower case, as Slack has it.

    Raises ValueError for any other text.
    """
    if not _SLACK.fullmatch(text):
        raise ValueError(
            f'{quote(text)} is not a Slack channel: write an id such as C0PAPERS, or a name such as "#papers"'
        )
    return text.lower() if text.startswith("#") else text


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_public_address(address: str) -> bool:
    """Whether an IP address belongs to the public internet; one with an IPv4 address in it, whether that one does.

    Raises ValueError for a text that is not an IP address.
    """
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv4Address):
        return ip.is_global
    nat64 = IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in _NAT64 else None
    return (ip.ipv4_mapped or ip.sixtofour or nat64 or ip).is_global


def is_secure_url(url: str) -> bool:
    """Whether no third party can read a request to this URL: https, or a loopback host."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" or is_loopback(parts.hostname or "")
    except ValueError:
        return False
