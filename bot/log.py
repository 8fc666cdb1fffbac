"""What long-running processes log: lines of text on a terminal, JSON documents elsewhere.

A line has fields, such as the ids of the edition and the delivery, for programs that read logs. Metrics count from
the same lines (`bot.worker.metrics`).
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

LOGGER = logging.getLogger("bot")


def set_up_logging(format_: str | None, stream: TextIO | None = None) -> None:
    """Write what this process and its libraries log to a stream, by default standard output, unbuffered.

    `format_`: `json`, `text`, or None for text on a terminal and JSON elsewhere. Only JSON has details (DEBUG).
    """
    stream = stream or sys.stdout
    is_json = format_ == "json" or (format_ is None and not stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_JsonFormatter() if is_json else _TextFormatter())
    handler.setLevel(logging.DEBUG if is_json else logging.INFO)
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    LOGGER.setLevel(logging.DEBUG)


def log_line(text: str, level: int = logging.INFO, **fields: object) -> None:
    """Log a line. `fields`: `event`, the kind of line, and what else a program wants to know; no secrets."""
    LOGGER.log(level, "%s", text, extra={"fields": fields})


def log_error(error: Exception) -> None:
    log_line(str(error), logging.ERROR)


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """The fields of a line, none for one that a library logged."""
    found: dict[str, object] = getattr(record, "fields", {})
    return found


@contextmanager
def log_duration(event: str, **fields: object) -> Iterator[None]:
    """Log how many seconds the block takes, also when an error ends it; as a detail."""
    begun = time.monotonic()
    try:
        yield
    finally:
        seconds = round(time.monotonic() - begun, 3)
        log_line(f"{event}: {seconds:.1f} s", logging.DEBUG, event=event, seconds=seconds, **fields)


class _TextFormatter(logging.Formatter):
    """`2026-05-04T08:30:00Z ada -> slack C0PAPERS: sent`; warnings and errors say so."""

    def format(self, record: logging.LogRecord) -> str:
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        name = "" if record.name.partition(".")[0] == LOGGER.name else f"{record.name}: "
        error = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return f"{_time(record)} {level}{name}{record.getMessage()}{error}"


class _JsonFormatter(logging.Formatter):
    """One document in a line: time, level, logger, message and the fields; `error` is a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        document = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **fields_of(record),
        }
        if record.exc_info:
            document["error"] = self.formatException(record.exc_info)
        return json.dumps(document, ensure_ascii=False, default=str)


def _time(record: logging.LogRecord) -> str:
    return f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%SZ}"
