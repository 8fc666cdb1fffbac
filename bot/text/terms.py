"""Words and phrases: what a text is made of, for matching and for ranking. Pure.

A term is a stem ("model" of "models", "modelling") or a pair of stems ("world model"). Stop words are no terms of
their own; a pair reaches over a short link ("chain of thought" is "chain thought"), but not over punctuation.
Lone letters, numbers and the stop words of a hyphenated word count in pairs only: "GPT-4", "k-means", "few-shot".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import Stemmer

from bot.text.plain import fold

#: Scripts that are written without spaces: each sign is a word, and two side by side are a pair, as in Lucene's
#: CJKBigramFilter.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
#: Letters and digits of any script; "C++", "3D" and "α-decay" keep what tells them apart.
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+(?:\+\+|#(?!\w))?")
#: What stands between two words and parts them: punctuation with a space beside it, and the end of a text.
_BREAK = re.compile(r"[.,;:!?()\[\]{}…—–|](?=\s)|(?<=\s)[(\[{—–|]|[，。、；：！？（）「」]|\n")
HYPHENS = frozenset("-‐‑")
_ENGLISH = Stemmer.Stemmer("english")
#: Plurals that the stemmer leaves as they are, as it wants a vowel (not the last letter) before the "s": "LLMs",
#: "GPUs" and "PDEs" by their capitals, "llms" for its want of any vowel. "GPS" is no plural.
_PLURAL_ACRONYM = re.compile(r"[^\W_]*[A-Z][^\W_]*[A-Z]s|[bcdfghjklmnpqrtvwxz]{3,}s")
#: English function words, and what every abstract says.
STOP_WORDS = frozenset(
    """
    a about above after again against all also although am among an and any are as at be because
    been before being below between both but by can cannot could did do does doing done down due
    during each either etc even every few for from further had has have having he her here hers him
    his how however i ie if in into is it its itself just less let many may me might more moreover
    most much must my near neither no nor not of off often on once one only onto or other our ours
    out over own per rather same she should since so some still such than that the their theirs them
    then there thereby therefore these they this those though three through thus to together too
    toward towards two under until up upon us use used using very via was we well were what when
    where whereas whether which while who whom whose why will with within without would yet you your
    approach arxiv demonstrate et al existing extensive find finally introduce method methods new
    novel paper papers present previous propose proposed provide recent recently result results show
    shows e g s t
    """.split()  # noqa: SIM905 - a list of words reads best as words
)


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The stem of a word as written (Porter2, https://snowballstem.org/algorithms/english/stemmer.html)."""
    folded = fold(word[:-1] if _PLURAL_ACRONYM.fullmatch(word) else word)
    return str(_ENGLISH.stemWord(folded.replace(" ", "")))  # some signs decompose into several words


class Role(IntEnum):
    """What a word is good for."""

    TERM = 0
    PART = 1  #: a lone letter or a number says nothing about a topic, but beside a word it does
    STOP = 2


class Join(IntEnum):
    """How a word follows the one before it."""

    SPACE = 0
    HYPHEN = 1
    BREAK = 2  #: no phrase runs from one to the other


@dataclass(frozen=True, slots=True)
class Words:
    """A text as its words in order."""

    text: str
    spans: tuple[tuple[int, int], ...]  #: where each stands in the text
    stems: tuple[str, ...]
    joins: tuple[Join, ...]

    def written(self, first: int, last: int) -> str:
        """The words from `first` to `last` (included) as they are written."""
        return self.text[self.spans[first][0] : self.spans[last][1]]


def tokenize(*texts: str) -> Words:
    """The words of some texts, one after the other; no phrase runs from one text into the next."""
    text = "\n".join(" ".join(text.split()) for text in texts)
    spans = tuple(match.span() for match in _WORD.finditer(text))
    stems = tuple(stem(text[i:j]) for i, j in spans)
    ends = (0, *(j for _, j in spans))
    joins = tuple(_join(text[end:i]) for end, (i, _) in zip(ends, spans, strict=False))
    return Words(text, spans, stems, joins)


def _join(between: str) -> Join:
    if between == " ":
        return Join.SPACE
    if between in HYPHENS:
        return Join.HYPHEN
    return Join.BREAK if _BREAK.search(between) else Join.SPACE


_STOP_STEMS = frozenset(stem(word) for word in STOP_WORDS)
#: What a phrase may hold between two words: "mixture of experts", "learning to rank", "planning under uncertainty".
_LINKS = frozenset(map(stem, "a and as at by for from in of on the to under via with without".split()))  # noqa: SIM905
MOST_LINKS = 2


@lru_cache(maxsize=200_000)
def role(stem_: str) -> Role:
    """CJK letters are words, even single ones."""
    if not stem_ or stem_ in _STOP_STEMS:
        return Role.STOP
    return Role.PART if (len(stem_) == 1 and stem_.isascii()) or stem_.isdecimal() else Role.TERM


def phrase_term(text: str) -> str:
    """The term that a phrase is, stop words and all: "Models of the world" -> "model of the world"."""
    return " ".join(filter(None, tokenize(text).stems))


def terms(text: Words) -> Iterator[tuple[str, int, int]]:
    """Every occurrence of a term: the term, and its first and its last word in the text."""
    stems, joins = text.stems, text.joins
    before: int | None = None  #: the last word that a pair can begin with, unless something parts them
    for i, stem_ in enumerate(stems):
        what = role(stem_)
        if joins[i] is Join.BREAK:
            before = None
        if joins[i] is Join.HYPHEN and i and _is_compound(role(stems[i - 1]), what):
            yield f"{stems[i - 1]} {stem_}", i - 1, i
        if what is Role.STOP:
            if stem_ not in _LINKS or (before is not None and i - before > MOST_LINKS):
                before = None
            continue
        if before is not None and (what is Role.TERM or role(stems[before]) is Role.TERM):
            yield f"{stems[before]} {stem_}", before, i
        if what is Role.TERM:
            yield stem_, i, i
        before = i


def is_searchable(text: str) -> bool:
    """Whether a phrase holds a term: not only stop words, numbers and single letters."""
    return next(terms(tokenize(text)), None) is not None


def is_word(text: str) -> bool:
    """Whether a phrase is one word that is a term: who has the term has the phrase."""
    stems = tokenize(text).stems
    return len(stems) == 1 and role(stems[0]) is Role.TERM


def _is_compound(first: Role, second: Role) -> bool:
    """Whether two hyphenated words are a pair that neighbours of their kind are not."""
    return Role.STOP in (first, second) and Role.TERM in (first, second)


def find_phrase(texts: tuple[str, ...], wanted: Iterable[str]) -> str | None:
    """The first of the wanted phrases (as people write them) that occurs in the texts, whole words only."""
    stretch = _stretch(texts)
    return next(
        (one for one in wanted if (term := _stretch((one,)).strip(" ")) and f" {term} " in stretch), None
    )


@lru_cache(
    maxsize=8192
)  # each paper of a week's window is looked at once for every profile that mutes something
def _stretch(texts: tuple[str, ...]) -> str:
    read = tokenize(*texts)
    stretch = (
        f" {chr(10)} {s}" if j is Join.BREAK else f" {s}" for s, j in zip(read.stems, read.joins, strict=True)
    )
    return f"{''.join(stretch)} "
