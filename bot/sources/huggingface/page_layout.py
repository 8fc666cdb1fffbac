"""Where entries begin and end on a saved Daily Papers page.

An entry is a title, its abstract, and meta lines: `• 13 authors` or an organization, `·`, `Sep 22, 2025 5`. The meta
lines end most entries, but about 5 in 100 entries on real pages have lost them, and on some pages all have. The line
after an abstract without them is the next title or another paragraph, and only its form can tell which:

- a title follows a blank line, is short (the longest of 13,505 arXiv titles of May 2026 has 192 characters), does not
  end like a sentence (none of them ends with a full stop), and an abstract follows it;
- a paragraph ends with a full stop or a colon, is long, begins as a list or with words such as "We" or "Our", or
  contains a URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.sources.parsing.saved_pages import Line
from bot.text.plain import fold, one_line
from bot.text.readable import readable_line

_MAX_TITLE = 300  #: characters
_MAX_ORGANIZATION = 120

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
_AUTHORS = re.compile(r"•\s*(\d{1,6})\s+author(?:s|\(s\))?")
_AUTHORS_CUT = re.compile(r"•\s*(?:\d{1,6}\s*(?:a|au|aut|auth|autho)?)?")
_DOT = "·"
#: `Sep 22, 2025 5`: day and number of comments.
DATE = re.compile(
    r"(?P<month>[A-Za-z]{3,9})\.? (?P<day>\d{1,2})(?:, (?P<year>\d{4}))?(?: (?P<comments>\d{1,6}))?"
)

#: Ends of a line that the next line continues.
_CONTINUES = (":", ",")
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
class Meta:
    """The lines that end an entry."""

    number: int  #: of the first of these lines
    authors: int | None = None
    organization: str | None = None
    day: str | None = None  #: as written; None if the page does not show it
    comments: int | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """The lines of one entry."""

    lines: tuple[Line, ...]  #: the title and then the paragraphs of the abstract, or only these
    meta: Meta | None = None
    is_ambiguous: bool = False  #: a last line follows that may begin an organization or a title

    @property
    def has_title(self) -> bool:
        if not self.lines or len(self.lines[0].text) > _MAX_TITLE:
            return False
        text = one_line(self.lines[0].text)
        is_abstract = self.meta and len(self.lines) == 1 and text.endswith(".")
        return bool(text) and not is_abstract

    @property
    def title(self) -> str:
        return readable_line(self.lines[0].text) if self.has_title else ""

    @property
    def paragraphs(self) -> tuple[Line, ...]:
        return self.lines[1:] if self.has_title else self.lines

    @property
    def number(self) -> int:
        return self.lines[0].number if self.lines else self.meta.number if self.meta else 0


def without_header(lines: Sequence[Line]) -> Sequence[Line]:
    """The lines from the first title on. The last line of the header may be cut off."""
    if not any(line.is_after_blank for line in lines[1:]):  # the page was saved without its blank lines
        lines = [line._replace(is_after_blank=True) for line in lines]
    for i, (_, text, _) in enumerate(lines):
        is_cut = i == len(lines) - 1 and any(label.startswith(text) for label in (*_HEADER, *_MONTHS))
        if text not in _HEADER and not _HEADING_DATE.fullmatch(text) and not is_cut:
            return lines[i:]
    return ()


def split_into_blocks(lines: Sequence[Line]) -> list[Block]:
    """The entries of a page without its header, in order."""
    blocks: list[Block] = []
    for run, meta in _runs(lines):
        if meta:
            *without_meta, last = _groups(run) or [[]]
            blocks += [Block(tuple(group)) for group in without_meta]
            blocks.append(Block(tuple(last), meta))
        elif not (blocks and _is_footer(run)):
            blocks += _last_blocks(run, blocks)
    return blocks


def _runs(lines: Sequence[Line]) -> Iterator[tuple[list[Line], Meta | None]]:
    """The text lines before each entry's meta lines, with those; the last ones may have none."""
    run: list[Line] = []
    i = 0
    while i < len(lines):
        text = lines[i].text
        if not _begins_meta(text, is_last=i == len(lines) - 1):
            run.append(lines[i])
            i += 1
            continue
        organization = _organization(run) if text == _DOT else None
        meta, i = _meta(lines, i, organization)
        yield (run[:-1] if organization else run), meta
        run = []
    if run:
        yield run, None


def _begins_meta(text: str, *, is_last: bool) -> bool:
    if text == _DOT or _AUTHORS.fullmatch(text):
        return True
    return is_last and _AUTHORS_CUT.fullmatch(text) is not None


def _organization(run: Sequence[Line]) -> str | None:
    """The display name in `PEARLS-Lab PEARLS Lab`, the line that replaces the number of authors."""
    if len(run) < 2:
        return None
    line = run[-1]
    if len(line.text) > _MAX_ORGANIZATION or not (line.is_after_blank and _is_like_title(line.text)):
        return None
    handle, _, name = one_line(line.text).partition(" ")
    return name or handle


def _meta(lines: Sequence[Line], i: int, organization: str | None) -> tuple[Meta, int]:
    """The meta lines that begin at `i`, and the position after them."""
    number, authors = lines[i].number, _AUTHORS.fullmatch(lines[i].text)
    if lines[i].text != _DOT:
        i += 1
    day = comments = None
    if i < len(lines) and lines[i].text == _DOT:
        i += 1
        if i < len(lines) and (not lines[i].is_after_blank or DATE.fullmatch(lines[i].text)):
            day, i = lines[i].text, i + 1
            if i < len(lines) and re.fullmatch(r"\d{1,6}", lines[i].text):
                comments, i = int(lines[i].text), i + 1
    return Meta(number, int(authors[1]) if authors else None, organization, day, comments), i


# --- Titles and paragraphs --------------------------------------------------------------------------------


def _groups(run: Sequence[Line], *, is_cut: bool = False) -> list[list[Line]]:
    """The lines of each entry, title first. `is_cut`: the last line may be the beginning of anything."""
    groups: list[list[Line]] = []
    for i, line in enumerate(run):
        if not groups or _begins_entry(run, i, len(groups[-1]), is_cut=is_cut):
            groups.append([line])
        else:
            groups[-1].append(line)
    return groups


def _begins_entry(run: Sequence[Line], i: int, size: int, *, is_cut: bool) -> bool:
    """Whether line `i` is a title: it looks like one, and a paragraph follows.

    Directly after another title (`size`, the lines of the entry before it, is 1) it is more likely an abstract,
    unless its words are capitalized.
    """
    if i + 1 >= len(run) or not run[i].is_after_blank or not _is_like_title(run[i].text):
        return False
    if _is_like_title(run[i + 1].text) and not (is_cut and i + 2 == len(run)):
        return False
    return not run[i - 1].text.endswith(_CONTINUES) if size > 1 else _is_capitalized(run[i].text)


def _last_blocks(run: Sequence[Line], blocks: Sequence[Block]) -> list[Block]:
    """The entries after the page's last meta lines; `blocks` are those before.

    The very last line may be a title without its abstract, or the beginning of an organization or of a paragraph. It
    is taken for a title only where entries without meta lines are usual, or if its words are capitalized.
    """
    groups = _groups(run, is_cut=True)
    last = groups[-1][-1]
    may_begin = last.is_after_blank and _is_like_title(last.text.rstrip(":,;"))
    is_ambiguous = len(groups[-1]) > 2 and may_begin and not groups[-1][-2].text.endswith(_CONTINUES)
    if is_ambiguous:
        lacks_meta = not blocks or len(groups) > 1 or any(block.meta is None for block in blocks)
        groups[-1].pop()
        is_not_organization = not blocks or (" " in last.text and not _is_like_organization(last.text))
        if is_not_organization and (lacks_meta or _is_capitalized(last.text)):
            groups.append([last])
            is_ambiguous = False
    *complete, last_group = groups
    return [
        *(Block(tuple(group)) for group in complete),
        Block(tuple(last_group), is_ambiguous=is_ambiguous),
    ]


def _is_footer(run: Sequence[Line]) -> bool:
    """Whether the lines after the last meta lines are the site's own links, one per line."""
    return len(run) >= 3 and all(line.is_after_blank and _is_like_title(line.text) for line in run)


def _is_like_title(text: str) -> bool:
    return (
        len(text) <= _MAX_TITLE
        and not text.endswith(_ENDS_PARAGRAPH)
        and "://" not in text
        and not _BEGINS_PARAGRAPH.match(text)
        and text.casefold() not in _SECTIONS
    )


def _is_capitalized(text: str) -> bool:
    """Whether the longer words begin with capitals, as in headlines; the first word is not counted."""
    words = [word for word in text.split()[1:] if len(word) > 3]
    return len(words) > 1 and sum(word[0].isupper() for word in words) >= 0.8 * len(words)


def _is_like_organization(text: str) -> bool:
    """Whether this is a handle and the same name, or its beginning: `PEARLS-Lab PEARLS La`."""
    handle, _, name = text.partition(" ")
    return _letters(handle).startswith(_letters(name))


def _letters(text: str) -> str:
    return "".join(c for c in fold(text) if c.isalnum())
