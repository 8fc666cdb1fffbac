"""A paper's terms and their counts as bytes: computed once for each text, and stored. Pure.

Layout: unsigned 64-bit integers, little-endian. The first is the text's length in words; each further one is a term's
key (56 bits: a hash of 55, and whether it is a pair) and, in the lowest byte, its count, in ascending order. A
count includes the title's occurrences twice, as titles are chosen with more care; so does the length. Among a million
different terms, two have the same key with a probability of 1 in 70,000.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from functools import lru_cache
from hashlib import blake2b

from bot.papers.model import TermCounter
from bot.text.terms import HYPHENS, Role, Words, role, terms, tokenize

#: Of the layout and of the rules for terms: stored counts of another version are computed again.
VERSION = 4
TITLE_WEIGHT = 2
COUNT_BITS = 8
KEY_BITS = 56
_MOST = (1 << COUNT_BITS) - 1


@lru_cache(maxsize=500_000)
def key(term: str) -> int:
    """Return a term's 56-bit key, odd for a pair: the same on every machine and in every process."""
    return int.from_bytes(blake2b(term.encode(), digest_size=7).digest(), "little") >> 1 << 1 | (" " in term)


def counts(title: str, abstract: str) -> bytes:
    """Return the counts of a paper's terms in the layout above."""
    found: Counter[str] = Counter()
    length = 0
    for text, weight in ((tokenize(title), TITLE_WEIGHT), (tokenize(abstract), 1)):
        for term, _, _ in terms(text):
            found[term] += weight
        length += weight * length_of(text)
    packed = sorted(key(term) << COUNT_BITS | min(count, _MOST) for term, count in found.items())
    data = array("Q", (length, *packed))
    if sys.byteorder == "big":
        data.byteswap()
    return data.tobytes()


def written_terms(title: str, abstract: str) -> dict[int, str]:
    """Return the terms that `counts` counts, by key, each as the text has it first."""
    texts = (tokenize(title), tokenize(abstract))
    return {
        key(term): text.phrase(i, j) for text in reversed(texts) for term, i, j in reversed(list(terms(text)))
    }


def number_of_terms(packed: bytes) -> int:
    """Return the number of different terms in counts."""
    return len(packed) // 8 - 1


def length_of(text: Words) -> int:
    """Return the number of words that are terms."""
    return sum(role(stem) is Role.TERM for stem in text.stems)


def keys_of_text(text: str) -> tuple[int, ...]:
    """Return the keys of a text's terms, hyphens read as spaces: a paper that contains the text has all of them."""
    spaced = "".join(" " if letter in HYPHENS else letter for letter in text)
    return tuple(sorted({key(term) for term, _, _ in terms(tokenize(spaced))}))


COUNTING = TermCounter(VERSION, counts)
