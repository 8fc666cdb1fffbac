"""What was learned from the answers to a profile's papers: all answers in effect, what follows, and undo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.feedback.learned import Learned, learn, new_to, no_effect
from bot.feedback.model import Answer, Via
from bot.papers.model import Paper
from bot.presentation.dates import date_and_time
from bot.profiles.model import Profile
from bot.text.plain import one_line
from bot.web.access import for_readers, own_profile, person
from bot.web.answers import WORDING
from bot.web.services import services
from bot.web.week import often, week_of

pages = Blueprint("learned", __name__)

_VIA = {Via.COMMAND: "the command line", Via.SLACK: "Slack", Via.MAIL: "a mail", Via.WEB: "these pages"}


@dataclass(frozen=True, slots=True)
class _Paper:
    """A paper, or another text with no id."""

    title: str  #: its id if it is not stored
    id: str  #: empty if it has no page


@dataclass(frozen=True, slots=True)
class _Given:
    """An answer in effect."""

    action: str
    what: str
    paper: _Paper
    who: str
    at: str
    via: str
    no_effect: str  #: as `GivenAnswer.no_effect`


@pages.get("/p/<id_>/learned")
@for_readers
def learned(id_: str) -> str | Response:
    """All answers in effect, newest first, and what they add to the profile."""
    profile = own_profile(id_)
    answers = services().feedback.current(id_, services().clock())
    papers = services().papers.by_keys({one.paper for one in answers})
    return render_template(
        "learned.html.j2",
        profile=profile,
        answers=[_given(one, profile, papers) for one in reversed(answers)],
        additions=_additions(new_to(profile, learn(answers)), papers),
    )


@pages.get("/p/<id_>/learned/effect")
@often
@for_readers
def effect(id_: str) -> str | Response:
    """The digests of the last days, and what answers changed in them. Takes seconds."""
    profile = own_profile(id_)
    (taught,) = services().with_answers([profile], services().clock())
    return render_template("learned_effect.html.j2", profile=profile, week=week_of(profile, taught))


@pages.post("/p/<id_>/learned")
@for_readers
def undo(id_: str) -> Response:
    """Take an answer back. One that is not in effect any more stays so."""
    own_profile(id_)
    if given := services().feedback.find(id_, request.form["undo"]):
        action = f"undo {given.action}"
        services().feedback.undo(given, person().who, services().clock(), Via.WEB, action=action)
    return redirect(url_for(".learned", id_=id_, _anchor="answers"), 303)


def _given(answer: Answer, profile: Profile, papers: Mapping[str, Paper]) -> _Given:
    interest = f" for {answer.interest}" if answer.interest else ""
    return _Given(
        action=answer.action,
        what=WORDING.get(answer.kind, f"{answer.what}{interest}"),
        paper=_paper(answer.paper, papers),
        who=person().name_of(answer.who),
        at=date_and_time(answer.at, profile.timezone),
        via=_VIA[answer.via],
        no_effect=no_effect(profile, answer),
    )


def _paper(id_: str, papers: Mapping[str, Paper]) -> _Paper:
    found = papers.get(id_)
    return _Paper(one_line(found.title) or id_, found.id) if found else _Paper(id_, "")


def _additions(new: Learned, papers: Mapping[str, Paper]) -> list[tuple[str, list[_Paper]]]:
    """What answers add to the profile, by kind."""
    terms = (
        f"{term}, for {interest}" if interest else f"{term}, for `about`" for interest, term in new.without
    )
    found = (
        ("Papers to resemble", [_paper(id_, papers) for id_ in new.likes]),
        ("Papers to avoid", [_paper(id_, papers) for id_ in new.dislikes]),
        ("Followed authors", [_Paper(name, "") for name in new.follow]),
        ("Muted authors", [_Paper(name, "") for name in new.mute]),
        ("Terms that do not count", [_Paper(term, "") for term in terms]),
    )
    return [(name, items) for name, items in found if items]
