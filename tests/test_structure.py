"""Rules of the structure that import-linter's contracts (pyproject.toml) do not express."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: Libraries that only these modules may import.
RESERVED = {
    "sklearn": ("bot.evaluation",),
    "scipy": ("bot.ranking", "bot.evaluation"),
    "numpy": ("bot.ranking", "bot.evaluation"),
    "sqlmodel": ("bot.store",),
    "sqlalchemy": ("bot.store",),
    "alembic": ("bot.store",),
    "requests": ("bot.sources.http", "bot.sources.exchange", "bot.sources.urls"),
    "dkim": ("bot.channels.email.dkim",),
    "regex": ("bot.text.plain",),
    "slack_sdk": ("bot.channels.slack", "bot.slack_app"),
    "smtplib": ("bot.channels.email",),
    "mailbox": ("bot.channels.maildir", "bot.channels.email.bounces"),
    "flufl": ("bot.channels.email.reports",),
    "apscheduler": ("bot.worker.loop",),
    "procrastinate": ("bot.worker.jobs", "bot.store.job_tables"),
    "psycopg": ("bot.worker.jobs",),
    "yaml": ("bot.profiles.yaml_reader", "bot.profiles.writer"),
    "lxml": ("bot.sources", "bot.presentation.custom_templates"),
    "waitress": ("bot.web",),
    "prometheus_client": ("bot.worker.metrics",),
    "flask": ("bot.web",),
    "slack_bolt": ("bot.slack_app",),
    "jinja2": (
        "bot.presentation.templates",
        "bot.presentation.custom_templates",
        "bot.web.app",
    ),  # custom templates in a sandbox; pages with Flask
    "css_inline": ("bot.presentation.templates",),
    "typer": ("bot.cli", "bot.profiles.wizard"),
}
#: Functions that read the clock; `time.monotonic` only measures durations.
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted((ROOT / "bot").rglob("*.py"))}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


@cache
def imports(module: str, *, at_run_time_only: bool = False) -> frozenset[str]:
    """Full names of the modules that a module imports, at its top or inside a function."""
    return frozenset(_imported(tree(module), at_run_time_only=at_run_time_only))


def _imported(node: ast.AST, *, at_run_time_only: bool) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        assert not node.level, "relative imports hide where they lead"
        names = [f"{base}.{alias.name}" for alias in node.names]
        yield from (name if name in MODULES else base for name in names)
    elif at_run_time_only and isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    for child in ast.iter_child_nodes(node):
        yield from _imported(child, at_run_time_only=at_run_time_only)


def ours(module: str) -> frozenset[str]:
    return frozenset(name for name in imports(module) if name in MODULES)


def is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize("library", RESERVED)
def test_libraries_stay_behind_their_module(library: str) -> None:
    """A library that is listed here is imported only by the modules that wrap it."""
    users = {m for m in MODULES if any(name.split(".")[0] == library for name in imports(m))}
    strangers = {m for m in users if not any(is_in(m, owner) for owner in RESERVED[library])}
    assert users
    assert not strangers, f"{sorted(strangers)} import {library}"


def clock_readings(module: str) -> list[str]:
    """Every mention of a function that reads the clock, called or passed on: `datetime.now`, `time.time`."""
    found = []
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS:
            owner = ast.unparse(node.value).rpartition(".")[2]
            if owner in {"datetime", "date", "time"}:
                found.append(f"{owner}.{node.attr}")
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [f"time.{alias.name}" for alias in node.names if alias.name in CLOCKS]
    return found


def test_one_place_reads_the_clock() -> None:
    """Only bot/clock.py reads the clock."""
    readers = {module: found for module in MODULES if (found := clock_readings(module))}
    assert readers == {"bot.clock": ["datetime.now"]}


def test_commands_import_at_the_top_only_what_all_need() -> None:
    """The top of a command module imports only what every command needs."""
    top = {
        name
        for module in MODULES
        if is_in(module, "bot.cli") and not is_in(module, "bot.cli.output")
        for node in tree(module).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in _imported(node, at_run_time_only=True)
    }
    assert {n for n in top if is_in(n, "bot") and not is_in(n, "bot.cli")} == {"bot.errors", "bot.clock"}
