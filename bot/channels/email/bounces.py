"""Reads what mail servers write back: reports that a mail was not delivered (RFC 3464, and older habits).

Owns what a report means and which delivery it may be about. Refuses to know the outbox, addresses and what
follows from a report. Everything in a report was written by strangers. The deliveries found are therefore only
candidates: a caller accepts those that stand in its own outbox. Their ids hold 64 random bits, which cannot be
guessed and are known to those alone who got the mail, so that a forged report suppresses nobody's address.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import Compat32
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path

from bot.errors import UserError
from bot.text.plain import one_line, truncate

#: Bounds on what is read of one mail, so that no mail takes long: a report says what it has to say at its top.
_READ_BYTES = 256 * 1024
_HEADER_LENGTH = 4_000  # parameters are parsed in quadratic time
_SECTIONS = 40  # each level of nesting slows the parser down
_PARTS = 50
_TEXT_LINES = 300
_LINE_LENGTH = 200  # flufl.bounce's expressions take up to cubic time,
_PROSE_LENGTH = 16_000  # and the longest such lines make this much take half a second
_KEY_LENGTH = 250
_DELIVERIES = 10
DIAGNOSTIC_LENGTH = 200

_DELIVERY = r"([0-9a-f]{16}-\d{1,3})"
_TAG = re.compile(rf"\+{_DELIVERY}@", re.IGNORECASE)
_ID = re.compile(rf"<{_DELIVERY}@", re.IGNORECASE)
_ID_LINE = re.compile(rf"^[ \t>]{{0,9}}message-id:\s{{0,9}}<{_DELIVERY}@", re.IGNORECASE | re.MULTILINE)
#: Where servers note whom the envelope was for; the first is the surest.
_RECIPIENT_HEADERS = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")

_STATUS = re.compile(r"\s{0,9}([245]\.\d{1,3}\.\d{1,3})(?!\d)", re.ASCII)
#: `550 5.1.1 unknown`, `550-5.1.1 unknown`, `smtp;550 #5.1.1`, and qmail's `(#5.1.1)`.
_STATUS_IN_TEXT = re.compile(r"(?:#|\b[45]\d\d[ -]#?)([45]\.\d{1,3}\.\d{1,3})(?![\d.])", re.ASCII)
_DIAGNOSTIC_TYPE = re.compile(r"^\s{0,9}[\w.-]{1,30}\s{0,9};\s{0,9}")
#: RFC 3463: failed for good, but by the state of the mailbox (2.2), this message (2.3, 3.4, 6, 7), its sender
#: (1.7, 1.8) or the time that it was tried (4.7): the address may well work.
_NOT_THE_ADDRESS = re.compile(r"5\.(?:1\.[78]|2\.[23]|3\.4|4\.7|[67]\.\d{1,3})")
#: The same in the words of servers that give no such status, or only 5.0.0.
_NOT_THE_ADDRESS_WORDS = re.compile(
    r"quota|(?:mail)?box (?:is )?full|full mailbox|too (?:large|big)|size limit|storage|temporar"
    r"|spam|black ?list|block ?list|blocked|reputation|policy|^4\d\d\b",
    re.IGNORECASE | re.MULTILINE,
)
#: Servers, as they sign; heuristics that look for addresses in prose are for their mail alone.
_DAEMON = re.compile(
    r"mailer-?daemon|mail[ -]?daemon|mdaemon|postmaster|microsoftexchange|mail delivery (?:sub)?system",
    re.IGNORECASE,
)
#: Where a returned message begins that is no part of its own.
_RETURNED = re.compile(
    r"^[ \t>]{0,9}(?:return-path|received|delivered-to|message-id|mime-version):",
    re.IGNORECASE | re.MULTILINE,
)
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")  # RFC 3464, RFC 6533
_FIELD = re.compile(rb"[!-9;-~]{1,76}[ \t]{0,9}:")


class Kind(StrEnum):
    """What a mail says about the address that a delivery went to."""

    HARD = "hard"  #: the address does not work
    SOFT = "soft"  #: for now, or for this message only
    NONE = "none"  #: no report of a failure: success, a vacation reply, anything else


@dataclass(frozen=True, slots=True)
class Report:
    """One mail to the return address, as far as it could be understood."""

    key: str  #: identity, so that a mailbox read twice counts once: Message-ID, or the bytes' SHA-256
    kind: Kind  #: of the worst recipient
    deliveries: tuple[str, ...]  #: ids that it may be about, best first; anybody can write them
    status: str  #: enhanced status (RFC 3463) such as `5.1.1`; empty when unknown
    diagnostic: str  #: the server's words, one line of at most DIAGNOSTIC_LENGTH
    when: datetime | None  #: UTC, from the Date header; None when there is no such date


@dataclass(frozen=True, slots=True)
class _Finding:
    """What a report says of one recipient."""

    kind: Kind
    status: str = ""
    diagnostic: str = ""


class _PlainHeaders(Compat32):
    """Headers of bounded length, and always strings.

    Compat32 gives Header objects for raw 8-bit ones, on which flufl.bounce fails with AttributeError.
    """

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_HEADER_LENGTH]

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


_POLICY = _PlainHeaders()
_LOG = logging.getLogger(__name__)


def verp(return_address: str, delivery: str) -> str:
    """The envelope sender of one delivery: `bounces+3f2a9c0de1b74556-1@example.org`.

    A report comes back to it, and so names its delivery even when it holds nothing else that can be read
    (https://cr.yp.to/proto/verp.txt). `return_address`: one bare address, as the settings checked it; a tag that
    it has already stays before ours.
    """
    user, _, domain = return_address.rpartition("@")
    return f"{user}+{delivery}@{domain}"


def read_report(content: bytes) -> Report:
    """What a mail to the return address says. Never raises: what cannot be read is no report of a failure."""
    key = hashlib.sha256(content).hexdigest()
    try:
        return _report(_parsed(content), key)
    except Exception as error:  # the mail package's ways to fail on hostile input change with its releases
        _LOG.warning("a mail cannot be read, and counts for nothing: %s", type(error).__name__)
        return Report(key, Kind.NONE, (), "", "", None)


def _report(message: Message, key: str) -> Report:
    parts = _parts(message)
    deliveries = tuple(dict.fromkeys(_deliveries(message, parts)))[:_DELIVERIES]
    said = one_line(message["Message-ID"] or "")
    found = _worst(_stated(parts)) or _guessed(message, parts)
    return Report(
        said if 0 < len(said) <= _KEY_LENGTH else key,
        found.kind,
        deliveries,
        found.status,
        found.diagnostic,
        _moment(message["Date"]),
    )


def _parsed(content: bytes) -> Message:
    """Only its headers when it is nested as no report is."""
    start = content[:_READ_BYTES]
    lowered = start.lower()
    nested = lowered.count(b"multipart/") + lowered.count(b"message/") > _SECTIONS
    return (BytesHeaderParser if nested else BytesParser)(policy=_POLICY).parsebytes(start)


def _parts(message: Message) -> list[Message]:
    """In order, without what is inside of returned messages: their parts are not the report's."""
    pending, found = [message], list[Message]()
    while pending and len(found) < _PARTS:
        part = pending.pop(0)
        found.append(part)
        if part.get_content_maintype() == "multipart":
            pending[:0] = _inside(part)[:_PARTS]
    return found


def _inside(part: Message) -> list[Message]:
    """The messages that a part consists of: parts, a returned message, or blocks of a delivery status."""
    payload = part.get_payload()
    return [inner for inner in payload if isinstance(inner, Message)] if isinstance(payload, list) else []


def _text(part: Message) -> str:
    """As UTF-8 whatever it claims to be: all that is looked for is ASCII, and some codecs are slow."""
    content = part.get_payload(decode=True)
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
    return "\n".join(line[:_LINE_LENGTH] for line in text.splitlines()[:_TEXT_LINES])


def _prose(parts: Iterable[Message]) -> dict[int, str]:
    """The server's own words by the place of their part, up to a returned message within the text."""
    found, room = {}, _PROSE_LENGTH
    for place, part in enumerate(parts):
        if part.get_content_type() == "text/plain":
            found[place] = _RETURNED.split(_text(part), maxsplit=1)[0][:room]
            room -= len(found[place])
    return found


def _deliveries(message: Message, parts: list[Message]) -> Iterator[str]:
    """Where the report came to, what it returns, what it answers: from the surest to the least."""
    named = [value for name in _RECIPIENT_HEADERS for value in message.get_all(name, [])]
    for value in [*named, *message.values()]:
        yield from (tag.lower() for tag in _TAG.findall(value))
    for part in parts:
        yield from (found.lower() for found in _returned_ids(part))
    for name in ("In-Reply-To", "References"):
        for value in message.get_all(name, []):
            yield from (found.lower() for found in _ID.findall(value))


def _returned_ids(part: Message) -> list[str]:
    """Message-IDs of returned messages: a part of their own, or a copy within a text as qmail makes it."""
    if part.get_content_maintype() == "message":
        return _ID.findall(" ".join(inner["Message-ID"] or "" for inner in _inside(part)))
    if part.get_content_maintype() == "text":
        return _ID_LINE.findall(_text(part))
    return []


def _moment(date: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(date or "")
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _worst(findings: Iterable[_Finding]) -> _Finding | None:
    """The first one of the worst kind."""
    order = [Kind.HARD, Kind.SOFT, Kind.NONE]
    return min(findings, key=lambda finding: order.index(finding.kind), default=None)


def _stated(parts: list[Message]) -> list[_Finding]:
    """What delivery-status parts say, recipient by recipient."""
    statuses = [part for part in parts if part.get_content_type() in _STATUS_TYPES]
    blocks = [block for part in statuses for block in _blocks(part)]
    return [_of_recipient(block) for block in blocks if block["Action"] or block["Status"]]


def _blocks(part: Message) -> Iterator[Message]:
    """The mail package takes message/delivery-status apart; of the younger type it reads one block only."""
    for block in _inside(part):
        yield block
        rest = block.get_payload(decode=True)
        if isinstance(rest, bytes) and rest.strip():
            for text in re.split(rb"\n[ \t]*\n", rest)[:_PARTS]:
                yield BytesHeaderParser(policy=_POLICY).parsebytes(text.strip())


def _of_recipient(block: Message) -> _Finding:
    """`Action` decides whether it failed, the status whether that is the address's fault."""
    diagnostic = one_line(_DIAGNOSTIC_TYPE.sub("", block["Diagnostic-Code"] or "", count=1))
    status = _specific_status(block["Status"] or "", diagnostic)
    action = (block["Action"] or "").strip().lower()
    if action.startswith("delayed"):
        kind = Kind.SOFT
    elif action.startswith(("fail", "error")) or (not action and status[:1] in ("4", "5")):
        kind = _failure(status, diagnostic)
    else:
        kind = Kind.NONE
    return _Finding(kind, status, truncate(diagnostic, DIAGNOSTIC_LENGTH))


def _specific_status(stated: str, diagnostic: str) -> str:
    """The status; what the other server said when that is missing or says nothing (5.0.0)."""
    match = _STATUS.match(stated)
    status = match[1] if match else ""
    said = _STATUS_IN_TEXT.search(diagnostic)
    return said[1] if said and (not status or status.endswith(".0.0")) else status


def _failure(status: str, words: str) -> Kind:
    unspecific = not status or status.endswith(".0.0")
    if status.startswith("4") or _NOT_THE_ADDRESS.fullmatch(status):
        return Kind.SOFT
    return Kind.SOFT if unspecific and _NOT_THE_ADDRESS_WORDS.search(words) else Kind.HARD


def _guessed(message: Message, parts: list[Message]) -> _Finding:
    """What a report in prose says. Changes the parts: nothing reads them after it."""
    failed = "X-Failed-Recipients" in message  # Exim's, which calls its reports auto-replied
    replied = (message["Auto-Submitted"] or "").strip().lower().startswith("auto-replied")
    if not failed and (replied or not _DAEMON.search(message["From"] or "")):
        return _Finding(Kind.NONE)
    prose = _prose(parts)
    temporary, permanent = _flufl_failures(_prose_only(message, parts, prose))
    if not temporary and not permanent:
        return _Finding(Kind.NONE)
    words = "\n".join(prose.values())
    line = next((line for line in words.split("\n") if _STATUS_IN_TEXT.search(line)), "")
    status = _specific_status("", line)
    kind = _failure(status, words) if permanent else Kind.SOFT
    return _Finding(kind, status, truncate(one_line(line), DIAGNOSTIC_LENGTH))


def _prose_only(message: Message, parts: list[Message], prose: dict[int, str]) -> Message:
    """The message with nothing but the server's own words, decoded: flufl.bounce reads transfer encodings as
    they are, and would find addresses in the returned message too.
    """
    leaves = []
    for place, part in enumerate(parts):
        if not (part.get_content_maintype() == "multipart" and part.is_multipart()):
            del part["Content-Transfer-Encoding"]
            part.set_payload(prose.get(place, ""))
            leaves.append(part)
    if message.is_multipart():
        message.set_payload(list(leaves))
    return message


def _flufl_failures(message: Message) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Addresses that failed for now, and for good; none where a detector stumbles."""
    from flufl.bounce import all_failures  # 30 to 100 ms, for mail that few servers still write

    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # it logs the traceback, and raises as well
    try:
        return all_failures(message)
    except Exception:  # RecursionError at nested comments, and whatever seventeen detectors come to
        return frozenset(), frozenset()


def read_reports(path: Path) -> Iterator[tuple[str, bytes]]:
    """The name of its place, and the content, of every message of a Maildir, an mbox file, or a single mail.

    Changes nothing: messages stay new, and nothing is locked. An mbox to which a server is writing may end in
    half a message; a Maildir cannot.
    Raises UserError, also while it is iterated, for what is none of the three or cannot be read.
    """
    with _readable(path):
        if path.is_dir():
            return _maildir(path)
        if not path.exists():
            raise UserError(f"{path}: there is no such file or folder")
        if not path.is_file():
            raise UserError(f"{path}: neither a file nor a folder")
        with path.open("rb") as file:
            start = file.read(100)
    if start.startswith(b"From ") or not start:  # a mailbox that was emptied
        return _mbox(path)
    if _FIELD.match(start):
        return _single(path)
    raise UserError(f"{path}: neither a Maildir, nor an mbox file (`From ` at its start), nor one mail")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or type(error).__name__}") from error


def _maildir(path: Path) -> Iterator[tuple[str, bytes]]:
    """mailbox.Maildir would do, but that it makes folders and moves messages is too easily asked of it."""
    folders = [path / "new", path / "cur"]
    if not all(folder.is_dir() for folder in folders):
        raise UserError(f"{path}: a folder without cur/ and new/, so no Maildir")
    files = [file for folder in folders for file in sorted(folder.iterdir()) if not file.name.startswith(".")]
    return _contents(files)


def _contents(files: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    for file in files:
        with _readable(file):
            try:
                content = file.read_bytes() if file.is_file() else None
            except FileNotFoundError:  # moved by a mail reader: read under its next name next time
                continue
        if content is not None:
            yield str(file), content


def _single(path: Path) -> Iterator[tuple[str, bytes]]:
    with _readable(path):
        content = path.read_bytes()
    yield str(path), content


def _mbox(path: Path) -> Iterator[tuple[str, bytes]]:
    """A message begins at `From ` after an empty line (RFC 4155); quoting with `>` is left as it is."""
    number, lines, after_empty = 0, list[bytes](), True
    with _readable(path), path.open("rb") as file:
        for line in file:
            if after_empty and line.startswith(b"From "):
                if number:
                    yield f"{path}, message {number}", b"".join(lines)
                number, lines = number + 1, []
            else:
                lines.append(line)
            after_empty = not line.strip()
    if number:
        yield f"{path}, message {number}", b"".join(lines)
