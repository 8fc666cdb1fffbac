"""What follows from a profile's answers: papers to resemble or avoid, authors, terms that do not count. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.feedback.model import Answer, AnswerKind, in_effect
from bot.papers.names import same_person
from bot.profiles.model import Profile, Reference
from bot.profiles.without import covers
from bot.text.plain import quote

_AGREES = "says so too"


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
    followed likewise, under the spelling that was answered first. A term does not count if anybody says so.
    """
    current = in_effect(answers)
    people: dict[str, str] = {}  #: a spelling for each that was answered
    for answer in current:
        if answer.kind in (AnswerKind.FOLLOW, AnswerKind.MUTE):
            same = (name for name in people.values() if same_person(name, answer.subject))
            people[answer.subject] = next(same, answer.subject)
    papers = _votes(current, AnswerKind.MORE, AnswerKind.LESS, lambda answer: answer.paper)
    authors = _votes(current, AnswerKind.FOLLOW, AnswerKind.MUTE, lambda answer: people[answer.subject])
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


def new_to(profile: Profile, learned: Learned) -> Learned:
    """What answers add to a profile: what it says itself about a paper, an author or an interest's terms stays.

    An interest stays, too: a term that covers it is not taken out of it.
    """
    named = {reference.id for reference in (*profile.like, *profile.dislike)}
    known = (*profile.authors, *profile.mute.authors)
    terms = {one.phrase.casefold(): one.without for one in profile.interests} | {"": profile.without}
    without = {
        (name.casefold(), term.casefold()): (name, term)
        for name, term in learned.without
        if name.casefold() in terms and term not in terms[name.casefold()] and not covers(name, term)
    }
    return Learned(
        tuple(id_ for id_ in learned.likes if id_ not in named),
        tuple(id_ for id_ in learned.dislikes if id_ not in named),
        tuple(name for name in learned.follow if not any(same_person(name, other) for other in known)),
        tuple(name for name in learned.mute if not any(same_person(name, other) for other in known)),
        tuple(without.values()),
    )


def no_effect(profile: Profile, answer: Answer) -> str:
    """Why an answer adds nothing to a profile, whatever others answer: what the profile's file does, as "likes it".

    Empty if it adds something. `profile`: as its file has it.
    """
    if new_to(profile, learn([answer])):
        return ""
    if answer.kind is AnswerKind.NOT_BECAUSE:
        if covers(answer.interest, answer.subject):
            return "has it as a whole interest"
        interests = ("", *(one.phrase.casefold() for one in profile.interests))
        has_it = answer.interest.casefold() in interests
        return _AGREES if has_it else f"has no interest {quote(answer.interest)}"
    if answer.subject:
        is_wanted = any(same_person(answer.subject, name) for name in profile.authors)
        verb = "follows them" if is_wanted else "mutes them"
    else:
        is_wanted = any(reference.id == answer.paper for reference in profile.like)
        verb = "likes it" if is_wanted else "dislikes it"
    agrees = is_wanted == (answer.kind in (AnswerKind.MORE, AnswerKind.FOLLOW))
    return _AGREES if agrees else verb


def with_learned(profile: Profile, learned: Learned) -> Profile:
    """The profile with what its answers add."""
    new = new_to(profile, learned)
    return replace(
        profile,
        like=(*profile.like, *(Reference(id_, answered=True) for id_ in new.likes)),
        dislike=(*profile.dislike, *(Reference(id_, answered=True) for id_ in new.dislikes)),
        authors=(*profile.authors, *new.follow),
        mute=replace(profile.mute, authors=(*profile.mute.authors, *new.mute)),
        interests=tuple(
            replace(one, without=(*one.without, *_terms(new, one.phrase))) for one in profile.interests
        ),
        without=(*profile.without, *_terms(new, "")),
        answered_authors=frozenset((*new.follow, *new.mute)),
    )


def _terms(new: Learned, interest: str) -> Iterator[str]:
    return (term for name, term in new.without if name.casefold() == interest.casefold())


def all_with_learned(profiles: Iterable[Profile], answers: Mapping[str, Sequence[Answer]]) -> list[Profile]:
    """`answers`: by the ids of profiles, in the order in which they were stored."""
    return [
        with_learned(profile, learned) if (learned := learn(answers.get(profile.id, ()))) else profile
        for profile in profiles
    ]
