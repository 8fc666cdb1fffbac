"""Text outside of formulas: dashes, quotation marks, ties, braces, addresses, and powers that lost their dollars."""

from __future__ import annotations

import re

from bot.text.latex.reader import Reader
from bot.text.latex.scripts import scripted
from bot.text.latex.symbols import unescaped

_ADDRESS = re.compile(r"(?:[^\s{}$\\<>\"`]|\\[_%#&~$-])+")
_DASHES = re.compile(r"-+")
_RANGE = re.compile(r"[\d%]~(?!000)\d")
_BACKTICKS = re.compile(r"`+")
_POWER = re.compile(r"\^(?:\{([-+=()A-Za-z\d]{1,8})\}|(-?\d{1,3})(?!\d|\.\d)|([a-z])(?![\w^{(]))")
_SINGLE_QUOTED = re.compile(r"`(?=[^\s`])[^`\n]{0,200}?[^\s`\\]'(?![\w'])")
_OPENS = re.compile(r"(?:\A|[\s(\[])(?:''|\")(?=\w)")
_QUOTE_END = re.compile(r"''|\"|``")


def address(reader: Reader) -> None:
    match = _ADDRESS.match(reader.source, reader.pos, reader.end)
    reader.pos = match.end() if match else reader.pos + 1
    reader.emit(unescaped(match[0]) if match else "")


def _in_address(reader: Reader) -> bool:
    """Whether the word before this position begins an address, as in `github.com/…`."""
    words = reader.source[max(0, reader.pos - 100) : reader.pos].rsplit(None, 1)
    host, slash, _ = words[-1].partition("/") if words else ("", "", "")
    return bool(slash) and "." in host


def dash(reader: Reader) -> None:
    before = reader.before()
    run = _DASHES.match(reader.source, reader.pos, reader.end)
    assert run
    after = reader.source[run.end() : run.end() + 1]
    option = len(run[0]) == 2 and (not before or before in " \n([`") and after.isalpha()
    kept = option or before in {"<", "!"} or after == ">" or len(run[0]) > 3 or _in_address(reader)
    reader.emit(run[0] if kept else "–" if len(run[0]) == 2 else "—")
    reader.pos = run.end()


def tie(reader: Reader) -> None:
    """`Figure~2` has a space; `~20`, `3%~10%`, `a ~ b` and `/~user` have a tilde."""
    if _RANGE.match(reader.source, max(0, reader.pos - 1), reader.end):
        reader.literal()
        return
    before = reader.before() or " "
    after = reader.source[reader.pos + 1 : reader.pos + 2]
    ties = before.isalnum() or before in ".,:;)]}$'\"%"
    if not ties or after in {"~", "/", "="} or _in_address(reader):
        reader.emit("" if after == "\\" and before.isspace() else "~")
    elif after and not after.isspace():
        reader.emit(" ")
    reader.pos += 1


def power(reader: Reader) -> None:
    r"""`m^2` and `R^{n-1}` where the dollars were lost, as on Hugging Face. `ReST^EM` and `10^(-62)` stay."""
    match = _POWER.match(reader.source, reader.pos, reader.end)
    before = reader.before()
    raised = scripted("^", match[match.lastindex or 0], before, "") if match else "^"
    if not match or raised[0] == "^" or not (before.isalnum() or before == ")"):
        reader.literal()
        return
    reader.emit(raised)
    reader.pos = match.end()


def opening_quote(reader: Reader) -> None:
    match = _BACKTICKS.match(reader.source, reader.pos, reader.end)
    run = len(match[0]) if match else 1
    single = _SINGLE_QUOTED.match(reader.source, reader.pos, reader.end) if run == 1 else None
    if run == 2 and _is_quotation(reader):
        reader.open_quotes += 1
        reader.emit("“")
    elif single and not reader.before().isalnum():
        reader.closing_quotes.add(single.end() - 1)
        reader.emit("‘")
    else:
        reader.emit("`" * run)
    reader.pos += run


def _is_quotation(reader: Reader) -> bool:
    """Whether two backticks begin a quotation, and not the ``code`` of reStructuredText."""
    inside = reader.source[reader.pos + 2 : reader.pos + 3]
    if not inside or inside.isspace() or inside in ".,;:)":
        return False
    end = _QUOTE_END.search(reader.source, reader.pos + 2, min(reader.pos + 400, reader.end))
    return end is None or end[0] != "``" or reader.source[end.end() : end.end() + 1].isalpha()


def closing_quote(reader: Reader) -> None:
    written = "''" if reader.source.startswith("''", reader.pos) else reader.peek()
    if reader.open_quotes and written != "'":
        reader.open_quotes -= 1
        reader.emit("”")
    elif written == "'":
        reader.emit("’" if reader.pos in reader.closing_quotes else "'")
    else:
        _straight_quote(reader, written)
    reader.pos += len(written)


def _straight_quote(reader: Reader, written: str) -> None:
    """`''so''` and `"so''` become "so"; the `5''` of a length and the `f''` of a derivative stay."""
    opens = _OPENS.match(reader.source, max(0, reader.pos - 1), reader.end) is not None
    closes = reader.straight_quote and not reader.before().isdigit()
    reader.emit('"' if opens or closes else written)
    if opens or closes or written == '"':
        reader.straight_quote = opens


def text_group(reader: Reader) -> None:
    start = reader.pos
    content = reader.group(math=False)
    if content is None:
        reader.literal()
    else:
        reader.emit(content if _are_markup(reader, start, reader.pos - 1) else f"{{{content}}}")


def _are_markup(reader: Reader, start: int, end: int) -> bool:
    r"""Whether braces are TeX's and vanish: in `{\em x}`, `3{,}000`, `Touch{é}`, `{B}ERT`; not in `{-1, 0, +1}`."""
    content = reader.source[start + 1 : end] if end - start < 3 else reader.source[start + 1 : start + 2]
    before = reader.source[start - 1 : start] or " "
    if content[:1] in {"\\", "$"} or content == ",":
        return True
    if before.isspace() and reader.source.startswith(("https://", "http://"), start + 1):
        return True
    after = reader.source[end + 1 : end + 2]
    single = end - start == 2 and content.isalpha()
    return single and (
        not content.isascii() or (content.isupper() and after.isalpha() and before not in {"^", "_"})
    )
