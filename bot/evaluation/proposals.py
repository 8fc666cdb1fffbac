"""Interests and categories for a profile, proposed from papers of its reader. Pure.

An interest is a phrase that is frequent among the reader's papers and rare among others. With n_p of the reader's N
papers and df_p of M other papers having the phrase p, its specificity is

    s_p = ln((n_p - 1) / (N - 1) / ((df_p + 1) / (M + 60)))

in which a paper does not count for its own phrase. Phrases are chosen greedily, each time the one with the largest

    g_p = f_p * s_p * (1 - 1/n_p) * sum over the papers that have p of t * 2^-(number of chosen phrases that it has)

with f_p below 1 for single words and t below 1 without p in the title: a weighted set cover with diminishing
returns. Fragments of phrases are left out before, and words that a phrase of theirs says better. The numbers were
chosen with tests/benchmarks/test_init_from.py.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from bot.ranking.facets import query
from bot.ranking.index import Index, archive_of
from bot.text.terms import Join, Role, Words, role, stem, tokenize

#: Interests: as few only if phrases for them are found.
FEWEST, MOST = 5, 10
#: Words of a phrase; and terms, where a hyphenated word is one, and "of" is none.
MOST_WORDS, MOST_TERMS = 4, 3
#: The least share of the reader's papers that have a phrase, and that have one when there are too few such phrases;
#: and at least two papers, or three of many.
LEAST_SHARE, LEAST_SHARE_TO_FILL = 0.1, 0.04
#: A phrase is at least so many times as frequent among the reader's papers as in the archive. A small archive lacks
#: most phrases, and can only tell the commonest ones.
LEAST_RATIO, LEAST_RATIO_SMALL, SMALL_ARCHIVE = 20.0, 4.0, 1000
#: The least share of its occurrences in which a phrase ends a group of words: "neural" seldom ends one. A phrase that
#: half of the papers have may do so less often.
LEAST_FREE = 0.1
#: A phrase that is in a longer one so often is left out for it.
WITHIN = 0.7
#: A word that the same word precedes, or follows, in more than this share of its occurrences does not begin, or end,
#: a phrase; and a phrase does not begin within a hyphenated word in more than this share of its own.
MOSTLY = 0.5
#: A word is left out for a phrase that has it in this share of the word's papers, unless at most this share of the
#: archive's papers have the word, or it is an acronym.
COVERS, RARE = 0.4, 0.002
WORD_FACTOR, ACRONYM_FACTOR, ABSTRACT_FACTOR = 0.6, 0.8, 0.5
#: After `FEWEST`, a phrase with a gain below this share of the first one's is not chosen.
LEAST_GAIN = 0.15
#: Of so many papers, three must have a phrase, and two titles a single word.
MANY_PAPERS = 20
MOST_CATEGORIES = 5
#: A category is proposed if this share of the papers is in it; of few papers, two or a third.
LEAST_CATEGORY_SHARE = 0.1
#: Papers without the phrase that are assumed besides the archive's: they decide when it is small.
ASSUMED = 60
_OF = stem("of")
#: Words of many abstracts: a phrase of them alone is an interest only if the archive shows that it is rare.
_COMMON = frozenset(
    map(
        stem,
        """
    ability accuracy achieves across adaptive additional address advances ai algorithm analysis
    application applications applied approximation architecture art assessment available aware based
    baselines behavior benchmark best better beyond building capabilities capture challenging closed
    code com combines compared complete complex components comprehensive computational conditions
    consistency constraints construct construction content context continuous contribution correct
    cost critical current data dataset deep dependent deployment derived design develop different
    directly distribution diverse domain driven dynamic effective efficient enabling end enhance
    ensure environments error establish evaluating evaluation evidence execution existing
    experiments explicit extended extraction fail failure features fine first fixed focus following
    form four framework free full function fundamental gains gap generalization generation github
    global guided high https identify implementation important improves including increasingly
    independent information input integrates issues key knowledge lack language large leading
    learning level leverages lightweight limited llm local long low machine maintaining making
    measure mechanism metrics mitigate model multi natural need network neural non object
    observations offers open operations order outperforms output overall paradigm parameters
    patterns performance pipeline point potential practical prediction preserving problem process
    produce progress properties public quality question range rate real reduces relative relevant
    reliable rely remains representation representations requires research response results reveal
    robust scale scenarios score second selection self settings several shared signals significantly
    similarity simple single size small solution source space specific stable stage standard state
    step strategy strong structural structure structured study substantially success suggest
    supervision support systematic systems target task test time tool training typically
    understanding unified validation value varying work yields zero
        """.split(),  # noqa: SIM905 - a list of words reads best as words
    )
)

Stems = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProposedInterest:
    """A phrase, and how many papers have it."""

    phrase: str
    papers: int  #: of the reader's
    archive: int  #: of the others


@dataclass(slots=True)
class _Phrase:
    """The occurrences of a phrase in the reader's papers."""

    papers: set[int] = field(default_factory=set)
    titles: set[int] = field(default_factory=set)  #: the papers that have it in their titles
    forms: Counter[str] = field(default_factory=Counter)  #: as written, in lower case
    first: int = 0  #: occurrences that no hyphen precedes
    last: int = 0  #: occurrences that no content word follows

    @property
    def form(self) -> str:
        return max(self.forms, key=lambda form: (self.forms[form], form))


def propose_interests(
    papers: Sequence[tuple[str, str]], archive: Sequence[bytes], hidden: Set[int] = frozenset()
) -> tuple[ProposedInterest, ...]:
    """At most `MOST` interests, best first; fewer than `FEWEST` if the papers have little in common.

    `papers`: titles and abstracts. `archive`: counts (see `bot.ranking.counts`) of other papers. `hidden`: the places
    in it of papers that the profile does not show; unless it is small, an interest is in one that is not hidden.
    """
    texts = [(tokenize(title), tokenize(abstract)) for title, abstract in papers]
    spelling = _Spelling(texts)
    found = _frequent_phrases(texts)
    places = dict(zip(found, papers_with([p.form for p in found.values()], archive), strict=True))
    df = {stems: len(having) for stems, having in places.items()}
    is_small = len(archive) < SMALL_ARCHIVE
    if not is_small:
        found = {stems: found[stems] for stems in found if not set(places[stems].tolist()) <= hidden}
    least_ratio, word_factor = (
        (LEAST_RATIO_SMALL, WORD_FACTOR / 2) if is_small else (LEAST_RATIO, WORD_FACTOR)
    )
    factors = {}
    for stems, phrase in _without_parts(found).items():
        own_share = (len(phrase.papers) - 1) / (len(papers) - 1)
        ratio = own_share * (len(archive) + ASSUMED) / (df[stems] + 1)
        if ratio >= least_ratio and not (is_small and _COMMON.issuperset(stems)):
            is_acronym = spelling.is_acronym(phrase.form)
            factor = 1.0 if len(stems) > 1 else ACRONYM_FACTOR if is_acronym else word_factor
            factors[stems] = factor * math.log(ratio) * (1 - 1 / len(phrase.papers))
    words = {
        s
        for s in factors
        if len(s) == 1
        and (is_small or df[s] > RARE * len(archive))
        and not spelling.is_acronym(found[s].form)
    }
    covered = {
        word
        for stems in factors
        for word in words.intersection(_parts(stems))
        if len(found[stems].papers) >= COVERS * len(found[word].papers)
    }
    factors = {stems: factor for stems, factor in factors.items() if stems not in covered}
    least = LEAST_SHARE * len(papers)
    frequent = {stems: factor for stems, factor in factors.items() if len(found[stems].papers) >= least}
    chosen = _cover(found, frequent, [], MOST)
    if len(chosen) < FEWEST:
        phrases = {stems: factor for stems, factor in factors.items() if len(stems) > 1}
        chosen = _cover(found, phrases, chosen, FEWEST)
    return tuple(
        ProposedInterest(spelling.of(found[stems].form), len(found[stems].papers), df[stems])
        for stems in chosen
    )


def propose_categories(papers: Iterable[Sequence[str]]) -> tuple[tuple[str, ...], int]:
    """The commonest of the papers' categories, and how many of the papers are in one of them."""
    listed = list(filter(None, map(frozenset, papers)))
    numbers = Counter(chain.from_iterable(listed))
    best = sorted(numbers, key=lambda name: (-numbers[name], name))[:MOST_CATEGORIES]
    least = max(LEAST_CATEGORY_SHARE * len(listed), min(2, len(listed) / 3))
    common = [name for name in best if numbers[name] >= least]
    return tuple(common), sum(not categories.isdisjoint(common) for categories in listed)


def _phrases(texts: Sequence[tuple[Words, Words]]) -> dict[Stems, _Phrase]:
    found: defaultdict[Stems, _Phrase] = defaultdict(_Phrase)
    for number, (title, abstract) in enumerate(texts):
        for words in (title, abstract):
            for first, last in _spans(words):
                phrase = found[words.stems[first : last + 1]]
                phrase.papers.add(number)
                phrase.titles |= {number} if words is title else set()
                phrase.forms[words.phrase(first, last).lower()] += 1
                phrase.first += words.joins[first] is not Join.HYPHEN
                phrase.last += _is_end(words, last)
    return found


def _spans(words: Words) -> Iterator[tuple[int, int]]:
    """First and last word of each run of words that can be a phrase: "chain of thought", "few-shot learning"."""
    roles = [role(stem_) for stem_ in words.stems]
    for first, kind in enumerate(roles):
        if kind is not Role.TERM and Join.HYPHEN not in words.joins[first + 1 : first + 2]:
            continue
        content = 0
        for last in range(first, min(first + MOST_WORDS, len(roles))):
            join = words.joins[last] if last > first else Join.HYPHEN
            if join is Join.BREAK or (
                roles[last] is Role.STOP and join is Join.SPACE and words.stems[last] != _OF
            ):
                break
            content += roles[last] is not Role.STOP and (last == first or join is not Join.HYPHEN)
            if roles[last] is Role.TERM and content <= MOST_TERMS:
                yield first, last


def _is_end(words: Words, last: int) -> bool:
    """Whether a stop word, or none, follows the word at `last`."""
    if last + 1 == len(words.stems) or words.joins[last + 1] is Join.BREAK:
        return True
    return words.joins[last + 1] is Join.SPACE and role(words.stems[last + 1]) is Role.STOP


def _bound_words(texts: Iterable[tuple[Words, Words]]) -> tuple[set[str], set[str]]:
    """The words that the same word mostly precedes, and those that the same one mostly follows."""
    numbers: Counter[str] = Counter()
    before: Counter[tuple[str, str]] = Counter()
    after: Counter[tuple[str, str]] = Counter()
    for words in chain.from_iterable(texts):
        numbers.update(words.stems)
        for place, pair in enumerate(pairwise(words.stems)):
            if words.joins[place + 1] is not Join.BREAK and Role.STOP not in map(role, pair):
                after[pair] += 1
                # What follows "text-driven" can do without it.
                before[pair] += words.joins[place] is not Join.HYPHEN
    return (
        {second for (_, second), number in before.items() if number > MOSTLY * numbers[second]},
        {first for (first, _), number in after.items() if number > MOSTLY * numbers[first]},
    )


def _frequent_phrases(texts: Sequence[tuple[Words, Words]]) -> dict[Stems, _Phrase]:
    """The phrases that enough of the papers have, that are not fragments, and whose words are in titles."""
    found, size = _phrases(texts), len(texts)
    never_first, never_last = _bound_words(texts)
    least = max(3 if size >= MANY_PAPERS else 2, math.ceil(LEAST_SHARE_TO_FILL * size))
    titles = {stems[0]: len(phrase.titles) for stems, phrase in found.items() if len(stems) == 1}
    return {
        stems: phrase
        for stems, phrase in found.items()
        if len(phrase.papers) >= least
        and stems[0] not in never_first
        and stems[-1] not in never_last
        and phrase.first > MOSTLY * phrase.forms.total()
        and (phrase.last >= LEAST_FREE * phrase.forms.total() or 2 * len(phrase.papers) >= size)
        and all(
            titles.get(word, 0) >= (2 if len(stems) == 1 and size >= MANY_PAPERS else 1)
            for word in stems
            if role(word) is Role.TERM
        )
    }


def _without_parts(found: Mapping[Stems, _Phrase]) -> dict[Stems, _Phrase]:
    """The phrases for which no longer one stands."""
    within = {
        part
        for stems, phrase in found.items()
        for part in _parts(stems)
        if part in found and len(phrase.papers) >= WITHIN * len(found[part].papers)
    }
    return {stems: phrase for stems, phrase in found.items() if stems not in within}


def _parts(stems: Stems) -> Iterator[Stems]:
    """The shorter phrases within a phrase."""
    for size in range(1, len(stems)):
        yield from (stems[first : first + size] for first in range(len(stems) - size + 1))


def papers_with(phrases: Sequence[str], archive: Sequence[bytes]) -> list[NDArray[np.intp]]:
    """The places in the archive of the papers that have each phrase, as the ranker finds phrases."""
    asked = [query(phrase) for phrase in phrases]
    keys = np.fromiter((key for one in asked for key in one.weights), np.uint64)
    longer = {one.phrase: one.pairs for one in asked if one.phrase and len(one.pairs) > 1}
    index = Index(archive_of(archive), keys, longer)
    columns = index.columns(one.phrase or next(iter(one.weights)) for one in asked)
    rows = index.rows(archive).tocsc()
    return [rows.indices[rows.indptr[column] : rows.indptr[column + 1]] for column in columns]


def _cover(
    found: Mapping[Stems, _Phrase], factors: Mapping[Stems, float], chosen: Sequence[Stems], most: int
) -> list[Stems]:
    """The chosen phrases, and further ones up to `most`."""
    chosen = list(chosen)
    worth: Counter[int] = Counter(number for stems in chosen for number in found[stems].papers)
    rest = {stems for stems in factors if not any(_same(stems, other) for other in chosen)}
    largest = 0.0

    def gain(stems: Stems) -> float:
        phrase = found[stems]
        worths = (
            (1.0 if number in phrase.titles else ABSTRACT_FACTOR) * 0.5 ** worth[number]
            for number in phrase.papers
        )
        return factors[stems] * math.fsum(worths)

    while rest and len(chosen) < most:
        gains = {stems: gain(stems) for stems in rest}
        best = max(gains, key=lambda stems: (gains[stems], stems))
        largest = largest or gains[best]
        if len(chosen) >= FEWEST and gains[best] < LEAST_GAIN * largest:
            break
        chosen.append(best)
        worth.update(found[best].papers)
        rest = {stems for stems in rest if not _same(stems, best)}
    return chosen


def _same(stems: Stems, other: Stems) -> bool:
    """Whether one phrase is the other or is within it, or has its acronym."""
    short, long = sorted((stems, other), key=len)
    return short == long or short in _parts(long) or _initials(long) in short or _initials(short) in long


def _initials(stems: Stems) -> str:
    """`3dgs` of `3d gaussian splat`; empty for a single word."""
    if len(stems) == 1:
        return ""
    return "".join(word if word[0].isdigit() else word[0] for word in stems if word != _OF)


class _Spelling:
    """The capitals of words, as the abstracts most often write them within a sentence.

    A word that begins with a capital, as in "Graph Neural Networks (GNN)", has none if an abstract has it without.
    """

    def __init__(self, texts: Iterable[tuple[Words, Words]]) -> None:
        forms: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for title, abstract in texts:
            in_paper = set()
            for words in (title, abstract):
                for place, (start, end) in enumerate(words.spans):
                    written = words.text[start:end]
                    # Titles, and the beginnings of sentences, have capitals that say nothing.
                    is_within = words is abstract and place > 0 and words.joins[place] is not Join.BREAK
                    if is_within or not (written.istitle() or written.islower()):
                        in_paper.add(written)
            for written in in_paper:
                forms[written.lower()][written] += 1
        self._forms = {}
        for lower, counted in forms.items():
            form = max(counted, key=lambda one: (counted[one], one))
            self._forms[lower] = lower if form.istitle() and lower in counted else form

    def of(self, phrase: str) -> str:
        """A phrase in lower case, with its capitals."""
        written, end = "", 0
        for start, stop in tokenize(phrase).spans:
            word = phrase[start:stop]
            written, end = written + phrase[end:start] + self._forms.get(word, word), stop
        return written + phrase[end:]

    def is_acronym(self, word: str) -> bool:
        return sum(letter.isupper() for letter in self.of(word)) > 1
