"""The processes that last: `paperboy run`, the day's commands by the clock, each with its own error boundary, and
`paperboy serve`, which answers the links in mails. Both tell what they do.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence

from bot.bootstrap import App
from bot.channels.email.message import is_secure_url
from bot.clock import Moment, utc_now
from bot.config.settings import Settings
from bot.delivery.service import SendResult
from bot.errors import PaperboyError, Problem, SourceError
from bot.profiles.load import load_profiles
from bot.profiles.model import Profile
from bot.sources.ingest import SourceReport
from bot.text.plain import pluralize
from bot.worker.loop import INGEST_MINUTES, TICK_SECONDS, Loop


def run(settings: Settings) -> None:
    """Blocks until SIGTERM or SIGINT. Raises PaperboyError when it cannot even begin."""
    _log()
    loop = Loop(lambda: daemon.ingest(), lambda: daemon.tick())
    app = App(settings, sleep=_interruptible(loop), told=_say_of_template)
    daemon = Daemon(app)
    loop.listen()
    try:
        daemon.begin()
        loop.run()
    finally:
        app.close()
    say("stopped")


def serve(settings: Settings, host: str, port: int) -> None:
    """Blocks until SIGTERM or SIGINT. Raises PaperboyError when it cannot even begin."""
    from bot.web.server import serve

    _log()
    app = App(settings, told=_say_of_template)
    try:
        web = app.web(say)
        say(_about_links(settings.public_url))
        serve(web, host, port, say)
    finally:
        app.close()
    say("stopped")


def _about_links(public_url: str | None) -> str:
    if not public_url:
        return "PUBLIC_URL is not set: no mail carries a link to this process"
    if not is_secure_url(public_url):
        return f"PUBLIC_URL is {public_url}, and not https: no mail carries a link to this process"
    return f"mails carry links to {public_url}/unsubscribe/"


def _log() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


def say(text: str) -> None:
    """One plain line with the time, at once: logs are read while they grow."""
    sys.stdout.write(f"{utc_now():%Y-%m-%dT%H:%M:%SZ} {text}\n")
    sys.stdout.flush()


def _say_of_template(problem: Problem) -> None:
    say(f"template problem: {problem} (the built-in template is used)")


class Daemon:
    """The two jobs. What failed is told and tried again by the next tick; nothing ends the loop."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._problems: tuple[Problem, ...] = ()
        self._troubles: dict[str, str] = {}  #: what was told of a subscription that cannot be served

    def begin(self) -> None:
        stored = self._app.papers.count()
        profiles = self._profiles()
        subscriptions = sum(len(profile.deliver) for profile in profiles)
        say(f"started; profiles: {len(profiles)}, subscriptions: {subscriptions}, papers stored: {stored}")
        say(f"ingest every {INGEST_MINUTES} minutes, a look at what is due every {TICK_SECONDS} seconds")

    def ingest(self) -> None:
        self._guarded(self._ingest)

    def tick(self) -> None:
        self._guarded(self._tick)

    def _guarded(self, job: Callable[[], None]) -> None:
        try:
            job()
        except PaperboyError as error:
            say(f"error: {error}")

    def _ingest(self) -> None:
        for report in self._app.refresh(self._profiles(), Moment.real()):
            say(_told(report))

    def _tick(self) -> None:
        rows = self._app.send(self._profiles(), Moment.real(), due=True)
        for row in rows:
            if self._is_news(row):
                papers = f", {pluralize(row.papers, 'paper')}" if row.papers else ""
                why = f" ({row.why})" if row.why else ""
                say(f"{row.on} {row.profile} -> {row.channel} {row.target}: {row.state}{papers}{why}")

    def _is_news(self, row: SendResult) -> bool:
        """Whether a tick's row says something that the last tick did not."""
        key = f"{row.profile}:{row.channel}:{row.target}"
        if row.state == "skipped" and not row.blocked:
            return False
        told = f"{row.on} {row.state} {row.why}"
        if self._troubles.get(key) == told:
            return False
        self._troubles[key] = told
        return True

    def _profiles(self) -> Sequence[Profile]:
        """Read anew each time: an edit counts from the next tick on. Problems are told when they change."""
        profiles, problems = load_profiles([self._app.settings.profiles])
        if problems != self._problems:
            self._problems = problems
            for problem in problems:
                say(f"profile problem: {problem}")
        return profiles


def _told(report: SourceReport) -> str:
    counts = ", ".join(
        f"{report.changes[change]} {change}" for change in report.changes if report.changes[change]
    )
    state = "" if report.state == "ok" else f" {report.state}"
    why = f" ({report.why})" if report.why else ""
    unreadable = f", {len(report.unreadable)} unreadable" if report.unreadable else ""
    return (
        f"{report.name}:{state} {report.entries} entries{f' ({counts})' if counts else ''}{unreadable}{why}"
    )


def _interruptible(loop: Loop) -> Callable[[float], None]:
    """A sleep that ends when the process is asked to stop, and the work that slept with it."""

    def sleep(seconds: float) -> None:
        if loop.stopping.wait(seconds):
            raise SourceError("stopped before it was through")

    return sleep
