"""Collections of papers and judgements, read from files."""

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

#: Of a file with many mistakes so many are told.
_MAX_ERRORS = 10


_GZIP = b"\x1f\x8b"


#: A set says nothing about when its papers were seen, and no measure depends on it.
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class _FormatError(Exception):
    """Something in a file is not as it should be; the message says what, `line` where when that is known."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.line = line


def read_papers(
    path: Path,
    count: Callable[[str, str], bytes],
    step: Callable[[str], None] = lambda line: None,
) -> tuple[CountedPaper, ...]:
    """The papers of JSON Lines, gzip or not: `id`, `title`, `abstract`; further fields are passed over.

    Raises UserError that names every line that cannot be read.
    """
    read: dict[str, CountedPaper] = {}
    wrong: list[str] = []
    with _open_maybe_gzip(path) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                _add_paper(read, line, count)
            except _FormatError as error:
                wrong.append(f"{path}:{number}: {error}")
            step(f"line {number}")
    if wrong:
        raise UserError(_error_list(wrong))
    if not read:
        raise UserError(f"{path}: there are no papers in it")
    return tuple(read.values())


def _add_paper(read: dict[str, CountedPaper], line: bytes, count: Callable[[str, str], bytes]) -> None:
    if not line.strip():
        return
    record = _json(line)
    if not isinstance(record, dict):
        raise _FormatError("a paper is an object with `id`, `title` and `abstract`")
    id_, title, abstract = (_text(record, name) for name in ("id", "title", "abstract"))
    if not id_:
        raise _FormatError("a paper without an `id`")
    if id_ in read:
        raise _FormatError(f"a second paper with the id {id_}")
    read[id_] = CountedPaper(Paper(id_, title, _ANY_TIME, abstract), count(title, abstract))


def _text(record: Mapping[str, object], name: str) -> str:
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise _FormatError(f"`{name}` is no text")
    return value or ""


def _error_list(wrong: Sequence[str]) -> str:
    more = [f"and {len(wrong) - _MAX_ERRORS} more"] if len(wrong) > _MAX_ERRORS else []
    return "\n".join([*wrong[:_MAX_ERRORS], *more])


def read_task(path: Path, papers: Sequence[CountedPaper], *, about: bool = False) -> Task:
    """The task that a file makes of some papers, told by its form:

    {"libraries": {reader: [id, ...]}, "folds": [[id, ...], ...]}, where folds may be missing, or
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
    raise UserError(f'{path}: neither {{"libraries": ...}} nor [{{"query": ..., "relevant": ...}}, ...]')


def _libraries(value: object) -> dict[str, list[str]]:
    if not isinstance(value, dict):
        raise _FormatError("`libraries` is no object of readers")
    return {reader: _ids(f"the library of {reader!r}", some) for reader, some in value.items()}


def _folds(value: object) -> list[list[str]] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise _FormatError("`folds` is no list of lists")
    return [_ids(f"fold {n}", some) for n, some in enumerate(value, start=1)]


def _ids(what: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(id_, str) for id_ in value):
        raise _FormatError(f"{what} is no list of ids")
    return cast(list[str], value)


def _query(number: int, value: object) -> tuple[str, dict[str, float]]:
    """A query's text and its grades."""
    text = value.get("query") if isinstance(value, dict) else None
    grades = value.get("relevant") if isinstance(value, dict) else None
    if not isinstance(text, str) or not isinstance(grades, dict):
        raise _FormatError(f"query {number} is no object with a text `query` and an object `relevant`")
    for id_, grade in grades.items():
        if isinstance(grade, bool) or not isinstance(grade, int | float) or not math.isfinite(grade):
            raise _FormatError(f"query {number}: the grade of {id_} is no number")
    return text, {id_: float(grade) for id_, grade in grades.items()}


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        raise _FormatError(f"no JSON at column {error.colno}: {error.msg}", error.lineno) from None
    except UnicodeDecodeError as error:
        raise _FormatError("not UTF-8", data.count(b"\n", 0, error.start) + 1) from None
    except RecursionError:
        raise _FormatError("nested too deeply") from None


@contextmanager
def _open_maybe_gzip(path: Path) -> Iterator[io.BufferedIOBase]:
    """The bytes, unpacked when they are gzip. Raises UserError when they cannot be read."""
    try:
        with path.open("rb") as file:
            if file.peek(len(_GZIP)).startswith(_GZIP):
                with gzip.GzipFile(fileobj=file) as unpacked:
                    yield unpacked
            else:
                yield file
    except EOFError:
        raise UserError(f"{path}: the gzip data breaks off") from None
    except (OSError, zlib.error) as error:
        raise UserError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
