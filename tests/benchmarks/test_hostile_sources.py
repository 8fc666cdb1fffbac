"""Show 5, the sources: one that drips, hangs, floods, redirects or resumes for ever, with the real deadlines.

Each attack has an installation and a process of its own; all run at the same time, for two to three minutes. Printed
is after how many seconds `paperboy ingest` reports the hostile arxiv-rss, and the sources beside it: arxiv-api, which
shares arXiv's limit of one request at a time, and huggingface, which does not.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.e2e.listings import REWARD, WORLD, atom, daily_json, oai, profile
from tests.support.builders import empty_database
from tests.support.cli import Bench
from tests.support.hostile_server import DRIPS, FLOODS, HostileServer
from tests.support.source_server import API, DAILY, OAI, Answer, SourceServer

#: Seconds between two bytes.
PAUSE = 5.0

ATTACKS = {
    "silence": HostileServer(),
    **{f"drip: {name}": HostileServer(*drip, pause=PAUSE) for name, drip in DRIPS.items()},
    "flood: 100 Continue": HostileServer(b"", DRIPS["100 Continue"][1] * 1000),
    "flood: trailers": HostileServer(DRIPS["trailers"][0], DRIPS["trailers"][1] * 1000),
    **{f"flood: {name}": HostileServer(*flood) for name, flood in FLOODS.items()},
}


def test_hostile_sources(tmp_path: Path) -> None:
    """Every attack ends, and its source is reported as failed; the others are reported as they are."""
    empty_database()  # made once, before there are threads
    with ThreadPoolExecutor(len(ATTACKS) + 1) as pool:
        resuming = pool.submit(resume_for_ever, tmp_path / "resumption")
        results = list(pool.map(lambda name: attack(name, tmp_path / re.sub(r"\W", "-", name)), ATTACKS))
    print(f"\n\n{'attack on arxiv-rss':34}{'arxiv-rss':>10}{'arxiv-api':>10}{'huggingface':>12}{'exit':>6}")
    for name, (reports, code, whole) in zip(ATTACKS, results, strict=True):
        seconds = [reports[source][0] for source in ("arxiv-rss", "arxiv-api", "huggingface")]
        why = re.sub(r".*/cs\.LG: ", "", reports["arxiv-rss"][1])
        print(f"{name:34}{seconds[0]:9.1f}s{seconds[1]:9.1f}s{seconds[2]:11.1f}s{whole:5.0f}s  {why}")
        assert "failed" in reports["arxiv-rss"][1]
        assert "failed" not in reports["arxiv-api"][1] + reports["huggingface"][1]
        assert code == 1
    reports, pages, whole = resuming.result()
    print(
        f"{'arxiv-oai resumes for ever':34}" + "".join(f"{n}: {s:.1f} s  " for n, (s, _) in reports.items())
    )
    print(f"{pages} pages were asked for; {reports['arxiv-oai'][1]}")


def attack(name: str, folder: Path) -> tuple[dict[str, tuple[float, str]], int, float]:
    with ATTACKS[name] as hostile, installation(folder) as bench:
        bench.env["ARXIV_RSS_URL"] = f"{hostile.url}/rss"
        return ingest(bench)


class Endless(SourceServer):
    """Every answer has another resumption token."""

    tokens = count()

    def find(self, path: str, query: Mapping[str, str]) -> Answer:
        token = f"<resumptionToken>{next(self.tokens)}</resumptionToken></ListRecords>"
        return Answer(path, oai(WORLD).replace(b"</ListRecords>", token.encode()))


def resume_for_ever(folder: Path) -> tuple[dict[str, tuple[float, str]], int, float]:
    """Each source's seconds and line, the number of pages, and the seconds of the process."""
    with installation(folder) as bench, Endless() as server:
        bench.env["ARXIV_OAI_URL"] = server.url + OAI
        names = ("arxiv-oai", "arxiv-api", "huggingface")
        reports, _, whole = ingest(bench, *(part for name in names for part in ("--source", name)))
        return reports, len(server.requests), whole


@contextmanager
def installation(folder: Path) -> Iterator[Bench]:
    """With sources that answer."""
    folder.mkdir()
    bench = Bench(folder).prepared()
    bench.profile("ada", profile(more="categories: [cs.LG]\n"))
    with SourceServer() as server:
        server.answer(API, atom(WORLD, REWARD))
        server.answer(DAILY, daily_json(WORLD))
        bench.env |= server.settings
        yield bench


def ingest(bench: Bench, *arguments: str) -> tuple[dict[str, tuple[float, str]], int, float]:
    """Each source's seconds and line, the exit code, and the seconds of the process."""
    begun = time.monotonic()
    reports = {}
    with bench.started(bench.command("ingest", *arguments)) as process:
        assert process.stderr
        for line in process.stderr:
            name, _, rest = line.partition(":")
            reports[name] = (time.monotonic() - begun, rest.strip().removesuffix(")"))
        code = process.wait()
    return reports, code, time.monotonic() - begun
