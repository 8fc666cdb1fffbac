"""Backtests: the digests that daily sends would have given, and what a reader would have liked of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlmodel import select

from bot.clock import Moment, parse_when
from bot.digests.composer import DigestComposer
from bot.digests.corpus import load_corpus
from bot.evaluation.backtest import Judged, backtest, judged_backtest
from bot.papers.model import Entry
from bot.profiles.model import Match, Profile, Reference
from bot.profiles.references import all_keys
from bot.ranking.linear import Ranker
from bot.store.loaded_papers import LoadedPapers
from bot.store.tables import EditionRow
from tests.support.builders import World, entry, make_profile, subscription

FIRST = date(2026, 5, 4)  # a Monday
DATES = [FIRST + timedelta(days=n) for n in range(6)]
#: The fifth day has no papers.
PAPERS = (9, 12, 7, 10, 0, 8)
TOPICS = (
    "robots grasp cups",
    "birds sing songs",
    "steel bridges crack",
    "reefs regain colour",
    "trains run late",
)
WORDS = ("measure", "slowly", "nearly", "third", "summer", "station", "region", "village", "river", "signal")


def listings() -> Iterator[tuple[date, list[Entry]]]:
    """Each day's papers, on several topics, by several authors; some repeat an earlier title nearly."""
    random, number = Random(7), 0
    for day, count in zip(DATES, PAPERS, strict=True):
        entries = []
        for _ in range(count):
            number += 1
            topic = " ".join(random.sample(random.choice(TOPICS).split(), 2))
            title = f"{topic.capitalize()} in {random.choice(WORDS)} {random.choice(WORDS)}"
            abstract = " ".join([topic, *random.sample(WORDS, 9), *random.choice(TOPICS).split()])
            author = random.choice(("Ada Example", "Bo Sample", "Cem Muster"))
            entries.append(entry(number, title, abstract=abstract, authors=(author,), categories=("cs.LG",)))
        yield day, entries


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def composer(world: World) -> Any:
    """Composers as `App.composer` makes them for a backtest."""
    papers = LoadedPapers(world.papers)

    def compose(profiles: Sequence[Profile], moment: Moment) -> DigestComposer:
        corpus = load_corpus(papers, profiles, moment.instant)
        return DigestComposer(corpus, corpus.fit(Ranker))

    return compose


def arxiv(number: int) -> Reference:
    return Reference(f"arxiv:2605.{number:05d}")


PROFILES = [
    make_profile("robots grasp", id="ada", limit=3, deliver=(subscription(), subscription(target="second"))),
    make_profile(
        "birds sing", id="weekly", limit=4, window=3, deliver=(subscription("weekly", "week", days=(0,)),)
    ),
    make_profile(
        id="follows", authors=("Bo Sample",), deliver=(subscription("follows", "b"),), threshold=Match.STRONG
    ),
    make_profile(  # likes papers that it does not know on the first days
        id="likes", like=(arxiv(5), arxiv(24), arxiv(30)), deliver=(subscription("likes", "l"),), limit=2
    ),
    make_profile("steel bridges", id="picky", threshold=Match.STRONG, deliver=(subscription("picky", "p"),)),
]


def test_the_same_papers_as_daily_sends(world: World) -> None:
    """Of papers ingested day by day: every subscription of every profile had what the backtest finds."""
    for day, entries in listings():
        world.add(*entries, now=datetime(day.year, day.month, day.day, 1, tzinfo=UTC))
        world.send(*PROFILES, now=parse_when(day.isoformat()).instant, day=True)
    with world.database.reading() as session:
        rows = session.exec(select(EditionRow)).all()
    sent: dict[tuple[str, date], list[list[str]]] = {}
    for row in rows:
        ids = [one["paper"]["id"] for one in row.digest["papers"]]
        sent.setdefault((row.profile, row.on), []).append(ids)
    found = {
        (profile, digest.on): [one.paper.id for one in digest.papers]
        for profile, digests in backtest(PROFILES, DATES, composer(world)).items()
        for digest in digests
    }
    assert sent == {
        (profile, on): [ids] * (2 if profile == "ada" else 1) for (profile, on), ids in found.items()
    }
    assert len(found) == len(PROFILES) * len(DATES)
    assert sum(map(bool, found.values())) > len(DATES)
    alone = backtest(PROFILES[:1], DATES, composer(world))["ada"]
    assert [digest.ids for digest in alone] == [
        digest.ids for digest in backtest(PROFILES, DATES, composer(world))["ada"]
    ]


def judged(world: World, profile: Profile) -> tuple[Any, list[Judged]]:
    stored = world.papers.by_keys(all_keys([profile]))
    found = judged_backtest(profile, stored, DATES, composer(world))
    return found, list(found.judged)


def test_liked_papers_are_judged_on_their_day(world: World) -> None:
    """By the profile without them, but with those of earlier days; disliked ones that would have come are errors."""
    cups = partial(entry, abstract="Robots grasp cups.")
    noon = {day: datetime(day.year, day.month, day.day, 12, tzinfo=UTC) for day in DATES}
    world.add(cups(1, "Robots grasp cups"), entry(2, "Birds sing songs"), now=noon[DATES[0]])
    world.add(entry(3, "Birds sing to birds"), cups(4, "Robots drop cups"), now=noon[DATES[1]])
    world.add(entry(5, "Steel bridges crack"), now=noon[DATES[2]])
    world.add(cups(6, "Robots grasp spoons"), now=noon[DATES[0]] - timedelta(days=40))
    profile = make_profile("robots", like=tuple(map(arxiv, (1, 2, 3, 5, 6, 99))), dislike=(arxiv(4),))
    found, papers = judged(world, profile)
    assert [
        (one.paper.id[-1], one.on.day, one.liked, one.shown)
        for one in sorted(papers, key=lambda j: j.paper.id)
    ] == [
        ("1", 4, True, True),
        ("2", 4, True, False),  # nothing that the profile looks for
        ("3", 5, True, True),  # resembles the liked paper of the day before
        ("4", 5, False, True),
        ("5", 6, True, False),
    ]
    why = "it has no words of the profile, and no more in common with the liked papers than most"
    assert [(one.paper.id[-1], one.why) for one in found.missed] == [("2", why), ("5", why)]
    assert found.precision == pytest.approx(2 / 3)
    assert [digest.ids for digest in found.digests] == [
        digest.ids for digest in backtest([profile], DATES, composer(world))["ada"]
    ]


def test_nothing_to_judge(world: World) -> None:
    """Without named papers of these days there is no precision, and nothing is missed."""
    world.add(*(one for _, entries in listings() for one in entries), now=datetime(2026, 5, 4, tzinfo=UTC))
    found, papers = judged(
        world, make_profile("robots grasp", like=(arxiv(99), Reference(title="Elsewhere")))
    )
    assert (found.precision, found.missed, papers) == (None, (), [])
    assert len(found.digests) == len(DATES)
