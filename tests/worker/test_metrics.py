"""Metrics: what the database says, and what the process has logged."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.delivery.figures import Figures
from bot.delivery.model import DeliveryState, EditionState
from bot.errors import DatabaseError
from bot.log import LOGGER, log_line
from bot.papers.model import SourceState
from bot.worker.metrics import Metrics
from tests.support.builders import NOW

SOURCE = SourceState(
    name="arxiv-rss",
    state="ok",
    last_attempt=NOW,
    last_success=NOW - timedelta(minutes=1),
    last_new=NOW - timedelta(hours=1),
)
NEVER = SourceState(name="huggingface", state="failed", last_attempt=NOW)
FIGURES = Figures(
    {EditionState.SENT: 3}, {DeliveryState.WAITING: 2}, NOW - timedelta(seconds=90), 250, (SOURCE, NEVER)
)


@pytest.fixture(autouse=True)
def loggers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Details are logged; the handlers are removed."""
    level = LOGGER.level
    monkeypatch.setattr(LOGGER, "handlers", [])
    LOGGER.setLevel(logging.DEBUG)
    yield
    LOGGER.setLevel(level)


def samples(metrics: Metrics) -> dict[str, float]:
    """Without those of the process."""
    lines = (line for line in metrics.text().decode().splitlines() if line.startswith("paperboy_"))
    return {name: float(value) for name, value in (re.split(r" (?=[^ ]+$)", line) for line in lines)}


def test_the_database() -> None:
    """Each state has a sample; a source that never answered has no time since it did."""
    found = samples(Metrics(lambda: FIGURES, lambda: NOW))
    assert found['paperboy_editions{state="sent"}'] == 3
    assert found['paperboy_editions{state="failed"}'] == 0
    assert found['paperboy_deliveries{state="waiting"}'] == 2
    assert 'paperboy_deliveries{state="sent"}' not in found
    assert (found["paperboy_oldest_due_seconds"], found["paperboy_papers"]) == (90, 250)
    assert found['paperboy_source_success_seconds{source="arxiv-rss"}'] == 60
    assert found['paperboy_source_new_seconds{source="arxiv-rss"}'] == 3600
    assert not [name for name in found if "huggingface" in name]


def test_a_database_that_does_not_answer() -> None:
    """There are the metrics of the process, and one that says so."""

    def fail() -> Figures:
        raise DatabaseError("gone")

    metrics = Metrics(fail, lambda: NOW)
    assert samples(metrics) == {"paperboy_database_up": 0}
    assert b"process_start_time_seconds" in metrics.text()


def test_the_process() -> None:
    """Attempts, answers of sources, durations and lines are counted from what is logged."""
    metrics = Metrics(lambda: FIGURES, lambda: NOW)
    log_line("x", logging.DEBUG, event="attempt", channel="slack", state=DeliveryState.SENT, delivery="3f-1")
    log_line("x", event="source", source="arxiv-rss", state="ok")
    log_line("x", logging.DEBUG, event="compose", seconds=7.0)
    logging.getLogger("bot.web").error("x")
    found = samples(metrics)
    assert found['paperboy_attempts_total{channel="slack",state="sent"}'] == 1
    assert found['paperboy_source_answers_total{source="arxiv-rss",state="ok"}'] == 1
    assert found['paperboy_step_seconds_sum{step="compose"}'] == 7
    assert found['paperboy_step_seconds_bucket{le="5.0",step="compose"}'] == 0
    assert found['paperboy_log_lines_total{level="error"}'] == 1
    assert "3f-1" not in metrics.text().decode()
