"""Terms that papers have which a reader wants, that few others have, and that the profile does not name. Pure.

There is no grammar here: what is often in titles is a noun phrase ("process supervision"), what never is one usually
is not ("agents increasingly").
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.papers.model import Paper
from bot.text.terms import Join, Role, find_phrase, phrase_term, role, tokenize

MOST = 5
#: A term is specific if at most this share of the archive's papers have it.
SPECIFIC = 0.01
#: Least number of liked papers that have it, or of papers shown as strong matches.
LEAST_LIKED, LEAST_SHOWN = 2, 5
#: Least share of the strong matches that have it, too.
SHOWN_SHARE = 0.03
#: Least share of the archive's papers with the term that were liked, or shown as strong matches: a term of which most
#: papers are something else would bring those.
PRECISE = 0.3
#: Least number of the archive's papers with it that were not shown as strong matches.
LEAST_OTHERS = 3
#: Least number, and least share, of the archive's papers with the term that have it in the title.
IN_TITLES, TITLE_SHARE = 2, 0.1
#: A longer term stands for a shorter one if it makes up this share of its occurrences.
INCLUDES = 0.6
LONGEST = 3
#: A longer phrase than an interest that is too wide is in so many titles.
LEAST_LONGER = 3
_ACRONYM = re.compile(r"(?:[A-Z][a-z]?){3,6}s?")
#: A pair such as "low-resource" says something only with the noun after it; "Reed-Solomon" is a name.
_COMPOUND = re.compile(r"\w+[-‐‑][a-z0-9]\w*")
_GERUND = re.compile(r"\w+ing\s")


@dataclass(frozen=True, slots=True)
class MissingTerm:
    term: str  #: as most of the papers write it
    liked: int  #: number of liked papers with it
    shown: int  #: number of papers with it that were shown as strong matches
    papers: int  #: number of the archive's papers with it


def missing_terms(
    liked: Sequence[Paper],
    shown: Sequence[Paper],
    interests: Iterable[str],
    named: Iterable[str],
    find: Callable[[str], Sequence[Paper]],
    archive: int,
) -> list[MissingTerm]:
    """The commonest of them, at most `MOST`.

    `shown`: as strong matches. `named`: what the profile looks for or avoids, in words. `find`: the papers of the
    archive that have every term of a text. `archive`: their number.
    """
    in_liked, in_shown, followed = Counter[str](), Counter[str](), Counter[str]()
    written: dict[str, Counter[str]] = defaultdict(Counter)
    for papers, counts in ((liked, in_liked), (shown, in_shown)):
        for paper in papers:
            # Titles capitalise words: an abstract has the better spelling.
            in_title = (
                one if _ACRONYM.fullmatch(one.text) else one._replace(text=one.text.lower())
                for one in _phrases(paper.title)
            )
            found = [*_phrases(paper.abstract), *in_title]
            counts.update({one.key for one in found})
            for one in found:
                written[one.key][one.text] += 1
                followed[one.key] += one.is_followed
    known = {stem for text in named for stem in tokenize(text).stems}
    within = [phrase_term(interest) for interest in interests]
    together = in_liked + in_shown
    least = max(LEAST_SHOWN, SHOWN_SHARE * len(shown))
    chosen: list[MissingTerm] = []
    for key, _ in sorted(together.items(), key=lambda item: (-item[1], item[0])):
        if in_liked[key] < LEAST_LIKED and in_shown[key] < least:
            continue
        term = written[key].most_common(1)[0][0]
        is_new = not known.issuperset(key.split()) and not any(f" {one} " in f" {key} " for one in within)
        is_open = followed[key] > written[key].total() / 2 or _is_within(key, together)
        if not is_new or (is_open and not _ACRONYM.fullmatch(term)) or _COMPOUND.fullmatch(term):
            continue
        having = find(term)
        if _is_specific(in_liked[key], in_shown[key], having, term, archive):
            chosen.append(MissingTerm(term, in_liked[key], in_shown[key], len(having)))
            within.append(key)
        if len(chosen) == MOST:
            break
    return chosen


def longer_phrases(phrase: str, titles: Iterable[str]) -> list[str]:
    """Phrases of one word more than a phrase, with all its words and the same end, that some titles have.

    The commonest are first; each is as most of the titles write it.
    """
    wanted = phrase_term(phrase).split()
    written: dict[str, Counter[str]] = defaultdict(Counter)
    for title in titles:
        words = tokenize(title)
        joins = (*words.joins, Join.BREAK)
        ends = [n for n, stem in enumerate(words.stems) if n >= len(wanted) and stem == wanted[-1]]
        for last in ends:
            first = last - len(wanted)
            run, text = words.stems[first : last + 1], words.phrase(first, last).lower()
            added = list((Counter(run) - Counter(wanted)).elements())
            is_phrase = Join.BREAK not in joins[first + 1 : last + 1]
            is_whole = Join.HYPHEN not in (joins[first], joins[last + 1])
            # "Aligning language models" is what a title does with them.
            is_noun = len(added) == 1 and role(added[0]) is Role.TERM and not _GERUND.match(text)
            if is_phrase and is_whole and is_noun:
                written[" ".join(run)][text] += 1
    common = sorted(written.values(), key=lambda forms: -forms.total())
    return [forms.most_common(1)[0][0] for forms in common if forms.total() >= LEAST_LONGER]


class _Phrase(NamedTuple):
    key: str  #: stems
    text: str  #: as written
    is_followed: bool  #: by a word that may belong to it


def _phrases(text: str) -> Iterator[_Phrase]:
    """Each run of two or three words that are terms, and each acronym; none begins or ends at a hyphen."""
    words = tokenize(text)
    stems, joins = words.stems, (*words.joins, Join.BREAK)
    for first in range(len(stems)):
        for last in range(first, min(first + LONGEST, len(stems))):
            if role(stems[last]) is not Role.TERM or (last > first and joins[last] is Join.BREAK):
                break
            written = words.phrase(first, last)
            is_term = last > first or _ACRONYM.fullmatch(written)
            if is_term and Join.HYPHEN not in (joins[first], joins[last + 1]):
                is_followed = joins[last + 1] is Join.SPACE and role(stems[last + 1]) is Role.TERM
                yield _Phrase(" ".join(stems[first : last + 1]), written, is_followed)


def _is_within(key: str, counts: Counter[str]) -> bool:
    """Whether a longer term makes up most occurrences of this one."""
    return any(
        f" {key} " in f" {other} " and count >= INCLUDES * counts[key]
        for other, count in counts.items()
        if len(other) > len(key)
    )


def _is_specific(liked: int, shown: int, papers: Sequence[Paper], term: str, archive: int) -> bool:
    is_wanted = liked >= LEAST_LIKED or (
        shown >= PRECISE * len(papers) and len(papers) - shown >= LEAST_OTHERS
    )
    if not is_wanted or len(papers) > SPECIFIC * archive:
        return False
    in_titles = sum(find_phrase((paper.title,), (term,)) is not None for paper in papers)
    return in_titles >= max(IN_TITLES, TITLE_SHARE * len(papers))
