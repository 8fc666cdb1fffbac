"""What is in effect of all answers, and what follows from it for a profile."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from bot.feedback.learned import Learned, all_with_learned, learn, no_effect, with_learned
from bot.feedback.model import Answer, AnswerKind, in_effect
from bot.profiles.model import Interest, Mute, Reference
from tests.support.answers import PAPER, answered
from tests.support.builders import make_profile

K = AnswerKind
BOB = "slack:U0BOB"
OTHER = "arxiv:2605.00002"
MORE = answered()
UNDONE = replace(MORE, action="undo", undoes=MORE.action)


def term(term: str, interest: str = "world models", **changes: str) -> Answer:
    return answered(K.NOT_BECAUSE, term, interest=interest, **changes)


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        ([MORE], [0]),
        ([MORE, answered(K.LESS)], [1]),
        ([MORE, answered(K.LESS, who=BOB)], [0, 1]),
        ([MORE, answered(K.LESS, paper=OTHER)], [0, 1]),
        ([MORE, UNDONE], []),
        ([MORE, replace(UNDONE, who=BOB)], []),
        ([MORE, UNDONE, answered()], [2]),
        ([MORE, answered(K.LESS), UNDONE], [1]),
        ([answered(K.LESS), MORE, UNDONE], []),
        ([MORE, answered(K.OPEN)], [0]),
        ([answered(K.FOLLOW, "Ada Lovelace"), answered(K.MUTE, "ada lovelace", paper=OTHER)], [1]),
        ([MORE, answered(K.FOLLOW, "Ada Lovelace"), term("models")], [0, 1, 2]),
        ([term("models"), term("Models"), term("models", "other")], [1, 2]),
    ],
)
def test_answers_in_effect(answers: list[Answer], kept: list[int]) -> None:
    """Of one person's answers about the same thing the newest that is not taken back; by anybody."""
    assert in_effect(answers) == tuple(answers[number] for number in kept)


def test_what_an_answer_says() -> None:
    """In words, as commands show it; a time without a zone is a mistake of the program."""
    said = [answered().what, answered(K.FOLLOW, "Ada Lovelace").what, term("models").what]
    assert said == ["more", "follow Ada Lovelace", "not because of models"]
    with pytest.raises(ValueError, match="naive"):
        answered(at=datetime(2026, 5, 5))


@pytest.mark.parametrize(
    ("answers", "learned"),
    [
        ([], Learned()),
        ([MORE, answered(K.LESS, paper=OTHER)], Learned(likes=(PAPER,), dislikes=(OTHER,))),
        ([MORE, answered(K.LESS, who=BOB)], Learned()),
        ([MORE, answered(K.LESS, who=BOB), answered(K.LESS, who="web:eve")], Learned(dislikes=(PAPER,))),
        ([answered(K.MUTE, "Ada Lovelace")], Learned(mute=("Ada Lovelace",))),
        (
            [answered(K.FOLLOW, "A. Lovelace"), answered(K.FOLLOW, "Ada Lovelace", who=BOB)],
            Learned(follow=("A. Lovelace",)),
        ),
        ([answered(K.FOLLOW, "Ada Lovelace"), answered(K.MUTE, "A. Lovelace", who=BOB)], Learned()),
        (
            [term("models"), term("models", who=BOB), term("world", "")],
            Learned(without=(("world models", "models"), ("", "world"))),
        ),
    ],
)
def test_what_follows(answers: list[Answer], learned: Learned) -> None:
    """Each person has one voice, and a person one spelling; one voice is enough for a term."""
    assert learn(answers) == learned
    assert bool(learned) is (learned != Learned())


def test_a_profile_with_its_answers() -> None:
    """They are added to its lists and marked; terms go to the interest, whatever its case, or to `about`."""
    profile = make_profile("World Models", "grasping", about="I plan.", like=(Reference(OTHER),))
    learned = Learned(
        (PAPER,), ("doi:10.1/a",), ("Ada Lovelace",), ("Bob",), (("world models", "models"), ("", "plan"))
    )
    taught = with_learned(profile, learned)
    assert taught.interests == (Interest("World Models", without=("models",)), Interest("grasping"))
    assert taught.like == (Reference(OTHER), Reference(PAPER, answered=True))
    assert taught.dislike == (Reference("doi:10.1/a", answered=True),)
    assert (taught.authors, taught.mute, taught.without) == (
        ("Ada Lovelace",),
        Mute(authors=("Bob",)),
        ("plan",),
    )
    assert taught.answered_authors == {"Ada Lovelace", "Bob"}


def test_what_the_profile_says_itself_stays() -> None:
    """About a paper, an author or a term; an interest that it has no more is forgotten, and none is emptied."""
    profile = make_profile(
        "robots",
        like=(Reference(PAPER),),
        dislike=(Reference(OTHER),),
        authors=("Ada Lovelace",),
        mute=Mute(authors=("Bob Bobson",)),
        without=("plan",),
    )
    learned = Learned(
        (OTHER, PAPER),
        (PAPER,),
        ("B. Bobson",),
        ("A. Lovelace",),
        (("gone", "models"), ("robots", "Robot"), ("", "plan")),
    )
    assert with_learned(profile, learned) == profile


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (answered(paper="arxiv:new"), ""),
        (answered(K.LESS), "likes it"),
        (answered(K.MORE), "says so too"),
        (answered(K.MORE, paper=OTHER), "dislikes it"),
        (answered(K.LESS, paper=OTHER), "says so too"),
        (answered(K.FOLLOW, "B. Bobson"), "mutes them"),
        (answered(K.MUTE, "A. Lovelace"), "follows them"),
        (answered(K.FOLLOW, "Ada Lovelace"), "says so too"),
        (term("world"), ""),
        (term("models", "World Models"), "says so too"),
        (term("models", "gone"), "has no interest 'gone'"),
        (term("models of the world"), "has it as a whole interest"),
        (term("plan", ""), ""),
    ],
)
def test_answers_that_the_profile_overrules(answer: Answer, why: str) -> None:
    """What its file says about the paper, the author or the term."""
    profile = make_profile(
        interests=(Interest("world models", without=("models",)),),
        like=(Reference(PAPER),),
        dislike=(Reference(OTHER),),
        authors=("Ada Lovelace",),
        mute=Mute(authors=("Bob Bobson",)),
    )
    assert no_effect(profile, answer) == why


def test_profiles_without_answers_are_the_same() -> None:
    ada, bob = make_profile("world models"), make_profile("grasping", id="bob")
    first, second = all_with_learned([ada, bob], {"bob": [answered(profile="bob")], "eve": [MORE]})
    assert first is ada
    assert second.like == (Reference(PAPER, answered=True),)
