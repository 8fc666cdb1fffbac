"""A digest or an alert as a mail message. The same input gives the same bytes, so that a retry sends the same mail.

Decides headers and MIME structure; the templates decide what the bodies look like. Does not depend on SMTP or files.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from functools import partial
from urllib.parse import quote

from bot.config.smtp_url import Sender
from bot.delivery.answer_token import answer_url, tune_url
from bot.delivery.model import Notice
from bot.delivery.unsubscribe_token import unsubscribe_url
from bot.digests.model import Digest
from bot.presentation.digest_view import AnswerLinks, DigestView, digest_view
from bot.presentation.links import LinkView
from bot.presentation.templates import BUILT_IN, Templates
from bot.text.addresses import is_secure_url
from bot.text.plain import one_line, strip_controls, truncate

_TITLE_LENGTH = 70
_NOTICE_SUBJECT_LENGTH = 120
_LABEL_LENGTH = 40
_SENDER_ID_LENGTH = 12  # Gmail accepts 5 to 15: https://support.google.com/mail/answer/6254652
#: 7-bit, so that no relay needs 8BITMIME; SMTP's own line length while bodies are encoded (RFC 2045, 6.7).
_BODY_POLICY = policy.SMTP.clone(cte_type="7bit")
#: Returns the message with a signature in front, dated by the given time.
Signer = Callable[[bytes, datetime], bytes]
#: ASCII without `<>"`, which would end it early, and without `?`, of which encoded words are made.
_PLAIN_URL = re.compile(r"https?://[!#-;=@-~]+")


@dataclass(frozen=True, slots=True)
class MailSettings:
    """What all mail of this installation has in common."""

    sender: Sender
    public_url: str | None = None  #: of the web process; with `secret`, digests have links to it
    secret: bytes | None = field(default=None, repr=False)
    signer: Signer | None = None
    templates: Templates = BUILT_IN
    is_local: bool = False  #: mail is put into a folder of this machine, and has no unsubscribe link


class _HeaderPolicy(EmailPolicy):
    """Writes every header on one line except the subject and List-Unsubscribe, and never breaks a URL.

    policy.SMTP makes encoded words of a URL of more than 75 characters, which breaks List-Unsubscribe (measured on
    3.11.7). With lines of 998 characters it writes a non-ASCII subject as one encoded word, though RFC 2047 allows
    75 characters, and when it does fold one it loses spaces (measured); the older Header class does neither.
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


def compose(digest: Digest, delivery: str, to: str, mail: MailSettings) -> bytes:
    """The whole message, with CRLF line ends and 7-bit throughout, ready for DATA.

    `delivery`: the id of this one delivery; `to`: a bare address.
    """
    user, domain, label = mail.sender.address.rpartition("@")[0], mail.sender.domain, _label(digest.profile)
    mailto = f"mailto:{quote(user, safe='+')}@{quote(domain)}?subject=unsubscribe%20{label}"
    link = _one_click_url(delivery, mail)
    leave = None if mail.is_local else LinkView("Unsubscribe", link or mailto)
    view = digest_view(digest, leave, _answer_links(delivery, mail) if link else None)
    message = _message(subject(view), delivery, digest.made, to, mail)
    message["List-Id"] = f"<{label}.paperboy.{domain}>"
    message["List-Unsubscribe"] = f"<{mailto}>" + (f", <{link}>" if link else "")
    if link:
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    message["Precedence"] = "list"
    # the same for every reader of this sender
    sender_id = hashlib.sha256(domain.encode()).hexdigest()[:_SENDER_ID_LENGTH]
    message["Feedback-ID"] = f"digest:paperboy:{sender_id}"
    message.set_content(mail.templates.text(view))
    message.add_alternative(mail.templates.html(view), subtype="html")
    message.set_boundary("=_paperboy_" + hashlib.sha256(delivery.encode()).hexdigest()[:32])
    return _to_bytes(message, digest.made, to, mail)


def compose_notice(notice: Notice, delivery: str, to: str, mail: MailSettings) -> bytes:
    """A plain message, such as an alert to the operator. Its lines arrive as they are given.

    Subject and text may quote other parties: control characters and encoded words in them have no effect.
    """
    subject = _header_text(notice.subject, _NOTICE_SUBJECT_LENGTH)
    message = _message(subject, delivery, notice.made, to, mail)
    message.set_content("".join(f"{strip_controls(line)}\n" for line in notice.text.splitlines()))
    return _to_bytes(message, notice.made, to, mail)


def message_id_in(content: bytes) -> str:
    """The Message-ID in a composed message; the settings may have changed since it was made."""
    head = re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0]
    found = re.search(rb"(?im)^message-id:\s*(\S+)", head)  # the parser would take longer than sending
    return found[1].decode() if found else ""


def subject(view: DigestView) -> str:
    """Starts with the best paper: `Paperboy: World models for robots and 7 more – 5 May`."""
    if not view.best:
        return f"Paperboy: no papers this week – {view.short_day}"
    others = f" and {len(view.papers) - 1} more" if len(view.papers) > 1 else ""
    return f"Paperboy: {_header_text(view.best.title, _TITLE_LENGTH)}{others} – {view.short_day}"


def _message(subject: str, delivery: str, made: datetime, to: str, mail: MailSettings) -> EmailMessage:
    """The headers of every message."""
    user, _, domain = mail.sender.address.rpartition("@")
    # not parsed, as parsing rejects or changes some addresses that a profile may have; the envelope has `=?` as it is
    to_user, _, to_domain = one_line(to).replace("=?", "=_").rpartition("@")
    message = EmailMessage(policy=_BODY_POLICY)
    message["From"] = Address(_without_encoded_words(mail.sender.name), user, domain)
    message["To"] = Address(username=to_user, domain=to_domain)
    message["Subject"] = subject
    message["Date"] = format_datetime(made)
    message["Message-ID"] = f"<{delivery}@{mail.sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation replies
    return message


def _to_bytes(message: EmailMessage, made: datetime, to: str, mail: MailSettings) -> bytes:
    """Also signed, when there is a signer."""
    is_ascii = to.isascii() and mail.sender.address.isascii()
    content = message.as_bytes(policy=_WIRE_POLICY.clone(utf8=not is_ascii))
    return mail.signer(content, made) if mail.signer else content


def _one_click_url(delivery: str, mail: MailSettings) -> str | None:
    """RFC 8058, 3.1: the link is https. Plain http is allowed on this machine only, for trying things out."""
    if not mail.public_url or not mail.secret:
        return None
    url = unsubscribe_url(mail.public_url, mail.secret, delivery)
    return url if _PLAIN_URL.fullmatch(url) and is_secure_url(url) else None


def _answer_links(delivery: str, mail: MailSettings) -> AnswerLinks:
    """For a digest that has a one-click link."""
    assert mail.public_url
    assert mail.secret
    page = partial(answer_url, mail.public_url, mail.secret, delivery)
    return AnswerLinks(page, tune_url(mail.public_url, mail.secret, delivery))


def _header_text(text: str, limit: int) -> str:
    return _without_encoded_words(truncate(one_line(text), limit))


def _without_encoded_words(text: str) -> str:
    """`=?` starts an encoded word, which may contain line ends. The email package decodes it in any header."""
    return text.replace("=?", "= ?")


def _label(profile: str) -> str:
    """A profile's name as a List-Id and a URL can contain it (RFC 2919: letters, digits, hyphens, dots)."""
    return re.sub(r"[^A-Za-z0-9]+", "-", one_line(profile))[:_LABEL_LENGTH].strip("-").lower() or "digest"
