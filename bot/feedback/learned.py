"""What follows from a profile's answers: papers to resemble or avoid, authors, terms that do not count. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.feedback.model import Answer, AnswerKind, in_effect
from bot.papers.names import same_person
from bot.profiles.model import Interest, Profile, Reference


@dataclass(frozen=True, slots=True)
class Learned:
    """What answers add to a profile; in each list the oldest first."""

    likes: tuple[str, ...] = ()  #: ids of papers
    dislikes: tuple[str, ...] = ()
    follow: tuple[str, ...] = ()  #: authors
    mute: tuple[str, ...] = ()
    without: tuple[tuple[str, str], ...] = ()  #: (interest, term); an empty interest is `about`

    def __bool__(self) -> bool:
        return any((self.likes, self.dislikes, self.follow, self.mute, self.without))


def learn(answers: Sequence[Answer]) -> Learned:
    """What the answers of one profile add up to.

    Each person has one voice: a paper is liked if more people asked for more like it than for less, and an author is
    followed likewise. A term does not count if anybody says so.
    """
    current = in_effect(answers)
    papers = _votes(current, AnswerKind.MORE, AnswerKind.LESS, lambda answer: answer.paper)
    authors = _votes(current, AnswerKind.FOLLOW, AnswerKind.MUTE, lambda answer: answer.subject)
    terms = ((answer.interest, answer.subject) for answer in current if answer.kind is AnswerKind.NOT_BECAUSE)
    return Learned(
        likes=tuple(paper for paper, votes in papers.items() if votes > 0),
        dislikes=tuple(paper for paper, votes in papers.items() if votes < 0),
        follow=tuple(author for author, votes in authors.items() if votes > 0),
        mute=tuple(author for author, votes in authors.items() if votes < 0),
        without=tuple(dict.fromkeys(terms)),
    )


def _votes(
    answers: Iterable[Answer], for_: AnswerKind, against: AnswerKind, of: Callable[[Answer], str]
) -> Counter[str]:
    votes: Counter[str] = Counter()
    for answer in answers:
        if answer.kind in (for_, against):
            votes[of(answer)] += 1 if answer.kind is for_ else -1
    return votes


def with_learned(profile: Profile, learned: Learned) -> Profile:
    """The profile with what its answers add. What the profile itself says about a paper or an author stays."""
    named = {reference.id for reference in (*profile.like, *profile.dislike)}
    known = (*profile.authors, *profile.mute.authors)
    follow, mute = (
        tuple(name for name in names if not any(same_person(name, other) for other in known))
        for names in (learned.follow, learned.mute)
    )
    return replace(
        profile,
        like=(*profile.like, *(Reference(id_, answered=True) for id_ in learned.likes if id_ not in named)),
        dislike=(
            *profile.dislike,
            *(Reference(id_, answered=True) for id_ in learned.dislikes if id_ not in named),
        ),
        authors=(*profile.authors, *follow),
        mute=replace(profile.mute, authors=(*profile.mute.authors, *mute)),
        interests=tuple(_without(interest, learned) for interest in profile.interests),
        without=_added(profile.without, [term for name, term in learned.without if not name]),
        answered_authors=frozenset((*follow, *mute)),
    )


def _without(interest: Interest, learned: Learned) -> Interest:
    phrase = interest.phrase.casefold()
    terms = [term for name, term in learned.without if name.casefold() == phrase]
    return replace(interest, without=_added(interest.without, terms)) if terms else interest


def _added(terms: tuple[str, ...], more: Iterable[str]) -> tuple[str, ...]:
    return (*terms, *(term for term in more if term not in terms))


def all_with_learned(profiles: Iterable[Profile], answers: Mapping[str, Sequence[Answer]]) -> list[Profile]:
    """`answers`: by the ids of profiles, in the order in which they were stored."""
    return [
        with_learned(profile, learned) if (learned := learn(answers.get(profile.id, ()))) else profile
        for profile in profiles
    ]
