"""The reasons that readers see for a paper: the terms, liked papers and authors that raised its score. Pure.

Does not depend on how scores are computed, nor on markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from bot.ranking.model import Reason
from bot.text.plain import one_line, truncate

REASONS_SHOWN = 4
MIN_SHARE = 0.125  #: of the heaviest reason's weight; a lighter reason explains nothing
TERM_LENGTH = 60
_WORD = re.compile(r"\w+")
_AUTHOR = "author: "
#: How reasons that are not terms are worded, by the word before their colon: text before and after the name.
_WORDING = {"author": ("you follow ", ""), "like": ("like “", "”")}

#: A reason's name as the ranker gives it, and whether it is a term.
Name = tuple[str, bool]


def visible_reasons(reasons: Iterable[Reason], interest: str = "") -> tuple[str, ...]:
    """The heaviest reasons, at most REASONS_SHOWN, without the `interest`, which is shown beside them."""
    names = _join_authors(heaviest(merge_reasons(reasons)))
    worded = dict.fromkeys(_reason_text(*name) for name in names)
    return tuple(text for text in worded if text and text != interest)[: REASONS_SHOWN - bool(interest)]


def _join_authors(names: Sequence[Name]) -> Iterator[Name]:
    """Several followed authors are one reason."""
    authors = [name for name, is_term in names if not is_term and name.startswith(_AUTHOR)]
    for name, is_term in names:
        if is_term or name not in authors:
            yield name, is_term
        elif name == authors[0]:
            yield _AUTHOR + " and ".join(author.removeprefix(_AUTHOR) for author in authors), False


def merge_reasons(reasons: Iterable[Reason]) -> dict[Name, float]:
    """Weights of the reasons that raised the score, where a term counts to a longer one that contains it.

    "world models", "world" and "models" are "world models", with the sum of their weights.
    """
    raising = [reason for reason in reasons if reason.weight > 0]
    longest = _longest_phrases(dict.fromkeys(reason.term for reason in raising if reason.is_term))
    weights: dict[Name, float] = {}
    for reason in raising:
        words = _spaced_words(reason.term) if reason.is_term else ""
        containing = (p for p, parts in longest.items() if words and words in parts and p != reason.term)
        name = (next(containing, reason.term), reason.is_term)
        weights[name] = weights.get(name, 0.0) + reason.weight
    return weights


def _longest_phrases(terms: Iterable[str]) -> dict[str, str]:
    """The terms of several words that no other one contains, in their order, with their spaced words."""
    phrases = {term: words for term in terms if (words := _spaced_words(term)).count(" ") > 2}
    return {
        term: words
        for term, words in phrases.items()
        if not any(words in others and term != other for other, others in phrases.items())
    }


@lru_cache(maxsize=16_384)
def _spaced_words(term: str) -> str:
    """` world models ` of "World-Models": contains only whole words."""
    return f" {' '.join(_WORD.findall(term.casefold()))} "


def heaviest(weights: Mapping[Name, float]) -> list[Name]:
    """Names by weight, heaviest first, down to MIN_SHARE of the first."""
    least = max(weights.values(), default=0.0) * MIN_SHARE
    order = sorted(weights, key=lambda name: (-weights[name], name))
    return [name for name in order if weights[name] >= least]


def _reason_text(name: str, is_term: bool) -> str:
    """`author: Ada` as `you follow Ada`, `like: TITLE` as `like “TITLE”`, a term as it is."""
    kind, _, rest = ("", "", name) if is_term else name.partition(": ")
    before, after = _WORDING.get(kind, ("", ""))
    text = truncate(one_line(rest if before else name), TERM_LENGTH)
    return f"{before}{text}{after}" if text else ""
