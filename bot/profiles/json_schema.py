"""The JSON Schema of a profile file, for editors."""

from __future__ import annotations

from typing import Any

from bot.profiles.keys import replacements
from bot.profiles.schema import INTEREST_KEYS, DeliverEntry, MuteLists, PauseEntry, ProfileFile

_DEFINED = (DeliverEntry, MuteLists, PauseEntry)  #: the models that the schema of a profile refers to


def json_schema() -> dict[str, Any]:
    """The schema in draft 7, which yaml-language-server reads."""
    schema = ProfileFile.model_json_schema(ref_template="#/definitions/{model}")
    schema["definitions"] = schema.pop("$defs")
    for model, part in ((ProfileFile, schema), *((m, schema["definitions"][m.__name__]) for m in _DEFINED)):
        del part["title"]
        required = part.get("required", ())
        for key, value in part["properties"].items():
            part["properties"][key] = _draft_7(value, required=key in required)
        # For a key that people try no value is valid, and yaml-language-server says what to write.
        part["patternProperties"] = {
            f"^({'|'.join(words)})$": {"type": "null", "not": {"type": "null"}, "errorMessage": message}
            for message, words in replacements(model).items()
        }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **schema,
        "if": {"required": ["include"]},  # what is not here may be there
        "else": {"required": ["deliver"], "anyOf": [{"required": [key]} for key in INTEREST_KEYS]},
    }


def _draft_7(part: dict[str, Any], *, required: bool) -> dict[str, Any]:
    """A property's schema: without default (an editor would type it in) and title; allowing no value if optional."""
    notes: dict[str, Any] = {key: part.pop(key) for key in ("description", "examples") if key in part}
    for key in ("default", "title"):
        part.pop(key, None)
    # draft 7 ignores whatever is beside a $ref, so the notes need a level of their own
    return {**notes, "anyOf": [part] if required else [part, {"type": "null"}]}
