"""The stored papers that digests are made from, fetched in one place, so that composing needs no store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.papers.model import CountedPaper, Paper
from bot.profiles.model import Profile
from bot.profiles.references import all_keys, resolve_references
from bot.ranking.base import MakeModel, RankingModel

#: Sizes of the samples that document frequencies and relevance are computed from; fewer papers are all taken.
#: The contract asks for at least 2,000 in the background.
ARCHIVE_SAMPLE = 5000
BACKGROUND_SAMPLE = 2000
BACKGROUND_DAYS = 90


class PaperArchive(Protocol):
    """The stored papers, as `load_corpus` reads them."""

    def window(self, since: datetime, until: datetime) -> tuple[CountedPaper, ...]: ...

    def sample(
        self, size: int, until: datetime, since: datetime | None = None
    ) -> tuple[CountedPaper, ...]: ...

    def sampled_counts(self, size: int, until: datetime) -> tuple[bytes, ...]: ...

    def counted(self, ids: Iterable[str]) -> tuple[CountedPaper, ...]: ...

    def by_keys(self, ids: Iterable[str]) -> dict[str, Paper]: ...


def earliest_window_start(profiles: Iterable[Profile], now: datetime) -> datetime:
    """The start of the longest window of some profiles."""
    return now - timedelta(days=max((profile.window for profile in profiles), default=0))


@dataclass(frozen=True, slots=True)
class Corpus:
    """What the digests of some profiles at one moment are made from."""

    now: datetime  #: UTC
    profiles: Mapping[str, Profile]  #: by id; their references have the ids of the stored papers
    window: tuple[
        CountedPaper, ...
    ]  #: papers to rank: the longest window of the profiles, and papers to explain
    background: tuple[CountedPaper, ...]  #: the papers that relevance is measured against
    counts: tuple[bytes, ...]  #: packed term counts of a sample of the archive, for document frequencies
    references: Mapping[str, CountedPaper]  #: stored papers that a profile likes or dislikes, by id

    @property
    def samples(self) -> tuple[Sequence[bytes], Sequence[CountedPaper], Sequence[CountedPaper]]:
        """The counts of the archive, the background and the window: what is the same for all profiles."""
        return self.counts, self.background, self.window

    def fit(self, make_model: MakeModel) -> RankingModel:
        return make_model(*self.samples, list(self.profiles.values()), self.references)


def load_corpus(
    archive: PaperArchive, profiles: Sequence[Profile], now: datetime, explained: Iterable[str] = ()
) -> Corpus:
    """Fetch what the digests of these profiles need.

    A liked or disliked paper that was first seen after `now` is not known yet. `explained`: ids of papers to explain;
    they are ranked even when they are outside every window.
    """
    found = archive.by_keys(all_keys(profiles))
    stored = {key: paper for key, paper in found.items() if paper.first_seen <= now}
    window = (*archive.window(earliest_window_start(profiles, now), now), *archive.counted(explained))
    return Corpus(
        now=now,
        profiles={profile.id: resolve_references(profile, stored) for profile in profiles},
        window=tuple({counted.paper.id: counted for counted in window}.values()),
        background=archive.sample(BACKGROUND_SAMPLE, now, now - timedelta(days=BACKGROUND_DAYS)),
        counts=archive.sampled_counts(ARCHIVE_SAMPLE, now),
        references={one.paper.id: one for one in archive.counted(paper.id for paper in stored.values())},
    )
