"""References of a profile to papers."""

from __future__ import annotations

import pytest

from bot.profiles.model import Profile, Reference
from bot.profiles.references import (
    MissingPapers,
    all_keys,
    lookup_key,
    missing_papers,
    reference_keys,
    resolve_references,
)
from tests.support.builders import make_paper


@pytest.mark.parametrize(
    ("reference", "keys", "asked"),
    [
        (Reference("arxiv:2502.19402", title="Robots"), ("arxiv:2502.19402",), "arxiv:2502.19402"),
        (Reference(title="The Robots!"), ("title:therobots",), "title:therobots"),
        (Reference("doi:10.1/x", title="Robots"), ("doi:10.1/x", "title:robots"), "title:robots"),
        (Reference("doi:10.1/x"), ("doi:10.1/x",), ""),
        (Reference(), (), ""),
    ],
)
def test_a_reference_is_found_by_its_id_or_its_title(
    reference: Reference, keys: tuple[str, ...], asked: str
) -> None:
    """The id comes first. arXiv is asked for its own ids and for titles; two of its papers may have one title."""
    assert (reference_keys(reference), lookup_key(reference)) == (keys, asked)


def test_references_take_the_ids_of_stored_papers() -> None:
    """By id or by title, each paper once; a reference to a paper that is not stored stays as written."""
    robots = make_paper("robots", "Robots")
    by_title, by_id, unknown = Reference(title="Robots"), Reference("test:robots"), Reference(title="Tea")
    by_doi = Reference("doi:10.1/x", title="robots")
    profile = Profile("ada", like=(by_title, by_id, by_doi, unknown), dislike=(unknown, unknown))
    assert all_keys([profile]) == {"title:robots", "test:robots", "doi:10.1/x", "title:tea"}
    found = resolve_references(profile, {"title:robots": robots, "test:robots": robots})
    assert [one.id for one in found.like] == ["test:robots", None]
    assert found.dislike == (unknown,)


def test_missing_papers_and_why() -> None:
    """Not found, impossible to ask for, or not asked for yet; one with a text of its own is not missing."""
    profile = Profile(
        "ada",
        like=(
            Reference("arxiv:1"),
            Reference("arxiv:2"),
            Reference("doi:10.1/x"),
            Reference("doi:10.1/y", "Cups"),
            Reference("doi:10.1/z", "With", "a text"),
        ),
        dislike=(Reference(title="Cups"), Reference(title="Tea"), Reference(title="Stored")),
    )
    assert missing_papers(profile, {"title:stored"}, {"arxiv:1", "title:cups"}) == MissingPapers(
        "ada", not_found=("arxiv:1", "Cups"), not_askable=("doi:10.1/x",), waiting=2
    )
