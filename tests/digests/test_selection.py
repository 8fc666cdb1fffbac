"""Which papers are candidates, which of them are shown, and why others are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.digests.candidates import Candidates, exclusion_reason, mute_reason, window_start
from bot.digests.model import History
from bot.digests.selection import Decision, Selection, Verdict, all_matches, decision_for, select
from bot.papers.model import Paper
from bot.papers.names import authors_among
from bot.profiles.model import Match, Mute, Profile, Reference
from bot.ranking.model import RankedPaper
from bot.text.terms import Role, role, tokenize
from tests.support.builders import NOW, make_paper, make_profile, ranked

HAN = "Seungwook Han"
OLD = NOW - timedelta(days=8)
MUTED = Mute(terms=("survey",))
NEW = History()


class Same:
    """A TwinFinder: titles with the same first word are a series, equal titles are repeated."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[str], bool]] = []

    def __call__(self, paper: Paper, others: Sequence[Paper], *, repeated: bool = False) -> Paper | None:
        self.calls.append((paper.id, [other.id for other in others], repeated))
        return next((other for other in others if self._alike(paper, other, repeated)), None)

    @staticmethod
    def _alike(one: Paper, other: Paper, repeated: bool) -> bool:
        return one.title == other.title if repeated else one.title.split()[0] == other.title.split()[0]


def verdict(profile: Profile, paper: Paper, history: History = NEW, **place: Any) -> Verdict | None:
    """The verdict on a paper that is the only candidate."""
    alone = ranked(paper, **place)
    decision = exclusion_reason(profile, paper, history, NOW)
    return (decision or decision_for(profile, alone, 1, selected(profile, [alone]))).verdict


def decisions(
    profile: Profile, order: Sequence[RankedPaper], selection: Selection | None = None
) -> dict[str, Decision]:
    """The decision on each paper of an order."""
    selection = selection or selected(profile, order)
    return {one.paper.id: decision_for(profile, one, n, selection) for n, one in enumerate(order, start=1)}


def selected(profile: Profile, order: Sequence[RankedPaper], given_: Sequence[Paper] = ()) -> Selection:
    """The selection from an order; Han is followed, if the profile follows anybody."""
    followed = [one for one in order if profile.authors and HAN in one.paper.authors]
    return select(profile, followed, order, Same(), given_)


def ids(selection: Selection) -> list[str]:
    return [one.paper.id.removeprefix("test:") for one in selection.shown]


GOOD: dict[str, Any] = {"title": "A survey of robots", "categories": ("cs.CY",), "authors": (HAN,)}
#: Each row takes the reason of the row above away: what remains decides.
PRECEDENCE: list[tuple[Verdict, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (
        Verdict.SENT,
        {"mute": MUTED, "categories": ("cs.LG",), "like": (Reference("test:a"),)},
        {"withdrawn": True, "first_seen": OLD, "authors": ()},
        {"history": History(frozenset({"test:a"}))},
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
        Verdict.OUTSIDE_WINDOW,
        {"categories": ("cs.LG",), "like": (Reference("test:a"),)},
        {"authors": ()},
        {"history": History(on=NOW.date(), made=NOW)},
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
def test_order_of_reasons(
    expected: Verdict, wishes: dict[str, Any], fields: dict[str, Any], place: dict[str, Any]
) -> None:
    """When several reasons apply, the first of a fixed order is given."""
    profile = make_profile("robots", **wishes)
    assert verdict(profile, make_paper("a", **{**GOOD, **fields}), **place) == expected


def test_every_verdict_has_a_row() -> None:
    """Only the composer decides `not stored`."""
    assert {row[0] for row in PRECEDENCE} == set(Verdict) - {Verdict.NOT_STORED}


@pytest.mark.parametrize(
    ("fields", "wishes", "found"),
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
def test_mutes(fields: dict[str, Any], wishes: dict[str, Any], found: str | None) -> None:
    """Terms are whole words, authors whole names, a bare archive all of its categories; the reason names the mute."""
    reason = mute_reason(make_profile(mute=Mute(**wishes)), make_paper(**fields))
    assert (reason is None) if found is None else (reason is not None and found in reason)


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
    """Papers of other categories are excluded, if their categories are known."""
    decision = exclusion_reason(make_profile(categories=wanted), make_paper(categories=has), NEW, NOW)
    assert (decision is None) is passes
    assert decision is None or decision.verdict is Verdict.CATEGORY


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
    """The window includes the moment of the edition, and excludes its own first moment."""
    profile = make_profile(window=7)
    decision = exclusion_reason(profile, make_paper(first_seen=NOW - age), NEW, NOW)
    assert (decision is None) is inside
    assert window_start(profile, NOW) == NOW - timedelta(days=7)


@pytest.mark.parametrize(
    ("made", "is_candidate"),
    [
        (None, True),  # the first digest
        (NOW - timedelta(microseconds=1), True),
        (NOW, False),  # seen at the moment of the digest, which considered it
        (NOW + timedelta(1), False),
    ],
)
def test_a_paper_is_considered_once(made: datetime | None, is_candidate: bool) -> None:
    """A paper that the subscription's last digest did not choose is no candidate; the reason names that digest."""
    history = History(on=made and date(2026, 5, 4), made=made)
    decision = exclusion_reason(make_profile(window=7), make_paper(first_seen=NOW), history, NOW)
    passed_over = Decision(
        Verdict.OUTSIDE_WINDOW,
        "the digest of 2026-05-04 was made after it was first seen, and did not choose it",
    )
    assert decision == (None if is_candidate else passed_over)


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (make_profile(authors=(HAN,), mute=MUTED), Verdict.MUTED),  # a muted paper is never shown
        (
            make_profile(authors=(HAN,), categories=("cs.LG",)),
            Verdict.WOULD_BE_SENT,
        ),  # whatever its categories
        (make_profile(dislike=(Reference("test:a"),)), Verdict.SAME_WORK),
    ],
)
def test_followed_and_disliked_papers(profile: Profile, expected: Verdict) -> None:
    """Papers by followed authors are shown unless they are muted; disliked papers are not shown."""
    assert verdict(profile, make_paper("a", **GOOD)) == expected


# --- Threshold and limit ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("threshold", "place", "expected"),
    [
        (Match.STRONG, {"fit": 0.7}, Verdict.WOULD_BE_SENT),
        (Match.STRONG, {"fit": 0.699}, Verdict.BELOW_THRESHOLD),
        (Match.GOOD, {"fit": 0.5, "relevance": 0.0}, Verdict.WOULD_BE_SENT),  # whatever the relevance
        (Match.GOOD, {"fit": 0.499, "relevance": 100.0}, Verdict.BELOW_THRESHOLD),
        (Match.PARTIAL, {"fit": 0.25}, Verdict.WOULD_BE_SENT),
        (Match.PARTIAL, {"fit": 0.249}, Verdict.BELOW_THRESHOLD),
        (0.0, {"relevance": 0.0, "fit": 0.0}, Verdict.WOULD_BE_SENT),  # a relevance: whatever the fit
        (99.5, {"relevance": 99.5}, Verdict.WOULD_BE_SENT),
        (99.5, {"relevance": 99.4, "fit": 1.0}, Verdict.BELOW_THRESHOLD),
        (100.0, {"relevance": 99.99}, Verdict.BELOW_THRESHOLD),
        # what speaks against it weighs as much as what speaks for it
        (0.0, {"score": 0.0}, Verdict.BELOW_THRESHOLD),
        (0.0, {"score": -0.2}, Verdict.BELOW_THRESHOLD),
        (Match.PARTIAL, {"score": 0.0}, Verdict.BELOW_THRESHOLD),
    ],
)
def test_threshold(threshold: Match | float, place: dict[str, Any], expected: Verdict) -> None:
    """A match of the profile's word or a better one, or its relevance, is enough if the score is above 0."""
    assert verdict(make_profile(threshold=threshold), make_paper(), **place) == expected


def line_up(*kinds: str) -> list[RankedPaper]:
    """Unrelated papers: `t` matches, `f` is by a followed author, `.` does not match, `-` is irrelevant."""
    return [
        ranked(
            make_paper(str(n), f"Work{n} of robots", authors=(HAN,) if kind == "f" else ()),
            matches=kind != ".",
            relevance=0.0 if kind in ".-f" else 90.0,
        )
        for n, kind in enumerate(kinds)
    ]


def series(*titles: str) -> list[RankedPaper]:
    """An order of papers with these titles; those with a star are by Han."""
    return [
        ranked(make_paper(str(n), title.removeprefix("*"), authors=(HAN,) if title.startswith("*") else ()))
        for n, title in enumerate(titles)
    ]


@pytest.mark.parametrize(
    ("kinds", "limit", "shown"),
    [
        ("ttt", 2, "01"),
        ("ttt", 9, "012"),
        ("ftt", 2, "012"),  # a followed author takes no one's place
        ("ttf", 1, "02"),  # and is shown even beyond the limit
        ("t.t", 2, "02"),  # nor does what matches nothing
        ("-t-t", 2, "13"),  # nor what is below the threshold
        ("fff", 1, "012"),
        ("tttttttttt-------....f", 1, "021"),  # looked for to the very end
        ("", 3, ""),
    ],
)
def test_limit(kinds: str, limit: int, shown: str) -> None:
    """The best matches up to the limit; papers by followed authors come on top of it."""
    profile = make_profile(limit=limit, authors=(HAN,), threshold=50.0)
    order = line_up(*kinds)
    selection = selected(profile, order)
    assert "".join(ids(selection)) == shown
    found = decisions(profile, order, selection)
    sent = [one.paper.id for one in order if found[one.paper.id].verdict is Verdict.WOULD_BE_SENT]
    assert sent == [one.paper.id for one in selection.shown]


def test_order_is_consumed_only_as_needed() -> None:
    """A digest of three papers takes fewer than ten of a thousand candidates."""

    def watched(taken: list[int]) -> Iterator[RankedPaper]:
        for n, one in enumerate(line_up(*"t" * 400, "f", *"t" * 600)):
            taken.append(n)
            yield one

    plain: list[int] = []
    select(make_profile(limit=3), (), watched(plain), Same())
    assert len(plain) < 10
    fan: list[int] = []
    selection = select(
        make_profile(limit=3, authors=(HAN,)), line_up(*"t" * 400, "f")[400:], watched(fan), Same()
    )
    assert ids(selection) == ["0", "1", "2", "400"]
    assert len(fan) < 10


def test_all_matches() -> None:
    """Threshold and limit do not apply; papers without a match are left out."""
    order = line_up(*"t.f-")
    assert all_matches(order) == (order[0], order[2], order[3])


def test_decisions_name_the_number() -> None:
    """The reason contains the number that decided."""
    order = [*line_up(*"tt"), ranked(make_paper("z"), relevance=3.25)]
    found = decisions(make_profile(limit=1, threshold=50.0), order)
    assert found["test:0"] == Decision(Verdict.WOULD_BE_SENT, "it is in the digest")
    assert found["test:1"] == Decision(Verdict.BEYOND_LIMIT, "it is number 2, beyond the limit of 1")
    assert found["test:z"].why == "its relevance 3.2 is below the threshold 50"


@pytest.mark.parametrize(
    ("fit", "threshold", "why"),
    [
        (0.5, Match.STRONG, "its match is good; the threshold asks for strong"),
        (0.3, Match.GOOD, "its match is partial; the threshold asks for good"),
        (0.2, Match.PARTIAL, "it matches too little; the threshold asks for partial"),
    ],
)
def test_decisions_name_the_match(fit: float, threshold: Match, why: str) -> None:
    """With a word as the threshold, the reason has words, too."""
    one = ranked(make_paper("a"), fit=fit)
    assert decisions(make_profile(threshold=threshold), [one])["test:a"].why == why


@pytest.mark.parametrize(
    ("likes", "matches", "verdict", "why"),
    [
        (False, False, Verdict.NO_MATCH, "it has nothing that the profile looks for"),
        (True, False, Verdict.NO_MATCH, "no more in common with the liked papers than most"),
        (True, True, Verdict.BELOW_THRESHOLD, "what lowers it outweighs what matches"),
    ],
)
def test_decisions_on_a_score_below_zero(likes: bool, matches: bool, verdict: Verdict, why: str) -> None:
    """Liked papers, or terms that match, are among its reasons: the decision must not deny them."""
    one = ranked(make_paper("a"), score=-0.1, matches=matches, fit=0.0, relevance=2.0)
    profile = make_profile(
        "cups", like=(Reference("arxiv:2605.00001"),) if likes else (), threshold=Match.GOOD
    )
    decision = decisions(profile, [one])["test:a"]
    assert (decision.verdict, why in decision.why) == (verdict, True)


def test_only_votes_count() -> None:
    """With `trending: 1` a paper without votes is below the threshold for that reason."""
    one = ranked(make_paper(), score=0.0)
    assert "no votes" in decisions(make_profile(trending=1.0), [one])[one.paper.id].why


# --- Variety ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("titles", "limit", "shown", "under"),
    [
        (("A one", "B", "A two", "C"), 3, "013", {"0": "2"}),  # it takes no one's place
        (("A one", "A two", "A three"), 1, "0", {"0": "12"}),  # nor needs a place
        (("A one", "B", "C", "A two"), 2, "01", {"0": "3"}),  # beyond the limit, it is looked for a while
        (("A one", "B", "C", "D", "A two"), 2, "01", {}),  # but no further than the digest is long
        (("A one", "B one", "B two", "A two"), 2, "01", {"0": "3", "1": "2"}),
        (("*A one", "A two", "B"), 1, "02", {"0": "1"}),  # under a followed author's too
        (("A one", "*A two", "B"), 2, "12", {"1": "0"}),  # whose papers always stand, and first
        (("*A one", "*A two"), 1, "01", {}),
    ],
)
def test_similar_papers(titles: tuple[str, ...], limit: int, shown: str, under: dict[str, str]) -> None:
    """The best of a series is shown; the others are listed under it, in order."""
    profile = make_profile(limit=limit, authors=(HAN,))
    order = series(*titles)
    selection = selected(profile, order)
    assert "".join(ids(selection)) == shown
    named = {
        id_[5:]: "".join(paper.id.removeprefix("test:") for paper in papers)
        for id_, papers in selection.similar.items()
    }
    assert named == under
    found = decisions(profile, order, selection)
    for leader, others in under.items():
        for other in others:
            decision = found[f"test:{other}"]
            assert decision.verdict is Verdict.SAME_WORK
            assert f"under test:{leader}," in decision.why


def test_only_shown_papers_are_compared() -> None:
    """Papers listed under a shown paper are not compared with, so that chains do not grow."""
    twin = Same()
    select(make_profile(limit=3), (), series("A one", "A two", "B", "C"), twin)
    shown_to = {id_: others for id_, others, repeated in twin.calls if not repeated}
    assert shown_to == {
        "test:0": [],
        "test:1": ["test:0"],
        "test:2": ["test:0"],
        "test:3": ["test:0", "test:2"],
    }


def test_similar_paper_below_the_threshold() -> None:
    """A paper that is not good enough to be shown is not listed under another either."""
    first, second = series("A one", "A two")
    order = [first, ranked(second.paper, relevance=3.0)]
    selection = selected(make_profile(threshold=50.0), order)
    assert (ids(selection), selection.similar) == (["0"], {})
    found = decisions(make_profile(threshold=50.0), order, selection)
    assert found["test:1"].verdict is Verdict.BELOW_THRESHOLD


def test_repeated_papers() -> None:
    """A repeated paper is left out and does not count towards the limit, unless its author is followed."""
    earlier = [make_paper("old", "A one"), make_paper("older", "C one")]
    order = series("A one", "A two", "B", "*C one")
    profile = make_profile(limit=2, authors=(HAN,))
    selection = selected(profile, order, earlier)
    assert ids(selection) == ["1", "2", "3"]
    assert selection.repeated == {"test:0": earlier[0]}
    decision = decisions(profile, order, selection)["test:0"]
    assert decision.verdict is Verdict.SAME_WORK
    assert "test:old" in decision.why
    assert "earlier digest" in decision.why


_orders = st.lists(
    st.tuples(
        st.booleans(),
        st.booleans(),
        st.floats(0, 100),
        st.floats(-1, 2),
        st.floats(0, 1),
        st.sampled_from("ABCDEF"),
    ),
    max_size=14,
)


@given(
    _orders,
    st.integers(1, 6),
    st.one_of(st.sampled_from(Match), st.floats(0, 100)),
    st.sets(st.sampled_from("ABC")),
)
def test_selection_agrees_with_decisions(
    rows: list[tuple[bool, bool, float, float, float, str]],
    limit: int,
    threshold: Match | float,
    old: set[str],
) -> None:
    """The shown papers are those that would be sent, in order; each paper is shown, similar, repeated or rejected."""
    order = [
        ranked(
            make_paper(f"{n:02}", title, authors=(HAN,) if followed else ()), score, relevance, matches, fit
        )
        for n, (followed, matches, relevance, score, fit, title) in enumerate(
            sorted(rows, key=lambda row: -row[3])
        )
    ]
    profile = make_profile(limit=limit, threshold=threshold, authors=(HAN,))
    earlier = [make_paper(f"old {title}", title) for title in sorted(old)]
    selection = selected(profile, order, earlier)
    found = decisions(profile, order, selection)
    assert list(selection.shown) == [
        one for one in order if found[one.paper.id].verdict is Verdict.WOULD_BE_SENT
    ]
    assert sum(not one.paper.authors for one in selection.shown) <= limit
    assert all(one in selection.shown for one in order if one.paper.authors)
    named = [paper.id for papers in selection.similar.values() for paper in papers]
    fates = [*(one.paper.id for one in selection.shown), *named, *selection.repeated]
    assert len(set(fates)) == len(fates)
    same = {id_ for id_, decision in found.items() if decision.verdict is Verdict.SAME_WORK}
    assert same == {*named, *selection.repeated}
    assert selection.similar.keys() <= {one.paper.id for one in selection.shown}


# --- Candidates -------------------------------------------------------------------------------------------

_NAMES = ("Seungwook Han", "S. Han", "Seungwook Lee", "Donghun Han", "Marin Soljačić", "Marin Soljacic", "")
_CATEGORIES = ("cs.LG", "cs.CY", "cs", "math.AG", "math", "math-ph", "stat.ML", "hep-th")
_TITLES = (
    "A survey of robots",
    "Surveyor robots",
    "Robots",
    "Few-shot surveys",
    "R for robots",
    "世界模型",
    "",
)
_TERMS = ("survey", "surveys", "few shot", "robots", "R", "the", "世界", "", "nothing there")


@dataclass
class SlowFinder:
    """A PaperFinder that reads all papers."""

    papers: Sequence[Paper]

    def with_terms(self, text: str) -> int:
        wanted = {stem for stem in tokenize(text).stems if role(stem) is Role.TERM}
        return self._where(lambda paper: wanted <= set(tokenize(paper.title, paper.abstract).stems))

    def by_author(self, name: str) -> int:
        return self._where(lambda paper: bool(authors_among(paper, [name])))

    def _where(self, has: Callable[[Paper], bool]) -> int:
        return sum(1 << number for number, paper in enumerate(self.papers) if has(paper))


def _some(values: tuple[str, ...], most: int = 2) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=most).map(tuple)


_wild_papers = st.lists(
    st.builds(
        Paper,
        id=st.integers(0, 12).map("test:{}".format),
        title=st.sampled_from(_TITLES),
        abstract=st.sampled_from(_TITLES),
        first_seen=st.sampled_from((-1, 0, 1, 2, 3, 7, 8, 30)).map(lambda days: NOW - timedelta(days=days)),
        authors=_some(_NAMES),
        categories=_some(_CATEGORIES),
        withdrawn=st.sampled_from((False, False, False, True)),
    ),
    max_size=10,
    unique_by=lambda paper: paper.id,
)
_references = st.lists(
    st.builds(Reference, st.one_of(st.none(), st.integers(0, 12).map("test:{}".format)), st.just("Robots")),
    max_size=2,
).map(tuple)
_wild_profiles = st.builds(
    Profile,
    id=st.just("ada"),
    like=_references,
    dislike=_references,
    authors=_some(_NAMES),
    mute=st.builds(Mute, _some(_TERMS), _some(_NAMES, 1), _some(_CATEGORIES, 1)),
    categories=_some(_CATEGORIES),
    window=st.sampled_from((1, 2, 7, 30, 90)),
)


@settings(max_examples=150, deadline=None)
@given(_wild_papers, st.lists(_wild_profiles, min_size=1, max_size=3))
def test_candidates_have_no_exclusion_reason(papers: list[Paper], profiles: list[Profile]) -> None:
    """Whatever profiles were asked for before."""
    candidates = Candidates(papers, NOW, SlowFinder(papers))
    for profile in (*profiles, profiles[0]):
        wanted = [paper.id for paper in papers if exclusion_reason(profile, paper, NEW, NOW) is None]
        assert candidates.of(profile) == candidates.positions(wanted)
        assert candidates.of(profile).bit_count() == len(wanted)


def test_candidates_of_an_empty_profile() -> None:
    """All papers that are neither withdrawn nor from the future."""
    assert Candidates((), NOW, SlowFinder(())).of(make_profile(categories=("cs",), authors=(HAN,))) == 0
    papers = (
        make_paper("b"),
        make_paper("a"),
        make_paper("c", withdrawn=True),
        make_paper("d", first_seen=NOW + timedelta(1)),
    )
    assert Candidates(papers, NOW, SlowFinder(papers)).of(make_profile()) == 0b0011


def test_positions() -> None:
    """Bit n is paper n of the window; other ids are ignored."""
    candidates = Candidates([make_paper(id_) for id_ in "abc"], NOW, SlowFinder(()))
    assert candidates.positions(["test:c", "test:a", "test:c", "test:z", None]) == 0b101
