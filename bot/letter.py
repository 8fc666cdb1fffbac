"""A digest as a mail message: bytes that follow from their input alone, so a retry sends the same ones.

Shared by whatever hands mail on. Owns headers and MIME structure; refuses to know SMTP, folders, settings
and the look of the bodies, which is the templates'.
"""

from __future__ import annotations

import hashlib
import re
from email import policy
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import EmailPolicy
from email.utils import format_datetime, getaddresses
from urllib.parse import quote

from bot.model import Digest
from bot.rendering import render_html, render_text
from bot.text import one_line
from bot.views import DigestView, cut, digest_view

SUBJECT_TITLE_LENGTH = 70
_LABEL_LENGTH = 40
#: 7-bit, so that no relay needs 8BITMIME; SMTP's own line length while bodies are encoded (RFC 2045, 6.7).
_BODY_POLICY = policy.SMTP.clone(cte_type="7bit")


class _HeaderPolicy(EmailPolicy):
    """Writes every header on one line but the subject.

    policy.SMTP turns a URL of more than 75 characters into encoded words, which breaks List-Unsubscribe
    (measured on 3.11.7). With lines of 998 it writes a non-ASCII subject as one encoded word, though RFC 2047
    allows 75 characters, and when it does fold one it loses spaces (measured); the older Header class
    does neither.
    """

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() == "subject" and not value.isascii():
            # Header does not count the space before a word: 75 makes words of 75 and lines of 76
            folded = Header(str(value), "utf-8", maxlinelen=75, header_name=name).encode(linesep="\r\n")
            return f"{name}: {folded}\r\n".encode("ascii")
        return super().fold_binary(name, value)


_WIRE_POLICY = _HeaderPolicy(linesep="\r\n", cte_type="7bit", max_line_length=998)


def sender_address(sender: str) -> Address:
    """`ada@example.org` or `Ada <ada@example.org>` as an address; the name is Paperboy when there is none.

    Raises ValueError for what is no address.
    """
    (name, address), *others = getaddresses([one_line(sender)]) or [("", "")]
    user, _, domain = address.rpartition("@")
    if others or not user or not _ascii_domain(domain) or re.search(r"[\s<>()\[\]\\,;:\"]", address):
        raise ValueError("write it as paperboy@example.org or Paperboy <paperboy@example.org>")
    return Address(name or "Paperboy", user, domain)


def message_id(delivery: str, sender: str) -> str:
    """The Message-ID of one delivery, as stored, sent and searched for: `<3f2a-1@example.org>`."""
    return f"<{_token(delivery)}@{_ascii_domain(sender_address(sender).domain)}>"


def message_id_in(content: bytes) -> str:
    """The Message-ID that a composed message carries; settings may have changed since it was made."""
    return str(BytesHeaderParser().parsebytes(content)["Message-ID"]).strip()


def compose(digest: Digest, delivery: str, to: str, sender: str) -> bytes:
    """The whole message, with CRLF line ends and 7-bit throughout, ready for DATA.

    `delivery`: id of the one delivery this message is; `to`: one bare address; `sender`: as in MAIL_FROM.
    Raises ValueError when `sender` is no address.
    """
    view = digest_view(digest)
    message = EmailMessage(policy=_BODY_POLICY)
    for name, value in _headers(digest, view, delivery, to, sender).items():
        message[name] = value
    message.set_content(render_text(view))
    message.add_alternative(render_html(view), subtype="html")
    message.set_boundary("=_paperboy_" + hashlib.sha256(delivery.encode()).hexdigest()[:32])
    ascii_only = to.isascii() and str(sender_address(sender).addr_spec).isascii()
    return message.as_bytes(policy=_WIRE_POLICY.clone(utf8=not ascii_only))


def _headers(
    digest: Digest, view: DigestView, delivery: str, to: str, sender: str
) -> dict[str, str | Address]:
    author = sender_address(sender)
    label = _label(view.profile)
    return {
        "From": author,
        "To": _recipient(to),
        "Subject": subject(view),
        "Date": format_datetime(digest.made),
        "Message-ID": message_id(delivery, sender),
        "List-Id": f"<{label}.paperboy.{_ascii_domain(author.domain)}>",
        "List-Unsubscribe": f"<mailto:{quote(author.addr_spec, safe='@+')}?subject=unsubscribe%20{label}>",
        "Precedence": "list",
        "Auto-Submitted": "auto-generated",  # RFC 3834: no vacation replies
    }


def subject(view: DigestView) -> str:
    """Leads with the best paper: `Paperboy: World models for robots and 7 more – 5 May`.

    `=?` would be read as the beginning of an encoded word, which may hold line ends.
    """
    if not view.papers:
        return f"Paperboy: no papers – {view.short_day}"
    best = cut(view.papers[0].title, SUBJECT_TITLE_LENGTH).replace("=?", "= ?")
    others = f" and {len(view.papers) - 1} more" if len(view.papers) > 1 else ""
    return f"Paperboy: {best}{others} – {view.short_day}"


def _ascii_domain(domain: str) -> str:
    """A domain as headers hold it; empty when it cannot be one."""
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _recipient(to: str) -> Address:
    """Taken apart here, as parsing would reject or reinterpret what a profile's check let through."""
    user, _, domain = one_line(to).rpartition("@")
    return Address(username=user, domain=domain)


def _token(delivery: str) -> str:
    """A delivery id as a Message-ID can hold it."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", delivery)


def _label(profile: str) -> str:
    """A profile's name as a List-Id and a URL can hold it (RFC 2919: letters, digits, hyphens, dots)."""
    return re.sub(r"[^A-Za-z0-9]+", "-", profile)[:_LABEL_LENGTH].strip("-").lower() or "digest"
