"""Mailboxes with reports of failed mail: every mail is read, nothing is changed, failures are recorded."""

from __future__ import annotations

import mailbox
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.channels.email.bounces import BounceResult, read_mailbox, record_bounces
from bot.channels.email.reports import Kind
from bot.delivery.model import Bounce
from bot.errors import UserError
from tests.support.samples import TOKEN

REPORTS = Path(__file__).parent / "reports"
POSTFIX, VACATION = ((REPORTS / f"{name}.eml").read_bytes() for name in ("postfix", "vacation"))
BROKEN = b"Content-Type: message/rfc822\n\n" * 5000


def listing(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


def test_maildir(tmp_path: Path) -> None:
    """Mails in new and cur are read, with their files' names; nothing is moved or changed."""
    folder = tmp_path / "bounces"
    box = mailbox.Maildir(folder)
    box.add(POSTFIX)
    seen = mailbox.MaildirMessage(VACATION)
    seen.set_subdir("cur")
    box.add(seen)
    (folder / "cur" / ".hidden").write_bytes(b"x")
    (folder / "new" / "folder").mkdir()
    before = listing(folder)
    found = list(read_mailbox(folder))
    assert [(Path(name).parent.name, content) for name, content in found] == [
        ("new", POSTFIX),
        ("cur", VACATION),
    ]
    assert all(Path(name).is_file() for name, _ in found)
    assert listing(folder) == before


def test_a_mail_that_is_moved_meanwhile(tmp_path: Path) -> None:
    """It is left out, and read under its new name next time."""
    box = mailbox.Maildir(tmp_path / "box")
    keys = sorted([box.add(POSTFIX), box.add(VACATION)])
    reading = read_mailbox(tmp_path / "box")
    next(reading)
    (tmp_path / "box" / "new" / keys[1]).unlink()
    assert list(reading) == []


def test_mbox(tmp_path: Path) -> None:
    """Messages are counted from 1; the file is not changed."""
    path = tmp_path / "mbox"
    quoting = b"Subject: x\n\n>From quoted\n"
    mails = (POSTFIX, quoting, VACATION)
    path.write_bytes(b"".join(b"From x Tue May  5\n" + mail + b"\n" for mail in mails))
    before = listing(tmp_path)
    assert list(read_mailbox(path)) == [
        (f"{path}, message {n}", mail) for n, mail in enumerate(mails, start=1)
    ]
    assert listing(tmp_path) == before


def test_empty_mailboxes(tmp_path: Path) -> None:
    """No mail is not an error."""
    (tmp_path / "mbox").touch()
    mailbox.Maildir(tmp_path / "maildir")
    assert list(read_mailbox(tmp_path / "mbox")) == list(read_mailbox(tmp_path / "maildir")) == []


def test_other_files_are_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the path and the reason."""
    (tmp_path / "notes").write_text("no mail at all\n")
    (tmp_path / "picture").write_bytes(b"\x89PNG\r\n\x1a\n\0: x")
    os.mkfifo(tmp_path / "pipe")
    for name, problem in {
        "missing": "missing: no such file or folder",
        "pipe": "pipe: no such file or folder",
        "notes": "notes: not a Maildir, not an mbox file",
        "picture": "picture: not a Maildir, not an mbox file",
        ".": "not a Maildir, which has folders cur and new",
    }.items():
        with pytest.raises(UserError, match=problem):
            list(read_mailbox(tmp_path / name))

    def refuse(*_: object, **__: object) -> None:  # tests may run as root, who may read everything
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UserError, match="notes cannot be read: Permission denied"):
        list(read_mailbox(tmp_path / "notes"))


class Store:
    """Accepts the first candidate of every bounce."""

    def __init__(self) -> None:
        self.bounces: list[Bounce] = []

    def bounced(self, bounce: Bounce, candidates: Iterable[str], now: datetime) -> str | None:
        self.bounces.append(bounce)
        return next(iter(candidates), None)


def test_failures_are_recorded(tmp_path: Path) -> None:
    """Other mail is listed only, and a mail that cannot be read does not stop the others. A date in the future is
    not believed.
    """
    files = [tmp_path / name for name in ("1.eml", "2.eml", "3.eml")]
    for file, content in zip(files, (BROKEN, VACATION, POSTFIX), strict=True):
        file.write_bytes(content)
    store, now = Store(), datetime(2026, 5, 5, 6, tzinfo=UTC)
    results = [result for file in files for result in record_bounces(file, store, now)]
    why = "550 5.1.1 <ada@example.net>: Recipient address rejected: User unknown in table"
    assert results == [
        BounceResult(str(files[0]), Kind.NONE, None, "", ""),
        BounceResult(str(files[1]), Kind.NONE, None, "", ""),
        BounceResult(str(files[2]), Kind.HARD, f"{TOKEN}-1", "5.1.1", why),
    ]
    identity = "hard <20260505063107.4A1B2C3D@mx.example.net>"
    assert store.bounces == [Bounce(identity, True, "5.1.1", why, now)]
