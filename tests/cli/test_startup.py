"""What the light commands do not pay for: the heavy libraries stay unimported until something needs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.cli import ROOT, Bench

HEAVY = ("sklearn", "scipy", "numpy", "sqlalchemy", "sqlmodel", "alembic", "lxml", "slack_sdk", "apscheduler")
#: Runs the command and tells, on a line of its own, which of the heavy ones it imported.
PROBE = f"""
import json, sys
sys.argv = ["paperboy", *sys.argv[1:]]
from bot.cli import main
try:
    main()
except SystemExit as end:
    code = end.code
print(json.dumps([code, [name for name in {HEAVY!r} if name in sys.modules]]), file=sys.__stderr__)
"""


@pytest.mark.parametrize("command", [("--help",), ("check",), ("schema",)], ids=" ".join)
def test_light_commands_import_nothing_heavy(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Help, `check` with profiles and settings to check, and `schema` import neither the ranker's libraries nor
    the database's, nor those of sources and channels.
    """
    bench = Bench(tmp_path)
    for path in sorted((ROOT / "profiles").iterdir()):
        bench.file(f"profiles/{path.name}", path.read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *command],
        cwd=tmp_path,
        env=bench.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert json.loads(done.stderr.splitlines()[-1]) == [0, []], done.stderr


def test_version(tmp_path: Path) -> None:
    result = Bench(tmp_path).run("--version")
    assert (result.code, result.out) == (0, f"paperboy {version('paperboy')}\n")


@pytest.mark.parametrize("arguments", [("explain", "ada"), ("send",), ("init", "--about")], ids=" ".join)
def test_an_argument_that_is_not_text(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Bytes outside the terminal's encoding: a sentence and exit code 2, whatever the argument is for."""
    result = Bench(tmp_path).run(*arguments, os.fsdecode(b"caf\xff"))
    assert (result.code, result.out) == (2, "")
    assert result.err == "paperboy: the argument b'caf\\xff' is not text: write it in UTF-8\n"


def test_a_file_name_that_is_not_text(tmp_path: Path) -> None:
    """A file of that name can be read."""
    bench, name = Bench(tmp_path).prepared(), os.fsdecode(b"caf\xff.jsonl")
    bench.file(name, b"{}")
    assert "is not text" not in bench.run("ingest", "--file", name).err
