"""Papers and a scripted method for the tests of evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.evaluation.tasks import (
    Round,
)
from bot.papers.model import CountedPaper
from bot.profiles.model import Reference
from tests.support.builders import make_paper


def paper(id_: str) -> CountedPaper:
    return CountedPaper(make_paper(f"t:{id_}" if ":" not in id_ else id_, title=f"Title of {id_}"), b"")


def numbered_papers(number: int) -> list[CountedPaper]:
    return [paper(f"t:{n:03d}") for n in range(number)]


@dataclass(frozen=True)
class Scripted:
    """A method that ranks by id, ascending or descending."""

    name: str
    backwards: bool = False
    parameters: Mapping[str, float] = field(default_factory=dict)

    def rank(self, asked: Round) -> Iterator[Sequence[str]]:
        for _ in asked.trials:
            yield asked.candidates[::-1] if self.backwards else asked.candidates


def likes(*numbers: int) -> tuple[Reference, ...]:
    return tuple(Reference(f"t:{n:03d}") for n in numbers)
