"""Adds items to a profile's file, and changes nothing else in it. Pure: text in, text out.

It inserts at the places that the parser gives. Writing the parsed values again would change more: of 18 files as
people write them, a round trip through ruamel.yaml changed ten (indentation, line ends, spaces within lists).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import yaml

from bot.papers.names import is_one_word
from bot.profiles.include import EffectiveProfile
from bot.profiles.model import Interest, Profile, Reference
from bot.profiles.schema import ProfileFile
from bot.profiles.yaml_reader import flow

_Pair = tuple[yaml.Node, yaml.Node]
_KEYS = tuple(ProfileFile.model_fields)  #: in the order in which new ones are put among those that are there


def add_items(text: str, effective: EffectiveProfile, wanted: Profile, comments: Mapping[str, str]) -> str:
    """The text of a profile's file, with what the wanted profile has more than the effective one.

    That may be: likes and dislikes by id, followed and muted authors, and terms that do not count for an interest or
    `about`, each at the end of its list. An interest of an included file is added to this one, and counts instead.
    `text`: of the file, without a byte order mark. `comments`: by item, for lists that have a line for each.
    """
    assert effective.file.document
    editor = _Editor(text, effective.file.document.root, comments)
    missing = missing_items(effective.profile, wanted)
    inherited = []
    for number, terms in missing.terms.items():
        origin, interest = effective.origins["interests", number], wanted.interests[number]
        if origin.file is effective.file:
            editor.add_to_interest(int(origin.loc[1]), interest.phrase, terms)
        else:
            inherited.append(_mapping(interest))
    editor.add("interests", inherited)
    for key, items in missing.items.items():
        editor.add(key, items)
    editor.add_muted_authors(missing.muted_authors)
    return editor.text()


class MissingItems(NamedTuple):
    """What a wanted profile has more than another one, as a file has it."""

    items: Mapping[str, Sequence[str]]  #: of the lists at the top of a file, by key
    muted_authors: Sequence[str]
    terms: Mapping[int, Sequence[str]]  #: that do not count for an interest, by its number


def missing_items(profile: Profile, wanted: Profile) -> MissingItems:
    """`wanted`: the profile with more items at the end of its lists (`bot.feedback.learned.with_learned`)."""
    pairs = zip(profile.interests, wanted.interests, strict=True)
    terms = ((number, new.without[len(old.without) :]) for number, (old, new) in enumerate(pairs))
    return MissingItems(
        {
            "without": wanted.without[len(profile.without) :],
            "like": _names(wanted.like[len(profile.like) :]),
            "dislike": _names(wanted.dislike[len(profile.dislike) :]),
            "authors": _people(wanted.authors[len(profile.authors) :]),
        },
        _people(wanted.mute.authors[len(profile.mute.authors) :]),
        {number: new for number, new in terms if new},
    )


def _mapping(interest: Interest) -> dict[str, Any]:
    weight = {} if interest.weight == 1 else {"weight": f"{interest.weight:g}"}
    return {"phrase": interest.phrase, **weight, "without": list(interest.without)}


def _names(references: Sequence[Reference]) -> list[str]:
    """As people write ids: without `arxiv:`."""
    return [(one.id or one.title).removeprefix("arxiv:") for one in references]


def _people(names: Sequence[str]) -> list[str]:
    """A name of one word needs a comma (`bot.profiles.values.person`)."""
    return [f"{name}," if is_one_word(name) else name for name in names]


class _Editor:
    """Collects insertions into a text by the nodes that were parsed from it."""

    def __init__(self, text: str, root: yaml.Node, comments: Mapping[str, str]) -> None:
        assert isinstance(root, yaml.MappingNode)
        self._text, self._root, self._comments = text, root, comments
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._changes: list[tuple[int, int, str]] = []  #: start, end, what is there then
        lists = (one for _, one in root.value if isinstance(one, yaml.SequenceNode) and not one.flow_style)
        first = next(lists, None)  # its indentation is that of new ones
        self._step = " " * (self._column(first) - root.start_mark.column if first else 2)

    def text(self) -> str:
        """The text with the changes; of those at one place the first comes first."""
        parts, place = [], 0
        for start, end, new in sorted(self._changes, key=lambda change: change[0]):
            parts += [self._text[place:start], new]
            place = end
        return "".join([*parts, self._text[place:]])

    def add(self, key: str, items: Sequence[object]) -> None:
        """Add items to a list at the top of the file."""
        self._add(self._root, key, items)

    def add_muted_authors(self, names: Sequence[str]) -> None:
        mute = _pairs(self._root).get("mute", (None, None))[1]
        if isinstance(mute, yaml.MappingNode):
            self._add(mute, "authors", names)
        elif names:
            self._set(self._root, "mute", {"authors": names})

    def add_to_interest(self, number: int, phrase: str, terms: Sequence[str]) -> None:
        """Add terms that do not count for one of the file's interests."""
        node = _pairs(self._root)["interests"][1].value[number]
        if isinstance(node, yaml.MappingNode):
            self._add(node, "without", terms)
            return
        start, end = node.start_mark.index, node.end_mark.index
        as_written = self._text[start:end] if node.style in ("'", '"') else flow(phrase)
        self._changes.append((start, end, f"{{phrase: {as_written}, without: {flow(list(terms))}}}"))

    def _add(self, mapping: yaml.MappingNode, key: str, items: Sequence[object]) -> None:
        if not items:
            return
        node = _pairs(mapping).get(key, (None, None))[1]
        if not isinstance(node, yaml.SequenceNode):
            self._set(mapping, key, items)
        elif not node.flow_style:
            self._insert_lines(self._end(node), self._column(node), self._block(items))
        elif not node.value:
            self._insert(node.end_mark.index - 1, flow(list(items))[1:-1])
        else:
            self._extend(node, flow(list(items))[1:-1])

    def _extend(self, node: yaml.SequenceNode, items: str) -> None:
        """Add items to `[a, b]`: on the line of the last one, or on a new line if that has a line of its own."""
        last = node.value[-1]
        end = self._end(last)
        line_end = self._line_end(end)
        is_alone = not self._text[: last.start_mark.index].rpartition("\n")[2].strip()
        has_comma = self._text[end:line_end].lstrip().startswith(",")
        if is_alone and line_end < node.end_mark.index:
            if not has_comma:
                self._insert(end, ",")
            self._insert_lines(end, last.start_mark.column, [items + "," * has_comma])
        else:
            self._insert(end, f", {items}")

    def _set(self, mapping: yaml.MappingNode, key: str, value: Any) -> None:
        """Give a value to a key that has none or is absent."""
        pairs = _pairs(mapping)
        in_one_line = flow(value if isinstance(value, dict) else list(value))
        if key in pairs:
            name, empty = pairs[key]
            if empty.value:  # null or ~
                self._changes.append((empty.start_mark.index, empty.end_mark.index, in_one_line))
            elif mapping.flow_style:
                self._insert(empty.end_mark.index, f" {in_one_line}")
            else:
                self._insert_lines(empty.end_mark.index, name.start_mark.column, self._indented(value))
            return
        if not pairs:
            self._insert(mapping.end_mark.index - 1, f"{key}: {in_one_line}")
            return
        above = [name for name in _KEYS[: _KEYS.index(key)] if name in pairs] if mapping is self._root else []
        end = max(map(self._end, pairs[(above or [*pairs])[-1]]))
        if mapping.flow_style:
            self._insert(end, f", {key}: {in_one_line}")
        else:
            column = mapping.start_mark.column
            comments = re.compile(rf"(?:\r?\n {{{column + 1},}}#[^\r\n]*)*")  # of the list before
            found = comments.match(self._text, self._line_end(end))
            assert found
            self._insert_lines(found.end(), column, [f"{key}:", *self._indented(value)])

    def _indented(self, value: Any) -> list[str]:
        if isinstance(value, dict):
            ((key, items),) = value.items()
            return [f"  {line}" for line in (f"{key}:", *self._indented(items))]
        return [f"{self._step}{line}" for line in self._block(value)]

    def _block(self, items: Sequence[object]) -> Iterator[str]:
        for item in items:
            comment = self._comments.get(item, "") if isinstance(item, str) else ""
            yield f"- {flow(item)}" + (f"  # {comment}" if comment else "")

    def _insert(self, place: int, new: str) -> None:
        self._changes.append((place, place, new))

    def _insert_lines(self, place: int, column: int, lines: Iterator[str] | Sequence[str]) -> None:
        """Insert lines after the line of a place."""
        indent = self._newline + " " * column
        self._insert(self._line_end(place), "".join(f"{indent}{line}" for line in lines))

    def _column(self, node: yaml.SequenceNode) -> int:
        """The column of the dashes of a list; an anchor may be before the first one."""
        dash = self._text.rindex("-", 0, node.value[-1].start_mark.index)
        return dash - self._text.rfind("\n", 0, dash) - 1

    def _line_end(self, place: int) -> int:
        end = self._text.find(self._newline, place)
        return len(self._text) if end < 0 else end

    def _end(self, node: yaml.Node) -> int:
        """Where the text of a node ends, without the blank lines and comments that follow."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return max(map(self._end, last)) if isinstance(last, tuple) else self._end(last)
        return len(self._text[: node.end_mark.index].rstrip())


def _pairs(mapping: yaml.MappingNode) -> dict[str, _Pair]:
    return {key.value: (key, value) for key, value in mapping.value}
