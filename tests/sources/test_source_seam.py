"""What all sources and all formats have in common: one suite for each of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

import pytest
import requests
import responses
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import SourceError, UserError
from bot.papers.model import Listing
from bot.sources import jsonlines
from bot.sources.arxiv import api, oai, rss
from bot.sources.arxiv import saved_page as arxiv_page
from bot.sources.base import Format, Source
from bot.sources.http import PoliteHttp
from bot.sources.huggingface import api as hf_api
from bot.sources.huggingface import saved_page as hf_page
from bot.sources.registry import FORMATS, SOURCES, base_urls, make_sources, spacing
from tests.sources.support import MemoryValidators, Service, fetch

AS_OF = date(2026, 5, 29)
WANTED: dict[str, Any] = {
    "categories": ("cs.LG", "stat.ML"),
    "authors": ("Ada Example",),
    "papers": ("arxiv:2605.00002",),
    "since": date(2026, 5, 26),
}
TITLE, ABSTRACT, AUTHORS = "Cups and Saucers", "Zoë stacks cups.", "Ada Example"


# --- Two papers in every format ---------------------------------------------------------------------------


def atom(title: str = TITLE, abstract: str = ABSTRACT, authors: str = AUTHORS) -> bytes:
    names = "".join(f"<author><name>{name}</name></author>" for name in authors.split(", "))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<entry><id>http://arxiv.org/abs/2605.00001v1</id><title>{escape(title)}</title>"
        f"<summary>{escape(abstract)}</summary><published>2026-05-01T00:00:00Z</published>{names}</entry>"
        "<entry><id>http://arxiv.org/abs/2605.00002v1</id><title>Spoons</title><summary>Spoons ring.</summary>"
        "<published>2026-05-01T00:00:00Z</published></entry></feed>"
    ).encode()


def feed(title: str = TITLE, abstract: str = ABSTRACT, authors: str = AUTHORS) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<channel><pubDate>Fri, 29 May 2026 00:00:00 -0400</pubDate><item><guid>oai:arXiv.org:2605.00001v1</guid>"
        f"<title>{escape(title)}</title><description>arXiv:2605.00001v1 Announce Type: new Abstract: "
        f"{escape(abstract)}</description><dc:creator>{escape(authors)}</dc:creator></item>"
        "<item><guid>oai:arXiv.org:2605.00002v1</guid><title>Spoons</title><description>Spoons ring.</description>"
        "</item></channel></rss>"
    ).encode()


def records(title: str = TITLE, abstract: str = ABSTRACT, authors: str = AUTHORS) -> bytes:
    record = (
        "<record><metadata><arXivRaw><id>2605.0000{}</id><title>{}</title><authors>{}</authors>"
        "<abstract>{}</abstract></arXivRaw></metadata></record>"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>'
        + record.format(1, escape(title), escape(authors), escape(abstract))
        + record.format(2, "Spoons", "", "Spoons ring.")
        + "</ListRecords></OAI-PMH>"
    ).encode()


def daily(title: str = TITLE, abstract: str = ABSTRACT, authors: str = AUTHORS) -> bytes:
    names = [{"name": name} for name in authors.split(", ")]
    first = {"id": "2605.00001", "title": title, "summary": abstract, "authors": names, "upvotes": 3}
    second = {"id": "2605.00002", "title": "Spoons", "summary": "Spoons ring.", "upvotes": 1}
    papers = [{"paper": first, "organization": {"fullname": title}}, {"paper": second}]
    return json.dumps(papers, ensure_ascii=False).encode()


def lines(title: str = TITLE, abstract: str = ABSTRACT, authors: str = AUTHORS) -> bytes:
    first = {
        "id": "2605.00001",
        "title": title,
        "abstract": abstract,
        "authors": authors,
        "organization": title,
    }
    second = {"id": "2605.00002", "title": "Spoons", "abstract": "Spoons ring."}
    return "\n".join(json.dumps(record, ensure_ascii=False) for record in (first, second)).encode()


def results(title: str = TITLE, abstract: str = ABSTRACT, authors: str = AUTHORS) -> bytes:
    dates = "Submitted 1 May, 2026;\noriginally announced May 2026.\n"
    return (
        f"-\narXiv:2605.00001 [pdf]\n{title}\nAuthors:\n{authors}\nAbstract:\n{abstract}\n{dates}"
        f"-\narXiv:2605.00002 [pdf]\nSpoons\nAuthors:\nBo Sample\nAbstract:\nSpoons ring.\n{dates}"
    ).encode()


def daily_page(title: str = TITLE, abstract: str = ABSTRACT, authors: str = "") -> bytes:
    return (
        "Daily Papers\n\nbyAK and the research community\n\n"
        f"{title}\n\n{abstract}\n\n{title.replace(' ', '-')} {title}\n·\nMay 1, 2026\n\n"
        "Spoons\n\nSpoons ring.\n\n  • 2 authors\n·\nMay 1, 2026\n"
    ).encode()


ANSWERS: dict[Format, Callable[..., bytes]] = {
    api: atom,
    rss: feed,
    oai: records,
    hf_api: daily,
    jsonlines: lines,
    arxiv_page: results,
    hf_page: daily_page,
}
#: The beginning of the second paper.
START_OF_SECOND: dict[Format, bytes] = {
    api: b"<entry><id>http://arxiv.org/abs/2605.00002",
    rss: b"<item><guid>oai:arXiv.org:2605.00002",
    oai: b"<record><metadata><arXivRaw><id>2605.00002",
    hf_api: b'{"paper": {"id": "2605.00002',
    jsonlines: b'{"id": "2605.00002',
    arxiv_page: b"-\narXiv:2605.00002",
    hf_page: b"Spoons",
}
BOMB = (
    b'<?xml version="1.0"?><!-- a feed --><!DOCTYPE feed [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    b"<feed><entry><id>http://arxiv.org/abs/2605.00001</id><title>&b;</title></entry></feed>"
)
HTML = b"<!DOCTYPE html>\n<html><head><title>503 &lt;Busy&gt;</title></head><body><p>Later<br></body></html>"


def name_of(form: Format) -> str:
    return getattr(form, "__name__", "").removeprefix("bot.sources.")


@pytest.fixture(params=FORMATS, ids=name_of)
def form(request: pytest.FixtureRequest) -> Format:
    found: Format = request.param
    return found


@dataclass(frozen=True)
class Case:
    """One source with an answer of its service."""

    name: str
    source: Source
    module: Format
    answer: bytes

    @property
    def is_arxiv(self) -> bool:
        return self.name.startswith("arxiv")


@pytest.fixture(params=SOURCES)
def case(request: pytest.FixtureRequest) -> Case:
    spec = SOURCES[request.param]
    return Case(request.param, spec.make(spec.module.DEFAULT_URL), spec.module, ANSWERS[spec.module]())


# --- Formats ----------------------------------------------------------------------------------------------


def test_only_its_own_format_is_recognised(form: Format) -> None:
    """So that a saved file finds its parser."""
    answer = ANSWERS[form]()
    assert [name_of(other) for other in FORMATS if other.recognises(answer)] == [name_of(form)]
    assert not any(form.recognises(data) for data in (HTML, b"", b" \r\n\t", b"[1, 2]", b"- a\n- b"))


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        (r"Andr\'e's $m^2$ \emph{Maps}", "André's m² Maps"),
        (r"$O(n \log n)$ for 50\% of G{\"o}del's Cups", "O(n log n) for 50% of Gödel's Cups"),
        ("``Cups'' -- Saucers~2", "“Cups” – Saucers 2"),
    ],
)
def test_tex_becomes_unicode(form: Format, title: str, shown: str) -> None:
    """In title, abstract, names and organization, in every format; names and paragraphs are still told apart."""
    abstract = "We \\textbf{stack} $x_1$ cups.\n\nThe code is at \\url{https://example.org/a_b}."
    authors = r"Andr\'e Fern\'and, Marin Solja\v{c}i\'c, A.~B. Erd{\H o}s"
    found = form.parse(ANSWERS[form](title, abstract, authors), AS_OF)
    first, second = found.entries
    assert (first.title, second.title, found.unreadable) == (shown, "Spoons", ())
    assert first.abstract == "We stack x₁ cups.\n\nThe code is at https://example.org/a_b."
    names = ("André Fernánd", "Marin Soljačić", "A. B. Erdős")
    assert first.authors == (() if form is hf_page else names)
    assert first.organization in (None, shown)
    assert (first.organization is None) == (form not in (hf_api, jsonlines, hf_page))


def test_a_separator_within_tex_does_not_split_a_name() -> None:
    """The `\\,` of initials, in the formats that have all names in one text."""
    for form in (rss, oai, jsonlines, arxiv_page):
        first, _ = form.parse(ANSWERS[form](authors=r"A.\,B. Sample, Cem Muster"), AS_OF).entries
        assert first.authors == ("A. B. Sample", "Cem Muster")


def test_complaints_quote_readable_titles(form: Format) -> None:
    """A title without an id names its entry, as a reader would see it."""
    answer = ANSWERS[form](r"The \emph{Cups} of Andr\'e", "").replace(b"2605.00001", b"")
    complaints = form.parse(answer, AS_OF).unreadable
    assert any("The Cups of André" in f"{u.where}: {u.why}" for u in complaints)


def test_bytes_that_are_not_utf8_are_reported(form: Format) -> None:
    """One bad byte damages one letter; the rest is kept."""
    found = form.parse(ANSWERS[form]().replace("ë".encode(), b"\xeb"), AS_OF)
    assert [e.abstract for e in found.entries] == ["Zo\ufffd stacks cups.", "Spoons ring."]
    (complaint,) = found.unreadable
    assert re.search(r"line \d|byte \d", complaint.where)


def test_control_characters_are_removed(form: Format) -> None:
    """Also the characters that change the direction of text."""
    found = form.parse(ANSWERS[form]("Cups\u202e and\u0085 Saucers"), AS_OF)
    assert found.entries[0].title == TITLE


def test_the_number_of_complaints_is_bounded(form: Format) -> None:
    """A thoroughly broken listing gives at most a hundred complaints; the last counts those that are left out."""
    answer = ANSWERS[form]("Left out")
    mark = START_OF_SECOND[form]
    second = answer.index(mark)
    first = answer.index(mark.replace(b"00002", b"00001").replace(b"Spoons", b"Left out"))
    untitled = answer[first:second].replace(b"Left out", b"").replace(b"Left-out", b"")
    found = form.parse(answer[:first] + untitled * 200 + answer[second:], AS_OF)
    assert "Spoons" in [e.title for e in found.entries]
    assert len(found.unreadable) == 100
    assert re.match(r"10\d more", found.unreadable[-1].why)


def damaged_answers() -> st.SearchStrategy[bytes]:
    """Arbitrary bytes, and answers with arbitrary bytes inserted."""

    def damage(answer: bytes, at: int, removed: int, inserted: bytes) -> bytes:
        at %= len(answer)
        return answer[:at] + inserted + answer[at + removed :]

    answers = st.sampled_from([make() for make in ANSWERS.values()])
    damaged = st.builds(damage, answers, st.integers(0, 5_000), st.integers(0, 90), st.binary(max_size=30))
    page_lines = st.sampled_from(
        [*(results() + daily_page()).decode().splitlines(), "-", "", "•", "\x00", "x" * 400]
    )
    pages = st.lists(page_lines).map(lambda parts: "\n".join(["Daily Papers", *parts]).encode())
    return st.one_of(st.binary(), st.text().map(str.encode), damaged, pages)


@given(data=damaged_answers())
@example(data=b"<feed" * 3_000)
@example(data=b"<rss><a>" * 3_000)
@example(data=b"<!-- -->" * 3_000)
@example(data=b"[{" * 3_000)
@example(data=b"<:")
def test_arbitrary_bytes_never_raise(data: bytes) -> None:
    """There is always a listing, and all of its entries have a title and can be stored."""
    for form in FORMATS:
        found = form.parse(data, AS_OF)
        assert isinstance(form.recognises(data), bool)
        assert all(e.title and repr(e).encode() for e in found.entries)
        assert len(found.unreadable) <= 100


# --- Answers of services ----------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def http() -> PoliteHttp:
    return PoliteHttp(validators=MemoryValidators(), sleep=lambda seconds: None, chance=lambda: 0.0)


def fetched(case: Case, server: responses.RequestsMock, body: bytes) -> list[Listing]:
    server.get(re.compile(".*"), body=body)
    return fetch(case.source, http(), **WANTED)


def test_yields_complete_entries(case: Case, server: responses.RequestsMock) -> None:
    """Each has its source, its id, its texts and its address; nothing is asked twice."""
    listings = fetched(case, server, case.answer)
    assert listings
    for listing in listings:
        assert listing.unreadable == ()
        assert [(e.title, e.ids) for e in listing.entries] == [
            (TITLE, ("arxiv:2605.00001",)),
            ("Spoons", ("arxiv:2605.00002",)),
        ]
        assert {e.source for e in listing.entries} == {"arxiv" if case.is_arxiv else "huggingface"}
        assert all(e.abstract and e.url for e in listing.entries)
    urls = [call.request.url for call in server.calls]
    assert len(urls) == len(set(urls))


def test_asks_for_nothing_if_nothing_is_wanted(case: Case) -> None:
    """Except Hugging Face, whose list does not depend on the profiles."""
    service = Service(case.answer)
    listings = fetch(case.source, service, since=date(2026, 5, 26))
    assert bool(listings) is bool(service.urls) is not case.is_arxiv


def test_an_unchanged_answer_is_an_empty_listing(case: Case) -> None:
    """It says that the service answered."""
    assert Listing(unchanged=True) in fetch(
        case.source, Service(None), categories=("cs.LG",), since=date(2026, 5, 26)
    )


@pytest.mark.parametrize("base", ["http://h:1", "http://h:1/"])
def test_the_base_url_may_be_a_host(case: Case, base: str) -> None:
    """The path of the service's own URL is added; a URL with another path is used as it is."""
    spec, service = SOURCES[case.name], Service(None)
    fetch(spec.make(base), service, **WANTED)
    fetch(case.source, own := Service(None), **WANTED)
    host = spec.module.DEFAULT_URL.split("/")[2]
    assert service.urls == [url.replace(f"https://{host}", "http://h:1") for url in own.urls]
    fetch(spec.make("http://h:1/mirror"), mirror := Service(None), **WANTED)
    assert all(url.startswith("http://h:1/mirror") for url in mirror.urls)


def test_a_service_that_fails_is_a_source_error(case: Case, server: responses.RequestsMock) -> None:
    """If it cannot be reached, or answers with an error status."""
    server.get(re.compile(".*"), body=requests.ConnectionError("refused"))
    with pytest.raises(SourceError, match="no connection"):
        fetch(case.source, http(), **WANTED)
    server.replace(responses.GET, re.compile(".*"), status=500)
    with pytest.raises(SourceError, match="500"):
        fetch(case.source, http(), **WANTED)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b" \n ", "empty"),
        (HTML, 'an HTML page where (a feed|JSON) was expected: "503 <Busy>"'),
        (b"\xff\xfe\x00nonsense", "."),
        (b"Too many requests", "malformed XML|a JSON array was expected"),
        (b"<h1>Rate exceeded</h1>", "<h1> where|a JSON array was expected"),
        (BOMB, "refused, and nothing was expanded|a JSON array was expected"),
        (BOMB.decode().encode("utf-16"), "refused, and nothing was expanded|JSON|UTF-8|malformed"),
    ],
    ids=["empty", "html", "bytes", "text", "fragment", "bomb", "bomb in UTF-16"],
)
def test_an_unusable_answer_is_reported(
    case: Case, server: responses.RequestsMock, body: bytes, why: str
) -> None:
    """Without an entry, and without an exception."""
    listings = fetched(case, server, body)
    assert not any(listing.entries for listing in listings)
    complaints = [u.why for listing in listings for u in listing.unreadable]
    assert complaints
    assert all(re.search(why, complaint) for complaint in complaints)


def test_a_cut_answer_keeps_the_complete_entries(case: Case) -> None:
    """At every byte: entries are whole or missing, and a cut is always reported, with its place."""
    whole = case.module.parse(case.answer, AS_OF).entries
    for length in range(len(case.answer)):
        cut = case.answer[:length]
        found = case.module.parse(cut, AS_OF)
        assert found.entries == whole[: len(found.entries)]
        assert found.unreadable or not case.answer[length:].strip()
        if b"Spoons" in cut:
            assert found.entries[0] == whole[0]
            assert case.module.recognises(cut)
            assert not found.unreadable or re.fullmatch(r"line \d+, column \d+", found.unreadable[0].where)


def test_malformed_markup_costs_at_most_its_entry(case: Case) -> None:
    """An ampersand that is not escaped, and a character that XML and JSON forbid."""
    found = case.module.parse(case.answer.replace(b"Spoons ring", b"Spoons & \x0c ring"), AS_OF)
    assert TITLE in [e.title for e in found.entries]
    assert found.unreadable


# --- The registry -----------------------------------------------------------------------------------------


class OwnUrls:
    """Settings with the same address for all of arXiv's and Hugging Face's services but one."""

    arxiv_oai_url = arxiv_api_url = hf_api_url = "http://proxy"

    def __getattr__(self, name: str) -> None:
        """Any other source keeps its own URL."""


def test_sources_are_made_from_the_registry() -> None:
    """All in their order, or the named ones; each has the name under which it is registered."""
    urls = base_urls(OwnUrls())
    assert urls["arxiv-rss"] == rss.DEFAULT_URL
    assert [source.name for source in make_sources(urls)] == list(SOURCES)
    assert [source.name for source in make_sources(urls, ["huggingface"])] == ["huggingface"]
    with pytest.raises(UserError, match="unknown source 'x': the sources are arxiv-oai, "):
        make_sources(urls, ["x"])


def test_one_address_for_several_services_gets_the_slowest_limit() -> None:
    """As where a proxy answers for all of them."""
    limits = spacing(base_urls(OwnUrls()))
    assert limits.items() >= {"http://proxy": ("arxiv", 3.0), rss.DEFAULT_URL: ("arxiv", 3.0)}.items()
