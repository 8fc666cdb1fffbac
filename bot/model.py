"""The values that flow through Paperboy: frozen, complete, without behaviour that needs the world.

    Entry (what a listing says) -> Paper (what is known of a work) -> ScoredPaper -> Digest

Nothing here imports anything of ours. Times are aware and in UTC; `require_aware` rejects the rest when a
value is made. Dates that come from sources keep the precision they came with, as ISO text: `2025-02`,
`2025-02-26` or `2025-02-26T17:59:46Z`; such texts compare in time's order as strings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from bot.clock import require_aware

# --- What sources say -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to ask the sources for: it follows from the profiles and from what was asked before."""

    categories: tuple[str, ...] = ()  #: sorted union over the profiles
    authors: tuple[str, ...] = ()  #: sorted union of followed authors
    papers: tuple[str, ...] = ()  #: canonical ids of liked or disliked papers that are not stored yet
    since: date | None = None  #: day of this source's last complete answer; None: never asked
    by_name: bool = False  #: the user named the source: it answers even when it would find nothing missed
    now: datetime = field(kw_only=True)

    def __post_init__(self) -> None:
        require_aware(self.now)


# --- What people want -------------------------------------------------------------------------------------


# --- What is sent -----------------------------------------------------------------------------------------


# --- What the store remembers -----------------------------------------------------------------------------
