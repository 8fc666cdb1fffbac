"""`paperboy demo`: the bundled sample edition through the whole pipeline, into a folder, without any setting.

The same code as every day, wired to SQLite and a folder; the sample's papers and the example profiles stand in
for the world.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.bootstrap import App
from bot.channels.email.channel import MailChannel
from bot.channels.maildir import MaildirChannel
from bot.channels.slack.channel import SlackChannel
from bot.clock import Moment
from bot.config.settings import load_settings
from bot.config.smtp_url import parse_sender, parse_smtp_url
from bot.delivery.ports import Channel
from bot.delivery.service import SendResult
from bot.demo import gallery
from bot.demo.folder_channel import FolderChannel
from bot.digests.model import Digest
from bot.errors import UserError
from bot.profiles.load import load_profiles
from bot.profiles.model import ChannelName, Profile
from bot.resources import resource_folder
from bot.sources.files import ingest_file
from bot.sources.ingest import SourceReport
from bot.sources.registry import FORMATS

#: A Monday after the newest paper of the sample: every example profile has a delivery on it.
SAMPLE_DAY = datetime(2026, 6, 1, tzinfo=UTC)
SAMPLE = Path(__file__).resolve().parent / "sample" / "papers.jsonl"
#: What the demo makes in its folder; nothing else there is touched.
_MADE = ("paperboy.db", "paperboy.db-wal", "paperboy.db-shm", "maildir", "mail", "slack")


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo did."""

    report: SourceReport
    profiles: tuple[Profile, ...]  #: the examples
    digests: tuple[Digest, ...]  #: of each of them
    rows: tuple[SendResult, ...]
    files: tuple[Path, ...]  #: what to look at, in order


def run(folder: Path) -> Demo:
    """Ingest the sample, serve the example profiles into `folder`. Raises UserError when it cannot be written."""
    _clear(folder)
    settings, _ = load_settings({"PAPERBOY_DATA": str(folder)}, dotenv=None)
    assert settings is not None
    app = App(settings)
    try:
        return _run(app, folder)
    finally:
        app.close()


def write_gallery(made: Demo, folder: Path) -> Path:
    """Each example profile's digest on every channel, whatever its profile asks for, as pages in `folder`.

    Returns the index page. Raises UserError when `folder` cannot be written.
    """
    examples = [gallery.Example(*one) for one in zip(made.profiles, made.digests, strict=True)]
    return gallery.write(folder, examples, _channels(folder))


def write_gallery_alone(folder: Path) -> Path:
    """The gallery, and nothing else of the demo."""
    with gallery.written(folder), TemporaryDirectory(prefix="paperboy-demo-") as passing:
        return write_gallery(run(Path(passing)), folder)


def _run(app: App, folder: Path) -> Demo:
    moment = Moment(SAMPLE_DAY.replace(hour=23, minute=59, second=59), SAMPLE_DAY.date())
    profiles, _ = load_profiles([resource_folder("profiles")])
    report = ingest_file(SAMPLE, FORMATS, app.papers, SAMPLE_DAY)
    composer = app.composer(profiles, moment)
    digests = tuple(
        composer.compose(profile, SAMPLE_DAY.date(), weekly=profile.is_weekly) for profile in profiles
    )
    sender = replace(app.sender(moment), channels=_into(folder))
    service = replace(
        app.delivery, make_sender=lambda _: sender, make_composer=lambda _, __: composer, operator=None
    )
    rows = service.send(profiles, moment, due=False)
    return Demo(report, tuple(profiles), digests, tuple(rows), tuple(_worth_a_look(folder, profiles)))


def _channels(folder: Path) -> dict[ChannelName, Channel]:
    """As they are without any setting; what would go over a network is rendered, and never sent."""
    server, sender = parse_smtp_url("smtp://localhost"), parse_sender("Paperboy <paperboy@example.org>")
    return {
        ChannelName.SLACK: SlackChannel("xoxb-demo"),
        ChannelName.EMAIL: MailChannel(server, sender),
        ChannelName.MAILDIR: MaildirChannel(folder / "maildir", sender),
    }


def _into(folder: Path) -> Mapping[ChannelName, Channel]:
    channels = _channels(folder)
    return channels | {
        ChannelName.SLACK: FolderChannel(channels[ChannelName.SLACK], folder / "slack", "json"),
        ChannelName.EMAIL: FolderChannel(channels[ChannelName.EMAIL], folder / "mail", "eml"),
    }


def _worth_a_look(folder: Path, profiles: Sequence[Profile]) -> list[Path]:
    return [
        *sorted((folder / "mail").glob("*.html")),
        *sorted((folder / "slack").glob("*.json")),
        *sorted(
            {folder / "maildir" / s.target for p in profiles for s in p.deliver if s.channel == "maildir"}
        ),
    ]


def _clear(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in _MADE:
            old = folder / name
            shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror}: name another with --out") from None
