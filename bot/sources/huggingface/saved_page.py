"""Hugging Face Daily Papers pages that a reader saved as plain text.

Owns that page's layout: its header, the lines that end an entry, and the telling of titles from paragraphs.
Refuses to know how a page was fetched, any other layout, and what becomes of an entry.

An entry is a title, its abstract, and meta lines: `• 13 authors` or an organisation, `·`, `Sep 22, 2025 5`. The
meta lines end most entries, but readers lose them for some (about 5 in 100 on real pages), and on some pages for
all. What follows an abstract without them is the next title or one more paragraph, and only its look can tell:

- a title stands apart, is short (the longest of 13,505 arXiv titles of May 2026 has 192 characters), does not end
  like a sentence (none of them ends with a full stop), and an abstract follows it;
- a paragraph ends with a stop or a colon, is long, begins as a list or with words such as "We" or "Our", or names
  an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from bot.clock import infer_year, month_number
from bot.papers.model import Entry, Listing, Unreadable
from bot.sources.parsing.entries import Complaints
from bot.sources.parsing.saved_pages import Line, breaks_off, lacking, page, untitled
from bot.text.plain import fold, one_line

_HEAD_BYTES = 65_536  #: the header and the first entry's end stand within it
_LONGEST_TITLE = 300
_LONGEST_ORGANIZATION = 120

_HEADER = (
    "new",
    "Get trending papers in your email inbox!",
    "Subscribe",
    "Daily Papers",
    "byAK and the research community",
    "by AK and the research community",
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HEADING_DATE = re.compile(rf"(?:{'|'.join(_MONTHS)})[a-z]{{0,6}}\.? \d{{1,2}},? ?\d{{0,4}}")
_PAGE = re.compile(
    r"^[^\S\n]*(?:by ?AK and the research community|Get trending papers in your email inbox!)[^\S\n]*\r?$"
    r"|^[^\S\n]*•[^\S\n]*\d+[^\S\n]+author(?:s|\(s\))?[^\S\n]*\r?\n+[^\S\n]*·[^\S\n]*\r?$",
    re.MULTILINE,
)

_AUTHORS = re.compile(r"•\s*(\d{1,6})\s+author(?:s|\(s\))?")
_AUTHORS_CUT = re.compile(r"•\s*(?:\d{1,6}\s*(?:a|au|aut|auth|autho)?)?")
_DOT = "·"
_DATE = re.compile(
    r"(?P<month>[A-Za-z]{3,9})\.? (?P<day>\d{1,2})(?:, (?P<year>\d{4}))?(?: (?P<comments>\d{1,6}))?"
)

_CLOSING = "\"'”’)]}$*"
_ENDS_SENTENCE = (".", "!", "?")
_GOES_ON = (":", ",")
_ENDS_PARAGRAPH = (".", ":", ";", ",", "…")
_BEGINS_PARAGRAPH = re.compile(
    r"[•*–-]\s|\(?\d{1,2}[.)]\s|\([ivx]{1,4}\)\s"
    r"|(?:We|Our|However,|Moreover,|Furthermore,|Finally,|Additionally,|In this (?:paper|work),?|This (?:paper|work)"
    r"|The code|Code (?:is|and)|Project page)\s"
)
_SECTIONS = {
    "background",
    "objective",
    "purpose",
    "methods",
    "results",
    "conclusion",
    "conclusions",
    "summary",
}


@dataclass(frozen=True, slots=True)
class _Meta:
    """The lines that end an entry."""

    number: int
    authors: int | None = None
    organization: str | None = None
    day: str | None = None  #: as written; None when the page does not show it
    comments: int | None = None


@dataclass(frozen=True, slots=True)
class _Draft:
    """One entry's lines."""

    lines: tuple[Line, ...]  #: the title and then the abstract's paragraphs; without a title only these
    meta: _Meta | None = None
    dangling: bool = False  #: a last line follows that may be an organisation or a title, too short to tell

    @property
    def title(self) -> str:
        if not self.lines or len(self.lines[0].text) > _LONGEST_TITLE:
            return ""
        text = one_line(self.lines[0].text)
        return "" if self.meta and len(self.lines) == 1 and text.endswith(".") else text

    @property
    def paragraphs(self) -> tuple[Line, ...]:
        return self.lines[1:] if self.title else self.lines

    @property
    def number(self) -> int:
        return self.lines[0].number if self.lines else self.meta.number if self.meta else 0


def recognises(data: bytes) -> bool:
    """Whether this is a Daily Papers page: by its header, or by an entry's meta lines."""
    return _PAGE.search(data[:_HEAD_BYTES].decode("utf-8", "replace").replace("\xa0", " ")) is not None


def parse(data: bytes, as_of: date) -> Listing:
    """Every entry on the page; dates without a year are the newest such days that are not after `as_of`."""
    if not recognises(data):
        return Listing((), (Unreadable("line 1", "this is no Daily Papers page"),))
    saved = page(data)
    lines = _without_header(_with_blank_lines(saved.lines))
    drafts = _drafts(lines)
    cut, missing = _break(drafts, ended=saved.ended)
    complaints = Complaints()
    complaints.extend(saved.problems)
    if drafts and (missing or saved.broken):
        complaints.extend([breaks_off(lines[-1].number, drafts[-1].title, missing or "its last sign")])
    entries: list[Entry] = []
    for position, draft in enumerate(drafts):
        last = position == len(drafts) - 1
        entry, found = _entry(draft, as_of, cut=last and (cut or saved.broken))
        complaints.extend(found)
        if entry is not None:
            entries.append(entry)
    return Listing(tuple(entries), complaints.told())


def _with_blank_lines(lines: list[Line]) -> list[Line]:
    """The lines as they are, or all apart when the page was saved without its blank lines."""
    if any(line.apart for line in lines[1:]):
        return lines
    return [line._replace(apart=True) for line in lines]


def _without_header(lines: Sequence[Line]) -> Sequence[Line]:
    """From the first title on; the header's last line may be cut off."""
    for i, (_, text, _) in enumerate(lines):
        last = i == len(lines) - 1
        cut_off = last and any(whole.startswith(text) for whole in (*_HEADER, *_MONTHS))
        if text not in _HEADER and not _HEADING_DATE.fullmatch(text) and not cut_off:
            return lines[i:]
    return ()


# --- Where entries begin and end --------------------------------------------------------------------------


def _drafts(lines: Sequence[Line]) -> list[_Draft]:
    drafts: list[_Draft] = []
    for run, meta in _runs(lines):
        if meta:
            *bare, closed = _groups(run) or [[]]
            drafts += [_Draft(tuple(group)) for group in bare]
            drafts.append(_Draft(tuple(closed), meta))
        elif not (drafts and _is_footer(run)):
            loose = not drafts or any(draft.meta is None for draft in drafts)
            drafts += _last_drafts(run, loose=loose, metaless=not drafts)
    return drafts


def _runs(lines: Sequence[Line]) -> Iterator[tuple[list[Line], _Meta | None]]:
    """The text lines up to each entry's meta lines, with those; at the end perhaps without."""
    run: list[Line] = []
    i = 0
    while i < len(lines):
        text = lines[i].text
        if not _begins_meta(text, last=i == len(lines) - 1):
            run.append(lines[i])
            i += 1
            continue
        organization = _organization(run) if text == _DOT else None
        meta, i = _meta(lines, i, organization)
        yield (run[:-1] if organization else run), meta
        run = []
    if run:
        yield run, None


def _begins_meta(text: str, *, last: bool) -> bool:
    if text == _DOT or _AUTHORS.fullmatch(text):
        return True
    return last and _AUTHORS_CUT.fullmatch(text) is not None


def _organization(run: Sequence[Line]) -> str | None:
    """The display name in `PEARLS-Lab PEARLS Lab`, which stands in place of the number of authors."""
    if len(run) < 2:
        return None
    line = run[-1]
    if len(line.text) > _LONGEST_ORGANIZATION or not (line.apart and _like_title(line.text)):
        return None
    handle, _, name = one_line(line.text).partition(" ")
    return name or handle


def _meta(lines: Sequence[Line], i: int, organization: str | None) -> tuple[_Meta, int]:
    """The meta lines that begin at `i`, and where the text goes on."""
    number, authors = lines[i].number, _AUTHORS.fullmatch(lines[i].text)
    if lines[i].text != _DOT:
        i += 1
    day = comments = None
    if i < len(lines) and lines[i].text == _DOT:
        i += 1
        if i < len(lines) and (not lines[i].apart or _DATE.fullmatch(lines[i].text)):
            day, i = lines[i].text, i + 1
            if i < len(lines) and re.fullmatch(r"\d{1,6}", lines[i].text):
                comments, i = int(lines[i].text), i + 1
    return _Meta(number, int(authors[1]) if authors else None, organization, day, comments), i


# --- Titles and paragraphs --------------------------------------------------------------------------------


def _groups(run: Sequence[Line], *, broken_off: bool = False) -> list[list[Line]]:
    """The lines of each entry, title first. `broken_off`: the last line may be the beginning of anything."""
    groups: list[list[Line]] = []
    for i, line in enumerate(run):
        if not groups or _opens_entry(run, i, len(groups[-1]), broken_off=broken_off):
            groups.append([line])
        else:
            groups[-1].append(line)
    return groups


def _opens_entry(run: Sequence[Line], i: int, size: int, *, broken_off: bool) -> bool:
    """Whether line `i` is a title: it looks like one, and a text follows.

    Right after another title (`size` is 1) it is more likely an abstract: only capitals tell otherwise.
    """
    if i + 1 >= len(run) or not run[i].apart or not _like_title(run[i].text):
        return False
    if _like_title(run[i + 1].text) and not (broken_off and i + 2 == len(run)):
        return False
    return not run[i - 1].text.endswith(_GOES_ON) if size > 1 else _in_capitals(run[i].text)


def _last_drafts(run: Sequence[Line], *, loose: bool, metaless: bool) -> list[_Draft]:
    """The entries after the page's last meta lines.

    The very last line may be a title of which no more is here, or the beginning of an organisation or paragraph.
    `loose`: entries without meta lines are usual here, so that a title may follow. `metaless`: there are no meta
    lines at all.
    """
    groups = _groups(run, broken_off=True)
    last = groups[-1][-1]
    loose = loose or len(groups) > 1
    may_open = last.apart and _like_title(last.text.rstrip(":,;"))
    dangling = len(groups[-1]) > 2 and may_open and not groups[-1][-2].text.endswith(_GOES_ON)
    if dangling:
        groups[-1].pop()
        certain = metaless or (" " in last.text and not _like_organization(last.text))
        if certain and (loose or _in_capitals(last.text)):
            groups.append([last])
            dangling = False
    *whole, broken = groups
    return [*(_Draft(tuple(group)) for group in whole), _Draft(tuple(broken), dangling=dangling)]


def _is_footer(run: Sequence[Line]) -> bool:
    """Whether what stands after the last meta lines are the site's own links, one a line."""
    return len(run) >= 3 and all(line.apart and _like_title(line.text) for line in run)


def _like_title(text: str) -> bool:
    return (
        len(text) <= _LONGEST_TITLE
        and not text.endswith(_ENDS_PARAGRAPH)
        and "://" not in text
        and not _BEGINS_PARAGRAPH.match(text)
        and text.casefold() not in _SECTIONS
    )


def _in_capitals(text: str) -> bool:
    """Whether the longer words begin with capitals, as in headlines; the first word always may."""
    words = [word for word in text.split()[1:] if len(word) > 3]
    return len(words) > 1 and sum(word[0].isupper() for word in words) >= 0.8 * len(words)


def _like_organization(text: str) -> bool:
    """Whether a handle and the same name, or its beginning, stand here: `PEARLS-Lab PEARLS La`."""
    handle, _, name = text.partition(" ")
    return _letters(handle).startswith(_letters(name))


def _letters(text: str) -> str:
    return "".join(c for c in fold(text) if c.isalnum())


# --- What an entry says -----------------------------------------------------------------------------------


def _break(drafts: Sequence[_Draft], *, ended: bool) -> tuple[bool, str]:
    """Whether the page may break off in the last entry, and what is missing then, where that is certain.

    An entry whose abstract is finished but which has no meta lines may be whole where others have none either:
    it is not complained of, and marked all the same, so that its text replaces no other.
    `ended`: the page's last line is whole.
    """
    *others, last = drafts or [_Draft(())]
    if last.meta:
        whole = last.meta.day and _DATE.fullmatch(one_line(last.meta.day))
        return not whole, "" if whole else "its date"
    if not last.title or not last.paragraphs:
        return bool(last.title), "its abstract" if last.title else ""
    finished = ended or last.paragraphs[-1].text.rstrip(_CLOSING).endswith(_ENDS_SENTENCE)
    if not finished:
        return True, "the rest of its abstract"
    if not any(draft.meta for draft in others):
        return not others, ""
    usual = any(draft.meta is None for draft in others) and not last.dangling
    return True, "" if usual else "its number of authors and its date"


def _entry(draft: _Draft, as_of: date, *, cut: bool) -> tuple[Entry | None, list[Unreadable]]:
    """The entry, or None when it has no title, and what could not be read of it."""
    meta = draft.meta or _Meta(0)
    if not draft.title:
        return None, [untitled(draft.number)]
    abstract = "\n\n".join(filter(None, (one_line(line.text) for line in draft.paragraphs)))
    problems = []
    if not abstract and not cut:
        problems.append(lacking(draft.number, draft.title, "has no abstract"))
    published, comments = None, meta.comments
    if meta.day and (match := _DATE.fullmatch(one_line(meta.day))):
        published = _published(match, as_of)
        comments = int(match["comments"]) if match["comments"] else comments
    if meta.day and not published and not cut:
        problems.append(Unreadable(f"line {meta.number}", f"there is no such day as {meta.day[:40]!r}"))
    entry = Entry(
        source="huggingface",
        title=draft.title,
        abstract=abstract,
        author_count=meta.authors,
        organization=meta.organization,
        published=published,
        comments=comments,
        cut=cut,
    )
    return entry, problems


def _published(match: re.Match[str], as_of: date) -> str | None:
    try:
        month, day = month_number(match["month"]), int(match["day"])
        return (
            date(int(match["year"]), month, day) if match["year"] else infer_year(month, day, as_of)
        ).isoformat()
    except ValueError:
        return None
