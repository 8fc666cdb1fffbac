"""Hugging Face Daily Papers pages that a reader saved as plain text, complete or cut off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from bot.clock import infer_year, month_number
from bot.papers.model import Entry, Listing, Unreadable
from bot.sources.huggingface.api import SOURCE
from bot.sources.huggingface.page_layout import DATE, Block, Meta, split_into_blocks, without_header
from bot.sources.parsing.entries import Complaints
from bot.sources.parsing.saved_pages import breaks_off, lacking, read_page, untitled
from bot.text.plain import one_line
from bot.text.readable import readable_line, readable_paragraphs

_HEAD_BYTES = 65_536  #: the header and the end of the first entry are within them
_PAGE = re.compile(
    r"^[^\S\n]*(?:by ?AK and the research community|Get trending papers in your email inbox!)[^\S\n]*\r?$"
    r"|^[^\S\n]*•[^\S\n]*\d+[^\S\n]+author(?:s|\(s\))?[^\S\n]*\r?\n+[^\S\n]*·[^\S\n]*\r?$",
    re.MULTILINE,
)

_CLOSING = "\"'”’)]}$*"
_ENDS_SENTENCE = (".", "!", "?")


def recognises(data: bytes) -> bool:
    """Whether this is a Daily Papers page: it has the header, or the meta lines of an entry."""
    return _PAGE.search(data[:_HEAD_BYTES].decode("utf-8", "replace").replace("\xa0", " ")) is not None


def parse(data: bytes, as_of: date) -> Listing:
    """Every entry on the page. A date without a year is the newest such day that is not after `as_of`."""
    if not recognises(data):
        return Listing((), (Unreadable("line 1", "this is not a Daily Papers page"),))
    page = read_page(data)
    lines = without_header(page.lines)
    blocks = split_into_blocks(lines)
    is_cut, missing = _break(blocks, has_ended=page.has_ended)
    complaints = Complaints()
    complaints.extend(page.problems)
    if blocks and (missing or page.is_broken):
        what = missing or "its last character"
        complaints.extend([breaks_off(lines[-1].number, blocks[-1].title, what)])
    entries: list[Entry] = []
    for block in blocks:
        if block.title:
            cut = block is blocks[-1] and (is_cut or page.is_broken)
            entry, problems = _entry(block, as_of, cut=cut)
            complaints.extend(problems)
            entries.append(entry)
        else:
            complaints.extend([untitled(block.number)])
    return Listing(tuple(entries), complaints.summary())


def _break(blocks: Sequence[Block], *, has_ended: bool) -> tuple[bool, str]:
    """Whether the page may break off in the last entry, and what is then missing, where that is certain.

    An entry with a finished abstract and without meta lines may be complete where other entries have none either:
    it is not reported, but counts as cut, so that its text replaces no other.
    `has_ended`: the last line of the page is complete.
    """
    *others, last = blocks or [Block(())]
    if last.meta:
        is_whole = last.meta.day and DATE.fullmatch(one_line(last.meta.day))
        return not is_whole, "" if is_whole else "its date"
    if not last.has_title or not last.paragraphs:
        return last.has_title, "its abstract" if last.has_title else ""
    if not (has_ended or last.paragraphs[-1].text.rstrip(_CLOSING).endswith(_ENDS_SENTENCE)):
        return True, "the rest of its abstract"
    if not any(block.meta for block in others):
        return not others, ""
    is_usual = any(block.meta is None for block in others) and not last.is_ambiguous
    return True, "" if is_usual else "its number of authors and its date"


def _entry(block: Block, as_of: date, *, cut: bool) -> tuple[Entry, list[Unreadable]]:
    """The entry, and what could not be read of it."""
    meta = block.meta or Meta(0)
    abstract = readable_paragraphs("\n\n".join(line.text for line in block.paragraphs))
    problems: list[Unreadable] = []
    if not abstract and not cut:
        problems.append(lacking(block.number, block.title, "has no abstract"))
    published, comments = None, meta.comments
    if meta.day and (match := DATE.fullmatch(one_line(meta.day))):
        published = _published(match, as_of)
        comments = int(match["comments"]) if match["comments"] else comments
    if meta.day and not published and not cut:
        problems.append(Unreadable(f"line {meta.number}", f"there is no such day as {meta.day[:40]!r}"))
    entry = Entry(
        SOURCE,
        title=block.title,
        abstract=abstract,
        author_count=meta.authors,
        organization=readable_line(meta.organization or "") or None,
        published=published,
        comments=comments,
        cut=cut,
    )
    return entry, problems


def _published(match: re.Match[str], as_of: date) -> str | None:
    try:
        month, day = month_number(match["month"]), int(match["day"])
        found = date(int(match["year"]), month, day) if match["year"] else infer_year(month, day, as_of)
    except ValueError:
        return None
    return found.isoformat()
