"""Any papers and profiles, for properties of every ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from bot.papers.model import CountedPaper, Paper
from bot.profiles.model import Profile, Reference
from bot.ranking.linear import Ranker
from bot.ranking.order import Ranking
from tests.ranking.helpers import HAN
from tests.support.builders import counted, interests, make_paper, rank_among

WORDS = (
    "world", "model", "models", "world models", "deep world models", "robot", "robots", "theory", "of", "mind",
    "the", "learning", "vision-language", "few-shot", "chain-of-thought", "k-means", "GPT-4", "LLMs", "x", "42",
    "survey,", "tea.", "(bread)", "C++", "$m^2$", "Émile", "I study", "interested in",
)  # fmt: skip
WILD = (
    "", "the who of and", "42 7 3.14", "世界模型の学習", "猫", "модели мира", "👩🏽‍🔬🧪 🤖",
    "e\u0301\u0327 o\u0308\u0308",
    "\x01\x08\x1b robot \x7f", "ﬀ ½ ² ͺ ﷺ", "$$\\frac{", "++ ## c++##", "robot " * 400, "a" * 3000, "-–—-",
    "\u202erobot",
)  # fmt: skip
VOTES = st.one_of(st.none(), st.integers(-3, 10_000))
NAMES = st.sampled_from((HAN, "S. Han", "Han, Seungwook", "Ada Other", "Émile Noël", "", "Jr."))
SOME = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
TEXTS = st.one_of(SOME, SOME, st.sampled_from(WILD), st.text(max_size=12))
WEIGHTS = st.floats(0.01, 20)


def papers(prefix: str, most: int) -> st.SearchStrategy[list[Paper]]:
    """Papers whose ids begin with the prefix."""
    rows = st.lists(st.tuples(TEXTS, TEXTS, st.lists(NAMES, max_size=2), VOTES), max_size=most)
    return rows.map(
        lambda rows: [
            make_paper(f"{prefix}{n}", title, abstract=abstract, authors=tuple(authors), votes=votes)
            for n, (title, abstract, authors, votes) in enumerate(rows)
        ]
    )


_interests = st.lists(st.tuples(TEXTS, WEIGHTS), max_size=4).map(lambda rows: interests(*rows))
_reference = st.one_of(
    st.builds(Reference, st.sampled_from(("test:n0", "test:o0", "test:o1", "test:gone"))),
    st.builds(Reference, title=TEXTS, abstract=TEXTS),
)
_references = st.lists(_reference, max_size=3).map(tuple)
#: So many that a classifier learns from them.
MANY_LIKES = st.lists(_reference, min_size=6, max_size=40, unique=True).map(tuple)
PROFILES = st.builds(
    Profile,
    id=st.just("ada"),
    interests=_interests,
    about=TEXTS,
    like=st.one_of(_references, _references, MANY_LIKES),
    dislike=_references,
    authors=st.lists(NAMES, max_size=3).map(tuple),
    avoid=_interests,
    trending=st.one_of(st.just(0.0), st.floats(0, 1)),
)


@dataclass(frozen=True)
class World:
    """A background, and new papers, some of which may also be in the background."""

    old: tuple[CountedPaper, ...]
    new: tuple[CountedPaper, ...]

    @property
    def papers(self) -> list[Paper]:
        return [one.paper for one in self.new]

    def ranker(self, *profiles: Profile, window: Sequence[CountedPaper] | None = None) -> Ranker:
        named = {one.paper.id: one for one in (*self.old[:2], *self.new[:1])}
        return Ranker([o.terms for o in self.old], self.old, window or self.new, profiles, named)

    def rank(self, profile: Profile, *others: Profile) -> Ranking:
        return rank_among(self.ranker(profile, *others), profile, self.papers)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    old = [counted(paper) for paper in draw(papers("o", 8))]
    new = [counted(paper) for paper in draw(papers("n", 5))]
    return World(tuple(old), (*new, *old[: draw(st.integers(0, len(old)))]))


def wild(examples: int) -> settings:
    """Settings with this number of examples."""
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def order(ranking: Ranking) -> list[str]:
    return [one.paper.id for one in ranking.best_first()]
