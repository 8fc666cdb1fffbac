"""Problems with a listing, an answer, a profile or a database: reported with their place, the rest is kept."""

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
    """A listing with a problem."""

    content: bytes
    kept: int  #: entries that can still be read
    where: str  #: pattern of the place of a complaint
    why: str  #: pattern of its text


def lines(*records: object) -> bytes:
    """JSON Lines of objects; a text is a line as it is."""
    return "".join(f"{r if isinstance(r, str) else json.dumps(r)}\n" for r in records).encode()


def cut_after(content: bytes, mark: str) -> bytes:
    """The beginning of a listing, to the end of the last `mark`."""
    return content[: content.rindex(mark.encode()) + len(mark)]


PAGE = arxiv_page(WORLD, REWARD, TABLE).encode()
DAILY_PAGE = daily_page(WORLD, REWARD, TABLE).encode()
LINES = json_lines(WORLD, REWARD)
FEED = atom(WORLD, REWARD, TABLE)

#: One listing for each rule; tests/sources has the rules for each format.
CASES = {
    "not a listing": Broken(b"Dear diary,\n\ntoday nothing was published.\n", 0, "file", "not a listing"),
    "an empty file": Broken(b"", 0, "file", "empty"),
    "an arXiv page cut in an abstract": Broken(
        cut_after(PAGE, "Three households rated"), 3, r"line \d+", "breaks off"
    ),
    "a daily page cut in an abstract": Broken(
        cut_after(DAILY_PAGE, "Three households rated the doings of a robot"), 3, r"line \d+", "breaks off"
    ),
    "JSON Lines cut in a record": Broken(LINES[:-40], 1, "line 2", "breaks off"),
    "a feed cut in an entry": Broken(
        cut_after(FEED, "<title>Reward Mod"), 2, r"entry 3|line \d+", "breaks off"
    ),
    "an empty feed": Broken(atom(), 0, "listing", "no entries"),
    "an empty RSS feed on a weekday": Broken(rss(), 0, "feed", "no items on a weekday"),
    "an HTML error page": Broken(ERROR_PAGE, 0, ".", "not a listing|HTML"),
    "malformed XML": Broken(
        FEED.replace(b"</author>", b"</wrong>", 1), 3, r"line \d+, column \d+", "malformed XML"
    ),
    "malformed JSON": Broken(
        lines(record(WORLD), '{"title": "half', record(REWARD)), 2, "line 2", "not JSON"
    ),
    "an entity bomb": Broken(BOMB, 0, ".", "entities"),
    "a record without a title": Broken(
        lines(record(WORLD), record(REWARD, title="  "), record(TABLE, title=7)), 1, "line [23]", "no title"
    ),
    "an entry without an abstract": Broken(
        atom(WORLD, REWARD.but(abstract="")), 2, r"entry 2 \(arxiv:2605.00102\)", "no abstract"
    ),
    "an impossible date": Broken(
        PAGE.replace(b"Submitted 4 May", b"Submitted 31 April", 1), 3, r"line \d+", "31 April"
    ),
    "bytes that are not UTF-8": Broken(
        json_lines(WORLD) + b'{"title": "Caf\xe9 Society", "abstract": "x"}\n', 2, "line 2, byte", "UTF-8"
    ),
    "gzip that breaks off": Broken(gzip.compress(LINES * 40)[:-9], 80, "gzip", "breaks off"),
    "an object without end": Broken(json_lines(WORLD) + b'{"a":' * 100_000 + b"\n", 1, "line 2", "."),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_bad_listing_is_reported_and_the_rest_kept(bench: Bench, case: Broken) -> None:
    """Exit code 1, `unreadable` has place and reason, every readable entry is stored; the next try reports the same
    and stores nothing new.
    """
    path = bench.file("listing", case.content)
    first = bench.run("ingest", "--file", path, "--as-of", DAY, "--json")
    schemas.validate(first.json, schemas.INGEST)
    (source,) = first.json["sources"]
    unreadable = source["unreadable"]
    assert (first.code, first.err, source["name"], source["entries"]) == (1, "", str(path), case.kept)
    assert any(re.search(case.where, u["where"]) and re.search(case.why, u["why"]) for u in unreadable)

    second = bench.run("ingest", "--file", path, "--as-of", "2026-05-05", "--json")
    (again,) = second.json["sources"]
    assert (second.code, again["new"], again["unreadable"]) == (1, 0, unreadable)
    assert second.json["papers"] == first.json["papers"] == source["new"]


def test_a_cut_entry_is_completed_by_the_whole_page(bench: Bench) -> None:
    """The incomplete entry is stored, and completed once the whole page is read: one paper, not two."""
    half = bench.file("half.txt", CASES["an arXiv page cut in an abstract"].content)
    whole = bench.file("whole.txt", PAGE)
    assert bench.run("ingest", "--file", half, "--as-of", DAY).code == 1
    result = bench.run("ingest", "--file", whole, "--as-of", DAY, "--json")
    (source,) = result.json["sources"]
    assert (result.code, source["new"], source["updated"], result.json["papers"]) == (0, 0, 1, 3)
    assert TABLE.abstract in {paper["abstract"] for paper in bench.export()}


def test_nothing_is_read_from_a_bombs_files(bench: Bench) -> None:
    """An external entity is not read: nothing of /etc/passwd is stored or shown."""
    path = bench.file("bomb.xml", BOMB)
    bench.run("ingest", "--file", path)
    assert "root:" not in bench.said
    assert b"root:" not in bench.stored_bytes()


def test_a_bad_file_does_not_stop_the_others(bench: Bench) -> None:
    """Each file has its own counts, also those of a folder; a missing one is reported like an unreadable one."""
    good = bench.file("days/good.jsonl", LINES)
    bad = bench.file("days/bad.txt", b"Dear diary")
    files = (bad, bench.folder / "missing.txt", good)
    result = bench.run("ingest", "--file", bench.folder / "missing.txt", "--file", good.parent, "--json")
    counts = {source["name"]: (source["new"], len(source["unreadable"])) for source in result.json["sources"]}
    expected = {str(path): (0, 1) for path in files} | {str(good): (2, 0)}
    assert (result.code, counts, result.json["papers"]) == (1, expected, 2)


def test_the_table_reports_it_too(bench: Bench) -> None:
    """Without `--json`: the file, the place, the reason."""
    path = bench.file("day.jsonl", CASES["malformed JSON"].content)
    result = bench.run("ingest", "--file", path)
    assert result.code == 1
    assert f"{path}: line 2: not JSON" in result.out
    assert "2 papers are stored" in result.out


MB = 1024 * 1024
HUGE = {
    "junk lines": (b"neither this nor that, but a lot of it\n" * (50 * MB // 39), 0),
    "one long line of JSON": (json_lines(WORLD) + b'{"title": "' + b"x" * (50 * MB) + b"\n", 1),
    "one long line on a daily page": (DAILY_PAGE + b"\n" + b"x" * (50 * MB), 3),
    "dashes": (PAGE + b"\n-\n" * (10 * MB), 3),
    "a feed of junk": (FEED.replace(b"</feed>", (b"<x>" + b"y" * 93 + b"</x>") * (MB // 2)), 3),
}


@pytest.mark.parametrize(("content", "kept"), HUGE.values(), ids=HUGE.keys())
def test_fifty_megabytes_end_in_seconds(bench: Bench, content: bytes, kept: int) -> None:
    """A huge file is reported, what can be read of it is kept, and it takes only seconds."""
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
    """A profile with one category, and local sources."""
    bench.profile("ada", profile(more="categories: [cs.LG]\n"))
    bench.env |= sources.settings
    return bench


@pytest.mark.parametrize(
    ("name", "path", "body", "why"),
    [
        ("arxiv-rss", RSS, ERROR_PAGE, "HTML page where .* expected.*503 Backend fetch failed"),
        ("arxiv-api", API, b"", "empty"),
        ("huggingface", DAILY, b"\xff\xfe\x00nonsense", "UTF-8|expected"),
    ],
)
def test_an_unusable_answer_is_reported(
    live: Bench, sources: SourceServer, name: str, path: str, body: bytes, why: str
) -> None:
    """An answer with status 200 that is nonsense stores nothing; the source is `failed` in `status`; exit code 1."""
    sources.answer(path, body, headers={"ETag": '"bad"'})
    # A Saturday: Hugging Face is asked for one day.
    result = live.run("ingest", "--source", name, "--as-of", "2026-05-02", "--json")
    schemas.validate(result.json, schemas.INGEST)
    (source,) = result.json["sources"]
    assert (result.code, result.json["papers"], source["entries"]) == (1, 0, 0)
    assert any(re.search(why, complaint["why"]) for complaint in source["unreadable"]), source["unreadable"]
    (state,) = live.run("status", "--json").json["sources"]
    assert (state["name"], state["state"], state["last_success"]) == (name, "failed", None)
    assert state["why"]


def test_an_answer_that_stays_broken_is_not_paged_through(live: Bench, sources: SourceServer) -> None:
    """A feed that always breaks off inside its only entry, and has no total, is requested a few times at most."""
    sources.answer(API, b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>ha")
    result = live.run("ingest", "--source", "arxiv-api", "--as-of", DAY, "--json")
    assert (result.code, result.json["papers"]) == (1, 0)
    assert len(sources.requests) <= 3


def test_a_source_that_fails_does_not_stop_the_next(live: Bench, sources: SourceServer) -> None:
    """One sends an error page, the other its papers: those are stored, and the exit code is 1."""
    sources.answer(RSS, ERROR_PAGE)
    sources.answer(DAILY, b"[]")
    sources.answer(DAILY, daily_json(WORLD, REWARD), query={"date": DAY})
    result = live.run("ingest", "--source", "arxiv-rss", "--source", "huggingface", "--as-of", DAY, "--json")
    counts = {source["name"]: source["new"] for source in result.json["sources"]}
    assert (result.code, counts, result.json["papers"]) == (1, {"arxiv-rss": 0, "huggingface": 2}, 2)


def test_an_error_status_is_reported(live: Bench, sources: SourceServer) -> None:
    """With the address without its query."""
    result = live.run("ingest", "--source", "arxiv-rss", "--json")
    (complaint,) = result.json["sources"][0]["unreadable"]
    assert (result.code, len(sources.requests)) == (1, 1)
    assert "404 Not Found" in complaint["why"]
    assert sources.url in complaint["why"]


def test_a_broken_answer_is_asked_for_in_full_again(live: Bench, sources: SourceServer) -> None:
    """The validators of an incomplete answer are not kept: the next request has no If-None-Match."""
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
#: One for each kind of mistake; tests/profiles has the others.
PROFILES = {
    "a typo in a key": ("intrests: [x]\ndeliver: [{maildir: a}]\n", 1, 1, "interests"),
    "a duplicate key": (SOUND + "limit: 3\nlimit: 4\n", 5, 1, "limit"),
    "a time that YAML misreads": (SOUND + "  - {maildir: b, at: 8:30}\n", 4, 22, '"08:30"'),
    "a tag": ("interests: !!python/object/apply:os.system [id]\ndeliver: [{maildir: a}]\n", 1, 12, "tag"),
    "a Maildir up the tree": (SOUND + "  - {maildir: ../../up}\n", 4, 15, "name"),
    "a bibliography that does not exist": (SOUND + "like: [library.bib]\n", 4, 8, "library.bib"),
}


@pytest.mark.parametrize(("text", "row", "column", "word"), PROFILES.values(), ids=PROFILES.keys())
def test_a_mistake_in_a_profile_has_its_place(
    bench: Bench, text: str, row: int, column: int, word: str
) -> None:
    """`check` reports file, line, column and problem on one line; exit code 2, no traceback."""
    bench.profile("ada", text)
    result = bench.run("check")
    assert (result.code, len(result.out.splitlines())) == (2, 1), result.out
    assert result.out.startswith(f"profiles/ada.yaml:{row}:{column}: ")
    assert word in result.out
    assert bench.run("send").code == 2
    assert "Traceback" not in bench.said


def test_a_profile_in_another_encoding_is_a_problem(bench: Bench) -> None:
    """With the line of the first wrong byte."""
    bench.file("profiles/ada.yaml", SOUND.encode() + b"about: caf\xe9\n")
    result = bench.run("check")
    assert (result.code, result.out.split(": ")[0].split(":")[:2]) == (2, ["profiles/ada.yaml", "4"])


def test_a_yaml_bomb_is_a_problem_with_a_place(bench: Bench) -> None:
    """Aliases that would grow exponentially are rejected at once."""
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


def test_tricks_are_only_text(bench: Bench) -> None:
    """Template, shell, SQL, path and markup tricks in any string of a profile, and in titles, abstracts and names:
    shown as they are, escaped where the format needs it.
    """
    quoted = "\n".join(f"  - {json.dumps(trick)}" for trick in TRICKS)
    phrases = quoted.replace('- "', '- "robots ')  # a phrase without a word is rejected
    muted = quoted.replace("  - ", "    - ").replace(' - "', ' - "muted ')
    bench.profile(
        "ada",
        f"interests:\n  - world models\n{phrases}\nabout: |\n  {TRICKS[0]} {TRICKS[1]}\nauthors:\n{quoted}\n"
        f"mute:\n  terms:\n{muted}\ndeliver: [{{maildir: ada}}]\n",
    )
    assert bench.run("check").out == ""
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
    formats = ("terminal", "html", "text", "slack")
    pages = {form: bench.run("preview", "--on", DAY, "--format", form) for form in formats}
    for page in pages.values():
        text = page.out.replace("\u00ad", "")  # keeps Slack from reading markup
        assert page.code == 0
        assert "{{ 7 * 7 }}" in text
        assert "[bold red]x[/bold red]" in text
    assert "<script>" not in pages["html"].out
    assert "&lt;script&gt;" in pages["html"].out
    assert "<script>" not in pages["slack"].out
    assert bench.run("send", "--on", DAY).code == 0
    assert "root:" not in bench.said
    assert "Traceback" not in bench.said


def test_a_profiles_name_cannot_be_a_path(bench: Bench) -> None:
    """`send ../secret` is not a profile; a file name that looks like an option or a path is a problem."""
    bench.profile("ada", SOUND)
    bench.file("secret.yaml", SOUND)
    assert bench.run("send", "../secret").code == 2
    bench.profile("-ada\n", SOUND)
    result = bench.run("check")
    assert (result.code, "cannot name a profile" in result.out) == (2, True)


# --- Databases --------------------------------------------------------------------------------------------


def test_a_database_from_a_newer_version_is_refused_untouched(bench: Bench) -> None:
    """Every command reports that a newer Paperboy made it, and the file is unchanged."""
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


def test_a_database_that_is_away(bench: Bench) -> None:
    """Exit code 1, as the next try may succeed; 2 for one that has to be corrected."""
    bench.env["DATABASE_URL"] = "postgresql://ada@127.0.0.1:1/papers"
    assert bench.run("export").code == 1
    bench.env["DATABASE_URL"] = "postgresql://ada@host.invalid/papers"
    assert bench.run("export").code == 2


def test_a_data_folder_that_cannot_be_created(tmp_path: Path) -> None:
    """Because a file has its name: a message, no traceback."""
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
        ("send", "--on", "9999-12-31"),
        ("explain", "ada", "2605.00001", "--on", "0001-01-01"),
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
    """With a message on standard error and nothing on standard output."""
    bench.profile("ada", profile())
    result = bench.run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.strip()
    assert "Traceback" not in result.err


def test_an_old_title_does_not_undo_a_revision(bench: Bench) -> None:
    """Version 2 is kept when a listing without ids has the first version's title and abstract."""
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
