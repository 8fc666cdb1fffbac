"""Profiles that include other files: what they become, the place of every value, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.profiles.include import EffectiveProfile, ProfileReader
from bot.profiles.load import load_profiles
from bot.profiles.model import ChannelName, Interest, Match, Mute

LAB = """\
timezone: Europe/Zurich
interests: [world models, {phrase: Robots, weight: 2}]
about: We build robots.
mute: {terms: [survey], categories: [cs.CY]}
categories: [cs.RO]
threshold: strong
was: old-lab
deliver:
  - {at: "07:15", days: mon-fri}
"""
ADA = """\
include: [lab.yaml]
interests: [{phrase: robots, weight: 3}, grasping]
about: I plan grasps.
mute: {terms: [medical]}
limit: 5
deliver:
  - {maildir: ada}
  - {slack: C0LAB, at: "09:00"}
"""


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def read(folder: Path, files: Mapping[str, str]) -> EffectiveProfile:
    write(folder, files)
    found = ProfileReader().read(folder / "ada.yaml")
    assert (found.problems, found.incomplete) == ((), ())
    assert found.effective
    return found.effective


def test_lists_are_added_up_and_own_values_count(tmp_path: Path) -> None:
    """Own items come first and once; of other keys the own value counts; `was` is not inherited."""
    profile = read(tmp_path, {"ada.yaml": ADA, "lab.yaml": LAB}).profile
    assert profile.interests == (Interest("robots", 3), Interest("grasping"), Interest("world models"))
    assert profile.about == "I plan grasps.\n\nWe build robots."
    assert profile.mute == Mute(("medical", "survey"), (), ("cs.CY",))
    assert (profile.categories, profile.timezone) == (("cs.RO",), "Europe/Zurich")
    assert (profile.limit, profile.threshold, profile.was) == (5, Match.STRONG, "")


def test_terms_that_do_not_count(tmp_path: Path) -> None:
    """Those of `about` are added up; an interest has those of its own entry."""
    lab = (
        "without: [robots]\ninterests: [{phrase: world models, weight: 2}, {phrase: arms, without: [arms]}]\n"
    )
    ada = "include: [lab.yaml]\nwithout: [plans, Robots]\ninterests: [world models]\ndeliver: [{maildir: ada}]\n"
    profile = read(tmp_path, {"ada.yaml": ada, "lab.yaml": lab}).profile
    assert profile.without == ("plans", "Robots")
    assert profile.interests == (Interest("world models"), Interest("arms", without=("arms",)))


def test_an_entry_without_a_channel_gives_defaults(tmp_path: Path) -> None:
    """Of `deliver` in an included file, entries without a channel fill in what own entries leave out."""
    profile = read(tmp_path, {"ada.yaml": ADA, "lab.yaml": LAB}).profile
    assert [(to.channel, f"{to.at:%H:%M}", to.days) for to in profile.deliver] == [
        (ChannelName.MAILDIR, "07:15", (0, 1, 2, 3, 4)),
        (ChannelName.SLACK, "09:00", (0, 1, 2, 3, 4)),
    ]


def test_deliveries_are_inherited_when_there_are_none(tmp_path: Path) -> None:
    """The entries of the first file that has any count, for this profile."""
    lab = LAB + "  - {maildir: lab}\n"
    [to] = read(tmp_path, {"ada.yaml": "include: [lab.yaml]\n", "lab.yaml": lab}).profile.deliver
    assert (to.key, f"{to.at:%H:%M}") == ("ada:maildir:lab", "07:15")


@pytest.mark.parametrize(
    ("loc", "place"),
    [
        (("interests", 0), ("ada.yaml", 2, 13)),
        (("interests", 2), ("lab.yaml", 2, 13)),
        (("mute", "terms", 1), ("lab.yaml", 4, 16)),
        (("limit",), ("ada.yaml", 5, 8)),
        (("threshold",), ("lab.yaml", 6, 12)),
        (("about", 1), ("lab.yaml", 3, 8)),
        (("deliver", 1), ("ada.yaml", 8, 5)),
        (("deliver", 0, "at"), ("lab.yaml", 9, 10)),
    ],
)
def test_the_origin_of_each_value(
    tmp_path: Path, loc: tuple[str | int, ...], place: tuple[str, int, int]
) -> None:
    """Each value of the effective profile leads to the file, line and column where it is written."""
    origin = read(tmp_path, {"ada.yaml": ADA, "lab.yaml": LAB}).origins[loc].place
    assert (Path(origin.file).name, origin.line, origin.column) == place


OWN = "interests: [grasping]\ndeliver: [{maildir: ada}]\n"


@pytest.mark.parametrize(
    ("files", "problems"),
    [
        ({"ada.yaml": "include: [lab.yaml]\n" + OWN}, [("ada.yaml", 1, 11, "there is no file 'lab.yaml'")]),
        # Nothing is said about what the missing file may have.
        ({"ada.yaml": "include: [lab.yaml]\n"}, [("ada.yaml", 1, 11, "there is no file 'lab.yaml'")]),
        (
            {"ada.yaml": "include: [lab.yaml]\n", "lab.yaml": "a: [\n"},
            [("lab.yaml", 1, 5, "value is missing")],
        ),
        (
            {"ada.yaml": "include: [lab.yml]\n", "lab.yaml": OWN},
            [("ada.yaml", 1, 11, "no file 'lab.yml' beside this profile: did you mean 'lab.yaml'?")],
        ),
        (
            {"ada.yaml": "include: [s/lab]\n", "s/lab.yml": OWN},
            [("ada.yaml", 1, 11, "did you mean 's/lab.yml'?")],
        ),
        (
            {"ada.yaml": "include: [b.yaml]\n" + OWN, "b.yaml": "avoid: [xy]\ninterests: [xy]\n"},
            [("b.yaml", 2, 13, "this is also under `avoid`, in line 1")],
        ),
        ({"ada.yaml": "include: [b.yaml]\n" + OWN, "b.yaml": "avoid: [grasping]\n"}, []),
        ({"ada.yaml": "include: [../x.yaml]\n" + OWN}, [("ada.yaml", 1, 11, "own folder: write its name")]),
        ({"ada.yaml": "include: [ada.yaml]\n" + OWN}, [("ada.yaml", 1, 11, "ada.yaml → ada.yaml")]),
        (
            {"ada.yaml": "include: [b.yaml]\n" + OWN, "b.yaml": "include:\n  - ada.yaml\n"},
            [("b.yaml", 2, 5, "include each other: ada.yaml → b.yaml → ada.yaml; remove one `include`")],
        ),
        (
            {"ada.yaml": "include: [s/b.yaml]\n" + OWN, "s/b.yaml": "limt: 3\n"},
            [("b.yaml", 1, 1, "did you mean 'limit'")],
        ),
        ({"ada.yaml": "include: lab.yaml\n" + OWN}, [("ada.yaml", 1, 10, "write `include: [lab.yaml]`")]),
        (
            {"ada.yaml": "include: [b.yaml]\n", "b.yaml": "limit: 3\n"},
            [("ada.yaml", 1, 1, "nothing to look for"), ("ada.yaml", 1, 1, "nowhere to deliver")],
        ),
        (
            {
                "ada.yaml": "include: [f1.yaml]\n" + OWN,
                **{f"f{n}.yaml": f"include: [f{n + 1}.yaml]\n" for n in range(1, 6)},
                "f6.yaml": "limit: 3\n",
            },
            [("f5.yaml", 1, 11, "more than 5 deep: include 'f6.yaml' higher up")],
        ),
    ],
)
def test_problems_of_included_files(
    tmp_path: Path, files: Mapping[str, str], problems: list[tuple[str, int, int, str]]
) -> None:
    """Each is reported once, in the file and at the place where it can be mended."""
    write(tmp_path, files)
    read = ProfileReader().read(tmp_path / "ada.yaml")
    found = sorted([*read.problems, *read.incomplete])
    assert [(Path(p.file).name, p.line, p.column) for p in found] == [problem[:3] for problem in problems]
    for problem, (*_, says) in zip(found, problems, strict=True):
        assert says in problem.message


def test_a_file_that_others_include_is_not_a_profile(tmp_path: Path) -> None:
    """It may lack what a profile needs; nothing is reported of it, and a complete one is a profile as well."""
    write(tmp_path, {"ada.yaml": ADA, "lab.yaml": LAB, "team.yaml": OWN, "bo.yaml": "include: [team.yaml]\n"})
    profiles, problems, *_ = load_profiles([tmp_path])
    assert ([profile.id for profile in profiles], problems) == (["ada", "bo", "team"], ())
    assert load_profiles([tmp_path]).includers == {"lab": ("ada",), "team": ("bo",)}
    (tmp_path / "ada.yaml").unlink()
    _, problems, *_ = load_profiles([tmp_path])
    assert {(Path(problem.file).name, problem.line) for problem in problems} == {("lab.yaml", 9)}


def test_many_files_with_one_broken_include(tmp_path: Path) -> None:
    """A broken shared file is reported once, and stops only those that include it."""
    files = {f"p{n}.yaml": "include: [lab.yaml]\n" * (n < 3) + OWN for n in range(6)}
    write(tmp_path, {**files, "lab.yaml": "limit: many\n"})
    profiles, problems, *_ = load_profiles([tmp_path])
    assert [profile.id for profile in profiles] == ["p3", "p4", "p5"]
    assert [Path(problem.file).name for problem in problems] == ["lab.yaml"]
