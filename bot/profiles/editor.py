"""What editors offer for the values of a profile, and mark, as parts of its JSON Schema (draft 7).

`errorMessage` is a keyword of yaml-language-server, which other validators ignore.
"""

from __future__ import annotations

from typing import Any

from pydantic import WithJsonSchema

from bot.papers.categories import CATEGORIES, DIVIDED
from bot.profiles.model import ANNOUNCEMENT, Match

_NUMBER_TEXT = {"type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]*)?\s*$"}


def _one_of(message: str, *schemas: dict[str, Any]) -> dict[str, Any]:
    """Any of several schemas; the message is for a value that is none of them."""
    return {"anyOf": [{**schema, "errorMessage": message} for schema in schemas]}


def _string(pattern: str, message: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": rf"^\s*{pattern}\s*$", "errorMessage": message})


def having(*keys: str) -> dict[str, Any]:
    """An object in which these keys have values."""
    return {"required": list(keys), "properties": {key: {"not": {"type": "null"}} for key in keys}}


def _number(kind: str, what: str, **bounds: float) -> dict[str, Any]:
    return _one_of(f"Write a number {what}.", {"type": kind, **bounds}, _NUMBER_TEXT)


_TEXT = {
    "type": ["string", "number", "boolean"],
    "errorMessage": "Write a text, in quotes if it has a colon.",
}
_INTEREST = {
    "anyOf": [
        _TEXT,
        {
            "type": "object",
            "properties": {
                "phrase": {
                    **_TEXT,
                    "description": "One to four words; two or more are a phrase.",
                    "examples": ["world models"],
                },
                "weight": {
                    **_number("number", "above 0 and up to 100", exclusiveMinimum=0, maximum=100),
                    "description": "Above 0 and up to 100; 1 if absent. Decides how many places of a full digest an "
                    "interest gets, and by how much a topic to avoid lowers the score.",
                    "examples": [2],
                },
                "without": {
                    **_one_of(
                        "Write a list such as [models].", {"type": "array", "items": _TEXT}, {"type": "null"}
                    ),
                    "description": "Words and phrases that do not count for this one.",
                    "examples": [["models"]],
                },
            },
            "required": ["phrase"],
            "additionalProperties": False,
        },
    ]
}
_DAYS = _one_of(
    "Write days such as mon-fri, [mon, thu] or weekdays.",
    {"enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "mon-fri", "weekdays", "weekends", "daily"]},
    {"type": "string", "pattern": "^[A-Za-z ,–—-]+$"},
)

TEXT = WithJsonSchema(_TEXT)  #: `interests: [2048, true]` are texts
PLAIN_TEXT = WithJsonSchema({"type": "string"})
INTEREST = WithJsonSchema(_INTEREST)
REFERENCE = WithJsonSchema(
    {"type": ["string", "number"], "errorMessage": "Write an arXiv id, a link or a DOI."}
)
#: A name may also be written in another case; none has a dot.
CATEGORY = WithJsonSchema(
    _one_of(
        "Not an arXiv category: write one such as cs.LG, hep-th, cs.* or Robotics.",
        {
            "enum": [
                *CATEGORIES,
                *sorted(f"{archive}.*" for archive in DIVIDED),
                *sorted({*CATEGORIES.values()}),
            ]
        },
        {"type": "string", "pattern": r"^(?!\s*physics\s*$)[^.]+$|\("},
    )
)
DAYS = WithJsonSchema(_DAYS)
DAYS_OR_LIST = WithJsonSchema({"anyOf": [*_DAYS["anyOf"], {"type": "array", "items": _DAYS, "minItems": 1}]})
DAY = WithJsonSchema({"type": "string", "format": "date", "errorMessage": "Write a day such as 2026-12-27."})
TIME = WithJsonSchema(
    _one_of(
        'Write a time such as "08:30", in quotes, or announcement.',
        {"type": "string", "pattern": r"^\s*([01]?[0-9]|2[0-3]):[0-5][0-9]\s*$"},
        {"enum": [ANNOUNCEMENT]},
    )
)
TIMEZONE = _string(r"[A-Za-z][\w/+-]*", "Write a time zone such as Europe/Paris or America/New_York.")
SLACK = _string(r"(#\S+|[CGDU][A-Z0-9]{2,})", 'Write an id such as C0PAPERS, or a name such as "#papers".')
EMAIL = _string(r"[^@]+@[^@\s]+", "Write an address such as ada@example.org.")
MAILDIR = WithJsonSchema(
    {
        "type": ["string", "number", "boolean"],
        "pattern": r"^\s*[A-Za-z0-9][A-Za-z0-9._-]*\s*$",
        "errorMessage": "Write a simple name such as ada: letters, digits, '.', '_' and '-'.",
    }
)
LIMIT = WithJsonSchema(_number("integer", "from 1 to 100", minimum=1, maximum=100))
WINDOW = WithJsonSchema(_number("integer", "of days from 1 to 90", minimum=1, maximum=90))
TRENDING = WithJsonSchema(_number("number", "from 0 to 1", minimum=0, maximum=1))
THRESHOLD = WithJsonSchema(
    _one_of(
        "Write auto, strong, good, partial, or a relevance from 0 to 100, such as 80.",
        {"enum": ["auto", *Match, 0]},
        {"type": "number", "minimum": 1, "maximum": 100},
        _NUMBER_TEXT,
    )
)
