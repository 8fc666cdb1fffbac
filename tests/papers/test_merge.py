"""Which work an entry shows, and what is known of the work afterwards."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.papers.merge import Change, MergeBatch
from bot.papers.model import Entry, Paper

NOW = datetime(2026, 5, 29, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
A1, A2, D1, D2 = "arxiv:2605.00001", "arxiv:2605.00002", "doi:10.1000/one", "doi:10.1000/two"
TITLE = "World Models for Robots"
KEY = "title:worldmodelsforrobots"


def entry(*ids: str, **changes: Any) -> Entry:
    """A whole entry from arXiv, or as `changes` say."""
    made = Entry("arxiv", TITLE, abstract="An abstract.", ids=ids, authors=("Ada Example", "Bo Sample"))
    return replace(made, **changes)


def shelf_of(entries: Iterable[Entry], now: datetime = NOW) -> MergeBatch:
    shelf = MergeBatch()
    for one in entries:
        shelf.add(one, now)
    return shelf


def again(shelf: MergeBatch, entries: Iterable[Entry], now: datetime = LATER) -> Counter[Change]:
    """The next listing."""
    shelf.listed = set()
    return Counter(shelf.add(one, now) for one in entries)


def only(*entries: Entry) -> Paper:
    """The one paper that these entries, each of a listing of its own, make."""
    shelf = MergeBatch()
    for one in entries:
        again(shelf, [one], NOW)
    (paper,) = shelf.papers.values()
    return paper


# --- What adds up -----------------------------------------------------------------------------------------


def test_several_sources_make_one_paper() -> None:
    """Categories and sources add up; what only one of them tells is kept."""
    paper = only(
        entry(A1, categories=("cs.LG",), published="2026-05-28", version=1),
        entry(A1, source="huggingface", votes=12, comments=3, organization="A Lab", authors=()),
        entry(A1, categories=("cs.RO", "cs.LG"), published="2026-05-28T17:59:00Z"),
        entry(D1, source="doi", url="https://example.org/one"),
    )
    assert paper.id == A1
    assert paper.sources == ("arxiv", "doi", "huggingface")
    assert paper.categories == ("cs.LG", "cs.RO")
    assert (paper.votes, paper.comments, paper.organization) == (12, 3, "A Lab")
    assert paper.published == "2026-05-28T17:59:00Z"
    assert paper.authors == ("Ada Example", "Bo Sample")
    assert paper.url == "https://arxiv.org/abs/2605.00001"


@pytest.mark.parametrize("votes", [(3, 12), (12, 3), (None, 12), (12, None)])
def test_votes_and_comments_only_grow(votes: tuple[int | None, int | None]) -> None:
    """A listing that is older, or silent, takes no vote away."""
    paper = only(*(entry(A1, votes=n, comments=n) for n in votes))
    assert (paper.votes, paper.comments) == (12, 12)


@pytest.mark.parametrize(
    ("one", "other", "published"),
    [
        ("2026-05-28", "2026-05-27", "2026-05-27"),
        ("2026-05", "2026-05-27", "2026-05-27"),
        ("2026-05-27T10:00:00Z", "2026-05-27", "2026-05-27T10:00:00Z"),
        ("2026-05", "2026-04-30", "2026-04-30"),
        (None, "2026-05-27", "2026-05-27"),
    ],
)
def test_the_first_date_is_kept_most_exact(one: str | None, other: str, published: str) -> None:
    """Of dates that agree the more exact one, of those that differ the earlier one; whatever the order."""
    first, second = entry(A1, published=one, announced=one), entry(A1, published=other, announced=other)
    for paper in (only(first, second), only(second, first)):
        assert (paper.published, paper.announced) == (published, published)


# --- Which text -------------------------------------------------------------------------------------------

BETTER = {
    "later version": ({"version": 2}, {"version": 1, "updated": "2026-06-01"}),
    "a version beyond the first": ({"version": 2}, {}),
    "later day": ({"updated": "2026-05-29"}, {"updated": "2026-05-28"}),
    "a date": ({"updated": "2026-05-29"}, {}),
    "with an abstract": ({}, {"abstract": "", "version": 9}),
    "whole": ({}, {"cut": True, "version": 9}),
    "from its archive": ({}, {"source": "huggingface"}),
    "from its archive, not the publisher": ({}, {"source": "doi"}),
    "newer from elsewhere": ({"source": "huggingface", "version": 2}, {"version": 1}),
}


@pytest.mark.parametrize(("better", "worse"), BETTER.values(), ids=BETTER)
def test_the_newest_text_wins(better: dict[str, Any], worse: dict[str, Any]) -> None:
    """Whichever comes first: a whole text before a cut one, then the later, then the archive's own."""
    good = entry(A1, **{"title": "Good", "abstract": "Good.", "authors": ("Gus Good",), **better})
    bad = entry(A1, **{"title": "Bad", "abstract": "Bad.", "authors": ("Bea Bad",), **worse})
    for paper in (only(good, bad), only(bad, good), only(bad, good, bad)):
        assert (paper.title, paper.abstract, paper.authors) == ("Good", "Good.", ("Gus Good",))
        assert not paper.cut
        assert paper.version == max(filter(None, (good.version, bad.version)), default=None)


def test_a_source_that_corrects_itself_is_believed() -> None:
    """Without a version or a date, the later listing of the same source is the newer."""
    assert only(entry(A1, abstract="Old."), entry(A1, abstract="New.")).abstract == "New."


def test_one_listing_that_contradicts_itself_is_stable() -> None:
    """Of two entries that say the same of themselves, the first stands: or the text would change every day."""
    entries = [entry(A1, abstract="One."), entry(A1, abstract="Two.")]
    shelf = shelf_of(entries)
    assert shelf.papers[A1].abstract == "One."
    assert again(shelf, entries) == {Change.KNOWN: 2}
    assert again(shelf, [entry(A1, abstract="Three.")]) == {Change.UPDATED: 1}


def test_a_cut_text_never_replaces_a_whole_one() -> None:
    """Not by its version, nor when two papers turn out to be one."""
    cut, whole = entry(D1, abstract="Broken o", cut=True), entry(abstract="Whole.", source="jsonl")
    shelf = shelf_of([replace(cut, title="Other"), whole])
    assert len(shelf.papers) == 2
    shelf.add(entry(D1, abstract="", cut=True), NOW)
    (paper,) = shelf.papers.values()
    assert (paper.id, paper.abstract, paper.cut) == (D1, "Whole.", False)


def test_how_many_authors() -> None:
    """Names count; a number stands only where there are none."""
    counted = entry(A1, authors=(), author_count=4, source="huggingface")
    assert only(counted).author_count == 4
    assert only(counted, entry(A1)).author_count == 2
    assert only(entry(A1), counted).author_count == 2


WITHDRAWALS = {
    "told once": ([(1, False), (1, True)], True),
    "another source does not know": ([(1, True), (1, False)], True),
    "a source without versions does not know": ([(1, True), (None, False)], True),
    "a page without versions tells": ([(1, False), (None, True)], True),
    "by a new version": ([(1, False), (2, True)], True),
    "an old version listed again": ([(2, True), (1, False)], True),
    "taken back": ([(2, True), (3, False)], False),
    "taken back, the old one listed again": ([(2, True), (3, False), (2, True)], False),
}


@pytest.mark.parametrize(("told", "withdrawn"), WITHDRAWALS.values(), ids=WITHDRAWALS)
def test_a_withdrawal_stands_until_a_later_version(
    told: list[tuple[int | None, bool]], withdrawn: bool
) -> None:
    """A withdrawn paper is kept and marked, whatever other sources do not know."""
    assert only(*(entry(A1, version=v, withdrawn=w) for v, w in told)).withdrawn is withdrawn


# --- Which work -------------------------------------------------------------------------------------------

ADA, BO = {"authors": ("Ada Example",)}, {"authors": ("Bo Sample",)}
WORKS = {
    "a revision": ([entry(A1, version=1), entry(A1, version=2, title="Retitled")], {A1}),
    "two ids": ([entry(A1), entry(A2, title="Another")], {A1, A2}),
    "a title": ([entry()], {KEY}),
    "a title twice": ([entry(), entry(title="WORLD models, for robots")], {KEY}),
    "a title by others": ([entry(**ADA), entry(**BO)], {KEY, f"{KEY}+"}),
    "a title by who knows": ([entry(**ADA), entry(authors=())], {KEY}),
    "a title that gets an id": ([entry(), entry(A1)], {A1}),
    "an id that comes first": ([entry(A1), entry()], {A1}),
    "a title and an id of others": ([entry(**ADA), entry(A1, **BO)], {KEY, A1}),
    "both titles get their ids": ([entry(**ADA), entry(**BO), entry(A1, **BO), entry(A2, **ADA)], {A1, A2}),
    "preprint and DOI": ([entry(D1, source="doi"), entry(A1)], {A1}),
    "preprint and DOI, one author in common": (
        [entry(A1, **ADA), entry(D1, authors=("Eve Else", "A. Example"))],
        {A1},
    ),
    "preprint and DOI of others": ([entry(A1, **ADA), entry(D1, **BO)], {A1, D1}),
    "preprint and DOI, told by one": ([entry(A1, D1, title="One"), entry(D1, title="Two")], {A1}),
    "a DOI becomes the preprint": ([entry(D1), entry(A1, D1, title="Retitled")], {A1}),
    "linked late": ([entry(A1, title="One"), entry(D1, title="Two"), entry(A1, D1, title="One")], {A1}),
    "one title under two preprints": ([entry(A1), entry(A2)], {A1, A2}),
    "one title under two DOIs": ([entry(D1), entry(D2)], {D1, D2}),
    "a DOI does not make two preprints one": ([entry(A1), entry(A2), entry(D1)], {A1, A2}),
    "a DOI that two preprints name": ([entry(A1, D1), entry(A2, D1, title="Part two")], {A1, A2}),
    "a DOI that two preprints name, then alone": ([entry(A1, D1), entry(A2, D1), entry(D1)], {A1, A2}),
    "a retitled DOI": ([entry(A1, D1, title="One"), entry(A2), entry(D1)], {A1, A2}),
    "a title does not make two preprints one": ([entry(A1), entry(A2), entry(authors=())], {A1, A2}),
    "two title-only works and a DOI": ([entry(**ADA), entry(**BO), entry(D1, authors=())], {D1, f"{KEY}+"}),
    "retitled to a known title": ([entry(), entry(A1, title="Old"), entry(A1, version=2)], {A1}),
    "another namespace": ([entry("acl:2026.1", source="acl"), entry(A1)], {A1}),
    "a DOI before another namespace": ([entry("acl:2026.1", source="acl"), entry(D1)], {D1}),
    "two DOIs of one preprint": ([entry(D1, title="1"), entry(D2, title="2"), entry(A1, D1, D2)], {A1}),
    "only signs": ([entry(title="???"), entry(title="!!!")], None),
}


@pytest.mark.parametrize(("entries", "ids"), WORKS.values(), ids=WORKS)
def test_which_work(entries: list[Entry], ids: set[str] | None) -> None:
    """Ids decide; titles join what ids and authors allow; the same listing again changes nothing."""
    shelf = shelf_of(entries)
    assert set(shelf.papers) == ids or (ids is None and len(shelf.papers) == len(entries))
    assert again(shelf, entries) == {Change.KNOWN: len(entries)}
    assert all(paper.id == id_ for id_, paper in shelf.papers.items())


def test_joining_two_papers_keeps_all_of_both() -> None:
    """A title-only paper and an id's paper that turn out to be one: nothing is lost, the first sight counts."""
    shelf = shelf_of([entry(source="jsonl", votes=3, categories=("cs.RO",))])
    again(shelf, [entry(A1, title="Old title", categories=("cs.LG",))], LATER)
    assert set(shelf.papers) == {KEY, A1}
    assert again(shelf, [entry(A1, version=2)], LATER) == {Change.UPDATED: 1}
    (paper,) = shelf.papers.values()
    assert paper.categories == ("cs.LG", "cs.RO")
    assert (paper.sources, paper.votes, paper.first_seen) == (("arxiv", "jsonl"), 3, NOW)
    assert shelf.renamed == [(KEY, A1)]


# --- What is new ------------------------------------------------------------------------------------------


def test_a_revision_is_never_new() -> None:
    """It updates its paper, which stays first seen when it was."""
    shelf = shelf_of([entry(A1, version=1)])
    revised = entry(A1, version=2, abstract="Revised.")
    assert again(shelf, [revised]) == {Change.UPDATED: 1}
    assert shelf.papers[A1].first_seen == NOW
    assert again(shelf, [revised, entry(A1, version=1)]) == {Change.KNOWN: 2}


FIRST_SEEN = {
    "news": (entry(A1, published="2020-01-01"), NOW),
    "a reference, by its day": (entry(A1, reference=True, published="2020-01-02T10:00:00Z"), "2020-01-02"),
    "a reference, by its month": (entry(A1, reference=True, published="2020-02"), "2020-02-01"),
    "a reference, by its id": (entry("arxiv:1907.00001", reference=True), "2019-07-01"),
    "a reference, by its old id": (entry("arxiv:math/0309136", reference=True), "2003-09-01"),
    "a reference of the last century": (entry("arxiv:hep-th/9108001", reference=True), "1991-08-01"),
    "a reference from the future": (entry(A1, reference=True, published="2030-01-01"), NOW),
    "a reference without a date": (entry(D1, reference=True), NOW),
}


@pytest.mark.parametrize(("one", "seen"), FIRST_SEEN.values(), ids=FIRST_SEEN)
def test_references_are_no_news(one: Entry, seen: datetime | str) -> None:
    """What is fetched only to be resembled, or is a revision, was there when it was published."""
    expected = seen if isinstance(seen, datetime) else datetime.fromisoformat(seen).replace(tzinfo=UTC)
    assert only(one).first_seen == expected


def test_first_seen_is_the_earliest_sight() -> None:
    """Listings read out of order count as if in order; a reference is no sight."""
    shelf = shelf_of([entry(A1)], LATER)
    again(shelf, [entry(A1, reference=True, published="2020-01-01")], NOW)
    assert shelf.papers[A1].first_seen == LATER
    assert again(shelf, [entry(A1)], NOW) == {Change.KNOWN: 1}
    assert shelf.papers[A1].first_seen == NOW
    again(shelf, [entry(A1)], LATER)
    assert shelf.papers[A1].first_seen == NOW


# --- Whatever is listed, in whatever order ----------------------------------------------------------------


@dataclass(frozen=True)
class Work:
    """One work of a made-up world, and under what it may be listed."""

    ids: tuple[str, ...]
    titles: tuple[str, ...]
    authors: tuple[str, ...]
    alone: bool  #: whether no other work has one of its titles


@st.composite
def worlds(draw: st.DrawFn) -> list[Work]:
    """Up to five works by different people, some of one title, some with an id or two, some retitled."""
    works = []
    names = ["One Title", "Another Title", "A Third"]
    for n in range(draw(st.integers(1, 5))):
        ids = tuple(i for i in (f"arxiv:2605.0000{n}", f"doi:10.1000/{n}", f"acl:{n}") if draw(st.booleans()))
        titles = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2 if ids else 1, unique=True))
        works.append(Work(ids, tuple(titles), (f"First{n} Family{n}", f"Second{n} Family{n}"), alone=True))
    counts = Counter(title for work in works for title in work.titles)
    return [replace(work, alone=all(counts[title] == 1 for title in work.titles)) for work in works]


@st.composite
def sightings(draw: st.DrawFn, work: Work) -> Entry:
    """What some source says of a work.

    Two things keep it honest. An entry with neither id nor author under a title that two works have may go to
    either, so authors are left out only when the title is the work's own. And a withdrawal without a version
    cannot be set against a later version that takes it back, so those who tell of one tell its version.
    """
    ids = tuple(i for i in work.ids if draw(st.booleans()))
    version = draw(st.none() | st.integers(1, 3))
    return Entry(
        source=draw(st.sampled_from(["arxiv", "huggingface", "doi", "acl"])),
        title=draw(st.sampled_from([str.upper, str.lower, str]))(draw(st.sampled_from(work.titles))),
        abstract=draw(st.sampled_from(["", "One.", "Two."])),
        ids=ids,
        authors=() if work.alone and draw(st.booleans()) else work.authors,
        author_count=draw(st.none() | st.integers(1, 3)),
        categories=tuple(draw(st.lists(st.sampled_from(["cs.LG", "cs.AI", "cs.RO"]), unique=True))),
        organization=draw(st.sampled_from([None, "A Lab", "B Lab"])),
        version=version,
        published=draw(st.sampled_from([None, "2026-05", "2026-05-27", "2026-05-28T10:00:00Z"])),
        updated=draw(st.sampled_from([None, "2026-05", "2026-05-28", "2026-05-29T10:00:00Z"])),
        votes=draw(st.none() | st.integers(0, 3)),
        withdrawn=version is not None and draw(st.booleans()),
        cut=draw(st.booleans()),
        reference=draw(st.booleans()),
    )


@st.composite
def listings(draw: st.DrawFn) -> tuple[list[Work], list[tuple[Work, Entry]]]:
    works = draw(worlds())
    told = [(w, draw(sightings(w))) for w in draw(st.lists(st.sampled_from(works), max_size=12))]
    return works, told


@settings(max_examples=50, deadline=None)
@given(listings(), st.booleans())
def test_listing_the_same_again_changes_nothing(
    told: tuple[Any, list[tuple[Work, Entry]]], news: bool
) -> None:
    """Nothing is new, nothing is updated, no paper differs: not on an empty shelf, nor on one with older entries."""
    entries = [one for _, one in told[1]]
    shelf = shelf_of(entries[len(entries) // 2 :] if news else [])
    again(shelf, entries, LATER)
    before = dict(shelf.papers)
    assert again(shelf, entries, LATER) == ({Change.KNOWN: len(entries)} if entries else {})
    assert shelf.papers == before


def _linked(told: list[tuple[Work, Entry]]) -> bool:
    """Whether each work's sightings hang together: by an id, or by a title."""
    for work in {work for work, _ in told}:
        seen = [{*one.ids, one.title.casefold()} for of, one in told if of == work]
        reached, before = set(seen[0]), set()
        while reached != before:
            before = set(reached)
            reached.update(*(keys for keys in seen if keys & reached))
        if not all(keys <= reached for keys in seen):
            return False
    return True


@settings(max_examples=50, deadline=None)
@given(listings(), st.randoms(use_true_random=False))
def test_the_order_of_entries_does_not_matter(
    told: tuple[Any, list[tuple[Work, Entry]]], rng: random.Random
) -> None:
    """As many papers as works, under the best id listed of each, in any order.

    Order does tell in two cases. Which of two works of one title, both without an id, is called `title:...+`:
    the second one. And a sighting that nothing but a third one links to its work waits for that one.
    """
    shuffled = list(told[1])
    rng.shuffle(shuffled)
    papers = [shelf_of(one for _, one in order).papers for order in (told[1], shuffled)]
    bare = [sorted(id_.rstrip("+") for id_ in some) for some in papers]
    assert bare[0] == bare[1]
    if _linked(told[1]):
        assert len(papers[0]) == len({work.authors for work, _ in told[1]})


@given(st.permutations(range(5)))
def test_the_order_of_versions_does_not_matter(order: list[int]) -> None:
    """The text that stands at the end is the best of all.

    Cut entries are left out: a cut third version tells that there is one, and then only its whole text, or a
    later one, still counts as newer than what stands.
    """
    entries = [
        entry(A1, version=v, updated=day, abstract=f"Of {v} on {day}.")
        for v, day in ((1, None), (1, "2026-05-01"), (1, "2026-05-02"), (2, None), (2, "2026-05-03"))
    ]
    paper = only(*(entries[n] for n in order))
    assert (paper.abstract, paper.version) == ("Of 2 on 2026-05-03.", 2)
