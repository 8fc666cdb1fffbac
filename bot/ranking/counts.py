"""A paper's terms and their counts as bytes: made once, when its text arrives, and kept beside it. Pure.

Layout: unsigned 64-bit integers, little-endian. The first is the text's length in words; each further one is a term's
key (56 bits: a hash of 55, and whether it is a pair) and, in the lowest byte, its count, in ascending order. A count
adds the title's occurrences twice, as a title is chosen with more care; so does the length. Of a million different
terms, two share a key with a probability of 1 in 70,000.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from functools import lru_cache
from hashlib import blake2b

from bot.papers.model import TermCounter
from bot.text.terms import HYPHENS, Role, Words, role, terms, tokenize

#: Of the layout and of what terms are: counts of another version are made anew.
VERSION = 3
TITLE_WEIGHT = 2
COUNT_BITS = 8
_MOST = (1 << COUNT_BITS) - 1


@lru_cache(maxsize=500_000)
def key(term: str) -> int:
    """A term's 56-bit key, odd for a pair: the same on every machine and in every process."""
    return int.from_bytes(blake2b(term.encode(), digest_size=7).digest(), "little") >> 1 << 1 | (" " in term)


def counts(title: str, abstract: str) -> bytes:
    """The counts of a paper's terms."""
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


def number_of_terms(packed: bytes) -> int:
    """How many different terms some counts have."""
    return len(packed) // 8 - 1


def length_of(text: Words) -> int:
    """How many words of a text are terms."""
    return sum(role(stem) is Role.TERM for stem in text.stems)


def keys_of_text(text: str) -> tuple[int, ...]:
    """The keys of a text's terms, however its words are joined: a paper that lacks one cannot have the text."""
    spaced = "".join(" " if letter in HYPHENS else letter for letter in text)
    return tuple(sorted({key(term) for term, _, _ in terms(tokenize(spaced))}))


COUNTING = TermCounter(VERSION, counts)
