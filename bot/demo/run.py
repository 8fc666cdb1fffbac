"""`paperboy demo`: bundled papers through the whole pipeline into a folder, without settings or network.

The same code as in daily use, with SQLite, the example profiles, and channels that write files.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.bootstrap.app import App
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

#: A Monday after the newest paper of the sample: every example profile has a delivery on Mondays.
SAMPLE_DAY = datetime(2026, 6, 1, tzinfo=UTC)
SAMPLE = Path(__file__).resolve().parent / "sample" / "papers.jsonl"
#: The files that the demo makes in its folder, and removes before; others are left alone.
_OUTPUTS = ("paperboy.db", "paperboy.db-wal", "paperboy.db-shm", "maildir", "mail", "slack")


@dataclass(frozen=True, slots=True)
class Demo:
    """The results of a run."""

    report: SourceReport
    profiles: tuple[Profile, ...]  #: the examples
    digests: tuple[Digest, ...]  #: one for each profile
    rows: tuple[SendResult, ...]
    files: tuple[Path, ...]  #: worth opening, in this order


def run(folder: Path) -> Demo:
    """Ingest the sample and deliver to the example profiles. Raises UserError when `folder` cannot be written."""
    _clear(folder)
    settings, _ = load_settings({"PAPERBOY_DATA": str(folder)}, dotenv=None)
    assert settings is not None
    app = App(settings)
    try:
        return _run(app, folder)
    finally:
        app.close()


def write_gallery(demo: Demo, folder: Path) -> Path:
    """Write pages that show the digests on every channel; returns the index page.

    Raises UserError when `folder` cannot be written.
    """
    examples = [gallery.Example(*pair) for pair in zip(demo.profiles, demo.digests, strict=True)]
    return gallery.write(folder, examples, _channels(folder))


def write_gallery_alone(folder: Path) -> Path:
    """Run the demo in a temporary folder and keep only the gallery."""
    with gallery.writing(folder), TemporaryDirectory(prefix="paperboy-demo-") as temporary:
        return write_gallery(run(Path(temporary)), folder)


def _run(app: App, folder: Path) -> Demo:
    moment = Moment(SAMPLE_DAY.replace(hour=23, minute=59, second=59), SAMPLE_DAY.date())
    profiles, *_ = load_profiles([resource_folder("profiles")])
    report = ingest_file(SAMPLE, FORMATS, app.papers, SAMPLE_DAY)
    composer = app.composer(profiles, moment)
    digests = tuple(
        composer.compose(profile, SAMPLE_DAY.date(), weekly=profile.is_weekly) for profile in profiles
    )
    channels = _channels(folder)
    channels |= {
        ChannelName.SLACK: FolderChannel(channels[ChannelName.SLACK], folder / "slack", "json"),
        ChannelName.EMAIL: FolderChannel(channels[ChannelName.EMAIL], folder / "mail", "eml"),
    }
    sender = replace(app.sender(moment), channels=channels)
    service = replace(
        app.delivery, make_sender=lambda _: sender, make_composer=lambda _, __: composer, operator=None
    )
    rows = service.send(profiles, moment, due=False)
    maildirs = {
        folder / "maildir" / s.target for p in profiles for s in p.deliver if s.channel == ChannelName.MAILDIR
    }
    files = (*sorted((folder / "mail").glob("*.html")), *sorted((folder / "slack").glob("*.json")))
    return Demo(report, tuple(profiles), digests, tuple(rows), (*files, *sorted(maildirs)))


def _channels(folder: Path) -> dict[ChannelName, Channel]:
    """The channels with made-up settings: Slack and email only render."""
    server, sender = parse_smtp_url("smtp://localhost"), parse_sender("Paperboy <paperboy@example.org>")
    return {
        ChannelName.SLACK: SlackChannel("xoxb-demo"),
        ChannelName.EMAIL: MailChannel(server, sender),
        ChannelName.MAILDIR: MaildirChannel(folder / "maildir", sender),
    }


def _clear(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in _OUTPUTS:
            old = folder / name
            shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror}: name another with --out") from None
