"""No text of a source or a profile becomes markup, a header, a terminal command or a template, in any field."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from lxml import html
from rich.console import Console

from bot.channels.email.message import MailSettings, compose
from bot.config.smtp_url import parse_sender
from bot.digests.model import Digest, NewPaperCounts, ScoredPaper
from bot.papers.model import Paper
from bot.presentation.digest_view import digest_view
from bot.presentation.templates import BUILT_IN
from bot.presentation.terminal import TerminalDigest
from bot.ranking.model import Reason
from tests.support.samples import digest, paper

#: Texts that must be shown as written, or not at all.
ATTACKS = {
    "element": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": '" onmouseover="alert(1)" x=\'y\' style="background:url(//evil.example)',
    "comment": "--><!--[if mso]><b>x</b><![endif]-->",
    "entity": "&lt;b&gt; &amp; &#60;b&#62; &nbsp;",
    "style": "</style><style>*{display:none}",
    "expression": "{{ 7*7 }}{% raise %}{# gone #}{{ ''.__class__.__mro__ }}",
    "format": "{0.__class__} %s %(x)s $x ${x}",
    "header": "x\r\nBcc: eve@example.org\r\n\r\nbody",
    "encoded word": "=?utf-8?q?=0d=0aBcc:_eve=40example=2Eorg?=",
    "end of mail": "x\r\n.\r\nMAIL FROM:<eve@example.org>\r\n",
    "console": "[bold red]x[/] [link=https://evil.example]y[/link] \x1b[31mred\x1b]8;;https://evil.example\x1b\\z",
    "direction": "\u202eevil\u202c \u2066x\u2069",
}


def _of_paper(**changes: object) -> ScoredPaper:
    return ScoredPaper(replace(paper(), **changes), 0.4, 99.6, (Reason("robots", 0.2),))  # type: ignore[arg-type]


def _with(**changes: object) -> Digest:
    return digest((_of_paper(**changes),))


def _scored(**changes: object) -> Digest:
    """Two papers for different interests, so that these are shown."""
    return digest((replace(_of_paper(), **changes), _of_paper(id="arxiv:2605.00002")))  # type: ignore[arg-type]


def _other(title: str) -> tuple[Paper, ...]:
    return (replace(paper(2), title=title),)


#: Functions that make a digest with the attack in one field.
FIELDS: dict[str, Callable[[str], Digest]] = {
    "title": lambda text: _with(title=text),
    "abstract": lambda text: _with(abstract=f"A robot. {text} robots"),
    "authors": lambda text: _with(authors=(text, "Ada Example")),
    "followed author": lambda text: digest(
        (replace(_of_paper(authors=("Ada Example", text)), followed=(text,)),)
    ),
    "organization": lambda text: _with(organization=text),
    "categories": lambda text: _with(categories=(text, "cs.LG")),
    "url": lambda text: _with(url=f"https://example.org/{text}"),
    "whole url": lambda text: _with(url=text),
    "id": lambda text: _with(url=None, id=f"arxiv:{text}"),
    "doi": lambda text: _with(url=None, id=f"doi:10.1/{text}"),
    "published": lambda text: _with(published=text),
    "announced": lambda text: _with(published=None, announced=text),
    "crossed": lambda text: _with(crossed=text),
    "updated": lambda text: _with(version=2, updated=text),
    "link in the abstract": lambda text: _with(
        abstract=f"Code: https://github.com/a/b{text} and www.a.org/{text}"
    ),
    "reason": lambda text: _scored(reasons=(Reason(text, 0.5), Reason(f"like: {text}", 0.4, is_term=False))),
    "interest": lambda text: _scored(interest=text),
    "nearly the same": lambda text: _scored(also=_other(text)),
    "profile": lambda text: digest(1, profile=text),
    "timezone": lambda text: digest(1, timezone=text),
    "why": lambda text: digest(0, why=text),
    "source": lambda text: digest(1, news=NewPaperCounts(9, None, 7, ((text, 9), ("arxiv", 3)))),
    "sent earlier": lambda text: digest(1, weekly=True, earlier=_other(text)),
}
ELEMENTS = frozenset("html head meta title style body div table tbody tr td h1 h2 h3 p a strong span".split())  # noqa: SIM905


def _everywhere(text: str) -> Digest:
    """A digest with the attack in all fields that can have it at once."""
    attacked = replace(
        _of_paper(
            title=text,
            abstract=f"A robot. {text} robots",
            authors=(text, "Ada Example"),
            organization=text,
            categories=(text, "cs.LG"),
            url=f"https://example.org/{text}",
            published=text,
            crossed=text,
            version=2,
            updated=text,
        ),
        reasons=(Reason(text, 0.5), Reason(f"like: {text}", 0.4, is_term=False)),
        followed=(text,),
        interest=text,
        also=_other(text),
    )
    news = NewPaperCounts(9, None, 7, ((text, 9), ("arxiv", 3)))
    papers = (attacked, _of_paper(id=f"doi:10.1/{text}", url=None))
    return digest(papers, profile=text, timezone=text, why=text, news=news, weekly=True, earlier=_other(text))


PLACES = FIELDS | {"everywhere": _everywhere}
#: All attacks in all fields at once, and three attacks in each field alone, to see which field lets them in.
TRIALS = [
    *(("everywhere", attack) for attack in ATTACKS),
    *((field, attack) for field in FIELDS for attack in ("element", "expression", "header")),
]


@pytest.mark.parametrize(("field", "attack"), TRIALS)
def test_mail(field: str, attack: str) -> None:
    """Only our elements, attributes and headers, links to the web, and the two parts."""
    content = compose(
        PLACES[field](ATTACKS[attack]),
        "d-1",
        "ada@example.org",
        MailSettings(parse_sender("bot@example.org")),
    )
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert message["Bcc"] is None
    assert len(message.keys()) == len(set(message.keys())) == 12
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative", "text/plain", "text/html"
    ]  # fmt: skip
    text, page = (part.get_content() for part in message.iter_parts())
    _check_elements(page)
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text + page)
    assert "49" not in text


def _check_elements(page: str) -> None:
    root = html.fromstring(page)
    elements = [element for element in root.iter() if isinstance(element.tag, str)]
    assert {element.tag for element in elements} <= ELEMENTS
    assert not {name for element in elements for name in element.attrib if name.startswith("on")}
    assert not root.xpath("//@src | //@background")
    assert all("url(" not in style for style in root.xpath("//@style"))
    assert all(re.match(r"https?://|mailto:bot@", link) for link in root.xpath("//@href"))
    assert len(root.xpath("//style")) == 1


@pytest.mark.parametrize("field", ["title", "authors", "organization", "interest", "profile", "sent earlier"])
@pytest.mark.parametrize("attack", ["element", "attribute", "entity", "style", "expression", "format"])
def test_texts_are_shown_as_written(field: str, attack: str) -> None:
    """Escaped once and not evaluated: HTML and text show the same characters."""
    view = digest_view(FIELDS[field](ATTACKS[attack]))
    written = ATTACKS[attack][:20]
    assert written in " ".join(html.fromstring(BUILT_IN.html(view)).text_content().split())
    assert written in " ".join(BUILT_IN.text(view).split())


@pytest.mark.parametrize(("field", "attack"), TRIALS)
def test_terminal(field: str, attack: str) -> None:
    """Rich's markup is text, and without colours there are no escape sequences at all."""
    view = digest_view(PLACES[field](ATTACKS[attack]))
    for width in (80, 140):
        out = io.StringIO()
        Console(file=out, width=width, force_terminal=True, color_system=None).print(TerminalDigest(view))
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", out.getvalue())
