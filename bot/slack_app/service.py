"""What clicks and commands do: answers, pauses, and look-ups. Does not depend on how they arrive, nor on slack_bolt.

What a click is about is read from the stored digest, and checked: a click is data from outside. What cannot be done
raises UserError, whose text the person sees.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from bot.channels.slack.menu import MENU, Entry, PaperPlace, parse_place
from bot.channels.slack.names import is_conversation_id
from bot.clock import Moment
from bot.delivery.archive import Archive
from bot.delivery.due import Announcements, next_due
from bot.delivery.model import Pause, scopes
from bot.digests.composer import Explanation
from bot.digests.model import Digest, ScoredPaper
from bot.errors import UserError
from bot.feedback.learned import no_effect
from bot.feedback.model import Answer, AnswerKind, Via
from bot.feedback.service import Feedback
from bot.papers.model import Paper
from bot.papers.query import Search, parse_query
from bot.presentation.digest_view import countable_terms, new_author
from bot.profiles.model import ChannelName, Profile, Subscription
from bot.profiles.without import interest_with, no_interest
from bot.slack_app import replies
from bot.slack_app.click import Click
from bot.slack_app.commands import Command, other_profile, parse_pause, split_profile
from bot.slack_app.home import PAUSE, RESUME, HomeDigest, home_view
from bot.slack_app.replies import ANSWERS_SHOWN, TERM, UNDO, Reply, SameAnswers, note, same_answers
from bot.text.plain import quote

_FOUND_SHOWN = 10
_NOT_OURS = "This Paperboy does not know this digest: its menu cannot be used here."


class PauseStore(Protocol):
    """The stored pauses (`bot.store.receivers`)."""

    def pauses(self, now: datetime | None = None) -> tuple[Pause, ...]: ...

    def pause(self, scope: str, why: str, now: datetime, until: datetime | None = None) -> bool: ...

    def resume(self, scope: str) -> bool: ...


class PaperStore(Protocol):
    """The stored papers (`bot.store.papers`)."""

    def by_keys(self, ids: Iterable[str]) -> Mapping[str, Paper]: ...


@dataclass(frozen=True, slots=True)
class SlackService:
    """The same for every workspace member: who may do something follows from where digests are delivered."""

    profiles: Callable[[], Sequence[Profile]]  #: as they are now
    feedback: Feedback
    archive: Archive
    pauses: PauseStore
    papers: PaperStore
    find_paper: Callable[[str], Paper | None]  #: by id, link or part of a title; raises UserError
    explain: Callable[[Profile, Paper | None, Moment], Explanation]
    search: Search
    conversation: Callable[[str], str]  #: of a Slack target: its id; the target if that is not known
    announcements: Callable[[], Announcements] = Announcements

    # --- Clicks

    def click(self, click: Click, now: datetime) -> Reply:
        """Do what a menu or a button in a message says."""
        if click.action_id == UNDO:
            return self._undo(click, [click.user, click.conversation], now)
        if click.action_id == MENU:
            return self._choose(click, self._clicked(click), now)
        if click.action_id.startswith(TERM):
            return self._not_because(click, self._clicked(click), click.value, now, replaces=True)
        raise UserError("This button is of another version of Paperboy.")

    def _clicked(self, click: Click) -> _Clicked:
        """The paper that a click is about, from the stored digest."""
        place = parse_place(click.block_id)
        stored = self.archive.digest(place.edition) if place else None
        if not place or not stored or place.rank > len(stored.digest.papers):
            raise UserError(_NOT_OURS)
        known = self.conversation(stored.edition.target)
        is_there = known == click.conversation or not is_conversation_id(known)
        if stored.edition.channel is not ChannelName.SLACK or not is_there:
            raise UserError(_NOT_OURS)
        return _Clicked(place, self._profile(stored.edition.profile), stored.digest)

    def _profile(self, name: str) -> Profile:
        """The profile with an id or a former id."""
        found = next((one for one in self.profiles() if name and name in (one.id, one.was)), None)
        if found is None:
            raise UserError(f"The profile {quote(name)} does not exist any more.")
        return found

    def _choose(self, click: Click, clicked: _Clicked, now: datetime) -> Reply:
        scored, terms = clicked.scored, countable_terms(clicked.scored)
        match click.value:
            case Entry.MORE:
                return self._answer(click, clicked, AnswerKind.MORE, now)
            case Entry.LESS:
                return self._answer(click, clicked, AnswerKind.LESS, now)
            case Entry.FOLLOW if author := new_author(scored):
                return self._answer(click, clicked, AnswerKind.FOLLOW, now, subject=author)
            case Entry.NOT_BECAUSE if len(terms) == 1:
                return self._not_because(click, clicked, "0", now)
            case Entry.NOT_BECAUSE if terms:
                return replies.choose_term(clicked.place, scored.paper, terms)
            case Entry.WHY:
                return replies.why_in_digest(clicked.digest, clicked.place.rank)
        raise UserError(_NOT_OURS)

    def _not_because(
        self, click: Click, clicked: _Clicked, number: str, now: datetime, *, replaces: bool = False
    ) -> Reply:
        """`number`: of the term among those of the paper, from 0."""
        terms = {str(n): term for n, term in enumerate(countable_terms(clicked.scored))}
        if number not in terms:
            raise UserError(_NOT_OURS)
        interest = interest_with(clicked.profile, terms[number], clicked.scored.interest)
        if interest is None:
            raise UserError(no_interest(clicked.profile, terms[number]))
        return self._answer(
            click, clicked, AnswerKind.NOT_BECAUSE, now, terms[number], interest, replaces=replaces
        )

    def _answer(
        self,
        click: Click,
        clicked: _Clicked,
        kind: AnswerKind,
        now: datetime,
        subject: str = "",
        interest: str = "",
        *,
        replaces: bool = False,
    ) -> Reply:
        paper = clicked.scored.paper
        recorded = self.feedback.answer(
            clicked.profile.id,
            click.who,
            kind,
            paper.id,
            now,
            Via.SLACK,
            action=click.action,
            subject=subject,
            interest=interest,
        )
        is_new = recorded.is_new or recorded.answer.action == click.action
        why = no_effect(clicked.profile, recorded.answer)
        return replies.answered(recorded.answer, {paper.id: paper}, why, is_new=is_new, replaces=replaces)

    def _undo(self, click: Click, places: Collection[str], now: datetime) -> Reply:
        """Take back the answer that a button names: one of the person, or for a profile that delivers to `places`."""
        name, _, action = click.value.partition("\n")
        profile = self._profile(name)
        answer = self.feedback.find(profile.id, action)
        if answer is None:
            return note("That answer does not count any more.", replaces=True)
        if answer.who != click.who and not self._delivered(profile, places):
            raise UserError("This answer is another person's.")
        self.feedback.undo(answer, click.who, now, Via.SLACK, action=click.action)
        return replies.taken_back(answer, self._titles([answer]), click.who)

    def _titles(self, answers: Iterable[Answer]) -> Mapping[str, Paper]:
        return self.papers.by_keys({answer.paper for answer in answers})

    def _titles_of(self, rows: Sequence[SameAnswers]) -> Mapping[str, Paper]:
        """Those that are shown."""
        return self._titles(row.answers[0] for row in rows[:ANSWERS_SHOWN])

    # --- Who gets what

    def _delivered(self, profile: Profile, places: Collection[str]) -> list[Subscription]:
        """The profile's Slack subscriptions to conversations and users, by their ids."""
        return [
            to
            for to in profile.deliver
            if to.channel is ChannelName.SLACK
            and not {to.target, self.conversation(to.target)}.isdisjoint(places)
        ]

    def _here(self, command: Command) -> list[tuple[Profile, list[Subscription]]]:
        """The profiles that deliver to the conversation, with their subscriptions; without any, the person's."""
        profiles = self.profiles()
        for place in (command.conversation, command.user):
            found = [(one, self._delivered(one, [place])) for one in profiles]
            if here := [(profile, to) for profile, to in found if to]:
                return here
        raise UserError("No digest is delivered here or to you: the App Home shows where yours are.")

    def _chosen(self, command: Command) -> tuple[Profile, list[Subscription], str]:
        """The profile that a command is about, its subscriptions here, and the rest of the command."""
        here = {profile.id: (profile, to) for profile, to in self._here(command)}
        name, rest = split_profile(command.text, here)
        names = ", ".join(here)
        if not name and (other := other_profile(command)):
            there = f"there is {names}" if len(here) == 1 else f"there are {names}"
            raise UserError(f"No profile {quote(other)} delivers here; {there}.")
        if not name and len(here) > 1:
            example = f"/paperboy {command.name} {next(iter(here))} {command.text}".rstrip()
            raise UserError(f"Several profiles deliver here: {names}. Name one: {example}")
        profile, to = here[name or next(iter(here))]
        return profile, to, rest

    # --- Commands

    def command(self, command: Command, now: datetime) -> Reply:
        """Do what a person wrote after `/paperboy`."""
        if command.name == "why":
            return self._why(command, now)
        if command.name == "search":
            return self._search(command)
        if command.name == "learned":
            profile, _, _ = self._chosen(command)
            reader = f"slack:{command.user}"
            rows = same_answers(self.feedback.current(profile.id), [profile], reader)
            return replies.learned(profile.id, rows, self._titles_of(rows), reader)
        if command.name == "pause":
            profile, subscriptions, rest = self._chosen(command)
            until = parse_pause(rest, now, profile.timezone)
            return self._pause(profile, subscriptions, command, now, until)
        if command.name == "resume":
            profile, subscriptions, _ = self._chosen(command)
            return self._resume(profile, subscriptions, command)
        return replies.help_for(command.text)

    def _why(self, command: Command, now: datetime) -> Reply:
        profile, _, text = self._chosen(command)
        if not text:
            raise UserError(
                "Which paper? Write an id, a link, or words of its title: /paperboy why 2502.19402"
            )
        paper = self.find_paper(text)
        sent = self.archive.sent([paper.id], [profile.id]).get(paper.id) if paper else None
        if paper and sent and (stored := self.archive.digest(sent[0].edition)):
            for rank, scored in enumerate(stored.digest.papers, start=1):
                if paper.id in scored.ids:
                    return replies.why_in_digest(stored.digest, rank)
        return replies.why_not(profile.id, text, self.explain(profile, paper, Moment(now)))

    def _search(self, command: Command) -> Reply:
        if not command.text:
            raise UserError("What for? Write words: /paperboy search world models")
        found = self.search.search(parse_query(command.text), _FOUND_SHOWN)
        sent = self.archive.sent([paper.id for paper in found.papers], self._readable(command))
        return replies.found(command.text, found, sent)

    def _readable(self, command: Command) -> list[str]:
        """The ids of the profiles that deliver to the conversation or the person."""
        places = [command.conversation, command.user]
        return [profile.id for profile in self.profiles() if self._delivered(profile, places)]

    def _pause(
        self,
        profile: Profile,
        to: Sequence[Subscription],
        command: Command,
        now: datetime,
        until: datetime | None,
    ) -> Reply:
        """Those that are paused for as long already stay so."""
        why = f"{command.user} paused it in Slack"
        done = [self.pauses.pause(one.key, why, now, until) for one in to]
        keys = {one.key for one in to}
        ends = [pause.until for pause in self.pauses.pauses(now) if pause.scope in keys]
        end = (
            ""
            if None in ends
            else f" until {max(filter(None, ends)).astimezone(ZoneInfo(profile.timezone)):%Y-%m-%d}"
        )
        already = "" if any(done) else " already"
        return note(
            f"{self._digests(profile, to, command)} are paused{end}{already}. "
            f"/paperboy resume {profile.id} ends that."
        )

    def _resume(self, profile: Profile, to: Sequence[Subscription], command: Command) -> Reply:
        done = [self.pauses.resume(one.key) for one in to]
        state = "are delivered again" if any(done) else "are not paused"
        return note(f"{self._digests(profile, to, command)} {state}.")

    def _digests(self, profile: Profile, to: Iterable[Subscription], command: Command) -> str:
        """The digests of subscriptions that a command found, by their place."""
        places = {place for one in to for place in (one.target, self.conversation(one.target))}
        is_direct = command.user in places or command.conversation.startswith("D")
        return f"{profile.id}'s digests {'in your direct messages' if is_direct else 'here'}"

    # --- The App Home

    def home(self, user: str, channels: Collection[str], now: datetime) -> dict[str, Any]:
        """The view of a person. `channels`: ids of those that they are in."""
        pauses = {pause.scope: pause for pause in self.pauses.pauses(now)}
        profiles = [(one, self._delivered(one, [user, *channels])) for one in self.profiles()]
        announcements = self.announcements()
        digests = []
        for profile, subscriptions in profiles:
            for to in subscriptions:
                of_it = (pauses.get(scope) for scope in scopes(to.key, to.channel, to.target))
                pause = next(filter(None, of_it), None)
                is_direct = to.target == user
                due = next_due(to, profile, Moment(now), announcements)
                digests.append(HomeDigest(to, is_direct, profile.timezone, due, pause))
        theirs = [profile for profile, to in profiles if to]
        answers = [one for profile in theirs for one in self.feedback.current(profile.id)]
        rows = same_answers(answers, theirs, f"slack:{user}")
        return home_view(user, digests, rows, self._titles_of(rows))

    def home_click(self, click: Click, channels: Collection[str], now: datetime) -> None:
        """Do what a button of the App Home says."""
        places = [click.user, *channels]
        theirs = {to.key for profile in self.profiles() for to in self._delivered(profile, places)}
        if click.action_id == UNDO:
            self._undo(click, places, now)
        elif click.action_id == PAUSE and click.value in theirs:
            self.pauses.pause(click.value, f"{click.user} paused it in Slack", now)
        elif click.action_id == RESUME and click.value in theirs:
            self.pauses.resume(click.value)


class _Clicked(NamedTuple):
    """A paper of a stored digest that somebody clicked at."""

    place: PaperPlace
    profile: Profile
    digest: Digest

    @property
    def scored(self) -> ScoredPaper:
        return self.digest.papers[self.place.rank - 1]
