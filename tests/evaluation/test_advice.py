"""Advice: each planted fault is found at its place, and a profile without faults gets none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any

import pytest

from bot.digests.corpus import Corpus
from bot.evaluation.advice import LEAST_DAYS, LEAST_PAPERS, Report, advise, advise_by_counts, versions
from bot.evaluation.findings import Counts, Kind, matches_nothing
from bot.papers.model import CountedPaper
from bot.profiles.model import Match, Mute, Profile, Reference
from bot.ranking.counts import counts
from bot.ranking.linear import Ranker
from tests.support.builders import NOW, counted, interests, make_paper, make_profile, subscription

DAYS = 10
FILLERS = (
    "bridges crack under heavy traffic",
    "finches copy songs of their fathers",
    "ledgers tell what millers owed",
    "dough rests before it is folded",
    "telescopes follow faint comets",
)
WORDS = (
    "measure",
    "slow",
    "third",
    "summer",
    "station",
    "region",
    "village",
    "river",
    "signal",
    "border",
    "market",
)
#: For a number of papers a day: title, abstract, categories and authors.
PAPERS: tuple[tuple[int, str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    (3, "Glacier melt", "A glacier loses mass. Each glacier is near the coast.", ("cs.LG",), ("Jing Xiong",)),
    (
        2,
        "Coral reefs in warm seas",
        "Coral reefs regain colour with tide gauges.",
        ("cs.LG",),
        ("Junwu Xiong",),
    ),
    (
        1,
        "Bleached coral reefs",
        "Bleached coral reefs, seen with tide gauges.",
        ("cs.LG",),
        ("Seungwook Han",),
    ),
    (1, "Surface code of a lattice", "A surface code on a lattice.", ("cs.LG",), ("Ada Example",)),
    (1, "Volcanic ash", "Volcanic ash stays in the air.", ("physics.geo-ph",), ("Bo Sample",)),
    (
        1,
        "Trains in valleys",
        f"Railway delays {' '.join(WORDS)} {' '.join(WORDS)}.",
        ("cs.LG",),
        ("Bo Sample",),
    ),
    (1, "Reading tide gauges", "Tide gauges that need no clock.", ("cs.LG",), ("Bo Sample",)),
)


@cache
def archive() -> tuple[CountedPaper, ...]:
    """Some days of papers on the subjects above and others."""
    random, papers = Random(3), []
    for day in range(DAYS):
        works = [(title, text, *rest) for number, title, text, *rest in PAPERS for _ in range(number)]
        works += [(random.choice(FILLERS).capitalize(), "", ("cs.LG",), ()) for _ in range(20)]
        if day < 3:  # one paper in a hundred
            works.append(("Kelp forests", "A kelp forest below the waves.", ("cs.LG",), ()))
        for number, (title, text, categories, authors) in enumerate(works):
            words = " ".join(random.sample(WORDS, 6))
            paper = make_paper(
                f"{day}.{number:02d}",
                f"{title} {random.randrange(10_000)} {words[:9]}",
                abstract=f"{text} We {words}, and {random.choice(FILLERS)} in the {words[::-1]}.",
                categories=tuple(categories),
                # one of many, so that papers of one subject are not taken for a series
                authors=(*authors, *(f"{word} {day} {number}" for word in ("Iris", "Otto", "Uma"))),
                first_seen=NOW - timedelta(days=DAYS - 1 - day),
            )
            papers.append(counted(paper))
    return tuple(papers)


def report_on(profile: Profile, papers: Sequence[CountedPaper] | None = None) -> Report:
    window = tuple(archive() if papers is None else papers)
    every = versions(profile)
    packed = tuple(one.terms for one in window)
    named = {one.paper.id: one for one in window}
    corpus = Corpus(NOW, {one.id: one for one in every}, window, window, packed, named)
    return advise(profile, corpus, Ranker(packed, window, window, every, named))


def profile(*phrases: str, **fields: Any) -> Profile:
    return make_profile(*phrases, **{"threshold": Match.GOOD, "deliver": (subscription(),), **fields})


def found(report: Report) -> set[tuple[str, Any]]:
    return {(str(one.kind), one.loc) for one in report.advice}


def test_each_planted_fault_is_found() -> None:
    """At its place, with its number, and with what to write instead."""
    wanted = {"9.00", "8.00", "9.07", "1.30", "2.30"}  # papers on glaciers, ash and kelp
    liked = [one.paper for one in archive() if one.paper.id.removeprefix("test:") in wanted]
    bad = profile(
        "surface code decoders",
        "glacier",
        "coral reefs",
        "coral reef",
        "bleached coral reefs",
        "volcanic ash",
        "railway delays",
        "glacers of the moon",
        like=tuple(Reference(paper.id) for paper in liked),
        authors=("Han Seungwook", "J. Xiong", "Ada Example"),
        avoid=interests("comets of bread"),
        mute=Mute(terms=("melt",), authors=("Bo Sample",)),
        categories=("cs.LG",),
        limit=2,
        threshold=Match.STRONG,
    )
    report = report_on(bad)
    sentences = {(str(one.kind), one.loc): one.what for one in report.advice}
    where = f"{len(archive())} papers of the last {DAYS} days"
    for kind, loc, part in (
        (
            Kind.NOTHING,
            ("interests", 0),
            f"nothing among {where} (none has 'decoders'), but 'surface code' is in {DAYS}: write that",
        ),
        (Kind.NOTHING, ("interests", 5), f"in {DAYS} of {where}, but muting 'Bo Sample' hides all"),
        (Kind.NOTHING, ("interests", 7), "(none has 'glacers'): did you mean 'glacier'?"),
        (Kind.NOTHING, ("avoid", 0), "'bread'"),
        (Kind.COVERED, ("interests", 3), "says the same as 'coral reefs'"),
        (
            Kind.COVERED,
            ("interests", 4),
            f"adds no paper: the {DAYS} with it are among the {3 * DAYS} of 'coral reefs'",
        ),
        (Kind.SPELLINGS, ("authors", 0), f"did you mean 'Seungwook Han' ({DAYS} papers)?"),
        (
            Kind.SPELLINGS,
            ("authors", 1),
            f"'Jing Xiong' ({3 * DAYS} papers), 'Junwu Xiong' ({2 * DAYS} papers)",
        ),
        (
            Kind.HIDES_LIKED,
            ("mute", "terms", 0),
            "would hide 2 of your 5 liked papers, such as 'Glacier melt",
        ),
        (Kind.HIDES_LIKED, ("mute", "authors", 0), "1 of your 5"),
        (Kind.HIDES_LIKED, ("categories",), "add physics.geo-ph (1 paper)"),
        (
            Kind.MISSING_TERM,
            ("interests",),
            f"'kelp forest' is in 2 of your 5 liked papers and in 3 of {where}",
        ),
    ):
        assert part in sentences.get((str(kind), loc), f"not found: {sentences}")


def test_an_interest_that_a_tenth_of_all_papers_have() -> None:
    """It is too wide; the advice names narrower phrases from titles."""
    (advice,) = [
        one for one in report_on(profile("river", "coral reefs")).advice if one.kind is Kind.TOO_MUCH
    ]
    assert advice.loc == ("interests", 0)
    assert advice.numbers["found"] > 0.1 * advice.numbers["papers"]
    assert "write something narrower" in advice.what


def one_about(report: Report, position: int) -> tuple[str, str]:
    """The kind and the sentence of the only finding about an interest."""
    (advice,) = [one for one in report.advice if one.loc == ("interests", position)]
    return str(advice.kind), advice.what


def test_one_finding_about_an_interest() -> None:
    """One that is too wide, too, is not to be narrowed when all its papers are muted or another interest has them."""
    muted = profile("tide gauges", "glacier", mute=Mute(terms=("tide gauges",)))
    kind, what = one_about(report_on(muted), 0)
    assert (kind, "muting 'tide gauges' hides all of them" in what) == ("matches nothing", True)
    wide = report_on(profile("reading tide gauges", "tide gauges"))
    kind, what = one_about(wide, 0)
    assert (kind, "remove it, or 'tide gauges', which is too wide" in what) == ("covered", True)
    assert one_about(wide, 1)[0] == "matches too much"


def test_two_papers_are_no_evidence() -> None:
    """That a category is missing: it takes three."""
    ash = profile("volcanic ash", categories=("cs.LG",))
    few = [one for one in archive() if "Volcanic" not in one.paper.title or one.paper.id[5] in "12"]
    kind, what = one_about(report_on(ash, few), 0)
    assert kind == "matches nothing"
    assert "is in 2 of" in what
    assert "rare, or no profile asks arXiv for its categories" in what
    assert "add physics.geo-ph (10 papers)" in one_about(report_on(ash), 0)[1]


@pytest.mark.parametrize(("repair", "change"), [(4, "write 'repair' alone"), (6, "write it in other words")])
def test_a_word_alone_must_be_rare(repair: int, change: str) -> None:
    """At most one paper in 200 has it."""
    found = {"program": 30, "repair": repair, "program repair": 0}
    advice = matches_nothing(
        ("interests", 0), "program repair", Counts(1000, "1,000 papers", found.__getitem__)
    )
    assert f"or no profile asks arXiv for its categories; {change}, or remove it" in advice.what


def test_an_interest_whose_papers_liked_ones_find() -> None:
    """The sentence says so."""
    liked = [one.paper.id for one in archive() if one.paper.title.startswith("Glacier")][:6]
    likes = profile("melt", "railway delays", like=tuple(map(Reference, liked)))
    kind, what = one_about(report_on(likes), 0)
    assert (kind, "liked papers find the same: " in what) == ("never decides", True)


def test_an_interest_that_never_decides_a_place() -> None:
    """No paper is shown for it, and without it the digests have the same papers."""
    report = report_on(profile("coral reefs", "railway delays", "reefs", threshold=Match.STRONG))
    assert ("never decides", ("interests", 1)) in found(report)
    assert ("never decides", ("interests", 0)) not in found(report)


def test_full_and_empty_digests() -> None:
    """The threshold or the limit to change, and how many papers another one would bring."""
    full = report_on(profile("glacier", "coral reefs", limit=1))
    assert {("too many", ("interests", 0)), ("too many", ("threshold",))} & found(full)
    assert full.shown == full.digests == DAYS
    empty = report_on(profile("railway delays", threshold=Match.STRONG))
    (advice,) = [one for one in empty.advice if one.kind is Kind.TOO_FEW]
    assert empty.quiet == DAYS
    assert (advice.loc, advice.numbers["quiet"]) == (("threshold",), DAYS)
    assert (
        f"{DAYS} of {DAYS} digests are empty; `threshold: partial` would have about 1.0 papers" in advice.what
    )
    hidden = profile("coral reefs", threshold=100.0, mute=Mute(terms=("reefs",)), categories=("cs.LG",))
    (advice,) = [one for one in report_on(hidden).advice if one.kind is Kind.TOO_FEW]
    assert advice.loc == ("threshold",)
    assert (advice.numbers["below"], advice.numbers["muted"], advice.numbers["outside"]) == (
        3 * DAYS,
        3 * DAYS,
        0,
    )
    assert f"{3 * DAYS} good matches are below your threshold: `threshold: good` would" in advice.what
    assert f"{3 * DAYS} good matches are muted, {3 * DAYS} of them by 'reefs'" in advice.what
    muted = report_on(replace(hidden, threshold=Match.GOOD))
    (advice,) = [one for one in muted.advice if one.kind is Kind.TOO_FEW]
    assert advice.loc == ("mute", "terms", 0)
    outside = report_on(profile("volcanic ash", "tide clocks", categories=("cs.CV",)))
    (advice,) = [one for one in outside.advice if one.kind is Kind.TOO_FEW]
    assert (advice.loc, "add physics.geo-ph (10 papers)" in advice.what) == (("categories",), True)


def test_a_profile_without_faults() -> None:
    """It gets no advice, and says what to expect."""
    report = report_on(profile("coral reefs", "surface code", authors=("Seungwook Han", "Nobody Known")))
    assert report.advice == ()
    assert (report.digests, report.quiet, report.shown) == (DAYS, 0, 4 * DAYS)


@pytest.mark.parametrize(
    ("papers", "days"),
    [(LEAST_PAPERS - 1, LEAST_DAYS), (LEAST_PAPERS, LEAST_DAYS - 1), (0, 1)],
)
def test_a_small_archive(papers: int, days: int) -> None:
    """With few papers, or few days of them, there is no advice."""
    some = [
        replace(one, paper=replace(one.paper, first_seen=NOW - timedelta(days=n % days)))
        for n, one in enumerate(archive()[:papers])
    ]
    report = report_on(profile("quantum basketball"), some)
    assert (report.papers, report.days, report.advice, report.is_possible) == (papers, days, (), False)


def test_advice_by_counts_alone() -> None:
    """What needs no ranking, in the same words; long interests are left to the ranker."""
    phrases = ("surface code decoders", "river", "coral reefs", "a long interest of many more words")
    checked = profile(*phrases, avoid=interests("medical imaging"))
    advice = list(advise_by_counts(checked, [one.terms for one in archive()]))
    assert [(one.kind, one.loc) for one in advice] == [
        (Kind.NOTHING, ("interests", 0)),
        (Kind.TOO_MUCH, ("interests", 1)),
        (Kind.NOTHING, ("avoid", 0)),
    ]
    assert (
        f"among {len(archive())} stored papers (none has 'decoders'), but 'surface code' is in"
        in advice[0].what
    )
    assert list(advise_by_counts(checked, [counts("Coral reefs", "")])) != advice
