"""Profiles: YAML files to `model.Profile`, with every problem of every file told at once, each with its place.

Owns the words of a profile: its keys, what each may hold, and what is said to whoever wrote something else.
Refuses to know how papers are ranked or sent, and touches no file but profiles and the .bib files they name.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain
from pathlib import Path, PurePath, PureWindowsPath
from typing import TYPE_CHECKING, Annotated, Any, ClassVar
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails

from bot.errors import UserError
from bot.identity import namespace, paper_id
from bot.model import WEEK, ChannelName, Interest, Mute, Problem, Profile, Reference, Subscription
from bot.text import one_line, paragraphs, readable
from bot.yamlfile import MAX_BYTES, Document, Loc, Sexagesimal, Value, read_mapping, shown

if TYPE_CHECKING:
    from bibtexparser.model import Block

_ENDINGS = {".yaml", ".yml"}
#: Ids go into file names, URLs and terminal lines.
_PROFILE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]*")
_INTERESTS = ("interests", "about", "like", "authors")  #: keys that say what to look for


def parse_profile(
    data: bytes, *, file: str, folder: Path | None
) -> tuple[Profile | None, tuple[Problem, ...]]:
    """The profile that a file's bytes hold, or None and all that is wrong with it, by place.

    `file` is the file's name: it names the profile and stands in problems. `folder` is where the .bib files
    of `like` and `dislike` may be. Never raises, whatever the bytes.
    """
    document, problems = read_mapping(data, file=file)
    found = [*problems, *_id_problems(file)]
    written: ProfileFile | None = None
    if document is not None:
        try:
            written = ProfileFile.model_validate(document.value, context=_Context(folder))
        except ValidationError as error:
            found += _told(error, document, file)
        found += _missing(document, file)
        found += _delivery_problems(document, file)
    if found or written is None:
        return None, tuple(sorted(set(found)))
    return _profile(written, PurePath(file).stem), ()


def load_profiles(paths: Sequence[Path]) -> tuple[tuple[Profile, ...], tuple[Problem, ...]]:
    """The profiles in files and folders, by id, and every problem of the others, by place.

    A folder stands for its *.yaml and *.yml files that are not hidden. A bad file never stops the others.
    Raises UserError for a path that does not exist.
    """
    profiles: list[Profile] = []
    problems: list[Problem] = []
    first: dict[str, Path] = {}
    for path in _files(paths):
        if (owner := first.setdefault(path.stem, path)) is not path:
            message = f"another profile is called {shown(path.stem)}: {owner}; rename one of the files"
            problems.append(Problem(str(path), 1, 1, one_line(message)))
            continue
        profile, wrong = _load(path)
        profiles += [profile] if profile else []
        problems += wrong
    return tuple(sorted(profiles, key=lambda p: p.id)), tuple(sorted(problems))


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 7, which yaml-language-server reads) of a profile file."""
    schema = ProfileFile.model_json_schema(ref_template="#/definitions/{model}")
    schema["definitions"] = schema.pop("$defs")
    for model in (schema, *schema["definitions"].values()):
        required = model.get("required", ())
        for name, part in model["properties"].items():
            model["properties"][name] = _draft_7(part, required=name in required)
    some = [{"required": [key]} for key in _INTERESTS]
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


# --- Files ------------------------------------------------------------------------------------------------


def _files(paths: Sequence[Path]) -> list[Path]:
    """Every file once, in the order of `paths` and by name within a folder."""
    files = {path.resolve(): path for path in reversed([*chain.from_iterable(map(_expanded, paths))])}
    return list(reversed(files.values()))


def _expanded(path: Path) -> list[Path]:
    if not path.exists():
        raise UserError(f"there is no profile or folder {path}: check the path, or run `paperboy init`")
    if not path.is_dir():
        return [path]
    try:
        found = sorted(path.iterdir())
    except OSError as error:
        raise UserError(f"the folder {path} cannot be read: {error.strerror}") from error
    return [
        entry
        for entry in found
        if entry.suffix.lower() in _ENDINGS and not entry.name.startswith(".") and not entry.is_dir()
    ]


def _load(path: Path) -> tuple[Profile | None, tuple[Problem, ...]]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        return None, (Problem(str(path), 1, 1, f"this file cannot be read: {error.strerror}"),)
    return parse_profile(data, file=str(path), folder=path.parent)


def _id_problems(file: str) -> list[Problem]:
    name = PurePath(file).stem
    if _PROFILE_ID.fullmatch(name):
        return []
    message = f"{shown(name)} cannot name a profile: use letters, digits, '.', '_' and '-', such as ada.yaml"
    return [Problem(file, 1, 1, message)]


# --- What values may be: each takes what YAML held, and raises ValueError with a sentence for its author -----


@dataclass(frozen=True)
class _Context:
    """What validators know beside the value."""

    folder: Path | None  #: where .bib files may be


class _ItemsError(ValueError):
    """Something is wrong with some items of a list that are each fine on their own."""

    def __init__(self, message: str, positions: tuple[int, ...]) -> None:
        super().__init__(message)
        self.positions = positions


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a mapping"
    return shown(str(value))


def _raw_text(value: object) -> str:
    if isinstance(value, dict):
        raise ValueError("a text is wanted here: put one that holds a colon in quotes")
    if not isinstance(value, str):
        raise ValueError(f"a text is wanted here, not {_kind(value)}")
    return value


def _text(value: object) -> str:
    text = one_line(_raw_text(value))
    if not text:
        raise ValueError("this text is empty")
    return text


def _about(value: object) -> str:
    return paragraphs(_raw_text(value))


def _flow(value: str) -> str:
    """A text as one would write it inside [brackets]."""
    plain = re.fullmatch(r"[\w./@-][\w ./@-]*", value)
    return value if plain else shown(value).replace("'", '"')


def _listed(value: object, info: ValidationInfo) -> object:
    if isinstance(value, str):
        raise ValueError(f"a list is wanted here: write `{info.field_name}: [{_flow(value)}]`")
    if not isinstance(value, list):
        raise ValueError(f"a list is wanted here: put a dash before each entry of `{info.field_name}`")
    return value


def _interest(value: object) -> object:
    phrase = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else None
    if phrase and not _meant(phrase, list(InterestItem.model_fields)):
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
    raise ValueError(f"{shown(value)} is no time zone: {hint}")


#: https://arxiv.org/category_taxonomy: only these two archives have subjects in words
_CATEGORY = re.compile(r"(?:physics|cond-mat)\.[a-z]+(?:-[a-z]+)?|[a-z]+(?:-[a-z]+)?(?:\.[A-Z]{2})?")


def _category(value: str) -> str:
    if _CATEGORY.fullmatch(value):
        return value
    archive, dot, subject = value.lower().partition(".")
    close = [c for c in (f"{archive}{dot}{subject.upper()}", value.lower()) if _CATEGORY.fullmatch(c)]
    hint = f"did you mean {close[0]}?" if close else "write one such as cs.LG, hep-th or astro-ph.GA"
    raise ValueError(f"{shown(value)} is no arXiv category: {hint}")


_SLACK = re.compile(r"[CGDU][A-Z0-9]{2,}|#[\w.-]{1,80}")
_MAILDIR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
#: Domains that email-validator always refuses because nobody owns them; a lab's own mail host may use them.
_PRIVATE_DOMAIN = re.compile(r"(?:.*\.)?(?:localhost|local|test)", re.IGNORECASE)
_STAND_IN = ".example.org"


def _slack(value: str) -> str:
    if not _SLACK.fullmatch(value):
        raise ValueError(
            f'{shown(value)} is no Slack channel: write an id such as C0PAPERS, or a name such as "#papers"'
        )
    return value


def mail_address(text: str) -> str:
    """An e-mail address as it goes to a server: its domain in lower case and in ASCII.

    Nothing is asked of the network, and hosts such as `localhost` will do. Raises ValueError for what cannot
    be an address.
    """
    stand_in = _STAND_IN if _PRIVATE_DOMAIN.fullmatch(text.rpartition("@")[2]) else ""
    try:
        checked = validate_email(text + stand_in, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise ValueError(f"{shown(text)} is no e-mail address: {error}") from None
    # A server need not know SMTPUTF8 for ada@bücher.de
    return (checked.ascii_email or checked.normalized).removesuffix(stand_in)


def _maildir(value: str) -> str:
    if not _MAILDIR.fullmatch(value):
        raise ValueError(
            f"{shown(value)} is no simple name: write letters, digits, '.', '_', '-', such as ada"
        )
    return value


_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


def _at(value: object) -> time:
    text = _text(value)
    match = _TIME.fullmatch(text)
    if not match:
        raise ValueError(f'{shown(text)} is no time of day: write one such as "08:30"')
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
    raise ValueError(f"{shown(text)} is no day: write days such as mon-fri, [mon, thu] or weekdays")


def _one_or_more(value: object) -> object:
    if value == []:
        raise ValueError("no day is named here: leave `days` out for every day")
    return value if isinstance(value, list) else [value]


# --- Papers to resemble ------------------------------------------------------------------------------------

_MAX_BIB_BYTES = 16 * 1024 * 1024
_SILENT = logging.NullHandler()  #: without one, bibtexparser's complaints would stand beside ours
#: Fields of a BibTeX entry that may name the work, best first.
_ID_FIELDS = ("eprint", "arxiv", "arxivid", "doi", "url", "journal", "note", "howpublished")


def _references(value: object, info: ValidationInfo) -> tuple[Reference, ...]:
    text = _text(value)
    if text.casefold().endswith(".bib"):
        return _read_bibliography(text, info.context.folder if info.context else None)
    if found := paper_id(text):
        return (Reference(id=found[0]),)
    raise ValueError(f"{shown(text)} is no arXiv id, no DOI, no paper's address and no .bib file")


def _read_bibliography(name: str, folder: Path | None) -> tuple[Reference, ...]:
    path = _inside(folder, name)
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BIB_BYTES + 1)
    except FileNotFoundError:
        raise ValueError(f"there is no file {shown(name)} beside this profile") from None
    except OSError as error:
        raise ValueError(f"{shown(name)} cannot be read: {error.strerror}") from None
    if len(data) > _MAX_BIB_BYTES:
        raise ValueError(f"{shown(name)} is larger than {_MAX_BIB_BYTES // 1024**2} MB: name a smaller one")
    return _bibliography(data, name)


def _inside(folder: Path | None, name: str) -> Path:
    """The file `name` of `folder`, which neither dots nor links may lead out of."""
    parts = PureWindowsPath(name)  # knows drives and both slashes, so that it refuses alike everywhere
    if folder is None or parts.anchor or ".." in parts.parts:
        raise ValueError(
            f"{shown(name)} must be in the profile's own folder: write its name, such as library.bib"
        )
    try:
        home = folder.resolve()
        path = (home / name).resolve()
    except (OSError, RuntimeError):  # RuntimeError: links in a circle, before Python 3.13
        raise ValueError(f"{shown(name)} cannot be read: its links lead nowhere") from None
    if not path.is_relative_to(home):
        raise ValueError(f"{shown(name)} is a link out of the profile's folder: put a copy there")
    return path


def _bibliography(data: bytes, name: str) -> tuple[Reference, ...]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{shown(name)}, line {line}: this is not UTF-8 text: save it as UTF-8") from None
    references = tuple(r for r in map(_reference, _entries(text, name)) if r.id or r.title)
    if not references:
        raise ValueError(f"{shown(name)} holds no entry with a title, an arXiv id or a DOI")
    return references


def _entries(text: str, name: str) -> tuple[Block, ...]:
    # Here, because it takes a tenth of a second that only those who name a .bib file should wait for
    from bibtexparser import entrypoint, exceptions

    logging.getLogger("bibtexparser").addHandler(_SILENT)
    try:
        library = entrypoint.parse_string(text)
    except exceptions.ParsingException:
        raise ValueError(f"{shown(name)} cannot be read as BibTeX") from None
    lines = [(b.start_line or 0) + 1 for b in library.failed_blocks if b.ignore_error_block is None]
    if lines:
        where = f"{shown(name)}, line {min(lines)}"
        raise ValueError(f"{where}: this entry cannot be read: check its braces and commas")
    again = (
        block.ignore_error_block for block in library.failed_blocks
    )  # a key or field that is there twice
    return (*library.entries, *(block for block in again if block))


def _reference(entry: Block) -> Reference:
    fields = {field.key.casefold(): str(field.value) for field in getattr(entry, "fields", ())}
    ids = (_id_in(fields[name]) for name in _ID_FIELDS if name in fields)
    return Reference(
        id=next((found for found in ids if found), None),
        title=_untexed(fields.get("title", "")),
        abstract=_untexed(fields.get("abstract", "")),
    )


def _id_in(text: str) -> str | None:
    """The arXiv id or DOI in a field such as `2502.19402` or `arXiv preprint arXiv:2502.19402`."""
    mention = re.search(r"arxiv:\s*[\w./-]+", text, re.IGNORECASE)
    for part in (text.strip(' {}"'), mention[0] if mention else ""):
        found = paper_id(part)
        if found and namespace(found[0]) in {"arxiv", "doi"}:
            return found[0]
    return None


def _untexed(text: str) -> str:
    return readable(one_line(text)).replace("{", "").replace("}", "").strip(' "')


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


class _Written(BaseModel):
    """A mapping of a profile: unknown keys are problems, and an empty value is no value."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    wanted: ClassVar[str]  #: what is told to whoever wrote something else in its place

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, value: object) -> object:
        if not isinstance(value, dict):
            raise ValueError(f"{cls.wanted} is wanted here, not {_kind(value)}")
        return {key: v for key, v in value.items() if v is not None or key not in cls.model_fields}


class InterestItem(_Written):
    """A phrase and how much it counts."""

    wanted = "a phrase, or {phrase: world models, weight: 2},"
    phrase: _Text
    weight: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] = 1.0


_Interest = Annotated[InterestItem, BeforeValidator(_interest), WithJsonSchema(_INTEREST_SCHEMA)]
_Interests = Annotated[tuple[_Interest, ...], BeforeValidator(_listed)]


class MuteLists(_Written):
    """What is never shown."""

    wanted = "a mapping such as {terms: [survey], authors: [], categories: [cs.CY]}"
    terms: _Texts = Field((), description="Papers with one of these words or phrases.", examples=[["survey"]])
    authors: _Texts = Field((), description="Papers of these people, by their whole names.")
    categories: _Categories = Field(
        (), description="Papers in one of these arXiv categories.", examples=[["cs.CY"]]
    )


class DeliverEntry(_Written):
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
    slack: Annotated[_Text, AfterValidator(_slack), WithJsonSchema({"type": "string"})] | None = Field(
        None, description="A channel's or person's id, or \"#name\".", examples=["C0PAPERS", "#papers"]
    )
    email: Annotated[_Text, AfterValidator(mail_address), WithJsonSchema({"type": "string"})] | None = Field(
        None, description="An e-mail address.", examples=["ada@example.org"]
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

    def subscriptions(self, profile: str) -> Iterator[Subscription]:
        """One for each channel that is named: none or several are problems of their own."""
        days = tuple(sorted(set(chain.from_iterable(self.days))))
        for channel in ChannelName:
            if target := getattr(self, channel):
                yield Subscription(profile, channel, target, self.at, days)


def _told_apart(entries: tuple[DeliverEntry, ...]) -> tuple[DeliverEntry, ...]:
    made = [tuple(entry.subscriptions("")) for entry in entries]
    again = tuple(i for i, subscriptions in enumerate(made) if subscriptions and subscriptions in made[:i])
    if again:
        raise _ItemsError("this delivery is here twice, with the same days and time: remove one", again)
    return entries


class ProfileFile(_Written):
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
    deliver: Annotated[tuple[DeliverEntry, ...], BeforeValidator(_listed), AfterValidator(_told_apart)] = (
        Field(
            (),
            description="Where to, and when.",
            examples=[[{"slack": "C0PAPERS", "at": "08:30", "days": "mon-fri"}, {"maildir": "ada"}]],
        )
    )


def _profile(written: ProfileFile, id_: str) -> Profile:
    return Profile(
        id=id_,
        timezone=written.timezone,
        interests=_weighted(written.interests),
        about=written.about,
        like=tuple(chain.from_iterable(written.like)),
        dislike=tuple(chain.from_iterable(written.dislike)),
        authors=written.authors,
        avoid=_weighted(written.avoid),
        mute=Mute(written.mute.terms, written.mute.authors, written.mute.categories),
        categories=written.categories,
        limit=written.limit,
        threshold=written.threshold,
        window=written.window,
        deliver=tuple(chain.from_iterable(entry.subscriptions(id_) for entry in written.deliver)),
    )


def _weighted(items: tuple[InterestItem, ...]) -> tuple[Interest, ...]:
    return tuple(Interest(item.phrase, item.weight) for item in items)


# --- What is said about problems ------------------------------------------------------------------------------

#: The mapping that an unknown key stands in, by the top-level key around it.
_AROUND: Mapping[str | int, type[_Written]] = {
    "interests": InterestItem,
    "avoid": InterestItem,
    "mute": MuteLists,
    "deliver": DeliverEntry,
}
_NUMBERS: Mapping[str | int, str] = {
    "limit": "a whole number from 1 to 100",
    "window": "a whole number of days from 1 to 90",
    "threshold": "auto or a number from 0 to 100",
    "weight": "a number above 0 and up to 100",
}


def _told(error: ValidationError, document: Document, file: str) -> Iterator[Problem]:
    for details in error.errors(include_url=False):
        if details["type"] == "missing" and _meant_any(
            details["input"], ["phrase"], list(InterestItem.model_fields)
        ):
            continue
        cause = details.get("ctx", {}).get("error")
        positions = [(p,) for p in cause.positions] if isinstance(cause, _ItemsError) else [()]
        find = document.key_place if details["type"] == "extra_forbidden" else document.place
        message = one_line(_sentence(details, str(cause or details["msg"])))
        yield from (Problem(file, *find((*details["loc"], *position)), message) for position in positions)


def _sentence(details: ErrorDetails, otherwise: str) -> str:
    key = details["loc"][-1] if details["loc"] else ""
    if details["type"] == "extra_forbidden":
        return _unknown_key(details["loc"])
    if details["type"] == "missing":
        return f"'{key}' is missing here"
    if details["type"] != "value_error" and key in _NUMBERS:
        return f"`{key}` is {_NUMBERS[key]}, not {_kind(details['input'])}"
    return otherwise


def _unknown_key(loc: Loc) -> str:
    names = list(_AROUND[loc[0]].model_fields if len(loc) > 1 else ProfileFile.model_fields)
    close = _meant(str(loc[-1]), names)
    hint = f"did you mean '{close}'?" if close else f"known here are {', '.join(names)}"
    return f"unknown key {shown(str(loc[-1]))}: {hint}"


def _meant(key: str, names: Sequence[str]) -> str | None:
    return next(iter(get_close_matches(key.casefold(), names, n=1)), None)


def _meant_any(mapping: Mapping[str, Value], wanted: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a misspelt key, which is told as such, stands for one of `wanted` among `names`."""
    return any(key not in names and _meant(key, names) in wanted for key in mapping)


def _missing(document: Document, file: str) -> Iterator[Problem]:
    """There must be some interest and some delivery."""
    given, names = document.value, list(ProfileFile.model_fields)
    if not any(_is_given(given.get(key)) for key in _INTERESTS) and not _meant_any(given, _INTERESTS, names):
        message = "there is no interest: write at least one of interests, about, like and authors"
        yield Problem(file, *document.place(()), message)
    if not _is_given(given.get("deliver")) and not _meant_any(given, ("deliver",), names):
        message = "there is no delivery: write at least `deliver: [{maildir: ada}]`"
        yield Problem(file, *document.place(()), message)


def _is_given(value: Value) -> bool:
    return bool(value.strip() if isinstance(value, str) else value)


def _delivery_problems(document: Document, file: str) -> Iterator[Problem]:
    """Each entry names exactly one channel."""
    entries = document.value.get("deliver")
    for position, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield from _channel_problems(entry, ("deliver", position), document, file)


def _channel_problems(entry: dict[str, Value], loc: Loc, document: Document, file: str) -> Iterator[Problem]:
    channels = [channel.value for channel in ChannelName]
    given = [key for key in entry if key in channels and entry[key] is not None]
    if len(given) > 1:
        message = f"one entry delivers to one channel: write another entry for {given[1]}"
        yield Problem(file, *document.key_place((*loc, given[1])), message)
    if given or _meant_any(entry, channels, list(DeliverEntry.model_fields)):
        return
    if "slack" in entry:
        message = 'nothing is written for slack: put a name in quotes, such as "#papers"'
        yield Problem(file, *document.key_place((*loc, "slack")), message)
    else:
        yield Problem(file, *document.place(loc), "this entry needs one of slack, email and maildir")
