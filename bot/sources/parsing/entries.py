"""The rules that entries of every source follow, and how problems with an answer are reported.

Does not depend on any service or format.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bot.clock import iso_utc
from bot.papers.model import Entry, Listing, Unreadable
from bot.text.plain import one_line

MAX_UNREADABLE = 100  #: per listing, so that a thoroughly broken answer does not fill a log or a database
_QUOTED_LENGTH = 80  #: characters of a source's text that a message quotes
_ANSWER = "the answer"

#: What may come before a page's first element. Atomic and possessive, so that a hostile prolog of many comments
#: does not cause exponential backtracking.
PROLOG = rb"(?:\xef\xbb\xbf)?(?>\s|<\?.*?\?>|<!--.*?-->)*+"
_HTML = re.compile(PROLOG + rb"<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_HTML_TITLE = re.compile(rb"<title\b[^>]*>([^<]*)", re.IGNORECASE)


# --- Entries and problems ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Draft:
    """One entry as its parser read it, before the rules that all entries follow are applied."""

    entry: Entry  #: its title may still be empty; `cut` when the answer breaks off inside it
    problems: tuple[str, ...] = ()  #: what could not be read of it


@dataclass(slots=True)
class Complaints:
    """Collects what could not be read: the first MAX_UNREADABLE in full, the others as a number."""

    subject: str = ""  #: what the others are reported about; if empty, the place of the last of them
    kept: list[Unreadable] = field(default_factory=list)
    others: int = 0
    last: str = ""  #: place of the newest of the others

    def add(self, where: str, why: str) -> None:
        self.extend((Unreadable(where, why),))

    def extend(self, problems: Iterable[Unreadable]) -> None:
        for problem in problems:
            if self.is_full:
                self.count(1, problem.where)
            else:
                self.kept.append(problem)

    @property
    def is_full(self) -> bool:
        """Whether further complaints are only counted."""
        return len(self.kept) >= MAX_UNREADABLE

    def count(self, number: int, last: str) -> None:
        self.others, self.last = self.others + number, last

    def summary(self) -> tuple[Unreadable, ...]:
        """At most MAX_UNREADABLE complaints; the last one counts those that are left out."""
        if not self.others:
            return tuple(self.kept)
        more = f"{self.others + 1} more"
        rest = f"{more} problems like these" if self.subject else f"{more} up to here"
        return (*self.kept[:-1], Unreadable(self.subject or self.last, rest))


def listing(drafts: Iterable[Draft], problems: Iterable[Unreadable] = (), *, word: str = "entry") -> Listing:
    """The entries that can be kept, and all complaints: the `problems` of the answer as a whole come first.

    An entry without a title is left out, and so is one in which the answer breaks off; one without an abstract
    is kept. Each of these is reported. `word`: what the service calls an entry.
    """
    entries: list[Entry] = []
    complaints = Complaints(_ANSWER)
    complaints.extend(problems)
    incomplete = any(not problem.empty for problem in complaints.kept)
    for number, draft in enumerate(drafts, start=1):
        entry = draft.entry
        where = _place(word, number, entry)
        complaints.extend(Unreadable(where, why) for why in (*draft.problems, *_missing(entry)))
        if entry.title and not entry.cut:
            entries.append(entry)
    return Listing(tuple(entries), complaints.summary(), incomplete=incomplete)


def _missing(entry: Entry) -> tuple[str, ...]:
    if entry.cut:
        return ("the answer breaks off inside it: left out",)
    if not entry.title:
        return ("no title: left out",)
    return () if entry.abstract else ("no abstract",)


def _place(word: str, number: int, entry: Entry) -> str:
    """`entry 3 (arxiv:2502.19402)`, or with the beginning of the title when there is no id."""
    name = entry.ids[0] if entry.ids else quoted(entry.title) if entry.title else ""
    return f"{word} {number} ({name})" if name else f"{word} {number}"


def broken(why: str, where: str = _ANSWER, *, empty: bool = False) -> Unreadable:
    """A complaint about an answer as a whole; `empty`: it is well-formed but has no entries."""
    return Unreadable(where, why, empty)


def quoted(text: str) -> str:
    """A source's text in quotation marks, on one line and at most _QUOTED_LENGTH characters long."""
    line = one_line(text)
    return f'"{line}"' if len(line) <= _QUOTED_LENGTH else f'"{line[: _QUOTED_LENGTH - 1]}…"'


def date_of(text: str, name: str, problems: list[str], read: Callable[[str], str] = iso_utc) -> str | None:
    """A date as ISO text; None if there is none, or if it is impossible, which is added to `problems`."""
    if not text.strip():
        return None
    try:
        return read(text)
    except (ValueError, OverflowError):  # OverflowError: a time zone that leads out of the years 1 to 9999
        problems.append(f"{name} {quoted(text)} is not a date")
        return None


def html_instead(data: bytes, expected: str) -> Unreadable | None:
    """The complaint if a service answers with a web page, as overloaded services and captive portals do."""
    if not _HTML.match(data):
        return None
    title = _HTML_TITLE.search(data)
    text = one_line(html.unescape(title[1].decode("utf-8", "replace"))) if title else ""
    return broken(f"an HTML page where {expected} was expected" + (f": {quoted(text)}" if text else ""))
