"""Digests and explanations, composed from the real store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.delivery.editions import as_json, from_json, store_edition
from bot.digests.day import Arrival
from bot.digests.model import Digest, History, LeftOut, NewPaperCounts
from bot.digests.selection import Verdict
from bot.papers.model import Entry, SourceState
from bot.profiles.model import Match, Mute, Profile, Reference
from bot.store.tables import EditionRow
from tests.support.builders import NOW, World, at, entry, make_profile, subscription
from tests.support.editions import find_edition

TODAY = NOW.date()
DAY = timedelta(days=1)
ROBOTS = entry(1, "Robots that stack cups", authors=("Ada Example",), categories=("cs.RO",))
OLD = entry(2, "Robots of last month", categories=("cs.RO",))
BREAD = entry(3, "Baking bread", categories=("cs.CY",))
SURVEY = entry(4, "A survey of robots", categories=("cs.RO",))
GONE = entry(5, "Robots that were withdrawn", withdrawn=True)
SOCIETY = entry(6, "Robots in society", categories=("cs.CY",))
TOO_MANY = entry(7, "On cups, bread and one robot among many things of the house", categories=("cs.RO",))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.add(ROBOTS, BREAD, SURVEY, GONE, SOCIETY, TOO_MANY, now=NOW - DAY)
    made.add(OLD, now=NOW - 30 * DAY)
    yield made
    made.close()


def ids(world: World, profile: Profile, *given: int, **how: Any) -> list[int]:
    """The numbers of the papers in a digest."""
    taken = frozenset(f"arxiv:2605.{n:05d}" for n in given)
    digest = world.composer([profile]).compose(profile, TODAY, History(taken), **how)
    return [int(one.paper.id[-5:]) for one in digest.papers]


@pytest.mark.parametrize(
    ("changes", "given", "shown"),
    [
        ({}, (), [1, 7, 6]),  # not: old, bread, withdrawn; the survey is muted
        ({"window": 31, "categories": ("cs.RO",)}, (), [1, 2, 7]),
        ({"limit": 1}, (1, 6), [7]),  # given papers do not count towards the limit
        ({"like": (Reference(title="Robots that stack CUPS"),)}, (), [6, 7]),  # from a BibTeX file
        ({"threshold": 100.0, "authors": ("A. Example",)}, (), [1]),  # always shown
    ],
)
def test_candidates(world: World, changes: dict[str, Any], given: tuple[int, ...], shown: list[int]) -> None:
    """Papers of the window and the categories that are not given, muted, liked or withdrawn, up to the limit."""
    profile = make_profile("robots", **{"mute": Mute(terms=("survey",)), **changes})
    assert sorted(ids(world, profile, *given)) == sorted(shown)


def test_everything(world: World) -> None:
    """`preview --all` shows every match, and only matches."""
    profile = make_profile("robots", limit=1, threshold=100.0)
    assert ids(world, profile) == []
    assert sorted(ids(world, profile, everything=True)) == [1, 4, 6, 7]


def test_liked_paper_under_another_id(world: World) -> None:
    """A paper that the profile likes by its DOI is not shown under its arXiv id."""
    world.add(Entry("arxiv", "Robots knit", ids=("arxiv:2605.00009", "doi:10.1/x")), now=NOW - DAY)
    plain = make_profile("robots that knit")
    assert 9 in ids(world, plain)
    assert 9 not in ids(world, make_profile("robots that knit", like=(Reference("doi:10.1/x"),)))


def test_answered_papers_stay_candidates(world: World) -> None:
    """For receivers who were not given them, unless the answer was `less`; papers of the file are not shown."""
    cups = "arxiv:2605.00001"
    for answered, changes, shown in (
        (True, {"like": (Reference(cups, answered=True),)}, True),
        (False, {"like": (Reference(cups),)}, False),
        (True, {"dislike": (Reference(cups, answered=True),)}, False),
    ):
        profile = make_profile("robots", **changes)
        assert (1 in ids(world, profile)) is shown
        assert 1 not in ids(world, profile, 1)
        found = world.composer([profile]).explain(profile, world.papers.get(cups), History())
        assert (found.decision.verdict is Verdict.SAME_WORK) is not answered


def test_authors_followed_and_muted_by_answers(world: World) -> None:
    """As by the profile; `explain` says that it was an answer."""
    answers = frozenset({"Ada Example"})
    followed = make_profile("bread", threshold=100.0, authors=("Ada Example",), answered_authors=answers)
    assert ids(world, followed) == [1]
    muted = make_profile("robots", mute=Mute(authors=("Ada Example",)), answered_authors=answers)
    assert 1 not in ids(world, muted)
    found = world.composer([muted]).explain(muted, world.papers.get("arxiv:2605.00001"), History())
    assert found.decision.why == "its author Ada Example is muted by an answer"


def test_digest_is_complete(world: World) -> None:
    """All its fields are set; the papers are in order of score, and the reasons of each add up to the score."""
    profile = make_profile("robots", "cups", authors=("A. Example",), timezone="Europe/Paris")
    digest = world.composer([profile]).compose(profile, TODAY)
    assert (digest.profile, digest.on, digest.timezone, digest.made) == ("ada", TODAY, "Europe/Paris", NOW)
    assert (digest.candidates, digest.news) == (5, NewPaperCounts(5, None, 7, (("arxiv", 5),)))
    first = digest.papers[0]
    assert (first.paper.id, first.followed) == ("arxiv:2605.00001", ("A. Example",))
    for one in digest.papers:
        assert abs(sum(reason.weight for reason in one.reasons) - one.score) < 1e-9
    assert [one.score for one in digest.papers] == sorted((p.score for p in digest.papers), reverse=True)


def test_digests_do_not_depend_on_other_profiles(world: World) -> None:
    """Each profile has its own window, interests and history."""
    ada = make_profile("robots", id="ada", window=7)
    bo = make_profile("bread", "robots of the month", id="bo", window=60)
    composer = world.composer([ada, bo])
    for profile in (ada, bo, ada):
        alone = world.composer([profile]).compose(profile, TODAY)
        together = composer.compose(profile, TODAY)
        assert [one.paper.id for one in together.papers] == [one.paper.id for one in alone.papers]
        assert together.candidates == alone.candidates
    given = frozenset({"arxiv:2605.00001"})
    assert (
        composer.compose(ada, TODAY, History(given)).candidates == composer.compose(ada, TODAY).candidates - 1
    )


@pytest.mark.parametrize(
    ("changes", "given", "why"),
    [
        ({"window": 0}, (), "no new papers in the last 0 days"),
        ({"categories": ("hep-th",)}, (5, 6), "no new papers in the last 7 days"),
        ({"interests": ()}, (), "nothing among 5 recent papers matches the profile"),
        (
            {"threshold": 100.0},
            (),
            'nothing good enough among 5 recent papers; closest: "A survey of robots"',
        ),
    ],
)
def test_quiet_reason(world: World, changes: dict[str, Any], given: tuple[int, ...], why: str) -> None:
    """Nothing new, nothing that matches, and nothing good enough are different reasons."""
    profile = make_profile(**{"interests": make_profile("robots").interests, **changes})
    past = History(frozenset(f"arxiv:2605.{n:05d}" for n in given))
    digest = world.composer([profile]).compose(profile, TODAY, past)
    assert digest.papers == ()
    assert digest.why.startswith(why)


def test_quiet_reason_of_everything(world: World) -> None:
    """`preview --all` without a match gives the same reason."""
    profile = make_profile("zebras")
    digest = world.composer([profile]).compose(profile, TODAY, everything=True)
    assert (digest.papers, digest.why) == ((), "nothing among 5 recent papers matches the profile")


# --- What a digest says of itself ---------------------------------------------------------------------------

HINT = "no other paper from the last 7 days reaches your threshold"


#: arXiv has not answered since its last announcement, on Tuesday at 00:00 UTC.
FAILED = SourceState(
    "arxiv-rss", "failed", "https://rss.example.org/: no connection", NOW, at("2026-05-04 06:00")
)
OUT = "arXiv has not answered since Monday 4 May at 06:00 UTC"


@pytest.mark.parametrize(
    ("limit", "day", "sources", "why"),
    [
        (10, TODAY, [], HINT),
        (10, TODAY, [FAILED], HINT + "; " + OUT),
        (8, TODAY, [], ""),  # half of its limit is no short digest
        (8, TODAY, [FAILED], OUT),
        (
            8,
            TODAY,
            [replace(FAILED, state="partial")],
            "arXiv's answers are incomplete: papers may be missing",
        ),
        (10, date(2026, 5, 9), [], HINT),  # a Saturday with papers from Friday
    ],
)
def test_short_reason(world: World, limit: int, day: date, sources: Sequence[SourceState], why: str) -> None:
    """A digest with less than half of its limit names the threshold; every one services that do not answer."""
    profile = make_profile("robots", limit=limit)
    world.sources = sources
    digest = world.composer([profile]).compose(profile, day)
    assert (len(digest.papers), digest.why) == (4, why)


def test_sources_that_are_late(world: World) -> None:
    """Every digest names the sources that it went without, whether it is short or not."""
    late = "composed without arxiv-rss: no complete answer yet"
    for limit, why in ((8, late), (10, f"{HINT}; {late}")):
        profile = make_profile("robots", limit=limit)
        assert world.composer([profile], late=["arxiv-rss"]).compose(profile, TODAY).why == why


def test_short_reason_without_other_papers(world: World) -> None:
    """Then the threshold is not the reason."""
    profile = make_profile("robots", mute=Mute(terms=("bread",)))
    digest = world.composer([profile]).compose(profile, TODAY)
    assert (digest.candidates, len(digest.papers)) == (3, 3)
    assert digest.why == "there are no other papers from the last 7 days"


@pytest.mark.parametrize(
    ("new", "everything", "why"),
    [
        ((), False, "no new papers since the digest of Monday 4 May"),
        (("Robots knit",), False, "there are no other papers since the digest of Monday 4 May"),
        (
            ("Robots knit", "Tea"),
            False,
            "no other paper since the digest of Monday 4 May reaches your threshold",
        ),
        (("Robots knit", "Tea"), True, "no other paper from the last 7 days reaches your threshold"),
    ],
)
def test_papers_before_the_last_digest_are_no_reason(
    world: World, new: tuple[str, ...], everything: bool, why: str
) -> None:
    """A digest considers what is new since the last one, and says so; `preview --all` considers all the window."""
    world.add(*(entry(10 + n, title) for n, title in enumerate(new)), now=NOW - DAY / 4)
    profile = make_profile("robots", limit=20)
    past = History(on=TODAY - DAY, made=NOW - DAY / 2)
    assert world.composer([profile]).compose(profile, TODAY, past, everything=everything).why == why


THIN = [Arrival(NOW - n * 7 * DAY - DAY / 8, papers) for n, papers in enumerate((40, 410, 390, 616))]
WEEKEND = "it is arXiv's weekend, and the next announcement is on Monday 11 May at 00:00 UTC"
THANKSGIVING = (
    "arXiv announced nothing on Thursday 26 November (Thanksgiving), and the next announcement is on "
    "Sunday 29 November at 20:00 EST"
)


@pytest.mark.parametrize(
    ("now", "past", "weekly", "expected"),
    [
        ("2026-05-09 08:30", True, False, WEEKEND),
        ("2026-05-10 08:30", True, False, WEEKEND),
        ("2026-05-09 08:30", False, False, ""),  # it has papers of arXiv
        ("2026-05-09 08:30", True, True, WEEKEND),
        ("2026-05-06 08:30", True, False, ""),
        ("2026-11-27 13:00", True, False, THANKSGIVING),
    ],
)
def test_day_reason(world: World, now: str, past: bool, weekly: bool, expected: str) -> None:
    """A short digest without new arXiv papers names arXiv's weekend or holiday, in the profile's time zone."""
    profile = make_profile("robots", window=90, timezone="America/New_York" if "11-27" in now else "UTC")
    world.add(entry(20, "Robots", source="huggingface"), now=at(now) - DAY / 4)
    history = History(made=NOW, on=TODAY) if past else History()
    digest = world.composer([profile], at(now)).compose(profile, at(now).date(), history, weekly=weekly)
    assert [one.paper.id[-2:] for one in digest.papers][:1] == ["20"]
    assert digest.why.partition("; ")[2] == expected


def test_thin_day(world: World) -> None:
    """It is named in short and empty digests, unless they are about a whole week."""
    world.arrivals = THIN
    for profile in (make_profile("robots"), make_profile("zebras")):
        composer = world.composer([profile])
        assert composer.compose(profile, TODAY).why.endswith(
            "; a thin day: 40 new papers, and usually about 410 on a Tuesday"
        )
        assert "a thin day" not in composer.compose(profile, TODAY, weekly=True).why


def test_new_papers_since_the_last_digest(world: World) -> None:
    """Candidates first seen since then, by source; all of the window without a last digest."""
    world.add(replace(ROBOTS, source="huggingface"), entry(9, "Cups", source="huggingface"), now=NOW)
    profile = make_profile("robots")
    past = History(on=TODAY - DAY, made=NOW - DAY / 2)
    assert world.composer([profile]).compose(profile, TODAY, past).news == NewPaperCounts(
        1, TODAY - DAY, 7, (("huggingface", 1),)
    )
    fresh = world.composer([profile]).compose(profile, TODAY).news
    assert (fresh.papers, fresh.since, fresh.sources) == (6, None, (("arxiv", 5), ("huggingface", 1)))


def test_papers_that_the_last_digest_passed_over(world: World) -> None:
    """They are no candidates of the next one, whose candidates are new; `explain` says so, `--all` shows them."""
    past = History(on=TODAY - DAY, made=NOW - DAY / 2)
    world.add(entry(9, "Robots knit"), now=NOW - DAY / 4)
    profile = make_profile("robots")
    composer = world.composer([profile])
    digest = composer.compose(profile, TODAY, past)
    assert ([one.paper.id[-1] for one in digest.papers], digest.candidates) == (["9"], 1)
    for number, rank, verdict in ((1, None, Verdict.OUTSIDE_WINDOW), (9, 1, Verdict.WOULD_BE_SENT)):
        found = composer.explain(profile, world.papers.get(f"arxiv:2605.{number:05d}"), past)
        assert (found.rank, found.candidates, found.decision.verdict) == (rank, 1, verdict)
        assert found.scored is not None
        assert found.scored.score > 0
    everything = composer.compose(profile, TODAY, past, everything=True)
    assert sorted(one.paper.id[-1] for one in everything.papers) == ["1", "4", "6", "7", "9"]


def test_weekly_digest_shows_what_other_subscriptions_had(world: World) -> None:
    """Its papers have the date when another subscription got them; other papers of the week are in `earlier`."""
    profile = make_profile("robots", "cups")
    given = frozenset({"arxiv:2605.00004", "arxiv:2605.00006"})
    lately = {f"arxiv:2605.0000{n}": TODAY - n * DAY for n in (1, 2, 4, 6)}
    weekly = world.composer([profile]).compose(profile, TODAY, History(given, last_week=lately), weekly=True)
    assert {one.paper.id[-1]: one.sent for one in weekly.papers} == {"1": TODAY - DAY, "7": None}
    assert sorted(paper.id[-1] for paper in weekly.earlier) == ["4", "6"]  # 2 is not of this week's window
    daily = world.composer([profile]).compose(profile, TODAY, History(given, last_week=lately))
    assert ([one.sent for one in daily.papers], daily.earlier, daily.weekly) == ([None, None], (), False)


# --- Variety ----------------------------------------------------------------------------------------------

_TEAM = ("Ada Example", "Bo Sample")
_ABOUT = "A gripper of felt stacks porcelain cups by ear: it listens to the ring of the glaze."
FIRST = entry(11, "Robots that stack cups by ear", abstract=_ABOUT, authors=_TEAM)
SECOND = entry(12, "Stacking cups by ear with a robot, in detail", abstract=_ABOUT, authors=_TEAM[::-1])
#: The same words by somebody else is another work.
RIVAL = entry(13, "Robots that stack cups by ear, too", abstract=_ABOUT, authors=("Cem Muster",))


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[World]:
    """Papers that have nothing in common."""
    made = World(tmp_path)
    subjects = (
        "glaciers melt",
        "finches sing",
        "bridges rust",
        "reefs bleach",
        "trains are late",
        "dough rises",
    )
    others = (
        entry(20 + n, f"When {one}", abstract=f"We watch how {one} for a year.")
        for n, one in enumerate(subjects)
    )
    made.add(*others, entry(30, "A robot for the cinema", abstract="It sells popcorn."), now=NOW - DAY)
    yield made
    made.close()


def robots(**fields: Any) -> Profile:
    return make_profile("robots", "stack cups", **{"deliver": (subscription(),), **fields})


def titles(digest: Digest) -> dict[str, list[str]]:
    """The number of each paper, with the numbers of the papers listed under it."""
    return {one.paper.id[-2:]: [paper.id[-2:] for paper in one.also] for one in digest.papers}


def test_similar_papers_are_listed_under_the_better_one(shelf: World) -> None:
    """They do not count towards the limit, and `explain` names the other; `preview --all` lists each on its own."""
    shelf.add(FIRST, SECOND, RIVAL, now=NOW - DAY)
    profile = robots(limit=3)
    composer = shelf.composer([profile])
    digest = composer.compose(profile, TODAY)
    (leader,) = (one for one in digest.papers if one.also)
    (other,) = leader.also
    assert {leader.paper.id[-2:], other.id[-2:]} == {"11", "12"}
    assert titles(digest).keys() == {leader.paper.id[-2:], "13", "30"}
    found = composer.explain(profile, other, History())
    assert found.decision.verdict is Verdict.SAME_WORK
    assert leader.paper.id in found.decision.why
    assert found.rank is not None
    everything = composer.compose(profile, TODAY, everything=True)
    assert titles(everything) == {"11": [], "12": [], "13": [], "30": []}


def test_similar_papers_are_not_sent_the_next_day(shelf: World) -> None:
    """The reader has seen their titles."""
    shelf.add(FIRST, SECOND, now=NOW - DAY)
    (row,) = shelf.send(robots())
    assert (row.state, row.papers) == ("sent", 2)
    sent = {"arxiv:2605.00011", "arxiv:2605.00012"} & set(shelf.channel.papers)
    assert len(sent) == 1
    assert [one.state for one in shelf.send(robots(), now=NOW + DAY)] == ["quiet"]
    assert len(shelf.channel.papers) == 2


def test_repeated_paper_is_not_sent(shelf: World) -> None:
    """A paper announced again under another id is not sent to a reader who had it; a new reader gets either one."""
    shelf.add(FIRST, now=NOW - DAY)
    shelf.send(robots())
    shelf.add(replace(SECOND, title=FIRST.title), RIVAL, now=NOW + DAY / 2)
    shelf.send(robots(), now=NOW + DAY)
    assert shelf.channel.papers[2:] == ["arxiv:2605.00013"]
    past = History(shelf.outbox.given(["maildir:inbox"]))
    profile = robots()
    found = shelf.composer([profile], NOW + DAY).explain(profile, shelf.papers.get("arxiv:2605.00012"), past)
    assert found.decision.verdict is Verdict.SAME_WORK
    assert "arxiv:2605.00011, which was in an earlier digest" in found.decision.why
    new_reader = shelf.composer([profile], NOW + DAY).compose(profile, TODAY)
    assert {"11", "12"} & titles(new_reader).keys()


def test_quiet_reason_of_repeated_papers(shelf: World) -> None:
    """Matches that only repeat earlier digests are a reason of their own."""
    shelf.add(FIRST, now=NOW - DAY)
    shelf.send(robots())
    shelf.add(replace(SECOND, title=FIRST.title), now=NOW + DAY / 2)
    (row,) = shelf.send(robots(), now=NOW + DAY)
    assert row.state == "quiet"
    assert "repeats earlier digests" in row.why


def test_repeated_papers_within_the_profiles_own_window(shelf: World) -> None:
    """A longer window of another profile does not count."""
    shelf.add(FIRST, now=NOW - 20 * DAY)
    shelf.add(replace(SECOND, title=FIRST.title), now=NOW - DAY)
    ada, bo = robots(window=7), robots(id="bo", window=60)
    given = frozenset({"arxiv:2605.00011"})
    alone = shelf.composer([ada]).compose(ada, TODAY, History(given))
    together = shelf.composer([ada, bo]).compose(ada, TODAY, History(given))
    assert titles(together) == titles(alone)


# --- Explaining -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "changes", "given", "verdict", "rank"),
    [
        ("2605.00001", {}, (), Verdict.WOULD_BE_SENT, 1),
        ("2605.00001", {}, (1,), Verdict.SENT, None),
        ("2605.00007", {}, (1,), Verdict.WOULD_BE_SENT, 1),
        ("2605.00002", {}, (), Verdict.OUTSIDE_WINDOW, None),
        ("2605.00003", {"categories": ()}, (), Verdict.NO_MATCH, 4),
        ("2605.99999", {}, (), Verdict.NOT_STORED, None),
    ],
)
def test_explain(
    world: World,
    key: str,
    changes: dict[str, Any],
    given: tuple[int, ...],
    verdict: Verdict,
    rank: int | None,
) -> None:
    """An excluded paper has a score and no rank; a paper that is not stored has neither."""
    profile = make_profile(
        "robots", **{"mute": Mute(terms=("survey",)), "categories": ("cs.RO",), "limit": 1, **changes}
    )
    past = History(frozenset(f"arxiv:2605.{n:05d}" for n in given))
    paper = world.papers.get(f"arxiv:{key}")
    found = world.composer([profile], explained=[paper.id] if paper else []).explain(profile, paper, past)
    assert (found.decision.verdict, found.rank) == (verdict, rank)
    assert found.decision.why
    assert (found.scored is None) is (verdict is Verdict.NOT_STORED)
    if found.scored:
        assert abs(sum(r.weight for r in found.scored.reasons) - found.scored.score) < 1e-9


def test_explain_agrees_with_the_digest(world: World) -> None:
    """The same score, relevance, rank and number of candidates as in the digest."""
    profile = make_profile("robots", "cups")
    composer = world.composer([profile])
    digest = composer.compose(profile, TODAY)
    for place, one in enumerate(digest.papers, start=1):
        found = composer.explain(profile, one.paper, History())
        assert found.scored == one
        assert (found.rank, found.candidates) == (place, digest.candidates)


# --- Storing ----------------------------------------------------------------------------------------------


def test_store_edition(world: World) -> None:
    """It stores the digest as JSON, the ledger, and the rendered parts, under ids that begin with the edition's."""
    profile = make_profile("robots")
    digest = world.composer([profile]).compose(profile, TODAY)
    world.channel.per_part = 2
    assert store_edition(world.outbox, subscription(), "maildir:inbox", digest, world.channel)
    with world.database.reading() as session:
        row = session.exec(select(EditionRow)).one()
    document = json.loads(json.dumps(row.digest))
    assert document == as_json(digest)
    assert (document["on"], document["made"]) == ("2026-05-05", "2026-05-05T08:30:00+00:00")
    assert document["papers"][0]["paper"]["id"] == digest.papers[0].paper.id
    assert from_json(document) == digest
    assert world.outbox.given(["maildir:inbox"]) == {one.paper.id for one in digest.papers}
    edition = find_edition(world.outbox, subscription(), TODAY)
    assert edition is not None
    assert [one.id for one in edition.deliveries] == [f"{row.id}-1", f"{row.id}-2"]
    assert [one.papers for one in edition.deliveries] == [2, 2]


# --- What a digest leaves out -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "past", "left_out", "best_outside"),
    [
        ({}, History(), LeftOut(), ""),
        ({"categories": ("cs.RO",)}, History(), LeftOut(categories=1), SOCIETY.ids[0]),
        ({"mute": Mute(terms=("survey",), categories=("cs.CY",))}, History(), LeftOut(muted=2), ""),
        ({"limit": 1}, History(), LeftOut(limit=3), ""),
        ({"limit": 1, "threshold": 100.0}, History(), LeftOut(threshold=4), ""),
        ({"limit": 1, "categories": ("cs.RO",)}, History(frozenset({SOCIETY.ids[0]})), LeftOut(limit=2), ""),
        ({"limit": 0}, History(made=NOW, on=TODAY), LeftOut(), ""),  # nothing is new
    ],
)
def test_left_out(
    world: World, changes: dict[str, Any], past: History, left_out: LeftOut, best_outside: str
) -> None:
    """Counts of the new papers that match, by the one reason why they are not shown."""
    profile = make_profile("robots", **changes)
    digest = world.composer([profile]).compose(profile, TODAY, past)
    assert digest.left_out == left_out
    assert (digest.best_outside.id if digest.best_outside else "") == best_outside


def test_a_short_digest_names_what_is_outside(world: World) -> None:
    """A strong match outside the categories, in a digest that is short or empty."""
    profile = make_profile("robots in society", categories=("cs.RO",), threshold=Match.STRONG)
    digest = world.composer([profile]).compose(profile, TODAY)
    assert 'strong match outside your categories: "Robots in society" (cs.CY, ' in digest.why
