"""Another channel's messages as files, instead of over its network: for `paperboy demo`.

Owns file names and nothing else: what is written is what the wrapped channel would send.
"""

from __future__ import annotations

import json
import re
from email import message_from_bytes, policy
from pathlib import Path

from bot.delivery.model import Deferred, Envelope, Notice, Outcome, Part, Sent, Stage
from bot.delivery.ports import Channel, StageCallback, ignore_stage
from bot.digests.model import Digest


class FolderChannel(Channel):
    """Writes `folder`/TARGET.`ending`, and -2, -3 ... for further parts.

    `ending` says what the payload is: of `eml` the HTML body is written too, `json` is laid out to be read.
    """

    def __init__(self, inner: Channel, folder: Path, ending: str) -> None:
        self.name = inner.name
        self.can_look_up = True
        self._inner = inner
        self._folder = folder
        self._ending = ending

    def check(self) -> None:
        """Always configured, whatever the wrapped channel lacks."""

    def render(self, digest: Digest, delivery: str, target: str) -> tuple[Part, ...]:
        return self._inner.render(digest, delivery, target)

    def render_notice(self, notice: Notice, delivery: str, target: str) -> bytes:
        return self._inner.render_notice(notice, delivery, target)

    def send(self, envelope: Envelope, on_stage: StageCallback = ignore_stage) -> Outcome:
        on_stage(Stage.WRITE)
        path = self._path(envelope)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for ending, content in _files(envelope.payload, self._ending):
                path.with_name(f"{path.name}.{ending}").write_bytes(content)
        except OSError as error:
            return Deferred(f"{path}: {error.strerror or type(error).__name__}")
        return Sent(f"{path}.{self._ending}")

    def look_up(self, envelope: Envelope) -> Sent | None:
        written = self._path(envelope)
        written = written.with_name(f"{written.name}.{self._ending}")
        try:
            same = envelope.delivery.encode() in written.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LookupError(f"{written}: {error.strerror}") from error
        return Sent(str(written)) if same else None

    def _path(self, envelope: Envelope) -> Path:
        """Without the ending. The delivery's last part is its number."""
        name = re.sub(r"[^\w.@+-]+", "_", envelope.target).strip("._") or "digest"
        number = envelope.delivery.rpartition("-")[2]
        return self._folder / (name if number in {"", "1"} else f"{name}-{number}")


def _files(payload: bytes, ending: str) -> list[tuple[str, bytes]]:
    """Endings and contents of the files that show a payload."""
    if ending == "json":
        return [(ending, json.dumps(json.loads(payload), indent=2, ensure_ascii=False).encode() + b"\n")]
    if ending != "eml":
        return [(ending, payload)]
    body = message_from_bytes(payload, policy=policy.default).get_body(("html",))
    return [(ending, payload), *([("html", body.get_content().encode())] if body else [])]
