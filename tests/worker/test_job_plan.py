"""Which jobs a scheduler puts into the queue."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from bot.delivery.plan import Plan
from bot.profiles.model import Profile
from bot.worker.job_plan import compose_jobs, deliver_job, ingest_jobs
from tests.support.builders import NOW, make_profile, subscription

GROUPS = {"arxiv-oai": "arxiv", "arxiv-rss": "arxiv", "huggingface": "huggingface"}


def plan(id_: str, at: str, zone: str = "UTC", skip: str = "", window: int = 7) -> Plan:
    to = subscription(id_, at=time.fromisoformat(at))
    profile: Profile = make_profile("robots", id=id_, timezone=zone, deliver=(to,), window=window)
    return Plan(profile, to, NOW.date(), skip)


def test_sources() -> None:
    """A job for each source that is due; one of a group runs at a time."""
    jobs = ingest_jobs(GROUPS, GROUPS, NOW)
    assert [job.arguments["source"] for job in jobs] == list(GROUPS)
    assert [job.lock for job in jobs] == ["ingest/arxiv", "ingest/arxiv", "ingest/huggingface"]


def test_profiles() -> None:
    """Those with something to compose and without a job, in the order of their times, two in a job."""
    plans = [
        plan("eve", "08:00"),
        plan("ada", "08:00"),
        plan("bob", "08:00", "Asia/Tokyo"),
        plan("cy", "06:00", skip="not due before 06:00"),
        plan("di", "05:00"),
    ]
    first, second = compose_jobs(plans, {"di"}, size=2)
    assert (first.arguments, second.arguments) == ({"profiles": ["bob", "ada"]}, {"profiles": ["eve"]})
    assert first.due == datetime.combine(NOW.date(), time(23), UTC) - timedelta(days=1)
    assert first.priority > second.priority
    assert [job.key for job in compose_jobs(reversed(plans), {"di"}, size=2)] == [first.key, second.key]


def test_profiles_with_the_same_window_go_together() -> None:
    plans = [plan(id_, "08:00", window=window) for id_, window in (("ada", 7), ("bob", 14), ("cy", 7))]
    jobs = compose_jobs(plans, (), size=2)
    assert [job.arguments["profiles"] for job in jobs] == [["ada", "cy"], ["bob"]]


def test_groups() -> None:
    """One job a group waits, and one runs; the one that was put there first goes first."""
    first, later = deliver_job("email/2", NOW), deliver_job("email/2", NOW + timedelta(hours=1))
    assert (first.key, first.lock) == (later.key, later.lock) == ("deliver/email/2",) * 2
    assert first.priority > later.priority
