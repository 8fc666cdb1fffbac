"""Which papers get the places of a digest, for any papers, profiles and thresholds."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.digests.composer import DigestComposer
from bot.digests.corpus import Corpus
from bot.digests.selection import profile_threshold, reaches
from bot.papers.model import CountedPaper
from bot.profiles.model import Match, Profile, Reference
from bot.ranking.linear import Ranker
from bot.ranking.model import RankedPaper
from tests.support.builders import NOW, counted, interests, make_paper, make_profile

TODAY = NOW.date()
PHRASES = ("robots", "world models", "tea", "few-shot learning", "bread and butter")
_texts = st.lists(
    st.sampled_from((*PHRASES, "learning", "models", "world", "bread", "galaxies", "salt", "of", "codes.")),
    min_size=1,
    max_size=7,
).map(" ".join)
_weights = st.integers(1, 30).map(lambda tenths: tenths / 10)
_interests = st.lists(
    st.tuples(st.sampled_from(PHRASES), _weights), max_size=4, unique_by=lambda interest: interest[0]
)
#: Nobody has two papers, so that none is in a series with another.
_papers = st.lists(st.tuples(_texts, _texts, st.sampled_from((None, 0, 3, 200))), max_size=12).map(
    lambda rows: tuple(
        counted(make_paper(f"{n:02}", title, abstract=abstract, votes=votes, authors=(f"Ada Author{n}",)))
        for n, (title, abstract, votes) in enumerate(rows)
    )
)
_thresholds = st.one_of(st.sampled_from(Match), st.sampled_from((0.0, 50.0, 100.0)), st.floats(0, 100))
_profiles = st.builds(
    Profile,
    id=st.just("ada"),
    interests=_interests.map(lambda some: interests(*some)),
    about=st.one_of(st.just(""), _texts),
    like=st.lists(st.builds(Reference, title=_texts), max_size=8).map(tuple),
    avoid=st.sampled_from(((), interests("salt"), interests(("robots", 0.5)))),
    trending=st.sampled_from((0.0, 0.0, 0.4, 1.0)),
    threshold=_thresholds,
    limit=st.integers(1, 7),
)


def composer(profile: Profile, papers: tuple[CountedPaper, ...]) -> tuple[DigestComposer, Ranker]:
    """Composes from all the papers, which are archive and background, too."""
    model = Ranker([one.terms for one in papers], papers, papers, [profile], {})
    corpus = Corpus(NOW, {profile.id: profile}, papers, papers, tuple(one.terms for one in papers), {})
    return DigestComposer(corpus, model), model


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_papers, _profiles)
def test_a_digest_shows_the_first_of_the_order(papers: tuple[CountedPaper, ...], profile: Profile) -> None:
    """The first n of the order, n being the limit or the number of papers that reach the threshold; `--all`, too."""
    made, model = composer(profile, papers)
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


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_papers, _interests, st.integers(1, 12), st.sampled_from((0.0, Match.PARTIAL, Match.GOOD)))
def test_every_interest_has_its_places(
    papers: tuple[CountedPaper, ...], some: list[tuple[str, float]], limit: int, threshold: Match | float
) -> None:
    """As far as it has papers, its part of the limit by weight, among the interests that have papers."""
    profile = make_profile(*some, limit=limit, threshold=threshold)
    made, model = composer(profile, papers)
    ranked = model.rank(profile, (1 << len(papers)) - 1).best_first()
    have = Counter(one.interest for one in ranked if reaches(profile_threshold(profile), one))
    shown = Counter(one.interest for one in made.compose(profile, TODAY).papers)
    weights = {phrase: Fraction(str(weight)) for phrase, weight in some if have[phrase]}
    for phrase, weight in weights.items():
        assert shown[phrase] >= min(have[phrase], int(limit * weight / sum(weights.values())))
    assert shown.total() == min(limit, have.total())
