"""The keys of a profile file, as pydantic models: what each may hold, and the problems that its author is shown.

Does not know the place of a value in a file: `bot.profiles.load` finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from itertools import chain, combinations
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)

from bot.profiles import editor, lists, targets, times, values
from bot.profiles.model import ANNOUNCEMENT, LONGEST_WINDOW, WEEK, ChannelName, Match, Reference, Subscription
from bot.profiles.values import ON_UNCERTAIN, WHEN_QUIET
from bot.profiles.yaml_reader import flow
from bot.text.plain import one_line

INTEREST_KEYS = ("interests", "about", "like", "authors")  #: keys that say what to look for


class ItemsError(ValueError):
    """Problems of some items of a list, each of which is valid alone, by position."""

    def __init__(self, problems: Mapping[int, str]) -> None:
        super().__init__(next(iter(problems.values())))
        self.problems = problems


_Text = Annotated[str, BeforeValidator(values.text), editor.TEXT]
_Phrase = Annotated[str, BeforeValidator(values.phrase), editor.TEXT]
_Phrases = Annotated[tuple[_Phrase, ...], WrapValidator(lists.listed)]
_Person = Annotated[str, PlainValidator(values.person), editor.TEXT]
_People = Annotated[tuple[_Person, ...], WrapValidator(lists.listed)]
_Category = Annotated[tuple[str, ...], PlainValidator(values.category), editor.CATEGORY]


def _check_categories(items: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    """A category is there once, by itself or in its archive."""
    problems = {}
    above: set[str] = set()
    for position, codes in enumerate(items):
        archives = {code.partition(".")[0] for code in codes}
        inside = sorted(code for code in above if code.partition(".")[0] in codes)
        if above.issuperset(codes):
            problems[position] = "this category is already above: keep one of the two"
        elif above & archives and len(archives) == 1:
            problems[position] = f"{min(archives)}.* above contains this category: keep one of the two"
        elif inside:
            problems[position] = f"this contains {inside[0]}, which is above: keep one of the two"
        above.update(codes)
    if problems:
        raise ItemsError(problems)
    return items


#: The codes that each entry means.
_Categories = Annotated[tuple[_Category, ...], WrapValidator(lists.listed), AfterValidator(_check_categories)]
_References = Annotated[tuple[Reference, ...], PlainValidator(values.references), editor.REFERENCE]
_ReferenceLists = Annotated[tuple[_References, ...], WrapValidator(lists.listed)]
_Days = Annotated[tuple[int, ...], PlainValidator(times.days), editor.DAYS]


class ProfileMapping(BaseModel):
    """A mapping in a profile: an unknown key is a problem, and a key without a value counts as absent."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    expected: ClassVar[str]  #: what the message asks for when something else is in its place

    @classmethod
    def meaning(cls, value: object) -> dict[str, Any] | None:
        """The mapping that something else in its place probably means."""
        return None

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, value: object) -> object:
        if not isinstance(value, dict):
            problem = f", not {values.describe(value)}"
            if meant := cls.meaning(value):
                try:
                    cls.model_validate(meant)
                except ValidationError as error:
                    problem = f"; {lists.first_message(error)}"
                else:
                    raise ValueError(f"expected a mapping here: write {flow(meant)}")
            raise ValueError(f"expected {cls.expected} here{problem}")
        return {key: v for key, v in value.items() if v is not None or key not in cls.model_fields}


class InterestItem(ProfileMapping):
    """A phrase, its weight, and what does not count for it."""

    expected = "a phrase or {phrase: world models, weight: 2}"
    phrase: Annotated[_Phrase, AfterValidator(values.searchable)] = Field(examples=["world models"])
    weight: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] = Field(1.0, examples=[2])
    without: _Phrases = Field((), examples=[["models"]])


def _interest(value: object) -> object:
    key, content = next(iter(value.items())) if isinstance(value, dict) and len(value) == 1 else ("", "")
    if key and not values.closest(key, list(InterestItem.model_fields)):
        if isinstance(content, str) and not re.fullmatch("[0-9.]*", content):
            whole = values.text(f"{key}: {content}")
            raise ValueError(
                f'write "{whole}" in quotes if the colon belongs to it, or else {flow({"phrase": content})}'
            )
        weight = content if isinstance(content, str) else "2"
        raise ValueError(f"write a weight as {flow({'phrase': one_line(key), 'weight': weight or '2'})}")
    return value if isinstance(value, dict) else {"phrase": values.text(value)}


_Interest = Annotated[InterestItem, BeforeValidator(_interest), editor.INTEREST]


def _check_phrases(items: tuple[InterestItem, ...]) -> tuple[InterestItem, ...]:
    """A phrase is there once, in any case."""
    first: dict[str, int] = {}
    again = [n for n, item in enumerate(items) if first.setdefault(item.phrase.casefold(), n) != n]
    if again:
        raise ItemsError(dict.fromkeys(again, "this phrase is already above: keep one of the two"))
    return items


_Interests = Annotated[tuple[_Interest, ...], WrapValidator(lists.listed), AfterValidator(_check_phrases)]


class MuteLists(ProfileMapping):
    """What is never shown."""

    expected = "a mapping such as {terms: [survey], authors: [], categories: [cs.CY]}"

    @classmethod
    def meaning(cls, value: object) -> dict[str, Any] | None:
        terms = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
        return {"terms": terms}

    terms: _Phrases = Field(
        (), description="Papers with one of these words or phrases.", examples=[["survey"]]
    )
    authors: _People = Field(
        (), description="Papers of these people, by their whole names.", examples=[["Ada Lovelace"]]
    )
    categories: _Categories = Field(
        (), description="Papers in one of these arXiv categories or archives.", examples=[["cs.CY"]]
    )


class PauseEntry(ProfileMapping):
    """A time without digests."""

    expected = "a mapping such as {until: 2026-12-27}"

    @classmethod
    def meaning(cls, value: object) -> dict[str, Any] | None:
        return {"until": value}

    until: Annotated[date, PlainValidator(times.day), editor.DAY] = Field(
        description="The day from which digests come again.", examples=["2026-12-27"]
    )


class DeliverEntry(ProfileMapping):
    """One channel, and when. Name exactly one of slack, email and maildir."""

    expected = "an entry such as {slack: C0PAPERS}, {email: ada@example.org} or {maildir: ada}"

    @classmethod
    def meaning(cls, value: object) -> dict[str, Any] | None:
        return targets.delivery(value) if isinstance(value, str) else None

    model_config = ConfigDict(
        # None in a file that others include: it is for all deliveries.
        json_schema_extra={
            "allOf": [{"not": editor.having(*pair)} for pair in combinations(ChannelName, 2)],
            "minProperties": 1,
        }
    )
    slack: Annotated[_Text, AfterValidator(targets.slack), editor.SLACK] | None = Field(
        None, description="A channel's or person's id, or \"#name\".", examples=["C0PAPERS", "#papers"]
    )
    email: Annotated[_Text, AfterValidator(targets.email), editor.EMAIL] | None = Field(
        None, description="An e-mail address.", examples=["ada@example.org"]
    )
    maildir: (
        Annotated[
            _Text,
            AfterValidator(targets.maildir),
            editor.MAILDIR,
        ]
        | None
    ) = Field(None, description="The name of a Maildir in the data folder.", examples=["ada"])
    at: Annotated[time | Literal["announcement"], PlainValidator(times.delivery_time), editor.TIME] = Field(
        time(8, 0),
        description="Time of day in the profile's zone, in quotes; 08:00 if absent. Or `announcement`: when papers "
        "that arXiv has announced are stored.",
        examples=["08:30", ANNOUNCEMENT],
    )
    days: Annotated[
        tuple[_Days, ...],
        BeforeValidator(times.one_or_more),
        editor.DAYS_OR_LIST,
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

    when_quiet: Annotated[
        str, AfterValidator(values.when_quiet), WithJsonSchema({"enum": list(WHEN_QUIET)})
    ] = Field(
        WHEN_QUIET[0],
        description="After a week without papers: `nothing`, or `weekly`, a short message that all is well.",
        examples=list(WHEN_QUIET),
    )

    def subscriptions(self, profile: str) -> Iterator[Subscription]:
        """One for each channel that is named; `load` reports an entry that names none or several."""
        days = tuple(sorted(set(chain.from_iterable(self.days))))
        for channel in ChannelName:
            if target := getattr(self, channel):
                resend = self.on_uncertain == ON_UNCERTAIN[0]
                has_line = self.when_quiet == WHEN_QUIET[1]
                yield Subscription(profile, channel, target, self.at, days, resend, has_line)


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
        raise ItemsError(dict.fromkeys(again, message))
    return entries


class ProfileFile(ProfileMapping):
    """What Paperboy looks for, and where it delivers the digests."""

    expected = "a mapping"
    timezone: Annotated[_Text, AfterValidator(times.timezone), editor.TIMEZONE] = Field(
        "UTC",
        description="The IANA zone of the times below; UTC if absent.",
        examples=["Europe/Paris", "America/New_York", "Asia/Tokyo", "UTC"],
    )
    interests: _Interests = Field(
        (),
        description="Words and phrases. A weight, 1 if absent, decides how many places of a full digest one gets.",
        examples=[["reward modelling", {"phrase": "world models", "weight": 2}]],
    )
    about: Annotated[str, BeforeValidator(values.paragraphs), editor.TEXT] = Field(
        "",
        description="Free text, as you would tell a colleague.",
        examples=["I work on exploration in reinforcement learning for robots."],
    )
    without: _Phrases = Field(
        (), description="Words and phrases that do not count for `about`.", examples=[["learning"]]
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
    authors: _People = Field(
        (),
        description="People whose papers are always shown, and marked; whole names.",
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
    categories: Annotated[_Categories, BeforeValidator(values.some_categories)] = Field(
        (),
        description="Only these arXiv categories, for papers whose categories are known: by code (`cs.LG`), as whole "
        "archives (`cs.*`), or by name (`Robotics`).",
        examples=[["cs.LG", "q-bio.*", "Robotics"]],
    )
    limit: Annotated[int, Field(ge=1, le=100), editor.LIMIT] = Field(
        10, description="The most papers in one digest, from 1 to 100; 10 if absent.", examples=[10]
    )
    threshold: Annotated[
        Match | float,
        PlainValidator(values.threshold),
        editor.THRESHOLD,
    ] = Field(
        Match.GOOD,
        description="The least match that is shown: `strong`, `good` or `partial`; `auto` is `good`. Or the least "
        "relevance, from 0 to 100.",
        examples=["auto", "strong", 90],
    )
    window: Annotated[int, Field(ge=1, le=LONGEST_WINDOW), editor.WINDOW] = Field(
        7, description="Days that a paper stays a candidate, from 1 to 90; 7 if absent.", examples=[7]
    )
    trending: Annotated[
        float,
        Field(ge=0, le=1, allow_inf_nan=False),
        editor.TRENDING,
    ] = Field(
        0.0,
        description="The share of the score that Hugging Face votes make, from 0 to 1; none if absent.",
        examples=[0.2],
    )
    deliver: Annotated[
        tuple[DeliverEntry, ...], WrapValidator(lists.listed), AfterValidator(_check_targets)
    ] = Field(
        (),
        description="Where to deliver, and when.",
        examples=[[{"slack": "C0PAPERS", "at": "08:30", "days": "mon-fri"}, {"maildir": "ada"}]],
    )
    include: Annotated[tuple[Annotated[_Text, editor.PLAIN_TEXT], ...], WrapValidator(lists.listed)] = Field(
        (),
        description="Other files of this folder: their lists are added to those here, and their other values apply "
        "where there is none here.",
        examples=[["lab.yaml"]],
    )
    was: Annotated[_Text, AfterValidator(values.former_name), editor.PLAIN_TEXT] = Field(
        "", description="The former name of this profile: what was sent under it counts.", examples=["ada"]
    )
    pause: PauseEntry | None = Field(
        None,
        description="No digests before a day; the first one after it chooses from the whole pause.",
        examples=[{"until": "2026-12-27"}],
    )
