"""Installations with profiles and papers: the load of the fault harness."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from tests.e2e.listings import Work, json_lines
from tests.support.cli import Bench
from tests.support.slack_server import SlackServer
from tests.support.smtp_server import SmtpServer

#: One interest for each profile. Its words are in no other profile's papers.
INTERESTS = (
    "moss growth",
    "harbour pilots",
    "clock towers",
    "salt mines",
    "paper kites",
    "canal locks",
    "honey bees",
    "stone walls",
    "night trains",
    "rope bridges",
)
_SYLLABLES = [
    consonant + vowel for consonant in ("b", "cl", "dr", "f", "gr", "k", "pl", "st") for vowel in "aeiou"
]


def wired(folder: Path, slack: SlackServer, smtp: SmtpServer, **env: str) -> Bench:
    """An installation that sends to these servers."""
    return Bench(
        folder,
        SLACK_BOT_TOKEN=slack.token,
        SLACK_API_URL=slack.url,
        SMTP_URL=smtp.url,
        MAIL_FROM="Paperboy <paperboy@example.org>",
        **env,
    ).prepared()


def reader(bench: Bench, number: int, *deliver: str, limit: int = 10) -> None:
    """Write the profile with the interest of that number."""
    lines = "".join(f"  - {{{one}}}\n" for one in deliver)
    bench.profile(
        f"reader{number}",
        f"timezone: UTC\ninterests: [{INTERESTS[number]}]\nlimit: {limit}\nthreshold: 0\ndeliver:\n{lines}",
    )


def subscribe(bench: Bench, readers: int) -> None:
    """Write profiles with three subscriptions each, all with receivers of their own; every tenth has the same
    interest.
    """
    for number in range(readers):
        ends = (f"slack: C0{number:03}", f"email: reader{number}@example.org", f"maildir: reader{number}")
        deliver = "".join(f'  - {{{end}, at: "06:00"}}\n' for end in ends)
        interest = INTERESTS[number % len(INTERESTS)]
        text = f"timezone: UTC\ninterests: [{interest}]\nthreshold: 0\ndeliver:\n{deliver}"
        bench.profile(f"reader{number}", text)


def twenty(bench: Bench) -> None:
    """20 subscriptions: ten profiles with a mail and a Slack message each, in three channels; the first one's digests
    hold all papers for it.
    """
    for number in range(len(INTERESTS)):
        channel = f"C0{'ABC'[number % 3]}00"
        mail = f"email: reader{number}@example.org"
        reader(bench, number, f"slack: {channel}", mail, limit=100 if number == 0 else 10)


def works(number: int, count: int, day: date, *, long: bool = False) -> list[Work]:
    """Papers for the profile of that number, all with different words; `long`: with titles that fill messages."""
    made = random.Random(f"{number} {day}")
    return [_work(number, nth, day, made, long) for nth in range(count)]


def _work(number: int, nth: int, day: date, made: random.Random, long: bool) -> Work:
    interest = INTERESTS[number]
    title = _words(made, 60 if long else 4).title()
    return Work(
        title=f"{interest.title()}: {title}",
        abstract=f"We look at {interest} among {_words(made, 30)}.",
        number=f"{day:%y%m}.{day.day:02d}{number:01d}{nth:02d}",
        authors=(f"{_words(made, 1).title()} Example", f"{_words(made, 1).title()} Sample"),
        day=day,
    )


def _words(made: random.Random, count: int) -> str:
    """Words that no other paper has, so that no two papers are near-duplicates."""
    return " ".join("".join(made.choices(_SYLLABLES, k=4)) for _ in range(count))


def ingest(bench: Bench, day: date, papers: Iterable[Work]) -> None:
    """Store a day's papers."""
    path = bench.file(f"{day}.jsonl", json_lines(*papers))
    result = bench.run("ingest", "--file", path, "--as-of", f"{day}")
    assert result.code == 0, result.err
