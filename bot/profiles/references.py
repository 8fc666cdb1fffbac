"""The references of a profile and the stored papers that they mean. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.papers.identity import title_key
from bot.papers.model import Paper
from bot.profiles.model import Profile, Reference


def reference_key(reference: Reference) -> str:
    """The key to find a referenced paper by: its id, or its title's key; empty for neither."""
    return reference.id or (title_key(reference.title) if reference.title else "")


def resolve_references(profile: Profile, papers: Mapping[str, Paper]) -> Profile:
    """The profile with its references under the ids of the stored papers, each paper once.

    `papers`: stored papers, by the `reference_key` that each was searched with.
    """

    def resolve(reference: Reference) -> Reference:
        paper = papers.get(reference_key(reference))
        return replace(reference, id=paper.id) if paper else reference

    like, dislike = (
        tuple({r.id or r: r for r in map(resolve, references)}.values())
        for references in (profile.like, profile.dislike)
    )
    return replace(profile, like=like, dislike=dislike)
