"""`demo`: from nothing to a digest on the terminal and on disk, without network, token or configuration."""

from __future__ import annotations

import json
import mailbox
import re
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """An installation that nothing was stored in yet."""
    return Bench(tmp_path)


def test_demo_shows_and_writes_everything_offline(bench: Bench, offline: list[Any]) -> None:
    """In an empty folder: ranked digests on the terminal, an HTML mail, Slack messages and Maildirs on disk,
    and the next step in words. A second run does the same over again.
    """
    first = bench.run("demo")
    assert (first.code, first.err, offline) == (0, "", [])
    assert len(re.findall(r"^ 1\. ", first.out, re.MULTILINE)) == 3  # a digest for each example profile
    assert len(re.findall(r"^ ?\d+\. ", first.out, re.MULTILINE)) >= 9
    assert "relevance" in first.out
    assert "Next: `paperboy init`" in first.out
    shown = [
        bench.folder / line.strip() for line in first.out.partition("Look at these:")[2].splitlines()[1:]
    ]
    looked = [path for path in shown if path != bench.folder and path.exists()]
    kinds = {path.suffix for path in looked}
    assert {".html", ".json", ""} <= kinds
    made = bench.folder / "paperboy-demo"
    assert_real(made)

    second = bench.run("demo")
    assert (second.code, offline) == (0, [])
    assert first.out.replace(str(bench.folder), "") == second.out.replace(str(bench.folder), "")
    assert_real(made)


def assert_real(made: Path) -> None:
    """The files are what they claim to be, and each digest is there once."""
    for page in made.glob("mail/*.html"):
        assert "<html" in page.read_text().lower()
        assert "arxiv.org/abs/" in page.read_text()
    for message in made.glob("slack/*.json"):
        document = json.loads(message.read_text())
        assert document["blocks"]
        assert document["text"].strip()
    assert list(made.glob("mail/*.html"))
    assert list(made.glob("slack/*.json"))
    folders = [path for path in (made / "maildir").iterdir() if path.is_dir()]
    assert len(folders) == 3
    for folder in folders:
        box = mailbox.Maildir(folder, create=False)
        (key,) = box.keys()
        mail = message_from_bytes(box.get_bytes(key), policy=policy.default)
        assert mail.get_content_type() == "multipart/alternative"
        assert mail["Subject"]


def test_demo_ignores_the_settings_around_it(bench: Bench, offline: list[Any]) -> None:
    """Tokens, servers and a database that are set up are neither used nor written to."""
    bench.env |= {
        "SLACK_BOT_TOKEN": "xoxb-real",
        "SMTP_URL": "smtp://mail.example.org:25",
        "MAIL_FROM": "real@example.org",
        "DATABASE_URL": "postgresql://db.example.org/real",
    }
    result = bench.run("demo", "--out", "shown")
    assert (result.code, offline) == (0, [])
    assert not bench.data.exists()
    assert (bench.folder / "shown" / "paperboy.db").exists()
    assert "xoxb-real" not in result.out


def test_demo_leaves_other_files_alone(bench: Bench) -> None:
    """What else lies in the folder stays; a file in the folder's place is a sentence and exit code 2."""
    keep = bench.file("shown/notes.txt", "mine")
    assert bench.run("demo", "--out", "shown").code == 0
    assert keep.read_text() == "mine"
    refused = bench.run("demo", "--out", "shown/notes.txt")
    assert (refused.code, refused.out) == (2, "")
    assert "--out" in refused.err
    assert keep.read_text() == "mine"
