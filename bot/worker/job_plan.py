"""Which jobs there are to do, from what is due and what is open. Pure.

A job carries ids only, and does at its time what the tables then say. Its key is the same for the same work, so that
several schedulers put it into the queue once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from bot.delivery.plan import Plan

INGEST, COMPOSE, DELIVER = QUEUES = ("ingest", "compose", "deliver")
#: Profiles of one job: few enough for a job to end within seconds, and enough for the index of the day to pay.
SHARD = 128
#: Seconds that a job waits for further editions of its group: a job costs as much as the sending of three messages.
GATHER = 1.0
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Job:
    """One job; at most one with a key waits, and at most one with a lock runs."""

    queue: str  #: one of QUEUES
    key: str
    arguments: Mapping[str, Any]  #: ids, as JSON
    lock: str | None
    due: datetime
    wait: float = 0.0  #: seconds from when it is put into the queue

    @property
    def priority(self) -> int:
        """What is due first goes first: of two jobs, the one with the larger number."""
        return -int((self.due - _EPOCH).total_seconds() // 60)


def ingest_jobs(names: Iterable[str], groups: Mapping[str, str], now: datetime) -> list[Job]:
    """A job for each source that is due.

    `groups`: of sources that share a limit of requests, by the source's name: one of them is asked at a time.
    """
    return [Job(INGEST, f"ingest/{name}", {"source": name}, f"ingest/{groups[name]}", now) for name in names]


def compose_jobs(plans: Iterable[Plan], in_jobs: Collection[str], size: int = SHARD) -> list[Job]:
    """Jobs for the profiles for which something is to be composed, `size` in each, in the order of their times.

    Of the same time, those with the same window go together: the longest of a job is ranked for all of it.
    `in_jobs`: ids of the profiles that waiting or running jobs are for.
    """
    due: dict[str, datetime] = {}
    windows: dict[str, int] = {}
    for plan in plans:
        id_ = plan.profile.id
        if not plan.skip and id_ not in in_jobs:
            due[id_] = min(due.get(id_, _due_time(plan)), _due_time(plan))
            windows[id_] = plan.profile.window
    ids = sorted(due, key=lambda id_: (due[id_], windows[id_], id_))
    return [_compose_job(ids[start : start + size], due[ids[start]]) for start in range(0, len(ids), size)]


def _compose_job(ids: Sequence[str], due: datetime) -> Job:
    digest = sha256(" ".join(ids).encode()).hexdigest()[:16]
    return Job(COMPOSE, f"compose/{digest}", {"profiles": [*ids]}, None, due)


def _due_time(plan: Plan) -> datetime:
    """The beginning of its day for what follows arXiv's announcements."""
    at = plan.subscription.at if isinstance(plan.subscription.at, time) else time(0)
    return datetime.combine(plan.on, at, ZoneInfo(plan.profile.timezone)).astimezone(UTC)


def deliver_job(group: str, now: datetime, wait: float = 0.0) -> Job:
    """The job that attempts what is open on a group of routes; its lock makes it the only one that does."""
    return Job(DELIVER, f"deliver/{group}", {"group": group}, f"deliver/{group}", now, wait)
