"""The archive of a profile's digests, and each digest."""

from __future__ import annotations

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from bot.web.access import for_readers, person

pages = Blueprint("digests", __name__)


@pages.get("/")
@for_readers
def home() -> str | Response:
    """The person's profiles."""
    return render_template("home.html.j2", profiles=person().profiles)
