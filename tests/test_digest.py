"""Which papers are shown, and the one reason why another is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digest import (
    AUTO_THRESHOLD,
    Decision,
    Verdict,
    auto_threshold,
    choose,
    everything_that_matches,
    excluded,
    mute_reason,
    window_start,
)
from bot.model import Mute, Paper, Profile, Ranked, Reference
from tests.support.builders import NOW, make_paper, make_profile, ranked

HAN = "Seungwook Han"
OLD = NOW - timedelta(days=8)
MUTED = Mute(terms=("survey",))


def verdict(
    profile: Profile, paper: Paper, given_: frozenset[str] = frozenset(), **place: Any
) -> Verdict | None:
    """What becomes of a paper, alone or in its place of an order."""
    decision = excluded(profile, paper, given_, NOW)
    return (decision or choose(profile, [ranked(paper, **place)]).decisions[paper.id]).verdict


GOOD: dict[str, Any] = {"title": "A survey of robots", "categories": ("cs.CY",), "authors": (HAN,)}
#: Each row takes the reason of the row above away: what remains decides.
PRECEDENCE: list[tuple[Verdict, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (
        Verdict.SENT,
        {"mute": MUTED, "categories": ("cs.LG",), "like": (Reference("test:a"),)},
        {"withdrawn": True, "first_seen": OLD, "authors": ()},
        {"given_": frozenset({"test:a"})},
    ),
    (
        Verdict.WITHDRAWN,
        {"mute": MUTED, "categories": ("cs.LG",), "like": (Reference("test:a"),)},
        {"withdrawn": True, "first_seen": OLD, "authors": ()},
        {},
    ),
    (
        Verdict.MUTED,
        {"mute": MUTED, "categories": ("cs.LG",), "like": (Reference("test:a"),)},
        {"first_seen": OLD, "authors": ()},
        {},
    ),
    (
        Verdict.OUTSIDE_WINDOW,
        {"categories": ("cs.LG",), "like": (Reference("test:a"),)},
        {"first_seen": OLD, "authors": ()},
        {},
    ),
    (
        Verdict.SAME_WORK,
        {"categories": ("cs.LG",), "like": (Reference("test:a"),)},
        {"authors": ()},
        {},
    ),
    (Verdict.CATEGORY, {"categories": ("cs.LG",)}, {"authors": ()}, {"matches": False, "relevance": 0.0}),
    (Verdict.NO_MATCH, {"threshold": 50.0, "limit": 0}, {}, {"matches": False, "relevance": 0.0}),
    (Verdict.BELOW_THRESHOLD, {"threshold": 50.0, "limit": 0}, {}, {"relevance": 49.9}),
    (Verdict.BEYOND_LIMIT, {"threshold": 50.0, "limit": 0}, {}, {"relevance": 50.0}),
    (Verdict.WOULD_BE_SENT, {"threshold": 50.0, "limit": 1}, {}, {"relevance": 50.0}),
]


@pytest.mark.parametrize(
    ("expected", "wishes", "fields", "place"), PRECEDENCE, ids=[row[0].name for row in PRECEDENCE]
)
def test_first_reason_decides(
    expected: Verdict, wishes: dict[str, Any], fields: dict[str, Any], place: dict[str, Any]
) -> None:
    """Of several reasons against a paper, the one that is told is the first of a fixed order."""
    profile = make_profile("robots", **wishes)
    assert verdict(profile, make_paper("a", **{**GOOD, **fields}), **place) == expected


def test_every_verdict_has_a_row() -> None:
    """`not stored` is the desk's to say, of a paper that there is none of; all others are decided here."""
    assert {row[0] for row in PRECEDENCE} == set(Verdict) - {Verdict.NOT_STORED}


@pytest.mark.parametrize(
    ("fields", "wishes", "told"),
    [
        ({"title": "Robots: a survey"}, {"terms": ("survey",)}, "'survey'"),
        ({"abstract": "We survey robots."}, {"terms": ("surveys",)}, "'surveys'"),
        ({"title": "Surveyor robots"}, {"terms": ("survey",)}, None),  # another word
        ({"authors": ("Seungwook Han",)}, {"authors": ("S. Han",)}, "S. Han"),
        ({"authors": ("Seungwook Lee", "Donghun Han")}, {"authors": (HAN,)}, None),
        ({"categories": ("cs.LG", "cs.CY")}, {"categories": ("cs.CY",)}, "cs.CY"),
        ({"categories": ("cs.LG", "cs.CY")}, {"categories": ("cs",)}, "cs.CY"),  # a whole archive
        ({"categories": ("csx.A",)}, {"categories": ("cs",)}, None),
        ({}, {"categories": ("cs",)}, None),  # unknown categories are not muted
    ],
)
def test_mutes(fields: dict[str, Any], wishes: dict[str, Any], told: str | None) -> None:
    """A mute is told by what it names; words whole, names whole, an archive with all of its categories."""
    reason = mute_reason(make_profile(mute=Mute(**wishes)), make_paper(**fields))
    assert (reason is None) if told is None else (reason is not None and told in reason)


def test_mute_beats_followed_author() -> None:
    """What is muted is never shown, not even by an author whose papers are always shown."""
    profile = make_profile(authors=(HAN,), mute=MUTED)
    assert verdict(profile, make_paper(**GOOD)) == Verdict.MUTED


@pytest.mark.parametrize(
    ("wanted", "has", "passes"),
    [
        ((), ("cs.CY",), True),  # a profile without categories wants all
        (("cs.LG",), (), True),  # unknown: the reader decides
        (("cs.LG",), ("cs.LG",), True),
        (("cs.LG",), ("stat.ML", "cs.LG"), True),  # cross-listed
        (("cs.LG",), ("cs.CY",), False),
        (("cs",), ("cs.CY",), True),  # a bare archive is all of it
        (("math",), ("math.AG", "cs.CY"), True),
        (("math",), ("math-ph",), False),  # another archive, though it begins alike
        (("cs.L",), ("cs.LG",), False),
        (("hep-th",), ("hep-th",), True),  # an archive without categories
        (("math", "cs.LG"), ("stat.ML",), False),
    ],
)
def test_categories(wanted: tuple[str, ...], has: tuple[str, ...], passes: bool) -> None:
    """Only the profile's categories, for papers whose categories are known."""
    decision = excluded(make_profile(categories=wanted), make_paper(categories=has), frozenset(), NOW)
    assert (decision is None) is passes
    assert decision is None or decision.verdict is Verdict.CATEGORY


def test_followed_author_passes_categories() -> None:
    """Papers of followed authors are always shown, whatever they are about."""
    profile = make_profile(categories=("cs.LG",), authors=(HAN,))
    assert verdict(profile, make_paper(categories=("cs.CY",), authors=(HAN,))) == Verdict.WOULD_BE_SENT


@pytest.mark.parametrize(
    ("age", "inside"),
    [
        (timedelta(0), True),  # seen this moment
        (timedelta(days=7) - timedelta(microseconds=1), True),
        (timedelta(days=7), False),  # seven days are over
        (-timedelta(microseconds=1), False),  # seen after the edition's moment
    ],
)
def test_window_edges(age: timedelta, inside: bool) -> None:
    """Seven days before the edition, its own moment included, their first moment not."""
    profile = make_profile(window=7)
    decision = excluded(profile, make_paper(first_seen=NOW - age), frozenset(), NOW)
    assert (decision is None) is inside
    assert window_start(profile, NOW) == NOW - timedelta(days=7)


def test_disliked_paper_is_known_too() -> None:
    """A paper named under dislike is not shown."""
    profile = make_profile(dislike=(Reference("test:a"),))
    assert verdict(profile, make_paper("a")) == Verdict.SAME_WORK


# --- Threshold and limit ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "relevance", "score", "expected"),
    [
        (None, AUTO_THRESHOLD, 0.1, Verdict.WOULD_BE_SENT),  # auto: 80 is enough
        (None, AUTO_THRESHOLD - 0.1, 0.1, Verdict.BELOW_THRESHOLD),
        (0.0, 0.0, 0.1, Verdict.WOULD_BE_SENT),
        (99.5, 99.5, 0.1, Verdict.WOULD_BE_SENT),
        (99.5, 99.4, 0.1, Verdict.BELOW_THRESHOLD),
        (100.0, 99.99, 0.1, Verdict.BELOW_THRESHOLD),
        # what speaks against it weighs as much as what speaks for it
        (0.0, 50.0, 0.0, Verdict.BELOW_THRESHOLD),
        (0.0, 50.0, -0.2, Verdict.BELOW_THRESHOLD),
    ],
)
def test_threshold(wish: float | None, relevance: float, score: float, expected: Verdict) -> None:
    """A relevance that reaches the threshold is enough, if the score is more than nothing."""
    profile = make_profile(threshold=wish)
    assert verdict(profile, make_paper(), relevance=relevance, score=score) == expected


def line_up(*kinds: str) -> list[Ranked]:
    """An order: `t` matches by text, `f` is by a followed author, `.` does not match."""
    return [
        ranked(make_paper(str(n), authors=(HAN,) if kind == "f" else ()), matches=kind != ".")
        for n, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("background", "asked"),
    [(0, 0.0), (20, 0.0), (60, 40.0), (100, 80.0), (2000, 80.0)],
    ids=["nothing stored", "20 papers", "half way", "100 papers", "a full sample"],
)
def test_auto_asks_for_less_while_little_is_stored(background: int, asked: float) -> None:
    """A share of a handful of papers says little: with 20 or fewer, every match may be shown."""
    assert auto_threshold(background) == asked
    order = [ranked(make_paper("a"), relevance=asked), ranked(make_paper("b"), relevance=asked - 0.1)]
    shown = choose(make_profile(threshold=None), order, auto_threshold(background)).shown
    assert [one.paper.id for one in shown] == ["test:a"]


@pytest.mark.parametrize(
    ("kinds", "limit", "shown"),
    [
        ("ttt", 2, "01"),
        ("ttt", 9, "012"),
        ("ftt", 2, "012"),  # a followed author takes no one's place
        ("ttf", 1, "02"),  # and is shown even beyond the limit
        ("t.t", 2, "02"),  # nor does what matches nothing
        ("fff", 1, "012"),
        ("", 3, ""),
    ],
)
def test_limit(kinds: str, limit: int, shown: str) -> None:
    """At most so many by text, the best first; papers of followed authors come on top of them."""
    profile = make_profile(limit=limit, authors=(HAN,))
    order = line_up(*kinds)
    choice = choose(profile, order)
    assert "".join(one.paper.id.removeprefix("test:") for one in choice.shown) == shown
    assert choice.decisions.keys() == {one.paper.id for one in order}


def test_everything_that_matches() -> None:
    """`preview --all` goes past threshold and limit, but not to what nothing speaks for."""
    order = line_up(*"t.f")
    assert everything_that_matches(order) == (order[0], order[2])


def test_every_decision_says_why_in_a_sentence() -> None:
    """A reader is told the number that decided."""
    order = [*line_up(*"tt"), ranked(make_paper("z"), relevance=3.25)]
    decisions = choose(make_profile(limit=1, threshold=50.0), order).decisions
    assert decisions["test:1"] == Decision(
        Verdict.BEYOND_LIMIT, "it is number 2, and the digest holds 1 (limit)"
    )
    assert decisions["test:z"].why == "its relevance 3.2 is under the threshold 50"
    assert choose(make_profile(threshold=None), order).decisions["test:z"].why.endswith("80 (auto)")


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(0, 100), st.floats(-1, 2)), max_size=12),
    st.integers(1, 6),
    st.one_of(st.none(), st.floats(0, 100)),
)
def test_choice_is_the_decisions(
    rows: list[tuple[bool, bool, float, float]], limit: int, wish: float | None
) -> None:
    """What is shown is what would be sent, in order; no more by text than the limit, and every followed one."""
    order = [
        ranked(make_paper(str(n), authors=(HAN,) if followed else ()), score, relevance, matches)
        for n, (followed, matches, relevance, score) in enumerate(rows)
    ]
    choice = choose(make_profile(limit=limit, threshold=wish, authors=(HAN,)), order)
    sent = [one for one in order if choice.decisions[one.paper.id].verdict is Verdict.WOULD_BE_SENT]
    assert list(choice.shown) == sent
    assert sum(not one.paper.authors for one in sent) <= limit
    assert all(one in sent for one in order if one.paper.authors)
