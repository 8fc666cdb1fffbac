"""Custom templates: files of the user's that replace the built-in ones, rendered in Jinja's sandbox.

Finds a mistake's file and line. Does not depend on what is shown, nor on what is rendered in place of a template
with a mistake.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from traceback import walk_tb
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    pass_context,
)
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree
from markupsafe import Markup

from bot.errors import Problem
from bot.text.plain import one_line, truncate

#: Elements that may be open at once. css-inline descends by recursion and ends the process when its stack is full: at
#: 10,000 to 14,000 elements with Linux's 8 MB, at 1,000 to 1,500 with 1 MB (measured, css-inline 0.23).
MAX_DEPTH = 200
#: The built-in templates are `builtin/NAME` for custom ones.
BUILTIN = "builtin"
#: The name under which a template's context holds the function that escapes values; templates cannot use or set it.
_ESCAPE = "shown()"
_MESSAGE_LENGTH = 300
_SIMILAR = 0.75  #: the least similarity of two file names, one of which may be the other misspelt

Stamp = tuple[int, int] | None


class CustomTemplates:
    """The templates of one folder; `builtin` is the environment of those that they replace and may extend.

    `report` is called with each mistake once, and again when the file has changed.
    """

    def __init__(self, folder: Path, builtin: Environment, report: Callable[[Problem], None]) -> None:
        assert builtin.loader
        self._folder = folder
        loader = ChoiceLoader([_Files(folder), builtin.loader, PrefixLoader({BUILTIN: builtin.loader})])
        self._escaping = _sandbox(loader, builtin, autoescape=True)
        self._plain = _sandbox(loader, builtin, autoescape=False)
        self._names = [name for name in builtin.list_templates(["j2"]) if not name.startswith(("_", "web/"))]
        self._report = report
        self._reported: dict[tuple[str, int], Stamp] = {}

    def render(self, name: str, finish: Callable[[str], str], values: Mapping[str, Any]) -> str | None:
        """The page after `finish`. None when there is no such template, or a mistake in it, which is reported."""
        try:
            if name not in os.listdir(self._folder):
                return None
            escape = _escape_function(values)
            template = self._environment(name).get_template(name, globals=escape)
            page = template.render({**values, **escape})
            if not page.strip():
                raise TemplateError("this writes nothing")
            if name.endswith(".html.j2") and _depth(page) > MAX_DEPTH:
                raise TemplateError(f"more than {MAX_DEPTH} elements are open at once: is one never closed?")
            page = finish(page)
            page.encode()  # a lone surrogate, such as \ud800, cannot be sent
            return page
        except Exception as error:  # a template is other people's code, and may raise anything
            self._report_once(self._problem(error, name))
            return None

    def _environment(self, name: str) -> Environment:
        """Chosen by what is rendered, whatever the included files are called: in HTML all of them escape."""
        return self._plain if name.endswith(".txt.j2") else self._escaping

    def check_files(self) -> None:
        """Report files whose names no template has, and files that cannot be parsed, included or not."""
        try:
            names = sorted(os.listdir(self._folder))
        except OSError as error:
            return self._report_once(self._problem(error, ""))
        for name in names:
            if message := misnamed(name, self._names):
                self._report_once(Problem(str(self._folder / name), 1, 1, message))
        for path in sorted(self._folder.rglob("*.j2")):
            name = path.relative_to(self._folder).as_posix()
            try:
                self._environment(name).get_template(name)
            except Exception as error:  # the parser recurses too
                self._report_once(self._problem(error, name))
        return None

    def _report_once(self, problem: Problem) -> None:
        """Compares places: messages may differ from reader to reader."""
        place, stamp = (problem.file, problem.line), _stamp(Path(problem.file))
        if place not in self._reported or self._reported[place] != stamp:
            self._reported[place] = stamp
            self._report(problem)

    def _problem(self, error: Exception, name: str) -> Problem:
        file, line = self._place(error) or (str(self._folder / name), 1)
        return Problem(file, line, 1, truncate(one_line(_message(error)), _MESSAGE_LENGTH))

    def _place(self, error: Exception) -> tuple[str, int] | None:
        """The innermost line of a custom template in the traceback, where Jinja puts templates' lines."""
        if isinstance(error, TemplateSyntaxError) and error.filename:
            return error.filename, error.lineno
        places = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
        return next(
            (
                (file, line)
                for file, line in reversed(places)
                if Path(file).is_relative_to(self._folder) and not file.endswith(".py")
            ),
            None,
        )


def misnamed(name: str, templates: Iterable[str]) -> str:
    """What is wrong with the name of a file in the folder; empty when nothing is.

    Files whose names begin with `_` are for others to include. Hidden files, backups, and files without the ending
    .j2 that resemble no template are ignored.
    """
    known = list(templates)
    if name in known or name.startswith((".", "_")) or name.endswith("~"):
        return ""
    if close := get_close_matches(name, known, n=1, cutoff=_SIMILAR):
        return f"no template has this name: did you mean {close[0]}?"
    if not name.endswith(".j2"):
        return ""
    return (
        f"no template has this name: there are {', '.join(known)}; start the names of included files with _"
    )


def _message(error: Exception) -> str:
    if isinstance(error, TemplateNotFound):
        return f"there is no template {error.message}"
    if isinstance(error, TemplateError):
        return error.message or type(error).__name__
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or type(error).__name__}"
    return f"{type(error).__name__}: {error}"


class _Files(FileSystemLoader):
    """The files of a folder and its subfolders, read again when they have changed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, encoding="utf-8-sig")
        self._folder = folder

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        path = self._folder / template
        stamp = _stamp(path)
        try:
            text, file, _ = super().get_source(environment, template)
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            message = "this is not UTF-8 text: save the file as UTF-8"
            raise TemplateSyntaxError(message, line, template, str(path)) from None
        return text, file, lambda: _stamp(path) == stamp


def _stamp(path: Path) -> Stamp:
    """Differs from one state of a file to the next."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _sandbox(loader: BaseLoader, builtin: Environment, *, autoescape: bool) -> Environment:
    """Set up like the built-in templates' environment, so that these can be included and extended."""
    environment = ImmutableSandboxedEnvironment(
        loader=loader,
        autoescape=autoescape,
        undefined=builtin.undefined,
        trim_blocks=builtin.trim_blocks,
        lstrip_blocks=builtin.lstrip_blocks,
        finalize=_finalize,
    )
    environment.filters = builtin.filters
    return environment


@pass_context
def _finalize(context: Context, value: Any) -> Any:
    """Escape a value for a channel with its own markup, as autoescape does for HTML."""
    escape = context.parent.get(_ESCAPE)
    return escape(value) if escape else value


def _escape_function(values: Mapping[str, Any]) -> dict[str, Any]:
    """The channel's `shown`, if there is one, returning Markup; for imported macros it has to be a global."""
    shown = values.get("shown")
    if shown is None:
        return {}

    def escape(value: Any) -> Markup:
        return value if isinstance(value, Markup) else Markup(shown(str(value)))  # noqa: S704 - escaped by it

    return {"shown": escape, _ESCAPE: escape}


def _depth(page: str) -> int:
    """How many elements are open at once, at most; libxml2 stops at 256.

    css-inline reads `<div/>` as an open element, as HTML 5 does; libxml2 would close it.
    """
    parser = etree.HTMLParser(encoding="utf-8")
    tree = etree.fromstring(page.replace("/>", ">").encode(errors="replace"), parser)
    depth = deepest = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest
