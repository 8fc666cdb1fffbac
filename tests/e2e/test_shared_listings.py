"""Five real saved pages: every entry of each, once. Skipped if they are not beside the checkout."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.cli import ROOT, Bench

LISTINGS = ROOT.parent / "shared" / "listings"
COUNTS = {"000": 13, "001": 109, "002": 82, "003": 128, "004": 64}
DAY = "2025-11-12"

pytestmark = pytest.mark.skipif(not LISTINGS.is_dir(), reason=f"{LISTINGS} does not exist")


def test_every_entry_of_every_page_is_read_once(bench: Bench) -> None:
    """Nothing is unreadable, and works on several pages are one paper. A second call finds nothing new and does not
    change the export.
    """
    files = [part for path in sorted(LISTINGS.iterdir()) for part in ("--file", path)]
    first = bench.run("ingest", *files, "--as-of", DAY, "--json")
    found = {source["name"].rpartition("/")[2][:3]: source for source in first.json["sources"]}
    assert {number: source["entries"] for number, source in found.items()} == COUNTS
    assert [source["unreadable"] for source in found.values()] == [[]] * 5
    assert (first.code, first.json["papers"]) == (0, 363)
    stored = bench.run("export").out

    second = bench.run("ingest", *files, "--as-of", DAY, "--json")
    changes = [(source["new"], source["updated"]) for source in second.json["sources"]]
    assert (second.code, changes, second.json["papers"]) == (0, [(0, 0)] * 5, 363)
    assert bench.run("export").out == stored


def test_the_fields_that_pages_show_are_read(bench: Bench) -> None:
    """All papers have title and abstract; only arXiv has authors, Hugging Face their number; no date is after the
    day on which the pages were saved; some papers have comment counts and organizations.
    """
    files = [part for path in sorted(LISTINGS.iterdir()) for part in ("--file", path)]
    bench.run("ingest", *files, "--as-of", DAY)
    papers = bench.export()
    assert all(paper["title"] and paper["abstract"] for paper in papers)
    assert Counter(bool(paper["authors"]) for paper in papers)[True] == 13
    dates = [paper[name] for paper in papers for name in ("published", "updated", "announced") if paper[name]]
    assert max(dates) <= "2025-11-13"
    assert min(dates) >= "2000"
    assert any(paper["comments"] for paper in papers)
    assert any(paper["organization"] for paper in papers)
    # One page of 82 works has neither for any of them.
    assert Counter(bool(paper["author_count"] or paper["organization"]) for paper in papers)[False] < 90
    assert any("\n\n" in paper["abstract"] for paper in papers)


def test_a_followed_author_is_found_on_the_real_page(bench: Bench) -> None:
    """All papers of Seungwook Han on the arXiv page, and none with the two names in two people."""
    page = next(LISTINGS.glob("000_*"))
    bench.profile("han", "authors: [Seungwook Han]\ndeliver: [{maildir: han}]\n")
    bench.run("ingest", "--file", page, "--as-of", DAY)
    by_han = {paper["id"] for paper in bench.export() if "Seungwook Han" in paper["authors"]}
    (digest,) = bench.run("preview", "han", "--on", DAY, "--json").json
    assert by_han
    assert {entry["id"] for entry in digest["entries"]} == by_han
    assert len(by_han) < 13
