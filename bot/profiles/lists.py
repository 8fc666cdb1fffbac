"""The parser of lists in a profile, and which list another value may mean. As those in `bot.profiles.values`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import ValidationError, ValidationInfo, ValidatorFunctionWrapHandler

from bot.profiles.targets import delivery, one_target_each
from bot.profiles.values import DASH_WITHOUT_SPACE
from bot.profiles.yaml_reader import flow


def listed(value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
    """A list; for anything else, the message has the list that was probably meant and is valid."""
    if isinstance(value, list):
        return handler(value)
    problem = f"put a dash before each entry of `{info.field_name}`"
    first = next(iter(value), "") if isinstance(value, dict) else value
    if isinstance(first, str) and DASH_WITHOUT_SPACE.match(first):
        raise ValueError("expected a list here: write a space after each dash")
    if isinstance(value, dict) and info.field_name == "deliver":
        line = f"{info.field_name}: {flow(one_target_each(value))}"
        problem = f"put one dash before the first line of the entry, or write `{line}`"
    for number, items in enumerate(probable_lists(value, info.field_name)):
        try:
            handler(items)
        except ValidationError as error:
            if number == 0 and isinstance(value, str):
                shown = "" if info.field_name == "deliver" else f"write `{info.field_name}: {flow(items)}`; "
                problem = f"{shown}{first_message(error)}"
        else:
            raise ValueError(f"expected a list here: write `{info.field_name}: {flow(items)}`")
    raise ValueError(f"expected a list here: {problem}")


def probable_lists(value: object, key: str | None) -> Iterator[Sequence[object]]:
    """The lists that something else under a key may mean, the most probable one first."""
    if isinstance(value, dict) and key == "deliver":
        yield one_target_each(value)
    elif isinstance(value, dict):
        yield [value]
        yield [{"phrase": phrase, "weight": weight} for phrase, weight in value.items()]
    elif isinstance(value, str) and key == "deliver":
        yield [delivery(value)]
    elif isinstance(value, str):
        yield [part.strip() for part in value.split(",") if part.strip()]
        yield [value]  # `Han, Seungwook` is one name
        yield list(value.split())


def first_message(error: ValidationError) -> str:
    """The first problem of a value, as a sentence."""
    details = error.errors(include_url=False)[0]
    return str(details.get("ctx", {}).get("error") or details["msg"])
