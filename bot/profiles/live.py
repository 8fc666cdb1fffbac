"""The profiles of a folder for a process that answers requests: read again when files have changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import Problem
from bot.profiles.load import Loaded, load_profiles
from bot.profiles.model import Profile

#: Seconds for which files are not looked at again.
FRESH = 2.0
_NOTHING = Loaded((), (), (), {}, {})


@dataclass(slots=True)
class LiveProfiles:
    """`cache`: as for `load_profiles`. May be used by several threads: at worst two of them read."""

    folder: Path
    cache: Path | None
    clock: Callable[[], float] = time.monotonic
    _read: tuple[float, Loaded] | None = field(default=None, init=False)

    def all(self) -> Sequence[Profile]:
        """The profiles, of broken ones the last valid version; none without the folder."""
        loaded = self._loaded()
        return (*loaded.profiles, *loaded.kept)

    def broken(self) -> Mapping[str, Sequence[Problem]]:
        """The problems of each profile that is not valid now, by id; some have no valid version."""
        return self._loaded().broken

    def forget(self) -> None:
        """Read the files at the next call: one was just written."""
        self._read = None

    def _loaded(self) -> Loaded:
        read = self._read
        if read is None or self.clock() - read[0] > FRESH:
            found = load_profiles([self.folder], self.cache) if self.folder.is_dir() else _NOTHING
            read = self._read = (self.clock(), found)
        return read[1]
