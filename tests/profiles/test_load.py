"""Profile files: what is read from them, and the problems of wrong ones with their places."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import closing
from datetime import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UserError
from bot.profiles.include import parse_profile
from bot.profiles.load import load_profiles
from bot.profiles.model import WEEK, ChannelName, Interest, Match, Mute, Profile, Reference, Subscription
from tests.profiles.reading import BIBTEX, DELIVER, EXAMPLE, INTERESTS, read, wrong


def test_the_documented_example(tmp_path: Path) -> None:
    """The profile of the documentation, with every key."""
    (tmp_path / "library.bib").write_text(BIBTEX)
    assert read(EXAMPLE, tmp_path) == Profile(
        id="ada",
        timezone="Europe/Paris",
        interests=(Interest("reward modelling", 1.0), Interest("world models", 2.0)),
        about="I work on exploration in reinforcement learning for robots that learn from little data.",
        like=(
            Reference("arxiv:2502.19402"),
            Reference("arxiv:2412.13337"),
            Reference("arxiv:2412.00001", "The First Work", "It is long."),
            Reference("doi:10.1000/xyz", "A second"),
        ),
        dislike=(Reference("arxiv:2301.00001"),),
        authors=("Seungwook Han", "Pulkit Agrawal"),
        avoid=(Interest("medical imaging"),),
        mute=Mute(terms=("survey",), categories=("cs.CY",)),
        categories=("cs.LG", "cs.AI"),
        limit=10,
        threshold=Match.GOOD,
        window=7,
        deliver=(
            Subscription("ada", ChannelName.SLACK, "C0PAPERS", time(8, 30), (0, 1, 2, 3, 4)),
            Subscription("ada", ChannelName.EMAIL, "ada@example.org", time(7, 0), (0, 3)),
            Subscription("ada", ChannelName.MAILDIR, "ada", time(8, 0), WEEK),
        ),
    )


@pytest.mark.parametrize("key", ["interests: [xy]", "about: xy", "like: [2502.19402]", "authors: [A B]"])
def test_one_interest_and_one_delivery_are_enough(key: str) -> None:
    """Every other key has its default."""
    profile = read(f"{key}\n{DELIVER}")
    assert (profile.timezone, profile.limit, profile.window, profile.threshold) == ("UTC", 10, 7, Match.GOOD)


def test_empty_values_count_as_absent() -> None:
    """A key without a value is not a mistake."""
    empty = "".join(
        f"{key}:\n" for key in ("timezone", "about", "like", "mute", "limit", "threshold", "avoid")
    )
    entry = "{maildir: a, at: , days: ~, slack: }"
    assert read(f"{empty}{INTERESTS}deliver: [{entry}]\n") == read(f"{INTERESTS}mute: {{terms: }}\n{DELIVER}")


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("intrests: [a]\n" + INTERESTS, 1, 1, "did you mean 'interests'?"),
        (INTERESTS + "zzz: 1\n", 2, 1, "known here are timezone, interests,"),
        (INTERESTS + "mute: {term: [a]}\n", 2, 8, "did you mean 'terms'?"),
        (INTERESTS + "<<: {a: b}\n", 2, 1, "unknown key '<<'"),
        ("interests: [{phrase: xy, wieght: 2}]\n", 1, 26, "did you mean 'weight'?"),
        ("interests: [{phrse: xy}]\n", 1, 14, "did you mean 'phrase'?"),
        ("interests: [{weight: 2}]\n", 1, 13, "'phrase' is missing"),
        ("interests: [world models: 2]\n", 1, 13, "{phrase: world models, weight: 2}"),
        ("interests: [[x]]\n", 1, 13, "not a list"),
        ("interests: [xy, '']\n", 1, 17, "empty"),
        ("interests:\n  - xy\n  -\n", 3, 4, "not nothing"),
        ("interests: reward modelling\n", 1, 12, "write `interests: [reward modelling]`"),
        ('interests: "a, b"\n', 1, 12, 'write `interests: ["a, b"]`'),
        ("interests: {a: 2}\n", 1, 12, "put a dash before each entry of `interests`"),
        ("interests: [{phrase: xy, weight: 101}]\n", 1, 34, "a number above 0 and up to 100, not '101'"),
        ("interests: [{phrase: xy, weight: nan}]\n", 1, 34, "not 'nan'"),
        ("interests: [{phrase: xy, weight: [2]}]\n", 1, 34, "not a list"),
        (INTERESTS + "avoid: [{phrase: xy, weight: -1}]\n", 2, 30, "above 0"),
        ("about: [x]\n", 1, 8, "expected a text here, not a list"),
        ("authors: [{Han: Seungwook}]\n", 1, 11, "put a text with a colon in quotes"),
        ("authors: Ada Lovelace\n", 1, 10, "write `authors: [Ada Lovelace]`"),
        (INTERESTS + "mute: [survey]\n", 2, 7, "a mapping such as {terms: [survey]"),
        (INTERESTS + "mute: {categories: cs.LG}\n", 2, 20, "write `categories: [cs.LG]`"),
        (INTERESTS + "categories: [CS.lg]\n", 2, 14, "did you mean cs.LG?"),
        (INTERESTS + "categories: [Hep-Th]\n", 2, 14, "did you mean hep-th?"),
        (INTERESTS + "categories: [cs.learning]\n", 2, 14, "not an arXiv category"),
        (INTERESTS + "limit: 0\n", 2, 8, "`limit` is a whole number from 1 to 100, not '0'"),
        (INTERESTS + "limit: 101\n", 2, 8, "from 1 to 100"),
        (INTERESTS + "limit: yes\n", 2, 8, "not 'yes'"),
        (INTERESTS + "limit: 2.5\n", 2, 8, "whole number"),
        (INTERESTS + "limit: {}\n", 2, 8, "not a mapping"),
        (INTERESTS + "window: 91\n", 2, 9, "from 1 to 90"),
        (
            INTERESTS + "threshold: none\n",
            2,
            12,
            "`threshold` is auto, strong, good, partial, or a number from 0 to 100, not 'none'",
        ),
        (INTERESTS + "threshold: 100.5\n", 2, 12, "from 0 to 100, not '100.5'"),
        (INTERESTS + "threshold: nan\n", 2, 12, "not 'nan'"),
        (INTERESTS + "threshold: [good]\n", 2, 12, "not a list"),
        (INTERESTS + "trending: 1.01\n", 2, 11, "from 0 to 1"),
        (INTERESTS + "trending: -0.1\n", 2, 11, "from 0 to 1"),
        (INTERESTS + "trending: nan\n", 2, 11, "'nan'"),
        (INTERESTS + "trending: a lot\n", 2, 11, "'a lot'"),
        (INTERESTS + "trending: [1]\n", 2, 11, "not a list"),
        ("trending: 1\n", 1, 1, "nothing to look for"),
        ("interests: [the who, xy]\n", 1, 13, "'the who' is too general"),
        ("interests: [xy, R]\n", 1, 17, "'R' is too general"),
        ("interests: [xy, {weight: 2, phrase: 42}]\n", 1, 37, "'42' is too general"),
        (INTERESTS + "avoid:\n  - to be or not to be\n", 3, 5, "add a specific word"),
        (INTERESTS + "avoid: [¿?]\n", 2, 9, "is too general"),
        (INTERESTS + "timezone: Europe/Pariss\n", 2, 11, "did you mean Europe/Paris?"),
        (INTERESTS + "timezone: europe/paris\n", 2, 11, "did you mean Europe/Paris?"),
        (INTERESTS + "timezone: Paris\n", 2, 11, "did you mean Europe/Paris?"),
        (INTERESTS + "timezone: New York\n", 2, 11, "did you mean America/New_York?"),
        (INTERESTS + "timezone: ../../etc/passwd\n", 2, 11, "not a time zone"),
        ("like: [2502.194]\n", 1, 8, "not an arXiv id"),
        (
            "like: [2502.19402, Attention]\n",
            1,
            20,
            "not an arXiv id, a DOI, a paper's address, a title or a lib",
        ),
        ("like: [2502.1940]\n", 1, 8, "five since 2015"),
        ("like: [arXiv 2502.194]\n", 1, 8, "not an arXiv id"),
        ("like: [arxiv 2502.19402]\n", 1, 8, "write only 2502.19402"),
        ("like: ['Cups, doi:10.1000/a']\n", 1, 8, "write only doi:10.1000/a, or only the title"),
        ("like: [[a]]\n", 1, 8, "not a list"),
        ("\n\nlimit: 3\n", 3, 1, "nothing to look for"),
        ("interests: []\nabout: '  '\nlike:\n", 1, 1, "nothing to look for"),
        ("dislike: [2502.19402]\nmute: {terms: [x]}\n", 1, 1, "nothing to look for"),
    ],
)
def test_mistakes(text: str, line: int, column: int, says: str) -> None:
    """One mistake is one problem, at the place of the mistake, with what to write instead."""
    [(at_line, at_column, message)] = wrong(text + DELIVER)
    assert (at_line, at_column) == (line, column)
    assert says in message


@pytest.mark.parametrize(
    ("entry", "column", "says"),
    [
        ("{slack: papers}", 13, '"#papers"'),
        ("{slack: }", 6, 'put a name in quotes, such as "#papers"'),
        ("{email: nobody}", 13, "e-mail address"),
        ('{email: "a@x.org\\nBcc: b@x.org"}', 13, "e-mail address"),
        ("{maildir: ../ada}", 15, "not a simple name"),
        ("{maildir: /tmp/x}", 15, "not a simple name"),
        ("{maildir: .hidden}", 15, "not a simple name"),
        ("{maildir: %s}" % ("a" * 65), 15, "not a simple name"),
        ("{maildir: a, slack: C0PAPERS}", 18, "another entry for slack"),
        ("{at: '08:30'}", 5, "one of slack, email, maildir"),
        ("{}", 5, "one of slack, email, maildir"),
        ("{mail: a@x.org}", 6, "did you mean 'email'?"),
        ("a@x.org", 5, "{email: ada@example.org}"),
        ("{maildir: a, at: 8:30}", 22, 'YAML reads 8:30 as the number 510: write it in quotes: "08:30"'),
        ("{maildir: a, at: 18:30}", 22, 'the number 1110: write it in quotes: "18:30"'),
        ("{maildir: a, at: '24:00'}", 22, "not a time of day"),
        ("{maildir: a, at: 8am}", 22, "not a time of day"),
        ("{maildir: a, at: [8]}", 22, "not a list"),
        ("{maildir: a, days: funday}", 24, "'funday' is not a day"),
        ("{maildir: a, days: [mon, mo]}", 30, "'mo' is not a day"),
        ("{maildir: a, days: mon-}", 24, "is not a day"),
        ("{email: a@x.org, on_uncertain: drop}", 36, "neither resend nor hold"),
        ("{slack: C0PAPERS, on_uncertain: hold}", 23, "for email only"),
        ("{maildir: a, days: []}", 24, "leave `days` out for every day"),
        ("{maildir: a, days: {mon: x}}", 24, "expected a text here"),
    ],
)
def test_mistakes_in_deliver(entry: str, column: int, says: str) -> None:
    """An entry names one channel with a possible target, and a time that YAML does not change."""
    [(line, at_column, message)] = wrong(f"{INTERESTS}deliver:\n  - {entry}\n")
    assert (line, at_column) == (3, column)
    assert says in message


@pytest.mark.parametrize("text", ["", "deliver:\n", "deliver: []\n"])
def test_there_must_be_a_delivery(text: str) -> None:
    """A profile without deliveries is a mistake, at the start of the mapping."""
    assert [(line, column) for line, column, _ in wrong(INTERESTS + text)] == [(1, 1)]


def test_the_same_delivery_twice_is_a_mistake() -> None:
    """A target gets one digest a day: it may be named again, in any spelling, only for other days."""
    entries = [
        "{email: a@X.org, days: mon-fri}",
        "{email: A@x.org, at: '9:00', days: daily}",
        "{email: a@x.org, at: '20:00', days: fri}",
    ]
    text = INTERESTS + "deliver:\n" + "".join(f"  - {entry}\n" for entry in entries)
    assert [(line, column) for line, column, _ in wrong(text)] == [(4, 5), (5, 5)]
    assert len(read(text.replace("daily", "sat").replace("days: fri", "days: sun")).deliver) == 3


# --- Files -------------------------------------------------------------------------------------------------


def test_yaml_files_of_a_folder(tmp_path: Path) -> None:
    """Other files and hidden ones are skipped; profiles are sorted by id; a file counts once."""
    for name in ("b.yml", "a.yaml", ".hidden.yaml", "notes.txt", "C.YAML"):
        (tmp_path / name).write_text(INTERESTS + DELIVER)
    profiles, problems, *_ = load_profiles([tmp_path / "b.yml", tmp_path, tmp_path / "a.yaml"])
    assert [p.id for p in profiles] == ["C", "a", "b"]
    assert problems == ()


def test_two_files_of_one_name(tmp_path: Path) -> None:
    """The first one gets the id; the second is a problem that names the first."""
    for name in ("ada.yaml", "ada.yml"):
        (tmp_path / name).write_text(INTERESTS + DELIVER)
    profiles, [problem], *_ = load_profiles([tmp_path])
    assert [p.id for p in profiles] == ["ada"]
    assert (problem.file, problem.line, problem.column) == (str(tmp_path / "ada.yml"), 1, 1)
    assert str(tmp_path / "ada.yaml") in problem.message


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    """A missing path is an error of the user, who named it."""
    with pytest.raises(UserError, match=r"nowhere\.yaml"):
        load_profiles([tmp_path / "nowhere.yaml"])


def _socket(path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as one:
        one.bind(path.name)  # relative: a socket's path is short


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: path.symlink_to("nowhere"), "No such file"),
        (lambda path: path.symlink_to(path), "symbolic links"),
        (os.mkfifo, "it is a pipe or a device, not a file"),
        (_socket, "No such device"),
        (Path.mkdir, "it is a folder, not a file"),
        (lambda path: path.write_bytes(b"#" * 300_000), "larger than 256 KB"),
    ],
)
def test_a_bad_file_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], object], why: str
) -> None:
    """A file that cannot be read is one problem, without waiting; the rest is loaded."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "a.yaml")
    (tmp_path / "b.yaml").write_text(INTERESTS + DELIVER)
    profiles, [problem], *_ = load_profiles([tmp_path])
    assert [p.id for p in profiles] == ["b"]
    assert (problem.file, problem.line, problem.column) == (str(tmp_path / "a.yaml"), 1, 1)
    assert why in problem.message


@pytest.mark.parametrize("name", ["-a.yaml", "a:b.yaml", "zoë.yaml", "a{{b}}.yaml"])
def test_names_that_are_not_ids(name: str) -> None:
    """An id is a simple name; the problem is placed at the start of the file."""
    profile, [problem] = parse_profile(
        (INTERESTS + DELIVER).encode(), file=os.path.join("p", name), folder=None
    )
    assert profile is None
    assert (problem.line, problem.column) == (1, 1)
    assert "cannot name a profile" in problem.message


# --- Any content ----------------------------------------------------------------------------------------

KEYS = [
    "interests",
    "about",
    "like",
    "authors",
    "mute",
    "deliver",
    "limit",
    "at",
    "days",
    "slack",
    "email",
    "phrase",
]
LEAVES = st.one_of(
    st.none(), st.text(max_size=8), st.integers(), st.floats(), st.sampled_from(["8:30", "x.bib"])
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


def raises_nothing(data: bytes) -> None:
    profile, problems = parse_profile(data, file="f.yaml", folder=Path(__file__).parent)
    assert (profile is None) is bool(problems)
    assert all(p.line >= 1 and p.column >= 1 and "\n" not in p.message for p in problems)


@given(text=st.text(alphabet=st.sampled_from(list("ab: -[]{}&*!|>'\"#,\n\tdelivr")), max_size=80))
def test_no_yaml_raises(text: str) -> None:
    """For any text there is a profile or a problem."""
    raises_nothing(f"{DELIVER}like: {text}".encode())
    raises_nothing(text.encode())


@given(tree=st.dictionaries(st.sampled_from(KEYS), TREES, max_size=5))
def test_no_shape_raises(tree: dict[str, object]) -> None:
    """Nor does any shape of values under the known keys."""
    raises_nothing(yaml.safe_dump(tree, allow_unicode=True).encode())
