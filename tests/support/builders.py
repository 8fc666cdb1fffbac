"""Papers, profiles, entries and a scripted channel for the tests of ranking, selection and sending."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import event

from bot.clock import Moment
from bot.delivery.alerts import Operator
from bot.delivery.model import Envelope, Notice, Outcome, Part, Sent, Stage
from bot.delivery.ports import Channel, StageCallback, ignore_stage
from bot.delivery.sender import Sender
from bot.delivery.service import DeliveryService, SendResult
from bot.digests.composer import DigestComposer
from bot.digests.corpus import load_corpus
from bot.digests.day import Arrival, day_of
from bot.digests.model import Digest
from bot.errors import NotConfigured
from bot.feedback.learned import all_with_learned
from bot.papers.calendar import ArxivCalendar
from bot.papers.model import CountedPaper, Entry, Paper, SourceState
from bot.profiles.model import WEEK, ChannelName, Interest, Profile, Subscription
from bot.ranking.counts import COUNTING, counts
from bot.ranking.linear import Ranker
from bot.ranking.model import RankedPaper
from bot.ranking.order import Ranking
from bot.store.answers import Answers
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.store.papers import Papers
from bot.store.queue import Queue
from bot.store.receivers import Receivers
from bot.store.renames import move_renamed

NOW = datetime(2026, 5, 5, 8, 30, tzinfo=UTC)  # a Tuesday


def at(text: str) -> datetime:
    """`2026-05-05 06:30` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def make_paper(id_: str = "arxiv:2605.00001", title: str = "A title", **fields: Any) -> Paper:
    """A paper first seen at NOW by default; an `id_` without a namespace gets the namespace of tests."""
    return Paper(**{"id": id_ if ":" in id_ else f"test:{id_}", "title": title, "first_seen": NOW, **fields})


def entry(number: int, title: str, **fields: Any) -> Entry:
    """An arXiv entry with the id 2605.`number`."""
    return Entry(**{"source": "arxiv", "ids": (f"arxiv:2605.{number:05d}",), "title": title, **fields})


def interests(*phrases: str | tuple[str, float]) -> tuple[Interest, ...]:
    return tuple(Interest(one) if isinstance(one, str) else Interest(*one) for one in phrases)


def make_profile(*phrases: str | tuple[str, float], **fields: Any) -> Profile:
    """A profile with these interests, and a threshold that every match passes."""
    return Profile(**{"id": "ada", "interests": interests(*phrases), "threshold": 0.0, **fields})


def subscription(profile: str = "ada", target: str = "inbox", **fields: Any) -> Subscription:
    return Subscription(
        **{"profile": profile, "channel": ChannelName.MAILDIR, "target": target, "days": WEEK, **fields}
    )


def morning(at_: time = time(8), **fields: Any) -> Subscription:
    return subscription(at=at_, **fields)


def ranked(
    paper: Paper, score: float = 0.5, relevance: float = 90.0, matches: bool = True, fit: float = 0.9
) -> RankedPaper:
    return RankedPaper(paper, score, relevance, matches, fit)


def counted(paper: Paper) -> CountedPaper:
    return CountedPaper(paper, counts(paper.title, paper.abstract))


def rank_among(model: Ranker, profile: Profile, papers: Iterable[Paper]) -> Ranking:
    """The ranking of some papers of a model's window for a profile."""
    numbers = {paper.id: number for number, paper in enumerate(model.papers[model.window])}
    return model.rank(profile, sum(1 << numbers[id_] for id_ in {paper.id for paper in papers}))


@dataclass
class FakeChannel:
    """A channel that records what it sends; outcomes and lookups are scripted, and succeed after that.

    It renders one part for every `per_part` papers.
    """

    name: str = "maildir"
    outcomes: list[Outcome] = field(default_factory=list)  #: outcomes of the next sends, in order
    can_find: bool = True  #: now
    can_look_up: bool = True  #: ever
    failures: list[LookupError] = field(default_factory=list)  #: of the next look-ups
    spacing: timedelta = timedelta(0)
    blocked: str = ""  #: why it is not configured
    per_part: int = 100
    sent: list[Envelope] = field(default_factory=list)  #: every attempt
    arrived: dict[str, Envelope] = field(default_factory=dict)  #: what the receiver holds, by delivery
    calls: list[str] = field(default_factory=list)  #: "find 1", "send 1", by the delivery's part
    during: Callable[[Envelope], None] = lambda envelope: None  #: looks around while a send is under way
    rests: int = 0
    stages: tuple[Stage, ...] = (Stage.WRITE,)  #: of every send
    ids: dict[str, str] = field(default_factory=dict)  #: of names, at the service
    names: dict[str, str] = field(default_factory=dict)  #: ids that it has learned

    def check(self) -> None:
        if self.blocked:
            raise NotConfigured(self.blocked)

    def render(self, digest: Digest, delivery: str, target: str) -> tuple[Part, ...]:
        papers = digest.papers
        groups = [papers[i : i + self.per_part] for i in range(0, len(papers), self.per_part)] or [()]
        return tuple(
            Part(
                f"{delivery}-{n} {target} {' '.join(one.paper.id for one in group)}".encode(),
                len(group),
                tuple(id_ for one in group for id_ in one.ids),
            )
            for n, group in enumerate(groups, start=1)
        )

    def render_notice(self, notice: Notice, delivery: str, target: str) -> bytes:
        return f"{delivery} {target} {notice.subject}\n{notice.text}".encode()

    def receiver(self, target: str) -> str:
        return self.names.get(target, target)

    def learn_receiver(self, target: str) -> None:
        self.names |= {target: self.ids[target]} if target in self.ids else {}

    def close_idle(self) -> None:
        self.rests += 1

    def send(self, envelope: Envelope, on_stage: StageCallback = ignore_stage) -> Outcome:
        self.calls.append(f"send {envelope.delivery.rpartition('-')[2]}")
        for stage in self.stages:
            on_stage(stage)
        self.sent.append(envelope)
        self.during(envelope)
        outcome = self.outcomes.pop(0) if self.outcomes else Sent(f"receipt of {envelope.delivery}")
        if isinstance(outcome, Sent):
            self.arrived[envelope.delivery] = envelope
        return outcome

    def look_up(self, envelope: Envelope) -> Sent | None:
        self.calls.append(f"find {envelope.delivery.rpartition('-')[2]}")
        if self.failures:
            raise self.failures.pop(0)
        if not self.can_find:
            raise LookupError("nobody can tell")
        return Sent("found") if envelope.delivery in self.arrived else None

    @property
    def papers(self) -> list[str]:
        """Ids of all papers that arrived, in order."""
        return [id_ for one in self.arrived.values() for id_ in one.payload.decode().split(" ")[2:]]


@lru_cache(maxsize=1)
def empty_database() -> bytes:
    """The content of a migrated SQLite file: migrating takes longer than most tests."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        database = Database(f"sqlite:///{path}")
        database.prepare()
        database.close()  # the last connection writes the log back into the file
        return path.read_bytes()


class World:
    """The real store on a file, with a fake channel for each channel name."""

    def __init__(self, folder: Path) -> None:
        path = folder / "paperboy.db"
        path.write_bytes(empty_database())
        self.database = Database(f"sqlite:///{path}")
        event.listen(self.database.engine, "connect", self._set_up)
        self.database_clock: Callable[[], datetime] = lambda: NOW
        self.papers = Papers(self.database, COUNTING)
        self.outbox = Outbox(self.database)
        self.queue = Queue(self.database)
        self.receivers = Receivers(self.database)
        self.channel = FakeChannel()
        self.channels: dict[ChannelName, Channel] = dict.fromkeys(ChannelName, self.channel)
        self.operator: Operator | None = None
        self.sources: Sequence[SourceState] = ()
        self.calendar = ArxivCalendar()
        self.arrivals: Sequence[Arrival] = ()
        self.composers: list[tuple[str, ...]] = []  #: the profiles of each composer that was made

    def add(self, *entries: Entry, now: datetime = NOW) -> None:
        self.papers.add(entries, now)

    def composer(
        self,
        profiles: Iterable[Profile],
        now: datetime = NOW,
        explained: Sequence[str] = (),
        late: Collection[str] = (),
    ) -> DigestComposer:
        corpus = load_corpus(self.papers, tuple(profiles), now, explained)
        return DigestComposer(
            corpus, corpus.fit(Ranker), day_of(self.sources, self.calendar, now, self.arrivals, late)
        )

    def with_answers(self, profiles: Sequence[Profile], now: datetime) -> list[Profile]:
        move_renamed(self.database, profiles)
        return all_with_learned(profiles, Answers(self.database).of([one.id for one in profiles], now))

    def service(self) -> DeliveryService:
        """Sends with clocks that stand still."""

        def make_composer(profiles: Sequence[Profile], moment: Moment) -> DigestComposer:
            self.composers.append(tuple(profile.id for profile in profiles))
            return self.composer(profiles, moment.instant)

        return DeliveryService(
            self.outbox,
            self.queue,
            self.receivers.pauses,
            lambda moment: self.sender(moment.instant),
            make_composer,
            self.operator,
            lambda: self.sources,
            self.with_answers,
            self.receivers.end_pauses,
            self.calendar,
        )

    def send(
        self,
        *profiles: Profile,
        now: datetime = NOW,
        day: bool = False,
        due: bool = False,
    ) -> list[SendResult]:
        moment = Moment(now, now.date() if day else None)
        return self.service().send(profiles, moment, due=due)

    def sender(self, now: datetime = NOW, owner: str = "test", **changes: Any) -> Sender:
        """A sender with one thread, whose clocks do not advance; the database's clock is set to the same time."""
        self.database_clock = lambda: now
        more = {"threads": 0} | changes
        return Sender(self.queue, self.channels, owner, lambda: now, uptime=now.timestamp, **more)

    def _set_up(self, connection: Any, _: Any) -> None:
        """Never wait for the disk, and read `database_clock` where SQLite would read the system's."""
        connection.execute("PRAGMA synchronous=OFF")
        connection.create_function("strftime", 3, self._strftime)

    def _strftime(self, _format: str, when: str, modifier: str) -> str:
        assert when == "now"
        moment = self.database_clock() + timedelta(seconds=float(modifier.removesuffix(" seconds")))
        return f"{moment:%Y-%m-%d %H:%M:%S.%f}"

    def close(self) -> None:
        self.database.close()
