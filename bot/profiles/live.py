"""The profiles of a folder for a process that answers requests: read again when files have changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.profiles.load import load_profiles
from bot.profiles.model import Profile

#: Seconds for which files are not looked at again.
FRESH = 2.0


@dataclass(slots=True)
class LiveProfiles:
    """`cache`: as for `load_profiles`. May be used by several threads: at worst two of them read."""

    folder: Path
    cache: Path | None
    clock: Callable[[], float] = time.monotonic
    _read: tuple[float, tuple[Profile, ...]] | None = field(default=None, init=False)

    def all(self) -> Sequence[Profile]:
        """The profiles, of broken ones the last valid version; none without the folder."""
        if self._read is None or self.clock() - self._read[0] > FRESH:
            loaded = load_profiles([self.folder], self.cache) if self.folder.is_dir() else None
            self._read = (self.clock(), (*loaded.profiles, *loaded.kept) if loaded else ())
        return self._read[1]

    def forget(self) -> None:
        """Read the files at the next call: one was just written."""
        self._read = None
