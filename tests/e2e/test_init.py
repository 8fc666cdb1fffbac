"""`init` and `schema`: a valid first profile and its `.env`, by options, by answers and from papers."""

from __future__ import annotations

import io
import json
import re
import stat
from datetime import time
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from bot.profiles.include import parse_profile
from bot.profiles.model import ChannelName, Profile, Subscription
from bot.profiles.wizard import Draft, Item, profile_text
from bot.sources import http
from tests.e2e.listings import TABLE, WORLD, atom
from tests.support.cli import ROOT, Bench, Keyboard
from tests.support.source_server import API, SourceServer

OPTIONS = (
    *("init", "ada", "--interest", "world models"),
    *("--interest", 'the "no free lunch" # theorem: really?'),
    *("--about", "Robots that learn\nfrom little data"),
    *("--category", "Robotics", "--author", "Seungwook Han"),
    *("--email", "ada@example.org", "--at", "7:30", "--timezone", "Europe/Paris"),
)
SAMPLE = ROOT / "bot" / "demo" / "sample" / "papers.jsonl"
SAMPLE_DAY = "2026-05-31"
ENTER = "\n"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """An installation with nothing stored yet, whose environment does not name the data folder."""
    bench = Bench(tmp_path)
    del bench.env["PAPERBOY_DATA"]
    return bench


@pytest.fixture
def archive(bench: Bench) -> Bench:
    """The same with the papers of the sample."""
    bench.file(".env", "PAPERBOY_DATA=paperboy-data\n")
    assert bench.run("ingest", "--file", SAMPLE, "--as-of", SAMPLE_DAY).code == 0
    return bench


def written(bench: Bench, name: str = "ada") -> Profile:
    """The profile of this name, which must be valid, also for an editor."""
    path = bench.profiles / f"{name}.yaml"
    schema = json.loads((bench.profiles / "profile.schema.json").read_text())
    assert path.read_text().startswith("# yaml-language-server: $schema=./profile.schema.json\n")
    Draft7Validator(schema).validate(yaml.safe_load(path.read_text()))
    profile, problems = parse_profile(path.read_bytes(), file=str(path), folder=bench.profiles)
    assert problems == ()
    assert profile
    return profile


# --- Options ----------------------------------------------------------------------------------------------


def test_options_give_a_valid_profile(bench: Bench) -> None:
    """The options are in the profile, whatever characters they contain, and `check` finds no problem."""
    result = bench.run(*OPTIONS)
    assert (result.code, result.err) == (0, "")
    assert "profiles/ada.yaml" in result.out
    profile = written(bench)
    assert [interest.phrase for interest in profile.interests] == [
        "world models",
        'the "no free lunch" # theorem: really?',
    ]
    assert (profile.about, profile.categories) == ("Robots that learn from little data", ("cs.RO",))
    assert (profile.authors, profile.timezone) == (("Seungwook Han",), "Europe/Paris")
    assert profile.deliver == (Subscription("ada", ChannelName.EMAIL, "ada@example.org", time(7, 30)),)
    assert bench.run("check").code == 0


def test_every_comment_is_a_valid_line(bench: Bench) -> None:
    """A key that is a comment can be used by removing its #."""
    bench.run("init", "ada", "--interest", "world models")
    path = bench.profiles / "ada.yaml"
    path.write_text(re.sub(r"(?m)^#(?=\w+:)", "", path.read_text()))
    profile = written(bench)
    assert all((profile.about, profile.like, profile.authors, profile.avoid, profile.categories))
    assert (profile.limit, profile.threshold, profile.window) == (10, Profile("").threshold, 7)


def test_env_keeps_the_database_in_its_folder(bench: Bench) -> None:
    """`.env` can be read by its owner only; what is stored afterwards is in the folder beside it."""
    result = bench.run(*OPTIONS)
    path = bench.folder / ".env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "Still missing: SMTP_URL and MAIL_FROM" in result.out
    lines = path.read_text().splitlines()
    assert {"SMTP_URL=", "MAIL_FROM=", "#SLACK_BOT_TOKEN=", "PAPERBOY_DATA=paperboy-data"} <= set(lines)
    bench.run("ingest", "--file", SAMPLE, "--as-of", SAMPLE_DAY)
    assert (bench.folder / "paperboy-data" / "paperboy.db").exists()


def test_env_leaves_a_database_that_is_chosen(bench: Bench) -> None:
    """PAPERBOY_DATA in the environment counts; an existing `.env` is not changed, and its lack is reported."""
    bench.env["PAPERBOY_DATA"] = "elsewhere"
    bench.run(*OPTIONS)
    path = bench.folder / ".env"
    assert "#PAPERBOY_DATA=paperboy-data" in path.read_text().splitlines()
    path.write_text("PAPERBOY_CONTACT=me@example.org\n")
    assert "PAPERBOY_DATA" not in bench.run("init", "bo", "--author", "Bo Sample").out
    del bench.env["PAPERBOY_DATA"]
    result = bench.run("init", "cy", "--author", "Bo Sample")
    assert "does not set PAPERBOY_DATA" in result.out
    assert "add PAPERBOY_DATA=paperboy-data" in result.out
    assert "profiles/ also has ada and bo, which are served as well" in result.out
    assert path.read_text() == "PAPERBOY_CONTACT=me@example.org\n"


def test_a_database_that_all_folders_share_is_named(bench: Bench) -> None:
    """Papers that were stored before there was an `.env` are not used any more, and `init` says so."""
    bench.run("ingest", "--file", SAMPLE, "--as-of", SAMPLE_DAY)
    result = bench.run("init", "ada", "--interest", "world models")
    assert "stays as it is" in result.out
    assert "paperboy-data" in bench.run("check").err


def test_nothing_is_overwritten(bench: Bench) -> None:
    """An existing profile is kept, with exit code 2; `--force` keeps it under another name."""
    bench.run(*OPTIONS)
    before = (bench.profiles / "ada.yaml").read_bytes()
    refused = bench.run("init", "ada", "--author", "Bo Sample")
    assert (refused.code, refused.out, (bench.profiles / "ada.yaml").read_bytes()) == (2, "", before)
    assert "ada.yaml" in refused.err
    assert bench.run("init", "ada", "--author", "Bo Sample", "--force").code == 0
    assert b"Bo Sample" in (bench.profiles / "ada.yaml").read_bytes()
    assert (bench.profiles / "ada.yaml.old").read_bytes() == before
    assert bench.run("check").code == 0


@pytest.mark.parametrize(("user", "name"), [("ada", "ada"), ("root", "me"), ("zoë", "me")])
def test_defaults(bench: Bench, user: str, name: str) -> None:
    """Without a name the profile has the user's, if it is one for a file; without a channel there is a Maildir."""
    bench.env["LOGNAME"] = user
    assert bench.run("init", "--interest", "bird song").code == 0
    assert [to.target for to in written(bench, name).deliver] == [name]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("ada",), ["--interest"]),
        (("ada", "--interest", "xy", "--email", "not an address"), ["address"]),
        (("ada", "--interest", "xy", "--at", "25:00"), ["25:00"]),
        (("ada", "--interest", "xy", "--timezone", "Mars/Base"), ["Mars/Base"]),
        (("ada", "--interest", "xy", "--category", "learning!"), ["category"]),
        (("ada", "--interest", "xy", "--slack", "papers please"), ["Slack"]),
        (("ada", "--interest", "xy", "--maildir", "../up"), ["simple name"]),
        (("ada", "--from", "absent.bib"), ["--from: 'absent.bib' cannot be read"]),
        (("ada", "--from", "Lovelace"), ["--from: there is no file Lovelace; an author needs a whole name"]),
        (("../evil", "--interest", "xy"), ["cannot name a profile"]),
        ((".hid", "--interest", "xy"), ["cannot name a profile"]),
        (("zoë", "--interest", "xy"), ["cannot name a profile"]),
        (("a\\b", "--interest", "xy"), ["cannot name a profile"]),
        (
            ("../evil", "--email", "me", "--category", "LG", "--at", "8", "--category", "cs.ML"),
            ["cannot name", "--email:", "cs.LG", "'cs.ML'", "--at:", "nothing to look for"],
        ),
    ],
)
def test_wrong_options(bench: Bench, options: tuple[str, ...], words: list[str]) -> None:
    """Exit code 2, a message with all problems, and no file written, in the folder or outside."""
    result = bench.run("init", *options)
    assert (result.code, result.out) == (2, "")
    assert all(word in result.err for word in words), result.err
    assert [path for path in bench.folder.rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_written(bench: Bench) -> None:
    """A file in the place of the profiles' folder: exit code 2 before the first question, no traceback."""
    bench.file("profiles", "in the way")
    bench.stdin = Keyboard(ENTER * 5)
    result = bench.run("init", "ada")
    assert (result.code, result.out) == (2, "")
    assert "profiles" in result.err
    assert "Traceback" not in result.err


def test_quotes_only_where_yaml_needs_them() -> None:
    """Phrases that YAML would read as another type come back as they were given; others have no quotes."""
    words = [
        "yes",
        "- dash",
        "a: bee",
        "{xy}",
        "0x1F",
        ".inf",
        "null",
        "tab\there",
        "C#, but",
        "it's robots",
        "ünï",
    ]
    text = profile_text(Draft(tuple(map(Item, words)), targets=((ChannelName.SLACK, "#papers"),)), "x")
    profile, problems = parse_profile(text.encode(), file="x.yaml", folder=None)
    assert problems == ()
    assert profile
    assert [interest.phrase for interest in profile.interests] == [word.replace("\t", " ") for word in words]
    assert "  - it's robots\n  - ünï\n" in text
    assert '  - {slack: "#papers", at: "08:00"}\n' in text


# --- Questions --------------------------------------------------------------------------------------------


def test_four_questions_with_defaults(bench: Bench) -> None:
    """Enter takes each default; without papers there is no preview, but the command that fetches them."""
    bench.stdin = Keyboard(ENTER * 5)
    result = bench.run("init", "ada")
    assert result.code == 0
    assert [line[:2] for line in result.out.splitlines() if re.match(r"\d\. ", line)] == [
        "1.",
        "2.",
        "2.",
        "3.",
        "4.",
    ]
    assert result.out.count("For example: ") == 5
    assert "Without categories arXiv is not asked" in result.out
    assert "paperboy ingest" in result.out
    profile = written(bench)
    assert [interest.phrase for interest in profile.interests] == ["world models", "reward modelling"]
    assert (profile.categories, profile.deliver[0].target) == ((), "ada")


def test_wrong_answers_are_asked_for_again(bench: Bench) -> None:
    """Each with what is wrong, and without the loss of an answer; nothing is asked that an option gave."""
    bench.stdin = Keyboard(
        "\n".join(
            (
                *("the, of", "bird song, whale song"),
                *("none", "cs.ML", "Distributed, Parallel, and Cluster Computing"),
                *("my papers", "https://team.slack.com/archives/C0PAPERS", "#papers, eve@lab.example, inbox"),
                *("25:00", "7:30 Asia/Tokio", "7:30 tokyo"),
            )
        )
    )
    result = bench.run("init", "ada")
    assert result.code == 0, result.err
    for message in (
        "'the' is too general",
        "did you mean cs.LG",
        "write my-papers",
        "write C0PAPERS",
        "did you mean Asia/Tokyo",
    ):
        assert message in result.out
    profile = written(bench)
    assert [interest.phrase for interest in profile.interests] == ["bird song", "whale song"]
    assert (profile.categories, profile.timezone) == (("cs.DC",), "Asia/Tokyo")
    for line in (
        "#papers: a Slack channel",
        "eve@lab.example: a mail address",
        "inbox: a Maildir, a folder on this machine",
    ):
        assert f"  {line}\n" in result.out
    assert [(to.target, to.at) for to in profile.deliver] == [
        ("#papers", time(7, 30)),
        ("eve@lab.example", time(7, 30)),
        ("inbox", time(7, 30)),
    ]
    assert "SLACK_BOT_TOKEN in .env" in result.out
    assert "SLACK_BOT_TOKEN=" in (bench.folder / ".env").read_text().splitlines()

    bench.stdin = Keyboard("ada@example.org\n")
    given = ("--interest", "xy", "--category", "cs.LG", "--at", "09:00")
    result = bench.run("init", "bo", *given)
    assert "1. Where should the digests go?" in result.out
    assert "2." not in result.out
    assert written(bench, "bo").deliver[0].target == "ada@example.org"


def test_a_preview_ends_the_questions(archive: Bench) -> None:
    """With stored papers: how many have each phrase, their categories as a default, and the next digest."""
    archive.stdin = Keyboard("world models\n" + ENTER * 3)
    result = archive.run("init", "ada", "--on", "2026-06-01")
    assert re.search(r"world models: in \d+ of 60 stored papers", result.out)
    assert "cs.RO" in written(archive).categories
    assert "Paperboy for ada" in result.out
    assert result.out.index("Paperboy for ada") < result.out.index("paperboy send ada")


def test_nothing_is_written_before_the_last_answer(bench: Bench) -> None:
    """The end of the input, or Ctrl-C, leaves no file behind."""
    bench.stdin = Keyboard("bird song\ncs.LG\n")
    assert bench.run("init", "ada").code == 1
    assert list(bench.folder.iterdir()) == []


# --- From papers ------------------------------------------------------------------------------------------

BIBTEX = """
@article{a, title={World models of kitchens}, author={Ada Sample and Bo Sample}, eprint={2605.00001}}
@article{b, title={Small world models}, author={Ada Sample}, eprint={2605.00002}}
@article{c, title={Kitchens, and robots that use world models}, author={Ada Sample}, eprint={2605.00003}}
@article{d, title={Planning in learned world models}, author={Cy Sample}, eprint={2605.00004}}
"""


def test_from_a_library_file(bench: Bench) -> None:
    """Interests with their evidence, the file under `like`, copied beside the profile, and authors as a comment.

    All of it is shown before the first question.
    """
    bench.file("papers/library.bib", BIBTEX)
    bench.stdin = Keyboard(ENTER * 2)
    result = bench.run("init", "ada", "--from", "papers/library.bib", "--category", "cs.RO")
    assert (result.code, result.err) == (0, "")
    assert "\n  world models: in 4 of your 4 papers\n" in result.out
    assert "\n  like: library.bib\n\n1. Where" in result.out
    profile = written(bench)
    assert (bench.profiles / "library.bib").read_text() == BIBTEX
    assert (len(profile.like), profile.categories, profile.authors) == (4, ("cs.RO",), ())
    text = (bench.profiles / "ada.yaml").read_text()
    for line in (
        "  - world models +# in 4 of your 4 papers",
        r"  - library.bib +# 4 papers, none of them stored yet; copied from \.\./papers/library.bib: put .*",
        "#  - Ada Sample +# 3 of your 4 papers",
    ):
        assert re.search(f"(?m)^{line}$", text)


def test_names_of_copied_libraries(bench: Bench) -> None:
    """A name that another library has is not used; the copies of a profile that `--force` replaces are replaced."""
    other = "@article{x, title={Other papers}}"
    bench.file("profiles/library.bib", other)
    bench.file("library.bib", BIBTEX)
    bench.file("more/library.bib", other.replace("Other", "More"))
    command = ("init", "ada", "--from", "library.bib", "--from", "more/library.bib")
    assert bench.run(*command).code == 0
    assert len(written(bench).like) == 5
    bench.file("library.bib", BIBTEX + other)
    result = bench.run(*command, "--force")
    assert result.code == 0
    assert len(written(bench).like) == 6
    contents = {path.name: path.read_text() for path in bench.profiles.glob("*.bib*")}
    assert contents == {
        "library.bib": other,
        "ada.bib": BIBTEX + other,
        "ada-2.bib": other.replace("Other", "More"),
        "ada.bib.old": BIBTEX,
    }
    assert "The former profiles/ada.bib is kept as profiles/ada.bib.old." in result.out
    bench.run("init", "bo", "--from", "profiles/ada.bib")
    assert "copied" not in (bench.profiles / "bo.yaml").read_text()


def test_from_ids_on_standard_input(archive: Bench) -> None:
    """Ids and links among other words are liked one by one, with their stored titles; the categories are theirs."""
    stored = [paper for paper in archive.export() if paper["id"].startswith("arxiv:")][:2]
    numbers = [paper["id"].removeprefix("arxiv:") for paper in stored]
    archive.stdin = io.StringIO(f"Read {numbers[0]}, and see https://arxiv.org/abs/{numbers[1]}v2.\n")
    assert archive.run("init", "ada", "--from", "-").code == 0
    profile = written(archive)
    assert [reference.id for reference in profile.like] == [paper["id"] for paper in stored]
    assert set(profile.categories) <= {name for paper in stored for name in paper["categories"]}
    assert stored[0]["title"][:40] in (archive.profiles / "ada.yaml").read_text()
    archive.stdin = io.StringIO("nothing")
    assert "no arXiv id" in archive.run("init", "bo", "--from", "-").err


def test_from_an_author(archive: Bench, sources: SourceServer) -> None:
    """The stored papers by an author; arXiv is asked once if there are none; only this person's papers count."""
    archive.env |= sources.settings
    by = archive.export()[0]["authors"][0]
    assert archive.run("init", "ada", "--from", by).code == 0
    assert archive.export()[0]["id"] in {reference.id for reference in written(archive).like}
    assert f"#authors:\n#  - {by} " in (archive.profiles / "ada.yaml").read_text()
    assert sources.requests == []
    sources.answer(API, atom(WORLD, TABLE))
    author = WORLD.authors[0]
    assert archive.run("init", "bo", "--from", author).code == 0
    (query,) = sources.asked(API)
    assert f'au:"{author}"' in query.query["search_query"]
    assert WORLD.number in {
        str(reference.id).removeprefix("arxiv:") for reference in written(archive, "bo").like
    }
    unknown = archive.run("init", "cy", "--from", "Nobody Atall")
    assert unknown.code == 2
    assert "arXiv has no papers by an author of this name" in unknown.err


def test_from_an_author_without_a_network(
    bench: Bench, offline: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence with what to do instead, and no profile."""
    monkeypatch.setattr(http, "RETRY_WAITS", (0.0, 0.0))
    result = bench.run("init", "ada", "--from", "Nobody Atall")
    assert result.code == 2
    assert "give a library file" in result.err
    assert not bench.profiles.exists()


def test_an_answer_can_name_papers(archive: Bench) -> None:
    """The first answer may be a file, or `by` an author; a file that is absent is asked for again."""
    archive.file("library.bib", BIBTEX)
    archive.stdin = Keyboard("absent.bib\nlibrary.bib\n" + ENTER * 4)
    result = archive.run("init", "ada")
    assert result.code == 0, result.err
    assert "'absent.bib' cannot be read" in result.out
    assert len(written(archive).like) == 4
    by = archive.export()[0]["authors"][0]
    archive.stdin = Keyboard(f"by {by}\n" + ENTER * 4)
    assert archive.run("init", "bo").code == 0
    assert written(archive, "bo").like


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
