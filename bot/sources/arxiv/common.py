"""What arXiv's three services have in common: ids, names, the remark that a paper is withdrawn, the archives.

Owns arXiv's conventions. Refuses to know any service's format.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from bot.clock import iso_utc
from bot.papers.identity import namespace, parse_paper_id
from bot.sources.parsing.entries import quoted
from bot.text.plain import normalize_paragraphs, one_line

SOURCE = "arxiv"

#: arXiv announces, and dates its feeds, on the clock of the US East: https://info.arxiv.org/help/availability.html
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
#: Archives that are divided into categories: their name alone stands for all of them.
DIVIDED = frozenset(
    {"astro-ph", "cond-mat", "cs", "econ", "eess", "math", "nlin", "physics", "q-bio", "q-fin", "stat"}
)

#: arXiv tells a withdrawal in words, in the remarks of a new version: https://info.arxiv.org/help/withdraw.html
#: A paper withdrawn from a conference stands; "Withdrawn units are counted" is an abstract.
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
_DEEPEST = 4  #: parentheses within parentheses: "((1) MIT, (2) CERN)" are two
_BETWEEN_NAMES = re.compile(r"\s*[,;]\s*(?:and\s+)?|\s+(?:and|&)\s+|:\s+")
_SUFFIX = re.compile(r"(?:Jr|Sr)\.?|I{2,3}|IV")
_NO_NAME = {"", "and", "et al", "et al."}


def mended(text: str) -> str:
    """UTF-8 that was read as Latin-1 put right: `WÃ¼bben` -> `Wübben`; every other text as it is.

    arXiv's API served names, titles and abstracts like that in April and May 2026. Only text that is Latin-1
    throughout and valid UTF-8 when taken as bytes is changed, which real text with an accent never is: a lone
    `ü` is no UTF-8.
    """
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def line(text: str) -> str:
    """A title, a name or a remark."""
    return one_line(mended(text))


def prose(text: str) -> str:
    """An abstract in its paragraphs."""
    return normalize_paragraphs(mended(text))


def is_withdrawn(text: str) -> bool:
    """Whether an author's remark or an abstract says that the paper was withdrawn from arXiv."""
    return _WITHDRAWN.search(text) is not None


def arxiv_id(text: str, wrong: list[str]) -> tuple[tuple[str, ...], int | None]:
    """The canonical arXiv id, in a tuple that is empty when there is none, and the version."""
    found = parse_paper_id(one_line(text))
    if found and namespace(found[0]) == SOURCE:
        return (found[0],), found[1]
    wrong.append(f"unknown id {quoted(text)}" if text.strip() else "no id")
    return (), None


def doi_ids(text: str) -> tuple[str, ...]:
    """The ids of one or more DOIs, separated by blanks, as authors write them."""
    found = (parse_paper_id(doi.rstrip(",;")) for doi in one_line(text).split())
    return tuple(id_ for id_, _ in filter(None, found) if namespace(id_) in {"doi", SOURCE})


def together(*ids: tuple[str, ...]) -> tuple[str, ...]:
    """All ids, each once, in order."""
    return tuple(dict.fromkeys(id_ for some in ids for id_ in some))


def abstract_url(ids: tuple[str, ...]) -> str | None:
    """The address of the newest version's abstract page, when the first id is arXiv's."""
    if not ids or namespace(ids[0]) != SOURCE:
        return None
    return f"https://arxiv.org/abs/{ids[0].removeprefix('arxiv:')}"


def split_authors(text: str) -> tuple[str, ...]:
    """The names in arXiv's one line of authors: `A. Gould (1), S. Dorsher and B. Gaudi, Jr. ((1) CERN)`.

    Affiliations in parentheses are left out (https://info.arxiv.org/help/prep.html#author), suffixes stay
    with their name.
    """
    names: list[str] = []
    for part in _BETWEEN_NAMES.split(_without_parentheses(line(text))):
        name = part.strip(" ()")
        if names and _SUFFIX.fullmatch(name):
            names[-1] += f" {name}"
        elif name not in _NO_NAME:
            names.append(name)
    return tuple(names)


def _without_parentheses(text: str) -> str:
    for _ in range(_DEEPEST):
        text = _INNER_PARENTHESES.sub(" ", text)
    return one_line(text)


def mail_date(text: str) -> datetime:
    """A date as mails and RSS write it, aware: `Mon, 27 Apr 2026 00:00:00 -0400`.

    Raises ValueError when there is no such date.
    """
    try:
        moment = parsedate_to_datetime(one_line(text))
    except (TypeError, IndexError) as error:  # what email.utils raises for some texts
        raise ValueError(f"no date: {text!r}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def mail_moment(text: str) -> str:
    """The same as ISO text in UTC."""
    return iso_utc(mail_date(text).isoformat())


def eastern_day(text: str) -> str:
    """The day of arXiv's calendar on which it falls, as ISO text."""
    return mail_date(text).astimezone(EASTERN).date().isoformat()
