"""Which papers get the places of a digest, for any papers, profiles and thresholds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.digests.composer import DigestComposer
from bot.digests.corpus import Corpus
from bot.digests.selection import profile_threshold, reaches
from bot.papers.model import CountedPaper
from bot.profiles.model import Match, Profile, Reference
from bot.ranking.linear import Ranker
from bot.ranking.model import RankedPaper
from tests.support.builders import NOW, counted, interests, make_paper

TODAY = NOW.date()
PHRASES = ("robots", "world models", "tea", "few-shot learning", "bread and butter")
WORDS = (*PHRASES, "learning", "models", "world", "bread", "galaxies", "salt", "of", "codes.")


def _text(random: Random) -> str:
    return " ".join(random.choices(WORDS, k=random.randint(1, 7)))


def _pool(random: Random) -> list[CountedPaper]:
    """Nobody has two papers, so that none is in a series with another."""
    return [
        counted(
            make_paper(
                f"{n:02}",
                _text(random),
                abstract=_text(random),
                votes=random.choice((None, 0, 3, 200)),
                authors=(f"Ada Author{n}",),
            )
        )
        for n in range(60)
    ]


_texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=7).map(" ".join)
_papers = st.lists(
    st.sampled_from(_pool(Random(13))), min_size=5, max_size=15, unique_by=lambda one: one.paper.id
)
_weights = st.integers(1, 30).map(lambda tenths: tenths / 10)
_interests = st.lists(
    st.tuples(st.sampled_from(PHRASES), _weights),
    min_size=1,
    max_size=4,
    unique_by=lambda interest: interest[0],
).map(lambda some: interests(*some))
_profiles = st.builds(
    Profile,
    id=st.just("ada"),
    interests=st.one_of(st.just(()), _interests, _interests),
    about=st.one_of(st.just(""), _texts),
    like=st.lists(st.builds(Reference, title=_texts), max_size=8).map(tuple),
    avoid=st.sampled_from(((), interests("salt"), interests(("robots", 0.5)))),
    trending=st.sampled_from((0.0, 0.0, 0.4, 1.0)),
    threshold=st.one_of(st.sampled_from(Match), st.sampled_from((0.0, 50.0, 100.0)), st.floats(0, 100)),
    limit=st.integers(1, 5),
)
#: Profiles with only interests.
_plain = st.builds(
    Profile,
    id=st.just("ada"),
    interests=_interests,
    threshold=st.sampled_from((0.0, Match.PARTIAL, Match.GOOD)),
    limit=st.integers(1, 8),
)


def several(profiles: st.SearchStrategy[Profile]) -> st.SearchStrategy[list[Profile]]:
    return st.lists(profiles, min_size=5, max_size=5).map(
        lambda some: [replace(profile, id=str(n)) for n, profile in enumerate(some)]
    )


def composer(profiles: Sequence[Profile], papers: Sequence[CountedPaper]) -> tuple[DigestComposer, Ranker]:
    """Composes from all the papers, which are archive and background, too."""
    counts = tuple(one.terms for one in papers)
    model = Ranker(counts, papers, papers, profiles, {})
    corpus = Corpus(NOW, {one.id: one for one in profiles}, tuple(papers), tuple(papers), counts, {})
    return DigestComposer(corpus, model), model


@settings(max_examples=50, deadline=None)
@given(_papers, several(_profiles))
def test_a_digest_shows_the_first_of_the_order(papers: list[CountedPaper], profiles: list[Profile]) -> None:
    """The first n of the order, n being the limit or the number of papers that reach the threshold; `--all`, too."""
    made, model = composer(profiles, papers)
    for profile in profiles:
        ranking = model.rank(profile, (1 << len(papers)) - 1)
        threshold = profile_threshold(profile)
        best_first = list(ranking.best_first())
        order = list(ranking.in_turn(threshold, profile.limit, rest=True))
        assert sorted(order, key=_best_first) == best_first
        n = min(profile.limit, sum(reaches(threshold, one) for one in best_first))
        first = [one.paper.id for one in sorted(order[:n], key=_best_first)]
        assert [one.paper.id for one in made.compose(profile, TODAY).papers] == first
        everything = made.compose(profile, TODAY, everything=True)
        assert [one.paper.id for one in everything.papers] == [one.paper.id for one in order if one.matches]


def _best_first(ranked: RankedPaper) -> tuple[float, str]:
    return -ranked.score, ranked.paper.id


@settings(max_examples=50, deadline=None)
@given(_papers, several(_plain))
def test_every_interest_has_its_places(papers: list[CountedPaper], profiles: list[Profile]) -> None:
    """As far as it has papers, its part of the limit by weight, among the interests that have papers."""
    made, model = composer(profiles, papers)
    for profile in profiles:
        ranked = model.rank(profile, (1 << len(papers)) - 1).best_first()
        have = Counter(one.interest for one in ranked if reaches(profile_threshold(profile), one))
        shown = Counter(one.interest for one in made.compose(profile, TODAY).papers)
        weights = {one.phrase: Fraction(str(one.weight)) for one in profile.interests if have[one.phrase]}
        for phrase, weight in weights.items():
            assert shown[phrase] >= min(have[phrase], int(profile.limit * weight / sum(weights.values())))
        assert shown.total() == min(profile.limit, have.total())
