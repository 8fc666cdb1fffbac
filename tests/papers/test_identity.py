"""Which id a text names, which title is which, and when two names are one person."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.papers.identity import namespace, parse_paper_id, title_key
from bot.papers.model import Paper
from bot.papers.names import AuthorIndex, authors_among, same_person
from bot.profiles.model import Profile, Reference
from bot.profiles.references import reference_key, resolve_references
from bot.text.plain import fold
from tests.support.builders import make_paper

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
def test_ids_as_people_write_them(written: str, expected: tuple[str, int | None]) -> None:
    """Every way to write an id leads to the one canonical id, with the version beside it."""
    assert parse_paper_id(written) == expected


@pytest.mark.parametrize(
    "written",
    ["", "World models", "2513.00001", "2502.194", "2502.1940233", "https://example.org/x", "arxiv:", "arxiv:abc",
     "10.48550/arXiv.abc", "library.bib", "math/030913", "2502.19402v0", "25o2.19402", ":x", "x:",
     "huggingface.co/papers/", "Mamba: Linear-Time Sequence Modeling", "https://openreview.net/forum?id=x"],
)  # fmt: skip
def test_what_names_no_paper(written: str) -> None:
    """Anything else is no id; a broken arXiv id is not another namespace."""
    assert parse_paper_id(written) is None


@given(st.text(max_size=60))
def test_reading_an_id_settles(text: str) -> None:
    """Whatever is read as an id is read as itself again, and never takes long or breaks."""
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


@pytest.mark.parametrize(("one", "other"), SAME_TITLES.values(), ids=SAME_TITLES)
def test_titles_that_are_one(one: str, other: str) -> None:
    """Case, accents, TeX, signs and spaces do not make another title."""
    assert title_key(one) == title_key(other)


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


@pytest.mark.parametrize(("one", "other"), OTHER_TITLES.values(), ids=OTHER_TITLES)
def test_titles_that_are_two(one: str, other: str) -> None:
    """Titles of every script, length and kind are told apart."""
    assert title_key(one) != title_key(other)


def test_title_keys_are_short_and_readable() -> None:
    """A key says what it is of, and stays short enough for an index."""
    assert title_key("World Models, for Robots") == "title:worldmodelsforrobots"
    assert title_key("世界模型") == "title:世界模型"
    assert len(title_key("long " * 1000)) < 200


@given(st.text(min_size=1, max_size=400))
def test_title_keys_of_any_text(title: str) -> None:
    """Every text has a key, and the same one whatever its case."""
    key = title_key(title)
    assert key.startswith("title:")
    assert len(key) > len("title:")
    assert len(key) < 200
    assert title_key(title) == key


@given(st.text(max_size=60))
def test_folding_is_done_once(text: str) -> None:
    """Folded text stays as it is, and its case never mattered where Unicode says so."""
    assert fold(fold(fold(text))) == fold(fold(text))
    assert fold("ŁÓDŹ Ørsted Æ İı Straße") == fold("łódź ørsted æ iı STRASSE") == "lodz orsted ae ii strasse"


ONE_PERSON = [
    ("Seungwook Han", "Seungwook Han"),
    ("seungwook HAN", "Seungwook Han"),
    ("S. Han", "Seungwook Han"),
    ("S Han", "Seungwook Han"),
    ("Han, Seungwook", "Seungwook Han"),
    ("Han, S.", "Seungwook Han"),
    ("Seung-wook Han", "Seungwook Han"),
    ("Seung Wook Han", "Seungwook Han"),
    ("S.-W. Han", "Seung-Wook Han"),
    ("Yann A. LeCun", "Yann LeCun"),
    ("Y. A. LeCun", "Yann LeCun"),
    ("J. L. García Márquez", "José Luis Garcia Marquez"),
    ("Marin Soljačić", "Marin Soljacic"),
    ("Łukasz Kaiser", "Lukasz Kaiser"),
    ("ŁUKASZ KAISER", "łukasz kaiser"),
    ("Søren Ærø", "Soren Aero"),
    ("Sammy Davis Jr.", "Sammy Davis"),
    ("Sammy Davis, Jr.", "Sammy Davis"),
    ("Davis, Jr., Sammy", "Sammy Davis"),
    ("Davis, Sammy, III", "Sammy Davis"),
    ("Conor O'Brien", "Conor O’Brien"),
    ("李明", "李明"),
    ("Plato", "plato"),
    ("van den Oord, Aaron", "Aäron van den Oord"),
]
TWO_PEOPLE = [
    ("Seungwook Lee", "Seungwook Han"),
    ("Donghun Han", "Seungwook Han"),
    ("Han", "Seungwook Han"),
    ("Seungwook", "Seungwook Han"),
    ("D. Han", "Seungwook Han"),
    ("S. L. Han", "Seung-Wook Han"),
    ("Mary Ann Smith", "Mary Smith"),
    ("Mary B. Smith", "Mary C. Smith"),
    ("Sam Smith", "Samuel Smith"),
    ("Seungwook Hansen", "Seungwook Han"),
    ("Han Seungwook", "Seungwook Han"),
    ("李明", "李梅"),
    ("", ""),
    ("...", "..."),
    ("", "Seungwook Han"),
]


@pytest.mark.parametrize(("one", "other"), ONE_PERSON)
def test_names_of_one_person(one: str, other: str) -> None:
    """Case, accents, hyphens, suffixes, order with a comma, and initials that agree."""
    assert same_person(one, other)
    assert same_person(other, one)


@pytest.mark.parametrize(("one", "other"), TWO_PEOPLE)
def test_names_of_two_people(one: str, other: str) -> None:
    """A part of a name, or another given or family name, is somebody else; no name is nobody."""
    assert not same_person(one, other)
    assert not same_person(other, one)


@given(st.text(max_size=30), st.text(max_size=30))
def test_being_one_person_is_mutual(one: str, other: str) -> None:
    """Any two texts agree both ways or neither."""
    assert same_person(one, other) == same_person(other, one)


def test_a_followed_name_is_the_whole_name_of_one_author() -> None:
    """Seungwook Han is not the sum of Seungwook Lee and Donghun Han."""
    seen = datetime(2026, 5, 29, tzinfo=UTC)
    paper = Paper("arxiv:1", "T", seen, authors=("Seungwook Lee", "Donghun Han", "Pulkit Agrawal"))
    assert authors_among(paper, ["Seungwook Han", "P. Agrawal", "Donghun Han"]) == (
        "P. Agrawal",
        "Donghun Han",
    )


# --- Many names at once -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("one", "other"), [*ONE_PERSON, *(pair[::-1] for pair in ONE_PERSON)])
def test_an_index_finds_a_person_however_written(one: str, other: str) -> None:
    """It compares few names, and misses none that `same_person` says are one."""
    papers = [make_paper("a", authors=("Ada Other", other)), make_paper("b", authors=("Ada Other",))]
    assert AuthorIndex(papers).papers_by(one) == {"test:a"}


@pytest.mark.parametrize(("one", "other"), TWO_PEOPLE)
def test_an_index_finds_nobody_else(one: str, other: str) -> None:
    """Names that share a key are still compared."""
    assert AuthorIndex([make_paper("a", authors=(other,))]).papers_by(one) == frozenset()


def test_an_index_knows_all_papers_of_a_person() -> None:
    """Each once, whatever the spelling, even when a name is twice on one paper; asking again changes nothing."""
    papers = [
        make_paper("a", authors=("Seungwook Han", "S. Han", "Seungwook Han")),
        make_paper("b", authors=("Han, Seungwook",)),
        make_paper("c", authors=("Donghun Han",)),
        make_paper("d"),
    ]
    index = AuthorIndex(papers)
    for _ in range(2):
        assert index.papers_by("Seungwook Han") == {"test:a", "test:b"}
        assert index.papers_by("S. Han") == {"test:a", "test:b"}
        assert index.papers_by("Nobody") == frozenset()


def test_an_empty_index() -> None:
    """Without papers, nobody is an author."""
    assert AuthorIndex([]).papers_by("Seungwook Han") == frozenset()


_PARTS = st.sampled_from(
    ("Han", "Seung", "Wook", "S.", "W", "Seungwook", "Émile", "李", "明", "Jr.", "-", ",", "o'")
)
_NAMES = st.one_of(st.lists(_PARTS, max_size=4).map(" ".join), st.text(max_size=8))


@given(st.lists(st.lists(_NAMES, max_size=3), max_size=4), _NAMES)
def test_an_index_agrees_with_comparing_every_name(authors: list[list[str]], name: str) -> None:
    """For any names on any papers, it finds those that comparing all names finds."""
    papers = [make_paper(str(n), authors=tuple(names)) for n, names in enumerate(authors)]
    found = {paper.id for paper in papers if authors_among(paper, [name])}
    assert AuthorIndex(papers).papers_by(name) == found


# --- References -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "key"),
    [
        (Reference("arxiv:2502.19402", title="Robots"), "arxiv:2502.19402"),
        (Reference(title="The Robots!"), "title:therobots"),
        (Reference(), ""),
    ],
)
def test_a_reference_is_found_by_its_id_or_its_title(reference: Reference, key: str) -> None:
    """The id goes first; without either it is nothing to look for."""
    assert reference_key(reference) == key


def test_references_take_the_ids_of_stored_papers() -> None:
    """By id or by title, each paper once; what is not stored stays as it is written."""
    robots = make_paper("robots", "Robots")
    by_title, by_id, unknown = Reference(title="Robots"), Reference("test:robots"), Reference(title="Tea")
    profile = Profile("ada", like=(by_title, by_id, unknown), dislike=(unknown, unknown))
    found = resolve_references(profile, {"title:robots": robots, "test:robots": robots})
    assert [one.id for one in found.like] == ["test:robots", None]
    assert found.dislike == (unknown,)
