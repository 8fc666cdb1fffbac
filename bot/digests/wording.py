"""The reasons why a digest is short or empty, as text. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.digests.model import Digest
from bot.digests.selection import Verdict, rejection_reason
from bot.papers.model import SourceState
from bot.profiles.model import Profile
from bot.ranking.model import RankedPaper
from bot.text.plain import pluralize, truncate

#: A source that has not answered for longer is reported as stale.
STALE = timedelta(days=2)
#: arXiv announces nothing on these days, as in `datetime.weekday`: https://info.arxiv.org/help/availability.html.
ARXIV_RESTS = (5, 6)
NO_PAPERS = "no papers are stored yet: run paperboy ingest"
#: An address in a source's failure, which readers do not need; `status` shows it.
_ADDRESS = re.compile(r"https?://\S+?: ")
_TITLE_LENGTH = 100


def short_reason(profile: Profile, digest: Digest) -> str:
    if digest.candidates <= len(digest.ids):
        return f"there are no other papers from {_window(profile)}"
    return f"no other paper from {_window(profile)} reaches your threshold"


def quiet_reason(profile: Profile, candidates: int, best: RankedPaper | None) -> str:
    """`candidates`: how many papers were considered. `best`: the best of them, None when there are none."""
    if not best:
        return f"no new papers in {_window(profile)}"
    among = pluralize(candidates, "recent paper")
    rejected = rejection_reason(profile, best)
    if not rejected:
        return f"nothing new among {among}: what matches repeats earlier digests"
    if rejected.verdict is Verdict.NO_MATCH:
        return f"nothing among {among} matches the profile"
    return f'nothing good enough among {among}; closest: "{truncate(best.paper.title, _TITLE_LENGTH)}"'


def _window(profile: Profile) -> str:
    return "the last day" if profile.window == 1 else f"the last {profile.window} days"


def weekend_reason(digest: Digest) -> str:
    """That a digest has nothing new from arXiv because of arXiv's weekend; empty when it has, or on other days."""
    has_arxiv = any(name == "arxiv" for name, _ in digest.news.sources)
    is_weekend = digest.on.weekday() in ARXIV_RESTS and not has_arxiv
    return "arXiv announces nothing on Saturdays and Sundays" if is_weekend else ""


def source_problems(states: Sequence[SourceState], now: datetime) -> str:
    """Failures and stale answers of the sources; empty when there are none.

    They distinguish a quiet day from a failure. Sources with the same failure are reported together.
    """
    names: dict[str, list[str]] = {}
    for state in states:
        is_known = state.last_attempt is None or state.last_attempt <= now
        if is_known and state.state in ("failed", "partial", "empty") and state.why:
            names.setdefault(_ADDRESS.sub("", state.why), []).append(state.name)
    problems = [f"{' and '.join(sources)}: {why}" for why, sources in names.items()]
    stale = (s for s in states if s.last_success and now - s.last_success > STALE)
    problems += [f"{s.name} last answered {s.last_success:%Y-%m-%d}" for s in stale]
    return "; ".join(problems)
