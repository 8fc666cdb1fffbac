"""A made-up corpus with the statistics of real abstracts: for benchmarks, where real ones cannot be carried along.

A paper is a run of words drawn from its topic, from the language at large, from what often follows the word before,
and from what the paper has said already. The rates were set by what `bot.ranking.counts` finds in 7,387 papers of
arXiv's computer science (May 2026), and compared at as many made-up papers:

                                            real           made up
    length in words, the title's twice       145               145
    distinct words, pairs a paper         90, 86            91, 86
    different words, pairs          23,140, 336k      20,942, 367k
    found in one paper only: words, pairs 58%, 77%        49%, 81%
    papers with the word of rank 1, 10, 100, 1,000, 5,000:
        real     78%, 39%, 15%, 1.8%, 0.07%
        made up  77%, 38%, 17%, 1.7%, 0.09%
    papers with the pair of rank 1, 10, 100, 1,000:
        real     34%, 8.6%, 1.8%, 0.42%
        made up  17%, 6.0%, 2.2%, 0.42%
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from bot.papers.model import CountedPaper, Entry, Paper
from bot.profiles.model import Interest, Mute, Profile, Reference
from bot.ranking.counts import COUNT_BITS, TITLE_WEIGHT, key
from bot.text.terms import stem

Ints = NDArray[np.int64]

SEED = 20260521
#: More than any run meets: the vocabulary grows with the corpus, as in real texts (about by the root of its size).
WORDS = 400_000
TOPICS = 200
#: Share of the real papers that have the word of some rank; beyond the last, a power law whose exponent makes the
#: vocabulary grow as it does between 500 and 7,387 real papers.
MEASURED = ((1, 0.776), (2, 0.494), (5, 0.419), (10, 0.385), (50, 0.2), (100, 0.152), (500, 0.0464))
MEASURED_TAIL = ((1000, 0.0184), (5000, 0.0007))
TAIL = 1.6
TITLE = 8  #: words of a title that are terms
LENGTH, SPREAD, SHORTEST, LONGEST = 129, 22, 40, 220  #: words of an abstract that are terms
#: How a word comes about, else it is drawn from the language at large.
TOPICAL, FOLLOWING, REPEATED = 0.15, 0.3, 0.26
#: How often punctuation parts two words, and how often a stop word stands between them.
BREAKS, STOPS = 0.35, 0.4
TOPIC_WORDS = 400
#: Only such as a pair reaches over; any others would part words, as punctuation does.
_STOPS = ("the", "of", "and", "a", "in", "to", "for")
_CATEGORIES = tuple(f"cs.{a}{b}" for a in "ACDGLNRS" for b in "AILSV")
_BLOCK = 10_000


@dataclass(frozen=True, slots=True)
class Block:
    """Some papers as word numbers: one row a paper, filled up with -1; the first `TITLE` words are the title."""

    words: Ints
    breaks: NDArray[np.bool_]  #: whether punctuation parts a word from the one before
    topics: Ints


class Corpus:
    """Papers by number, the same in every run."""

    def __init__(self, size: int, seed: int = SEED) -> None:
        self.size = size
        self._rng = np.random.default_rng(seed)
        rates = _rates()
        self._cumulative = np.cumsum(rates) / rates.sum()
        self._topic_words = self._draw_topics()
        starts = range(0, size, _BLOCK)
        self._blocks = [self._block(min(_BLOCK, size - start)) for start in starts]
        self.topics: Ints = np.concatenate([block.topics for block in self._blocks])
        self._stops = self._rng.random((997, LONGEST + TITLE)) < STOPS

    # --- What a paper is ----------------------------------------------------------------------------------

    def title(self, number: int) -> str:
        return self._text(number, 0, TITLE).capitalize()

    def abstract(self, number: int) -> str:
        return f"{self._text(number, TITLE, None).capitalize()}."

    def phrase(self, number: int, first: int, size: int) -> str:
        """Some words in a row, of the paper's title and text, as a reader would write an interest."""
        return " ".join(spelling(word) for word in self._words(number)[first : first + size])

    def authors(self, number: int) -> tuple[str, ...]:
        """One to ten, five on average; the lower a name's number, the more it writes."""
        rng = np.random.default_rng((SEED, number))
        ranks = (rng.random(1 + rng.binomial(9, 0.5)) ** 2 * 400).astype(int)
        return tuple(author(int(self.topics[number]), int(rank)) for rank in dict.fromkeys(ranks.tolist()))

    def categories(self, number: int) -> tuple[str, ...]:
        """The topic's, and for two papers in three another one."""
        first = category(int(self.topics[number]))
        return tuple(dict.fromkeys((first, category(number // 3)))) if number % 3 else (first,)

    def paper(self, number: int, first_seen: datetime, name: str = "") -> Paper:
        return Paper(
            id=name or identifier(number),
            title=self.title(number),
            abstract=self.abstract(number),
            authors=self.authors(number),
            categories=self.categories(number),
            sources=("arxiv",),
            url=f"https://arxiv.org/abs/{number}",
            first_seen=first_seen,
            votes=number % 50 if number % 10 == 0 else None,
            text_source="arxiv",
        )

    def entry(self, number: int) -> Entry:
        return Entry(
            source="arxiv",
            ids=(identifier(number),),
            title=self.title(number),
            abstract=self.abstract(number),
            authors=self.authors(number),
            categories=self.categories(number),
            url=f"https://arxiv.org/abs/{number}",
            version=1,
        )

    def counted(self, number: int, first_seen: datetime) -> CountedPaper:
        return CountedPaper(self.paper(number, first_seen), self.packed[number])

    def of_topic(self, topic: int, size: int) -> Ints:
        """Numbers of the papers of a topic among the first `size`."""
        return np.flatnonzero(self.topics[:size] == topic)

    @cached_property
    def packed(self) -> Sequence[bytes]:
        """The counts of all papers, as `bot.ranking.counts` lays them out (`agrees` compares)."""
        return list(itertools.chain.from_iterable(self._packed()))

    # --- Words as numbers ---------------------------------------------------------------------------------

    def _draw_topics(self) -> Ints:
        """Topics x words: each topic's own words, the frequent ones first; neither the commonest nor the rarest."""
        ranks = np.exp(self._rng.uniform(np.log(30), np.log(10_000), (TOPICS, TOPIC_WORDS)))
        return np.sort(ranks.astype(np.int64), axis=1)

    def _block(self, size: int) -> Block:
        rng = self._rng
        topics = rng.integers(0, TOPICS, size)
        lengths = TITLE + np.clip(rng.normal(LENGTH, SPREAD, size), SHORTEST, LONGEST).astype(np.int64)
        words = self._any(rng.random((size, LONGEST + TITLE)))
        kinds = rng.random(words.shape)
        everyone = np.arange(size)
        for i in range(1, words.shape[1]):
            limit = TOPICAL
            topical = kinds[:, i] < limit
            place = (rng.random(int(topical.sum())) ** 2.0 * TOPIC_WORDS).astype(np.int64)
            words[topical, i] = self._topic_words[topics[topical], place]
            following = (kinds[:, i] >= limit) & (kinds[:, i] < (limit := limit + FOLLOWING))
            words[following, i] = self._follower(words[following, i - 1], rng)
            again = (kinds[:, i] >= limit) & (kinds[:, i] < limit + REPEATED)
            words[again, i] = words[everyone[again], rng.integers(0, i, int(again.sum()))]
        words[np.arange(words.shape[1])[None, :] >= lengths[:, None]] = -1
        breaks = rng.random(words.shape) < BREAKS
        breaks[:, TITLE] = True
        return Block(words.astype(np.int32), breaks, topics)

    def _any(self, uniform: NDArray[np.float64]) -> Ints:
        """Words at large for uniform random numbers."""
        return np.minimum(np.searchsorted(self._cumulative, uniform), WORDS - 1).astype(np.int64)

    def _follower(self, words: Ints, rng: np.random.Generator) -> Ints:
        """One of what often follows each of some words: the first three times as often as the third."""
        which = (rng.random(len(words)) ** 4.0 * 24).astype(np.int64)
        mixed = (words * 24 + which).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        return self._any((mixed >> np.uint64(11)).astype(np.float64) / float(1 << 53))

    def _words(self, number: int) -> list[int]:
        row = self._blocks[number // _BLOCK].words[number % _BLOCK]
        return [int(word) for word in row[row >= 0]]

    def _text(self, number: int, first: int, end: int | None) -> str:
        words = self._words(number)[:end]
        breaks = self._blocks[number // _BLOCK].breaks[number % _BLOCK].tolist()
        stops = self._stops[number % len(self._stops)].tolist()
        written = [spelling(words[first])]
        for i in range(first + 1, len(words)):
            written.append(". " if breaks[i] and i % 2 else ", " if breaks[i] else " ")
            if stops[i]:
                written.append(f"{_STOPS[i % len(_STOPS)]} ")
            written.append(spelling(words[i]))
        return "".join(written)

    # --- Counts -------------------------------------------------------------------------------------------

    def _packed(self) -> Iterator[list[bytes]]:
        found = [_occurrences(block) for block in self._blocks]
        codes = np.unique(np.concatenate([np.unique(code) for _, code, _ in found]))
        keys = np.fromiter(_keys(codes), np.uint64, len(codes))
        for block, (rows, code, counts) in zip(self._blocks, found, strict=True):
            terms = keys[np.searchsorted(codes, code)] << np.uint64(COUNT_BITS) | counts.astype(np.uint64)
            order = np.lexsort((terms, rows))
            ends = np.searchsorted(rows, np.arange(len(block.topics) + 1))
            yield _bytes(terms[order], ends, _lengths(block))


def _bytes(terms: NDArray[np.uint64], ends: Ints, lengths: NDArray[np.uint64]) -> list[bytes]:
    little = terms.astype("<u8")
    return [
        length.astype("<u8").tobytes() + little[start:end].tobytes()
        for length, start, end in zip(lengths, ends[:-1], ends[1:], strict=True)
    ]


def _occurrences(block: Block) -> tuple[Ints, Ints, Ints]:
    """Row, code and count of every term of every paper; rows ascend. A pair's code is that of its words together."""
    words = block.words.astype(np.int64)
    there = words >= 0
    weight = np.where(np.arange(words.shape[1]) < TITLE, TITLE_WEIGHT, 1) * np.ones_like(words)
    paired = there[:, 1:] & ~block.breaks[:, 1:]
    pairs = (words[:, :-1] + 1) * WORDS + words[:, 1:]
    rows = np.concatenate([np.nonzero(there)[0], np.nonzero(paired)[0]])
    codes = np.concatenate([words[there], pairs[paired]])
    weights = np.concatenate([weight[there], weight[:, 1:][paired]])
    order = np.lexsort((codes, rows))
    rows, codes = rows[order], codes[order]
    first = np.flatnonzero(np.concatenate(([True], (np.diff(rows) != 0) | (np.diff(codes) != 0))))
    return rows[first], codes[first], np.add.reduceat(weights[order], first)


def _lengths(block: Block) -> NDArray[np.uint64]:
    return ((block.words >= 0).sum(axis=1) + (TITLE_WEIGHT - 1) * TITLE).astype(np.uint64)


def _keys(codes: Ints) -> Iterator[int]:
    stems = {word: stem(spelling(word)) for word in np.unique(codes % WORDS).tolist()}
    for code in codes.tolist():
        before, word = divmod(code, WORDS)
        yield key(f"{stems[before - 1]} {stems[word]}" if before else stems[word])


def _rates() -> NDArray[np.float64]:
    """How often each word occurs in a paper, by rank: what makes the measured share of papers have it."""
    ranks, shares = zip(*MEASURED, *MEASURED_TAIL, strict=True)
    wanted = np.arange(1, WORDS + 1)
    known = -np.log1p(-np.array(shares))
    rates = np.exp(np.interp(np.log(wanted), np.log(ranks), np.log(known)))
    return np.where(wanted <= ranks[-1], rates, known[-1] * (wanted / ranks[-1]) ** -TAIL)


# --- Profiles ---------------------------------------------------------------------------------------------


def mixed_profiles(corpus: Corpus, number: int, stored: int) -> list[Profile]:
    """Profiles of three kinds in turn: a few interests; a text about oneself; 5 to 40 liked papers of two topics.

    Liked and disliked papers are among the first `stored`.
    """
    rng = np.random.default_rng((SEED, number))
    places = {topic: corpus.of_topic(topic, stored) for topic in range(TOPICS)}
    return [_profile(corpus, n, places, rng) for n in range(number)]


def _profile(corpus: Corpus, n: int, places: dict[int, Ints], rng: np.random.Generator) -> Profile:
    topics = [int(topic) for topic in rng.integers(0, TOPICS, 2)]

    def papers(size: int, topic: int) -> list[int]:
        return [int(one) for one in rng.choice(places[topic], min(size, len(places[topic])), replace=False)]

    def phrase(most: int = 3) -> str:
        return corpus.phrase(
            papers(1, topics[0])[0], int(rng.integers(0, 30)), int(rng.integers(1, most + 1))
        )

    likes = int(rng.integers(5, 41)) if n % 3 == 2 else 0
    rarely = rng.random(6) < 0.2
    return Profile(
        id=f"reader{n:05d}",
        interests=tuple(Interest(phrase()) for _ in range(rng.integers(1, 5 if n % 3 == 0 else 4))),
        about=corpus.phrase(papers(1, topics[0])[0], 0, 30) if n % 3 == 1 else "",
        like=_references(papers(likes - likes // 3, topics[0]) + papers(likes // 3, topics[1])),
        dislike=_references(papers(3, topics[1])) if rarely[0] else (),
        authors=tuple(author(topics[0], rank) for rank in range(2)) if rarely[1] else (),
        avoid=(Interest(phrase()),) if rarely[2] else (),
        categories=tuple(dict.fromkeys(map(category, topics))) if rarely[3] else (),
        mute=Mute(terms=(phrase(2),) if rarely[4] else (), categories=(category(n),) if rarely[5] else ()),
        window=1,
    )


def _references(papers: Sequence[int]) -> tuple[Reference, ...]:
    return tuple(Reference(identifier(one)) for one in dict.fromkeys(papers))


# --- Names ------------------------------------------------------------------------------------------------

_CONSONANTS = "bdfgklmnprtvz"
_VOWELS = "aeiou"
_SYLLABLES = tuple(c + v for c in _CONSONANTS for v in _VOWELS)
#: A word that ends in "o" is its own stem, and no English stop word has three syllables and ends so.
_LAST = tuple(c + "o" for c in _CONSONANTS)


@lru_cache(maxsize=WORDS)
def spelling(word: int) -> str:
    """A made-up word for a word number; no two share one."""
    rest, last = divmod(word, len(_LAST))
    written = [_LAST[last]]
    for _ in range(2):
        rest, this = divmod(rest, len(_SYLLABLES))
        written.append(_SYLLABLES[this])
    return "".join(reversed(written)) if not rest else f"{_SYLLABLES[rest]}{''.join(reversed(written))}"


def author(topic: int, rank: int) -> str:
    number = zlib.crc32(f"{topic} {rank}".encode())
    return f"{spelling(number % 5000).capitalize()} {spelling(topic * 400 + rank).capitalize()}"


def category(topic: int) -> str:
    return _CATEGORIES[topic % len(_CATEGORIES)]


def identifier(number: int) -> str:
    """Sixteen letters, as arXiv's have."""
    return f"arxiv:{number:010d}"
