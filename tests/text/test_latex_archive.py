"""Real titles and abstracts, as the product's own parsers read them, made readable. Skipped where they are not."""

from __future__ import annotations

import pytest

from tests.support.leftovers import SHARED, archive, entries, leftovers, pages

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real papers: {SHARED} is not there")
#: One day of the archive in so many: all of them take fifteen seconds, see tests/benchmarks/test_tex_leftovers.py.
ONE_IN = 7


def test_real_papers_read_well() -> None:
    """Under 1 title in 200 keeps a sign of TeX, under 1 abstract in 50; no result is longer than twice its text."""
    papers = [*entries(archive()[::ONE_IN]), *entries(pages())]
    titles = leftovers((paper.title, paper.title) for paper in papers)
    abstracts = leftovers((paper.title, paper.abstract) for paper in papers)
    assert titles.texts > 2_000
    assert max(titles.growth, abstracts.growth) <= 2
    assert titles.share < 0.005, titles.examples
    assert abstracts.share < 0.02, abstracts.examples
