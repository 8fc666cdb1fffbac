"""Asking the sources for what profiles want."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from bot.papers.model import Paper
from bot.profiles.model import Profile
from bot.sources.base import Source
from bot.sources.ingest import (
    ConditionalHttp,
    PaperStore,
    SourceReport,
    SourceStore,
    ingest_sources,
    source_request,
)


class PaperArchive(PaperStore, Protocol):
    """A store that also finds papers by their keys."""

    def by_keys(self, ids: Iterable[str]) -> dict[str, Paper]: ...


def refresh(
    sources: Sequence[Source],
    profiles: Sequence[Profile],
    now: datetime,
    http: ConditionalHttp,
    papers: PaperArchive,
    states: SourceStore,
    *,
    by_name: bool = False,
) -> Iterator[SourceReport]:
    """Ask the sources for what the profiles want; one report for each source, as soon as it is finished.

    `by_name`: a user has named the sources.
    """
    references = {r.id for p in profiles for r in (*p.like, *p.dislike) if r.id}
    request = source_request(profiles, frozenset(papers.by_keys(references)), now)
    return ingest_sources(sources, replace(request, by_name=by_name), http, papers, states)
