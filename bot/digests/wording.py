"""Why a digest is short or empty, in words. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.digests.model import Digest
from bot.digests.selection import Verdict, unfit
from bot.papers.model import SourceState
from bot.profiles.model import Profile
from bot.ranking.model import RankedPaper

#: A source that has not answered for longer than a night is worth telling.
STALE = timedelta(days=2)


#: What a reader has no use for in a failure; `status` has it.
_ADDRESS = re.compile(r"https?://\S+?: ")


ARXIV_RESTS = (5, 6)  #: as in datetime.weekday()


def _why_short(profile: Profile, digest: Digest) -> str:
    days = "the last day" if profile.window == 1 else f"the last {profile.window} days"
    if digest.candidates <= len(digest.ids):
        return f"there is nothing else of {days}"
    return f"nothing else of {days} reaches your threshold"


def _weekend(digest: Digest) -> str:
    """arXiv's calendar: https://info.arxiv.org/help/availability.html."""
    is_off = digest.on.weekday() in ARXIV_RESTS and not any(
        name == "arxiv" for name, _ in digest.news.sources
    )
    return "arXiv announces nothing on Saturdays and Sundays" if is_off else ""


def _why_quiet(profile: Profile, candidates: int, best: RankedPaper | None) -> str:
    if not best:
        return (
            "no new papers in the window"
            if profile.window == 1
            else f"no new papers in the last {profile.window} days"
        )
    against = unfit(profile, best)
    if not against:
        return f"all of {candidates} new papers repeat what earlier digests had, or do not fit"
    if against.verdict is Verdict.NO_MATCH:
        return f"none of {candidates} new papers has anything that the profile looks for"
    return f"none of {candidates} new papers is fit; of the best: {against.why}"


def source_troubles(states: Sequence[SourceState], now: datetime) -> str:
    """What is the matter with the sources, so that a quiet day is told apart from a holiday, a stale feed and a
    failure; nothing when all is well.
    """
    known = [s for s in states if s.last_attempt is None or s.last_attempt <= now]
    names: dict[str, list[str]] = {}
    for state in known:
        if state.state in ("failed", "partial", "empty") and state.why:
            names.setdefault(_ADDRESS.sub("", state.why), []).append(state.name)
    told = [f"{' and '.join(some)}: {why}" for why, some in names.items()]
    stale = (s for s in states if s.last_success and now - s.last_success > STALE)
    told += [f"{s.name} last answered {s.last_success:%Y-%m-%d}" for s in stale]
    return "; ".join(told)
