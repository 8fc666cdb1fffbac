"""The documents of `--json`: their shapes and sums, and that the same input gives the same bytes."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.listings import BACKGROUND, REWARD, TABLE, WORLD, daily_json, json_lines, profile
from tests.support import schemas
from tests.support.cli import Bench

DAY = "2026-05-04"
SLACK = "slack: C0PAPERS"


@pytest.fixture
def stocked(tmp_path: Path) -> Bench:
    """A day's papers from two sources, and a profile with a Maildir and with Slack, which is not configured."""
    bench = Bench(tmp_path).prepared()
    bench.profile(
        "ada", profile("maildir: ada", SLACK, more="avoid: [{phrase: kitchen table, weight: 0.2}]\n")
    )
    listing = bench.file("day.jsonl", json_lines(*BACKGROUND, WORLD, REWARD, TABLE))
    daily = bench.file("daily.json", daily_json(WORLD))
    assert bench.run("ingest", "--file", listing, "--file", daily, "--as-of", DAY).code == 0
    return bench


def assert_adds_up(scored: dict[str, Any]) -> None:
    total = math.fsum(reason["weight"] for reason in scored["reasons"])
    assert scored["score"] == pytest.approx(total, abs=1e-9)


def test_preview_document(stocked: Bench) -> None:
    """`preview --json` is a list of profiles with papers, best first; the reasons add up to each score."""
    result = stocked.run("preview", "ada", "--on", DAY, "--json")
    schemas.validate(result.json, schemas.PREVIEW)
    (digest,) = result.json
    assert (result.code, result.err, digest["profile"], digest["candidates"]) == (0, "", "ada", 35)
    assert [entry["rank"] for entry in digest["entries"]] == [1, 2, 3]
    assert digest["entries"][0]["id"] == "arxiv:2605.00101"
    assert digest["entries"][0]["sources"] == ["arxiv", "huggingface"]
    scores = [entry["score"] for entry in digest["entries"]]
    assert scores == sorted(scores, reverse=True)
    assert any(reason["weight"] < 0 for entry in digest["entries"] for reason in entry["reasons"])
    for entry in digest["entries"]:
        assert_adds_up(entry)


def test_preview_gives_the_same_bytes_twice_and_stores_nothing(stocked: Bench) -> None:
    """Two previews of the same moment are equal byte by byte, and store no edition."""
    first = stocked.run("preview", "--on", DAY, "--json")
    assert first == stocked.run("preview", "--on", DAY, "--json")
    assert stocked.run("status", "--json").json["editions"] == []
    assert not (stocked.data / "maildir").exists()


def test_preview_by_another_process_gives_the_same_bytes(stocked: Bench) -> None:
    """The output does not depend on the process's hash seed."""
    arguments = ("preview", "ada", "--all", "--on", DAY, "--json")
    here, there = stocked.run(*arguments), stocked.subprocess(*arguments)
    assert here.out == there.out
    schemas.validate(there.json, schemas.PREVIEW)


def test_preview_limit(stocked: Bench) -> None:
    """`--limit` shows only the best papers."""
    (digest,) = stocked.run("preview", "ada", "--limit", "1", "--on", DAY, "--json").json
    assert [entry["id"] for entry in digest["entries"]] == ["arxiv:2605.00101"]


def test_ingest_counts_new_updated_and_known(bench: Bench) -> None:
    """`ingest --json` counts entries by listing; `papers` is the number of stored papers."""
    listing = bench.file("day.jsonl", json_lines(WORLD, REWARD))
    revised = bench.file("later.jsonl", json_lines(WORLD.but(number="2605.00101v2"), REWARD, TABLE))
    first = bench.run("ingest", "--file", listing, "--as-of", DAY, "--json")
    again = bench.run("ingest", "--file", listing, "--file", revised, "--as-of", DAY, "--json")
    for result in (first, again):
        schemas.validate(result.json, schemas.INGEST)
        assert (result.code, result.err) == (0, "")
    counts = [(s["entries"], s["new"], s["updated"], s["known"]) for s in again.json["sources"]]
    assert first.json["sources"][0]["new"] == first.json["papers"] == 2
    assert counts == [(2, 0, 0, 2), (3, 1, 1, 1)]
    assert again.json["papers"] == 3


def test_send_document(stocked: Bench) -> None:
    """`send --json` has a row for each subscription, including one that cannot be served and says why."""
    result = stocked.run("send", "--on", DAY, "--json")
    schemas.validate(result.json, schemas.SEND)
    rows = {row["channel"]: row for row in result.json["editions"]}
    assert result.code == 2
    assert (rows["maildir"]["state"], rows["maildir"]["papers"], rows["maildir"]["on"]) == ("sent", 3, DAY)
    assert rows["slack"]["state"] == "skipped"
    assert "SLACK_BOT_TOKEN" in rows["slack"]["why"]


def test_send_again_prints_the_same(stocked: Bench) -> None:
    """A second and third `send` of the same moment find nothing to do and print the same bytes."""
    stocked.run("send", "--on", DAY)
    second = stocked.run("send", "--on", DAY, "--json")
    assert second == stocked.run("send", "--on", DAY, "--json")
    assert {row["state"] for row in second.json["editions"]} == {"skipped"}


@pytest.mark.parametrize(
    ("paper", "verdict"),
    [
        ("2605.00101", "would be sent"),
        ("https://arxiv.org/abs/2605.00102v3", "would be sent"),
        (BACKGROUND[0].title, "no match"),
        ("2605.99999", "not stored"),
    ],
)
def test_explain_document(stocked: Bench, paper: str, verdict: str) -> None:
    """`explain --json` finds a paper by id, link or title, and its terms add up to the score."""
    result = stocked.run("explain", "ada", paper, "--on", DAY, "--json")
    schemas.validate(result.json, schemas.EXPLAIN)
    assert (result.code, result.err, result.json["verdict"]) == (0, "", verdict)
    if verdict != "not stored":
        assert_adds_up(result.json)
    assert result == stocked.run("explain", "ada", paper, "--on", DAY, "--json")


def test_explain_agrees_with_preview(stocked: Bench) -> None:
    """Score, relevance, match, rank and reasons equal those of `preview`."""
    (digest,) = stocked.run("preview", "ada", "--on", DAY, "--json").json
    for entry in digest["entries"]:
        document = stocked.run("explain", "ada", entry["id"], "--on", DAY, "--json").json
        same = ("score", "relevance", "fit", "match", "rank", "reasons")
        assert {key: document[key] for key in same} == {key: entry[key] for key in same}
        assert document["candidates"] == digest["candidates"]


def test_explain_knows_what_was_sent(stocked: Bench) -> None:
    """After a digest was sent, the verdict of its papers is `sent`."""
    stocked.run("send", "--on", DAY)
    assert stocked.run("explain", "ada", "2605.00101", "--on", DAY, "--json").json["verdict"] == "sent"


def test_status_document(stocked: Bench) -> None:
    """`status --json` lists editions, and no delivery when all are sent; twice it prints the same bytes."""
    empty = stocked.run("status", "--json", "--on", DAY)
    stocked.run("send", "--on", DAY)
    full = stocked.run("status", "--json", "--on", DAY)
    for result in (empty, full):
        schemas.validate(result.json, schemas.STATUS)
        assert (result.code, result.err) == (0, "")
    assert empty.json == {"day": full.json["day"], "sources": [], "editions": [], "deliveries": []}
    edition = {
        "profile": "ada",
        "channel": "maildir",
        "target": "ada",
        "on": DAY,
        "state": "sent",
        "papers": 3,
    }
    assert full.json["editions"] == [edition]
    assert full.json["deliveries"] == []
    assert full == stocked.run("status", "--json", "--on", DAY)


def test_status_of_a_profile(stocked: Bench) -> None:
    """`status PROFILE` adds what it found in 30 days, what was left out, and when it is due next."""
    stocked.run("send", "--on", DAY)
    (found,) = stocked.run("status", "ada", "--on", "2026-05-05T07:00", "--json").json["profiles"]
    assert (found["profile"], found["papers"], found["others"]) == ("ada", 3, 0)
    assert found["interests"] == [
        {"phrase": "reward modelling", "papers": 2},
        {"phrase": "world models", "papers": 1},
    ]
    assert found["left_out"] == {"categories": 0, "muted": 0, "limit": 0, "threshold": 0}
    assert [(one["channel"], one["at"]) for one in found["next"]] == [
        ("maildir", "2026-05-05T08:00:00Z"),
        ("slack", "2026-05-05T08:00:00Z"),
    ]
    assert stocked.run("status", "--on", "2026-07-05", "--json").json["editions"]
    (later,) = stocked.run("status", "ada", "--on", "2026-07-05", "--json").json["profiles"]
    assert (later["papers"], later["left_out"]) == (0, None)
    assert stocked.run("status", "nobody").code == 2


def test_export_writes_every_paper_as_a_line(stocked: Bench) -> None:
    """Each line of `export` is a complete record, null where unknown; `--since` omits older papers."""
    result = stocked.run("export")
    records = [json.loads(line) for line in result.out.splitlines()]
    for record in records:
        schemas.validate(record, schemas.EXPORT)
    assert len(records) == len({record["id"] for record in records}) == 35
    (world,) = [record for record in records if record["id"] == "arxiv:2605.00101"]
    assert (world["votes"], world["sources"]) == (7, ["arxiv", "huggingface"])
    assert (world["organization"], world["version"], world["withdrawn"]) == (None, None, False)
    assert world["first_seen"] == "2026-05-04T00:00:00Z"
    assert (result.code, result.out) == (0, stocked.run("export").out)
    assert stocked.run("export", "--since", "2026-05-05").out == ""


def test_an_export_can_be_read_again(stocked: Bench, tmp_path: Path) -> None:
    """Another installation ingests an export without errors and without losing a field."""
    exported = stocked.run("export").out
    (tmp_path / "other").mkdir()
    other = Bench(tmp_path / "other").prepared()
    saved = other.file("export.jsonl", exported)
    assert other.run("ingest", "--file", saved, "--as-of", DAY).code == 0
    mine, theirs = stocked.export(), other.export()
    for record in (*mine, *theirs):
        del record["sources"]  # JSON Lines name one source, the id's namespace
    assert theirs == mine


def test_an_error_leaves_standard_output_empty(stocked: Bench) -> None:
    """With `--json`, errors go to standard error only."""
    for arguments in (("preview", "nobody"), ("explain", "nobody", "x"), ("ingest", "--source", "nobody")):
        result = stocked.run(*arguments, "--json")
        assert (result.code, result.out) == (2, "")
        assert "nobody" in result.err
        assert "Traceback" not in result.err


def test_a_bad_profile_does_not_spoil_the_document(stocked: Bench) -> None:
    """Problems of other profiles go to standard error; the document is complete, and the exit code is 2."""
    stocked.profile("bad", "interests: [xy]\nlimt: 3\ndeliver: [{maildir: bad}]\n")
    result = stocked.run("preview", "--on", DAY, "--json")
    schemas.validate(result.json, schemas.PREVIEW)
    assert (result.code, [digest["profile"] for digest in result.json]) == (2, ["ada"])
    assert "bad.yaml:2:1: " in result.err


def test_output_in_an_encoding_that_lacks_a_character(stocked: Bench) -> None:
    """A character that the output's encoding lacks is replaced by a question mark."""
    stocked.env["PYTHONIOENCODING"] = "ascii"
    result = stocked.subprocess("preview", "ada", "--on", DAY)
    assert (result.code, result.err) == (0, "")
    assert "3 papers ? " in result.out


@pytest.mark.parametrize("form", ["html", "text", "slack", "terminal"])
def test_preview_shows_the_digest_in_every_format(stocked: Bench, form: str) -> None:
    """Each `--format` shows the papers in order; `slack` is JSON."""
    result = stocked.run("preview", "ada", "--on", DAY, "--format", form)
    body = result.out.partition("<table")[2] or result.out  # the preheader before it names the second paper
    places = [body.find(work.title) for work in (WORLD, REWARD, TABLE)]
    assert result.code == 0
    assert -1 not in places
    assert places[0] == min(places)
    if form == "slack":
        assert json.loads(result.out)["blocks"]
