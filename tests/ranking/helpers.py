"""Small corpora, and what a ranking says of them."""

from __future__ import annotations

from collections.abc import Sequence

from bot.papers.model import Paper
from bot.profiles.model import Profile
from bot.ranking.facets import query
from bot.ranking.linear import Ranker
from bot.ranking.model import RankedPaper
from bot.ranking.order import Ranking
from tests.support.builders import counted, make_paper, rank_among

HAN = "Seungwook Han"
FILLER = (
    "Sparse graphs and their colourings in bounded time",
    "Protein folding with diffusion",
    "Lattice codes over noisy channels",
    "Speech recognition for small languages",
    "Galaxy surveys with wide telescopes",
    "Compilers that verify their own output",
)


def corpus(*titles: str) -> list[Paper]:
    """Papers a, b, c ... with these titles, and others about something else."""
    papers = [make_paper(chr(ord("a") + n), title) for n, title in enumerate(titles)]
    return papers + [make_paper(f"z{n}", title) for n, title in enumerate(FILLER)]


def ranker(
    profiles: Sequence[Profile],
    window: Sequence[Paper],
    background: Sequence[Paper],
    liked: Sequence[Paper] = (),
) -> Ranker:
    """The archive is the background."""
    old = [counted(paper) for paper in background]
    new = [counted(paper) for paper in window]
    return Ranker(
        [each.terms for each in old], old, new, profiles, {paper.id: counted(paper) for paper in liked}
    )


def rank(profile: Profile, papers: Sequence[Paper], *others: Profile, liked: Sequence[Paper] = ()) -> Ranking:
    """All the papers are candidates, archive and background."""
    return rank_among(ranker([profile, *others], papers, papers, liked), profile, papers)


def scores(ranking: Ranking) -> dict[str, float]:
    return {each.paper.id.removeprefix("test:"): each.score for each in ranking.best_first()}


def find(ranking: Ranking, id_: str) -> RankedPaper:
    return next(each for each in ranking.best_first() if each.paper.id == f"test:{id_}")


def count_followed(ranking: Ranking) -> int:
    return len(list(ranking.by_followed_authors()))


def reasons(ranking: Ranking, id_: str) -> dict[str, float]:
    return {reason.term: reason.weight for reason in ranking.reasons(find(ranking, id_).paper)}


def ids(ranking: Ranking, *, matching: bool = False) -> list[str]:
    order = (each for each in ranking.best_first() if each.matches or not matching)
    return [each.paper.id.removeprefix("test:") for each in order]


def weights_in(text: str, *, is_sentence: bool = False) -> dict[str, float]:
    """The terms of a text as it writes them, with their weights."""
    found = query(text, is_sentence=is_sentence)
    return dict(zip(found.terms, found.weights.values(), strict=True))
