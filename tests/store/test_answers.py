"""Stored answers, on SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.feedback.learned import learn
from bot.feedback.model import AnswerKind
from bot.profiles.model import Profile
from bot.ranking.counts import COUNTING
from bot.store.answers import Answers
from bot.store.database import Database
from bot.store.papers import Papers
from bot.store.renames import move_renamed
from tests.support.answers import answered
from tests.support.builders import NOW, entry


@pytest.fixture
def answers(database: Database) -> Answers:
    return Answers(database)


def test_in_the_order_in_which_they_were_stored(answers: Answers) -> None:
    """By profile, to a time; every field comes back."""
    first = answered(AnswerKind.NOT_BECAUSE, "“models”", interest="Weltmodelle für Ä")
    second = answered(at=NOW - timedelta(days=1), undoes=first.action)
    later, bobs = answered(at=NOW + timedelta(seconds=1)), answered(profile="bob")
    assert all(map(answers.add, (first, second, bobs, later)))
    assert answers.of(["ada", "eve"]) == {"ada": [first, second, later]}
    assert answers.of(["ada", "bob"], until=NOW) == {"ada": [first, second], "bob": [bobs]}
    assert answers.of([]) == {}


def test_an_action_is_stored_once(answers: Answers) -> None:
    """Whatever else is in it the second time."""
    given = answered()
    assert answers.add(given)
    assert not answers.add(replace(given, kind=AnswerKind.LESS))
    assert answers.of(["ada"]) == {"ada": [given]}


def test_a_paper_that_got_another_id(database: Database, answers: Answers) -> None:
    """An answer to the former id counts for the paper; one to a paper that is not stored stays as it is."""
    papers = Papers(database, COUNTING)
    title = "World models that know what they missed"
    papers.add([replace(entry(1, title), ids=())], NOW)
    [former] = [paper.id for paper in papers.all()]
    answers.add(answered(paper=former))
    answers.add(answered(who="slack:U0BOB", paper=former))
    papers.add([entry(1, title)], NOW)
    answers.add(answered(AnswerKind.LESS, paper="arxiv:2605.00001"))
    answers.add(answered(paper="arxiv:2605.99999"))
    found = answers.of(["ada"])["ada"]
    assert [one.paper for one in found] == [*["arxiv:2605.00001"] * 3, "arxiv:2605.99999"]
    assert learn(found).likes == ("arxiv:2605.99999",)  # one voice each way


def test_a_renamed_profile(database: Database, answers: Answers) -> None:
    """It has the answers of its former name, before its own."""
    old, new = answered(), answered(profile="eve")
    answers.add(old)
    answers.add(new)
    move_renamed(database, [Profile("eve", was="ada")])
    assert answers.of(["ada", "eve"]) == {"eve": [replace(old, profile="eve"), new]}
