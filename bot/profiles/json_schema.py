"""The JSON Schema of a profile file, for editors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from bot.files import read_file
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


_FIRST_LINE = re.compile(rb"(?:\xef\xbb\xbf)?#\s*yaml-language-server:\s*\$schema=(\S+)")
_MAX_BYTES = 1024 * 1024


def schema_notes(profiles: Iterable[Path]) -> Iterator[str]:
    """A sentence for each schema file that profiles name in their first line and that is missing or out of date."""
    for schema in dict.fromkeys(filter(None, map(_named_schema, profiles))):
        try:
            is_current = json.loads(read_file(schema, _MAX_BYTES)) == json_schema()
        except FileNotFoundError:
            problem = "does not exist"
        except (OSError, ValueError):
            problem = "cannot be read"
        else:
            if is_current:
                continue
            problem = "is of another version"
        yield f"the schema {schema}, which editors check profiles with, {problem}: paperboy schema > {schema}"


def _named_schema(profile: Path) -> Path | None:
    with suppress(OSError):
        found = _FIRST_LINE.match(read_file(profile, _MAX_BYTES))
        if found and b"://" not in found[1]:
            return profile.parent / found[1].decode(errors="replace")
    return None


def _draft_7(part: dict[str, Any], *, required: bool) -> dict[str, Any]:
    """A property's schema: without default (an editor would type it in) and title; allowing no value if optional."""
    notes: dict[str, Any] = {key: part.pop(key) for key in ("description", "examples") if key in part}
    for key in ("default", "title"):
        part.pop(key, None)
    # draft 7 ignores whatever is beside a $ref, so the notes need a level of their own
    return {**notes, "anyOf": [part] if required else [part, {"type": "null"}]}
