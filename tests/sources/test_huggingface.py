"""Hugging Face's Daily Papers: what is read of an answer, and which days are asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest

from bot.errors import StatusError
from bot.papers.model import Entry, Listing, Unreadable
from bot.sources.huggingface.api import HuggingFace, parse, recognises
from tests.sources.support import NOW, SHARED, fetch, needs_shared


def item(number: int = 1, outer: dict[str, Any] | None = None, **paper: Any) -> dict[str, Any]:
    return {
        "paper": {
            "id": f"2605.{number:05d}",
            "authors": [
                {"name": "Ada  Example", "hidden": False},
                {"name": "Hid Den", "hidden": True},
                {"name": "Bo Sample"},
            ],
            "publishedAt": "2026-05-28T00:00:00.000Z",
            "submittedOnDailyAt": "2026-05-29T03:04:05.678Z",
            "title": "Cups and\nSaucers",
            "summary": "We stack cups\nand stop.\n\nThen we rest.",
            "upvotes": 7,
            **paper,
        },
        "publishedAt": "2026-05-28T21:00:00.000Z",
        "title": "Cups",
        "summary": "Cups.",
        "numComments": 2,
        "organization": {"name": "cups", "fullname": " Institute of Cups "},
        **(outer or {}),
    }


def answer(*items: Any) -> bytes:
    return json.dumps(list(items)).encode()


class Daily:
    """Answers by day and page; records the parameters."""

    def __init__(self, reply: Callable[[str, int], bytes | None]) -> None:
        self.reply = reply
        self.params: list[dict[str, str]] = []

    def get(self, url: str, params: Mapping[str, str] | None = None) -> bytes | None:
        self.params.append(dict(params or {}))
        return self.reply(self.params[-1]["date"], int(self.params[-1].get("p", 0)))


def fetched(service: Daily, since: date | None = None) -> list[Listing]:
    return fetch(HuggingFace(), service, since=since)


def test_reads_every_field() -> None:
    """Without hidden authors; exactly midnight means the day."""
    (found,) = parse(answer(item())).entries
    assert found == Entry(
        "huggingface",
        title="Cups and Saucers",
        abstract="We stack cups and stop.\n\nThen we rest.",
        ids=("arxiv:2605.00001",),
        authors=("Ada Example", "Bo Sample"),
        organization="Institute of Cups",
        url="https://huggingface.co/papers/2605.00001",
        published="2026-05-28",
        announced="2026-05-29",
        votes=7,
        comments=2,
    )


@pytest.mark.parametrize(
    ("changed", "field", "expected"),
    [
        (item(id="my-report"), "ids", ("huggingface:my-report",)),
        (item(id="my-report"), "url", "https://huggingface.co/papers/my-report"),
        (item(id="x:y"), "ids", ("huggingface:x:y",)),
        (item(id="2605.00001v3"), "version", 3),
        (item(publishedAt="2026-05-28T17:59:46.000Z"), "published", "2026-05-28T17:59:46Z"),
        (item(title="", summary=""), "title", "Cups"),
        (item(title="", summary=""), "abstract", "Cups."),
        (item(outer={"organization": {"name": "cups"}}), "organization", "cups"),
        (item(outer={"organization": None}), "organization", None),
        (item(outer={"organization": "cups"}), "organization", None),
        (item(upvotes="7"), "votes", None),
        (item(upvotes=True), "votes", None),
        (item(upvotes=-1), "votes", None),
        (item(upvotes=10**30), "votes", None),
        (item(authors=None), "authors", ()),
        (item(authors=["Ada", {"name": 3}, {"name": "Bo"}]), "authors", ("Bo",)),
    ],
)
def test_reads_variants(changed: dict[str, Any], field: str, expected: object) -> None:
    """Missing and wrong values are left out, without an exception."""
    (found,) = parse(answer(changed)).entries
    assert getattr(found, field) == expected


@pytest.mark.parametrize(
    ("broken", "why", "kept"),
    [
        (item(title="", outer={"title": ""}), "no title: left out", 0),
        (item(summary="", outer={"summary": ""}), "no abstract", 1),
        (item(publishedAt="2026-02-30"), 'publishedAt "2026-02-30" is not a date', 1),
        (item(submittedOnDailyAt="9999-12-31T23:59:59-12:00"), "is not a date", 1),
        (item(id=""), "no id", 1),
        (item(id="my report"), 'unknown id "my report"', 1),
    ],
)
def test_a_problem_in_a_paper_is_reported_with_its_place(broken: dict[str, Any], why: str, kept: int) -> None:
    """The paper is kept if it has a title; the next one is kept in any case."""
    found = parse(answer(broken, item(2)))
    assert [why in u.why for u in found.unreadable] == [True]
    assert found.unreadable[0].where.startswith("paper 1 (")
    assert len(found.entries) == kept + 1


def test_what_is_not_a_paper_is_reported() -> None:
    """Numbers, lists, and objects without a paper."""
    found = parse(answer(3, [], {}, {"paper": None}, item()))
    assert len(found.entries) == 1
    assert {u.where for u in found.unreadable} == {f"paper {n}" for n in (1, 2, 3, 4)}


@pytest.mark.parametrize(
    ("data", "where", "why", "kept"),
    [
        (b"", "the answer", "it is empty", 0),
        (b"[]", "the answer", "no papers in this answer", 0),
        (b'{"error": "x"}', "the answer", "a JSON array was expected", 0),
        (answer(item(1), item(2))[:-1], "line 1, column", "the array is not closed", 2),
        (answer(item(1), item(2))[:-40], "line 1, column", "malformed JSON", 1),
        (b'[\n  {"paper": nul}]', "line 2, column 13", "malformed JSON", 0),
        (b"[" * 100_000, "line 1, column 2", "too large or too deeply nested", 0),
        (b"[" + b"9" * 5_000 + b"]", "line 1, column 2", "too large or too deeply nested", 0),
        (
            b"<!doctype html><title>502 &amp; more</title>",
            "the answer",
            'where JSON was expected: "502 & more"',
            0,
        ),
        (answer(item(title="\u00e9")).replace(b"\\u00e9", b"\xe9"), "byte", "not UTF-8", 1),
    ],
)
def test_a_broken_answer_is_reported_and_the_rest_kept(data: bytes, where: str, why: str, kept: int) -> None:
    """With line and column, if the error has them."""
    found = parse(data)
    assert len(found.entries) == kept
    assert found.unreadable[0].where.startswith(where)
    assert why in found.unreadable[0].why


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (answer(item()), True),
        (answer(item())[:300], True),
        (answer({"title": "first", **item()}), True),
        (b" [ ] ", True),
        (b'[{"id": "arxiv:1"}]', False),
        (b'{"id": "arxiv:1", "title": "x"}\n', False),
        (b"[1, 2]", False),
        (b"<rss/>", False),
        (b"", False),
    ],
)
def test_recognises(data: bytes, expected: bool) -> None:
    """By the content, complete or cut off."""
    assert recognises(data) is expected


@pytest.mark.parametrize(
    ("since", "days"),
    [
        (None, ["2026-05-29", "2026-05-28"]),
        (date(2026, 5, 29), ["2026-05-29"]),
        (date(2026, 5, 27), ["2026-05-29", "2026-05-28", "2026-05-27"]),
        (date(2026, 6, 3), ["2026-05-29"]),
        (date(2026, 1, 1), [f"2026-05-{day}" for day in range(29, 15, -1)]),
    ],
)
def test_asks_for_the_days_since_the_last_answer(since: date | None, days: list[str]) -> None:
    """Newest first, at most two weeks."""
    service = Daily(lambda day, page: answer(item()))
    fetched(service, since)
    assert [params["date"] for params in service.params] == days
    assert {params["limit"] for params in service.params} == {"100"}


def test_a_full_page_is_followed_by_the_next() -> None:
    """`p` counts from 0; the first request does not have it."""
    full = answer(*(item(n) for n in range(100)))
    service = Daily(lambda day, page: answer(item(500)) if page else full)
    assert [len(listing.entries) for listing in fetched(service, NOW.date())] == [100, 1]
    assert [params.get("p") for params in service.params] == [None, "1"]


@pytest.mark.parametrize("second", ["same", "empty"])
def test_pages_end(second: str) -> None:
    """At an empty page, which is not reported here, or at one that repeats the last."""
    full = answer(*(item(n) for n in range(100)))
    service = Daily(lambda day, page: b"[]" if page and second == "empty" else full)
    listings = fetched(service, NOW.date())
    assert ([len(listing.entries) for listing in listings], len(service.params)) == ([100], 2)
    assert not listings[0].unreadable


def test_only_a_past_weekday_without_papers_is_reported() -> None:
    """Today's papers may come later, and weekends have none."""
    listings = fetched(Daily(lambda day, page: b"[]"), date(2026, 5, 21))
    complaints = [u for listing in listings for u in listing.unreadable]
    days = ("2026-05-28", "2026-05-27", "2026-05-26", "2026-05-25", "2026-05-22", "2026-05-21")
    assert complaints == [
        Unreadable(f"{day}: the answer", "no papers in this answer", empty=True) for day in days
    ]


def test_a_day_that_does_not_exist_yet_is_skipped() -> None:
    """The service answers 400 for it. For a past day that is reported; any other status ends the fetch."""

    def refuse(status: int) -> Callable[[str, int], bytes | None]:
        def reply(day: str, page: int) -> bytes | None:
            if day in refused:
                raise StatusError("no", status)
            return answer(item())

        return reply

    refused = {"2026-05-29"}
    assert [len(listing.entries) for listing in fetched(Daily(refuse(400)))] == [1]
    refused = {"2026-05-28"}
    assert fetched(Daily(refuse(400)))[-1].unreadable[0].where == "2026-05-28"
    with pytest.raises(StatusError):
        fetched(Daily(refuse(404)))


@needs_shared
def test_recorded_answers() -> None:
    """All 631 papers of the real service's answers are read, with votes and the day of their listing."""
    paths = (SHARED / "sources" / "huggingface").glob("*.json")
    listings = {path.stem: parse(path.read_bytes()) for path in paths}
    entries = [(day, e) for day, listing in listings.items() for e in listing.entries]
    assert not any(listing.unreadable for listing in listings.values())
    assert len(entries) == 631
    assert all(
        e.votes is not None and e.comments is not None and e.abstract and e.authors for _, e in entries
    )
    assert all(e.ids[0].startswith("arxiv:") and e.announced == day for day, e in entries)
    assert all(e.published and len(e.published) == len("2026-05-28") for _, e in entries)
    assert sum(e.organization is not None for _, e in entries) == 386
