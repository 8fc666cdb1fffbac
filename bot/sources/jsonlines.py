"""JSON Lines: one paper a line, as archives keep them and as `paperboy export` writes them.

Owns the record's fields and what may stand in each. Refuses to know other JSON documents (an array, a
service's answer) and what becomes of an entry.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NoReturn, cast

from bot.clock import iso_utc
from bot.papers.identity import namespace, parse_paper_id
from bot.papers.model import Entry, Listing
from bot.sources.arxiv.common import is_withdrawn
from bot.sources.parsing.entries import Complaints
from bot.sources.parsing.saved_pages import FILLED_LINE, count_filled, decoded, line_number
from bot.text.plain import normalize_paragraphs, one_line

_LARGEST_COUNT = 2**31 - 1  #: what an integer column of every database holds
_FIRST_OBJECT = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{")
_MAYBE_TITLE = re.compile(r'"title"|\\u')  #: JSON may write any letter with its code
_WITHDRAWN = re.compile(r"\W*withdrawn\b|.*\b(?:has|have) been withdrawn\b", re.IGNORECASE | re.DOTALL)
_NO_ID = {"title"}  #: `title:...` is how an export names a paper without an id


class _NoObjectError(Exception):
    """A line holds no object; the message says what stands there."""


@dataclass(frozen=True, slots=True)
class _Record:
    """One line's object, asked field by field; null counts as absent, and what is wrong is reported."""

    where: str
    values: dict[str, object]
    report: Complaints

    def wrong(self, why: str) -> None:
        self.report.add(self.where, why)

    def text(self, name: str) -> str:
        """The field as written, or nothing when it is absent or no text."""
        value = self.values.get(name)
        if value is None or isinstance(value, str):
            return value or ""
        self.wrong(f"{name!r} is {_kind(value)} instead of text")
        return ""

    def number(self, name: str, least: int = 0) -> int | None:
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(f"{name!r} is {_kind(value)} instead of a whole number")
        elif not least <= value <= _LARGEST_COUNT:
            self.wrong(f"{name!r} is not from {least} to {_LARGEST_COUNT}")
        else:
            return value
        return None

    def truth(self, name: str) -> bool:
        value = self.values.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        self.wrong(f"{name!r} is {_kind(value)} instead of true or false")
        return False

    def texts(self, name: str) -> str | list[str]:
        """A text, or a list of texts; an empty list when the field is neither."""
        value = self.values.get(name)
        if value is None:
            return []
        if isinstance(value, str):
            return value
        if not isinstance(value, list):
            self.wrong(f"{name!r} is {_kind(value)} instead of a list")
            return []
        odd = next((item for item in value if not isinstance(item, str)), None)
        if odd is not None or None in value:
            self.wrong(f"{name!r} holds {_kind(odd)} instead of text")
            return []
        return cast(list[str], value)

    def moment(self, name: str) -> str | None:
        """A date as ISO text."""
        written = self.text(name).strip()
        if not written:
            return None
        try:
            return iso_utc(written)
        except (ValueError, OverflowError):  # overflow: a time zone that leads out of the years 1 to 9999
            self.wrong(f"{name!r} is no date: {written[:40]!r}")
            return None


def recognises(data: bytes) -> bool:
    """Whether the first line that is not blank begins an object."""
    return _FIRST_OBJECT.match(data) is not None


def parse(data: bytes, as_of: date) -> Listing:
    """Every record with a title; `as_of` is not needed, for records write their years."""
    report = Complaints()
    entries = tuple(entry for record in _records(data, report) if (entry := _entry(record)) is not None)
    return Listing(entries, report.told())


def _records(data: bytes, report: Complaints) -> Iterator[_Record]:
    saved = decoded(data)
    report.extend(saved.problems)
    if saved.broken:
        report.add(f"line {line_number(data, len(data))}", "the file breaks off within a character")
    for number, line, last in _filled_lines(saved.text.removeprefix("\ufeff"), report):
        where = f"line {number}"
        try:
            yield _Record(where, _object(line, last=last), report)
        except _NoObjectError as error:
            report.add(where, str(error))


def _filled_lines(text: str, report: Complaints) -> Iterator[tuple[int, str, bool]]:
    """Number and text of every filled line, and whether it ends the file.

    Once further complaints are only counted, so are the lines that can only be complained of.
    """
    number, at = 1, 0
    while True:
        if report.full:
            number, at = _pass_over(text, number, at, report)
        filled = FILLED_LINE.search(text, at)
        if not filled:
            return
        number += text.count("\n", at, filled.start())
        start = text.rfind("\n", at, filled.start()) + 1 or at
        at = filled.end()
        yield number, text[start:at], at == len(text)


def _pass_over(text: str, number: int, at: int, report: Complaints) -> tuple[int, int]:
    """To the next line that may have a title: without one, a line is one complaint, whatever it holds.

    To count 25 million lines of junk takes seconds, to read each as JSON minutes.
    """
    title = _MAYBE_TITLE.search(text, at)
    end = (text.rfind("\n", at, title.start()) + 1 or at) if title else len(text)
    if filled := count_filled(text, at, end):
        last = number + text.count("\n", at, at + len(text[at:end].rstrip()))
        report.count(filled, f"line {last}")
    return number + text.count("\n", at, end), end


def _object(line: str, *, last: bool) -> dict[str, object]:
    """The object of a line. Raises _NoObjectError that says what stands there instead."""
    try:
        value = json.loads(line, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        cut = "the file breaks off here: " if last and line.lstrip().startswith("{") else ""
        raise _NoObjectError(f"{cut}no JSON at column {error.colno}: {error.msg}") from None
    except ValueError as error:
        raise _NoObjectError(f"no JSON: {error}") from None
    except RecursionError:
        raise _NoObjectError("nested too deeply to be a paper") from None
    if not isinstance(value, dict):
        raise _NoObjectError(f"{_kind(value)} instead of an object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _kind(value: object) -> str:
    """What JSON calls a value."""
    names = {bool: "a truth value", int: "a number", float: "a number", str: "text", list: "a list"}
    return "null" if value is None else names.get(type(value), "an object")


# --- A record ---------------------------------------------------------------------------------------------


def _entry(record: _Record) -> Entry | None:
    title = one_line(record.text("title"))
    if not title:
        record.wrong("no title")
        return None
    abstract = normalize_paragraphs(record.text("abstract"))
    if not abstract:
        record.wrong(f'"{title[:60]}" has no abstract')
    ids, version = _identity(record)
    return Entry(
        source=namespace(ids[0]) if ids else "jsonl",
        title=title,
        abstract=abstract,
        ids=ids,
        authors=_authors(record.texts("authors")),
        author_count=record.number("author_count"),
        categories=_categories(record.texts("categories")),
        organization=one_line(record.text("organization")) or None,
        url=_url(record),
        version=record.number("version", least=1) or version,
        published=record.moment("published"),
        updated=record.moment("updated"),
        announced=record.moment("announced"),
        votes=record.number("votes"),
        comments=record.number("comments"),
        withdrawn=record.truth("withdrawn")
        or _says_withdrawn(record.values.get("comment"))
        or is_withdrawn(abstract),
    )


def _identity(record: _Record) -> tuple[tuple[str, ...], int | None]:
    """The record's own id, then its DOI's; the version is what the id says."""
    ids: list[str] = []
    version: int | None = None
    if written := one_line(record.text("id")):
        found = parse_paper_id(written)
        if found is None:
            record.wrong(f"'id' is no id that can be read: {written[:60]!r}")
        elif namespace(found[0]) not in _NO_ID:
            ids.append(found[0])
            version = found[1]
    if written := one_line(record.text("doi")):
        found = parse_paper_id(written)
        if found is None or namespace(found[0]) not in {"doi", "arxiv"}:
            record.wrong(f"'doi' is no DOI: {written[:60]!r}")
        else:
            ids.append(found[0])
    return tuple(dict.fromkeys(ids)), version


def _authors(written: str | list[str]) -> tuple[str, ...]:
    names = _names(written) if isinstance(written, str) else written
    return tuple(name for name in map(one_line, names) if name)


def _names(text: str) -> list[str]:
    """The names in `A, B and C`, in `A; B`, and in BibTeX's `Family, Given and Family, Given`."""
    if ";" in text:
        return text.split(";")
    parts = re.split(r"\band\b", one_line(text))
    if len(parts) > 1 and all(part.count(",") == 1 and not part.strip().endswith(",") for part in parts):
        return parts
    return [name for part in parts for name in part.split(",")]


def _categories(written: str | list[str]) -> tuple[str, ...]:
    names = re.split(r"[\s,;]+", written) if isinstance(written, str) else written
    return tuple(dict.fromkeys(name for name in map(one_line, names) if name))


def _url(record: _Record) -> str | None:
    """The address when a browser may safely be sent there."""
    url = one_line(record.text("url"))
    if not url or re.match(r"https?://[^\s/]", url, re.IGNORECASE):
        return url or None
    record.wrong(f"'url' is no web address: {url[:60]!r}")
    return None


def _says_withdrawn(remark: object) -> bool:
    """Whether the authors' remark says that the paper is taken back (arXiv help: withdraw)."""
    return isinstance(remark, str) and _WITHDRAWN.match(remark) is not None
