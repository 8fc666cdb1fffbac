"""The archive of a profile's digests, and each digest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from flask import Blueprint, abort, render_template, request, url_for
from werkzeug.wrappers import Response

from bot.delivery.archive import ArchivedEdition, Cursor
from bot.delivery.model import PAUSE_WEEKS
from bot.presentation.dates import long_date
from bot.presentation.digest_view import digest_view
from bot.text.plain import one_line, pluralize
from bot.web.access import for_readers, own_profile, person
from bot.web.answers import answer_form, own_digest
from bot.web.services import services
from bot.web.subscription_pages import subscription_views

pages = Blueprint("digests", __name__)

ROWS = 30  #: editions on a page of an archive
_CURSOR = re.compile(r"(\d{4}-\d\d-\d\d)_([\w-]+)", re.ASCII)


class _Row(NamedTuple):
    """One edition in the archive."""

    url: str
    day: str
    papers: int
    number: str  #: of papers, as text
    where: str  #: the channel and the target; empty when all are the same
    best: str


@pages.get("/")
@for_readers
def home() -> str | Response:
    """The person's profiles, and what they may pause."""
    profiles = [(profile, subscription_views(profile)) for profile in person().profiles]
    return render_template("home.html.j2", profiles=profiles, pause_weeks=PAUSE_WEEKS)


@pages.get("/p/<id_>/")
@for_readers
def archive(id_: str) -> str | Response:
    """The digests of a profile, newest first."""
    profile, place = own_profile(id_), request.args.get("before")
    found = services().archive.page([profile.id], ROWS + 1, _cursor(place) if place else None)
    shown = found[:ROWS]
    older = None
    if len(found) > ROWS:
        older = url_for(".archive", id_=profile.id, before=f"{shown[-1].on}_{shown[-1].id}")
    return render_template(
        "archive.html.j2", profile=profile, rows=_rows(shown), older=older, is_later=bool(place)
    )


def _cursor(text: str) -> Cursor:
    match = _CURSOR.fullmatch(text) or abort(404)
    try:
        return Cursor(date.fromisoformat(match[1]), match[2])
    except ValueError:
        abort(404)


def _rows(editions: Sequence[ArchivedEdition]) -> list[_Row]:
    several = len({one.subscription for one in editions}) > 1
    return [
        _Row(
            url=url_for(".digest", id_=one.profile, edition=one.id),
            day=long_date(one.on),
            papers=one.papers,
            number=pluralize(one.papers, "paper") if one.papers else "no papers",
            where=one_line(f"{one.channel} {one.target}") if several else "",
            best=one_line(one.best),
        )
        for one in editions
    ]


@pages.get("/p/<id_>/d/<edition>")
@for_readers
def digest(id_: str, edition: str) -> str | Response:
    """A digest as it was stored, with the whole score of each paper and the answers to it."""
    profile = own_profile(id_)
    stored = own_digest(profile, edition).digest
    answers = services().feedback.current(profile.id)
    details = {
        rank: (
            scored,
            answer_form(profile, scored.paper, answers, scored=scored, edition=edition, back="digest"),
        )
        for rank, scored in enumerate(stored.papers, start=1)
    }
    return render_template(
        "digest.html.j2", profile=profile, edition=edition, digest=digest_view(stored), details=details
    )
