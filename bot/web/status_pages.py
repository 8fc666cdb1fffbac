"""What `paperboy status` shows, for operators."""

from __future__ import annotations

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from bot.presentation.status_text import status_sections, summary
from bot.web.access import for_operators
from bot.web.limits import expensive
from bot.web.services import services

pages = Blueprint("status", __name__)


@pages.get("/status")
@for_operators
@expensive
def show() -> str | Response:
    """The state of everything."""
    status = services().status()
    sections = [
        (title, [[line.strip() for line in text.plain.splitlines()] for text in texts])
        for title, texts in status_sections(status)
    ]
    return render_template("status.html.j2", summary=summary(status), sections=sections)
