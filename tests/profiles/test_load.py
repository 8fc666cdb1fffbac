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
from hypothesis import example, given
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


@pytest.mark.parametrize(
    ("lines", "others", "message"),
    [
        ("was: ada\n", {}, None),
        (
            "was: ada\n",
            {"ada": INTERESTS + DELIVER},
            "ada.yaml is still there, so that nothing that was sent to",
        ),
        ("was: ada\n", {"ada": "limt: 3\n"}, "ada.yaml is still there"),  # it may have been sent to
        ("was: ada\n", {"bo": INTERESTS + DELIVER + "was: ada\n"}, "several profiles were 'ada'"),
    ],
)
def test_a_former_name_that_is_disputed(
    tmp_path: Path, lines: str, others: dict[str, str], message: str | None
) -> None:
    """A problem at the place of the name, which does not count then; the profile is served all the same."""
    (tmp_path / "eve.yaml").write_text(INTERESTS + DELIVER + lines)
    for name, text in others.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    profiles, problems, *_ = load_profiles([tmp_path])
    (eve,) = (profile for profile in profiles if profile.id == "eve")
    found = [problem for problem in problems if problem.file == str(tmp_path / "eve.yaml")]
    assert [(one.line, one.column) for one in found] == [(3, 6)] * bool(message)
    assert eve.was == ("" if message else "ada")
    assert all(message and message in problem.message for problem in found)


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


@example(tree={"like": "library.bib"})
@given(tree=st.dictionaries(st.sampled_from(KEYS), TREES, max_size=5))
def test_no_shape_raises(tree: dict[str, object]) -> None:
    """Nor does any shape of values under the known keys."""
    raises_nothing(yaml.safe_dump(tree, allow_unicode=True).encode())
