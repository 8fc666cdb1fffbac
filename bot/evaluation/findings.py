"""Findings about a profile as values, and their sentences: the number, and the change to make. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from bot.evaluation.missing_terms import LEAST_LIKED, MissingTerm
from bot.papers.model import Paper
from bot.papers.names import begins_with_initial
from bot.profiles.yaml_reader import Loc
from bot.ranking.facets import PHRASE_WORDS
from bot.text.plain import pluralize, quote, truncate
from bot.text.terms import Role, role, tokenize

#: A word that more papers have says too little to be an interest alone.
SPECIFIC_WORD = 0.005
#: So few papers are no evidence for a change.
LEAST_EVIDENCE = 3
#: How alike a word without any paper and the word that it may be meant for are, at least.
SAME_WORD = 0.85
#: What to do with a phrase that no paper has, by the key of the profile.
_REMOVE = {
    "interests": "remove it",
    "avoid": "remove it, as it lowers nothing",
    "mute": "remove it, as it hides nothing",
}
#: Why an interest may find little beside its own words.
_NOT_ASKED = "or no profile asks arXiv for its categories"


class Kind(StrEnum):
    """What a finding is about, most useful first."""

    NOTHING = "matches nothing"
    HIDES_LIKED = "hides liked"
    TOO_FEW = "too few"
    TOO_MANY = "too many"
    TOO_MUCH = "matches too much"
    SPELLINGS = "spellings"
    COVERED = "covered"
    NEVER_DECIDES = "never decides"
    MISSING_TERM = "missing term"


@dataclass(frozen=True, slots=True)
class Advice:
    """One finding about a profile."""

    kind: Kind
    loc: Loc  #: of what to change, in the profile
    what: str  #: a sentence for a person, with the number and the change to make
    numbers: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Counts:
    """Papers to count phrases in."""

    papers: int
    where: str  #: in words: "7,387 papers of the last 29 days"
    count: Callable[[str], int]  #: number of papers that have every term of a text
    vocabulary: Callable[[], Iterable[str]] = tuple  #: words that a misspelt one may be meant for


def matches_nothing(loc: Loc, phrase: str, among: Counts) -> Advice:
    """`loc`: of an interest, of a text to avoid, or of a muted term."""
    numbers = {"papers": among.papers, "found": 0}
    found = f"{quote(phrase)} found nothing among {among.where}"
    remove = _REMOVE[str(loc[0])]
    words = tokenize(phrase)
    single = [words.phrase(n, n) for n, stem in enumerate(words.stems) if role(stem) is Role.TERM]
    absent = next((word for word in single if not among.count(word)), None)
    if absent:
        found += f" (none has {quote(absent)})" if len(single) > 1 else ""
        if close := get_close_matches(absent.lower(), among.vocabulary(), n=1, cutoff=SAME_WORD):
            return Advice(Kind.NOTHING, loc, f"{found}: did you mean {quote(close[0])}?", numbers)
    if len(words.stems) > PHRASE_WORDS:
        change = "write phrases of two to four words, each as an interest of its own"
        what = f"{found}: it has {len(words.stems)} words, and a paper must have most of them; {change}"
        return Advice(Kind.NOTHING, loc, what, numbers)
    if part := _longest_found_part(phrase, among.count):
        number = among.count(part)
        what = f"{found}, but {quote(part)} is in {number:,}: write that, or {remove}"
        return Advice(Kind.NOTHING, loc, what, {**numbers, "part": number})
    is_interest = loc[0] == "interests"  # whose field may be absent from the archive
    if absent:
        check = (
            f"it is misspelt, {_NOT_ASKED}; else {remove}"
            if is_interest
            else f"check the spelling, or {remove}"
        )
        return Advice(Kind.NOTHING, loc, f"{found}: {check}", numbers)
    counts = sorted((among.count(word), word) for word in single)
    rarest, word = counts[0]
    each = ", ".join(f"{quote(word)} is in {number:,}" for number, word in counts)
    is_specific = rarest <= SPECIFIC_WORD * among.papers
    change = f"write {quote(word)} alone" if is_specific else "write it in other words"
    why = f"its words are never together ({each}){f', {_NOT_ASKED}' if is_interest else ''}"
    what = f"{found}: {why}; {change}, or {remove}"
    return Advice(Kind.NOTHING, loc, what, {**numbers, "part": rarest})


def _longest_found_part(phrase: str, count: Callable[[str], int]) -> str | None:
    """The longest part of two words or more that some papers have; of several, the one that fewest have."""
    words = tokenize(phrase)
    ends = [n for n, stem in enumerate(words.stems) if role(stem) is Role.TERM]
    parts = [(first, last) for first in ends for last in ends if first < last]
    found = [
        (first - last, number, text)
        for first, last in parts
        if (number := count(text := words.phrase(first, last)))
    ]
    return min(found)[2] if found else None


def never_shown(
    loc: Loc, phrase: str, found: int, left_out: Sequence[Paper], muted: tuple[int, str], among: Counts
) -> Advice:
    """An interest whose papers are all left out.

    `left_out`: by `categories`. `muted`: how many by what hides most of them, and its name.
    """
    hidden, name = muted
    if hidden >= len(left_out):
        why = f"muting {quote(name)} hides {_of_them(hidden, found)}: mute something narrower"
    else:
        names = listed_categories(left_out, LEAST_EVIDENCE)
        rare = f"it is rare, {_NOT_ASKED}; write it in other words"
        change = f"add {names} to `categories`" if names else rare
        verb = "is" if len(left_out) == 1 else "are"
        why = f"{_of_them(len(left_out), found)} {verb} outside your categories: {change}"
    what = f"{quote(phrase)} is in {found:,} of {among.where}, but {why}, or remove the interest"
    return Advice(Kind.NOTHING, loc, what, {"papers": among.papers, "found": found, "candidates": 0})


def _of_them(number: int, papers: int) -> str:
    if number < papers:
        return f"{number:,} of them"
    return "it" if papers == 1 else "all of them"


def matches_too_much(
    loc: Loc, phrase: str, found: int, among: Counts, narrower: Sequence[str] = ()
) -> Advice:
    such = f", such as {' or '.join(map(quote, narrower))}" if narrower else ""
    share = f"{found / among.papers:.0%}"
    what = f"{quote(phrase)} is in {found:,} of {among.where} ({share}): write something narrower{such}"
    return Advice(Kind.TOO_MUCH, loc, what, {"papers": among.papers, "found": found})


def says_the_same(loc: Loc, phrase: str, other: str, found: int) -> Advice:
    what = f"{quote(phrase)} says the same as {quote(other)}, and counts once: remove one of the two"
    return Advice(Kind.COVERED, loc, what, {"found": found, "other": found})


def covered(loc: Loc, phrase: str, other: str, found: int, others: int, *, is_wide: bool = False) -> Advice:
    """`is_wide`: the other interest matches too much."""
    within = f"the {found:,} with it are among the {others:,} of {quote(other)}"
    change = f"remove it, or {quote(other)}{', which is' if is_wide else ' if that is'} too wide"
    what = f"{quote(phrase)} adds no paper: {within}; {change}"
    return Advice(Kind.COVERED, loc, what, {"found": found, "other": others})


def never_decides(
    loc: Loc, phrase: str, found: int, of_others: Counter[str], other_parts: str, shown: int, lost: int
) -> Advice:
    """`found`: candidates with this interest. `of_others`: those in digests, by the interest that each belongs to;
    empty for those that belong to the `other_parts`.

    `shown`: papers in all digests. `lost`: those of them that would not be there without this interest.
    """
    having = pluralize(found, "paper")
    if of_others:
        owner, number = of_others.most_common(1)[0]
        finders = f"{quote(owner)} finds" if owner else f"{other_parts} find"
        why = f"{finders} the same: {number} of the {having} with it"
    else:
        why = f"none of the {having} with it was shown"
    same = f"{shown - lost:,} of {pluralize(shown, 'paper')} in digests would be the same without it"
    what = f"{quote(phrase)} decides nothing: {same}, and {why}; remove it, or write what sets it apart"
    numbers = {"shown": shown, "lost": lost, "found": found, "of others": of_others.total()}
    return Advice(Kind.NEVER_DECIDES, loc, what, numbers)


def hides_liked(loc: Loc, hidden: Sequence[Paper], liked: int, name: str = "") -> Advice:
    """`name`: of what is muted; empty for `categories`."""
    some = f"{len(hidden)} of your {pluralize(liked, 'liked paper')}, such as {quote(truncate(hidden[0].title, 58))}"
    if name:
        what = f"muting {quote(name)} would hide {some}: remove it, or mute something narrower"
    else:
        what = f"`categories` would leave out {some}: add {listed_categories(hidden)} to see others like it"
    return Advice(Kind.HIDES_LIKED, loc, what, {"hidden": len(hidden), "liked": liked})


def spellings(
    loc: Loc, name: str, found: Mapping[str, int], near: Mapping[str, int], among: Counts
) -> Advice | None:
    """`found`: names that are counted as this one, with numbers of papers. `near`: others that may be meant."""
    initials = {other: number for other, number in found.items() if begins_with_initial(other)}
    if not found and near:
        names = near
        what = f"no paper by {quote(name)} is among {among.where}: did you mean {_listed_names(near)}?"
    elif begins_with_initial(name) and len(initials) < len(found):
        names = found
        what = f"{quote(name)} finds {_listed_names(found)}: write the whole name of the one that you mean"
    elif initials and not begins_with_initial(name):
        names = found
        what = (
            f"{quote(name)} also finds {_listed_names(initials)}, who may be somebody else: keep the name if it is "
            "the same person, or remove it"
        )
    else:
        return None
    return Advice(Kind.SPELLINGS, loc, what, {"names": len(names), "papers": sum(names.values())})


def missing_term(term: MissingTerm, liked: int, shown: int, among: Counts) -> Advice:
    if term.liked >= LEAST_LIKED:
        seen = f"{term.liked} of your {pluralize(liked, 'liked paper')}"
        what = (
            f"{quote(term.term)} is in {seen} and in {term.papers:,} of {among.where}: add it to `interests`"
        )
    else:
        others = pluralize(term.papers - term.shown, "other paper")
        seen = f"{term.shown} of your {pluralize(shown, 'strong match', 'strong matches')}"
        what = f"{quote(term.term)} is in {seen} and in {others}: add it to `interests` to see more of these"
    numbers = {"liked": term.liked, "shown": term.shown, "papers": term.papers}
    return Advice(Kind.MISSING_TERM, ("interests",), what, numbers)


def listed_categories(papers: Iterable[Paper], least: int = 1) -> str:
    """The commonest primary categories with numbers; empty if none has at least so many papers."""
    counts = Counter(paper.categories[0] for paper in papers).most_common(3)
    return ", ".join(f"{name} ({pluralize(number, 'paper')})" for name, number in counts if number >= least)


def _listed_names(names: Mapping[str, int]) -> str:
    ordered = sorted(names.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{quote(name)} ({pluralize(number, 'paper')})" for name, number in ordered[:4]]
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(shown) + more
