"""What the light commands do not pay for: the heavy libraries stay unimported until something needs them."""

from __future__ import annotations

import json
import subprocess
import sys
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
