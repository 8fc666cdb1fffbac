"""Answers of readers to papers on pages: the forms, and what happens when one is sent."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from bot.delivery.archive import ArchivedDigest
from bot.digests.model import ScoredPaper
from bot.feedback.learned import no_effect
from bot.feedback.model import Answer, AnswerKind, Via
from bot.papers.model import Paper
from bot.papers.names import authors_among
from bot.presentation.digest_view import countable_terms, digest_view
from bot.profiles.model import Profile
from bot.profiles.without import interest_with
from bot.text.plain import one_line
from bot.web.access import for_readers, own_profile, person
from bot.web.services import services

pages = Blueprint("answers", __name__)

#: A list of thousands of authors is no help, and slow.
_AUTHORS_OFFERED = 100
_ACTION_LENGTH = 64
WORDING = {AnswerKind.MORE: "more like this", AnswerKind.LESS: "less like this"}
_OF_AUTHOR = (AnswerKind.FOLLOW, AnswerKind.MUTE)


class GivenAnswer(NamedTuple):
    """An answer in effect."""

    what: str  #: "more like this", "follow Ada Example"
    by: str  #: who gave it; empty for the reader
    action: str
    no_effect: str  #: what the profile's file does, so that it has none: "likes it"; else empty


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """What a reader can say about a paper for a profile, and what was said."""

    url: str
    paper: str
    edition: str  #: the digest that the terms are of; empty for none
    back: str  #: the page that shows the form: "digest" or "paper"
    action: str  #: random: a form that is sent twice counts once
    given: tuple[GivenAnswer, ...]
    authors: tuple[str, ...]
    terms: tuple[str, ...]

    def has_own(self, what: str) -> bool:
        """Whether the reader has given this answer."""
        return any(one.what == what and not one.by for one in self.given)


def answer_form(
    profile: Profile,
    paper: Paper,
    answers: Sequence[Answer],
    *,
    scored: ScoredPaper | None = None,
    edition: str = "",
    back: str,
) -> AnswerForm:
    """`answers`: those of the profile in effect. `scored`: the paper in the digest of the edition."""
    terms = _terms(profile, scored) if scored else ()
    return AnswerForm(
        url=url_for("answers.record", id_=profile.id),
        paper=paper.id,
        edition=edition,
        back=back,
        action=secrets.token_urlsafe(16),
        given=tuple(_given_answer(one, profile) for one in answers if _is_about(one, paper, terms)),
        authors=_authors(paper)[:_AUTHORS_OFFERED],
        terms=terms,
    )


def _is_about(answer: Answer, paper: Paper, terms: Sequence[str]) -> bool:
    if answer.kind in _OF_AUTHOR:
        return bool(authors_among(paper, [answer.subject]))
    return answer.paper == paper.id or (answer.kind is AnswerKind.NOT_BECAUSE and answer.subject in terms)


def _given_answer(answer: Answer, profile: Profile) -> GivenAnswer:
    name = answer.who.partition(":")[2]
    return GivenAnswer(
        what=WORDING.get(answer.kind, answer.what),
        by=name if name != person().name else "",
        action=answer.action,
        no_effect=no_effect(profile, answer),
    )


def _authors(paper: Paper) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(one_line, paper.authors))))


def _terms(profile: Profile, scored: ScoredPaper) -> tuple[str, ...]:
    """The terms that can be taken out of an interest that the profile has now."""
    terms = map(one_line, countable_terms(scored))
    return tuple(term for term in terms if interest_with(profile, term, scored.interest) is not None)


def own_digest(profile: Profile, edition: str) -> ArchivedDigest:
    """An edition of a profile; the page does not exist for any other."""
    found = services().archive.digest(edition)
    return found if found and found.edition.profile == profile.id else abort(404)


@pages.post("/p/<id_>/answer")
@for_readers
def record(id_: str) -> Response:
    """Record an answer, or take one back, and show the paper again."""
    profile, form = own_profile(id_), request.form
    edition, wanted = form["edition"], form["paper"]
    scored, place = None, ""
    if edition:
        digest = own_digest(profile, edition).digest
        papers = enumerate(digest.papers, start=1)
        rank, scored = next(((n, one) for n, one in papers if one.paper.id == wanted), None) or abort(404)
        number = next(one.number for one in digest_view(digest).papers if one.rank == rank)
        paper, place = scored.paper, f"paper-{number}"
    else:
        paper = services().papers.by_keys([wanted]).get(wanted) or abort(404)
    if "undo" in form:
        _undo(profile, form["undo"])
    else:
        _answer(profile, paper, scored)
    if form["back"] == "digest" and edition:
        url = url_for("digests.digest", id_=profile.id, edition=edition, _anchor=place)
    else:
        url = url_for("papers.paper", id_=paper.id, _anchor=f"for-{profile.id}")
    return redirect(url, 303)


def _answer(profile: Profile, paper: Paper, scored: ScoredPaper | None) -> None:
    """`scored`: the paper in a digest, whose terms are offered."""
    kind = next((one for one in AnswerKind if one == request.form["answer"]), AnswerKind.OPEN)
    subject = interest = ""
    if kind in _OF_AUTHOR:
        subject, offered = request.form["author"], _authors(paper)
    elif kind is AnswerKind.NOT_BECAUSE and scored:
        subject, offered = request.form["term"], _terms(profile, scored)
        interest = interest_with(profile, subject, scored.interest) or ""
    else:
        offered = ("",) if kind is not AnswerKind.OPEN else ()
    if subject not in offered:
        abort(400)
    services().feedback.answer(
        profile.id,
        person().who,
        kind,
        paper.id,
        services().clock(),
        Via.WEB,
        action=_action(f"{kind} {subject}"),
        subject=subject,
        interest=interest,
    )


def _undo(profile: Profile, action: str) -> None:
    if given := services().feedback.find(profile.id, action):
        services().feedback.undo(
            given, person().who, services().clock(), Via.WEB, action=_action(f"undo {action}")
        )


def _action(what: str) -> str:
    """The id of an action: of this person, this form and this button."""
    return f"{person().who}:{request.form['action'][:_ACTION_LENGTH]}:{what}"
