"""Reading and replacing files that users wrote, noticing changes of them, and creating private folders."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import TypeAlias

#: Of a file: what changes whenever it is written; None when it is not there.
Stamp: TypeAlias = "list[int] | None"


def read_file(path: Path, limit: int) -> bytes:
    """The content of a file, up to one byte more than `limit`.

    A pipe, a socket or a device is not read, because that might never end. Raises OSError, whose `strerror` is a
    message for people.
    """
    # O_NONBLOCK: opening a pipe would wait for its writer. Windows has no such pipes.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            kind = "folder" if stat.S_ISDIR(mode) else "pipe or a device"
            raise OSError(0, f"it is a {kind}, not a file")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(limit + 1)
    finally:
        os.close(descriptor)


def replace_file(path: Path, before: bytes, after: bytes) -> bool:
    """Write a file at once and with its permissions, whatever happens meanwhile; False if it is not `before` now.

    A link stays one. Raises OSError; then the file is as it was.
    """
    path = Path(os.path.realpath(path))
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as new:
        try:
            new.write(after)
            new.flush()
            os.fsync(new.fileno())
            shutil.copymode(path, new.name)
            if is_unchanged := read_file(path, len(before)) == before:
                os.replace(new.name, path)
            return is_unchanged
        finally:
            with suppress(FileNotFoundError):
                os.unlink(new.name)


def stamp(path: str | Path) -> Stamp:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return [status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino]


def why_not_writable(folder: Path) -> str:
    """Why no file can be written in a folder, which is created if it is missing; empty when one can."""
    try:
        make_private_folder(folder)
        with TemporaryFile(dir=folder, buffering=0) as file:
            file.write(bytes(4096))
    except OSError as error:
        return error.strerror or str(error)
    return ""


def make_private_folder(folder: Path) -> None:
    """Create a folder and its missing parents for their owner alone (0700). One that exists stays as it is."""
    for missing in reversed([one for one in (folder, *folder.parents) if not one.is_dir()]):
        missing.mkdir(mode=0o700, exist_ok=True)
