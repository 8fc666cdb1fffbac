"""When two written names are one person. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from bot.papers.model import Paper
from bot.text.plain import fold

_SUFFIXES = {"jr", "sr", "ii", "iii", "iv"}


#: A name as most are written: nothing to fold but its case.
_PLAIN_NAME = re.compile(r"[A-Za-z .-]*")


@lru_cache(maxsize=100_000)
def _name_tokens(name: str) -> tuple[str, ...]:
    if _PLAIN_NAME.fullmatch(name):
        return _without_suffixes(re.findall("[a-z]+", name.lower()))
    family, *given = name.split(",")  # `Han, Seungwook`; BibTeX has `Davis, Jr., Sammy` too
    name = " ".join([*(part for part in given if fold(part).strip(" .") not in _SUFFIXES), family])
    return _without_suffixes(re.findall(r"[^\W_]+", fold(name).replace("'", "").replace("’", "")))


def _without_suffixes(tokens: list[str]) -> tuple[str, ...]:
    while len(tokens) > 1 and tokens[-1] in _SUFFIXES:
        tokens.pop()
    return tuple(tokens)


def same_person(one: str, other: str) -> bool:
    """Whether two written names agree as one person's whole name.

    Case, accents, hyphens and suffixes do not matter. An initial agrees with the name it begins, and a
    middle initial may be missing on one side; anything else that differs makes two people.

    >>> same_person("S. Han", "Seungwook Han"), same_person("Seungwook Lee", "Seungwook Han")
    (True, False)
    """
    a, b = _name_tokens(one), _name_tokens(other)
    if not a or not b:
        return False
    if "".join(a) == "".join(b):
        return True
    if a[-1] != b[-1] or len(a) == 1 or len(b) == 1:
        return False
    return _given_names_agree(a[:-1], b[:-1])


def _given_names_agree(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    if len(a) > len(b):
        a, b = b, a
    if not _agree(a[0], b[0]):
        return False
    rest = list(b[1:])
    for token in a[1:]:
        while rest and not _agree(token, rest[0]):
            if len(rest.pop(0)) > 1:
                return False
        if not rest:
            return False
        rest.pop(0)
    return all(len(token) == 1 for token in rest)


def _agree(a: str, b: str) -> bool:
    return a == b or ((len(a) == 1 or len(b) == 1) and a[0] == b[0])


class AuthorIndex:
    """Which papers a name is an author of, without comparing it to every name.

    Two names of one person (`same_person`) end in the same word, or are the same letters.
    """

    def __init__(self, papers: Iterable[Paper]) -> None:
        self._written: dict[
            str, list[tuple[str, str]]
        ] = {}  #: key -> names as written, with their paper's id
        for paper in papers:
            for author in dict.fromkeys(paper.authors):
                for key in _name_keys(author):
                    self._written.setdefault(key, []).append((author, paper.id))
        self._found: dict[str, frozenset[str]] = {}

    def papers_by(self, name: str) -> frozenset[str]:
        """Ids of the papers that the name is an author of."""
        if name not in self._found:
            near = (one for key in _name_keys(name) for one in self._written.get(key, ()))
            self._found[name] = frozenset(id_ for author, id_ in near if same_person(name, author))
        return self._found[name]


def _name_keys(name: str) -> set[str]:
    tokens = _name_tokens(name)
    return {tokens[-1], "".join(tokens)} if tokens else set()


def authors_among(paper: Paper, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names, as written, that are an author of the paper."""
    return tuple(name for name in names if any(same_person(name, author) for author in paper.authors))
