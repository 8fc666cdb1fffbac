"""A digest, or a notice of our own, as a mail message: bytes that follow from their input alone, so a retry sends
the same ones.

Shared by whatever hands mail on. Owns headers and MIME structure; refuses to know SMTP, folders, settings, keys
and the look of the bodies, which is the templates'.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import EmailPolicy
from email.utils import format_datetime
from urllib.parse import quote, urlsplit

from bot.config.smtp_url import Sender
from bot.delivery import unsubscribe_token
from bot.delivery.model import Notice
from bot.digests.model import Digest
from bot.presentation.digest_view import DigestView, digest_view
from bot.presentation.links import LinkView
from bot.presentation.templates import BUILT_IN, Templates
from bot.text.addresses import is_loopback
from bot.text.plain import one_line, strip_controls, truncate

SUBJECT_TITLE_LENGTH = 70
_NOTICE_SUBJECT_LENGTH = 120
_LABEL_LENGTH = 40
_SENDER_ID_LENGTH = 12  # Gmail takes 5 to 15: https://support.google.com/mail/answer/6254652
#: 7-bit, so that no relay needs 8BITMIME; SMTP's own line length while bodies are encoded (RFC 2045, 6.7).
_BODY_POLICY = policy.SMTP.clone(cte_type="7bit")
#: What puts a signature in front of a message, dated by the time it is given.
Signer = Callable[[bytes, datetime], bytes]
#: Without `<>"`, which would end it early, without `?`, of which encoded words are made, and in ASCII.
_PLAIN_URL = re.compile(r"https?://[!#-;=@-~]+")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all letters of this installation have in common."""

    sender: Sender
    public_url: str | None = None  #: of the web process; with a secret, letters have a one-click link to it
    secret: bytes | None = field(default=None, repr=False)
    signer: Signer | None = None
    templates: Templates = BUILT_IN
    stays_here: bool = (
        False  #: letters are put into a folder of this machine: nobody has to be asked to stop them
    )


class _HeaderPolicy(EmailPolicy):
    """Writes every header on one line but the subject and List-Unsubscribe, whose URLs stay whole.

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
        if name.lower() == "list-unsubscribe":
            whole_urls = value.replace(">, <", ">,\r\n <")
            return f"{name}: {whole_urls}\r\n".encode("ascii")
        return super().fold_binary(name, value)


_WIRE_POLICY = _HeaderPolicy(linesep="\r\n", cte_type="7bit", max_line_length=998)


def sender_address(sender: Sender) -> Address:
    """The sender as the From header has it."""
    user, _, domain = sender.address.rpartition("@")
    return Address(_no_encoded_words(sender.name), user, domain)


def message_id(delivery: str, sender: Sender) -> str:
    """The Message-ID of one delivery, as stored, sent and searched for: `<3f2a-1@example.org>`."""
    return f"<{_token(delivery)}@{sender.domain}>"


def message_id_in(content: bytes) -> str:
    """The Message-ID that a composed message carries; settings may have changed since it was made."""
    head = re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0]  # the parser would read the body as well
    return str(BytesHeaderParser().parsebytes(head)["Message-ID"]).strip()


def compose(digest: Digest, delivery: str, to: str, letterhead: Letterhead) -> bytes:
    """The whole message, with CRLF line ends and 7-bit throughout, ready for DATA.

    `delivery`: id of the one delivery this message is; `to`: one bare address.
    """
    label = _label(one_line(digest.profile))
    ways_out = _ways_out(label, delivery, letterhead)
    leave = None if letterhead.stays_here else LinkView("Unsubscribe", ways_out[-1])
    view = digest_view(digest, leave)
    message = _message(subject(view), delivery, digest.made, to, letterhead)
    _add(message, _list_headers(label, ways_out, letterhead))
    message.set_content(letterhead.templates.text(view))
    message.add_alternative(letterhead.templates.html(view), subtype="html")
    message.set_boundary("=_paperboy_" + hashlib.sha256(delivery.encode()).hexdigest()[:32])
    return _finished(message, digest.made, to, letterhead)


def compose_notice(notice: Notice, delivery: str, to: str, letterhead: Letterhead) -> bytes:
    """A plain message of our own, such as an alert to whoever runs this: its lines arrive as they are given.

    Subject and text may quote anybody.
    """
    message = _message(
        _subject(notice.subject, _NOTICE_SUBJECT_LENGTH), delivery, notice.made, to, letterhead
    )
    message.set_content("".join(f"{strip_controls(line)}\n" for line in notice.text.splitlines()))
    return _finished(message, notice.made, to, letterhead)


def _message(subject: str, delivery: str, made: datetime, to: str, letterhead: Letterhead) -> EmailMessage:
    """Who, when and what."""
    message = EmailMessage(policy=_BODY_POLICY)
    headers: dict[str, str | Address] = {
        "From": sender_address(letterhead.sender),
        "To": _recipient(to),
        "Subject": subject,
        "Date": format_datetime(made),
        "Message-ID": message_id(delivery, letterhead.sender),
        "Auto-Submitted": "auto-generated",  # RFC 3834: no vacation replies
    }
    _add(message, headers)
    return message


def _add(message: EmailMessage, headers: Mapping[str, str | Address]) -> None:
    for name, value in headers.items():
        message[name] = value


def _finished(message: EmailMessage, made: datetime, to: str, letterhead: Letterhead) -> bytes:
    ascii_only = to.isascii() and letterhead.sender.address.isascii()
    content = message.as_bytes(policy=_WIRE_POLICY.clone(utf8=not ascii_only))
    return letterhead.signer(content, made) if letterhead.signer else content


# --- What makes it a list's ---------------------------------------------------------------------------------


def _ways_out(label: str, delivery: str, letterhead: Letterhead) -> tuple[str, ...]:
    """How to leave: by mail, and, the best comes last, by a click where the web process is told of."""
    domain = letterhead.sender.domain
    user = quote(sender_address(letterhead.sender).username, safe="+")
    by_mail = f"mailto:{user}@{quote(domain)}?subject=unsubscribe%20{label}"
    by_click = _one_click(delivery, letterhead)
    return (by_mail, by_click) if by_click else (by_mail,)


def _list_headers(label: str, ways_out: Sequence[str], letterhead: Letterhead) -> dict[str, str]:
    """Which list this is and how to leave it."""
    domain = letterhead.sender.domain
    one_click = {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}  # RFC 8058
    return {
        "List-Id": f"<{label}.paperboy.{domain}>",
        "List-Unsubscribe": ", ".join(f"<{url}>" for url in ways_out),
        **(one_click if len(ways_out) > 1 else {}),
        "Precedence": "list",
        "Feedback-ID": f"digest:paperboy:{_sender_id(domain)}",
    }


def _one_click(delivery: str, letterhead: Letterhead) -> str | None:
    """RFC 8058, 3.1: the link is https; plain http stays on this machine, for trying things out."""
    if not letterhead.public_url or not letterhead.secret:
        return None
    url = unsubscribe_token.unsubscribe_url(letterhead.public_url, letterhead.secret, delivery)
    return url if _PLAIN_URL.fullmatch(url) and is_safe_on_its_way(url) else None


def is_safe_on_its_way(url: str) -> bool:
    """Nobody between the reader and us sees the token; letters carry no other link."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" or is_loopback(parts.hostname or "")
    except ValueError:
        return False


def _sender_id(domain: str) -> str:
    """The same for all that this domain sends; it names no reader."""
    return hashlib.sha256(domain.encode()).hexdigest()[:_SENDER_ID_LENGTH]


# --- Parts of headers ---------------------------------------------------------------------------------------


def subject(view: DigestView) -> str:
    """Leads with the best paper: `Paperboy: World models for robots and 7 more – 5 May`."""
    if not view.best:
        return f"Paperboy: no papers – {view.short_day}"
    best = _subject(view.best.title, SUBJECT_TITLE_LENGTH)
    others = f" and {len(view.papers) - 1} more" if len(view.papers) > 1 else ""
    return f"Paperboy: {best}{others} – {view.short_day}"


def _subject(text: str, limit: int) -> str:
    """As an inbox shows it."""
    return _no_encoded_words(truncate(one_line(text), limit))


def _no_encoded_words(text: str) -> str:
    """`=?` begins one, which may hold line ends; email decodes it wherever it stands, and writes what it held."""
    return text.replace("=?", "= ?")


def _recipient(to: str) -> Address:
    """Taken apart here, as parsing would reject or reinterpret what a profile's check let through.

    An address may hold `=?`, but no header of ours: the envelope has it as it is.
    """
    user, _, domain = one_line(to).replace("=?", "=_").rpartition("@")
    return Address(username=user, domain=domain)


def _token(delivery: str) -> str:
    """A delivery id as a Message-ID can hold it."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", delivery)


def _label(profile: str) -> str:
    """A profile's name as a List-Id and a URL can hold it (RFC 2919: letters, digits, hyphens, dots)."""
    return re.sub(r"[^A-Za-z0-9]+", "-", profile)[:_LABEL_LENGTH].strip("-").lower() or "digest"
