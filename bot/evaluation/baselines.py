"""The methods that `paperboy evaluate` compares: the product's own ranker, and what its peers do. Pure.

    centroid  TF-IDF of words and pairs; the cosine to the mean of the liked papers, or to a query
    svm       the same vectors; a linear support vector machine for each reader, liked papers against all others
              (https://github.com/karpathy/arxiv-sanity-lite, with the C that does best here)
    bm25      Okapi BM25 with stems and stop words, for queries, when `bm25s` is installed (https://bm25s.github.io)

A baseline's texts are prepared as scikit-learn does it, not with `bot.text.terms`: they stand for what one gets
without this project.
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
from bot.evaluation.tasks import Kind, Method, Round, Task
from bot.papers.model import CountedPaper
from bot.profiles.model import Profile
from bot.ranking.linear import Ranker

Scores = NDArray[np.float64]

#: The values of the SVM's C, of which the best stands for it.
COSTS = (0.01, 0.1, 1.0)


def methods(task: Task, *, baselines: bool = True) -> list[Method]:
    """Paperboy, and what there is to compare it with on such a task."""
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
    """What a baseline is told of a profile that likes papers."""
    return Profile(id=profile.id, like=profile.like)


def text_of(profile: Profile) -> str:
    """What a profile of a query asks for."""
    return profile.about or " ".join(interest.phrase for interest in profile.interests)


def best_first(ids: Sequence[str], scores: Scores) -> list[str]:
    """The ids by their scores; of equal ones, the earlier id first."""
    return [ids[place] for place in np.argsort(-scores, kind="stable")]


class Paperboy:
    """The product's ranker, used as composing uses it: all profiles of a round in one model."""

    name = "paperboy"
    parameters: Mapping[str, float] = {}

    def __init__(self, task: Task) -> None:
        self._task = task
        self._papers = {one.paper.id: one for one in task.papers}

    def ranker(self, asked: Round) -> Ranker:
        """The model of a round."""
        window = [self._papers[id_] for id_ in asked.candidates]
        profiles = [trial.profile for trial in asked.trials]
        return Ranker(self._task.archive, self._task.background, window, profiles, self._papers)

    def rank(self, asked: Round) -> Iterator[Sequence[str]]:
        ranker = self.ranker(asked)
        every = (1 << len(asked.candidates)) - 1
        for trial in asked.trials:
            yield [ranked.paper.id for ranked in ranker.rank(trial.profile, every).best_first()]


class LikesAlone(Paperboy):
    """Paperboy told no more than the baselines: what the rest of a profile adds or costs shows beside it."""

    name = "paperboy, likes alone"

    def rank(self, asked: Round) -> Iterator[Sequence[str]]:
        told = (replace(trial, profile=likes_alone(trial.profile)) for trial in asked.trials)
        return super().rank(replace(asked, trials=tuple(told)))


class Vectors:
    """Papers as TF-IDF rows of unit length: words and pairs of words, sublinear counts, English stop words."""

    def __init__(self, papers: Sequence[CountedPaper]) -> None:
        self._vectorizer = TfidfVectorizer(stop_words="english", ngram_range=(1, 2), sublinear_tf=True)
        try:
            self.rows = sparse.csr_array(self._vectorizer.fit_transform(map(_text, papers)))
        except ValueError as error:  # scikit-learn's word for texts without a word
            raise UserError(f"the papers hold nothing to rank by: {error}") from None
        self._places = {one.paper.id: place for place, one in enumerate(papers)}

    def places(self, ids: Iterable[str | None]) -> list[int]:
        """Rows of the ids that are among the papers."""
        return [self._places[id_] for id_ in ids if id_ in self._places]

    def query(self, text: str) -> sparse.csr_array:
        """A text as a row."""
        return sparse.csr_array(self._vectorizer.transform([text]))


class Centroid:
    """The cosine to the mean of the liked papers, or to the text of a profile that likes none."""

    name = "centroid"
    parameters: Mapping[str, float] = {}

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def rank(self, asked: Round) -> Iterator[Sequence[str]]:
        rows = self._vectors.rows[self._vectors.places(asked.candidates)]
        for trial in asked.trials:
            yield best_first(asked.candidates, rows @ self._middle(trial.profile))

    def _middle(self, profile: Profile) -> Scores:
        """Its length is the same for all papers, and changes no order."""
        liked = self._vectors.places(reference.id for reference in profile.like)
        if not liked:
            return np.asarray(self._vectors.query(text_of(profile)).toarray()[0])
        return np.asarray(self._vectors.rows[liked].sum(axis=0))


class LinearSvm:
    """The distance from the plane that parts the liked papers from all others that are known."""

    name = "svm"

    def __init__(self, vectors: Vectors, cost: float) -> None:
        self._vectors = vectors
        self._cost = cost
        self.parameters: Mapping[str, float] = {"C": cost}

    def rank(self, asked: Round) -> Iterator[Sequence[str]]:
        known = self._vectors.rows[self._vectors.places(asked.known)]
        rows = self._vectors.rows[self._vectors.places(asked.candidates)]
        for trial in asked.trials:
            liked = {reference.id for reference in trial.profile.like}
            labels = np.array([id_ in liked for id_ in asked.known])
            yield best_first(asked.candidates, self.scores(known, labels, rows))

    def scores(self, known: sparse.csr_array, labels: NDArray[np.bool_], rows: sparse.csr_array) -> Scores:
        """Fit to the known papers, and score others."""
        if labels.all():  # nothing to part the liked papers from
            return np.zeros(rows.shape[0])
        machine = LinearSVC(class_weight="balanced", C=self._cost, random_state=0)
        return np.asarray(machine.fit(known, labels).decision_function(rows))


class Bm25:
    """`bm25s` with its defaults; Snowball stems and English stop words for papers and queries alike."""

    name = "bm25"
    parameters: Mapping[str, float] = {}

    def __init__(self, papers: Sequence[CountedPaper]) -> None:
        import bm25s  # an extra of the tests: whoever installs it gets the comparison

        self._stemmer = Stemmer.Stemmer("english")
        self._tokenize = bm25s.tokenize
        self._index = bm25s.BM25()
        self._index.index(self._tokens([_text(one) for one in papers]), show_progress=False)
        self._places = {one.paper.id: place for place, one in enumerate(papers)}

    def rank(self, asked: Round) -> Iterator[Sequence[str]]:
        places = [self._places[id_] for id_ in asked.candidates]
        for trial in asked.trials:
            (tokens,) = self._tokens([text_of(trial.profile)])
            scores = self._index.get_scores(tokens) if tokens else np.zeros(len(self._places))
            yield best_first(asked.candidates, scores[places])

    def _tokens(self, texts: list[str]) -> list[list[str]]:
        found: list[list[str]] = self._tokenize(
            texts, stopwords="en", stemmer=self._stemmer, return_ids=False, show_progress=False
        )
        return found


def _text(one: CountedPaper) -> str:
    return f"{one.paper.title}\n{one.paper.abstract}"
