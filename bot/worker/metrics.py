"""Prometheus metrics: numbers of the database at the time of a scrape, and what this process has logged."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric

from bot.delivery.figures import Figures
from bot.delivery.model import DeliveryState, EditionState
from bot.errors import DatabaseError
from bot.log import LOGGER, fields_of

State = TypeVar("State", EditionState, DeliveryState)
#: Seconds: a tick takes milliseconds, a day's ranking minutes.
_BUCKETS = (0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 1800)


class Metrics:
    """The metrics of one process, which counts from here on."""

    def __init__(self, figures: Callable[[], Figures], clock: Callable[[], datetime]) -> None:
        """`figures`: may raise DatabaseError."""
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(_Stored(figures, clock))
        LOGGER.addHandler(_Counts(self._registry))

    def text(self) -> bytes:
        """In the text format of Prometheus, version 0.0.4."""
        return generate_latest(self._registry)


class _Counts(logging.Handler):
    """Counts the lines that this process logs."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(logging.DEBUG)
        self._attempts = Counter(
            "paperboy_attempts", "Attempts at deliveries.", ["channel", "state"], registry=registry
        )
        self._answers = Counter(
            "paperboy_source_answers", "Answers of sources.", ["source", "state"], registry=registry
        )
        self._lines = Counter("paperboy_log_lines", "Lines that were logged.", ["level"], registry=registry)
        self._seconds = Histogram(
            "paperboy_step_seconds", "Duration of steps.", ["step"], buckets=_BUCKETS, registry=registry
        )

    def emit(self, record: logging.LogRecord) -> None:
        fields = fields_of(record)
        event = fields.get("event")
        self._lines.labels(record.levelname.lower()).inc()
        if event == "attempt":
            self._attempts.labels(fields["channel"], fields["state"]).inc()
        elif event == "source":
            self._answers.labels(fields["source"], fields["state"]).inc()
        elif isinstance(seconds := fields.get("seconds"), float):
            self._seconds.labels(event).observe(seconds)


class _Stored:
    """Collects the figures. Every state has a sample, also when its count is 0."""

    def __init__(self, figures: Callable[[], Figures], clock: Callable[[], datetime]) -> None:
        self._figures = figures
        self._clock = clock

    def describe(self) -> Iterator[Metric]:
        """Nothing: so the database is not asked when this is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("paperboy_database_up", "Whether the database answers.")
        try:
            figures = self._figures()
        except DatabaseError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        now = self._clock()
        yield _by_state("paperboy_editions", "Editions since yesterday.", EditionState, figures.editions)
        unsent = [state for state in DeliveryState if state is not DeliveryState.SENT]
        yield _by_state("paperboy_deliveries", "Deliveries that are not sent.", unsent, figures.deliveries)
        age = (now - figures.oldest_due).total_seconds() if figures.oldest_due else 0
        yield GaugeMetricFamily(
            "paperboy_oldest_due_seconds",
            "For how long a delivery that is due has waited.",
            value=max(age, 0),
        )
        yield GaugeMetricFamily("paperboy_papers", "Papers first seen within a day.", value=figures.papers)
        for name, text, at in (
            ("paperboy_source_success_seconds", "Time since a source last answered.", "last_success"),
            ("paperboy_source_new_seconds", "Time since a source last brought a new paper.", "last_new"),
        ):
            family = GaugeMetricFamily(name, text, labels=["source"])
            for source in figures.sources:
                if when := getattr(source, at):
                    family.add_metric([source.name], (now - when).total_seconds())
            yield family


def _by_state(name: str, text: str, states: Iterable[State], counts: Mapping[State, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=["state"])
    for state in states:
        family.add_metric([state], counts.get(state, 0))
    return family
