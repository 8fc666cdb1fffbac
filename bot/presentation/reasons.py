"""The reasons that readers see for a paper: the authors, terms and liked papers that raised its score. Pure.

Does not depend on how scores are computed, nor on markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from bot.ranking.model import Reason
from bot.text.plain import one_line, truncate
from bot.text.terms import tokenize

REASONS_SHOWN = 3  #: besides the interest
MIN_SHARE = 0.125  #: of the heaviest reason's weight; a lighter reason explains nothing
TERM_LENGTH = 60
_AUTHOR = "author: "
#: How reasons that are not terms are worded, by the word before their colon: text before and after the name.
_WORDING = {
    "author": ("you follow ", ""),
    "like": ("like “", "”"),
    "more like": ("more like “", "”, as you asked"),
}

#: A reason's name as the ranker gives it, and whether it is a term.
Name = tuple[str, bool]
Stems = frozenset[str]


def visible_reasons(reasons: Iterable[Reason], interest: str = "") -> tuple[str, ...]:
    """At most REASONS_SHOWN reasons: followed authors, then the heaviest of the others.

    No term says only what another term says, or the `interest`, which is shown beside them.
    """
    weights = merge_reasons(reasons, interest)
    authors = sorted(name for name in weights if _is_author(name))
    others = [name for name in heaviest(weights) if name not in (*authors, (interest, True))]
    worded = dict.fromkeys(reason_text(*name) for name in (*_joined(authors), *others))
    return tuple(text for text in worded if text)[:REASONS_SHOWN]


def term_reasons(reasons: Iterable[Reason], interest: str = "") -> tuple[str, ...]:
    """The terms that raised the score and that it can go without, as the profile writes them, heaviest first.

    No term is only a part of another one, and none has all of the `interest` or is all of another.
    """
    reasons = tuple(reasons)
    parts = {reason.term for reason in reasons if reason.is_part}
    terms = heaviest({name: weight for name, weight in merge_reasons(reasons).items() if name[1]})
    of_interest = _stems(interest)
    return tuple(
        term for term, _ in terms if one_line(term) and term in parts and not of_interest <= _stems(term)
    )


def _is_author(name: Name) -> bool:
    return not name[1] and name[0].startswith(_AUTHOR)


def _joined(authors: Sequence[Name]) -> Sequence[Name]:
    """Several followed authors are one reason."""
    names = " and ".join(name.removeprefix(_AUTHOR) for name, _ in authors)
    return [(f"{_AUTHOR}{names}", False)] if authors else []


def merge_reasons(reasons: Iterable[Reason], interest: str = "") -> dict[Name, float]:
    """Weights of the reasons that raised the score, where a term counts to another one that has all its stems.

    "world models", "world" and "model" are "world models", with the sum of their weights; what the `interest` has
    counts to it. Terms that many papers have are left out unless there is nothing else, and no interest.
    """
    raising = [reason for reason in reasons if reason.weight > 0]
    whole = _whole_terms([reason.term for reason in raising if reason.is_term], interest)
    weights: dict[Name, float] = {}
    for reason in raising:
        name = (_containing(whole, reason.term) if reason.is_term else reason.term, reason.is_term)
        weights[name] = weights.get(name, 0.0) + reason.weight
    general = {(reason.term, True) for reason in raising if reason.is_term and not reason.is_specific}
    specific = {name: weight for name, weight in weights.items() if name not in general}
    return specific if specific or interest else weights


def _whole_terms(terms: Iterable[str], interest: str) -> dict[str, Stems]:
    """The interest, and the terms whose stems are not all in it or in another term, with their stems.

    Of terms with the same stems the first.
    """
    of_interest = _stems(interest)
    first: dict[Stems, str] = {}
    for term in terms:
        first.setdefault(_stems(term), term)
    others = {
        term: stems
        for stems, term in first.items()
        if not stems <= of_interest and not any(stems < other for other in first)
    }
    return {interest: of_interest, **others}


def _containing(whole: Mapping[str, Stems], term: str) -> str:
    """The first that has all the stems of the term; there is one."""
    own = _stems(term)
    return next(other for other, stems in whole.items() if own <= stems)


@lru_cache(maxsize=16_384)
def _stems(term: str) -> Stems:
    """The stems of a term's words, in any order; the term itself when it has no word."""
    return frozenset(filter(None, tokenize(term).stems)) or frozenset((term,))


def heaviest(weights: Mapping[Name, float]) -> list[Name]:
    """Names by weight, heaviest first, down to MIN_SHARE of the first."""
    least = max(weights.values(), default=0.0) * MIN_SHARE
    order = sorted(weights, key=lambda name: (-weights[name], name))
    return [name for name in order if weights[name] >= least]


def reason_text(name: str, is_term: bool) -> str:
    """`author: Ada` as `you follow Ada`, `like: TITLE` as `like “TITLE”`, a term as it is."""
    kind, _, rest = ("", "", name) if is_term else name.partition(": ")
    before, after = _WORDING.get(kind, ("", ""))
    text = truncate(one_line(rest if before else name), TERM_LENGTH)
    return f"{before}{text}{after}" if text else ""
