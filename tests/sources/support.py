"""What the tests of the sources share: a service that answers as scripted, and the recorded answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.papers.model import Entry, Listing
from bot.sources.base import Known, Source, SourceRequest

NOW = datetime(2026, 5, 29, 12, tzinfo=UTC)  # a Friday
#: Real listings and recorded answers, beside the checkout.
SHARED = Path(__file__).resolve().parents[2].parent / "shared"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED} does not exist")


class Service:
    """Gives the answers in turn, the last one forever; records the requests."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.urls: list[str] = []
        self.params: list[dict[str, str]] = []

    def get(self, url: str, params: Mapping[str, str] | None = None) -> bytes | None:
        self.urls.append(url)
        self.params.append(dict(params or {}))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class MemoryValidators:
    """Validators that are kept in memory."""

    def __init__(self) -> None:
        self.stored: dict[str, tuple[str | None, str | None]] = {}

    def get(self, url: str) -> tuple[str | None, str | None] | None:
        return self.stored.get(url)

    def put(self, url: str, etag: str | None, last_modified: str | None) -> None:
        self.stored[url] = (etag, last_modified)


def nothing_known(entries: tuple[Entry, ...]) -> frozenset[int]:
    return frozenset()


def fetch(source: Source, service: Any, known: Known = nothing_known, **request: Any) -> list[Listing]:
    """All listings of a source, asked with these fields of a SourceRequest."""
    return list(source.fetch(SourceRequest(**{"now": NOW, **request}), service, known))
