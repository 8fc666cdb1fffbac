"""Stored papers that stay in memory, for commands that compose at many moments or several times."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.papers.model import CountedPaper, Paper
from bot.store.papers import Papers


class LoadedPapers:
    """The same papers as `Papers` finds. Each is loaded once: what changes in it later is not seen."""

    def __init__(self, papers: Papers) -> None:
        self._papers = papers
        self._loaded: dict[str, CountedPaper] = {}

    def window(self, since: datetime, until: datetime) -> tuple[CountedPaper, ...]:
        return self.counted(self._papers.window_ids(since, until))

    def sample(self, size: int, until: datetime, since: datetime | None = None) -> tuple[CountedPaper, ...]:
        return self.counted(self._papers.sample_ids(size, until, since))

    def sampled_counts(self, size: int, until: datetime) -> tuple[bytes, ...]:
        return tuple(counted.terms for counted in self.sample(size, until))

    def counted(self, ids: Iterable[str]) -> tuple[CountedPaper, ...]:
        wanted = sorted(set(ids))
        missing = [id_ for id_ in wanted if id_ not in self._loaded]
        self._loaded |= {counted.paper.id: counted for counted in self._papers.counted(missing)}
        # An ingest may have renamed a paper since its id was read.
        return tuple(self._loaded[id_] for id_ in wanted if id_ in self._loaded)

    def by_keys(self, ids: Iterable[str]) -> dict[str, Paper]:
        return self._papers.by_keys(ids)
