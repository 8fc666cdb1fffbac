"""The composers of one process, and the papers and the index that they compose from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from bot.bootstrap.stores import Stores
from bot.clock import Moment
from bot.digests.composer import DigestComposer
from bot.digests.corpus import Corpus, load_corpus
from bot.digests.day import Day, arrivals_start, day_of
from bot.profiles.model import Profile
from bot.ranking.base import RankingModel

if TYPE_CHECKING:
    from bot.ranking.day_files import DayFiles
    from bot.store.loaded_papers import LoadedPapers


@dataclass(eq=False, repr=False, kw_only=True)
class Composition(Stores):
    """Composes digests of the stored papers."""

    #: For a process that composes again and again, or beside others: the index of the day is read from a file, which
    #: one of them writes.
    shares_index: bool = False

    def composer(
        self,
        profiles: Sequence[Profile],
        moment: Moment,
        explained: Iterable[str] = (),
        *,
        late: Collection[str] = (),
        keep: bool = False,
    ) -> DigestComposer:
        """Composes for these profiles, and explains the papers with these ids. This imports numpy and scipy.

        `late`: names of the sources that are still answering. `keep`: the papers, in memory, for the next composer.
        """
        # Before the papers: an answer that is stored meanwhile must not count as one that was used.
        day = self.day(moment, late)
        return DigestComposer(*self.corpus_and_model(profiles, moment, explained, keep=keep), day)

    def day(self, moment: Moment, late: Collection[str] = ()) -> Day:
        """What kind of day it is. `late`: names of the sources that are still answering."""
        states, now = self.source_states.all(), moment.instant
        return day_of(states, self.calendar, now, self.papers.arrivals(arrivals_start(now), now), late)

    def corpus_and_model(
        self,
        profiles: Sequence[Profile],
        moment: Moment,
        explained: Iterable[str] = (),
        *,
        keep: bool = False,
    ) -> tuple[Corpus, RankingModel]:
        """What `composer` composes from. This imports numpy and scipy."""
        from bot.ranking.linear import Ranker

        if self.shares_index and not keep and not explained:
            return self._shared_corpus_and_model(profiles, moment)
        papers = self._loaded_papers if keep else self.papers
        corpus = load_corpus(papers, profiles, moment.instant, explained)
        return corpus, corpus.fit(Ranker)

    def _shared_corpus_and_model(
        self, profiles: Sequence[Profile], moment: Moment
    ) -> tuple[Corpus, RankingModel]:
        """With the index of the day that all processes of this machine use."""
        from bot.ranking.day_index import DayIndex, fingerprint, fingerprint_of_counts
        from bot.ranking.linear import Ranker
        from bot.store.digested_papers import DigestedPapers

        corpus = load_corpus(DigestedPapers(self.papers), profiles, moment.instant)
        day = self._day_files.find(fingerprint(*corpus.samples))
        if not day:
            corpus = load_corpus(self.papers, profiles, moment.instant)
            day = self._day_files.add(fingerprint_of_counts(*corpus.samples), DayIndex.of(*corpus.samples))
        return corpus, corpus.fit(partial(Ranker, day=day))

    @cached_property
    def _loaded_papers(self) -> LoadedPapers:
        from bot.store.loaded_papers import LoadedPapers

        return LoadedPapers(self.papers)

    @cached_property
    def _day_files(self) -> DayFiles:
        from bot.ranking.day_files import DayFiles

        return DayFiles(self.settings.data / "index")
