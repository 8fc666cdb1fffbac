"""Writes digests as mail into Maildirs: for local mail programs, and for trying Paperboy out.

Needs no setting and no network. The mail is the same as by SMTP except for line ends, which are the system's.
"""

from __future__ import annotations

import mailbox
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from email.parser import BytesHeaderParser
from pathlib import Path

from bot.channels.email.message import MailSettings, compose, compose_notice, message_id_in
from bot.config.smtp_url import Sender
from bot.delivery.model import Cause, Deferred, Envelope, Notice, Outcome, Part, Refused, Sent, Stage
from bot.delivery.ports import Channel, Probe, StageCallback, ignore_stage
from bot.digests.model import Digest
from bot.files import make_private_folder
from bot.presentation.templates import BUILT_IN, Templates

_SENDER = Sender("Paperboy", "paperboy@localhost", "localhost")


class MaildirChannel(Channel):
    """Delivers into the Maildir `folder`/`target`, which is created when it does not exist."""

    name = "maildir"
    can_look_up = True

    def __init__(self, folder: Path, sender: Sender | None = None, templates: Templates = BUILT_IN) -> None:
        self._folder = folder
        #: Without link and signature: mail that stays on this machine needs neither.
        self._mail = MailSettings(sender or _SENDER, templates=templates, is_local=True)

    def check(self) -> None:
        """Always configured."""

    def render(self, digest: Digest, delivery: str, target: str) -> tuple[Part, ...]:
        content = compose(digest, f"{delivery}-1", f"{target}@localhost", self._mail)
        return (Part(content.replace(b"\r\n", b"\n"), len(digest.papers), digest.ids),)

    def render_notice(self, notice: Notice, delivery: str, target: str) -> bytes:
        content = compose_notice(notice, delivery, f"{target}@localhost", self._mail)
        return content.replace(b"\r\n", b"\n")

    def probe(self, targets: Sequence[str]) -> Iterator[Probe]:
        self.check()
        for target in targets:
            folder = self._folder / target / "new"
            existing = next(path for path in (folder, *folder.parents) if path.exists())
            is_writable = existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
            why = f"{existing} is not a folder that Paperboy may write to"
            yield Probe(target, None if is_writable else Refused(why, Cause.TARGET))

    def send(self, envelope: Envelope, on_stage: StageCallback = ignore_stage) -> Outcome:
        on_stage(Stage.WRITE)
        try:
            key = self._open(envelope.target).add(envelope.payload)
        except OSError as error:
            why = error.strerror or type(error).__name__
        except mailbox.Error as error:  # another process used the same file name
            why = type(error).__name__
        else:
            with suppress(OSError):  # a mail program has it already
                (self._folder / envelope.target / "new" / key).chmod(0o600)
            return Sent(key)
        return Deferred(f"{self._folder / envelope.target}: {why}")

    def _open(self, target: str) -> mailbox.Maildir:
        """mailbox creates the three folders only together with their parent, and does not complete a partial one."""
        path = self._folder / target
        for part in ("tmp", "new", "cur"):
            make_private_folder(path / part)
        return mailbox.Maildir(path, create=False)

    def look_up(self, envelope: Envelope) -> Sent | None:
        """Searches for the Message-ID, also among mail that has been read."""
        path = self._folder / envelope.target
        if not path.is_dir():
            return None
        message_id, headers = message_id_in(envelope.payload), BytesHeaderParser()
        try:
            box = self._open(envelope.target)
            for key in box.keys():  # noqa: SIM118 - a Maildir iterates over messages
                with box.get_file(key) as file:
                    if str(headers.parse(file)["Message-ID"]) == message_id:  # type: ignore[arg-type]
                        return Sent(key)
        except OSError as error:
            raise LookupError(f"{path}: {error.strerror}") from error
        return None
