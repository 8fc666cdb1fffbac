"""`init` and `schema`: a valid first profile, and the schema that editors check it with."""

from __future__ import annotations

import json
import stat
from datetime import time
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from bot.profiles.include import parse_profile
from bot.profiles.model import ChannelName, Subscription
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
    """An installation with nothing stored yet."""
    return Bench(tmp_path)


def test_init_writes_a_valid_profile(bench: Bench) -> None:
    """The options are in the profile, whatever characters they contain, and `check` finds no problem."""
    result = bench.run(*OPTIONS)
    assert (result.code, result.err) == (0, "")
    path = bench.profiles / "ada.yaml"
    assert "profiles/ada.yaml" in result.out
    profile, problems = parse_profile(path.read_bytes(), file=str(path), folder=bench.profiles)
    assert problems == ()
    assert profile is not None
    assert [interest.phrase for interest in profile.interests] == [
        "world models",
        'the "no free lunch" # theorem: really?',
    ]
    assert (profile.about, profile.categories) == ("Robots that learn from little data", ("cs.LG",))
    assert (profile.authors, profile.timezone) == (("Seungwook Han",), "Europe/Paris")
    (subscription,) = profile.deliver
    assert subscription == Subscription("ada", ChannelName.EMAIL, "ada@example.org", time(7, 30))
    assert bench.run("check").code == 0


def test_init_puts_the_schema_beside_it(bench: Bench) -> None:
    """The profile's first line names the schema file, which accepts the profile."""
    bench.run(*OPTIONS)
    text = (bench.profiles / "ada.yaml").read_text()
    schema = json.loads((bench.profiles / "profile.schema.json").read_text())
    assert text.startswith("# yaml-language-server: $schema=./profile.schema.json\n")
    Draft7Validator(schema).validate(yaml.safe_load(text))


def test_init_writes_an_env_that_only_its_owner_can_read(bench: Bench) -> None:
    """`.env` has mode 0600, names the settings and sets none; an existing one is not changed."""
    bench.run(*OPTIONS)
    path = bench.folder / ".env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert all(name in text for name in ("SLACK_BOT_TOKEN", "SMTP_URL", "MAIL_FROM", "PAPERBOY_CONTACT"))
    assert all(line.startswith("#") for line in text.splitlines() if line)
    path.write_text("PAPERBOY_CONTACT=me@example.org\n")
    assert bench.run("init", "bo", "--author", "Bo Sample").code == 0
    assert path.read_text() == "PAPERBOY_CONTACT=me@example.org\n"


def test_init_overwrites_nothing(bench: Bench) -> None:
    """An existing profile is kept, with exit code 2, unless `--force` is given."""
    bench.run(*OPTIONS)
    before = (bench.profiles / "ada.yaml").read_bytes()
    refused = bench.run("init", "ada", "--author", "Bo Sample")
    assert (refused.code, refused.out, (bench.profiles / "ada.yaml").read_bytes()) == (2, "", before)
    assert "ada.yaml" in refused.err
    assert bench.run("init", "ada", "--author", "Bo Sample", "--force").code == 0
    assert b"Bo Sample" in (bench.profiles / "ada.yaml").read_bytes()


def test_without_a_channel_it_is_a_maildir(bench: Bench) -> None:
    """Without a channel the digest goes to a Maildir, which needs no account; without a name the profile is `me`."""
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
        (("../evil", "--interest", "xy"), "cannot name a profile"),
        ((".hid", "--interest", "xy"), "cannot name a profile"),
        (("zoë", "--interest", "xy"), "cannot name a profile"),
        (("a\\b", "--interest", "xy"), "cannot name a profile"),
    ],
)
def test_wrong_answers(bench: Bench, options: tuple[str, ...], word: str) -> None:
    """Exit code 2, a message, and no file written, in the folder or outside."""
    result = bench.run("init", *options)
    assert (result.code, result.out) == (2, "")
    assert word in result.err
    assert [path for path in bench.folder.rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_written(bench: Bench) -> None:
    """A file in the place of the profiles' folder: exit code 2, no traceback."""
    bench.file("profiles", "in the way")
    result = bench.run("init", "ada", "--interest", "xy")
    assert (result.code, result.out) == (2, "")
    assert "profiles" in result.err
    assert "Traceback" not in result.err


def test_profile_text_quotes_everything() -> None:
    """Phrases that YAML would read as another type come back as they were given."""
    words = ["yes", "- dash", "a: bee", "{xy}", "0x1F", ".inf", "null", "it's robots", "tab\there", "ünï"]
    nothing = Answers("x", words, None, [], [], None, None, None, None, None)
    profile, problems = parse_profile(profile_text(nothing, "x").encode(), file="x.yaml", folder=None)
    assert problems == ()
    assert profile is not None
    assert [interest.phrase for interest in profile.interests] == [word.replace("\t", " ") for word in words]


def test_schema_accepts_the_example_profiles(bench: Bench) -> None:
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
