"""Extracts: the sentences of an abstract that contain a paper's reasons. Pure.

Does not depend on how reasons are weighed, nor on markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, combinations, pairwise
from typing import NamedTuple

from bot.presentation.reasons import REASONS_SHOWN, Name, heaviest, merge_reasons
from bot.ranking.model import Reason
from bot.text.plain import ELLIPSIS, strip_controls, truncate
from bot.text.terms import terms, tokenize

#: Characters. Cuts one extract in six of a real day's; 360 cuts every other one, to save 14 in the median (measured).
EXTRACT_LENGTH = 450
SENTENCES_SHOWN = 2
#: Sentences that are considered: all their pairs are compared.
_MAX_SENTENCES = 40
_MAX_ABSTRACT = 10_000

#: The end of a sentence, followed by what looks like the start of another one.
_SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]*(\s+)(?=[^\sa-z])|[。！？]()(?=\S)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:et al|e\.g|i\.e|w\.r\.t|a\.k\.a|cf|vs|ca|figs?|eqs?|secs?|refs?|resp|approx|nos?|thm|prop|tab)"
    r"|\b(?:dr|prof|st|[a-z]))\.$",
    re.I,
)
_INFLECTION = re.compile(r"(?<=\w{2})(?:ies|ing|ings|ed|es|e|s|y|['’]s)$")
#: Words that a shortened sentence should not end with.
_DANGLING = re.compile(
    r"(?:[ ,;:]+(?:an?|and|are|as|at|by|for|from|in|into|is|of|on|or|such|that|the|to|via|we|where|which|with))+…$"
)

#: Offsets in a text: start, end.
_Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of an extract."""

    text: str
    matched: bool = False  #: whether it is a term that raised the paper's score


class _Match(NamedTuple):
    """A reason and its occurrences in an abstract."""

    weight: float
    ranges: tuple[_Range, ...]


def extract(abstract: str, reasons: Sequence[Reason], *, broken_off: bool = False) -> tuple[Span, ...]:
    """The two sentences with most of the reasons' weight, in the abstract's order, with the terms marked.

    The first two sentences when no reason occurs. At most EXTRACT_LENGTH characters. `broken_off`: the source cut
    the abstract, so that an ellipsis follows its last sentence.
    """
    parsed = _parse(strip_controls(abstract)[:_MAX_ABSTRACT])
    matches = _find_reasons(parsed, reasons)
    chosen = _choose_sentences(parsed, matches)
    if not chosen:
        return ()
    marks = sorted(found for match in matches for found in match.ranges)
    spans = list(_spans(parsed, chosen, marks))
    if broken_off and chosen[-1] == len(parsed.sentences) - 1 and not spans[-1].text.endswith(ELLIPSIS):
        spans.append(Span(f" {ELLIPSIS}"))
    return tuple(spans)


def shortened(extracted: Sequence[Span], limit: int) -> tuple[Span, ...]:
    """An extract of at most `limit` characters: whole, or its sentence with more different terms, cut if need be."""
    if sum(len(span.text) for span in extracted) <= limit:
        return tuple(extracted)
    best = max(
        _split_sentences(extracted),
        key=lambda spans: len({span.text.casefold() for span in spans if span.matched}),
    )
    ends = list(accumulate(len(span.text) for span in best))
    marks = [(end - len(span.text), end) for span, end in zip(best, ends, strict=True) if span.matched]
    return tuple(_sentence_spans("".join(span.text for span in best), (0, ends[-1]), marks, limit))


def _split_sentences(extracted: Sequence[Span]) -> list[Sequence[Span]]:
    """The sentences of an extract: a span of a space or an ellipsis after unmarked text is only between two."""
    for n, (before, span) in enumerate(pairwise(extracted), start=1):
        if not (before.matched or span.matched) and span.text.strip() in ("", ELLIPSIS):
            return [part for part in (extracted[:n], extracted[n + 1 :]) if part]
    return [extracted]


# --- Parsing an abstract ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Abstract:
    """An abstract with the positions of its sentences, words and terms."""

    text: str
    sentences: tuple[_Range, ...]
    words: tuple[_Range, ...]
    stems: str  #: of the words, with a space before and after each
    terms: Mapping[str, tuple[_Range, ...]]

    def find(self, name: str) -> tuple[_Range, ...]:
        """Occurrences of a reason's name: of a term, or of a phrase of more words than a term has."""
        term, stems = _stems(name)
        if not term and stems:
            return tuple(self._find_phrase(f" {stems} "))
        found = self.terms.get(term, ())
        if " " in stems:
            return found
        base = _base(name)
        return tuple(place for place in found if _base(self.text[slice(*place)]) == base)

    def _find_phrase(self, phrase: str) -> Iterator[_Range]:
        at = self.stems.find(phrase)
        while at >= 0:
            first = self.stems.count(" ", 0, at)
            last = first + phrase.count(" ") - 2
            yield self.words[first][0], self.words[last][1]
            at = self.stems.find(phrase, at + 1)


@lru_cache(maxsize=4096)
def _parse(abstract: str) -> _Abstract:
    words = tokenize(abstract)
    found: dict[str, list[_Range]] = {}
    for term, first, last in terms(words):
        found.setdefault(term, []).append((words.spans[first][0], words.spans[last][1]))
    by_term = {term: tuple(ranges) for term, ranges in found.items()}
    stems = f" {' '.join(words.stems)} "
    return _Abstract(words.text, tuple(_sentences(words.text)), words.spans, stems, by_term)


def _sentences(text: str) -> Iterator[_Range]:
    start = 0
    for match in _SENTENCE_END.finditer(text):
        end = match.start(1) if match[1] else match.end()
        if _ABBREVIATION.search(text, max(start, end - 12), end):
            continue
        yield start, end
        start = match.end()
    if start < len(text):
        yield start, len(text)


@lru_cache(maxsize=16_384)
def _stems(name: str) -> tuple[str, str]:
    """The term that a name is, empty when it is not exactly one, and the stems of its words."""
    words = tokenize(name)
    last = len(words.stems) - 1
    term = next((term for term, i, j in terms(words) if (i, j) == (0, last)), "")
    return term, " ".join(words.stems)


@lru_cache(maxsize=16_384)
def _base(word: str) -> str:
    """A word without its inflection. Its stem is too short: "largely" would be "large", "reasonable" "reasoning"."""
    bare = _INFLECTION.sub("", word.casefold())
    return bare[:-1] if bare[-1:] == bare[-2:-1] else bare


# --- Choosing sentences -------------------------------------------------------------------------------------


def _find_reasons(abstract: _Abstract, reasons: Sequence[Reason]) -> list[_Match]:
    """The heaviest reasons that occur, as many as readers see with the interest: of all reasons, else of all terms,
    else of terms that are not merged.
    """
    raising = [reason for reason in reasons if reason.is_term and reason.weight > 0]
    single: dict[Name, float] = {(reason.term, True): reason.weight for reason in raising}
    for weights in (merge_reasons(reasons), merge_reasons(raising), single):
        names = [name for name in heaviest(weights)[: REASONS_SHOWN + 1] if name[1]]
        matches = [_Match(weights[name], abstract.find(name[0])) for name in names]
        if found := [match for match in matches if match.ranges]:
            return found
    return []


def _choose_sentences(abstract: _Abstract, matches: Sequence[_Match]) -> tuple[int, ...]:
    """The numbers of the sentences with the greatest weight together.

    Of equal ones those that need not be cut, then the earliest.
    """
    sentences = abstract.sentences[:_MAX_SENTENCES]
    contained = [
        {n for n, match in enumerate(matches) if any(start <= first < end for first, _ in match.ranges)}
        for start, end in sentences
    ]
    room = EXTRACT_LENGTH - len(f" {ELLIPSIS} ")

    def order(numbers: tuple[int, ...]) -> tuple[float, bool, tuple[int, ...]]:
        weight = sum(matches[n].weight for n in sorted(set().union(*(contained[n] for n in numbers))))
        length = sum(sentences[n][1] - sentences[n][0] for n in numbers)
        return -weight, length > room, numbers

    return min(combinations(range(len(sentences)), min(SENTENCES_SHOWN, len(sentences))), key=order)


# --- Spans --------------------------------------------------------------------------------------------------


def _spans(abstract: _Abstract, chosen: Sequence[int], marks: Sequence[_Range]) -> Iterator[Span]:
    """The chosen sentences, with an ellipsis where others are left out between them."""
    limits = _limits([end - start for start, end in (abstract.sentences[n] for n in chosen)])
    before: int | None = None
    last = ""
    for number, limit in zip(chosen, limits, strict=True):
        if before is not None:
            skips = number > before + 1 and not last.endswith(ELLIPSIS)
            yield Span(f" {ELLIPSIS} " if skips else " ")
        for span in _sentence_spans(abstract.text, abstract.sentences[number], marks, limit):
            yield span
            last = span.text
        before = number


def _limits(lengths: Sequence[int]) -> list[int]:
    """The characters that each sentence may have, EXTRACT_LENGTH together; a short one leaves more to the other."""
    whole = EXTRACT_LENGTH - len(f" {ELLIPSIS} ") * (len(lengths) - 1)
    if len(lengths) < SENTENCES_SHOWN:
        return [whole]
    first, second = lengths
    half = whole // 2
    return [max(half, whole - second), max(half, whole - first)]


def _sentence_spans(text: str, sentence: _Range, marks: Sequence[_Range], limit: int) -> Iterator[Span]:
    """A sentence of at most `limit` characters; if it is longer, the part around its first mark."""
    start, end = sentence
    begin = _begin(text, sentence, [mark for mark in marks if start <= mark[0] < end], limit)
    if begin > start:
        yield Span(f"{ELLIPSIS} ")
        limit -= len(f"{ELLIPSIS} ")
    shown = _DANGLING.sub(ELLIPSIS, truncate(text[begin:end], limit))
    stop = begin + len(shown) - (len(ELLIPSIS) if len(shown) < end - begin else 0)
    at = begin
    for first, after in marks:
        if at <= first and after <= stop:
            if at < first:
                yield Span(text[at:first])
            yield Span(text[first:after], matched=True)
            at = after
    if rest := shown[at - begin :]:
        yield Span(rest)


def _begin(text: str, sentence: _Range, marks: Sequence[_Range], limit: int) -> int:
    start, end = sentence
    if end - start <= limit or not marks or marks[0][1] - start < limit:
        return start
    space = text.find(" ", marks[0][0] - limit // 3, marks[0][0])
    return space + 1 if space > 0 else marks[0][0]
