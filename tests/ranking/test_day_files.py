"""The index of a day in files: what is read is what was written, or nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.papers.model import CountedPaper
from bot.profiles.model import Profile, Reference
from bot.ranking import day_index
from bot.ranking.day_files import KEPT, DayFiles
from bot.ranking.day_index import DayIndex, digest_of, fingerprint, fingerprint_of_counts
from bot.ranking.linear import Ranker
from tests.support.builders import counted, make_paper, make_profile, rank_among

WORDS = ("world", "model", "robot", "graph", "speech", "agent", "code", "proof")
OLD = [
    counted(
        make_paper(
            f"o{n}", f"Deep {WORDS[n % 8]} {WORDS[n // 8]} networks", abstract=f"{WORDS[n % 5]} models"
        )
    )
    for n in range(40)
]
NEW = [
    *OLD[:3],
    *(counted(make_paper(f"n{n}", f"Deep {one} models of the world")) for n, one in enumerate(WORDS)),
]
COUNTS = [one.terms for one in OLD]
PROFILE = make_profile(
    "deep world models",
    "networks",
    "quite unknown phrase",
    like=tuple(Reference(one.paper.id) for one in OLD[:9]),
    dislike=(Reference(OLD[9].paper.id),),
)


def made() -> DayIndex:
    return DayIndex.of(COUNTS, OLD, NEW)


def explained(day: DayIndex | None, profile: Profile = PROFILE) -> list[object]:
    """Every paper for a profile, with its reasons."""
    ranker = Ranker(COUNTS, OLD, NEW, [profile], {one.paper.id: one for one in OLD}, day)
    papers = [one.paper for one in NEW]
    ranking = rank_among(ranker, profile, papers)
    twins = [ranker.twin(paper, papers) for paper in papers]
    return [[(one, ranking.reasons(one.paper)) for one in ranking.best_first()], twins]


def test_a_stored_index_ranks_as_a_new_one(tmp_path: Path) -> None:
    """To the last bit, with phrases, liked and disliked papers and a classifier; without the papers' counts, too."""
    stored = DayFiles(tmp_path).add("a", made())
    assert not stored.rows.data.flags.writeable  # it is mapped
    assert explained(stored) == explained(made())
    read = DayFiles(tmp_path).find("a")
    assert read
    assert explained(read) == explained(made())
    assert explained(read, replace(PROFILE, like=())) == explained(made(), replace(PROFILE, like=()))


def test_an_index_without_papers(tmp_path: Path) -> None:
    """It can be stored and read."""
    stored = DayFiles(tmp_path).add("a", DayIndex.of([], [], []))
    assert stored.rows.shape == (0, 0)
    assert DayFiles(tmp_path).find("a")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize("name", ["rows_columns", "keys", "sums"])
@pytest.mark.parametrize("damage", [cut, flip, zero, Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_damaged_index_is_replaced(tmp_path: Path, name: str, damage: Callable[[Path], object]) -> None:
    """Whatever is wrong with a file, it is not read, and the next process stores the index again."""
    DayFiles(tmp_path).add("a", made())
    damage(tmp_path / "a" / f"{name}.npy")
    assert DayFiles(tmp_path).find("a") is None
    DayFiles(tmp_path).add("a", made())
    assert DayFiles(tmp_path).find("a")
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_the_first_of_several_processes_stores_it(tmp_path: Path) -> None:
    """The others use what it has stored, and leave nothing behind."""
    first, second = DayFiles(tmp_path), DayFiles(tmp_path)
    assert second.find("a") is None
    first.add("a", made())
    before = (tmp_path / "a" / "keys.npy").stat()
    assert not second.add("a", made()).rows.data.flags.writeable
    assert (tmp_path / "a" / "keys.npy").stat().st_ino == before.st_ino
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_another_process_is_first_while_one_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rename fails, and the other's index is used; this is no cause for a warning."""
    slow = DayFiles(tmp_path)
    original = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if not target.exists():
            shutil.copytree(self, target)
        return original(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    assert not slow.add("a", made()).rows.data.flags.writeable
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_old_indexes_are_deleted(tmp_path: Path) -> None:
    """All but the newest; one that is open goes on working."""
    files = DayFiles(tmp_path)
    oldest = files.add("0", made())
    for n in range(1, KEPT + 2):
        os.utime(tmp_path / str(n - 1), (n, n))
        files.add(str(n), made())
    assert sorted(one.name for one in tmp_path.iterdir()) == [str(n) for n in range(2, KEPT + 2)]
    assert explained(oldest) == explained(made())


def test_a_folder_that_cannot_be_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The process uses its own index, and the log has the reason."""
    (tmp_path / "file").write_text("")
    index = made()
    assert DayFiles(tmp_path / "file").add("a", index) is index
    assert "the index of the day is not stored in" in caplog.text


def digested(papers: list[CountedPaper]) -> list[CountedPaper]:
    return [replace(one, terms=digest_of(one.terms)) for one in papers]


def test_fingerprints(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same from counts and from digests; another one for other papers, texts, slices and versions; the order of
    the archive's papers does not count.
    """
    digests = [digest_of(one) for one in COUNTS]
    known = fingerprint_of_counts(COUNTS, OLD, NEW)
    assert known == fingerprint(digests, digested(OLD), digested(NEW))
    assert known == fingerprint_of_counts(reversed(COUNTS), OLD, NEW)
    revised = [replace(NEW[0], terms=NEW[1].terms), *NEW[1:]]
    others = [
        fingerprint_of_counts(COUNTS[1:], OLD, NEW),
        fingerprint_of_counts(COUNTS, OLD[1:], NEW),
        fingerprint_of_counts(COUNTS, OLD, NEW[1:]),
        fingerprint_of_counts(COUNTS, OLD, revised),
        fingerprint_of_counts(COUNTS, NEW, OLD),
    ]
    monkeypatch.setattr(day_index, "VERSION", day_index.VERSION + 1)
    others.append(fingerprint_of_counts(COUNTS, OLD, NEW))
    assert len({known, *others}) == len(others) + 1


def test_the_shared_arrays_are_not_changed(tmp_path: Path) -> None:
    """They cannot be: two processes would see it."""
    stored = DayFiles(tmp_path).add("a", made())
    with pytest.raises(ValueError, match="read-only"):
        stored.matrix.postings.data[0] = np.nan
