"""Stored papers that stay in memory, for commands that compose at many moments or several times."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from functools import cache

from bot.papers.model import CountedPaper, Paper
from bot.store.papers import Papers


class LoadedPapers:
    """The same papers as `Papers` finds. Each is loaded once, and looked for once: later changes are not seen.

    `most`: with more papers, all are dropped before others are loaded.
    """

    def __init__(self, papers: Papers, most: int = sys.maxsize) -> None:
        self._papers = papers
        self._most = most
        self._loaded: dict[str, CountedPaper] = {}
        self._window_ids = cache(papers.window_ids)
        self._sample_ids = cache(papers.sample_ids)

    def window(self, since: datetime, until: datetime) -> tuple[CountedPaper, ...]:
        return self.counted(self._window_ids(since, until))

    def sample(self, size: int, until: datetime, since: datetime | None = None) -> tuple[CountedPaper, ...]:
        return self.counted(self._sample_ids(size, until, since))

    def sampled_counts(self, size: int, until: datetime) -> tuple[bytes, ...]:
        return tuple(counted.terms for counted in self.sample(size, until))

    def counted(self, ids: Iterable[str]) -> tuple[CountedPaper, ...]:
        wanted = sorted(set(ids))
        if len(self._loaded) > self._most:
            self._loaded = {}
        loaded = self._loaded
        missing = [id_ for id_ in wanted if id_ not in loaded]
        loaded |= {counted.paper.id: counted for counted in self._papers.counted(missing)}
        # An ingest may have renamed a paper since its id was read.
        return tuple(loaded[id_] for id_ in wanted if id_ in loaded)

    def by_keys(self, ids: Iterable[str]) -> dict[str, Paper]:
        return self._papers.by_keys(ids)
