"""The reasons why a digest is short or empty, and what kind of day it is, as text for readers. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.clock import WEEKDAYS, day_name
from bot.digests.day import SOURCE_NAMES, Day
from bot.digests.model import Digest, History, LeftOut, NewPaperCounts
from bot.digests.selection import Verdict, rejection_reason
from bot.papers.calendar import listing_day
from bot.profiles.model import Profile
from bot.ranking.model import RankedPaper
from bot.text.plain import join_distinct, pluralize, truncate

NO_PAPERS = "no papers are stored yet: run paperboy ingest"
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
    return f'nothing good enough among {among}; closest: "{closest_title(profile, best)}"'


def closest_title(profile: Profile, best: RankedPaper | None) -> str:
    """The title of the best paper if it matches and is not good enough, else empty. `best`: as for `quiet_reason`."""
    rejected = rejection_reason(profile, best) if best else None
    if not best or not rejected or rejected.verdict is Verdict.NO_MATCH:
        return ""
    return truncate(best.paper.title, _TITLE_LENGTH)


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
        return f"since the digest of {day_name(news.since)}"
    return f"{preposition} the last {'day' if news.days == 1 else f'{news.days} days'}"


def day_reason(day: Day, digest: Digest) -> str:
    """What about the day explains that a digest is short or empty; empty when nothing does.

    Of arXiv's days, only what keeps new papers from this digest: with new arXiv papers in it, the weekend does not
    matter, and a weekly digest is not about one day.
    """
    has_arxiv = any(name == "arxiv" for name, _ in digest.news.sources)
    is_about_day = not digest.papers and not digest.weekly
    texts = [outage_text(day, digest.timezone)]
    if not digest.papers:
        out = [outage.service for outage in day.outages]
        failed = [name for name in day.failed if name.partition("-")[0] not in out]
        texts.append(f"no answer from {' and '.join(failed)}" if failed else "")
    if not has_arxiv or is_about_day:
        texts.append(_arxiv_day(day, digest.timezone))
    if day.is_thin and not digest.weekly:
        texts.append(_thin(day, digest.on))
    return join_distinct(*filter(None, texts))


def day_text(day: Day, on: date, zone: str = "UTC") -> str:
    """All that is unusual about a day, for operators; empty for an ordinary one. `on`: the local date."""
    thin = _thin(day, on) if day.is_thin else ""
    return join_distinct(*filter(None, (outage_text(day, zone), _arxiv_day(day, zone), thin)))


def gap_text(profile: Profile, digest: Digest, history: History) -> str:
    """That papers were skipped, because nothing ran for longer than the window; empty when it did."""
    days = max(profile.window, 7)
    if digest.news.after_pause or not history.checked or (digest.on - history.checked).days <= days:
        return ""
    first = day_name(digest.on - timedelta(days=profile.window))
    return (
        f"nothing was checked since {day_name(history.checked)}, and papers from before {first} are left out"
    )


def late_text(day: Day) -> str:
    """Which sources a digest went without; empty when none is still answering."""
    return f"composed without {' and '.join(day.late)}: no complete answer yet" if day.late else ""


def outage_text(day: Day, zone: str) -> str:
    """Which services do not answer, or not completely; empty when all do."""
    by_time: dict[str, list[str]] = {}
    for service, since, is_asked in day.outages:
        when = f"since {local_time(since, zone)}" if since else "yet"
        verb = "answered" if is_asked else "been asked"
        by_time.setdefault(f"not {verb} {when}", []).append(SOURCE_NAMES.get(service, service))
    return join_distinct(
        *(
            f"{' and '.join(services)} {'have' if len(services) > 1 else 'has'} {when}"
            for when, services in by_time.items()
        ),
        *["arXiv's answers are incomplete: papers may be missing"] * day.is_incomplete,
    )


def _arxiv_day(day: Day, zone: str) -> str:
    following = f"the next announcement is on {local_time(day.next, zone)}"
    if day.is_stale:
        newest = (
            f"the papers of {day_name(listing_day(day.announced))}" if day.announced else "earlier papers"
        )
        return f"arXiv is late: its feeds still have {newest}"
    if day.holiday:
        return f"arXiv announced nothing on {day_name(day.evening)} ({day.holiday}), and {following}"
    return f"it is arXiv's weekend, and {following}" if day.is_weekend else ""


def _thin(day: Day, on: date) -> str:
    assert day.usual
    usual = round(day.usual, -1) if day.usual >= 100 else day.usual
    new = pluralize(day.new, "new paper") if day.new else "no new papers"
    return f"a thin day: {new}, and usually about {usual} on a {WEEKDAYS[on.weekday()]}"


def local_time(moment: datetime, zone: str) -> str:
    """`Monday 30 November at 02:00 CET`"""
    local = moment.astimezone(ZoneInfo(zone))
    name = local.tzname() or zone
    return f"{day_name(local)} at {local:%H:%M} {name if name[0].isalpha() else f'UTC{name}'}"


def quiet_week_text(digest: Digest) -> str:
    """The message of a week without a paper: that all is well, or else what is not."""
    if digest.awaits:
        return f"no digest this week: {digest.why}"
    news = digest.news
    since = day_name(news.since or digest.on - timedelta(days=news.days))
    if not news.papers:
        return f"all is well: there were no new papers since {since}"
    checked = f"all is well: {pluralize(news.papers, 'paper was', 'papers were')} checked since {since}"
    if not digest.closest:
        return f"{checked}, and nothing new matches your profile"
    return f'{checked}, and none was good enough; closest: "{digest.closest}"'
