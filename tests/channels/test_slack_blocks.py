"""A digest in Slack: what a reader sees, and in which messages."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bot.channels.slack.mrkdwn import size
from bot.digests.model import Digest, NewPaperCounts, ScoredPaper
from bot.presentation.digest_view import digest_view
from bot.presentation.excerpts import EXTRACT_LENGTH
from bot.ranking.model import Reason
from tests.support.samples import TOKEN, digest, paper, scored
from tests.support.slack_limits import bold, problems, shown
from tests.support.slack_messages import (
    Message,
    headings,
    kinds,
    messages,
    only,
    papers,
    parts,
    texts,
)


def grouped(*interests: str, **changes: Any) -> Digest:
    """A paper for each interest, best first."""
    chosen = tuple(scored(n, interest=interest) for n, interest in enumerate(interests, start=1))
    return digest(chosen, **changes)


# --- The channel's message --------------------------------------------------------------------------------


def test_ten_papers_are_one_message() -> None:
    """A header, an opening, a section and a context for each paper, notes; no line between papers."""
    (part,) = parts(digest(10))
    message = json.loads(part.payload)
    assert (part.papers, part.shows) == (10, digest(10).ids)
    assert kinds(message) == f"hc{'sc' * 10}c"
    assert texts(message, "header") == ["Paperboy · Tuesday 5 May 2026"]
    opening, *_ = texts(message, "context")
    assert (
        opening
        == "*10 papers* for *ada* · 412 new papers since yesterday: 401 on arXiv, 11 more on Hugging Face"
    )
    assert message["metadata"] == {
        "event_type": "paperboy_delivery",
        "event_payload": {"delivery": f"{TOKEN}-1"},
    }
    assert (message["unfurl_links"], message["unfurl_media"]) == (False, False)
    assert not {"channel", "thread_ts"} & message.keys()


def test_a_paper_with_everything() -> None:
    """A section with rank and linked title in bold, authors, and an extract; a context with the match, reasons,
    facts and links.
    """
    full = scored(
        1, interest="robots", announced="2026-05-04", crossed="2026-05-05", sent=date(2026, 5, 2), version=2
    )
    found = papers(only(digest((full,))))
    title, authors, sentences = found[1][0].split("\n")
    assert (
        title == "*1. <https://arxiv.org/abs/2605.00001|World Models for Robots that Learn from Little Data>*"
    )
    assert authors.split(", ")[4:] == ["Eli Essai", "*★\u00a0Gus Test*", "+1\u00a0more"]
    assert sentences.startswith("We teach a small *robot* to predict what its arm will touch next")
    assert bold(sentences) == ["robot"]
    why, facts = found[1][1].split("\n")
    assert why == "*strong match* for *robots* · world models"
    assert facts == (
        "Institute of Examples · cs.LG, cs.RO · submitted 4 May 2026, newly cross-listed 5 May 2026, revised (v2)"
        " · 12 votes · 1 comment · sent on Saturday · <https://arxiv.org/pdf/2605.00001|PDF>"
        " · <https://arxiv.org/html/2605.00001|HTML> · <https://huggingface.co/papers/2605.00001|Hugging Face>"
    )


def test_a_paper_with_nothing() -> None:
    """A title without a page is not linked, and there is no empty line."""
    bare = scored(1, id="title:x", url=None, abstract="", authors=(), categories=(), organization=None)
    bare = replace(bare, paper=replace(bare.paper, published=None, votes=None, comments=0), reasons=(), fit=0)
    message = only(digest((bare, scored(2))))
    assert kinds(message) == "hcsscc"
    assert papers(message)[1] == ("*1. World Models for Robots that Learn from Little Data*", "")


@pytest.mark.parametrize(
    ("changes", "reasons", "line"),
    [
        ({"fit": 0.6}, True, "*good match* · world models, robots"),
        ({"fit": 0.3, "interest": "tea"}, True, "*partial match* for *tea* · world models, robots"),
        ({"fit": 0.1, "interest": "tea"}, True, "*tea* · world models, robots"),
        ({"fit": 0.1}, True, "world models, robots"),
        ({"fit": 0.9, "interest": "tea"}, False, "*strong match* for *tea*"),
        ({"fit": 0.9}, False, "*strong match*"),
    ],
)
def test_why_a_paper_is_shown(changes: dict[str, Any], reasons: bool, line: str) -> None:
    """The match, the interest and the reasons, as far as there are any."""
    one = scored(1, **changes)
    shown = digest((one if reasons else replace(one, reasons=()),))
    assert papers(only(shown))[1][1].split("\n")[0] == line


def test_groups_have_headings_and_lines_between_them() -> None:
    """The heading is the interest, which the papers then do not repeat."""
    message = only(grouped("world *models*", "robots", "world *models*", ""))
    assert kinds(message) == "hc" + "s" + "scsc" + "-s" + "sc" + "-s" + "sc" + "c"
    assert headings(message) == ["world *models*", "robots", "From the rest of your profile"]
    assert list(papers(message)) == [1, 2, 3, 4]
    assert [part.shows for part in parts(grouped("tea", "", "robots", "tea"))] == [
        tuple(f"arxiv:2605.0000{n}" for n in (1, 4, 3, 2))
    ]
    assert not any(" for " in small for _, small in papers(message).values())


def test_one_interest_needs_no_heading() -> None:
    """Neither a line nor its name."""
    message = only(grouped("robots", "robots"))
    assert kinds(message) == "hcscscc"
    assert not headings(message)


def test_a_weekly_digest_starts_with_the_best() -> None:
    """The best papers name their interests, and the last section lists what was sent before."""
    weekly = grouped(*["robots", "tea"] * 3, weekly=True, earlier=(paper(8), paper(9, url=None, id="ns:9")))
    message = only(weekly)
    assert texts(message, "header") == ["Paperboy weekly · Tuesday 5 May 2026"]
    assert kinds(message) == "hc" + "s" + "sc" * 3 + "-s" + "sc" * 2 + "-s" + "sc" + "-ss" + "c"
    *groups, last, listed = headings(message)
    assert (groups, last) == (["The week’s best", "tea", "robots"], "Sent earlier this week")
    assert listed.splitlines() == [f"• {one.title}" for one in digest_view(weekly).earlier]
    small = {number: small.split("\n")[0] for number, (_, small) in papers(message).items()}
    assert small[1] == "*strong match* for *robots* · world models"
    assert small[4] == "*strong match* · world models, robots"
    assert message["text"].startswith("Paperboy for ada, Tuesday 5 May 2026: 6 papers this week.\n")


def test_similar_papers_are_listed() -> None:
    """In the paper's context; they count as shown."""
    also = (paper(7, title="Again & <again>"), paper(8, id="ns:8", url=None, title="Alone"))
    twins = digest((scored(1, also=also), scored(2)))
    (part,) = parts(twins)
    found = papers(json.loads(part.payload))
    assert found[1][1].split("\n")[2:] == [
        "nearly the same: <https://arxiv.org/abs/2605.00007|Again &amp; &lt;again&gt;>",
        "nearly the same: Alone",
    ]
    assert "nearly" not in found[2][1]
    assert part.shows == ("arxiv:2605.00001", "arxiv:2605.00007", "ns:8", "arxiv:2605.00002")


def test_a_short_digest_says_why() -> None:
    """In the opening, as a sentence."""
    opening = texts(only(digest(1, why="the other 9 new papers fit less")), "context")[0]
    assert opening.split("\n")[1:] == ["The other 9 new papers fit less."]


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        ("", "No paper reached your threshold."),
        ("no new papers in the last 7 days", "No new papers in the last 7 days."),
    ],
)
def test_a_quiet_day(why: str, sentence: str) -> None:
    """The reason is in place of papers, once."""
    message = only(digest(0, why=why, news=NewPaperCounts()))
    assert texts(message, "section") == [sentence]
    assert texts(message, "context")[0] == "*No papers* for *ada* · no new papers in the last 7 days"
    assert message["text"].split("\n")[:2] == ["Paperboy for ada, Tuesday 5 May 2026: no papers.", sentence]
    assert not problems(message)


@pytest.mark.parametrize(
    ("target", "leave"),
    [
        ("C0PAPERS", ", or take Paperboy out of this channel."),
        ("#papers", ", or take Paperboy out of this channel."),
        ("D0ADA", "."),
        ("U0ADA", "."),
    ],
)
def test_notes(target: str, leave: str) -> None:
    """How to read the digest, change it and stop it; a conversation with one person has no channel to leave."""
    notes = shown(texts(only(digest(1), target), "context")[-1])
    assert notes == (
        "★ an author you follow. Strong match: about your interest.\n"
        "To change what you get, ask whoever runs this Paperboy, or edit the profile ada: profiles/ada.yaml "
        "(times are in Europe/Paris). "
        f"To stop it, take its line out of deliver in the profile{leave}"
    )


# --- The thread -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "here"), [(10, 10), (12, 12), (13, 10), (30, 10), (100, 10)])
def test_thread(count: int, here: int) -> None:
    """Ten to twelve papers are one message. Each message has its own delivery id and its own text."""
    rendered = parts(digest(count))
    made = [json.loads(part.payload) for part in rendered]
    assert rendered[0].papers == here
    assert sum(part.papers for part in rendered) == count
    assert [rank for message in made for rank in papers(message)] == list(range(1, count + 1))
    ids = [message["metadata"]["event_payload"]["delivery"] for message in made]
    assert ids == [f"{TOKEN}-{n}" for n in range(1, len(made) + 1)]
    assert len({message["text"] for message in made}) == len(made)
    assert not [problem for message in made for problem in problems(message)]


def test_replies_are_as_few_as_the_blocks_allow() -> None:
    """Short papers take two blocks each, of 45."""
    rendered = parts(digest(tuple(scored(n, title="Tea", abstract="", authors=()) for n in range(1, 61))))
    assert [part.papers for part in rendered] == [10, 22, 22, 6]
    assert [len(json.loads(part.payload)["blocks"]) for part in rendered] == [23, 45, 45, 13]


def test_headings_count_as_blocks() -> None:
    """Twelve groups, with a heading and a line each, do not fit into one message: ten of them do."""
    rendered = parts(grouped(*(f"interest {n}" for n in range(12))))
    assert [part.papers for part in rendered] == [10, 2]
    assert len(json.loads(rendered[0].payload)["blocks"]) == 42


def test_the_channel_gets_the_best_papers() -> None:
    """Of every group; replies repeat the heading, say which part they are, and go on with the numbers."""
    first, second, *_ = made = messages(grouped(*["robots", "robots", "tea"] * 9, "water"))
    assert headings(first) == ["robots", "tea"]
    assert [number for message in made for number in papers(message)] == list(range(1, 29))
    assert parts(grouped(*["robots", "robots", "tea"] * 9))[0].shows == tuple(
        f"arxiv:2605.{rank:05d}" for rank in (1, 2, 4, 5, 7, 8, 10, 3, 6, 9)
    )
    assert texts(first, "context")[0].endswith("\nThe best are here, 18 more papers in the thread.")
    again = [heading for message in made[1:] for heading in headings(message)]
    assert [heading for heading in again if "continued" not in heading] == ["water"]
    assert again[0] == "robots (continued)"
    assert kinds(second)[:3] == "css"
    assert texts(second, "context")[
        0
    ] == f"*Part 2 of {len(made)}* · {len(papers(second))} more papers for *ada*" + (" · Tuesday 5 May 2026")
    assert not any(
        shown(text).startswith("To ") for message in made[1:] for text in texts(message, "context")
    )


def test_earlier_papers_do_not_shorten_extracts() -> None:
    """When they do not fit into the channel's message they are a reply of their own."""
    chosen = tuple(usual(n) for n in range(1, 11))
    earlier = tuple(paper(n, title=f"{n} {'earlier ' * 15}") for n in range(20, 30))
    alone = messages(digest(chosen, weekly=True))
    rendered = parts(digest(chosen, weekly=True, earlier=earlier))
    first, last = (json.loads(part.payload) for part in rendered)
    assert first["blocks"] == alone[0]["blocks"]
    assert (rendered[1].papers, rendered[1].shows, kinds(last)) == (0, (), "css")
    assert last["text"].startswith(
        "Paperboy for ada, Tuesday 5 May 2026, part 2 of 2.\nSent earlier this week: "
    )


# --- Extracts ---------------------------------------------------------------------------------------------

LONG = (
    "World models learn from very little data, which is all that there is when they are new to a kitchen, to a "
    "garden or to a cluttered desk, and of which nobody has asked for more before, as far as we have been told. "
    "They are compared with nothing at all. "
    "Our robots are taught in an afternoon, need no more than a camera and an arm, and forget nothing of what they "
    "have seen until they are switched off in the evening, which is when they begin to dream of robots."
)
REASONS = (Reason("world models", 0.3), Reason("robots", 0.2))


def usual(number: int) -> ScoredPaper:
    """A paper with texts of the usual length."""
    full = scored(
        number,
        title=f"{number} {'A Title as Long as Titles Are when Much Is to Be Said about Little ' * 2}"[:105],
        authors=tuple(f"Firstname Longlastname{n}" for n in range(9)),
        abstract=f"{LONG} Code: https://github.com/an-institute/a-repository-of-ours.",
        announced="2026-05-04",
        version=2,
        updated="2026-05-05",
    )
    reasons = [Reason(f"like: {'A Paper that Is Liked ' * 3}", 0.3, is_term=False), *REASONS]
    return replace(full, reasons=(*reasons, Reason("reinforcement learning", 0.2)))


def extracts(message: Message) -> list[str]:
    return [shown(section.split("\n")[2]) for section, _ in papers(message).values()]


def test_short_papers_keep_both_sentences() -> None:
    """With the matched terms in bold."""
    message = only(digest(tuple(replace(scored(n, abstract=LONG), reasons=REASONS) for n in range(1, 5))))
    whole = extracts(message)[0]
    assert EXTRACT_LENGTH - 60 < len(whole) <= EXTRACT_LENGTH
    assert bold(papers(message)[1][0].split("\n")[2]) == ["World models", "robots", "robots"]


def test_a_usual_digest_is_one_message() -> None:
    """Ten papers fit, with extracts of one sentence, all of the same length."""
    message = only(digest(tuple(usual(n) for n in range(1, 11))))
    lengths = [len(text) for text in extracts(message)]
    assert len(set(lengths)) == 1
    assert 80 < lengths[0] < 240
    assert not problems(message)


def test_a_title_with_an_asterisk_is_not_bold() -> None:
    """The asterisk would end the bold early, and another would be visible."""
    (section, _) = papers(only(digest((scored(1, title="A* and *Fast*"),))))[1]
    assert section.split("\n")[0] == "1. <https://arxiv.org/abs/2605.00001|A* and \u00ad*Fast*>"


# --- The text ---------------------------------------------------------------------------------------------


def test_text() -> None:
    """Screen readers read it instead of the blocks: sentences without marks, links or headings."""
    chosen = (
        scored(1, interest="robots", sent=date(2026, 5, 4)),
        replace(scored(2, interest="tea"), reasons=(), followed=("Gus Test", "Ada Example")),
        scored(3, interest="robots", authors=(), fit=0.2),
    )
    message = only(digest(chosen, why="it is early", earlier=(paper(2), paper(5))))
    assert shown(message["text"]).splitlines() == [
        "Paperboy for ada, Tuesday 5 May 2026: 3 papers.",
        "It is early.",
        "1. World Models for Robots that Learn from Little Data, strong match for robots: world models, sent "
        "yesterday.",
        "2. On the ℓ₁ Geometry of Curiosity, for robots: world models.",
        "3. Counting What Matters: Reward Modelling & Its Discontents, strong match for tea, and you follow Ada "
        "Example and Gus Test.",
        "412 new papers since yesterday: 401 on arXiv, 11 more on Hugging Face.",
        "To change or stop it, ask whoever runs this Paperboy, or edit profiles/ada.yaml.",
        "Sent earlier this week: Counting What Matters: Reward Modelling & Its Discontents; Tiny Agents, Large "
        "Libraries.",
    ]


def test_text_of_replies() -> None:
    """It names the part; the first one says that there are others."""
    first, second, *rest = (message["text"].split("\n")[0] for message in messages(digest(30)))
    assert (
        first
        == "Paperboy for ada, Tuesday 5 May 2026: 30 papers. The best are here, 20 more papers in the thread."
    )
    assert re.fullmatch(r"Paperboy for ada, Tuesday 5 May 2026, part 2 of \d: \d+ more papers\.", second)
    assert len({first, second, *rest}) == 2 + len(rest)


@pytest.mark.parametrize(
    ("title", "part"),
    [("A title", "1. A title, strong match"), ("word " * 50, "1. word word"), ("&" * 300, "1. &amp;&amp;")],
)
def test_long_texts(title: str, part: str) -> None:
    """Titles are shortened before a paper is left out."""
    chosen = tuple(scored(n, title=title, authors=("A. Author",) * 9) for n in range(1, 11))
    (message, *_) = messages(digest(chosen))
    assert part in message["text"]
    assert message["text"].count("strong match") == len(papers(message))
    assert size(message["text"]) <= 3_500
