"""What `status` shows of profiles: what comes next, and what their digests found and left out."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest

from bot.clock import Moment
from bot.delivery.due import Announcements
from bot.delivery.editions import as_json
from bot.delivery.model import Edition
from bot.delivery.status import FoundPapers, found_papers, next_digests
from bot.delivery.stores import StoredDigest
from bot.digests.model import Digest, LeftOut, ScoredPaper
from bot.profiles.model import Subscription
from tests.support.builders import NOW, make_paper, make_profile, subscription

TODAY = NOW.date()
DAY = timedelta(days=1)


def edition(to: Subscription, days_ago: int) -> Edition:
    return Edition("ed", to.key, to.profile, to.channel, to.target, TODAY - days_ago * DAY, 1)


def test_next_digests() -> None:
    """What is due now comes first; a subscription is due when its newest edition is older than its newest date."""
    early, late, new = (
        subscription(target=name, at=time(hour)) for name, hour in (("a", 8), ("b", 9), ("c", 7))
    )
    profile = make_profile(deliver=(late, early, new), timezone="UTC")
    editions = [edition(early, 1), edition(early, 5), edition(late, 1), edition(new, 0)]
    found = next_digests([profile], editions, Moment(NOW), Announcements())  # 08:30
    assert [(one.subscription.target, one.is_due) for one in found] == [
        ("a", True),
        ("b", False),
        ("c", False),
    ]
    assert [one.at for one in found] == [
        NOW.replace(hour=8, minute=0) + DAY,
        NOW.replace(hour=9, minute=0),
        NOW.replace(hour=7, minute=0) + DAY,
    ]
    assert [one.is_due for one in next_digests([profile], [], Moment(NOW), Announcements())] == [
        True,
        True,
        False,
    ]


def stored(target: str, left_out: LeftOut | None, *papers: tuple[str, str]) -> StoredDigest:
    """A digest with these papers, each an id and its interest."""
    scored = (ScoredPaper(make_paper(id_), 1.0, 99.0, interest=interest) for id_, interest in papers)
    digest: dict[str, Any] = as_json(
        Digest("ada", TODAY, "UTC", NOW, tuple(scored), left_out=left_out or LeftOut())
    )
    if left_out is None:
        del digest["left_out"]
    return StoredDigest("ada", f"ada:maildir:{target}", digest)


PROFILE = make_profile("robots", "cups", "bread")


def test_found_papers() -> None:
    """Each paper counts once, for the interest it was shown under; an interest without any is named too."""
    digests = [
        stored("a", None, ("1", "cups"), ("2", "cups"), ("3", "")),
        stored("a", None, ("4", "an earlier interest")),
        stored("week", None, ("2", "cups"), ("5", "robots")),
    ]
    expected = FoundPapers("ada", 5, (("cups", 2), ("robots", 1), ("bread", 0)), others=2)
    assert found_papers(PROFILE, digests) == expected
    nothing = FoundPapers("ada", 0, (("robots", 0), ("cups", 0), ("bread", 0)))
    assert found_papers(PROFILE, []) == nothing


@pytest.mark.parametrize(
    ("digests", "expected"),
    [
        # digests with papers add up; earlier quiet ones would count the same papers again
        ([(LeftOut(1, 2, 3, 4), 1), (LeftOut(5, 0, 0, 9), 0), (LeftOut(1, 0, 1, 0), 1)], LeftOut(2, 2, 4, 4)),
        ([(LeftOut(1, 0, 0, 0), 1), (LeftOut(5, 0, 0, 0), 0), (LeftOut(7, 0, 0, 0), 0)], LeftOut(8, 0, 0, 0)),
        ([(None, 1), (LeftOut(limit=3), 1)], LeftOut(limit=3)),  # an earlier version recorded none
        ([(None, 1)], None),
    ],
)
def test_what_was_left_out(digests: list[tuple[LeftOut | None, int]], expected: LeftOut | None) -> None:
    """The sum over one subscription, the one that had most papers."""
    theirs = [
        stored("a", left, *[(f"{n}-{m}", "cups") for m in range(count)])
        for n, (left, count) in enumerate(digests)
    ]
    other = stored("b", LeftOut(100, 100, 100, 100))
    assert found_papers(PROFILE, [*theirs, other]).left_out == expected
