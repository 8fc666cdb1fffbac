"""YAML files as people write them: every scalar as its text, and the place of each key and value.

Checks what a YAML file of ours may contain: one mapping, no key twice, no tags, and bounds on size, depth and
aliases. Does not depend on what the keys mean.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from bot.errors import Problem
from bot.text.plain import one_line, quote

MAX_BYTES = 256 * 1024  #: a file with some thousand liked papers
MAX_DEPTH = 20  #: ours are four deep; it also bounds the recursion here and in PyYAML
MAX_VALUES = 100_000  #: keys and values, with aliases written out, against "a billion laughs"

Loc: TypeAlias = tuple[str | int, ...]  #: as in pydantic's errors: ("deliver", 0, "at"); () is the whole file
Place: TypeAlias = tuple[int, int]  #: line and column, both from 1, counted in characters
Value: TypeAlias = "str | list[Value] | dict[str, Value] | None"

_START: Place = (1, 1)
_TOO_DEEP = f"this is nested more than {MAX_DEPTH} deep"
_CORE_TAG = "tag:yaml.org,2002:"
#: What BaseLoader gives to nodes without a tag.
_TAGS: Mapping[type[yaml.Node], str] = {
    yaml.ScalarNode: f"{_CORE_TAG}str",
    yaml.SequenceNode: f"{_CORE_TAG}seq",
    yaml.MappingNode: f"{_CORE_TAG}map",
}


class _Loader(yaml.BaseLoader):
    """Stops at lists that are nested too deeply. Otherwise the scanner looks on for the `:` after each of them."""

    def fetch_flow_collection_start(self, TokenClass: Any) -> None:  # noqa: N803 - PyYAML's name
        if self.flow_level > MAX_DEPTH:
            mark = self.get_mark()
            raise _BrokenError((mark.line + 1, mark.column + 1), _TOO_DEEP)
        super().fetch_flow_collection_start(TokenClass)


#: libyaml is many times faster. A file that it rejects is read again in Python, because libyaml's limits (its
#: nesting limit differs between versions) and messages are different.
_LOADERS = (getattr(yaml, "CBaseLoader", _Loader), _Loader)
#: A text that YAML reads as it is, also in a list.
_PLAIN = re.compile(r"[^\W_](?:[\w ()./@+*'-]*[\w()/+*])?")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
#: https://yaml.org/type/int.html, base 60: `8:30` is 510, and `08:30` is text
_BASE_60 = re.compile(r"[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+")


class Sexagesimal(str):
    """Text without quotes that YAML 1.1 reads as a base 60 number: `8:30` is 510."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A file's mapping. Every scalar is its text, so that `2502.19400` keeps its zeros; null is None."""

    value: dict[str, Value]
    root: yaml.Node

    def key_place(self, loc: Loc) -> Place:
        """Where the key at `loc` starts, or else as `place`."""
        return _place(self._find(loc)[0])

    def place(self, loc: Loc) -> Place:
        """Where the value at `loc` starts (an aliased one at its anchor), or else the nearest value around it."""
        return _place(self._find(loc)[1])

    def mapping(self, loc: Loc) -> dict[str, Value]:
        """The mapping at `loc`."""
        value: Any = self.value
        for part in loc:
            value = value[part]
        return dict(value)

    def _find(self, loc: Loc) -> tuple[yaml.Node, yaml.Node]:
        key = node = self.root
        for part in loc:
            if isinstance(node, yaml.MappingNode):
                found = [(k, v) for k, v in node.value if k.value == part]
            elif isinstance(node, yaml.SequenceNode):
                found = (
                    [(item, item) for item in node.value[part : part + 1]] if isinstance(part, int) else []
                )
            else:
                found = []
            if not found:
                return node, node
            key, node = found[0]
        return key, node


def read_mapping(data: bytes, *, file: str) -> tuple[Document | None, tuple[Problem, ...]]:
    """The mapping in a YAML file, and the problems of the file as YAML, by place.

    There may be both: of a key that is there twice, the first is read. `file` names the file in problems.
    Never raises, whatever the bytes.
    """
    document, builder = None, _Builder()
    try:
        root = _compose(_decode(data))
        value = builder.value(root) if root else None
        if root is None or value is None:
            raise _BrokenError(_START, "this file is empty")
        if not isinstance(value, dict):
            raise _BrokenError(_place(root), "expected lines such as `key: value` here")
        document = Document(value, root)
    except _BrokenError as broken:
        builder.problems.add((broken.place, str(broken)))
    return document, tuple(sorted(Problem(file, *place, one_line(text)) for place, text in builder.problems))


def flow(value: object) -> str:
    """A value as YAML on one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {flow(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(flow, value))}]"
    text = "" if value is None else str(value)
    is_plain = _PLAIN.fullmatch(text) and text not in _NULL
    return text if is_plain else json.dumps(text, ensure_ascii=False)


class _BrokenError(Exception):
    """The file cannot be read past this place."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _BrokenError(_START, f"this file is larger than {MAX_BYTES // 1024} KB, the most that is read")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        raise _BrokenError(_end(before), "this is not UTF-8 text: save the file as UTF-8") from None


def _end(text: str) -> Place:
    """The place right after `text`."""
    return text.count("\n") + 1, len(text) - text.rfind("\n")


def _place(marked: yaml.Node | yaml.Event) -> Place:
    assert marked.start_mark  # both loaders mark every node and event
    return marked.start_mark.line + 1, marked.start_mark.column + 1


def _compose(text: str) -> yaml.Node | None:
    for loader in _LOADERS:
        depth = 0
        try:
            for event in yaml.parse(text, Loader=loader):  # not recursive, unlike compose
                depth += isinstance(event, yaml.CollectionStartEvent)
                depth -= isinstance(event, yaml.CollectionEndEvent)
                if depth > MAX_DEPTH + 1:
                    raise _BrokenError(_place(event), _TOO_DEEP)
            return yaml.compose(text, Loader=loader)
        except yaml.MarkedYAMLError as error:
            broken = _syntax_error(error, text)
        except yaml.reader.ReaderError as error:
            place = _end(text[: error.position])
            broken = _BrokenError(place, f"a control character (U+{error.character:04X}): delete it")
        except (yaml.YAMLError, ValueError, OverflowError):
            # PyYAML raises these for escapes such as "\UFFFFFFFF" and for version numbers of 5,000 digits
            broken = _BrokenError(_START, "this is not valid YAML: a character or number is out of range")
    raise broken


#: Part of a message of PyYAML: what its author can do. The first that fits is used.
_SENTENCES = {
    "mapping values are not allowed": "a colon is not allowed here: check the indentation, "
    "or put a text with a colon in quotes",
    "cannot start any token": "a text cannot start with this character: put it in quotes",
    "unexpected end of stream": "this quote is never closed",
    "expected ',' or ']'": "a comma or the closing ] is missing in this list",
    "expected ',' or '}'": "a comma or the closing } is missing here",
    "could not find expected ':'": "this line has no colon: write `key: value`, "
    "and indent a text that continues from the line before",
    "expected <block end>": "this line does not fit the one above: check the indentation and the quotes",
    "node content": "a value is missing here; one that starts with # needs quotes",
    "unknown escape": "a \\ has a meaning in \"double quotes\": use 'single quotes'",
    "undefined alias": "no anchor of this name comes before this: put a text that starts with * in quotes",
    "second occurrence": "this anchor is defined twice: give each anchor its own name",
    "another document": "a second document starts here: remove it, a file contains one",
}
#: What comes right before a letter that YAML does not expect.
_QUOTE_IN_QUOTES = {
    "'": "the ' before this ends the text: put a text with ' in it in \"double quotes\"",
    '"': "the \" before this ends the text: put a text with \" in it in 'single quotes'",
}
_DASH_WITHOUT_SPACE = re.compile(r" *-(?=[^\s-])")


def _syntax_error(error: yaml.MarkedYAMLError, text: str) -> _BrokenError:
    what = error.problem or "it cannot be read"
    mark = error.problem_mark or error.context_mark
    rest = text[mark.index :] if mark else ""
    if error.context_mark and (not rest.strip() or "expected ':'" in what):  # its start is more helpful
        mark, rest = error.context_mark, text[error.context_mark.index :]
    for line, content in enumerate(text.split("\n") if mark else ()):
        if mark and mark.line - 1 <= line <= mark.line and (dash := _DASH_WITHOUT_SPACE.match(content)):
            return _BrokenError((line + 1, dash.end()), "write a space after this dash")
    place = (mark.line + 1, mark.column + 1) if mark and rest.strip() else _end(text.rstrip())
    if rest.startswith("\t"):
        return _BrokenError(place, "there is a tab here: indent YAML with spaces")
    if mark and (ended := _QUOTE_IN_QUOTES.get(text[mark.index - 1 : mark.index])) and rest[:1].isalnum():
        return _BrokenError(place, ended)
    sentences = (sentence for part, sentence in _SENTENCES.items() if part in what)
    return _BrokenError(place, next(sentences, f"this is not valid YAML: {what}"))


@dataclass
class _Builder:
    """Builds the values of one file, and collects the problems that do not stop the reading."""

    problems: set[tuple[Place, str]] = field(default_factory=set)
    count: int = 0

    def value(self, node: yaml.Node, depth: int = 0) -> Value:
        self.count += 1
        if self.count > MAX_VALUES:
            raise _BrokenError(_START, f"this file makes more than {MAX_VALUES} values: use fewer aliases")
        if depth > MAX_DEPTH:
            why = f"aliases nest this more than {MAX_DEPTH} deep: use none inside what it repeats"
            raise _BrokenError(_place(node), why)
        if node.tag != _TAGS[type(node)]:
            tag = quote(node.tag.replace(_CORE_TAG, "!!"))
            self.problems.add((_place(node), f"the tag {tag} has no meaning here: remove it"))
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, depth + 1) for item in node.value]
        pairs: dict[str, Value] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key, value = self.value(key_node, depth + 1), self.value(value_node, depth + 1)
            if not isinstance(key, str):
                self.problems.add((_place(key_node), "a key must be a text"))
            elif key in pairs:
                why = f"the key {quote(key)} is here twice, also in line {lines[key]}: keep one"
                self.problems.add((_place(key_node), why))
            else:
                pairs[key], lines[key] = value, _place(key_node)[0]
        return pairs


def _scalar(node: yaml.ScalarNode) -> str | None:
    if not node.style and node.value in _NULL:
        return None
    if not node.style and _BASE_60.fullmatch(node.value):
        return Sexagesimal(node.value)
    # PyYAML's own scanner, unlike libyaml's, makes lone surrogates of escapes such as "\ud800"
    return str(node.value).encode("utf-8", "replace").decode("utf-8")
