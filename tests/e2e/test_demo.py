"""`demo`: digests on the terminal and on disk, without network, token or configuration."""

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
    """An empty installation."""
    return Bench(tmp_path)


def test_demo_works_offline(bench: Bench, offline: list[Any]) -> None:
    """Ranked digests on the terminal, mails, Slack messages and Maildirs on disk, and the next step.

    A second run does the same again.
    """
    first = bench.run("demo")
    assert (first.code, first.err, offline) == (0, "", [])
    assert len(re.findall(r"^ 1\. ", first.out, re.MULTILINE)) == 3  # a digest for each example profile
    assert len(re.findall(r"^ ?\d+\. ", first.out, re.MULTILINE)) >= 9
    assert re.search(r" (strong|good) match · ", first.out)
    assert "Next: `paperboy init`" in first.out
    named = first.out.partition("Look at these:\n")[2].partition("\n\n")[0].splitlines()
    paths = [bench.folder / line.strip() for line in named]
    assert all(path.exists() for path in paths)
    assert {path.suffix for path in paths} == {".html", ".json", ""}
    made = bench.folder / "paperboy-demo"
    check_files(made)

    second = bench.run("demo")
    assert (second.code, offline) == (0, [])
    assert first.out.replace(str(bench.folder), "") == second.out.replace(str(bench.folder), "")
    check_files(made)


def check_files(made: Path) -> None:
    """The files have the right content, and each Maildir has one mail."""
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
    """Configured tokens, servers and databases are not used."""
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
    """Other files in the folder stay; a file in the folder's place is exit code 2."""
    keep = bench.file("shown/notes.txt", "mine")
    assert bench.run("demo", "--out", "shown").code == 0
    assert keep.read_text() == "mine"
    refused = bench.run("demo", "--out", "shown/notes.txt")
    assert (refused.code, refused.out) == (2, "")
    assert "--out" in refused.err
    assert keep.read_text() == "mine"
