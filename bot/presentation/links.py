"""Links of a paper: its pages, and the code, data and project pages that its abstract names. Pure.

Does not depend on markup: a URL from here contains no character that ends a link in HTML or mrkdwn. Sources are not
trusted: anybody can write an abstract.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

from bot.papers.model import Paper
from bot.text.plain import one_line

URL_LENGTH = 1_000
#: For links in abstracts; longer ones are trackers, or broken.
FOUND_LENGTH = 200
FOUND_SHOWN = 3
#: arXiv converts TeX to HTML since December 2023 (https://info.arxiv.org/about/accessible_HTML.html).
_FIRST_HTML = "2312"
_NEW_NUMBER = re.compile(r"\d{4}\.\d{4,5}")

_HOSTS_WITHOUT_SCHEME = r"(?:github\.com|gitlab\.com|huggingface\.co|[\w-]+\.github\.io|www\.[\w-]+\.\w+)"
_URL = re.compile(
    rf"(?<![\w.@/-])(?:https?://|(?={_HOSTS_WITHOUT_SCHEME}(?:/|\b)))(?:(?!\]\()[^\s<>\"“”‘’|\\^`{{}}])+",
    re.I,
)
_HINTS = ("http", "www.", "github", "gitlab", "huggingface")
#: Hosts with code and models at /owner/name.
_WITH_OWNERS = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "huggingface.co")
_CLOSERS = {")": "(", "]": "[", "}": "{"}
#: Labels by the end of a host and the start of a path; the first match counts. Citations have none.
_KINDS = (
    ("huggingface.co", "/datasets/", "Data"),
    ("huggingface.co", "/spaces/", "Demo"),
    ("huggingface.co", "/papers/", ""),
    ("huggingface.co", "", "Models"),
    ("github.com", "", "Code"),
    ("gitlab.com", "", "Code"),
    ("bitbucket.org", "", "Code"),
    ("codeberg.org", "", "Code"),
    ("4open.science", "", "Code"),
    ("zenodo.org", "", "Data"),
    ("kaggle.com", "", "Data"),
    ("figshare.com", "", "Data"),
    ("github.io", "", "Project"),
    ("youtube.com", "", "Video"),
    ("youtu.be", "", "Video"),
    ("arxiv.org", "", ""),
    ("doi.org", "", ""),
)


@dataclass(frozen=True, slots=True)
class LinkView:
    label: str  #: "PDF"
    url: str  #: http or https, ASCII, without characters that end a link in HTML or mrkdwn


def safe_url(url: str | None) -> str | None:
    """Quote an http or https URL for any markup; None for anything else.

    URLs with a user part are refused too, as it can disguise the host.
    """
    if not url or len(url) > URL_LENGTH:
        return None
    quoted = quote(url.strip(), safe="%/:?#[]@!$&()*+,;=-._~", errors="replace")
    parts = _split(quoted)
    is_safe = parts and parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    return quoted if is_safe and len(quoted) <= URL_LENGTH else None


def _split(url: str) -> SplitResult | None:
    """None when the host or the port is not valid."""
    try:
        parts = urlsplit(url)
        return parts if parts.port is None or parts.port > 0 else None
    except ValueError:
        return None


# --- Pages of a paper ---------------------------------------------------------------------------------------


def abstract_page(paper: Paper) -> str | None:
    """The paper's own URL, else the page of its arXiv id or DOI."""
    if url := safe_url(paper.url):
        return url
    if number := arxiv_number(paper):
        return safe_url(f"https://arxiv.org/abs/{number}")
    if paper.id.startswith("doi:"):
        doi = quote(paper.id.removeprefix("doi:"), safe="/:;()._-", errors="replace")
        return safe_url(f"https://doi.org/{doi}")
    return None


def paper_links(paper: Paper) -> tuple[LinkView, ...]:
    """PDF and HTML on arXiv, and the page on Hugging Face."""
    number = arxiv_number(paper)
    if number is None:
        return ()
    found = [LinkView("PDF", f"https://arxiv.org/pdf/{number}")]
    if _NEW_NUMBER.fullmatch(number) and number >= _FIRST_HTML:
        found.append(LinkView("HTML", f"https://arxiv.org/html/{number}"))
    if "huggingface" in paper.sources:
        found.append(LinkView("Hugging Face", f"https://huggingface.co/papers/{number}"))
    return tuple(found)


def arxiv_number(paper: Paper) -> str | None:
    """The id as written in arXiv's URLs; None for other papers."""
    number = quote(paper.id.removeprefix("arxiv:"), safe="/", errors="replace")
    return number if paper.id.startswith("arxiv:") and len(number) <= 40 else None


# --- Links in an abstract ---------------------------------------------------------------------------------


def project_links(abstract: str) -> tuple[LinkView, ...]:
    """Code, data and project pages that a text names, in its order, each once.

    >>> project_links("Code: https://github.com/a/b. See also www.example.org/x).")  # doctest: +ELLIPSIS
    (LinkView(label='Code', url='https://github.com/a/b'), LinkView(label='example.org', url='https://www...x'))
    """
    lowered = abstract.lower()  # searching for a few words first is ten times faster than the pattern
    if not any(hint in lowered for hint in _HINTS):
        return ()
    found = {link.url.rstrip("/"): link for link in reversed(list(_found(one_line(abstract))))}
    return tuple(reversed(found.values()))[:FOUND_SHOWN]


def _found(text: str) -> Iterator[LinkView]:
    for match in _URL.finditer(text):
        written = _strip_punctuation(match[0])
        url = safe_url(written if "://" in written else f"https://{written}")
        if url and len(url) <= FOUND_LENGTH and (label := _label(url)):
            yield LinkView(label, url)


def _strip_punctuation(url: str) -> str:
    """Remove punctuation of the sentence around a URL; a bracket stays if it was opened in the URL."""
    while url:
        last = url[-1]
        unopened = last in _CLOSERS and url.count(last) > url.count(_CLOSERS[last])
        if last not in ".,;:!?'*_" and not unopened:
            break
        url = url[:-1]
    return url


def _label(url: str) -> str:
    """The kind of page, as far as the host shows it, else the host's name.

    Empty for an invalid host, and for citations.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    if "." not in host.strip(".") or len(host) > 60:
        return ""
    if any(_is_at(host, end) for end in _WITH_OWNERS) and len(parts.path.strip("/").split("/")) < 2:
        return ""  # a profile page, or a broken link
    kinds = (kind for end, path, kind in _KINDS if _is_at(host, end) and parts.path.startswith(path))
    return next(kinds, host)


def _is_at(host: str, end: str) -> bool:
    return host == end or host.endswith(f".{end}")
