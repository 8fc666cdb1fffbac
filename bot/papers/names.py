"""Names of people: whether two names are the same person, and which papers a person is an author of. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import chain

from bot.papers.model import Paper
from bot.text.plain import fold

_SUFFIXES = {"jr", "sr", "ii", "iii", "iv"}
#: Two names of fewer letters that differ in one of them are probably two people's: of 30,000 authors' names, one in
#: five has such a neighbour.
LONG_NAME = 12
#: Most names: only their case needs folding.
_PLAIN_NAME = re.compile(r"[A-Za-z .-]*")


@lru_cache(maxsize=100_000)
def _name_tokens(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, given names first, without suffixes such as `Jr.`."""
    if _PLAIN_NAME.fullmatch(name):
        tokens = re.findall("[a-z]+", name.lower())
    else:
        tokens = re.findall(r"[^\W_]+", fold(given_first(name)).replace("'", "").replace("’", ""))
    while len(tokens) > 1 and tokens[-1] in _SUFFIXES:
        tokens.pop()
    return tuple(tokens)


def given_first(name: str) -> str:
    """`Han, Seungwook` as `Seungwook Han`; of BibTeX's `Davis, Jr., Sammy` without the suffix."""
    family, *given = map(str.strip, name.split(","))
    return " ".join([*(part for part in given if fold(part).strip(" .") not in _SUFFIXES), family]).strip()


def is_one_word(name: str) -> bool:
    """Whether a name in Latin letters is a single word, which as a rule is half of a name."""
    return len(_name_tokens(name)) < 2 and fold(name).isascii()


def same_person(name: str, other: str) -> bool:
    """Whether two names can be the whole name of the same person.

    Case, accents, hyphens and suffixes do not matter. An initial matches a name that begins with it, and a
    middle initial may be missing in one of the names; with any other difference they are two people.

    >>> same_person("S. Han", "Seungwook Han"), same_person("Seungwook Lee", "Seungwook Han")
    (True, False)
    """
    a, b = _name_tokens(name), _name_tokens(other)
    if not a or not b:
        return False
    if "".join(a) == "".join(b):
        return True
    return a[-1] == b[-1] and len(a) > 1 and len(b) > 1 and _given_names_match(a[:-1], b[:-1])


def may_mean(name: str, other: str) -> bool:
    """Whether two names that are not the same person's (`same_person`) may be so by mistake.

    They have the same words in another order, one of them has another given name in between, or they differ in one
    letter and have at least `LONG_NAME`.

    >>> may_mean("Hwang Sung Ju", "Sung Ju Hwang"), may_mean("Sung Hwang", "Sung Ju Hwang")
    (True, True)
    >>> may_mean("Senur Ulukus", "Sennur Ulukus"), may_mean("Ying Wu", "Yang Wu")
    (True, False)
    """
    a, b = sorted((_name_tokens(name), _name_tokens(other)), key=len)
    if len(a) < 2:
        return False
    if len(a) < len(b):
        is_near = a[0] == b[0] and a[-1] == b[-1] and len(a[0]) > 1 and set(a) < set(b)
    else:
        has_initials = all(s[0] == t[0] for s, t in zip(a, b, strict=True))
        is_near = sorted(a) == sorted(b) or (has_initials and _one_letter("".join(a), "".join(b)))
    return is_near and not same_person(name, other)


def _one_letter(a: str, b: str) -> bool:
    """Whether two long texts differ in one letter, which is added, left out, another one, or at another place."""
    longer = max(len(a), len(b))
    same = sum(block.size for block in SequenceMatcher(None, a, b).get_matching_blocks())
    return longer >= LONG_NAME and same >= longer - 1


def begins_with_initial(name: str) -> bool:
    """Whether the first given name is a letter only."""
    return any(len(token) == 1 for token in _name_tokens(name)[:1])


def _given_names_match(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    if len(a) > len(b):
        a, b = b, a
    if not _match(a[0], b[0]):
        return False
    rest = list(b[1:])
    for token in a[1:]:
        while rest and not _match(token, rest[0]):
            if len(rest.pop(0)) > 1:
                return False
        if not rest:
            return False
        rest.pop(0)
    return all(len(token) == 1 for token in rest)


def _match(a: str, b: str) -> bool:
    return a == b or ((len(a) == 1 or len(b) == 1) and a[0] == b[0])


class AuthorIndex:
    """Finds the papers of an author without comparing the name with every other name.

    Two names of the same person (`same_person`) end with the same word, or have the same letters.
    """

    def __init__(self, papers: Iterable[Paper]) -> None:
        self._papers: dict[str, list[str]] = {}  #: ids by name as written
        for paper in papers:
            for author in paper.authors:
                self._papers.setdefault(author, []).append(paper.id)
        self._names: dict[str, list[str]] = {}  #: as written, by key
        for author in self._papers:
            for key in _name_keys(author):
                self._names.setdefault(key, []).append(author)
        self._found: dict[str, frozenset[str]] = {}

    def papers_by(self, name: str) -> frozenset[str]:
        """Return the ids of the papers with this author."""
        if name not in self._found:
            same = (self._papers[author] for author in self._same(name))
            self._found[name] = frozenset(chain.from_iterable(same))
        return self._found[name]

    def spellings(self, name: str) -> dict[str, int]:
        """Return the names that are counted as this person's, with numbers of papers; of names that differ in case,
        accents or hyphens only, one.
        """
        found: dict[str, int] = {}
        first: dict[str, str] = {}
        for author in sorted(self._same(name)):
            spelling = first.setdefault("".join(_name_tokens(author)), author)
            found[spelling] = found.get(spelling, 0) + len(self._papers[author])
        return found

    def near(self, name: str) -> dict[str, int]:
        """Return other names that may be this person's (`may_mean`), with numbers of papers."""
        return {author: len(papers) for author, papers in self._papers.items() if may_mean(name, author)}

    def _same(self, name: str) -> set[str]:
        similar = {author for key in _name_keys(name) for author in self._names.get(key, ())}
        return {author for author in similar if same_person(name, author)}


def _name_keys(name: str) -> set[str]:
    tokens = _name_tokens(name)
    return {tokens[-1], "".join(tokens)} if tokens else set()


def authors_among(paper: Paper, names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the names, as written, that are an author of the paper."""
    return tuple(name for name in names if any(same_person(name, author) for author in paper.authors))
