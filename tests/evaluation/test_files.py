"""Papers and judgements read from files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from bot.errors import UserError
from bot.evaluation.files import read_papers, read_task
from bot.evaluation.tasks import (
    Kind,
)
from tests.evaluation.papers import numbered_papers


def count(title: str, abstract: str) -> bytes:
    return f"{title}|{abstract}".encode()


def written(folder: Path, name: str, *lines: Any) -> Path:
    path = folder / name
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["papers.jsonl", "papers.jsonl.gz", "papers.whatever.gz"])
def test_papers_are_read_from_json_lines(tmp_path: Path, name: str) -> None:
    """Gzip or not; null and missing texts are empty; other fields and blank lines are ignored."""
    first = {"id": "x:1", "title": "One", "abstract": "Of one.", "authors": 7}
    second = {"id": "2", "title": None}
    path = written(tmp_path, name, first, "", second)
    steps: list[str] = []
    one, two = read_papers(path, count, steps.append)
    assert (one.paper.id, one.paper.title, one.paper.abstract, one.terms) == (
        "x:1",
        "One",
        "Of one.",
        b"One|Of one.",
    )
    assert (two.paper.id, two.paper.title, two.paper.abstract) == ("2", "", "")
    assert steps == ["line 1", "line 2", "line 3"]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('{"id": "x:2",', "invalid JSON at column"),
        ("[1]", "a paper must be an object"),
        ('{"title": "x"}', "has no `id`"),
        ('{"id": 3, "title": "x"}', "`id` must be a text"),
        ('{"id": "x:2", "title": ["x"]}', "`title` must be a text"),
        ('{"id": "x:1", "title": "x"}', "the id x:1 occurs twice"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_every_unreadable_line_is_reported(tmp_path: Path, line: str, word: str) -> None:
    """All unreadable lines are reported at once, with file and line."""
    path = written(tmp_path, "papers.jsonl", {"id": "x:1", "title": "One"}, line, {"id": "x:3"}, line)
    with pytest.raises(UserError) as error:
        read_papers(path, count)
    first, second = str(error.value).split("\n")
    assert first.startswith(f"{path}:2: ")
    assert second.startswith(f"{path}:4: ")
    assert word in str(error.value)


def test_at_most_ten_lines_are_reported(tmp_path: Path) -> None:
    """Of more than ten errors ten are listed and the rest counted."""
    path = written(tmp_path, "papers.jsonl", *["?"] * 25)
    with pytest.raises(UserError, match=r":10: invalid JSON[^\n]*\nand 15 more$"):
        read_papers(path, count)


def test_bytes_that_are_not_utf8_are_reported(tmp_path: Path) -> None:
    """With file and line, in papers and in judgements."""
    path = tmp_path / "x"
    path.write_bytes(b'{"id": "x:1"}\n{"id": "\xff\xfe"}\n')
    with pytest.raises(UserError, match=r"x:2: not UTF-8"):
        read_papers(path, count)
    path.write_bytes(b'{"libraries":\n {"\xff": []}}')
    with pytest.raises(UserError, match=r"x:2: not UTF-8"):
        read_task(path, numbered_papers(1))


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (None, "No such file"),
        (b"", "no papers"),
        (gzip.compress(b'{"id": "x:1"}\n' * 99)[:30], "incomplete"),
        (gzip.compress(b"x" * 99)[:-8] + b"12345678", "CRC"),
    ],
    ids=["missing", "empty", "cut", "damaged"],
)
def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path, content: bytes | None, word: str) -> None:
    """A missing or empty file, and gzip data that is incomplete or damaged."""
    path = tmp_path / "papers"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as error:
        read_papers(path, count)
    assert str(error.value).startswith(str(path))
    assert word in str(error.value)


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ({"users": {}}, "expected"),
        (7, "expected"),
        ('{"libraries":\n {"ada": [}}', ":2: invalid JSON at column"),
        ({"libraries": []}, "`libraries` must be an object"),
        ({"libraries": {"ada": "t:000"}}, "the library of 'ada'"),
        ({"libraries": {"ada": [1]}}, "the library of 'ada'"),
        ({"libraries": {}, "folds": {}}, "`folds` must be a list"),
        ({"libraries": {}, "folds": [["t:000"], [None]]}, "fold 2"),
        (["wings"], "query 1"),
        ([{"query": "wings", "relevant": {}}, {"query": "wings"}], "query 2"),
        ([{"query": "wings", "relevant": {"t:000": "3"}}], "query 1: the grade of t:000"),
        ([{"query": "wings", "relevant": {"t:000": True}}], "query 1: the grade of t:000"),
        ('[{"query": "wings", "relevant": {"t:000": NaN}}]', "query 1: the grade of t:000"),
    ],
)
def test_judgements_in_an_unknown_form_are_an_error(tmp_path: Path, document: Any, word: str) -> None:
    """The error names the file and the line or the part that is wrong."""
    path = written(tmp_path, "judged.json", document)
    with pytest.raises(UserError) as error:
        read_task(path, numbered_papers(3))
    assert str(error.value).startswith(f"{path}:")
    assert word in str(error.value)


def test_the_kind_of_task_follows_from_the_file(tmp_path: Path) -> None:
    """Libraries with and without folds, and queries; gzip or not."""
    papers = numbered_papers(6)
    ids = [one.paper.id for one in papers]
    both = {"libraries": {"ada": ids[:4]}, "folds": [ids[:2], ids[2:]]}
    task = read_task(written(tmp_path, "a.json", both), papers)
    assert (task.kind, len(task.rounds)) == (Kind.LIBRARIES, 2)
    task = read_task(written(tmp_path, "b.json", {"libraries": {"ada": ids}}), papers)
    assert task.kind is Kind.LIBRARIES
    listed = [{"query": "wings", "relevant": {ids[0]: 2}}]
    task = read_task(written(tmp_path, "c.json.gz", listed), papers, about=True)
    assert (task.kind, task.trials[0].profile.about) == (Kind.QUERIES, "wings")
