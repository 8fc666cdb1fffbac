"""`init` and `schema`: a first profile that is sound, and the schema that an editor checks it with."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from bot.profiles.load import parse_profile
from bot.profiles.wizard import Answers, profile_text
from tests.support.cli import ROOT, Bench

OPTIONS = (
    "init",
    "ada",
    "--interest",
    "world models",
    "--interest",
    'the "no free lunch" # theorem: really?',
    "--about",
    "Robots that learn\nfrom little data",
    "--category",
    "cs.LG",
    "--author",
    "Seungwook Han",
    "--email",
    "ada@example.org",
    "--at",
    "07:30",
    "--timezone",
    "Europe/Paris",
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """An installation that nothing was stored in yet."""
    return Bench(tmp_path)


def test_init_writes_a_sound_profile(bench: Bench) -> None:
    """What the options say stands in the profile, whatever signs are in it, and `check` finds nothing."""
    result = bench.run(*OPTIONS)
    assert (result.code, result.err) == (0, "")
    path = bench.profiles / "ada.yaml"
    assert "profiles/ada.yaml" in result.out
    profile, problems = parse_profile(path.read_bytes(), file=str(path), folder=bench.profiles)
    assert problems == ()
    assert profile is not None
    assert [one.phrase for one in profile.interests] == [
        "world models",
        'the "no free lunch" # theorem: really?',
    ]
    assert (profile.about, profile.categories) == ("Robots that learn from little data", ("cs.LG",))
    assert (profile.authors, profile.timezone) == (("Seungwook Han",), "Europe/Paris")
    (one,) = profile.deliver
    assert (one.channel, one.target, f"{one.at:%H:%M}") == ("email", "ada@example.org", "07:30")
    assert bench.run("check").code == 0


def test_init_puts_the_schema_beside_it(bench: Bench) -> None:
    """The profile's first line names the schema file, which is there and accepts the profile."""
    bench.run(*OPTIONS)
    text = (bench.profiles / "ada.yaml").read_text()
    schema = json.loads((bench.profiles / "profile.schema.json").read_text())
    assert text.startswith("# yaml-language-server: $schema=./profile.schema.json\n")
    Draft7Validator(schema).validate(yaml.safe_load(text))


def test_init_writes_an_env_that_only_its_owner_reads(bench: Bench) -> None:
    """`.env` has mode 0600, names the settings, sets none, and one that is there already is left alone."""
    bench.run(*OPTIONS)
    path = bench.folder / ".env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert all(name in text for name in ("SLACK_BOT_TOKEN", "SMTP_URL", "MAIL_FROM", "PAPERBOY_CONTACT"))
    assert all(line.startswith("#") for line in text.splitlines() if line)
    path.write_text("PAPERBOY_CONTACT=me@example.org\n")
    assert bench.run("init", "bo", "--author", "Bo Sample").code == 0
    assert path.read_text() == "PAPERBOY_CONTACT=me@example.org\n"


def test_init_writes_over_nothing(bench: Bench) -> None:
    """A profile of that name is kept, with exit code 2, unless `--force` says otherwise."""
    bench.run(*OPTIONS)
    before = (bench.profiles / "ada.yaml").read_bytes()
    refused = bench.run("init", "ada", "--author", "Bo Sample")
    assert (refused.code, refused.out, (bench.profiles / "ada.yaml").read_bytes()) == (2, "", before)
    assert "ada.yaml" in refused.err
    assert bench.run("init", "ada", "--author", "Bo Sample", "--force").code == 0
    assert b"Bo Sample" in (bench.profiles / "ada.yaml").read_bytes()


def test_without_a_channel_it_is_a_maildir(bench: Bench) -> None:
    """Who names no channel gets what needs no account, and no name makes the profile `me`."""
    assert bench.run("init", "--interest", "bird song").code == 0
    assert "maildir" in (bench.profiles / "me.yaml").read_text()
    assert bench.run("check").code == 0


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("ada",), "--interest"),
        (("ada", "--interest", "xy", "--email", "not an address"), "address"),
        (("ada", "--interest", "xy", "--at", "25:00"), "25:00"),
        (("ada", "--interest", "xy", "--timezone", "Mars/Base"), "Mars/Base"),
        (("ada", "--interest", "xy", "--category", "learning!"), "category"),
        (("ada", "--interest", "xy", "--slack", "papers please"), "Slack"),
        (("ada", "--interest", "xy", "--maildir", "../up"), "simple name"),
        (("../ada", "--interest", "xy"), "name"),
        (("a/b", "--interest", "xy"), "name"),
    ],
)
def test_an_answer_that_cannot_be_is_refused(bench: Bench, options: tuple[str, ...], word: str) -> None:
    """Exit code 2, a sentence, and no file is written, inside the folder or out of it."""
    result = bench.run("init", *options)
    assert (result.code, result.out) == (2, "")
    assert word in result.err
    assert [path for path in bench.folder.rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_written_is_a_sentence(bench: Bench) -> None:
    """A file where the profiles' folder should be: exit code 2, no traceback."""
    bench.file("profiles", "in the way")
    result = bench.run("init", "ada", "--interest", "xy")
    assert (result.code, result.out) == (2, "")
    assert "profiles" in result.err
    assert "Traceback" not in result.err


def test_profile_text_quotes_everything() -> None:
    """Phrases that YAML would read as something else come back as they were said."""
    words = ["yes", "- dash", "a: bee", "{xy}", "0x1F", ".inf", "null", "it's robots", "tab\there", "ünï"]
    nothing = Answers("x", words, None, [], [], None, None, None, None, None)
    profile, problems = parse_profile(profile_text(nothing, "x").encode(), file="x.yaml", folder=None)
    assert problems == ()
    assert profile is not None
    assert [one.phrase for one in profile.interests] == [word.replace("\t", " ") for word in words]


def test_schema_accepts_the_example_profiles_and_rejects_mistakes(bench: Bench) -> None:
    """`schema` prints a draft-07 schema on standard output and nothing else."""
    result = bench.run("schema")
    schema = result.json
    assert (result.code, result.err) == (0, "")
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(schema)
    examples = sorted((ROOT / "profiles").glob("*.yaml"))
    assert len(examples) == 3
    for path in examples:
        Draft7Validator(schema).validate(yaml.safe_load(path.read_text()))
    wrong = {"interests": ["xy"], "deliver": [{"maildir": "ada"}]}
    assert Draft7Validator(schema).is_valid(wrong)
    for change in ({"limt": 3}, {"window": 0}, {"deliver": []} | {"interests": 3}, {"threshold": "high"}):
        assert not Draft7Validator(schema).is_valid(wrong | change)


@pytest.mark.parametrize("name", ["../evil", "a/b", ".hid", "zoë", "a\\b"])
def test_a_name_that_leads_elsewhere_is_refused(bench: Bench, name: str) -> None:
    """A profile is a file of the profiles folder: no path trick gets out of it, and nothing is written."""
    result = bench.run("init", name, "--interest", "xy", "--maildir", "y")
    assert (result.code, "cannot name a profile" in result.err) == (2, True)
    assert not list(bench.folder.rglob("*evil*")) + list(bench.folder.rglob("b.yaml"))
