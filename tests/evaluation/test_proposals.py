"""Interests and categories that are proposed from papers."""

from __future__ import annotations

from collections.abc import Set

import pytest

from bot.evaluation.proposals import MOST, propose_categories, propose_interests
from bot.ranking.counts import counts

Text = tuple[str, str]

#: Papers of a reader, and others that share their general words.
SONGS: list[Text] = [
    ("Finch song in spring", "We model how finch song changes. The finch song of spring is short."),
    ("Whale song and finch song", "Whale song is slow. We find that it is louder than finch song."),
    ("Whale song at night", "A large model of whale song; it improves results on recordings (GWS)."),
    ("How humpbacks learn whale song", "Humpbacks learn whale song from others. GWS is a large data set."),
    ("Fields of GWS", "GWS has ten years of recordings. The model learns when humpbacks sing."),
]
OTHERS = [
    counts(
        f"Steel bridges {n}",
        f"A large model improves results on recordings of bridge {n}. We learn at night.",
    )
    for n in range(1500)
]


def archive(papers: list[Text]) -> list[bytes]:
    """An archive that has such papers, too."""
    return [*OTHERS, *(counts(title, abstract) for title, abstract in papers)]


def phrases(papers: list[Text], others: list[bytes], hidden: Set[int] = frozenset()) -> list[str]:
    return [proposed.phrase for proposed in propose_interests(papers, others, hidden)]


def test_frequent_here_and_rare_elsewhere() -> None:
    """Phrases as they are most often written, with the numbers of papers that have them; acronyms keep capitals."""
    found = {proposed.phrase: proposed for proposed in propose_interests(SONGS, archive(SONGS))}
    assert {"finch song", "whale song", "GWS"} <= set(found)
    assert (found["whale song"].papers, found["whale song"].archive) == (3, 3)
    assert not {"large model", "night", "recordings", "model"} & set(found)


@pytest.mark.parametrize(
    ("papers", "wanted", "unwanted"),
    [
        # A part of a longer phrase, and a word that is seldom alone.
        (
            [(f"Deep sea corals {n}", f"Deep sea corals grow in region {n}.") for n in range(4)],
            {"deep sea corals"},
            {"deep sea", "sea corals", "corals", "deep"},
        ),
        # An acronym beside what it stands for.
        (
            [
                (f"Deep coral mapping (DCM) {n}", f"DCM is good. Deep coral mapping of {n}; DCM maps.")
                for n in range(4)
            ],
            {"deep coral mapping"},
            {"DCM", "dcm"},
        ),
        # A name, a word with capitals in titles only, and British and American spellings as one.
        (
            [
                ("Gaussian Modelling", "We use Gaussian modelling."),
                ("Gaussian Modeling", "A case for Gaussian modelling and others."),
                ("Gaussian Modeling Again", "Of Gaussian modelling."),
            ],
            {"Gaussian modelling"},
            {"Gaussian Modelling", "Gaussian modeling", "gaussian modelling"},
        ),
        # In abstracts only: it is not what the papers are about.
        (
            [(f"Corals {n}", f"We thank the ferry company of {n}.") for n in range(4)],
            {"corals"},
            {"ferry company"},
        ),
        # A phrase that has two fifths of its word's papers, and a word in too few papers of many.
        (
            [
                *((f"{adjective} speech recognition", "") for adjective in ("Automatic", "Robust") * 6),
                *((f"{noun} of speech", "") for noun in ("Corpora", "Emotions") * 6),
                ("Sign language", ""),
                ("Sign language", ""),
            ],
            {"speech recognition"},
            {"speech", "sign language"},
        ),
        # A word that few other papers have says more than its phrases.
        (
            [
                *((f"Finding jailbreak attacks {n}", "") for n in range(2)),
                *((f"A jailbreak {noun}", "") for noun in ("corpus", "theory", "game")),
            ],
            {"jailbreak"},
            {"jailbreak attacks"},
        ),
        # Fragments: within a hyphenated word, and beside a word that is mostly there.
        (
            [
                (f"{first}-driven physics-based humanoid control", f"Text-driven humanoid motion {n}.")
                for n, first in enumerate(("Text", "Language"))
            ],
            {"physics-based humanoid control"},
            {"driven physics-based", "based humanoid control", "physics-based humanoid"},
        ),
        # Capitals that one paper alone uses are a name.
        (
            [
                ("SCRIPT: a system", "We present SCRIPT. SCRIPT is fast."),
                ("On script", "A script of script."),
            ],
            {"script"},
            {"SCRIPT"},
        ),
    ],
)
def test_whole_phrases(papers: list[Text], wanted: set[str], unwanted: set[str]) -> None:
    """Of the phrases that overlap one is proposed, spelt as in the abstracts."""
    found = set(phrases(papers, archive(papers)))
    assert wanted <= found
    assert not unwanted & found


def test_an_interest_finds_papers() -> None:
    """A phrase is not proposed if no paper of the archive has it, or only papers that the profile does not show."""
    assert "whale song" not in phrases(SONGS, OTHERS)
    having = archive(SONGS)
    theirs = {*range(len(OTHERS), len(having))}
    assert "whale song" in phrases(SONGS, having, theirs - {len(OTHERS) + 2})
    assert "whale song" not in phrases(SONGS, having, theirs)


def test_together_they_cover_the_papers() -> None:
    """A field with few papers gets an interest before further phrases of a large one; there are at most ten."""
    adjectives = "tidal polar urban alpine coastal desert marsh tundra reef karst moor".split()  # noqa: SIM905
    large = [
        (" and ".join(f"{adjective} moss" for adjective in adjectives), f"Moss of year {n}.")
        for n in range(12)
    ]
    small = [(f"Parish ledgers {n}", f"We read parish ledgers of {n}.") for n in range(3)]
    found = phrases([*large, *small], archive([*large, *small]))
    assert "parish ledgers" in found[:4]
    assert len(found) <= MOST


def test_without_an_archive() -> None:
    """General words of abstracts are not proposed, and no share of other papers is needed."""
    found = phrases(SONGS, [])
    assert {"whale song", "finch song"} <= set(found)
    assert not {"model", "large model", "results"} & set(found)


@pytest.mark.parametrize("papers", [[], SONGS[:1], [("Finch song", ""), ("Steel bridges", "")]])
def test_nothing_in_common(papers: list[Text]) -> None:
    """Papers that share no phrase, or fewer than two, give no interest."""
    assert phrases(papers, OTHERS) == []


@pytest.mark.parametrize(
    ("papers", "expected"),
    [
        ([], ((), 0)),
        ([("cs.RO", "cs.LG"), ("cs.RO",), ()], (("cs.RO", "cs.LG"), 2)),
        # In less than a tenth of the papers, and more than five.
        ([("cs.RO",)] * 10 + [("math.AG",)], (("cs.RO",), 10)),
        ([(name,) for name in "abcdef"] * 2, (("a", "b", "c", "d", "e"), 10)),
        # Of few papers, two, or a third.
        ([("cs.RO", "cs.LG"), ("cs.RO",), ("cs.RO",), ("cs.CV",)], (("cs.RO",), 3)),
        ([("cs.RO", "cs.LG"), ("cs.RO",), ("cs.RO",)], (("cs.RO", "cs.LG"), 3)),
    ],
)
def test_categories(papers: list[tuple[str, ...]], expected: tuple[tuple[str, ...], int]) -> None:
    """The commonest ones, and the number of papers in any of them."""
    assert propose_categories(papers) == expected
