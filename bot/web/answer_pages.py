"""The pages behind the links in mails with which readers answer, without log-in.

Only a POST writes, and only one with the value of a button: programs that check mails follow links, and some submit
the forms that they find or let their scripts run, but they press no buttons. No page submits its form by itself.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wrappers import Response

from bot.delivery.answer_token import has_expired, read_answer_token, read_tune_token, tune_url
from bot.delivery.archive import ArchivedEdition
from bot.delivery.unsubscribe_token import unsubscribe_url
from bot.digests.model import Digest
from bot.errors import DatabaseError
from bot.feedback.learned import no_effect
from bot.feedback.model import Answer, AnswerKind, Via
from bot.presentation.dates import long_date
from bot.presentation.digest_view import digest_view, paper_view
from bot.profiles.model import Profile
from bot.text.addresses import mask_address
from bot.web.limits import ANSWERS, limiter
from bot.web.services import services

pages = Blueprint("mail_answers", __name__)

_UNDO = "undo"
#: What the buttons of a paper stand for.
_CHOICES = {str(AnswerKind.MORE): AnswerKind.MORE, str(AnswerKind.LESS): AnswerKind.LESS, _UNDO: None}


@dataclass(frozen=True, slots=True)
class _Mailed:
    """A digest in somebody's mail, and the profile that it is of now."""

    edition: ArchivedEdition
    digest: Digest
    profile: Profile

    @property
    def who(self) -> str:
        """As answers name its reader."""
        return f"mail:{self.edition.target.casefold()}"

    def given(self) -> dict[str, Answer]:
        """The reader's answers in effect to papers, here or on the web, by the papers' ids."""
        answers, reader = services().feedback.current(self.profile.id), self.edition.target.casefold()
        return {one.paper: one for one in answers if one.person == reader and one.kind in _CHOICES.values()}

    def record(self, paper: str, choice: AnswerKind | None) -> None:
        """Record the reader's answer to a paper, or, for None, take it back.

        The form has a random value, so that it counts once however often it is sent.
        """
        form = "\0".join((request.path, paper, str(choice), request.form.get("form", "")))
        action = f"mail:{sha256(form.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
        feedback, now = services().feedback, services().clock()
        if choice:
            feedback.answer(self.profile.id, self.who, choice, paper, now, Via.MAIL, action=action)
            return
        if given := self.given().get(paper):
            feedback.undo(given, self.who, now, Via.MAIL, action=action)


@pages.get("/a/<token>")
def paper(token: str) -> str:
    """A paper with the buttons to answer."""
    mailed, rank = _mailed_paper(token)
    scored = mailed.digest.papers[rank - 1]
    return _page("answer.html.j2", mailed, paper=paper_view(rank, rank, scored, mailed.edition.on))


@pages.post("/a/<token>")
@limiter.limit(ANSWERS)
def answer(token: str) -> Response:
    """Record the answer of the button that was pressed."""
    mailed, rank = _mailed_paper(token)
    choice = request.form.get("answer")
    if choice not in _CHOICES:
        abort(HTTPStatus.BAD_REQUEST, "Nothing was changed: press one of the buttons.")
    mailed.record(mailed.digest.papers[rank - 1].paper.id, _CHOICES[choice])
    return redirect(url_for(".paper", token=token), HTTPStatus.SEE_OTHER)


@pages.get("/t/<token>")
def tune(token: str) -> str:
    """All papers of a digest with the choices of each."""
    mailed = _mailed(read_tune_token(services().secret, token))
    return _page("tune.html.j2", mailed, papers=digest_view(mailed.digest).papers)


@pages.post("/t/<token>")
@limiter.limit(ANSWERS)
def answer_all(token: str) -> Response:
    """Record the answers that were changed in the form, if its button was pressed."""
    mailed = _mailed(read_tune_token(services().secret, token))
    if "save" not in request.form:
        abort(HTTPStatus.BAD_REQUEST, "Nothing was changed: press a button to save the answers.")
    try:
        for rank, scored in enumerate(mailed.digest.papers, start=1):
            choice, shown = (request.form.get(f"{name}-{rank}", _UNDO) for name in ("answer", "shown"))
            if choice != shown and choice in _CHOICES:
                mailed.record(scored.paper.id, _CHOICES[choice])
    except DatabaseError:
        raise ServiceUnavailable("Not all of your answers are stored.") from None
    flash("Your answers are stored.")
    return redirect(url_for(".tune", token=token), HTTPStatus.SEE_OTHER)


def _page(template: str, mailed: _Mailed, **values: Any) -> str:
    edition, given = mailed.edition, mailed.given()
    papers = enumerate(mailed.digest.papers, start=1)
    answers = {rank: given[one.paper.id] for rank, one in papers if one.paper.id in given}
    url, secret = services().public_url, services().secret
    return render_template(
        template,
        profile=mailed.profile.id,
        day=long_date(edition.on),
        reader=mask_address(edition.target),
        given={rank: one.kind for rank, one in answers.items()},
        file_says={rank: no_effect(mailed.profile, one) for rank, one in answers.items()},
        form=secrets.token_urlsafe(12),
        tune=tune_url(url, secret, edition.id),
        leave=unsubscribe_url(url, secret, edition.id),
        **values,
    )


def _mailed_paper(token: str) -> tuple[_Mailed, int]:
    """The digest and the rank of the paper that a link is about; error pages as `_mailed`."""
    edition, rank = read_answer_token(services().secret, token) or (None, 0)
    return _mailed(edition), rank


def _mailed(edition: str | None) -> _Mailed:
    """The digest that a link is about. Answers with an error page when the link is not valid, or no longer."""
    found = services().archive.digest(edition) if edition else None
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    profile = _profile(found.edition)
    if profile is None or has_expired(found.edition.on, services().clock()):
        page = render_template("answer_gone.html.j2", is_old=profile is not None)
        abort(Response(page, HTTPStatus.GONE, mimetype="text/html"))
    return _Mailed(found.edition, found.digest, profile)


def _profile(edition: ArchivedEdition) -> Profile | None:
    """The profile of an edition, under its name of today; None if it does not deliver to the reader any more."""
    profiles = services().profiles()
    named = next((one for one in profiles if edition.profile in (one.id, one.was)), None)
    ends = [(to.channel, to.target.casefold()) for to in named.deliver] if named else []
    return named if (edition.channel, edition.target.casefold()) in ends else None
