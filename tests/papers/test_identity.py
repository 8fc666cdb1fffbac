"""Ids as people write them, and keys of titles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.papers.identity import find_paper_ids, namespace, parse_paper_id, title_key

ARXIV = ("arxiv:2502.19402", None)
THIRD = ("arxiv:2502.19402", 3)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2502.19402", ARXIV),
        ("2502.19402v3", THIRD),
        ("  2502.19402v12\n", ("arxiv:2502.19402", 12)),
        ("2502.19400", ("arxiv:2502.19400", None)),
        ("0704.0001", ("arxiv:0704.0001", None)),
        ("arXiv:2502.19402", ARXIV),
        ("arxiv: 2502.19402v3", THIRD),
        ("arXiv:2502.19402v3 [cs.LG]", THIRD),
        ("ARXIV:2502.19402", ARXIV),
        ("oai:arXiv.org:2502.19402", ARXIV),
        ("https://arxiv.org/abs/2502.19402", ARXIV),
        ("http://www.arxiv.org/abs/2502.19402v3", THIRD),
        ("arxiv.org/abs/2502.19402/", ARXIV),
        ("https://arxiv.org/pdf/2502.19402v3.pdf", THIRD),
        ("https://arxiv.org/pdf/2502.19402", ARXIV),
        ("https://arxiv.org/html/2502.19402v3", THIRD),
        ("https://export.arxiv.org/abs/2502.19402?context=cs", ARXIV),
        ("https://ar5iv.labs.arxiv.org/html/2502.19402", ARXIV),
        ("https://arxiv.org/abs/2502.19402#comments", ARXIV),
        ("math/0309136", ("arxiv:math/0309136", None)),
        ("math.GT/0309136v2", ("arxiv:math/0309136", 2)),
        ("cond-mat.str-el/0101001", ("arxiv:cond-mat/0101001", None)),
        ("https://arxiv.org/abs/hep-th/9901001v1", ("arxiv:hep-th/9901001", 1)),
        ("HEP-TH/9901001", ("arxiv:hep-th/9901001", None)),
        ("10.48550/arXiv.2502.19402", ARXIV),
        ("https://doi.org/10.48550/ARXIV.2502.19402", ARXIV),
        ("doi:10.48550/arXiv.math/0309136", ("arxiv:math/0309136", None)),
        ("10.1038/S41586-024-0001-2", ("doi:10.1038/s41586-024-0001-2", None)),
        ("DOI: 10.1038/s41586-024-0001-2.", ("doi:10.1038/s41586-024-0001-2", None)),
        ("https://dx.doi.org/10.1000/(x)y;z", ("doi:10.1000/(x)y;z", None)),
        ("doi.org/10.1000/x", ("doi:10.1000/x", None)),
        ("https://huggingface.co/papers/2502.19402", ARXIV),
        ("hf.co/papers/2502.19402/", ARXIV),
        ("https://huggingface.co/papers/2502.19402#community", ARXIV),
        ("acl:2024.acl-long.1", ("acl:2024.acl-long.1", None)),
        ("OpenReview:aBcD", ("openreview:aBcD", None)),
        ("pmid:1", ("pmid:1", None)),
    ],
)
def test_ids_are_read_as_people_write_them(written: str, expected: tuple[str, int | None]) -> None:
    """Every way to write an id gives the canonical id and the version."""
    assert parse_paper_id(written) == expected


@pytest.mark.parametrize(
    "written",
    ["", "World models", "2513.00001", "2502.194", "2502.1940233", "https://example.org/x", "arxiv:", "arxiv:abc",
     "10.48550/arXiv.abc", "library.bib", "math/030913", "2502.19402v0", "25o2.19402", ":x", "x:",
     "huggingface.co/papers/", "Mamba: Linear-Time Sequence Modeling", "https://openreview.net/forum?id=x"],
)  # fmt: skip
def test_texts_that_are_not_ids(written: str) -> None:
    """Any other text gives None; an invalid arXiv id is not read as another namespace."""
    assert parse_paper_id(written) is None


@given(st.text(max_size=60))
def test_canonical_ids_are_read_as_themselves(text: str) -> None:
    """No text raises; an id that was read is read as the same id again."""
    read = parse_paper_id(text)
    if read is not None:
        assert parse_paper_id(read[0]) == (read[0], None)
        assert namespace(read[0])


SAME_TITLES = {
    "case": ("World Models for Robots", "WORLD MODELS FOR ROBOTS"),
    "signs": ("Mamba: Linear-Time Sequences!", "Mamba — linear time sequences"),
    "hyphens": ("Multi-agent pre–training", "Multiagent Pretraining"),
    "superscripts": ("On the m² Law", "On the m2 Law"),
    "no accents": ("Poincaré embeddings", "Poincare Embeddings"),
    "compatibility forms": ("Eﬃcient ＡＩ", "Efficient AI"),
    "line breaks": ("World\n  Models", "World Models"),
    "strokes": ("Łojasiewicz and Ørsted", "lojasiewicz AND orsted"),
}


@pytest.mark.parametrize(("title", "other"), SAME_TITLES.values(), ids=SAME_TITLES)
def test_titles_with_the_same_key(title: str, other: str) -> None:
    """Case, accents, signs and spaces do not matter."""
    assert title_key(title) == title_key(other)


OTHER_TITLES = {
    "words": ("World Models", "World Model"),
    "numbers": ("Llama 2", "Llama 3"),
    "Greek": ("α-stable", "β-stable"),
    "Chinese": ("世界模型", "世界模式"),
    "Cyrillic": ("Модели мира", "Модель мира"),
    "long, differing at the end": ("a" * 500 + "b", "a" * 500 + "c"),
    "only signs": ("???", "!!!"),
    "emoji": ("🤖", "🧪"),
}


@pytest.mark.parametrize(("title", "other"), OTHER_TITLES.values(), ids=OTHER_TITLES)
def test_titles_with_different_keys(title: str, other: str) -> None:
    """In every script and of every length."""
    assert title_key(title) != title_key(other)


def test_title_keys_are_short_and_readable() -> None:
    """A key shows the title, and is short enough for an index."""
    assert title_key("World Models, for Robots") == "title:worldmodelsforrobots"
    assert title_key("世界模型") == "title:世界模型"
    assert len(title_key("long " * 1000)) < 200


@given(st.text(min_size=1, max_size=400))
def test_title_keys_of_any_text(title: str) -> None:
    """Every text has a short key that is not empty."""
    key = title_key(title)
    assert key.startswith("title:")
    assert len(key) > len("title:")
    assert len(key) < 200


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("2502.19402 2412.13337v2", ["arxiv:2502.19402", "arxiv:2412.13337"]),
        ("2502.19402,2412.13337;2502.19402", ["arxiv:2502.19402", "arxiv:2412.13337"]),
        ("see (arXiv: 2502.19402).", ["arxiv:2502.19402"]),
        ("[cups](https://arxiv.org/pdf/2502.19402v3.pdf)", ["arxiv:2502.19402"]),
        ("https://huggingface.co/papers/2502.19402#community", ["arxiv:2502.19402"]),
        ("https://doi.org/10.48550/arXiv.2502.19402", ["arxiv:2502.19402"]),
        (
            "10.1000/a,10.1000/b; doi:10.1000/(x)y;z.",
            ["doi:10.1000/a", "doi:10.1000/b", "doi:10.1000/(x)y;z"],
        ),
        ("<https://dl.acm.org/doi/10.1145/3292500.3330701>", ["doi:10.1145/3292500.3330701"]),
        ("arXiv:math/0309136v1, math.GT/0309137", ["arxiv:math/0309136", "arxiv:math/0309137"]),
        ("https://arxiv.org/abs/hep-th/9901001", ["arxiv:hep-th/9901001"]),
        ("https://example.org/forum/1234567 2513.00001 12502.19402 2502.194021 1.2502.19402", []),
        ("", []),
    ],
)
def test_ids_are_found_among_other_words(text: str, ids: list[str]) -> None:
    """In links, lists and sentences, without the punctuation around them."""
    assert list(find_paper_ids(text)) == ids
