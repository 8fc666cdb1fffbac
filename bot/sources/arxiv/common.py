"""What arXiv's services have in common: ids, names, the remark that a paper is withdrawn, the archives.

Does not depend on the format of any service.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from bot.clock import iso_utc
from bot.papers.identity import namespace, parse_paper_id
from bot.sources.parsing.entries import quoted
from bot.text.plain import one_line
from bot.text.readable import readable_line, readable_paragraphs

SOURCE = "arxiv"

#: arXiv announces papers and dates its feeds in US Eastern time: https://info.arxiv.org/help/availability.html
EASTERN = ZoneInfo("America/New_York")

#: The group of each archive: https://arxiv.org/category_taxonomy
GROUPS = {
    **{name: name for name in ("cs", "econ", "eess", "math", "q-bio", "q-fin", "stat")},
    **dict.fromkeys(
        (
            *("astro-ph", "cond-mat", "gr-qc", "hep-ex", "hep-lat", "hep-ph", "hep-th", "math-ph"),
            *("nlin", "nucl-ex", "nucl-th", "physics", "quant-ph"),
        ),
        "physics",
    ),
}

#: arXiv reports a withdrawal in the remarks of a new version: https://info.arxiv.org/help/withdraw.html
#: A paper withdrawn from a conference is not withdrawn; "Withdrawn units are counted" begins an abstract.
_ELSEWHERE = r"(?!\s+from\s+(?!(?:the\s+)?arxiv))"
_WITHDRAWN = re.compile(
    rf"""\b(?:this|the)\s+(?:arxiv\s+)?(?:paper|submission|article|manuscript|preprint|version|work)
         \s+(?:has\s+been|is|was)\s+(?:temporarily\s+)?withdrawn\b{_ELSEWHERE}
       | ^\W*(?:paper\s+|article\s+|submission\s+)?withdrawn
         (?=\s*(?:$|[^\w\s])
           |\s+(?:a[st]|after|because|by|due|for|from|in|on|owing|pending|since|temporarily|to|until|while)\b)
         {_ELSEWHERE}""",
    re.IGNORECASE | re.VERBOSE,
)

_INNER_PARENTHESES = re.compile(r"\([^()]*\)")
_MAX_DEPTH = 4  #: of nested parentheses: "((1) MIT, (2) CERN)" has depth 2
_BETWEEN_NAMES = re.compile(r"\s*[,;]\s*(?:and\s+)?|\s+(?:and|&)\s+|:\s+")
_SUFFIX = re.compile(r"(?:Jr|Sr)\.?|I{2,3}|IV")
_NOT_NAMES = {"", "and", "et al", "et al."}


def repair_encoding(text: str) -> str:
    """UTF-8 that was decoded as Latin-1, decoded correctly: `WÃ¼bben` -> `Wübben`. Other text is returned unchanged.

    arXiv's API served such names, titles and abstracts in April and May 2026. Only text is changed that is all
    Latin-1 and whose Latin-1 bytes are valid UTF-8. Correct text with an accent is not: a single `ü` is not UTF-8.
    """
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def arxiv_line(text: str) -> str:
    """A title, a name or a remark, readable on one line."""
    return readable_line(repair_encoding(text))


def arxiv_paragraphs(text: str) -> str:
    """A readable abstract."""
    return readable_paragraphs(repair_encoding(text))


def is_withdrawn(text: str) -> bool:
    """Whether an author's remark or an abstract says that the paper was withdrawn from arXiv."""
    return _WITHDRAWN.search(text) is not None


def arxiv_id(text: str, problems: list[str]) -> tuple[tuple[str, ...], int | None]:
    """The canonical arXiv id, in a tuple that is empty if there is none, and the version."""
    found = parse_paper_id(one_line(text))
    if found and namespace(found[0]) == SOURCE:
        return (found[0],), found[1]
    problems.append(f"unknown id {quoted(text)}" if text.strip() else "no id")
    return (), None


def add_dois(ids: tuple[str, ...], text: str) -> tuple[str, ...]:
    """`ids` and those of the DOIs in `text`, which authors separate by blanks; each once."""
    found = (parse_paper_id(doi.rstrip(",;")) for doi in one_line(text).split())
    dois = (id_ for id_, _ in filter(None, found) if namespace(id_) in {"doi", SOURCE})
    return tuple(dict.fromkeys((*ids, *dois)))


def abstract_url(ids: tuple[str, ...]) -> str | None:
    """The address of the newest version's abstract page, if one of the ids is arXiv's."""
    number = next((id_.removeprefix("arxiv:") for id_ in ids if namespace(id_) == SOURCE), None)
    return f"https://arxiv.org/abs/{number}" if number else None


def split_authors(text: str) -> tuple[str, ...]:
    """The names in arXiv's line of authors: `A. Gould (1), S. Dorsher and B. Gaudi, Jr. ((1) CERN)`.

    Affiliations in parentheses are left out (https://info.arxiv.org/help/prep.html#author); a suffix stays with
    its name.
    """
    text = arxiv_line(text)
    for _ in range(_MAX_DEPTH):
        text = _INNER_PARENTHESES.sub(" ", text)
    names: list[str] = []
    for part in _BETWEEN_NAMES.split(one_line(text)):
        name = part.strip(" ()")
        if names and _SUFFIX.fullmatch(name):
            names[-1] += f" {name}"
        elif name not in _NOT_NAMES:
            names.append(name)
    return tuple(names)


def mail_date(text: str) -> datetime:
    """An aware time from the form of mails and RSS: `Mon, 27 Apr 2026 00:00:00 -0400`.

    Raises ValueError if there is no such date.
    """
    try:
        moment = parsedate_to_datetime(one_line(text))
    except (TypeError, IndexError) as error:  # what email.utils raises for some texts
        raise ValueError(f"not a date: {text!r}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def mail_moment(text: str) -> str:
    """`mail_date` as ISO text in UTC."""
    return iso_utc(mail_date(text).isoformat())


def eastern_day(text: str) -> str:
    """The day of `mail_date` in US Eastern time, as ISO text."""
    return mail_date(text).astimezone(EASTERN).date().isoformat()
