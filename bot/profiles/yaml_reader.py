"""YAML files as people write them: every value as its text, and where each key and value stands.

Owns what a YAML file of ours may hold: one mapping, no key twice, no tags, and bounds on size, depth and
aliases. Refuses to know what the keys mean. Built on YAML's events and not on its nodes, because a composed
alias has lost its own place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn, TypeAlias

import yaml

from bot.errors import Problem
from bot.text.plain import one_line, quote

MAX_BYTES = 256 * 1024  #: some thousand liked papers
MAX_DEPTH = 20  #: ours are four deep; it also bounds our recursion
MAX_REPEATED = 10_000  #: values that aliases may add, against "a billion laughs"

Loc: TypeAlias = tuple[str | int, ...]  #: as in pydantic's errors: ("deliver", 0, "at"); () is the whole file
Place: TypeAlias = tuple[int, int]  #: line and column, both from 1, counted in characters
Value: TypeAlias = "str | list[Value] | dict[str, Value] | None"

_START: Place = (1, 1)
_ASIDE = -1  #: a position that no list has: for values that are read, checked and dropped
_CORE_TAG = "tag:yaml.org,2002:"
#: libyaml's parser is many times faster. A file that it rejects is parsed again in Python, because libyaml has
#: limits of its own (its nesting limit differs between versions) and other words for the same mistake.
_LOADERS = (getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader)
#: https://yaml.org/spec/1.1/#c-printable, but for the byte order mark
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
#: https://yaml.org/type/int.html, base 60: `8:30` is 510, and `08:30` is text
_BASE_60 = re.compile(r"[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+")


class Sexagesimal(str):
    """Text without quotes that YAML 1.1 reads as a number to the base of 60: `8:30` is 510."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A file's mapping. Every scalar is its text, so that `2502.19400` keeps its zeros; null is None."""

    value: dict[str, Value]
    keys: Mapping[Loc, Place]
    values: Mapping[Loc, Place]

    def key_place(self, loc: Loc) -> Place:
        """Where the key of `loc` stands, or else its value."""
        return self.keys.get(loc) or self.place(loc)

    def place(self, loc: Loc) -> Place:
        """Where the value of `loc` starts, or else the nearest value around it."""
        while loc not in self.values:
            loc = loc[:-1]
        return self.values[loc]


def read_mapping(data: bytes, *, file: str) -> tuple[Document | None, tuple[Problem, ...]]:
    """The mapping that a YAML file holds, and everything that is wrong with it as YAML, by place.

    There may be both: a file with a key twice is read with the first. `file` names the file in problems.
    Never raises, whatever the bytes.
    """
    try:
        text = _text(data)
    except _BrokenError as broken:
        return None, (broken.problem(file),)
    fast, exact = _LOADERS
    try:
        reader = _Reader(_events(text, fast), file)
        return reader.document(), tuple(sorted(reader.problems))
    except _BrokenError:
        reader = _Reader(_events(text, exact), file)
    try:
        return reader.document(), tuple(sorted(reader.problems))
    except _BrokenError as broken:
        return None, tuple(sorted((*reader.problems, broken.problem(file))))


class _BrokenError(Exception):
    """The file cannot be read past this place."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place
        self.message = message

    def problem(self, file: str) -> Problem:
        return Problem(file, *self.place, one_line(self.message))


# --- Bytes to events --------------------------------------------------------------------------------------


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _BrokenError(_START, f"this file is larger than {MAX_BYTES // 1024} KB, the most that is read")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        raise _BrokenError(_end(before), "this is not UTF-8 text: save the file as UTF-8") from None
    if match := _UNPRINTABLE.search(text):
        code = f"U+{ord(match[0]):04X}"
        raise _BrokenError(_end(text[: match.start()]), f"a control character ({code}): delete it")
    return text


def _end(text: str) -> Place:
    """The place right after `text`."""
    return text.count("\n") + 1, len(text) - text.rfind("\n")


def _events(text: str, loader: type[yaml.SafeLoader]) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        _raise_syntax(error, text)
    except (yaml.YAMLError, ValueError, OverflowError):
        # PyYAML's own scanner lets escapes such as "\UFFFFFFFF" and endless version numbers escape as these
        raise _BrokenError(_START, "this is not valid YAML: a character or number is out of range") from None


#: What PyYAML and libyaml say, and what a person can do about it. The first that fits is told.
_SENTENCES = {
    "mapping values are not allowed": "a colon cannot stand here: check the indentation, "
    "or put a text that holds a colon in quotes",
    "cannot start any token": "a text cannot start with this character: put it in quotes",
    "unexpected end of stream": "this quote is never closed",
    "expected ',' or ']'": "a comma or the closing ] is missing in this list",
    "expected ',' or '}'": "a comma or the closing } is missing here",
    "could not find expected ':'": "this line has no colon: write `key: value`, "
    "and indent a text that goes on from the line before",
    "expected '-' indicator": "this line does not fit the list above it: check the indentation and the dash",
    "did not find expected key": "this line does not fit the one above: check the indentation and the quotes",
    "expected <block end>": "this line does not fit the one above: check the indentation and the quotes",
    "node content": "a value is missing here; one that starts with # needs quotes",
    "unknown escape": "a \\ has a meaning in \"double quotes\": use 'single quotes'",
}


def _raise_syntax(error: yaml.MarkedYAMLError, text: str) -> NoReturn:
    what = error.problem or "it cannot be read"
    mark = error.problem_mark or error.context_mark
    rest = _from(mark, text)
    if error.context_mark and (not rest.strip() or "expected ':'" in what):  # where it began tells more
        mark, rest = error.context_mark, _from(error.context_mark, text)
    place = (mark.line + 1, mark.column + 1) if mark and rest.strip() else _end(text.rstrip())
    if rest.startswith("\t") or " tab " in what:
        raise _BrokenError(place, "a tab stands here: YAML is indented with spaces") from None
    for fragment, sentence in _SENTENCES.items():
        if fragment in what:
            raise _BrokenError(place, sentence) from None
    raise _BrokenError(place, f"this is not valid YAML: {what}") from None


def _from(mark: yaml.Mark | None, text: str) -> str:
    """What follows a mark; its index counts bytes with one loader and characters with the other."""
    lines = text.split("\n")[mark.line :] if mark else []
    return "\n".join([lines[0][mark.column :], *lines[1:]]) if mark and lines else ""


# --- Events to values -------------------------------------------------------------------------------------


class _Node(NamedTuple):
    value: Value
    size: int  #: how many values it holds, aliases written out


@dataclass
class _Reader:
    """One pass over the events of one file."""

    events: Iterator[yaml.Event]
    file: str
    problems: list[Problem] = field(default_factory=list)
    keys: dict[Loc, Place] = field(default_factory=dict)
    values: dict[Loc, Place] = field(default_factory=dict)
    anchors: dict[str, _Node | None] = field(default_factory=dict)  #: None while it is being read
    repeated: int = 0  #: values that aliases added so far

    def document(self) -> Document | None:
        """Raises _BrokenError where reading cannot go on."""
        next(self.events)  # the stream's start
        if isinstance(next(self.events), yaml.StreamEndEvent):
            raise _BrokenError(_START, "this file is empty")
        root = self._node(next(self.events), ()).value
        next(self.events)  # the document's end
        if isinstance(event := next(self.events), yaml.DocumentStartEvent):
            self._problem(_place(event), "a second document starts here: remove it, one file holds one")
        if root is None:
            raise _BrokenError(_START, "this file is empty")
        if not isinstance(root, dict):
            raise _BrokenError(self.values[()], "lines such as `key: value` are wanted here")
        return Document(root, self.keys, self.values)

    def _problem(self, place: Place, message: str) -> None:
        self.problems.append(Problem(self.file, *place, one_line(message)))

    def _node(self, event: yaml.Event, loc: Loc) -> _Node:
        place = self.values[loc] = _place(event)
        if len(loc) > MAX_DEPTH:
            raise _BrokenError(place, f"this is nested more than {MAX_DEPTH} deep")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, place)
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        if event.anchor:
            self.anchors[event.anchor] = None
        node = self._content(event, loc)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _content(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, loc: Loc) -> _Node:
        if isinstance(event, yaml.ScalarEvent):
            self._check_tag(event, "str")
            return _Node(_scalar(event), 1)
        if isinstance(event, yaml.SequenceStartEvent):
            self._check_tag(event, "seq")
            return self._sequence(loc)
        self._check_tag(event, "map")
        return self._mapping(loc)

    def _alias(self, event: yaml.AliasEvent, place: Place) -> _Node:
        name = quote(event.anchor or "")
        if not event.anchor or event.anchor not in self.anchors:
            raise _BrokenError(
                place, f"no anchor {name} comes before this: put a text that starts with * in quotes"
            )
        node = self.anchors[event.anchor]
        if node is None:
            raise _BrokenError(place, f"the alias {name} stands inside what it repeats")
        self.repeated += node.size
        if self.repeated > MAX_REPEATED:
            raise _BrokenError(place, f"aliases repeat more than {MAX_REPEATED} values up to here")
        return node

    def _check_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, kind: str) -> None:
        if event.tag not in {None, "!", _CORE_TAG + kind}:
            tag = quote(event.tag.replace(_CORE_TAG, "!!"))
            self._problem(_place(event), f"the tag {tag} means nothing here: remove it")

    def _sequence(self, loc: Loc) -> _Node:
        items: list[Value] = []
        size = 1
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            node = self._node(event, (*loc, len(items)))
            items.append(node.value)
            size += node.size
        return _Node(items, size)

    def _mapping(self, loc: Loc) -> _Node:
        pairs: dict[str, Value] = {}
        size = 1
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._new_key(event, loc, pairs)
            node = self._node(next(self.events), (*loc, _ASIDE if key is None else key))
            size += node.size + 1
            if key is not None:
                pairs[key] = node.value
        return _Node(pairs, size)

    def _new_key(self, event: yaml.Event, loc: Loc, pairs: Mapping[str, Value]) -> str | None:
        """The key, its place noted; None for one that is no text or is there already."""
        key = self._node(event, (*loc, _ASIDE)).value
        if not isinstance(key, str):
            self._problem(_place(event), "a key must be a text")
            return None
        if key in pairs:
            first = self.keys[*loc, key][0]
            self._problem(
                _place(event), f"the key {quote(key)} is here twice, also in line {first}: keep one"
            )
            return None
        self.keys[*loc, key] = _place(event)
        return str(key)


def _place(event: yaml.Event) -> Place:
    assert event.start_mark  # both parsers mark every event
    return event.start_mark.line + 1, event.start_mark.column + 1


def _scalar(event: yaml.ScalarEvent) -> str | None:
    plain = event.tag is None and event.implicit[0]
    if plain and event.value in _NULL:
        return None
    if plain and _BASE_60.fullmatch(event.value):
        return Sexagesimal(event.value)
    # PyYAML's own scanner, unlike libyaml's, makes half characters of escapes such as "\ud800"
    return event.value.encode("utf-8", "replace").decode("utf-8")
