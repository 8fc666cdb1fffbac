"""The stored papers without the counts of their terms, for a model whose index may be stored already."""

from __future__ import annotations

from datetime import datetime

from bot.papers.model import CountedPaper
from bot.store.papers import Papers


class DigestedPapers:
    """The same papers as `Papers` finds, with the MD5 of each one's counts in the place of the counts: that is enough
    to find their index (`bot.ranking.day_index.fingerprint`). Papers of a sample have no texts.
    """

    def __init__(self, papers: Papers) -> None:
        self._papers = papers
        self.window = papers.window_digests
        self.sampled_counts = papers.digests
        self.by_keys = papers.by_keys
        self.counted = papers.counted

    def sample(self, size: int, until: datetime, since: datetime | None = None) -> tuple[CountedPaper, ...]:
        return self._papers.sample_digests(size, until, since)
