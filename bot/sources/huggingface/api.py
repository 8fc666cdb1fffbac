"""Hugging Face's Daily Papers: what its readers submitted and voted for, day by day.

Owns the shape of `/api/daily_papers` (https://huggingface.co/docs/hub/api). Refuses to know arXiv's services,
though most papers on it are arXiv's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from bot.clock import iso_utc
from bot.errors import StatusError
from bot.papers.identity import namespace, parse_paper_id
from bot.papers.model import Entry, Listing, Unreadable
from bot.sources.base import Http, Known, SourceRequest
from bot.sources.parsing.entries import Draft, broken, date_of, endpoint, html_instead, listing, quoted
from bot.text.plain import normalize_paragraphs, one_line

DEFAULT_URL = "https://huggingface.co/api"
SOURCE = "huggingface"

PAGE = 100  #: papers a request; the service gives 50 unless told, and the fullest days have that many
MOST_DAYS = 14  #: to catch up: older papers are no news, and their votes have settled
MOST_PAGES = 10  #: of one day, ten times what the fullest days have
BAD_REQUEST = (
    400  #: for a day that is not there yet: https://github.com/huggingface/huggingface_hub/pull/2554
)

_NONE = "no papers in this answer"
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})T00:00:00(?:\.0+)?Z", re.ASCII)
_PAPER = re.compile(rb'\{\s*"paper"\s*:\s*\{')
_EMPTY_ARRAY = re.compile(r"\[\s*\]")
_SEPARATOR = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder()
_SATURDAY = 5


def recognises(data: bytes) -> bool:
    """Whether this is a JSON array of objects with a `paper`; an array that is empty or cut off counts."""
    head = data[:65_536].decode("utf-8-sig", "replace").strip()
    if not head.startswith("["):
        return False
    if _EMPTY_ARRAY.fullmatch(head) or _PAPER.search(data, 0, 4_096):
        return True
    items = _items(head).found
    return bool(items) and isinstance(items[0], dict) and isinstance(items[0].get("paper"), dict)


def parse(data: bytes, as_of: date | None = None) -> Listing:
    """The papers of one answer. Never raises; what cannot be read is in `unreadable`.

    `as_of` changes nothing: every date of this format has its year.
    """
    return _read(data).listing


@dataclass(frozen=True, slots=True)
class _Page:
    listing: Listing
    count: int = 0  #: papers on it, readable or not


@dataclass(frozen=True, slots=True)
class _Items:
    found: tuple[Any, ...] = ()
    problems: tuple[Unreadable, ...] = ()


def _read(data: bytes) -> _Page:
    if not data.strip():
        return _Page(Listing(unreadable=(broken("it is empty"),)))
    if page := html_instead(data, "JSON"):
        return _Page(Listing(unreadable=(page,)))
    text, badly_encoded = _decoded(data)
    items = _items(text)
    problems = (*badly_encoded, *items.problems)
    if not items.found and not problems:
        problems = (broken(_NONE, empty=True),)
    return _Page(listing(map(_draft, items.found), problems, word="paper"), len(items.found))


def _decoded(data: bytes) -> tuple[str, tuple[Unreadable, ...]]:
    try:
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        problem = broken("bytes that are not UTF-8", f"byte {error.start + 1}")
        return data.decode("utf-8-sig", "replace"), (problem,)


def _items(text: str) -> _Items:
    """The array's items; when it is broken, all before the fault, and where that is."""
    text = text.strip()
    if not text.startswith("["):
        return _Items(problems=(broken(f"a JSON array was expected, not {quoted(text[:40])}"),))
    found: list[Any] = []
    at = 1
    try:
        while (at := _after(_SEPARATOR, text, at)) < len(text) and text[at] != "]":
            item, at = _DECODER.raw_decode(text, at)
            found.append(item)
    except json.JSONDecodeError as error:
        return _Items(tuple(found), (_malformed(text, error.pos, error.msg),))
    except (ValueError, RecursionError):  # a number of thousands of digits; thousands of brackets
        return _Items(tuple(found), (_malformed(text, at, "a value beyond all measure"),))
    if at >= len(text):
        return _Items(tuple(found), (_malformed(text, at, "the array is not closed"),))
    return _Items(tuple(found))


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _malformed(text: str, at: int, why: str) -> Unreadable:
    """Lines and columns count from 1, as editors do."""
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return broken(f"malformed JSON: {why}", f"line {line}, column {column}")


def _draft(item: Any) -> Draft:
    outer = _object(item)
    paper = _object(outer.get("paper"))
    if not paper:
        return Draft(Entry(SOURCE, title=""), ("no `paper` in it",))
    wrong: list[str] = []
    ids, version = _identity(one_line(_text(paper.get("id"))), wrong)
    entry = Entry(
        SOURCE,
        title=one_line(_text(paper.get("title"))) or one_line(_text(outer.get("title"))),
        abstract=normalize_paragraphs(_text(paper.get("summary")))
        or normalize_paragraphs(_text(outer.get("summary"))),
        ids=ids,
        authors=_authors(paper.get("authors")),
        organization=_organization(_object(outer.get("organization") or paper.get("organization"))),
        url=f"https://huggingface.co/papers/{quote(ids[0].partition(':')[2])}" if ids else None,
        version=version,
        published=date_of(_text(paper.get("publishedAt")), "publishedAt", wrong, _exact),
        announced=date_of(_text(paper.get("submittedOnDailyAt")), "submittedOnDailyAt", wrong, _day),
        votes=_count(paper.get("upvotes")),
        comments=_count(outer.get("numComments")),
    )
    return Draft(entry, tuple(wrong))


def _identity(raw: str, wrong: list[str]) -> tuple[tuple[str, ...], int | None]:
    if not raw or " " in raw:
        wrong.append(f"unknown id {quoted(raw)}" if raw else "no id")
        return (), None
    found = parse_paper_id(raw)
    if found and namespace(found[0]) == "arxiv":
        return (found[0],), found[1]
    return (f"{SOURCE}:{raw}",), None


def _authors(value: Any) -> tuple[str, ...]:
    """Names that the authors themselves did not hide."""
    people = map(_object, value if isinstance(value, list) else ())
    names = (one_line(_text(person.get("name"))) for person in people if not person.get("hidden"))
    return tuple(filter(None, names))


def _organization(value: dict[str, Any]) -> str | None:
    return one_line(_text(value.get("fullname"))) or one_line(_text(value.get("name"))) or None


def _exact(text: str) -> str:
    """Midnight to the millisecond stands for the day: arXiv's own time is lost on the way."""
    midnight = _MIDNIGHT.fullmatch(text.strip())
    return iso_utc(midnight[1] if midnight else text)


def _day(text: str) -> str:
    return iso_utc(text)[: len("2026-05-28")]


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int | None:
    """A database's integer holds 64 bits; no paper has a billion votes."""
    return value if type(value) is int and 0 <= value < 10**9 else None


class HuggingFace:
    """The Daily Papers of the days since the last complete answer, the newest day first."""

    name = "huggingface"

    def __init__(self, base_url: str = DEFAULT_URL) -> None:
        base = endpoint(base_url, "/api")
        self._url = base if base.endswith("/daily_papers") else f"{base}/daily_papers"

    def fetch(self, wanted: SourceRequest, http: Http, known: Known) -> Iterator[Listing]:
        """One listing a page, asked for whatever the profiles want. Raises SourceError."""
        today = wanted.now.date()
        for day in _days(wanted):
            try:
                for page in self._pages(day, http):
                    found = _of_day(page, day, today)
                    yield found
            except StatusError as error:
                if error.status != BAD_REQUEST:
                    raise
                if day < today:
                    yield Listing(unreadable=(broken("Hugging Face refuses this day", day.isoformat()),))

    def _pages(self, day: date, http: Http) -> Iterator[Listing]:
        before: Listing | None = None
        for number in range(MOST_PAGES):
            params = {"date": day.isoformat(), "limit": str(PAGE), **({"p": str(number)} if number else {})}
            if (data := http.get(self._url, params)) is None:
                yield Listing()
                return
            page = _read(data)
            if number and (not page.count or page.listing == before):
                return  # the day had exactly full pages, or the service does not know `p`
            yield page.listing
            if page.count < PAGE:
                return
            before = page.listing


def _days(wanted: SourceRequest) -> Iterator[date]:
    """Newest first. The day of the last answer is asked for again: it was not over then."""
    today = wanted.now.date()
    first = wanted.since or today - timedelta(days=1)
    span = min((today - first).days + 1, MOST_DAYS)
    return (today - timedelta(days=back) for back in range(max(span, 1)))


def _of_day(page: Listing, day: date, today: date) -> Listing:
    """The listing with the day in its complaints, and without one about emptiness that is no fault."""
    expected = day < today and day.weekday() < _SATURDAY
    complaints = (
        replace(complaint, where=f"{day}: {complaint.where}")
        for complaint in page.unreadable
        if expected or complaint.why != _NONE
    )
    return replace(page, unreadable=tuple(complaints))
