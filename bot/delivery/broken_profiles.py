"""Which files keep profiles from being read, and what is sent for these profiles meanwhile. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from bot.errors import Problem

#: Most names of profiles in a sentence.
NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class BrokenFile:
    """A profile, or a file that profiles include, with its problems."""

    file: str
    problems: tuple[Problem, ...]  #: by place
    kept: tuple[str, ...] = ()  #: ids of the profiles of which the last valid version is used
    unserved: tuple[str, ...] = ()  #: ids of the profiles that nothing is composed for

    @property
    def effect(self) -> str:
        """What follows, as a sentence; empty when nothing does."""
        kept = f"until it is corrected, the last valid version of {_names(self.kept)} is used"
        unserved = f"until it is corrected, nothing is composed for {_names(self.unserved)}"
        return "; ".join([kept] * bool(self.kept) + [unserved] * bool(self.unserved))


def broken_files(
    problems: Iterable[Problem], broken: Mapping[str, Sequence[Problem]], kept: Collection[str]
) -> tuple[BrokenFile, ...]:
    """The files with problems, by name.

    `broken`: the problems of each profile that is not valid, and of what it includes, by its id. `kept`: ids of those
    of which the last valid version is used.
    """
    found = []
    for file, group in groupby(sorted(set(problems)), key=lambda problem: problem.file):
        ids = sorted(id_ for id_, theirs in broken.items() if any(one.file == file for one in theirs))
        found.append(
            BrokenFile(
                file,
                tuple(group),
                tuple(id_ for id_ in ids if id_ in kept),
                tuple(id_ for id_ in ids if id_ not in kept),
            )
        )
    return tuple(found)


def _names(ids: Sequence[str]) -> str:
    more = len(ids) - NAMES_SHOWN
    return ", ".join(ids[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
