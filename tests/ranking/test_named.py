"""Papers that profiles like and dislike."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random

import numpy as np
import pytest

from bot.papers.model import Paper
from bot.profiles.model import Profile, Reference
from bot.ranking.counts import counts
from bot.ranking.discriminant import FEW, SCALE, Discriminant, classifier_share
from bot.ranking.facets import ALPHA, LEAST_DISTANCE, LIKENESS
from bot.ranking.linear import Ranker
from tests.ranking.helpers import HAN, corpus, ids, rank, ranker, reasons, scores
from tests.support.builders import make_paper, make_profile, rank_among


def test_a_liked_neighbour_is_a_reason() -> None:
    """A paper that resembles a liked one scores more, and the reason names that one."""
    liked = make_paper("liked", "Robots that stack cups", abstract="Curiosity drives them.")
    papers = corpus("Curiosity and cups", "Bread and butter")
    ranking = rank(make_profile(like=(Reference("test:liked"),)), papers, liked=[liked])
    assert list(reasons(ranking, "a")) == ["like: Robots that stack cups"]
    assert [one.matches for one in ranking.best_first()][:2] == [True, False]


def test_disliked_papers_lower_scores() -> None:
    """A paper that resembles a disliked one scores less, and the reason names that one."""
    entry = Reference(title="Cups of tea", abstract="Tea from cups.")  # of a BibTeX file
    ranking = rank(make_profile("robots", dislike=(entry,)), corpus("Robots and cups", "Robots and bread"))
    assert scores(ranking)["a"] < scores(ranking)["b"]
    assert reasons(ranking, "a")["unlike: Cups of tea"] < 0


def test_common_terms_do_not_make_papers_similar() -> None:
    """Only terms that not all papers have make a paper similar to a liked one."""
    words = "bread tea cups milk salt rice corn honey wine beer oil fish eggs nuts figs plums pears kale peas robots"
    papers = [make_paper(word, f"Deep networks. {word}") for word in words.split()]
    profile = make_profile(like=(Reference(title="Deep networks. Robots"),))
    assert ids(rank(profile, papers), matching=True) == ["robots"]


def test_a_title_alone_hides_nothing() -> None:
    """A liked paper of which only a short title is known changes little of the scores of papers without its words."""
    words, chance = [f"w{number}x" for number in range(300)], Random(7)
    papers = [make_paper(f"p{n}", "Robots", abstract=" ".join(chance.sample(words, 40))) for n in range(60)]
    others = [paper.id for paper in papers if words[0] not in paper.abstract]
    alone, with_title = (
        scores(rank(make_profile("robots", like=like), papers))
        for like in ((), (Reference(title=f"{words[0]} is all"),))
    )
    changes = [with_title[id_.removeprefix("test:")] - alone[id_.removeprefix("test:")] for id_ in others]
    assert max(map(abs, changes)) < 0.1


def test_liked_papers_share_one_weight() -> None:
    """Their mean counts, so that a long library does not outweigh the interests; one alone counts more."""
    liked = Reference(title="Robots and cups")
    papers = corpus("Robots and cups")
    twice = rank(make_profile(like=(liked, liked)), papers)
    once = rank(make_profile(like=(liked,)), papers)
    assert scores(twice)["a"] == pytest.approx(scores(once)["a"] * (1 / 2) / (7 / 8))
    assert list(reasons(twice, "a")) == ["like: Robots and cups"]


def test_each_liked_paper_is_a_reason_of_its_own() -> None:
    """By its title; a more similar paper has a larger share."""
    liked = (Reference(title="Robots and cups"), Reference(title="Robots and tea"))
    weights = reasons(rank(make_profile(like=liked), corpus("Robots and cups of milk", "Tea")), "a")
    assert weights["like: Robots and cups"] > weights["like: Robots and tea"] > 0


def test_unresolved_references_are_ignored() -> None:
    """A liked paper that is not stored changes nothing."""
    papers = corpus("Robots and cups")
    profile = make_profile("robots", like=(Reference("arxiv:2301.00001"),))
    assert scores(rank(profile, papers)) == scores(rank(make_profile("robots"), papers))


def test_stored_texts_are_preferred_to_bibtex_entries() -> None:
    """A reference by id means the stored paper, also when it has a title."""
    papers = corpus("Robots and cups", "Bread and butter")
    profile = make_profile(like=(Reference("test:liked", title="Bread and butter"),))
    weights = reasons(rank(profile, papers, liked=[make_paper("liked", "Robots and cups")]), "a")
    assert list(weights) == ["like: Robots and cups"]


# --- Answers ----------------------------------------------------------------------------------------------


def test_reasons_name_answers() -> None:
    """Papers and authors that a reader has answered are reasons of their own, and are marked."""
    cups, tea = make_paper("cups", "Robots and cups"), make_paper("tea", "Tea of robots")
    profile = make_profile(
        like=(Reference("test:cups", answered=True), Reference(title="Robots and bread")),
        dislike=(Reference("test:tea", answered=True),),
        authors=(HAN, "Ada Example"),
        answered_authors=frozenset({HAN}),
    )
    papers = [*corpus(), make_paper("a", "Cups, tea and robots with bread", authors=(HAN, "Ada Example"))]
    ranking = rank(profile, papers, liked=[cups, tea])
    found = {reason.term: reason.answered for reason in ranking.reasons(papers[-1])}
    assert found == {
        f"author: {HAN}": True,
        "author: Ada Example": False,
        "more like: Robots and cups": True,
        "like: Robots and bread": False,
        "less like: Tea of robots": True,
    }


@pytest.mark.parametrize("others", [0, 3, 11], ids=["alone", "with others", "with a classifier"])
def test_a_liked_paper_is_not_compared_with_itself(others: int) -> None:
    """For another receiver it is ranked by the rest of the profile, also where it is in the background."""
    liked = make_paper("liked", "Robots that stack cups")
    plain = make_profile("robots", like=LIKED[:others])
    profile = replace(plain, like=(*plain.like, Reference("test:liked", answered=True)))
    for others_ in (OTHERS, [*OTHERS, liked]):
        model = ranker([profile], [*NEW, liked], others_, [liked])
        ranking = rank_among(model, profile, [*NEW, liked])
        assert "more like: Robots that stack cups" not in reasons(ranking, "liked")
        assert sum(reasons(ranking, "liked").values()) == pytest.approx(scores(ranking)["liked"])
        assert "more like: Robots that stack cups" in reasons(ranking, "n2")
        if not others:
            alone = rank_among(ranker([plain], [*NEW, liked], others_), plain, [*NEW, liked])
            assert scores(ranking)["liked"] == pytest.approx(scores(alone)["liked"])


def test_a_disliked_paper_is_compared_with_itself() -> None:
    """It is not shown to another receiver either."""
    papers = corpus("Robots that stack cups", "Robots and bread")
    profile = make_profile("robots", dislike=(Reference("test:a", answered=True),))
    ranking = rank(profile, papers, liked=papers[:1])
    assert scores(ranking)["a"] < 0 < scores(ranking)["b"]


# --- Many liked papers ------------------------------------------------------------------------------------

LIKED = tuple(
    Reference(title=f"Robots and {one} by {other}")
    for one in ("cups", "bread", "glaze", "tea")
    for other in ("felt", "ears", "space")
)
#: The background.
OTHERS = [
    make_paper(f"o{n:02}", f"{one} and {other} in {place}")
    for n, (one, other, place) in enumerate(
        product(("Robots", "Networks", "Cups"), ("tea", "codes", "bread", "glaze"), ("time", "space"))
    )
]
NEW = [
    make_paper("n0", "Robots and bread and cups"),
    make_paper("n1", "Networks and codes", abstract="Tea in time and space."),
    make_paper("n2", "Robots in space", abstract="Cups, cups and glaze. Snarks."),
]


def liking(number: int) -> Profile:
    return make_profile("deep world models", like=LIKED[:number])


def by_formula(model: Ranker, number: int, paper: Paper) -> float:
    """The similarity of a paper to the first liked papers, a perfect match having 1, with dense rows."""

    def rows(*titles: str) -> np.ndarray:
        return model.index.rows([counts(title, "") for title in titles]).toarray()

    liked, others = rows(*(one.title for one in LIKED[:number])), rows(*(one.title for one in OTHERS))
    row = model.index.rows([counts(paper.title, paper.abstract)]).toarray()[0]
    own = np.array([other == paper for other in OTHERS])
    known, usual = others.any(axis=0), others.mean(axis=0)
    squares = (others**2).sum(axis=1)
    common = others @ usual - squares / len(others)
    part = liked @ usual / common.mean()
    mass = np.clip(np.maximum(part, 4 * part - 1), 0.05, 1)
    mean, of_mean = mass / mass.sum() @ liked, ALPHA * (mass**2).sum() / mass.sum()
    distance = mean * known @ mean - of_mean * mean @ usual
    least = LEAST_DISTANCE * (squares - ALPHA * common).mean() / mass.sum()
    perfect = LIKENESS * (1 - 1 / (2 * max(mass.sum(), 1) ** 2)) * max(distance, least)
    by_mean = mean @ row - of_mean * (others[~own] @ row).sum() / len(others)
    share = classifier_share(number)
    sampled = slice(None, None, 3)  # of 24 papers at most 10, at equal distances
    classifier = Discriminant(others[sampled] @ others[sampled].T)
    of_liked, of_others = classifier.fit(liked * known @ liked.T, liked @ others[sampled].T)
    by_classifier = of_liked @ (liked @ row) + np.where(own[sampled], 0, of_others) @ (others[sampled] @ row)
    return float((1 - share) * by_mean / perfect + share * SCALE * by_classifier)


@pytest.mark.parametrize("number", [1, FEW, FEW + 1, len(LIKED)])
def test_likes_by_the_formula(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean, and a classifier of more than `FEW` papers; a background paper is not compared with itself."""
    monkeypatch.setattr("bot.ranking.background.OTHERS", 10)
    papers = [*NEW, *OTHERS[:8]]
    model = ranker([profile := liking(number)], papers, OTHERS)
    for one in rank_among(model, profile, papers).best_first():
        assert one.score == pytest.approx(by_formula(model, number, one.paper), abs=1e-9)


def test_with_many_liked_papers_terms_are_reasons() -> None:
    """As the paper writes them, beside the liked papers; with few, only liked papers are."""
    few, many = (rank_among(ranker([p], NEW, OTHERS), p, NEW) for p in (liking(FEW), liking(len(LIKED))))
    assert not any(reason.is_term for reason in few.reasons(NEW[0]))
    terms = {reason.term for reason in many.reasons(NEW[0]) if reason.is_term}
    assert {"Robots", "cups"} <= terms <= {"Robots", "bread", "cups", "Robots and bread", "bread and cups"}
    assert sum(not reason.is_term for reason in many.reasons(NEW[0])) == len(LIKED)


def test_without_a_background_the_mean_alone_counts() -> None:
    """There is nothing to tell liked papers from."""
    ranking = rank_among(ranker([p := liking(len(LIKED))], NEW, []), p, NEW)
    assert not any(reason.is_term for paper in NEW for reason in ranking.reasons(paper))


def test_many_disliked_papers_are_not_classified() -> None:
    """Their mean lowers a paper, however many there are."""
    profile = make_profile("robots", dislike=LIKED)
    ranking = rank_among(ranker([profile], NEW, OTHERS), profile, NEW)
    assert [reason.term for reason in ranking.reasons(NEW[0]) if reason.is_term] == ["robots"]
