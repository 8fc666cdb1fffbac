"""Any digest in Slack: accepted by Slack, and its texts shown as written."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from bot.channels.slack.mrkdwn import size
from bot.digests.model import Digest, NewPaperCounts
from bot.presentation.digest_view import PaperView, digest_view
from bot.ranking.model import Reason
from tests.support.samples import HOSTILE, digest, paper, scored, wild_digests
from tests.support.slack_limits import bold, problems, shown, without_invisible
from tests.support.slack_messages import TARGET, Message, messages, papers, parts
from tests.support.slack_server import rejected

REASONS = (Reason("world models", 0.3), Reason("robots", 0.2))


@pytest.mark.parametrize("evil", [*HOSTILE, "<https://evil.org|click>", "&lt;!channel&gt;"])
def test_no_field_is_markup(evil: str) -> None:
    """Mentions, links, marks and entities in any field are shown as text."""
    full = scored(
        1,
        title=evil,
        abstract=f"{evil} robots {evil}",
        authors=(evil, "Gus Test"),
        organization=evil,
        categories=(evil,),
        published=evil,
        url=f"https://a.org/{evil}",
        interest=evil,
        also=(paper(2, title=evil, url=evil),),
    )
    full = replace(full, reasons=(Reason(evil, 0.5), Reason(f"like: {evil}", 0.4, is_term=False), *REASONS))
    wild = digest(
        (full, scored(3, interest="tea")),
        profile=evil,
        why=evil,
        timezone=evil,
        news=NewPaperCounts(1, None, 7, ((evil, 1), ("arxiv", 1))),
        earlier=(paper(4, title=evil, url=evil),),
        weekly=True,
    )
    made = messages(wild)
    for message in made:
        assert not problems(message)
        links = re.findall(r"<https?://([^/|]+)[^|]*\|([^>]*)>", json.dumps(message, ensure_ascii=False))
        assert {host for host, _ in links} <= {"a.org", "arxiv.org", "huggingface.co", "evil.org"}
        assert {label for host, label in links if host == "evil.org"} <= {
            "evil.org"
        }  # as an abstract's links are
    check_is_shown_as_written(wild, made)


_LONG_URLS = {
    "a thousand characters": "https://a.org/" + "x" * 986,
    "a thousand signs to escape": "https://a.org/?" + "&" * 900,
    "as long as is linked, of signs to escape": "https://a.org/?" + "x" * 85 + "&" * 100,
}


@pytest.mark.parametrize("url", _LONG_URLS.values(), ids=_LONG_URLS.keys())
@pytest.mark.parametrize(
    "title", ["title " * 170, "&" * 1000, "<!channel>" * 100, "*" * 1000, "👩🏽‍🔬" * 250]
)
def test_long_fields(url: str, title: str) -> None:
    """A thousand characters in every field, also when escaping makes them longer."""
    full = replace(
        scored(
            1,
            title=title,
            url=url,
            abstract=f"{title} world models. https://github.com/{title} {url}",
            organization=title,
            categories=(title,) * 9,
            published=title,
            interest=title,
            also=tuple(paper(n, title=title, url=url) for n in range(2, 6)),
        ),
        reasons=tuple(Reason(f"{n} {title}", 1.0) for n in range(4)),
    )
    rendered = parts(digest((full, scored(2), *[full] * 4), why=title, profile=title))
    assert sum(part.papers for part in rendered) == 6
    for part in rendered:
        message = json.loads(part.payload)
        assert not problems(message)
        assert rejected(message | {"channel": TARGET}) is None
    assert "nearly the same: " in papers(json.loads(rendered[0].payload))[1][1]


def check_is_shown_as_written(wild: Digest, made: list[Message]) -> None:
    """Titles and extracts, with marks read as Slack does and more eagerly; only matched terms are bold."""
    here = len(papers(made[0]))
    views = sorted(digest_view(wild).papers, key=lambda view: view.rank > here)
    found = {number: section for message in made for number, (section, _) in papers(message).items()}
    assert list(found) == list(range(1, len(views) + 1))
    for view, (number, section) in zip(views, found.items(), strict=True):
        title, *lines = section.split("\n")
        for keen in (False, True):
            check_text(shown(title, keen=keen), f"{number}. {view.title}")
        if len(lines) > bool(view.authors or view.more):
            check_extract(lines[-1], view)


def check_text(seen: str, written: str) -> None:
    """The same, or its beginning when it is too long."""
    whole = without_invisible(written)
    assert seen == whole or (seen.endswith("…") and whole.startswith(seen[:-1]) and len(whole) > 200)


def check_extract(mrkdwn: str, view: PaperView) -> None:
    whole = without_invisible(view.excerpt)
    for keen in (False, True):
        pieces = shown(mrkdwn, keen=keen).split("…")
        assert all(piece.strip() in whole for piece in pieces)
    assert set(bold(mrkdwn)) <= {without_invisible(span.text) for span in view.extract if span.matched}


#: A thousand take twenty to forty seconds of one core's time; `PAPERBOY_EXAMPLES=1000` asks for them.
EXAMPLES = int(os.environ.get("PAPERBOY_EXAMPLES", "200"))
SHARES = 4


@pytest.mark.parametrize("share", range(SHARES))
def test_any_digest(share: int) -> None:
    """Slack accepts every message, each paper is in one of them, no two texts are equal, and titles and extracts are
    shown as written. In every second share each paper has a menu, which names its place by score.
    """
    menus = bool(share % 2)

    @seed(share)
    @settings(
        max_examples=EXAMPLES // SHARES,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(wild_digests())
    def holds(wild: Digest) -> None:
        rendered = parts(wild, menus=menus)
        made = [json.loads(part.payload) for part in rendered]
        for message in made:
            assert problems(message) == []
            assert size(message["text"]) <= 3_500
            assert rejected(message | {"channel": TARGET}) is None
        assert sorted(id_ for part in rendered for id_ in part.shows) == sorted(wild.ids)
        assert [part.papers for part in rendered] == [len(papers(message)) for message in made]
        assert len({message["text"] for message in made}) == len(made)
        ranks = [int(b["block_id"].split("-")[1]) for m in made for b in m["blocks"] if "accessory" in b]
        assert sorted(ranks) == (list(range(1, len(wild.papers) + 1)) if menus else [])
        check_is_shown_as_written(wild, made)

    holds()
