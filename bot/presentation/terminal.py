"""A digest as `paperboy preview` and `paperboy demo` show it: a ranked table on a wide terminal, cards anywhere else.

Owns the layout, and what becomes of links and marks: on a terminal they stand behind the words, elsewhere they are
written out. Refuses to know what is said of a paper (digest_view decides that). Whatever a paper or a profile says
gets here as `rich.text.Text`, which interprets no markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.style import Style
from rich.table import Table
from rich.text import Span, Text

from bot.digests.model import Digest
from bot.presentation.console import page
from bot.presentation.digest_view import EARLIER, DigestView, GroupView, PaperView, TitleView, digest_view
from bot.presentation.templates import marked, sentence, starred

#: Columns from which on there is room for a table.
TABLE_FROM = 110
#: Longer lines are hard to follow, whatever the room.
TABLE_WIDTH = 160
CARD_WIDTH = 100
_HEADS = ("#", "relevance", "paper", "why")
_RANK, _RELEVANCE, _GAP = 3, len("relevance"), 2  # cells; a gap after every column
#: Nothing is folded to less, so that a digest on a sliver of a window ends.
_LEAST = 8

Lines = list[Text]


def show(digest: Digest) -> None:
    """On standard output. A URL that is written out stays whole, and so may be longer than the line."""
    page().print(TerminalDigest(digest_view(digest)), crop=False)


@dataclass(frozen=True, slots=True)
class TerminalDigest:
    """A digest as Rich prints it."""

    view: DigestView

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        styled = options.is_terminal and console.color_system is not None and not console.no_color
        links = styled and not options.legacy_windows
        table = _Sheet(console, min(options.max_width, TABLE_WIDTH), links)
        if options.is_terminal and options.max_width >= TABLE_FROM and _has_room(table, self.view):
            yield from _table(self.view, table)
        else:
            yield from _cards(self.view, _Sheet(console, min(options.max_width, CARD_WIDTH), links))


# --- Lines --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What a digest is shown on."""

    console: Console
    width: int  #: in cells
    links: bool  #: words can be links, and bold; elsewhere URLs are written, and asterisks

    @property
    def why(self) -> int:
        """The width of a table's last column."""
        return (self.width - _RANK - _RELEVANCE - 3 * _GAP) * 3 // 8

    @property
    def paper(self) -> int:
        return self.width - _RANK - _RELEVANCE - 3 * _GAP - self.why

    def linked(self, url: str | None, *, bold: bool = False, dim: bool = False) -> Style:
        return Style(link=url if self.links else None, bold=bold, dim=dim)

    def flowed(self, items: Iterable[Text], width: int, between: str = " · ") -> Lines:
        """Lines of at most `width` cells, broken between the items; only an item that is wider is broken itself."""
        lines: Lines = []
        for item in filter(None, items):
            if lines and lines[-1].cell_len + cell_len(between) + item.cell_len <= width:
                lines[-1].append(between).append_text(item)
            else:
                lines += [Text().append_text(line) for line in self._folded(item, width)]
        return [_merged(line, len(between)) for line in lines]

    def _folded(self, item: Text, width: int) -> Lines:
        if item.no_wrap:
            return [item]
        lines = list(item.wrap(self.console, max(width, _LEAST), overflow="fold"))
        for line in lines:
            line.rstrip()
        return lines

    def listed(self, items: Sequence[Text], width: int) -> Lines:
        """The items with commas between them."""
        return self.flowed([*(one.copy().append(",") for one in items[:-1]), *items[-1:]], width, " ")

    def paragraph(self, text: Text, width: int) -> Lines:
        """The words of a text."""
        return self.flowed(text.split(" "), width, " ")


def _merged(line: Text, gap: int) -> Text:
    """What goes on in one style over a gap between items is one stretch: a terminal is told every end of a link."""
    spans: list[Span] = []
    for span in line.spans:
        if spans and spans[-1].style == span.style and span.start - spans[-1].end <= gap:
            spans[-1] = Span(spans[-1].start, span.end, span.style)
        else:
            spans.append(span)
    line.spans = spans
    return line


def _block(lines: Sequence[Text]) -> Text:
    """Lines that are as they shall be."""
    return Text("\n", no_wrap=True, overflow="ignore").join(lines)


def _hung(first: Text, lines: Sequence[Text]) -> Lines:
    """The lines under one another, after `first`."""
    indent = Text(" " * first.cell_len)
    return [(indent if n else first).copy().append_text(line) for n, line in enumerate(lines)]


# --- A digest -----------------------------------------------------------------------------------------------


def _head(view: DigestView, sheet: _Sheet) -> Text:
    title = [Text.assemble(("Paperboy", "bold"), f" for {view.profile}"), Text(view.day)]
    if view.weekly:
        title.insert(1, Text("weekly"))
    counts = [Text(view.count, "dim"), Text(view.news, "dim")]
    why = sheet.paragraph(Text(sentence(view.why), "dim"), sheet.width) if view.why else []
    return _block([*sheet.flowed(title, sheet.width), *sheet.flowed(counts, sheet.width), *why, Text()])


def _heading(heading: str, sheet: _Sheet) -> Text:
    *before, last = sheet.paragraph(Text(heading, "bold"), sheet.width)
    rule = "─" * (sheet.width - last.cell_len - 1)
    return _block([*before, last.append(f" {rule}" if rule else "", "dim"), Text()])


def _earlier(view: DigestView, sheet: _Sheet) -> Iterator[Text]:
    if view.earlier:
        yield _heading(EARLIER, sheet)
        for one in view.earlier:
            yield _block(_hung(Text("  "), _named("", one, sheet, sheet.width - 2)))
        yield Text()


# --- Cards --------------------------------------------------------------------------------------------------


def _cards(view: DigestView, sheet: _Sheet) -> Iterator[Text]:
    yield _head(view, sheet)
    for group in view.groups:
        if group.heading:
            yield _heading(group.heading, sheet)
        for paper in group.papers:
            yield _block([*_card(paper, sheet), Text()])
    yield from _earlier(view, sheet)


def _card(paper: PaperView, sheet: _Sheet) -> Lines:
    number = Text(f"{paper.rank:>2}. ", "dim")
    width = sheet.width - number.cell_len
    facts = (f"relevance {paper.relevance}", *paper.facts)
    return _hung(
        number,
        [
            *_title(paper, sheet, width),
            *_authors(paper, sheet, width),
            *sheet.flowed((Text(fact, "dim") for fact in facts), width),
            *_why(paper, sheet, width),
            *_extract(paper, sheet, width),
            *_links(paper, sheet, width),
            *_also(paper, sheet, width),
        ],
    )


def _why(paper: PaperView, sheet: _Sheet, width: int) -> Lines:
    label = Text("why  ", "dim")
    return _hung(label, sheet.listed(_reasons(paper), width - label.cell_len))


def _extract(paper: PaperView, sheet: _Sheet, width: int) -> Lines:
    if sheet.links:
        text = Text.assemble(*((span.text, "bold" if span.matched else "") for span in paper.extract))
        return sheet.paragraph(text, width)
    words = Text(marked(paper.extract, "*")).split(" ")
    for word in words:
        word.no_wrap = "://" in word.plain
    return sheet.flowed(words, width, " ")


def _links(paper: PaperView, sheet: _Sheet, width: int) -> Lines:
    if sheet.links:
        return sheet.flowed([*_abstract(paper, sheet, width), *_labels(paper, sheet)], width)
    written = (Text(f"{link.label} {link.url}", "dim", no_wrap=True) for link in paper.links)
    return [*_written(paper.url), *sheet.flowed(written, width, "  ")]


# --- A table ------------------------------------------------------------------------------------------------


def _has_room(sheet: _Sheet, view: DigestView) -> bool:
    """Whether every URL that has to be written out fits into the narrower column."""
    if sheet.links:
        return True
    named = [paper.url for paper in view.papers] + [one.url for one in view.earlier]
    named += [other.url for paper in view.papers for other in paper.also]
    return all(len(url or "") <= sheet.why for url in named)


def _table(view: DigestView, sheet: _Sheet) -> Iterator[RenderableType]:
    yield _head(view, sheet)
    if view.groups:
        heads = _columns(sheet)
        heads.add_row(*(Text(name, "dim") for name in _HEADS))
        yield from (heads, Text())
    for group in view.groups:
        if group.heading:
            yield _heading(group.heading, sheet)
        yield from (_rows(group, sheet), Text())
    yield from _earlier(view, sheet)


def _columns(sheet: _Sheet) -> Table:
    """All tables of a digest have the same columns."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, _GAP, 1, 0))
    table.add_column(width=_RANK, justify="right")
    table.add_column(width=_RELEVANCE, justify="right")
    table.add_column(width=sheet.paper)
    table.add_column(width=sheet.why)
    return table


def _rows(group: GroupView, sheet: _Sheet) -> Table:
    table = _columns(sheet)
    for paper in group.papers:
        reasons = sheet.listed(_reasons(paper), sheet.why)
        table.add_row(
            Text(str(paper.rank), "dim"),
            Text(paper.relevance),
            _block(_told(paper, sheet, sheet.paper)),
            _block([*reasons, *_where(paper, sheet, sheet.why)]),
        )
    return table


def _told(paper: PaperView, sheet: _Sheet, width: int) -> Lines:
    return [
        *_title(paper, sheet, width),
        *_authors(paper, sheet, width),
        *sheet.flowed((Text(fact, "dim") for fact in paper.facts), width),
        *_also(paper, sheet, width),
    ]


def _where(paper: PaperView, sheet: _Sheet, width: int) -> Lines:
    """Where URLs have to be written out, that of the abstract page alone: the others would fill the table."""
    if not sheet.links:
        return _written(paper.url)
    return [*_abstract(paper, sheet, width), *sheet.flowed(_labels(paper, sheet), width)]


# --- Both ---------------------------------------------------------------------------------------------------


def _title(paper: PaperView, sheet: _Sheet, width: int) -> Lines:
    return sheet.paragraph(Text(paper.title, sheet.linked(paper.url, bold=True)), width)


def _authors(paper: PaperView, sheet: _Sheet, width: int) -> Lines:
    names = [Text(starred(author), "yellow" if author.followed else "") for author in paper.authors]
    return sheet.listed([*names, *([Text(paper.more)] if paper.more else [])], width)


def _reasons(paper: PaperView) -> Lines:
    interest = [Text(paper.interest, "bold cyan")] if paper.interest else []
    return [*interest, *(Text(reason, "cyan") for reason in paper.reasons)]


def _also(paper: PaperView, sheet: _Sheet, width: int) -> Lines:
    return [line for other in paper.also for line in _named("nearly the same: ", other, sheet, width)]


def _named(label: str, one: TitleView, sheet: _Sheet, width: int) -> Lines:
    title = Text.assemble((label, "dim"), (one.title, sheet.linked(one.url)))
    return [*sheet.paragraph(title, width), *([] if sheet.links else _written(one.url))]


def _abstract(paper: PaperView, sheet: _Sheet, width: int) -> Lines:
    """The link to the abstract page, written out where there is room: not every terminal knows links."""
    if not paper.url:
        return []
    return [Text(paper.url if len(paper.url) <= width else "Abstract", sheet.linked(paper.url, dim=True))]


def _labels(paper: PaperView, sheet: _Sheet) -> Lines:
    return [Text(link.label, sheet.linked(link.url, dim=True)) for link in paper.links]


def _written(url: str | None) -> Lines:
    return [Text(url, "dim", no_wrap=True)] if url else []
