"""A digest as a mail in a Maildir: for those who read local mail, and for trying Paperboy out.

Owns the folder it is given. Needs no setting and no network. The mail is the same as by SMTP but for its
line ends, which are the system's, as in every Maildir.
"""

from __future__ import annotations

import mailbox
import re
from email.parser import BytesHeaderParser
from pathlib import Path

from bot.channels.email.message import Letterhead, compose, compose_notice, message_id_in
from bot.config.smtp_url import Sender
from bot.delivery.model import Deferred, Envelope, Notice, Outcome, Part, Refused, Sent, Stage
from bot.delivery.ports import Channel, StageCallback, ignore_stage
from bot.digests.model import Digest
from bot.presentation.templates import BUILT_IN, Templates

SENDER = Sender("Paperboy", "paperboy@localhost", "localhost")
_SIMPLE_NAME = re.compile(r"\w[\w.+@-]{0,99}")


class MaildirChannel(Channel):
    """Delivers into `folder`/`target`, a Maildir that is made when it is not there."""

    name = "maildir"
    can_look_up = True

    def __init__(self, folder: Path, sender: Sender | None = None, templates: Templates = BUILT_IN) -> None:
        self._folder = folder
        #: Neither a link nor a signature: what stays on this machine needs none, and always works.
        self._letterhead = Letterhead(sender or SENDER, templates=templates, stays_here=True)

    def check(self) -> None:
        """Always configured."""

    def render(self, digest: Digest, delivery: str, target: str) -> tuple[Part, ...]:
        content = compose(digest, f"{delivery}-1", f"{target}@localhost", self._letterhead)
        return (Part(content.replace(b"\r\n", b"\n"), len(digest.papers), digest.ids),)

    def render_notice(self, notice: Notice, delivery: str, target: str) -> bytes:
        content = compose_notice(notice, delivery, f"{target}@localhost", self._letterhead)
        return content.replace(b"\r\n", b"\n")

    def send(self, envelope: Envelope, on_stage: StageCallback = ignore_stage) -> Outcome:
        if not _SIMPLE_NAME.fullmatch(envelope.target):
            return Refused("a Maildir's name is letters, digits, and . _ + @ - after the first")
        on_stage(Stage.WRITE)
        try:
            return Sent(self._opened(envelope.target).add(envelope.payload))
        except OSError as error:
            return Deferred(f"{self._folder / envelope.target}: {error.strerror or type(error).__name__}")
        except mailbox.Error as error:  # another process took the very file name
            return Deferred(f"{self._folder / envelope.target}: {type(error).__name__}")

    def _opened(self, target: str) -> mailbox.Maildir:
        """mailbox makes the three folders only together with their parent: a half-made one would stay so."""
        path = self._folder / target
        for part in ("tmp", "new", "cur"):
            (path / part).mkdir(mode=0o700, parents=True, exist_ok=True)
        return mailbox.Maildir(path, create=False)

    def look_up(self, envelope: Envelope) -> Sent | None:
        """Looks for the Message-ID, also among mails that were read since."""
        path = self._folder / envelope.target
        if not _SIMPLE_NAME.fullmatch(envelope.target) or not path.is_dir():
            return None
        wanted = message_id_in(envelope.payload)
        try:
            return next((Sent(key) for key, found in self._ids(envelope.target) if found == wanted), None)
        except OSError as error:
            raise LookupError(f"{path}: {error.strerror}") from error

    def _ids(self, target: str) -> list[tuple[str, str]]:
        box, headers = self._opened(target), BytesHeaderParser()
        found = []
        for key in box.keys():  # noqa: SIM118 - a Maildir iterates over messages
            with box.get_file(key) as file:
                found.append((key, str(headers.parse(file)["Message-ID"])))  # type: ignore[arg-type]
        return found
