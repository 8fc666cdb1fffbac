"""The lines of long-running processes."""

from __future__ import annotations

import io
import json
import logging
from unittest.mock import patch

import pytest

from bot import log
from bot.log import log_duration, log_line, set_up_logging


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def write(format_: str | None, stream: io.StringIO) -> None:
    """Log some lines, as a process in which nothing has logged yet."""
    level = log.LOGGER.level
    with patch.object(logging.getLogger(), "handlers", []):
        set_up_logging(format_, stream)
        _log()
    log.LOGGER.setLevel(level)


def _log() -> None:
    log_line("ada: sent", event="edition", edition="3f2a")
    with log_duration("ingest"):
        pass
    log_line("two\nlines", logging.ERROR)
    logging.getLogger("a.library").warning("slow: %s", "x")
    logging.getLogger("a.library").info("not logged")
    try:
        raise ValueError("a bug")
    except ValueError:
        logging.getLogger("bot.web").exception("a page")


@pytest.mark.parametrize(
    ("format_", "stream"), [(None, io.StringIO()), ("json", Terminal())], ids=["piped", "forced"]
)
def test_json(format_: str | None, stream: io.StringIO) -> None:
    """Each line is one document with its fields, also details, library's warnings and tracebacks."""
    write(format_, stream)
    first, second, third, fourth, fifth = map(json.loads, stream.getvalue().splitlines())
    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "info",
        "logger": "bot",
        "message": "ada: sent",
        "event": "edition",
        "edition": "3f2a",
    }
    assert (second["level"], second["event"], second["seconds"]) == ("debug", "ingest", 0.0)
    assert (third["level"], third["message"]) == ("error", "two\nlines")
    assert (fourth["level"], fourth["logger"], fourth["message"]) == ("warning", "a.library", "slow: x")
    assert "ValueError: a bug" in fifth["error"]


@pytest.mark.parametrize(
    ("format_", "stream"), [(None, Terminal()), ("text", io.StringIO())], ids=["terminal", "forced"]
)
def test_text(format_: str | None, stream: io.StringIO) -> None:
    """A time and the text, without details; warnings and errors say so."""
    write(format_, stream)
    lines = [line.partition("Z ")[2] or line for line in stream.getvalue().splitlines()]
    assert lines[:5] == ["ada: sent", "error: two", "lines", "warning: a.library: slow: x", "error: a page"]
    assert lines[-1] == "ValueError: a bug"


def test_nobody_reads(capsys: pytest.CaptureFixture[str]) -> None:
    """A log that cannot be written ends nothing."""
    stream = io.StringIO()
    stream.close()
    write("json", stream)
    assert "I/O operation on closed file" in capsys.readouterr().err
