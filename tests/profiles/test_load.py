"""Profiles as people write them, and what they are told when something is wrong."""

from __future__ import annotations

import json
import os
from datetime import time
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UserError
from bot.profiles.load import load_profiles, parse_profile
from bot.profiles.model import WEEK, ChannelName, Interest, Mute, Profile, Reference, Subscription
from bot.profiles.schema import json_schema
from bot.text.addresses import parse_mail_address

EXAMPLE = """\
# yaml-language-server: $schema=./profile.schema.json
timezone: Europe/Paris
interests:                       # words and phrases; a plain string has weight 1
  - reward modelling
  - {phrase: world models, weight: 2}
about: |                         # free text, as one would tell a colleague
  I work on exploration in reinforcement learning for robots that learn from little data.
like: [2502.19402, "https://arxiv.org/abs/2412.13337", library.bib]   # papers to resemble
dislike: ["2301.00001"]
authors: [Seungwook Han, Pulkit Agrawal]      # their papers are always shown, and marked
avoid: [medical imaging]         # lowers the score
mute: {terms: [survey], authors: [], categories: [cs.CY]}   # never shown
categories: [cs.LG, cs.AI]       # only these, for papers whose categories are known
limit: 10                        # most papers in one digest
threshold: auto                  # or a relevance from 0 to 100
window: 7                        # days a paper stays a candidate
deliver:
  - {slack: C0PAPERS, at: "08:30", days: mon-fri}
  - {email: ada@example.org, at: "07:00", days: [mon, thu]}
  - {maildir: ada}
"""
BIBTEX = """\
@article{one, title = {The {First} Work}, eprint = {2412.00001v2}, abstract = {It is
  long.}}
@misc{two, title = "A second", doi = {10.1000/XYZ}}
"""
SOME = "interests: [xy]\n"
DELIVER = "deliver: [{maildir: a}]\n"


def read(text: str, folder: Path | None = None) -> Profile:
    profile, problems = parse_profile(text.encode(), file="ada.yaml", folder=folder)
    assert problems == ()
    assert profile is not None
    return profile


def wrong(text: str, folder: Path | None = None) -> list[tuple[int, int, str]]:
    """Line, column and message of every problem."""
    profile, problems = parse_profile(text.encode(), file="ada.yaml", folder=folder)
    assert profile is None
    assert list(problems) == sorted(problems)
    assert not any("\n" in p.message for p in problems)
    return [(p.line, p.column, p.message) for p in problems]


def test_the_documented_example(tmp_path: Path) -> None:
    """The profile of the documentation is read whole."""
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
        threshold=None,
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
    assert (profile.timezone, profile.limit, profile.window, profile.threshold) == ("UTC", 10, 7, None)


def test_empty_values_count_as_absent() -> None:
    """A key with nothing after it is no mistake."""
    empty = "".join(
        f"{key}:\n" for key in ("timezone", "about", "like", "mute", "limit", "threshold", "avoid")
    )
    entry = "{maildir: a, at: , days: ~, slack: }"
    assert read(f"{empty}{SOME}deliver: [{entry}]\n") == read(f"{SOME}mute: {{terms: }}\n{DELIVER}")


def test_ten_mistakes_in_three_files(tmp_path: Path) -> None:
    """Ten mistakes give ten problems, each at its place, and the fourth file is served."""
    files = {
        "a.yaml": "timezone: Europe/Pariss\nintrests: [a]\nlimit: 500\ndeliver:\n  - {email: nobody, at: 8:30}\n",
        "b.yml": "interests: [xy]\ninterests: [yz]\nauthors: Ada Lovelace\nmute:\n  categories: [cs.lg]\n"
        + DELIVER,
        "c.yaml": "interests:\n  - {phrase: xy, weight: 0}\ndeliver:\n  - {slack: C0PAPERS, days: mon-fry}\n",
        "d.yaml": SOME + DELIVER,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    profiles, problems = load_profiles([tmp_path])
    assert [p.id for p in profiles] == ["d"]
    assert [(Path(p.file).name, p.line, p.column) for p in problems] == [
        ("a.yaml", 1, 11),
        ("a.yaml", 2, 1),
        ("a.yaml", 3, 8),
        ("a.yaml", 5, 13),
        ("a.yaml", 5, 25),
        ("b.yml", 2, 1),
        ("b.yml", 3, 10),
        ("b.yml", 5, 16),
        ("c.yaml", 2, 26),
        ("c.yaml", 4, 29),
    ]
    assert str(problems[0]) == (
        f"{tmp_path / 'a.yaml'}:1:11: 'Europe/Pariss' is no time zone: did you mean Europe/Paris?"
    )


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("intrests: [a]\n" + SOME, 1, 1, "did you mean 'interests'?"),
        (SOME + "zzz: 1\n", 2, 1, "known here are timezone, interests,"),
        (SOME + "mute: {term: [a]}\n", 2, 8, "did you mean 'terms'?"),
        (SOME + "<<: {a: b}\n", 2, 1, "unknown key '<<'"),
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
        (SOME + "avoid: [{phrase: xy, weight: -1}]\n", 2, 30, "above 0"),
        ("about: [x]\n", 1, 8, "a text is wanted here, not a list"),
        ("authors: [{Han: Seungwook}]\n", 1, 11, "holds a colon in quotes"),
        ("authors: Ada Lovelace\n", 1, 10, "write `authors: [Ada Lovelace]`"),
        (SOME + "mute: [survey]\n", 2, 7, "a mapping such as {terms: [survey]"),
        (SOME + "mute: {categories: cs.LG}\n", 2, 20, "write `categories: [cs.LG]`"),
        (SOME + "categories: [CS.lg]\n", 2, 14, "did you mean cs.LG?"),
        (SOME + "categories: [Hep-Th]\n", 2, 14, "did you mean hep-th?"),
        (SOME + "categories: [cs.learning]\n", 2, 14, "no arXiv category"),
        (SOME + "limit: 0\n", 2, 8, "`limit` is a whole number from 1 to 100, not '0'"),
        (SOME + "limit: 101\n", 2, 8, "from 1 to 100"),
        (SOME + "limit: yes\n", 2, 8, "not 'yes'"),
        (SOME + "limit: 2.5\n", 2, 8, "whole number"),
        (SOME + "limit: {}\n", 2, 8, "not a mapping"),
        (SOME + "window: 91\n", 2, 9, "from 1 to 90"),
        (SOME + "threshold: none\n", 2, 12, "auto or a number from 0 to 100, not 'none'"),
        (SOME + "threshold: 100.5\n", 2, 12, "from 0 to 100"),
        (SOME + "trending: 1.01\n", 2, 11, "from 0 to 1"),
        (SOME + "trending: -0.1\n", 2, 11, "from 0 to 1"),
        (SOME + "trending: nan\n", 2, 11, "'nan'"),
        (SOME + "trending: a lot\n", 2, 11, "'a lot'"),
        (SOME + "trending: [1]\n", 2, 11, "not a list"),
        ("trending: 1\n", 1, 1, "there is no interest"),
        ("interests: [the who, xy]\n", 1, 13, "'the who' can match nothing"),
        ("interests: [xy, R]\n", 1, 17, "'R' can match nothing"),
        ("interests: [xy, {weight: 2, phrase: 42}]\n", 1, 37, "'42' can match nothing"),
        (SOME + "avoid:\n  - to be or not to be\n", 3, 5, "add a word of its subject"),
        (SOME + "avoid: [¿?]\n", 2, 9, "can match nothing"),
        (SOME + "timezone: europe/paris\n", 2, 11, "did you mean Europe/Paris?"),
        (SOME + "timezone: Paris\n", 2, 11, "did you mean Europe/Paris?"),
        (SOME + "timezone: New York\n", 2, 11, "did you mean America/New_York?"),
        (SOME + "timezone: ../../etc/passwd\n", 2, 11, "no time zone"),
        ("like: [2502.194]\n", 1, 8, "no arXiv id"),
        ("like: [2502.19402, Attention is all you need]\n", 1, 20, "no arXiv id"),
        ("like: [[a]]\n", 1, 8, "not a list"),
        ("\n\nlimit: 3\n", 3, 1, "there is no interest"),
        ("interests: []\nabout: '  '\nlike:\n", 1, 1, "there is no interest"),
        ("dislike: [2502.19402]\nmute: {terms: [x]}\n", 1, 1, "there is no interest"),
    ],
)
def test_each_mistake_has_its_place_and_its_remedy(text: str, line: int, column: int, says: str) -> None:
    """One mistake is one problem, where it was made, with what to write instead."""
    [(at_line, at_column, message)] = wrong(text + DELIVER)
    assert (at_line, at_column) == (line, column)
    assert says in message


@pytest.mark.parametrize(
    ("entry", "column", "says"),
    [
        ("{slack: papers}", 13, '"#papers"'),
        ("{slack: c0papers}", 13, "C0PAPERS"),
        ("{slack: '#a b'}", 13, "not a Slack channel"),
        ("{slack: }", 6, 'put a name in quotes, such as "#papers"'),
        ("{email: nobody}", 13, "not an e-mail address"),
        ("{email: a b@x.org}", 13, "not an e-mail address"),
        ('{email: "a@x.org\\nBcc: b@x.org"}', 13, "not an e-mail address"),
        ("{email: 'Ada <a@x.org>'}", 13, "not an e-mail address"),
        ("{maildir: ../ada}", 15, "no simple name"),
        ("{maildir: /tmp/x}", 15, "no simple name"),
        ("{maildir: .hidden}", 15, "no simple name"),
        ("{maildir: %s}" % ("a" * 65), 15, "no simple name"),
        ("{maildir: a, slack: C0PAPERS}", 18, "another entry for slack"),
        ("{at: '08:30'}", 5, "one of slack, email and maildir"),
        ("{}", 5, "one of slack, email and maildir"),
        ("{mail: a@x.org}", 6, "did you mean 'email'?"),
        ("a@x.org", 5, "{email: ada@example.org}"),
        ("{maildir: a, at: 8:30}", 22, 'YAML reads 8:30 as the number 510: write it in quotes: "08:30"'),
        ("{maildir: a, at: 18:30}", 22, 'the number 1110: write it in quotes: "18:30"'),
        ("{maildir: a, at: '24:00'}", 22, "no time of day"),
        ("{maildir: a, at: 8am}", 22, "no time of day"),
        ("{maildir: a, at: [8]}", 22, "not a list"),
        ("{maildir: a, days: funday}", 24, "'funday' is no day"),
        ("{maildir: a, days: [mon, mo]}", 30, "'mo' is no day"),
        ("{maildir: a, days: mon-}", 24, "is no day"),
        ("{maildir: a, days: []}", 24, "leave `days` out for every day"),
        ("{maildir: a, days: {mon: x}}", 24, "a text is wanted"),
    ],
)
def test_each_mistake_of_a_delivery(entry: str, column: int, says: str) -> None:
    """A delivery names one channel with a target that can be, and a time that YAML leaves alone."""
    [(line, at_column, message)] = wrong(f"{SOME}deliver:\n  - {entry}\n")
    assert (line, at_column) == (3, column)
    assert says in message


@pytest.mark.parametrize("text", ["", "deliver:\n", "deliver: []\n"])
def test_there_must_be_a_delivery(text: str) -> None:
    """A profile that delivers nowhere is a mistake of the whole file."""
    assert [(line, column) for line, column, _ in wrong(SOME + text)] == [(1, 1)]


def test_the_same_delivery_twice_is_a_mistake() -> None:
    """A target gets one digest a day: to name it again, however written, is a mistake unless the days differ."""
    entries = [
        "{email: a@X.org, days: mon-fri}",
        "{email: A@x.org, at: '9:00', days: daily}",
        "{email: a@x.org, at: '20:00', days: fri}",
    ]
    text = SOME + "deliver:\n" + "".join(f"  - {entry}\n" for entry in entries)
    assert [(line, column) for line, column, _ in wrong(text)] == [(4, 5), (5, 5)]
    assert len(read(text.replace("daily", "sat").replace("days: fri", "days: sun")).deliver) == 3


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
def test_days_as_people_write_them(days: str, numbers: tuple[int, ...]) -> None:
    """Ranges, which may wrap, lists, and words; in order, each day once."""
    text = days if days.startswith("[") else f'"{days}"'
    assert read(f"{SOME}deliver: [{{maildir: a, days: {text}}}]").deliver[0].days == numbers


@pytest.mark.parametrize(("at", "expected"), [("08:30", (8, 30)), ('"8:30"', (8, 30)), ("'00:00'", (0, 0))])
def test_times_of_day(at: str, expected: tuple[int, int]) -> None:
    """In quotes a leading zero may be missing; with one, quotes may."""
    assert read(f"{SOME}deliver: [{{maildir: a, at: {at}}}]").deliver[0].at == time(*expected)


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("ada@example.org", "ada@example.org"),
        ("Ada@EXAMPLE.org", "Ada@example.org"),
        ("ada@localhost", "ada@localhost"),
        ("ada@Lab.Local", "ada@lab.local"),
        ("ada@mail.test", "ada@mail.test"),
        ("ada@intranet", "ada@intranet"),
        ("ada@bücher.de", "ada@xn--bcher-kva.de"),
        ("žofie@example.org", "žofie@example.org"),
    ],
)
def test_addresses_go_to_servers_of_the_lab_too(written: str, address: str) -> None:
    """Nothing is looked up; a host need not be known to the world."""
    assert parse_mail_address(written) == address


@pytest.mark.parametrize("target", ["C0PAPERS", "G012", "D0ADA", "U0ADA", "#papers", "#lab-papers_1"])
def test_slack_targets(target: str) -> None:
    """Ids of channels, groups, conversations and people, and names of channels."""
    assert read(f"{SOME}deliver: [{{slack: '{target}'}}]").deliver[0].target == target


@pytest.mark.parametrize(
    "category",
    ["cs.LG", "hep-th", "astro-ph.GA", "math.OC", "physics.soc-ph", "cond-mat.mes-hall", "q-bio.NC"],
)
def test_categories_as_arxiv_writes_them(category: str) -> None:
    """Archives and their subjects, in arXiv's own case."""
    assert read(f"{SOME}{DELIVER}categories: [{category}]").categories == (category,)


def test_values_are_read_from_their_text() -> None:
    """Ids keep their zeros, numbers may stand in quotes, and a word such as `no` is a word."""
    text = f"mute: {{terms: [no, 2048, 8:30, ' a  b ']}}\nlike: [2502.19400]\nlimit: '5'\nthreshold: 80\n{DELIVER}"
    profile = read(text)
    assert profile.mute.terms == ("no", "2048", "8:30", "a b")
    assert profile.like == (Reference("arxiv:2502.19400"),)
    assert (profile.limit, profile.threshold) == (5, 80.0)


@pytest.mark.parametrize("trick", ["{{7*7}}", "../../etc/passwd", "<script>alert(1)</script>", "%s${HOME}"])
def test_tricks_are_text(trick: str) -> None:
    """What would be a template, a path or a script elsewhere is a phrase here, and does not upset a message."""
    phrase = f"robots {trick}"
    assert read(f"interests: ['{phrase}']\nabout: '{trick}'\n{DELIVER}").interests == (Interest(phrase),)
    assert trick in wrong(f"{SOME}timezone: '{trick}'\n{DELIVER}")[0][2]


@pytest.mark.parametrize(
    ("written", "share"), [("0", 0.0), ("1", 1.0), ("'0.25'", 0.25), (".5", 0.5), ("", 0.0)]
)
def test_trending_is_a_share(written: str, share: float) -> None:
    """From nothing to all, as a number or as its text; nothing when it is left out."""
    assert read(f"{SOME}trending: {written}\n{DELIVER}").trending == share
    assert read(SOME + DELIVER).trending == 0.0


@pytest.mark.parametrize(
    "phrase",
    ["few-shot", "R programming", "3D", "C++", "GPT-4", "k-means", "learning to rank", "世", "модели мира"],
)
def test_phrases_that_can_match(phrase: str) -> None:
    """A letter, a number or a stop word is fine where it belongs to a word."""
    profile = read(f"interests: ['{phrase}']\navoid: ['{phrase}']\n{DELIVER}")
    assert profile.interests == profile.avoid == (Interest(phrase),)


# --- BibTeX ------------------------------------------------------------------------------------------------


def bib(folder: Path, content: str | bytes, name: str = "l.bib") -> str:
    """A profile that likes a .bib file of this content."""
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return f"like: [{name}]\n{DELIVER}"


@pytest.mark.parametrize(
    ("entry", "reference"),
    [
        ("@misc{k, eprint={2502.19400}, archivePrefix={arXiv}}", Reference("arxiv:2502.19400")),
        ("@misc{k, arxiv={https://arxiv.org/abs/2502.19402v2}}", Reference("arxiv:2502.19402")),
        ("@misc{k, url={https://doi.org/10.1000/A}, Title={T}}", Reference("doi:10.1000/a", "T")),
        ("@misc{k, journal={arXiv preprint arXiv:2502.19402}}", Reference("arxiv:2502.19402")),
        ("@misc{k, eprint={12345}, title={T}}", Reference(None, "T")),
        ("@misc{k, url={https://example.org/x}, title={T}}", Reference(None, "T")),
        ("@misc{k, title={T}, title={U}}", Reference(None, "U")),
        ("@misc{k, title={T}}\n@misc{l, note={nothing}}", Reference(None, "T")),
        ('@comment{x}\n@string{s = {v}}\n@misc(k, title = "T")', Reference(None, "T")),
    ],
)
def test_bibtex_entries(tmp_path: Path, entry: str, reference: Reference) -> None:
    """An entry is worth its id, its title, or both; one with neither is passed over."""
    assert read(bib(tmp_path, entry), tmp_path).like == (reference,)


def test_a_citation_key_that_is_there_twice_is_two_entries(tmp_path: Path) -> None:
    """Exports hold doubled keys; both entries are papers."""
    likes = read(
        bib(tmp_path, "@misc{k, title={T}}\n@misc{k, title={U}, eprint={2502.19402}}"), tmp_path
    ).like
    assert likes == (Reference(None, "T"), Reference("arxiv:2502.19402", "U"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("@misc{a, title={T}}\n\n@misc{b, title={T}\n", "line 3: this entry cannot be read"),
        ("@misc{a title={T}}", "line 1"),
        ("only words", "holds no entry"),
        ("", "holds no entry"),
        ("@misc{a, year={2020}}", "holds no entry"),
        (b"@misc{a,\n title={\xe9}}", "line 2: this is not UTF-8"),
    ],
)
def test_a_bib_file_that_cannot_be_read(
    tmp_path: Path, content: str | bytes, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The problem stands where the profile names the file, and says which of its lines; nothing else is said."""
    [(line, column, message)] = wrong(bib(tmp_path, content), tmp_path)
    assert (line, column) == (1, 8)
    assert says in message
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing.bib", "there is no file 'missing.bib'"),
        ("../l.bib", "profile's own folder"),
        ("sub/../../l.bib", "profile's own folder"),
        ("/etc/l.bib", "profile's own folder"),
        ("'C:\\l.bib'", "profile's own folder"),
        ("'..\\l.bib'", "profile's own folder"),
        ('"a\\0.bib"', "there is no file 'a.bib'"),
        ("out.bib", "link out of the profile's folder"),
        ("linked/l.bib", "link out of the profile's folder"),
        ("circle.bib", "cannot be read"),
        ("folder.bib", "cannot be read"),
        (f"{'x' * 300}.bib", "cannot be read"),
    ],
)
def test_bib_files_stay_in_the_profiles_folder(tmp_path: Path, name: str, says: str) -> None:
    """No path, no dots and no link lead elsewhere, and nothing of what is there is told."""
    home = tmp_path / "home"
    (home / "folder.bib").mkdir(parents=True)
    (tmp_path / "l.bib").write_text("@misc{secret, title={T}}")
    (home / "out.bib").symlink_to(tmp_path / "l.bib")
    (home / "linked").symlink_to(tmp_path)
    (home / "circle.bib").symlink_to(home / "circle.bib")
    [(line, column, message)] = wrong(f"like: [{name}]\n{DELIVER}", home)
    assert (line, column) == (1, 8)
    assert says in message


def test_bib_files_in_the_folder(tmp_path: Path) -> None:
    """A sub-folder, a link that stays inside, and a .bib ending in capitals will do."""
    (tmp_path / "sub").mkdir()
    bib(tmp_path / "sub", "@misc{a, title={T}}", "L.BIB")
    (tmp_path / "link.bib").symlink_to("sub/L.BIB")
    assert len(read(f"like: [sub/L.BIB, link.bib]\n{DELIVER}", tmp_path).like) == 2


def test_a_profile_without_a_folder_has_no_bib_files() -> None:
    """A profile that is no file has nowhere to look."""
    assert [(line, column) for line, column, _ in wrong(f"like: [l.bib]\n{DELIVER}")] == [(1, 8)]


# --- Files -------------------------------------------------------------------------------------------------


def test_folders_hold_yaml_files_that_are_not_hidden(tmp_path: Path) -> None:
    """Other files, hidden ones and folders are passed over; profiles come by id; a file counts once."""
    for name in ("b.yml", "a.yaml", ".hidden.yaml", "notes.txt", "C.YAML"):
        (tmp_path / name).write_text(SOME + DELIVER)
    (tmp_path / "folder.yaml").mkdir()
    profiles, problems = load_profiles([tmp_path / "b.yml", tmp_path, tmp_path / "a.yaml"])
    assert [p.id for p in profiles] == ["C", "a", "b"]
    assert problems == ()


def test_two_files_of_one_name(tmp_path: Path) -> None:
    """The first keeps the id; the second is a problem that names the first."""
    for name in ("ada.yaml", "ada.yml"):
        (tmp_path / name).write_text(SOME + DELIVER)
    profiles, [problem] = load_profiles([tmp_path])
    assert [p.id for p in profiles] == ["ada"]
    assert (problem.file, problem.line, problem.column) == (str(tmp_path / "ada.yml"), 1, 1)
    assert str(tmp_path / "ada.yaml") in problem.message


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    """The user named it, so the user must change it."""
    with pytest.raises(UserError, match=r"nowhere\.yaml"):
        load_profiles([tmp_path / "nowhere.yaml"])


def test_an_unreadable_file_does_not_stop_the_others(tmp_path: Path) -> None:
    """It is a problem of that file."""
    (tmp_path / "a.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "b.yaml").write_text(SOME + DELIVER)
    profiles, [problem] = load_profiles([tmp_path])
    assert [p.id for p in profiles] == ["b"]
    assert (problem.file, problem.line, problem.column) == (str(tmp_path / "a.yaml"), 1, 1)


@pytest.mark.parametrize("name", ["-a.yaml", "a:b.yaml", "zoë.yaml", "a{{b}}.yaml"])
def test_names_that_cannot_be_ids(name: str) -> None:
    """An id is a simple name; the problem stands at the start of the file."""
    profile, [problem] = parse_profile((SOME + DELIVER).encode(), file=os.path.join("p", name), folder=None)
    assert profile is None
    assert (problem.line, problem.column) == (1, 1)
    assert "cannot name a profile" in problem.message


# --- The schema for editors -----------------------------------------------------------------------------------

VALID = [
    EXAMPLE,
    SOME + DELIVER,
    "interests: [no cloning, {phrase: xy, weight: '2'}]\nmute: {terms: [no, 1]}\nlimit: '5'\nthreshold: 80.5\n"
    "trending: '0.5'\nabout: 3\n" + DELIVER,
    "like: [2502.19400]\ntimezone:\ndeliver: [{slack: , email: a@x.org, days: mon}]\n",
]


@pytest.mark.parametrize(
    ("text", "loader"), [*((text, yaml.SafeLoader) for text in VALID), (EXAMPLE, yaml.BaseLoader)]
)
def test_the_schema_accepts_profiles(tmp_path: Path, text: str, loader: type[yaml.SafeLoader]) -> None:
    """What Paperboy reads, an editor accepts, whether it sees a number or its text."""
    (tmp_path / "library.bib").write_text(BIBTEX)
    assert read(text, tmp_path)
    schema = json_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema).validate(yaml.load(text, Loader=loader))


@pytest.mark.parametrize(
    "text",
    [
        SOME + DELIVER + "intrests: [a]",
        SOME + DELIVER + "mute: {term: [a]}",
        DELIVER + "interests: [{phrase: a, wieght: 2}]",
        SOME + "deliver: [{maildir: a, when: x}]",
        SOME + "deliver: [{maildir: a, email: a@x.org}]",
        SOME + DELIVER + "limit: 500",
        SOME + DELIVER + "trending: 2",
        SOME + DELIVER + "authors: Ada",
        SOME,
        DELIVER,
    ],
)
def test_the_schema_refuses_mistakes(text: str) -> None:
    """An editor underlines unknown keys, wrong shapes, and what is missing."""
    assert wrong(text)
    assert not jsonschema.Draft7Validator(json_schema()).is_valid(yaml.safe_load(text))


def test_the_schema_beside_the_examples_is_this_one() -> None:
    """`profiles/profile.schema.json` does not lag behind: editors check the examples with it."""
    path = Path(__file__).resolve().parents[2] / "profiles" / "profile.schema.json"
    assert json.loads(path.read_text(encoding="utf-8")) == json_schema()


def test_the_schema_explains_every_key() -> None:
    """An editor shows what a key is for; only draft 7's words are used."""
    schema = json_schema()
    assert "$defs" not in str(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    for name, part in schema["properties"].items():
        assert part.get("description"), name
        assert part.get("examples"), name


# --- Anything at all ----------------------------------------------------------------------------------------

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


@given(data=st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    """Whatever the bytes, there is a profile or a problem."""
    raises_nothing(data)


@given(text=st.text(alphabet=st.sampled_from(list("ab: -[]{}&*!|>'\"#,\n\tdelivr")), max_size=80))
def test_no_yaml_raises(text: str) -> None:
    """Whatever the text."""
    raises_nothing(f"{DELIVER}like: {text}".encode())
    raises_nothing(text.encode())


@given(tree=st.dictionaries(st.sampled_from(KEYS), TREES, max_size=5))
def test_no_shape_raises(tree: dict[str, object]) -> None:
    """Whatever stands under the keys that there are."""
    raises_nothing(yaml.safe_dump(tree, allow_unicode=True).encode())
