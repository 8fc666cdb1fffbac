"""Papers as rows of weights."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from bot.ranking.counts import counts, key
from bot.ranking.index import K1, B, Index, archive_of, keys_of, unpack

#: Terms and lengths of the abstracts: cat, cat cat, tea / tea / dog; 4, 1 and 1 words.
TEXTS = ("cat cat. cat, tea", "tea", "dog")


def keys(*terms: str) -> np.ndarray:
    return np.array([key(term) for term in terms], np.uint64)


def counted(*abstracts: str) -> list[bytes]:
    return [counts("", abstract) for abstract in abstracts]


def weights(index: Index, paper: bytes, *terms: str) -> list[float]:
    """What some terms weigh in a paper."""
    return list(index.rows([paper]).toarray()[0][index.columns(key(term) for term in terms)])


@pytest.mark.parametrize(
    ("paper", "term", "tf", "length", "df"),
    [
        # 3 papers in the archive, of 4, 1 and 1 words: 2 on average
        (TEXTS[0], "cat", 3, 4, 1),
        (TEXTS[0], "tea", 1, 4, 2),
        (TEXTS[0], "cat cat", 1, 4, 1),
        (TEXTS[1], "tea", 1, 1, 2),
        (TEXTS[2], "dog", 1, 1, 1),
        ("fox. dog", "fox", 1, 2, 0),  # not of the archive
        ("fox. dog", "dog", 1, 2, 1),
        ("fox. dog", "tea", 0, 2, 2),
    ],
)
def test_weights_by_the_formula(paper: str, term: str, tf: int, length: int, df: int) -> None:
    """idf * tf / (tf + k1 (1 - b + b |p| / avg)), with idf = ln((1 + n) / (1 + df)) + 1."""
    archive = counted(*TEXTS)
    index = Index(archive_of(archive), keys_of([*archive, *counted(paper)]))
    idf = math.log((1 + 3) / (1 + df)) + 1
    expected = idf * tf / (tf + K1 * (1 - B + B * length / 2))
    assert weights(index, *counted(paper), term) == [pytest.approx(expected)]


def test_weights_in_numbers() -> None:
    """One row worked out by hand, for k1 = 1.5 and b = 0.75."""
    archive = counted(*TEXTS)
    index = Index(archive_of(archive), keys_of(archive))
    # cat: (ln(4/2) + 1) * 3 / (3 + 1.5 * (0.25 + 0.75 * 4/2)) = 1.693147 * 3 / 5.625
    # tea: (ln(4/3) + 1) * 1 / (1 + 1.5 * 1.75)                = 1.287682 * 1 / 3.625
    assert (K1, B) == (1.5, 0.75)
    assert weights(index, archive[0], "cat", "tea") == pytest.approx([0.903012, 0.355223], abs=1e-6)


def test_a_term_frequency_is_saturated() -> None:
    """A paper of average length with a term again and again has nearly its idf, and never more."""
    paper = counts("", "cat " * 200)
    index = Index(archive_of([paper]), keys("cat"))
    assert weights(index, paper, "cat") == [pytest.approx(index.idf[0] * 200 / (200 + K1))]


def test_idf_is_that_of_scikit_learn() -> None:
    """Smooth inverse document frequencies, term for term."""
    texts = ["world model robot", "robot robot tea", "tea", "", "snark"]
    vectorizer = TfidfVectorizer(smooth_idf=True).fit(texts)
    names = list(vectorizer.get_feature_names_out())
    index = Index(archive_of(counted(*texts)), keys(*names))
    assert index.idf[index.columns(map(key, names))] == pytest.approx(vectorizer.idf_)
    assert len(CountVectorizer().fit(texts).vocabulary_) == len(index.keys)


def test_only_given_terms_have_columns() -> None:
    """A paper's other terms are left out of its row, whether their keys are lower or higher."""
    names = ("alpha", "beta", "gamma", "delta", "epsilon")
    paper = counts("", ". ".join(names))
    for one in names:
        index = Index(archive_of([]), keys(one))
        assert list(index.keys) == [key(one)]
        assert np.count_nonzero(index.rows([paper]).toarray()) == 1
    assert Index(archive_of([paper]), keys("snark")).rows([paper, paper]).nnz == 0


def test_columns_of_keys() -> None:
    """By their order; -1 for keys that are lower, between or higher than those of the index."""
    names = sorted(("alpha", "beta", "gamma", "delta", "epsilon"), key=key)
    index = Index(archive_of([]), keys(names[1], names[3]))
    assert index.find_columns([key(name) for name in names]) == [-1, 0, -1, 1, -1]
    assert Index(archive_of([]), keys()).find_columns([key("alpha")]) == [-1]


def test_papers_of_the_archive_with_two_terms() -> None:
    """A paper has a phrase if it has all of its pairs."""
    whole, pairs = key("deep world model"), (key("deep world"), key("world model"))
    archive = counted(
        "deep world models of tea", "world models, tea", "deep world. World models", "tea tea", ""
    )
    index = Index(archive_of(archive), keys("tea", "snark"), {whole: pairs})
    tea, models, phrase, snark = index.columns(map(key, ("tea", "world model", "deep world model", "snark")))
    both = [index.papers_with(tea, other) for other in (tea, models, phrase, snark)]
    assert both == [3, 2, 1, 0]
    assert list(index.df[[tea, models, phrase, snark]]) == [3, 3, 2, 0]


def test_rows_do_not_depend_on_other_papers() -> None:
    """A paper's row does not depend on the other papers."""
    papers = counted("cat tea", "", "snark", "tea tea", "the who", "cat")
    index = Index(archive_of(counted(*TEXTS)), keys("cat", "tea", "cat tea"))
    together = index.rows(papers).toarray()
    for row, paper in zip(together, papers, strict=True):
        assert list(row) == list(index.rows([paper]).toarray()[0])
    assert [np.count_nonzero(row) for row in together] == [3, 0, 0, 1, 0, 1]


def test_keys_are_sorted_and_distinct() -> None:
    """However often and in whatever order they are given."""
    index = Index(archive_of([]), keys("tea", "cat", "tea", "cat tea"))
    assert list(index.keys) == sorted({key("tea"), key("cat"), key("cat tea")})
    assert list(index.is_word[index.columns(map(key, ("cat", "tea", "cat tea")))]) == [1, 1, 0]


@pytest.mark.parametrize(
    ("abstract", "tf"),
    [
        ("deep world models", 1),
        ("deep world models and deep world models", 2),
        ("deep world models. World models. World models", 1),  # the rarer pair
        ("deep world. World models", 1),
        ("deep world", 0),
        ("world models", 0),
        ("models of a deep world", 0),  # "deep world" only
        ("", 0),
    ],
)
def test_a_phrase_counts_as_often_as_the_rarer_of_its_pairs(abstract: str, tf: int) -> None:
    """It is weighted like a term with that count, by the same formula."""
    whole, pairs = key("deep world model"), (key("deep world"), key("world model"))
    archive = counted("deep world models", "world models", "tea")
    index = Index(archive_of(archive), keys("world"), {whole: pairs})
    paper = counts("", abstract)
    length = unpack([paper])[0][0]
    average = (3 + 2 + 1) / 3
    expected = (math.log(4 / 2) + 1) * tf / (tf + K1 * (1 - B + B * length / average))
    assert weights(index, paper, "deep world model") == [pytest.approx(expected)]


@pytest.mark.parametrize("archive", [[], counted(""), counted("the who", "x 42"), counted("tea")])
@pytest.mark.parametrize("papers", [[], counted(""), counted("", "🤖", "tea")])
@pytest.mark.parametrize("known", [(), ("tea",), ("snark", "boojum")])
def test_empty_input(archive: Sequence[bytes], papers: Sequence[bytes], known: tuple[str, ...]) -> None:
    """Without an archive, papers or terms, rows have the right shape, and are finite and not negative."""
    index = Index(archive_of(archive), keys(*known))
    rows = index.rows(papers)
    assert rows.shape == (len(papers), len(known))
    assert index.idf.shape == (len(known),)
    assert np.isfinite(rows.toarray()).all()
    assert (rows.toarray() >= 0).all()
    assert list(keys_of(papers)) == ([key("tea")] if len(papers) > 1 else [])


def test_without_an_archive_every_term_has_the_same_idf() -> None:
    """And every paper has the average length."""
    index = Index(archive_of([]), keys("cat", "tea"))
    assert list(index.idf) == [1, 1]
    assert weights(index, counts("", "tea"), "cat", "tea") == [0, pytest.approx(1 / (1 + K1))]
