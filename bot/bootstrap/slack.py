"""Wires what answers menus, commands and the App Home in Slack."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial

from bot.bootstrap.app import App
from bot.clock import Moment
from bot.digests.composer import Explanation
from bot.errors import NotConfigured
from bot.papers.find import find_paper
from bot.papers.model import Paper
from bot.profiles.model import ChannelName, Profile
from bot.slack_app.service import SlackService
from bot.slack_app.socket import SlackSocket
from bot.store.renames import move_renamed


def make_slack_socket(app: App, log: Callable[[str], None]) -> SlackSocket:
    """What answers menus, commands and the App Home. Raises NotConfigured without an app token."""
    s, slack = app.settings, app.channels[ChannelName.SLACK]
    if s.slack_app_token is None or s.slack_bot_token is None:
        raise NotConfigured(
            "set SLACK_APP_TOKEN and SLACK_BOT_TOKEN: docs/running.md says where they come from"
        )

    def profiles() -> Sequence[Profile]:
        current = app.live_profiles.all()
        move_renamed(app.database, current)
        return current

    one_at_a_time = threading.Lock()  # an explanation takes the memory of a month's papers

    def explain(profile: Profile, paper: Paper | None, moment: Moment) -> Explanation:
        (profile,) = app.with_answers([profile], moment.instant)
        with one_at_a_time:
            return app.previewer.explain(profile, paper, moment)

    service = SlackService(
        profiles,
        app.feedback,
        app.archive,
        app.receivers,
        app.papers,
        partial(find_paper, app.papers),
        explain,
        app.search,
        slack.receiver,
        app.announcements,
    )
    bot_token, app_token = (token.get_secret_value() for token in (s.slack_bot_token, s.slack_app_token))
    return SlackSocket(service, bot_token, app_token, s.slack_api_url, log)
