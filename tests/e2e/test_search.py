"""`paperboy search`: what it prints, and what it does with words that look like options."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.listings import BACKGROUND, REWARD, TABLE, WORLD, json_lines, profile
from tests.support import schemas
from tests.support.cli import Bench

DAY = "2026-05-04"


@pytest.fixture
def stocked(tmp_path: Path) -> Bench:
    """A day's papers, of which a profile was sent some; another profile is broken, a third one was sent nothing."""
    bench = Bench(tmp_path).prepared()
    bench.profile("ada", profile("maildir: ada"))
    listing = bench.file("day.jsonl", json_lines(*BACKGROUND, WORLD, REWARD, TABLE))
    assert bench.run("ingest", "--file", listing, "--as-of", DAY).code == 0
    assert bench.run("send", "--on", DAY).code == 0
    bench.profile("bo", profile("maildir: bo"))
    bench.profile("cy", "interests: 7")
    return bench


def test_document(stocked: Bench) -> None:
    """The papers found, and in which digests they were."""
    result = stocked.run("search", f'"{WORLD.title}"', "--json")
    schemas.validate(result.json, schemas.SEARCH)
    (paper,) = result.json["papers"]
    assert (result.code, result.json["more"], result.json["query"]) == (0, False, f'"{WORLD.title}"')
    assert (paper["id"], paper["title"]) == ("arxiv:2605.00101", WORLD.title)
    assert paper["sent"] == [{"profile": "ada", "on": DAY}]
    assert stocked.run("search", WORLD.title, "--profile", "bo", "--json").json["papers"][0]["sent"] == []


def test_lines(stocked: Bench) -> None:
    """Title, date, id, authors and digests; whether there are more."""
    one = stocked.run("search", "2605.00101").out
    assert one.startswith(f"{WORLD.title}\n  2026-05-04  arxiv:2605.00101  ")
    assert "\n  sent to ada on 2026-05-04\n" in one
    many = stocked.run("search", "cat:cs.*", "--limit", "2", "--newest").out
    assert many.count("arxiv:") == 2
    assert many.endswith("There are more: add a word, or raise --limit.\n")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("zzz", "Nothing found for"),
        *((query, "There are no words to search for in") for query in ('"', "-zzz", "((*", "")),
    ],
)
def test_nothing_found(stocked: Bench, query: str, said: str) -> None:
    """No text is an error."""
    result = stocked.run("search", query)
    assert (result.code, result.err, result.out) == (0, "", f"{said} '{query}'.\n")
    assert stocked.run("search", query, "--json").json == {"query": query, "papers": [], "more": False}


def test_words_that_look_like_options(stocked: Bench) -> None:
    """`-h...` excludes a word; a mistyped option is an error; `--` before a query is allowed."""
    found = stocked.run("search", "world", "models", "-hinton", "-survey", "--json").json
    assert WORLD.title in {paper["title"] for paper in found["papers"]}
    assert (
        stocked.run("search", "--json", "--", "-hinton", "world", "models").json["papers"] == found["papers"]
    )
    mistyped = stocked.run("search", "world", "--limt", "3")
    assert (mistyped.code, mistyped.err) == (2, "paperboy: no such option: --limt\n")
    assert stocked.run("search", "world", "--profile", "nobody").code == 2
