"""Which work an entry shows, and how entries are merged into a paper."""

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
    """A whole entry from arXiv with these changes."""
    whole = Entry("arxiv", TITLE, abstract="An abstract.", ids=ids, authors=("Ada Example", "Bo Sample"))
    return replace(whole, **changes)


def batch_of(entries: Iterable[Entry], now: datetime = NOW) -> MergeBatch:
    batch = MergeBatch()
    for each in entries:
        batch.add(each, now)
    return batch


def add_listing(batch: MergeBatch, entries: Iterable[Entry], now: datetime = LATER) -> Counter[Change]:
    batch.listed = set()
    return Counter(batch.add(each, now) for each in entries)


def merged(*entries: Entry) -> Paper:
    """The one paper of these entries, each from a listing of its own."""
    batch = MergeBatch()
    for each in entries:
        add_listing(batch, [each], NOW)
    (paper,) = batch.papers.values()
    return paper


# --- What adds up -----------------------------------------------------------------------------------------


def test_several_sources_make_one_paper() -> None:
    """Categories and sources add up; a field that only one source has is kept."""
    paper = merged(
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
    """A listing with fewer votes, or without any, removes none."""
    paper = merged(*(entry(A1, votes=n, comments=n) for n in votes))
    assert (paper.votes, paper.comments) == (12, 12)


@pytest.mark.parametrize(
    ("first", "second", "published"),
    [
        ("2026-05-28", "2026-05-27", "2026-05-27"),
        ("2026-05", "2026-05-27", "2026-05-27"),
        ("2026-05-27T10:00:00Z", "2026-05-27", "2026-05-27T10:00:00Z"),
        ("2026-05", "2026-04-30", "2026-04-30"),
        (None, "2026-05-27", "2026-05-27"),
    ],
)
def test_the_earliest_date_is_kept(first: str | None, second: str, published: str) -> None:
    """Of dates that agree the more exact one, of others the earlier one, in any order."""
    entries = [entry(A1, published=date, announced=date) for date in (first, second)]
    for paper in (merged(*entries), merged(*entries[::-1])):
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
    """In any order: a whole text before a cut one, then the later one, then that of the paper's archive."""
    good = entry(A1, **{"title": "Good", "abstract": "Good.", "authors": ("Gus Good",), **better})
    bad = entry(A1, **{"title": "Bad", "abstract": "Bad.", "authors": ("Bea Bad",), **worse})
    for paper in (merged(good, bad), merged(bad, good), merged(bad, good, bad)):
        assert (paper.title, paper.abstract, paper.authors) == ("Good", "Good.", ("Gus Good",))
        assert not paper.cut
        assert paper.version == max(filter(None, (good.version, bad.version)), default=None)


def test_a_source_can_correct_its_text() -> None:
    """Without a version or a date, the later listing of the same source has the newer text."""
    assert merged(entry(A1, abstract="Old."), entry(A1, abstract="New.")).abstract == "New."


def test_the_first_of_two_equal_entries_of_a_listing_wins() -> None:
    """Otherwise the text would change with every listing."""
    entries = [entry(A1, abstract="One."), entry(A1, abstract="Two.")]
    batch = batch_of(entries)
    assert batch.papers[A1].abstract == "One."
    assert add_listing(batch, entries) == {Change.KNOWN: 2}
    assert add_listing(batch, [entry(A1, abstract="Three.")]) == {Change.UPDATED: 1}


def test_a_cut_text_never_replaces_a_whole_one() -> None:
    """Not by a later version, nor when two papers turn out to be one."""
    cut, whole = entry(D1, abstract="Broken o", cut=True), entry(abstract="Whole.", source="jsonl")
    batch = batch_of([replace(cut, title="Other"), whole])
    assert len(batch.papers) == 2
    batch.add(entry(D1, abstract="", cut=True), NOW)
    (paper,) = batch.papers.values()
    assert (paper.id, paper.abstract, paper.cut) == (D1, "Whole.", False)


def test_author_counts() -> None:
    """A count is used only where there are no names."""
    counted = entry(A1, authors=(), author_count=4, source="huggingface")
    assert merged(counted).author_count == 4
    assert merged(counted, entry(A1)).author_count == 2
    assert merged(entry(A1), counted).author_count == 2


WITHDRAWALS = {
    "in one listing": ([(1, False), (1, True)], True),
    "another source does not know": ([(1, True), (1, False)], True),
    "a source without versions does not know": ([(1, True), (None, False)], True),
    "by a page without versions": ([(1, False), (None, True)], True),
    "by a new version": ([(1, False), (2, True)], True),
    "an old version listed again": ([(2, True), (1, False)], True),
    "revoked": ([(2, True), (3, False)], False),
    "revoked, the old one listed again": ([(2, True), (3, False), (2, True)], False),
}


@pytest.mark.parametrize(("listed", "withdrawn"), WITHDRAWALS.values(), ids=WITHDRAWALS)
def test_a_withdrawal_holds_until_a_later_version(
    listed: list[tuple[int | None, bool]], withdrawn: bool
) -> None:
    """Other sources, which do not have the remark, do not revoke it."""
    assert merged(*(entry(A1, version=v, withdrawn=w) for v, w in listed)).withdrawn is withdrawn


# --- Which work -------------------------------------------------------------------------------------------

ADA, BO = {"authors": ("Ada Example",)}, {"authors": ("Bo Sample",)}
WORKS = {
    "a revision": ([entry(A1, version=1), entry(A1, version=2, title="Retitled")], {A1}),
    "two ids": ([entry(A1), entry(A2, title="Another")], {A1, A2}),
    "a title": ([entry()], {KEY}),
    "a title twice": ([entry(), entry(title="WORLD models, for robots")], {KEY}),
    "a title by others": ([entry(**ADA), entry(**BO)], {KEY, f"{KEY}+"}),
    "a title without authors": ([entry(**ADA), entry(authors=())], {KEY}),
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
    "preprint and DOI in one entry": ([entry(A1, D1, title="One"), entry(D1, title="Two")], {A1}),
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
    """Ids decide; the same title is the same work if ids and authors allow it; listing all again changes nothing."""
    batch = batch_of(entries)
    assert set(batch.papers) == ids or (ids is None and len(batch.papers) == len(entries))
    assert add_listing(batch, entries) == {Change.KNOWN: len(entries)}
    assert all(paper.id == id_ for id_, paper in batch.papers.items())


def test_merging_two_papers_keeps_the_fields_of_both() -> None:
    """When a paper without an id and one with an id turn out to be one; the earlier `first_seen` is kept."""
    batch = batch_of([entry(source="jsonl", votes=3, categories=("cs.RO",))])
    add_listing(batch, [entry(A1, title="Old title", categories=("cs.LG",))], LATER)
    assert set(batch.papers) == {KEY, A1}
    assert add_listing(batch, [entry(A1, version=2)], LATER) == {Change.UPDATED: 1}
    (paper,) = batch.papers.values()
    assert paper.categories == ("cs.LG", "cs.RO")
    assert (paper.sources, paper.votes, paper.first_seen) == (("arxiv", "jsonl"), 3, NOW)
    assert batch.renamed == [(KEY, A1)]


# --- What is new ------------------------------------------------------------------------------------------


def test_a_revision_is_never_new() -> None:
    """It updates the paper, and `first_seen` stays."""
    batch = batch_of([entry(A1, version=1)])
    revised = entry(A1, version=2, abstract="Revised.")
    assert add_listing(batch, [revised]) == {Change.UPDATED: 1}
    assert batch.papers[A1].first_seen == NOW
    assert add_listing(batch, [revised, entry(A1, version=1)]) == {Change.KNOWN: 2}


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


@pytest.mark.parametrize(("listed", "seen"), FIRST_SEEN.values(), ids=FIRST_SEEN)
def test_references_are_first_seen_when_published(listed: Entry, seen: datetime | str) -> None:
    """A revision, or a paper that a profile names, does not become a new paper."""
    expected = seen if isinstance(seen, datetime) else datetime.fromisoformat(seen).replace(tzinfo=UTC)
    assert merged(listed).first_seen == expected


def test_first_seen_is_the_earliest_listing() -> None:
    """Listings may be read in any order; references do not count."""
    batch = batch_of([entry(A1)], LATER)
    add_listing(batch, [entry(A1, reference=True, published="2020-01-01")], NOW)
    assert batch.papers[A1].first_seen == LATER
    assert add_listing(batch, [entry(A1)], NOW) == {Change.KNOWN: 1}
    assert batch.papers[A1].first_seen == NOW
    add_listing(batch, [entry(A1)], LATER)
    assert batch.papers[A1].first_seen == NOW


# --- Any listings in any order ----------------------------------------------------------------


@dataclass(frozen=True)
class Work:
    """One work, and the ids and titles under which it may be listed."""

    ids: tuple[str, ...]
    titles: tuple[str, ...]
    authors: tuple[str, ...]
    is_unique: bool  #: whether no other work has one of its titles


@st.composite
def worlds(draw: st.DrawFn) -> list[Work]:
    """Up to five works by different people, some of one title, some with an id or two, some retitled."""
    works = []
    names = ["One Title", "Another Title", "A Third"]
    for n in range(draw(st.integers(1, 5))):
        ids = tuple(i for i in (f"arxiv:2605.0000{n}", f"doi:10.1000/{n}", f"acl:{n}") if draw(st.booleans()))
        titles = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2 if ids else 1, unique=True))
        works.append(
            Work(ids, tuple(titles), (f"First{n} Family{n}", f"Second{n} Family{n}"), is_unique=True)
        )
    counts = Counter(title for work in works for title in work.titles)
    return [replace(work, is_unique=all(counts[title] == 1 for title in work.titles)) for work in works]


@st.composite
def entries_of(draw: st.DrawFn, work: Work) -> Entry:
    """An entry for a work.

    An entry with neither id nor author under a title of two works may go to either, so authors are left out only when
    the title is unique. A withdrawal without a version cannot be compared with a later version that revokes it, so
    withdrawn entries have a version.
    """
    ids = tuple(i for i in work.ids if draw(st.booleans()))
    version = draw(st.none() | st.integers(1, 3))
    return Entry(
        source=draw(st.sampled_from(["arxiv", "huggingface", "doi", "acl"])),
        title=draw(st.sampled_from([str.upper, str.lower, str]))(draw(st.sampled_from(work.titles))),
        abstract=draw(st.sampled_from(["", "One.", "Two."])),
        ids=ids,
        authors=() if work.is_unique and draw(st.booleans()) else work.authors,
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
    return works, [(w, draw(entries_of(w))) for w in draw(st.lists(st.sampled_from(works), max_size=12))]


@settings(max_examples=50, deadline=None)
@given(listings(), st.booleans())
def test_listing_the_same_again_changes_nothing(
    listing: tuple[Any, list[tuple[Work, Entry]]], reordered: bool
) -> None:
    """No paper is new, updated or different; also when half of the entries were merged before the others.

    From the third time on: when the first listing merges two papers, the second one may still choose another text.
    """
    entries = [each for _, each in listing[1]]
    batch = batch_of(entries[len(entries) // 2 :] if reordered else [])
    add_listing(batch, entries, LATER)
    add_listing(batch, entries, LATER)
    before = dict(batch.papers)
    assert add_listing(batch, entries, LATER) == ({Change.KNOWN: len(entries)} if entries else {})
    assert batch.papers == before


def _are_linked(listed: list[tuple[Work, Entry]]) -> bool:
    """Whether the entries of each work are connected by common ids and titles."""
    for work in {work for work, _ in listed}:
        keys_of_entries = [{*each.ids, each.title.casefold()} for of, each in listed if of == work]
        reached, before = set(keys_of_entries[0]), set()
        while reached != before:
            before = set(reached)
            reached.update(*(keys for keys in keys_of_entries if keys & reached))
        if not all(keys <= reached for keys in keys_of_entries):
            return False
    return True


@settings(max_examples=50, deadline=None)
@given(listings(), st.randoms(use_true_random=False))
def test_the_order_of_entries_does_not_matter(
    listing: tuple[Any, list[tuple[Work, Entry]]], rng: random.Random
) -> None:
    """As many papers as works, under the best id listed of each, in any order.

    With two exceptions: of two works with one title and without an id, the second one is called `title:...+`; and an
    entry that only a third one connects with its work is a paper of its own until then.
    """
    listed = listing[1]
    shuffled = list(listed)
    rng.shuffle(shuffled)
    papers = [batch_of(each for _, each in order).papers for order in (listed, shuffled)]
    first, second = (sorted(id_.rstrip("+") for id_ in by_id) for by_id in papers)
    assert first == second
    if _are_linked(listed):
        assert len(papers[0]) == len({work.authors for work, _ in listed})


@given(st.permutations(range(5)))
def test_the_order_of_versions_does_not_matter(order: list[int]) -> None:
    """The best text remains.

    Without cut entries: a cut version 3 sets the paper's version, and then only a whole text of version 3 or later
    is newer.
    """
    entries = [
        entry(A1, version=v, updated=day, abstract=f"Of {v} on {day}.")
        for v, day in ((1, None), (1, "2026-05-01"), (1, "2026-05-02"), (2, None), (2, "2026-05-03"))
    ]
    paper = merged(*(entries[n] for n in order))
    assert (paper.abstract, paper.version) == ("Of 2 on 2026-05-03.", 2)


# --- A clock that was wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "dates", "is_corrected"),
    [
        ("2026-05-18", {"published": "2026-05-27T17:00:00Z"}, True),
        ("2026-05-18", {"announced": "2026-05-28"}, True),
        ("2026-05-18", {"published": "2026-05-18"}, False),  # listed again, as Hugging Face does
        ("2026-05-18", {"published": "2026-05-19"}, False),  # a day is for time zones
        ("2026-05-18", {"published": "2026-05-17", "announced": "2026-05-28"}, False),
        ("2026-05-18", {}, False),
        ("2026-04-18", {"published": "2026-05-10"}, False),  # no news any more
        ("2026-05-18", {"published": "2026-06-10"}, False),  # today's clock is as impossible
        (
            "2026-05-01",
            {"published": "2026-05-27"},
            False,
        ),  # the month of the id, of a paper seen as a revision
    ],
)
def test_an_impossible_first_sight_is_corrected(seen: str, dates: dict[str, str], is_corrected: bool) -> None:
    """The clock was behind, and the paper would never be sent. Only the real clock corrects it, and only of what is
    recent.
    """
    before = datetime.fromisoformat(seen).replace(tzinfo=UTC)
    for is_live in (True, False):
        batch = batch_of([entry(A1)], before)
        batch.is_live = is_live
        assert add_listing(batch, [entry(A1, reference=True, **dates)], NOW)
        assert batch.papers[A1].first_seen == before
        add_listing(batch, [entry(A1, **dates)], NOW)
        assert batch.papers[A1].first_seen == (NOW if is_live and is_corrected else before)


def test_the_number_of_authors_may_exceed_the_names() -> None:
    """Of a list that was cut; it is the number of whoever gave the names."""
    assert merged(entry(A1, author_count=5154)).author_count == 5154
    assert merged(entry(A1, authors=(), author_count=4), entry(A1)).author_count == 2
    assert merged(entry(A1), entry(A1, source="huggingface", authors=(), author_count=4)).author_count == 2
