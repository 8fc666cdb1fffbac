"""Mailboxes with reports of failed mail: read each mail, and record failures for their deliveries."""

from __future__ import annotations

import mailbox
import re
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bot.channels.email.reports import Kind, read_report
from bot.delivery.model import Bounce
from bot.errors import UserError

_FIELD = re.compile(rb"[!-9;-~]{1,76}[ \t]{0,9}:")


@dataclass(frozen=True, slots=True)
class BounceResult:
    """What was recorded for one mail."""

    where: str  #: its file
    kind: Kind
    delivery: str | None  #: that it is about; None when it is about none of ours
    status: str
    why: str


class BounceStore(Protocol):
    """What recording needs of the store."""

    def bounced(self, bounce: Bounce, candidates: Iterable[str], now: datetime) -> str | None: ...


def record_bounces(path: Path, store: BounceStore, now: datetime) -> Iterator[BounceResult]:
    """Read every mail of a Maildir, an mbox or a file, and record each failure.

    Raises UserError when it cannot be read.
    """
    for where, content in read_mailbox(path):
        report = read_report(content)
        delivery = None
        if report.kind is not Kind.NONE:
            # with the kind, as some servers reuse the Message-ID of a delay's report for the failure after it
            identity = f"{report.kind} {report.key}"
            why = report.diagnostic or report.status or "without a reason"
            bounce = Bounce(
                identity, report.kind is Kind.HARD, report.status, why, min(report.when or now, now)
            )
            delivery = store.bounced(bounce, report.deliveries, now)
        yield BounceResult(where, report.kind, delivery, report.status, report.diagnostic)


def read_mailbox(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield place and content of every message of a Maildir, an mbox file, or a file with one mail.

    Changes nothing: messages stay new, and nothing is locked.
    Raises UserError when `path` is none of the three or cannot be read.
    """
    try:
        if path.is_dir():
            yield from _maildir_files(path)
            return
        if not path.is_file():
            raise UserError(f"{path}: no such file or folder")
        with path.open("rb") as file:
            start = file.read(100)
        if start.startswith(b"From ") or not start:  # empty: every message was removed from it
            with closing(mailbox.mbox(path, create=False)) as box:
                for number, key in enumerate(box.keys(), start=1):
                    yield f"{path}, message {number}", box.get_bytes(key)
        elif _FIELD.match(start):
            yield str(path), path.read_bytes()
        else:
            raise UserError(
                f"{path}: not a Maildir, not an mbox file (which starts with `From `), and not one mail"
            )
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or type(error).__name__}") from error


def _maildir_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Does not use mailbox.Maildir, which hides the names of files."""
    folders = [path / "new", path / "cur"]
    if not all(folder.is_dir() for folder in folders):
        raise UserError(f"{path}: not a Maildir, which has folders cur and new")
    for file in (file for folder in folders for file in sorted(folder.iterdir())):
        if file.is_file() and not file.name.startswith("."):
            with suppress(FileNotFoundError):  # moved by a mail program: read under its new name next time
                yield str(file), file.read_bytes()
