"""Keys that people try in a profile and that are none, and what to write instead. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from bot.profiles.lists import probable_lists
from bot.profiles.model import ChannelName
from bot.profiles.schema import DeliverEntry, InterestItem, MuteLists, PauseEntry, ProfileFile, ProfileMapping
from bot.profiles.targets import TARGETS, delivery
from bot.profiles.times import probable_time
from bot.profiles.values import closest
from bot.profiles.yaml_reader import flow
from bot.text.plain import quote


def _by_word(**words: str) -> Mapping[str, str]:
    return {word: key for key, several in words.items() for word in several.split()}


#: Of each mapping: other words for its keys. A key of a former version belongs here too.
_SYNONYMS: Mapping[type[ProfileMapping], Mapping[str, str]] = {
    ProfileFile: _by_word(
        timezone="tz zone",
        interests="interest topic topics keyword keywords query queries term terms phrase phrases words",
        about="description bio summary text research",
        without="except excluding minus not_because",
        like="likes liked papers library bibliography bibtex bib favorites favourites seeds similar_to resemble",
        dislike="dislikes disliked unlike",
        authors="author people person researchers names follow following followed",
        avoid="negative downrank penalize penalise less not_interested",
        mute="muted exclude excludes ignore ignored block blocked blocklist blacklist hide filter stopwords never",
        categories="category subject subjects cats archive archives section sections",
        limit="max maximum top top_k top_n count number papers_per_digest max_papers size",
        threshold="min_score minimum score cutoff relevance min_relevance match fit",
        window="lookback max_age age",
        trending="votes popularity upvotes",
        deliver="send send_to deliver_to notify notifications destinations output digest digests subscriptions",
        include="includes extends inherit base import team group shared",
        was="former formerly renamed_from previous alias old_name",
        pause="paused until vacation holiday away snooze",
    ),
    DeliverEntry: _by_word(
        slack="to channel target address recipient recipients type kind via method user",
        email="e_mail mail_to smtp",
        maildir="folder path directory dir file",
        at="time hour when schedule clock cron",
        days="day weekday weekdays on every frequency",
        on_uncertain="uncertain on_error",
        when_quiet="quiet if_quiet on_quiet when_empty if_empty",
    ),
    MuteLists: _by_word(
        terms="term words word keywords keyword phrases phrase topics interests titles text",
        authors="author people names",
        categories="category subjects subject archives",
    ),
    InterestItem: _by_word(
        phrase="term text topic keyword words name interest query",
        weight="boost importance priority w score",
        without="except exclude excluding minus not not_because",
    ),
    PauseEntry: _by_word(until="to till end date day"),
}
_NAMES = ("name", "id", "profile", "title", "user")
_DELIVERY = '{email: ada@example.org, at: "08:30"}'
_LONGEST_LINE = 100  #: characters of a proposal


def meant_key(key: str, model: type[ProfileMapping]) -> str | None:
    """The key that an unknown key of a mapping probably means."""
    if found := _SYNONYMS[model].get(_word(key)):
        return found
    if model is ProfileFile and _belongs_to_delivery(key):
        return "deliver"
    return closest(key, list(model.model_fields))


def _word(key: str) -> str:
    return re.sub("[- ]", "_", key.casefold().lstrip("-"))


def _belongs_to_delivery(key: str) -> bool:
    """Whether a key at the top of a file is one of an entry of `deliver`."""
    word = _word(key)
    is_ours = word in DeliverEntry.model_fields or word in _SYNONYMS[DeliverEntry]
    return is_ours and word not in _SYNONYMS[ProfileFile]


def replacements(model: type[ProfileMapping]) -> dict[str, list[str]]:
    """What to write instead of the keys of a mapping that people try, by what to write."""
    found: dict[str, list[str]] = {}
    for word, key in _SYNONYMS[model].items():
        found.setdefault(f"Write `{key}: {flow(example(model, key))}`.", []).append(word)
    if model is ProfileFile:
        words = (*DeliverEntry.model_fields, *_SYNONYMS[DeliverEntry])
        message = f"Write it in an entry of `deliver`: `deliver: [{_DELIVERY}]`."
        found[message] = [word for word in words if _belongs_to_delivery(word)]
    return found


def unknown_key(key: str, mapping: Mapping[str, Any], model: type[ProfileMapping]) -> str:
    """What to write instead of an unknown key of a mapping."""
    target = meant_key(key, model)
    alike = [
        one
        for one in mapping
        if one == target or (one not in model.model_fields and meant_key(one, model) == target)
    ]
    is_of_delivery = model is DeliverEntry or (model is ProfileFile and _belongs_to_delivery(key))
    if key.startswith("-"):
        hint = "write a space after the dash"
    elif target and len(alike) > 1 and not is_of_delivery:
        hint = _one_line_hint(target, {one: mapping[one] for one in alike}, model)
    elif (
        target == closest(key, list(model.model_fields))
        and target
        and _is_valid({target: mapping[key]}, model)
    ):
        hint = f"did you mean '{target}'?"
    elif target and is_of_delivery:
        hint = _delivery_hint(mapping, model)
    elif target:
        hint = _hint(target, mapping[key], model)
    elif model is ProfileFile and key.casefold() in _NAMES:
        hint = "remove it; a profile has the name of its file"
    else:
        hint = f"known here are {', '.join(model.model_fields)}"
    return f"unknown key {quote(key)}: {hint}"


def _hint(key: str, value: object, model: type[ProfileMapping]) -> str:
    """The line to write, with what the value most probably means if that is valid."""
    for candidate in _candidates(key, value):
        line = f"{key}: {flow(candidate)}"
        if len(line) <= _LONGEST_LINE and _is_valid({key: candidate}, model):
            return f"write `{line}`"
    return f"write `{key}`, as in `{key}: {flow(example(model, key))}`"


def _one_line_hint(key: str, values: Mapping[str, object], model: type[ProfileMapping]) -> str:
    """What to write for several keys that mean the same one."""
    lists = [
        next(
            (
                one
                for one in _candidates(key, value)
                if isinstance(one, list) and _is_valid({key: one}, model)
            ),
            None,
        )
        for value in values.values()
    ]
    names = ", ".join(values)
    merged = [item for items in lists for item in items or ()]
    line = f"{key}: {flow(merged)}"
    if None not in lists and len(line) <= _LONGEST_LINE and _is_valid({key: merged}, model):
        return f"write one line instead of {names}: `{line}`"
    return f"write one `{key}` instead of {names}"


def example(model: type[ProfileMapping], key: str) -> object:
    """A value of a key."""
    examples = model.model_fields[key].examples
    assert examples  # every key has some, for editors
    return examples[0]


def _candidates(key: str, value: object) -> Iterator[object]:
    yield value
    yield from probable_lists(value, key)
    if key in ("mute", "pause"):
        yield (MuteLists if key == "mute" else PauseEntry).meaning(value)


def _is_valid(mapping: Mapping[str, Any], model: type[ProfileMapping]) -> bool:
    """Whether the values of a mapping are valid. What is missing in it may be beside an unknown key."""
    needed = {key: example(model, key) for key, field in model.model_fields.items() if field.is_required()}
    try:
        model.model_validate({**needed, **mapping})
    except ValidationError:
        return False
    return True


def _delivery_hint(mapping: Mapping[str, Any], model: type[ProfileMapping]) -> str:
    """The entry with the keys of `mapping`; or all entries, with the keys that are at the top of the file."""
    if model is DeliverEntry:
        entry = _entry(mapping)
        is_useful = any(channel in entry for channel in ChannelName) and _is_valid(entry, DeliverEntry)
        return f"write {flow(entry)}" if is_useful else f"write an entry as in {_DELIVERY}"
    extra = _entry({key: value for key, value in mapping.items() if _belongs_to_delivery(key)})
    deliver = mapping.get("deliver")
    entries = [entry for entry in deliver if isinstance(entry, dict)] if isinstance(deliver, list) else []
    if any(channel in extra for channel in ChannelName):
        entries = [*entries, extra]
    else:
        entries = [{**entry, **extra} for entry in entries or [{"maildir": "ada"}]]
    line = f"deliver: {flow(entries)}"
    if len(line) <= _LONGEST_LINE and _is_valid({"deliver": entries}, ProfileFile):
        return f"write `{line}`"
    return f"write it in an entry of `deliver`, as in `deliver: [{_DELIVERY}]`"


def _entry(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of `deliver` with the keys that are meant, its channel first."""
    entry: dict[str, Any] = {}
    named = ""
    for key, value in mapping.items():
        name = key if key in DeliverEntry.model_fields else meant_key(key, DeliverEntry)
        if name is None:
            continue
        if isinstance(value, str) and key != name:
            if value.casefold() in list(ChannelName):
                named = value.casefold()  # `channel: slack` is beside `to: "#papers"`
                continue
            if name in list(ChannelName):
                name = next(iter(delivery(value)))
            elif name == "at" and not probable_time(value) and not re.search("[0-9]", value):
                name = "days"
        if name == "at" and isinstance(value, str):
            value = probable_time(value) or value
        entry.setdefault(name, value)
    if named and not any(channel in entry for channel in ChannelName):
        entry[named] = TARGETS[ChannelName(named)]
    return dict(sorted(entry.items(), key=lambda item: item[0] not in list(ChannelName)))
