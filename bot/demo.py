"""`paperboy demo`: the bundled sample edition through the whole pipeline, into a folder, without any setting.

The same code as every day, wired to SQLite and a folder; the sample's papers and the example profiles stand in
for the world.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bot.app import App, formats, package_file
from bot.channels.folder import FolderChannel
from bot.channels.mail import MailChannel
from bot.channels.maildir import MaildirChannel
from bot.channels.slack import SlackChannel
from bot.errors import UserError
from bot.model import ChannelName, Digest, Profile
from bot.pipeline.ingest import Report, ingest_file
from bot.pipeline.send import Served, send
from bot.ports import Channel
from bot.profiles import load_profiles
from bot.settings import load_settings
from bot.when import Moment

#: A Monday after the newest paper of the sample: every example profile has a delivery on it.
SAMPLE_DAY = datetime(2026, 6, 1, tzinfo=UTC)
SAMPLE = Path(__file__).resolve().parent / "sample" / "papers.jsonl"
#: What the demo makes in its folder; nothing else there is touched.
_MADE = ("paperboy.db", "paperboy.db-wal", "paperboy.db-shm", "maildir", "mail", "slack")


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo did."""

    report: Report
    digests: tuple[Digest, ...]  #: of each example profile
    rows: tuple[Served, ...]
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


def _run(app: App, folder: Path) -> Demo:
    moment = Moment(SAMPLE_DAY.replace(hour=23, minute=59, second=59), SAMPLE_DAY.date())
    profiles, _ = load_profiles([package_file("profiles")])
    report = ingest_file(SAMPLE, formats(), app.papers, SAMPLE_DAY)
    desk = app.desk(profiles, moment)
    digests = tuple(desk.compose(profile, SAMPLE_DAY.date()) for profile in profiles)
    rows = send(
        profiles,
        moment,
        due=False,
        outbox=app.outbox,
        sender=replace(app.sender(moment), channels=_channels(folder)),
        open_desk=lambda _: desk,
    )
    return Demo(report, digests, tuple(rows), tuple(_worth_a_look(folder, profiles)))


def _channels(folder: Path) -> dict[ChannelName, Channel]:
    sender = "Paperboy <paperboy@example.org>"
    return {
        ChannelName.SLACK: FolderChannel(SlackChannel("xoxb-demo"), folder / "slack", "json"),
        ChannelName.EMAIL: FolderChannel(MailChannel("smtp://localhost", sender), folder / "mail", "eml"),
        ChannelName.MAILDIR: MaildirChannel(folder / "maildir", sender),
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
