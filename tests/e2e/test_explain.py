"""`explain`: the terms of a score, and the one reason why a paper is or is not sent."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.listings import BACKGROUND, NEXT, REWARD, TABLE, WORLD, json_lines, record
from tests.support import schemas
from tests.support.cli import ROOT, Bench

DAY, LATER = "2026-05-04", "2026-05-05"
MINE = "interests: [reward modelling, {phrase: world models, weight: 2}]\ndeliver: [{maildir: ada}]\n"
#: A near-duplicate by the same authors.
AGAIN = WORLD.but(
    number="2605.00104", title="World Models that Know What They Missed", authors=WORLD.authors[::-1]
)
REPEATED = WORLD.but(number="2605.00105", day=NEXT.day)


@pytest.fixture
def stocked(bench: Bench) -> Bench:
    """A profile, and a day's papers on many subjects."""
    bench.profile("ada", MINE)
    ingest(bench, DAY, *BACKGROUND, WORLD, REWARD, TABLE)
    return bench


def ingest(bench: Bench, day: str, *works: Any) -> None:
    listing = bench.file(f"{day}.jsonl", json_lines(*works))
    assert bench.run("ingest", "--file", listing, "--as-of", day).code == 0


def explained(bench: Bench, paper: str = WORLD.number, on: str = DAY) -> dict[str, Any]:
    """The JSON document, whose terms add up; the text shows the same verdict and reason."""
    result = bench.run("explain", "ada", paper, "--on", on, "--json")
    document: dict[str, Any] = result.json
    schemas.validate(document, schemas.EXPLAIN)
    assert (result.code, result.err) == (0, "")
    if document["score"] is not None:
        assert math.fsum(one["weight"] for one in document["reasons"]) == pytest.approx(
            document["score"], abs=1e-9
        )
    in_words = " ".join(bench.run("explain", "ada", paper, "--on", on).out.split())
    assert f"{document['verdict']}: {document['why']}" in in_words
    return document


def line(one: dict[str, Any]) -> str:
    return json.dumps(one) + "\n"


def verdict(bench: Bench, paper: str = WORLD.number, on: str = DAY) -> tuple[str, str]:
    document = explained(bench, paper, on)
    return document["verdict"], document["why"]


# --- One test for each verdict ----------------------------------------------------------------------------


def test_would_be_sent(stocked: Bench) -> None:
    """The rank among the candidates, and the terms of the score."""
    document = explained(stocked)
    assert (document["verdict"], document["rank"], document["candidates"]) == ("would be sent", 1, 35)
    assert document["why"] == "it is in the digest"
    assert document["reasons"][0]["term"] == "world models"


def test_sent(stocked: Bench) -> None:
    """A paper of an earlier digest is not a candidate, and keeps its score."""
    before = explained(stocked)
    stocked.run("send", "--on", DAY)
    document = explained(stocked)
    assert (document["verdict"], document["why"]) == ("sent", f"it was in the digest of {DAY} for ada")
    assert (document["rank"], document["candidates"]) == (None, 35)  # those of the digest
    assert document["score"] == pytest.approx(before["score"], abs=1e-9)


def test_muted(stocked: Bench) -> None:
    """The mute that excludes the paper is named."""
    stocked.profile("ada", f"{MINE}mute: {{terms: [data], authors: [Cem Muster], categories: [hep-th]}}\n")
    assert verdict(stocked)[0] == "muted"
    assert "'data'" in verdict(stocked)[1]
    assert verdict(stocked, REWARD.number) == ("muted", "its author Cem Muster is muted")
    assert verdict(stocked, TABLE.number)[0] == "would be sent"


def test_category(stocked: Bench) -> None:
    """The categories of the paper are named."""
    stocked.profile("ada", f"{MINE}categories: [cs.RO]\n")
    assert verdict(stocked, REWARD.number) == (
        "category",
        "its categories are cs.LG; the profile has only others",
    )
    assert verdict(stocked)[0] == "would be sent"


def test_below_threshold(stocked: Bench) -> None:
    """The relevance, or with `auto` the match, is shown with the threshold."""
    stocked.profile("ada", f"{MINE}threshold: 100\n")
    document = explained(stocked)
    assert document["verdict"] == "below threshold"
    assert document["why"] == f"its relevance {document['relevance']:.1f} is below the threshold 100"
    assert document["rank"] == 1
    stocked.profile("ada", MINE.replace("world models, weight: 2", "robot arms that cook in valleys"))
    fit = explained(stocked, BACKGROUND[7].number)  # has valleys
    assert fit["verdict"] == "below threshold"
    assert "the threshold asks for good" in fit["why"]


def test_beyond_limit(stocked: Bench) -> None:
    """The rank is shown with the limit."""
    stocked.profile("ada", f"{MINE}limit: 1\n")
    document = explained(stocked, REWARD.number)
    assert document["verdict"] == "beyond limit"
    assert document["why"] == f"it is number {document['rank']}, beyond the limit of 1"


def test_outside_window(stocked: Bench) -> None:
    """The time of first sight is shown; the paper has a score."""
    document = explained(stocked, on="2026-05-20")
    assert (document["verdict"], document["rank"], document["candidates"]) == ("outside window", None, 0)
    assert document["why"].startswith("first seen 2026-05-04 ")
    assert document["reasons"][0]["term"] == "world models"


def test_passed_over_by_an_earlier_digest(stocked: Bench) -> None:
    """The next digest considers only what is new since the last one, which is named."""
    stocked.run("send", "--on", DAY)
    document = explained(stocked, BACKGROUND[0].number, LATER)
    assert (document["verdict"], document["rank"], document["candidates"]) == ("outside window", None, 0)
    assert document["why"] == (f"the digest of {DAY} was made after it was first seen, and did not choose it")


def test_withdrawn(stocked: Bench) -> None:
    """A paper that was withdrawn after it was listed."""
    gone = stocked.file("gone.jsonl", line(record(WORLD, withdrawn=True)))
    stocked.run("ingest", "--file", gone, "--as-of", DAY)
    assert verdict(stocked) == ("withdrawn", "its authors withdrew it")


def test_same_work_as_a_better_one(stocked: Bench) -> None:
    """Of two near-duplicates, the paper under which the other is listed is named."""
    ingest(stocked, DAY, AGAIN)
    document = {number: explained(stocked, number) for number in (WORLD.number, AGAIN.number)}
    leader, other = sorted(document, key=lambda number: document[number]["rank"])
    assert document[leader]["verdict"] == "would be sent"
    assert (document[other]["verdict"], document[other]["why"]) == (
        "same work",
        f"it is listed under arxiv:{leader}, which is nearly the same",
    )
    for form in ("terminal", "html", "text", "slack"):
        assert "nearly the same" in stocked.run("preview", "ada", "--on", DAY, "--format", form).out


def test_same_work_as_one_of_an_earlier_digest(stocked: Bench) -> None:
    """A near-duplicate of a paper that was sent is not sent."""
    stocked.run("send", "--on", DAY)
    ingest(stocked, LATER, REPEATED)
    assert verdict(stocked, REPEATED.number, LATER) == (
        "same work",
        f"it is nearly the same as arxiv:{WORLD.number}, which was in an earlier digest",
    )
    (row,) = stocked.run("send", "--on", LATER, "--json").json["editions"]
    assert (row["state"], row["papers"]) == ("quiet", 0)


def test_a_paper_listed_under_another_counts_as_sent(stocked: Bench) -> None:
    """A near-duplicate that a sent digest listed is not sent on another day."""
    ingest(stocked, DAY, AGAIN)
    (row,) = stocked.run("send", "--on", DAY, "--json").json["editions"]
    assert (row["state"], row["papers"]) == ("sent", 3)  # with REWARD and TABLE
    assert {verdict(stocked, number)[0] for number in (WORLD.number, AGAIN.number)} == {"sent"}
    (row,) = stocked.run("send", "--on", LATER, "--json").json["editions"]
    assert (row["state"], row["papers"]) == ("quiet", 0)


def test_same_work_as_a_liked_one(stocked: Bench) -> None:
    """A paper that the profile names is not sent, because its owner knows it."""
    stocked.profile("ada", f"{MINE}like: [{WORLD.number}]\n")
    said, why = verdict(stocked)
    assert said == "same work"
    assert "like or dislike" in why


def test_no_match(stocked: Bench) -> None:
    """No term of the profile occurs in the paper."""
    assert verdict(stocked, BACKGROUND[0].title) == (
        "no match",
        "it has nothing that the profile looks for",
    )


def test_not_stored(stocked: Bench) -> None:
    """A paper that no listing has shown; the document repeats the text that was given."""
    document = explained(stocked, "2605.99999")
    assert (document["verdict"], document["score"], document["reasons"]) == ("not stored", None, [])
    assert document["paper"] == "2605.99999"


def test_part_of_a_title(stocked: Bench) -> None:
    """One paper that has it is explained; several are listed, and the user must say more."""
    assert explained(stocked, WORLD.title.partition(" that")[0].upper())["paper"] == f"arxiv:{WORLD.number}"
    result = stocked.run("explain", "ada", "in region", "--on", DAY, "--json")
    first, *others = result.err.splitlines()
    assert (result.code, result.out) == (2, "")
    assert (
        first == "paperboy: several papers have 'in region' in their titles: give more of the title, or an id"
    )
    assert others[-1] == "  and more"
    assert [line.split()[0].startswith("arxiv:") for line in others[:-1]] == [True] * 10


def test_followed_author_is_the_reason(stocked: Bench) -> None:
    """A paper by a followed author is sent beyond limit and threshold; the author is one of the terms."""
    stocked.profile("ada", f"{MINE}limit: 1\nthreshold: 100\nauthors: [Otto Ondit]\n")
    document = explained(stocked, BACKGROUND[0].number)
    assert (document["verdict"], document["why"]) == ("would be sent", "you follow Otto Ondit")
    assert "author: Otto Ondit" in {one["term"] for one in document["reasons"]}


def test_votes_are_among_the_reasons(stocked: Bench) -> None:
    """With `trending`, votes are one of the terms."""
    popular = stocked.file("popular.jsonl", line(record(REWARD, votes=90)))
    stocked.run("ingest", "--file", popular, "--as-of", DAY)
    assert not any("votes" in one["term"] for one in explained(stocked, REWARD.number)["reasons"])
    stocked.profile("ada", f"{MINE}trending: 0.5\n")
    document = explained(stocked, REWARD.number)
    (share,) = (one["weight"] for one in document["reasons"] if one["term"] == "votes: 90")
    assert share > 0
    assert document["rank"] == 1


# --- Twenty papers of the sample --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The bundled papers and example profiles, one of them with `trending`."""
    bench = Bench(tmp_path_factory.mktemp("sample"))
    for path in (ROOT / "profiles").iterdir():
        bench.file(f"profiles/{path.name}", path.read_bytes())
    text = (ROOT / "profiles" / "language-models.yaml").read_text()
    bench.profile("trendy", text + "\ntrending: 0.3\n")
    papers: Path = ROOT / "bot" / "demo" / "sample" / "papers.jsonl"
    assert bench.run("ingest", "--file", papers, "--as-of", "2026-06-01").code == 0
    return bench


@pytest.mark.parametrize("profile", ["language-models", "trendy"])
def test_twenty_papers_are_explained_to_the_term(sample: Bench, profile: str) -> None:
    """The terms of a paper add up to its score (nine digits); its place and match are those of `preview --all`."""
    (whole,) = sample.run("preview", profile, "--all", "--on", "2026-06-01", "--json").json
    entries = whole["entries"][:: max(1, len(whole["entries"]) // 10)][:10]
    assert len(entries) == 10
    for entry in entries:
        document = sample.run("explain", profile, entry["id"], "--on", "2026-06-01", "--json").json
        total = math.fsum(one["weight"] for one in document["reasons"])
        assert document["score"] == pytest.approx(total, rel=1e-9, abs=1e-9)
        same = ("score", "relevance", "fit", "match", "rank", "reasons")
        assert {key: document[key] for key in same} == {key: entry[key] for key in same}
        assert document["candidates"] == whole["candidates"]
