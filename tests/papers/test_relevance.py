"""The order of the papers that a query found."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.papers.query import parse_query
from bot.papers.relevance import Found, rank
from tests.support.builders import NOW


def found(id_: str, title: str = "A title", abstract: str = "", days: float = 0) -> Found:
    return Found(id_, title, abstract, NOW - timedelta(days=days))


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    [
        ("robots", found("a", "On robots"), found("b", abstract="robots robots robots robots")),
        ("robots", found("a", abstract="A robot, and robots."), found("b", abstract="A robot.")),
        ("world models", found("a", abstract="world models"), found("b", abstract="models of the world")),
        ("robots", found("a", "Robots", days=400), found("b", abstract="robots")),
        ("robots", found("a", "Robots", days=1), found("b", "Robots", days=90)),
        ('"world models"', found("a", "World-Models"), found("b", abstract="world models")),
        ("robo*", found("a", "Robotics"), found("b", "Aerobotics")),
        ("robots OR drones", found("a", "Drones"), found("b", abstract="robots")),
        ("bjørn", found("a", "Bjorn’s"), found("b", "bjornson")),
        ("author:han", found("b", days=1), found("a", days=2)),
    ],
)
def test_order(query: str, better: Found, worse: Found) -> None:
    """The title counts more than the abstract; then how often, in a row, and how new. Equal ones: newest first."""
    for papers in ([better, worse], [worse, better]):
        assert rank(parse_query(query), papers) == [better.id, worse.id]


def test_no_papers() -> None:
    """An empty list is not an error."""
    assert rank(parse_query("robots"), []) == []
