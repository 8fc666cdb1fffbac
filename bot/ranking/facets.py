"""A profile as facets: each interest, `about`, the liked papers, the disliked papers, and each text to avoid.

A facet has a weight for each of its terms. A paper's similarity to it is the dot product with the paper's row, less,
for liked and disliked papers, the product with the mean of the background:

    a phrase:       w   = 1 for the phrase, 1/8 + (df_phrase + 5) / (df_t + 20) / 2 for each word and pair t in it
    other texts:    w_t = tf_t in the text, times `PAIR_WEIGHT` for pairs
    like, dislike:  w   = mean of the papers' rows - ALPHA * mean of the background's rows, less of it for short texts

What a word of a phrase counts alone follows from how specific it is to the phrase: half of its weight is the share of
the archive's papers with the word that have the phrase, smoothed towards a quarter by twenty papers, and half is a
quarter for every word. The last is Rocchio's classifier
(https://nlp.stanford.edu/IR-book/html/htmledition/rocchio-classification-1.html) with the background as the papers
that are not relevant.

The similarity divided by `Facet.perfect` has one scale for every facet: a paper that has all terms of a text as often
as can be gets 1, one of average length that has each once in its abstract 0.4.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import compress
from string import ascii_lowercase
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.profiles.model import Profile
from bot.ranking.counts import key
from bot.ranking.index import Index, Keys, Vector
from bot.text.terms import Join, Role, Words, role, stem, terms, tokenize

ALPHA = 1.15
#: A smaller number is a rounding error.
NEGLIGIBLE = 1e-12
ABOUT_WEIGHT = 2.0
DISLIKE_WEIGHT = -0.125
#: Liked papers are no nearer to the background than this share of what as many papers of it would be.
LEAST_DISTANCE = 0.5
#: An interest of up to so many words, links such as "of" included, is a phrase if there is no break in it.
PHRASE_WORDS = 4
#: The weight of a part of a phrase without evidence from the archive, and the number of papers that such evidence
#: outweighs.
PART_WEIGHT = 0.25
PART_EVIDENCE = 20
#: A word is a phrase's acronym if this share of the papers with it have the phrase, `ACRONYM_EVIDENCE` more papers
#: without it being assumed, and if this share of the papers with the phrase have it.
ACRONYM_SHARE = 0.25
ACRONYM_USE = 0.2
ACRONYM_EVIDENCE = 4
MOST_INITIALS = 4
#: Weight of a pair in a text that is no phrase; a word has 1.
PAIR_WEIGHT = 0.2
#: Of a text with more terms, a paper has a smaller part: a perfect match has the square root of the ratio.
SENTENCE_TERMS = 30
#: A paper is a perfect match of liked papers if it has this part of what they have in common with one another.
LIKENESS = 0.25


class Kind(StrEnum):
    INTEREST = "interest"
    ABOUT = "about"
    LIKE = "like"
    DISLIKE = "dislike"
    AVOID = "avoid"


#: Kinds that raise a paper.
WANTED = frozenset({Kind.INTEREST, Kind.ABOUT, Kind.LIKE})


class NamedPaper(NamedTuple):
    """A paper that a profile likes or dislikes."""

    title: str
    number: int  #: its row among the named papers
    answered: bool  #: named by a reader's answer


@dataclass(frozen=True, slots=True)
class Facet:
    """One part of a profile that papers are scored by."""

    kind: Kind
    weight: float  #: in the score: the same for all interests; negative if it lowers
    perfect: float  #: the similarity of a perfect match
    name: str = ""  #: an interest as the reader wrote it
    places: float = 1.0  #: of an interest its weight, by which a full digest's places are dealt
    #: Of a text: the columns of its terms, and the weight of each.
    columns: NDArray[np.integer] = field(default_factory=lambda: np.zeros(0, np.intp))
    values: Vector = field(default_factory=lambda: np.zeros(0))
    terms: tuple[str, ...] = ()  #: each term as the reader wrote it
    papers: tuple[NamedPaper, ...] = ()  #: liked or disliked
    share: float = 0.0  #: how much the classifier of liked papers counts beside their mean
    #: Of the classifier: what the row of each liked paper, and of each other paper that it has learned from, weighs.
    of_liked: Vector = field(default_factory=lambda: np.zeros(0))
    of_others: Vector = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, slots=True)
class Query:
    """The terms of a profile's text."""

    weights: dict[int, float]  #: by key; of a phrase's parts: `PART_WEIGHT`
    terms: tuple[str, ...]  #: each as the text has it first
    phrase: int | None = None  #: of a phrase: its key, which is that of its pair or stands for `pairs`
    pairs: tuple[int, ...] = ()  #: of a phrase: the keys of its pairs
    initials: str = ""  #: of a phrase: its words' first letters, links left out


def query(text: str, *, is_sentence: bool = False) -> Query:
    """Return the terms of a text, and their weights. A sentence is no phrase, however short it is."""
    words = tokenize(text)
    found = list(terms(words))
    tf = Counter(term for term, _, _ in found)
    written = {term: words.phrase(i, j) for term, i, j in reversed(found)}
    if is_sentence or not _is_phrase(words, tf):
        weights = {term: n * (PAIR_WEIGHT if " " in term else 1.0) for term, n in tf.items()}
        return Query({key(term): weight for term, weight in weights.items()}, tuple(written[t] for t in tf))
    # "chain-of-thought" is the phrase "chain of thought": without the hyphens' pairs within another pair.
    within = {
        term
        for term, i, j in found
        if i < j and any(a <= i and j <= b and b - a > j - i for _, a, b in found)
    }
    parts = [term for term in tf if term not in within]
    pairs = [term for term in parts if " " in term]
    # A paper has a phrase of several pairs as often as the rarest of them; its key is that of all pairs in order.
    whole = " ".join(pairs)
    written[whole] = words.phrase(min(i for _, i, _ in found), max(j for _, _, j in found))
    weights = {**dict.fromkeys(parts, PART_WEIGHT), whole: 1.0}
    by_key = {key(term): weight for term, weight in weights.items()}
    initials = "".join(word[0] for word in words.stems if role(word) is not Role.STOP)
    return Query(
        by_key, tuple(written[term] for term in weights), key(whole), tuple(map(key, pairs)), initials
    )


def _is_phrase(words: Words, tf: Mapping[str, int]) -> bool:
    """Whether a text is a phrase: a few words without a break, each in a pair with a neighbour.

    "k-means" is a phrase, too: it has one word and one pair.
    """
    if len(words.stems) > PHRASE_WORDS or Join.BREAK in words.joins[1:]:
        return False
    paired = {word for term in tf if " " in term for word in term.split(" ")}
    return bool(paired) and paired.issuperset(term for term in tf if " " not in term)


def queries(profile: Profile) -> tuple[Query, ...]:
    """Return the queries of a profile's texts: its interests, `about`, and the texts to avoid."""
    return (
        *(query(interest.phrase) for interest in profile.interests),
        query(profile.about, is_sentence=True),
        *(query(avoided.phrase) for avoided in profile.avoid),
    )


def text_facets(profile: Profile, asked: Sequence[Query], index: Index) -> Iterator[Facet]:
    """Yield the facets of a profile's texts. `asked`: its `queries`."""
    if not any(text.weights for text in asked):
        return
    columns = index.columns(key for text in asked for key in text.weights)
    weights = (weight for text in asked for weight in text.weights.values())
    values = np.fromiter(weights, np.float64, len(columns))
    texts = [
        *((Kind.INTEREST, 1.0, one.phrase, one.weight, one.without) for one in profile.interests),
        (Kind.ABOUT, ABOUT_WEIGHT, "", 1.0, profile.without),
        *((Kind.AVOID, -one.weight, one.phrase, 0.0, one.without) for one in profile.avoid),
    ]
    start = 0
    #: The terms of the interests before: an interest that is there in other words already counts once.
    before: list[set[int]] = []
    for (kind, weight, name, places, without), text in zip(texts, asked, strict=True):
        own = slice(start, start := start + len(text.weights))
        found, asked_for, written = columns[own], values[own], text.terms
        if kind is Kind.INTEREST:
            if text.weights.keys() in before:
                continue
            before.append(set(text.weights))
        if text.phrase:
            whole = int(found[asked_for == 1.0][0])
            asked_for = _part_weights(asked_for, index.df[found])
            for acronym, column, share in _acronyms(whole, text.initials, index):
                if column not in columns:  # the reader has not written it
                    found, asked_for = np.append(found, column), np.append(asked_for, share)
                    written = (*written, acronym)
        perfect = float(asked_for @ index.idf[found])
        if len(found) > SENTENCE_TERMS:
            perfect *= math.sqrt(SENTENCE_TERMS / len(found))
        if without:  # after `perfect`, so that no paper rises by it
            counted = _is_counted(index.keys[found], without, text)
            found, asked_for = found[counted], asked_for[counted]
            written = tuple(compress(written, counted))
        yield Facet(kind, weight, perfect, name, places, found, asked_for, written)


def _is_counted(keys: Keys, without: Iterable[str], text: Query) -> NDArray[np.bool_]:
    """For each term of a text whether it counts, although the words and pairs of some terms do not.

    A phrase without any of its pairs does not count, nor do its acronyms, which stand for it.
    """
    excluded = {key for term in without for key in query(term, is_sentence=True).weights}
    if text.phrase and excluded.issuperset(text.pairs):
        return np.zeros(len(keys), dtype=bool)
    return ~np.isin(keys, np.fromiter(excluded, np.uint64))


def _part_weights(weights: Vector, df: NDArray[np.integer]) -> Vector:
    """Of a phrase's terms, each by how specific it is to the whole, which has the weight 1."""
    whole = weights == 1.0
    shares = (df[whole] + PART_WEIGHT * PART_EVIDENCE) / (df + PART_EVIDENCE)  # no part has a smaller df
    return np.where(whole, 1.0, (PART_WEIGHT + shares) / 2)


def _acronyms(whole: int, initials: str, index: Index) -> Iterator[tuple[str, int, float]]:
    """Yield what stands for a phrase in the archive: "GNN", and "ASR" for "speech recognition"; column and weight.

    An acronym has the phrase's initials, and may have one letter before them. Its weight is the share of the
    archive's papers with it that have the phrase. `whole`: the column of the phrase.
    """
    if not 2 <= len(initials) <= MOST_INITIALS or not index.df[whole]:
        return
    names = [(letter + initials).upper() for letter in ("", *ascii_lowercase)]
    columns = index.of_papers.find_columns([_acronym_key(name) for name in names])
    for name, column in zip(names, columns, strict=True):
        if column >= 0 and (both := index.papers_with(whole, column)) >= ACRONYM_USE * index.df[whole]:
            share = both / (index.df[column] + ACRONYM_EVIDENCE)
            if share >= ACRONYM_SHARE:
                yield name, column, float(share)


@lru_cache(maxsize=100_000)
def _acronym_key(name: str) -> int:
    return key(stem(name))


def paper_facet(
    papers: tuple[NamedPaper, ...],
    kind: Kind,
    *,
    number: float,
    square: float,
    common: float,
    usual: float,
) -> Facet:
    """Return the facet of liked or disliked papers, without a classifier.

    `number`: of papers, a short text counting for less than 1. `square`: the product of their mean row with itself.
    `common`: with what is subtracted of the background's mean row. `usual`: the difference of both for a paper of the
    background.
    """
    weight = 1.0 if kind is Kind.LIKE else DISLIKE_WEIGHT
    self_part = 1 / (2 * max(number, 1) ** 2)  # a paper has more in common with itself than with another
    # Papers of which only the title is known have little in common with any paper, and must not be scaled up.
    distance = max(square - ALPHA * common, LEAST_DISTANCE * usual / number)
    perfect = LIKENESS * (1 - self_part) * distance
    return Facet(kind, weight, perfect if perfect > NEGLIGIBLE else 1.0, papers=papers)
