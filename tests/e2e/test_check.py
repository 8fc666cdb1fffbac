"""`check`: every mistake of every file at once, each with its place; valid profiles are still served."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.listings import BACKGROUND, WORLD, json_lines, profile
from tests.support.cli import Bench

DAY = "2026-05-04"
#: Ten mistakes in three files.
FILES = {
    "ada": """\
timezone: Europe/Pariss
interests:
  - reward modelling
  - {phrase: world models, weight: heavy}
limt: 10
window: 0
deliver:
  - {slack: C0PAPERS, at: 8:30}
""",
    "bo": """\
interests: world models
categories: [cs.LG]
categories: [cs.AI]
deliver:
  - {email: "bo at example.org", days: [mon, thu]}
  - {maildir: bo, days: [someday]}
""",
    "cem": """\
authors: [Cem Muster]
like: [not-an-id]
deliver:
  - {maildir: cem}
""",
}
#: The place of each, and a word of its message.
MISTAKES = (
    ("ada", 1, 11, "Europe/Paris"),
    ("ada", 4, 36, "weight"),
    ("ada", 5, 1, "limit"),
    ("ada", 6, 9, "window"),
    ("ada", 8, 27, "08:30"),
    ("bo", 1, 12, "list"),
    ("bo", 3, 1, "categories"),
    ("bo", 5, 13, "address"),
    ("bo", 6, 26, "someday"),
    ("cem", 2, 8, "not-an-id"),
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """An installation with nothing stored yet."""
    return Bench(tmp_path)


@pytest.fixture
def faulty(bench: Bench) -> Bench:
    """Ten mistakes in three files, and a valid profile."""
    for name, text in FILES.items():
        bench.profile(name, text)
    bench.profile("zoe", profile("maildir: zoe"))
    return bench


def test_ten_mistakes_are_ten_lines(faulty: Bench) -> None:
    """Each mistake is one line `file:line:col: message` on standard output, in the order of the files; exit 2."""
    result = faulty.run("check")
    lines = result.out.splitlines()
    assert (result.code, len(lines)) == (2, 10)
    for line, (name, row, column, word) in zip(lines, MISTAKES, strict=True):
        assert line.startswith(f"profiles/{name}.yaml:{row}:{column}: ")
        assert word in line
    assert result.err == "10 problems\n"


def test_send_serves_the_valid_profile(faulty: Bench) -> None:
    """`send` reports the problems with their places, delivers for the valid profile, and exits with 2."""
    listing = faulty.file("day.jsonl", json_lines(*BACKGROUND, WORLD))
    faulty.run("ingest", "--file", listing, "--as-of", DAY)
    result = faulty.run("send", "--on", DAY, "--json")
    rows = [(row["profile"], row["state"], row["papers"]) for row in result.json["editions"]]
    assert (result.code, rows) == (2, [("zoe", "sent", 1)])
    assert len(list((faulty.data / "maildir" / "zoe" / "new").iterdir())) == 1
    assert len(re.findall(r"^profiles/\w+\.yaml:\d+:\d+: ", result.err, re.MULTILINE)) == 10


def test_send_refuses_a_wrong_profile_by_name(faulty: Bench) -> None:
    """Only the problems of the named profile are shown; nothing is sent."""
    result = faulty.run("send", "cem", "--on", DAY)
    assert (result.code, result.out) == (2, "")
    assert "profiles/cem.yaml:2:8: " in result.err
    assert "ada.yaml" not in result.err


def test_paths_can_be_named(faulty: Bench) -> None:
    """Files and folders on the command line replace the profiles' folder."""
    result = faulty.run("check", "profiles/cem.yaml", "profiles/zoe.yaml")
    assert (result.code, len(result.out.splitlines())) == (2, 1)
    valid = faulty.run("check", "profiles/zoe.yaml")
    assert (valid.code, valid.out, valid.err.splitlines()[0]) == (0, "", "1 profile, no problems")


def test_a_path_that_does_not_exist(bench: Bench) -> None:
    """Exit code 2, and a message that names the path."""
    result = bench.run("check", "nowhere.yaml")
    assert (result.code, result.out) == (2, "")
    assert "nowhere.yaml" in result.err


def test_settings_are_checked_with_the_profiles(bench: Bench) -> None:
    """Problems in `.env` have their line, those of the environment name the variable, and no value is shown."""
    bench.profile("zoe", profile())
    bench.file(".env", "PAPERBOY_DATAA=x\n\nSMTP_URL=http://user:hush-hush@example.org\n")
    bench.env["HF_API_URL"] = "ftp://example.org"
    result = bench.run("check")
    places = [line.split(": ")[0] for line in result.out.splitlines()]
    assert (result.code, places) == (2, [".env:1:1", ".env:3:1", ".env:3:1", "environment:1:1"])
    assert "PAPERBOY_DATA" in result.out
    assert "HF_API_URL" in result.out
    assert "hush-hush" not in result.out + result.err


def test_a_data_folder_that_cannot_be_written(bench: Bench) -> None:
    """It is reported before the first command fails."""
    bench.profile("zoe", profile())
    folder = bench.file("file", "") / "data"
    bench.env["PAPERBOY_DATA"] = str(folder)
    result = bench.run("check")
    why = "the data folder (PAPERBOY_DATA) cannot be written: File exists"
    assert (result.code, result.out) == (2, f"{folder}:1:1: {why}\n")


def test_no_problems(bench: Bench) -> None:
    """Exit code 0, the summary and the database on standard error, nothing on standard output; none is made."""
    bench.profile("zoe", profile())
    bench.profile("yan", profile("maildir: yan"))
    result = bench.run("check")
    assert (result.code, result.out) == (0, "")
    assert result.err == f"2 profiles, no problems\nnote: the database is {bench.database}\n"
    assert not (bench.data / "paperboy.db").exists()


def test_a_profile_by_its_name(bench: Bench) -> None:
    """As the other commands take it; the others are not checked."""
    bench.profile("zoe", profile())
    bench.profile("yan", "limt: 3\n" + profile("maildir: yan"))
    assert bench.run("check", "zoe").err.startswith("1 profile, no problems\n")
    result = bench.run("check", "yan")
    assert (result.code, result.out.split(": ")[0]) == (2, "profiles/yan.yaml:1:1")


def test_channels_that_are_not_configured(bench: Bench) -> None:
    """Each that a profile delivers to is a note, which is no problem; `status` shows it first."""
    bench.profile("zoe", profile("slack: C0ZOE", "email: zoe@example.org", "maildir: zoe"))
    bench.profile("yan", profile("slack: C0YAN"))
    notes = (
        "Slack is not configured (SLACK_BOT_TOKEN): 2 deliveries are skipped",
        "Mail is not configured (SMTP_URL and MAIL_FROM): 1 delivery is skipped",
    )
    result = bench.run("check")
    assert (result.code, result.err.splitlines()[1:3]) == (0, [f"note: {note}" for note in notes])
    screen = " ".join(bench.run("status").out.split())
    assert all(screen.index("Needs you") < screen.index(note) < screen.index("Sources") for note in notes)
    bench.env["SLACK_BOT_TOKEN"] = "xoxb-1"
    menus = "digests in Slack have no menus, and /paperboy does not answer (SLACK_APP_TOKEN)"
    assert f"note: {menus}" in bench.run("check").err
    assert f"Not configured {menus}" in " ".join(bench.run("status").out.split())
    bench.env["SLACK_APP_TOKEN"] = "xapp-1"
    assert "Slack" not in bench.run("check").err + bench.run("status").out


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (
            "postgres://ada:hush-hush@db.example.org:99/papers?sslmode=require",
            "postgresql://db.example.org:99/papers",
        ),
        ("sqlite:////srv/papers.db", "/srv/papers.db"),
    ],
)
def test_the_database_is_named_without_secrets(bench: Bench, url: str, place: str) -> None:
    """Two folders with profiles may use one database: `check` says which."""
    bench.profile("zoe", profile())
    bench.env["DATABASE_URL"] = url
    assert bench.run("check").err.splitlines()[-1] == f"note: the database is {place}"


def test_what_has_no_effect_is_a_note(bench: Bench) -> None:
    """A pause that is over, a schema file that is not there, and settings of later versions."""
    first_line = "# yaml-language-server: $schema=./profile.schema.json\n"
    bench.profile("zoe", first_line + profile(more="pause: {until: 2020-01-01}\n"))
    bench.file(".env", "PAPERBOY_HEARTBEAT=https://x.org\n")
    result = bench.run("check")
    assert (result.code, result.out) == (0, "")
    assert result.err.splitlines()[1:-1] == [
        "note: zoe: its pause ended on 2020-01-01: remove the line, or correct the day if it is wrong",
        "note: the schema profiles/profile.schema.json, which editors check profiles with, does not exist: "
        "paperboy schema > profiles/profile.schema.json",
    ]
