"""Backup and restore, as docs/running.md describes them."""

from __future__ import annotations

import shutil

from tests.e2e.listings import BACKGROUND, NEXT, REWARD, WORLD, json_lines, profile
from tests.support.cli import Bench

FIRST, SECOND, THIRD = "2026-05-04", "2026-05-05", "2026-05-06"


def ingest_and_send(bench: Bench, day: str, *works: object) -> list[tuple[str, int]]:
    listing = bench.file(f"{day}.jsonl", json_lines(*works))
    assert bench.run("ingest", "--file", listing, "--as-of", day).code == 0
    return send(bench, day)


def send(bench: Bench, day: str) -> list[tuple[str, int]]:
    rows = bench.run("send", "--on", day, "--json").json["editions"]
    return [(row["state"], row["papers"]) for row in rows]


def mails(bench: Bench) -> int:
    return len(list((bench.data / "maildir/ada/new").iterdir()))


def test_restore(bench: Bench) -> None:
    """After a restore nothing is sent twice that the copy knows of; what was sent since then is sent once more."""
    bench.profile("ada", profile("maildir: ada"))
    ingest_and_send(bench, FIRST, *BACKGROUND, WORLD)
    copied = bench.run("backup", "copy.db")
    assert (copied.code, copied.out.split(",")[1:]) == (0, [" checked; the database is at migration 0016\n"])
    assert ingest_and_send(bench, SECOND, REWARD) == [("sent", 1)]
    assert mails(bench) == 2
    for end in ("", "-wal", "-shm"):
        bench.database.with_name(f"paperboy.db{end}").unlink(missing_ok=True)
    shutil.copy(bench.folder / "copy.db", bench.database)
    assert bench.run("check").code == 0
    assert bench.run("status", "--json").json["editions"][0]["on"] == FIRST
    assert send(bench, FIRST) == [("skipped", 0)]
    assert mails(bench) == 2
    assert ingest_and_send(bench, SECOND, REWARD) == [("sent", 1)]
    assert ingest_and_send(bench, THIRD, NEXT) == [("sent", 1)]
    assert mails(bench) == 4


def test_files_that_exist(bench: Bench) -> None:
    """A copy does not replace a file unless one says so, and is not made of a database that does not exist."""
    bench.database.unlink()
    none = bench.run("backup", "copy.db")
    assert (none.code, "there is no database to copy" in none.err, bench.database.exists()) == (
        2,
        True,
        False,
    )
    bench.prepared().file("copy.db", "precious")
    refused = bench.run("backup", "copy.db")
    assert (refused.code, "--force" in refused.err) == (2, True)
    assert (bench.folder / "copy.db").read_text() == "precious"
    assert bench.run("backup", "copy.db", "--force").code == 0
    assert (bench.folder / "copy.db").read_bytes().startswith(b"SQLite format 3")


def test_thin(bench: Bench) -> None:
    """It prints what it removes; a second call has nothing to do, and what was sent is still found."""
    bench.profile("ada", profile("maildir: ada"))
    ingest_and_send(bench, FIRST, *BACKGROUND, WORLD)
    papers = len(BACKGROUND) + 1
    expected = {
        "log-ins": 0,
        "searches for papers": 0,
        "papers": papers,
        "messages": 1,
        "attempts": 1,
        "digests": 1,
    }
    expected["alerts"] = 0
    later = ("--on", "2027-05-04")
    assert bench.run("thin", *later, "--dry-run", "--json").json == expected
    done = bench.run("thin", *later)
    assert done.out == "".join(f"{name}: {number}\n" for name, number in expected.items())
    assert set(bench.run("thin", *later, "--json").json.values()) == {0}
    texts = {row["id"]: row["abstract"] for row in bench.export()}
    assert [id_ for id_, abstract in texts.items() if abstract] == [f"arxiv:{WORLD.number}"]
    explained = bench.run("explain", "ada", WORLD.number, "--on", "2027-05-04", "--json")
    assert explained.json["verdict"] == "sent"
