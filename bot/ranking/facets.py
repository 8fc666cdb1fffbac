"""A profile as facets: each interest, `about`, the liked papers, the disliked papers, and each text to avoid.

A facet has a weight for each of its terms. A paper's score for it is the dot product with the paper's row, less, for
liked and disliked papers, the product with the mean of the background:

    interest, about, avoid:  w_t = tf_t in its text, times `PAIR_WEIGHT` for pairs
    like, dislike:           w   = mean of the papers' rows - ALPHA * mean of the background's rows

The second is Rocchio's classifier (https://nlp.stanford.edu/IR-book/html/htmledition/rocchio-classification-1.html)
with the background as the papers that are not relevant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bot.profiles.model import Profile
from bot.ranking.counts import key
from bot.ranking.index import Index, Vector
from bot.text.terms import stem, terms, tokenize

ALPHA = 1.15
DISLIKE_WEIGHT = -0.25
#: A text of up to so many words is a phrase: as a whole it has weight 1, its words and pairs have `PART_WEIGHT`.
PHRASE_WORDS = 3
PART_WEIGHT = 0.25
#: Weight of a pair in a longer text; a word has 1.
PAIR_WEIGHT = 0.3
#: A paper fits liked papers if it has this part of what they have in common with one another.
LIKENESS = 0.1


#: Words that people use about themselves, which are not their subject.
_FILLER = frozenset(
    stem(word)
    for word in """
    anything area areas care career colleague enjoy especially everything excited fan field focus follow group
    hear help hope interest interested interests kind know lab laboratory like likes look looking love main mainly
    mostly phd postdoc professor project projects read reading research researcher sort student studies study
    studying team thing things think topic topics try trying understand university want work working works
    """.split()  # noqa: SIM905 - a list of words reads best as words
)


class Kind(StrEnum):
    INTEREST = "interest"
    ABOUT = "about"
    LIKE = "like"
    DISLIKE = "dislike"
    AVOID = "avoid"


#: Kinds that raise a paper.
WANTED = frozenset({Kind.INTEREST, Kind.ABOUT, Kind.LIKE})


@dataclass(frozen=True, slots=True)
class Facet:
    """One part of a profile that papers are scored by."""

    kind: Kind
    weight: float  #: relative to other facets; negative if it lowers
    reference: float  #: the score of a paper that fits it
    name: str = ""  #: an interest as the reader wrote it
    #: Of a text: the columns of its terms, and the weight of each.
    columns: NDArray[np.integer] = field(default_factory=lambda: np.zeros(0, np.intp))
    values: Vector = field(default_factory=lambda: np.zeros(0))
    terms: tuple[str, ...] = ()  #: each term as the reader wrote it
    papers: tuple[tuple[str, int], ...] = ()  #: liked or disliked: title, and row among the named papers


@dataclass(frozen=True, slots=True)
class Query:
    """The terms of a profile's text."""

    weights: dict[int, float]  #: by key
    terms: tuple[str, ...]  #: each as the text has it first
    words: int  #: number of different words
    phrase: tuple[int, tuple[int, int]] | None = (
        None  #: of a phrase of three words: its key, and those of its pairs
    )


def query(text: str, ignored: frozenset[str] = frozenset()) -> Query:
    """Return the terms of a text and their weights, without terms that have one of the `ignored` stems."""
    words = tokenize(text)
    found = [occurrence for occurrence in terms(words) if ignored.isdisjoint(occurrence[0].split(" "))]
    tf = Counter(term for term, _, _ in found)
    written = {term: words.phrase(i, j) for term, i, j in reversed(found)}
    number = sum(" " not in term for term in tf)
    weights = {term: n * (PAIR_WEIGHT if " " in term else 1.0) for term, n in tf.items()}
    phrase = None
    if chain := _phrase(tf, number):
        whole = " ".join([chain[0].split(" ")[0], *(pair.split(" ")[1] for pair in chain)])
        weights = {**dict.fromkeys(weights, PART_WEIGHT), whole: 1.0}
        written[whole] = words.phrase(min(i for _, i, _ in found), max(j for _, _, j in found))
        phrase = (key(whole), (key(chain[0]), key(chain[1]))) if len(chain) > 1 else None
    by_key = {key(term): weight for term, weight in weights.items()}
    return Query(by_key, tuple(written[term] for term in weights), number, phrase)


def _phrase(tf: Mapping[str, int], number: int) -> list[str]:
    """The pairs that a phrase is a chain of; empty for other texts. `number`: of different words.

    "k-means" is a phrase, too: it has one word and one pair.
    """
    pairs = [term for term in tf if " " in term]
    if number == 1:
        return pairs if len(pairs) == 1 else []
    chain = [pair for pair in pairs if all(stem_ in tf for stem_ in pair.split(" "))]
    if number > PHRASE_WORDS or len(chain) != number - 1:
        return []
    linked = all(pair.split(" ")[1] == following.split(" ")[0] for pair, following in pairwise(chain))
    return chain if linked else []


def queries(profile: Profile) -> tuple[Query, ...]:
    """Return the queries of a profile's texts: its interests, `about`, and the texts to avoid."""
    return (
        *(query(interest.phrase) for interest in profile.interests),
        query(profile.about, _FILLER),
        *(query(avoided.phrase) for avoided in profile.avoid),
    )


def text_facets(profile: Profile, asked: Sequence[Query], index: Index) -> Iterator[Facet]:
    """Yield the facets of a profile's texts. `asked`: its `queries`."""
    if not any(text.weights for text in asked):
        return
    columns = index.columns(key for text in asked for key in text.weights)
    weights = (weight for text in asked for weight in text.weights.values())
    values = np.fromiter(weights, np.float64, len(columns))
    once = values * index.idf[columns]  # the score of a paper of average length that has each term once
    texts = [
        *((Kind.INTEREST, interest.weight, interest.phrase) for interest in profile.interests),
        (Kind.ABOUT, 1.0, ""),
        *((Kind.AVOID, -avoided.weight, avoided.phrase) for avoided in profile.avoid),
    ]
    start = 0
    for (kind, weight, name), text in zip(texts, asked, strict=True):
        own = slice(start, start := start + len(text.weights))
        reference = float(once[own].sum()) / max(1.0, text.words / PHRASE_WORDS)
        yield Facet(kind, weight, reference, name, columns[own], values[own], text.terms)


def paper_facet(papers: tuple[tuple[str, int], ...], square: float, common: float, kind: Kind) -> Facet:
    """Return the facet of liked or disliked papers.

    `papers`: title, and row among the named papers. `square`: the product of their mean row with itself. `common`:
    with the background's mean row.
    """
    weight = 1.0 if kind is Kind.LIKE else DISLIKE_WEIGHT
    return Facet(kind, weight, LIKENESS * (square - ALPHA * common), papers=papers)
