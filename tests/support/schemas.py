"""JSON Schemas of the documents of `--json` and of the lines of `export`: the contract, without other fields."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from bot.digests.day import DayKind
from bot.profiles.model import ChannelName, Match

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WORDS: Schema = {"type": "string", "minLength": 1}
TEXTS: Schema = {"type": "array", "items": WORDS}
COUNT: Schema = {"type": "integer", "minimum": 0}
PLACE: Schema = {"type": "integer", "minimum": 1}
NUMBER: Schema = {"type": "number"}
FIT: Schema = {"type": "number", "minimum": 0, "maximum": 1}
MATCH: Schema = {"enum": [*Match, None]}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 100}
DATE: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"}
TIME: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
#: A date with the precision of the source.
WHEN: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d(-\d\d(T\d\d:\d\d:\d\dZ)?)?$"}
ID: Schema = {"type": "string", "pattern": r"^[a-z][a-z0-9_.-]*:\S"}
CHANNEL: Schema = {"enum": [*ChannelName]}
LINK: Schema = {"type": "string", "pattern": "^https?://"}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _record(**properties: Schema) -> Schema:
    """An object with exactly these keys."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_REASONS = _list(_record(term=WORDS, weight=NUMBER))

PREVIEW = _list(
    _record(
        profile=WORDS,
        on=TIME,
        candidates=COUNT,
        entries=_list(
            _record(
                rank=PLACE,
                id=ID,
                title=WORDS,
                authors=TEXTS,
                score=NUMBER,
                relevance=SHARE,
                fit=FIT,
                match=MATCH,
                url=_or_null(LINK),
                sources=TEXTS,
                reasons=_REASONS,
            )
        ),
    )
)

INGEST = _record(
    sources=_list(
        _record(
            name=WORDS,
            entries=COUNT,
            new=COUNT,
            updated=COUNT,
            known=COUNT,
            unreadable=_list(_record(where=WORDS, why=WORDS)),
        )
    ),
    papers=COUNT,
)

SEND = _record(
    editions=_list(
        _record(
            profile=WORDS,
            channel=CHANNEL,
            target=WORDS,
            on=DATE,
            state={"enum": ["sent", "quiet", "failed", "uncertain", "waiting", "skipped"]},
            papers=COUNT,
            why=TEXT,
        )
    )
)

EXPLAIN = _record(
    profile=WORDS,
    paper=WORDS,
    on=TIME,
    score=_or_null(NUMBER),
    relevance=_or_null(SHARE),
    fit=_or_null(FIT),
    match=MATCH,
    rank=_or_null(PLACE),
    candidates=COUNT,
    reasons=_REASONS,
    verdict={
        "enum": [
            "would be sent",
            "sent",
            "muted",
            "category",
            "below threshold",
            "beyond limit",
            "outside window",
            "withdrawn",
            "same work",
            "no match",
            "not stored",
        ]
    },
    why=WORDS,
)

ANSWER = _record(
    profile=WORDS,
    paper=ID,
    what=WORDS,
    who=WORDS,
    at=TIME,
    via={"enum": ["command", "slack", "mail", "web"]},
    undo={"type": "boolean"},
    new={"type": "boolean"},
)

LEARNED = _record(
    profile=WORDS,
    answers=_list(_record(paper=ID, what=WORDS, who=WORDS, at=TIME, via=ANSWER["properties"]["via"])),
    likes=_list(ID),
    dislikes=_list(ID),
    effect=_or_null(
        _record(
            on=DATE,
            **{"in": _list(ID)},
            out=_list(ID),
            moved=_list(_record(paper=ID, before=PLACE, after=PLACE)),
        )
    ),
)
#: Present only when there are any.
LEARNED["properties"] |= {
    "authors": TEXTS,
    "mute": TEXTS,
    "without": _list(_record(interest=_or_null(WORDS), term=WORDS)),
}

BACKTEST = _record(
    profile=WORDS,
    days=_list(_record(on=DATE, state={"enum": ["sent", "quiet"]}, papers=_list(ID))),
    precision=_or_null(FIT),
    missed=_list(ID),
)

STATUS = _record(
    day=_record(
        kind={"enum": [*DayKind]},
        why=TEXT,
        next_announcement=TIME,
        new=COUNT,
        usual=_or_null(COUNT),
    ),
    sources=_list(
        _record(
            name=WORDS,
            last_success=_or_null(TIME),
            last_new=_or_null(TIME),
            state={"enum": ["ok", "empty", "stale", "partial", "failed", "idle"]},
            why=TEXT,
            announced=_or_null(TIME),
            expected=_or_null(TIME),
        )
    ),
    editions=_list(
        _record(
            profile=WORDS,
            channel=CHANNEL,
            target=WORDS,
            on=DATE,
            state={"enum": ["sent", "quiet", "failed", "uncertain", "waiting"]},
            papers=COUNT,
        )
    ),
    deliveries=_list(
        _record(
            id=WORDS,
            profile=WORDS,
            channel=CHANNEL,
            target=WORDS,
            state={"enum": ["pending", "sending", "sent", "waiting", "failed", "uncertain"]},
            attempts=COUNT,
            until=_or_null(TIME),
            why=TEXT,
        )
    ),
)

ADVISE = _record(
    profile=WORDS,
    advice=_list(
        _record(
            kind={
                "enum": [
                    "matches nothing",
                    "matches too much",
                    "never decides",
                    "covered",
                    "hides liked",
                    "spellings",
                    "missing term",
                    "too many",
                    "too few",
                ]
            },
            line=PLACE,
            what=WORDS,
            numbers={"type": "object", "additionalProperties": NUMBER},
        )
    ),
)

#: One line of `export`; null for unknown.
EXPORT = _record(
    id=ID,
    title=WORDS,
    abstract=TEXT,
    authors=TEXTS,
    author_count=_or_null(COUNT),
    categories=TEXTS,
    organization=_or_null(WORDS),
    sources={**TEXTS, "minItems": 1},
    url=_or_null(LINK),
    version=_or_null(PLACE),
    published=_or_null(WHEN),
    updated=_or_null(WHEN),
    announced=_or_null(WHEN),
    first_seen=TIME,
    votes=_or_null(COUNT),
    comments=_or_null(COUNT),
    withdrawn={"type": "boolean"},
)


SEARCH = _record(
    query=TEXT,
    papers=_list(
        _record(
            id=ID,
            title=WORDS,
            authors=TEXTS,
            url=_or_null(LINK),
            first_seen=TIME,
            sent=_list(_record(profile=WORDS, on=DATE)),
        )
    ),
    more={"type": "boolean"},
)


def validate(document: Any, schema: Schema) -> None:
    """Raise jsonschema.ValidationError with the first difference."""
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(document)
