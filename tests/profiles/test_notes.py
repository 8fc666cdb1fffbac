"""Values that are valid in a profile and have no effect."""

from __future__ import annotations

from datetime import date

import pytest

from bot.profiles.model import Interest, Profile
from bot.profiles.notes import includer_notes, profile_notes

TODAY = date(2026, 11, 28)


@pytest.mark.parametrize("phrase", ["世界模型", "модели мира", "강화 학습", "การเรียนรู้"])
def test_interests_in_other_scripts(phrase: str) -> None:
    """Sources list English titles and abstracts, in which such a phrase is never found."""
    (note,) = profile_notes(Profile("ada", interests=(Interest("robots"), Interest(phrase))), TODAY)
    assert note.startswith("ada: titles and abstracts at arXiv and Hugging Face are in English")
    assert phrase in note


@pytest.mark.parametrize(
    "phrase", ["Schrödinger bridges", "β decay", "β", "ℓ₁ norms", "3D", "C++", "GPT 模型"]
)
def test_interests_that_can_be_found(phrase: str) -> None:
    """Accents, Greek letters and formulas are in English texts too."""
    assert list(profile_notes(Profile("ada", interests=(Interest(phrase),)), TODAY)) == []


@pytest.mark.parametrize(
    ("phrase", "term", "has_effect"),
    [
        ("world models", "modelling", True),
        ("world models", "robots", False),
        ("world models", "the", False),
        ("graph neural networks", "GNNs", True),
        ("graph neural networks", "TGNN", True),
        ("graph neural networks", "CNN", False),
        ("robots", "error", False),
    ],
)
def test_terms_that_do_not_count(phrase: str, term: str, has_effect: bool) -> None:
    """They are words of the interest, in any form, or its acronym; of `about`, its words."""
    ada = Profile(
        "ada", interests=(Interest(phrase, without=(term,)),), about="I plan.", without=("planning",)
    )
    note = f"ada: '{term}' under `without` has no word of '{phrase}': correct or remove it"
    assert list(profile_notes(ada, TODAY)) == ([] if has_effect else [note])
    (note,) = profile_notes(Profile("ada", about="I plan.", without=("grasp",)), TODAY)
    assert note == "ada: 'grasp' under `without` has no word of `about`: correct or remove it"


def test_terms_that_leave_nothing() -> None:
    """All words of a phrase under its own `without`."""
    for phrase, term in (("world models", "models of the world"), ("robots", "robot")):
        (note,) = profile_notes(Profile("ada", interests=(Interest(phrase, without=(term,)),)), TODAY)
        assert note == (
            f"ada: '{term}' under `without` has all words of '{phrase}', which then finds nothing: "
            "remove one of the two"
        )


@pytest.mark.parametrize(
    ("until", "number"), [(date(2025, 12, 27), 1), (date(2026, 11, 1), 0), (date(2026, 12, 27), 0)]
)
def test_a_pause_that_is_long_over(until: date, number: int) -> None:
    """It may have the wrong year. One that is just over still has its digest to come."""
    assert len(list(profile_notes(Profile("ada", paused_until=until), TODAY))) == number


def test_profiles_that_others_include() -> None:
    """One that is meant for others only gets digests of its own; a file that is not a profile does not."""
    includers = {"lab": ("ann", "ben"), "team": ("c1", "c2", "c3", "c4", "c5", "c6"), "shared": ("ann",)}
    assert list(includer_notes([Profile("ada"), Profile("lab"), Profile("team")], includers)) == [
        "lab is a profile of its own, and ann, ben include it",
        "team is a profile of its own, and c1, c2, c3, c4, c5 and 1 more include it",
    ]
