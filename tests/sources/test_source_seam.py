"""What every source does, whichever service it asks: one suite, run on all four over real HTTP code."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import ModuleType

import pytest
import requests
import responses
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import SourceError
from bot.papers.model import Entry, Listing
from bot.sources.arxiv import api, oai, rss
from bot.sources.base import Source, SourceRequest
from bot.sources.http import PoliteHttp
from bot.sources.huggingface import api as hf_api

NOW = datetime(2026, 5, 29, 12, tzinfo=UTC)
WANTED = SourceRequest(
    ("cs.LG", "stat.ML"), ("Ada Example",), ("arxiv:2605.00002",), date(2026, 5, 26), now=NOW
)
TITLE = "Cups and Saucers"
MODULES = (api, rss, oai, hf_api)

ATOM = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
    "<entry><id>http://arxiv.org/abs/2605.00001v1</id><title>Cups and Saucers</title><summary>Zoë stacks cups."
    "</summary><published>2026-05-01T00:00:00Z</published></entry>"
    "<entry><id>http://arxiv.org/abs/2605.00002v1</id><title>Spoons</title><summary>Spoons ring.</summary>"
    "<published>2026-05-01T00:00:00Z</published></entry></feed>"
).encode()
RSS = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><pubDate>Fri, 29 May 2026 00:00:00 -0400'
    "</pubDate><item><guid>oai:arXiv.org:2605.00001v1</guid><title>Cups and Saucers</title><description>"
    "arXiv:2605.00001v1 Announce Type: new Abstract: Zoë stacks cups.</description></item>"
    "<item><guid>oai:arXiv.org:2605.00002v1</guid><title>Spoons</title><description>Spoons ring.</description>"
    "</item></channel></rss>"
).encode()
RECORD = (
    "<record><metadata><arXivRaw><id>2605.0000{}</id><title>{}</title><abstract>{}</abstract></arXivRaw>"
    "</metadata></record>"
)
OAI = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>'
    + RECORD.format(1, TITLE, "Zoë stacks cups.")
    + RECORD.format(2, "Spoons", "Spoons ring.")
    + "</ListRecords></OAI-PMH>"
).encode()
DAILY = json.dumps(
    [
        {"paper": {"id": "2605.00001", "title": TITLE, "summary": "Zoë stacks cups.", "upvotes": 3}},
        {"paper": {"id": "2605.00002", "title": "Spoons", "summary": "Spoons ring.", "upvotes": 1}},
    ],
    ensure_ascii=False,
).encode()


@dataclass(frozen=True)
class Case:
    """One source under test, with an answer of its service that holds two papers."""

    module: ModuleType
    make: Callable[[], Source]
    answer: bytes
    last: bytes  #: where the second paper begins

    @property
    def is_xml(self) -> bool:
        return self.module is not hf_api


CASES = (
    Case(api, api.ArxivApi, ATOM, b"<entry><id>http://arxiv.org/abs/2605.00002"),
    Case(rss, rss.ArxivRss, RSS, b"<item><guid>oai:arXiv.org:2605.00002"),
    Case(oai, oai.ArxivOai, OAI, b"<record><metadata><arXivRaw><id>2605.00002"),
    Case(hf_api, hf_api.HuggingFace, DAILY, b'{"paper": {"id": "2605.00002'),
)
BOMB = (
    b'<?xml version="1.0"?><!-- a feed --><!DOCTYPE feed [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    b"<feed><entry><id>http://arxiv.org/abs/2605.00001</id><title>&b;</title></entry></feed>"
)
HTML = b"<!DOCTYPE html>\n<html><head><title>503 &lt;Busy&gt;</title></head><body><p>Later<br></body></html>"


@pytest.fixture(params=CASES, ids=lambda case: case.make().name)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
def server() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def http() -> PoliteHttp:
    return PoliteHttp(sleep=lambda seconds: None, chance=lambda: 0.0)


def nothing_known(entries: tuple[Entry, ...]) -> frozenset[int]:
    return frozenset()


def fetched(
    case: Case, server: responses.RequestsMock, body: bytes, wanted: SourceRequest = WANTED
) -> list[Listing]:
    server.get(re.compile(".*"), body=body)
    return list(case.make().fetch(wanted, http(), nothing_known))


def test_yields_listings_of_complete_entries(case: Case, server: responses.RequestsMock) -> None:
    """Each names its source, its id and its title; nothing is complained about."""
    listings = fetched(case, server, case.answer)
    assert listings
    assert not any(listing.unreadable for listing in listings)
    for listing in listings:
        assert [e.title for e in listing.entries] == [TITLE, "Spoons"]
        assert [e.ids for e in listing.entries] == [("arxiv:2605.00001",), ("arxiv:2605.00002",)]
        assert {e.source for e in listing.entries} == {"arxiv" if case.is_xml else "huggingface"}
        assert all(e.abstract and e.url for e in listing.entries)


def test_never_asks_the_same_twice(case: Case, server: responses.RequestsMock) -> None:
    """Within one fetch."""
    fetched(case, server, case.answer)
    urls = [call.request.url for call in server.calls]
    assert urls
    assert len(urls) == len(set(urls))


def test_asks_for_nothing_when_nothing_is_wanted(case: Case, server: responses.RequestsMock) -> None:
    """Hugging Face excepted, whose one list is for everybody."""
    listings = fetched(case, server, case.answer, SourceRequest(since=date(2026, 5, 26), now=NOW))
    assert bool(listings) is bool(server.calls) is not case.is_xml


def test_a_dead_service_is_a_source_error(case: Case, server: responses.RequestsMock) -> None:
    """Whether it cannot be reached or only says that it is broken."""
    server.get(re.compile(".*"), body=requests.ConnectionError("refused"))
    with pytest.raises(SourceError, match="no connection"):
        list(case.make().fetch(WANTED, http(), nothing_known))
    server.replace(responses.GET, re.compile(".*"), status=500)
    with pytest.raises(SourceError, match="500"):
        list(case.make().fetch(WANTED, http(), nothing_known))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (HTML, 'an HTML page where (a feed|JSON) was expected: "503 <Busy>"'),
        (b"\xff\xfe\x00nonsense", "."),
        (b"Too many requests", "malformed XML|a JSON array was expected"),
        (b"<h1>Rate exceeded</h1>", "<h1> where|a JSON array was expected"),
        (BOMB, "refused, and nothing was expanded|a JSON array was expected"),
        (BOMB.decode().encode("utf-16"), "refused, and nothing was expanded|JSON|UTF-8|malformed"),
    ],
    ids=["empty", "blank", "html", "bytes", "text", "fragment", "bomb", "bomb in UTF-16"],
)
def test_what_is_no_answer_is_told(case: Case, server: responses.RequestsMock, body: bytes, why: str) -> None:
    """Without an entry, and without an exception."""
    listings = fetched(case, server, body)
    assert not any(listing.entries for listing in listings)
    complaints = [u.why for listing in listings for u in listing.unreadable]
    assert complaints
    assert all(re.search(why, complaint) for complaint in complaints)


@pytest.mark.parametrize("beyond", [1, 5, 30, 60])
def test_a_cut_answer_keeps_what_is_complete(case: Case, beyond: int) -> None:
    """Cut inside the second paper: the first is kept, the second is not half kept, and the place is told."""
    cut = case.answer[: case.answer.index(case.last) + len(b'{"paper": {') + beyond]
    found = case.module.parse(cut)
    assert [e.title for e in found.entries] == [TITLE]
    assert re.fullmatch(r"line \d+, column \d+", found.unreadable[0].where)
    assert case.module.recognises(cut)


def test_a_cut_anywhere_invents_nothing(case: Case) -> None:
    """At every byte: entries are whole or missing, and a cut is never silent."""
    whole = case.module.parse(case.answer).entries
    for length in range(len(case.answer)):
        found = case.module.parse(case.answer[:length])
        assert found.entries == whole[: len(found.entries)]
        assert found.unreadable or not case.answer[length:].strip()


def test_bytes_that_are_not_utf8_are_told_and_the_rest_kept(case: Case) -> None:
    """One bad byte spoils one letter."""
    found = case.module.parse(case.answer.replace("ë".encode(), b"\xeb"))
    assert [e.abstract for e in found.entries] == ["Zo\ufffd stacks cups.", "Spoons ring."]
    assert len(found.unreadable) == 1


def test_malformed_markup_costs_at_most_its_entry(case: Case) -> None:
    """An ampersand that was not escaped, a character that XML and JSON forbid."""
    found = case.module.parse(case.answer.replace(b"Spoons ring", b"Spoons & \x0c ring"))
    assert TITLE in [e.title for e in found.entries]
    assert found.unreadable


def test_control_characters_do_not_reach_a_reader(case: Case) -> None:
    """Nor do characters that turn text around."""
    found = case.module.parse(case.answer.replace(b"Cups and", "Cups\u202e and\u0085".encode()))
    assert found.entries[0].title == TITLE


def test_each_answer_is_recognised_by_its_own_source_alone() -> None:
    """So a saved file finds its reader."""
    for one in CASES:
        assert [c.module for c in CASES if c.module.recognises(one.answer)] == [one.module]
        assert not one.module.recognises(HTML)
        assert not one.module.recognises(b"")


def test_the_day_of_reading_changes_nothing(case: Case) -> None:
    """Saved pages without years need it, and are read through the same seam."""
    assert case.module.parse(case.answer, date(1999, 12, 31)) == case.module.parse(case.answer)


def pieces() -> st.SearchStrategy[bytes]:
    """Arbitrary bytes, and real answers with something arbitrary put into them."""

    def spoiled(answer: bytes, at: int, gone: int, put: bytes) -> bytes:
        at %= len(answer)
        return answer[:at] + put + answer[at + gone :]

    answers = st.sampled_from([case.answer for case in CASES])
    damaged = st.builds(spoiled, answers, st.integers(0, 5_000), st.integers(0, 90), st.binary(max_size=30))
    return st.one_of(st.binary(), st.text().map(str.encode), damaged)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
@given(data=pieces())
@example(data=b"<feed" * 3_000)
@example(data=b"<rss><a>" * 3_000)
@example(data=b"<!-- -->" * 3_000)
@example(data=b"[{" * 3_000)
@example(data=b"<:")
def test_arbitrary_bytes_never_raise(module: ModuleType, data: bytes) -> None:
    """Something comes out, or something is complained about, and every entry has a title."""
    found = module.parse(data)
    assert isinstance(module.recognises(data), bool)
    assert all(e.title and not e.cut for e in found.entries)
    assert len(found.unreadable) <= 100
