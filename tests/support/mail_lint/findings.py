"""What the linter finds, and what it makes of the features that a mail uses.

Owns the judgement of each use: had by all, excused, or a finding. Refuses to know how uses are found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tests.support.mail_lint.excuses import ALLOWED, PARTIAL, Excuse
from tests.support.mail_lint.names import BEYOND, BEYOND_FOR_WORD, FEATURES
from tests.support.mail_lint.uses import Use
from tests.support.mail_lint.verdicts import NAMES, WORD, Verdicts, verdicts


@dataclass(frozen=True, slots=True)
class Finding:
    code: str  #: a slug of caniemail's, or the name of a check
    text: str  #: what is wrong, and why that matters
    place: str = ""  #: of the first such thing; not part of what it is


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature of caniemail, and all that a mail makes of it."""

    verdicts: Verdicts
    names: tuple[str, ...]  #: as the linter calls what stands in the mail: "<td>", "<tr>"
    count: int
    excuse: Excuse | None  #: the reason that it may be lost; None when nobody drops it, or there is none


def judge(use: Use) -> Finding | None:
    slug = FEATURES.get(use.name)
    if slug is None:
        known = use.name in BEYOND or (use.for_word and use.name in BEYOND_FOR_WORD)
        return (
            None if known else Finding("unknown", f"{use.name}: teach the linter what clients do", use.place)
        )
    among = (WORD,) if use.for_word else NAMES
    if (excuse := excuse_for(slug, among)) and excuse.holds(use):
        return None
    dropped = verdicts()[slug].clients("n", among)
    partly = verdicts()[slug].clients("a", among) + verdicts()[slug].clients("u", among)
    if not dropped and not partly:
        return None
    what = f"dropped by {', '.join(dropped)}" if dropped else f"not wholly known to {', '.join(partly)}"
    unless = f"; excused only as: {excuse.why}" if excuse else "; there is no excuse for it"
    return Finding(slug, f"{use.name} is {what}{unless}", use.place)


def excuse_for(slug: str, among: tuple[str, ...] = NAMES) -> Excuse | None:
    """An excuse for partial support is none for what is dropped."""
    partial = None if verdicts()[slug].clients("n", among) else PARTIAL.get(slug)
    return ALLOWED.get(slug) or partial


def features(uses: Iterable[Use]) -> list[Feature]:
    """By slug, in its order."""
    by_slug: dict[str, list[str]] = {}
    for use in uses:
        if slug := FEATURES.get(use.name):
            by_slug.setdefault(slug, []).append(use.name)
    return [
        Feature(verdicts()[slug], tuple(dict.fromkeys(names)), len(names), excuse_for(slug))
        for slug, names in sorted(by_slug.items())
    ]
