"""The text of `paperboy status`: what needs a person first, with the command for it, on one screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from rich.console import Console

from bot.delivery.broken_profiles import BrokenFile
from bot.delivery.model import (
    ALERTS,
    PAUSED,
    UNSUBSCRIBED,
    BounceSummary,
    Delivery,
    DeliveryState,
    Edition,
    Pause,
    Stage,
)
from bot.delivery.status import FoundPapers, NextDigest, Status
from bot.digests.model import LeftOut
from bot.errors import Problem
from bot.papers.model import SourceState
from bot.presentation.status_text import EDITIONS_SHOWN, SHOWN, former_name_notes, status_screen
from bot.profiles.model import ANNOUNCEMENT, ChannelName, Profile, Subscription

NOW = datetime(2026, 5, 5, 8, 30, tzinfo=UTC)
TODAY = date(2026, 5, 5)
S = DeliveryState


def text(status: Status) -> str:
    console = Console(width=200, no_color=True, highlight=False)
    with console.capture() as capture:
        console.print(status_screen(status))
    return capture.get()


def edition(name: str, *states: DeliveryState, **changes: object) -> Edition:
    """A Slack digest with one part for each state; `changes` apply to its deliveries."""
    target = f"C0{name.upper()}"
    key = f"{name}:slack:{target}"
    parts = tuple(
        replace(
            Delivery(
                f"{name}-{n}",
                name,
                n,
                5,
                state,
                ChannelName.SLACK,
                target,
                key,
                attempts=2,
                started=NOW,
                waited=7200.0,
            ),
            **changes,  # type: ignore[arg-type]
        )
        for n, state in enumerate(states, start=1)
    )
    return Edition(name, key, name, ChannelName.SLACK, target, TODAY, 5 * len(parts), deliveries=parts)


def section(page: str, title: str) -> list[str]:
    """The lines of a section; empty when the page has no such section."""
    _, _, rest = page.partition(f"\n{title}\n")
    return rest.partition("\n\n")[0].splitlines() if rest else []


def test_a_good_morning_is_short() -> None:
    """When nothing needs a person and nothing waits, neither has a section."""
    source = SourceState("arxiv-rss", "ok", "", NOW, NOW, NOW)
    page = text(Status(NOW, 42, [source], [edition("ada", S.SENT)]))
    assert page.splitlines()[0] == "42 papers are stored."
    assert "Needs you" not in page
    assert "Continues" not in page
    assert section(page, "Digests") == ["  2026-05-05 ada → slack C0ADA: sent, 5 papers"]
    assert "arxiv-rss: ok, last answer 2026-05-05 08:30Z" in page


def test_the_database_is_named() -> None:
    """Its place is shown, because another folder's profiles may use the same one."""
    page = text(Status(NOW, 1, database="/srv/paperboy.db"))
    assert page.splitlines()[0] == "1 paper is stored in /srv/paperboy.db."


def test_an_empty_database_shows_how_to_start() -> None:
    """An empty database shows the commands to start with."""
    page = text(Status(NOW, 0))
    assert section(page, "Sources") == ["  no source asked yet: paperboy ingest"]
    assert section(page, "Digests") == ["  none yet: paperboy send"]
    of_files = section(text(Status(NOW, 42)), "Sources")
    assert of_files == ["  no source asked yet, only files were read: paperboy ingest"]


def test_what_needs_a_person_has_its_command() -> None:
    """Failed deliveries with the reason, uncertain ones, and pauses with the number of deliveries they hold."""
    status = Status(
        NOW,
        42,
        editions=[
            edition("bo", S.SENT, S.FAILED, why="no such user"),
            edition("cy", S.UNCERTAIN, why="the connection broke"),
            edition("di", S.PENDING),
        ],
        pauses=[Pause("slack:C0DI", "it is archived", NOW - timedelta(days=1))],
    )
    lines = section(text(status), "Needs you")
    assert lines == [
        "  paused slack:C0DI since 2026-05-04 08:30Z: it is archived",
        "      nothing is sent there; 1 delivery kept; when fixed: paperboy resume slack:C0DI",
        "  failed 2026-05-05 bo → slack C0BO, part 2 of 2, after 2 attempts: no such user",
        "      when fixed: paperboy resend bo-2",
        "  held, uncertain 2026-05-05 cy → slack C0CY, after 2 attempts: the connection broke",
        "      if it has not arrived: paperboy resend cy-1; if it has: paperboy settle cy-1",
    ]


def test_a_waiting_delivery_shows_until_when_and_why() -> None:
    """In order of the next attempt, with when it is given up, looked up, held by a pause, or under way."""
    soon, later = NOW + timedelta(minutes=12), NOW + timedelta(hours=3)
    status = Status(
        NOW,
        42,
        editions=[
            edition("ada", S.WAITING, until=later, why="busy"),
            edition("bo", S.UNCERTAIN, until=soon, why="the connection broke"),
            edition("cy", S.SENDING, lease=NOW, stage=Stage.POST),
            edition("di", S.PENDING, attempts=0),
            edition("ed", S.PENDING, attempts=0),
        ],
        pauses=[Pause("slack:C0ED", "it is archived", NOW)],
    )
    lines = section(text(status), "Continues by itself")
    assert lines == [
        "  sending 2026-05-05 cy → slack C0CY, after 2 attempts, tried again now: an attempt is under way "
        "(stage post), or its process died: taken up again after 08:30 UTC",
        "  pending 2026-05-05 di → slack C0DI, sent by the next `paperboy send`, `run` or worker",
        "  pending 2026-05-05 ed → slack C0ED, waits for the pause to end",
        "  uncertain 2026-05-05 bo → slack C0BO, after 2 attempts, looked up 2026-05-05 08:42Z (in 12 min): "
        "the connection broke; or decide now: paperboy resend|settle bo-1",
        "  waiting 2026-05-05 ada → slack C0ADA, after 2 attempts, tried again 2026-05-05 11:30Z (in 3 h), "
        "given up after another 22 h of waits: busy",
    ]


@pytest.mark.parametrize(
    ("waited", "attempts", "end"),
    [
        (86000.0, 20, "given up after another 7 min of waits"),
        (3 * 86400.0, 3, "given up after 2 more attempts"),
        (86400.0, 30, "given up after 1 more attempt"),
    ],
)
def test_when_a_delivery_is_given_up(waited: float, attempts: int, end: str) -> None:
    """What is left of its day of waits, or of its five attempts."""
    one = edition("ada", S.WAITING, until=NOW, why="busy", waited=waited, attempts=attempts)
    (line,) = section(text(Status(NOW, 42, editions=[one])), "Continues by itself")
    assert line.endswith(f", tried again now, {end}: busy")


def test_dead_sources_need_a_person() -> None:
    """One that has failed for more than a day, or all of them when none answers."""
    old, new = NOW - timedelta(hours=25), NOW - timedelta(hours=2)
    dead = SourceState("arxiv-rss", "failed", "no connection", NOW, old)
    late = SourceState("huggingface", "failed", "no connection", NOW, new)
    idle = SourceState("arxiv-api", "idle", "", NOW)
    well = SourceState("arxiv-oai", "ok", "", NOW, NOW)
    lines = section(text(Status(NOW, 42, [dead, late, idle, well])), "Needs you")
    assert lines == [
        "  no answer from arxiv-rss, last answer 2026-05-04 07:30Z: no connection",
        "      check the network and the URLs in the settings, then: paperboy ingest",
    ]
    assert len(section(text(Status(NOW, 42, [dead, late, idle])), "Needs you")) == 3
    assert section(text(Status(NOW, 42, [late, well])), "Needs you") == []


def test_a_quiet_edition_that_waits() -> None:
    """It is not an ordinary quiet day."""
    quiet = replace(edition("ada"), why="arxiv-rss: no connection", awaits="{}")
    assert section(text(Status(NOW, 42, editions=[quiet])), "Digests") == [
        "  2026-05-05 ada → slack C0ADA: waiting (arxiv-rss: no connection; "
        "looked at again when a source answers)"
    ]


def test_a_bad_night_fits_on_one_screen() -> None:
    """Of a hundred lines of each kind only some are shown; the rest, and digests by day, are counted."""
    hundred = [f"reader{n:03}" for n in range(100)]
    status = Status(
        NOW,
        42,
        [SourceState("arxiv-rss", "failed", "no connection")],
        [
            *(edition(f"a{name}", S.FAILED, why="no " * 500) for name in hundred),
            *(edition(f"b{name}", S.WAITING, until=NOW, why="busy") for name in hundred),
        ],
        pauses=[Pause(f"slack:C0{n}", "archived", NOW) for n in range(100)],
        bounces=[BounceSummary(f"{name}@example.org", 0, 3, NOW, "mailbox full") for name in hundred],
    )
    page = text(status)
    assert len(page.splitlines()) < 78  # of 200 columns
    assert page.count("and 92 more: paperboy status --json") == 4
    assert section(page, "Digests") == ["  2026-05-05: 100 failed, 100 waiting"]
    assert section(page, "Mail that came back")[0] == (
        "  reader000@example.org: 3 for now; last 2026-05-05 08:30Z: mailbox full"
    )
    assert SHOWN < EDITIONS_SHOWN < 100


def test_an_alert_is_a_delivery_like_others() -> None:
    """An alert that failed is listed with the other deliveries that need a person."""
    alert = Delivery("a-1", None, 1, 0, S.FAILED, ChannelName.SLACK, "C0OPS", ALERTS, attempts=1, why="gone")
    lines = section(text(Status(NOW, 42, alerts=[alert])), "Needs you")
    assert lines[0] == "  failed alert → slack C0OPS, after 1 attempt: gone"


def test_broken_profiles() -> None:
    """The first problem of each file, and what follows for its profiles."""
    place = partial(Problem, "profiles/ada.yaml")
    files = [
        BrokenFile(
            "profiles/ada.yaml", (place(3, 1, "unknown key"), place(4, 9, "no such zone")), kept=("ada",)
        ),
        BrokenFile("profiles/bo.yml", (Problem("profiles/bo.yml", 1, 1, "there is another 'bo'"),)),
    ]
    assert section(text(Status(NOW, 0, broken=files)), "Needs you") == [
        "  broken profiles/ada.yaml:3:1: unknown key (and 1 more problem: paperboy check)",
        "      until it is corrected, the last valid version of ada is used",
        "  broken profiles/bo.yml:1:1: there is another 'bo'",
    ]
    many = section(text(Status(NOW, 0, broken=files[:1] * 36)), "Needs you")
    assert many[-1] == "  and 28 more: paperboy check"


def test_a_former_name_that_nobody_had() -> None:
    """Once something is stored for the profile itself, it may have come from there."""
    profiles = [Profile("ada", was="nobody"), Profile("bo", was="bob"), Profile("cem")]
    assert list(former_name_notes(profiles, [edition("bo", S.SENT)])) == [
        "ada: was: nobody: nothing was stored under that name: correct or remove the line"
    ]


def test_paused_profiles() -> None:
    """They need nobody."""
    page = text(Status(NOW, 0, paused=[Profile("ada", paused_until=date(2026, 12, 27))]))
    assert section(page, "Paused by their profiles") == [
        "  ada until 2026-12-27; the first digest then chooses from the whole pause"
    ]


def test_pauses_of_readers() -> None:
    """Apart from those that need the operator: for good, and until a time."""
    status = Status(
        NOW,
        42,
        pauses=[
            Pause("ada:email:ada@example.org", UNSUBSCRIBED, NOW),
            Pause("bo:email:bo@example.org", PAUSED, NOW, NOW + timedelta(weeks=1)),
        ],
        used_scopes=frozenset(["ada:email:ada@example.org", "bo:email:bo@example.org"]),
    )
    page = text(status)
    assert section(page, "Unsubscribed")[1] == (
        "      nothing is sent there; if they ask for it again: paperboy resume ada:email:ada@example.org"
    )
    assert section(page, "Paused by their readers") == [
        "  paused bo:email:bo@example.org since 2026-05-05 08:30Z: paused by its reader",
        "      nothing is sent there; goes on by itself at 2026-05-12 08:30Z, or at once: "
        "paperboy resume bo:email:bo@example.org",
    ]
    assert "Needs you" not in page


def test_next_digests() -> None:
    """In the profile's time zone; what is due now, and what a pause stops."""
    monday = datetime(2026, 11, 30, 7, 30, tzinfo=UTC)
    ada, bo = (Subscription(name, ChannelName.SLACK, f"C0{name.upper()}") for name in ("ada", "bo"))
    status = Status(
        NOW,
        42,
        pauses=[Pause("slack:C0BO", "it is archived", NOW)],
        next=[
            NextDigest(ada, "UTC", monday, True),
            NextDigest(bo, "Europe/Zurich", monday, False),
            NextDigest(replace(ada, at=ANNOUNCEMENT), "UTC", monday, False),
            NextDigest(replace(ada, at=ANNOUNCEMENT), "UTC", monday.replace(hour=13, minute=0), False),
        ],
    )
    assert section(text(status), "Next digests") == [
        "  ada → slack C0ADA: due now, sent by the next `paperboy send`, `run` or worker; then Mon 30 Nov 07:30 UTC",
        "  bo → slack C0BO: Mon 30 Nov 08:30 Europe/Zurich, but paused",
        "  ada → slack C0ADA: Mon 30 Nov 07:30 UTC, with arXiv's announcement",
        "  ada → slack C0ADA: Mon 30 Nov 13:00 UTC at the latest, with arXiv's announcement",
    ]


def test_found_papers() -> None:
    """By interest, and what was left out; not for a profile without a digest."""
    found = [
        FoundPapers("ada", 61, (("world models", 50), ("cups", 0)), 11, LeftOut(12, 0, 9, 1140)),
        FoundPapers("bo", 0, (("cups", 0),), left_out=LeftOut()),
        FoundPapers("new", 0, (("cups", 0),)),
    ]
    assert section(text(Status(NOW, 42, found=found)), "Found in 30 days") == [
        "  ada: 61 papers: world models 50, cups 0, the rest of the profile 11",
        "      matches left out: 12 outside your categories, 9 beyond the limit, 1,140 below the threshold",
        "  bo: 0 papers: cups 0",
    ]


def test_found_papers_of_many_profiles() -> None:
    """Totals, and the profiles without any."""
    found = [FoundPapers(f"reader{n:02}", max(0, n - 2)) for n in range(20)]
    assert section(text(Status(NOW, 42, found=found)), "Found in 30 days") == [
        "  20 profiles: 153 papers; by interest: paperboy status PROFILE",
        "  nothing for 3 profiles: reader00, reader01, reader02",
    ]
