"""The reasons why a digest is short or empty, as text. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from bot.digests.model import Digest, LeftOut, NewPaperCounts, SourceHealth
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


def short_reason(digest: Digest) -> str:
    if digest.candidates <= len(digest.ids):
        return f"there are no other papers {_period(digest.news)}"
    return f"no other paper {_period(digest.news)} reaches your threshold"


def quiet_reason(profile: Profile, digest: Digest, best: RankedPaper | None) -> str:
    """`best`: the best of the papers that were considered, None when there are none."""
    if not best:
        return f"no new papers {_period(digest.news, 'in')}"
    among = pluralize(digest.candidates, "recent paper")
    rejected = rejection_reason(profile, best)
    if not rejected:
        return f"nothing new among {among}: what matches repeats earlier digests"
    if rejected.verdict is Verdict.NO_MATCH:
        return f"nothing among {among} matches the profile"
    return f'nothing good enough among {among}; closest: "{truncate(best.paper.title, _TITLE_LENGTH)}"'


def outside_reason(digest: Digest) -> str:
    """That matches are outside the profile's categories; empty when there are none."""
    if paper := digest.best_outside:
        title, where = truncate(paper.title, _TITLE_LENGTH), ", ".join((*paper.categories, paper.id))
        return f'strong match outside your categories: "{title}" ({where})'
    matches = pluralize(digest.left_out.categories, "match is", "matches are")
    return f"{matches} outside your categories" if digest.left_out.categories else ""


def left_out_text(left_out: LeftOut) -> str:
    """`matches left out: 12 outside your categories, 9 beyond the limit`; empty when there are none."""
    counts = (
        (left_out.categories, "outside your categories"),
        (left_out.muted, "muted"),
        (left_out.limit, "beyond the limit"),
        (left_out.threshold, "below the threshold"),
    )
    text = ", ".join(f"{number:,} {why}" for number, why in counts if number)
    return f"matches left out: {text}" if text else ""


def _period(news: NewPaperCounts, preposition: str = "from") -> str:
    """When the papers that were considered were first seen."""
    if news.since:
        return f"since the digest of {news.since}"
    return f"{preposition} the last {'day' if news.days == 1 else f'{news.days} days'}"


def weekend_reason(digest: Digest) -> str:
    """That a digest has nothing new from arXiv because of arXiv's weekend; empty when it has, or on other days."""
    has_arxiv = any(name == "arxiv" for name, _ in digest.news.sources)
    is_weekend = digest.on.weekday() in ARXIV_RESTS and not has_arxiv
    return "arXiv announces nothing on Saturdays and Sundays" if is_weekend else ""


def source_health(states: Sequence[SourceState], now: datetime, late: Collection[str] = ()) -> SourceHealth:
    """`late`: names of the sources that are still answering.

    A source is in trouble when it failed, has not answered for longer than STALE, or is still answering. A sound but
    empty answer is no trouble.
    """
    names = " and ".join(sorted(late))
    in_trouble = late or any(_failed(state, now) or _is_stale(state, now) for state in states)
    return SourceHealth(
        problems=source_problems(states, now),
        late=f"composed without {names}: no complete answer yet" if late else "",
        awaits=answered(states) if in_trouble else None,
    )


def answered(states: Sequence[SourceState]) -> str:
    """What the sources have answered so far: a text that changes with each complete answer."""
    return json.dumps({state.name: str(state.last_success) for state in states}, sort_keys=True)


def _failed(state: SourceState, now: datetime) -> bool:
    return state.state == "failed" and (state.last_attempt is None or state.last_attempt <= now)


def _is_stale(state: SourceState, now: datetime) -> bool:
    is_asked = state.state != "idle"
    return is_asked and state.last_success is not None and now - state.last_success > STALE


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
    problems += [f"{s.name} last answered {s.last_success:%Y-%m-%d}" for s in states if _is_stale(s, now)]
    return "; ".join(problems)
