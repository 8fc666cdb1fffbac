"""What changed between two lists of papers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.digests.model import ScoredPaper


@dataclass(frozen=True, slots=True)
class Change:
    """A paper that came in, went out, or moved."""

    scored: ScoredPaper  #: as in the later list; as in the earlier one if it went out
    before: int | None  #: its rank from 1; None if it came in
    after: int | None  #: None if it went out

    @property
    def rise(self) -> int:
        """By how many ranks it moved up; 0 if it came in or went out."""
        return self.before - self.after if self.before and self.after else 0


def changes(before: Sequence[ScoredPaper], after: Sequence[ScoredPaper]) -> tuple[Change, ...]:
    """The changes in the order of `after`, then the papers that went out.

    A paper has moved if its rank changed both in the list and among the papers of both lists, in the same direction.
    One that only makes room for others has not.
    """
    earlier, later = (
        {one.paper.id: rank for rank, one in enumerate(papers, 1)} for papers in (before, after)
    )
    stayed_before = [id_ for id_ in earlier if id_ in later]
    stayed_after = {id_: place for place, id_ in enumerate(id_ for id_ in later if id_ in earlier)}
    moved = {
        id_
        for place, id_ in enumerate(stayed_before)
        if (place - stayed_after[id_]) * (earlier[id_] - later[id_]) > 0
    }
    found = [Change(one, earlier.get(one.paper.id), later[one.paper.id]) for one in after]
    return (
        *(change for change in found if change.before is None or change.scored.paper.id in moved),
        *(Change(one, earlier[one.paper.id], None) for one in before if one.paper.id not in later),
    )
