"""JSON Lines: one paper per line, as in archives and as `paperboy export` writes them.

Other JSON documents (an array, a service's answer) are not read here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NoReturn, cast

from bot.papers.identity import namespace, parse_paper_id
from bot.papers.model import Entry, Listing
from bot.sources.arxiv.common import is_withdrawn
from bot.sources.parsing.entries import Complaints, date_of
from bot.sources.parsing.saved_pages import FILLED_LINE, count_filled, decode, lacking, line_number
from bot.text.plain import one_line
from bot.text.readable import readable_line, readable_paragraphs

_MAX_COUNT = 2**31 - 1  #: the largest value of an integer column in every database
_FIRST_OBJECT = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{")
_MAYBE_TITLE = re.compile(r'"title"|\\u')  #: JSON may write any letter as an escape sequence
#: In the authors' remark: https://info.arxiv.org/help/withdraw.html
_WITHDRAWN = re.compile(r"\W*withdrawn\b|.*\b(?:has|have) been withdrawn\b", re.IGNORECASE | re.DOTALL)
_EXPORTED_TITLE = "title"  #: namespace of the `title:...` that an export gives a paper without an id


class _NotAnObjectError(Exception):
    """A line is not a JSON object; the message says what it is."""


@dataclass(frozen=True, slots=True)
class _Record:
    """The object of one line. The methods read one field each; null means absent, wrong values are reported."""

    line: int
    values: dict[str, object]
    complaints: Complaints

    def report(self, why: str) -> None:
        self.complaints.add(f"line {self.line}", why)

    def text(self, name: str) -> str:
        """The field as written; an empty text if it is absent or not a text."""
        value = self.values.get(name)
        if value is None or isinstance(value, str):
            return value or ""
        self.report(f"{name!r} is {_kind(value)} instead of text")
        return ""

    def number(self, name: str, least: int = 0) -> int | None:
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self.report(f"{name!r} is {_kind(value)} instead of a whole number")
        elif not least <= value <= _MAX_COUNT:
            self.report(f"{name!r} is not from {least} to {_MAX_COUNT}")
        else:
            return value
        return None

    def boolean(self, name: str) -> bool:
        value = self.values.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        self.report(f"{name!r} is {_kind(value)} instead of true or false")
        return False

    def texts(self, name: str) -> str | list[str]:
        """A text or a list of texts; an empty list if the field is neither."""
        value = self.values.get(name)
        if value is None:
            return []
        if isinstance(value, str):
            return value
        if not isinstance(value, list):
            self.report(f"{name!r} is {_kind(value)} instead of a list")
            return []
        for item in value:
            if not isinstance(item, str):
                self.report(f"{name!r} holds {_kind(item)} instead of text")
                return []
        return cast(list[str], value)

    def date(self, name: str) -> str | None:
        """A date or a time as ISO text."""
        problems: list[str] = []
        found = date_of(self.text(name), repr(name), problems)
        for problem in problems:
            self.report(problem)
        return found


def recognises(data: bytes) -> bool:
    """Whether the first line that is not blank begins an object."""
    return _FIRST_OBJECT.match(data) is not None


def parse(data: bytes, as_of: date) -> Listing:
    """Every record with a title; `as_of` has no effect, because records have full dates."""
    complaints = Complaints()
    entries = tuple(entry for record in _records(data, complaints) if (entry := _entry(record)))
    return Listing(entries, complaints.summary())


def _records(data: bytes, complaints: Complaints) -> Iterator[_Record]:
    decoded = decode(data)
    complaints.extend(decoded.problems)
    if decoded.is_broken:
        complaints.add(f"line {line_number(data, len(data))}", "the file breaks off within a character")
    for number, line, is_last in _filled_lines(decoded.text.removeprefix("\ufeff"), complaints):
        try:
            yield _Record(number, _object(line, is_last=is_last), complaints)
        except _NotAnObjectError as error:
            complaints.add(f"line {number}", str(error))


def _filled_lines(text: str, complaints: Complaints) -> Iterator[tuple[int, str, bool]]:
    """Number and text of every filled line, and whether it ends the file.

    Once complaints are only counted, lines that cannot be records are counted without reading them.
    """
    number, at = 1, 0
    while True:
        if complaints.is_full:
            number, at = _skip_untitled(text, number, at, complaints)
        filled = FILLED_LINE.search(text, at)
        if not filled:
            return
        number += text.count("\n", at, filled.start())
        start = text.rfind("\n", at, filled.start()) + 1 or at
        at = filled.end()
        yield number, text[start:at], at == len(text)


def _skip_untitled(text: str, number: int, at: int, complaints: Complaints) -> tuple[int, int]:
    """Number and position of the next line that may have a title. A line without one is one complaint in any case.

    Counting 25 million lines of junk takes seconds; reading each as JSON takes minutes.
    """
    title = _MAYBE_TITLE.search(text, at)
    end = (text.rfind("\n", at, title.start()) + 1 or at) if title else len(text)
    if filled := count_filled(text, at, end):
        last = number + text.count("\n", at, at + len(text[at:end].rstrip()))
        complaints.count(filled, f"line {last}")
    return number + text.count("\n", at, end), end


def _object(line: str, *, is_last: bool) -> dict[str, object]:
    """The object of a line. Raises _NotAnObjectError."""
    try:
        value = json.loads(line, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        cut = "the file breaks off here: " if is_last and line.lstrip().startswith("{") else ""
        raise _NotAnObjectError(f"{cut}not JSON at column {error.colno}: {error.msg}") from None
    except ValueError as error:
        raise _NotAnObjectError(f"not JSON: {error}") from None
    except RecursionError:
        raise _NotAnObjectError("nested too deeply to be a paper") from None
    if not isinstance(value, dict):
        raise _NotAnObjectError(f"{_kind(value)} instead of an object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _kind(value: object) -> str:
    """The type of a JSON value in words."""
    names = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list"}
    return "null" if value is None else names.get(type(value), "an object")


# --- A record ---------------------------------------------------------------------------------------------


def _entry(record: _Record) -> Entry | None:
    title = readable_line(record.text("title"))
    if not title:
        record.report("no title")
        return None
    abstract = readable_paragraphs(record.text("abstract"))
    if not abstract:
        record.complaints.extend([lacking(record.line, title, "has no abstract")])
    ids, version = _identity(record)
    remark = record.values.get("comment")
    return Entry(
        source=namespace(ids[0]) if ids else "jsonl",
        title=title,
        abstract=abstract,
        ids=ids,
        authors=_authors(record.texts("authors")),
        author_count=record.number("author_count"),
        categories=_categories(record.texts("categories")),
        organization=readable_line(record.text("organization")) or None,
        url=_url(record),
        version=record.number("version", least=1) or version,
        published=record.date("published"),
        updated=record.date("updated"),
        announced=record.date("announced"),
        votes=record.number("votes"),
        comments=record.number("comments"),
        withdrawn=record.boolean("withdrawn")
        or (isinstance(remark, str) and _WITHDRAWN.match(remark) is not None)
        or is_withdrawn(abstract),
    )


def _identity(record: _Record) -> tuple[tuple[str, ...], int | None]:
    """The record's own id, then the one of its DOI, and the version that the id contains."""
    ids: list[str] = []
    version: int | None = None
    if written := one_line(record.text("id")):
        found = parse_paper_id(written)
        if found is None:
            record.report(f"'id' is not an id that Paperboy can read: {written[:60]!r}")
        elif namespace(found[0]) != _EXPORTED_TITLE:
            ids.append(found[0])
            version = found[1]
    if written := one_line(record.text("doi")):
        found = parse_paper_id(written)
        if found is None or namespace(found[0]) not in {"doi", "arxiv"}:
            record.report(f"'doi' is not a DOI: {written[:60]!r}")
        else:
            ids.append(found[0])
    return tuple(dict.fromkeys(ids)), version


def _authors(written: str | list[str]) -> tuple[str, ...]:
    if isinstance(written, list):
        return tuple(filter(None, map(readable_line, written)))
    return tuple(filter(None, map(str.strip, _names(readable_line(written)))))


def _names(text: str) -> list[str]:
    """The names in `A, B and C`, in `A; B`, and in BibTeX's `Family, Given and Family, Given`."""
    if ";" in text:
        return text.split(";")
    parts = re.split(r"\band\b", text)
    if len(parts) > 1 and all(part.count(",") == 1 and not part.strip().endswith(",") for part in parts):
        return parts
    return [name for part in parts for name in part.split(",")]


def _categories(written: str | list[str]) -> tuple[str, ...]:
    names = re.split(r"[\s,;]+", written) if isinstance(written, str) else written
    return tuple(dict.fromkeys(name for name in map(one_line, names) if name))


def _url(record: _Record) -> str | None:
    """The address if it is safe to open in a browser."""
    url = one_line(record.text("url"))
    if not url or re.match(r"https?://[^\s/]", url, re.IGNORECASE):
        return url or None
    record.report(f"'url' is not a web address: {url[:60]!r}")
    return None
