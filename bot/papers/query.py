"""What a reader types to search the stored papers, as a value. Pure.

    world models               papers with all of these words, in any of their forms ("model", "modelled")
    "world models"             these words in a row
    transfor*                  words that begin so
    author:"Ada Example"       also `au:`; an initial and a missing middle name match
    title:benchmark            also `ti:`
    cat:cs.LG cat:cs.*         also by name: cat:"machine learning"
    2502.19402                 an id or a link
    -survey  NOT survey        without these
    robots OR drones           one of these

Every text is a query: what has no meaning (brackets, single quotation marks, signs) separates words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from bot.papers.categories import CATEGORIES, DIVIDED, RENAMED, parse_category
from bot.papers.identity import namespace, parse_paper_id
from bot.papers.model import Paper
from bot.papers.names import given_first
from bot.text.plain import fold
from bot.text.terms import stem

#: Of a longer text only the beginning is read.
_LONGEST = 1000
_MOST_TERMS = 20
#: Words of a name; more are taken as a phrase.
_LONGEST_NAME = 4
#: A shorter beginning would find most papers.
_SHORTEST_PREFIX = 2
WORD = re.compile(r"[^\W_]+")


class Field(StrEnum):
    """Where a term is looked for."""

    ANY = "any"  #: title, abstract and authors
    TITLE = "title"
    AUTHOR = "author"
    CATEGORY = "category"
    ID = "id"


class Order(StrEnum):
    """The order of the papers found."""

    RELEVANCE = "relevance"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Term:
    """Words in a row. Each is given as the spellings that it may have: folded, letters and digits only; one that ends
    with `*` is the beginning of a word. In a name, one other word may come between two.
    """

    words: tuple[tuple[str, ...], ...]
    field: Field = Field.ANY
    id: str = ""  #: the paper's, for Field.ID


@dataclass(frozen=True, slots=True)
class Query:
    """Papers with a term of each group, and with none of `without`. Without a group it finds nothing."""

    groups: tuple[tuple[Term, ...], ...] = ()
    without: tuple[Term, ...] = ()

    @property
    def has_words(self) -> bool:
        """Whether papers can be more or less relevant to it: names, categories and ids are there or not."""
        return any(term.field is Field.ANY for group in self.groups for term in group)


class SearchPage(NamedTuple):
    """Some of the papers that a query found."""

    papers: tuple[Paper, ...]
    more: bool  #: whether others follow


class Search(Protocol):
    """Finds stored papers (`bot.store.search`)."""

    def search(self, query: Query, limit: int, offset: int = 0, order: Order = Order.RELEVANCE) -> SearchPage:
        """At most `limit` papers after the first `offset`, withdrawn ones included."""
        ...


_FIELDS = {
    "author": Field.AUTHOR,
    "au": Field.AUTHOR,
    "title": Field.TITLE,
    "ti": Field.TITLE,
    "category": Field.CATEGORY,
    "cat": Field.CATEGORY,
    "id": Field.ID,
}
_PART = re.compile(
    rf"""(?P<without>(?<!\S)-)?
         (?:(?<![^\s-])(?P<field>{"|".join(_FIELDS)}):\s*)?
         (?:"(?P<quoted>[^"]*)"?|(?P<plain>[^\s"]+))""",
    re.IGNORECASE | re.VERBOSE,
)
_QUOTES = str.maketrans("“”„«»", '"""""')


def parse_query(text: str) -> Query:
    """Read what a reader typed. Never an error."""
    groups: list[tuple[Term, ...]] = []
    without: list[Term] = []
    operator = ""
    for match in _PART.finditer(text[:_LONGEST].translate(_QUOTES)):
        if match[0] in ("AND", "OR", "NOT"):
            operator = match[0]
            continue
        field = _FIELDS[match["field"].lower()] if match["field"] else Field.ANY
        found = tuple(_terms(match["plain"] or match["quoted"] or "", field))
        if not found or len(groups) + len(without) >= _MOST_TERMS:
            continue
        if match["without"] or operator == "NOT":
            without += found
        elif operator == "OR" and groups:
            groups[-1] += found
        else:
            groups.append(found)
        operator = ""
    return Query(tuple(groups), tuple(without))


def _terms(text: str, field: Field) -> Iterator[Term]:
    """The terms of one part, any of which may be meant."""
    if field is Field.CATEGORY or (field is Field.ANY and text in CATEGORIES):
        codes = map(_category_words, _codes(text))
        yield from (Term(code, Field.CATEGORY) for code in codes if code)
        return
    if field in (Field.ANY, Field.ID) and (found := parse_paper_id(text.strip("()[],;."))):
        yield id_term(found[0])
        if namespace(found[0]) in ("arxiv", "doi"):
            return
    if field is Field.ID:
        return
    text = given_first(text) if field is Field.AUTHOR else text
    spellings: list[tuple[str, ...]] = [(word,) for word in WORD.findall(fold(text))]
    if not spellings:
        return
    (last,) = spellings[-1]
    if text.endswith("*") and len(last) >= _SHORTEST_PREFIX:
        spellings[-1] = (f"{last}*",)
    elif field is Field.AUTHOR:
        spellings = _name(spellings)
    else:
        typed = (WORD.findall(text) or [last])[-1]  # some signs are words only when folded
        spellings[-1] = forms(typed if fold(typed) == last else last)
    yield Term(tuple(spellings), field)


def id_term(id_: str) -> Term:
    return Term(tuple((word,) for word in WORD.findall(fold(id_))), Field.ID, id_)


def _codes(text: str) -> Sequence[str]:
    try:
        return parse_category(text)
    except ValueError:
        return (RENAMED.get(text, text),)


def _category_words(code: str) -> tuple[tuple[str, ...], ...]:
    """The words of a category in the index: one word of an arXiv category, `cs0` for an archive and `cs0lg`."""
    archive = code.removesuffix(".*")
    text = f"{archive}." if archive in DIVIDED or archive != code else code
    return tuple((word,) for word in WORD.findall(fold(text.replace(".", "0").replace("-", "0"))))


def _name(words: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """A name's words: an initial stands for all that begin with it, and a first name may be an initial."""
    if len(words) == 1 or len(words) > _LONGEST_NAME:
        return words
    given: list[tuple[str, ...]] = [(f"{word}*",) if len(word) == 1 else (word,) for (word,) in words[:-1]]
    if len(words[0][0]) > 1:
        given[0] = (words[0][0], words[0][0][0])
    return [*given, words[-1]]


# --- Forms of words ---------------------------------------------------------------------------------------

_ENDINGS = ("", "s", "es", "e", "ed", "ing", "y", "ies", "ied")
_SPELLINGS = (("is", "iz"), ("iz", "is"), ("our", "or"), ("or", "our"))
#: The last letter may be doubled: "modelling", "planned".
_DOUBLED = re.compile(r"[^aeiou][aeiou]([bdglmnprt])")


def forms(word: str) -> tuple[str, ...]:
    """A word, folded, and its inflected forms, in British and American spelling.

    They have its stem, so that "learning" has "learned" and "policy" has "policies", but "generalize" does not have
    "general". Some are not words, which does no harm.

    >>> forms("pruned")
    ('prune', 'pruned', 'prunes', 'pruning')
    """
    folded, root = fold(word), stem(word)
    bases = {folded.removesuffix(ending) for ending in _ENDINGS}
    bases |= {base[:-1] for base in bases if base[-1:] == base[-2:-1]}
    bases |= {base + match[1] for base in bases if (match := _DOUBLED.fullmatch(base[-3:]))}
    found = {
        f"{base}{ending}" for base in bases for ending in _ENDINGS if base[-1:] not in "ey" or ending in "s"
    }
    found |= {new.join(one.rsplit(old, 1)) for one in found for old, new in _SPELLINGS if old in one}
    return tuple(sorted({folded, *(one for one in found if stem(one) == root)}))
