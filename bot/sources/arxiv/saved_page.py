"""arXiv search results that a reader saved as plain text: the layout of that page, whole or cut off."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from bot.clock import iso_utc, month_number
from bot.papers.identity import parse_paper_id
from bot.papers.model import Entry, Listing, Unreadable
from bot.sources.arxiv.common import SOURCE, abstract_url
from bot.sources.parsing.entries import Complaints
from bot.sources.parsing.saved_pages import Line, breaks_off, lacking, read_page, untitled
from bot.text.plain import one_line
from bot.text.readable import readable_line, readable_paragraphs

_HEAD_BYTES = 65_536  #: a page of this form has its first entry within them
_MAX_TITLE = 1_000  #: characters; arXiv's titles have fewer than 300
_MAX_NAME = 100

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
_REMARKS = re.compile(
    r"(?:Comments|Journal ref|Report number|doi|(?:MSC|ACM) Class):|originally announced ", re.IGNORECASE
)
_MORE = re.compile(r"▽\s*More")
_LESS = re.compile(r"△\s*Less")
_LABELS = ("Authors:", "Abstract:", "▽ More", "△ Less", "Submitted ")
_ELLIPSIS = "…"

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
    """The lines of one entry, by their meaning."""

    first: int  #: number of its first line
    last: int  #: number of its last line
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
    """Whether this is an arXiv search page: it has `Authors:` and `Abstract:`, or at least begins with a dash."""
    head = data[:_HEAD_BYTES].decode("utf-8", "replace").replace("\r", "\n").lstrip("\ufeff \t\n\xa0")
    if head.startswith(("<", "{", "[")):
        return False
    if head.partition("\n")[0].strip() == "-":
        return True
    authors = re.search(r"^[ \t]*Authors?:", head, re.MULTILINE)
    return bool(authors and re.search(r"^[ \t]*Abstract:", head[authors.end() :], re.MULTILINE))


def parse(data: bytes, as_of: date) -> Listing:
    """Every entry on the page; `as_of` has no effect, because arXiv writes full dates."""
    page = read_page(data)
    blocks = list(_blocks(page.lines if page.has_ended else _without_incomplete(page.lines)))
    complaints = Complaints()
    complaints.extend(page.problems)
    entries: list[Entry] = []
    for block in blocks:
        title, missing = _title(block), ""
        if block is blocks[-1]:
            missing = _missing(block, title) or ("its last character" if page.is_broken else "")
        if missing:
            complaints.extend([breaks_off(block.last, title, missing)])
        elif not title:
            complaints.extend([untitled(block.first)])
        if title:
            entry, problems = _entry(block, title, cut=bool(missing))
            complaints.extend(problems)
            entries.append(entry)
    if not blocks:
        complaints.add("line 1", "no entry of an arXiv search page begins in this file")
    return Listing(tuple(entries), complaints.summary())


def _without_incomplete(lines: list[Line]) -> list[Line]:
    """Without a last line that may be the beginning of a label or of an author's name."""
    if len(lines) < 3 or lines[-2].text == "-":
        return lines
    last, previous = lines[-1].text, lines[-2].text
    is_label = any(name != last and name.startswith(last) for name in _LABELS)
    is_name = not last.endswith(",") and (_AUTHORS.match(previous) or previous.endswith(","))
    return lines[:-1] if is_label or (is_name and len(last) < _MAX_NAME) else lines


# --- Where entries begin ----------------------------------------------------------------------------------


def _blocks(lines: Sequence[Line]) -> Iterator[_Block]:
    """One block per entry. An entry begins with a dash, or with arXiv's numbered id line, or without any mark."""
    dashes = {i for i, line in enumerate(lines) if line.text == "-"}
    id_lines = {i for i, line in enumerate(lines) if _match_id_line(line.text)}
    titles = {i - 1 for i, line in enumerate(lines) if i and _AUTHORS.match(line.text)}
    starts = _starts(lines, dashes) or _starts(lines, id_lines) or _starts(lines, titles)
    for start, end in pairwise([*starts, len(lines)]):
        body = start + 1 if lines[start].text == "-" else start
        if body < end or end == len(lines):  # several dashes in a row are one
            yield _block(lines[start].number, lines[body:end], lines[end - 1].number)


def _starts(lines: Sequence[Line], marks: Set[int]) -> list[int]:
    """The marks at which entries begin. Within an abstract, a mark counts only if `Authors:` follows soon."""
    starts: list[int] = []
    in_abstract = False
    for i, (_, text, _) in enumerate(lines):
        next_lines = lines[i + 1 : i + 5]
        if i in marks and (not in_abstract or any(_AUTHORS.match(line.text) for line in next_lines)):
            starts.append(i)
            in_abstract = False
        elif _ABSTRACT.match(text):
            in_abstract = True
        elif _SUBMITTED.match(text) or (text.endswith("Less") and _LESS.search(text[-20:])):
            in_abstract = False
    return starts


def _match_id_line(text: str) -> re.Match[str] | None:
    if "arxiv:" not in text[:16].lower():
        return None
    match = _ID_LINE.fullmatch(text)
    return match if match and (parse_paper_id(match["id"]) or ("", 0))[0].startswith("arxiv:") else None


def _block(first: int, lines: Sequence[Line], last: int) -> _Block:
    block = _Block(first, last)
    current, is_unfolded = block.head, False
    for line in lines:
        text = line.text
        if current is block.head and (label := _AUTHORS.match(text)):
            current, text = block.authors, text[label.end() :].strip()
        elif current in (block.head, block.authors) and (label := _ABSTRACT.match(text)):
            current, text = block.abstract, text[label.end() :].strip()
        elif current is not block.tail and (
            # Within an unfolded abstract, a line that looks like a remark is part of it.
            _SUBMITTED.match(text) or (not is_unfolded and _REMARKS.match(text))
        ):
            current = block.tail
        is_unfolded = is_unfolded or (current is block.abstract and _MORE.search(text) is not None)
        if text:
            current.append(line if text is line.text else Line(line.number, text))
        if current is block.abstract and is_unfolded and _LESS.search(text):
            current = block.tail
    return block


# --- What an entry contains -------------------------------------------------------------------------------


def _entry(block: _Block, title: str, *, cut: bool) -> tuple[Entry, list[Unreadable]]:
    """The entry, and what could not be read of it."""
    ids, version, categories = _identity(block)
    authors, author_count = _authors(block.authors)
    abstract, is_shortened = _abstract(block.abstract)
    problems: list[str] = []
    dates = _dates(_join(block.tail), problems, cut=cut)
    unreadable = [Unreadable(f"line {block.tail[0].number}", why) for why in problems]
    if not cut and (is_shortened or not abstract):
        problem = "shows only the beginning of its abstract" if abstract else "has no abstract"
        unreadable.append(lacking(block.head[0].number, title, problem))
    entry = Entry(
        SOURCE,
        title=title,
        abstract=abstract,
        ids=ids,
        authors=authors,
        author_count=author_count,
        categories=categories,
        url=abstract_url(ids),
        version=version or dates.version,
        published=dates.published,
        updated=dates.updated,
        announced=dates.announced,
        withdrawn=any(_COMMENTS_WITHDRAWN.match(line.text) for line in block.tail),
        cut=cut or is_shortened,
    )
    return entry, unreadable


def _join(lines: Sequence[Line]) -> str:
    return one_line(" ".join(line.text for line in lines))


def _title(block: _Block) -> str:
    """The title; an empty text if there is none."""
    if sum(len(line.text) for line in block.head) > _MAX_TITLE:
        return ""
    has_id = any(_match_id_line(line.text) for line in block.head)
    return readable_line(_join([line for line in block.head if not (has_id and _is_about_id(line.text))]))


def _is_about_id(text: str) -> bool:
    return _match_id_line(text) is not None or all(_CATEGORY.fullmatch(word) for word in text.split())


def _missing(block: _Block, title: str) -> str:
    """What the last entry lacks because the page breaks off; an empty text if it is complete."""
    if not title:
        return "everything from its title on"
    if not block.abstract:
        return "its abstract" if block.authors else "everything after its title"
    dates = _join(block.tail)
    if _ANNOUNCED.search(dates) or dates.endswith("."):
        return ""
    if any(_SUBMITTED.match(line.text) for line in block.tail):
        return "part of its dates"
    is_closed = any(_LESS.search(line.text) for line in block.abstract)
    return "its dates" if is_closed else "the rest of its abstract or its dates"


def _identity(block: _Block) -> tuple[tuple[str, ...], int | None, tuple[str, ...]]:
    """Ids, version and categories, as far as the page shows them."""
    ids: list[str] = []
    version: int | None = None
    categories: list[str] = []
    for line in block.head + block.tail:
        if match := _match_id_line(line.text):
            id_, version = parse_paper_id(match["id"]) or ("", None)
            ids.append(id_)
            categories += _CATEGORY.findall(match["rest"].partition("doi")[0])
        elif line in block.head and ids and _is_about_id(line.text):
            categories += line.text.split()
        if (doi := _DOI.search(line.text)) and (found := parse_paper_id(doi["doi"])):
            ids.append(found[0])
    return tuple(dict.fromkeys(ids)), version, tuple(dict.fromkeys(categories))


def _authors(lines: Sequence[Line]) -> tuple[tuple[str, ...], int | None]:
    """Names in order, and their number if the page leaves some out."""
    text = readable_line(",".join(line.text for line in lines))
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
    """The longest text of the abstract, and whether it is only the beginning.

    The page has first the beginning and then the whole text; if it breaks off early in the whole text, the
    beginning is longer.
    """
    beginning, _, rest = _MORE.sub("\x00", "\n".join(line.text for line in lines), count=1).partition("\x00")
    whole, _, _ = _LESS.sub("\x00", rest, count=1).partition("\x00")
    is_shortened = len(whole.strip()) < len(beginning.strip().rstrip(_ELLIPSIS))
    longest = beginning if is_shortened else whole
    is_shortened = is_shortened and beginning.strip().endswith(_ELLIPSIS)
    return readable_paragraphs(longest.replace("\n", "\n\n")), is_shortened


# --- Dates ------------------------------------------------------------------------------------------------


def _dates(text: str, problems: list[str], *, cut: bool) -> _Dates:
    """`Submitted 4 June, 2025; v1 submitted 26 February, 2025; originally announced February 2025.`

    Without a `v1` part this is the first version, unless the page breaks off before that part.
    """
    last, first = _LAST_VERSION.search(text), _FIRST_VERSION.search(text)
    updated = _iso(last, problems)
    is_first = last is not None and first is None and not cut
    return _Dates(
        published=updated if is_first else _iso(first, problems),
        updated=updated,
        announced=_iso(_ANNOUNCED.search(text), problems),
        version=1 if is_first else None,
    )


def _iso(match: re.Match[str] | None, problems: list[str]) -> str | None:
    """The day or month as ISO text; an impossible one is added to `problems`."""
    if match is None:
        return None
    *day, month, year = match.groups()
    try:
        return iso_utc("-".join([year, f"{month_number(month):02}", *(number.zfill(2) for number in day)]))
    except ValueError:
        what = f"day as {day[0]} {month}, {year}" if day else f"month as {month} {year}"
        problems.append(f"there is no such {what}")
        return None
