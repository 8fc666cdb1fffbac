"""arXiv's three services and Hugging Face at a simulated time: a month of real papers, with faults on given days.

The papers of ../shared/archive are announced on the evenings of ArxivCalendar, and served as the real services would
serve them: the API at once and newest submission first, the feed of a day from midnight US Eastern, OAI-PMH from
22:30 Eastern. The archive has no times of submission: they are made up, within the window of the announcement, and up
to four days earlier for the papers that moderation holds.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from bot.papers.calendar import EASTERN, ArxivCalendar, listing_day
from tests.support.source_server import API, DAILY, OAI, RSS

ARCHIVE = Path(__file__).resolve().parents[2].parent / "shared" / "archive"
HUGGINGFACE = ARCHIVE.parent / "sources" / "huggingface"
DEADLINE = timedelta(hours=6)  #: before the announcement of 20:00
OAI_READY = timedelta(hours=2, minutes=30)
OAI_PAGE = 400
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_NAMES = {API: "arxiv-api", RSS: "arxiv-rss", OAI: "arxiv-oai", DAILY: "huggingface"}


@dataclass(frozen=True)
class SimulatedPaper:
    """A paper of the archive."""

    number: str  #: 2605.01234
    title: str
    abstract: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    announced: datetime
    submitted: datetime

    @property
    def day(self) -> date:
        return listing_day(self.announced)

    def is_in(self, categories: Sequence[str]) -> bool:
        return not set(self.categories).isdisjoint(categories)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a source for a time: 503, time-out, empty, stale, stale CATEGORY, truncated."""

    source: str  #: as in SOURCES
    kind: str
    since: datetime
    until: datetime

    def applies(self, source: str, now: datetime) -> bool:
        return self.source == source and self.since <= now < self.until


def fault(source: str, kind: str, day: int, hours: int = 28) -> Fault:
    """From midnight in UTC of a day in May 2026, for a day and until the next feed."""
    since = datetime(2026, 5, day, tzinfo=UTC)
    return Fault(source, kind, since, since + timedelta(hours=hours))


def read_archive(calendar: ArxivCalendar, days: Sequence[date], every: int = 1) -> list[SimulatedPaper]:
    """The papers that the archive first has on these days, as the calendar announces them.

    `every`: only one of so many. What a weekend's file adds belongs to Friday's listing.
    """
    papers: dict[str, SimulatedPaper] = {}
    for day in days:
        with gzip.open(ARCHIVE / f"{day}.jsonl.gz", "rt", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.strip()]
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=EASTERN)
        announced = calendar.last(noon)
        if listing_day(announced) < day and day.weekday() < 5:  # a holiday: it comes with the next listing
            announced = calendar.next(noon)
        for row in rows:
            number = row["id"].removeprefix("arxiv:")
            if number not in papers and _dice(number, "every") % every == 0:
                papers[number] = SimulatedPaper(
                    number,
                    row["title"],
                    row["abstract"],
                    tuple(row["authors"]),
                    tuple(row["categories"]),
                    announced,
                    _submitted(number, announced, calendar),
                )
    return sorted(papers.values(), key=lambda paper: paper.submitted, reverse=True)


def _submitted(number: str, announced: datetime, calendar: ArxivCalendar) -> datetime:
    """In the day before the deadline; of one paper in ten up to four days before that."""
    is_sunday = announced.astimezone(EASTERN).weekday() == 6
    deadline = announced - DEADLINE - (2 * _DAY if is_sunday else timedelta(0))
    held = 1 + _dice(number, "days") % 4 if _dice(number, "held") % 10 == 0 else 0
    return deadline - held * _DAY - timedelta(seconds=_dice(number, "time") % 86_000)


def _dice(number: str, what: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{number} {what}".encode()).digest()[:4])


class SimulatedSources:
    """Use as a context manager. `now` is the time of the services, and `faults` what is wrong with them."""

    def __init__(
        self, papers: Sequence[SimulatedPaper], faults: Sequence[Fault], now: datetime, every: int = 1
    ) -> None:
        """`every`: Hugging Face has only one of so many papers."""
        self.papers = papers
        self.every = every
        self.faults = faults
        self.now = now
        self.requests: list[tuple[datetime, str, int]] = []  #: time, source, status
        self.timeout = 0.5  #: seconds that a request hangs which gets no answer
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})

    @cached_property
    def settings(self) -> dict[str, str]:
        """The variables that point Paperboy here."""
        url = f"http://127.0.0.1:{self._http.server_address[1]}"
        return {
            "ARXIV_API_URL": url + API,
            "ARXIV_RSS_URL": url + RSS,
            "ARXIV_OAI_URL": url + OAI,
            "HF_API_URL": url + DAILY.removesuffix("/daily_papers"),
        }

    def __enter__(self) -> SimulatedSources:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        """Status and body."""
        source = next(name for prefix, name in _NAMES.items() if path.startswith(prefix))
        fault = next((f.kind for f in self.faults if f.applies(source, self.now)), "")
        if fault == "time-out":
            time.sleep(self.timeout)
        if fault in ("503", "time-out"):
            return 503, b"busy"
        answers: dict[str, Callable[[], tuple[int, bytes]]] = {
            "arxiv-api": lambda: (200, self._api(query, fault)),
            "arxiv-rss": lambda: (200, self._rss(path.removeprefix(f"{RSS}/").split("+"), fault)),
            "arxiv-oai": lambda: (200, self._oai(query)),
            "huggingface": lambda: self._daily(date.fromisoformat(query["date"])),
        }
        status, body = answers[source]()
        return status, body[: len(body) // 2] if fault == "truncated" else body

    # --- The services -------------------------------------------------------------------------------------

    def _api(self, query: dict[str, str], fault: str) -> bytes:
        start, size = int(query["start"]), int(query["max_results"])
        until = self.now - _DAY if fault == "stale" else self.now
        shown = [paper for paper in self.papers if paper.announced <= until]
        if ids := query.get("id_list"):
            found = [paper for paper in shown if paper.number in ids.split(",")]
        else:
            terms = query["search_query"].strip("()").split(" OR ")
            categories = [term.removeprefix("cat:") for term in terms if term.startswith("cat:")]
            names = [term.removeprefix('au:"').rstrip('"') for term in terms if term.startswith("au:")]
            found = [p for p in shown if p.is_in(categories) or not set(names).isdisjoint(p.authors)]
        page = [] if fault == "empty" and start == 0 else found[start : start + size]
        return (
            '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
            '<totalResults xmlns="http://a9.com/-/spec/opensearch/1.1/">'
            f"{len(found)}</totalResults>{''.join(map(_atom, page))}</feed>"
        ).encode()

    def _rss(self, categories: list[str], fault: str) -> bytes:
        today = self.now.astimezone(EASTERN).date()
        before = max((p.day for p in self.papers if p.day < today), default=today)
        old = {"stale": set(categories)}.get(fault, {fault.removeprefix("stale ")})
        items = [
            paper
            for paper in self.papers
            if paper.is_in(categories)
            and paper.day == (before if today.weekday() < 5 and paper.categories[0] in old else today)
        ]
        if fault == "stale" and today.weekday() < 5:
            items = [paper for paper in self.papers if paper.is_in(categories) and paper.day == before]
        stamp = f"{today:%a, %d %b %Y} 00:00:00 {self.now.astimezone(EASTERN):%z}"
        return (
            '<?xml version="1.0" encoding="UTF-8"?><rss xmlns:arxiv="http://arxiv.org/schemas/atom" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0"><channel>'
            f"<title>{'+'.join(categories)} updates on arXiv.org</title><pubDate>{stamp}</pubDate>"
            "<skipDays><day>Sunday</day><day>Saturday</day></skipDays>"
            f"{''.join(_item(paper, stamp) for paper in items)}</channel></rss>"
        ).encode()

    def _oai(self, query: dict[str, str]) -> bytes:
        name, since, start = (query.get("resumptionToken") or f"{query['set']} {query['from']} 0").split(" ")
        category = ".".join(name.split(":")[1:])  # of `cs:cs:LG`
        ready = [
            paper
            for paper in self.papers
            if paper.announced + OAI_READY <= self.now
            and f"{paper.announced.astimezone(EASTERN):%Y-%m-%d}" >= since
            and paper.is_in([category])
        ]
        page = ready[int(start) : int(start) + OAI_PAGE]
        rest = int(start) + OAI_PAGE < len(ready)
        token = f"{name} {since} {int(start) + OAI_PAGE}" if rest else ""
        records = "".join(map(_record, page)) + f"<resumptionToken>{token}</resumptionToken>"
        body = f"<ListRecords>{records}</ListRecords>" if ready else '<error code="noRecordsMatch"/>'
        return f'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">{body}</OAI-PMH>'.encode()

    def _daily(self, day: date) -> tuple[int, bytes]:
        """What was submitted of a day so far. The recorded answers have no day of a weekend."""
        if day > self.now.date():
            return 400, b"{}"
        path = HUGGINGFACE / f"{day}.json"
        rows = json.loads(path.read_bytes()) if path.exists() else []
        until = f"{self.now:%Y-%m-%dT%H:%M}"
        shown = [row for row in rows[:: self.every] if row["paper"]["submittedOnDailyAt"] <= until]
        return 200, json.dumps(shown).encode()


def _atom(paper: SimulatedPaper) -> str:
    submitted = f"{paper.submitted.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return (
        f"<entry><id>http://arxiv.org/abs/{paper.number}v1</id><title>{escape(paper.title)}</title>"
        f"<summary>{escape(paper.abstract)}</summary><published>{submitted}</published>"
        f"<updated>{submitted}</updated>"
        + "".join(f"<author><name>{escape(name)}</name></author>" for name in paper.authors)
        + "".join(f'<category term="{name}"/>' for name in paper.categories)
        + "</entry>"
    )


def _item(paper: SimulatedPaper, stamp: str) -> str:
    return (
        f"<item><title>{escape(paper.title)}</title><link>https://arxiv.org/abs/{paper.number}</link>"
        f"<description>arXiv:{paper.number}v1 Announce Type: new\nAbstract: {escape(paper.abstract)}"
        f'</description><guid isPermaLink="false">oai:arXiv.org:{paper.number}v1</guid>'
        + "".join(f"<category>{name}</category>" for name in paper.categories)
        + f"<pubDate>{stamp}</pubDate><arxiv:announce_type>new</arxiv:announce_type>"
        f"<dc:creator>{escape(', '.join(paper.authors))}</dc:creator></item>"
    )


def _record(paper: SimulatedPaper) -> str:
    evening = paper.announced.astimezone(EASTERN)
    return (
        f"<record><header><identifier>oai:arXiv.org:{paper.number}</identifier>"
        f"<datestamp>{evening:%Y-%m-%d}</datestamp></header>"
        f'<metadata><arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{paper.number}</id>'
        f'<version version="v1"><date>{paper.submitted.astimezone(UTC):%a, %d %b %Y %H:%M:%S} GMT</date></version>'
        f"<title>{escape(paper.title)}</title><authors>{escape(', '.join(paper.authors))}</authors>"
        f"<categories>{' '.join(paper.categories)}</categories><abstract>{escape(paper.abstract)}</abstract>"
        "</arXivRaw></metadata></record>"
    )


def _handler(server: SimulatedSources) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            path, query = unquote(url.path), {name: v[0] for name, v in parse_qs(url.query).items()}
            status, body = server.answer(path, query)
            tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            if status == 200 and self.headers.get("If-None-Match") == tag:
                status, body = 304, b""
            source = next(name for prefix, name in _NAMES.items() if path.startswith(prefix))
            server.requests.append((server.now, source, status))
            try:
                self.send_response(status)
                self.send_header("ETag", tag)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                """The client did not wait for the answer."""

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
            """Log nothing."""

    return Handler


def days(first: date, last: date) -> Iterator[date]:
    """From the first to the last."""
    for n in range((last - first).days + 1):
        yield first + n * _DAY
