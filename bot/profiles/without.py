"""Which text of a profile a term of a paper counts for. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from bot.profiles.model import Profile
from bot.text.terms import Role, phrase_term, role, terms, tokenize


def counts_for(text: str, term: str) -> bool:
    """Whether a term has a word of a text, or is probably its acronym."""
    initials = "".join(stem[0] for stem in tokenize(text).stems if role(stem) is not Role.STOP)
    is_acronym = len(initials) > 1 and re.fullmatch(f"[a-z]?{re.escape(initials)}", phrase_term(term))
    return bool(is_acronym or share_terms(text, term))


def share_terms(*texts: str) -> bool:
    """Whether some term is in all of the texts."""
    return bool(set.intersection(*({term for term, _, _ in terms(tokenize(text))} for text in texts)))


def interest_with(profile: Profile, term: str, first: str = "") -> str | None:
    """The interest that a term counts for, `first` if it is one of them; empty for `about`, None if there is none.

    What comes from liked papers only counts for none.
    """
    having = [one.phrase for one in profile.interests if counts_for(one.phrase, term)]
    if first in having:
        return first
    return having[0] if having else "" if share_terms(profile.about, term) else None


def interest_for(profile: Profile, term: str, first: str) -> str:
    """The interest that a shown reason is taken out of: as `interest_with`, or else `first`."""
    found = interest_with(profile, term, first)
    return first if found is None else found


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
