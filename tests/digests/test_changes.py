"""What changed between two lists of papers."""

from __future__ import annotations

import pytest

from bot.digests.changes import changes
from bot.digests.model import ScoredPaper
from tests.support.builders import make_paper


def papers(ids: str) -> list[ScoredPaper]:
    return [ScoredPaper(make_paper(id_), 0.5, 90.0) for id_ in ids]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", []),
        ("abc", "abc", []),
        ("", "ab", ["a in 1", "b in 2"]),
        ("ab", "", ["a 1 out", "b 2 out"]),
        ("abc", "xabc", ["x in 1"]),  # the others only make room
        ("abc", "bc", ["a 1 out"]),
        ("abc", "cab", ["c 3 1", "a 1 2", "b 2 3"]),
        ("abcd", "xyba", ["x in 1", "y in 2", "a 1 4", "c 3 out", "d 4 out"]),  # b did not fall: it passed a
    ],
)
def test_changes(before: str, after: str, expected: list[str]) -> None:
    """Ranks before and after, in the order of the later list; papers that went out last."""
    found = [
        f"{one.scored.paper.id.removeprefix('test:')} {one.before or 'in'} {one.after or 'out'}"
        for one in changes(papers(before), papers(after))
    ]
    assert found == expected


def test_rise() -> None:
    """Positive for a paper that moved up; a paper that came in or went out has not moved."""
    found = {one.scored.paper.id[-1]: one.rise for one in changes(papers("oab"), papers("bax"))}
    assert found == {"b": 2, "x": 0, "o": 0}
