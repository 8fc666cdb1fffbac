"""The documents of `--json`: exactly the keys of the contract, numbers rounded, null for unknown."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from bot.cli.output import documents
from bot.delivery.model import ALERTS, BounceSummary, Delivery, DeliveryState, Edition, Pause
from bot.delivery.service import SendResult
from bot.delivery.status import Status
from bot.digests.composer import Explanation
from bot.digests.model import Digest, ScoredPaper
from bot.digests.selection import Decision, Verdict
from bot.papers.merge import Change
from bot.papers.model import Paper, SourceState, Unreadable
from bot.profiles.model import ChannelName
from bot.ranking.model import Reason
from bot.sources.ingest import SourceReport
from tests.support.builders import NOW, make_paper

TODAY = date(2026, 5, 5)
STAMP = "2026-05-05T08:30:00Z"
PAPER = Paper(
    id="arxiv:2502.19402",
    title="On the m² of André",
    first_seen=NOW,
    abstract="It costs 50%.",
    authors=("André Example", "Ada Other"),
    categories=("cs.LG",),
    sources=("arxiv", "huggingface"),
    url="https://arxiv.org/abs/2502.19402",
    version=2,
    published="2025-02-26T17:59:46Z",
    announced="2025-02",
    votes=12,
)
SCORED = ScoredPaper(
    PAPER,
    0.1 + 0.2,
    100 * 2 / 3,
    (Reason("world models", 0.1 + 0.2), Reason("survey", -1e-13)),
    ("Ada Other",),
    fit=2 / 3,
)
DIGEST = Digest(
    "ada", TODAY, "Europe/Paris", NOW, (SCORED, replace(SCORED, paper=make_paper("b"), fit=0.1)), 42
)
ENTRY = {
    "rank": 1,
    "id": "arxiv:2502.19402",
    "title": "On the m² of André",
    "authors": ["André Example", "Ada Other"],
    "score": 0.3,
    "relevance": 66.666666666667,
    "fit": 0.666666666667,
    "match": "good",
    "url": "https://arxiv.org/abs/2502.19402",
    "sources": ["arxiv", "huggingface"],
    "reasons": [{"term": "world models", "weight": 0.3}, {"term": "survey", "weight": 0.0}],
}


def through_json(document: Any) -> Any:
    """The document as a reader of standard output parses it; NaN is an error."""
    return json.loads(json.dumps(document, allow_nan=False))


def test_preview() -> None:
    """One document for each profile, with entries best first and rounded numbers."""
    (document,) = through_json(documents.preview([DIGEST], NOW))
    assert list(document) == ["profile", "on", "candidates", "entries"]
    assert (document["profile"], document["on"], document["candidates"]) == ("ada", STAMP, 42)
    assert document["entries"][0] == ENTRY
    assert list(document["entries"][0]) == list(ENTRY)
    assert [one["rank"] for one in document["entries"]] == [1, 2]
    assert [document["entries"][1][key] for key in ("url", "match")] == [None, None]


def test_preview_of_nothing() -> None:
    """No profile gives an empty list; a quiet day gives a document without entries."""
    assert documents.preview([], NOW) == []
    assert documents.preview([replace(DIGEST, papers=())], NOW)[0]["entries"] == []


def test_ingest() -> None:
    """Counts by source, unreadable entries with their place, and the number of stored papers."""
    told = [
        SourceReport("arxiv-api", 3, Counter({Change.NEW: 2, Change.KNOWN: 1})),
        SourceReport(
            "page.html", 1, Counter({Change.UPDATED: 1}), (Unreadable("line 3", "no title"),), "partial", "x"
        ),
        SourceReport("arxiv-oai", state="failed", why="no connection"),
        SourceReport("huggingface", state="skipped", why="asked to be left alone"),
    ]
    document = through_json(documents.ingest(told, 99))
    assert document == {
        "sources": [
            {"name": "arxiv-api", "entries": 3, "new": 2, "updated": 0, "known": 1, "unreadable": []},
            {
                "name": "page.html",
                "entries": 1,
                "new": 0,
                "updated": 1,
                "known": 0,
                "unreadable": [{"where": "line 3", "why": "no title"}],
            },
            {
                "name": "arxiv-oai",
                "entries": 0,
                "new": 0,
                "updated": 0,
                "known": 0,
                "unreadable": [{"where": "arxiv-oai", "why": "no connection"}],  # a failure is not silent
            },
            {
                "name": "huggingface",
                "entries": 0,
                "new": 0,
                "updated": 0,
                "known": 0,
                "unreadable": [{"where": "huggingface", "why": "asked to be left alone"}],
            },
        ],
        "papers": 99,
    }


def test_ingest_reports_a_failure_once() -> None:
    """A source that failed because of unreadable entries has no second reason."""
    told = SourceReport(
        "arxiv-rss", 0, Counter(), (Unreadable("line 1", "not XML"),), "failed", "line 1: not XML"
    )
    (source,) = documents.ingest([told], 0)["sources"]
    assert source["unreadable"] == [{"where": "line 1", "why": "not XML"}]


def test_send() -> None:
    """A row for each subscription, with channel and state as text."""
    rows = [
        SendResult("ada", ChannelName.SLACK, "C0PAPERS", TODAY, "sent", 10),
        SendResult(
            "bo", ChannelName.EMAIL, "bo@example.org", TODAY, "skipped", why="set SMTP_URL", blocked=True
        ),
    ]
    keys = ["profile", "channel", "target", "on", "state", "papers", "why"]
    document = through_json(documents.send(rows))
    assert list(document) == ["editions"]
    assert [list(one) for one in document["editions"]] == [keys, keys]
    assert [list(one.values()) for one in document["editions"]] == [
        ["ada", "slack", "C0PAPERS", "2026-05-05", "sent", 10, ""],
        ["bo", "email", "bo@example.org", "2026-05-05", "skipped", 0, "set SMTP_URL"],
    ]
    assert documents.send([]) == {"editions": []}


EXPLAIN_KEYS = [
    "profile", "paper", "on", "score", "relevance", "fit", "match", "rank", "candidates", "reasons", "verdict", "why",
]  # fmt: skip


def test_explain() -> None:
    """Score, rank and reasons of a stored paper, under its canonical id."""
    found = Explanation(PAPER, SCORED, 3, 42, Decision(Verdict.BEYOND_LIMIT, "it is number 3"))
    document = through_json(documents.explain("ada", "2502.19402v1", found, NOW))
    assert list(document) == EXPLAIN_KEYS
    assert document == {
        "profile": "ada",
        "paper": "arxiv:2502.19402",
        "on": STAMP,
        "score": 0.3,
        "relevance": 66.666666666667,
        "fit": 0.666666666667,
        "match": "good",
        "rank": 3,
        "candidates": 42,
        "reasons": ENTRY["reasons"],
        "verdict": "beyond limit",
        "why": "it is number 3",
    }


def test_explain_a_paper_that_is_not_stored() -> None:
    """All keys are present, null where unknown, and the paper as it was given."""
    found = Explanation(None, None, None, 42, Decision(Verdict.NOT_STORED, "no listing has shown it"))
    document = through_json(documents.explain("ada", "2502.99999", found, NOW))
    assert list(document) == EXPLAIN_KEYS
    assert (document["paper"], document["verdict"], document["reasons"]) == ("2502.99999", "not stored", [])
    assert [document[key] for key in ("score", "relevance", "fit", "match", "rank")] == [None] * 5


def test_status() -> None:
    """Sources with their last answers, editions with their state, unfinished deliveries."""
    state = SourceState("arxiv-api", "failed", "no connection", NOW, None, None)
    fine = SourceState("huggingface", "ok", "", NOW, NOW, NOW - timedelta(days=1))
    to = (ChannelName.SLACK, "C0", "ada:slack:C0")
    soon = NOW + timedelta(minutes=2)
    parts = (
        Delivery("e-1", "e", 1, 5, DeliveryState.SENT, *to, attempts=1, started=NOW, receipt="r"),
        Delivery(
            "e-2", "e", 2, 5, DeliveryState.WAITING, *to, attempts=2, started=NOW, until=soon, why="busy"
        ),
        Delivery("e-3", "e", 3, 5, DeliveryState.PENDING, *to),
        Delivery("e-4", "e", 4, 5, DeliveryState.SENDING, *to, attempts=1, lease=soon, why="busy before"),
    )
    edition = Edition("e", "ada:slack:C0", "ada", ChannelName.SLACK, "C0", TODAY, 15, deliveries=parts)
    quiet = Edition("q", "bo:maildir:bo", "bo", ChannelName.MAILDIR, "bo", TODAY, 0, why="nothing new")
    document = through_json(documents.status(Status(NOW, 42, [state, fine], [edition, quiet])))
    ada = {"profile": "ada", "channel": "slack", "target": "C0"}
    bo = {"profile": "bo", "channel": "maildir", "target": "bo"}
    until = "2026-05-05T08:32:00Z"
    failed = {
        "last_success": None,
        "last_new": None,
        "state": "failed",
        "why": "no connection",
        "announced": None,
    }
    well = {
        "last_success": STAMP,
        "last_new": "2026-05-04T08:30:00Z",
        "state": "ok",
        "why": "",
        "announced": None,
    }
    failed["expected"], well["expected"] = "2026-05-06T00:00:00Z", None  # arXiv's next announcement
    assert document == {
        "sources": [{"name": "arxiv-api", **failed}, {"name": "huggingface", **well}],
        "editions": [
            {**ada, "on": "2026-05-05", "state": "waiting", "papers": 15},
            {**bo, "on": "2026-05-05", "state": "quiet", "papers": 0},
        ],
        "deliveries": [
            {"id": "e-2", **ada, "state": "waiting", "attempts": 2, "until": until, "why": "busy"},
            {"id": "e-3", **ada, "state": "pending", "attempts": 0, "until": None, "why": ""},
            {"id": "e-4", **ada, "state": "sending", "attempts": 1, "until": until, "why": "busy before"},
        ],
    }


def test_status_of_a_bad_night() -> None:
    """Pauses and bounces are added when there are any; alerts are among the deliveries."""
    alert = Delivery(
        "a-1", None, 1, 0, DeliveryState.WAITING, ChannelName.SLACK, "C0OPS", ALERTS, until=NOW, why="busy"
    )
    affairs = Status(
        NOW,
        42,
        alerts=[alert],
        pauses=[Pause("slack:C0GONE", "it is archived", NOW)],
        bounces=[BounceSummary("eve@example.org", 1, 2, NOW, "no such user")],
    )
    document = through_json(documents.status(affairs))
    assert document["paused"] == [{"where": "slack:C0GONE", "since": STAMP, "why": "it is archived"}]
    assert document["bounces"] == [
        {"target": "eve@example.org", "hard": 1, "soft": 2, "last": STAMP, "why": "no such user"}
    ]
    assert [one["id"] for one in document["deliveries"]] == ["a-1"]


EXPORT_KEYS = [
    "id", "title", "abstract", "authors", "author_count", "categories", "organization", "sources", "url", "version",
    "published", "updated", "announced", "first_seen", "votes", "comments", "withdrawn",
]  # fmt: skip


def test_export() -> None:
    """Every field of the contract; `announced` may be a month."""
    document = through_json(documents.export(PAPER))
    assert list(document) == EXPORT_KEYS
    assert (document["title"], document["abstract"]) == (PAPER.title, PAPER.abstract)
    assert (document["announced"], document["first_seen"]) == ("2025-02", STAMP)
    assert (document["votes"], document["withdrawn"]) == (12, False)


def test_export_of_unknown_values() -> None:
    """Unknown values are null, not zero or empty; lists are empty lists."""
    document = through_json(documents.export(Paper("title:x", "X", NOW)))
    unknown = {key for key, value in document.items() if value is None}
    assert unknown == {
        "author_count", "organization", "url", "version", "published", "updated", "announced", "votes", "comments",
    }  # fmt: skip
    assert [document[key] for key in ("authors", "categories", "sources")] == [[], [], []]


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (None, None),
        (NOW, STAMP),
        (NOW.replace(microsecond=999_999), STAMP),  # cut, not rounded
        (datetime(2026, 5, 5, 10, 30, tzinfo=timezone(timedelta(hours=2))), "2026-05-05T10:30:00+02:00"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_iso(moment: datetime | None, text: str | None) -> None:
    """Times are ISO to the second, with Z for UTC."""
    assert documents.iso(moment) == text
