"""All sources and formats. Importing this module imports lxml and requests: do so in the function that needs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from bot.errors import UserError
from bot.sources import jsonlines
from bot.sources.arxiv import api, oai, rss
from bot.sources.arxiv import saved_page as arxiv_page
from bot.sources.base import Format, Source
from bot.sources.huggingface import api as hf_api
from bot.sources.huggingface import saved_page as hf_page


class SourceModule(Format, Protocol):
    """A module that reads the answers of one service."""

    DEFAULT_URL: str


class RateLimit(NamedTuple):
    """A limit that the services of one group share."""

    group: str
    spacing: float  #: seconds from the end of one request to the start of the next


class SourceSpec(NamedTuple):
    """What is needed to ask one service."""

    module: SourceModule
    make: Callable[[str], Source]  #: from a base URL
    limit: RateLimit
    setting: str = ""  #: field of Settings that may hold another base URL


#: https://info.arxiv.org/help/api/tou.html: one request in 3 s, for all services together
ARXIV_LIMIT = RateLimit("arxiv", 3.0)
#: https://huggingface.co/docs/hub/rate-limits: 500 calls in 5 minutes
HUGGINGFACE_LIMIT = RateLimit("huggingface", 0.7)

#: The sources by their names in `--source`, in the order in which they are asked. arxiv-oai comes first: it catches
#: up on missed days, which it finds by the day of arxiv-rss' last answer.
SOURCES = {
    "arxiv-oai": SourceSpec(oai, oai.ArxivOai, ARXIV_LIMIT, "arxiv_oai_url"),
    "arxiv-rss": SourceSpec(rss, rss.ArxivRss, ARXIV_LIMIT, "arxiv_rss_url"),
    "arxiv-api": SourceSpec(api, api.ArxivApi, ARXIV_LIMIT, "arxiv_api_url"),
    "huggingface": SourceSpec(hf_api, hf_api.HuggingFace, HUGGINGFACE_LIMIT, "hf_api_url"),
}
#: The forms of saved listings, each recognised by its content: the strictest first.
FORMATS: tuple[Format, ...] = (*(spec.module for spec in SOURCES.values()), jsonlines, arxiv_page, hf_page)


def base_urls(settings: object) -> dict[str, str]:
    """The base URL of each source: the one in the settings, or else the service's own."""
    return {
        name: (getattr(settings, spec.setting) if spec.setting else None) or spec.module.DEFAULT_URL
        for name, spec in SOURCES.items()
    }


def make_sources(urls: Mapping[str, str], names: Sequence[str] = ()) -> list[Source]:
    """The named sources, or all of them. Raises UserError for an unknown name."""
    if unknown := [name for name in names if name not in SOURCES]:
        raise UserError(f"unknown source {unknown[0]!r}: the sources are {', '.join(SOURCES)}")
    return [SOURCES[name].make(urls[name]) for name in names or SOURCES]


def spacing(urls: Mapping[str, str]) -> dict[str, tuple[str, float]]:
    """The rate limit by base URL; if several sources have the same URL, the slowest limit."""
    by_spacing = sorted(SOURCES.items(), key=lambda item: item[1].limit.spacing)
    return {urls[name]: (spec.limit.group, spec.limit.spacing) for name, spec in by_spacing}
