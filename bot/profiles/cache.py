"""The last valid version of each profile, in a file, so that an unchanged profile is not parsed again.

The file may be deleted at any time. It holds what profiles hold, so only its owner may read it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import date, time
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from bot.errors import Problem
from bot.files import Stamp, make_private_folder, stamp
from bot.profiles.model import (
    ANNOUNCEMENT,
    ChannelName,
    Interest,
    Match,
    Mute,
    Profile,
    Reference,
    Subscription,
)

if TYPE_CHECKING:
    from bot.profiles.include import ReadProfile

#: Versions of another format cannot be used, and those that another program has read must be read again.
_FORMAT = [[f.name for f in fields(cls)] for cls in (Profile, Interest, Reference, Mute, Subscription)]
_PROGRAM = sha256(
    repr([stamp(path) for path in sorted(Path(__file__).parent.glob("*.py"))]).encode()
).hexdigest()


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a file that is valid, or that only lacks what a file that others include need not have."""

    profile: Profile | None  #: the last valid one
    incomplete: tuple[Problem, ...]  #: what it lacks
    included: frozenset[str]  #: real paths of the files that it includes


class ProfileCache:
    """The last versions without problems. `file`: where they are between processes; None: nowhere."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._versions: dict[str, Any] = {}  #: as JSON, by absolute path
        self._has_changed = False
        self._stamps: dict[str, Stamp] = {}
        if file:
            with suppress(OSError, ValueError):
                data = json.loads(file.read_bytes())
                if isinstance(data, dict) and data.get("format") == _FORMAT:
                    self._versions = data["versions"]

    def unchanged(self, path: Path) -> Version | None:
        """The last version of a file if none of the files that it was made from has changed since."""
        version = self._versions.get(os.path.abspath(path))
        if version is None or version["program"] != _PROGRAM:
            return None
        if all(self._stamp(name) == old for name, old in version["inputs"].items()):
            return _version(version)
        return None

    def last(self, path: Path) -> Version | None:
        version = self._versions.get(os.path.abspath(path))
        return _version(version) if version else None

    def put(self, path: Path, read: ReadProfile) -> Version:
        """Add a version that was read just now."""
        self._has_changed = True
        key = os.path.abspath(path)
        is_valid = read.effective and not read.incomplete
        before = self._versions.get(key, {"profile": None})
        self._versions[key] = version = {
            "profile": read.effective.profile if read.effective and is_valid else before["profile"],
            "incomplete": [asdict(problem) for problem in read.incomplete],
            "included": sorted(map(str, read.included)),
            "inputs": read.inputs,
            "program": _PROGRAM,
        }
        return _version(version)

    def save(self) -> None:
        """Write the file if anything has changed. Files that are gone are forgotten."""
        kept = {path: version for path, version in self._versions.items() if os.path.lexists(path)}
        if self._file is None or not (self._has_changed or len(kept) < len(self._versions)):
            return
        data = {"format": _FORMAT, "versions": kept}
        with suppress(OSError):  # a folder that cannot be written only costs time
            make_private_folder(self._file.parent)
            with NamedTemporaryFile("w", dir=self._file.parent, delete=False, encoding="utf-8") as new:
                json.dump(data, new, default=_encoded)
            os.replace(new.name, self._file)

    def _stamp(self, path: str) -> Stamp:
        if path not in self._stamps:
            self._stamps[path] = stamp(path)
        return self._stamps[path]


def _encoded(value: Any) -> Any:
    """What JSON does not have: the values of profiles."""
    if isinstance(value, frozenset):  # of what is not in files
        return []
    return {f.name: getattr(value, f.name) for f in fields(value)} if is_dataclass(value) else str(value)


def _version(data: Mapping[str, Any]) -> Version:
    return Version(
        _profile(data["profile"]) if isinstance(data["profile"], dict) else data["profile"],
        tuple(Problem(**one) for one in data["incomplete"]),
        frozenset(data["included"]),
    )


def _profile(data: dict[str, Any]) -> Profile:
    threshold, until = data["threshold"], data["paused_until"]
    return Profile(
        **data
        | {
            "interests": _interests(data["interests"]),
            "avoid": _interests(data["avoid"]),
            "like": tuple(Reference(**one) for one in data["like"]),
            "dislike": tuple(Reference(**one) for one in data["dislike"]),
            "mute": Mute(**{name: tuple(items) for name, items in data["mute"].items()}),
            "deliver": tuple(map(_subscription, data["deliver"])),
            "authors": tuple(data["authors"]),
            "categories": tuple(data["categories"]),
            "without": tuple(data["without"]),
            "answered_authors": frozenset(),
            "threshold": Match(threshold) if isinstance(threshold, str) else threshold,
            "paused_until": date.fromisoformat(until) if until else None,
        }
    )


def _interests(items: Iterable[dict[str, Any]]) -> tuple[Interest, ...]:
    return tuple(Interest(**item | {"without": tuple(item["without"])}) for item in items)


def _subscription(data: dict[str, Any]) -> Subscription:
    at = data["at"] if data["at"] == ANNOUNCEMENT else time.fromisoformat(data["at"])
    days, channel = tuple(data["days"]), ChannelName(data["channel"])
    return Subscription(**data | {"at": at, "days": days, "channel": channel})
