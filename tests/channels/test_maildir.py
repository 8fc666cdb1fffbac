"""The Maildir channel: files as other mail programs expect them, and failures of the disk."""

from __future__ import annotations

import errno
import mailbox
from pathlib import Path

import pytest

from bot.channels.maildir import MaildirChannel
from bot.delivery.model import Deferred, Envelope, Sent
from tests.support.samples import TITLES, TOKEN, digest, envelope


def ready(channel: MaildirChannel) -> Envelope:
    return envelope(channel.render(digest(), TOKEN, "ada")[0].payload, "ada")


def test_mail_is_delivered_as_rendered(tmp_path: Path) -> None:
    """With the system's line ends, and without an unsubscribe link: the profile's line is what stops it."""
    channel = MaildirChannel(tmp_path / "mail")
    mine = ready(channel)
    assert isinstance(channel.send(mine), Sent)
    (file,) = (tmp_path / "mail" / "ada" / "new").iterdir()
    assert file.read_bytes() == mine.payload
    assert b"\r" not in mine.payload
    (message,) = mailbox.Maildir(tmp_path / "mail" / "ada")
    assert (message["To"], message["From"]) == ("ada@localhost", "Paperboy <paperboy@localhost>")
    assert TITLES[0] in str(message)
    assert "To stop it, take its line out of `deliver` in the profile." in mine.payload.decode()


def test_look_up_of_mail_that_was_read(tmp_path: Path) -> None:
    """Mail programs move it to cur and change its name."""
    channel = MaildirChannel(tmp_path)
    mine = ready(channel)
    channel.send(mine)
    (file,) = (tmp_path / "ada" / "new").iterdir()
    file.rename(tmp_path / "ada" / "cur" / f"{file.name}:2,S")
    assert channel.look_up(mine) == Sent(file.name)


def test_partial_maildir_is_completed(tmp_path: Path) -> None:
    """An earlier run was killed between two folders."""
    (tmp_path / "ada" / "new").mkdir(parents=True)
    channel = MaildirChannel(tmp_path)
    assert isinstance(channel.send(ready(channel)), Sent)


def test_errors_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, or a file name in use, is for now, named with the path, and leaves no partial mail."""
    errors = [OSError(errno.ENOSPC, "No space left on device"), mailbox.ExternalClashError("name in use")]

    def fail(*_: object) -> None:
        raise errors.pop(0)

    monkeypatch.setattr(mailbox.Maildir, "_dump_message", fail)
    channel = MaildirChannel(tmp_path)
    assert channel.send(ready(channel)) == Deferred(f"{tmp_path / 'ada'}: No space left on device")
    assert channel.send(ready(channel)) == Deferred(f"{tmp_path / 'ada'}: ExternalClashError")
    assert [p for p in (tmp_path / "ada").rglob("*") if p.is_file()] == []


def test_look_up_without_access(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot tell, which is not the same as not found."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    channel = MaildirChannel(tmp_path)
    channel.send(ready(channel))
    monkeypatch.setattr(mailbox.Maildir, "get_file", refuse)
    with pytest.raises(LookupError, match="Permission denied"):
        channel.look_up(ready(channel))


def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    """Folders are 0700 and messages 0600, whatever the umask."""
    channel = MaildirChannel(tmp_path / "mail")
    channel.send(ready(channel))
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "mail", *(tmp_path / "mail").rglob("*"))}
    assert modes == {0o700, 0o600}
