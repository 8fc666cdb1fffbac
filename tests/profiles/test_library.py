"""Library files that a profile names: their entries, their problems, and where they may be."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bot.profiles import library
from bot.profiles.library_entry import LibraryEntry
from bot.profiles.model import Reference
from tests.profiles.reading import DELIVER, read, wrong


def bib(folder: Path, content: str | bytes, name: str = "l.bib") -> str:
    """A profile that likes a library file of this content."""
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return f"like: [{name}]\n{DELIVER}"


def entries(folder: Path, content: str, ending: str) -> tuple[LibraryEntry, ...]:
    path = folder / f"library{ending}"
    path.write_text(content)
    return library.read(path)


#: One work as each program exports it.
CUPS = LibraryEntry(
    id="arxiv:2502.19402",
    title="Stacking m² cups: a robot's view",
    abstract="We stack cups. It works & holds.",
    authors=("Ada von Example", "Bo Müller", "The Cup Collaboration"),
    keywords=("robots", "cups"),
)
BIB = """@article{example2025, title = {Stacking {$m^2$} {Cups}: a robot's view}, journal = {arXiv preprint},
  author = {von Example, Ada and M{\\"u}ller, Bo and {The Cup Collaboration} and others}, keywords = {robots, cups},
  abstract = {We stack cups.
    It works \\& holds.}, eprint = {2502.19402v2}, archivePrefix = {arXiv}, doi = {10.1000/cups}}"""
ZOTERO_RIS = """TY  - JOUR
TI  - Stacking $m^2$ cups: a robot's view
AU  - von Example, Ada
AU  - Müller, Bo
AU  - The Cup Collaboration
T2  - Journal of Cups
AB  - We stack cups.
It works &amp; holds.
DO  - 10.1000/cups
UR  - http://arxiv.org/abs/2502.19402
KW  - robots
KW  - cups
N1  - <p>Compare arXiv:2001.00001</p>
ER  -
"""
ENDNOTE_RIS = """\ufeffProvider: Cups Database\r
1.\r
TY  - UNPB\r
A1  - von Example, Ada\r
A1  - Müller, Bo\r
A1  - The Cup Collaboration\r
T1  - Stacking $m^2$ cups: a robot's view\r
N2  - We stack cups. It works & holds.\r
M1  - arXiv:2502.19402\r
KW  - robots; cups\r
ER  -\r
\r
C1  - Database: cups\r
"""
MENDELEY_RIS = ZOTERO_RIS.replace("UR  - http://arxiv.org/abs/2502.19402", "AN  - arXiv:2502.19402 [cs.RO]")
ZOTERO_CSL = {
    "id": "http://zotero.org/users/1/items/ABC",
    "type": "article",
    "title": "Stacking <i>m</i>² cups: a robot's view",
    "abstract": "We stack cups. It works &amp; holds.",
    "keyword": "robots, cups",
    "note": "arXiv:2502.19402 [cs]",
    "number": "arXiv:2502.19402",
    "issued": {"date-parts": [[2025, 2, 26]]},
    "DOI": "10.48550/arXiv.2502.19402",
    "author": [
        {"family": "Example", "given": "Ada", "non-dropping-particle": "von"},
        {"family": "Müller", "given": "Bo"},
        {"literal": "The Cup Collaboration"},
    ],
}
SEMANTIC_SCHOLAR = {
    "paperId": "0123456789abcdef",
    "externalIds": {"DBLP": "conf/cups/1", "DOI": "10.1000/cups", "ArXiv": "2502.19402", "CorpusId": 1},
    "title": "Stacking $m^2$ cups: a robot's view",
    "abstract": "We stack cups. It works & holds.",
    "keyword": "robots, cups",
    "authors": [{"authorId": "1", "name": n} for n in CUPS.authors],
    "year": 2025,
}


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        (BIB, ".bib"),
        (ZOTERO_RIS, ".ris"),
        (ENDNOTE_RIS, ".RIS"),
        (MENDELEY_RIS, ".ris"),
        (json.dumps([ZOTERO_CSL]), ".json"),
        (json.dumps({"items": [ZOTERO_CSL, "x", {"type": "book"}]}), ".json"),
        (json.dumps({"total": 1, "data": [SEMANTIC_SCHOLAR]}), ".json"),
        (json.dumps(SEMANTIC_SCHOLAR), ".json"),
    ],
)
def test_every_format_gives_the_same_entry(tmp_path: Path, content: str, ending: str) -> None:
    """arXiv's id is preferred to a DOI; a note names the paper only when nothing else does."""
    (found,) = entries(tmp_path, content, ending)
    assert found.title.casefold() == CUPS.title.casefold()
    assert (found.id, found.abstract, found.authors, found.keywords) == (
        CUPS.id, CUPS.abstract, CUPS.authors, CUPS.keywords,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "ending", "expected"),
    [
        # an entry without its ending line, and one that breaks off
        ("TY  - JOUR\nTI  - A\nTY  - JOUR\nTI  - B\nDO  - 10.1000/b\nAB  - Cut o", ".ris",
         [LibraryEntry(None, "A"), LibraryEntry("doi:10.1000/b", "B", "Cut o")]),
        ("TY - JOUR\nT1 - One blank\nER -", ".ris", [LibraryEntry(None, "One blank")]),
        ("TY  - CHAP\nBT  - The book\nTI  - The chapter\nER  - ", ".ris", [LibraryEntry(None, "The chapter")]),
        ("TY  - JOUR\nTI  - A\nN1  - arXiv:2502.19402\nER  - ", ".ris", [LibraryEntry("arxiv:2502.19402", "A")]),
        ("TY  - JOUR\nTI  - A\nN1  - arXiv:2502.19402\nDO  - 10.1000/a", ".ris",
         [LibraryEntry("doi:10.1000/a", "A")]),
        ('{"title": "A", "DOI": "10.1000/a", "note": "after arXiv:2502.19402"}', ".json",
         [LibraryEntry("doi:10.1000/a", "A")]),
        ('[{"title": null, "DOI": 7, "author": ["x", {}], "externalIds": []}, {"title": "A", "year": 1}]', ".json",
         [LibraryEntry(None, "A")]),
        ("@misc{k, doi={10.1000/a}, url={https://arxiv.org/abs/2502.19402}}", ".bib",
         [LibraryEntry("arxiv:2502.19402")]),
        ("# to read\n\n2502.19402v2, 2412.13337\n- [Cups](https://arxiv.org/abs/math/0309136): good!\n"
         "Ada Example (2025). Cups. https://doi.org/10.1000/s0140(20)3.\n* hep-th/9901001; arXiv:2502.19402", ".txt",
         [LibraryEntry(i) for i in ("arxiv:2502.19402", "arxiv:2412.13337", "arxiv:math/0309136",
                                    "doi:10.1000/s0140(20)3", "arxiv:hep-th/9901001")]),
    ],
)  # fmt: skip
def test_what_real_exports_are_like(
    tmp_path: Path, content: str, ending: str, expected: list[LibraryEntry]
) -> None:
    """Missing endings, odd values and words around ids do no harm."""
    assert list(entries(tmp_path, content, ending)) == expected


def test_a_profile_likes_the_papers_of_a_library(tmp_path: Path) -> None:
    """With their texts, from files of several formats."""
    (tmp_path / "a.json").write_text(json.dumps([ZOTERO_CSL]))
    (tmp_path / "b.txt").write_text("2412.13337\n")
    profile = read(f"like: [a.json]\ndislike: [b.txt]\n{DELIVER}", tmp_path)
    assert profile.like == (Reference(CUPS.id, CUPS.title, CUPS.abstract),)
    assert profile.dislike == (Reference("arxiv:2412.13337"),)


@pytest.mark.parametrize(
    ("entry", "reference"),
    [
        ("@misc{k, eprint={2502.19400}, archivePrefix={arXiv}}", Reference("arxiv:2502.19400")),
        ("@misc{k, arxiv={https://arxiv.org/abs/2502.19402v2}}", Reference("arxiv:2502.19402")),
        ("@misc{k, url={https://doi.org/10.1000/A}, Title={T}}", Reference("doi:10.1000/a", "T")),
        ("@misc{k, journal={arXiv preprint arXiv:2502.19402}}", Reference("arxiv:2502.19402")),
        ("@misc{k, eprint={12345}, title={T}}", Reference(None, "T")),
        ("@misc{k, url={https://example.org/x}, title={T}}", Reference(None, "T")),
        ("@misc{k, title={T}, title={U}}", Reference(None, "U")),
        ("@misc{k, title={T}}\n@misc{l, note={nothing}}", Reference(None, "T")),
        ('@comment{x}\n@string{s = {v}}\n@misc(k, title = "T")', Reference(None, "T")),
    ],
)
def test_bibtex_entries(tmp_path: Path, entry: str, reference: Reference) -> None:
    """An entry is used with its id, its title, or both; one with neither is skipped."""
    assert read(bib(tmp_path, entry), tmp_path).like == (reference,)


def test_the_primary_class_is_a_keyword(tmp_path: Path) -> None:
    """As arXiv's own BibTeX has it: from it `init` proposes categories."""
    (tmp_path / "l.bib").write_text("@misc{a, title = {Cups}, eprint = {2605.00001}, primaryclass = {cs.RO}}")
    (entry,) = library.read(tmp_path / "l.bib")
    assert entry.keywords == ("cs.RO",)


def test_a_citation_key_that_is_there_twice_is_two_entries(tmp_path: Path) -> None:
    """Reference managers export duplicate keys; both entries are papers."""
    likes = read(
        bib(tmp_path, "@misc{k, title={T}}\n@misc{k, title={U}, eprint={2502.19402}}"), tmp_path
    ).like
    assert likes == (Reference(None, "T"), Reference("arxiv:2502.19402", "U"))


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (
            "@misc{a, title={T}}\n\n@misc{b, title={T}\n",
            "l.bib",
            "'l.bib', line 3: this entry cannot be read",
        ),
        ("@misc{a title={T}}", "l.bib", "line 1"),
        ("@misc{a, title={T}}\n@misc{b title={T}}\n@misc{c title={T}}", "l.bib", "lines 2, 3"),
        ("only words", "l.bib", "'l.bib' contains no entry"),
        ("", "l.bib", "contains no entry"),
        ("@misc{a, year={2020}}", "l.bib", "contains no entry"),
        (b"@misc{a,\n title={\xe9}}", "l.bib", "line 2: this is not UTF-8"),
        ("TI  - no beginning", "l.ris", "contains no entry"),
        ("[{},\n oops]", "l.json", "'l.json', line 2: this is not JSON"),
        ("[" * 100_000, "l.json", "'l.json': this JSON is nested too deeply"),
        ('"text"', "l.json", "contains no entry"),
        ("[1" + "0" * 5_000 + "]", "l.json", "contains no entry"),
        ("2502.19402\nA title\n# a comment", "l.txt", "'l.txt', line 2: no arXiv id, link or DOI here"),
        ("words\n" * 9, "l.txt", "lines 1, 2, 3, 4, 5 and 4 more: no arXiv id"),
    ],
)
def test_unusable_files(
    tmp_path: Path, content: str | bytes, name: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The problem is placed where the profile names the file, and names the lines; nothing is printed."""
    [(line, column, message)] = wrong(bib(tmp_path, content, name), tmp_path)
    assert (line, column) == (1, 8)
    assert says in message
    assert capsys.readouterr() == ("", "")


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    """`init --from` takes any path: the message lists the endings."""
    with pytest.raises(ValueError, match=r"must end with .bib, .ris, .json, .txt"):
        library.read(tmp_path / "l.docx")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing.bib", "there is no file 'missing.bib'"),
        ("../l.bib", "profile's own folder"),
        ("sub/../../l.bib", "profile's own folder"),
        ("/etc/l.bib", "profile's own folder"),
        ("'C:\\l.bib'", "profile's own folder"),
        ("'..\\l.bib'", "profile's own folder"),
        ('"a\\0.bib"', "there is no file 'a.bib'"),
        ("out.bib", "link out of the profile's folder"),
        ("linked/l.bib", "link out of the profile's folder"),
        ("circle.bib", "cannot be read"),
        ("folder.bib", "it is a folder"),
        ("pipe.bib", "it is a pipe"),
        (f"{'x' * 300}.bib", "cannot be read"),
    ],
)
def test_library_files_stay_in_the_profiles_folder(tmp_path: Path, name: str, says: str) -> None:
    """No path, dots or link lead out of the folder, and the message shows nothing of what is outside."""
    home = tmp_path / "home"
    (home / "folder.bib").mkdir(parents=True)
    os.mkfifo(home / "pipe.bib")
    (tmp_path / "l.bib").write_text("@misc{secret, title={T}}")
    (home / "out.bib").symlink_to(tmp_path / "l.bib")
    (home / "linked").symlink_to(tmp_path)
    (home / "circle.bib").symlink_to(home / "circle.bib")
    [(line, column, message)] = wrong(f"like: [{name}]\n{DELIVER}", home)
    assert (line, column) == (1, 8)
    assert says in message


def test_library_files_in_the_folder(tmp_path: Path) -> None:
    """Subfolders, links that stay inside and .BIB in capitals are accepted."""
    (tmp_path / "sub").mkdir()
    bib(tmp_path / "sub", "@misc{a, title={T}}", "L.BIB")
    (tmp_path / "link.bib").symlink_to("sub/L.BIB")
    assert len(read(f"like: [sub/L.BIB, link.bib]\n{DELIVER}", tmp_path).like) == 2


def test_a_profile_without_a_folder_has_no_library_files() -> None:
    """Without a folder every library file is refused."""
    assert [(line, column) for line, column, _ in wrong(f"like: [l.bib]\n{DELIVER}")] == [(1, 8)]
