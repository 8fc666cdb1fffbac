"""The values of a profile and the ways to write them."""

from __future__ import annotations

from datetime import time

import pytest

from bot.profiles.model import ANNOUNCEMENT, WEEK, Interest, Match, Mute, Reference
from bot.profiles.times import zone_of_city
from tests.profiles.reading import DELIVER, INTERESTS, read, wrong


@pytest.mark.parametrize(
    ("days", "numbers"),
    [
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("Monday - Friday", (0, 1, 2, 3, 4)),
        ("mon–wed", (0, 1, 2)),
        ("mon,thu", (0, 3)),
        ("thurs, tues", (1, 3)),
        ("mon", (0,)),
        ("[mon, thu]", (0, 3)),
        ("[sat-sun, mon]", (0, 5, 6)),
        ("fri-mon", (0, 4, 5, 6)),
        ("sun-sun", (6,)),
        ("daily", WEEK),
        ("every day", WEEK),
        ("weekdays", (0, 1, 2, 3, 4)),
        ("weekends", (5, 6)),
        ("[mon, mon]", (0,)),
    ],
)
def test_days(days: str, numbers: tuple[int, ...]) -> None:
    """Ranges, which may wrap around, lists, and words; in order, each day once."""
    text = days if days.startswith("[") else f'"{days}"'
    assert read(f"{INTERESTS}deliver: [{{maildir: a, days: {text}}}]").deliver[0].days == numbers


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("08:30", time(8, 30)),
        ('"8:30"', time(8, 30)),
        ("'00:00'", time(0, 0)),
        ("Announcement", ANNOUNCEMENT),
    ],
)
def test_delivery_times(at: str, expected: time | str) -> None:
    """With quotes the leading zero is optional; with a leading zero the quotes are."""
    assert read(f"{INTERESTS}deliver: [{{maildir: a, at: {at}}}]").deliver[0].at == expected


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ("cs.LG, hep-th, physics.soc-ph", ("cs.LG", "hep-th", "physics.soc-ph")),
        ("cs.*, q-bio, physics.*, quant-ph.*", ("cs", "q-bio", "physics", "quant-ph")),
        ("robotics, Quantum Physics", ("cs.RO", "quant-ph")),
        ("Machine Learning", ("cs.LG", "stat.ML")),
        ("Computer Science", ("cs",)),
    ],
)
def test_categories(written: str, codes: tuple[str, ...]) -> None:
    """Codes, archives and names; a name that several categories have means all of them."""
    assert read(f"{INTERESTS}{DELIVER}categories: [{written}]").categories == codes
    assert read(f"{INTERESTS}{DELIVER}mute: {{categories: [{written}]}}").mute.categories == codes


def test_whole_names() -> None:
    """A comma says that a single word is a whole name; names in Chinese characters are written without a space."""
    names = '"Suyanto,", "Lovelace, Ada", 李明, Y. LeCun, "van der Berg, Jan Willem", "Davis, Jr., Sammy"'
    profile = read(f'authors: [{names}]\nmute: {{authors: ["MiniMax,"]}}\n{DELIVER}')
    assert profile.authors == (
        *("Suyanto", "Lovelace, Ada", "李明", "Y. LeCun"),
        *("van der Berg, Jan Willem", "Davis, Jr., Sammy"),
    )
    assert profile.mute.authors == ("MiniMax",)


def test_values_are_read_from_their_text() -> None:
    """Ids keep their zeros, numbers may be in quotes, and a word such as `no` is a word."""
    likes = "like: [2502.19400, 'C:  \\emph{on} cups']\n"
    text = f"mute: {{terms: [no, 2048, 8:30, ' a  b ']}}\n{likes}limit: '5'\nthreshold: 80\n{DELIVER}"
    profile = read(text)
    assert profile.mute.terms == ("no", "2048", "8:30", "a b")
    assert profile.like == (Reference("arxiv:2502.19400"), Reference(title="C: on cups"))
    assert (profile.limit, profile.threshold) == (5, 80.0)


@pytest.mark.parametrize(
    ("text", "threshold"),
    [("auto", Match.GOOD), ("strong", Match.STRONG), (" Partial ", Match.PARTIAL), ("99.5", 99.5)],
)
def test_thresholds(text: str, threshold: Match | float) -> None:
    """A word in any case, or a relevance; `auto` is the same as `good`."""
    assert read(f"{INTERESTS}threshold: '{text}'\n{DELIVER}").threshold == threshold


@pytest.mark.parametrize("trick", ["{{7*7}}", "../../etc/passwd", "<script>alert(1)</script>", "%s${HOME}"])
def test_hostile_texts_are_text(trick: str) -> None:
    """Templates, paths and scripts are plain phrases, in a profile and in a message."""
    phrase = f"robots {trick}"
    assert read(f"interests: ['{phrase}']\nabout: '{trick}'\n{DELIVER}").interests == (Interest(phrase),)
    assert trick in wrong(f"{INTERESTS}timezone: '{trick}'\n{DELIVER}")[0][2]


@pytest.mark.parametrize(
    ("written", "share"), [("0", 0.0), ("1", 1.0), ("'0.25'", 0.25), (".5", 0.5), ("", 0.0)]
)
def test_trending_is_a_share(written: str, share: float) -> None:
    """From 0 to 1, as a number or as text; 0 when it is left out."""
    assert read(f"{INTERESTS}trending: {written}\n{DELIVER}").trending == share
    assert read(INTERESTS + DELIVER).trending == 0.0


@pytest.mark.parametrize(
    "phrase",
    [
        *(
            "few-shot",
            "R programming",
            "3D",
            "C++",
            "GPT-4",
            "k-means",
            "learning to rank",
            "世",
            "модели мира",
        ),
        *("A* search", "RRT*", "C*-algebras", "N,N-dimethyl", "1,2-dichloroethane", "R&D costs"),
    ],
)
def test_phrases_that_can_match(phrase: str) -> None:
    """A letter, a number or a stop word is accepted as part of a word or beside one, and so are signs of a field."""
    assert read(f"interests: ['{phrase}']\n{DELIVER}").interests == (Interest(phrase),)
    assert read(f"{INTERESTS}avoid: ['{phrase}']\n{DELIVER}").avoid == (Interest(phrase),)


def test_texts_become_readable() -> None:
    """TeX in phrases, names and `about` is turned into Unicode."""
    profile = read(
        r"""
interests: ['$\ell_1$ norms', {phrase: 'Schr\"odinger bridges'}]
avoid: ['na\"ive Bayes']
authors: ["Paulo Andr\\'e"]
mute: {terms: ['$K$-theory'], authors: ['K. G\"odel']}
about: 'Sampling in $L^2$'
"""
        + DELIVER
    )
    assert [interest.phrase for interest in profile.interests] == ["ℓ₁ norms", "Schrödinger bridges"]
    assert profile.avoid == (Interest("naïve Bayes"),)
    assert profile.authors == ("Paulo André",)
    assert profile.mute == Mute(("K-theory",), ("K. Gödel",))
    assert profile.about == "Sampling in L²"


@pytest.mark.parametrize(
    ("city", "zone"),
    [
        ("Paris", "Europe/Paris"),
        ("new york", "America/New_York"),
        ("Europe/Paris", None),
        ("Atlantis", None),
        ("", None),
    ],
)
def test_zone_of_a_city(city: str, zone: str | None) -> None:
    """The zone whose name ends with the city, without regard to case."""
    assert zone_of_city(city) == zone
