"""Canonical ids of papers, and keys of titles. Pure.

A paper's id is `arxiv:2502.19402` without the version, else `doi:...`, else another `namespace:key`, else
`title:...` made from its normalised title.
"""

from __future__ import annotations

import hashlib
import re

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
#: DataCite's DOIs of arXiv papers contain the arXiv id: https://info.arxiv.org/help/doi.html
_ARXIV_DOI = "10.48550/arxiv."
#: An arXiv id or a DOI with other text around it. In a word, ids of before 2007 are too much like other words.
_MENTION = re.compile(
    r"""10\.\d{4,9}/[^\s"<>|]+
      | (?<![\d.])\d{4}\.\d{4,5}(?:v\d{1,3})?(?!\d|\.\d)
      | (?:(?<![^\s(\[,;])|(?<=arxiv:)|(?<=/abs/)|(?<=/pdf/))[a-z]+(?:-[a-z]+)*(?:\.[a-z-]{2,})?/\d{7}(?!\d)""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_WORD = re.compile(r"[^\W_]+")
_TITLE_KEY_LENGTH = 160


def parse_paper_id(text: str) -> tuple[str, int | None] | None:
    """Read an id, URL or DOI as people write them: the canonical id, and the version if there is one.

    None for any other text.

    >>> parse_paper_id("https://arxiv.org/pdf/2502.19402v3")
    ('arxiv:2502.19402', 3)
    >>> parse_paper_id("10.48550/arXiv.2301.00001")
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
            return parse_paper_id(doi.removeprefix(_ARXIV_DOI))
        return f"doi:{doi}", None
    if (match := _NAMESPACED.fullmatch(text)) and match["namespace"].casefold() != "arxiv":
        return f"{match['namespace'].casefold()}:{match['key'].strip()}", None
    return None


def find_paper_ids(text: str) -> tuple[str, ...]:
    """The canonical ids of all arXiv papers and DOIs in a text with other words, in order, each once.

    >>> find_paper_ids("[1] Ada: Cups (https://arxiv.org/abs/2502.19402v3), see also doi:10.1000/a, 10.1000/b.")
    ('arxiv:2502.19402', 'doi:10.1000/a', 'doi:10.1000/b')
    """
    mentions = (match for found in _MENTION.findall(text) for match in re.split(r",(?=10\.)", found))
    parsed = (parse_paper_id(_without_punctuation(mention)) for mention in mentions)
    return tuple(dict.fromkeys(id_ for id_, _ in filter(None, parsed)))


def _without_punctuation(mention: str) -> str:
    """A mention without what follows it in a sentence: a bracket belongs to it only if it is opened in it."""
    mention = mention.rstrip(".,;:!?'*")
    for opening, closing in ("()", "[]", "{}"):
        if mention.endswith(closing) and opening not in mention:
            return _without_punctuation(mention[:-1])
    return mention


def namespace(id_: str) -> str:
    """Return `arxiv` for `arxiv:2502.19402`."""
    return id_.partition(":")[0]


def title_letters(title: str) -> str:
    """Return the letters and digits of a title without case and accents."""
    return "".join(c for c in fold(title) if c.isalnum())


def has_words(title: str, part: str) -> bool:
    """Whether a title has a text in whole words, in any case, accents and punctuation."""
    words, wanted = (" ".join(_WORD.findall(fold(text))) for text in (title, part))
    return f" {wanted} " in f" {words} "


def title_key(title: str) -> str:
    """Return the `title:` id of a paper known only by its title: its letters and digits without case and accents.

    The key of a title without any, or of a very long title, ends with a hash of the text.
    """
    letters = title_letters(title)
    if letters and len(letters) <= _TITLE_KEY_LENGTH:
        return f"title:{letters}"
    hash_ = hashlib.sha256((letters or one_line(fold(title))).encode()).hexdigest()[:16]
    return f"title:{letters[:_TITLE_KEY_LENGTH]}#{hash_}"
