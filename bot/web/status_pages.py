"""What `paperboy status` shows, for operators."""

from __future__ import annotations

import re
from typing import NamedTuple

from flask import Blueprint, render_template, url_for
from werkzeug.wrappers import Response

from bot.presentation.status_text import status_sections, summary
from bot.web.access import for_operators, person
from bot.web.limits import expensive
from bot.web.services import services

pages = Blueprint("status", __name__)

#: The folders of an absolute path.
_FOLDERS = re.compile(r"(?<!\S)/(?:[^\s/]+/)+(?=[^\s/])")
#: A command in backticks; a target, which may be called as a profile is; what may be a profile's name, as in
#: `ada → email ada@example.org` and `ada: 3 papers`.
_MARKED = re.compile(
    r"`(?P<command>[^`]+)`|→ \S+ \S+|(?<!\S)(?P<name>[^\s`:]+)(?= →|:\s| until )",
)


class _Span(NamedTuple):
    text: str
    is_command: bool = False
    url: str = ""


@pages.get("/status")
@for_operators
@expensive
def show() -> str | Response:
    """The state of everything."""
    status = services().status()
    sections = [
        (title, [[_spans(line.strip()) for line in text.plain.splitlines()] for text in texts])
        for title, texts in status_sections(status)
    ]
    return render_template("status.html.j2", summary=_spans(summary(status)), sections=sections)


def _spans(line: str) -> list[_Span]:
    """A line with the file names of paths, profiles as links, and commands apart."""
    line, spans, end = _FOLDERS.sub("", line), [], 0
    ids = {one.id for one in person().profiles}
    for match in _MARKED.finditer(line):
        if match["command"] or match["name"] in ids:
            url = url_for("digests.archive", id_=match["name"]) if match["name"] else ""
            spans += [
                _Span(line[end : match.start()]),
                _Span(match["command"] or match["name"], not url, url),
            ]
            end = match.end()
    return [*spans, _Span(line[end:])]
