"""The keys of a profile file, as pydantic models: what each may hold, and the problems that its author is shown.

Does not know the place of a value in a file: `bot.profiles.load` finds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from itertools import chain
from typing import Annotated, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from bot.profiles import values
from bot.profiles.model import WEEK, ChannelName, Match, Reference, Subscription
from bot.profiles.values import ON_UNCERTAIN
from bot.text.addresses import parse_mail_address, parse_slack_target
from bot.text.plain import one_line

INTEREST_KEYS = ("interests", "about", "like", "authors")  #: keys that say what to look for


class ItemsError(ValueError):
    """A problem of some items of a list, each of which is valid alone."""

    def __init__(self, message: str, positions: tuple[int, ...]) -> None:
        super().__init__(message)
        self.positions = positions


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


_Text = Annotated[str, BeforeValidator(values.text), WithJsonSchema(_TEXT_SCHEMA)]
_Readable = Annotated[str, BeforeValidator(values.readable), WithJsonSchema(_TEXT_SCHEMA)]
_ReadableTexts = Annotated[tuple[_Readable, ...], BeforeValidator(values.listed)]
_Category = Annotated[_Text, AfterValidator(values.category), WithJsonSchema({"type": "string"})]
_Categories = Annotated[tuple[_Category, ...], BeforeValidator(values.listed)]
_References = Annotated[
    tuple[Reference, ...], PlainValidator(values.references), WithJsonSchema({"type": ["string", "number"]})
]
_ReferenceLists = Annotated[tuple[_References, ...], BeforeValidator(values.listed)]
_Days = Annotated[tuple[int, ...], PlainValidator(values.days), WithJsonSchema({"type": "string"})]


class ProfileMapping(BaseModel):
    """A mapping in a profile: an unknown key is a problem, and a key without a value counts as absent."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    expected: ClassVar[str]  #: what the message asks for when something else is in its place

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, value: object) -> object:
        if not isinstance(value, dict):
            raise ValueError(f"expected {cls.expected} here, not {values.describe(value)}")
        return {key: v for key, v in value.items() if v is not None or key not in cls.model_fields}


class InterestItem(ProfileMapping):
    """A phrase and its weight."""

    expected = "a phrase or {phrase: world models, weight: 2}"
    phrase: Annotated[_Readable, AfterValidator(values.searchable)]
    weight: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] = 1.0


def _interest(value: object) -> object:
    phrase = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else None
    if phrase and not values.closest(phrase, list(InterestItem.model_fields)):
        example = f"{{phrase: {one_line(phrase)}, weight: 2}}"
        raise ValueError(f"write a weight as {example}, and put a phrase with a colon in quotes")
    return value if isinstance(value, dict) else {"phrase": values.text(value)}


_Interest = Annotated[InterestItem, BeforeValidator(_interest), WithJsonSchema(_INTEREST_SCHEMA)]
_Interests = Annotated[tuple[_Interest, ...], BeforeValidator(values.listed)]


class MuteLists(ProfileMapping):
    """What is never shown."""

    expected = "a mapping such as {terms: [survey], authors: [], categories: [cs.CY]}"
    terms: _ReadableTexts = Field(
        (), description="Papers with one of these words or phrases.", examples=[["survey"]]
    )
    authors: _ReadableTexts = Field((), description="Papers of these people, by their whole names.")
    categories: _Categories = Field(
        (), description="Papers in one of these arXiv categories.", examples=[["cs.CY"]]
    )


class PauseEntry(ProfileMapping):
    """A time without digests."""

    expected = "a mapping such as {until: 2026-12-27}"
    until: Annotated[
        date, PlainValidator(values.day), WithJsonSchema({"type": "string", "format": "date"})
    ] = Field(description="The day from which digests come again.", examples=["2026-12-27"])


class DeliverEntry(ProfileMapping):
    """One channel, and when. Name exactly one of slack, email and maildir."""

    expected = "an entry such as {slack: C0PAPERS}, {email: ada@example.org} or {maildir: ada}"
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
    maildir: Annotated[_Text, AfterValidator(values.maildir), WithJsonSchema(_TEXT_SCHEMA)] | None = Field(
        None, description="The name of a Maildir in the data folder.", examples=["ada"]
    )
    at: Annotated[time, PlainValidator(values.time_of_day), WithJsonSchema({"type": "string"})] = Field(
        time(8, 0),
        description="Time of day in the profile's zone, in quotes; 08:00 if absent.",
        examples=["08:30"],
    )
    days: Annotated[
        tuple[_Days, ...],
        BeforeValidator(values.one_or_more),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
    ] = Field(
        (WEEK,), description="Days of the week; every day if absent.", examples=["mon-fri", ["mon", "thu"]]
    )
    on_uncertain: Annotated[
        str, AfterValidator(values.on_uncertain), WithJsonSchema({"enum": list(ON_UNCERTAIN)})
    ] = Field(
        ON_UNCERTAIN[0],
        description="Mail that may have arrived when the connection broke: `resend` it once, or `hold` it for you.",
        examples=list(ON_UNCERTAIN),
    )

    def subscriptions(self, profile: str) -> Iterator[Subscription]:
        """One for each channel that is named; `load` reports an entry that names none or several."""
        days = tuple(sorted(set(chain.from_iterable(self.days))))
        for channel in ChannelName:
            if target := getattr(self, channel):
                resend = self.on_uncertain == ON_UNCERTAIN[0]
                yield Subscription(profile, channel, target, self.at, days, resend)


def _check_targets(entries: tuple[DeliverEntry, ...]) -> tuple[DeliverEntry, ...]:
    """A target gets one digest a day: a second entry for it may only name other days."""
    taken: set[tuple[ChannelName, str, int]] = set()
    again = []
    for position, entry in enumerate(entries):
        wanted = {(s.channel, s.target.casefold(), day) for s in entry.subscriptions("") for day in s.days}
        if taken & wanted:
            again.append(position)
        taken |= wanted
    if again:
        message = (
            "this target has an entry above for the same day, and gets one digest a day: name other days"
        )
        raise ItemsError(message, tuple(again))
    return entries


class ProfileFile(ProfileMapping):
    """What Paperboy looks for, and where it delivers the digests."""

    expected = "a mapping"
    timezone: Annotated[_Text, AfterValidator(values.timezone), WithJsonSchema({"type": "string"})] = Field(
        "UTC", description="The IANA zone of the times below; UTC if absent.", examples=["Europe/Paris"]
    )
    interests: _Interests = Field(
        (),
        description="Words and phrases. A weight, 1 if absent, decides how many places of a full digest one gets.",
        examples=[["reward modelling", {"phrase": "world models", "weight": 2}]],
    )
    about: Annotated[str, BeforeValidator(values.paragraphs), WithJsonSchema(_TEXT_SCHEMA)] = Field(
        "",
        description="Free text, as you would tell a colleague.",
        examples=["I work on exploration in reinforcement learning for robots."],
    )
    like: _ReferenceLists = Field(
        (),
        description="Papers to resemble: arXiv ids, links, DOIs, titles, or a library file beside the profile (.bib, "
        ".ris, .json, .txt).",
        examples=[["2502.19402", "https://arxiv.org/abs/2412.13337", "library.bib"]],
    )
    dislike: _ReferenceLists = Field(
        (), description="Papers to avoid, written as in `like`.", examples=[["2301.00001"]]
    )
    authors: _ReadableTexts = Field(
        (),
        description="People whose papers are always shown, and marked.",
        examples=[["Seungwook Han", "Pulkit Agrawal"]],
    )
    avoid: _Interests = Field(
        (),
        description="Words and phrases that lower the score, by their weight.",
        examples=[["medical imaging"]],
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
        Match | float,
        PlainValidator(values.threshold),
        WithJsonSchema(
            {
                "anyOf": [
                    {"enum": ["auto", *Match]},
                    {"type": "number", "minimum": 0, "maximum": 100},
                    _NUMBER_TEXT,
                ]
            }
        ),
    ] = Field(
        Match.GOOD,
        description="The least match that is shown: `strong`, `good` or `partial`; `auto` is `good`. Or the least "
        "relevance, from 0 to 100.",
        examples=["auto", "strong", 90],
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
    deliver: Annotated[
        tuple[DeliverEntry, ...], BeforeValidator(values.listed), AfterValidator(_check_targets)
    ] = Field(
        (),
        description="Where to deliver, and when.",
        examples=[[{"slack": "C0PAPERS", "at": "08:30", "days": "mon-fri"}, {"maildir": "ada"}]],
    )
    include: Annotated[
        tuple[Annotated[_Text, WithJsonSchema({"type": "string"})], ...], BeforeValidator(values.listed)
    ] = Field(
        (),
        description="Other files of this folder: their lists are added to those here, and their other values apply "
        "where there is none here.",
        examples=[["lab.yaml"]],
    )
    was: Annotated[_Text, WithJsonSchema({"type": "string"})] = Field(
        "", description="The former name of this profile: what was sent under it counts.", examples=["ada"]
    )
    pause: PauseEntry | None = Field(
        None,
        description="No digests before a day; the first one after it chooses from the whole pause.",
        examples=[{"until": "2026-12-27"}],
    )
