"""What TeX leaves: every title and abstract of the archive and of the saved pages, converted.

It needs no made-up corpus, and runs alone in under a minute:

python -m pytest tests/benchmarks/test_tex_leftovers.py -s -n 0
"""

from __future__ import annotations

import time

import pytest

from bot.papers.model import Entry
from bot.text.latex import to_unicode
from tests.support.leftovers import SHARED, Leftovers, archive, entries, leftovers, pages

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real papers: {SHARED} is not there")
#: Times that the conversion of all abstracts is measured.
RUNS = 5


def test_what_is_left_of_tex() -> None:
    """Prints the table. Nothing raises, nothing outgrows twice its text, under 0.5 % of the titles keep a sign."""
    for place, papers in (("archive", list(entries(archive()))), ("saved pages", list(entries(pages())))):
        titles = leftovers((_name(paper), paper.title) for paper in papers)
        abstracts = leftovers((_name(paper), paper.abstract) for paper in papers)
        _print(f"{place}: titles", titles, len({paper.title for paper in papers}))
        _print(f"{place}: abstracts", abstracts, len({paper.abstract for paper in papers}))
        _print_speed([paper.abstract for paper in papers])
        assert max(titles.growth, abstracts.growth) <= 2
        assert titles.share < 0.005


def _name(paper: Entry) -> str:
    return paper.ids[0] if paper.ids else paper.title[:50]


def _print(heading: str, found: Leftovers, distinct: int) -> None:
    print(f"\n{heading}: {found.texts:,} texts, {distinct:,} distinct")
    print(f"  changed {found.changed:,}; longest result {found.growth:.2f} times its text")
    print(
        f"  with a backslash {found.backslash:,}, with a dollar {found.dollar:,} (prices alone {found.prices:,})"
    )
    print(f"  with either {found.either:,}: {found.share:.2%}")
    for mark, texts in sorted(found.marks.items(), key=lambda one: (-one[1], one[0]))[:10]:
        print(f"  {texts:6,}  {mark:<20} {found.examples[mark]}")


def _print_speed(texts: list[str]) -> None:
    times = []
    for _ in range(RUNS):
        started = time.process_time()
        for text in texts:
            to_unicode(text)
        times.append((time.process_time() - started) / len(texts) * 1e6)
    median = sorted(times)[RUNS // 2]
    print(f"  {median:.0f} µs an abstract, the median of {RUNS} runs: {min(times):.0f}-{max(times):.0f}")
