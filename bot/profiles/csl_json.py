"""CSL-JSON, as Zotero exports it, and the JSON of Semantic Scholar, as `LibraryEntry` values.

The formats: https://citeproc-js.readthedocs.io/en/latest/csl-json/markup.html,
https://api.semanticscholar.org/api-docs/graph.
"""

from __future__ import annotations

import json
from typing import Any

from bot.profiles.library_entry import LibraryEntry, UnreadableLibraryError, make_entry

#: Keys that may hold the list of papers when the document is not a list.
_LISTS = ("items", "data", "papers")
#: Keys that may name the work, best first.
_ID_KEYS = ("DOI", "number", "archive_location", "URL", "url", "id")


def parse(text: str) -> tuple[LibraryEntry, ...]:
    try:
        document = json.loads(text, parse_int=str)
    except json.JSONDecodeError as error:
        raise UnreadableLibraryError(f"this is not JSON: {error.msg}", [error.lineno]) from None
    except RecursionError:
        raise UnreadableLibraryError("this JSON is nested too deeply") from None
    if isinstance(document, dict):
        document = next((document[key] for key in _LISTS if key in document), [document])
    items = document if isinstance(document, list) else ()
    return tuple(_entry(item) for item in items if isinstance(item, dict))


def _entry(item: dict[str, Any]) -> LibraryEntry:
    external = item.get("externalIds")  # of Semantic Scholar
    external = external if isinstance(external, dict) else {}
    keywords = item.get("keyword")
    return make_entry(
        ids=[
            f"arXiv:{_text(external, 'ArXiv')}",
            _text(external, "DOI"),
            *(_text(item, k) for k in _ID_KEYS),
        ],
        notes=[_text(item, "note")],
        title=_text(item, "title"),
        abstract=_text(item, "abstract"),
        authors=map(_name, _list(item, "author") or _list(item, "authors")),
        keywords=[keywords] if isinstance(keywords, str) else (),
    )


def _name(author: Any) -> str:
    if not isinstance(author, dict):
        return ""
    parts = (_text(author, key) for key in ("given", "dropping-particle", "non-dropping-particle", "family"))
    return " ".join(filter(None, parts)) or _text(author, "literal") or _text(author, "name")


def _text(mapping: dict[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""


def _list(mapping: dict[str, Any], key: str) -> list[Any]:
    value = mapping.get(key)
    return value if isinstance(value, list) else []
