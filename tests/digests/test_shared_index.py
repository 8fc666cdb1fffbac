"""Composing with the index of the day that processes share, on a real database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.bootstrap.app import App
from bot.clock import Moment
from bot.config.settings import load_settings
from bot.digests.model import Digest
from bot.profiles.model import Mute, Profile, Reference
from bot.store.papers import Papers
from tests.support.builders import NOW, entry, make_profile

WORDS = ("cups", "bread", "graphs", "speech", "agents", "proofs", "code", "music")
OLD = [
    entry(100 + n, f"Robots and {WORDS[n % 8]} of {WORDS[n // 8]}", authors=(f"Ada {n}",)) for n in range(24)
]
NEW = [entry(n, f"Robots that stack {one}", authors=("Ben Ali",), votes=n) for n, one in enumerate(WORDS)]
PROFILES = [
    make_profile("robots that stack cups", "bread", threshold=0.0, authors=("Ben Ali",), trending=0.1),
    Profile(
        "ben",
        about="speech and music of robots",
        like=tuple(Reference(one.ids[0]) for one in OLD[:9]),
        mute=Mute(terms=("stack bread",)),
        threshold=0.0,
    ),
]


@contextmanager
def opened(data: Path, *, shares_index: bool = True) -> Iterator[App]:
    settings, problems = load_settings({"PAPERBOY_DATA": str(data)}, dotenv=None)
    assert settings, problems
    with closing(App(settings, shares_index=shares_index)) as app:
        yield app


def composed(app: App) -> list[Digest]:
    composer = app.composer(PROFILES, Moment(NOW, NOW.date()))
    return [composer.compose(profile, NOW.date()) for profile in PROFILES]


def indexes(data: Path) -> set[str]:
    return {one.name for one in (data / "index").glob("*")}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with opened(tmp_path) as app:
        app.papers.add(OLD, NOW - timedelta(days=20))
        app.papers.add(NEW, NOW - timedelta(hours=2))
    return tmp_path


def test_digests_are_those_without_sharing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With their texts and reasons. A process that finds the index of another one reads no counts of the archive."""
    with opened(data, shares_index=False) as app:
        expected = composed(app)
        assert not indexes(data)
    assert all(digest.papers for digest in expected)
    with opened(data) as app:
        assert composed(app) == expected
    assert len(indexes(data)) == 1
    monkeypatch.setattr(Papers, "sampled_counts", None)
    with opened(data) as app:
        assert composed(app) == expected
        assert composed(app) == expected


def test_what_has_changed_is_seen(data: Path) -> None:
    """New papers and new texts need another index, votes do not; a withdrawn paper leaves the samples."""
    with opened(data) as app, opened(data, shares_index=False) as other:
        composed(app)
        changes = (
            (entry(50, "Robots that bake bread"), 2),
            (entry(1, "Robots that toast bread", version=2), 3),
            (replace(NEW[2], votes=90), 3),
            (entry(3, NEW[3].title, withdrawn=True, version=2), 4),
        )
        for change, number in changes:
            app.papers.add([change], NOW - timedelta(hours=1))
            assert composed(app) == composed(other)
            assert len(indexes(data)) == number
