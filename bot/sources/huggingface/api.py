"""Hugging Face's Daily Papers: what its readers submitted and voted for, day by day.

The format of `/api/daily_papers`: https://huggingface.co/docs/hub/api.
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
from bot.sources.base import Http, Known, SourceRequest, endpoint
from bot.sources.parsing.entries import Draft, broken, date_of, html_instead, listing, quoted
from bot.text.plain import one_line
from bot.text.readable import readable_line, readable_paragraphs

DEFAULT_URL = "https://huggingface.co/api"
SOURCE = "huggingface"

PAGE_SIZE = 100  #: papers per request; the service's default is 50, and the fullest days have that many
MAX_DAYS = 14  #: to catch up: older papers are not news, and their votes hardly change
MAX_PAGES = 10  #: of one day, ten times what the fullest days have
#: The status for a day that does not exist yet: https://github.com/huggingface/huggingface_hub/pull/2554
BAD_REQUEST = 400

_NO_PAPERS = "no papers in this answer"
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})T00:00:00(?:\.0+)?Z", re.ASCII)
_PAPER = re.compile(rb'\{\s*"paper"\s*:\s*\{')
_EMPTY_ARRAY = re.compile(r"\[\s*\]")
_ITEM = re.compile(r"[^\s,]")
_DECODER = json.JSONDecoder()
_SATURDAY = 5


def recognises(data: bytes) -> bool:
    """Whether this is a JSON array of objects with a `paper`; it may also be empty or cut off."""
    head = data[:65_536].decode("utf-8-sig", "replace").strip()
    if not head.startswith("["):
        return False
    if _EMPTY_ARRAY.fullmatch(head) or _PAPER.search(data, 0, 4_096):
        return True
    items, _ = _items(head)
    return bool(items) and isinstance(_object(items[0]).get("paper"), dict)


def parse(data: bytes, as_of: date | None = None) -> Listing:
    """The papers of one answer; `as_of` has no effect, because dates of this format have a year."""
    return _read(data).listing


@dataclass(frozen=True, slots=True)
class _Page:
    listing: Listing
    count: int = 0  #: papers on it, readable or not


def _read(data: bytes) -> _Page:
    if not data.strip():
        return _Page(Listing(unreadable=(broken("it is empty"),), incomplete=True))
    if page := html_instead(data, "JSON"):
        return _Page(Listing(unreadable=(page,), incomplete=True))
    problems: list[Unreadable] = []
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.append(broken("bytes that are not UTF-8", f"byte {error.start + 1}"))
        text = data.decode("utf-8-sig", "replace")
    items, problem = _items(text)
    if problem:
        problems.append(problem)
    if not items and not problems:
        problems.append(broken(_NO_PAPERS, empty=True))
    return _Page(listing(map(_draft, items), problems, word="paper"), len(items))


def _items(text: str) -> tuple[list[Any], Unreadable | None]:
    """The array's items; if it is broken, those before the error, and the error."""
    text = text.strip()
    if not text.startswith("["):
        return [], broken(f"a JSON array was expected, not {quoted(text[:40])}")
    items: list[Any] = []
    at = 1
    try:
        while (match := _ITEM.search(text, at)) and match[0] != "]":
            item, at = _DECODER.raw_decode(text, match.start())
            items.append(item)
    except json.JSONDecodeError as error:
        return items, _malformed(text, error.pos, error.msg)
    except (ValueError, RecursionError):  # a number with thousands of digits; thousands of brackets
        return items, _malformed(text, at, "a value that is too large or too deeply nested")
    return items, None if match else _malformed(text, len(text), "the array is not closed")


def _malformed(text: str, at: int, why: str) -> Unreadable:
    """With line and column, which count from 1, as in editors."""
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return broken(f"malformed JSON: {why}", f"line {line}, column {column}")


def _draft(item: Any) -> Draft:
    outer = _object(item)
    paper = _object(outer.get("paper"))
    if not paper:
        return Draft(Entry(SOURCE, title=""), ("no `paper` in it",))
    problems: list[str] = []
    ids, version = _identity(one_line(_text(paper.get("id"))), problems)
    organization = _object(outer.get("organization") or paper.get("organization"))
    entry = Entry(
        SOURCE,
        title=readable_line(_text(paper.get("title"))) or readable_line(_text(outer.get("title"))),
        abstract=readable_paragraphs(_text(paper.get("summary")))
        or readable_paragraphs(_text(outer.get("summary"))),
        ids=ids,
        authors=_authors(paper.get("authors")),
        organization=readable_line(_text(organization.get("fullname")))
        or readable_line(_text(organization.get("name")))
        or None,
        url=f"https://huggingface.co/papers/{quote(ids[0].partition(':')[2])}" if ids else None,
        version=version,
        published=date_of(_text(paper.get("publishedAt")), "publishedAt", problems, _published),
        announced=date_of(
            _text(paper.get("submittedOnDailyAt")),
            "submittedOnDailyAt",
            problems,
            lambda text: iso_utc(text)[:10],
        ),
        votes=_count(paper.get("upvotes")),
        comments=_count(outer.get("numComments")),
    )
    return Draft(entry, tuple(problems))


def _identity(raw: str, problems: list[str]) -> tuple[tuple[str, ...], int | None]:
    if not raw or " " in raw:
        problems.append(f"unknown id {quoted(raw)}" if raw else "no id")
        return (), None
    found = parse_paper_id(raw)
    if found and namespace(found[0]) == "arxiv":
        return (found[0],), found[1]
    return (f"{SOURCE}:{raw}",), None


def _authors(value: Any) -> tuple[str, ...]:
    """The names of the authors who did not hide them."""
    people = map(_object, value if isinstance(value, list) else ())
    names = (readable_line(_text(person.get("name"))) for person in people if not person.get("hidden"))
    return tuple(filter(None, names))


def _published(text: str) -> str:
    """ISO text in UTC. Exactly midnight means only the day: the service does not always keep arXiv's time."""
    midnight = _MIDNIGHT.fullmatch(text.strip())
    return iso_utc(midnight[1] if midnight else text)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int | None:
    # No paper has a billion votes, and a database's integers are bounded.
    return value if type(value) is int and 0 <= value < 10**9 else None


class HuggingFace:
    """The Daily Papers of the days since the last complete answer, the newest day first."""

    name = "huggingface"

    def __init__(self, base_url: str = DEFAULT_URL) -> None:
        base = endpoint(base_url, "/api")
        self._url = base if base.endswith("/daily_papers") else f"{base}/daily_papers"

    def fetch(self, wanted: SourceRequest, http: Http, known: Known) -> Iterator[Listing]:
        """One listing per page, whatever the profiles want. Raises SourceError."""
        today = wanted.now.date()
        for day in _days(wanted):
            try:
                for page in self._pages(day, http):
                    yield _of_day(page, day, today)
            except StatusError as error:
                if error.status != BAD_REQUEST:
                    raise
                if day < today:
                    yield Listing(unreadable=(broken("Hugging Face rejects this day", day.isoformat()),))

    def _pages(self, day: date, http: Http) -> Iterator[Listing]:
        previous: Listing | None = None
        for number in range(MAX_PAGES):
            params = {
                "date": day.isoformat(),
                "limit": str(PAGE_SIZE),
                **({"p": str(number)} if number else {}),
            }
            if (data := http.get(self._url, params)) is None:
                yield Listing(unchanged=True)
                return
            page = _read(data)
            if number and (not page.count or page.listing == previous):
                return  # the last page was full, or the service does not support `p`
            yield page.listing
            if page.count < PAGE_SIZE:
                return
            previous = page.listing


def _days(wanted: SourceRequest) -> Iterator[date]:
    """Newest first. The day of the last answer is included: it was not over then."""
    today = wanted.now.date()
    first = wanted.since or today - timedelta(days=1)
    span = min((today - first).days + 1, MAX_DAYS)
    return (today - timedelta(days=back) for back in range(max(span, 1)))


def _of_day(page: Listing, day: date, today: date) -> Listing:
    """The listing with the day in its complaints, and without the one that it is empty on days that may be."""
    has_papers = day < today and day.weekday() < _SATURDAY
    complaints = (
        replace(complaint, where=f"{day}: {complaint.where}")
        for complaint in page.unreadable
        if has_papers or complaint.why != _NO_PAPERS
    )
    return replace(page, unreadable=tuple(complaints))
