"""An installation of Paperboy in a folder of its own, and its command, in this process or another."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from subprocess import PIPE
from typing import Any
from unittest.mock import patch

import typer.main

from bot.cli import main
from tests.support.builders import empty_database

ROOT = Path(__file__).resolve().parents[2]
#: Built once: Typer reads the annotations of all commands at each call, which takes longer than most calls.
_COMMANDS = cache(typer.main.get_command)


@dataclass(frozen=True)
class Result:
    """The output and exit code of a call."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be exactly one JSON document."""
        document = json.loads(self.out)
        assert self.out == json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        return document


class Bench:
    """A folder with `profiles/` and `data/`, and an environment without anything of this machine."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.profiles = folder / "profiles"
        self.data = folder / "data"
        self.env = {"PAPERBOY_DATA": str(self.data), "PAPERBOY_LOG": "text", **env}
        self.said = ""  #: the output of all calls
        self.stdin: io.StringIO = io.StringIO()  #: standard input of calls in this process

    def prepared(self) -> Bench:
        """The same with a migrated database, because migrating takes longer than most commands."""
        self.data.mkdir(parents=True, exist_ok=True)
        self.database.write_bytes(empty_database())
        return self

    @property
    def database(self) -> Path:
        return self.data / "paperboy.db"

    def profile(self, name: str, text: str) -> Path:
        return self.file(f"profiles/{name}.yaml", text)

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, *arguments: str | Path) -> Result:
        """Run the command in this process; errors and exit code are those of a shell."""
        out, err = _Stream(), _Stream()
        with (
            self._world(arguments),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = _exit_code()
        return self._heard(Result(code, out.text, err.text))

    def subprocess(self, *arguments: str | Path, timeout: float = 60) -> Result:
        """Run the command as a process of its own."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
        return self._heard(Result(done.returncode, done.stdout, done.stderr))

    @contextmanager
    def started(self, command: Sequence[str], stderr: int = PIPE) -> Iterator[subprocess.Popen[str]]:
        """A process in the folder, which is killed at the end unless it has ended."""
        with subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=PIPE,
            stderr=stderr,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()
                process.communicate()

    def command(self, *arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "bot", *map(str, arguments)]

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of a process: PATH and the settings, the checkout's package, and no user files."""
        path = os.environ.get("PATH", "")
        return {"PATH": path, "HOME": str(self.folder), "PYTHONPATH": str(ROOT), **self.env}

    def export(self) -> list[dict[str, Any]]:
        """The stored papers."""
        return [json.loads(line) for line in self.run("export").out.splitlines()]

    def stored_bytes(self) -> bytes:
        """The content of every file in the data folder."""
        return b"\0".join(path.read_bytes() for path in sorted(self.data.rglob("*")) if path.is_file())

    def _heard(self, result: Result) -> Result:
        self.said += result.out + result.err
        return result

    @contextmanager
    def _world(self, arguments: tuple[str | Path, ...]) -> Iterator[None]:
        before = Path.cwd()
        argv = ["paperboy", *map(str, arguments)]
        with (
            patch.dict(os.environ, self.environment, clear=True),
            patch.object(sys, "argv", argv),
            patch.object(sys, "stdin", self.stdin),
            patch.object(typer.main, "get_command", _COMMANDS),
        ):
            os.chdir(self.folder)
            try:
                yield
            finally:
                os.chdir(before)


class Keyboard(io.StringIO):
    """A terminal as standard input: each line is the next answer."""

    def isatty(self) -> bool:
        return True


class _Stream(io.TextIOWrapper):
    """A standard stream in UTF-8 that is not a terminal, and is not closed by its writers."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="\n", write_through=True)

    @property
    def text(self) -> str:
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode()


def _exit_code() -> int:
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
