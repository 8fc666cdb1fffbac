"""Why a paper is there, in its own words: the reasons to tell, and the sentences that carry them. Pure.

Owns which reasons and which sentences a reader is shown. Refuses to know how they were weighed, and any markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, combinations, pairwise
from typing import NamedTuple

from bot.ranking.model import Reason
from bot.text.latex import to_unicode
from bot.text.plain import ELLIPSIS, one_line, strip_controls, truncate
from bot.text.terms import terms, tokenize

REASONS_SHOWN = 4
LEAST_REASON = 0.125  #: of the first one: what is smaller explains nothing
TERM_LENGTH = 60
#: Cuts one extract in six of a real day's; 360 cuts every other one, for 14 characters less in the median (measured).
EXTRACT_LENGTH = 450
SENTENCES_SHOWN = 2
#: Sentences looked at: an abstract of more is no abstract, and pairs are compared.
_MOST_SENTENCES = 40
_LONGEST_ABSTRACT = 10_000

#: The end of a sentence, and what looks like the beginning of another one.
_SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]*(\s+)(?=[^\sa-z])|[。！？]()(?=\S)")
_NO_END = re.compile(
    r"(?:\b(?:et al|e\.g|i\.e|w\.r\.t|a\.k\.a|cf|vs|ca|figs?|eqs?|secs?|refs?|resp|approx|nos?|thm|prop|tab)"
    r"|\b(?:dr|prof|st|[a-z]))\.$",
    re.I,
)
_AUTHOR = "author: "
_INFLECTION = re.compile(r"(?<=\w{2})(?:ies|ing|ings|ed|es|e|s|y|['’]s)$")
#: What no sentence should be cut after.
_DANGLING = re.compile(
    r"(?:[ ,;:]+(?:an?|and|are|as|at|by|for|from|in|into|is|of|on|or|such|that|the|to|via|we|where|which|with))+…$"
)
#: How a reason that is no term is told, by what stands before its colon: what comes before and after the rest.
_KINDS = {"author": ("you follow ", ""), "like": ("like “", "”")}

#: A reason's name as the ranker gives it, and whether it is a term.
_Name = tuple[str, bool]
#: Where something stands in a text: from, to.
_Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of an extract."""

    text: str
    matched: bool = False  #: a term that raised the paper's score


# --- Reasons ------------------------------------------------------------------------------------------------


def visible_reasons(reasons: Iterable[Reason], interest: str = "") -> tuple[str, ...]:
    """What raised the score most, but for the `interest` that is named anyway."""
    names = dict.fromkeys(_told(*one) for one in _with_authors_together(_heaviest(_merged(reasons))))
    told = (name for name in names if name and name != interest)
    return tuple(told)[: REASONS_SHOWN - bool(interest)]


def _with_authors_together(names: Sequence[_Name]) -> Iterator[_Name]:
    """Several followed authors are one reason."""
    authors = [name for name, is_term in names if not is_term and name.startswith(_AUTHOR)]
    for name, is_term in names:
        if is_term or name not in authors:
            yield name, is_term
        elif name == authors[0]:
            yield _AUTHOR + " and ".join(one.removeprefix(_AUTHOR) for one in authors), False


def _merged(reasons: Iterable[Reason]) -> dict[_Name, float]:
    """The reasons that raised the score.

    A term within a longer one that is there too says nothing more, and counts to it: "world models", "world" and
    "models" are "world models", with the weight of all three.
    """
    raising = [reason for reason in reasons if reason.weight > 0]
    longer = _longer(dict.fromkeys(reason.term for reason in raising if reason.is_term))
    weights: dict[_Name, float] = {}
    for reason in raising:
        part = f" {_parts(reason.term)} " if reason.is_term else ""
        within = (one for one, parts in longer.items() if part and part in parts and one != reason.term)
        name = (next(within, reason.term), reason.is_term)
        weights[name] = weights.get(name, 0.0) + reason.weight
    return weights


def _longer(names: Iterable[str]) -> dict[str, str]:
    """Those of several words that are part of no other one, the heaviest first, with their words."""
    several = {name: f" {_parts(name)} " for name in names}
    several = {name: parts for name, parts in several.items() if parts.count(" ") > 2}
    return {
        name: parts
        for name, parts in several.items()
        if not any(parts in others and name != other for other, others in several.items())
    }


@lru_cache(maxsize=16_384)
def _parts(term: str) -> str:
    return " ".join(re.findall(r"\w+", term.casefold()))


def _heaviest(weights: Mapping[_Name, float]) -> list[_Name]:
    least = max(weights.values(), default=0.0) * LEAST_REASON
    order = sorted(weights, key=lambda name: (-weights[name], name))
    return [name for name in order if weights[name] >= least]


@lru_cache(maxsize=16_384)
def _told(name: str, is_term: bool) -> str:
    """A reason as a reader is told it: what is no term says what it is before a colon."""
    kind, _, rest = ("", "", name) if is_term else name.partition(": ")
    before, after = _KINDS.get(kind, ("", ""))
    what = truncate(one_line(to_unicode(rest if before else name)), TERM_LENGTH)
    return f"{before}{what}{after}" if what else ""


# --- Extract ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Text:
    """An abstract as it is read: where its sentences lie, and where its terms stand."""

    text: str
    sentences: tuple[_Place, ...]
    words: tuple[_Place, ...]
    stems: str  #: of the words, each with a space before and after it
    terms: Mapping[str, tuple[_Place, ...]]  #: where each stands

    def find(self, name: str) -> tuple[_Place, ...]:
        """Where what a reason names stands: a term, or a phrase of more words than a term has."""
        term, phrase = _stems(name)
        if not term and phrase:
            return tuple(self._phrase(f" {phrase} "))
        places = self.terms.get(term, ())
        if " " in phrase:
            return places
        base = _base(name)
        return tuple(place for place in places if _base(self.text[slice(*place)]) == base)

    def _phrase(self, phrase: str) -> Iterator[_Place]:
        at = self.stems.find(phrase)
        while at >= 0:
            first = self.stems.count(" ", 0, at)
            last = first + phrase.count(" ") - 2
            yield self.words[first][0], self.words[last][1]
            at = self.stems.find(phrase, at + 1)


@lru_cache(maxsize=16_384)
def _base(word: str) -> str:
    """A word without its inflection: a stem would have "largely" be "large", and "reasonable" be "reasoning"."""
    bare = _INFLECTION.sub("", word.casefold())
    return bare[:-1] if bare[-1:] == bare[-2:-1] else bare


class _Wanted(NamedTuple):
    """What raised the score, as it stands in an abstract."""

    weight: float
    places: tuple[_Place, ...]


def extract(abstract: str, reasons: Sequence[Reason], *, broken_off: bool = False) -> tuple[Span, ...]:
    """The two sentences of an abstract that carry most of what raised its paper's score, in the abstract's order,
    with those terms marked; the first two of an abstract that carries none. At most EXTRACT_LENGTH characters.

    `broken_off`: the abstract ends before its end.
    """
    read = _read(strip_controls(abstract)[:_LONGEST_ABSTRACT])
    wanted = _wanted(read, reasons)
    chosen = _chosen(read, wanted)
    if not chosen:
        return ()
    marks = sorted(place for one in wanted for place in one.places)
    spans = list(_spans(read, chosen, marks))
    if broken_off and chosen[-1] == len(read.sentences) - 1 and not spans[-1].text.endswith(ELLIPSIS):
        spans.append(Span(f" {ELLIPSIS}"))
    return tuple(spans)


def shortened(extracted: Sequence[Span], room: int) -> tuple[Span, ...]:
    """An extract within so many characters: whole, or the sentence of it that carries more, cut where it must be."""
    if sum(len(span.text) for span in extracted) <= room:
        return tuple(extracted)
    best = max(
        _apart(extracted), key=lambda spans: len({span.text.casefold() for span in spans if span.matched})
    )
    ends = list(accumulate(len(span.text) for span in best))
    marks = [(end - len(span.text), end) for span, end in zip(best, ends, strict=True) if span.matched]
    return tuple(_sentence("".join(span.text for span in best), (0, ends[-1]), marks, room))


def _apart(extracted: Sequence[Span]) -> list[Sequence[Span]]:
    """An extract's sentences: between them, and nowhere else, a space or an ellipsis stands after plain text."""
    for n, (before, span) in enumerate(pairwise(extracted), start=1):
        if not (before.matched or span.matched) and span.text.strip() in ("", ELLIPSIS):
            return [part for part in (extracted[:n], extracted[n + 1 :]) if part]
    return [extracted]


@lru_cache(maxsize=4096)
def _read(abstract: str) -> _Text:
    read = tokenize(abstract)
    places: dict[str, list[_Place]] = {}
    for term, first, last in terms(read):
        places.setdefault(term, []).append((read.spans[first][0], read.spans[last][1]))
    at = {term: tuple(some) for term, some in places.items()}
    return _Text(read.text, tuple(_sentences(read.text)), read.spans, f" {' '.join(read.stems)} ", at)


def _sentences(text: str) -> Iterator[_Place]:
    start = 0
    for match in _SENTENCE_END.finditer(text):
        end = match.start(1) if match[1] else match.end()
        if _NO_END.search(text, max(start, end - 12), end):
            continue
        yield start, end
        start = match.end()
    if start < len(text):
        yield start, len(text)


def _wanted(read: _Text, reasons: Sequence[Reason]) -> list[_Wanted]:
    """What raised a paper's score most and stands in its abstract: what is told as a reason where there is any, else
    other phrases, else the words of them.
    """
    for weights in _ways(reasons):
        names = (name for name in _heaviest(weights)[:REASONS_SHOWN] if name[1])
        known = (_Wanted(weights[name], read.find(name[0])) for name in names)
        if found := [one for one in known if one.places]:
            return found
    return []


def _ways(reasons: Sequence[Reason]) -> Iterator[dict[_Name, float]]:
    yield _merged(reasons)
    raising = [reason for reason in reasons if reason.is_term and reason.weight > 0]
    yield _merged(raising)
    yield {(reason.term, True): reason.weight for reason in raising}


@lru_cache(maxsize=16_384)
def _stems(name: str) -> tuple[str, str]:
    """The term that a reason names, empty when it is none, and the stems of its words."""
    read = tokenize(name)
    last = len(read.stems) - 1
    term = next((term for term, i, j in terms(read) if (i, j) == (0, last)), "")
    return term, " ".join(read.stems)


def _chosen(read: _Text, wanted: Sequence[_Wanted]) -> tuple[int, ...]:
    """The sentences that together carry the most; of equals the earliest."""
    carried = [_carried(sentence, wanted) for sentence in read.sentences[:_MOST_SENTENCES]]
    size = min(SENTENCES_SHOWN, len(carried))
    if not size:
        return ()
    together = combinations(range(len(carried)), size)
    return min(
        together,
        key=lambda some: (-_weight(wanted, *(carried[n] for n in some)), _is_long(read, some), some),
    )


def _is_long(read: _Text, some: Sequence[int]) -> bool:
    """Whether some sentences together would have to be cut."""
    return sum(end - start for start, end in (read.sentences[n] for n in some)) > EXTRACT_LENGTH - len(" … ")


def _carried(sentence: _Place, wanted: Sequence[_Wanted]) -> frozenset[int]:
    start, end = sentence
    return frozenset(
        n for n, one in enumerate(wanted) if any(start <= first < end for first, _ in one.places)
    )


def _weight(wanted: Sequence[_Wanted], *carried: frozenset[int]) -> float:
    return sum(wanted[n].weight for n in sorted(frozenset().union(*carried)))


def _spans(read: _Text, chosen: Sequence[int], marks: Sequence[_Place]) -> Iterator[Span]:
    """The chosen sentences one after the other; an ellipsis where one is left out."""
    rooms = _rooms([end - start for start, end in (read.sentences[n] for n in chosen)])
    before: int | None = None
    ended = ""
    for number, room in zip(chosen, rooms, strict=True):
        if before is not None:
            skipped = number > before + 1 and not ended.endswith(ELLIPSIS)
            yield Span(f" {ELLIPSIS} " if skipped else " ")
        for span in _sentence(read.text, read.sentences[number], marks, room):
            yield span
            ended = span.text
        before = number


def _rooms(lengths: Sequence[int]) -> list[int]:
    """How much each may show of a whole of EXTRACT_LENGTH: a short one leaves its room to the other."""
    whole = EXTRACT_LENGTH - len(f" {ELLIPSIS} ") * (len(lengths) - 1)
    if len(lengths) < SENTENCES_SHOWN:
        return [whole]
    first, second = lengths
    half = whole // 2
    return [max(half, whole - second), max(half, whole - first)]


def _sentence(text: str, sentence: _Place, marks: Sequence[_Place], room: int) -> Iterator[Span]:
    """A sentence in its room; where it is too long, what stands around its first mark."""
    start, end = sentence
    begin = _begin(text, sentence, [mark for mark in marks if start <= mark[0] < end], room)
    if begin > start:
        yield Span(f"{ELLIPSIS} ")
        room -= len(f"{ELLIPSIS} ")
    shown = _DANGLING.sub(ELLIPSIS, truncate(text[begin:end], room))
    stop = begin + len(shown) - (len(ELLIPSIS) if len(shown) < end - begin else 0)
    at = begin
    for mark, after in marks:
        if at <= mark and after <= stop:
            yield from (Span(text[at:mark]),) if at < mark else ()
            yield Span(text[mark:after], matched=True)
            at = after
    rest = shown[at - begin :]
    yield from (Span(rest),) if rest else ()


def _begin(text: str, sentence: _Place, marks: Sequence[_Place], room: int) -> int:
    start, end = sentence
    if end - start <= room or not marks or marks[0][1] - start < room:
        return start
    space = text.find(" ", marks[0][0] - room // 3, marks[0][0])
    return space + 1 if space > 0 else marks[0][0]
