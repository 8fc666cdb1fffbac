"""Wires the web process: the pages of readers and operators, and the links in mails."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import partial

from bot.bootstrap.app import App
from bot.bootstrap.monitoring import make_monitor
from bot.bootstrap.status import current_status
from bot.clock import Moment, utc_now
from bot.config.values import KEY_COMMAND
from bot.delivery.model import Envelope, Notice, Sent
from bot.digests.composer import DigestComposer
from bot.digests.corpus import load_corpus
from bot.errors import NotConfigured, PaperboyError
from bot.evaluation.backtest import Compose
from bot.evaluation.recent import RecentDigests
from bot.profiles.model import Profile
from bot.store.feeds import Feeds
from bot.store.loaded_papers import LoadedPapers
from bot.store.logins import Logins
from bot.web.app import Front, create_app
from bot.web.pages import UnsubscribePages
from bot.web.services import Services

#: Papers that the web process keeps in memory between previews of edited profiles, some KB each.
_WEB_PAPERS = 30_000
#: Seconds of every wait for the mail server while a log-in link is mailed.
_LOGIN_TIMEOUT = 10


def make_site(app: App, log: Callable[[str], None], address: str) -> Front:
    """The site: the links in mails, the pages of readers, those of monitors. Raises NotConfigured without SECRET_KEY.

    `address`: the start of links when PUBLIC_URL is not set.
    """
    if app.secret is None:
        raise NotConfigured(
            "set SECRET_KEY, which signs the links in mails, to the same value for all processes. "
            f"To make one: {KEY_COMMAND}"
        )
    settings = app.settings
    public_url = settings.public_url or address
    https_only = public_url.startswith("https:")
    links = UnsubscribePages(
        app.secret,
        app.outbox.edition,
        app.receivers,
        utc_now,
        app.templates,
        log,
        https_only=https_only,
    )
    services = Services(
        clock=utc_now,
        secret=app.secret,
        public_url=public_url,
        profiles=app.live_profiles.all,
        broken_profiles=app.live_profiles.broken,
        forget_profiles=app.live_profiles.forget,
        profile_edits=app.profile_edits,
        recent_digests=RecentDigests(partial(_compose_from_memory, app)).of,
        with_answers=app.with_answers,
        archive=app.archive,
        feedback=app.feedback,
        papers=app.papers,
        search=app.search,
        previewer=app.previewer,
        pauses=app.receivers,
        status=lambda: current_status(app, Moment.real()),
        logins=Logins(app.database),
        feeds=Feeds(app.database),
        send_login=partial(_send_login, app) if settings.smtp else None,
        log=log,
        folder=settings.profiles,
        admins=settings.admins,
        trusted_proxies=settings.trusted_proxies,
        proxy_user_header=settings.proxy_user_header,
    )
    monitor = make_monitor(app, https_only=https_only)
    return Front(links, monitor, create_app(services), settings.public_url)


def _send_login(app: App, address: str, notice: Notice) -> None:
    """Mail a log-in link at once, not through the outbox. Raises PaperboyError."""
    channel, id_ = app.mail_channel(_LOGIN_TIMEOUT), f"login-{secrets.token_hex(8)}"
    channel.check()
    message = channel.render_notice(notice, id_, address)
    outcome = channel.send(Envelope(id_, address, message, notice.made))
    channel.close_idle()
    if not isinstance(outcome, Sent):
        raise PaperboyError(outcome.why)


def _compose_from_memory(app: App) -> Compose:
    """Composers of many moments over the papers that are stored now. This imports numpy and scipy."""
    from bot.ranking.linear import Ranker

    papers = LoadedPapers(app.papers, most=_WEB_PAPERS)

    def compose(profiles: Sequence[Profile], moment: Moment) -> DigestComposer:
        corpus = load_corpus(papers, profiles, moment.instant)
        return DigestComposer(corpus, corpus.fit(Ranker))

    return compose
