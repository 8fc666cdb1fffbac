"""TeX becomes what a reader expects, what is no TeX stays, and no text harms, breaks or delays."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.text import one_line, paragraphs, readable, said_once

_SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"Andr\'e", "André"),
        (r"Andr\'{e}", "André"),
        (r"Andr{\'e}", "André"),
        (r"Andr{\'{e}}", "André"),
        (r"Barab\{\'a\}si", "Barabási"),
        (r"Csisz{\' a}r", "Csiszár"),
        (r"\v{C}ernocky\'y", "Černockyý"),
        (r"Fran\c{c}ois \c Sahin", "François Şahin"),
        (r"M\"uller-Stra\ss{}e", "Müller-Straße"),
        (r"J\o rgensen S{\o}ren", "Jørgensen Søren"),
        (r"\L ukasz {\L}o\'s Paw\l{}owski", "Łukasz Łoś Pawłowski"),
        (r"Nguy\~{\^e}n", "Nguyễn"),
        (r"Mart\'{\i}n Mart\'\i nez", "Martín Martínez"),
        (r"S\~ao Erd\H{o}s \AA rhus \.Zak \u{g}", "São Erdős Århus Żak ğ"),
        (r"\'Swi\k{a}tek Ko\'scielny", "Świątek Kościelny"),
        ("Touch{é} R{ö}der", "Touché Röder"),
    ],
)
def test_accents_in_names_become_letters(tex: str, expected: str) -> None:
    """Every way in which people type an accent gives the composed letter."""
    assert readable(tex) == expected


def test_accents_that_are_no_accents_stay() -> None:
    """A lost `\rho`, an escaped apostrophe and escaped quotation marks are not put over a letter."""
    assert readable(r"correlation \r{ho}") == r"correlation \r{ho}"
    assert readable(r"weighted \k{appa}") == r"weighted \k{appa}"
    assert readable(r"the model\'s answer") == "the model's answer"
    assert readable(r"a \"hard\" case") == 'a "hard" case'


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\emph{very} \textbf{F}orensic \textit{a} \texttt{b} \textsc{c} \text{d}", "very Forensic a b c d"),
        (r"the {\em magic formula}, {\it so}", "the magic formula, so"),
        (r"\textbf{\textit{both}} and {\textcolor{blue}{here}}", "both and here"),
        (r"M\textsuperscript{4}Fuse", "M⁴Fuse"),
        (r"50\% of R\&D for \$5, a\_b \#1 \{x\}", "50% of R&D for $5, a_b #1 {x}"),
        (r"50% of it % is kept", "50% of it % is kept"),
        (r"50% of \emph{it} % is kept", "50% of it % is kept"),
        (r"at \url{https://a.org/~b/c\_d--e}.", "at https://a.org/~b/c_d--e."),
        (
            r"\href{https://a.org}{here} \href{https://a.org}{https://a.org}",
            "here (https://a.org) https://a.org",
        ),
        (r"BreaKHis~\cite{spanhol2015} in Fig.~\ref{fig:x}", "BreaKHis [spanhol2015] in Fig. [fig:x]"),
        (r"code\footnote{See there.} is out", "code (See there.) is out"),
        (r"i.\,i.\,d. and vs.\ them, \eg, so, \ie.", "i. i. d. and vs. them, e.g., so, i.e."),
        ("3{,}000 windows, {B}ERT", "3,000 windows, BERT"),
        (r"\ding{182} first $\unicode{x2013}$", "❶ first –"),
        (r"we present \textbf{Foo, a met", "we present Foo, a met"),
    ],
)
def test_markup_leaves_its_text(tex: str, expected: str) -> None:
    """Markup goes, its text stays; an escaped sign is the sign, and a percent sign never eats the line."""
    assert readable(tex) == expected


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        ("word -- word, 6--12, Vision--Language", "word – word, 6–12, Vision–Language"),
        ("a result---extended", "a result—extended"),
        ("run it with --help or <!-- x --> ----", "run it with --help or <!-- x --> ----"),
        ("see github.com/a/b--c or https://a.org/b--c", "see github.com/a/b--c or https://a.org/b--c"),
        ("Llama~3 in Task~2, vs.~r", "Llama 3 in Task 2, vs. r"),
        ("about ~20% of a ~ b at https://a.org/~me", "about ~20% of a ~ b at https://a.org/~me"),
        ("the ``good'' and ``bad\" ones", "the “good” and “bad” ones"),
        ("`a red panda's tree' is", "‘a red panda's tree’ is"),
        ("It`s `code` and ```py``` and ``code``", "It`s `code` and ```py``` and ``code``"),
        ("an empty '' string", "an empty '' string"),
    ],
)
def test_typography_only_where_tex_means_it(tex: str, expected: str) -> None:
    """Dashes, ties and quotes are converted; options, addresses, approximations and code are not."""
    assert readable(tex) == expected


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"$O(n \log n)$ $O(n\log n)$ $O(\log\log n)$", "O(n log n) O(n log n) O(log log n)"),
        (r"$\mathbb{R}^d$ $\mathcal{L}$ $\mathcal{P}$ $\mathfrak{R}$ $\mathbf{x}$", "ℝᵈ ℒ 𝒫 ℜ x"),
        (r"$x^2$ $x_{i}$ $x_{n-1}$ $10^{-3}$ $\theta^{(1)}$", "x² xᵢ xₙ₋₁ 10⁻³ θ⁽¹⁾"),
        (
            r"$x^{\top}y$ $\varepsilon^{-1/\alpha}$ $\mathbb{F}_{q^2}$ $K_{\min}$",
            "x^⊤y ε^(-1/α) 𝔽_(q²) K_min",
        ),
        (r"$\frac{1}{2}$ $\frac12$ $\frac{q+1}{2n}$ $2\frac{1}{3}$", "1/2 1/2 (q+1)/(2n) 2(1/3)"),
        (r"$\sqrt{n}$ $\sqrt2$ $\sqrt{a+b}$ $\sqrt[3]{x}$", "√n √2 √(a+b) ∛x"),
        (r"$\tilde{O}(n)$ $\hat{x}$ $\barσ$", "Õ(n) x̂ σ̄"),
        (r"$q\ge289$, $\sim 5$, $n \leq m$, $A \not\equiv B$", "q ≥ 289, ∼5, n ≤ m, A ≢ B"),
        (r"10$\times$ Compressed, $5 \times 5$, $256\times256$", "10× Compressed, 5 × 5, 256×256"),
        (r"360$^\circ$, $98^{\text{th}}$, $\pi^*$, $x''$", "360°, 98th, π*, x′′"),
        (r"$4\ell < q$ and $\Delta t$ and $\lambda = 1$", "4ℓ < q and Δt and λ = 1"),
        (r"$b \equiv 1 \pmod{3}$, $\binom{K}{2}$", "b ≡ 1 (mod 3), (K choose 2)"),
        (r"$\{m_k\}_{k=1}^K$, $\sum_{i=1}^{N} x_i$", "{mₖ}ₖ₌₁ᴷ, ∑ᵢ₌₁ᴺ xᵢ"),
        (
            r"$p(y\mid x)$, $\lvert x\rvert$, $\langle u, v \rangle$, $\left(\frac{a}{b}\right)$",
            "p(y | x), |x|, ⟨u, v⟩, (a/b)",
        ),
        (r"\(6.37\%\) and $$q_n = 1.$$ and \[ x^2 \]", "6.37% and qₙ = 1. and x²"),
        (r"$\textit{Don't Guess, Just Ask}$: A$_3$B$_2$", "Don't Guess, Just Ask: A₃B₂"),
        (r"$\text{if $x$ is}$ $K{=}4$ ${\sim}47$--$54$~ms", "if x is K=4 ∼47–54 ms"),
        (r"$x$$y$, each $i $has", "xy, each i has"),
        (r"by $ 2.9\%$ and $ [\![512, 2 ]\!] $ codes", "by 2.9% and [[512, 2]] codes"),
        (r"\begin{equation} x^2 \end{equation}", "x²"),
    ],
)
def test_math_reads_as_text(tex: str, expected: str) -> None:
    """Inline math becomes the line that one would write in a message."""
    assert readable(tex) == expected


@pytest.mark.parametrize(
    "text",
    [
        "costs over $800 per sample and $35,000 in all",
        "$5 and $10",
        "$5-$10, $5/$10, US$5 (A$7)",
        "from $1 billion to $2 billion, i.e. $3",
        "export $HOME and $PATH",
        "$220 km/h in the city, ($1000/km) or $247/km vs $1000/km",
        "a $ sign, $$ two, and one more $",
        "$ 5 or $ 6, $ 5 / $ 6",
        "within $8K, 2x=4, and $9",
    ],
)
def test_money_is_no_math(text: str) -> None:
    """A dollar that opens no plausible formula stays."""
    assert readable(text) == text


def test_money_beside_math() -> None:
    """A price does not stop the formula after it from being read."""
    assert (
        readable(r"costs $20 ($\sim$3 for $n$ of $10^9$), not $30") == "costs $20 (∼3 for n of 10⁹), not $30"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("338 billion m^2, F^3A, R^d, R^2=0.9, 10^{26}", "338 billion m², F³A, Rᵈ, R²=0.9, 10²⁶"),
        (
            "1/10^{th}, 20^{X}, ReST^EM, 10^(-62), x^2.5, [^a]",
            "1/10^{th}, 20^{X}, ReST^EM, 10^(-62), x^2.5, [^a]",
        ),
        ("CDFSL-V{https://a.org/b}", "CDFSL-V{https://a.org/b}"),
        ("{-1, 0, +1} and {not important} {} x{2}", "{-1, 0, +1} and {not important} {} x{2}"),
    ],
)
def test_text_that_lost_its_dollars(text: str, expected: str) -> None:
    """Where a source took the dollars out, plain powers are raised and the rest is left."""
    assert readable(text) == expected


def test_unknown_macros_stay_as_written() -> None:
    """A macro that only its author knows is not guessed at; what is in its braces is still read."""
    assert (
        readable(r"\ECUAS{n}: our \method{} and \foo{Andr\'e}") == r"\ECUAS{n}: our \method{} and \foo{André}"
    )


def test_hidden_direction_marks_are_not_made() -> None:
    """No code point that turns the text's direction comes out of TeX."""
    assert readable(r"$\unicode{x202e}$ \unicode{x0}") == r"\unicode{x202e} \unicode{x0}"


def test_line_breaks_are_kept() -> None:
    """Lines and paragraphs of the text are those of the result."""
    assert readable("\\emph{a}\nb\n\n  $x^2$\nc") == "a\nb\n\n  x²\nc"


_PIECES = [
    "\\", "{", "}", "$", "$$", "^", "_", "~", "`", "``", "'", "''", '"', "-", "--", "(", ")", "[", "]", ",", " ",
    "\n", "x", "5", "é", "\\(", "\\)", "\\'", "\\frac", "\\sqrt[", "\\hat", "\\text{", "\\emph{", "\\href{a}{",
    "\\cite", "\\not", "\\left", "\\log", "\\ge", "\\unicode{x41}", "\\begin{equation}",
]  # fmt: skip


@given(st.one_of(st.text(), st.lists(st.sampled_from(_PIECES), max_size=60).map("".join)))
@example("\\")
@example("$x^{")
def test_any_text_is_read_and_bounded(text: str) -> None:
    """Nothing raises, and nothing grows to more than twice its length."""
    assert len(readable(text)) <= 2 * len(text) + 8


@given(st.text(st.characters(exclude_characters="\\$^{}~`-")))
def test_plain_text_is_unchanged(text: str) -> None:
    """Text without a sign of TeX is the same object again."""
    assert readable(text) is text


@pytest.mark.parametrize(
    "text",
    [
        "{" * 10_000 + "x" + "}" * 10_000,
        "$x^{" * 10_000 + "}$" * 10_000,
        r"\frac{" * 10_000 + "}{a}" * 10_000,
        r"\hat" * 25_000,
        "$a" * 50_000,
        "`" + "``a' " * 20_000,
        r"\begin{equation}" * 6_000,
        "$" + "a" * 100_000 + "$",
    ],
    ids=lambda text: text[:12],
)
def test_hostile_text_takes_little_time(text: str) -> None:
    """Deep nesting and endless openings take time in proportion to the length: about 0.5 s for the worst of these."""
    start = time.perf_counter()
    readable(text)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  a\t b\r\nc\x0bd\x0ce\x85f\u2028g\u00a0h ", "a b c d e f g h"),
        ("a\x00b\x1b[31m\u202ec\u2066d\ufeff\ud800", "ab[31mcd"),
    ],
)
def test_one_line_is_clean(text: str, expected: str) -> None:
    """White space of every kind is one space; what controls a terminal or turns the text is gone."""
    assert one_line(text) == expected


def test_paragraphs_are_told_apart() -> None:
    """A blank line begins a paragraph, and an indented one after a sentence; other line ends do not."""
    assert paragraphs(" a\nb.\n  c\r\n\r\nd\re\n\n\n") == "a b.\n\nc\n\nd e"
    assert paragraphs("all\n  lines\n  indented") == "all lines indented"
    assert paragraphs("at most $c_n$\n  of these $x$\n  We") == "at most $c_n$ of these $x$\n\nWe"


@pytest.mark.skipif(not _SHARED.is_dir(), reason="no folder `shared` beside the checkout")
def test_a_month_of_arxiv_reads_well() -> None:
    """Of a month's titles under 1 in 200 keeps a sign of TeX, and no text grows beyond twice its length."""
    titles: set[str] = set()
    for path in sorted(_SHARED.glob("archive/*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for record in map(json.loads, lines):
                titles.add(record["title"])
                assert len(readable(record["abstract"])) <= 2 * len(record["abstract"])
    left = [title for title in titles if {"\\", "$"} & set(readable(title))]
    assert len(titles) > 5_000
    assert len(left) / len(titles) < 0.005, left


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        ((), ""),
        (("", "a", ""), "a"),
        (("a", "b", "a"), "a; b"),
        (("a; b", "b", "b; c"), "a; b; c"),
        (("nobody can tell", "tell"), "nobody can tell; tell"),  # whole reasons, not pieces of them
    ],
)
def test_said_once(reasons: tuple[str, ...], said: str) -> None:
    """However often a reason comes back, it stands where it came first."""
    assert said_once(*reasons) == said
