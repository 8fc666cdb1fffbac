"""A digest, or the papers that a profile likes, as a file for reference managers."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Response

from bot.papers.model import Paper
from bot.presentation.bibliography import bibtex, ris
from bot.profiles.references import reference_keys, stored_paper
from bot.web.access import for_readers, own_profile
from bot.web.answers import own_digest
from bot.web.services import services

pages = Blueprint("citations", __name__)

_WRITERS = {"bib": (bibtex, "application/x-bibtex"), "ris": (ris, "application/x-research-info-systems")}


@pages.get("/p/<id_>/d/<edition>.<any(bib, ris):kind>")
@for_readers
def digest(id_: str, edition: str, kind: str) -> Response:
    """The papers of a digest, best first."""
    found = own_digest(own_profile(id_), edition)
    return _file((scored.paper for scored in found.digest.papers), f"paperboy-{found.edition.on}", kind)


@pages.get("/p/<id_>/likes.<any(bib, ris):kind>")
@for_readers
def likes(id_: str, kind: str) -> Response:
    """The stored papers that a profile likes, by its file and by answers."""
    (profile,) = services().with_answers([own_profile(id_)], services().clock())
    stored = services().papers.by_keys({key for liked in profile.like for key in reference_keys(liked)})
    papers = {paper.id: paper for liked in profile.like if (paper := stored_paper(liked, stored))}
    return _file(papers.values(), "paperboy-likes", kind)


def _file(papers: Iterable[Paper], name: str, kind: str) -> Response:
    write, mimetype = _WRITERS[kind]
    response = Response(write(papers), content_type=f"{mimetype}; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.{kind}")
    return response
