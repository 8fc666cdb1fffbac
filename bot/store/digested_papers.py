"""The stored papers without the counts of their terms, for a model whose index may be stored already."""

from __future__ import annotations

from bot.store.papers import Papers


class DigestedPapers:
    """The same papers as `Papers` finds, with the MD5 of each one's counts in the place of the counts: that is enough
    to find their index (`bot.ranking.day_index.fingerprint`). Papers of a sample have no texts.
    """

    def __init__(self, papers: Papers) -> None:
        self.window = papers.window_digests
        self.sample = papers.sample_digests
        self.sampled_counts = papers.digests
        self.counted = papers.counted  #: references, which have their counts
        self.by_keys = papers.by_keys
