"""The sources of one process: which are due, and asking them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from bot.bootstrap.stores import Stores
from bot.clock import Moment, utc_now
from bot.papers.model import Entry, Listing
from bot.papers.names import same_person
from bot.profiles.model import Profile
from bot.profiles.references import MissingPapers, all_keys, missing_papers, with_text
from bot.sources.base import SourceRequest
from bot.sources.ingest import ASK_AGAIN, SourceReport, refresh, source_request
from bot.sources.polling import API, Polls, interests, may_ask_for_references

if TYPE_CHECKING:
    from bot.sources.base import Source
    from bot.sources.http import PoliteHttp


@dataclass(eq=False, repr=False)
class Ingestion(Stores):
    """Asks the sources, and stores what they answer."""

    @cached_property
    def _source_urls(self) -> dict[str, str]:
        from bot.sources.registry import base_urls

        return base_urls(self.settings)

    def sources(self, names: Sequence[str] = ()) -> list[Source]:
        """The named sources, or all of them. Raises UserError for an unknown name."""
        from bot.sources.registry import make_sources

        return make_sources(self._source_urls, names)

    @cached_property
    def http(self) -> PoliteHttp:
        from bot.sources.http import PoliteHttp
        from bot.sources.registry import spacing
        from bot.store.sources import StoredValidators
        from bot.store.turns import RequestTurns

        return PoliteHttp(
            validators=StoredValidators(self.database),
            contact=self.settings.contact,
            spacing=spacing(self._source_urls),
            turns=RequestTurns(self.database),
            sleep=self.sleep,
        )

    def ask_arxiv_for(self, author: str) -> tuple[Entry, ...]:
        """The newest papers by an author, of one answer of arXiv. Raises SourceError."""
        (source,) = self.sources(["arxiv-api"])
        request = SourceRequest(authors=(author,), now=utc_now())
        answer = next(iter(source.fetch(request, self.http, lambda entries: frozenset())), Listing())
        return tuple(entry for entry in answer.entries if any(same_person(author, a) for a in entry.authors))

    def refresh(
        self, profiles: Sequence[Profile], moment: Moment, names: Sequence[str] = (), *, by_name: bool = False
    ) -> Iterator[SourceReport]:
        """Begin to ask the named sources, or all (see `bot.sources.ingest.refresh`).

        `by_name`: a user has named them.
        """
        reports = refresh(
            self.sources(names),
            self.with_answers(profiles, moment.instant),
            moment.instant,
            self.http,
            self.papers,
            self.source_states,
            self.lookups,
            self.calendar,
            by_name=by_name,
            is_live=moment.is_live,
        )
        self._polls.remember(names, interests(profiles))
        return reports

    @cached_property
    def _polls(self) -> Polls:
        return Polls(self.calendar)

    def due_sources(self, profiles: Sequence[Profile], moment: Moment) -> tuple[str, ...]:
        """The names of the sources that are to be asked now (see `bot.sources.polling`)."""
        from bot.sources.registry import SOURCES

        states, now = {state.name: state for state in self.source_states.all()}, moment.instant
        due = self._polls.due(SOURCES, states, interests(profiles), now)
        if API not in due and may_ask_for_references(states.get(API), now):
            stored = with_text(self.papers.by_keys(all_keys(profiles)))
            request = source_request(profiles, stored, self.lookups.asked(now - ASK_AGAIN, now), now)
            return (*due, API) if request.papers or request.titles else due
        return due

    def take_due_sources(self, profiles: Sequence[Profile], moment: Moment) -> tuple[str, ...]:
        """As `due_sources`, for other processes to ask; they count as asked."""
        due = self.due_sources(profiles, moment)
        self._polls.remember(due, interests(profiles))
        return due

    def missing_papers(self, profiles: Sequence[Profile], now: datetime) -> list[MissingPapers]:
        """The papers that profiles refer to and nothing is known of, of the profiles that have any."""
        stored = with_text(self.papers.by_keys(all_keys(profiles)))
        asked = self.lookups.asked(now - ASK_AGAIN, now)
        missing = (missing_papers(profile, stored, asked) for profile in profiles)
        return [one for one in missing if one.need_person or one.waiting]

    def close(self) -> None:
        super().close()
        if "http" in self.__dict__:
            self.http.close()
