"""The values that flow through Paperboy: frozen, complete, without behaviour that needs the world.

    Entry (what a listing says) -> Paper (what is known of a work) -> ScoredPaper -> Digest

Nothing here imports anything of ours. Times are aware and in UTC; `require_aware` rejects the rest when a
value is made. Dates that come from sources keep the precision they came with, as ISO text: `2025-02`,
`2025-02-26` or `2025-02-26T17:59:46Z`; such texts compare in time's order as strings.
"""

from __future__ import annotations


# --- What sources say -------------------------------------------------------------------------------------


# --- What people want -------------------------------------------------------------------------------------


# --- What is sent -----------------------------------------------------------------------------------------


# --- What the store remembers -----------------------------------------------------------------------------
