"""Invented works, and listings of them in every format."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

_ATOM = "http://www.w3.org/2005/Atom"
_OAI = "http://www.openarchives.org/OAI/2.0/"


@dataclass(frozen=True)
class Work:
    title: str
    abstract: str
    number: str = ""  #: its arXiv id; empty for what has none
    authors: tuple[str, ...] = ("Iris Invented", "Otto Ondit")
    categories: tuple[str, ...] = ("cs.LG",)
    day: date = date(2026, 5, 4)
    version: int = 1

    def but(self, **changes: Any) -> Work:
        return replace(self, **changes)


#: Subjects that no profile of these tests wants.
_SUBJECTS = (
    ("Glacier Melt", "ice sheets lose mass where warm currents reach the grounding line"),
    ("Bird Song", "young finches copy the phrases of their fathers note by note"),
    ("Bridge Fatigue", "welded joints of steel bridges crack under the load of heavy traffic"),
    ("Tax Records", "parish ledgers tell what millers owed before the harvest failed"),
    ("Coral Bleaching", "reefs regain their colour when the summers in between stay cool"),
    ("Volcanic Ash", "fine ash stays in the stratosphere for a year after an eruption"),
    ("Bread Dough", "gluten strands line up while the dough is folded and rests"),
    ("Railway Delays", "a late train holds up the crossings of three valleys"),
)
BACKGROUND = tuple(
    Work(
        title=f"{subject} in Region {n}",
        abstract=f"We measure how {fact}. The data come from station {n} and cover {n + 3} years.",
        number=f"2604.{10000 + len(_SUBJECTS) * n + i:05d}",
        categories=("physics.geo-ph",),
    )
    for n in range(1, 5)
    for i, (subject, fact) in enumerate(_SUBJECTS)
)

WORLD = Work(
    title="World Models that Know What They Miss",
    abstract="A world model predicts what a robot will see next. Ours also says where it has looked too "
    "little, and sends the arm there. World models trained so need half of the data.",
    number="2605.00101",
    authors=("Ada Example", "Bo Sample"),
    categories=("cs.RO", "cs.LG"),
)
REWARD = Work(
    title="Reward Modelling from Shrugs",
    abstract="People shrug when both answers are bad. We add the shrug to reward modelling, and the policy "
    "learns to ask back instead of guessing.",
    number="2605.00102",
    authors=("Cem Muster", "Dora Prova"),
)
TABLE = Work(
    title="Reward Modelling at the Kitchen Table",
    abstract="Three households rated the doings of a robot for a month. Reward modelling from so few ratings "
    "works when the ratings come with a reason.",
    number="2605.00103",
    authors=("Eli Essai",),
)
#: Announced a day later.
NEXT = Work(
    title="World Models of Other People's Kitchens",
    abstract="A world model of one kitchen fails in the next. We let world models keep what kitchens share, "
    "and forget the rest within minutes.",
    number="2605.00201",
    authors=("Fay Koe", "Gus Test"),
    categories=("cs.RO",),
    day=date(2026, 5, 5),
)
PROFILE = """\
timezone: UTC
interests: [reward modelling, {phrase: world models, weight: 2}]
deliver:
"""


def profile(*deliveries: str, more: str = "") -> str:
    """A profile that wants world models and reward modelling, with these deliveries."""
    lines = "".join(f"  - {{{delivery}}}\n" for delivery in deliveries or ("maildir: ada",))
    return f"{PROFILE}{lines}{more}"


# --- Forms of listings ------------------------------------------------------------------------------------


def record(work: Work, **changes: Any) -> dict[str, Any]:
    """The object of a line of JSON Lines. `changes` replace fields; None removes one."""
    fields = {
        "id": f"arxiv:{work.number}" if work.number else None,
        "title": work.title,
        "abstract": work.abstract,
        "authors": list(work.authors),
        "categories": list(work.categories),
        "published": work.day.isoformat(),
        "url": f"https://arxiv.org/abs/{work.number}" if work.number else None,
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def json_lines(*works: Work) -> bytes:
    return b"".join(json.dumps(record(work)).encode() + b"\n" for work in works)


def arxiv_page(*works: Work) -> str:
    """Search results as saved from the browser."""
    return "\n".join(_on_arxiv_page(work) for work in works)


def _on_arxiv_page(work: Work) -> str:
    day = f"{work.day.day} {work.day:%B}, {work.day.year}"
    names = ",\n".join(work.authors)
    return (
        f"-\n{work.title}\nAuthors:\n{names}\nAbstract:\n{work.abstract[:60]}…\n▽ More\n{work.abstract}\n△ Less\n"
        f"Submitted {day};\noriginally announced {work.day:%B %Y}."
    )


def daily_page(*works: Work) -> str:
    """Hugging Face's Daily Papers as saved from the browser: without ids and names."""
    head = ("new", "Get trending papers in your email inbox!", "Subscribe", "Daily Papers")
    title = "byAK and the research community"
    return "\n\n".join((*head, title, "\n".join(_on_daily_page(work) for work in works)))


def _on_daily_page(work: Work) -> str:
    authors = f"  • {len(work.authors)} authors\n·\n"
    return f"{work.title}\n\n{work.abstract}\n\n{authors}{work.day:%b} {work.day.day} 3\n"


def daily_json(*works: Work, votes: int = 7) -> bytes:
    """Hugging Face's API."""
    return json.dumps(
        [
            {
                "paper": {
                    "id": work.number,
                    "title": work.title,
                    "summary": work.abstract,
                    "authors": [{"name": name} for name in work.authors],
                    "publishedAt": f"{work.day}T09:00:00.000Z",
                    "upvotes": votes,
                },
                "numComments": 2,
            }
            for work in works
        ]
    ).encode()


def atom(*works: Work) -> bytes:
    """arXiv's API."""
    entries = "".join(
        f"""<entry><id>http://arxiv.org/abs/{work.number}v{work.version}</id>
        <title>{escape(work.title)}</title><summary>{escape(work.abstract)}</summary>
        <published>{work.day}T10:00:00Z</published><updated>{work.day}T10:00:00Z</updated>
        {"".join(f"<author><name>{escape(name)}</name></author>" for name in work.authors)}
        {"".join(f'<category term="{name}"/>' for name in work.categories)}</entry>"""
        for work in works
    )
    total = f'<totalResults xmlns="http://a9.com/-/spec/opensearch/1.1/">{len(works)}</totalResults>'
    return f'<?xml version="1.0" encoding="UTF-8"?><feed xmlns="{_ATOM}">{total}{entries}</feed>'.encode()


def rss(*works: Work, day: str = "Mon, 04 May 2026 00:00:00 -0400") -> bytes:
    """arXiv's daily announcement."""
    items = "".join(
        f"""<item><title>{escape(work.title)}</title><link>https://arxiv.org/abs/{work.number}</link>
        <description>arXiv:{work.number}v{work.version} Announce Type: new
Abstract: {escape(work.abstract)}</description>
        <guid isPermaLink="false">oai:arXiv.org:{work.number}v{work.version}</guid>
        {"".join(f"<category>{name}</category>" for name in work.categories)}
        <pubDate>{day}</pubDate><arxiv:announce_type>new</arxiv:announce_type>
        <dc:creator>{escape(", ".join(work.authors))}</dc:creator></item>"""
        for work in works
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0"><channel>
<title>cs.LG updates on arXiv.org</title><pubDate>{day}</pubDate>
<skipDays><day>Sunday</day><day>Saturday</day></skipDays>{items}</channel></rss>""".encode()


def oai(*works: Work) -> bytes:
    """arXiv's OAI-PMH, the only page."""
    records = "".join(
        f"""<record><header><identifier>oai:arXiv.org:{work.number}</identifier></header><metadata>
        <arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{work.number}</id>
        <version version="v1"><date>{work.day:%a, %d %b %Y} 10:00:00 GMT</date></version>
        <title>{escape(work.title)}</title><authors>{escape(", ".join(work.authors))}</authors>
        <categories>{" ".join(work.categories)}</categories><abstract>{escape(work.abstract)}</abstract>
        </arXivRaw></metadata></record>"""
        for work in works
    )
    return f'<OAI-PMH xmlns="{_OAI}"><ListRecords>{records}</ListRecords></OAI-PMH>'.encode()
