"""Day indexes in files, which all processes of a machine map into memory: they share its pages.

An index is a folder of arrays, written under another name and then renamed. There is no lock: processes that find
none at the same moment each make one, and the first to rename its own wins. Each machine has its own files.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.files import make_private_folder
from bot.ranking.day_index import Arrays, DayIndex

#: Folders that are kept, newest first: of shards with other windows, and of processes that are a little behind.
KEPT = 4
_SUMS = "sums"
_LOG = logging.getLogger(__name__)


class DayFiles:
    """The indexes in a folder. The last one that was used stays open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last: tuple[str, DayIndex] | None = None

    def find(self, name: str) -> DayIndex | None:
        """The index with this name (`bot.ranking.day_index.fingerprint`); None if it is missing or damaged."""
        if not self._last or self._last[0] != name:
            self._last = None  # before the next one is read
            if index := _read(self._folder / name):
                self._last = name, index
        return self._last[1] if self._last else None

    def add(self, name: str, index: DayIndex) -> DayIndex:
        """Store an index. Returns it as all processes have it; as it is if it cannot be stored."""
        if found := self.find(name):  # another process was first
            return found
        folder = self._folder / name
        shutil.rmtree(folder, ignore_errors=True)  # damaged
        try:
            make_private_folder(self._folder)
            _write(folder, index)
            _delete_old(self._folder)
        except OSError as error:
            if not folder.exists():  # not that another process was first now
                _LOG.warning("the index of the day is not stored in %s: %s", self._folder, error.strerror)
        return self.find(name) or index


def _write(folder: Path, index: DayIndex) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))
    try:
        arrays = index.arrays()
        for name, array in (*arrays.items(), (_SUMS, _sums(arrays))):
            np.save(temporary / f"{name}.npy", array)
        temporary.rename(folder)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _read(folder: Path) -> DayIndex | None:
    try:
        mapped = {path.stem: np.asarray(np.load(path, mmap_mode="r")) for path in folder.glob("*.npy")}
        sums = mapped.pop(_SUMS, None)
    except (OSError, ValueError, EOFError):
        return None
    # A column out of range would crash the process, and a power cut may leave zeros: nothing waits for the disk.
    is_sound = sums is not None and np.array_equal(sums, _sums(mapped))
    return DayIndex.from_arrays(mapped) if is_sound else None


def _sums(arrays: Arrays) -> NDArray[np.int64]:
    """The checksums of arrays, in the order of their names."""
    return np.array([zlib.crc32(arrays[name].data) for name in sorted(arrays)])


def _delete_old(folder: Path) -> None:
    """Processes that still have them open keep them."""
    newest = sorted(folder.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)
    for old in newest[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
