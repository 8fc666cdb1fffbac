"""Files that a profile names: they must be in its folder. A ValueError raised here is a sentence for its author."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

from bot.files import read_file
from bot.text.plain import quote


def path_beside(folder: Path | None, name: str, example: str) -> Path:
    """The path of `name`, which neither dots nor links may lead out of `folder`; `example`: a valid name."""
    parts = PureWindowsPath(name)  # knows drives and both slashes, so that all systems refuse the same names
    if folder is None or parts.anchor or ".." in parts.parts:
        raise ValueError(
            f"{quote(name)} must be in the profile's own folder: write its name, such as {example}"
        )
    try:
        home = folder.resolve()
        path = (home / name).resolve()
    except (OSError, RuntimeError):  # RuntimeError: links in a circle, before Python 3.13
        raise ValueError(f"{quote(name)} cannot be read: its links form a circle") from None
    if not path.is_relative_to(home):
        raise ValueError(f"{quote(name)} is a link out of the profile's folder: put a copy there")
    return path


def read_beside(path: Path, name: str, limit: int) -> bytes:
    """The bytes of a file of at most `limit` bytes; `name` is what the profile calls it."""
    try:
        data = read_file(path, limit)
    except FileNotFoundError:
        raise ValueError(f"there is no file {quote(name)} beside this profile") from None
    except OSError as error:
        raise ValueError(f"{quote(name)} cannot be read: {error.strerror}") from None
    if len(data) > limit:
        size = f"{limit // 1024**2} MB" if limit >= 1024**2 else f"{limit // 1024} KB"
        raise ValueError(f"{quote(name)} is larger than {size}: name a smaller one")
    return data
