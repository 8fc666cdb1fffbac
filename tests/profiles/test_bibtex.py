"""BibTeX files that a profile names: their entries, their problems, and where they may be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.profiles.model import Reference
from tests.profiles.reading import DELIVER, read, wrong


def bib(folder: Path, content: str | bytes, name: str = "l.bib") -> str:
    """A profile that likes a .bib file of this content."""
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return f"like: [{name}]\n{DELIVER}"


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


def test_a_citation_key_that_is_there_twice_is_two_entries(tmp_path: Path) -> None:
    """Reference managers export duplicate keys; both entries are papers."""
    likes = read(
        bib(tmp_path, "@misc{k, title={T}}\n@misc{k, title={U}, eprint={2502.19402}}"), tmp_path
    ).like
    assert likes == (Reference(None, "T"), Reference("arxiv:2502.19402", "U"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("@misc{a, title={T}}\n\n@misc{b, title={T}\n", "line 3: this entry cannot be read"),
        ("@misc{a title={T}}", "line 1"),
        ("only words", "contains no entry"),
        ("", "contains no entry"),
        ("@misc{a, year={2020}}", "contains no entry"),
        (b"@misc{a,\n title={\xe9}}", "line 2: this is not UTF-8"),
    ],
)
def test_unusable_bib_files(
    tmp_path: Path, content: str | bytes, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The problem is placed where the profile names the file, and names the line; nothing is printed."""
    [(line, column, message)] = wrong(bib(tmp_path, content), tmp_path)
    assert (line, column) == (1, 8)
    assert says in message
    assert capsys.readouterr() == ("", "")


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
def test_bib_files_stay_in_the_profiles_folder(tmp_path: Path, name: str, says: str) -> None:
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


def test_bib_files_in_the_folder(tmp_path: Path) -> None:
    """Subfolders, links that stay inside and .BIB in capitals are accepted."""
    (tmp_path / "sub").mkdir()
    bib(tmp_path / "sub", "@misc{a, title={T}}", "L.BIB")
    (tmp_path / "link.bib").symlink_to("sub/L.BIB")
    assert len(read(f"like: [sub/L.BIB, link.bib]\n{DELIVER}", tmp_path).like) == 2


def test_a_profile_without_a_folder_has_no_bib_files() -> None:
    """Without a folder every .bib file is refused."""
    assert [(line, column) for line, column, _ in wrong(f"like: [l.bib]\n{DELIVER}")] == [(1, 8)]
