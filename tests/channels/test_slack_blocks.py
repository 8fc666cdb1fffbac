"""A digest in Slack: what a reader sees, shown as written, within Slack's limits whatever is in it."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from bot.channels.slack.channel import SlackChannel
from bot.channels.slack.mrkdwn import size
from bot.delivery.model import Part
from bot.digests.model import Digest, NewPaperCounts, ScoredPaper
from bot.presentation.digest_view import PaperView, digest_view
from bot.presentation.excerpts import EXTRACT_LENGTH, Span, shortened
from bot.ranking.model import Reason
from tests.support.samples import HOSTILE, TOKEN, digest, paper, scored, wild_digests
from tests.support.slack_limits import bold, problems, shown, without_invisible
from tests.support.slack_server import rejected

TARGET = "C0PAPERS"
Message = dict[str, Any]


def parts(of: Digest, target: str = TARGET) -> tuple[Part, ...]:
    return SlackChannel(None).render(of, TOKEN, target)


def messages(of: Digest, target: str = TARGET) -> list[Message]:
    return [json.loads(part.payload) for part in parts(of, target)]


def only(of: Digest, target: str = TARGET) -> Message:
    (message,) = messages(of, target)
    return message


def texts(message: Message, kind: str) -> list[str]:
    blocks = [block for block in message["blocks"] if block["type"] == kind]
    return [text["text"] for block in blocks for text in (block.get("elements") or [block["text"]])]


def kinds(message: Message) -> str:
    """The blocks by their first letters; a divider is a dash."""
    return "".join({"divider": "-"}.get(block["type"], block["type"][0]) for block in message["blocks"])


def papers(message: Message) -> dict[int, tuple[str, str]]:
    """Section and context of each paper, by its rank."""
    found = {}
    for block, after in pairwise(message["blocks"]):
        rank = re.match(r"\*?(\d+)\. ", block["text"]["text"]) if block["type"] == "section" else None
        if rank and after["type"] == "context":
            found[int(rank[1])] = (block["text"]["text"], after["elements"][0]["text"])
    return found


def headings(message: Message) -> list[str]:
    """The sections that are no papers."""
    sections = {section for section, _ in papers(message).values()}
    return [shown(text) for text in texts(message, "section") if text not in sections]


def grouped(*interests: str, **changes: Any) -> Digest:
    """A paper for each interest, best first."""
    chosen = tuple(scored(n, interest=interest) for n, interest in enumerate(interests, start=1))
    return digest(chosen, **changes)


# --- The channel's message --------------------------------------------------------------------------------


def test_ten_papers_are_one_message() -> None:
    """A header, what it is, a section and small print for each paper, notes; no line between papers."""
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


def test_a_paper_says_all_there_is() -> None:
    """Bold linked title with its rank; authors, the followed ones marked; both sentences with the matched terms bold;
    then small: how relevant and why, where, when, votes, who had it before, the other pages.
    """
    full = scored(1, announced="2026-05-04", crossed="2026-05-05", sent=date(2026, 5, 2), version=2)
    found = papers(only(digest((full,))))
    title, authors, sentences = found[1][0].split("\n")
    assert (
        title == "*1. <https://arxiv.org/abs/2605.00001|World Models for Robots that Learn from Little Data>*"
    )
    assert authors.split(", ")[4:] == ["Eli Essai", "*★\u00a0Gus Test*", "+1\u00a0more"]
    assert sentences.startswith("We teach a small *robot* to predict what its arm will touch next")
    assert bold(sentences) == ["robot"]
    why, facts = found[1][1].split("\n")
    assert why == "*99.5\u00a0%* · world models, robots"
    assert facts == (
        "Institute of Examples · cs.LG, cs.RO · submitted 4 May 2026, newly cross-listed 5 May 2026, revised (v2)"
        " · 12 votes · 1 comment · sent on Saturday · <https://arxiv.org/pdf/2605.00001|PDF>"
        " · <https://arxiv.org/html/2605.00001|HTML> · <https://huggingface.co/papers/2605.00001|Hugging Face>"
    )


def test_a_paper_says_no_more_than_is_known() -> None:
    """A title that leads nowhere is not linked, and there is no empty line."""
    bare = scored(1, id="title:x", url=None, abstract="", authors=(), categories=(), organization=None)
    bare = replace(bare, paper=replace(bare.paper, published=None, votes=None, comments=0), reasons=())
    assert papers(only(digest((bare,))))[1] == (
        "*1. World Models for Robots that Learn from Little Data*",
        "*99.5\u00a0%* relevant",
    )


def test_groups_have_headings_and_lines_between_them() -> None:
    """The interest is the heading; small print names it only where the heading does not say it."""
    message = only(grouped("world *models*", "robots", "world *models*", ""))
    assert kinds(message) == "hc" + "s" + "scsc" + "-s" + "sc" + "-s" + "sc" + "c"
    assert headings(message) == ["world *models*", "robots", "From the rest of your profile"]
    assert list(papers(message)) == [1, 3, 2, 4]
    assert not any(" for " in small for _, small in papers(message).values())


def test_one_interest_needs_no_heading() -> None:
    """Nor a line, nor its name."""
    message = only(grouped("robots", "robots"))
    assert kinds(message) == "hcscscc"
    assert not headings(message)


def test_a_weekly_digest_leads_with_the_best() -> None:
    """It is called weekly, says which interest the best are for, and ends with what was sent before."""
    weekly = grouped(*["robots", "tea"] * 3, weekly=True, earlier=(paper(8), paper(9, url=None, id="ns:9")))
    message = only(weekly)
    assert texts(message, "header") == ["Paperboy weekly · Tuesday 5 May 2026"]
    assert kinds(message) == "hc" + "s" + "sc" * 3 + "-s" + "sc" * 2 + "-s" + "sc" + "-ss" + "c"
    *groups, last, listed = headings(message)
    assert (groups, last) == (["The week’s best", "tea", "robots"], "Sent earlier this week")
    assert listed.splitlines() == [f"• {one.title}" for one in digest_view(weekly).earlier]
    small = {rank: small.split("\n")[0] for rank, (_, small) in papers(message).items()}
    assert small[1] == "*99.5\u00a0%* for *robots* · world models"
    assert small[4] == "*99.2\u00a0%* · world models, robots"
    assert message["text"].startswith("Paperboy for ada, Tuesday 5 May 2026: 6 papers this week.\n")


def test_what_says_nearly_the_same_is_named_and_linked() -> None:
    """Below the paper; nothing where there is nothing to say. It is shown, and so sent."""
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


def test_a_short_day_says_why() -> None:
    """Below the count, as a sentence."""
    opening = texts(only(digest(1, why="the other 9 new papers fit less")), "context")[0]
    assert opening.split("\n")[1:] == ["The other 9 new papers fit less."]


@pytest.mark.parametrize(
    ("why", "said"),
    [("", "No paper reached your threshold."), ("no new papers in the last 7 days", None)],
)
def test_a_quiet_day_says_why_once(why: str, said: str | None) -> None:
    """In the papers' place; a preview shows it."""
    message = only(digest(0, why=why, news=NewPaperCounts()))
    told = said or "No new papers in the last 7 days."
    assert texts(message, "section") == [told]
    assert texts(message, "context")[0] == "*No papers* for *ada* · no new papers in the last 7 days"
    assert message["text"].split("\n")[:2] == ["Paperboy for ada, Tuesday 5 May 2026: no papers.", told]
    assert not problems(message)


@pytest.mark.parametrize(
    ("target", "leave"),
    [
        ("C0PAPERS", ", or take Paperboy out of this channel."),
        ("G0PAPERS", ", or take Paperboy out of this channel."),
        ("#papers", ", or take Paperboy out of this channel."),
        ("D0ADA", "."),
        ("U0ADA", "."),
    ],
)
def test_the_notes_say_how_to_read_change_and_stop_it(target: str, leave: str) -> None:
    """The marks are explained, and the app need not be taken out of a conversation with one person."""
    notes = shown(texts(only(digest(1), target), "context")[-1])
    assert notes == (
        "★ an author you follow. The percentage is the share of the last 90 days’ papers that match you less.\n"
        "To change what you get, edit the profile ada: profiles/ada.yaml (times are in Europe/Paris). "
        f"To stop it, take its line out of deliver in the profile{leave}"
    )


# --- The thread -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "here"), [(10, 10), (12, 12), (13, 10), (30, 10), (100, 10)])
def test_more_than_ten_or_so_go_on_in_the_thread(count: int, here: int) -> None:
    """One or two over ten are no thread. Each message has its own delivery and its own words."""
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
    """Papers with little to say: two blocks each, of 45."""
    rendered = parts(digest(tuple(scored(n, title="Tea", abstract="", authors=()) for n in range(1, 61))))
    assert [part.papers for part in rendered] == [10, 22, 22, 6]
    assert [len(json.loads(part.payload)["blocks"]) for part in rendered] == [23, 45, 45, 13]


def test_twelve_groups_are_too_many_blocks_for_one_message() -> None:
    """Each has a heading, and a line above it: ten of them go into the channel."""
    rendered = parts(grouped(*(f"interest {n}" for n in range(12))))
    assert [part.papers for part in rendered] == [10, 2]
    assert len(json.loads(rendered[0].payload)["blocks"]) == 42


def test_the_channel_gets_the_best_of_every_group() -> None:
    """Not the first group alone; in the thread its heading is said again, and whose papers these are."""
    first, second, *_ = made = messages(grouped(*["robots", "robots", "tea"] * 9, "water"))
    assert headings(first) == ["robots", "tea"]
    assert sorted(papers(first)) == list(range(1, 11))
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


def test_what_was_sent_earlier_makes_no_extract_shorter() -> None:
    """Where the channel's message has no room for it, it is a reply of its own, which shows no papers."""
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
TOLD = (Reason("world models", 0.3), Reason("robots", 0.2))


def usual(number: int) -> ScoredPaper:
    """As long in everything as papers are."""
    full = scored(
        number,
        title=f"{number} {'A Title as Long as Titles Are when Much Is to Be Said about Little ' * 2}"[:105],
        authors=tuple(f"Firstname Longlastname{n}" for n in range(9)),
        abstract=f"{LONG} Code: https://github.com/an-institute/a-repository-of-ours.",
        announced="2026-05-04",
        version=2,
        updated="2026-05-05",
    )
    reasons = [Reason(f"like: {'A Paper that Is Liked ' * 3}", 0.3, is_term=False), *TOLD]
    return replace(full, reasons=(*reasons, Reason("reinforcement learning", 0.2)))


def extracts(message: Message) -> list[str]:
    return [shown(section.split("\n")[2]) for section, _ in papers(message).values()]


def test_short_papers_keep_both_sentences() -> None:
    """The matched terms are bold."""
    message = only(digest(tuple(replace(scored(n, abstract=LONG), reasons=TOLD) for n in range(1, 5))))
    whole = extracts(message)[0]
    assert EXTRACT_LENGTH - 60 < len(whole) <= EXTRACT_LENGTH
    assert bold(papers(message)[1][0].split("\n")[2]) == ["World models", "robots", "robots"]


def test_a_usual_digest_is_one_message() -> None:
    """However long its ten papers' titles are: all extracts become one sentence, as long as there is room for."""
    message = only(digest(tuple(usual(n) for n in range(1, 11))))
    lengths = [len(text) for text in extracts(message)]
    assert len(set(lengths)) == 1
    assert 80 < lengths[0] < 240
    assert not problems(message)


def spans(*texts: str) -> list[Span]:
    """`=` before a text: it is matched."""
    return [Span(text.removeprefix("="), text.startswith("=")) for text in texts]


TWO = spans(
    "We teach ", "=robots", " to pour.", " … ", "Tea, ", "=world models", " and ", "=robots", " are one."
)


@pytest.mark.parametrize(
    ("room", "text", "matched"),
    [
        (99, "We teach robots to pour. … Tea, world models and robots are one.", 3),
        (50, "Tea, world models and robots are one.", 2),
        (34, "Tea, world models and robots…", 2),
        (26, "Tea, world models…", 1),
        (15, "… world models…", 1),
    ],
)
def test_a_shorter_extract_is_the_sentence_that_says_more(room: int, text: str, matched: int) -> None:
    """Whole if it may be, else cut after a word; a term is marked whole or not at all."""
    short = shortened(TWO, room)
    assert "".join(span.text for span in short) == text
    assert len(text) <= room or room == 99
    assert sum(span.matched for span in short) == matched


@pytest.mark.parametrize(
    ("extracted", "text"),
    [
        (spans("One, ", "=two", " three.", " ", "Four."), "One, two three."),
        (spans("One.", " ", "=two", " ", "=three", " four five"), "two three four five"),
        (spans("=two", " ", "=three", " four five", " …"), "two three four five"),
        (spans("One two three four five six."), "One two three four…"),
        ([], ""),
    ],
)
def test_sentences_are_told_from_terms(extracted: list[Span], text: str) -> None:
    """A space between two terms divides nothing."""
    assert "".join(span.text for span in shortened(extracted, 19)) == text


def test_a_title_with_an_asterisk_is_not_bold() -> None:
    """It would end the bold early, and leave a mark to be seen."""
    (section, _) = papers(only(digest((scored(1, title="A* and *Fast*"),))))[1]
    assert section.split("\n")[0] == "1. <https://arxiv.org/abs/2605.00001|A* and \u00ad*Fast*>"


# --- The text ---------------------------------------------------------------------------------------------


def test_the_text_says_it_in_sentences() -> None:
    """Screen readers read it instead of the blocks: no marks, no links, the best paper first."""
    chosen = (
        scored(1, interest="robots", sent=date(2026, 5, 4)),
        replace(scored(2, interest="tea"), reasons=(), followed=("Gus Test", "Ada Example")),
        scored(3, interest="robots", authors=()),
    )
    message = only(digest(chosen, why="it is early", earlier=(paper(2), paper(5))))
    assert shown(message["text"]).splitlines() == [
        "Paperboy for ada, Tuesday 5 May 2026: 3 papers.",
        "It is early.",
        "1. World Models for Robots that Learn from Little Data, relevance 99.5\u00a0% for robots: world models, "
        "sent yesterday.",
        "2. Counting What Matters: Reward Modelling & Its Discontents, relevance 99.4\u00a0% for tea, by Ada Example "
        "and Gus Test, whom you follow.",
        "3. On the ℓ₁ Geometry of Curiosity, relevance 99.3\u00a0% for robots: world models.",
        "412 new papers since yesterday: 401 on arXiv, 11 more on Hugging Face.",
        "To change or stop it, edit profiles/ada.yaml.",
        "Sent earlier this week: Counting What Matters: Reward Modelling & Its Discontents; Tiny Agents, Large "
        "Libraries.",
    ]


def test_the_text_of_a_reply_says_which_it_is() -> None:
    """The first one says that there are others."""
    first, second, *rest = (message["text"].split("\n")[0] for message in messages(digest(30)))
    assert (
        first
        == "Paperboy for ada, Tuesday 5 May 2026: 30 papers. The best are here, 20 more papers in the thread."
    )
    assert re.fullmatch(r"Paperboy for ada, Tuesday 5 May 2026, part 2 of \d: \d+ more papers\.", second)
    assert len({first, second, *rest}) == 2 + len(rest)


@pytest.mark.parametrize(
    ("title", "told"),
    [("A title", "1. A title, relevance"), ("word " * 50, "1. word word"), ("&" * 300, "1. &amp;&amp;")],
)
def test_a_long_text_tells_less_of_each_title(title: str, told: str) -> None:
    """No paper goes untold as long as there is a word's room for it."""
    chosen = tuple(scored(n, title=title, authors=("A. Author",) * 9) for n in range(1, 11))
    (message, *_) = messages(digest(chosen))
    assert told in message["text"]
    assert message["text"].count("relevance 9") == len(papers(message))
    assert size(message["text"]) <= 3_500


# --- Whatever is in it ------------------------------------------------------------------------------------


@pytest.mark.parametrize("evil", [*HOSTILE, "<https://evil.org|click>", "&lt;!channel&gt;"])
def test_no_field_can_say_more_than_words(evil: str) -> None:
    """Mentions, links, marks and entities in any field are shown, and do nothing."""
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
    full = replace(full, reasons=(Reason(evil, 0.5), Reason(f"like: {evil}", 0.4, is_term=False), *TOLD))
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
def test_much_of_everything_is_within_slacks_limits(url: str, title: str) -> None:
    """A thousand characters of everything, escape, beside as much else as can be."""
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
    """Titles and extracts, for whoever reads marks as Slack does, and whoever is keener; bold is what matched."""
    different = {id(one): one for one in wild.papers}
    seen = digest_view(replace(wild, papers=tuple(different.values()))).papers
    views = dict(zip(different, sorted(seen, key=lambda view: view.rank), strict=True))
    found = {rank: section for message in made for rank, (section, _) in papers(message).items()}
    assert sorted(found) == list(range(1, len(wild.papers) + 1))
    for rank, section in found.items():
        view = views[id(wild.papers[rank - 1])]
        title, *lines = section.split("\n")
        for keen in (False, True):
            check_is(shown(title, keen=keen), f"{rank}. {view.title}")
        if len(lines) > bool(view.authors or view.more):
            check_extract(lines[-1], view)


def check_is(seen: str, written: str) -> None:
    """The same, or the beginning of it where it was too long to be shown."""
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
def test_any_digest_is_taken_and_shown_as_written(share: int) -> None:
    """Hundreds of digests of whatever sources could say: Slack takes every message, each paper is in one of them,
    no two say the same, and titles and extracts are seen as they were written.
    """

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
        rendered = parts(wild)
        made = [json.loads(part.payload) for part in rendered]
        for message in made:
            assert problems(message) == []
            assert size(message["text"]) <= 3_500
            assert rejected(message | {"channel": TARGET}) is None
        assert sorted(id_ for part in rendered for id_ in part.shows) == sorted(wild.ids)
        assert [part.papers for part in rendered] == [len(papers(message)) for message in made]
        assert len({message["text"] for message in made}) == len(made)
        check_is_shown_as_written(wild, made)

    holds()
