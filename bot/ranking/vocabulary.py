"""The terms that count and how much each one does: texts as TF-IDF vectors. The only user of scikit-learn.

A text's vector holds, for each term t,

    x_t = (1 + ln tf_t) * (ln((1 + n) / (1 + df_t)) + 1),   divided by a length,

with tf its count in the text, df the number of archive texts that have it and n their number: scikit-learn's
TfidfTransformer with sublinear tf and smoothed idf
(https://scikit-learn.org/stable/modules/feature_extraction.html#tfidf-term-weighting).

A paper's length is Euclidean over the words and pairs that the archive knows. Terms that only a profile brings
in come on top, so that no profile changes the scores of another.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from bot.ranking.terms import Words, is_plain, phrase, terms, words

Vector = NDArray[np.float64]


class Vocabulary:
    """Terms by column.

    `archive`: the texts whose document frequencies count. `wanted`: the profiles' own texts, whose terms are
    known even where no archive text has them. `phrases`: terms to be matched whole.
    """

    def __init__(self, archive: Sequence[Words], wanted: Sequence[Words], phrases: frozenset[str]) -> None:
        self._phrases = phrases
        self._counter = CountVectorizer(analyzer=self._terms, dtype=np.float64)
        # An empty vocabulary is an error to scikit-learn; a term that no tokenizer yields matches nothing.
        counts = sparse.csr_array(self._counter.fit_transform([*archive, *wanted, words("paperboy")]))
        counts = counts[: len(archive)]
        self._idf = TfidfTransformer(sublinear_tf=True, norm=None)
        self._idf.fit(counts if len(archive) else sparse.csr_array((1, counts.shape[1])))
        self.names: list[str] = list(self._counter.get_feature_names_out())
        self._plain = np.array([is_plain(name) for name in self.names], dtype=float)
        self._measured = self._plain * (counts.sum(axis=0) > 0)
        #: The archive's own vectors: archive x terms.
        self.archive = self._measured_rows(self._weigh(counts))

    def __len__(self) -> int:
        return len(self.names)

    def papers(self, texts: Sequence[Words]) -> sparse.csr_array:
        """Texts x terms, each row of unit length over what the archive knows, or empty."""
        return self._measured_rows(self._weighted(texts))

    def text(self, text: Words) -> Vector:
        """The unit vector of a text's words and pairs, or zeros."""
        return _unit(np.asarray(self._weighted([text]).toarray()[0]) * self._plain)

    def phrase(self, text: str) -> Vector:
        """The unit vector of a phrase: its words and pairs, and itself as a whole, which says as much as they."""
        vector = self.text(words(text))
        whole = phrase(text)
        column = self._counter.vocabulary_.get(whole)
        if column is not None and not is_plain(whole):
            vector[column] = 1.0
        return _unit(vector)

    def _terms(self, text: Words) -> list[str]:
        return [term for term, _, _ in terms(text, self._phrases)]

    def _weighted(self, texts: Sequence[Words]) -> sparse.csr_array:
        if not texts:
            return sparse.csr_array((0, len(self)))
        return self._weigh(sparse.csr_array(self._counter.transform(texts)))

    def _weigh(self, counts: sparse.csr_array) -> sparse.csr_array:
        return sparse.csr_array(self._idf.transform(counts)) if counts.shape[0] else counts

    def _measured_rows(self, weighted: sparse.csr_array) -> sparse.csr_array:
        lengths = np.sqrt(weighted.power(2) @ self._measured)
        return sparse.csr_array(sparse.diags_array(1.0 / np.where(lengths > 0, lengths, 1.0)) @ weighted)


def _unit(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector
