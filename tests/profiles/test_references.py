"""References of a profile to papers."""

from __future__ import annotations

import pytest

from bot.profiles.model import Profile, Reference
from bot.profiles.references import reference_key, resolve_references
from tests.support.builders import make_paper


@pytest.mark.parametrize(
    ("reference", "key"),
    [
        (Reference("arxiv:2502.19402", title="Robots"), "arxiv:2502.19402"),
        (Reference(title="The Robots!"), "title:therobots"),
        (Reference(), ""),
    ],
)
def test_a_reference_is_found_by_its_id_or_its_title(reference: Reference, key: str) -> None:
    """The id comes first; a reference with neither has no key."""
    assert reference_key(reference) == key


def test_references_take_the_ids_of_stored_papers() -> None:
    """By id or by title, each paper once; a reference to a paper that is not stored stays as written."""
    robots = make_paper("robots", "Robots")
    by_title, by_id, unknown = Reference(title="Robots"), Reference("test:robots"), Reference(title="Tea")
    profile = Profile("ada", like=(by_title, by_id, unknown), dislike=(unknown, unknown))
    found = resolve_references(profile, {"title:robots": robots, "test:robots": robots})
    assert [one.id for one in found.like] == ["test:robots", None]
    assert found.dislike == (unknown,)
