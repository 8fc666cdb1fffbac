"""arXiv search results that a reader saved as plain text.

Owns that page's layout: where an entry begins, which line is what, and what is left of a cut-off entry.
Refuses to know how a page was fetched, any other layout, and what becomes of an entry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from bot.clock import iso_utc, month_number
from bot.papers.identity import namespace, parse_paper_id
from bot.papers.model import Entry, Listing, Unreadable
from bot.sources.parsing.entries import Complaints
from bot.sources.parsing.saved_pages import Line, breaks_off, lacking, page, untitled
from bot.text.plain import one_line

_HEAD_BYTES = 65_536  #: entries begin within it when this is our page at all
_LONGEST_TITLE = 1_000  #: arXiv's own are under 300 characters; more is no title
_LONGEST_NAME = 100

_ARCHIVES = (
    "astro-ph|cond-mat|cs|econ|eess|gr-qc|hep-(?:ex|lat|ph|th)|math-ph|math|nlin|nucl-(?:ex|th)"
    "|physics|q-bio|q-fin|quant-ph|stat"
)
_CATEGORY = re.compile(rf"(?:{_ARCHIVES})(?:\.[A-Za-z-]{{2,}})?")
_ID_LINE = re.compile(r"(?:\d+\.\s*)?(?P<id>arXiv:\s*\S+)(?:\s+\[[^\]]{0,80}\])?(?P<rest>.*)", re.IGNORECASE)
_DOI = re.compile(r"\bdoi:?\s+(?P<doi>10\.\S+)", re.IGNORECASE)

_AUTHORS = re.compile(r"Authors?:")
_ABSTRACT = re.compile(r"Abstract:")
_SUBMITTED = re.compile(r"Submitted \d")
_AFTER = re.compile(
    r"(?:Comments|Journal ref|Report number|doi|(?:MSC|ACM) Class):|originally announced ", re.IGNORECASE
)
_MORE = re.compile(r"▽\s*More")
_LESS = re.compile(r"△\s*Less")
_LABELS = ("Authors:", "Abstract:", "▽ More", "△ Less", "Submitted ")
_SHORTENED = "…"

_DAY = r"(\d{1,2}) ([A-Za-z]+),? (\d{4})\b"
_LAST_VERSION = re.compile(rf"\bSubmitted {_DAY}")
_FIRST_VERSION = re.compile(rf"\bv1 submitted {_DAY}")
_ANNOUNCED = re.compile(r"\boriginally announced ([A-Za-z]+),? (\d{4})\b")
_COMMENTS_WITHDRAWN = re.compile(r"Comments:.*\bwithdrawn\b", re.IGNORECASE)

_NOT_SHOWN = re.compile(r"(?:\.\.\.|et al\.?)? ?\((\d{1,5}) additional authors? not shown\)")
_AND_OTHERS = {"...", "…", "et al", "et al."}
_SUFFIXES = {"Jr", "Jr.", "Sr", "Sr.", "II", "III", "IV"}


@dataclass(frozen=True, slots=True)
class _Block:
    """One entry's lines, sorted by what they are."""

    number: int  #: line on which the entry begins
    last: int  #: line on which it ends
    head: list[Line] = field(default_factory=list)
    authors: list[Line] = field(default_factory=list)
    abstract: list[Line] = field(default_factory=list)
    tail: list[Line] = field(default_factory=list)  #: dates, remarks, references


@dataclass(frozen=True, slots=True)
class _Dates:
    published: str | None = None
    updated: str | None = None
    announced: str | None = None
    version: int | None = None


def recognises(data: bytes) -> bool:
    """Whether this is an arXiv search page: `Authors:` and `Abstract:`, or at least an entry's dash."""
    head = data[:_HEAD_BYTES].decode("utf-8", "replace").replace("\r", "\n").lstrip("\ufeff \t\n\xa0")
    if head.startswith(("<", "{", "[")):
        return False
    first_line = head.partition("\n")[0]
    if first_line.strip() == "-":
        return True
    authors = re.search(r"^[ \t]*Authors?:", head, re.MULTILINE)
    return bool(authors and re.search(r"^[ \t]*Abstract:", head[authors.end() :], re.MULTILINE))


def parse(data: bytes, as_of: date) -> Listing:
    """Every entry on the page; `as_of` is not needed, for arXiv writes its years."""
    saved = page(data)
    blocks = list(_blocks(saved.lines if saved.ended else _without_unfinished(saved.lines)))
    complaints = Complaints()
    complaints.extend(saved.problems)
    entries: list[Entry] = []
    for position, block in enumerate(blocks):
        last = position == len(blocks) - 1
        entry, found = _read(block, last=last, broken=last and saved.broken)
        complaints.extend(found)
        if entry is not None:
            entries.append(entry)
    if not blocks:
        complaints.add("line 1", "no entry of an arXiv search page begins anywhere here")
    return Listing(tuple(entries), complaints.told())


def _without_unfinished(lines: list[Line]) -> list[Line]:
    """Without a last line that is the beginning of a label, or of an author's name: it says nothing yet."""
    if len(lines) < 3 or lines[-2].text == "-":
        return lines
    last = lines[-1].text
    label = any(name != last and name.startswith(last) for name in _LABELS)
    name = not last.endswith(",") and (_AUTHORS.match(lines[-2].text) or lines[-2].text.endswith(","))
    return lines[:-1] if label or (name and len(last) < _LONGEST_NAME) else lines


# --- Where entries begin ----------------------------------------------------------------------------------


def _blocks(lines: Sequence[Line]) -> Iterator[_Block]:
    """One block an entry. Before each stands a dash, or arXiv's own numbered id line, or nothing."""
    marks = _starts(lines, _is_dash) or _starts(lines, _is_id_line) or _starts(lines, _is_before_authors)
    for start, end in pairwise([*marks, len(lines)]):
        body = start + 1 if lines[start].text == "-" else start
        if body < end or end == len(lines):  # dashes in a row are one
            yield _sorted_block(lines[start].number, lines[body:end], lines[end - 1].number)


def _starts(lines: Sequence[Line], marks: Callable[[Sequence[Line], int], bool]) -> list[int]:
    """Where entries begin; within an abstract a mark counts only when an entry's labels follow it."""
    starts: list[int] = []
    in_abstract = False
    for i, (_, text, _) in enumerate(lines):
        if marks(lines, i) and not (in_abstract and not _labels_follow(lines, i)):
            starts.append(i)
            in_abstract = False
        elif _ABSTRACT.match(text):
            in_abstract = True
        elif _SUBMITTED.match(text) or (text.endswith("Less") and _LESS.search(text[-20:])):
            in_abstract = False
    return starts


def _is_dash(lines: Sequence[Line], i: int) -> bool:
    return lines[i].text == "-"


def _is_id_line(lines: Sequence[Line], i: int) -> bool:
    return _id_line(lines[i].text) is not None


def _is_before_authors(lines: Sequence[Line], i: int) -> bool:
    return i + 1 < len(lines) and _AUTHORS.match(lines[i + 1].text) is not None


def _labels_follow(lines: Sequence[Line], i: int) -> bool:
    return any(_AUTHORS.match(line.text) for line in lines[i + 1 : i + 5])


def _id_line(text: str) -> re.Match[str] | None:
    if "arxiv:" not in text[:16].lower():
        return None
    match = _ID_LINE.fullmatch(text)
    return match if match and (parse_paper_id(match["id"]) or ("", 0))[0].startswith("arxiv:") else None


def _sorted_block(number: int, lines: Sequence[Line], last: int) -> _Block:
    block = _Block(number, last)
    current, opened = block.head, False
    for line in lines:
        text = line.text
        if current is block.head and (label := _AUTHORS.match(text)):
            current, text = block.authors, text[label.end() :].strip()
        elif current in (block.head, block.authors) and (label := _ABSTRACT.match(text)):
            current, text = block.abstract, text[label.end() :].strip()
        elif current is not block.tail and _ends_text(text, opened=opened):
            current = block.tail
        opened = opened or (current is block.abstract and _MORE.search(text) is not None)
        if text:
            current.append(line if text is line.text else Line(line.number, text))
        if current is block.abstract and opened and _LESS.search(text):
            current = block.tail
    return block


def _ends_text(text: str, *, opened: bool) -> bool:
    """Whether the dates and remarks begin here; within an opened abstract only the dates can."""
    return bool(_SUBMITTED.match(text) or (not opened and _AFTER.match(text)))


# --- What an entry says -----------------------------------------------------------------------------------


def _read(block: _Block, *, last: bool, broken: bool) -> tuple[Entry | None, list[Unreadable]]:
    """The entry, or None when it has no title, and what could not be read of it."""
    title = _title(block)
    missing = _missing(block, title) if last else ""
    if last and broken and not missing:
        missing = "its last sign"
    problems = []
    if missing:
        problems.append(breaks_off(block.last, title, missing))
    elif not title:
        problems.append(untitled(block.number))
    if not title:
        return None, problems
    entry, found = _entry(block, title, cut=bool(missing))
    return entry, problems + found


def _entry(block: _Block, title: str, *, cut: bool) -> tuple[Entry, list[Unreadable]]:
    ids, version, categories = _identity(block)
    authors, author_count = _authors(block.authors)
    abstract, shortened = _abstract(block.abstract)
    dates, impossible = _dates(one_line(" ".join(line.text for line in block.tail)), cut=cut)
    problems = [Unreadable(f"line {block.tail[0].number}", why) for why in impossible]
    if not cut and (shortened or not abstract):
        lack = "shows only the beginning of its abstract" if abstract else "has no abstract"
        problems.append(lacking(block.head[0].number, title, lack))
    arxiv_id = next((id_ for id_ in ids if namespace(id_) == "arxiv"), None)
    entry = Entry(
        source="arxiv",
        title=title,
        abstract=abstract,
        ids=ids,
        authors=authors,
        author_count=author_count,
        categories=categories,
        url=f"https://arxiv.org/abs/{arxiv_id.removeprefix('arxiv:')}" if arxiv_id else None,
        version=version or dates.version,
        published=dates.published,
        updated=dates.updated,
        announced=dates.announced,
        withdrawn=any(_COMMENTS_WITHDRAWN.match(line.text) for line in block.tail),
        cut=cut or shortened,
    )
    return entry, problems


def _title(block: _Block) -> str:
    if sum(len(line.text) for line in block.head) > _LONGEST_TITLE:
        return ""
    numbered = any(_id_line(line.text) for line in block.head)
    return one_line(" ".join(line.text for line in block.head if not (numbered and _is_about_id(line.text))))


def _is_about_id(text: str) -> bool:
    return _id_line(text) is not None or all(_CATEGORY.fullmatch(word) for word in text.split())


def _missing(block: _Block, title: str) -> str:
    """What the last entry lacks because the page breaks off; nothing when it is whole."""
    if not title:
        return "all from its title on"
    if not block.abstract:
        return "its abstract" if block.authors else "all after its title"
    statement = one_line(" ".join(line.text for line in block.tail))
    if _ANNOUNCED.search(statement) or statement.endswith("."):
        return ""
    if any(_SUBMITTED.match(line.text) for line in block.tail):
        return "part of its dates"
    closed = any(_LESS.search(line.text) for line in block.abstract)
    return "its dates" if closed else "the rest of its abstract or its dates"


def _identity(block: _Block) -> tuple[tuple[str, ...], int | None, tuple[str, ...]]:
    """Ids, version and categories, as far as the page shows them."""
    ids: list[str] = []
    version: int | None = None
    categories: list[str] = []
    for line in block.head + block.tail:
        if match := _id_line(line.text):
            id_, version = parse_paper_id(match["id"]) or ("", None)
            ids.append(id_)
            categories += _CATEGORY.findall(match["rest"].partition("doi")[0])
        elif line in block.head and ids and _is_about_id(line.text):
            categories += line.text.split()
        if (doi := _DOI.search(line.text)) and (found := parse_paper_id(doi["doi"])):
            ids.append(found[0])
    return tuple(dict.fromkeys(ids)), version, tuple(dict.fromkeys(categories))


def _authors(lines: Sequence[Line]) -> tuple[tuple[str, ...], int | None]:
    """Names in order, and how many there are when the page leaves some out."""
    text = one_line(",".join(line.text for line in lines))
    hidden = _NOT_SHOWN.search(text)
    names: list[str] = []
    for part in _NOT_SHOWN.sub("", text).split(","):
        name = part.strip()
        if name in _SUFFIXES and names:
            names[-1] = f"{names[-1]} {name}"
        elif name and name not in _AND_OTHERS:
            names.append(name)
    return tuple(names), len(names) + int(hidden[1]) if hidden else None


def _abstract(lines: Sequence[Line]) -> tuple[str, bool]:
    """The longest text of the abstract, and whether more of it exists.

    The page shows its beginning first and then the whole; where it breaks off early in the whole, the
    beginning holds more.
    """
    short, _, whole = _MORE.sub("\x00", "\n".join(line.text for line in lines), count=1).partition("\x00")
    text, _, _ = _LESS.sub("\x00", whole, count=1).partition("\x00")
    beginning = short.strip().endswith(_SHORTENED)
    longest = text if len(text.strip()) >= len(short.strip().rstrip(_SHORTENED)) else short
    paragraphs = (one_line(line) for line in longest.split("\n"))
    return "\n\n".join(filter(None, paragraphs)), beginning and longest is short


# --- Dates ------------------------------------------------------------------------------------------------


def _dates(statement: str, *, cut: bool) -> tuple[_Dates, list[str]]:
    """`Submitted 4 June, 2025; v1 submitted 26 February, 2025; originally announced February 2025.`

    Without a `v1` part this is the first version, unless the page broke off before it could name one.
    """
    problems: list[str] = []
    last, first = _LAST_VERSION.search(statement), _FIRST_VERSION.search(statement)
    announced = _ANNOUNCED.search(statement)
    updated = _day(last, problems)
    only = last is not None and first is None and not cut
    dates = _Dates(
        published=updated if only else _day(first, problems),
        updated=updated,
        announced=_month(announced, problems),
        version=1 if only else None,
    )
    return dates, problems


def _day(match: re.Match[str] | None, problems: list[str]) -> str | None:
    if match is None:
        return None
    day, month, year = match.groups()
    try:
        return date(int(year), month_number(month), int(day)).isoformat()
    except ValueError:
        problems.append(f"there is no such day as {day} {month}, {year}")
        return None


def _month(match: re.Match[str] | None, problems: list[str]) -> str | None:
    if match is None:
        return None
    month, year = match.groups()
    try:
        return iso_utc(f"{year}-{month_number(month):02}")
    except ValueError:
        problems.append(f"there is no such month as {month} {year}")
        return None
