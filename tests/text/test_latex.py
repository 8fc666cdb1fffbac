"""TeX is converted, other text stays, and no text raises or takes long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.text.latex import to_unicode
from tests.support.leftovers import SHARED, archive, entries, leftovers, pages


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
    """Every way to type an accent gives the composed letter."""
    assert to_unicode(tex) == expected


def test_escaped_quotation_marks_are_not_accents() -> None:
    """An escaped apostrophe, escaped quotation marks and an accent over several letters stay."""
    assert to_unicode(r"a \r{ing} of \H{oo}") == r"a \r{ing} of \H{oo}"
    assert to_unicode(r"the model\'s answer") == "the model's answer"
    assert to_unicode(r"a \"hard\" case") == 'a "hard" case'


def test_greek_letters_that_arxiv_stores_as_accents() -> None:
    r"""arXiv stores some authors' `\rho` and `\kappa` as `\r{ho}` and `\k{appa}`, which have no other meaning."""
    assert to_unicode(r"Spearman \r{ho} and \k{appa}, \b{eta}, \c{hi}") == "Spearman ρ and κ, β, χ"


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
        (r"is out.\footnote{Code is at https://a.org", "is out. (Code is at https://a.org"),
        (
            r"\href{https://a.org/b}{a.org/b} \href{https://a.org}{this https URL}",
            "https://a.org/b https://a.org",
        ),
        (r"is at {https://a.org}, {\tt b}", "is at https://a.org, b"),
        (r"a \color{red} b \label{c} d, 5\,\textmu m, \lq so\rq", "a b d, 5 µm, ‘so’"),
        (r"first\\ second\\[2pt]third", "first second third"),
        ("{T}itle", "Title"),
        (r"\verb|a_b| \verb", r"a_b \verb"),
        (r"\resizebox{1cm}{!}{x}\footnotemark[1] \ding{172}\ding{33}\ding{300}", r"x ①✁\ding{300}"),
        (
            r"x\textsubscript{2}\label and \cite \url \textcolor \href",
            r"x₂\label and \cite \url \textcolor \href",
        ),
    ],
)
def test_markup_is_removed(tex: str, expected: str) -> None:
    """Its text stays; an escaped sign is the sign, and a percent sign does not begin a comment."""
    assert to_unicode(tex) == expected


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
        (
            "the ''good'', the \"bad'', 5'10'' of f''(x) for 3''",
            "the \"good\", the \"bad\", 5'10'' of f''(x) for 3''",
        ),
        (r"from 3%~10% and 3\%~10\% or 2~4, of 10~000", "from 3%~10% and 3%~10% or 2~4, of 10 000"),
    ],
)
def test_typography(tex: str, expected: str) -> None:
    """Dashes, ties and quotation marks are converted; options, addresses, approximations and code are not."""
    assert to_unicode(tex) == expected


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
        (
            r"$\frac ab\alpha$ $\frac ab(c)$ $\frac ab^2$ $\frac12\mathbf{x}$ ${\frac ab}c$ $\hat x\frac ab$",
            "(a/b)α (a/b)(c) (a/b)² (1/2)x (a/b)c x̂(a/b)",
        ),
        (
            r"$\frac12 \log n$ $\frac1n\sum_i x_i$ $\log\frac{a}{b}$ $\frac{a}{b} \in C$",
            "1/2 log n 1/n ∑ᵢ xᵢ log (a/b) a/b ∈ C",
        ),
        (
            r"$\frac{dy}{dx}$ $\frac{\partial f}{\partial x}$ $\frac{1}{|x|}$ $\frac{n!}{k!}$",
            "dy/dx ∂f/∂x 1/|x| n!/k!",
        ),
        (r"$\sqrt{x}y$ $\sqrt{x}^2$ $\sqrt n\log n$", "(√x)y (√x)² √n log n"),
        (r"${n \choose k}$ ${1\over 2}$ $\over$ \over", r"(n choose k) (1/2) \over \over"),
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
        (r"$10^-3$ $10^12$ $e^+e^-$ 10^-8 $n^{O(1)}$ $x^{pq}-1$", "10⁻³ 10¹² e⁺e⁻ 10⁻⁸ n^(O(1)) x^(pq)-1"),
        (r"$32.0_{\pm 6.6}\%$ $\pi_{0.5}$ $n^{th}$ 1$^{st}$ 2$^{\text{nd}}$", "32.0±6.6% π_0.5 nᵗʰ 1st 2nd"),
        (r"$10\,\mu s$ $5^\circ \pm 2^\circ$ $\alpha\pm\beta$ $\lVert x \rVert$", "10 μs 5° ± 2° α±β ‖x‖"),
        (r"$\hat{x_i}$ $\bar\partial$ $\bar{x^2}$ $\mathbbm{1}$ $a\perp b$", r"x̂ᵢ ∂̄ \bar{x²} 𝟙 a ⊥ b"),
        ("the form $$\n\n x = 1, \n\n$$\n\nwith", "the form x = 1,\n\nwith"),
        (r"$a \xrightarrow{f} b \stackrel{!}{=} c$ $\underset{x}{\max}\ f$", "a → [f] b =^! c maxₓ f"),
        (r"$\not x$ $\hat$ $\mathbb$ $\operatorname$ $\pmod$", "x̸ \\hat \\mathbb \\operatorname \\pmod"),
        (r"$\operatorname*{soft} x$ \( open $\frac{1}$ $\sqrt$ $x^$", "soft x \\( open \\frac{1} \\sqrt x^"),
    ],
)
def test_math_is_one_line_of_text(tex: str, expected: str) -> None:
    """As people write it in a message."""
    assert to_unicode(tex) == expected


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"$\begin{cases} x, & x>0,\\ 0 & \text{else.}\end{cases}$", "x, x>0, 0 else."),
        (
            r"\begin{align} a &= b \\\n &= c, \\[2pt] d &= e \end{align}".replace(r"\n", "\n"),
            "a = b = c, d = e",
        ),
        (r"\begin{equation*} x^2 \end{equation*}", "x²"),
        (r"\begin{itemize} \item x \end{itemize}", " • x "),
        (r"\begin{equation} x^2 y", r"\begin{equation} x² y"),
        (r"\begin{tabular}{l} a & b \end{tabular}", r"\begin{tabular}{l} a & b \end{tabular}"),
        (r"\SI{5}{\kilo\meter}, \ce{H2O}, \num{1.5e-3}", r"\SI{5}{\kilo\meter}, H2O, 1.5e-3"),
    ],
)
def test_environments_and_units_stay_readable(tex: str, expected: str) -> None:
    """Equations are on one line; rare environments and packages stay as written, with readable arguments."""
    assert to_unicode(tex) == expected


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
        "5$-10$, 5$ or 10$ (20$)",
        "$10. $100 bill. US$ 30",
    ],
)
def test_prices_are_not_math(text: str) -> None:
    """A dollar that does not begin a plausible formula stays."""
    assert to_unicode(text) == text


def test_prices_beside_math() -> None:
    """A formula after a price is still converted."""
    assert (
        to_unicode(r"costs $20 ($\sim$3 for $n$ of $10^9$), not $30")
        == "costs $20 (∼3 for n of 10⁹), not $30"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("338 billion m^2, F^3A, R^d, R^2=0.9, 10^{26}", "338 billion m², F³A, Rᵈ, R²=0.9, 10²⁶"),
        (
            "20^{X}, ReST^EM, 10^(-62), x^2.5, [^a], L^{ESL}, x^{max}",
            "20^{X}, ReST^EM, 10^(-62), x^2.5, [^a], L^{ESL}, x^{max}",
        ),
        ("1/10^{th}, R^{n-1}, HumanEval^{+}, 10^-8", "1/10th, Rⁿ⁻¹, HumanEval⁺, 10⁻⁸"),
        ("CDFSL-V{https://a.org/b}", "CDFSL-V{https://a.org/b}"),
        ("{-1, 0, +1} and {not important} {} x{2}", "{-1, 0, +1} and {not important} {} x{2}"),
    ],
)
def test_text_that_lost_its_dollars(text: str, expected: str) -> None:
    """Where a source removed the dollars, plain powers are raised and the rest stays."""
    assert to_unicode(text) == expected


def test_unknown_macros_stay_as_written() -> None:
    """The text in the braces of an unknown macro is still converted."""
    assert (
        to_unicode(r"\ECUAS{n}: our \method{} and \foo{Andr\'e}")
        == r"\ECUAS{n}: our \method{} and \foo{André}"
    )


def test_direction_marks_are_not_produced() -> None:
    """A code point that changes the direction of text stays as written."""
    assert to_unicode(r"$\unicode{x202e}$ \unicode{x0}") == r"\unicode{x202e} \unicode{x0}"


def test_line_breaks_are_kept() -> None:
    """The result has the lines and paragraphs of the text."""
    assert to_unicode("\\emph{a}\nb\n\n  $x^2$\nc") == "a\nb\n\n  x²\nc"


_PIECES = [
    "\\", "{", "}", "$", "$$", "^", "_", "~", "`", "``", "'", "''", '"', "-", "--", "(", ")", "[", "]", ",", " ",
    "\n", "x", "5", "é", "\\(", "\\)", "\\'", "\\frac", "\\sqrt[", "\\hat", "\\text{", "\\emph{", "\\href{a}{",
    "\\cite", "\\not", "\\left", "\\log", "\\ge", "\\unicode{x41}", "\\begin{equation}", "&", "\\\\", "\\over",
    "\\begin{cases}", "\\end{cases}", "\\end{equation}", "\\rvert", "\\r{ho}", "\\,", "\\mu ", "th",
]  # fmt: skip


@given(st.one_of(st.text(), st.lists(st.sampled_from(_PIECES), max_size=60).map("".join)))
@example("\\")
@example("$x^{")
def test_any_text_is_converted_and_bounded(text: str) -> None:
    """No text raises, and no result is longer than twice its text."""
    assert len(to_unicode(text)) <= 2 * len(text)


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"The path C:\path and \n", r"The path C:\path and \n"),
        (r"\emph {x} y", "x y"),
        (r"US$3 and H$_2$O", "US$3 and H₂O"),
        (r"from $5 to $n$ dollars", "from $5 to n dollars"),
    ],
)
def test_text_that_looks_like_tex_stays(tex: str, expected: str) -> None:
    """A word after a backslash in prose, and text between two prices."""
    assert to_unicode(tex) == expected


@given(st.text(st.characters(exclude_characters="\\$^{}~`")))
@example("a -b- 'c' \"d\" e_f 50% #1 <g> [h] https://a.org/b_c")
def test_plain_text_is_unchanged(text: str) -> None:
    """Text without a sign of TeX, or two dashes or apostrophes together, is returned as the same object."""
    plain = re.sub(r"([-'])\1+", r"\1", text)
    assert to_unicode(plain) is plain


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
        "$" * 100_000,
        "^" * 100_000,
        "x^{" * 33_000,
        "5$ $" * 25_000,
        "\"a''" * 25_000,
        r"\mathrm{" + "& " * 50_000 + "}",
        r"\mathrm{" + r"a\over " * 14_000 + "}",
        (r"\begin{cases}" + "& " * 900 + r"\end{cases}") * 50,
        r"\frac1{" + "|" * 90_000 + "x}",
    ],
    ids=lambda text: text[:16],
)
def test_hostile_text_takes_little_time(text: str) -> None:
    """Deep nesting and groups without an end take time in proportion to the length (0.4 s was measured at most)."""
    start = time.process_time()
    to_unicode(text)
    assert time.process_time() - start < 5


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real papers: {SHARED} is missing")
def test_few_signs_of_tex_are_left_in_real_papers() -> None:
    """Under 1 title in 200 keeps a sign of TeX, under 1 abstract in 50; no result is longer than twice its text."""
    # Every seventh day: all days take fifteen seconds, see tests/benchmarks/test_tex_leftovers.py.
    papers = [*entries(archive()[::7]), *entries(pages())]
    titles = leftovers((paper.title, paper.title) for paper in papers)
    abstracts = leftovers((paper.title, paper.abstract) for paper in papers)
    assert titles.texts > 2_000
    assert max(titles.growth, abstracts.growth) <= 2
    assert titles.share < 0.005, titles.examples
    assert abstracts.share < 0.02, abstracts.examples
