"""The order of the papers that a query found. Pure.

As every paper found has all the words, what counts is where they are: in the title, several times in the abstract, in
a row. A paper that is a year older than the newest one found counts three quarters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from bot.papers.query import WORD, Field, Query, Term
from bot.text.plain import fold

#: What a term counts in a title; in an abstract it is less than 1.
_IN_TITLE = 2.0
_HALF_LIFE = 365 * 24 * 3600  #: seconds
_OLDEST = 0.5  #: what very old papers count
#: A letter or digit that is not ASCII: folding a text takes ten times as long as making it lower case.
_FOREIGN = re.compile(r"[^\W\x00-\x7f]")


class Found(NamedTuple):
    """A paper that a query found."""

    id: str
    title: str
    abstract: str
    first_seen: datetime


def rank(query: Query, found: Iterable[Found]) -> list[str]:
    """The ids, the most relevant paper first; newest first where that is equal."""
    papers = sorted(found, key=lambda paper: (paper.first_seen, paper.id), reverse=True)
    patterns = [
        [_pattern(term) for term in group if term.field is Field.ANY] for group in _with_words_in_a_row(query)
    ]
    patterns = [group for group in patterns if group]

    def score(paper: Found) -> float:
        title, abstract = _words(paper.title), _words(paper.abstract)
        relevance: float = sum(max(_count(one, title, abstract) for one in group) for group in patterns)
        age: float = (papers[0].first_seen - paper.first_seen).total_seconds()
        return relevance * (_OLDEST + (1 - _OLDEST) * float(0.5 ** (age / _HALF_LIFE)))

    return [paper.id for paper in sorted(papers, key=score, reverse=True)]


def _with_words_in_a_row(query: Query) -> list[tuple[Term, ...]]:
    """The groups, and one more for all the words as one phrase."""
    plain = [group[0] for group in query.groups if len(group) == 1 and group[0].field is Field.ANY]
    phrase = Term(tuple(word for term in plain for word in term.words))
    return [*query.groups, *([(phrase,)] if len(plain) > 1 else [])]


def _count(pattern: re.Pattern[str], title: str, abstract: str) -> float:
    times = len(pattern.findall(abstract))
    return (_IN_TITLE if pattern.search(title) else 0) + times / (times + 1)


def _pattern(term: Term) -> re.Pattern[str]:
    """Matches a term in a text of `_words`. A term holds letters and digits, and perhaps a `*`."""
    words = ("|".join(one.replace("*", "[^ ]*") for one in spellings) for spellings in term.words)
    return re.compile("".join(f" (?:{word})" for word in words) + "(?= )")


def _words(text: str) -> str:
    """The words of a text, folded, with a space before and after each: no assertion slows the patterns down."""
    return f" {' '.join(WORD.findall(fold(text) if _FOREIGN.search(text) else text.lower()))} "
