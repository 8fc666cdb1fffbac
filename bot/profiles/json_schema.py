"""The JSON Schema of a profile file, for editors."""

from __future__ import annotations

from typing import Any

from bot.profiles.schema import INTEREST_KEYS, ProfileFile


def json_schema() -> dict[str, Any]:
    """The schema in draft 7, which yaml-language-server reads."""
    schema = ProfileFile.model_json_schema(ref_template="#/definitions/{model}")
    schema["definitions"] = schema.pop("$defs")
    for model in (schema, *schema["definitions"].values()):
        required = model.get("required", ())
        for name, part in model["properties"].items():
            model["properties"][name] = _draft_7(part, required=name in required)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **schema,
        "anyOf": [{"required": [key]} for key in INTEREST_KEYS],
        "required": ["deliver"],
    }


def _draft_7(part: dict[str, Any], *, required: bool) -> dict[str, Any]:
    """A property's schema: without the default (an editor would type it in), and allowing no value if optional."""
    notes: dict[str, Any] = {
        key: part.pop(key) for key in ("title", "description", "examples") if key in part
    }
    part.pop("default", None)
    # draft 7 ignores whatever is beside a $ref, so the notes need a level of their own
    return {**notes, "anyOf": [part] if required else [part, {"type": "null"}]}
