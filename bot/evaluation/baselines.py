"""The methods that `paperboy evaluate` compares: Paperboy's ranker and common baselines. Pure.

    centroid  TF-IDF of words and pairs; cosine similarity to the mean of the liked papers, or to a query
    svm       the same vectors; a linear support vector machine for each reader, liked papers against all other papers
              (https://github.com/karpathy/arxiv-sanity-lite, with the best of several values of C)
    bm25      Okapi BM25 with stems and stop words, for queries, when `bm25s` is installed (https://bm25s.github.io)

Baselines tokenize texts with their own library, not with `bot.text.terms`: they show what one gets without Paperboy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import Stemmer
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from bot.errors import UserError
from bot.evaluation.run import Method
from bot.evaluation.tasks import Kind, Round, Task
from bot.papers.model import CountedPaper
from bot.profiles.model import Profile
from bot.ranking.linear import Ranker

Scores = NDArray[np.float64]

#: The values of C that are tried; only the best one is reported.
COSTS = (0.01, 0.1, 1.0)


def methods(task: Task, *, baselines: bool = True) -> list[Method]:
    """Paperboy, and the baselines that apply to the task."""
    made: list[Method] = [Paperboy(task)]
    if not baselines:
        return made
    if any(trial.profile != likes_alone(trial.profile) for trial in task.trials if trial.profile.like):
        made.append(LikesAlone(task))
    vectors = Vectors(task.papers)
    made.append(Centroid(vectors))
    if task.kind is not Kind.QUERIES:
        made += [LinearSvm(vectors, cost) for cost in COSTS]
    elif find_spec("bm25s"):
        made.append(Bm25(task.papers))
    return made


def likes_alone(profile: Profile) -> Profile:
    """The profile reduced to its liked papers, which is what baselines see of it."""
    return Profile(id=profile.id, like=profile.like)


def text_of(profile: Profile) -> str:
    """The query text of a profile: its `about` text, or its interests."""
    return profile.about or " ".join(interest.phrase for interest in profile.interests)


def best_first(ids: Sequence[str], scores: Scores) -> list[str]:
    """The ids by descending score; equal scores keep the order of the ids."""
    return [ids[place] for place in np.argsort(-scores, kind="stable")]


class Paperboy:
    """Paperboy's ranker, used as the composer uses it: one model for all profiles of a round."""

    name = "paperboy"
    parameters: Mapping[str, float] = {}

    def __init__(self, task: Task) -> None:
        self._task = task
        self._papers = {one.paper.id: one for one in task.papers}

    def ranker(self, round_: Round) -> Ranker:
        """The model for a round."""
        window = [self._papers[id_] for id_ in round_.candidates]
        profiles = [trial.profile for trial in round_.trials]
        return Ranker(self._task.archive, self._task.background, window, profiles, self._papers)

    def rank(self, round_: Round) -> Iterator[Sequence[str]]:
        ranker = self.ranker(round_)
        all_papers = (1 << len(round_.candidates)) - 1
        for trial in round_.trials:
            yield [ranked.paper.id for ranked in ranker.rank(trial.profile, all_papers).best_first()]


class LikesAlone(Paperboy):
    """Paperboy with the liked papers only: shows what the rest of the profile adds or costs."""

    name = "paperboy, likes alone"

    def rank(self, round_: Round) -> Iterator[Sequence[str]]:
        reduced = (replace(trial, profile=likes_alone(trial.profile)) for trial in round_.trials)
        return super().rank(replace(round_, trials=tuple(reduced)))


class Vectors:
    """TF-IDF vectors of papers, one row each: words and word pairs, sublinear counts, English stop words, L2 norm."""

    def __init__(self, papers: Sequence[CountedPaper]) -> None:
        self._vectorizer = TfidfVectorizer(stop_words="english", ngram_range=(1, 2), sublinear_tf=True)
        try:
            self.rows = sparse.csr_array(self._vectorizer.fit_transform(map(_text, papers)))
        except ValueError as error:  # scikit-learn raises it for texts without words
            raise UserError(f"the papers contain no words to rank by: {error}") from None
        self._places = {one.paper.id: place for place, one in enumerate(papers)}

    def places(self, ids: Iterable[str | None]) -> list[int]:
        """The row numbers of those ids that are among the papers."""
        return [self._places[id_] for id_ in ids if id_ in self._places]

    def query(self, text: str) -> sparse.csr_array:
        """The vector of a text, as a matrix with one row."""
        return sparse.csr_array(self._vectorizer.transform([text]))


class Centroid:
    """Cosine similarity to the mean of the liked papers, or to the query text when there are none."""

    name = "centroid"
    parameters: Mapping[str, float] = {}

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def rank(self, round_: Round) -> Iterator[Sequence[str]]:
        rows = self._vectors.rows[self._vectors.places(round_.candidates)]
        for trial in round_.trials:
            yield best_first(round_.candidates, rows @ self._middle(trial.profile))

    def _middle(self, profile: Profile) -> Scores:
        """The unnormalised centroid: its length is the same for all papers and does not change the ranking."""
        liked = self._vectors.places(reference.id for reference in profile.like)
        if not liked:
            return np.asarray(self._vectors.query(text_of(profile)).toarray()[0])
        return np.asarray(self._vectors.rows[liked].sum(axis=0))


class LinearSvm:
    """The decision function of a linear SVM that separates the liked papers from all other known papers."""

    name = "svm"

    def __init__(self, vectors: Vectors, cost: float) -> None:
        self._vectors = vectors
        self._cost = cost
        self.parameters: Mapping[str, float] = {"C": cost}

    def rank(self, round_: Round) -> Iterator[Sequence[str]]:
        known = self._vectors.rows[self._vectors.places(round_.known)]
        rows = self._vectors.rows[self._vectors.places(round_.candidates)]
        for trial in round_.trials:
            liked = {reference.id for reference in trial.profile.like}
            labels = np.array([id_ in liked for id_ in round_.known])
            yield best_first(round_.candidates, self.scores(known, labels, rows))

    def scores(self, known: sparse.csr_array, labels: NDArray[np.bool_], rows: sparse.csr_array) -> Scores:
        """Fit the SVM to the known papers, and score the papers of `rows`."""
        if labels.all():  # there is no second class
            return np.zeros(rows.shape[0])
        machine = LinearSVC(class_weight="balanced", C=self._cost, random_state=0)
        return np.asarray(machine.fit(known, labels).decision_function(rows))


class Bm25:
    """`bm25s` with its defaults, Snowball stems and English stop words, for papers and queries."""

    name = "bm25"
    parameters: Mapping[str, float] = {}

    def __init__(self, papers: Sequence[CountedPaper]) -> None:
        import bm25s  # optional: installed for the tests

        self._stemmer = Stemmer.Stemmer("english")
        self._tokenize = bm25s.tokenize
        self._index = bm25s.BM25()
        self._index.index(self._tokens([_text(one) for one in papers]), show_progress=False)
        self._places = {one.paper.id: place for place, one in enumerate(papers)}

    def rank(self, round_: Round) -> Iterator[Sequence[str]]:
        places = [self._places[id_] for id_ in round_.candidates]
        for trial in round_.trials:
            (tokens,) = self._tokens([text_of(trial.profile)])
            scores = self._index.get_scores(tokens) if tokens else np.zeros(len(self._places))
            yield best_first(round_.candidates, scores[places])

    def _tokens(self, texts: list[str]) -> list[list[str]]:
        found: list[list[str]] = self._tokenize(
            texts, stopwords="en", stemmer=self._stemmer, return_ids=False, show_progress=False
        )
        return found


def _text(counted: CountedPaper) -> str:
    return f"{counted.paper.title}\n{counted.paper.abstract}"
