"""Templates in place of the built-in ones, written by whoever runs this: other people's code, in Jinja's sandbox.

Owns their folder, what they may do, and where a mistake in one of them is. Refuses to know what is shown, and what is
rendered where there is a mistake.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from traceback import walk_tb
from typing import Any, cast

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    PrefixLoader,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    pass_context,
)
from jinja2.exceptions import SecurityError
from jinja2.loaders import split_template_path
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from bot.errors import Problem
from bot.text.plain import one_line, truncate

#: Characters: ten times what Gmail shows of a mail.
LONGEST = 1_000_000
#: Elements that are open at once. The inliner of styles descends by recursion, and where its stack ends, the process
#: ends: between 10,000 and 14,000 elements with Linux's 8 MB, 1,000 and 1,500 with 1 MB (measured, css-inline 0.23).
DEEPEST = 200
#: The built-in templates under names that none of one's own can take.
BUILTIN = "builtin"
#: Among a template's names, what escapes each value: none that a template could use or set.
_ESCAPE = "shown()"
_MESSAGE_LENGTH = 300
_UNMISTAKABLE = 0.75  #: how alike two file names are when one is meant for the other

Stamp = tuple[int, int] | None
Finish = Callable[[str], str]


class CustomTemplates:
    """The templates of one folder; `builtin`: the environment of those that they stand in for, and may build on.

    `told` hears of a mistake once, and again when the file has changed.
    """

    def __init__(self, folder: Path, builtin: Environment, told: Callable[[Problem], None]) -> None:
        assert builtin.loader
        self._folder = folder
        self._files = _Files(folder)
        loader = ChoiceLoader([self._files, builtin.loader, PrefixLoader({BUILTIN: builtin.loader})])
        self._escaping = _sandbox(loader, builtin, autoescape=True)
        self._plain = _sandbox(loader, builtin, autoescape=False)
        self._names = [name for name in builtin.list_templates(["j2"]) if not name.startswith("_")]
        self._tell = told
        self._told: dict[tuple[str, int], Stamp] = {}

    def render(self, name: str, finish: Finish, names: Mapping[str, Any]) -> str | None:
        """The template's page, `finish`ed; None when there is no such template, or a mistake in it, which is told."""
        try:
            if name not in os.listdir(self._folder):
                return None
            return _sound(finish(_sound(self._page(name, names), is_html=name.endswith(".html.j2"))))
        except Exception as error:  # a template is other people's code, and may raise whatever Python raises
            self._tell_once(self._problem(error, name))
            return None

    def _page(self, name: str, names: Mapping[str, Any]) -> str:
        more = _escaping(names)
        template = self._environment(name).get_template(name, globals=more)
        pieces = cast("Generator[str, None, None]", template.generate({**names, **more}))
        taken, length = [], 0
        for piece in pieces:
            length += len(piece)
            if length > LONGEST:  # thrown into the template, so that the traceback has its line
                pieces.throw(_UnsoundError(f"this writes more than {LONGEST:,} characters"))
            taken.append(piece)
        return "".join(taken)

    def _environment(self, name: str) -> Environment:
        """By what is rendered, whatever the files are called that it includes: in HTML all of them escape."""
        return self._plain if name.endswith(".txt.j2") else self._escaping

    # --- Mistakes

    def check_files(self) -> None:
        """Tells of files that no template is called like, and of those that cannot be parsed, included or not."""
        try:
            names = sorted(os.listdir(self._folder))
        except OSError as error:
            return self._tell_once(self._problem(error, ""))
        for name in names:
            if message := misnamed(name, self._names):
                self._tell_once(Problem(str(self._folder / name), 1, 1, message))
        for path in sorted(self._folder.rglob("*.j2")):
            self._parse(path.relative_to(self._folder).as_posix())
        return None

    def _parse(self, name: str) -> None:
        try:
            self._environment(name).get_template(name)
        except Exception as error:  # as above: the parser's recursion has an end, and so has the compiler's
            self._tell_once(self._problem(error, name))

    def _tell_once(self, problem: Problem) -> None:
        """By place, as what is said may differ from reader to reader."""
        place, stamp = (problem.file, problem.line), _stamp(Path(problem.file))
        if place not in self._told or self._told[place] != stamp:
            self._told[place] = stamp
            self._tell(problem)

    def _problem(self, error: Exception, name: str) -> Problem:
        file, line = self._place(error) or (str(self._folder / name), 1)
        return Problem(file, line, 1, truncate(one_line(_said(error)), _MESSAGE_LENGTH))

    def _place(self, error: Exception) -> tuple[str, int] | None:
        """The innermost line of ours in a traceback, in which Jinja has put templates' lines for the code's."""
        if isinstance(error, TemplateSyntaxError) and error.filename:
            return error.filename, error.lineno
        places = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
        return next((place for place in reversed(places) if place[0] in self._files.read), None)


def misnamed(name: str, names: Iterable[str]) -> str:
    """What is wrong with the name of a file beside templates; empty when nothing is.

    `_paper.html.j2` is for others to include; hidden files, backups, and what is like no template are not ours.
    """
    known = list(names)
    if name in known or name.startswith((".", "_")) or name.endswith("~"):
        return ""
    if close := get_close_matches(name, known, n=1, cutoff=_UNMISTAKABLE):
        return f"no template is called so: did you mean {close[0]}?"
    there = f"there are {', '.join(known)}; what these include begins with a _"
    return f"no template is called so: {there}" if name.endswith(".j2") else ""


def _said(error: Exception) -> str:
    if isinstance(error, TemplateNotFound):
        return f"there is no template {error.message}"
    if isinstance(error, TemplateError | _UnsoundError):
        return error.message or type(error).__name__
    if isinstance(error, OSError):
        return f"this cannot be read: {error.strerror or type(error).__name__}"
    return f"{type(error).__name__}: {error}"


# --- Files ------------------------------------------------------------------------------------------------


class _Files(BaseLoader):
    """The files of a folder and of the folders in it; each is read again when it has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.read: set[str] = set()  #: the paths of those that were

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        path = self._folder.joinpath(*split_template_path(template))
        if not os.path.lexists(path):
            raise TemplateNotFound(template)
        stamp = _stamp(path)
        try:
            text = _bytes(path).removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        except OSError as error:
            why = f"this file cannot be read: {error.strerror or error}"
            raise TemplateSyntaxError(why, 1, template, str(path)) from None
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            why = "this is not UTF-8 text: save the file as UTF-8"
            raise TemplateSyntaxError(why, line, template, str(path)) from None
        self.read.add(str(path))
        return text, str(path), lambda: _stamp(path) == stamp


def _bytes(path: Path) -> bytes:
    if not path.is_file():  # a pipe would never end
        raise OSError("it is no file")
    return path.read_bytes()


def _stamp(path: Path) -> Stamp:
    """What tells one state of a file from the next."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


# --- The sandbox ------------------------------------------------------------------------------------------


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's, and two operators less: `"x" * 10 ** 10` would fill the memory before anything is written."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**":
            raise SecurityError("** is not for templates")
        for many, times in ((left, right), (right, left)):
            if isinstance(times, int) and hasattr(many, "__len__") and len(many) * times > LONGEST:
                raise SecurityError(f"this makes more than {LONGEST:,} of it")
        return super().call_binop(context, operator, left, right)


def _sandbox(loader: BaseLoader, builtin: Environment, *, autoescape: bool) -> Environment:
    """Set up as the built-in templates' environment is, so that these can be included and extended."""
    made = _Sandbox(
        loader=loader,
        autoescape=autoescape,
        undefined=builtin.undefined,
        trim_blocks=builtin.trim_blocks,
        lstrip_blocks=builtin.lstrip_blocks,
        finalize=_as_shown,
    )
    made.filters = builtin.filters
    return made


@pass_context
def _as_shown(context: Context, value: Any) -> Any:
    """A value as a channel with a markup of its own shows it: escaped by itself, once, as values are in HTML."""
    escape = context.parent.get(_ESCAPE)
    return escape(value) if escape else value


def _escaping(names: Mapping[str, Any]) -> dict[str, Any]:
    """A `shown`, where there is one, whose results are known to be markup: for imported macros as well."""
    shown = names.get("shown")
    if shown is None:
        return {}

    def escape(value: Any) -> Markup:
        return value if isinstance(value, Markup) else Markup(shown(str(value)))  # noqa: S704 - escaped by it

    return {"shown": escape, _ESCAPE: escape}


# --- What may leave it ------------------------------------------------------------------------------------


class _UnsoundError(Exception):
    """A page that must not be sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def _sound(page: str, *, is_html: bool = False) -> str:
    """The page; raises _UnsoundError for one that says nothing, cannot be written, or ends the process."""
    if not page.strip():
        raise _UnsoundError("this writes nothing")
    if len(page) > LONGEST:
        raise _UnsoundError(f"this is more than {LONGEST:,} characters with its styles in place")
    try:
        page.encode("utf-8")
    except UnicodeEncodeError:
        raise _UnsoundError("this writes half a character, such as \\ud800") from None
    if is_html and _is_too_deep(page):
        raise _UnsoundError(f"more than {DEEPEST} elements are open at once: is one never closed?")
    return page


_TAG = re.compile(r"<!--.*?(?:-->|\Z)|<(?P<end>/?)(?P<name>[a-z][^\s/>]*)[^>]*", re.IGNORECASE | re.DOTALL)
#: Elements without content, and those that the next one of their kind ends.
_UNNESTED = frozenset(
    """
    area base br col embed hr img input link meta source track wbr
    p li dt dd option tr td th tbody thead tfoot html head body
    """.split()  # noqa: SIM905 - a list of words reads best as words
)


def _is_too_deep(page: str) -> bool:
    """Whether more than DEEPEST elements are open at once; those that cannot be within their like do not count."""
    open_: list[str] = []
    for name, is_end, is_whole in _tags(page):
        if is_end and name in open_:
            del open_[len(open_) - 1 - open_[::-1].index(name) :]
        elif not is_end and not (is_whole and "svg" in open_):  # in HTML itself a <div/> is open
            open_.append(name)
        if len(open_) > DEEPEST:
            return True
    return False


def _tags(page: str) -> Iterator[tuple[str, bool, bool]]:
    """Name, whether it is an end tag, and whether it is written as an element without content."""
    for match in _TAG.finditer(page):
        name = (match["name"] or "").lower()
        if name and name not in _UNNESTED:
            yield name, bool(match["end"]), match[0].endswith("/")
