"""The import rule: every module stands on a floor, and imports only from floors below its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: From the ground up. A package stands for all its modules; modules of one floor may use one another unless
#: STRANGERS says otherwise.
FLOORS: tuple[tuple[str, ...], ...] = (
    (
        "bot",
        "bot.errors",
        "bot.model",
        "bot.demo.mrkdwn",
        "bot.text.latex",
        "bot.cli.output.progress",
        "bot.delivery.unsubscribe_token",
    ),
    ("bot.delivery.model",),
    ("bot.ports", "bot.channels.email.dkim", "bot.text.plain", "bot.clock"),
    ("bot.papers.identity", "bot.profiles.yaml_reader"),
    ("bot.text.addresses", "bot.profiles.bibtex", "bot.evaluation.tasks", "bot.text.terms"),
    (
        "bot.digests.selection",
        "bot.presentation.excerpts",
        "bot.sources.http",
        "bot.presentation.links",
        "bot.papers.merge",
        "bot.profiles.schema",
        "bot.worker.loop",
    ),
    ("bot.presentation.digest_view",),
    ("bot.presentation.custom_templates", "bot.profiles.load", "bot.config.settings"),
    ("bot.presentation.templates",),
    (
        "bot.channels.email.bounces",
        "bot.profiles.wizard",
        "bot.channels.email.message",
        "bot.presentation.template_check",
    ),
    ("bot.channels", "bot.pipeline", "bot.ranking", "bot.sources", "bot.store", "bot.web"),
    ("bot.cli.output.status",),
    ("bot.cli.output.documents",),
    ("bot.bootstrap", "bot.presentation.terminal", "bot.cli.output.tables"),
    ("bot.demo.gallery",),
    ("bot.worker.daemon", "bot.demo.run"),
    ("bot.cli",),
    ("bot.__main__",),
)
#: Packages, and modules of one package, that know nothing of one another.
STRANGERS = ("bot.store", "bot.sources", "bot.channels", "bot.ranking", "bot.pipeline", "bot.web")
#: What only some may import, and who.
RESERVED = {
    "sklearn": ("bot.ranking",),
    "scipy": ("bot.ranking",),
    "numpy": ("bot.ranking",),
    "sqlmodel": ("bot.store",),
    "sqlalchemy": ("bot.store",),
    "alembic": ("bot.store",),
    "requests": ("bot.sources.http",),
    "dkim": ("bot.channels.email.dkim",),
    "regex": ("bot.text.plain",),
    "slack_sdk": ("bot.channels.slack",),
    "smtplib": ("bot.channels.mail",),
    "mailbox": ("bot.channels.maildir",),
    "flufl": ("bot.channels.email.bounces",),
    "apscheduler": ("bot.worker.loop",),
    "yaml": ("bot.profiles.yaml_reader",),
    "lxml": ("bot.sources",),
    "waitress": ("bot.web.server",),
    "jinja2": (
        "bot.presentation.templates",
        "bot.presentation.custom_templates",
    ),  # the latter in a sandbox, for who needs one
    "css_inline": ("bot.presentation.templates",),
    "typer": ("bot.cli", "bot.profiles.wizard"),
}
#: How the clock is read; `time.monotonic` measures, and tells no time.
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
    """Full names of the modules that a module imports, at its top or within a function."""
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


def floor(module: str) -> int:
    """Of the longest name that the module stands under."""
    places = {name: number for number, names in enumerate(FLOORS) for name in names}
    fitting = [name for name in places if (is_in(module, name) and name != "bot") or name == module]
    assert fitting, f"{module} stands on no floor: give it one in FLOORS"
    return places[max(fitting, key=len)]


def package(module: str) -> str | None:
    return next((name for name in STRANGERS if is_in(module, name)), None)


PLACED = [name for name in MODULES if name not in STRANGERS]  # their own files hold nothing


@pytest.mark.parametrize("module", PLACED)
def test_imports_run_down_only(module: str) -> None:
    """Nothing that a module imports stands above it."""
    above = {name for name in ours(module) if floor(name) > floor(module)}
    assert not above, f"{module} imports {sorted(above)}"


@pytest.mark.parametrize("module", PLACED)
def test_sources_channels_store_ranker_pipeline_and_web_are_strangers(module: str) -> None:
    """None of these packages imports another one: they meet in the composition root alone. Words (terms,
    phrases) are shared with the digest, the mathematics are not.
    """
    mine = package(module)
    met = {name for name in ours(module) if package(name) not in (None, mine)}
    assert mine is None or not met, f"{module} imports {sorted(met)}"


@pytest.mark.parametrize("kind", ["bot.sources", "bot.channels"])
def test_sources_and_channels_are_strangers_among_themselves(kind: str) -> None:
    """A source or channel is one file, or a package where it has grown: it imports no other one, only helpers,
    whose names begin with a `_`.
    """
    units = {name: name.removeprefix(f"{kind}.").split(".")[0] for name in MODULES if is_in(name, kind)}
    assert len(set(units.values())) > 3
    for module, unit in units.items():
        met = {units[name] for name in ours(module) if name in units} - {unit}
        strangers = {name for name in met if not name.startswith("_")}
        assert not strangers, f"{module} imports {sorted(strangers)}"


def test_the_ground_imports_nothing_of_ours() -> None:
    """Model and errors stand alone; what is on its way, and the protocols, know the model and nothing else."""
    assert ours("bot.model") == ours("bot.errors") == frozenset()
    assert ours("bot.delivery.model") == {"bot.model"}
    assert ours("bot.ports") == {"bot.model", "bot.delivery.model"}


def test_only_the_edge_names_concrete_classes() -> None:
    """Sources, channels, the store and the ranker are imported by the composition root, by the demo, which is
    one of its own, and by the command for showing a message; by nobody else outside of them.
    """
    concrete = ("bot.store", "bot.sources", "bot.channels", "bot.ranking.linear")
    users = {
        module
        for module in MODULES
        for name in ours(module)
        for kind in concrete
        if is_in(name, kind) and not is_in(module, package(name) or kind)
    }
    assert "bot.bootstrap" in users
    assert users <= {"bot.bootstrap", "bot.demo.run"}


@pytest.mark.parametrize("library", RESERVED)
def test_libraries_stay_behind_their_module(library: str) -> None:
    """A library of consequence is known to the one module or package that wraps it."""
    users = {m for m in MODULES if any(name.split(".")[0] == library for name in imports(m))}
    strangers = {m for m in users if not any(is_in(m, owner) for owner in RESERVED[library])}
    assert users
    assert not strangers, f"{sorted(strangers)} import {library}"


def clock_readings(module: str) -> list[str]:
    """Every mention of a way to read the clock, called or handed on: `datetime.now`, `time.time`."""
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
    """Only bot/clock.py asks what time it is; everything else is told."""
    readers = {module: found for module in MODULES if (found := clock_readings(module))}
    assert readers == {"bot.clock": ["datetime.now"]}


def test_heavy_libraries_are_not_imported_at_the_edges_top() -> None:
    """The command line imports at its top only what every command needs; the rest when a command asks for it."""
    top = {
        name
        for module in MODULES
        if is_in(module, "bot.cli")
        for node in tree(module).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in _imported(node, at_run_time_only=True)
    }
    assert {n for n in top if is_in(n, "bot") and not is_in(n, "bot.cli")} == {"bot.errors", "bot.clock"}


def test_there_are_no_cycles() -> None:
    """Among all modules, imports for types included, nobody is imported by what it imports."""
    state: dict[str, int] = {}

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert state.get(module) != 1, f"a cycle: {' -> '.join((*path, module))}"
        if module not in state and module in MODULES:
            state[module] = 1
            for name in sorted(ours(module)):
                visit(name, (*path, module))
            state[module] = 2

    for module in MODULES:
        visit(module, ())
    assert len(state) >= len(MODULES)
