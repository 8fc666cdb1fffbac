"""What TeX's names stand for: signs, accents, alphabets, and the names that mean nothing in plain text.

These tables add to pylatexenc's, which is loaded when it is first needed.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from pylatexenc.latex2text import get_default_latex_context_db


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306", ".": "\u0307",
    '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323", "c": "\u0327", "k": "\u0328",
    "b": "\u0331",
}  # fmt: skip
MATH_ACCENTS = {
    "grave": "\u0300", "acute": "\u0301", "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303",
    "widetilde": "\u0303", "bar": "\u0304", "overline": "\u0305", "breve": "\u0306", "dot": "\u0307",
    "ddot": "\u0308", "mathring": "\u030a", "check": "\u030c", "vec": "\u20d7",
}  # fmt: skip
#: Signs that pylatexenc's table lacks, or has in a form that is hard to read.
_SYMBOLS = {
    "ne": "≠", "iff": "⟺", "implies": "⟹", "impliedby": "⟸", "land": "∧", "lor": "∨", "neg": "¬", "lnot": "¬",
    "models": "⊨", "bot": "⊥", "Re": "Re", "Im": "Im", "degree": "°", "celsius": "℃", "triangle": "△",
    "checkmark": "✓", "cmark": "✓", "xmark": "✗", "textgreater": ">", "textless": "<", "textbar": "|",
    "lbrace": "{", "rbrace": "}", "lbrack": "[", "rbrack": "]", "lvert": "|", "rvert": "|", "vert": "|",
    "colon": ":", "ast": "*", "mid": "|", "prime": "′", "euro": "€", "pounds": "£", "copyright": "©",
    "S": "§", "dag": "†", "ddag": "‡", "slash": "/", "R": "ℝ", "N": "ℕ", "Z": "ℤ", "TeX": "TeX", "LaTeX": "LaTeX",
    "ie": "i.e.", "eg": "e.g.", "etal": "et al.", "etc": "etc.", "wrt": "w.r.t.", "iid": "i.i.d.",
    "aka": "a.k.a.", "vs": "vs.", "item": "•", "lq": "‘", "rq": "’", "gets": "←", "owns": "∋", "varOmega": "Ω",
    "eps": "ε", "Box": "□", "Diamond": "◇", "ldotp": ".", "cdotp": "·", "enspace": " ", "nobreakspace": " ",
    "space": " ",
    "quad": " ", "qquad": " ", "thinspace": " ", "textasciitilde": "~", "textasciicircum": "^", "bmod": "mod",
    "micro": "µ", "micron": "µm", "yen": "¥", "textyen": "¥", "textunderscore": "_", "textminus": "−",
    "mod": "mod", "argmax": "arg max", "argmin": "arg min", "argsup": "arg sup", "arginf": "arg inf",
    ",": " ", ";": " ", ":": " ", ">": " ", " ": " ", "\n": "\n", "\t": " ", "!": "", "-": "",
    "/": "", "@": "", "|": "‖", "*": "*", "%": "%", "&": "&", "$": "$", "#": "#", "_": "_", "{": "{", "}": "}",
}  # fmt: skip
OPERATORS = _words(
    "log ln lg exp sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan max min sup inf lim limsup "
    "liminf det dim ker deg gcd lcm hom arg Pr tr rank mod bmod argmax argmin argsup arginf sign"
)
RELATIONS = frozenset("≤≥≠∈∉∋≈→←↦∼≃≡≅≪≫⊂⊆⊃⊇⊊⊄⊈∝≺≻≼≽≲≳⪯⪰⩽⩾⟺⟹⟸⇒⇐⇔↔⟶⟵⟷⟼⊢⊨≜≐≔∥↪↠∪∩∖∧∨⊕⊗⊎⊔⊓∣∤≁≢≮≯")
LARGE = frozenset("∑∏∐∫∮")
#: Names in prose after which a space only ends the name: `\L ukasz`, `\textmu m`, `\lq so`.
LETTERS = _words(
    "o O l L ss ae AE oe OE aa AA i j dh DH dj DJ th TH ng NG micro textmu lq textquoteleft textquotedblleft "
    "guillemotleft textendash textemdash slash"
)
NOTHING = _words(
    "em it bf tt sc sl sf rm cal itshape bfseries scshape ttfamily sffamily rmfamily normalfont tiny scriptsize "
    "footnotesize small normalsize large Large LARGE huge Huge displaystyle textstyle scriptstyle "
    "scriptscriptstyle limits nolimits noindent centering protect relax maketitle left right middle big Big bigg "
    "Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm nonumber xspace newline linebreak allowbreak "
    "nobreak break par smallskip medskip bigskip hfill faGithub faGlobe"
)
KEEPS_SPACE = _words("xspace newline linebreak allowbreak break par smallskip medskip bigskip hfill")
TEXT_STYLES = _words(
    "emph text textbf textit textrm textsf textsl textsc texttt textup textmd textnormal mbox hbox fbox uline "
    "underline ul hl gls Gls glspl Glspl ac acp acf acs acl acrshort acrlong acrfull enquote tit title section "
    "subsection paragraph textls nolinkurl path abstract rev revision revised ce num si unit"
)
MATH_STYLES = _words(
    "mathrm mathbf mathsf mathit mathtt mathnormal boldsymbol bm pmb bold symbf smash mathbin mathrel mathop "
    "mathord mathopen mathclose mathpunct mathinner overbrace underbrace boxed mathstrut vphantom"
)
DROPPED = _words("label phantom hphantom vspace hspace color thispagestyle pagestyle vskip hskip")
DROPPED_FIRST = _words("textcolor colorbox scalebox raisebox rotatebox resizebox foreignlanguage")
CITATIONS = _words(
    "cite citep citet citealp citealt citeauthor citeyear citeyearpar parencite textcite autocite footcite ref "
    "eqref cref Cref autoref pageref nameref"
)
ALPHABETS = {
    "mathbb": "DOUBLE-STRUCK", "mathbbm": "DOUBLE-STRUCK", "mathds": "DOUBLE-STRUCK", "Bbb": "DOUBLE-STRUCK",
    "mathcal": "SCRIPT", "mathscr": "SCRIPT", "scr": "SCRIPT", "mathfrak": "FRAKTUR", "frak": "FRAKTUR",
}  # fmt: skip
_OLDER_NAMES = {"FRAKTUR": "BLACK-LETTER"}
MATH_ENVIRONMENTS = _words("equation align gather multline eqnarray displaymath math split aligned cases")
TEXT_ENVIRONMENTS = _words("abstract itemize enumerate description center quote quotation")

_ESCAPED = re.compile(r"\\([_%#&~$^{}-])")


@lru_cache(maxsize=1)
def _library() -> dict[str, str]:
    """pylatexenc's symbols: every macro without arguments that stands for one character or an operator."""
    context = get_default_latex_context_db()
    specs = {spec.macroname: spec.simplify_repl for spec in context.iter_macro_specs()}
    return {name: s for name, s in specs.items() if isinstance(s, str) and (len(s) == 1 or name in OPERATORS)}


def sign(name: str) -> str | None:
    return _SYMBOLS[name] if name in _SYMBOLS else _library().get(name, name if name in OPERATORS else None)


@lru_cache(maxsize=512)
def styled(char: str, alphabet: str) -> str:
    """`R` in double-struck: ℝ. Unicode has the oldest of these letters outside the mathematical block."""
    kind = "DIGIT" if char.isdigit() else "CAPITAL" if char.isupper() else "SMALL"
    written = unicodedata.name(char, "").rpartition(" ")[2] if char.isascii() and char.isalnum() else ""
    older = "WEIERSTRASS" if char == "P" and alphabet == "SCRIPT" else _OLDER_NAMES.get(alphabet, alphabet)
    for name in (f"{older} {kind} {written}", f"MATHEMATICAL {alphabet} {kind} {written}"):
        try:
            return unicodedata.lookup(name)
        except KeyError:
            continue
    return char


def dingbat(code: int) -> str:
    """The character with a code in Zapf Dingbats, whose order the Unicode block follows."""
    if 172 <= code <= 181:
        return chr(0x2460 + code - 172)
    if 33 <= code <= 126:
        return chr(0x2700 + code - 32)
    return chr(0x2761 + code - 161) if 161 <= code <= 254 else ""


def unescaped(address: str) -> str:
    r"""An address without TeX's escapes: `a_b` for `a\_b`."""
    return _ESCAPED.sub(r"\1", address)
