"""A digest on a terminal and in a pipe: table or cards, links that stay whole, and nothing that is interpreted."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from bot.cli.output import tables
from bot.digests.model import Digest, NewPaperCounts, ScoredPaper
from bot.presentation import console as consoles
from bot.presentation.digest_view import DigestView, digest_view
from bot.presentation.terminal import CARD_WIDTH, TABLE_FROM, TABLE_WIDTH, TerminalDigest, show
from bot.ranking.model import Reason
from bot.sources.ingest import SourceReport
from tests.support.samples import digest, paper, scored, wild_digests

ROOT = Path(__file__).resolve().parents[2]
_LINK = re.compile(r"\x1b\]8;(?:id=\d+;(https?://[\x21-\x7e]+)|;)\x1b\\")
_STYLE = re.compile(r"\x1b\[[\d;]*m")
HEADS = "#  match    paper"
PIPE: Mapping[str, Any] = {"force_terminal": False}
PLAIN: Mapping[str, Any] = {"force_terminal": True, "color_system": None}
COLOURS: Mapping[str, Any] = {"force_terminal": True, "color_system": "truecolor"}


def printed(shown: Digest | DigestView, width: int, console: Mapping[str, Any]) -> str:
    """What a console gets, escape sequences and all."""
    view = digest_view(shown) if isinstance(shown, Digest) else shown
    out = io.StringIO()
    on = Console(file=out, width=width, legacy_windows=False, _environ={}, **console)
    on.print(TerminalDigest(view), crop=False)
    return out.getvalue()


def seen(text: str) -> str:
    """What is to be read of it."""
    return _STYLE.sub("", _LINK.sub("", text))


def lines(text: str) -> list[str]:
    return [line.strip() for line in seen(text).split("\n")]


def links(text: str) -> dict[str, str]:
    """By what stands behind them: the words of every link, lines joined."""
    found: dict[str, list[str]] = {}
    for url, words in re.findall(rf"{_LINK.pattern}(.*?)\x1b\]8;;\x1b\\", text):
        found.setdefault(url, []).append(_STYLE.sub("", words))
    return {url: " ".join(words) for url, words in found.items()}


def several() -> Digest:
    """For two interests, with one of everything."""
    also = (paper(7, title="Again"), paper(8, id="ns:8", url=None, title="Alone"))
    best = scored(1, interest="world models", also=also, updated="2026-05-05", version=2)
    second = scored(2, interest="robots", abstract="Code: https://github.com/a/b. A robot.")
    return digest((best, second), news=NewPaperCounts(412, date(2026, 5, 4), sources=(("arxiv", 412),)))


# --- Table or cards ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "console", "table"),
    [
        (TABLE_FROM - 1, COLOURS, False),
        (TABLE_FROM, COLOURS, True),
        (TABLE_FROM, PLAIN, True),
        (300, COLOURS, True),
        (300, PIPE, False),
    ],
)
def test_a_wide_terminal_gets_a_table(width: int, console: Mapping[str, Any], *, table: bool) -> None:
    """From 110 columns on; anything narrower and whatever is no terminal gets cards."""
    assert (HEADS in seen(printed(several(), width, console))) == table


@pytest.mark.parametrize(
    ("width", "most"), [(40, 40), (80, 80), (105, CARD_WIDTH), (120, 120), (300, TABLE_WIDTH)]
)
def test_lines_are_no_wider_than_one_can_read(width: int, most: int) -> None:
    """The whole width of a console, up to what the eye can follow."""
    assert max(cell_len(line) for line in seen(printed(several(), width, COLOURS)).split("\n")) == most


def test_a_card_says_everything() -> None:
    """Title, authors, facts, why, extract, links and what says nearly the same, in this order."""
    expected = """
        Paperboy for ada · Tuesday 5 May 2026
        2 papers · 412 new papers on arXiv since yesterday

        world models ───────────────────────────────────────────────────────────────────

        1. World Models for Robots that Learn from Little Data
        Ada Example, Bo Sample, Cem Muster, Dora Prova, Eli Essai, ★ Gus Test,
        +1 more
        strong match · Institute of Examples · cs.LG, cs.RO
        submitted 4 May 2026, revised 5 May 2026 (v2) · 12 votes · 1 comment
        why  robots
        We teach a small *robot* to predict what its arm will touch next, and let it
        choose the touches that surprise it most. After two hours of play it stacks
        cups that it never saw.
        https://arxiv.org/abs/2605.00001
        PDF https://arxiv.org/pdf/2605.00001  HTML https://arxiv.org/html/2605.00001
        Hugging Face https://huggingface.co/papers/2605.00001
        nearly the same: Again
        https://arxiv.org/abs/2605.00007
        nearly the same: Alone

        robots ─────────────────────────────────────────────────────────────────────────

        2. Counting What Matters: Reward Modelling & Its Discontents
    """
    shown = seen(printed(several(), 80, PIPE)).replace("\u00a0", " ")
    assert lines(shown)[: expected.count("\n") - 1] == [line.strip() for line in expected.split("\n")[1:-1]]


def test_a_table_says_everything() -> None:
    """A row for each paper: how well it fits, what it is, an extract, and why it is there."""
    shown = seen(printed(several(), 120, COLOURS)).replace("\u00a0", " ")
    for said in (
        "  1  strong   World Models for Robots that Learn from Little Data ",
        "★ Gus Test, +1 more",
        "Institute of Examples · cs.LG, cs.RO",
        "submitted 4 May 2026, revised 5 May 2026 (v2) · 12 votes",
        " robots ",
        "PDF · HTML · Hugging Face",
        "We teach a small robot to predict what its arm will touch next,",
        "nearly the same: Again",
        "robots ───",
        "  2  strong   Counting What Matters",
    ):
        assert said in shown


def test_one_group_needs_no_heading() -> None:
    """Nor does a rule stand over it."""
    for width in (80, 120):
        assert "─" not in seen(printed(digest(2), width, COLOURS))


def test_why_it_is_short_and_what_was_sent_before() -> None:
    """The day's explanation is a sentence; a weekly digest says so, and names what came in the week."""
    shown = digest(1, why="short: arXiv had a holiday", weekly=True, earlier=(paper(20),))
    for width, console in ((80, PIPE), (120, COLOURS)):
        text = lines(printed(shown, width, console))
        assert text[0] == "Paperboy for ada · weekly · Tuesday 5 May 2026"
        assert text[2] == "Short: arXiv had a holiday."
        (place,) = (n for n, line in enumerate(text) if line.startswith("Sent earlier this week ──"))
        assert text[place + 2] == "Tiny Agents, Large Libraries"


@pytest.mark.parametrize("console", [PIPE, PLAIN, COLOURS])
@pytest.mark.parametrize("width", [40, 120])
def test_a_digest_without_papers(width: int, console: Mapping[str, Any]) -> None:
    """Who, when and why, and no table of nothing."""
    shown = digest((), why="none of 12 new papers is fit")
    text = [line for line in lines(printed(shown, width, console)) if line]
    assert text[-1] == "None of 12 new papers is fit."
    assert HEADS not in text


def test_a_paper_of_which_little_is_known() -> None:
    """No empty line, no dangling separator, where there is no author, abstract, link or reason."""
    nothing = dict.fromkeys(("url", "organization", "published", "votes", "comments"))
    bare = paper(1, id="title:x", authors=(), abstract="", categories=(), **nothing)
    shown = digest((ScoredPaper(bare, 0.4, 99.0, ()),))
    text = lines(printed(shown, 80, PIPE))[3:]
    assert text == ["1. World Models for Robots that Learn from Little Data", "", ""]


# --- Links ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 120])
def test_words_are_links_on_a_terminal(width: int) -> None:
    """Titles and labels lead where they should, by OSC 8; the abstract page is also written out."""
    found = links(printed(several(), width, COLOURS))
    title = "World Models for Robots that Learn from Little Data"
    assert found["https://arxiv.org/abs/2605.00001"] == f"{title} https://arxiv.org/abs/2605.00001"
    assert found["https://arxiv.org/pdf/2605.00002"] == "PDF"
    assert found["https://arxiv.org/html/2605.00002"] == "HTML"
    assert found["https://huggingface.co/papers/2605.00002"] == "Hugging Face"
    assert found["https://github.com/a/b"] == "Code"
    assert found["https://arxiv.org/abs/2605.00007"] == "Again"


def test_a_link_goes_on_over_the_spaces_of_a_title() -> None:
    """One stretch in each line, not one for each word: some terminals underline them."""
    text = printed(digest(1), 80, COLOURS)
    url = re.escape("https://arxiv.org/abs/2605.00001")
    assert len(re.findall(rf";{url}\x1b", text)) == 2  # the title, and the page written out


@pytest.mark.parametrize("width", [20, 40, 80])
@pytest.mark.parametrize("console", [PIPE, PLAIN])
def test_where_words_cannot_be_links_urls_are_written(width: int, console: Mapping[str, Any]) -> None:
    """Whole, in one line, whatever the width: that of the abstract page alone in it, as `grep https` wants it."""
    text = lines(printed(several(), width, console))
    assert "https://arxiv.org/abs/2605.00001" in text
    assert "https://arxiv.org/abs/2605.00007" in text
    for url in ("arxiv.org/pdf/2605.00001", "huggingface.co/papers/2605.00002", "github.com/a/b"):
        assert any(f" https://{url}" in line for line in text)


def test_a_table_without_links_writes_the_abstract_page() -> None:
    """NO_COLOR on a wide terminal: still a table, and every paper can be opened."""
    text = printed(several(), 120, PLAIN)
    for number in (1, 2, 7):
        assert f" https://arxiv.org/abs/2605.0000{number} " in text


@pytest.mark.parametrize(
    "changes", [{"url": "long"}, {"also": (paper(7, url="https://a.org/" + "x" * 900),)}]
)
def test_a_long_url_stays_whole(changes: dict[str, Any]) -> None:
    """In a pipe it is longer than the line; no table has a column for it; behind words its length is nothing."""
    url = "https://a.org/" + "x" * 900
    shown = digest((scored(1, **{**changes, **({"url": url} if "url" in changes else {})}),))
    for width, console in ((60, PIPE), (80, PLAIN), (200, PLAIN)):
        text = printed(shown, width, console)
        assert url in lines(text)
        assert HEADS not in text
    for width in (60, 200):
        text = printed(shown, width, COLOURS)
        assert url in links(text)
        assert max(map(len, lines(text))) <= width


def test_a_url_in_an_extract_is_not_broken() -> None:
    """Where it could not be followed otherwise."""
    url = "https://example.org/" + "path/" * 12
    shown = digest((scored(1, abstract=f"We release it at {url} for everybody. We do."),))
    assert any(url in line for line in lines(printed(shown, 40, PIPE)))


# --- Marks ------------------------------------------------------------------------------------------------


def test_what_matched_is_bold_or_between_asterisks() -> None:
    """The terms of the extract that raised the score."""
    assert re.search(r"a small \x1b\[1mrobot\x1b\[0m to predict", printed(digest(1), 80, COLOURS))
    assert "a small *robot* to predict" in printed(digest(1), 80, PIPE)


@pytest.mark.parametrize(("width", "console"), [(80, PIPE), (80, COLOURS), (120, COLOURS), (120, PLAIN)])
def test_markup_is_shown_as_it_is_written(width: int, console: Mapping[str, Any]) -> None:
    """Rich's markup and emoji codes in titles, names, reasons and a profile's name are text."""
    shown = digest(
        (
            scored(
                1,
                title="[bold]T[/] :robot:",
                authors=("[link=http://x.org]Ada[/link]",),
                organization="[blink]O[/blink]",
                interest="[red]I[/red]",
                abstract="[on red]X[/] [reverse].",
                also=(paper(7, title="[bold red]Again[/] \\[x"),),
            ),
            scored(2, interest="robots"),
        ),
        profile="[dim]p[/dim]",
        why="[u]w[/u]",
    )
    text = " ".join(lines(printed(shown, width, console)))
    for said in ("[bold]T[/] :robot:", "[link=http://x.org]Ada[/link]", "[blink]O[/blink]", "[red]I[/red]"):
        assert said in text
    assert "nearly the same: [bold red]Again[/] \\[x" in text
    assert "Paperboy for [dim]p[/dim]" in text
    assert "[u]w[/u]." in text
    assert width > 80 or "[on red]X[/] [reverse]." in text


def test_markup_in_other_lines_is_text_too() -> None:
    """A file's name as `ingest` reports it."""
    with (out := consoles.console()).capture() as shown:
        out.print(tables.ingest_table([SourceReport("[bold]day[/bold] :robot:.txt")], 0), "[red]x[/red]")
    assert "[bold]day[/bold] :robot:.txt" in shown.get()
    assert "[red]x[/red]" in shown.get()


TITLES = (
    "Plain",
    "世界模型用于机器人学习",
    "نماذج العالم للروبوتات",
    "Robots 👩🏽‍🔬🧪 learn",
    "e\u0301te\u0301 " * 9,
    "世" * 90,
)


def test_wide_letters_keep_the_columns() -> None:
    """Chinese, Arabic, emoji and combining accents: what stands in the last column begins at one place."""
    reasons = (Reason("reasoning", 0.5),)
    papers = (paper(n, title=title) for n, title in enumerate(TITLES, start=1))
    shown = digest(tuple(ScoredPaper(one, 0.4, 99.0, reasons) for one in papers))
    text = seen(printed(shown, 130, COLOURS)).split("\n")
    places = [cell_len(line.partition("reasoning")[0]) for line in text if "reasoning" in line]
    assert len(places) == len(TITLES)
    assert len(set(places)) == 1
    assert {cell_len(line) for line in text if "reasoning" in line} == {130}


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(shown=wild_digests(), width=st.integers(20, 220))
def test_nothing_of_a_hostile_source_gets_through(shown: Digest, width: int) -> None:
    """On a terminal: lines within the width, no escape sequence but styles and links. Elsewhere: none at all, and
    every URL whole; only what is one may be wider.
    """
    view = digest_view(replace(shown, papers=shown.papers[:5]))  # more would repeat them
    text = seen(printed(view, width, COLOURS))
    assert all(cell_len(line) <= width for line in text.split("\n"))
    assert clean(text)
    for console in (PIPE, PLAIN):
        text = printed(view, width, console)
        assert clean(text)
        assert all(cell_len(line) <= width or "://" in line for line in text.split("\n"))
        assert {one.url for one in view.papers} <= {*re.findall(r"https?://\S+", text), None}


def clean(text: str) -> bool:
    return not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)


# --- Terminals, pipes and what the environment says -------------------------------------------------------

_SHOW = "from bot.presentation.terminal import show; from tests.support.samples import digest; show(digest())"


@contextmanager
def pseudo_terminal() -> Iterator[tuple[int, int]]:
    """Both ends of one of 120 columns; the caller closes the second."""
    termios = pytest.importorskip("termios", reason="terminals of this kind are POSIX's")
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (50, 120))
    try:
        yield ours, theirs
    finally:
        os.close(ours)


def read_all(end: int) -> str:
    read = b""
    with suppress(OSError):  # what Linux says when the other end is closed
        while block := os.read(end, 1 << 16):
            read += block
    return read.decode().replace("\r\n", "\n")


def process(env: Mapping[str, str], **streams: Any) -> subprocess.Popen[str]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **env}
    return subprocess.Popen([sys.executable, "-c", _SHOW], env=environ, text=True, **streams)


@pytest.mark.parametrize(
    ("env", "escapes", "table"),
    [
        ({"TERM": "xterm-256color"}, True, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False, True),
        ({"TERM": "dumb"}, False, False),
    ],
)
def test_on_a_terminal(env: dict[str, str], *, escapes: bool, table: bool) -> None:
    """Colours and links, unless NO_COLOR or a dumb terminal refuses them: then no escape sequence at all."""
    with pseudo_terminal() as (ours, theirs):
        running = process(env, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        text = read_all(ours)
        assert running.wait(30) == 0
    assert ("\x1b" in text) == escapes
    assert bool(links(text)) == escapes
    assert (HEADS in seen(text)) == table
    assert "https://arxiv.org/abs/2605.00001" in seen(text)


def test_in_a_pipe() -> None:
    """Cards as wide as COLUMNS says, without an escape sequence, whatever TERM says."""
    env = {"COLUMNS": "60", "TERM": "xterm-256color"}
    running = process(env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    text, errors = running.communicate(timeout=30)
    assert (running.returncode, errors) == (0, "")
    assert "\x1b" not in text
    assert 50 < max(len(line) for line in text.split("\n") if "https://" not in line) <= 60
    assert "https://arxiv.org/abs/2605.00001" in lines(text)


@pytest.mark.parametrize(
    ("env", "colours"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),  # as for `less -R`
        ({"FORCE_COLOR": "1", "NO_COLOR": ""}, True),  # set to nothing is not set
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, False),
    ],
)
def test_when_there_are_colours(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], *, colours: bool
) -> None:
    """On every console alike."""
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"TERM": "xterm"} | env).items():
        monkeypatch.setenv(name, value)
    for made in (consoles.page(), consoles.console(), consoles.console(stderr=True)):
        assert (made.color_system is not None) == colours


def test_show_prints_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """All of it, however long a URL, and to nothing else."""
    url = "https://a.org/" + "x" * 900
    show(digest((scored(1, url=url),)))
    out, err = capsys.readouterr()
    assert out.startswith("Paperboy for ada")
    assert url in lines(out)
    assert err == ""
