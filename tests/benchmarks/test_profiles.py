"""A lab's scale: 1,000 profiles are checked, and one that is broken in any way does not delay or stop the others."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from bot.profiles.load import load_profiles
from tests.e2e.listings import BACKGROUND, WORLD, json_lines
from tests.support.cli import Bench

NUMBER = 1000
TEXTS = (
    "include: [lab.yaml]\ninterests: [{phrase: world models, weight: 2}, grasping]\ndeliver: [{maildir: p%d}]\n",
    "about: |\n  I study how robots learn from little data,\n  and how world models help.\nlike: [library.bib]\n"
    "authors: [Ada Example, Bo Muster]\ncategories: [cs.RO, cs.LG]\ndeliver: [{maildir: p%d, days: mon-fri}]\n",
    "timezone: Europe/Zurich\ninterests:\n  - world models\n  - grasping\n  - offline reinforcement learning\n"
    "avoid: [surveys]\nlimit: 5\nthreshold: strong\ndeliver:\n  - {maildir: p%d, at: '09:00'}\n",
)
LAB = "mute: {terms: [survey]}\ntimezone: Europe/Zurich\ndeliver: [{at: '07:30', days: mon-fri}]\n"
BIB = "@article{one, title = {World Models for Robots}, eprint = {2605.00001}}\n"


def write_text(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text)


def with_lines(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(path.read_text() + text)


def replaced(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def replace(path: Path) -> None:
        path.unlink()
        make(path)

    return replace


BREAKS: dict[str, Callable[[Path], object]] = {
    "empty": write_text(""),
    "no mapping": write_text("- world models\n"),
    "YAML that ends early": with_lines('x: "'),
    "a tab": with_lines("mute:\n\tterms: []\n"),
    "not UTF-8": lambda path: path.write_bytes(path.read_bytes() + b"# \xff\n"),
    "a control character": with_lines("# \x01\n"),
    "deep nesting": with_lines("x: " + "[" * 100_000),
    "many aliases": with_lines(
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    ),
    "too large": with_lines("#" * 300_000),
    "an unknown key": with_lines("limt: 3\n"),
    "a key twice": with_lines("deliver: []\n"),
    "a wrong value": with_lines("window: never\n"),
    "nothing to look for": write_text("deliver: [{maildir: a}]\n"),
    "nowhere to deliver": write_text("interests: [robots]\n"),
    "a missing include": write_text("include: [gone.yaml]\ninterests: [robots]\ndeliver: [{maildir: a}]\n"),
    "an include of itself": write_text(
        "include: [p500.yaml]\ninterests: [robots]\ndeliver: [{maildir: a}]\n"
    ),
    "a missing library": write_text("like: [gone.bib]\ndeliver: [{maildir: a}]\n"),
    "a pipe": replaced(os.mkfifo),
    "a folder": replaced(Path.mkdir),
    "a link to nowhere": replaced(lambda path: path.symlink_to("nowhere")),
    "a link to itself": replaced(lambda path: path.symlink_to(path)),
}


def write_profiles(bench: Bench) -> Path:
    bench.file("profiles/lab.yaml", LAB)
    bench.file("profiles/library.bib", BIB)
    for n in range(NUMBER):
        bench.profile(f"p{n}", TEXTS[n % len(TEXTS)] % n)
    return bench.folder / "profiles"


def test_a_thousand_profiles(tmp_path: Path) -> None:
    """`check` the first time and after; then one profile broken in each way: the other 999 are there at once."""
    bench = Bench(tmp_path)
    folder = write_profiles(bench)
    cache = bench.data / "profiles.json"
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        result = bench.subprocess("check")
        seconds.append(time.perf_counter() - start)
        assert f"{NUMBER:,} profiles, no problems" in result.err
    print(
        f"check of {NUMBER} profiles: first {seconds[0]:.2f} s, after {statistics.median(seconds[1:]):.2f} s"
    )
    path = folder / "p500.yaml"
    original = path.read_bytes()
    for name, break_ in BREAKS.items():
        break_(path)
        start = time.perf_counter()
        profiles, _, kept, broken, _ = load_profiles([folder], cache)
        spent = time.perf_counter() - start
        others = {profile.id for profile in profiles}
        assert (len(others), "p500" in others) == (NUMBER - 1, False), name
        assert [profile.id for profile in kept] == ["p500"], name
        print(f"{name:22} {spent:.2f} s  {broken['p500'][0].message[:80]}")
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        path.write_bytes(original)


def test_the_others_are_served(tmp_path: Path) -> None:
    """A `send` for 1,000 profiles, one of them never valid, gives the other 999 their digests."""
    bench = Bench(tmp_path)
    write_profiles(bench)
    bench.profile("p500", "interests: [world models\n")
    papers = bench.file("papers.jsonl", json_lines(WORLD, *BACKGROUND))
    bench.run("ingest", "--file", papers, "--as-of", "2026-05-04")
    start = time.perf_counter()
    result = bench.subprocess("send", "--on", "2026-05-04", "--json", timeout=600)
    states = [edition["state"] for edition in result.json["editions"]]
    print(
        f"send for {len(states)} profiles: {time.perf_counter() - start:.1f} s; {states.count('sent')} sent"
    )
    assert result.code == 2
    assert (len(states), set(states)) == (NUMBER - 1, {"sent"})
