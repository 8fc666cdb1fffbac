"""What the rankings of one moment share, whatever the profiles: the archive's terms, and the papers as rows.

A `DayIndex` is arrays only, so that it can be stored in a file and mapped by every process (`bot.ranking.day_files`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b, md5
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.papers.model import CountedPaper
from bot.ranking.background import Background
from bot.ranking.counts import VERSION
from bot.ranking.index import BATCH, Archive, Index, Vector, archive_of, keys_of
from bot.ranking.product import PaperMatrix, paper_matrix
from bot.ranking.twins import NearWords, unit_words

#: Of the arrays, and of how they are computed: stored ones of another version are not used.
LAYOUT = 1
Arrays = Mapping[str, NDArray[Any]]


def arrange(
    background: Sequence[CountedPaper], window: Sequence[CountedPaper]
) -> tuple[list[CountedPaper], slice, slice]:
    """All papers with the slices of the background and of the window, which overlap, so that neither is copied."""
    old, new = ({counted.paper.id: counted for counted in papers} for papers in (background, window))
    papers = [
        *(counted for id_, counted in old.items() if id_ not in new),
        *(counted for id_, counted in old.items() if id_ in new),
        *(counted for id_, counted in new.items() if id_ not in old),
    ]
    return papers, slice(len(old)), slice(len(papers) - len(new), len(papers))


@dataclass(frozen=True)
class DayIndex:
    """Made from the archive's counts and the papers in the order of `arrange`."""

    archive: Archive
    index: Index  #: of the terms that the papers have
    lengths: Vector  #: of the papers, in words
    rows: sparse.csr_array  #: papers x terms
    counts: sparse.csc_array  #: papers x terms: how often, by term
    matrix: PaperMatrix
    near: NearWords  #: of the window
    background: Background
    by_id: NDArray[np.intp]  #: the order of the background by id

    @classmethod
    def of(
        cls, archive: Sequence[bytes], background: Sequence[CountedPaper], window: Sequence[CountedPaper]
    ) -> DayIndex:
        """`archive`: counts (see `bot.ranking.counts`) of the papers for the document frequencies."""
        papers, old, new = arrange(background, window)
        packed = [counted.terms for counted in papers]
        of_archive = archive_of(archive)
        index = Index(of_archive, keys_of(packed))
        batches = [packed[start : start + BATCH] for start in range(0, len(packed), BATCH)] or [packed]
        counted = [index.counts(batch) for batch in batches]
        lengths = np.concatenate([one for one, _ in counted])
        counts = sparse.csr_array(sparse.vstack([one for _, one in counted], format="csr"))
        rows = index.weigh(counts, lengths)
        counts.data = counts.data.astype(np.uint8)
        matrix = paper_matrix(rows)
        by_id = np.argsort([counted.paper.id for counted in papers[old]])
        near = NearWords(unit_words(rows[new], index.is_word))
        return cls(
            of_archive,
            index,
            lengths,
            rows,
            sparse.csc_array(counts),
            matrix,
            near,
            Background(rows, matrix, by_id),
            by_id,
        )
