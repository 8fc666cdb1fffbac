"""The App Home of a person: their digests, and what was learned from answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.channels.slack.blocks import DIVIDER, Block, context, section
from bot.channels.slack.menu import plain
from bot.channels.slack.mrkdwn import bold, escape_within
from bot.delivery.model import Pause
from bot.papers.model import Paper
from bot.presentation.dates import short_date
from bot.profiles.model import ANNOUNCEMENT, Subscription
from bot.slack_app.replies import ANSWERS_SHOWN, SameAnswers, button, learned_blocks

PAUSE, RESUME = "paperboy_pause", "paperboy_resume"  #: action_ids
#: A view has at most 100 blocks.
_DIGESTS_SHOWN = 30
_NAME = 80


@dataclass(frozen=True, slots=True)
class HomeDigest:
    """A subscription that a person gets."""

    subscription: Subscription
    is_direct: bool  #: to the person, not to a channel that they are in
    timezone: str
    next: datetime | None  #: UTC
    pause: Pause | None = None  #: that stops it


def home_view(
    user: str, digests: Sequence[HomeDigest], answers: Sequence[SameAnswers], papers: Mapping[str, Paper]
) -> dict[str, Any]:
    """`answers`: in effect for the profiles of the digests, newest first. `papers`: by id, for their titles."""
    blocks: list[Block] = [_header("Your digests")]
    if not digests:
        text = (
            f"None yet. Profiles that deliver to `slack: {user}` or to a channel you are in are shown here."
        )
        blocks.append(section(text))
    blocks += [_digest(one) for one in digests[:_DIGESTS_SHOWN]]
    if len(digests) > _DIGESTS_SHOWN:
        blocks.append(context(f"and {len(digests) - _DIGESTS_SHOWN} more"))
    if digests:
        blocks += [DIVIDER, _header("What was learned")]
        if not answers:
            blocks.append(section("Nothing yet: answer with the ⋯ menu of a paper."))
        blocks += learned_blocks(answers, papers, f"slack:{user}")
        if len(answers) > ANSWERS_SHOWN:
            blocks.append(context(f"The newest {ANSWERS_SHOWN} of {len(answers)} different answers."))
    return {"type": "home", "blocks": blocks}


def _header(text: str) -> Block:
    return {"type": "header", "text": plain(text)}


def _digest(digest: HomeDigest) -> Block:
    to, pause = digest.subscription, digest.pause
    where = "to you" if digest.is_direct else f"to {place(to.target)}"
    text = f"{bold(to.profile, _NAME)}, {where}: "
    if pause is None:
        action = button("Pause", PAUSE, to.key)
        return section(text + _next(digest), accessory=action)
    text += f"paused since {short_date(pause.since.date())}"
    text += f" until {_local(pause.until, digest.timezone)}" if pause.until else ""
    if pause.scope != to.key:  # by the operator, or because nothing could be sent
        return section(f"{text}: ask whoever runs this Paperboy")
    return section(text, accessory=button("Resume", RESUME, to.key))


def place(target: str) -> str:
    """A Slack target as mrkdwn: a link to a channel, a name."""
    return f"<#{target}>" if target[:1] in ("C", "G") and target.isalnum() else escape_within(target, _NAME)


def _next(digest: HomeDigest) -> str:
    if digest.next is None:
        return "no digest is due in the next days"
    about = "about " if digest.subscription.at == ANNOUNCEMENT else ""
    return f"next on {about}{_local(digest.next, digest.timezone)}"


def _local(moment: datetime, timezone: str) -> str:
    """`5 May 08:30 (Europe/Paris)`"""
    local = moment.astimezone(ZoneInfo(timezone))
    return f"{short_date(local.date())} {local:%H:%M} ({timezone})"
