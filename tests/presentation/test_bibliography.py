"""BibTeX and RIS, read back by bibtexparser, rispy and our own readers."""

from __future__ import annotations

import re
from typing import Any

import bibtexparser
import pytest
import rispy
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.papers.model import Paper
from bot.presentation.bibliography import bibtex, ris
from bot.profiles import bibtex as bibtex_reader
from bot.profiles import ris as ris_reader
from bot.text.plain import one_line
from tests.support.samples import HOSTILE, paper

#: What TeX shows of the written escapes.
TEX = {
    r"\textbackslash{}": "\\",
    r"\textbraceleft{}": "{",
    r"\textbraceright{}": "}",
    r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^",
    **{f"\\{character}": character for character in "&%$#_"},
}
_ESCAPES = re.compile("|".join(map(re.escape, TEX)) + "|[{}]")
TEXTS = st.one_of(
    st.sampled_from(HOSTILE), st.text(), st.text("\\{}$&%#_^~\"'@,= \nabcÉ", max_size=30), st.just("and Ada")
)


def shown(value: str) -> str:
    """A field as TeX shows it: braces only protect letters."""
    return _ESCAPES.sub(lambda found: TEX.get(found[0], ""), value)


def read_bibtex(text: str) -> list[dict[str, Any]]:
    library = bibtexparser.parse_string(text)
    assert not library.failed_blocks
    return [{"key": one.key, **{f.key: f.value for f in one.fields}} for one in library.entries]


def test_bibtex() -> None:
    """As biblatex wants arXiv's papers; capitals in the middle of a word are kept by braces."""
    one = paper(1, title="BERT & Friends: a 50% Cheaper arXiv_Reader", authors=("José Muster", "Ada Example"))
    assert bibtex([one]) == (
        "@misc{muster2026bert,\n"
        "  author = {José Muster and Ada Example},\n"
        r"  title = {{BERT} \& Friends: a 50\% Cheaper {arXiv\_Reader}}," + "\n"
        "  year = {2026},\n"
        "  month = may,\n"
        "  eprint = {2605.00001},\n"
        "  archivePrefix = {arXiv},\n"
        "  primaryClass = {cs.LG},\n"
        "  url = {https://arxiv.org/abs/2605.00001},\n"
        f"  abstract = {{{one.abstract}}}\n"
        "}\n"
    )


def test_ris() -> None:
    """An unpublished work with the arXiv id as accession number, and lines that end as the format says."""
    one = paper(1, authors=("José Muster", "Plato"), abstract="Two\n\nparagraphs.", categories=("cs.LG",))
    assert ris([one]).split("\r\n") == [
        "TY  - UNPB",
        "AU  - Muster, José",
        "AU  - Plato",
        f"TI  - {one.title}",
        "PY  - 2026",
        "DA  - 2026/05//",
        "AN  - arXiv:2605.00001",
        "UR  - https://arxiv.org/abs/2605.00001",
        "AB  - Two paragraphs.",
        "KW  - cs.LG",
        "ER  - ",
        "",
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"authors": ()}, {"author": None, "key": "2026world"}),
        ({"authors": ("世界",), "title": "模型", "published": None, "id": "x:y"}, {"author": "世界"}),
        ({"authors": (), "title": "模型", "published": None, "id": "x:y"}, {"key": "paper"}),
        ({"author_count": 12}, {"author": "Ada Example and others"}),
        ({"authors": ("Simon and Sons", "Lab, Inc.")}, {"author": "{Simon and Sons} and {Lab, Inc.}"}),
        ({"published": "soon", "announced": "2025-02"}, {"year": "2025", "month": "feb"}),
        ({"published": None, "id": "arxiv:2605.00001"}, {"year": "2026", "month": "may"}),
        ({"published": None, "id": "arxiv:hep-th/9901001"}, {"year": "1999", "month": "jan"}),
        ({"published": None, "id": "arxiv:math/0703001"}, {"year": "2007", "month": "mar"}),
        ({"id": "doi:10.1/a{b}%c", "url": None}, {"doi": "10.1/a%7Bb%7D%25c", "eprint": None}),
        ({"id": "title:x", "url": "javascript:alert(1)"}, {"url": None, "eprint": None, "doi": None}),
        ({"title": "The Use of Zebras", "authors": ("Ada Łoś",)}, {"key": "los2026zebras"}),
    ],
)  # fmt: skip
def test_fields(changes: dict[str, Any], expected: dict[str, str | None]) -> None:
    """What is not known is left out."""
    (found,) = read_bibtex(bibtex([paper(1, **{"authors": ("Ada Example",), **changes})]))
    assert {name: found.get(name) for name in expected} == expected


def test_keys_are_unique() -> None:
    """Also for papers of the same author, year and word."""
    found = read_bibtex(bibtex([paper(1), paper(1), paper(1)]))
    assert [one["key"] for one in found] == ["example2026world", "example2026world-2", "example2026world-3"]


@settings(max_examples=150)
@given(st.lists(st.tuples(TEXTS, TEXTS, st.lists(TEXTS, max_size=3)), max_size=4))
def test_any_text_is_read_back(texts: list[tuple[str, str, list[str]]]) -> None:
    """Whatever titles, abstracts and names contain, other programs read them as they are."""
    papers = [
        paper(
            n, title=title, abstract=abstract, authors=tuple(names), categories=(abstract,), author_count=None
        )
        for n, (title, abstract, names) in enumerate(texts, start=1)
    ]
    for found, one in zip(read_bibtex(bibtex(papers)), papers, strict=True):
        names = [name for name in map(one_line, one.authors) if name]
        assert re.fullmatch("[a-z0-9-]+", found["key"])
        assert shown(found["title"]) == one_line(one.title)
        assert shown(found.get("abstract", "")) == one_line(one.abstract)
        assert shown(found.get("author", "")) == " and ".join(names)
    for record, one in zip(rispy.loads(ris(papers)), papers, strict=True):
        assert record.get("title", "") == one_line(one.title)
        assert record.get("abstract", "") == one_line(one.abstract)
        assert len(record.get("authors", [])) == len(list(filter(None, map(one_line, one.authors))))


@pytest.mark.parametrize(("write", "reader"), [(bibtex, bibtex_reader), (ris, ris_reader)])
def test_our_own_readers(write: Any, reader: Any) -> None:
    """A file can be named under `like`: the papers are found by their ids."""
    papers: list[Paper] = [paper(1), paper(2), paper(3, id="doi:10.1234/x", url=None)]
    found = reader.parse(write(papers).replace("\r\n", "\n"))
    assert [one.id for one in found] == [one.id for one in papers]
    assert [one.title for one in found] == [one.title for one in papers]
    assert found[0].authors == papers[0].authors
