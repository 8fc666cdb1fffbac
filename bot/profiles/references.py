"""References of a profile to papers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.papers.identity import title_key
from bot.papers.model import Paper
from bot.profiles.model import Profile, Reference


def reference_key(reference: Reference) -> str:
    """What a referenced paper can be found by: its id, or the title in a BibTeX entry; empty for neither."""
    return reference.id or (title_key(reference.title) if reference.title else "")


def resolve_references(profile: Profile, papers: Mapping[str, Paper]) -> Profile:
    """The profile with its references under the ids that their papers are stored by, each paper once.

    `papers`: stored ones, by the key that each was looked for by.
    """

    def known(reference: Reference) -> Reference:
        paper = papers.get(reference_key(reference))
        return replace(reference, id=paper.id) if paper else reference

    like, dislike = (
        tuple({r.id or r: r for r in map(known, some)}.values()) for some in (profile.like, profile.dislike)
    )
    return replace(profile, like=like, dislike=dislike)
