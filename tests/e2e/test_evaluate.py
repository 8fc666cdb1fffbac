"""`evaluate`: the quality of the ranking on an artificial set and on a profile's own likes."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.listings import BACKGROUND, WORLD, json_lines, profile
from tests.support.cli import Bench

MEASURES = ["ndcg@10", "map", "mrr", "recall@10", "recall@100"]
#: Eight subjects of four papers each, which differ only in a place name.
IDS = [f"arxiv:{work.number}" for work in BACKGROUND]
SUBJECTS = [IDS[n::8] for n in range(8)]
FOLDS = [[*IDS[:8]], [*IDS[8:16]], [*IDS[16:24]], [*IDS[24:]]]
LIBRARIES = {"libraries": {"gus": SUBJECTS[0], "fay": SUBJECTS[1] + SUBJECTS[2]}, "folds": FOLDS}
QUERIES = [
    {"query": "glacier melt and ocean currents", "relevant": dict.fromkeys(SUBJECTS[0], 2)},
    {"query": "how do finches learn their song?", "relevant": {SUBJECTS[1][0]: 4, SUBJECTS[1][1]: 1}},
]


@pytest.fixture
def tiny(bench: Bench) -> Bench:
    """An installation next to the files of a small set."""
    bench.file("papers.jsonl", json_lines(*BACKGROUND))
    bench.file("libraries.json", json.dumps(LIBRARIES))
    bench.file("queries.json", json.dumps(QUERIES))
    return bench


def methods(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {method["name"]: method for method in document["methods"]}


def test_libraries_as_a_document(tiny: Bench) -> None:
    """Each method has all measures, and every profile has the nDCG of each method."""
    result = tiny.run("evaluate", "papers.jsonl", "libraries.json", "--json")
    document = result.json
    assert (result.code, result.err) == (0, "")
    assert list(document) == ["task", "papers", "profiles", "missing", "methods", "per_profile"]
    assert (document["task"], document["papers"], document["profiles"]) == ("libraries", 32, 2)
    assert document["missing"] == []
    assert [method["name"] for method in document["methods"]] == ["paperboy", "centroid", "svm"]
    for method in document["methods"]:
        assert list(method) == ["name", *MEASURES, "parameters"]
        assert all(0 <= method[name] <= 1 for name in MEASURES)
    assert methods(document)["svm"]["parameters"]["C"] in (0.01, 0.1, 1)
    # One of the eight papers of a fold is on gus's subject, like his other three.
    assert methods(document)["paperboy"]["ndcg@10"] == 1
    assert [one["profile"] for one in document["per_profile"]] == ["gus", "fay"]
    assert document["per_profile"][0]["paperboy"] == 1


def test_queries_as_a_document(tiny: Bench) -> None:
    """Queries have no SVM; BM25 where it is installed; the query is the profile's name."""
    document = tiny.run("evaluate", "papers.jsonl", "queries.json", "--json").json
    names = ["paperboy", "centroid", *(["bm25"] if find_spec("bm25s") else [])]
    assert (document["task"], [method["name"] for method in document["methods"]]) == ("queries", names)
    assert [one["profile"] for one in document["per_profile"]] == [one["query"] for one in QUERIES]
    assert methods(document)["paperboy"]["mrr"] == 1


def test_a_query_can_be_an_about_text(tiny: Bench) -> None:
    """`--as about` gives other results for the same queries."""
    asked = tiny.run("evaluate", "papers.jsonl", "queries.json", "--as", "about", "--no-baselines", "--json")
    assert asked.code == 0
    assert methods(asked.json)["paperboy"]["mrr"] == 1


def test_without_baselines_there_is_only_paperboy(tiny: Bench) -> None:
    """`--no-baselines` runs only Paperboy, with the same result; gzip files are read too."""
    tiny.file("papers.jsonl.gz", gzip.compress(json_lines(*BACKGROUND)))
    whole = tiny.run("evaluate", "papers.jsonl", "libraries.json", "--json").json
    alone = tiny.run("evaluate", "papers.jsonl.gz", "libraries.json", "--no-baselines", "--json").json
    assert alone["methods"] == whole["methods"][:1]
    assert [list(one) for one in alone["per_profile"]] == [["profile", "paperboy"]] * 2


def test_the_same_set_gives_the_same_bytes(tiny: Bench) -> None:
    """The result is deterministic."""
    first = tiny.run("evaluate", "papers.jsonl", "libraries.json", "--json")
    assert first == tiny.run("evaluate", "papers.jsonl", "libraries.json", "--json")


def test_the_table_shows_methods_ratios_and_profiles(tiny: Bench) -> None:
    """Methods by measures, ratios of Paperboy to each baseline, and nDCG by profile."""
    result = tiny.run("evaluate", "papers.jsonl", "libraries.json")
    assert (result.code, result.err) == (0, "")
    lines = [line.split() for line in result.out.splitlines() if line.strip()]
    assert lines[0][:4] == ["32", "papers,", "2", "profiles,"]
    assert lines[1] == ["method", *MEASURES]
    assert [line[0] for line in lines[2:5]] == ["paperboy", "centroid", "svm"]
    assert [line[:3] for line in lines[5:7]] == [["paperboy", "/", "centroid"], ["paperboy", "/", "svm"]]
    assert lines[7] == ["ndcg@10", "of", "each", "profile", "paperboy", "centroid", "svm"]
    assert [line[0] for line in lines[8:]] == ["gus", "fay"]


def test_unknown_judged_ids_are_one_line(tiny: Bench) -> None:
    """Unknown ids are counted and listed in one line, and stop nothing."""
    lost = [f"arxiv:1.{n}" for n in range(7)]
    judged = LIBRARIES | {"libraries": {"gus": [*SUBJECTS[0], *lost]}}
    tiny.file("more.json", json.dumps(judged))
    result = tiny.run("evaluate", "papers.jsonl", "more.json", "--no-baselines")
    lines = [line for line in result.out.splitlines() if "Left out" in line]
    assert lines == [
        "Left out, not among the papers: 7 judged ids: arxiv:1.0, arxiv:1.1, arxiv:1.2, arxiv:1.3, "
        "arxiv:1.4, ..."
    ]
    document = tiny.run("evaluate", "papers.jsonl", "more.json", "--no-baselines", "--json").json
    assert document["missing"] == lost


# --- A profile's own likes ------------------------------------------------------------------------------------

DAY = "2026-05-04"
LIKED = SUBJECTS[0] + SUBJECTS[1]


@pytest.fixture
def stocked(tmp_path: Path) -> Bench:
    """A day's papers, and a profile that likes two subjects of them and one paper that is not stored."""
    bench = Bench(tmp_path)
    like = ", ".join(f'"{id_}"' for id_ in [*LIKED, "arxiv:2604.99999"])
    bench.profile("ada", profile(more=f"like: [{like}]\n"))
    listing = bench.file("day.jsonl", json_lines(*BACKGROUND, WORLD))
    assert bench.run("ingest", "--file", listing, "--as-of", DAY).code == 0
    return bench


def test_a_profile_is_evaluated_by_its_likes(stocked: Bench) -> None:
    """Each stored liked paper is hidden once and ranked among papers that are not liked."""
    result = stocked.run("evaluate", "--profile", "ada", "--on", DAY, "--json")
    document = result.json
    assert (result.code, result.err) == (0, "")
    assert (document["task"], document["profiles"]) == ("profile", 1)
    assert document["missing"] == ["arxiv:2604.99999"]
    assert [method["name"] for method in document["methods"]] == [
        "paperboy",
        "paperboy, likes alone",
        "centroid",
        "svm",
    ]
    assert sorted(one["id"] for one in document["hidden"]) == sorted(LIKED)
    places = [one["rank"] for one in document["hidden"]]
    assert places == sorted(places)
    # 33 papers less 8 liked ones are 25; plus one or two hidden ones.
    assert {one["of"] for one in document["hidden"]} == {26, 27}
    # `world models` is an interest, and hidden papers of the liked subjects come next.
    assert places[-1] <= 3


def test_hidden_papers_are_shown_by_title(stocked: Bench) -> None:
    """The table shows title and rank of each hidden paper."""
    result = stocked.run("evaluate", "--profile", "ada", "--on", DAY, "--no-baselines")
    after = result.out.partition("liked paper, hidden")[2].splitlines()[1:]
    assert len(after) == len(LIKED)
    assert any(line.endswith("Glacier Melt in Region 1") for line in after)
    assert all(" of 2" in line for line in after)


def test_evaluating_a_profile_stores_nothing(stocked: Bench) -> None:
    """There is no edition, and the stored papers are unchanged."""
    before = stocked.export()
    assert stocked.run("evaluate", "--profile", "ada", "--on", DAY, "--no-baselines").code == 0
    assert stocked.export() == before
    assert stocked.run("status", "--json").json["editions"] == []


def test_a_profile_with_few_stored_likes(stocked: Bench) -> None:
    """Exit code 2, with the number and what to do."""
    stocked.profile("bo", profile(more=f'like: ["{LIKED[0]}", "arxiv:2604.99999"]\n'))
    result = stocked.run("evaluate", "--profile", "bo", "--on", DAY)
    assert (result.code, result.out) == (2, "")
    assert "'bo' likes 1 stored papers, and evaluating it takes at least 5" in result.err
    assert "`like`" in result.err


# --- Errors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "PAPERS and LIBRARIES_OR_QUERIES"),
        (("papers.jsonl",), "PAPERS and LIBRARIES_OR_QUERIES"),
        (("papers.jsonl", "libraries.json", "--profile", "ada"), "either files or --profile"),
        (("--profile", "nobody"), "no profile"),
        (("papers.jsonl", "gone.json"), "gone.json: No such file"),
        (("gone.jsonl", "libraries.json"), "gone.jsonl: No such file"),
        (("papers.jsonl", "papers.jsonl"), "papers.jsonl:2: invalid JSON"),
        (("libraries.json", "libraries.json"), "libraries.json:1: this paper has no `id`"),
        (("papers.jsonl", "queries.json", "--as", "title"), "title"),
    ],
)
def test_errors_name_the_place(tiny: Bench, options: tuple[str, ...], words: str) -> None:
    """Exit code 2, nothing on standard output, the place in the file, and no traceback."""
    tiny.profile("ada", profile())
    result = tiny.run("evaluate", *options)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert "Traceback" not in result.err


def test_papers_without_words(tiny: Bench) -> None:
    """Papers that contain only stop words are an error, not a traceback."""
    works = [replace(work, title="Of the", abstract="and so on") for work in BACKGROUND]
    tiny.file("papers.jsonl", json_lines(*works))
    result = tiny.run("evaluate", "papers.jsonl", "libraries.json")
    assert result.code == 2
    assert "no words to rank by" in result.err
