"""Papers and judgements for an evaluation, read from files."""

from __future__ import annotations

import gzip
import io
import json
import math
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from bot.errors import UserError
from bot.evaluation.tasks import Task, library_task, query_task
from bot.papers.model import CountedPaper, Paper
from bot.text.latex import to_unicode

#: Of a file with more errors, only so many are reported.
_MAX_ERRORS = 10
_GZIP = b"\x1f\x8b"
#: Files do not say when papers were first seen, and no measure depends on it.
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class _FormatError(Exception):
    """A file is not in the expected form; `line` is where, when known."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.line = line


def read_papers(
    path: Path,
    count: Callable[[str, str], bytes],
    step: Callable[[str], None] = lambda line: None,
) -> tuple[CountedPaper, ...]:
    """The papers of JSON Lines, gzip or not: `id`, `title`, `abstract`; other fields are ignored.

    `count` counts the terms of a title and an abstract. Raises UserError that lists the lines that cannot be read.
    """
    papers: dict[str, CountedPaper] = {}
    errors: list[str] = []
    with _open_maybe_gzip(path) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                _add_paper(papers, line, count)
            except _FormatError as error:
                errors.append(f"{path}:{number}: {error}")
            step(f"line {number}")
    if errors:
        more = [f"and {len(errors) - _MAX_ERRORS} more"] if len(errors) > _MAX_ERRORS else []
        raise UserError("\n".join([*errors[:_MAX_ERRORS], *more]))
    if not papers:
        raise UserError(f"{path}: the file contains no papers")
    return tuple(papers.values())


def _add_paper(papers: dict[str, CountedPaper], line: bytes, count: Callable[[str, str], bytes]) -> None:
    if not line.strip():
        return
    record = _json(line)
    if not isinstance(record, dict):
        raise _FormatError("a paper must be an object with `id`, `title` and `abstract`")
    id_, title, abstract = (_text(record, name) for name in ("id", "title", "abstract"))
    if not id_:
        raise _FormatError("this paper has no `id`")
    if id_ in papers:
        raise _FormatError(f"the id {id_} occurs twice")
    terms = count(to_unicode(title), to_unicode(abstract))
    papers[id_] = CountedPaper(Paper(id_, title, _ANY_TIME, abstract=abstract), terms)


def _text(record: Mapping[str, object], name: str) -> str:
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise _FormatError(f"`{name}` must be a text")
    return value or ""


def read_task(path: Path, papers: Sequence[CountedPaper], *, about: bool = False) -> Task:
    """The task that a file defines for these papers. The file contains one of:

    {"libraries": {reader: [id, ...]}, "folds": [[id, ...], ...]}, where `folds` is optional, or
    [{"query": text, "relevant": {id: grade}}, ...]. Raises UserError for anything else.
    """
    with _open_maybe_gzip(path) as stream:
        data = stream.read()
    try:
        document = _json(data)
        if isinstance(document, dict) and "libraries" in document:
            return library_task(papers, _libraries(document["libraries"]), _folds(document.get("folds")))
        if isinstance(document, list):
            return query_task(
                papers, [_query(n, one) for n, one in enumerate(document, start=1)], about=about
            )
    except _FormatError as error:
        place = f":{error.line}" if error.line else ""
        raise UserError(f"{path}{place}: {error}") from None
    raise UserError(f'{path}: expected {{"libraries": ...}} or [{{"query": ..., "relevant": ...}}, ...]')


def _libraries(value: object) -> dict[str, list[str]]:
    if not isinstance(value, dict):
        raise _FormatError("`libraries` must be an object of readers")
    return {reader: _ids(f"the library of {reader!r}", ids) for reader, ids in value.items()}


def _folds(value: object) -> list[list[str]] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise _FormatError("`folds` must be a list of lists")
    return [_ids(f"fold {n}", ids) for n, ids in enumerate(value, start=1)]


def _ids(what: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(id_, str) for id_ in value):
        raise _FormatError(f"{what} must be a list of ids")
    return cast(list[str], value)


def _query(number: int, value: object) -> tuple[str, dict[str, float]]:
    """A query's text and its grades."""
    text = value.get("query") if isinstance(value, dict) else None
    grades = value.get("relevant") if isinstance(value, dict) else None
    if not isinstance(text, str) or not isinstance(grades, dict):
        raise _FormatError(f"query {number} must be an object with a text `query` and an object `relevant`")
    for id_, grade in grades.items():
        if isinstance(grade, bool) or not isinstance(grade, int | float) or not math.isfinite(grade):
            raise _FormatError(f"query {number}: the grade of {id_} must be a number")
    return text, {id_: float(grade) for id_, grade in grades.items()}


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        raise _FormatError(f"invalid JSON at column {error.colno}: {error.msg}", error.lineno) from None
    except UnicodeDecodeError as error:
        raise _FormatError("not UTF-8", data.count(b"\n", 0, error.start) + 1) from None
    except RecursionError:
        raise _FormatError("nested too deeply") from None


@contextmanager
def _open_maybe_gzip(path: Path) -> Iterator[io.BufferedIOBase]:
    """The bytes of a file, decompressed if they are gzip. Raises UserError when they cannot be read."""
    try:
        with path.open("rb") as file:
            if file.peek(len(_GZIP)).startswith(_GZIP):
                with gzip.GzipFile(fileobj=file) as unpacked:
                    yield unpacked
            else:
                yield file
    except EOFError:
        raise UserError(f"{path}: the gzip data is incomplete") from None
    except (OSError, zlib.error) as error:
        raise UserError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
