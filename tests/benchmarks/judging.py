"""The judged set (judged/README.md): eight written profiles, ten days of real papers, grades by reading."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from bot.digests.candidates import exclusion_reason
from bot.digests.composer import DigestComposer
from bot.digests.corpus import Corpus, load_corpus
from bot.digests.model import Digest, History
from bot.evaluation.baselines import Bm25, Centroid, LinearSvm, Vectors
from bot.evaluation.measures import grade_ranking, ndcg
from bot.evaluation.run import Method
from bot.evaluation.tasks import Round, Trial
from bot.profiles.model import Profile, Reference
from bot.ranking.linear import Ranker
from bot.store.papers import Papers
from tests.benchmarks.archive import AUTO, morning, read_profiles
from tests.benchmarks.ratios import Figures, figures
from tests.support.cli import ROOT
from tests.support.leftovers import SHARED

JUDGED = Path(__file__).parent / "judged"
BUILD_DAYS = (12, 14, 18, 20, 27)
HELD_BACK_DAYS = (13, 19, 22, 26, 29)
FIRST = 10
#: The better of 0.1 and 1 on the days to build on.
COST = 0.1
#: What the SVM is given for profiles without likes: five papers of 1 to 10 May, found with the prototype of the pool.
LIKES = {
    "agentsec": "2605.03034 2605.05716 2605.00136 2605.02240 2604.27996",
    "chem": "2605.02780 2605.04449 2605.02617 2604.27269 2605.00889",
    "qec": "2605.03631 2605.00761 2605.04400 2605.01942 2605.00970",
    "recsys": "2604.27096 2605.00846 2605.00841 2605.01668 2605.04785",
    "speech": "2604.27533 2605.03671 2605.02608 2605.03799 2605.06276",
}


@cache
def judged_profiles() -> dict[str, Profile]:
    """The profiles as the judged task has them: one day's papers, and a digest of at most ten."""
    trials = (SHARED / "trials" / f"{name}.yaml" for name in ("agentsec", "chem", "qec", "speech"))
    profiles = read_profiles([*trials, ROOT / "profiles", JUDGED / "recsys.yaml"])
    return {id_: replace(profile, window=1, **AUTO) for id_, profile in profiles.items()}


@cache
def grades(profile: str) -> Mapping[str, int]:
    """The grade of each judged paper, by id."""
    lines = (JUDGED / f"{profile}.txt").read_text(encoding="utf-8").splitlines()
    return {f"arxiv:{id_}": int(grade) for id_, grade in map(str.split, lines)}


@dataclass(frozen=True)
class JudgedDay:
    """A day's papers, and for each profile the candidates among them, by id."""

    number: int
    corpus: Corpus
    candidates: Mapping[str, tuple[str, ...]]

    def gains(self, profile: str) -> dict[str, float]:
        """2^grade - 1 of each candidate that is worth reading."""
        found = grades(profile)
        return {id_: 2.0**grade - 1 for id_ in self.candidates[profile] if (grade := found.get(id_, 0))}


def judged_day(archive: Papers, number: int) -> JudgedDay:
    corpus = load_corpus(archive, list(judged_profiles().values()), morning(number))

    def candidates(profile: Profile) -> tuple[str, ...]:
        papers = (one.paper for one in corpus.window)
        wanted = (paper for paper in papers if not exclusion_reason(profile, paper, History(), corpus.now))
        return tuple(sorted(paper.id for paper in wanted))

    return JudgedDay(number, corpus, {id_: candidates(profile) for id_, profile in corpus.profiles.items()})


# --- The methods: for each profile its candidates, best first ---------------------------------------------


def paperboy_orders(day: JudgedDay, ranker: Ranker | None = None) -> dict[str, list[str]]:
    ranker = ranker or day.corpus.fit(Ranker)
    orders = {}
    for id_, profile in day.corpus.profiles.items():
        wanted = set(day.candidates[id_])
        among = sum(1 << n for n, one in enumerate(day.corpus.window) if one.paper.id in wanted)
        orders[id_] = [ranked.paper.id for ranked in ranker.rank(profile, among).best_first()]
    return orders


def digests(day: JudgedDay, ranker: Ranker) -> dict[str, Digest]:
    composer, on = DigestComposer(day.corpus, ranker), day.corpus.now.date()
    return {id_: composer.compose(profile, on) for id_, profile in judged_profiles().items()}


def rival_orders(archive: Papers, day: JudgedDay) -> dict[str, dict[str, list[str]]]:
    """By method: the baselines of `bot.evaluation`, two of which see a profile's texts, and one its likes.

    The last one sees likes that were first seen after the day, too, which `load_corpus` leaves out.
    """
    corpus = day.corpus
    liked = {r.id for profile in corpus.profiles.values() for r in _likes(profile) if r.id}
    given = archive.counted(liked)
    every = (*corpus.background, *corpus.window, *corpus.references.values(), *given)
    papers = tuple({one.paper.id: one for one in every}.values())
    vectors = Vectors(papers)
    texts = {id_: Profile(id_, about=_text(profile)) for id_, profile in corpus.profiles.items()}
    likes = {id_: Profile(id_, like=_likes(profile)) for id_, profile in corpus.profiles.items()}
    methods: dict[str, tuple[Method, dict[str, Profile]]] = {
        "TF-IDF cosine": (Centroid(vectors), texts),
        "bm25s": (Bm25(papers), texts),
        "SVM on likes": (LinearSvm(vectors, COST), likes),
    }
    known = tuple(one.paper.id for one in papers)
    return {
        name: {
            id_: list(*method.rank(Round(day.candidates[id_], known, (Trial(profile, {}),))))
            for id_, profile in profiles.items()
            if day.candidates[id_]
        }
        for name, (method, profiles) in methods.items()
    }


def _text(profile: Profile) -> str:
    return " ".join([*(interest.phrase for interest in profile.interests), profile.about])


def _likes(profile: Profile) -> tuple[Reference, ...]:
    return profile.like or tuple(Reference(f"arxiv:{id_}") for id_ in LIKES[profile.id].split())


# --- The measures -----------------------------------------------------------------------------------------


def measures(day: JudgedDay, profile: str, order: Sequence[str]) -> dict[str, float]:
    """Of one method's order; NaN where the day's papers do not allow a measure. Papers without a grade count as 0."""
    gains = day.gains(profile)
    first = [id_ in gains for id_ in order[:FIRST]]
    return {
        "precision@5": sum(first[:5]) / 5 if len(gains) >= 5 else math.nan,
        "precision@10": sum(first) / min(FIRST, len(gains)) if gains else math.nan,
        "nDCG@10": ndcg(grade_ranking(order, gains), FIRST) if gains else math.nan,
        "grade 0": first.count(False),
        "ungraded": sum(id_ not in grades(profile) for id_ in order[:FIRST]),
    }


def ndcg_figures(days: Sequence[JudgedDay], orders: Sequence[Mapping[str, Sequence[str]]]) -> Figures:
    """nDCG@10 of the profiles on some days, each pair a reader. `orders`: a method's, by day."""
    return figures(
        (f"{profile} {day.number}", measures(day, profile, order)["nDCG@10"])
        for day, by_profile in zip(days, orders, strict=True)
        for profile, order in by_profile.items()
        if day.gains(profile)
    )


def digest_measures(day: JudgedDay, profile: str, digest: Digest) -> dict[str, float]:
    """Of what a digest shows: places that it leaves empty count as misses of the precision.

    Papers by followed authors are left out: they are always shown, and the grades do not count authors.
    """
    shown = [scored.paper.id for scored in digest.papers if not scored.followed]
    found = measures(day, profile, shown)
    return {
        "shown": len(shown),
        "grade 0": sum(id_ not in day.gains(profile) for id_ in shown),
        "precision@5": found["precision@5"],
        "share of the good": found["precision@10"],
        "ungraded": sum(id_ not in grades(profile) for id_ in shown),
    }
