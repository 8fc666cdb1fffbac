"""What a YAML file of ours may contain, and the places of its keys and values."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from bot.profiles import yaml_reader
from bot.profiles.yaml_reader import MAX_BYTES, Document, Sexagesimal, read_mapping


@pytest.fixture(params=[yaml_reader._Loader, yaml.CBaseLoader], ids=["python", "libyaml"], autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both parsers of PyYAML give the same values and places."""
    monkeypatch.setattr(yaml_reader, "_LOADERS", (request.param, yaml_reader._Loader))


def read(text: str | bytes) -> Document:
    document, problems = read_mapping(text.encode() if isinstance(text, str) else text, file="f.yaml")
    assert problems == ()
    assert document is not None
    return document


def wrong(text: str | bytes) -> list[tuple[int, int, str]]:
    data = text.encode() if isinstance(text, str) else text
    return [(p.line, p.column, p.message) for p in read_mapping(data, file="f.yaml")[1]]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 2502.19400", "2502.19400"),
        ("a: 0x10", "0x10"),
        ("a: 1_000", "1_000"),
        ("a: no", "no"),
        ("a: on", "on"),
        ("a: true", "true"),
        ("a: 2025-01-01", "2025-01-01"),
        ("a: 1e3", "1e3"),
        ("a: 08:30", "08:30"),
        ("a: =", "="),
        ("a: !!str 1", "1"),
        ("a: '~'", "~"),
        ("a: ''", ""),
        ("a: ~", None),
        ("a: null", None),
        ("a:", None),
        ("a: []", []),
        ("a: {}", {}),
        ("a: |\n  one\n  two\n", "one\ntwo\n"),
        ("\ufeffa: 1", "1"),
        ("--- \na: 1\n...\n", "1"),
        ("a: é𝄞", "é𝄞"),
    ],
)
def test_scalars_keep_their_text(text: str, value: object) -> None:
    """A scalar is read as written, whatever its YAML type; only null is None."""
    assert read(text).value == {"a": value}


@pytest.mark.parametrize(
    ("text", "is_number"),
    [("8:30", True), ("18:30", True), ("1:2:3", True), ("08:30", False), ("8:75", False), ("'8:30'", False)],
)
def test_base_60_numbers_are_marked(text: str, is_number: bool) -> None:
    """`8:30` is a number in YAML 1.1; with quotes, a leading zero or a minute above 59 it is text."""
    assert isinstance(read(f"a: {text}").value["a"], Sexagesimal) is is_number


def test_keys_and_values_have_places() -> None:
    """Lines and columns count from 1, in characters; an unknown location has the place of the value around it."""
    document = read("# ü\né: [𝄞, {k: v}]\nb:\n  - c\n")
    assert document.place(("é",)) == (2, 4)
    assert document.place(("é", 0)) == (2, 5)
    assert document.key_place(("é", 1, "k")) == (2, 9)
    assert document.place(("é", 1, "k")) == (2, 12)
    assert document.key_place(("b",)) == (3, 1)
    assert document.place(("b", 0)) == (4, 5)
    assert document.place(("b", 7, "phrase")) == (4, 3)
    assert document.place(("nowhere",)) == document.place(()) == (2, 1)


def test_an_aliased_value_is_placed_at_its_anchor() -> None:
    """An alias repeats the value, its place and whether it is a base 60 number."""
    document = read("a: &x [1, 2]\nb: *x\nc: &t 8:30\nd: *t\n")
    assert document.value["b"] == ["1", "2"]
    assert document.key_place(("b",)) == (2, 1)
    assert document.place(("b", 1)) == (1, 11)
    assert isinstance(document.value["d"], Sexagesimal)


#: Written out, 10 to the power of 6 values.
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcde", "bcdef", strict=True)
)
#: Each value is one deeper than the one before.
STAIRS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 2000))


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("", 1, 1, "empty"),
        ("# only this\n", 1, 1, "empty"),
        ("~", 1, 1, "empty"),
        ("- a\n", 1, 1, "`key: value`"),
        ("\n  words\n", 2, 3, "`key: value`"),
        ("a: 1\nb: 2\na: 3\n", 3, 1, "'a' is here twice, also in line 1"),
        ("a: {b: 1, b: 2}\n", 1, 11, "'b' is here twice"),
        ("a: 1\n'a': 3\n", 2, 1, "'a' is here twice"),
        ("? [a]\n: b\n", 1, 3, "a key must be a text"),
        ("{~: x}\n", 1, 2, "a key must be a text"),
        ("a:\n\t- b\n", 2, 1, "tab"),
        ("a: b: c\n", 1, 5, "colon"),
        ("a: @x\n", 1, 4, "in quotes"),
        ("a: [1, 2\n", 1, 4, "]"),
        ("x: 1\na: 'one\nb: 2\n", 2, 4, "never closed"),
        ("a: 1\nword\nb: 2\n", 2, 1, "no colon"),
        ("a: 1\n---\nb: 2\n", 2, 1, "second document"),
        ("a: *x\n", 1, 4, "no anchor of this name"),
        ("a: &x [b, *x]\n", 1, 8, "aliases nest this more than 20 deep"),
        ("a: &x {b: {c: *x}}\n", 1, 12, "aliases nest this more than 20 deep"),
        (STAIRS, 1, 10, "aliases nest this more than 20 deep"),
        (BOMB, 1, 1, "more than 100000 values"),
        ("a: &x 1\nb: &x 2\n", 2, 4, "this anchor is defined twice"),
        ("a: !!python/object/apply:os.system [ls]\n", 1, 4, "'!!python/object/apply:os.system'"),
        ("a: [!include b.yaml]\n", 1, 5, "'!include'"),
        ("a: !x%0Ay z\n", 1, 4, "'!x y'"),
        ("a: " + "[" * 200_000, 1, 25, "nested more than 20"),
        ("a: {b: 1\n", 1, 4, "}"),
        ("ab: 1\na: \0\n", 2, 4, "U+0000"),
        (b"ab: 1\n\xc3\xa9: \xff\n", 2, 4, "UTF-8"),
        (b"\xff\xfea\0:\0", 1, 1, "UTF-8"),
        ("a: " + "x" * MAX_BYTES, 1, 1, "256 KB"),
    ],
)
def test_a_problem_has_its_place(text: str | bytes, line: int, column: int, says: str) -> None:
    """Each mistake is one sentence on one line, at the place of the mistake."""
    [(at_line, at_column, message)] = wrong(text)
    assert (at_line, at_column) == (line, column)
    assert says in message
    assert "\n" not in message


def test_problems_that_do_not_stop_the_reading() -> None:
    """Duplicate keys, tags and odd keys do not hide what comes after them; the first of two keys is read."""
    text = "a: 1\na: {b: 1, b: 2}\nc: !x 1\n? []\n: 1\n"
    assert [(line, column) for line, column, _ in wrong(text)] == [(2, 1), (2, 11), (3, 4), (4, 3)]
    document, problems = read_mapping(b"a: 1\na: 2\n", file="f.yaml")
    assert document is not None
    assert document.value == {"a": "1"}
    assert [str(p) for p in problems] == ["f.yaml:2:1: the key 'a' is here twice, also in line 1: keep one"]


YAMLISH = st.text(alphabet=st.sampled_from(list("ab: -[]{}&*!|>'\"#%@,?\n\t\\uxU~0:é\r\x85")), max_size=80)


@given(data=st.one_of(st.binary(max_size=200), YAMLISH.map(str.encode)))
@example(data=b'a: "\\ud800"')
@example(data=b'a: "\\UFFFFFFFF"')
@example(data=b"%YAML 1." + b"9" * 5000 + b"\n---\na: 1")
def test_no_bytes_raise(data: bytes) -> None:
    """For any bytes there is a document or a problem, and places count from 1."""
    for loader in (yaml_reader._Loader, yaml.CBaseLoader):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(yaml_reader, "_LOADERS", (loader, yaml_reader._Loader))
            document, problems = read_mapping(data, file="f.yaml")
        assert document is not None or problems
        assert all(p.line >= 1 and p.column >= 1 and "\n" not in p.message for p in problems)
