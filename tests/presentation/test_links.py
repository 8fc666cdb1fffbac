"""Links of papers and in abstracts, and that all of them are safe."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.presentation.links import FOUND_SHOWN, abstract_page, paper_links, project_links, safe_url
from tests.support.samples import HOSTILE, paper


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "https://arxiv.org/abs/2605.00001"),
        ({"url": None}, "https://arxiv.org/abs/2605.00001"),
        ({"url": None, "id": "arxiv:hep-th/9901001"}, "https://arxiv.org/abs/hep-th/9901001"),
        ({"url": None, "id": "doi:10.1000/a<b"}, "https://doi.org/10.1000/a%3Cb"),
        ({"url": None, "id": "title:worldmodels"}, None),
        ({"url": "javascript:alert(1)", "id": "ns:1"}, None),
    ],
)
def test_abstract_page(changes: dict[str, Any], url: str | None) -> None:
    """The paper's own URL, else the page of its id, else none."""
    assert abstract_page(paper(**changes)) == url


@pytest.mark.parametrize(
    ("changes", "labels"),
    [
        ({}, ["PDF", "HTML", "Hugging Face"]),
        ({"sources": ("arxiv",)}, ["PDF", "HTML"]),
        ({"id": "arxiv:2311.00001", "sources": ()}, ["PDF"]),  # arXiv makes HTML since December 2023
        ({"id": "arxiv:2312.00001", "sources": ()}, ["PDF", "HTML"]),
        ({"id": "arxiv:hep-th/9901001", "sources": ()}, ["PDF"]),
        ({"id": "doi:10.1/x"}, []),
    ],
)
def test_further_pages(changes: dict[str, Any], labels: list[str]) -> None:
    """PDF and HTML for papers on arXiv, and Hugging Face's page when it listed the paper."""
    assert [link.label for link in paper_links(paper(**changes))] == labels


def test_urls_of_further_pages() -> None:
    """The services' own forms."""
    assert [link.url for link in paper_links(paper())] == [
        "https://arxiv.org/pdf/2605.00001",
        "https://arxiv.org/html/2605.00001",
        "https://huggingface.co/papers/2605.00001",
    ]


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.org/x?y=1&z=2#f", "https://a.org/x?y=1&z=2#f"),
        (" http://a.org ", "http://a.org"),
        ("https://a.org/ü|<b>\"'", "https://a.org/%C3%BC%7C%3Cb%3E%22%27"),
        ("ftp://a.org", None),
        ("//a.org", None),
        ("https://", None),
        ("https://google.com@evil.org", None),
        ("https://a.org:port", None),
        ("https://a.org/" + "x" * 2000, None),
        ("data:text/html,x", None),
        ("\ud800", None),
        (None, None),
    ],
)
def test_safe_url(url: str | None, safe: str | None) -> None:
    """Only http and https, no character that could end a link, no user part."""
    assert safe_url(url) == safe


# --- Links in an abstract -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("Code: https://github.com/a/b.", ["Code https://github.com/a/b"]),
        ("(see https://github.com/a/b), and", ["Code https://github.com/a/b"]),
        ("at github.com/a/b_c, now", ["Code https://github.com/a/b_c"]),
        ("our page (https://a.github.io/x/)", ["Project https://a.github.io/x/"]),
        ("www.example.org.", ["example.org https://www.example.org"]),
        ("https://huggingface.co/datasets/a/b", ["Data https://huggingface.co/datasets/a/b"]),
        ("https://huggingface.co/spaces/a/b", ["Demo https://huggingface.co/spaces/a/b"]),
        ("https://huggingface.co/a/b", ["Models https://huggingface.co/a/b"]),
        ("https://anonymous.4open.science/r/x-1", ["Code https://anonymous.4open.science/r/x-1"]),
        ("https://en.wikipedia.org/wiki/A_(b)!", ["en.wikipedia.org https://en.wikipedia.org/wiki/A_(b)"]),
        ("https://example.org/a?b=c&d=e#f; x", ["example.org https://example.org/a?b=c&d=e#f"]),
        # the same URL with and without its slash
        ("https://a.org/x/ and https://a.org/x.", ["a.org https://a.org/x/"]),
        # citations, and text that only looks like a host
        ("https://arxiv.org/abs/2605.00001 https://doi.org/10.1/x", []),
        ("https://huggingface.co/papers/2605.00001", []),
        ("mygithub.com/a/b and me@github.com", []),
        ("https://github .", []),
        ("https://github.com/ https://github.com/owner/ https://huggingface.co/owner", []),
        ("[https://github.com/a/b](https://github.com/a/b)", ["Code https://github.com/a/b"]),
        ("http://", []),
        ("javascript:alert(1)//https", []),
        ("https://user:password@evil.org/", []),
        ("https://evil-github.com/x", ["evil-github.com https://evil-github.com/x"]),
        ("https://a.org/" + "x" * 300, []),
        ("we reach 3.5 at 2.0", []),
        ("", []),
    ],
)
def test_project_links(text: str, links: list[str]) -> None:
    """Each once, without the sentence's punctuation; an unknown host is its own label."""
    assert [f"{one.label} {one.url}" for one in project_links(text)] == links


def test_few_links_are_shown() -> None:
    """The first ones of the text."""
    text = " ".join(f"https://github.com/a/{n}" for n in range(9))
    assert [one.url[-1] for one in project_links(text)] == list("012")[:FOUND_SHOWN]


@given(
    st.lists(st.sampled_from((*HOSTILE, "https://a.org/", "http://", "www.", ")", "github.com/")), max_size=6)
)
def test_project_links_are_safe(pieces: list[str]) -> None:
    """Only http and https, with a label, and no character that ends a link in any markup."""
    for one in project_links("".join(pieces)):
        assert safe_url(one.url) == one.url
        assert urlsplit(one.url).scheme in {"http", "https"}
        assert not set(one.url) & set("<>\"'| \n")
        assert one.label
