"""What a report of a failed mail says: about the address, and about which delivery it may be.

Reports in the format of RFC 3464 are read with the email package, all others with flufl.bounce. Pure.

Anybody can write a report. The delivery ids found in one are therefore only candidates, and the store accepts those
in its outbox. They have 64 random bits and are known only to who received the mail, so a forged report cannot pause
an address.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import NamedTuple, cast

from bot.text.plain import one_line, truncate

DIAGNOSTIC_LENGTH = 200
#: Bounds on what is read of one mail. A report says what matters near its top.
_READ_BYTES = 256 * 1024
_HEADER_LENGTH = 4_000  # the email package takes quadratic time for a header's parameters
_LINE_LENGTH = 200  # regular expressions of flufl.bounce take up to cubic time for a line:
_PROSE_LENGTH = 16_000  # so much text in lines of that length takes half a second at most (measured)
_KEY_LENGTH = 250
_MAX_DELIVERIES = 10

_DELIVERY = r"([0-9a-f]{16}-\d{1,3})"
_TAG = re.compile(rf"\+{_DELIVERY}@", re.IGNORECASE)
_ID = re.compile(rf"<{_DELIVERY}@", re.IGNORECASE)
_ID_LINE = re.compile(rf"^[ \t>]{{0,9}}message-id:\s{{0,9}}<{_DELIVERY}@", re.IGNORECASE | re.MULTILINE)
#: Where servers write the recipient of the envelope, the most reliable first.
_RECIPIENT_HEADERS = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")

_STATUS = re.compile(r"\s{0,9}([245]\.\d{1,3}\.\d{1,3})(?!\d)", re.ASCII)
#: `550 5.1.1 unknown`, `550-5.1.1 unknown`, `smtp;550 #5.1.1`, and qmail's `(#5.1.1)`.
_STATUS_IN_TEXT = re.compile(r"(?:#|\b[45]\d\d[ -]#?)([45]\.\d{1,3}\.\d{1,3})(?![\d.])", re.ASCII)
_DIAGNOSTIC_TYPE = re.compile(r"^\s{0,9}[\w.-]{1,30}\s{0,9};\s{0,9}")
#: RFC 3463: permanent failures that say nothing against the address. The cause is the state of the mailbox (2.2),
#: this message (2.3, 3.4, 6, 7), its sender (1.7, 1.8) or the time for which it was tried (4.7).
_NOT_THE_ADDRESS = re.compile(r"5\.(?:1\.[78]|2\.[23]|3\.4|4\.7|[67]\.\d{1,3})")
#: The same in words, for servers that give no status or only 5.0.0.
_NOT_THE_ADDRESS_WORDS = re.compile(
    r"quota|(?:mail)?box (?:is )?full|full mailbox|too (?:large|big)|size limit|storage|temporar"
    r"|spam|black ?list|block ?list|blocked|reputation|policy|^4\d\d\b",
    re.IGNORECASE | re.MULTILINE,
)
#: Senders that are mail servers. Only in their mail is prose searched for failures.
_DAEMON = re.compile(
    r"mailer-?daemon|mail[ -]?daemon|mdaemon|postmaster|microsoftexchange|mail delivery (?:sub)?system",
    re.IGNORECASE,
)
#: The first line of a returned message within a text.
_RETURNED = re.compile(
    r"^[ \t>]{0,9}(?:return-path|received|delivered-to|message-id|mime-version):",
    re.IGNORECASE | re.MULTILINE,
)
#: RFC 6533's name for delivery-status with UTF-8, which the email package does not split into blocks.
_GLOBAL_STATUS = re.compile(rb"message/global-delivery-status", re.IGNORECASE)
_LOG = logging.getLogger(__name__)


class Kind(StrEnum):
    """What a mail says about the address of a delivery."""

    HARD = "hard"  #: the address does not work
    SOFT = "soft"  #: a failure for now, or of this message only
    NONE = "none"  #: not a failure: success, a vacation reply, any other mail


@dataclass(frozen=True, slots=True)
class Report:
    """What was understood of one mail to the return address."""

    key: str  #: identity, so that a mailbox read twice counts once: Message-ID, or SHA-256 of the bytes
    kind: Kind  #: of the recipient with the worst result
    deliveries: tuple[str, ...]  #: ids that it may be about, best first; anybody can write them
    status: str  #: enhanced status (RFC 3463) such as `5.1.1`; empty when unknown
    diagnostic: str  #: the server's words, one line of at most DIAGNOSTIC_LENGTH
    when: datetime | None  #: UTC, from the Date header; None when it has no valid date


class _Finding(NamedTuple):
    """What a report says of one recipient."""

    kind: Kind
    status: str = ""
    diagnostic: str = ""


class _PlainHeaders(Compat32):
    """Headers of limited length that are always strings.

    Compat32 returns Header objects for raw 8-bit headers, for which flufl.bounce raises AttributeError.
    """

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_HEADER_LENGTH]

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


_POLICY = _PlainHeaders()


def verp(return_address: str, delivery: str) -> str:
    """The envelope sender of one delivery: `bounces+3f2a9c0de1b74556-1@example.org`.

    A report is sent to it, and so names its delivery even when nothing else in it can be read
    (https://cr.yp.to/proto/verp.txt). `return_address` is a bare address; a tag in it stays before ours.
    """
    user, _, domain = return_address.rpartition("@")
    return f"{user}+{delivery}@{domain}"


def read_report(content: bytes) -> Report:
    """Read a mail to the return address. Never raises: a mail that cannot be read is not a failure report."""
    key = hashlib.sha256(content).hexdigest()
    try:
        start = _GLOBAL_STATUS.sub(b"message/delivery-status", content[:_READ_BYTES])
        message = BytesParser(policy=_POLICY).parsebytes(start)
        parts = list(_parts(message))
        message_id = one_line(message["Message-ID"] or "")
        deliveries = tuple(dict.fromkeys(id_.lower() for id_ in _delivery_ids(message, parts)))
        severity = [Kind.HARD, Kind.SOFT, Kind.NONE]
        stated = min(
            _recipient_findings(parts), key=lambda finding: severity.index(finding.kind), default=None
        )
        found = stated or _prose_finding(message, parts)
        return Report(
            message_id if 0 < len(message_id) <= _KEY_LENGTH else key,
            found.kind,
            deliveries[:_MAX_DELIVERIES],
            found.status,
            found.diagnostic,
            _parse_date(message["Date"]),
        )
    except Exception as error:  # what the email package and flufl.bounce raise changes with their releases
        _LOG.warning("a mail cannot be read and is ignored: %s", type(error).__name__)
        return Report(key, Kind.NONE, (), "", "", None)


def _parts(message: Message) -> Iterator[Message]:
    """The leaves of a message in order. A returned message is one of them: its parts are not the report's."""
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        for part in _inner_messages(message):
            yield from _parts(part)
    else:
        yield message


def _inner_messages(part: Message) -> list[Message]:
    """Parts of a multipart, a returned message, or blocks of a delivery status."""
    return cast(list[Message], part.get_payload()) if part.is_multipart() else []


def _text(part: Message) -> str:
    """Decoded as UTF-8 whatever the charset: everything searched for is ASCII, and some codecs are slow."""
    content = cast(bytes | None, part.get_payload(decode=True))  # None for parts that have parts
    return content.decode("utf-8", "replace") if content else ""


def _delivery_ids(message: Message, parts: list[Message]) -> Iterator[str]:
    """Ids of deliveries in the recipient's address, the returned message, and what is answered: in this order."""
    recipients = [value for name in _RECIPIENT_HEADERS for value in message.get_all(name, [])]
    for value in [*recipients, *message.values()]:
        yield from _TAG.findall(value)
    for part in parts:
        if part.get_content_maintype() == "message":
            yield from _ID.findall(" ".join(inner["Message-ID"] or "" for inner in _inner_messages(part)))
        elif part.get_content_maintype() == "text":  # qmail copies the returned message into its text
            yield from _ID_LINE.findall(_text(part))
    for value in [*message.get_all("In-Reply-To", []), *message.get_all("References", [])]:
        yield from _ID.findall(value)


def _parse_date(date: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(date or "")
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _recipient_findings(parts: list[Message]) -> Iterator[_Finding]:
    """What the delivery status says of each recipient: Action whether it failed, Status whether for its address."""
    statuses = (part for part in parts if part.get_content_type() == "message/delivery-status")
    for block in (block for part in statuses for block in _inner_messages(part)):
        action = (block["Action"] or "").strip().lower()
        if not action and not block["Status"]:
            continue
        diagnostic = one_line(_DIAGNOSTIC_TYPE.sub("", block["Diagnostic-Code"] or "", count=1))
        status = _specific_status(block["Status"] or "", diagnostic)
        if action.startswith("delayed"):
            kind = Kind.SOFT
        elif action.startswith(("fail", "error")) or (not action and status[:1] in ("4", "5")):
            kind = _failure_kind(status, diagnostic)
        else:
            kind = Kind.NONE
        yield _Finding(kind, status, truncate(diagnostic, DIAGNOSTIC_LENGTH))


def _specific_status(stated: str, diagnostic: str) -> str:
    """The stated status; the one in the remote server's words when it is missing or unspecific (5.0.0)."""
    match = _STATUS.match(stated)
    status = match[1] if match else ""
    quoted = _STATUS_IN_TEXT.search(diagnostic)
    return quoted[1] if quoted and (not status or status.endswith(".0.0")) else status


def _failure_kind(status: str, words: str) -> Kind:
    if status.startswith("4") or _NOT_THE_ADDRESS.fullmatch(status):
        return Kind.SOFT
    is_unspecific = not status or status.endswith(".0.0")
    return Kind.SOFT if is_unspecific and _NOT_THE_ADDRESS_WORDS.search(words) else Kind.HARD


def _prose_finding(message: Message, parts: list[Message]) -> _Finding:
    """What a report without a delivery status says. Replaces the payloads of the parts by their own words.

    flufl.bounce does not decode transfer encodings, and would find addresses in the returned message too.
    """
    is_exim = "X-Failed-Recipients" in message  # Exim marks its reports as auto-replied
    is_reply = (message["Auto-Submitted"] or "").strip().lower().startswith("auto-replied")
    if not is_exim and (is_reply or not _DAEMON.search(message["From"] or "")):
        return _Finding(Kind.NONE)
    prose = ""
    for part in parts:
        own = _RETURNED.split(_text(part), maxsplit=1)[0] if part.get_content_type() == "text/plain" else ""
        short = "\n".join(line[:_LINE_LENGTH] for line in own.splitlines())[: _PROSE_LENGTH - len(prose)]
        prose += f"{short}\n"
        del part["Content-Transfer-Encoding"]
        part.set_payload(short)
    from flufl.bounce import all_failures  # takes 30 to 100 ms, and few servers need it

    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # it logs tracebacks that it also raises
    temporary, permanent = all_failures(message)
    if not temporary and not permanent:
        return _Finding(Kind.NONE)
    line = next((line for line in prose.split("\n") if _STATUS_IN_TEXT.search(line)), "")
    status = _specific_status("", line)
    kind = _failure_kind(status, prose) if permanent else Kind.SOFT
    return _Finding(kind, status, truncate(one_line(line), DIAGNOSTIC_LENGTH))
