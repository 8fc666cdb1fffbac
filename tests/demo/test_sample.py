"""The papers of `paperboy demo`, and the example profiles."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.papers.identity import parse_paper_id
from bot.papers.names import same_person

ROOT = Path(__file__).resolve().parents[2]
PAPERS = ROOT / "bot" / "demo" / "sample" / "papers.jsonl"
PROFILES = ROOT / "profiles"

REQUIRED = {"id", "title", "abstract", "authors", "categories", "url"}
OPTIONAL = {"published", "organization", "votes", "comments"}
PROFILE_KEYS = {
    "timezone", "interests", "about", "like", "dislike", "authors", "avoid", "mute",
    "categories", "limit", "threshold", "window", "deliver",
}  # fmt: skip


class Strings(yaml.SafeLoader):
    """SafeLoader that reads unquoted ids as text, not as numbers."""


Strings.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":float")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.fixture(scope="module")
def papers() -> list[dict[str, Any]]:
    return [json.loads(line) for line in PAPERS.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def profiles() -> dict[str, dict[str, Any]]:
    return {
        path.stem: yaml.load(path.read_text(encoding="utf-8"), Loader=Strings)
        for path in sorted(PROFILES.glob("*.yaml"))
    }


# --- The papers -------------------------------------------------------------------------------------------


def test_sixty_papers_sorted_by_unique_id(papers: list[dict[str, Any]]) -> None:
    """Each paper once, in the order of ids."""
    ids = [paper["id"] for paper in papers]
    assert len(ids) == 60
    assert ids == sorted(set(ids))


def test_ids_are_canonical_and_urls_name_them(papers: list[dict[str, Any]]) -> None:
    """Ids are in the form that Paperboy stores, and the URLs have the same ids."""
    for paper in papers:
        assert parse_paper_id(paper["id"]) == (paper["id"], None)
        assert parse_paper_id(paper["url"]) == (paper["id"], None)


def test_records_have_the_right_keys_and_types(papers: list[dict[str, Any]]) -> None:
    """All required keys, no unknown ones, and no nulls."""
    for paper in papers:
        assert paper.keys() >= REQUIRED, paper["id"]
        assert paper.keys() <= REQUIRED | OPTIONAL, paper["id"]
        assert paper["title"] == " ".join(paper["title"].split()) != ""
        for key in ("authors", "categories"):
            assert paper[key], paper["id"]
            assert all(isinstance(name, str) and name.strip() == name != "" for name in paper[key])
        assert all(isinstance(paper[key], int) for key in ("votes", "comments") if key in paper)


def test_published_dates_agree_with_the_ids(papers: list[dict[str, Any]]) -> None:
    """An arXiv id starts with the year and month of submission, or the next month."""
    dated = [paper for paper in papers if "published" in paper]
    assert dated
    for paper in dated:
        submitted = date.fromisoformat(paper["published"][:10])
        months = int(paper["id"][6:8]) * 12 + int(paper["id"][8:10]) - (submitted.year - 2000) * 12
        assert months - submitted.month in {0, 1}, paper["id"]


def test_abstracts_are_one_paragraph_of_80_to_120_words(papers: list[dict[str, Any]]) -> None:
    """Long enough for ranking, short enough for one screen."""
    for paper in papers:
        assert 80 <= len(paper["abstract"].split()) <= 120, paper["id"]
        assert paper["abstract"] == " ".join(paper["abstract"].split())


def test_abstracts_share_no_phrases(papers: list[dict[str, Any]]) -> None:
    """No six words in a row occur in two abstracts: they would make different papers similar."""
    seen: dict[tuple[str, ...], str] = {}
    for paper in papers:
        words = re.findall(r"[^\W_]+", paper["abstract"].casefold())
        for run in {tuple(words[i : i + 6]) for i in range(len(words) - 5)}:
            assert run not in seen, (run, paper["id"], seen[run])
            seen[run] = paper["id"]


@pytest.mark.parametrize(
    "tex", [r"$\alpha$", r"\emph{", r"\%", r"Fr\'echet", r"^\circ$", r"$\mathbb{F}_q$", r"\AA", r"A$^2$TGPO"]
)
def test_tex_is_left_as_arxiv_writes_it(papers: list[dict[str, Any]], tex: str) -> None:
    """The sample has every kind of TeX that has to be converted."""
    assert any(tex in paper["title"] + paper["abstract"] for paper in papers)


# --- The profiles -----------------------------------------------------------------------------------------


def test_three_profiles_use_every_key(profiles: dict[str, dict[str, Any]]) -> None:
    """The examples use all keys and no unknown ones."""
    assert len(profiles) == 3
    assert set().union(*profiles.values()) == PROFILE_KEYS
    assert {key for p in profiles.values() for key in p.get("mute", {})} == {"terms", "authors", "categories"}


def test_profiles_show_both_forms_of_what_has_two(profiles: dict[str, dict[str, Any]]) -> None:
    """Interests with and without weights, thresholds as words and numbers, days as ranges and lists."""
    interests = [interest for p in profiles.values() for interest in p["interests"]]
    assert {type(interest) for interest in interests} == {str, dict}
    assert all(i.keys() == {"phrase", "weight"} for i in interests if isinstance(i, dict))
    assert {type(p["threshold"]) for p in profiles.values() if "threshold" in p} == {str, int}
    deliveries = [entry for p in profiles.values() for entry in p["deliver"]]
    assert {type(entry["days"]) for entry in deliveries if "days" in entry} == {str, list}
    assert any(entry.keys() == {"maildir"} for entry in deliveries)


def test_profiles_deliver_by_every_channel(profiles: dict[str, dict[str, Any]]) -> None:
    """Slack, mail and Maildir; addresses are of example.org; times are quoted."""
    deliveries = [entry for p in profiles.values() for entry in p["deliver"]]
    assert {"slack", "email", "maildir"} <= set().union(*deliveries)
    assert sum(any("maildir" in entry for entry in p["deliver"]) for p in profiles.values()) >= 2
    assert all(entry["email"].endswith("@example.org") for entry in deliveries if "email" in entry)
    assert all(re.fullmatch(r"\d\d:\d\d", entry["at"]) for entry in deliveries if "at" in entry)


def test_profiles_name_their_schema(profiles: dict[str, dict[str, Any]]) -> None:
    """The first line lets editors check and complete a profile."""
    for name in profiles:
        first = (PROFILES / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=./profile.schema.json"


def test_liked_papers_are_in_the_sample(
    papers: list[dict[str, Any]], profiles: dict[str, dict[str, Any]]
) -> None:
    """Without a network, every id that a profile likes or dislikes must be in the sample; every file must exist."""
    known = {paper["id"] for paper in papers}
    references = [r for p in profiles.values() for key in ("like", "dislike") for r in p.get(key, [])]
    assert any(reference.endswith(".bib") for reference in references)
    for reference in references:
        if reference.endswith(".bib"):
            assert (PROFILES / reference).is_file()
        else:
            found = parse_paper_id(reference)
            assert found is not None, reference
            assert found[0] in known, reference


def test_followed_authors_have_papers_in_the_sample(
    papers: list[dict[str, Any]], profiles: dict[str, dict[str, Any]]
) -> None:
    """Each profile follows someone, and each followed author has at least two papers."""
    for name, profile in profiles.items():
        assert profile["authors"], name
        for author in profile["authors"]:
            theirs = [p for p in papers if any(same_person(author, other) for other in p["authors"])]
            assert len(theirs) >= 2, (name, author)


def test_each_profile_has_candidates_of_its_own(
    papers: list[dict[str, Any]], profiles: dict[str, dict[str, Any]]
) -> None:
    """Each profile's categories have at least ten papers, and there is a survey to mute."""
    for name, profile in profiles.items():
        wanted = set(profile.get("categories", []))
        left = [paper for paper in papers if not wanted or wanted & set(paper["categories"])]
        assert len(left) >= 10, name
    assert any("survey" in f"{paper['title']} {paper['abstract']}".casefold() for paper in papers)


def test_library() -> None:
    """The BibTeX example has three entries with title, author, year and DOI, without abstracts."""
    text = (PROFILES / "library.bib").read_text(encoding="utf-8")
    assert len(re.findall(r"^@\w+\{", text, re.MULTILINE)) == 3
    for field in ("author", "title", "year", "doi"):
        assert len(re.findall(rf"^\s*{field}\s*=", text, re.MULTILINE)) == 3
    assert "abstract" not in text
