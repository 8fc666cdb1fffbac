"""TF-IDF: papers as vectors, profiles as weights over their terms, scores as sums that can be shown.

A paper's vector holds, for each term t,

    x_t = (1 + ln tf_t) * (ln((1 + n) / (1 + df_t)) + 1),   divided by its Euclidean length,

with tf its count in the paper (a title counts twice), df the number of archive papers that have it and n the
number of archive papers: scikit-learn's TfidfTransformer with sublinear tf and smoothed idf
(https://scikit-learn.org/stable/modules/feature_extraction.html#tfidf-term-weighting).

A profile is a sum of parts, each a unit vector of the same kind times a weight: its interests, what it says
about itself, the mean of the papers it likes, less those that it dislikes or avoids; and 1 for each followed
author. A score is the dot product, so the terms' shares, which are the reasons shown, add up to it.

This module knows no store and no clock. It is the only one that imports scikit-learn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from bot.identity import names_on
from bot.model import Interest, Paper, Profile, Ranked, Reason, Reference
from bot.ranking.terms import Words, phrase, terms, words
from bot.text import readable

Vector = NDArray[np.float64]

#: A followed author outweighs any text: cosines are at most 1.
AUTHOR_WEIGHT = 1.0
DISLIKE_WEIGHT = -0.5
AVOID_WEIGHT = -1.0
#: A share smaller than this is a rounding error, not a reason.
_NEGLIGIBLE = 1e-12


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a profile: weights over the terms, and how to name them to the reader."""

    weights: Vector  #: dense, one for each term of the vocabulary
    label: str | None = None  #: the one reason that the whole part is; None: each term is its own
    names: Mapping[str, str] | None = None  #: term -> as the reader wrote it


class Tfidf:
    """The vocabulary with its document frequencies, and the background in its terms.

    `archive`: the papers whose document frequencies count. `background`: those that relevance is measured
    against. `profiles`: whose phrases are to be matched whole. `liked`: stored papers by canonical id, for
    the profiles' references.
    """

    def __init__(
        self,
        archive: Sequence[Paper],
        background: Sequence[Paper],
        profiles: Iterable[Profile],
        liked: Mapping[str, Paper],
    ) -> None:
        self._phrases = frozenset(
            filter(None, (phrase(i.phrase) for p in profiles for i in (*p.interests, *p.avoid)))
        )
        self._liked = liked
        self._background = tuple(background)
        self._counts = CountVectorizer(analyzer=self._terms, dtype=np.float64)
        self._idf = TfidfTransformer(sublinear_tf=True)
        self._fit(list(archive))

    def rank(self, profile: Profile, papers: Sequence[Paper]) -> Ranking:
        """The papers with their scores for a profile, best first, ties by id."""
        return Ranking(self, profile, papers)

    def vectors(self, papers: Sequence[Paper]) -> sparse.csr_array:
        """Papers x terms, each row of unit length, or empty."""
        return self._transform([words(paper.title, paper.title, paper.abstract) for paper in papers])

    @cached_property
    def background_vectors(self) -> sparse.csr_array:
        return self.vectors(self._background)

    @property
    def background(self) -> tuple[Paper, ...]:
        return self._background

    @cached_property
    def names(self) -> list[str]:
        """The vocabulary, by column."""
        return list(self._counts.get_feature_names_out())

    def parts(self, profile: Profile) -> tuple[_Part, ...]:
        """The profile as weights over the vocabulary."""
        return (
            *(self._interest(one, one.weight) for one in profile.interests),
            *((self._text(profile.about, 1.0),) if profile.about.strip() else ()),
            *self._references(profile.like, 1.0, "like"),
            *self._references(profile.dislike, DISLIKE_WEIGHT, "unlike"),
            *(self._interest(one, AVOID_WEIGHT * one.weight) for one in profile.avoid),
        )

    def _fit(self, archive: list[Paper]) -> None:
        texts = [words(paper.title, paper.title, paper.abstract) for paper in archive]
        if not any(self._terms(text) for text in texts):
            texts = [words("paperboy")]  # an empty archive still needs a vocabulary
        self._idf.fit(self._counts.fit_transform(texts))

    def _terms(self, text: Words) -> list[str]:
        return [term for term, _, _ in terms(text, self._phrases)]

    def _transform(self, texts: Sequence[Words]) -> sparse.csr_array:
        if not texts:
            return sparse.csr_array((0, len(self.names)))
        return sparse.csr_array(self._idf.transform(self._counts.transform(texts)))

    def _dense(self, text: Words) -> Vector:
        return np.asarray(self._transform([text]).toarray()[0])

    def _interest(self, interest: Interest, weight: float) -> _Part:
        part = self._text(interest.phrase, weight)
        return _Part(part.weights, names={**(part.names or {}), phrase(interest.phrase): interest.phrase})

    def _text(self, text: str, weight: float) -> _Part:
        read = words(text)
        occurrences = reversed(list(terms(read, self._phrases)))
        names = {term: " ".join(read.written[i:j]) for term, i, j in occurrences}
        return _Part(self._dense(read) * weight, names=names)

    def _references(self, references: Sequence[Reference], weight: float, verb: str) -> list[_Part]:
        found = [(title, text) for title, text in map(self._resolve, references) if title]
        return [
            _Part(self._dense(text) * (weight / len(found)), label=f"{verb}: {readable(title)}")
            for title, text in found
        ]

    def _resolve(self, reference: Reference) -> tuple[str, Words]:
        """The stored text of a referenced paper, else what its BibTeX entry says."""
        known = self._liked.get(reference.id or "") or reference
        return known.title, words(known.title, known.title, known.abstract)


class Ranking:
    """Some papers in one profile's order, and the reasons for each place."""

    def __init__(self, model: Tfidf, profile: Profile, papers: Sequence[Paper]) -> None:
        self._model = model
        self._profile = profile
        self._parts = model.parts(profile)
        self._vectors = model.vectors(papers)
        self._rows = {paper.id: row for row, paper in enumerate(papers)}
        self.order = self._ranked(papers)

    def reasons(self, paper: Paper) -> tuple[Reason, ...]:
        """Every term of the paper's score, largest first; they add up to it."""
        shares: dict[str, float] = {}
        for name, share in self._shares(self._rows[paper.id]):
            shares[name] = shares.get(name, 0.0) + share
        for name in names_on(paper, self._profile.authors):
            shares[f"author: {name}"] = AUTHOR_WEIGHT
        reasons = (Reason(name, share) for name, share in shares.items() if abs(share) > _NEGLIGIBLE)
        return tuple(sorted(reasons, key=lambda reason: (-reason.weight, reason.term)))

    def _ranked(self, papers: Sequence[Paper]) -> tuple[Ranked, ...]:
        scores = self._scores(self._vectors, papers)
        background = np.sort(self._scores(self._model.background_vectors, self._model.background))
        lower = np.searchsorted(background, scores - _NEGLIGIBLE, side="left")
        relevance = 100.0 * lower / max(len(background), 1)
        matches = self._matches(papers)
        ranked = (
            Ranked(paper, float(scores[row]), float(relevance[row]), bool(matches[row]))
            for row, paper in enumerate(papers)
        )
        return tuple(sorted(ranked, key=lambda one: (-one.score, one.paper.id)))

    def _scores(self, vectors: sparse.csr_array, papers: Sequence[Paper]) -> Vector:
        weights = sum((part.weights for part in self._parts), np.zeros(vectors.shape[1]))
        return np.asarray(vectors @ weights) + self._author_scores(papers)

    def _author_scores(self, papers: Sequence[Paper]) -> Vector:
        return np.array(
            [AUTHOR_WEIGHT * len(names_on(paper, self._profile.authors)) for paper in papers], dtype=float
        )

    def _matches(self, papers: Sequence[Paper]) -> NDArray[np.bool_]:
        """Whether anything at all speaks for a paper: a term, a liked neighbour, a followed author."""
        positive = sum((np.maximum(p.weights, 0.0) for p in self._parts), np.zeros(self._vectors.shape[1]))
        return np.asarray(self._vectors @ positive + self._author_scores(papers) > _NEGLIGIBLE)

    def _shares(self, row: int) -> Iterable[tuple[str, float]]:
        columns = self._vectors.indices[self._vectors.indptr[row] : self._vectors.indptr[row + 1]]
        values = self._vectors.data[self._vectors.indptr[row] : self._vectors.indptr[row + 1]]
        for part in self._parts:
            products = values * part.weights[columns]
            if part.label is not None:
                yield part.label, float(products.sum())
                continue
            for column, share in zip(columns, products, strict=True):
                if share:
                    term = self._model.names[column]
                    yield (part.names or {}).get(term, term), float(share)
