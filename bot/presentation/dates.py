"""Dates as readers see them. Month and day names are English, whatever the process's locale."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.clock import MONTHS, WEEKDAYS, day_name
from bot.papers.model import Paper
from bot.text.plain import one_line, truncate

_UNREADABLE_LENGTH = 60


def long_date(day: date) -> str:
    """`Tuesday 5 May 2026`"""
    return f"{day_name(day)} {day.year}"


def short_date(day: date) -> str:
    """`5 May`, of any month the first three letters."""
    return f"{day.day} {MONTHS[day.month - 1][:3]}"


def date_and_time(moment: datetime, zone: str) -> str:
    """`5 May 2026, 08:30` in a time zone."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{short_date(local)} {local.year}, {local:%H:%M}"


def relative_day(day: date, today: date) -> str:
    """`today`, `yesterday`, the weekday if less than a week ago, else `28 April`."""
    age = (today - day).days
    if age in (0, 1):
        return "yesterday" if age else "today"
    return WEEKDAYS[day.weekday()] if 1 < age < 7 else f"{day.day} {MONTHS[day.month - 1]}"


def iso_date(text: str | None) -> str:
    """`26 Feb 2025` for an ISO date or time, `Feb 2025` for a month; other text as it is; empty for None."""
    if not text:
        return ""
    try:
        if len(text) == len("2025-02"):
            month = date.fromisoformat(f"{text}-01")
            return f"{MONTHS[month.month - 1][:3]} {month.year}"
        day = datetime.fromisoformat(text)
    except ValueError:
        return truncate(one_line(text), _UNREADABLE_LENGTH)
    return f"{short_date(day)} {day.year}"


def paper_dates(paper: Paper) -> str:
    """`submitted 4 May 2026, revised 5 May 2026 (v3)`: what makes the paper news, and whether it was known before."""
    submitted = _event("submitted", paper.published)
    has_day = paper.announced and (not paper.published or len(paper.announced) > len("2025-02"))
    events = [_event("announced", paper.announced) if has_day else submitted]
    if has_day and _announced_by_hugging_face(paper):
        events = [submitted, _event("on Hugging Face", paper.announced)]
    if paper.crossed and (paper.announced or "") < paper.crossed:
        events = [submitted, _event("newly cross-listed", paper.crossed)]
    if paper.version and paper.version > 1:
        events.append(" ".join(filter(None, ("revised", iso_date(paper.updated), f"(v{paper.version})"))))
    return ", ".join(filter(None, events))


def _announced_by_hugging_face(paper: Paper) -> bool:
    """Whether `announced` is Hugging Face's day: arXiv does not list the paper, or it was first seen earlier."""
    return "huggingface" in paper.sources and (
        "arxiv" not in paper.sources or (paper.announced or "") > f"{paper.first_seen:%Y-%m-%d}T"
    )


def _event(name: str, day: str | None) -> str:
    return f"{name} {iso_date(day)}" if day else ""
