"""Days without papers, each for another reason: what the reader's digest, `status` and the operator's alert say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.papers.model import SourceState
from bot.store.database import Database
from bot.store.sources import Sources
from tests.e2e.listings import BACKGROUND, WORLD, Work, daily_json, json_lines, profile, rss
from tests.support.cli import Bench
from tests.support.slack_server import SlackServer
from tests.support.source_server import API, DAILY, OAI, RSS, SourceServer

DAY = timedelta(days=1)


class Lab:
    """A reader with a Maildir, an operator in Slack, and sources. Every time is UTC, and given."""

    def __init__(self, bench: Bench, sources: SourceServer, slack: SlackServer) -> None:
        self.bench, self.sources, self.slack = bench, sources, slack
        categories = "timezone: Europe/Paris\ncategories: [cs.LG]\n"
        text = profile("maildir: ada, when_quiet: weekly").replace("timezone: UTC\n", categories)
        bench.profile("ada", text)
        sources.answer(API, b"gone", status=410)
        sources.answer(OAI, b"gone", status=410)
        sources.answer(DAILY, b"[]")

    def ingest(self, when: str, *names: str) -> None:
        options = [option for name in names or ("arxiv-rss", "huggingface") for option in ("--source", name)]
        self.bench.run("ingest", *options, "--as-of", when)

    def store(self, when: str, *works: Work) -> None:
        """Papers that were first seen at a time."""
        path = self.bench.file("papers.jsonl", json_lines(*works))
        assert self.bench.run("ingest", "--file", path, "--as-of", when).code == 0

    def send(self, when: str) -> dict[str, Any]:
        (edition,) = self.bench.run("send", "--on", when, "--json").json["editions"]
        assert isinstance(edition, dict)
        return edition

    def status(self, when: str) -> tuple[str, dict[str, Any]]:
        """What it says of the sources, and the day as JSON."""
        text = self.bench.run("status", "--on", when).out
        lines = text.partition("Sources\n")[2].partition("\n\n")[0]
        day = self.bench.run("status", "--on", when, "--json").json["day"]
        return " ".join(lines.split()), day

    def put(self, state: SourceState) -> None:
        database = Database(f"sqlite:///{self.bench.database}")
        Sources(database).put(state)
        database.close()

    @property
    def alerts(self) -> list[str]:
        return [message["text"] for message in self.slack.messages]


@pytest.fixture
def lab(tmp_path: Path, sources: SourceServer, slack: SlackServer) -> Lab:
    settings = {
        "SLACK_BOT_TOKEN": "xoxb-right-token",
        "SLACK_API_URL": slack.url,
        "PAPERBOY_ALERTS": "C0OPS",
        **sources.settings,
    }
    made = Lab(Bench(tmp_path, **settings).prepared(), sources, slack)
    made.store("2026-05-01T06:00Z", *BACKGROUND)
    return made


def feed(day: str, *works: Work) -> bytes:
    return rss(*works, day=f"{datetime.fromisoformat(day):%a, %d %b %Y} 00:00:00 -0400")


def many(day: str, number: int) -> list[Work]:
    """Papers that nobody here wants."""
    when = datetime.fromisoformat(day).date()
    works = [BACKGROUND[n % len(BACKGROUND)] for n in range(number)]
    return [
        work.but(
            title=f"{work.title}, {day} {n}",
            number=f"{when:%y%m}.{when.day:02}{n:03}",
            day=when,
            categories=("cs.LG",),
        )
        for n, work in enumerate(works)
    ]


WEEKEND = "it is arXiv's weekend, and the next announcement is on Monday 11 May at "


def test_weekend(lab: Lab) -> None:
    """Nobody is alarmed."""
    lab.sources.answer(RSS, feed("2026-05-09"))
    lab.ingest("2026-05-09T06:00Z")
    edition = lab.send("2026-05-09T06:30Z")
    assert (edition["state"], edition["why"]) == (
        "quiet",
        f"no new papers in the last 7 days; {WEEKEND}02:00 CEST",
    )
    text, day = lab.status("2026-05-09T06:30Z")
    assert text.startswith(f"today: {WEEKEND}00:00 UTC arxiv-rss: empty, last answer 2026-05-09 06:00Z")
    assert "next expected 2026-05-11 04:00Z" in text
    assert (day["kind"], day["next_announcement"]) == ("weekend", "2026-05-11T00:00:00Z")
    assert lab.alerts == []


def test_holiday(lab: Lab) -> None:
    """It has its name, and the next announcement in the reader's time zone."""
    lab.sources.answer(RSS, feed("2026-11-27"))
    lab.ingest("2026-11-27T06:00Z")
    edition = lab.send("2026-11-27T07:30Z")
    holiday = (
        "arXiv announced nothing on Thursday 26 November (Thanksgiving), and the next announcement is on "
        "Monday "
    )
    assert edition["state"] == "quiet"
    assert edition["why"].endswith(f"{holiday}30 November at 02:00 CET")
    text, day = lab.status("2026-11-27T07:30Z")
    assert text.startswith(f"today: {holiday}30 November at 01:00 UTC")
    assert day["kind"] == "holiday"
    assert lab.alerts == []


def test_ordinary_quiet_day(lab: Lab) -> None:
    """The sources brought papers, and none is good enough."""
    lab.sources.answer(RSS, feed("2026-05-05", *many("2026-05-05", 12)))
    lab.ingest("2026-05-05T06:00Z")
    edition = lab.send("2026-05-05T06:30Z")
    assert (edition["state"], edition["why"]) == (
        "quiet",
        "nothing among 12 recent papers matches the profile",
    )
    text, day = lab.status("2026-05-05T06:30Z")
    assert text.startswith("today: an ordinary day arxiv-rss: ok")
    assert (day["kind"], day["new"]) == ("ordinary", 12)
    assert lab.alerts == []


def test_thin_day(lab: Lab) -> None:
    """Few papers where the last Tuesdays had many; a short digest says so too."""
    for day, number in (("2026-05-05", 40), ("2026-05-12", 44), ("2026-05-19", 50)):
        lab.store(f"{day}T05:00Z", *many(day, number))
    lab.sources.answer(RSS, feed("2026-05-26", *many("2026-05-26", 5), WORLD.but(number="2605.26999")))
    lab.ingest("2026-05-26T06:00Z")
    edition = lab.send("2026-05-26T06:30Z")
    assert (edition["state"], edition["papers"]) == ("sent", 1)
    (mail,) = (lab.bench.data / "maildir" / "ada" / "new").iterdir()
    thin = "a thin day: 6 new papers, and usually about 44 on a Tuesday"
    assert thin in " ".join(mail.read_text().replace("=\n", "").split())
    text, day = lab.status("2026-05-26T06:30Z")
    assert text.startswith(f"today: {thin}")
    assert (day["kind"], day["new"], day["usual"]) == ("thin", 6, 44)
    assert lab.alerts == []


def test_stale_feed(lab: Lab) -> None:
    """The quiet edition waits for it; after a day the operator knows, and when it is over."""
    lab.sources.answer(RSS, feed("2026-05-04", *many("2026-05-04", 12)))

    def stale(when: str, announced: str) -> None:
        state = "stale" if announced < when[:10] else "ok"
        moments = (datetime.fromisoformat(text) for text in (when, announced))
        now, newest = (moment.replace(tzinfo=UTC) for moment in moments)
        lab.put(SourceState("arxiv-rss", state, "", now, now, now, announced=newest))

    lab.ingest("2026-05-04T06:00Z")
    stale("2026-05-05T06:00", "2026-05-04")
    edition = lab.send("2026-05-05T06:30Z")
    late = "arXiv is late: its feeds still have the papers of Monday 4 May"
    assert edition["state"] == "waiting"
    assert edition["why"].endswith(f"{late}; looked at again when a source answers")
    text, day = lab.status("2026-05-05T06:30Z")
    assert text.startswith(f"today: {late} arxiv-rss: stale, last answer 2026-05-05 06:00Z")
    assert "next expected since 2026-05-05 04:00Z" in text
    assert (day["kind"], lab.alerts) == ("stale", [])
    stale("2026-05-06T06:00", "2026-05-04")
    lab.send("2026-05-06T06:30Z")
    lab.send("2026-05-06T07:30Z")
    assert (
        "nothing new from arxiv-rss since 2026-05-04 00:00Z"
        in lab.bench.run("status", "--on", "2026-05-06T07:00Z").out
    )
    assert [text.splitlines()[0] for text in lab.alerts] == ["Paperboy: 1 source lacks new papers"]
    stale("2026-05-06T08:00", "2026-05-06")
    lab.send("2026-05-06T08:30Z")
    lab.send("2026-05-06T09:30Z")
    assert [text.splitlines()[0] for text in lab.alerts][1:] == ["Paperboy: 1 source works again"]


def test_a_source_that_is_missing_on_an_ordinary_day(lab: Lab) -> None:
    """What waits names it, although another source of arXiv has brought the papers."""
    lab.sources.answer(RSS, feed("2026-05-05", *many("2026-05-05", 12)))
    lab.ingest("2026-05-05T06:00Z", "arxiv-rss", "arxiv-api", "huggingface")
    edition = lab.send("2026-05-05T06:30Z")
    assert edition["why"].endswith("no answer from arxiv-api; looked at again when a source answers")
    assert lab.status("2026-05-05T06:30Z")[1]["kind"] == "ordinary"


def test_incomplete_answers(lab: Lab) -> None:
    """A feed that breaks off is no answer: a quiet edition waits, and what was stored of it is sent with the rest."""
    lab.sources.answer(RSS, feed("2026-05-04", *many("2026-05-04", 12)))
    lab.ingest("2026-05-04T06:00Z")
    whole = feed("2026-05-05", *many("2026-05-05", 12), WORLD.but(number="2605.05999"))
    lab.sources.answer(RSS, whole[: len(whole) // 2])
    lab.ingest("2026-05-05T06:00Z")
    edition = lab.send("2026-05-05T06:30Z")
    cut = "arXiv's answers are incomplete: papers may be missing"
    assert edition["state"] == "waiting"
    assert edition["why"].endswith(f"{cut}; looked at again when a source answers")
    text, day = lab.status("2026-05-05T06:30Z")
    assert text.startswith(f"today: {cut} arxiv-rss: partial, last answer 2026-05-04 06:00Z")
    assert (day["kind"], lab.alerts) == ("incomplete", [])
    lab.ingest("2026-05-06T06:30Z")
    lab.send("2026-05-06T06:30Z")
    assert (
        "no complete answer from arxiv-rss since" in lab.bench.run("status", "--on", "2026-05-06T06:30Z").out
    )
    lab.send("2026-05-06T06:40Z")
    assert [text.splitlines()[0] for text in lab.alerts] == ["Paperboy: 1 source lacks new papers"]
    lab.sources.answer(RSS, whole)
    lab.ingest("2026-05-06T07:00Z")
    assert lab.send("2026-05-06T07:30Z")["state"] == "sent"
    lab.send("2026-05-06T07:40Z")
    assert [text.splitlines()[0] for text in lab.alerts][1:] == ["Paperboy: 1 source works again"]


def test_outage(lab: Lab) -> None:
    """The same of services that do not answer: `status` and the alert name them, the reader sees since when."""
    lab.sources.answer(RSS, feed("2026-05-04", *many("2026-05-04", 12)))
    lab.ingest("2026-05-04T06:00Z")
    lab.sources.answer(RSS, b"down", status=403)
    lab.sources.answer(DAILY, b"down", status=403)
    lab.ingest("2026-05-05T05:30Z")
    edition = lab.send("2026-05-05T05:45Z")
    out = "arXiv and Hugging Face have not answered since Tuesday 5 May at 07:30 CEST"
    assert edition["state"] == "waiting"
    assert edition["why"].endswith(f"{out}; looked at again when a source answers")
    text, day = lab.status("2026-05-05T05:45Z")
    assert text.startswith(f"today: {out.replace('07:30 CEST', '05:30 UTC')} arxiv-rss: failed")
    assert (day["kind"], lab.alerts) == ("outage", [])
    lab.ingest("2026-05-05T06:30Z")
    lab.send("2026-05-05T06:45Z")
    lab.send("2026-05-05T07:45Z")
    assert lab.alerts == []  # a day after its last answer, but nobody had asked
    lab.ingest("2026-05-06T05:30Z")
    lab.send("2026-05-06T05:45Z")
    lab.send("2026-05-06T05:50Z")
    (alert,) = lab.alerts
    assert alert.startswith(
        "Paperboy: 2 sources do not answer\n"
        "arxiv-rss, failing since 2026-05-05 05:30 UTC, last answer 2026-05-04 06:00 UTC: "
    )
    lab.sources.answer(RSS, feed("2026-05-06", WORLD))
    lab.sources.answer(DAILY, daily_json())
    lab.ingest("2026-05-06T06:00Z")
    assert lab.send("2026-05-06T06:30Z")["state"] == "sent"
    lab.send("2026-05-06T07:30Z")
    assert [text.splitlines()[0] for text in lab.alerts][1:] == ["Paperboy: 2 sources work again"]


def test_quiet_week(lab: Lab) -> None:
    """The seventh day has a line, by the same outbox."""
    rows = []
    for day in range(4, 13):
        on = f"2026-05-{day:02}"
        if datetime.fromisoformat(on).weekday() < 5:
            lab.store(f"{on}T05:00Z", *many(on, 20))
        rows.append(lab.send(f"{on}T06:30Z"))
    sent = {row["on"]: row["why"] for row in rows if row["state"] == "sent"}
    assert [*sent] == ["2026-05-11"]
    assert sent["2026-05-11"].startswith("all is well: 100 papers were checked since Monday 4 May, and ")
    assert {row["papers"] for row in rows} == {0}
    (path,) = (lab.bench.data / "maildir" / "ada" / "new").iterdir()
    mail = path.read_text()
    assert "List-Unsubscribe: <mailto:" in mail
    assert "All is well: 100 papers were checked" in mail


def test_heartbeat(lab: Lab) -> None:
    """After `send --due` with sources that answer; its URL is not printed when the monitor is down."""
    lab.sources.answer(RSS, feed(f"{datetime.now(UTC):%Y-%m-%d}"))
    lab.sources.answer("/ping/a-secret", b"OK")
    lab.bench.env["PAPERBOY_HEARTBEAT"] = f"{lab.sources.url}/ping/a-secret"
    lab.bench.run("ingest", "--source", "arxiv-rss", "--source", "huggingface")
    lab.bench.run("send", "--due")
    lab.bench.run("send")
    assert len(lab.sources.asked("/ping/a-secret")) == 1
    lab.bench.env["PAPERBOY_HEARTBEAT"] = "http://127.0.0.1:9/ping/a-secret"
    assert "heartbeat: no answer" in lab.bench.run("send", "--due").err
    lab.sources.answer(DAILY, b"down", status=403)
    lab.bench.run("ingest", "--source", "huggingface")
    assert "heartbeat" not in lab.bench.run("send", "--due").err
    assert "a-secret" not in lab.bench.said
