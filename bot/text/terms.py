"""Terms of a text, for matching and for ranking. Pure.

A term is a stem ("model" of "models", "modelling") or a pair of stems ("world model"). Stop words are not terms on
their own; a pair may include a short link ("chain of thought" is "chain thought"), but no punctuation. Single
letters, numbers and the stop words of a hyphenated word count in pairs only: "GPT-4", "k-means", "few-shot".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import Stemmer

from bot.text.plain import fold

#: Scripts written without spaces: each character is a word, and two neighbours are a pair, as in Lucene's
#: CJKBigramFilter.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
#: Letters and digits of any script, and the signs of "C++" and "C#".
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+(?:\+\+|#(?!\w))?")
#: Separates two words: punctuation with a space beside it, and the end of a text.
_BREAK = re.compile(r"[.,;:!?()\[\]{}…—–|](?=\s)|(?<=\s)[(\[{—–|]|[，。、；：！？（）「」]|\n")
HYPHENS = frozenset("-‐‑")
_ENGLISH = Stemmer.Stemmer("english")
#: Plurals that the stemmer does not change, as it needs a vowel (not the last letter) before the "s": "LLMs", "GPUs"
#: and "PDEs", known by their capitals, and "llms", which has no vowel. "GPS" is not a plural.
_PLURAL_ACRONYM = re.compile(r"[^\W_]*[A-Z][^\W_]*[A-Z]s|[bcdfghjklmnpqrtvwxz]{3,}s")
#: British spellings: "optimisation", "behavioural"; in "supervised" and "noise", the letter before is another.
_BRITISH = re.compile(
    r"(?<=[aeiou][dlmnrt]|gn|nt|tr|es)is(?=(?:e(?:[ds]|rs?)?|ings?|ation(?:s|al)?|abl[ey]|ability)$)"
    r"|(?<=\w{3})our(?=(?:s|al(?:ly)?|ed|ings?|abl[ey]|ful|hoods?)?$)"
)
#: English function words, and words that every abstract has.
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
    """Return the stem of a word (Porter2, https://snowballstem.org/algorithms/english/stemmer.html)."""
    folded = fold(word[:-1] if _PLURAL_ACRONYM.fullmatch(word) else word)
    folded = _BRITISH.sub(lambda found: "iz" if found[0] == "is" else "or", folded)
    return str(_ENGLISH.stemWord(folded.replace(" ", "")))  # some characters decompose into several words


class Role(IntEnum):
    """Whether a word can be a term."""

    TERM = 0
    PART = 1  #: only in a pair: a single letter or a number
    STOP = 2


class Join(IntEnum):
    """How a word follows the one before it."""

    SPACE = 0
    HYPHEN = 1
    BREAK = 2  #: no pair and no phrase includes both


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text in order; the fields have one item for each word."""

    text: str
    spans: tuple[tuple[int, int], ...]  #: offsets in `text`: start, end
    stems: tuple[str, ...]
    joins: tuple[Join, ...]

    def phrase(self, first: int, last: int) -> str:
        """The words from `first` to `last` (included) as written."""
        return self.text[self.spans[first][0] : self.spans[last][1]]


def tokenize(*texts: str) -> Words:
    """Return the words of the texts, one text after the other, with a break between two texts."""
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
#: Words that may come between the two of a pair: "mixture of experts", "learning to rank".
_LINKS = frozenset(map(stem, "a and as at by for from in of on the to under via with without".split()))  # noqa: SIM905
MOST_LINKS = 2


@lru_cache(maxsize=200_000)
def role(stem_: str) -> Role:
    """Return the role of a stem. Single letters of other scripts than ASCII are terms."""
    if not stem_ or stem_ in _STOP_STEMS:
        return Role.STOP
    return Role.PART if (len(stem_) == 1 and stem_.isascii()) or stem_.isdecimal() else Role.TERM


def phrase_term(text: str) -> str:
    """Return the stems of a phrase, stop words included: "Models of the world" -> "model of the world"."""
    return " ".join(filter(None, tokenize(text).stems))


def terms(text: Words) -> Iterator[tuple[str, int, int]]:
    """Yield each occurrence of a term: the term, and the indices of its first and its last word."""
    stems, joins = text.stems, text.joins
    before: int | None = None  #: the last word that a pair can begin with
    for i, stem_ in enumerate(stems):
        kind = role(stem_)
        if joins[i] is Join.BREAK:
            before = None
        # A hyphen makes a pair of a term and a stop word, too.
        if joins[i] is Join.HYPHEN and i and {Role.STOP, Role.TERM} == {role(stems[i - 1]), kind}:
            yield f"{stems[i - 1]} {stem_}", i - 1, i
        if kind is Role.STOP:
            if stem_ not in _LINKS or (before is not None and i - before > MOST_LINKS):
                before = None
            continue
        if before is not None and (kind is Role.TERM or role(stems[before]) is Role.TERM):
            yield f"{stems[before]} {stem_}", before, i
        if kind is Role.TERM:
            yield stem_, i, i
        before = i


def is_searchable(text: str) -> bool:
    """Whether a phrase has a term: not only stop words, numbers and single letters."""
    return next(terms(tokenize(text)), None) is not None


def is_word(text: str) -> bool:
    """Whether a phrase is one word that is a term, so that every text with the term has the phrase."""
    stems = tokenize(text).stems
    return len(stems) == 1 and role(stems[0]) is Role.TERM


def find_phrase(texts: tuple[str, ...], wanted: Iterable[str]) -> str | None:
    """Return the first of the wanted phrases that occurs in the texts, compared by the stems of whole words."""
    stems = _joined_stems(texts)
    for phrase in wanted:
        found = _joined_stems((phrase,)).strip(" ")
        if found and f" {found} " in stems:
            return phrase
    return None


@lru_cache(maxsize=8192)  # a paper of the window is searched once for every profile that mutes terms
def _joined_stems(texts: tuple[str, ...]) -> str:
    """The stems with spaces around, and a line end for each break."""
    words = tokenize(*texts)
    stems = (
        f" \n {stem_}" if join is Join.BREAK else f" {stem_}"
        for stem_, join in zip(words.stems, words.joins, strict=True)
    )
    return f"{''.join(stems)} "
