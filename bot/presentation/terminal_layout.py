"""Lines of text for a terminal: breaking, joining and indenting `rich.text.Text`. Does not depend on digests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.style import Style
from rich.text import Span, Text

#: Widths of a table's columns, and of the gap after each, in cells.
NUMBER, MATCH, GAP = 3, len("partial"), 2
#: Text is not folded to fewer cells, however narrow the terminal.
_MIN_WIDTH = 8

Lines = list[Text]


@dataclass(frozen=True, slots=True)
class Layout:
    """Breaks texts into lines for a console."""

    console: Console
    width: int  #: cells
    links: bool  #: whether words can be links and bold; if not, URLs and asterisks are written

    @property
    def why(self) -> int:
        """The width of a table's last column."""
        return (self.width - NUMBER - MATCH - 3 * GAP) * 3 // 8

    @property
    def paper(self) -> int:
        return self.width - NUMBER - MATCH - 3 * GAP - self.why

    def link_style(self, url: str | None, *, bold: bool = False, dim: bool = False) -> Style:
        return Style(link=url if self.links else None, bold=bold, dim=dim)

    def flow(self, items: Iterable[Text], width: int, between: str = " · ") -> Lines:
        """Put items on lines of at most `width` cells; only an item that is wider itself is broken."""
        lines: Lines = []
        for item in filter(None, items):
            if lines and lines[-1].cell_len + cell_len(between) + item.cell_len <= width:
                lines[-1].append(between).append_text(item)
            else:
                lines += [Text().append_text(line) for line in self._fold(item, width)]
        return [_merge_spans(line, len(between)) for line in lines]

    def _fold(self, item: Text, width: int) -> Lines:
        if item.no_wrap:
            return [item]
        lines = list(item.wrap(self.console, max(width, _MIN_WIDTH), overflow="fold"))
        for line in lines:
            line.rstrip()
        return lines

    def comma_list(self, items: Sequence[Text], width: int) -> Lines:
        return self.flow([*(item.copy().append(",") for item in items[:-1]), *items[-1:]], width, " ")

    def paragraph(self, text: Text, width: int) -> Lines:
        return self.flow(text.split(" "), width, " ")


def _merge_spans(line: Text, gap: int) -> Text:
    """Join spans of one style over the gaps between items, so that a link of several words is one link."""
    spans: list[Span] = []
    for span in line.spans:
        if spans and spans[-1].style == span.style and span.start - spans[-1].end <= gap:
            spans[-1] = Span(spans[-1].start, span.end, span.style)
        else:
            spans.append(span)
    line.spans = spans
    return line


def block(lines: Sequence[Text]) -> Text:
    """Join lines without wrapping."""
    return Text("\n", no_wrap=True, overflow="ignore").join(lines)


def hang(label: Text, lines: Sequence[Text]) -> Lines:
    """Put `label` before the first line, and indent the others by its width."""
    indent = Text(" " * label.cell_len)
    return [(indent if n else label).copy().append_text(line) for n, line in enumerate(lines)]
