"""Who is who: canonical ids of papers, keys of titles, and when two names are one person. Pure.

A paper is `arxiv:2502.19402` without its version, else `doi:...`, else another `namespace:key`, else
`title:...` from its normalised title.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from bot.model import Paper, Profile, Reference
from bot.text.latex import readable
from bot.text.plain import fold, one_line

#: https://info.arxiv.org/help/arxiv_identifier.html: YYMM.number since April 2007 (five digits since 2015),
#: archive[.subject]/YYMMnumber before.
_ARXIV = re.compile(
    r"""(?:arxiv\s*:|(?:https?://)?(?:[\w-]+\.)*arxiv\.org/(?:abs|pdf|html|format|src|e-print)/|oai:arxiv\.org:)?\s*
        (?P<id>\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}|(?P<archive>[a-z]+(?:-[a-z]+)*)(?:\.[a-z-]{2,})?/(?P<old>\d{7}))
        (?:v(?P<version>[1-9]\d{0,2}))?(?:\.pdf)?/?(?:[?\#].*|\s+\[[\w.-]+\])?""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_DOI = re.compile(r"(?:doi\s*:|(?:https?://)?(?:dx\.)?doi\.org/)?\s*(?P<doi>10\.\d{4,9}/\S+)", re.IGNORECASE)
_HF = re.compile(r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/papers/(?P<id>\S+?)/?", re.IGNORECASE)
_NAMESPACED = re.compile(r"(?P<namespace>[a-z][a-z0-9_.-]{0,39}):(?!//)(?P<key>\S.{0,199})", re.IGNORECASE)
#: DataCite's DOIs of arXiv papers name the arXiv id: https://info.arxiv.org/help/doi.html
_ARXIV_DOI = "10.48550/arxiv."
_TITLE_KEY_LENGTH = 160


def paper_id(text: str) -> tuple[str, int | None] | None:
    """The canonical id and the version in an id, URL or DOI as people write them; None when it is neither.

    >>> paper_id("https://arxiv.org/pdf/2502.19402v3")
    ('arxiv:2502.19402', 3)
    >>> paper_id("10.48550/arXiv.2301.00001")
    ('arxiv:2301.00001', None)
    """
    text = text.strip()
    if match := _HF.fullmatch(text):
        text = match["id"]
    if match := _ARXIV.fullmatch(text):
        number = f"{match['archive'].lower()}/{match['old']}" if match["old"] else match["id"]
        return f"arxiv:{number}", int(match["version"]) if match["version"] else None
    if match := _DOI.fullmatch(text):
        doi = match["doi"].rstrip(".,;").casefold()  # DOIs are case-insensitive: doi.org handbook, 2.4
        if doi.startswith(_ARXIV_DOI):
            return paper_id(doi.removeprefix(_ARXIV_DOI))
        return f"doi:{doi}", None
    if (match := _NAMESPACED.fullmatch(text)) and match["namespace"].casefold() != "arxiv":
        return f"{match['namespace'].casefold()}:{match['key'].strip()}", None
    return None


def namespace(id_: str) -> str:
    """`arxiv` of `arxiv:2502.19402`."""
    return id_.partition(":")[0]


def title_key(title: str) -> str:
    """The `title:` id of a paper known only by its title: what is left without case, accents, TeX and signs.

    Titles without a letter or digit, and very long ones, are told apart by a digest of their text.
    """
    folded = fold(readable(title))
    letters = "".join(c for c in folded if c.isalnum())
    if letters and len(letters) <= _TITLE_KEY_LENGTH:
        return f"title:{letters}"
    digest = hashlib.sha256((letters or one_line(folded)).encode()).hexdigest()[:16]
    return f"title:{letters[:_TITLE_KEY_LENGTH]}#{digest}"


def reference_key(reference: Reference) -> str:
    """What a referenced paper can be found by: its id, or the title in a BibTeX entry; empty for neither."""
    return reference.id or (title_key(reference.title) if reference.title else "")


def as_stored(profile: Profile, papers: Mapping[str, Paper]) -> Profile:
    """The profile with its references under the ids that their papers are stored by, each paper once.

    `papers`: stored ones, by the key that each was looked for by.
    """

    def known(reference: Reference) -> Reference:
        paper = papers.get(reference_key(reference))
        return replace(reference, id=paper.id) if paper else reference

    like, dislike = (
        tuple({r.id or r: r for r in map(known, some)}.values()) for some in (profile.like, profile.dislike)
    )
    return replace(profile, like=like, dislike=dislike)


_SUFFIXES = {"jr", "sr", "ii", "iii", "iv"}


#: A name as most are written: nothing to fold but its case.
_PLAIN_NAME = re.compile(r"[A-Za-z .-]*")


@lru_cache(maxsize=100_000)
def _name_tokens(name: str) -> tuple[str, ...]:
    if _PLAIN_NAME.fullmatch(name):
        return _without_suffixes(re.findall("[a-z]+", name.lower()))
    family, *given = name.split(",")  # `Han, Seungwook`; BibTeX has `Davis, Jr., Sammy` too
    name = " ".join([*(part for part in given if fold(part).strip(" .") not in _SUFFIXES), family])
    return _without_suffixes(re.findall(r"[^\W_]+", fold(readable(name)).replace("'", "").replace("’", "")))


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


def names_on(paper: Paper, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names, as written, that are an author of the paper."""
    return tuple(name for name in names if any(same_person(name, author) for author in paper.authors))
