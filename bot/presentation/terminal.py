"""A digest on the terminal, for `paperboy preview` and `paperboy demo`: a table if there is room, else cards.

On a terminal with colours, words are links and matched terms are bold; elsewhere URLs and asterisks are written out.
`digest_view` decides what is shown. Texts are `rich.text.Text`, in which Rich interprets no markup.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from bot.digests.model import Digest
from bot.presentation.console import page
from bot.presentation.digest_view import EARLIER, DigestView, GroupView, PaperView, TitleView, digest_view
from bot.presentation.templates import marked, sentence, starred
from bot.presentation.terminal_layout import GAP, MATCH, NUMBER, Layout, Lines, block, hang

#: A terminal of at least this many columns shows a table.
TABLE_FROM = 110
#: Longer lines are hard to read.
TABLE_WIDTH = 160
CARD_WIDTH = 100
_HEADS = ("#", "match", "paper", "why")


def show(digest: Digest) -> None:
    """Print a digest. A written URL is never broken, so that a line may be longer than the terminal is wide."""
    page().print(TerminalDigest(digest_view(digest)), crop=False)


@dataclass(frozen=True, slots=True)
class TerminalDigest:
    """A digest that Rich can print."""

    view: DigestView

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        styled = options.is_terminal and console.color_system is not None and not console.no_color
        links = styled and not options.legacy_windows
        layout = Layout(console, min(options.max_width, TABLE_WIDTH), links)
        if options.is_terminal and options.max_width >= TABLE_FROM and _has_room(layout, self.view):
            yield from _table(self.view, layout)
        else:
            yield from _cards(self.view, Layout(console, min(options.max_width, CARD_WIDTH), links))


# --- A digest -----------------------------------------------------------------------------------------------


def _head(view: DigestView, layout: Layout) -> Text:
    title = [Text.assemble(("Paperboy", "bold"), f" for {view.profile}"), Text(view.day)]
    if view.weekly:
        title.insert(1, Text("weekly"))
    counts = [Text(view.count, "dim"), Text(view.news, "dim")]
    why = layout.paragraph(Text(sentence(view.why), "dim"), layout.width) if view.why else []
    return block([*layout.flow(title, layout.width), *layout.flow(counts, layout.width), *why, Text()])


def _heading(heading: str, layout: Layout) -> Text:
    *before, last = layout.paragraph(Text(heading, "bold"), layout.width)
    rule = "─" * (layout.width - last.cell_len - 1)
    return block([*before, last.append(f" {rule}" if rule else "", "dim"), Text()])


def _earlier(view: DigestView, layout: Layout) -> Iterator[Text]:
    if view.earlier:
        yield _heading(EARLIER, layout)
        for title in view.earlier:
            yield block(hang(Text("  "), _linked_title("", title, layout, layout.width - 2)))
        yield Text()


# --- Cards --------------------------------------------------------------------------------------------------


def _cards(view: DigestView, layout: Layout) -> Iterator[Text]:
    yield _head(view, layout)
    for group in view.groups:
        if group.heading:
            yield _heading(group.heading, layout)
        for paper in group.papers:
            yield block([*_card(paper, layout), Text()])
    yield from _earlier(view, layout)


def _card(paper: PaperView, layout: Layout) -> Lines:
    number = Text(f"{paper.number:>2}. ", "dim")
    width = layout.width - number.cell_len
    why = Text("why  ", "dim")
    facts = (f"{paper.match} match" if paper.match else "", *paper.facts)
    return hang(
        number,
        [
            *_title(paper, layout, width),
            *_authors(paper, layout, width),
            *layout.flow((Text(fact, "dim") for fact in facts), width),
            *hang(why, layout.comma_list(_reasons(paper), width - why.cell_len)),
            *_extract(paper, layout, width),
            *_links(paper, layout, width),
            *_also(paper, layout, width),
        ],
    )


def _extract(paper: PaperView, layout: Layout, width: int) -> Lines:
    if layout.links:
        text = Text.assemble(*((span.text, "bold" if span.matched else "") for span in paper.extract))
        return layout.paragraph(text, width)
    words = Text(marked(paper.extract, "*")).split(" ")
    for word in words:
        word.no_wrap = "://" in word.plain
    return layout.flow(words, width, " ")


def _links(paper: PaperView, layout: Layout, width: int) -> Lines:
    if layout.links:
        return layout.flow([*_abstract_link(paper, layout, width), *_other_links(paper, layout)], width)
    written = (Text(f"{link.label} {link.url}", "dim", no_wrap=True) for link in paper.links)
    return [*_url(paper.url), *layout.flow(written, width, "  ")]


# --- A table ------------------------------------------------------------------------------------------------


def _has_room(layout: Layout, view: DigestView) -> bool:
    """Whether every URL that has to be written fits into the narrower column."""
    if layout.links:
        return True
    titles: list[PaperView | TitleView] = [
        *view.papers,
        *view.earlier,
        *(other for paper in view.papers for other in paper.also),
    ]
    return all(len(title.url or "") <= layout.why for title in titles)


def _table(view: DigestView, layout: Layout) -> Iterator[RenderableType]:
    yield _head(view, layout)
    if view.groups:
        header = _columns(layout)
        header.add_row(*(Text(name, "dim") for name in _HEADS))
        yield from (header, Text())
    for group in view.groups:
        if group.heading:
            yield _heading(group.heading, layout)
        yield from (_rows(group, layout), Text())
    yield from _earlier(view, layout)


def _columns(layout: Layout) -> Table:
    """An empty table; all tables of a digest have the same columns."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, GAP, 1, 0))
    table.add_column(width=NUMBER, justify="right")
    table.add_column(width=MATCH)
    table.add_column(width=layout.paper)
    table.add_column(width=layout.why)
    return table


def _rows(group: GroupView, layout: Layout) -> Table:
    table = _columns(layout)
    for paper in group.papers:
        reasons = layout.comma_list(_reasons(paper), layout.why)
        table.add_row(
            Text(str(paper.number), "dim"),
            Text(paper.match),
            block(_description(paper, layout)),
            block([*reasons, *_table_links(paper, layout)]),
        )
    return table


def _description(paper: PaperView, layout: Layout) -> Lines:
    width = layout.paper
    return [
        *_title(paper, layout, width),
        *_authors(paper, layout, width),
        *layout.flow((Text(fact, "dim") for fact in paper.facts), width),
        *_extract(paper, layout, width),
        *_also(paper, layout, width),
    ]


def _table_links(paper: PaperView, layout: Layout) -> Lines:
    """All links, or if URLs have to be written only that of the abstract page: the others would fill the table."""
    if not layout.links:
        return _url(paper.url)
    width = layout.why
    return [*_abstract_link(paper, layout, width), *layout.flow(_other_links(paper, layout), width)]


# --- Both ---------------------------------------------------------------------------------------------------


def _title(paper: PaperView, layout: Layout, width: int) -> Lines:
    return layout.paragraph(Text(paper.title, layout.link_style(paper.url, bold=True)), width)


def _authors(paper: PaperView, layout: Layout, width: int) -> Lines:
    names = [Text(starred(author), "yellow" if author.followed else "") for author in paper.authors]
    return layout.comma_list([*names, *([Text(paper.more)] if paper.more else [])], width)


def _reasons(paper: PaperView) -> Lines:
    interest = [Text(paper.shown_interest, "bold cyan")] if paper.shown_interest else []
    return [*interest, *(Text(reason, "cyan") for reason in paper.reasons)]


def _also(paper: PaperView, layout: Layout, width: int) -> Lines:
    return [line for other in paper.also for line in _linked_title("nearly the same: ", other, layout, width)]


def _linked_title(label: str, paper: TitleView, layout: Layout, width: int) -> Lines:
    title = Text.assemble((label, "dim"), (paper.title, layout.link_style(paper.url)))
    return [*layout.paragraph(title, width), *([] if layout.links else _url(paper.url))]


def _abstract_link(paper: PaperView, layout: Layout, width: int) -> Lines:
    """The link to the abstract page, with its URL as text if there is room: not every terminal supports links."""
    if not paper.url:
        return []
    return [
        Text(paper.url if len(paper.url) <= width else "Abstract", layout.link_style(paper.url, dim=True))
    ]


def _other_links(paper: PaperView, layout: Layout) -> Lines:
    return [Text(link.label, layout.link_style(link.url, dim=True)) for link in paper.links]


def _url(url: str | None) -> Lines:
    return [Text(url, "dim", no_wrap=True)] if url else []
