"""The cache of profiles: unchanged files are not read again, and a broken edit keeps the last valid version."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.profiles.include import ProfileReader
from bot.profiles.load import Loaded, load_profiles
from tests.profiles.reading import BIBTEX, EXAMPLE

SHARED = "avoid: [{phrase: big surveys, without: [big]}]\nwithout: [data]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "library.bib").write_text(BIBTEX)
    (folder / "lab.yaml").write_text(SHARED)
    example = EXAMPLE.replace("{maildir: ada}", "{maildir: ada, at: announcement}")
    (folder / "ada.yaml").write_text(example + "include: [lab.yaml]\npause: {until: 2026-12-27}\nwas: eve\n")
    return folder


def load(folder: Path) -> Loaded:
    return load_profiles([folder], folder.parent / "data" / "profiles.json")


def no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(self: ProfileReader, path: Path) -> None:
        raise AssertionError(f"{path} was read again")

    monkeypatch.setattr(ProfileReader, "read", read)


def test_unchanged_files_are_not_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time everything comes from the cache, and is equal; only the owner may read the cache."""
    first = load(folder)
    no_reading(monkeypatch)
    assert load(folder) == first
    assert [profile.id for profile in first.profiles] == ["ada"]
    assert (folder.parent / "data" / "profiles.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["ada.yaml", "lab.yaml", "library.bib"])
def test_a_change_of_any_input_is_seen(folder: Path, name: str) -> None:
    """A profile is read again when it, an included file or a library changes, even within its old time and size."""
    before = load(folder)
    path = folder / name
    stamp = path.stat()
    old, new = {"ada.yaml": ("limit: 10", "limit: 12"), "lab.yaml": ("surveys", "reviews")}.get(
        name, ("2412.00001v2", "2412.00002v2")
    )
    path.write_text(path.read_text().replace(old, new))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert load(folder).profiles != before.profiles


def test_a_broken_edit_keeps_the_last_valid_version(folder: Path) -> None:
    """Its problems are reported as long as they are there; a removed file is forgotten."""
    [valid] = load(folder).profiles
    (folder / "ada.yaml").write_text("limt: 3\n")
    for _ in range(2):
        profiles, problems, kept, *_ = load(folder)
        assert (profiles, kept) == ((), (valid,))
        assert [problem.line for problem in problems] == [1, 1, 1]
    (folder / "ada.yaml").unlink()
    load(folder)
    (folder / "ada.yaml").write_text("limt: 3\n")
    assert load(folder).kept == ()


def test_a_broken_include_keeps_the_last_valid_version(folder: Path) -> None:
    """A profile is as broken as what it includes; an incomplete edit is broken too."""
    [valid] = load(folder).profiles
    (folder / "lab.yaml").write_text("avoid: surveys\n")
    assert load(folder).kept == (valid,)
    (folder / "lab.yaml").write_text(SHARED)
    (folder / "ada.yaml").write_text("interests: [robots]\n")
    assert (load(folder).profiles, load(folder).kept) == ((), (valid,))


@pytest.mark.parametrize("content", ["", "[]", "{", '{"format": 1}'])
def test_a_cache_that_cannot_be_used(folder: Path, content: str) -> None:
    """It is made again."""
    before = load(folder)
    (folder.parent / "data" / "profiles.json").write_text(content)
    assert load(folder) == before
