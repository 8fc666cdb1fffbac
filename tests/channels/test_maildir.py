"""The Maildir channel: files as other mail programs expect them, and failures of the disk."""

from __future__ import annotations

import errno
import mailbox
from pathlib import Path

import pytest

from bot.channels.maildir import MaildirChannel
from bot.delivery.model import Deferred, Envelope, Refused, Sent
from tests.support.samples import TITLES, TOKEN, digest, envelope


def ready(channel: MaildirChannel, target: str = "ada") -> Envelope:
    return envelope(channel.render(digest(), TOKEN, target)[0].payload, target)


def test_mail_is_delivered_as_rendered(tmp_path: Path) -> None:
    """The file's bytes are the mail's, with the system's line ends."""
    channel = MaildirChannel(tmp_path / "mail")
    mine = ready(channel)
    assert isinstance(channel.send(mine), Sent)
    (file,) = (tmp_path / "mail" / "ada" / "new").iterdir()
    assert file.read_bytes() == mine.payload
    assert b"\r" not in mine.payload
    (message,) = mailbox.Maildir(tmp_path / "mail" / "ada")
    assert (message["To"], message["From"]) == ("ada@localhost", "Paperboy <paperboy@localhost>")
    assert TITLES[0] in str(message)


def test_nobody_has_to_be_asked_to_stop_it(tmp_path: Path) -> None:
    """A folder of this machine has no unsubscribe link: its line in the profile is what stops it."""
    text = ready(MaildirChannel(tmp_path)).payload.decode()
    assert "To stop it, take its line out of `deliver` in the profile." in text
    assert "To stop it:" not in text


def test_found_after_reading(tmp_path: Path) -> None:
    """Mail programs move what was read to cur and change its name."""
    channel = MaildirChannel(tmp_path)
    mine = ready(channel)
    channel.send(mine)
    (file,) = (tmp_path / "ada" / "new").iterdir()
    file.rename(tmp_path / "ada" / "cur" / f"{file.name}:2,S")
    assert channel.look_up(mine) == Sent(file.name)


def test_half_made_maildir_is_completed(tmp_path: Path) -> None:
    """An earlier run was killed between two folders."""
    (tmp_path / "ada" / "new").mkdir(parents=True)
    channel = MaildirChannel(tmp_path)
    assert isinstance(channel.send(ready(channel)), Sent)


@pytest.mark.parametrize("target", ["../up", "a/b", ".hidden", "", "a\nb", "..", "/etc"])
def test_targets_stay_in_the_folder(tmp_path: Path, target: str) -> None:
    """A target is a name, not a path."""
    channel = MaildirChannel(tmp_path / "mail")
    assert isinstance(channel.send(ready(channel, target)), Refused)
    assert list(tmp_path.iterdir()) == []


def test_full_disk_is_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the path and the system's words; no half a mail stays."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(mailbox.Maildir, "_dump_message", full)
    channel = MaildirChannel(tmp_path)
    assert channel.send(ready(channel)) == Deferred(f"{tmp_path / 'ada'}: No space left on device")
    assert [p for p in (tmp_path / "ada").rglob("*") if p.is_file()] == []


def test_works_without_settings(tmp_path: Path) -> None:
    """Without MAIL_FROM the sender is a local one."""
    channel = MaildirChannel(tmp_path)
    channel.check()
    assert isinstance(channel.send(ready(channel)), Sent)
