"""TeX as arXiv's metadata carries it, as Unicode. Pure.

arXiv's titles, abstracts and names are ASCII with TeX in it (https://info.arxiv.org/help/prep.html), typed by
people and never compiled: dollars that are money, macros that nobody defined, braces that end nowhere. So this
reads what it knows and leaves the rest as written; it knows no document, no packages and no page.

The symbols are pylatexenc's. Its parser is not used: on text that was never compiled it ate everything after
a `%`. Every character is read once, and groups nested deeper than `_DEEPEST` stay as written, so any input
takes time in proportion to its length.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache

from pylatexenc.latex2text import get_default_latex_context_db

_DEEPEST = 40
#: No real formula is longer; a `$` whose partner is further away is money.
_LONGEST_MATH = 2_000
_LONGEST_FACTOR = 200


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# --- Tables -------------------------------------------------------------------------------------------------

_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306", ".": "\u0307",
    '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323", "c": "\u0327", "k": "\u0328",
    "b": "\u0331",
}  # fmt: skip
_MATH_ACCENTS = {
    "grave": "\u0300", "acute": "\u0301", "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303",
    "widetilde": "\u0303", "bar": "\u0304", "overline": "\u0305", "breve": "\u0306", "dot": "\u0307",
    "ddot": "\u0308", "mathring": "\u030a", "check": "\u030c", "vec": "\u20d7",
}  # fmt: skip
#: What pylatexenc's table lacks or, for reading, gets wrong.
_SYMBOLS = {
    "ne": "≠", "iff": "⟺", "implies": "⟹", "impliedby": "⟸", "land": "∧", "lor": "∨", "neg": "¬", "lnot": "¬",
    "models": "⊨", "bot": "⊥", "Re": "Re", "Im": "Im", "degree": "°", "celsius": "℃", "triangle": "△",
    "checkmark": "✓", "cmark": "✓", "xmark": "✗", "textgreater": ">", "textless": "<", "textbar": "|",
    "lbrace": "{", "rbrace": "}", "lbrack": "[", "rbrack": "]", "lvert": "|", "rvert": "|", "vert": "|",
    "colon": ":", "ast": "*", "mid": "|", "prime": "′", "euro": "€", "pounds": "£", "copyright": "©",
    "S": "§", "dag": "†", "ddag": "‡", "slash": "/", "R": "ℝ", "N": "ℕ", "Z": "ℤ", "TeX": "TeX", "LaTeX": "LaTeX",
    "ie": "i.e.", "eg": "e.g.", "etal": "et al.", "etc": "etc.", "wrt": "w.r.t.", "iid": "i.i.d.",
    "aka": "a.k.a.", "vs": "vs.", "item": "•", "lq": "‘", "rq": "’", "gets": "←", "owns": "∋", "varOmega": "Ω",
    "Box": "□", "Diamond": "◇", "ldotp": ".", "cdotp": "·", "enspace": " ", "nobreakspace": " ", "space": " ",
    "quad": " ", "qquad": " ", "thinspace": " ", "textasciitilde": "~", "textasciicircum": "^", "bmod": "mod",
    "mod": "mod", "argmax": "arg max", "argmin": "arg min", "argsup": "arg sup", "arginf": "arg inf",
    ",": " ", ";": " ", ":": " ", ">": " ", " ": " ", "\n": "\n", "\t": " ", "\\": " ", "!": "", "-": "",
    "/": "", "@": "", "|": "‖", "*": "*", "%": "%", "&": "&", "$": "$", "#": "#", "_": "_", "{": "{", "}": "}",
}  # fmt: skip
_OPERATORS = _words(
    "log ln lg exp sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan max min sup inf lim limsup "
    "liminf det dim ker deg gcd lcm hom arg Pr tr rank mod bmod argmax argmin argsup arginf sign"
)
_RELATIONS = frozenset("≤≥≠∈∉∋≈→←↦∼≃≡≅≪≫⊂⊆⊃⊇⊊⊄⊈∝≺≻≼≽≲≳⪯⪰⩽⩾⟺⟹⟸⇒⇐⇔↔⟶⟵⟷⟼⊢⊨≜≐≔∥↪↠∪∩∖∧∨⊕⊗⊎⊔⊓∣∤≁≢≮≯")
_LARGE = frozenset("∑∏∐∫∮")
#: Letters of TeX that end with a space which is no space: `\L ukasz`.
_LETTERS = _words("o O l L ss ae AE oe OE aa AA i j dh DH dj DJ th TH ng NG")
_NOTHING = _words(
    "em it bf tt sc sl sf rm cal itshape bfseries scshape ttfamily sffamily rmfamily normalfont tiny scriptsize "
    "footnotesize small normalsize large Large LARGE huge Huge displaystyle textstyle scriptstyle "
    "scriptscriptstyle limits nolimits noindent centering protect relax maketitle left right middle big Big bigg "
    "Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm nonumber xspace newline linebreak allowbreak "
    "nobreak break par smallskip medskip bigskip hfill faGithub faGlobe"
)
_KEEPS_SPACE = _words("xspace newline linebreak allowbreak break par smallskip medskip bigskip hfill")
_TEXT_STYLES = _words(
    "emph text textbf textit textrm textsf textsl textsc texttt textup textmd textnormal mbox hbox fbox uline "
    "underline ul hl gls Gls glspl Glspl ac acp acf acs acl acrshort acrlong acrfull enquote tit title section "
    "subsection paragraph textls nolinkurl path abstract rev revision revised"
)
_MATH_STYLES = _words(
    "mathrm mathbf mathsf mathit mathtt mathnormal boldsymbol bm pmb bold symbf smash mathbin mathrel mathop "
    "mathord mathopen mathclose mathpunct mathinner overbrace underbrace boxed mathstrut vphantom"
)
_DROPPED = _words("label phantom hphantom vspace hspace color thispagestyle pagestyle vskip hskip")
_DROPPED_FIRST = _words("textcolor colorbox scalebox raisebox rotatebox resizebox foreignlanguage")
_CITATIONS = _words(
    "cite citep citet citealp citealt citeauthor citeyear citeyearpar parencite textcite autocite footcite ref "
    "eqref cref Cref autoref pageref nameref"
)
_ALPHABETS = {
    "mathbb": "DOUBLE-STRUCK", "mathds": "DOUBLE-STRUCK", "Bbb": "DOUBLE-STRUCK", "mathcal": "SCRIPT",
    "mathscr": "SCRIPT", "mathfrak": "FRAKTUR", "frak": "FRAKTUR",
}  # fmt: skip
_MATH_ENVIRONMENTS = _words("equation align gather multline eqnarray displaymath math split aligned")
_TEXT_ENVIRONMENTS = _words("abstract itemize enumerate description center quote quotation")
_SUPERSCRIPTS = dict(
    zip(
        "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡ",
        strict=True,
    )
)
_SUBSCRIPTS = dict(
    zip("0123456789+-−=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True)
)
#: Already raised by their own shape.
_RAISED = {"∘": "°", "°": "°", "*": "*", "∗": "*", "⋆": "⋆", "′": "′", "†": "†", "‡": "‡"}
_ORDINALS = frozenset({"st", "nd", "rd", "th"})


@lru_cache(maxsize=1)
def _library() -> dict[str, str]:
    """pylatexenc's symbols: every macro without arguments that stands for one character or an operator."""
    context = get_default_latex_context_db()
    specs = {spec.macroname: spec.simplify_repl for spec in context.iter_macro_specs()}
    return {
        name: s for name, s in specs.items() if isinstance(s, str) and (len(s) == 1 or name in _OPERATORS)
    }


def _symbol(name: str) -> str | None:
    return _SYMBOLS[name] if name in _SYMBOLS else _library().get(name, name if name in _OPERATORS else None)


_OLDER_NAMES = {"FRAKTUR": "BLACK-LETTER"}


@lru_cache(maxsize=512)
def _styled(char: str, alphabet: str) -> str:
    """`R` in double-struck: ℝ. Unicode keeps the oldest of these letters outside the mathematical block."""
    kind = "DIGIT" if char.isdigit() else "CAPITAL" if char.isupper() else "SMALL"
    written = unicodedata.name(char, "").rpartition(" ")[2] if char.isascii() and char.isalnum() else ""
    older = "WEIERSTRASS" if char == "P" and alphabet == "SCRIPT" else _OLDER_NAMES.get(alphabet, alphabet)
    for name in (f"{older} {kind} {written}", f"MATHEMATICAL {alphabet} {kind} {written}"):
        try:
            return unicodedata.lookup(name)
        except KeyError:
            continue
    return char


# --- Telling what is meant ----------------------------------------------------------------------------------

_MARK = re.compile(r"\\.|[{}$]", re.DOTALL)
_CLOSER = {"$": "$", "\\(": "\\)", "\\[": "\\]"}


def _groups(marks: Iterable[tuple[int, str]]) -> dict[int, int]:
    """The closing brace of every opening one that has one."""
    groups: dict[int, int] = {}
    open_: list[int] = []
    for at, mark in marks:
        if mark == "{":
            open_.append(at)
        elif mark == "}" and open_:
            groups[open_.pop()] = at
    return groups


def _spans(marks: Iterable[tuple[int, str]], groups: dict[int, int]) -> dict[int, int]:
    """The next closing mark of the same group for every mark that may open math."""
    spans: dict[int, int] = {}
    ends = set(groups.values())
    pending: list[dict[str, int]] = [{}]
    for at, mark in marks:
        if at in groups:
            pending.append({})
        elif at in ends:
            pending.pop()
        elif mark in pending[-1]:
            spans[pending[-1].pop(mark)] = at
        if mark in _CLOSER:
            pending[-1][_CLOSER[mark]] = at
    return spans


_PROSE = re.compile(r"[A-Za-z]{2}\s+[A-Za-z]{2}")
_NOT_PROSE = re.compile(r"\\[A-Za-z]+|\{[^{}]*\}")
_SIGN = re.compile(r"\\[A-Za-z!,;]|[\^_=<>]|\A\s*[A-Za-z]\s*\Z")
_WORD = re.compile(r"[A-Za-z]{2}")


def _is_math(content: str, following: str) -> bool:
    """Whether what stands between two dollars is math, not the text between two prices.

    >>> _is_math("n log n", ""), _is_math("5 and ", "1"), _is_math("800 per sample for", "")
    (True, False, False)
    """
    inner = content.strip()
    if not inner or len(content) > _LONGEST_MATH or re.search(r"\n\s*\n", content):
        return False
    bare = _NOT_PROSE.sub("|", inner)
    if _PROSE.search(bare) or re.match(r"[,;:.)](?!\d)", inner):
        return False
    if inner != content and _WORD.search(bare):
        return False
    if content[-1].isspace() and not _SIGN.search(content):
        return False
    return not inner[0].isdigit() or _is_formula(content, following)


def _is_formula(content: str, following: str) -> bool:
    """The same for what begins with a digit, as prices do: `$5-$10`, `$20 ($30)`."""
    if following.isdigit() or any(content.count(a) != content.count(b) for a, b in ("()", "[]")):
        return False
    return re.search(r"\\[A-Za-z]", content) is not None or content[-1] not in " \t\n,.;:-/"


def _ends_factor(last: str) -> bool:
    """Whether what ends so would run into the word that follows."""
    return bool(last) and (last.isalnum() or last in ")]}" or bool(unicodedata.combining(last)))


def _is_one_name(text: str) -> bool:
    """Whether a script can follow its mark without brackets: letters and digits on the line only."""
    return all(unicodedata.category(c) in {"Lu", "Ll", "Lo", "Nd"} for c in text)


def _is_bracketed(text: str) -> bool:
    return text[:1] == "(" and text[-1:] == ")" and not re.search(r"[()]", text[1:-1])


def _is_word(script: str) -> bool:
    """`max` and `pad`, better read on the line, and not the indices `ijk`."""
    return len(script) > 2 and script.isalpha() and script not in "ijklmnop"


def _scripted(mark: str, script: str, before: str, after: str) -> str:
    """`^` or `_` and its script, raised or lowered where Unicode has all the characters.

    >>> _scripted("^", "-3", "0", ""), _scripted("_", "cut", "M", ""), _scripted("^", "a/b", "x", "")
    ('⁻³', '_cut', '^(a/b)')
    """
    if mark == "^" and (script in _RAISED or (script in _ORDINALS and before.isdigit())):
        return _RAISED.get(script, script)
    tight = re.sub(r"\s*([-+=])\s*", r"\1", script)
    table = _SUPERSCRIPTS if mark == "^" else _SUBSCRIPTS
    if all(c in table for c in tight) and not _is_word(script):
        return "".join(table[c] for c in tight)
    if _is_bracketed(script) or (len(script) == 1 and not script.isalnum()):
        return mark + script
    return mark + (script if _is_one_name(script) and not after.isalnum() else f"({script})")


_SUM = re.compile(r"[-+±∓=<>/,\s]|[×·≤≥≠≈∈→]")
_FACTOR = re.compile(r"√?(?:[\d.]+%?|[^\W\d_][\u0300-\u036f]*)[′*₀-₉⁰¹²³⁴-⁹ₐ-ₜᵢ-ᵪⁱⁿ]*")


def _without_brackets(text: str) -> str:
    """The text without what stands inside its brackets."""
    depth, outside = 0, []
    for char in text:
        depth -= char in ")]⟩}"
        if depth <= 0:
            outside.append(char)
        depth += char in "([⟨{"
    return "".join(outside)


def _numerator(text: str) -> str:
    long = len(text) > _LONGEST_FACTOR
    return f"({text})" if long or _SUM.search(_without_brackets(text)) else text


def _denominator(text: str) -> str:
    """`n` and `(q+1)` as they are; `2n` in brackets, or 1/2n could be n/2."""
    if len(text) > _LONGEST_FACTOR:
        return f"({text})"
    outside = _without_brackets(text)
    bare = (
        _FACTOR.fullmatch(text) or _is_bracketed(text) or (outside[-1:] in ")⟩" and not _SUM.search(outside))
    )
    return text if bare else f"({text})"


def _root(degree: str, text: str) -> str:
    sign = {"": "√", "2": "√", "3": "∛", "4": "∜"}.get(degree) or (
        "".join(_SUPERSCRIPTS.get(c, c) for c in degree) + "√"
    )
    bare = len(text) == 1 or text.isdigit() or _is_bracketed(text)
    return sign + (text if bare else f"({text})")


def _accented(text: str, accent: str) -> str:
    """The accent on the first letter, composed."""
    plain = {"ı": "i", "ȷ": "j"}.get(text[0], text[0])
    return unicodedata.normalize("NFC", plain + accent) + text[1:]


def _is_one_letter(text: str) -> bool:
    return text[:1].isalpha() and all(unicodedata.combining(c) for c in text[1:])


def _takes_accent(text: str, name: str, braced: bool) -> bool:
    r"""Whether `\'` or `\v` before this text is an accent: `\'e`, but not the `\'` of `it\'t` or the `\"` of `\"hat`.

    A letter that no European language writes so, without braces, is an escaped quotation mark.
    """
    if not text[:1].isalpha() or (name.isalpha() and not _is_one_letter(text)):
        return False
    composed = _accented(text[0], _ACCENTS[name])
    return braced or not text.isascii() or name.isalpha() or composed < "\u0250" or composed in "ẽẼỹỸ"


# --- Reading ------------------------------------------------------------------------------------------------

_NAME = re.compile(r"\\([A-Za-z]+|.)", re.DOTALL)
_TEXT_STOP = re.compile(r"""https?://|\bwww\.|[\\{}$^~`'"]|-{2,}""")
_MATH_TOKEN = re.compile(r"\s+|[^\s\\{}^_~'&]+|.", re.DOTALL)
_ADDRESS = re.compile(r"(?:[^\s{}$\\<>\"`]|\\[_%#&~$-])+")
_ESCAPED = re.compile(r"\\([_%#&~$^{}-])")
_DASHES = re.compile(r"-+")
_BACKTICKS = re.compile(r"`+")
_POSSESSIVE = re.compile(r"(?<=[A-Za-z]{2}\\')[st]\b")
_LETTER = re.compile(r"[^\W\d_]|\\")
_SPACED_LETTER = re.compile(r"\\|[ \t]+(?:[^\W\d_]|\\|\{)|(?<=[^A-Za-z])[^\W\d_]")
_OPTIONAL = re.compile(r"\s*\[[^\[\]{}$]{0,200}\]")
_LENGTH = re.compile(r"\[-?[\d.]+\s*(?:mm|cm|pt|em|ex|in)\]")
_POWER = re.compile(r"\^(?:\{([-+]?\d{1,4})\}|(\d{1,3})(?!\d|\.\d)|([a-z])(?![\w^{(]))")
_SINGLE_QUOTED = re.compile(r"`(?=[^\s`])[^`\n]{0,200}?[^\s`\\]'(?![\w'])")
_QUOTE_END = re.compile(r"''|\"|``")
_OPERAND = re.compile(r"[^\W_]|\{(?![(}])|\\(?!left|[bB]igg?[lr]?(?![a-z])|[^A-Za-z])")
_SPACED_OPERAND = re.compile(r"[ \t]+(?=[^\W_]|[\\(\[{])")
_ESCAPED_ACCENT = re.compile(r"\\\{(\\(?:[`'^\"~=.]|[cvuHkdbr](?![A-Za-z]))\s*(?:\{\\?\w\}|\\?\w))\\\}")


class _Reader:
    """One text being read, from left to right, once.

    `_collect` converts up to an offset into a list of its own; what a step emits goes to the innermost list.
    """

    def __init__(self, source: str) -> None:
        marks = [(match.start(), match[0]) for match in _MARK.finditer(source)]
        self._source = source
        self._groups = _groups(marks)
        self._spans = _spans(marks, self._groups)
        self._pos = 0
        self._end = len(source)
        self._math = False
        self._depth = 0
        self._out: list[str] = []
        self._open_quotes = 0
        self._closing_quotes: set[int] = set()

    def read(self) -> str:
        return self._collect(self._end, math=False)

    # What stands around the place being read

    def _next(self) -> str:
        return self._source[self._pos : self._pos + 1] if self._pos < self._end else ""

    def _last(self) -> str:
        return self._out[-1][-1] if self._out else ""

    def _emit(self, text: str) -> None:
        if text:
            self._out.append(text)

    def _group_end(self, at: int) -> int | None:
        end = self._groups.get(at)
        return end if end is not None and end < self._end else None

    def _skip_spaces(self) -> None:
        while self._next() in {" ", "\t"}:
            self._pos += 1

    def _skip_spaces_before_operand(self) -> None:
        """White space that ends a macro's name. Before `=` and the like it stays, for what stands around them."""
        match = _SPACED_OPERAND.match(self._source, self._pos, self._end)
        self._pos = match.end() if match else self._pos

    # Stretches

    def _collect(self, end: int, *, math: bool, once: bool = False) -> str:
        """What stands from here to `end`, or the first step of it, converted."""
        if self._depth >= _DEEPEST:
            end = self._pos + 1 if once else end
            raw, self._pos = self._source[self._pos : end], end
            return raw
        outer = self._out, self._end, self._math, self._depth
        self._out, self._end, self._math, self._depth = [], end, math, self._depth + 1
        while self._pos < end:
            (self._math_step if math else self._text_step)()
            if once:
                break
        text = "".join(self._out)
        self._out, self._end, self._math, self._depth = outer
        return text

    def _text_step(self) -> None:
        stop = _TEXT_STOP.search(self._source, self._pos, self._end)
        at = stop.start() if stop else self._end
        if at > self._pos:
            self._emit(self._source[self._pos : at])
            self._pos = at
        elif stop:
            _TEXT_STEPS[stop[0][0]](self)

    def _math_step(self) -> None:
        token = _MATH_TOKEN.match(self._source, self._pos, self._end)
        text = token[0] if token else ""
        if text in _MATH_STEPS:
            _MATH_STEPS[text](self)
            return
        self._pos += len(text)
        self._emit(text if not text.isspace() else "\n" if "\n" in text else " ")

    def _literal(self) -> None:
        self._emit(self._next())
        self._pos += 1

    # Text

    def _address(self) -> None:
        match = _ADDRESS.match(self._source, self._pos, self._end)
        self._pos = match.end() if match else self._pos + 1
        self._emit(_ESCAPED.sub(r"\1", match[0]) if match else "")

    def _in_address(self) -> bool:
        """Whether the word before this place is the beginning of `github.com/…`."""
        words = self._source[max(0, self._pos - 100) : self._pos].rsplit(None, 1)
        host, slash, _ = words[-1].partition("/") if words else ("", "", "")
        return bool(slash) and "." in host

    def _dash(self) -> None:
        before = self._source[self._pos - 1 : self._pos] if self._pos else ""
        run = _DASHES.match(self._source, self._pos, self._end)
        assert run
        after = self._source[run.end() : run.end() + 1]
        option = len(run[0]) == 2 and (not before or before in " \n([`") and after.isalpha()
        kept = option or before in {"<", "!"} or after == ">" or len(run[0]) > 3 or self._in_address()
        self._emit(run[0] if kept else "–" if len(run[0]) == 2 else "—")
        self._pos = run.end()

    def _tie(self) -> None:
        """`Figure~2` has a space; `~20`, `a ~ b` and `/~user` have a tilde."""
        before = self._source[self._pos - 1 : self._pos] if self._pos else " "
        after = self._source[self._pos + 1 : self._pos + 2]
        if (
            not (before.isalnum() or before in ".,:;)]}$'\"%")
            or after in {"~", "/", "="}
            or self._in_address()
        ):
            self._emit("" if after == "\\" and before.isspace() else "~")
        elif after and not after.isspace():
            self._emit(" ")
        self._pos += 1

    def _power(self) -> None:
        r"""`m^2` where the dollars were lost, as on Hugging Face. `ReST^EM` and `10^(-62)` stay."""
        match = _POWER.match(self._source, self._pos, self._end)
        before = self._source[self._pos - 1 : self._pos] if self._pos else ""
        if not match or not (before.isalnum() or before == ")"):
            self._literal()
            return
        self._emit("".join(_SUPERSCRIPTS.get(c, "^" + c) for c in match[match.lastindex or 0]))
        self._pos = match.end()

    def _opening_quote(self) -> None:
        match = _BACKTICKS.match(self._source, self._pos, self._end)
        run = len(match[0]) if match else 1
        if run == 2 and self._is_quotation():
            self._open_quotes += 1
            self._emit("“")
        elif run == 1 and self._is_single_quotation():
            self._emit("‘")
        else:
            self._emit("`" * run)
        self._pos += run

    def _is_quotation(self) -> bool:
        """Not the ``code`` of reStructuredText."""
        inside = self._source[self._pos + 2 : self._pos + 3]
        if not inside or inside.isspace() or inside in ".,;:)":
            return False
        end = _QUOTE_END.search(self._source, self._pos + 2, min(self._pos + 400, self._end))
        return end is None or end[0] != "``" or self._source[end.end() : end.end() + 1].isalpha()

    def _is_single_quotation(self) -> bool:
        match = _SINGLE_QUOTED.match(self._source, self._pos, self._end)
        if not match or self._source[self._pos - 1 : self._pos].isalnum():
            return False
        self._closing_quotes.add(match.end() - 1)
        return True

    def _closing_quote(self) -> None:
        width = 2 if self._source.startswith("''", self._pos) else 1
        if self._open_quotes and (width == 2 or self._next() == '"'):
            self._open_quotes -= 1
            self._emit("”")
        elif width == 1 and self._pos in self._closing_quotes:
            self._emit("’")
        else:
            self._emit(self._source[self._pos : self._pos + width])
        self._pos += width

    def _text_group(self) -> None:
        end = self._group_end(self._pos)
        if end is None:
            self._literal()
            return
        bare = self._braces_vanish(self._pos, end)
        self._pos += 1
        content = self._collect(end, math=False)
        self._pos = end + 1
        self._emit(content if bare else f"{{{content}}}")

    def _braces_vanish(self, start: int, end: int) -> bool:
        r"""Braces are TeX's in `{\em x}`, `3{,}000`, `Touch{é}`, `{B}ERT`; the author's in `{-1, 0, +1}`."""
        content = self._source[start + 1 : end] if end - start < 3 else self._source[start + 1 : start + 2]
        if content[:1] in {"\\", "$"} or content == ",":
            return True
        before = self._source[start - 1 : start] if start else ""
        after = self._source[end + 1 : end + 2]
        single = end - start == 2 and content.isalpha()
        return single and (
            not content.isascii() or (content.isupper() and after.isalpha() and before not in "^_")
        )

    # Math

    def _dollar(self) -> None:
        width = 2 if self._source.startswith("$$", self._pos) else 1
        start = self._pos + width
        close = self._spans.get(start - 1, self._end)
        following = self._source[close + width : close + width + 1]
        closed = close + width <= self._end and self._source.startswith("$" * width, close)
        if closed and _is_math(self._source[start:close][: _LONGEST_MATH + 1], following):
            self._pos = start
            self._formula(close, width)
        else:
            self._literal()

    def _formula(self, close: int, width: int) -> None:
        """Math up to `close`, without the spaces at its ends unless two words would become one."""
        start = self._pos
        text = _tidied(self._collect(close, math=True))
        self._pos = close + width
        if self._source[start].isspace() and self._last().isalnum():
            text = " " + text
        if self._source[close - 1].isspace() and self._next().isalnum():
            text += " "
        self._emit(text)

    def _bracket(self, name: str) -> str:
        r"""`\(…\)` and `\[…\]`."""
        close = self._spans.get(self._pos - 2)
        if close is None or close >= self._end or close - self._pos > _LONGEST_MATH:
            return "\\" + name
        if close > self._pos:
            self._formula(close, 2)
        self._pos = close + 2
        return ""

    def _math_group(self) -> None:
        end = self._group_end(self._pos)
        if end is None:
            self._literal()
            return
        self._pos += 1
        self._emit(self._collect(end, math=True))
        self._pos = end + 1

    def _script(self) -> None:
        mark = self._next()
        self._pos += 1
        script = self._argument()
        if script is None:
            self._emit(mark)
        elif script.strip():
            self._emit(_scripted(mark, script.strip(), self._last(), self._next()))

    def _primes(self) -> None:
        self._emit("′")
        self._pos += 1

    def _math_space(self) -> None:
        self._emit(" ")
        self._pos += 1

    # Macros

    def _macro(self) -> None:
        match = _NAME.match(self._source, self._pos, self._end)
        if not match:
            self._literal()
            return
        self._pos = match.end()
        name = match[1]
        handler = _HANDLERS.get(name)
        if handler and not (self._math and name in _ACCENTS and not name.isalpha()):
            self._emit(handler(self, name))
        else:
            self._known(name)

    def _known(self, name: str) -> None:
        symbol = _symbol(name)
        if symbol is None:
            self._emit(self._unknown(name))
        elif name in _OPERATORS:
            self._operator(symbol)
        elif symbol in _RELATIONS or name == "mid":
            self._relation(symbol)
        else:
            self._ordinary(name, symbol)

    def _ordinary(self, name: str, symbol: str) -> None:
        r"""A sign. The space after `\alpha` ends its name: it is one only where a space stands before, too."""
        spaced = self._last().isspace() and (self._math or (name == "AA" and self._out[-1][-2:-1].isdigit()))
        if symbol.endswith(".") and self._next() == ".":
            self._pos += 1
        if self._source.startswith("{}", self._pos):
            self._pos += 2
        elif not spaced and name.isalpha() and (self._math or name in _LETTERS):
            self._skip_spaces_before_operand()
        if name == "\\" and (length := _LENGTH.match(self._source, self._pos, self._end)):
            self._pos = length.end()
        self._emit(" " + symbol if symbol in _LARGE and _ends_factor(self._last()) else symbol)

    def _relation(self, symbol: str) -> None:
        before = self._last()
        unary = not before or before in "([{,⟨"
        self._skip_spaces()
        closed = not self._next() or self._next() in ")],;"
        left = "" if unary or before.isspace() else " "
        self._emit(left + symbol + ("" if unary or closed or self._next().isspace() else " "))

    def _operator(self, symbol: str) -> None:
        last = self._last()
        self._emit(" " + symbol if _ends_factor(last) else symbol)
        while self._math and self._next() in {"^", "_"}:
            self._script()
        if _OPERAND.match(self._source, self._pos, self._end):
            self._emit(" ")

    def _unknown(self, name: str) -> str:
        r"""`\method{x}` as written, with what is in its braces converted."""
        pieces = ["\\", name]
        while name.isalpha() and self._next() == "{" and (end := self._group_end(self._pos)) is not None:
            self._pos += 1
            pieces += ["{", self._collect(end, math=self._math), "}"]
            self._pos = end + 1
        return "".join(pieces)

    def _argument(self, math: bool | None = None) -> str | None:
        """The next group, macro or character, converted; None when there is none."""
        self._skip_spaces()
        mode = self._math if math is None else math
        char = self._next()
        if char == "{":
            return self._braced(mode)
        if char == "\\":
            return self._collect(self._end, math=mode, once=True)
        if not char or char in "}$&^_" or char.isspace():
            return None
        self._pos += 1
        return char

    def _braced(self, math: bool) -> str | None:
        end = self._group_end(self._pos)
        if end is None:
            return None
        self._pos += 1
        content = self._collect(end, math=math)
        self._pos = end + 1
        return content

    def _raw_argument(self) -> str | None:
        """What stands in the next braces, as written: an address, a key."""
        end = self._group_end(self._pos) if self._next() == "{" else None
        if end is None:
            return None
        raw, self._pos = self._source[self._pos + 1 : end], end + 1
        return raw

    def _skip_optional(self) -> str:
        match = _OPTIONAL.match(self._source, self._pos, self._end)
        self._pos = match.end() if match else self._pos
        return match[0].strip()[1:-1] if match else ""

    # Handlers: each is told the macro's name, stands behind it, and returns what to write

    def _accent(self, name: str) -> str:
        if name == "'" and _POSSESSIVE.match(self._source, self._pos, self._end):
            return "'"  # `it\'s` is an escaped apostrophe more often than a Polish ś
        if not self._accent_follows(name):
            return self._not_accent(name)
        self._skip_spaces()
        braced = self._next() == "{"
        text = self._argument(math=False) or ""
        if _takes_accent(text, name, braced):
            return _accented(text, _ACCENTS[name])
        if braced and (text or name.isalpha()):
            return f"\\{name}{{{text}}}"
        return self._not_accent(name) + text

    def _accent_follows(self, name: str) -> bool:
        r"""Whether something to put an accent on does: at once, or after spaces in `\v c` and `{\' a}`."""
        if self._next() == "{":
            return self._group_end(self._pos) is not None
        grouped = self._source[max(0, self._pos - 3) : self._pos - 2] == "{"
        pattern = _SPACED_LETTER if name.isalpha() or grouped else _LETTER
        return bool(pattern.match(self._source, self._pos, self._end))

    def _not_accent(self, name: str) -> str:
        return name if name in "~^\"'`" else "\\" + name

    def _math_accent(self, name: str) -> str:
        text = self._argument(math=True)
        if text is None:
            return "\\" + name
        if name == "overline" and text.isalnum():
            return "".join(c + _MATH_ACCENTS[name] for c in text)
        return _accented(text, _MATH_ACCENTS[name]) if _is_one_letter(text) else f"\\{name}{{{text}}}"

    def _text_style(self, name: str) -> str:
        self._skip_star()
        return self._style(name, math=False)

    def _math_style(self, name: str) -> str:
        return self._style(name, math=True)

    def _style(self, name: str, *, math: bool) -> str:
        if self._next() == "{" and self._groups.get(self._pos) is None:
            self._pos += 1  # the text was cut off: what there is of it can be read
            return ""
        text = self._argument(math)
        return "\\" + name if text is None else text

    def _skip_star(self) -> None:
        self._pos += self._next() == "*"

    def _alphabet(self, name: str) -> str:
        text = self._argument()
        return "\\" + name if text is None else "".join(_styled(c, _ALPHABETS[name]) for c in text)

    def _named_operator(self, name: str) -> str:
        self._skip_star()
        text = self._argument(math=True)
        if text is None:
            return "\\" + name
        self._operator(text)
        return ""

    def _nothing(self, name: str) -> str:
        if name not in _KEEPS_SPACE:
            self._skip_spaces()
        if name in {"left", "right", "middle"} and self._next() == ".":
            self._pos += 1
        return ""

    def _dropped(self, name: str) -> str:
        self._skip_star()
        return "\\" + name if self._raw_argument() is None else ""

    def _dropped_first(self, name: str) -> str:
        self._skip_optional()
        first = self._raw_argument()
        if first is not None and name == "resizebox":
            self._raw_argument()
        return "\\" + name if first is None else self._style(name, math=self._math)

    def _fraction(self, name: str) -> str:
        before = self._last()
        top = self._argument()
        bottom = self._argument() if top is not None else None
        if top is None or bottom is None:
            return "\\" + name + ("" if top is None else f"{{{top}}}")
        text = f"{_numerator(top.strip())}/{_denominator(bottom.strip())}"
        return f"({text})" if before.isalnum() or before == "/" or self._next().isalnum() else text

    def _square_root(self, name: str) -> str:
        degree = self._skip_optional()
        text = self._argument()
        return "\\" + name if text is None else _root(degree, text.strip())

    def _binomial(self, name: str) -> str:
        top = self._argument()
        bottom = self._argument() if top is not None else None
        if top is None or bottom is None:
            return "\\" + name + ("" if top is None else f"{{{top}}}")
        return f"({top} choose {bottom})"

    def _modulo(self, name: str) -> str:
        text = self._argument()
        if text is None:
            return "\\" + name
        return f"{'' if self._last().isspace() else ' '}(mod {text.strip()})"

    def _long_arrow(self, name: str) -> str:
        self._skip_optional()
        text = self._argument()
        self._relation("←" if name == "xleftarrow" else "→")
        return f"[{text}] " if text and text.strip() else ""

    def _stacked(self, name: str) -> str:
        above, base = self._argument(), self._argument()
        if above is None or base is None:
            return "\\" + name + (f"{{{above}}}" if above is not None else "")
        self._emit(base)
        return (
            _scripted("_" if name == "underset" else "^", above.strip(), "", self._next())
            if above.strip()
            else ""
        )

    def _negated(self, name: str) -> str:
        text = self._argument()
        if not text or not text.strip() or len(text.strip()) > 1:
            return "\\" + name + (text or "")
        self._relation(unicodedata.normalize("NFC", text.strip() + "\u0338"))
        return ""

    def _shifted(self, name: str) -> str:
        text = self._argument(math=False)
        if text is None:
            return "\\" + name
        mark = "_" if name == "textsubscript" else "^"
        return _scripted(mark, text, self._last(), self._next()) if text else ""

    def _link(self, name: str) -> str:
        address = self._raw_argument()
        if address is None:
            return "\\" + name
        address = _ESCAPED.sub(r"\1", address)
        text = self._argument(math=False) if name != "url" and self._next() == "{" else None
        if not text or text.strip() == address or text.strip().startswith("http"):
            return text or address
        return f"{text} ({address})"

    def _citation(self, name: str) -> str:
        self._skip_star()
        while self._skip_optional():
            pass
        keys = self._raw_argument()
        if keys is None:
            return "\\" + name
        return f"{'' if not self._last() or self._last() in ' (~[' else ' '}[{keys}]"

    def _footnote(self, name: str) -> str:
        self._skip_optional()
        if name == "footnotemark":
            return ""
        text = self._argument(math=False)
        return "\\" + name if text is None else f" ({text.strip()})"

    def _code_point(self, name: str) -> str:
        r"""`\unicode{x2013}` as MathJax writes it, `\ding{182}` as pifont does."""
        raw = self._raw_argument()
        match = re.fullmatch(r"x([0-9A-Fa-f]{2,5})|(\d{1,6})", raw or "")
        if not match:
            return "\\" + name + ("" if raw is None else f"{{{raw}}}")
        code = int(match[1], 16) if match[1] else int(match[2])
        char = _dingbat(code) if name == "ding" else chr(code) if code < 0x110000 else ""
        return char if char.isprintable() and char else f"\\{name}{{{raw}}}"

    def _verbatim(self, name: str) -> str:
        delimiter = self._next()
        end = (
            self._source.find(delimiter, self._pos + 1, min(self._end, self._pos + 500)) if delimiter else -1
        )
        if end < 0 or delimiter.isalnum() or delimiter.isspace():
            return "\\" + name
        raw, self._pos = self._source[self._pos + 1 : end], end + 1
        return raw

    def _environment(self, name: str) -> str:
        kind = self._raw_argument()
        if kind is None:
            return "\\" + name
        if kind.rstrip("*") in _TEXT_ENVIRONMENTS:
            return ""
        closing = f"\\end{{{kind}}}"
        end = self._source.find(closing, self._pos, min(self._end, self._pos + _LONGEST_MATH))
        if name == "end" or end <= self._pos or kind.rstrip("*") not in _MATH_ENVIRONMENTS:
            return f"\\{name}{{{kind}}}"
        self._formula(end, len(closing))
        return ""


def _dingbat(code: int) -> str:
    """The character of a place in Zapf Dingbats, whose order the Unicode block follows."""
    if 172 <= code <= 181:
        return chr(0x2460 + code - 172)
    if 33 <= code <= 126:
        return chr(0x2700 + code - 32)
    return chr(0x2761 + code - 161) if 161 <= code <= 254 else ""


def _tidied(math: str) -> str:
    math = re.sub(r"[ \t]{2,}", " ", math.strip())
    return re.sub(r"(?<=[(\[{⟨⌈⌊]) | (?=[)\]},;⟩⌉⌋])", "", math)


_Step = Callable[[_Reader], None]
_Handler = Callable[[_Reader, str], str]

_TEXT_STEPS: dict[str, _Step] = {
    "h": _Reader._address, "w": _Reader._address, "\\": _Reader._macro, "{": _Reader._text_group,
    "}": _Reader._literal, "$": _Reader._dollar, "^": _Reader._power, "~": _Reader._tie,
    "`": _Reader._opening_quote, "'": _Reader._closing_quote, '"': _Reader._closing_quote, "-": _Reader._dash,
}  # fmt: skip
_MATH_STEPS: dict[str, _Step] = {
    "\\": _Reader._macro, "{": _Reader._math_group, "^": _Reader._script, "_": _Reader._script,
    "~": _Reader._math_space, "&": _Reader._math_space, "'": _Reader._primes,
}  # fmt: skip
_HANDLERS: dict[str, _Handler] = {
    **dict.fromkeys(_ACCENTS, _Reader._accent),
    **dict.fromkeys(_MATH_ACCENTS, _Reader._math_accent),
    **dict.fromkeys(_TEXT_STYLES, _Reader._text_style),
    **dict.fromkeys(_MATH_STYLES, _Reader._math_style),
    **dict.fromkeys(_ALPHABETS, _Reader._alphabet),
    **dict.fromkeys(_NOTHING, _Reader._nothing),
    **dict.fromkeys(_DROPPED, _Reader._dropped),
    **dict.fromkeys(_DROPPED_FIRST, _Reader._dropped_first),
    **dict.fromkeys(_CITATIONS, _Reader._citation),
    **dict.fromkeys(("(", "["), _Reader._bracket),
    **dict.fromkeys(("frac", "tfrac", "dfrac", "cfrac", "nicefrac", "sfrac"), _Reader._fraction),
    **dict.fromkeys(("binom", "tbinom", "dbinom"), _Reader._binomial),
    **dict.fromkeys(("operatorname", "DeclareMathOperator"), _Reader._named_operator),
    **dict.fromkeys(("xrightarrow", "xleftarrow"), _Reader._long_arrow),
    **dict.fromkeys(("stackrel", "overset", "underset"), _Reader._stacked),
    **dict.fromkeys(("textsuperscript", "textsubscript"), _Reader._shifted),
    **dict.fromkeys(("url", "href", "hyperlink"), _Reader._link),
    **dict.fromkeys(("footnote", "thanks", "footnotetext", "footnotemark"), _Reader._footnote),
    **dict.fromkeys(("unicode", "ding"), _Reader._code_point),
    **dict.fromkeys(("begin", "end"), _Reader._environment),
    "ensuremath": _Reader._math_style, "sqrt": _Reader._square_root, "pmod": _Reader._modulo,
    "not": _Reader._negated, "verb": _Reader._verbatim,
}  # fmt: skip

#: Looked for one by one: ten times as fast as a regular expression, and most texts have none.
_SIGNS_OF_TEX = ("\\", "$", "^", "{", "}", "~", "`", "--")


def readable(text: str) -> str:
    r"""TeX as found in titles, abstracts and names, as Unicode; what cannot be converted stays as written.

    Never longer than about twice the text, and the text itself when there is no sign of TeX in it.

    >>> readable(r"Andr\'e: $O(n \log n)$ for $800, 50\% of $\mathbb{R}^{d}$")
    'André: O(n log n) for $800, 50% of ℝᵈ'
    """
    if not any(sign in text for sign in _SIGNS_OF_TEX):
        return text
    return _Reader(_ESCAPED_ACCENT.sub(r"{\1}", text)).read()
