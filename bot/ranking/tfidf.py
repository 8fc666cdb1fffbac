"""Profiles as weights over terms, scores as sums that can be shown.

A profile is a sum of parts, each a unit vector over the terms times a weight: its interests, what it says about
itself, the mean of the papers it likes, less those that it dislikes or avoids; and 1 for each followed author. A
score is the dot product with the paper's vector, so the terms' shares, which are the reasons shown, add up to it.

This module knows no store and no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.identity import names_on
from bot.model import Interest, Paper, Profile, Ranked, Reason, Reference
from bot.ranking.terms import Words, phrase, terms, words
from bot.ranking.vocabulary import Vector, Vocabulary
from bot.text import readable

#: A followed author outweighs any text: cosines are at most 1.
AUTHOR_WEIGHT = 1.0
DISLIKE_WEIGHT = -0.5
AVOID_WEIGHT = -1.0
#: A share smaller than this is a rounding error, not a reason.
_NEGLIGIBLE = 1e-12
#: Decimal places of a score: the last bits depend on who else is in the model, and must not break a tie.
_PLACES = 12


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a profile: weights over the terms, and how to name them to the reader."""

    weights: Vector  #: dense, one for each term
    label: str | None = None  #: the one reason that the whole part is; None: each term is its own
    names: Mapping[str, str] = field(default_factory=dict)  #: term -> as the reader wrote it


class Tfidf:
    """Ranks papers for profiles.

    `archive`: the papers whose document frequencies count. `background`: those that relevance is measured
    against. `liked`: stored papers by canonical id, for the profiles' references.
    """

    def __init__(
        self,
        archive: Sequence[Paper],
        background: Sequence[Paper],
        profiles: Sequence[Profile],
        liked: Mapping[str, Paper],
    ) -> None:
        self._liked = liked
        self.background = tuple(background)
        interests = [one.phrase for p in profiles for one in (*p.interests, *p.avoid)]
        own = [words(text) for text in (*interests, *(p.about for p in profiles))]
        own += [self._resolve(one)[1] for p in profiles for one in (*p.like, *p.dislike)]
        phrases = frozenset(filter(None, map(phrase, interests)))
        self.vocabulary = Vocabulary([_text(paper) for paper in archive], own, phrases)
        self._vectors = self.vocabulary.archive
        self._rows = {paper: row for row, paper in enumerate(archive)}

    def rank(self, profile: Profile, papers: Sequence[Paper]) -> Ranking:
        """The papers with their scores for a profile, best first, ties by id."""
        return Ranking(self, profile, papers)

    def vectors(self, papers: Sequence[Paper]) -> sparse.csr_array:
        """Papers x terms. Each paper is read once, however many profiles it is ranked for."""
        if new := [paper for paper in dict.fromkeys(papers) if paper not in self._rows]:
            self._rows.update({paper: len(self._rows) + n for n, paper in enumerate(new)})
            read = self.vocabulary.papers([_text(paper) for paper in new])
            self._vectors = sparse.csr_array(sparse.vstack([self._vectors, read]))
        return self._vectors[[self._rows[paper] for paper in papers]]

    @cached_property
    def background_vectors(self) -> sparse.csr_array:
        return self.vectors(self.background)

    def parts(self, profile: Profile) -> tuple[_Part, ...]:
        """The profile as weights over the terms."""
        return (
            *(self._interest(one, one.weight) for one in profile.interests),
            self._about(profile.about),
            *self._references(profile.like, 1.0, "like"),
            *self._references(profile.dislike, DISLIKE_WEIGHT, "unlike"),
            *(self._interest(one, AVOID_WEIGHT * one.weight) for one in profile.avoid),
        )

    def _interest(self, interest: Interest, weight: float) -> _Part:
        names = {**_names(words(interest.phrase)), phrase(interest.phrase): interest.phrase}
        return _Part(self.vocabulary.phrase(interest.phrase) * weight, names=names)

    def _about(self, text: str) -> _Part:
        read = words(text)
        return _Part(self.vocabulary.text(read), names=_names(read))

    def _references(self, references: Sequence[Reference], weight: float, verb: str) -> list[_Part]:
        found = [(title, text) for title, text in map(self._resolve, references) if title]
        return [
            _Part(self.vocabulary.text(text) * (weight / len(found)), label=f"{verb}: {readable(title)}")
            for title, text in found
        ]

    def _resolve(self, reference: Reference) -> tuple[str, Words]:
        """The stored text of a referenced paper, else what its BibTeX entry says."""
        known = self._liked.get(reference.id or "") or reference
        return known.title, _text(known)


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
            label = f"author: {name}"
            shares[label] = shares.get(label, 0.0) + AUTHOR_WEIGHT
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
        weights = sum((part.weights for part in self._parts), np.zeros(len(self._model.vocabulary)))
        return np.round(np.asarray(vectors @ weights) + self._author_scores(papers), _PLACES)

    def _author_scores(self, papers: Sequence[Paper]) -> Vector:
        names = self._profile.authors
        return np.array([AUTHOR_WEIGHT * len(names_on(paper, names)) for paper in papers], dtype=float)

    def _matches(self, papers: Sequence[Paper]) -> NDArray[np.bool_]:
        """Whether anything at all speaks for a paper: a term, a liked neighbour, a followed author."""
        positive = sum(
            (np.maximum(part.weights, 0.0) for part in self._parts), np.zeros(self._vectors.shape[1])
        )
        return np.asarray(self._vectors @ positive + self._author_scores(papers) > _NEGLIGIBLE)

    def _shares(self, row: int) -> Iterable[tuple[str, float]]:
        """Each part's share of a score, by term or as a whole."""
        here = slice(self._vectors.indptr[row], self._vectors.indptr[row + 1])
        columns, values = self._vectors.indices[here], self._vectors.data[here]
        for part in self._parts:
            products = values * part.weights[columns]
            if part.label is not None:
                yield part.label, float(products.sum())
                continue
            for place in np.flatnonzero(products):
                term = self._model.vocabulary.names[columns[place]]
                yield part.names.get(term, term), float(products[place])


def _text(paper: Paper | Reference) -> Words:
    """A paper's words: a title counts twice, as it is chosen with more care."""
    return words(paper.title, paper.title, paper.abstract)


def _names(text: Words) -> dict[str, str]:
    """How a text writes its terms, the first time."""
    return {term: " ".join(text.written[i:j]) for term, i, j in reversed(list(terms(text)))}
