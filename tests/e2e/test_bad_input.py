"""Whatever is wrong with a listing, an answer, a profile or a database: told with its place, the rest kept."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.listings import (
    BACKGROUND,
    NEXT,
    REWARD,
    TABLE,
    WORLD,
    arxiv_page,
    atom,
    daily_json,
    daily_page,
    json_lines,
    oai,
    profile,
    record,
    rss,
)
from tests.support import schemas
from tests.support.cli import Bench
from tests.support.source_server import API, DAILY, RSS, SourceServer

DAY = "2026-05-04"
ERROR_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>503 Backend fetch failed</title></head><body>Sorry</body></html>"
)
BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d SYSTEM "file:///etc/passwd">]>
<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>&c; &d;</title></entry></feed>"""


@dataclass(frozen=True)
class Broken:
    """A listing that is not as it should be."""

    content: bytes
    kept: int  #: entries that can be read all the same
    where: str  #: pattern of a place that is told
    why: str  #: pattern of what is told of it


def lines(*records: object) -> bytes:
    """JSON Lines of objects; text stands for itself."""
    return "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in records).encode()


def cut_after(content: bytes, mark: str) -> bytes:
    """The beginning of a listing, to the end of the last `mark`."""
    return content[: content.rindex(mark.encode()) + len(mark)]


PAGE = arxiv_page(WORLD, REWARD, TABLE).encode()
DAILY_PAGE = daily_page(WORLD, REWARD, TABLE).encode()
LINES = json_lines(WORLD, REWARD)
FEED = atom(WORLD, REWARD, TABLE)

CASES = {
    "no listing": Broken(b"Dear diary,\n\ntoday nothing was published.\n", 0, "file", "no listing"),
    "a picture": Broken(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, 0, "file", "no listing"),
    "an empty file": Broken(b"", 0, "file", "empty"),
    "only white space": Broken(b" \n\n\t\n", 0, "file", "empty"),
    "an arXiv page cut in an abstract": Broken(
        cut_after(PAGE, "Three households rated"), 3, r"line \d+", "breaks off"
    ),
    "an arXiv page cut in a title": Broken(
        cut_after(PAGE, "-\nReward Modelling at"), 3, r"line \d+", "breaks off"
    ),
    "a daily page cut in an abstract": Broken(
        cut_after(DAILY_PAGE, "Three households rated the doings of a robot"), 3, r"line \d+", "breaks off"
    ),
    "JSON Lines cut in a record": Broken(LINES[:-40], 1, "line 2", "breaks off"),
    "a feed cut in an entry": Broken(
        cut_after(FEED, "<title>Reward Mod"), 2, r"entry 3|line \d+", "breaks off"
    ),
    "a daily answer cut in a paper": Broken(
        daily_json(WORLD, REWARD)[:-60], 1, r"line \d+, column \d+", "malformed JSON"
    ),
    "an empty Atom feed": Broken(atom(), 0, "listing", "no entries"),
    "an empty RSS feed on a weekday": Broken(rss(), 0, "feed", "no items on a weekday"),
    "an empty daily answer": Broken(b"[]", 0, ".", "no papers"),
    "an empty OAI answer": Broken(oai(), 0, "listing", "no entries"),
    "an HTML error page": Broken(ERROR_PAGE, 0, ".", "no listing|HTML"),
    "malformed XML": Broken(
        FEED.replace(b"</author>", b"</wrong>", 1), 3, r"line \d+, column \d+", "malformed XML"
    ),
    "malformed JSON among lines": Broken(
        lines(record(WORLD), '{"title": "half', record(REWARD)), 2, "line 2", "no JSON"
    ),
    "lines that are no objects": Broken(
        lines(record(WORLD), "[1, 2]", "null"), 1, "line 2", "instead of an object"
    ),
    "an entity bomb": Broken(BOMB, 0, ".", "entities"),
    "an entity bomb in RSS": Broken(
        BOMB.replace(b"<feed", b"<rss").replace(b"</feed", b"</rss"), 0, ".", "entities"
    ),
    "a record without a title": Broken(
        lines(record(WORLD), record(REWARD, title="  "), record(TABLE, title=None)),
        1,
        "line [23]",
        "no title",
    ),
    "a record without an abstract": Broken(
        lines(record(WORLD), record(REWARD, abstract=None)), 2, "line 2", "no abstract"
    ),
    "a title that is no text": Broken(
        lines(record(WORLD), record(REWARD, title=7)), 1, "line 2", "instead of text"
    ),
    "an entry without a title": Broken(
        FEED.replace(WORLD.title.encode(), b""), 2, r"entry 1 \(arxiv:2605.00101\)", "no title"
    ),
    "an entry without an abstract": Broken(
        atom(WORLD, REWARD.but(abstract="")), 2, r"entry 2 \(arxiv:2605.00102\)", "no abstract"
    ),
    "a date that cannot be": Broken(lines(record(WORLD, published="2026-02-30")), 1, "line 1", "2026-02-30"),
    "a date on an arXiv page": Broken(
        PAGE.replace(b"Submitted 4 May", b"Submitted 31 April", 1), 3, r"line \d+", "31 April"
    ),
    "a date on a daily page": Broken(
        DAILY_PAGE.replace(b"May 4 3", b"Feb 30 3", 1), 3, r"line \d+", "Feb 30"
    ),
    "a date in a feed": Broken(
        FEED.replace(b"2026-05-04T10", b"2026-13-04T10", 1), 3, r"entry 1 ", "2026-13-04"
    ),
    "a date in a daily answer": Broken(
        daily_json(WORLD).replace(b"2026-05-04", b"2026-05-44"), 1, r"paper 1 ", "2026-05-44"
    ),
    "lines that are not UTF-8": Broken(
        json_lines(WORLD) + b'{"title": "Caf\xe9 Society", "abstract": "x"}\n', 2, "line 2, byte", "UTF-8"
    ),
    "an arXiv page that is not UTF-8": Broken(PAGE.replace(b"Cem", b"C\xe9m"), 3, r"line \d+, byte", "UTF-8"),
    "a daily page that is not UTF-8": Broken(
        DAILY_PAGE.replace(b"shrug when", b"shr\xfcg when"), 3, r"line \d+, byte", "UTF-8"
    ),
    "a feed that is not UTF-8": Broken(FEED.replace(b"Cem", b"C\xe9m"), 3, r"line \d+", "encoding"),
    "a daily answer that is not UTF-8": Broken(
        daily_json(WORLD).replace(b"Ada", b"Ad\xe4"), 1, "byte", "UTF-8"
    ),
    "gzip that breaks off": Broken(gzip.compress(LINES * 40)[:-9], 80, "gzip", "breaks off"),
    "gzip of nothing": Broken(gzip.compress(b""), 0, "file", "empty"),
    "a broken gzip": Broken(b"\x1f\x8b" + b"nonsense" * 9, 0, "file", "breaks off"),
    "brackets without end": Broken(b"[" * 100_000, 0, ".", "."),
    "an object without end": Broken(json_lines(WORLD) + b'{"a":' * 100_000 + b"\n", 1, "line 2", "."),
    "a number without end": Broken(
        json_lines(WORLD) + b'{"title": "x", "votes": ' + b"9" * 9000 + b"}\n", 1, "line 2", "."
    ),
    "zeros": Broken(bytes(4096), 0, "file", "no listing"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_bad_listing_is_told_and_the_rest_kept(bench: Bench, case: Broken) -> None:
    """Exit code 1, `unreadable` says where and why, every readable entry is stored; the next try says the same
    and stores nothing new.
    """
    path = bench.file("listing", case.content)
    first = bench.run("ingest", "--file", path, "--as-of", DAY, "--json")
    schemas.validate(first.json, schemas.INGEST)
    (source,) = first.json["sources"]
    told = source["unreadable"]
    assert (first.code, first.err, source["name"], source["entries"]) == (1, "", str(path), case.kept)
    assert any(re.search(case.where, one["where"]) and re.search(case.why, one["why"]) for one in told), told

    second = bench.run("ingest", "--file", path, "--as-of", "2026-05-05", "--json")
    (again,) = second.json["sources"]
    assert (second.code, again["new"], again["unreadable"]) == (1, 0, told)
    assert second.json["papers"] == first.json["papers"] == source["new"]


def test_a_cut_entry_is_completed_by_the_whole_page(bench: Bench) -> None:
    """What broke off is kept as it is, and becomes whole once the whole page is read: one paper, not two."""
    half = bench.file("half.txt", CASES["an arXiv page cut in an abstract"].content)
    whole = bench.file("whole.txt", PAGE)
    assert bench.run("ingest", "--file", half, "--as-of", DAY).code == 1
    result = bench.run("ingest", "--file", whole, "--as-of", DAY, "--json")
    (source,) = result.json["sources"]
    assert (result.code, source["new"], source["updated"], result.json["papers"]) == (0, 0, 1, 3)
    assert TABLE.abstract in {paper["abstract"] for paper in bench.export()}


def test_nothing_is_read_from_a_bombs_files(bench: Bench) -> None:
    """An external entity is not followed: nothing of /etc/passwd is stored or shown."""
    path = bench.file("bomb.xml", BOMB)
    bench.run("ingest", "--file", path)
    assert "root:" not in bench.said
    assert b"root:" not in bench.stored_bytes()


def test_a_bad_file_does_not_stop_the_others(bench: Bench) -> None:
    """Each file has its own counts; a missing one is told like an unreadable one, and so is a folder."""
    good = bench.file("good.jsonl", LINES)
    bad = bench.file("bad.txt", b"Dear diary")
    files = (bad, bench.folder / "missing.txt", good, bench.folder)
    result = bench.run("ingest", *(part for path in files for part in ("--file", path)), "--json")
    counts = {source["name"]: (source["new"], len(source["unreadable"])) for source in result.json["sources"]}
    expected = {str(path): (0, 1) for path in files} | {str(good): (2, 0)}
    assert (result.code, counts, result.json["papers"]) == (1, expected, 2)


def test_the_table_tells_it_too(bench: Bench) -> None:
    """Without `--json` the same stands in words: the file, the place, what is wrong."""
    path = bench.file("day.jsonl", CASES["malformed JSON among lines"].content)
    result = bench.run("ingest", "--file", path)
    assert result.code == 1
    assert f"{path}: line 2: no JSON" in result.out
    assert "2 papers are stored" in result.out


MB = 1024 * 1024
HUGE = {
    "junk lines": (b"neither this nor that, but a lot of it\n" * (50 * MB // 39), 0),
    "one long line": (b"x" * (50 * MB), 0),
    "one long line of JSON": (json_lines(WORLD) + b'{"title": "' + b"x" * (50 * MB) + b"\n", 1),
    "one long line on an arXiv page": (PAGE + b"\n-\n" + b"x" * (50 * MB), 3),
    "one long line on a daily page": (DAILY_PAGE + b"\n" + b"x" * (50 * MB), 3),
    "dashes": (PAGE + b"\n-\n" * (10 * MB), 3),
    "a feed of junk": (FEED.replace(b"</feed>", (b"<x>" + b"y" * 93 + b"</x>") * (MB // 2)), 3),
    "brackets": (b"[" * (50 * MB), 0),
}


@pytest.mark.parametrize(("content", "kept"), HUGE.values(), ids=HUGE.keys())
def test_fifty_megabytes_end_in_seconds(bench: Bench, content: bytes, kept: int) -> None:
    """A huge file is told as unreadable, what can be read of it is kept, and it takes no more than seconds."""
    path = bench.file("huge", content)
    started = time.process_time()  # other work on the machine does not count
    result = bench.run("ingest", "--file", path, "--as-of", DAY, "--json")
    took = time.process_time() - started
    (source,) = result.json["sources"]
    assert result.code == 1
    assert source["entries"] >= kept
    assert source["unreadable"]
    assert len(source["unreadable"]) <= 200
    assert took < 10
    assert len(result.out) < 100_000


# --- Live answers -----------------------------------------------------------------------------------------


@pytest.fixture
def live(bench: Bench, sources: SourceServer) -> Bench:
    """A profile that asks for one category, and sources that are local."""
    bench.profile("ada", profile(more="categories: [cs.LG]\n"))
    bench.env |= sources.settings
    return bench


@pytest.mark.parametrize(
    ("name", "path"),
    [("arxiv-rss", RSS), ("arxiv-api", API), ("huggingface", DAILY)],
    ids=["rss", "api", "hf"],
)
@pytest.mark.parametrize(
    ("body", "why"),
    [
        (ERROR_PAGE, "HTML page where .* expected.*503 Backend fetch failed"),
        (b"", "empty"),
        (
            b"<feed xmlns='http://www.w3.org/2005/Atom'><title>ha",
            "malformed|JSON array was expected|expected",
        ),
        (b"\xff\xfe\x00nonsense", "malformed|UTF-8|expected|encoding"),
    ],
    ids=["html", "nothing", "cut", "noise"],
)
def test_a_bad_answer_is_told(
    live: Bench, sources: SourceServer, name: str, path: str, body: bytes, why: str
) -> None:
    """A source that answers nonsense with status 200 is reported, stores nothing, and stands as failed in
    `status`; exit code 1.
    """
    sources.answer(path, body, headers={"ETag": '"bad"'})
    result = live.run(
        "ingest", "--source", name, "--as-of", "2026-05-02", "--json"
    )  # a Saturday: one day of HF
    schemas.validate(result.json, schemas.INGEST)
    (source,) = result.json["sources"]
    assert (result.code, result.json["papers"], source["entries"]) == (1, 0, 0)
    assert any(re.search(why, one["why"]) for one in source["unreadable"]), source["unreadable"]
    (state,) = live.run("status", "--json").json["sources"]
    assert (state["name"], state["state"], state["last_success"]) == (name, "failed", None)
    assert state["why"]


def test_an_answer_that_stays_broken_is_not_paged_through(live: Bench, sources: SourceServer) -> None:
    """A feed that always breaks off inside its only entry, and tells no total, is asked for a few times at most."""
    sources.answer(API, b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>ha")
    result = live.run("ingest", "--source", "arxiv-api", "--as-of", DAY, "--json")
    assert (result.code, result.json["papers"]) == (1, 0)
    assert len(sources.requests) <= 3


def test_an_entity_bomb_from_a_source_is_refused(live: Bench, sources: SourceServer) -> None:
    """The same as from a file: refused, nothing expanded."""
    sources.answer(API, BOMB)
    result = live.run("ingest", "--source", "arxiv-api", "--as-of", DAY, "--json")
    (source,) = result.json["sources"]
    assert (result.code, source["entries"]) == (1, 0)
    assert "entities" in source["unreadable"][0]["why"]


def test_a_source_that_fails_does_not_stop_the_next(live: Bench, sources: SourceServer) -> None:
    """One gives an error page, the other its papers: those are stored, and the exit code is 1."""
    sources.answer(RSS, ERROR_PAGE)
    sources.answer(DAILY, b"[]")
    sources.answer(DAILY, daily_json(WORLD, REWARD), query={"date": DAY})
    result = live.run("ingest", "--source", "arxiv-rss", "--source", "huggingface", "--as-of", DAY, "--json")
    counts = {source["name"]: source["new"] for source in result.json["sources"]}
    assert (result.code, counts, result.json["papers"]) == (1, {"arxiv-rss": 0, "huggingface": 2}, 2)


def test_a_refused_request_is_told_with_its_status(live: Bench, sources: SourceServer) -> None:
    """404 is no answer: the report names the address without its query, and the status."""
    result = live.run("ingest", "--source", "arxiv-rss", "--json")
    (told,) = result.json["sources"][0]["unreadable"]
    assert (result.code, len(sources.requests)) == (1, 1)
    assert "404 Not Found" in told["why"]
    assert sources.url in told["why"]


def test_a_broken_answer_is_asked_for_in_full_again(live: Bench, sources: SourceServer) -> None:
    """An answer that was cut is not confirmed: the next call sends no If-None-Match, and gets the rest."""
    feed = atom(WORLD, REWARD)
    sources.answer(API, feed[: feed.rindex(b"<author>")], headers={"ETag": '"cut"'})
    first = live.run("ingest", "--source", "arxiv-api", "--as-of", DAY, "--json")
    sources.answer(API, feed, headers={"ETag": '"cut"'})
    second = live.run("ingest", "--source", "arxiv-api", "--as-of", DAY, "--json")
    assert (first.code, first.json["papers"]) == (1, 1)
    assert (second.code, second.json["papers"], second.json["sources"][0]["new"]) == (0, 2, 1)
    assert "if-none-match" not in sources.requests[-1].headers


# --- Profiles ---------------------------------------------------------------------------------------------

SOUND = "interests: [world models]\ndeliver:\n  - {maildir: ada}\n"
PROFILES = {
    "a typo in a key": ("intrests: [x]\ndeliver: [{maildir: a}]\n", 1, 1, "interests"),
    "a typo in a delivery's key": (SOUND + "  - {emial: a@example.org}\n", 4, 6, "email"),
    "a text for a list": ("interests: x\ndeliver: [{maildir: a}]\n", 1, 12, "list"),
    "a list for a text": (SOUND + "timezone: [UTC]\n", 4, 11, "text"),
    "a text for a number": (SOUND + "limit: ten\n", 4, 8, "whole number"),
    "a number out of bounds": (SOUND + "threshold: 101\n", 4, 12, "0 to 100"),
    "a duplicate key": (SOUND + "limit: 3\nlimit: 4\n", 5, 1, "limit"),
    "a time that YAML misreads": (SOUND + "  - {maildir: b, at: 8:30}\n", 4, 22, '"08:30"'),
    "a time that cannot be": (SOUND + '  - {maildir: b, at: "24:30"}\n', 4, 22, "time of day"),
    "an unknown time zone": (SOUND + "timezone: Europe/Bonn\n", 4, 11, "time zone"),
    "an address that cannot be": (SOUND + "  - {email: ada.example.org}\n", 4, 13, "address"),
    "an address with a line in it": (
        SOUND + '  - {email: "a@example.org\\nBcc: b@example.org"}\n',
        4,
        13,
        "address",
    ),
    "a day that is none": (SOUND + "  - {maildir: b, days: moonday}\n", 4, 24, "day"),
    "no interest": ("deliver:\n  - {maildir: a}\n", 1, 1, "interest"),
    "no delivery": ("interests: [xy]\n", 1, 1, "deliver"),
    "two channels in one entry": (
        "interests: [xy]\ndeliver:\n  - {maildir: a, slack: C0PAPERS}\n",
        3,
        18,
        "slack",
    ),
    "no YAML": ("interests: [x\n", 1, 12, "closing ]"),
    "no mapping": ("- x\n", 1, 1, "key: value"),
    "a tag": ("interests: !!python/object/apply:os.system [id]\ndeliver: [{maildir: a}]\n", 1, 12, "tag"),
    "a Maildir up the tree": (SOUND + "  - {maildir: ../../up}\n", 4, 15, "simple name"),
    "a Maildir at the root": (SOUND + "  - {maildir: /tmp/x}\n", 4, 15, "simple name"),
    "a bibliography up the tree": (SOUND + "like: [../../secret.bib]\n", 4, 8, "own folder"),
    "a bibliography at the root": (SOUND + "like: [/etc/secret.bib]\n", 4, 8, "own folder"),
    "a bibliography that is not there": (SOUND + "like: [library.bib]\n", 4, 8, "library.bib"),
}


@pytest.mark.parametrize(("text", "row", "column", "word"), PROFILES.values(), ids=PROFILES.keys())
def test_a_mistake_in_a_profile_has_its_place(
    bench: Bench, text: str, row: int, column: int, word: str
) -> None:
    """`check` names file, line and column and says what is wrong, on one line; exit code 2, no traceback."""
    bench.profile("ada", text)
    result = bench.run("check")
    assert (result.code, len(result.out.splitlines())) == (2, 1), result.out
    assert result.out.startswith(f"profiles/ada.yaml:{row}:{column}: ")
    assert word in result.out
    assert bench.run("send").code == 2
    assert "Traceback" not in bench.said


def test_bytes_that_are_no_text_are_a_problem_of_the_profile(bench: Bench) -> None:
    """A profile in another encoding has the line of the first such byte."""
    bench.file("profiles/ada.yaml", SOUND.encode() + b"about: caf\xe9\n")
    result = bench.run("check")
    assert (result.code, result.out.split(": ")[0].split(":")[:2]) == (2, ["profiles/ada.yaml", "4"])


def test_a_yaml_bomb_is_a_problem_with_a_place(bench: Bench) -> None:
    """Aliases that would multiply without bounds are refused at once."""
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10)]
    bench.profile("ada", "\n".join(["l0: &l0 [lol]", *levels, SOUND]))
    started = time.monotonic()
    result = bench.run("check")
    assert result.code == 2
    assert re.search(r"^profiles/ada.yaml:\d+:\d+: .*alias", result.out, re.MULTILINE)
    assert time.monotonic() - started < 2


TRICKS = (
    "{{ 7 * 7 }}",
    "{% include '/etc/passwd' %}",
    "${HOME} $(id) `id`",
    "%s %(x)s {0} {x.__class__}",
    "../../../etc/passwd",
    "<script>alert(1)</script>",
    "[bold red]x[/bold red] [/]",
    "kernel methods' OR '1'='1",
)


def test_tricks_in_a_profile_are_harmless_text(bench: Bench) -> None:
    """Template, shell, SQL, path and markup tricks in any string of a profile are text and nothing else."""
    quoted = "\n".join(f"  - {json.dumps(trick)}" for trick in TRICKS)
    phrases = quoted.replace('- "', '- "robots ')  # a phrase of signs and numbers alone is refused
    text = (
        f"interests:\n  - world models\n{phrases}\nabout: |\n  {TRICKS[0]} {TRICKS[1]}\nauthors:\n{quoted}\n"
    )
    bench.profile(
        "ada", f"{text}mute:\n  terms:\n{quoted.replace('  - ', '    - ')}\ndeliver: [{{maildir: ada}}]\n"
    )
    assert bench.run("check").out == ""
    listing = bench.file("day.jsonl", json_lines(*BACKGROUND, WORLD))
    bench.run("ingest", "--file", listing, "--as-of", DAY)
    for form in ("terminal", "html", "text", "slack"):
        result = bench.run("preview", "--on", DAY, "--format", form)
        assert (result.code, WORLD.title in result.out) == (0, True)
    assert bench.run("send", "--on", DAY).code == 0
    assert "root:" not in bench.said
    assert "Traceback" not in bench.said


def test_tricks_in_a_paper_are_harmless_text(bench: Bench) -> None:
    """The same in titles, abstracts and names: shown as they are, escaped where the form needs it."""
    bench.profile("ada", profile())
    tricky = [
        WORLD.but(
            number=f"2605.009{n:02d}",
            title=f"{trick} World Models",
            abstract=f"World models: {trick}",
            authors=(trick,),
        )
        for n, trick in enumerate(TRICKS)
    ]
    listing = bench.file("day.jsonl", json_lines(*BACKGROUND, *tricky))
    assert bench.run("ingest", "--file", listing, "--as-of", DAY).code == 0
    pages = {
        form: bench.run("preview", "--on", DAY, "--format", form)
        for form in ("terminal", "html", "text", "slack")
    }
    assert {page.code for page in pages.values()} == {0}
    for page in pages.values():
        shown = page.out.replace("\u00ad", "")  # keeps Slack from reading markup
        assert "{{ 7 * 7 }}" in shown
        assert "[bold red]x[/bold red]" in shown
    assert "<script>" not in pages["html"].out
    assert "&lt;script&gt;" in pages["html"].out
    assert "<script>" not in pages["slack"].out
    assert bench.run("send", "--on", DAY).code == 0
    assert "root:" not in bench.said


def test_a_profiles_name_cannot_be_a_path(bench: Bench) -> None:
    """`send ../secret` is no profile; a file whose name could be taken for an option or a path is a problem."""
    bench.profile("ada", SOUND)
    bench.file("secret.yaml", SOUND)
    assert bench.run("send", "../secret").code == 2
    bench.profile("-ada\n", SOUND)
    result = bench.run("check")
    assert (result.code, "cannot name a profile" in result.out) == (2, True)


# --- Databases --------------------------------------------------------------------------------------------


def test_a_database_from_a_newer_version_is_refused_untouched(bench: Bench) -> None:
    """Every command says in a sentence that a newer Paperboy made it, and the file keeps every byte."""
    bench.profile("ada", profile())
    listing = bench.file("day.jsonl", json_lines(NEXT))
    assert bench.run("ingest", "--file", listing).code == 0
    connection = sqlite3.connect(bench.database)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = bench.database.read_bytes()
    calls = (
        ("status",),
        ("ingest", "--file", str(listing)),
        ("send",),
        ("preview", "--json"),
        ("export",),
        ("migrate",),
        ("run",),
    )
    for call in calls:
        result = bench.run(*call)
        assert (result.code in (1, 2), result.out) == (True, ""), call
        assert result.err.startswith("paperboy: the database was made by a newer Paperboy")
        assert "Traceback" not in result.err
    assert bench.database.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"this is no database, but long enough to look at" * 40, b""], ids=["text", "empty"]
)
def test_a_file_that_is_no_database(bench: Bench, content: bytes) -> None:
    """Something else under the database's name is refused in a sentence; an empty file becomes a database."""
    bench.file("data/paperboy.db", content)
    result = bench.run("status", "--json")
    if content:
        assert (result.code in (1, 2), result.out) == (True, "")
        assert "paperboy.db" in result.err
        assert bench.database.read_bytes() == content
    else:
        assert result.code == 0
    assert "Traceback" not in result.err


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file where the data folder should be: a sentence, no traceback."""
    bench = Bench(tmp_path)
    bench.file("data", b"in the way")
    result = bench.run("status")
    assert (result.code in (1, 2), result.out) == (True, "")
    assert "PAPERBOY_DATA" in result.err
    assert bench.run("check").code == 2
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("preview", "--on", "yesterday"),
        ("ingest", "--as-of", "2026-02-30"),
        ("export", "--since", "soon"),
        ("preview", "--limit", "0"),
        ("preview", "--format", "pdf"),
        ("ingest", "--source", "arxiv"),
        ("nonsense",),
        ("send", "--nonsense"),
        ("send", "nobody"),
    ],
    ids=" ".join,
)
def test_a_bad_option_is_exit_code_2(bench: Bench, arguments: tuple[str, ...]) -> None:
    """The user must change something: a message on standard error, nothing on standard output."""
    bench.profile("ada", profile())
    result = bench.run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.strip()
    assert "Traceback" not in result.err


@pytest.mark.parametrize("when", ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00+01:00", "yesterday"])
def test_a_time_that_nothing_could_run_at(bench: Bench, when: str) -> None:
    """A sentence and exit code 2, whatever the command does with the clock."""
    bench.profile("ada", "interests: [world models]\ndeliver: [{maildir: ada}]\n")
    for command in (["preview"], ["send"], ["explain", "ada", "2605.00001"]):
        result = bench.run(*command, "--on", when)
        assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)


def test_an_old_title_does_not_undo_a_revision(bench: Bench) -> None:
    """Version 2 stays what it is when a listing without ids shows the first version's title and text."""
    listings = [
        '{"id": "arxiv:2605.00001", "title": "Cups of the World", "abstract": "One.", "version": 1}',
        '{"id": "arxiv:2605.00001", "title": "Saucers of the World", "abstract": "Two.", "version": 2}',
        '{"title": "Cups of the World", "abstract": "One."}',
    ]
    for number, listing in enumerate(listings):
        bench.run(
            "ingest",
            "--file",
            bench.file(f"{number}.jsonl", listing.encode()),
            "--as-of",
            f"2026-05-0{number + 1}",
        )
    (paper,) = bench.export()
    assert (paper["title"], paper["abstract"], paper["version"]) == ("Saucers of the World", "Two.", 2)
