"""Changes of profile files, with the former texts."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest

from bot.profiles.edits import ProfileEdit
from bot.profiles.model import Profile
from bot.store.database import Database
from bot.store.profile_edits import ProfileEdits
from bot.store.renames import move_renamed

NOW = datetime(2026, 5, 29, 12, tzinfo=UTC)


def test_the_newest_first(database: Database) -> None:
    """Of one profile, to a limit; texts keep their line ends and byte order marks."""
    edits = ProfileEdits(database)
    for number in range(3):
        edits.add("ada", "command:ada", NOW, f"limit: {number}", f"limit: {number + 1}")
    other = edits.add("bob", "web:bob@example.org", NOW, "\ufefflimit: 1\r\n", "")
    assert [one.before for one in edits.list("ada", 2)] == ["limit: 2", "limit: 1"]
    assert other == ProfileEdit(other.id, "bob", "web:bob@example.org", NOW, "\ufefflimit: 1\r\n", "")
    assert edits.get(other.id) == other
    assert edits.get(other.id + 1) is None


@pytest.mark.parametrize("fails", [False, True], ids=["refused", "failed"])
def test_none_is_stored_without_being_made(database: Database, fails: bool) -> None:
    """When the file has changed meanwhile, or cannot be written."""
    edits = ProfileEdits(database)

    def write() -> bool:
        if fails:
            raise OSError
        return False

    with suppress(OSError):
        assert edits.add("ada", "web:ada@example.org", NOW, "", "limit: 1", write) is None
    assert edits.list("ada", 5) == ()
    assert edits.add("ada", "web:ada@example.org", NOW, "", "limit: 1", lambda: True)


def test_a_renamed_profile(database: Database) -> None:
    """It has the changes of its former name."""
    edits = ProfileEdits(database)
    made = edits.add("ada", "command:ada", NOW, "", "limit: 1")
    move_renamed(database, [Profile("eve", was="ada")])
    assert [one.id for one in edits.list("eve", 5)] == [made.id]
    assert edits.list("ada", 5) == ()
