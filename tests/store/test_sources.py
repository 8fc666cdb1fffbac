"""The last outcomes of the sources, and the validators of their answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.papers.model import SourceState
from bot.store.database import Database
from bot.store.sources import Sources, StoredValidators

NOW = datetime(2026, 5, 29, 12, tzinfo=UTC)


def test_a_state_is_stored_and_replaced(database: Database) -> None:
    """Every field, with aware times."""
    sources = Sources(database)
    assert sources.get("arxiv") is None
    ok = SourceState("arxiv", "ok", last_attempt=NOW, last_success=NOW, last_new=NOW)
    failed = SourceState("arxiv", "failed", "HTTP 503", NOW, NOW, None, NOW + timedelta(hours=1))
    stale = SourceState("arxiv", "stale", "", NOW, announced=NOW, trouble_since=NOW)
    for state in (ok, failed, replace(failed, trouble_since=NOW), stale, ok):
        sources.put(state)
        assert sources.get("arxiv") == state


def test_all_states_by_name(database: Database) -> None:
    sources = Sources(database)
    assert sources.all() == ()
    for name in ("huggingface", "arxiv"):
        sources.put(SourceState(name, "ok", last_attempt=NOW))
    assert [state.name for state in sources.all()] == ["arxiv", "huggingface"]


def test_validators_by_url(database: Database) -> None:
    """New ones replace those of the same URL."""
    validators = StoredValidators(database)
    url = "https://example.org/feed?" + "x" * 3000
    assert validators.get(url) is None
    validators.put(url, '"one"', None)
    validators.put(url, None, "Fri, 29 May 2026 12:00:00 GMT")
    assert validators.get(url) == (None, "Fri, 29 May 2026 12:00:00 GMT")
    assert validators.get("https://example.org/other") is None
