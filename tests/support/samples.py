"""Digests for tests, written for them: plain ones, and whatever a hostile source could make of one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from bot.model import Digest, News, Paper, Reason, ScoredPaper
from bot.outgoing import Envelope

MADE = datetime(2026, 5, 5, 6, 30, tzinfo=UTC)
TOKEN = "3f2a9c0de1b74556"  # of an edition
TITLES = (
    "World Models for Robots that Learn from Little Data",
    "Counting What Matters: Reward Modelling & Its Discontents",
    "On the $\\ell_1$ Geometry of Curiosity",
    "A* Search Revisited: *Fast*, _Lean_, ~Exact~ and `Open`",
    "Tiny Agents, Large Libraries",
)
ABSTRACT = (
    "We teach a small robot to predict what its arm will touch next, and let it choose the touches that "
    "surprise it most. After two hours of play it stacks cups that it never saw. We discuss where this "
    "fails, e.g. on glass, and release the code."
)


def paper(number: int = 1, **changes: Any) -> Paper:
    """One complete arXiv paper that Hugging Face listed too."""
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
    """The same with a score; `changes` are the paper's, but for `interest` and `also`."""
    reasons = (Reason("world models", 0.3), Reason("robots", 0.15), Reason("survey", -0.03))
    own = {name: changes.pop(name) for name in ("interest", "also") if name in changes}
    made = ScoredPaper(paper(number, **changes), 0.42, 99.6 - number / 10, reasons, ("Gus Test",))
    return replace(made, **own)


def digest(papers: int | tuple[ScoredPaper, ...] = 3, **changes: Any) -> Digest:
    """An edition of so many papers, or of these, of 412 candidates."""
    made = Digest(
        profile="ada",
        on=date(2026, 5, 5),
        timezone="Europe/Paris",
        made=MADE,
        papers=papers if isinstance(papers, tuple) else tuple(scored(n) for n in range(1, papers + 1)),
        candidates=412,
        news=News(412, date(2026, 5, 4), 7, (("arxiv", 401), ("huggingface", 31))),
    )
    return replace(made, **changes)


def envelope(payload: bytes, target: str, **changes: Any) -> Envelope:
    """The first part of TOKEN's edition, ready to send."""
    made = Envelope(delivery=f"{TOKEN}-1", target=target, payload=payload, started=datetime.now(UTC))
    return replace(made, **changes)


# --- Whatever a source could say --------------------------------------------------------------------------

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
)
_text = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60))
_authors = st.one_of(
    st.just(()),
    st.lists(_text, max_size=9).map(tuple),
    st.just(tuple(f"Author Number{n}" for n in range(3000))),
    st.just(tuple("&<>" * 100 for _ in range(20))),
)
_urls = st.one_of(
    st.none(),
    st.sampled_from(
        (
            "javascript:alert(1)",
            "https://a.org/x?a=1&b=<!channel>|y\n\"'",
            "http://[::1",
            "https://u:p@evil.org/",
            "https://a.org/" + "%26" * 300,
            "https://a.org/?" + "&" * 900,
        )
    ),
    _text,
)
_papers = st.builds(
    paper,
    number=st.integers(1, 99999),
    id=st.one_of(
        st.just("arxiv:2605.00001"), _text.map(lambda t: f"doi:10.1/{t}"), _text.map("title:{}".format)
    ),
    title=_text,
    abstract=_text,
    authors=_authors,
    author_count=st.one_of(st.none(), st.integers(0, 4000)),
    categories=st.lists(_text, max_size=12).map(tuple),
    organization=st.one_of(st.none(), _text),
    sources=st.sampled_from((("arxiv",), ("arxiv", "huggingface"), ())),
    url=_urls,
    version=st.one_of(st.none(), st.integers(1, 9)),
    published=st.one_of(
        st.none(), st.sampled_from(("2025-02", "2025-02-26", "2025-02-26T17:59:46Z", "soon"))
    ),
    votes=st.one_of(st.none(), st.integers(0, 10**9)),
    cut=st.booleans(),
)
_scored = st.builds(
    ScoredPaper,
    paper=_papers,
    score=st.floats(-1, 9),
    relevance=st.floats(0, 100),
    reasons=st.lists(st.builds(Reason, _text, st.floats(-1, 1)), max_size=8).map(tuple),
    followed=st.lists(_text, max_size=2).map(tuple),
    interest=_text,
    also=st.lists(_papers, max_size=4).map(tuple),
)


@st.composite
def wild_digests(draw: st.DrawFn) -> Digest:
    """Up to 35 papers made of up to 5 different ones, so that drawing stays cheap."""
    kinds = draw(st.lists(_scored, max_size=5))
    repeats = draw(st.integers(1, 7))
    return digest(profile=draw(_text), papers=tuple(kinds * repeats), candidates=draw(st.integers(0, 10**6)))
