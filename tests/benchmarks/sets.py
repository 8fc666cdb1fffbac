"""The evaluation sets of ../shared/eval."""

from __future__ import annotations

from functools import cache

import pytest

from bot.evaluation.files import read_papers, read_task
from bot.evaluation.tasks import Task
from bot.papers.model import CountedPaper
from bot.ranking.counts import counts
from tests.support.leftovers import SHARED

EVAL = SHARED / "eval"
needs_sets = pytest.mark.skipif(not EVAL.is_dir(), reason=f"the sets are not here: {EVAL}")


@cache
def library() -> Task:
    """Real readers' libraries."""
    return read_task(EVAL / "library" / "libraries.json", _papers("library"))


@cache
def queries(name: str, *, about: bool) -> Task:
    """The written needs of `keywords` (Cranfield) or `needs` (CISI)."""
    return read_task(EVAL / name / "queries.json", _papers(name), about=about)


@cache
def _papers(name: str) -> tuple[CountedPaper, ...]:
    return read_papers(EVAL / name / "papers.jsonl.gz", counts)
