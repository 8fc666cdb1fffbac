"""Papers as BibTeX and as RIS, for reference managers. Pure; `bot.profiles.bibtex` and `bot.profiles.ris` read them.

Texts stay Unicode, as biber and all reference managers read it; what TeX or the format would take for markup is
escaped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from bot.papers.model import Paper
from bot.presentation.links import abstract_page, arxiv_number
from bot.text.plain import fold, one_line
from bot.text.terms import STOP_WORDS

#: TeX's special characters. Braces are written by name, because BibTeX counts them also after a backslash.
_TEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{character: f"\\{character}" for character in "&%$#_"},
    }
)
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
#: `2605.00001`, and `hep-th/9901001` of before April 2007.
_NUMBER = re.compile(r"(?:.+/)?(\d\d)(0[1-9]|1[0-2])[.\d]\d+", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
#: BibTeX would split the name at these.
_SEPARATOR = re.compile(r",|\band\b|^others$", re.IGNORECASE)


def bibtex(papers: Iterable[Paper]) -> str:
    """One `@misc` each, with keys such as `example2026world`; each key once."""
    seen: Counter[str] = Counter()
    entries = []
    for paper in papers:
        key = _key(paper)
        seen[key] += 1
        key = f"{key}-{seen[key]}" if seen[key] > 1 else key
        fields = ",\n".join(f"  {name} = {value}" for name, value in _bibtex_fields(paper))
        entries.append(f"@misc{{{key},\n{fields}\n}}\n")
    return "\n".join(entries)


def ris(papers: Iterable[Paper]) -> str:
    """One record each, with CRLF line ends."""
    records = ("".join(f"{tag}  - {value}\r\n" for tag, value in _ris_fields(paper)) for paper in papers)
    return "\r\n".join(records)


# --- BibTeX -----------------------------------------------------------------------------------------------


def _key(paper: Paper) -> str:
    """Letters and digits of ASCII: the first author's family name, the year, the title's first word that counts."""
    family = _ascii(one_line(paper.authors[0]).rpartition(" ")[2]) if paper.authors else ""
    year, _ = _date(paper)
    words = [word for word in map(_ascii, paper.title.split()) if word]
    word = next((word for word in words if word not in STOP_WORDS), "")
    return f"{family}{year}{word[:30]}" or "paper"


def _ascii(text: str) -> str:
    return re.sub("[^a-z0-9]", "", fold(text))


def _bibtex_fields(paper: Paper) -> Iterator[tuple[str, str]]:
    """Names and values with their braces. Ids and URLs are verbatim in biblatex, and have neither braces nor `\\`."""
    authors = [_bibtex_name(name) for name in map(one_line, paper.authors) if name]
    if authors and (paper.author_count or 0) > len(paper.authors):
        authors.append("others")
    if authors:
        yield "author", f"{{{' and '.join(authors)}}}"
    yield "title", f"{{{' '.join(map(_bibtex_word, one_line(paper.title).split(' ')))}}}"
    year, month = _date(paper)
    if year:
        yield "year", f"{{{year}}}"
        yield "month", _MONTHS[int(month) - 1]
    if number := arxiv_number(paper):
        yield "eprint", f"{{{number}}}"
        yield "archivePrefix", "{arXiv}"
        if paper.categories:
            yield "primaryClass", f"{{{one_line(paper.categories[0]).translate(_TEX)}}}"
    elif doi := _doi(paper):
        yield "doi", f"{{{doi}}}"
    if url := abstract_page(paper):
        yield "url", f"{{{url}}}"
    if abstract := one_line(paper.abstract):
        yield "abstract", f"{{{abstract.translate(_TEX)}}}"


def _bibtex_name(name: str) -> str:
    escaped = name.translate(_TEX)
    return f"{{{escaped}}}" if _SEPARATOR.search(name) else escaped


def _bibtex_word(word: str) -> str:
    """A word of a title; styles change the case of letters outside of braces."""
    escaped = word.translate(_TEX)
    return f"{{{escaped}}}" if any(letter.isupper() for letter in word[1:]) else escaped


# --- RIS --------------------------------------------------------------------------------------------------


def _ris_fields(paper: Paper) -> Iterator[tuple[str, str]]:
    number, (year, month) = arxiv_number(paper), _date(paper)
    yield "TY", "UNPB" if number else "GEN"
    for name in filter(None, map(one_line, paper.authors)):
        yield "AU", _family_first(name)
    yield "TI", one_line(paper.title)
    if year:
        yield "PY", year
        yield "DA", f"{year}/{month}//"
    if number:
        yield "AN", f"arXiv:{number}"
    elif doi := _doi(paper):
        yield "DO", doi
    if url := abstract_page(paper):
        yield "UR", url
    if abstract := one_line(paper.abstract):
        yield "AB", abstract
    for category in filter(None, map(one_line, paper.categories)):
        yield "KW", category
    yield "ER", ""


def _family_first(name: str) -> str:
    """`Example, Ada` for `Ada Example`."""
    given, _, family = name.rpartition(" ")
    return f"{family}, {given}" if given and "," not in name else name


# --- Both -------------------------------------------------------------------------------------------------


def _date(paper: Paper) -> tuple[str, str]:
    """Year and month of the first version, as far as known: published, else announced, else as in its arXiv id."""
    for text in (paper.published, paper.announced):
        if found := _MONTH.match(text or ""):
            return found[1], found[2]
    number = arxiv_number(paper) or ""
    if found := _NUMBER.fullmatch(number):
        century = "19" if "/" in number and found[1] > "90" else "20"
        return century + found[1], found[2]
    return "", ""


def _doi(paper: Paper) -> str:
    """Verbatim but for what could end the field."""
    doi = one_line(paper.id.removeprefix("doi:")) if paper.id.startswith("doi:") else ""
    return re.sub(r"[\\{}%]", lambda found: f"%{ord(found[0]):02X}", doi)
