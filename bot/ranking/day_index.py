"""What the rankings of one moment share, whatever the profiles: the archive's terms, and the papers as rows.

A `DayIndex` is arrays only, so that it can be stored in a file and mapped by every process (`bot.ranking.day_files`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b, md5
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.papers.model import CountedPaper
from bot.ranking.background import Background
from bot.ranking.counts import VERSION
from bot.ranking.index import BATCH, Archive, Index, Vector, archive_of, keys_of, table
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
        *(new[id_] for id_ in old if id_ in new),  # those of the background may have no texts
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
    #: Of the papers that this process has given reasons for: the terms of the row, as the paper has them.
    written: dict[int, tuple[str, ...]] = field(default_factory=dict)

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

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What `from_arrays` makes the index from, by name."""
        archive, matrix = self.archive, self.matrix
        return {
            "archive": np.array([archive.papers, archive.average]),
            "archive_keys": archive.keys,
            "archive_ends": archive.ends,
            "archive_places": archive.places,
            "keys": self.index.keys,
            "lengths": self.lengths,
            "by_id": self.by_id,
            "common": matrix.common,
            "counts": self.counts.data,
            "with_others": self.background.with_others,
            **_parts("rows", self.rows),
            **_parts("common", matrix.rows),
            **_parts("postings", matrix.postings),
            **_parts("words", self.near.words),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> DayIndex:
        """Nothing large is copied."""
        papers, average = arrays["archive"].tolist()
        archive = Archive(
            int(papers),
            average,
            arrays["archive_keys"],
            arrays["archive_ends"],
            arrays["archive_places"],
        )
        index = Index(archive, arrays["keys"])
        rows = _table("rows", arrays, len(index.keys))
        postings = _table("postings", arrays, rows.shape[0])
        # Both have the papers of each term in the same order.
        counts = sparse.csc_array((arrays["counts"], postings.indices, postings.indptr), shape=rows.shape)
        matrix = PaperMatrix(arrays["common"], _table("common", arrays, len(arrays["common"])), postings)
        near = NearWords(_table("words", arrays, int(index.is_word.sum())))
        background = Background(rows, matrix, arrays["by_id"], arrays["with_others"])
        return cls(archive, index, arrays["lengths"], rows, counts, matrix, near, background, arrays["by_id"])


def _parts(name: str, rows: sparse.csr_array) -> dict[str, NDArray[Any]]:
    return {f"{name}_data": rows.data, f"{name}_columns": rows.indices, f"{name}_ends": rows.indptr}


def _table(name: str, arrays: Arrays, columns: int) -> sparse.csr_array:
    ends = arrays[f"{name}_ends"]
    return table(arrays[f"{name}_data"], arrays[f"{name}_columns"], ends, (len(ends) - 1, columns))


def digest_of(counts: bytes) -> bytes:
    """What stands for a paper's counts in a fingerprint: their MD5, which PostgreSQL computes too."""
    return md5(counts, usedforsecurity=False).hexdigest().encode()


def fingerprint(
    archive: Iterable[bytes], background: Sequence[CountedPaper], window: Sequence[CountedPaper]
) -> str:
    """The name of the index of some papers, whose counts are given as digests (`digest_of`)."""
    found = blake2b(f"{LAYOUT} {VERSION}".encode(), digest_size=16)
    found.update(b" ".join(sorted(archive)))
    for papers in (background, window):
        found.update(b"\n" + b"\n".join(one.terms + one.paper.id.encode() for one in papers))
    return found.hexdigest()


def fingerprint_of_counts(
    archive: Iterable[bytes], background: Sequence[CountedPaper], window: Sequence[CountedPaper]
) -> str:
    """The same of the papers with their counts."""
    old, new = ([replace(one, terms=digest_of(one.terms)) for one in some] for some in (background, window))
    return fingerprint(map(digest_of, archive), old, new)
