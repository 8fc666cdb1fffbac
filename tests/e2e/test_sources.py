"""Asking local services in place of the live ones: what is requested, how often, and what becomes of the answers."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bot.clock import utc_now
from bot.sources import http
from tests.e2e.listings import NEXT, REWARD, TABLE, WORLD, atom, daily_json, oai, profile, rss
from tests.support.cli import Bench
from tests.support.hostile_server import DRIPS, HostileServer
from tests.support.source_server import API, DAILY, OAI, RSS, SourceServer

DAY = "2026-05-04"
SATURDAY = "2026-05-02"


@pytest.fixture
def live(bench: Bench, sources: SourceServer) -> Bench:
    """A profile with one category, and local sources."""
    bench.profile("ada", profile(more="categories: [cs.LG]\n"))
    bench.env |= sources.settings
    return bench


def test_all_sources_together_give_one_paper_each(live: Bench, sources: SourceServer) -> None:
    """`ingest` asks every source for what the profiles want. The same work from three sources is one paper with all
    of them. Requests have PAPERBOY_CONTACT in the User-Agent; those to arXiv's services are 3 seconds apart.
    """
    live.env["PAPERBOY_CONTACT"] = "ada@example.org"
    sources.answer(RSS, rss(WORLD, REWARD))
    sources.answer(API, atom(WORLD.but(day=WORLD.day.replace(month=4)), TABLE))
    sources.answer(DAILY, b"[]")
    sources.answer(DAILY, daily_json(WORLD), query={"date": DAY})
    result = live.run("ingest", "--as-of", DAY, "--json")
    assert (result.code, result.json["papers"]) == (0, 3), result.out
    assert [source["name"] for source in result.json["sources"]] == [
        "arxiv-oai",
        "arxiv-rss",
        "arxiv-api",
        "huggingface",
    ]
    (stored,) = [paper for paper in live.export() if paper["title"] == WORLD.title]
    assert (stored["sources"], stored["votes"]) == (["arxiv", "huggingface"], 7)

    (feed,), (query,) = sources.asked(RSS), sources.asked(API)
    assert feed.path == f"{RSS}/cs.LG"
    assert "ada@example.org" in feed.headers["user-agent"]
    assert "cat:cs.LG" in query.query["search_query"]
    first, second = sorted((feed, query), key=lambda request: request.begun)
    assert second.begun - first.ended >= 2.95
    assert {request.query["date"] for request in sources.asked(DAILY)} == {DAY, "2026-05-03"}
    assert sources.asked(OAI) == []


def test_liked_papers_are_asked_for_once(bench: Bench, sources: SourceServer) -> None:
    """One that is found is stored, and is not news; the others are reported with what to do."""
    bench.env |= sources.settings
    likes = f'like: ["{WORLD.title}", A paper that nobody wrote, 10.1234/cups]\n'
    bench.profile("ada", profile(more=likes))
    sources.answer(API, atom(WORLD, REWARD))
    found, again = (bench.run("ingest", "--source", "arxiv-api", "--as-of", DAY) for _ in range(2))
    assert (found.code, again.code, len(sources.asked(API))) == (0, 0, 1), found.err
    assert [paper["title"] for paper in bench.export()] == [WORLD.title]
    for text in (found.out, again.out):
        assert "ada names 1 paper that arXiv does not have: A paper that nobody wrote" in text
        assert "ada names 1 paper that arXiv cannot be asked for: doi:10.1234/cups" in text
    assert "Papers that profiles name are not found (ada " in bench.run("status").out


def test_the_second_call_is_conditional(live: Bench, sources: SourceServer) -> None:
    """A stored answer is requested with If-None-Match; "not modified" is not a failure and stores nothing."""
    sources.answer(RSS, rss(WORLD, REWARD), headers={"ETag": '"monday"'})
    first = live.run("ingest", "--source", "arxiv-rss", "--as-of", DAY, "--json")
    second = live.run("ingest", "--source", "arxiv-rss", "--as-of", DAY, "--json")
    assert (first.code, second.code) == (0, 0)
    assert [request.headers.get("if-none-match") for request in sources.requests] == [None, '"monday"']
    (source,) = second.json["sources"]
    assert (source["entries"], source["unreadable"], second.json["papers"]) == (0, [], 2)


def test_a_long_retry_after_is_honoured(live: Bench, sources: SourceServer) -> None:
    """No second try in this call, and none in a later call until that time has passed."""
    sources.answer(RSS, b"busy", status=503, headers={"Retry-After": "3600"})
    first = live.run("ingest", "--source", "arxiv-rss", "--as-of", "2026-05-04T08:00:00Z", "--json")
    assert (first.code, len(sources.requests)) == (1, 1)
    assert "503" in first.json["sources"][0]["unreadable"][0]["why"]

    early = live.run("ingest", "--source", "arxiv-rss", "--as-of", "2026-05-04T08:59:00Z")
    assert len(sources.requests) == 1
    assert "no requests until 2026-05-04 09:00" in early.out
    sources.answer(RSS, rss(WORLD))
    late = live.run("ingest", "--source", "arxiv-rss", "--as-of", "2026-05-04T09:00:01Z", "--json")
    assert (late.code, len(sources.requests), late.json["papers"]) == (0, 2, 1)


def test_status_shows_the_state_of_each_source(live: Bench, sources: SourceServer) -> None:
    """After a failure: the time of the last success, and the reason of the failure."""
    sources.answer(RSS, rss(WORLD))
    live.run("ingest", "--source", "arxiv-rss", "--as-of", "2026-05-04T08:00:00Z")
    sources.answer(RSS, b"gone", status=410)
    live.run("ingest", "--source", "arxiv-rss", "--as-of", "2026-05-05T08:00:00Z")
    (state,) = live.run("status", "--json").json["sources"]
    assert (state["state"], state["last_success"], state["last_new"]) == (
        "failed",
        "2026-05-04T08:00:00Z",
        "2026-05-04T08:00:00Z",
    )
    assert "410" in state["why"]
    assert "410" in live.run("status").out


def test_days_that_were_missed_are_caught_up(live: Bench, sources: SourceServer) -> None:
    """After days without an answer, the OAI interface is asked for what changed since then, by set and day."""
    sources.answer(OAI, oai(WORLD))
    first = live.run("ingest", "--source", "arxiv-oai", "--as-of", "2026-05-04T08:00:00Z", "--json")
    sources.answer(OAI, oai(WORLD, NEXT))
    later = live.run("ingest", "--source", "arxiv-oai", "--as-of", "2026-05-09T08:00:00Z", "--json")
    assert (first.code, later.code, later.json["papers"]) == (0, 0, 2)
    request = sources.requests[-1]
    assert (request.query["set"], request.query["from"]) == ("cs:cs:LG", "2026-05-03")
    assert later.json["sources"][0]["new"] == 1


def test_followed_authors_and_liked_papers_are_asked_for(bench: Bench, sources: SourceServer) -> None:
    """The API's query has the followed authors. A liked paper that is not stored is requested by its id; it is stored
    and never news.
    """
    bench.env |= sources.settings
    bench.profile("ada", "authors: [Fay Koe]\nlike: [2605.00101]\ndeliver: [{maildir: ada}]\n")
    sources.answer(API, atom(NEXT))
    sources.answer(API, atom(WORLD), query={"id_list": "2605.00101"})
    result = bench.run("ingest", "--source", "arxiv-api", "--as-of", "2026-05-05", "--json")
    queries = [request.query for request in sources.asked(API)]
    assert (result.code, result.json["papers"]) == (0, 2)
    assert any('au:"Fay Koe"' in query.get("search_query", "") for query in queries)
    assert sum("id_list" in query for query in queries) == 1
    (digest,) = bench.run("preview", "ada", "--all", "--on", "2026-05-05", "--json").json
    assert [entry["id"] for entry in digest["entries"]] == [f"arxiv:{NEXT.number}"]


def test_a_quiet_edition_names_a_failed_source(live: Bench, sources: SourceServer) -> None:
    """If nothing is to be sent and a source failed, the edition waits for it and says so."""
    sources.answer(DAILY, b"[]")
    live.run("ingest", "--source", "huggingface", "--as-of", SATURDAY)
    calm = live.run("send", "--on", SATURDAY, "--json").json["editions"][0]
    live.run("ingest", "--source", "arxiv-rss", "--as-of", DAY)  # 404
    troubled = live.run("send", "--on", DAY, "--json").json["editions"][0]
    assert (calm["state"], troubled["state"]) == ("quiet", "waiting")
    assert "arXiv has not answered yet" in troubled["why"]
    assert "404" not in calm["why"]


def test_a_source_that_drips_is_left_behind(
    live: Bench, sources: SourceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is reported at the deadline, and the other one before it. The document has them in the order of the call."""
    monkeypatch.setattr(http, "TOTAL_TIMEOUT", 1.5)
    sources.answer(DAILY, daily_json(WORLD))
    with HostileServer(*DRIPS["header"], pause=0.1) as server:
        live.env["ARXIV_RSS_URL"] = f"{server.url}/rss"
        names = ("arxiv-rss", "huggingface")
        result = live.run(
            "ingest", *(part for name in names for part in ("--source", name)), "--as-of", DAY, "--json"
        )
    assert [source["name"] for source in result.json["sources"]] == ["arxiv-rss", "huggingface"]
    assert (result.code, result.json["papers"]) == (1, 1)
    assert "the answer took more than" in result.json["sources"][0]["unreadable"][0]["why"]
    assert [line.partition(":")[0] for line in result.err.splitlines()] == ["huggingface", "arxiv-rss"]


def test_a_paper_of_a_wrong_clock_is_sent_when_the_clock_is_right(bench: Bench) -> None:
    """It was stored ten days before it was published, so it would never have been in a window."""
    today = utc_now().date()
    bench.profile("ada", profile())
    listing = {"id": "2605.00101", "title": WORLD.title, "abstract": WORLD.abstract, "published": f"{today}"}
    file = bench.file("day.jsonl", json.dumps(listing))
    bench.run("ingest", "--file", file, "--as-of", f"{today - timedelta(days=10)}")
    bench.run("ingest", "--file", file, "--as-of", f"{today}")
    assert bench.export()[0]["first_seen"].startswith(f"{today - timedelta(days=10)}")
    bench.run("ingest", "--file", file)
    assert bench.export()[0]["first_seen"].startswith(f"{today}")
