"""A profile as facets: each interest, what it says of itself, the papers it likes, dislikes, and what it avoids.

A facet is a weight for each of some terms; what it scores a paper is the dot product with the paper's row, less, for
liked and disliked papers, what any paper of the background has in common with them:

    interest, about, avoid:  w_t = tf_t in its text, times `PAIR_WEIGHT` for pairs
    like, dislike:           w   = mean of the papers' rows - ALPHA * mean of the background's rows

The latter is Rocchio's classifier (https://nlp.stanford.edu/IR-book/html/htmledition/rocchio-classification-1.html)
with the background as what is not relevant.
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
#: A text of two or three words is a phrase, to be met as a whole: its parts count little beside it.
PHRASE_WORDS = 3
PART_WEIGHT = 0.25
#: What a pair counts beside a word in a longer text.
PAIR_WEIGHT = 0.3
#: A paper that shares this part of what liked papers share with one another is like them.
LIKENESS = 0.1


#: What people say of themselves besides their subject.
_TALK = frozenset(
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


#: Kinds that speak for a paper.
WANTED = frozenset({Kind.INTEREST, Kind.ABOUT, Kind.LIKE})


@dataclass(frozen=True, slots=True)
class Facet:
    """One wish of a profile."""

    kind: Kind
    weight: float  #: how much it counts beside the others; negative when it lowers
    reference: float  #: what it scores a paper that fits it
    name: str = ""  #: an interest as the reader wrote it
    columns: NDArray[np.integer] = field(
        default_factory=lambda: np.zeros(0, np.intp)
    )  #: of a text: its terms
    values: Vector = field(default_factory=lambda: np.zeros(0))  #: the weight of each
    terms: tuple[str, ...] = ()  #: each term as the reader wrote it
    papers: tuple[tuple[str, int], ...] = ()  #: liked or disliked: title, and row among the named papers


@dataclass(frozen=True, slots=True)
class Query:
    """The terms of a text that somebody looks for."""

    weights: dict[int, float]  #: by key
    written: tuple[str, ...]  #: each term as the text has it, the first time
    words: int  #: how many different words
    phrase: tuple[int, tuple[int, int]] | None = None  #: the key of a phrase of three words, and of its pairs


def query(text: str, talk: frozenset[str] = frozenset()) -> Query:
    """What an interest or a text about oneself asks for. `talk`: stems that belong to no subject."""
    read = tokenize(text)
    found = [one for one in terms(read) if talk.isdisjoint(one[0].split(" "))]
    tf = Counter(term for term, _, _ in found)
    written = {term: read.phrase(i, j) for term, i, j in reversed(found)}
    number = sum(" " not in term for term in tf)
    weights = {term: n * (PAIR_WEIGHT if " " in term else 1.0) for term, n in tf.items()}
    phrase = None
    if chain := _phrase(tf, number):
        whole = " ".join([chain[0].split(" ")[0], *(pair.split(" ")[1] for pair in chain)])
        weights = {**dict.fromkeys(weights, PART_WEIGHT), whole: 1.0}
        written[whole] = read.phrase(min(i for _, i, _ in found), max(j for _, _, j in found))
        phrase = (key(whole), (key(chain[0]), key(chain[1]))) if len(chain) > 1 else None
    by_key = {key(term): weight for term, weight in weights.items()}
    return Query(by_key, tuple(written[term] for term in weights), number, phrase)


def _phrase(tf: Mapping[str, int], number: int) -> list[str]:
    """The pairs that a text of so many different words is a chain of, when it is a phrase.

    "k-means" is one too: of a single word, and one pair.
    """
    pairs = [term for term in tf if " " in term]
    if number == 1:
        return pairs if len(pairs) == 1 else []
    chain = [pair for pair in pairs if all(stem_ in tf for stem_ in pair.split(" "))]
    if number > PHRASE_WORDS or len(chain) != number - 1:
        return []
    linked = all(one.split(" ")[1] == other.split(" ")[0] for one, other in pairwise(chain))
    return chain if linked else []


def queries(profile: Profile) -> tuple[Query, ...]:
    """What the texts of a profile ask for: its interests, what it says about itself, and what it avoids."""
    return (
        *(query(one.phrase) for one in profile.interests),
        query(profile.about, _TALK),
        *(query(one.phrase) for one in profile.avoid),
    )


def of_texts(profile: Profile, asked: Sequence[Query], index: Index) -> Iterator[Facet]:
    """The facets of a profile's texts. `asked`: its `queries`."""
    if not any(one.weights for one in asked):
        return
    columns = index.columns(key for one in asked for key in one.weights)
    values = np.fromiter(
        (weight for one in asked for weight in one.weights.values()), np.float64, len(columns)
    )
    once = values * index.idf[columns]
    wishes = [
        *((Kind.INTEREST, one.weight, one.phrase) for one in profile.interests),
        (Kind.ABOUT, 1.0, ""),
        *((Kind.AVOID, -one.weight, one.phrase) for one in profile.avoid),
    ]
    start = 0
    for (kind, weight, name), text in zip(wishes, asked, strict=True):
        some = slice(start, start := start + len(text.weights))
        reference = float(once[some].sum()) / max(1.0, text.words / PHRASE_WORDS)
        yield Facet(kind, weight, reference, name, columns[some], values[some], text.written)


def of_papers(papers: tuple[tuple[str, int], ...], square: float, common: float, kind: Kind) -> Facet:
    """What liked or disliked papers have in common.

    `papers`: title, and row among the named papers. `square`: the product of their mean with itself. `common`: with
    the background's mean.
    """
    weight = 1.0 if kind is Kind.LIKE else DISLIKE_WEIGHT
    return Facet(kind, weight, LIKENESS * (square - ALPHA * common), papers=papers)
