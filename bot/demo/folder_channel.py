"""A channel that writes another channel's messages to files instead of sending them: for `paperboy demo`."""

from __future__ import annotations

import json
import re
from email import message_from_bytes, policy
from pathlib import Path

from bot.delivery.model import Deferred, Envelope, Notice, Outcome, Part, Sent, Stage
from bot.delivery.ports import Channel, StageCallback, ignore_stage
from bot.digests.model import Digest


class FolderChannel(Channel):
    """Writes `folder`/TARGET.`ending`, and TARGET-2, TARGET-3 ... for further parts.

    For the ending `eml` the HTML body is written too; `json` is indented.
    """

    def __init__(self, inner: Channel, folder: Path, ending: str) -> None:
        self.name = inner.name
        self.can_look_up = True
        self._inner = inner
        self._folder = folder
        self._ending = ending

    def check(self) -> None:
        """Always configured, even if the wrapped channel is not."""

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
                Path(f"{path}.{ending}").write_bytes(content)
        except OSError as error:
            return Deferred(f"{path}: {error.strerror or type(error).__name__}")
        return Sent(f"{path}.{self._ending}")

    def look_up(self, envelope: Envelope) -> Sent | None:
        path = Path(f"{self._path(envelope)}.{self._ending}")
        try:
            is_same = envelope.delivery.encode() in path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LookupError(f"{path}: {error.strerror}") from error
        return Sent(str(path)) if is_same else None

    def _path(self, envelope: Envelope) -> Path:
        """The path without the ending; a delivery's id ends with the number of the part."""
        name = re.sub(r"[^\w.@+-]+", "_", envelope.target).strip("._") or "digest"
        number = envelope.delivery.rpartition("-")[2]
        return self._folder / (name if number in {"", "1"} else f"{name}-{number}")


def _files(payload: bytes, ending: str) -> list[tuple[str, bytes]]:
    """The endings and contents of the files for a payload."""
    if ending == "json":
        return [(ending, json.dumps(json.loads(payload), indent=2, ensure_ascii=False).encode() + b"\n")]
    if ending != "eml":
        return [(ending, payload)]
    body = message_from_bytes(payload, policy=policy.default).get_body(("html",))
    return [(ending, payload), *([("html", body.get_content().encode())] if body else [])]
