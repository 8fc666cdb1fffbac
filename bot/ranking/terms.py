"""Words and phrases: what a text is made of, for matching and for ranking. Pure.

A term is a stem ("model" of "models", "modelling") or a run of stems joined by a space ("world model"). Stop
words are no terms of their own, and no pair holds one; phrases that a profile names are matched whole,
whatever words they hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import Stemmer

from bot.identity import fold
from bot.text import readable

#: Letters and digits of any script; "C++", "3D" and "α-decay" keep what tells them apart.
_WORD = re.compile(r"[^\W_]+(?:\+\+|#(?!\w))?")
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
    return str(_ENGLISH.stemWord(fold(word[:-1] if _PLURAL_ACRONYM.fullmatch(word) else word)))


@dataclass(frozen=True, slots=True)
class Words:
    """A text as its words in order: `stems[i]` is that of `written[i]`; None ends a stretch."""

    stems: tuple[str | None, ...]
    written: tuple[str, ...]


def words(*texts: str) -> Words:
    """The words of some texts, one after the other; no phrase runs from one text into the next."""
    stems: list[str | None] = []
    written: list[str] = []
    for text in texts:
        found = _WORD.findall(readable(text))
        written += found
        stems += map(stem, found)
        stems.append(None)
        written.append("")
    return Words(tuple(stems), tuple(written))


_STOP_STEMS = frozenset(stem(word) for word in STOP_WORDS)


def phrase(text: str) -> str:
    """The term that a phrase is, stop words and all: "Models of the world" -> "model of the world"."""
    return " ".join(s for s in words(text).stems if s)


def terms(text: Words, phrases: frozenset[str] = frozenset()) -> Iterator[tuple[str, int, int]]:
    """Every occurrence of a term: the term, and where it begins and ends in the text's words.

    Stems, pairs of neighbouring stems, and those of the given `phrases` (terms of any length) that occur.
    """
    stems = text.stems
    bare = [s is None or s in _STOP_STEMS or _is_noise(s) for s in stems]
    for i in range(len(stems)):
        if not bare[i]:
            yield stems[i], i, i + 1  # type: ignore[misc]  # None is bare
            if not bare[i + 1]:  # the last one is always None
                yield f"{stems[i]} {stems[i + 1]}", i, i + 2
    yield from _named(stems, bare, phrases)


def _named(
    stems: tuple[str | None, ...], bare: list[bool], phrases: frozenset[str]
) -> Iterator[tuple[str, int, int]]:
    """Occurrences of the phrases that are neither a term of one stem nor of two anyway."""
    runs: dict[str, list[tuple[str, ...]]] = {}
    for name in phrases:
        run = tuple(name.split(" "))
        runs.setdefault(run[0], []).append(run)
    for i, first in enumerate(stems):
        for run in runs.get(first, ()) if first else ():
            end = i + len(run)
            if stems[i:end] == run and (len(run) > 2 or any(bare[i:end])):
                yield " ".join(run), i, end


def is_plain(term: str) -> bool:
    """Whether `terms` yields this term for every text that has it, without its being named."""
    stems = term.split(" ")
    return len(stems) <= 2 and not any(s in _STOP_STEMS or _is_noise(s) for s in stems)


@lru_cache(maxsize=200_000)
def _is_noise(stem_: str) -> bool:
    """A lone letter or a bare number says nothing about a topic; CJK letters do."""
    return (len(stem_) == 1 and stem_.isascii()) or stem_.isdecimal()


def contains(texts: tuple[str, ...], wanted: Iterable[str]) -> str | None:
    """The first of the wanted phrases (as people write them) that occurs in the texts, whole words only."""
    stretch = _stretch(texts)
    return next((one for one in wanted if (term := _phrase(one)) and f" {term} " in stretch), None)


_phrase = lru_cache(maxsize=4096)(phrase)


@lru_cache(
    maxsize=8192
)  # each paper of a week's window is looked at once for every profile that mutes something
def _stretch(texts: tuple[str, ...]) -> str:
    return f" {' '.join(s or chr(10) for s in words(*texts).stems)} "
