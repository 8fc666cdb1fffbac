"""Digests for tests: plain ones, and random ones with hostile texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from bot.delivery.model import Envelope
from bot.digests.model import Digest, NewPaperCounts, ScoredPaper
from bot.papers.model import Paper
from bot.ranking.model import Reason

MADE = datetime(2026, 5, 5, 6, 30, tzinfo=UTC)
TOKEN = "3f2a9c0de1b74556"  # an edition's id
TITLES = (
    "World Models for Robots that Learn from Little Data",
    "Counting What Matters: Reward Modelling & Its Discontents",
    "On the ℓ₁ Geometry of Curiosity",
    "A* Search Revisited: *Fast*, _Lean_, ~Exact~ and `Open`",
    "Tiny Agents, Large Libraries",
)
ABSTRACT = (
    "We teach a small robot to predict what its arm will touch next, and let it choose the touches that "
    "surprise it most. After two hours of play it stacks cups that it never saw. We discuss where this "
    "fails, e.g. on glass, and release the code."
)


def paper(number: int = 1, **changes: Any) -> Paper:
    """A complete arXiv paper that Hugging Face listed too."""
    made = Paper(
        id=f"arxiv:2605.{number:05d}",
        title=TITLES[(number - 1) % len(TITLES)],
        first_seen=MADE,
        abstract=ABSTRACT,
        authors=("Ada Example", "Bo Sample", "Cem Muster", "Dora Prova", "Eli Essai", "Fay Koe", "Gus Test"),
        categories=("cs.LG", "cs.RO"),
        organization="Institute of Examples",
        sources=("arxiv", "huggingface"),
        url=f"https://arxiv.org/abs/2605.{number:05d}",
        version=1,
        published="2026-05-04T17:59:46Z",
        votes=12,
        comments=1,
    )
    return replace(made, **changes)


def scored(number: int = 1, **changes: Any) -> ScoredPaper:
    """A paper with a score; `changes` are those of the paper, except for `interest`, `also`, `sent` and `fit`."""
    reasons = (Reason("world models", 0.3), Reason("robots", 0.15), Reason("survey", -0.03))
    own = {name: changes.pop(name) for name in ("interest", "also", "sent", "fit") if name in changes}
    made = ScoredPaper(paper(number, **changes), 0.42, 99.6 - number / 10, reasons, ("Gus Test",), fit=0.8)
    return replace(made, **own)


def digest(papers: int | tuple[ScoredPaper, ...] = 3, **changes: Any) -> Digest:
    """A digest of a number of papers, or of these papers."""
    made = Digest(
        profile="ada",
        on=date(2026, 5, 5),
        timezone="Europe/Paris",
        made=MADE,
        papers=papers if isinstance(papers, tuple) else tuple(scored(n) for n in range(1, papers + 1)),
        candidates=412,
        news=NewPaperCounts(412, date(2026, 5, 4), 7, (("arxiv", 401), ("huggingface", 11))),
    )
    return replace(made, **changes)


def envelope(payload: bytes, target: str, **changes: Any) -> Envelope:
    """The first part of TOKEN's edition, ready to send."""
    made = Envelope(delivery=f"{TOKEN}-1", target=target, payload=payload, started=datetime.now(UTC))
    return replace(made, **changes)


# --- Hostile texts ----------------------------------------------------------------------------------------

HOSTILE = (
    "<!channel> look & learn <@U123>",
    "*bold* _it_ ~gone~ `code` ```block``` :fire: >quote",
    "<script>alert(1)</script>\"'><img src=x onerror=y>",
    "{{7*7}} {% raw %} {{ config }}",
    "harmless\r\nBcc: eve@example.org\r\n\r\nbody",
    "=?utf-8?q?=0d=0aBcc:_eve=40example=2Eorg?=",
    "عالم النماذج \u202eevil\u202c مرحبا",
    "👩🏽‍🔬🧪" * 200,
    "世界模型" * 300,
    "e\u0301" * 700,
    "&" * 2000,
    "_" * 2000,
    "\x00\x07\x1b[31m\x7f\x85\u2028\u2029\ufeff\ud800",
    "long" * 500,
    "a|b>c<d",
    ".\r\n.\r\n.",
    " ",
    "&lt;!here&gt; is <https://evil.org|here>, or <@U123|you>: A* of *B*, C_1 or _C_1_, ~10 of ~10~",
    "**twice** *_both_* ＊wide＊ ``quoted'' :a::b: 10:30:45 ~/x:~ (`c`)",
    "word " * 400,
)
#: Terms for `_ABSTRACTS`, where they are hard to mark: beside marks, brackets and slashes, or late in a sentence.
TERMS = ("world models", "robots", "reinforcement learning", "世界模型")
_ABSTRACTS = (
    "We teach *world models* and _robots_. No more. World models/robots, (robots), robots' and robots! See ~robots~.",
    "世界模型robots and `reinforcement learning`: <world models> & robots&robots; robots world models.",
    f"{'Much comes before. ' * 9}{'a long way to ' * 30}robots{' and far beyond' * 30}. Robots & {'&' * 300} robots.",
    f"Code: https://github.com/a/b?x=*y*&z, www.{'long' * 12}.org/x and https://a.github.io/{'&' * 150}. Robots.",
    "robots",
)
_MANY_AUTHORS = tuple(f"Author Number{n}" for n in range(3_000))
_AUTHORS = ((), ("Ada Example", "Author Number7", "*Bo* Sample"), ("&<>" * 100,) * 20)
_IDS = ("arxiv:2605.00001", "doi:10.1/{}", "title:{}", "ns:{}")
_URLS = (
    None,
    "https://arxiv.org/abs/2605.00001",
    "javascript:alert(1)",
    "https://a.org/x?a=1&b=<!channel>|y\n\"'",
    "http://[::1",
    "https://u:p@evil.org/",
    "https://a.org/" + "%26" * 300,
    "https://a.org/?" + "&" * 900,
    "https://a.org/*,_x_ *y*",
)
_DATES = (None, "2025-02", "2025-02-26", "2025-02-26T17:59:46Z", "soon")
_DAYS = (None, *(date(2026, 5, 5) - timedelta(days=age) for age in (0, 1, 4, 30)))
_NUMBERS = (None, 0, 1, 2, 4_000, 10**9)
_text = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60))


@dataclass(frozen=True, slots=True)
class _Wild:
    """Makes random values of given texts. Hypothesis draws only the texts and the generator, which takes a tenth of
    the time of drawing every field.
    """

    random: Random
    texts: Sequence[str]

    def several(self, most: int, make: Callable[[], Any]) -> tuple[Any, ...]:
        return tuple(make() for _ in range(self.random.randint(0, most)))

    def text(self) -> str:
        return self.random.choice(self.texts)

    def one_of(self, values: Sequence[Any]) -> Any:
        return self.random.choice(values)

    def authors(self) -> tuple[str, ...]:
        """Three thousand in one case of 25."""
        if self.random.random() < 0.04:
            return _MANY_AUTHORS
        return self.one_of(_AUTHORS) if self.random.random() < 0.5 else self.several(9, self.text)

    def paper(self) -> Paper:
        return paper(
            self.random.randint(1, 99_999),
            id=self.one_of(_IDS).format(self.text()),
            title=self.text(),
            abstract=self.one_of((*_ABSTRACTS, self.text())),
            authors=self.authors(),
            author_count=self.one_of(_NUMBERS),
            categories=self.several(12, self.text),
            organization=self.one_of((None, self.text())),
            sources=self.one_of((("arxiv",), ("arxiv", "huggingface"), ())),
            url=self.one_of((*_URLS, self.text())),
            version=self.one_of((None, 1, 9)),
            published=self.one_of(_DATES),
            updated=self.one_of(_DATES),
            announced=self.one_of(_DATES),
            crossed=self.one_of(_DATES),
            votes=self.one_of(_NUMBERS),
            comments=self.one_of(_NUMBERS),
            cut=self.one_of((False, True)),
        )

    def reason(self) -> Reason:
        term = self.one_of((*TERMS, self.text()))
        return Reason(term, self.random.uniform(-0.3, 1), self.one_of((True, True, False)))

    def scored(self) -> ScoredPaper:
        return ScoredPaper(
            paper=self.paper(),
            score=self.random.uniform(-1, 9),
            relevance=self.random.uniform(0, 100),
            reasons=self.several(8, self.reason),
            followed=self.several(2, lambda: self.one_of(("Author Number7", "Bo Sample", self.text()))),
            interest=self.one_of(("", "world models", self.text())),
            also=self.several(4, self.paper),
            sent=self.one_of(_DAYS),
            fit=self.random.uniform(0, 1),
        )

    def news(self) -> NewPaperCounts:
        sources = self.several(
            3, lambda: (self.one_of(("arxiv", self.text())), self.random.randint(1, 10**6))
        )
        return NewPaperCounts(self.random.randint(0, 10**6), self.one_of(_DAYS), 7, sources)

    def digest(self) -> Digest:
        """Up to 35 papers, up to 5 of them different."""
        kinds = self.several(5, self.scored)
        return digest(
            profile=self.text(),
            papers=kinds * self.one_of((1, 1, 1, 1, 2, 7)),
            candidates=self.random.randint(0, 10**6),
            news=self.news(),
            why=self.one_of(("", self.text())),
            weekly=self.one_of((False, True)),
            earlier=self.several(12, self.paper) if self.random.random() < 0.3 else (),
        )


@st.composite
def wild_digests(draw: st.DrawFn) -> Digest:
    """Digests with hostile texts in every field."""
    texts = draw(st.lists(_text, min_size=1, max_size=6))
    return _Wild(draw(st.randoms(use_true_random=True)), texts).digest()
