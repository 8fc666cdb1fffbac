"""Puts what was learned from answers into a profile's file. Reads the files that the profile includes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from bot.errors import UserError
from bot.feedback.learned import Learned, with_learned
from bot.profiles.include import ProfileReader
from bot.profiles.model import Profile, Reference
from bot.profiles.writer import add_items
from bot.text.plain import one_line, truncate

_BOM = "\ufeff"


def learned_file(data: bytes, path: Path, learned: Learned, titles: Mapping[str, str]) -> bytes:
    """The content of a valid profile's file with what was learned; the same if it has everything.

    `data`: the content now. `titles`: of papers, by id, for comments. Raises UserError if the file cannot be changed
    so that it means what the profile means with its answers.
    """
    before = ProfileReader().parse(data, str(path), path.parent).effective
    assert before
    wanted = with_learned(before.profile, learned)
    text = data.decode()
    comments = {id_.removeprefix("arxiv:"): truncate(one_line(title), 60) for id_, title in titles.items()}
    bom = _BOM if text.startswith(_BOM) else ""
    new = (bom + add_items(text.removeprefix(_BOM), before, wanted, comments)).encode()
    after = ProfileReader().parse(new, str(path), path.parent)
    if after.effective and _content(after.effective.profile) == _content(wanted):
        return new
    problems = [f"\n  {problem}" for problem in (*after.problems, *after.incomplete)]
    raise UserError(
        f"{path}: what was learned cannot be added without a person: nothing was written. "
        f"Add it by hand, as `paperboy show {wanted.id}` lists it{':' if problems else ''}{''.join(problems)}"
    )


def _content(profile: Profile) -> Profile:
    """The profile without the order of items, and without who added them."""
    return replace(
        profile,
        interests=tuple(sorted(profile.interests, key=lambda one: one.phrase)),
        like=_references(profile.like),
        dislike=_references(profile.dislike),
        authors=tuple(sorted(profile.authors)),
        mute=replace(profile.mute, authors=tuple(sorted(profile.mute.authors))),
        without=tuple(sorted(profile.without)),
        answered_authors=frozenset(),
    )


def _references(references: Iterable[Reference]) -> tuple[Reference, ...]:
    plain = (replace(one, answered=False) for one in references)
    return tuple(sorted(plain, key=lambda one: (one.id or "", one.title, one.abstract)))
