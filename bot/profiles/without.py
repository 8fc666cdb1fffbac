"""Which text of a profile a term of a paper counts for. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from bot.profiles.model import Profile
from bot.text.plain import quote
from bot.text.terms import Role, phrase_term, role, terms, tokenize


def counts_for(text: str, term: str) -> bool:
    """Whether a term has a word of a text, or is probably its acronym."""
    initials = "".join(stem[0] for stem in tokenize(text).stems if role(stem) is not Role.STOP)
    is_acronym = len(initials) > 1 and re.fullmatch(f"[a-z]?{re.escape(initials)}", phrase_term(term))
    return bool(is_acronym or share_terms(text, term))


def share_terms(*texts: str) -> bool:
    """Whether some term is in all of the texts."""
    return bool(set.intersection(*({term for term, _, _ in terms(tokenize(text))} for text in texts)))


@lru_cache(maxsize=10_000)  # asked for each reason of each paper of a digest
def covers(text: str, term: str) -> bool:
    """Whether a term has all words of a text: nothing of that would count without them."""
    words = {stem for stem in tokenize(text).stems if role(stem) is not Role.STOP}
    return bool(words) and words.issubset(tokenize(term).stems)


def interest_with(profile: Profile, term: str, first: str = "") -> str | None:
    """The interest that a term can be taken out of, `first` if that has it; empty for `about`, None for none.

    What covers an interest is not taken out of it, and what comes from liked papers only is in none.
    """
    having = [one.phrase for one in profile.interests if counts_for(one.phrase, term)]
    if first in having:
        having = [first]
    if having:
        return next((phrase for phrase in having if not covers(phrase, term)), None)
    return "" if share_terms(profile.about, term) else None


def no_interest(profile: Profile, term: str) -> str:
    """Why a term cannot be taken out of any interest."""
    if whole := next((one.phrase for one in profile.interests if covers(one.phrase, term)), ""):
        return whole_interest(whole, term)
    return (
        f"{quote(term)} is in no interest of {profile.id} and not in `about`; "
        "if liked papers have it, answer `less`"
    )


def whole_interest(interest: str, term: str) -> str:
    """Why a term cannot be taken out of an interest that it covers."""
    return (
        f"{quote(term)} is the whole interest {quote(interest)}: remove it from the profile, or answer `less`"
    )


class ExcludedTerm(NamedTuple):
    """A term that does not count for an interest."""

    term: str
    interest: str  #: empty for `about`
    answered: bool  #: by a reader's answer, not by the profile's file


def excluded_terms(profile: Profile, taught: Profile, text: str) -> Iterator[ExcludedTerm]:
    """The terms of a paper's text that do not count. `taught`: the profile with what its answers add."""
    before = [*((one.phrase, one.without) for one in profile.interests), ("", profile.without)]
    after = [*((one.phrase, one.without) for one in taught.interests), ("", taught.without)]
    for (interest, own), (_, every) in zip(before, after, strict=True):
        for term in every:
            if share_terms(text, term):
                yield ExcludedTerm(term, interest, term not in own)
