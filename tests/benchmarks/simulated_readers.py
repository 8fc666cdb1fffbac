"""Readers who answer what a month of digests shows them.

What they want is not a matter of words, and the ranker does not know it: a reader of `TASTES` wants the papers that
authors and moderators have filed under one category of arXiv, be it as a cross-list, and starts from a profile that
names two subjects of that field, without `categories`. Each day's digest is composed as `paperboy backtest` does it,
with what was learned from the answers of the days before. The reader looks at its first five papers, and answers.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from bot.clock import Moment
from bot.digests.composer import DigestComposer
from bot.digests.corpus import PaperArchive, load_corpus
from bot.digests.model import Digest, ScoredPaper
from bot.evaluation.backtest import replay
from bot.feedback.learned import learn, with_learned
from bot.feedback.model import Answer, AnswerKind, Via
from bot.papers.model import Paper
from bot.profiles.model import Profile
from bot.ranking.linear import Ranker

#: Papers that a reader looks at.
FIRST = 5
#: Two subjects of each field that the archive has 60 to 300 papers of, as somebody might begin.
TASTES = {
    "cs.CE": ("finite element method", "physics simulation"),
    "cs.CR": ("adversarial attacks", "privacy"),
    "cs.CY": ("education", "AI policy"),
    "cs.GR": ("3D generation", "rendering"),
    "cs.GT": ("mechanism design", "game theory"),
    "cs.HC": ("user study", "human-AI interaction"),
    "cs.IR": ("recommender systems", "dense retrieval"),
    "cs.IT": ("channel capacity", "coding theory"),
    "cs.MA": ("multi-agent systems", "LLM agents"),
    "cs.MM": ("audio-visual learning", "multimodal retrieval"),
    "cs.RO": ("robot manipulation", "autonomous driving"),
    "cs.SE": ("code generation", "software engineering"),
}


@dataclass(frozen=True)
class Habit:
    """What a reader answers."""

    kinds: frozenset[AnswerKind] = frozenset()
    share: float = 1.0  #: of the papers that the reader looks at


NO_ANSWERS = "no answers"
HABITS = {
    NO_ANSWERS: Habit(),
    "more": Habit(frozenset({AnswerKind.MORE})),
    "more, less": Habit(frozenset({AnswerKind.MORE, AnswerKind.LESS})),
    "half of these": Habit(frozenset({AnswerKind.MORE, AnswerKind.LESS}), share=0.5),
    "all kinds": Habit(
        frozenset({AnswerKind.MORE, AnswerKind.LESS, AnswerKind.FOLLOW, AnswerKind.NOT_BECAUSE})
    ),
}


@dataclass
class Reader:
    """Somebody with a profile, a taste and a habit."""

    name: str  #: readers of one name skip the same papers
    profile: Profile
    grade: Callable[[Paper], int | None]  #: 2 is wanted, 0 is not; None if the reader cannot say
    habit: Habit
    answers: list[Answer] = field(default_factory=list)
    _wanted: list[ScoredPaper] = field(default_factory=list)  #: that the reader has seen

    def read(self, digest: Digest) -> None:
        """Look at the first papers of a digest, and answer."""
        for scored in digest.papers[:FIRST]:
            grade = self.grade(scored.paper)
            if grade in (0, 2) and _chance(self.name, scored.paper.id) < self.habit.share:
                said = self._said(scored, wanted=grade == 2)
                self.answers += (
                    self._answer(digest, scored, *one) for one in said if one[0] in self.habit.kinds
                )
            if grade == 2:
                self._wanted.append(scored)

    def _said(self, scored: ScoredPaper, *, wanted: bool) -> Iterator[tuple[AnswerKind, str]]:
        """Kinds of answers with their subjects.

        An author is followed with the second wanted paper. A term does not count if it is the main reason for an
        unwanted paper, rather than the interest as a whole, and was never that for a wanted one.
        """
        yield (AnswerKind.MORE if wanted else AnswerKind.LESS), ""
        if wanted:
            known = {name for one in self._wanted for name in one.paper.authors}
            yield from ((AnswerKind.FOLLOW, name) for name in scored.paper.authors if name in known)
        elif (term := _main_term(scored)) and term not in map(_main_term, self._wanted):
            yield AnswerKind.NOT_BECAUSE, term

    def _answer(self, digest: Digest, scored: ScoredPaper, kind: AnswerKind, subject: str) -> Answer:
        action = f"{scored.paper.id} {kind} {subject}"
        paper, interest = scored.paper.id, scored.interest if kind is AnswerKind.NOT_BECAUSE else ""
        return Answer(
            action, digest.profile, self.name, kind, paper, digest.made, Via.COMMAND, subject, interest
        )


def _main_term(scored: ScoredPaper) -> str:
    """The heaviest word of a paper's interest, if it is heavier than the interest as a whole."""
    terms = (reason.term for reason in scored.reasons if reason.is_term and reason.weight > 0)
    first = next(terms, "")
    return first if scored.interest and first != scored.interest else ""


def _chance(*parts: str) -> float:
    """From 0 to 1: the same for the same parts."""
    return int.from_bytes(hashlib.sha256(" ".join(parts).encode()).digest()[:8]) / 2**64


class Day(NamedTuple):
    """What a reader was sent on a day, and could have been."""

    digest: Digest
    new: tuple[Paper, ...]


def simulate(
    papers: PaperArchive, readers: Sequence[Reader], dates: Iterable[date]
) -> dict[str, dict[date, Day]]:
    """Each reader's days, by the ids of their profiles. Answers to a digest count from the next date on."""
    new: dict[date, tuple[Paper, ...]] = {}

    def profiles_on(_: date) -> list[Profile]:
        return [with_learned(reader.profile, learn(reader.answers)) for reader in readers]

    def compose(profiles: Sequence[Profile], moment: Moment) -> DigestComposer:
        corpus, today = load_corpus(papers, profiles, moment.instant), moment.instant.date()
        window = (one.paper for one in corpus.window)
        new[today] = tuple(paper for paper in window if paper.first_seen.date() == today)
        return DigestComposer(corpus, corpus.fit(Ranker))

    by_profile = {reader.profile.id: reader for reader in readers}
    found: dict[str, dict[date, Day]] = defaultdict(dict)
    for composed in replay(profiles_on, dates, compose):
        digest = composed.digest
        by_profile[digest.profile].read(digest)
        found[digest.profile][digest.on] = Day(digest, new[digest.on])
    return found
