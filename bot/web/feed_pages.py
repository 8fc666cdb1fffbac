"""The feeds of a profile under a secret address, and the page that shows and replaces the address."""

from __future__ import annotations

from hashlib import sha256
from http import HTTPStatus

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.http import is_resource_modified
from werkzeug.wrappers import Response as AnyResponse

from bot.delivery.feed_token import feed_token, is_genuine, named_profile
from bot.presentation import feeds
from bot.profiles.model import Profile
from bot.web.access import for_readers, own_profile
from bot.web.services import services

pages = Blueprint("feeds", __name__)

DIGESTS = 30  #: in a feed
#: Editions among which the digests are searched: some days are quiet.
_EDITIONS = 90
#: Changes when the same digests give another feed.
_FORMAT = "1"


@pages.get("/feed/<token>.<any(atom, json):kind>")
def feed(token: str, kind: str) -> Response:
    """The papers of a profile's newest digests; 304 when the client has them."""
    profile = _profile(token)
    editions = [one for one in services().archive.page(profile.id, _EDITIONS) if one.papers][:DIGESTS]
    newest = services().archive.digest(editions[0].id) if editions else None
    response = Response(mimetype=feeds.ATOM if kind == "atom" else feeds.JSON)
    url = _url(token, kind)
    ids = " ".join((_FORMAT, url, profile.id, *(edition.id for edition in editions)))
    response.set_etag(sha256(ids.encode()).hexdigest()[:32])
    response.last_modified = newest.digest.made if newest else None
    response.cache_control.private = response.cache_control.no_cache = True
    if not is_resource_modified(
        request.environ, response.get_etag()[0], last_modified=response.last_modified
    ):
        response.status_code = HTTPStatus.NOT_MODIFIED
        return response
    found = (services().archive.digest(edition.id) for edition in editions)
    home = url_for("digests.archive", id_=profile.id, _external=True)
    made = feeds.feed(profile.id, home, [one.digest for one in found if one])
    response.data = feeds.atom(made, url) if kind == "atom" else feeds.json_feed(made, url)
    return response


def _profile(token: str) -> Profile:
    """The profile that a genuine token names, by its present or its former name."""
    name = named_profile(token)
    found = next((one for one in services().profiles() if name in (one.id, one.was)), None)
    if found is None or not is_genuine(services().secret, token, services().feeds.generation(name)):
        abort(HTTPStatus.NOT_FOUND)
    return found


def _url(token: str, kind: str) -> str:
    return url_for(".feed", token=token, kind=kind, _external=True)


@pages.get("/p/<id_>/feeds")
@for_readers
def addresses(id_: str) -> str | AnyResponse:
    """The addresses of a profile's feeds, and its citations."""
    profile = own_profile(id_)
    token = feed_token(services().secret, profile.id, services().feeds.generation(profile.id))
    urls = {"Atom": _url(token, "atom"), "JSON Feed": _url(token, "json")}
    return render_template("feeds.html.j2", profile=profile, urls=urls)


@pages.post("/p/<id_>/feeds")
@for_readers
def replace(id_: str) -> AnyResponse:
    """Make the addresses of a profile's feeds invalid, also those under its former name."""
    profile = own_profile(id_)
    for name in filter(None, (profile.id, profile.was)):
        services().feeds.replace(name)
    services().log(f"feeds: the addresses of {profile.id} were replaced")
    flash("The addresses were replaced: the old ones do not work any more.")
    return redirect(url_for(".addresses", id_=profile.id), HTTPStatus.SEE_OTHER)
