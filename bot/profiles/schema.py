"""The shape of a profile file: its keys, what each may hold, and what is said to whoever wrote something else.

Owns the words of section 5 of the contract as pydantic models, and their JSON Schema. Refuses to know where a
value stands in a file: `bot.profiles.load` finds its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import time
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, ClassVar
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from bot.papers.identity import parse_paper_id
from bot.profiles.bibtex import read_bibliography
from bot.profiles.model import WEEK, ChannelName, Reference, Subscription
from bot.profiles.yaml_reader import Sexagesimal
from bot.text.addresses import parse_mail_address, parse_slack_target
from bot.text.plain import normalize_paragraphs, one_line, quote
from bot.text.terms import is_searchable

#: What becomes of a mail that may have arrived; the first unless said otherwise.
ON_UNCERTAIN = ("resend", "hold")
INTEREST_KEYS = ("interests", "about", "like", "authors")  #: keys that say what to look for


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 7, which yaml-language-server reads) of a profile file."""
    schema = ProfileFile.model_json_schema(ref_template="#/definitions/{model}")
    schema["definitions"] = schema.pop("$defs")
    for model in (schema, *schema["definitions"].values()):
        required = model.get("required", ())
        for name, part in model["properties"].items():
            model["properties"][name] = _draft_7(part, required=name in required)
    some = [{"required": [key]} for key in INTEREST_KEYS]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **schema,
        "anyOf": some,
        "required": ["deliver"],
    }


def _draft_7(part: dict[str, Any], *, required: bool) -> dict[str, Any]:
    """A property's schema: without the default (an editor would type it in), and empty like absent."""
    notes: dict[str, Any] = {
        key: part.pop(key) for key in ("title", "description", "examples") if key in part
    }
    part.pop("default", None)
    # In draft 7 whatever stands beside a $ref is ignored, so the notes need a level of their own
    return {**notes, "anyOf": [part] if required else [part, {"type": "null"}]}


def meant(key: str, names: Sequence[str]) -> str | None:
    return next(iter(get_close_matches(key.casefold(), names, n=1)), None)


# --- What values may be: each takes what YAML held, and raises ValueError with a sentence for its author -----


@dataclass(frozen=True)
class Context:
    """What validators know beside the value."""

    folder: Path | None  #: where .bib files may be


class ItemsError(ValueError):
    """Something is wrong with some items of a list that are each fine on their own."""

    def __init__(self, message: str, positions: tuple[int, ...]) -> None:
        super().__init__(message)
        self.positions = positions


def kind_of(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a mapping"
    return quote(str(value))


def _raw_text(value: object) -> str:
    if isinstance(value, dict):
        raise ValueError("a text is wanted here: put one that holds a colon in quotes")
    if not isinstance(value, str):
        raise ValueError(f"a text is wanted here, not {kind_of(value)}")
    return value


def _text(value: object) -> str:
    text = one_line(_raw_text(value))
    if not text:
        raise ValueError("this text is empty")
    return text


def _searchable(phrase: str) -> str:
    if not is_searchable(phrase):
        raise ValueError(
            f"{quote(phrase)} can match nothing: there is no word in it but such as every paper has, numbers, single "
            "letters and signs; add a word of its subject"
        )
    return phrase


def _about(value: object) -> str:
    return normalize_paragraphs(_raw_text(value))


def _flow(value: str) -> str:
    """A text as one would write it inside [brackets]."""
    plain = re.fullmatch(r"[\w./@-][\w ./@-]*", value)
    return value if plain else quote(value).replace("'", '"')


def _listed(value: object, info: ValidationInfo) -> object:
    if isinstance(value, str):
        raise ValueError(f"a list is wanted here: write `{info.field_name}: [{_flow(value)}]`")
    if not isinstance(value, list):
        raise ValueError(f"a list is wanted here: put a dash before each entry of `{info.field_name}`")
    return value


def _interest(value: object) -> object:
    phrase = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else None
    if phrase and not meant(phrase, list(InterestItem.model_fields)):
        example = f"{{phrase: {one_line(phrase)}, weight: 2}}"
        raise ValueError(f"write a weight as {example}, and a phrase that holds a colon in quotes")
    return value if isinstance(value, dict) else {"phrase": _text(value)}


def _threshold(value: object) -> object:
    return None if isinstance(value, str) and value.strip().casefold() == "auto" else value


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # reads a few hundred file names


def _timezone(value: str) -> str:
    if value in _zones():
        return value
    by_name = {zone.casefold(): zone for zone in sorted(_zones())}
    by_city = {zone.rpartition("/")[2]: zone for zone in by_name if "/" in zone}
    name = value.casefold().replace(" ", "_")
    close = [name] if name in by_name else [by_city[name]] if name in by_city else []
    close = (
        close
        or get_close_matches(name, by_name, n=1)
        or [by_city[c] for c in get_close_matches(name, by_city, n=1)]
    )
    hint = f"did you mean {by_name[close[0]]}?" if close else "write one such as Europe/Paris"
    raise ValueError(f"{quote(value)} is no time zone: {hint}")


#: https://arxiv.org/category_taxonomy: only these two archives have subjects in words
_CATEGORY = re.compile(r"(?:physics|cond-mat)\.[a-z]+(?:-[a-z]+)?|[a-z]+(?:-[a-z]+)?(?:\.[A-Z]{2})?")


def _category(value: str) -> str:
    if _CATEGORY.fullmatch(value):
        return value
    archive, dot, subject = value.lower().partition(".")
    close = [c for c in (f"{archive}{dot}{subject.upper()}", value.lower()) if _CATEGORY.fullmatch(c)]
    hint = f"did you mean {close[0]}?" if close else "write one such as cs.LG, hep-th or astro-ph.GA"
    raise ValueError(f"{quote(value)} is no arXiv category: {hint}")


_MAILDIR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _maildir(value: str) -> str:
    if not _MAILDIR.fullmatch(value):
        raise ValueError(
            f"{quote(value)} is no simple name: write letters, digits, '.', '_', '-', such as ada"
        )
    return value


_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


def _at(value: object) -> time:
    text = _text(value)
    match = _TIME.fullmatch(text)
    if not match:
        raise ValueError(f'{quote(text)} is no time of day: write one such as "08:30"')
    at = time(int(match[1]), int(match[2]))
    if isinstance(value, Sexagesimal):
        number = at.hour * 60 + at.minute
        raise ValueError(f'YAML reads {text} as the number {number}: write it in quotes: "{at:%H:%M}"')
    return at


_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_WORDS = {
    "daily": WEEK,
    "every day": WEEK,
    "everyday": WEEK,
    "weekdays": WEEK[:5],
    "weekends": WEEK[5:],
    "weekend": WEEK[5:],
}


def _days_of(value: object) -> tuple[int, ...]:
    """Days as numbers from Monday, 0: of `mon-fri`, `sat, sun`, `fri-mon` or `weekdays`."""
    return tuple(chain.from_iterable(map(_day_range, _text(value).casefold().split(","))))


def _day_range(text: str) -> tuple[int, ...]:
    text = text.strip()
    if text in _DAY_WORDS:
        return _DAY_WORDS[text]
    first, dash, last = (part.strip() for part in re.sub("[–—]", "-", text).partition("-"))
    start = _day(first)
    length = (_day(last) - start) % 7 if dash else 0
    return tuple((start + step) % 7 for step in range(length + 1))


def _day(text: str) -> int:
    for number, name in enumerate(_DAY_NAMES):
        if len(text) >= 3 and name.startswith(text):
            return number
    raise ValueError(f"{quote(text)} is no day: write days such as mon-fri, [mon, thu] or weekdays")


def _one_or_more(value: object) -> object:
    if value == []:
        raise ValueError("no day is named here: leave `days` out for every day")
    return value if isinstance(value, list) else [value]


def _references(value: object, info: ValidationInfo) -> tuple[Reference, ...]:
    text = _text(value)
    if text.casefold().endswith(".bib"):
        return read_bibliography(text, info.context.folder if info.context else None)
    if found := parse_paper_id(text):
        return (Reference(id=found[0]),)
    raise ValueError(f"{quote(text)} is no arXiv id, no DOI, no paper's address and no .bib file")


# --- The file's shape ----------------------------------------------------------------------------------------

_TEXT_SCHEMA = {"type": ["string", "number", "boolean"]}  #: `interests: [2048, true]` are texts here
_NUMBER_TEXT = {"type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]*)?\s*$"}
_WEIGHT_SCHEMA = {"anyOf": [{"type": "number", "exclusiveMinimum": 0, "maximum": 100}, _NUMBER_TEXT]}
_INTEREST_SCHEMA = {
    "anyOf": [
        _TEXT_SCHEMA,
        {
            "type": "object",
            "properties": {"phrase": _TEXT_SCHEMA, "weight": _WEIGHT_SCHEMA},
            "required": ["phrase"],
            "additionalProperties": False,
        },
    ]
}


def _whole(low: int, high: int) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [{"type": "integer", "minimum": low, "maximum": high}, _NUMBER_TEXT]})


_Text = Annotated[str, BeforeValidator(_text), WithJsonSchema(_TEXT_SCHEMA)]
_Texts = Annotated[tuple[_Text, ...], BeforeValidator(_listed)]
_Category = Annotated[_Text, AfterValidator(_category), WithJsonSchema({"type": "string"})]
_Categories = Annotated[tuple[_Category, ...], BeforeValidator(_listed)]
_References = Annotated[
    tuple[Reference, ...], PlainValidator(_references), WithJsonSchema({"type": ["string", "number"]})
]
_ReferenceLists = Annotated[tuple[_References, ...], BeforeValidator(_listed)]
_Days = Annotated[tuple[int, ...], PlainValidator(_days_of), WithJsonSchema({"type": "string"})]


class Written(BaseModel):
    """A mapping of a profile: unknown keys are problems, and an empty value is no value."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    wanted: ClassVar[str]  #: what is told to whoever wrote something else in its place

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, value: object) -> object:
        if not isinstance(value, dict):
            raise ValueError(f"{cls.wanted} is wanted here, not {kind_of(value)}")
        return {key: v for key, v in value.items() if v is not None or key not in cls.model_fields}


class InterestItem(Written):
    """A phrase and how much it counts."""

    wanted = "a phrase, or {phrase: world models, weight: 2},"
    phrase: Annotated[_Text, AfterValidator(_searchable)]
    weight: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] = 1.0


_Interest = Annotated[InterestItem, BeforeValidator(_interest), WithJsonSchema(_INTEREST_SCHEMA)]
_Interests = Annotated[tuple[_Interest, ...], BeforeValidator(_listed)]


class MuteLists(Written):
    """What is never shown."""

    wanted = "a mapping such as {terms: [survey], authors: [], categories: [cs.CY]}"
    terms: _Texts = Field((), description="Papers with one of these words or phrases.", examples=[["survey"]])
    authors: _Texts = Field((), description="Papers of these people, by their whole names.")
    categories: _Categories = Field(
        (), description="Papers in one of these arXiv categories.", examples=[["cs.CY"]]
    )


def _on_uncertain(value: str) -> str:
    if value not in ON_UNCERTAIN:
        raise ValueError(f"{quote(value)} is neither resend nor hold")
    return value


class DeliverEntry(Written):
    """One channel, and when. Name exactly one of slack, email and maildir."""

    wanted = "an entry such as {slack: C0PAPERS}, {email: ada@example.org} or {maildir: ada}"
    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": [name.value], "properties": {name.value: {"not": {"type": "null"}}}}
                for name in ChannelName
            ]
        }
    )
    slack: Annotated[_Text, AfterValidator(parse_slack_target), WithJsonSchema({"type": "string"})] | None = (
        Field(None, description="A channel's or person's id, or \"#name\".", examples=["C0PAPERS", "#papers"])
    )
    email: Annotated[_Text, AfterValidator(parse_mail_address), WithJsonSchema({"type": "string"})] | None = (
        Field(None, description="An e-mail address.", examples=["ada@example.org"])
    )
    maildir: Annotated[_Text, AfterValidator(_maildir), WithJsonSchema(_TEXT_SCHEMA)] | None = Field(
        None, description="The name of a Maildir in the data folder.", examples=["ada"]
    )
    at: Annotated[time, PlainValidator(_at), WithJsonSchema({"type": "string"})] = Field(
        time(8, 0),
        description="Time of day in the profile's zone, in quotes; 08:00 if absent.",
        examples=["08:30"],
    )
    days: Annotated[
        tuple[_Days, ...],
        BeforeValidator(_one_or_more),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
    ] = Field(
        (WEEK,), description="Days of the week; every day if absent.", examples=["mon-fri", ["mon", "thu"]]
    )
    on_uncertain: Annotated[
        str, AfterValidator(_on_uncertain), WithJsonSchema({"enum": list(ON_UNCERTAIN)})
    ] = Field(
        ON_UNCERTAIN[0],
        description="Mail that may have arrived when the connection broke: `resend` it once, or `hold` it for you.",
        examples=list(ON_UNCERTAIN),
    )

    def subscriptions(self, profile: str) -> Iterator[Subscription]:
        """One for each channel that is named: none or several are problems of their own."""
        days = tuple(sorted(set(chain.from_iterable(self.days))))
        for channel in ChannelName:
            if target := getattr(self, channel):
                resend = self.on_uncertain == ON_UNCERTAIN[0]
                yield Subscription(profile, channel, target, self.at, days, resend)


def _told_apart(entries: tuple[DeliverEntry, ...]) -> tuple[DeliverEntry, ...]:
    """One target gets one edition a day: a second entry for it may only name other days."""
    made = [tuple(entry.subscriptions("")) for entry in entries]
    again = tuple(
        i
        for i, those in enumerate(made)
        if any(_overlap(one, other) for one in those for other in chain(*made[:i]))
    )
    if again:
        message = "this target is named above for the same day, and gets one digest a day: give other days"
        raise ItemsError(message, again)
    return entries


def _overlap(one: Subscription, other: Subscription) -> bool:
    same = (one.channel, one.target.casefold()) == (other.channel, other.target.casefold())
    return same and bool(set(one.days) & set(other.days))


class ProfileFile(Written):
    """What Paperboy looks for on someone's behalf, and where it delivers what it finds."""

    wanted = "a mapping"
    timezone: Annotated[_Text, AfterValidator(_timezone), WithJsonSchema({"type": "string"})] = Field(
        "UTC", description="The IANA zone of the times below; UTC if absent.", examples=["Europe/Paris"]
    )
    interests: _Interests = Field(
        (),
        description="Words and phrases; a plain one has weight 1.",
        examples=[["reward modelling", {"phrase": "world models", "weight": 2}]],
    )
    about: Annotated[str, BeforeValidator(_about), WithJsonSchema(_TEXT_SCHEMA)] = Field(
        "",
        description="Free text, as one would tell a colleague.",
        examples=["I work on exploration in reinforcement learning for robots."],
    )
    like: _ReferenceLists = Field(
        (),
        description="Papers to resemble: arXiv ids, DOIs, addresses, or a .bib file beside the profile.",
        examples=[["2502.19402", "https://arxiv.org/abs/2412.13337", "library.bib"]],
    )
    dislike: _ReferenceLists = Field(
        (), description="Papers to keep away from, written like those of `like`.", examples=[["2301.00001"]]
    )
    authors: _Texts = Field(
        (),
        description="People whose papers are always shown, and marked.",
        examples=[["Seungwook Han", "Pulkit Agrawal"]],
    )
    avoid: _Interests = Field(
        (), description="Words and phrases that lower the score.", examples=[["medical imaging"]]
    )
    mute: MuteLists = Field(
        MuteLists(),
        description="Words, people and categories that are never shown.",
        examples=[{"terms": ["survey"]}],
    )
    categories: _Categories = Field(
        (),
        description="Only these arXiv categories, for papers whose categories are known.",
        examples=[["cs.LG", "cs.AI"]],
    )
    limit: Annotated[int, Field(ge=1, le=100), _whole(1, 100)] = Field(
        10, description="The most papers in one digest, from 1 to 100; 10 if absent.", examples=[10]
    )
    threshold: Annotated[
        Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None,
        BeforeValidator(_threshold),
        WithJsonSchema(
            {"anyOf": [{"enum": ["auto"]}, {"type": "number", "minimum": 0, "maximum": 100}, _NUMBER_TEXT]}
        ),
    ] = Field(
        None,
        description="`auto`, or the least relevance that is shown, from 0 to 100.",
        examples=["auto", 90],
    )
    window: Annotated[int, Field(ge=1, le=90), _whole(1, 90)] = Field(
        7, description="Days that a paper stays a candidate, from 1 to 90; 7 if absent.", examples=[7]
    )
    trending: Annotated[
        float,
        Field(ge=0, le=1, allow_inf_nan=False),
        WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, _NUMBER_TEXT]}),
    ] = Field(
        0.0,
        description="The share of the score that Hugging Face votes make, from 0 to 1; none if absent.",
        examples=[0.2],
    )
    deliver: Annotated[tuple[DeliverEntry, ...], BeforeValidator(_listed), AfterValidator(_told_apart)] = (
        Field(
            (),
            description="Where to, and when.",
            examples=[[{"slack": "C0PAPERS", "at": "08:30", "days": "mon-fri"}, {"maildir": "ada"}]],
        )
    )
