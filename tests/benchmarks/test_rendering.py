"""What composing a digest's messages costs: a thousand digests of ten real papers each, by part, and the share of
that in a whole `send` of them into Maildirs on this disk.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from datetime import time as clock
from pathlib import Path
from statistics import median

import pytest

from bot.channels.email import message
from bot.channels.email.message import MailSettings
from bot.channels.maildir import MaildirChannel
from bot.channels.slack.channel import SlackChannel
from bot.clock import Moment, utc_now
from bot.config.smtp_url import parse_sender
from bot.delivery.model import Part
from bot.delivery.sender import Sender
from bot.delivery.service import DeliveryService
from bot.digests.composer import DigestComposer
from bot.digests.corpus import load_corpus
from bot.digests.model import Digest
from bot.presentation import excerpts
from bot.presentation.digest_view import digest_view
from bot.presentation.templates import BUILT_IN
from bot.profiles.model import ChannelName, Interest, Profile, Subscription
from bot.ranking.counts import COUNTING
from bot.ranking.linear import Ranker
from bot.sources.files import ingest_file
from bot.sources.registry import FORMATS
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.store.papers import Papers
from bot.store.queue import Queue
from bot.text.terms import terms, tokenize

READERS = 1000
ARCHIVE = Path(__file__).resolve().parents[3] / "shared" / "archive"
DAYS = range(22, 30)
NOW = datetime(2026, 5, 29, 8, tzinfo=UTC)
SENDER = parse_sender("Paperboy <paperboy@example.org>")
pytestmark = pytest.mark.skipif(not ARCHIVE.is_dir(), reason="no folder `shared` beside the checkout")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path_factory.mktemp('rendering') / 'paperboy.db'}")
    made.prepare()
    for day in DAYS:
        path = ARCHIVE / f"2026-05-{day}.jsonl.gz"
        ingest_file(path, FORMATS, Papers(made, COUNTING), datetime(2026, 5, day, 6, tzinfo=UTC))
    yield made
    made.close()


def readers(papers: Papers) -> list[Profile]:
    """Each looks for three phrases of real titles, and gets ten papers whatever they are worth."""
    chance = random.Random(5)
    titles = [one.paper.title for one in papers.window(datetime(2026, 5, 1, tzinfo=UTC), NOW)]
    phrases = sorted({t for title in titles for t, first, last in terms(tokenize(title)) if last > first})
    return [
        Profile(
            f"reader{n}",
            interests=tuple(Interest(one) for one in chance.sample(phrases, 3)),
            threshold=0.0,
            deliver=(Subscription(f"reader{n}", ChannelName.MAILDIR, f"reader{n}", clock(8)),),
        )
        for n in range(READERS)
    ]


class Timed(MaildirChannel):
    """Knows how long its rendering took."""

    seconds = 0.0

    def render(self, digest: Digest, delivery: str, target: str) -> tuple[Part, ...]:
        begun = time.perf_counter()
        parts = super().render(digest, delivery, target)
        self.seconds += time.perf_counter() - begun
        return parts


def test_a_thousand_digests(database: Database, tmp_path: Path) -> None:
    """Prints milliseconds a digest for each part, and the share of rendering in composing and sending them all."""
    papers = Papers(database, COUNTING)
    profiles = readers(papers)

    def make_composer() -> DigestComposer:
        corpus = load_corpus(papers, profiles, NOW)
        return DigestComposer(corpus, corpus.fit(Ranker))

    composer = make_composer()
    digests = [composer.compose(profile, date(2026, 5, 29)) for profile in profiles]
    sizes = [len(one.papers) for one in digests]
    print(f"\n{len(digests)} digests, {median(sizes):.0f} papers each ({min(sizes)}-{max(sizes)})")
    by_part(digests)

    channel, begun = Timed(tmp_path / "maildir", SENDER), time.perf_counter()
    sender = Sender(Queue(database), {ChannelName.MAILDIR: channel}, "bench", utc_now)
    service = DeliveryService(
        Outbox(database), Queue(database), lambda: (), lambda _: sender, lambda _, __: make_composer()
    )
    rows = service.send(profiles, Moment(NOW, NOW.date()), due=False)
    whole = time.perf_counter() - begun
    assert {row.state for row in rows} == {"sent"}
    print(
        f"send of all: {whole:.1f} s, rendering {channel.seconds:.1f} s: {channel.seconds / whole:.0%} of it"
    )


def by_part(digests: Sequence[Digest]) -> None:
    """Each part in turn, three times; the first time nothing is known of any abstract."""
    head, slack = MailSettings(SENDER), SlackChannel("xoxb-bench")
    views = [digest_view(one) for one in digests]
    parts: dict[str, Callable[[int], object]] = {
        "view, abstracts unread": lambda n: digest_view(digests[n]),
        "view": lambda n: digest_view(digests[n]),
        "HTML": lambda n: BUILT_IN.html(views[n]),
        "text": lambda n: BUILT_IN.text(views[n]),
        "mail (view, HTML, text, MIME)": lambda n: message.compose(
            digests[n], f"d{n}", "ada@example.org", head
        ),
        "Slack (view, blocks, text)": lambda n: slack.render(digests[n], f"d{n}", "C0PAPERS"),
    }
    seconds: dict[str, list[float]] = defaultdict(list)
    for _ in range(3):
        for name, render in parts.items():
            if "unread" in name:
                excerpts._parse.cache_clear()
            begun = time.perf_counter()
            for n in range(len(digests)):
                render(n)
            seconds[name].append(time.perf_counter() - begun)
    for name, taken in seconds.items():
        print(f"  {name:32} {median(taken) / len(digests) * 1000:6.2f} ms a digest (median of 3)")
