"""What all sources do alike with an answer, whatever its format.

Owns the rules that every entry has to meet, how a person is told where something could not be read, and how
a base URL becomes an endpoint. Refuses to know any service or format.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bot.clock import iso_utc
from bot.papers.model import Entry, Listing, Unreadable
from bot.text.plain import one_line

MOST_UNREADABLE = 100  #: of one listing: a thoroughly broken answer shall not fill a log or a database
_SHOWN = 80  #: characters of somebody else's text quoted in a complaint
_ANSWER = "the answer"

#: The prolog that may stand before a page's first element. Atomic and possessive: a hostile prolog of many
#: comments must not make it try every way to pair them up.
PROLOG = rb"(?:\xef\xbb\xbf)?(?>\s|<\?.*?\?>|<!--.*?-->)*+"
_HTML = re.compile(PROLOG + rb"<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_HTML_TITLE = re.compile(rb"<title\b[^>]*>([^<]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Draft:
    """One entry as its source read it, before the rules that hold for all of them."""

    entry: Entry  #: its title may be empty still; `cut` when the answer broke off inside it
    wrong: tuple[str, ...] = ()  #: what about it could not be read


@dataclass(slots=True)
class Complaints:
    """What could not be read so far. The first ones tell what is wrong; the rest are only counted."""

    whole: str = ""  #: what the rest is said about; without it, the place of the last of them
    first: list[Unreadable] = field(default_factory=list)  #: at most MOST_UNREADABLE
    more: int = 0  #: those beyond
    last: str = ""  #: where the newest of those beyond is

    def add(self, where: str, why: str) -> None:
        self.extend((Unreadable(where, why),))

    def extend(self, problems: Iterable[Unreadable]) -> None:
        for problem in problems:
            if len(self.first) < MOST_UNREADABLE:
                self.first.append(problem)
            else:
                self.count(1, problem.where)

    @property
    def full(self) -> bool:
        """Whether all further ones are only counted."""
        return len(self.first) >= MOST_UNREADABLE

    def count(self, number: int, last: str) -> None:
        self.more, self.last = self.more + number, last

    def told(self) -> tuple[Unreadable, ...]:
        """At most MOST_UNREADABLE, the last of which stands for all that there is no room for."""
        if not self.more:
            return tuple(self.first)
        *kept, _ = self.first
        many = f"{self.more + 1} more"
        rest = f"{many} problems like these" if self.whole else f"{many} up to here"
        return (*kept, Unreadable(self.whole or self.last, rest))


def listing(drafts: Iterable[Draft], problems: Iterable[Unreadable] = (), *, word: str = "entry") -> Listing:
    """The entries fit to keep, and everything to complain about: the answer's own `problems` first.

    `word` is what the service calls an entry. An entry without a title is left out, as is one in whose middle
    the answer breaks off; one without an abstract is kept. Nothing is left out in silence.
    """
    entries: list[Entry] = []
    complaints = Complaints(_ANSWER)
    complaints.extend(problems)
    for number, draft in enumerate(drafts, start=1):
        where = _place(word, number, draft.entry)
        complaints.extend(Unreadable(where, why) for why in (*draft.wrong, *_lacks(draft.entry)))
        if draft.entry.title and not draft.entry.cut:
            entries.append(draft.entry)
    return Listing(tuple(entries), complaints.told())


def _lacks(entry: Entry) -> Iterator[str]:
    if entry.cut:
        yield "the answer breaks off inside it: left out"
    elif not entry.title:
        yield "no title: left out"
    elif not entry.abstract:
        yield "no abstract"


def _place(word: str, number: int, entry: Entry) -> str:
    """`entry 3 (arxiv:2502.19402)`, or with the title's beginning when there is no id."""
    name = entry.ids[0] if entry.ids else quoted(entry.title) if entry.title else ""
    return f"{word} {number} ({name})" if name else f"{word} {number}"


def broken(why: str, where: str = _ANSWER, *, empty: bool = False) -> Unreadable:
    """A complaint about an answer as a whole; `empty`: it is sound, but holds nothing."""
    return Unreadable(where, why, empty)


def quoted(text: str) -> str:
    """Somebody else's text, short and on one line, in quotation marks."""
    line = one_line(text)
    return f'"{line}"' if len(line) <= _SHOWN else f'"{line[: _SHOWN - 1]}…"'


def date_of(text: str, what: str, wrong: list[str], read: Callable[[str], str] = iso_utc) -> str | None:
    """A date as ISO text, or None; an impossible one goes into `wrong`, a missing one is no fault."""
    if not text.strip():
        return None
    try:
        return read(text)
    except (ValueError, OverflowError):  # overflow: a time zone that leads out of the years 1 to 9999
        wrong.append(f"{what} {quoted(text)} is no date")
        return None


def html_instead(data: bytes, expected: str) -> Unreadable | None:
    """The complaint when a service answers with a web page, as overloaded ones and captive portals do."""
    if not _HTML.match(data):
        return None
    title = _HTML_TITLE.search(data)
    text = one_line(html.unescape(title[1].decode("utf-8", "replace"))) if title else ""
    return broken(f"an HTML page where {expected} was expected" + (f": {quoted(text)}" if text else ""))


def endpoint(base_url: str, path: str) -> str:
    """`base_url` with `path` when it names only a host, else as it is; without a slash at its end."""
    base = base_url.strip().rstrip("/")
    return base if urlsplit(base).path else base + path


def chunks(
    items: Iterable[str], most: int, room: int, size: Callable[[str], int] = len
) -> Iterator[list[str]]:
    """`items` in order, in groups of at most `most` whose sizes add up to at most `room`; none is dropped."""
    group: list[str] = []
    used = 0
    for item in items:
        if group and (len(group) == most or used + size(item) > room):
            yield group
            group, used = [], 0
        group.append(item)
        used += size(item)
    if group:
        yield group
