"""The archive of a profile's digests, and each digest."""

from __future__ import annotations

import re
from collections import defaultdict
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
from bot.web.channel_names import channel_names
from bot.web.services import services
from bot.web.subscription_pages import subscription_views

pages = Blueprint("digests", __name__)

ROWS = 30  #: editions on a page of an archive
_CURSOR = re.compile(r"(\d{4}-\d\d-\d\d)_([\w-]+)", re.ASCII)


class _Row(NamedTuple):
    """The digest of a day in the archive: the editions that look the same."""

    url: str  #: of the first edition
    day: str
    papers: int
    number: str  #: of papers, as text
    channels: tuple[
        tuple[str, str], ...
    ]  #: names and addresses of the editions; empty when all are of one channel
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
    found = services().archive.page(profile.id, ROWS + 1, _cursor(place) if place else None)
    shown, older = found[:ROWS], None
    if len(found) > ROWS:
        # The editions of a day are on one page, if it has room for them.
        shown = [one for one in shown if one.on != found[ROWS].on] or shown
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
    names = channel_names(editions)
    rows = defaultdict(list)
    for one in sorted(editions, key=lambda one: (-one.on.toordinal(), one.channel, one.target)):
        url = url_for(".digest", id_=one.profile, edition=one.id)
        rows[one.on, one.papers, one.best].append((names[one.channel, one.target], url))
    return [
        _Row(
            url=channels[0][1],
            day=long_date(on),
            papers=papers,
            number=pluralize(papers, "paper") if papers else "no papers",
            channels=tuple(channels) if len(names) > 1 else (),
            best=one_line(best),
        )
        for (on, papers, best), channels in rows.items()
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
