"""The JSON Schema that editors check profiles with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bot.profiles.json_schema import json_schema
from bot.profiles.notes import schema_notes
from tests.profiles.reading import BIBTEX, DELIVER, EXAMPLE, INTERESTS, read, wrong

ROOT = Path(__file__).resolve().parents[2]

VALID = [
    EXAMPLE,
    INTERESTS + DELIVER,
    "interests: [no cloning, {phrase: xy, weight: '2'}]\nmute: {terms: [no, 1]}\nlimit: '5'\nthreshold: 80.5\n"
    "trending: '0.5'\nabout: 3\n" + DELIVER,
    "like: [2502.19400]\ntimezone:\ndeliver: [{slack: , email: a@x.org, days: mon}]\n",
    "categories: [cs.LG, q-bio.*, robotics, Machine Learning (stat.ML)]\nthreshold: 0\n"
    "deliver: [{slack: '#papers', at: '8:30', days: 'mon - fri'}, {maildir: 2026, days: [sat, sunday], "
    "at: announcement}]\n" + INTERESTS,
    "interests: [{phrase: no cloning, without: [no, 1]}, {phrase: xy, without: }]\nwithout: [of]\n" + DELIVER,
]


@pytest.mark.parametrize(
    ("text", "loader"), [*((text, yaml.SafeLoader) for text in VALID), (EXAMPLE, yaml.BaseLoader)]
)
def test_the_schema_accepts_profiles(tmp_path: Path, text: str, loader: type[yaml.SafeLoader]) -> None:
    """An editor accepts what Paperboy reads, whether it takes a value for a number or for text."""
    (tmp_path / "library.bib").write_text(BIBTEX)
    assert read(text, tmp_path)
    schema = json_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema).validate(yaml.load(text, Loader=loader))


@pytest.mark.parametrize(
    "text",
    [
        INTERESTS + DELIVER + "intrests: [a]",
        INTERESTS + DELIVER + "mute: {term: [a]}",
        DELIVER + "interests: [{phrase: a, wieght: 2}]",
        DELIVER + "interests: [{phrase: ab, without: b}]",
        INTERESTS + "deliver: [{maildir: a, when: x}]",
        INTERESTS + "deliver: [{maildir: a, email: a@x.org}]",
        INTERESTS + DELIVER + "limit: 500",
        INTERESTS + DELIVER + "trending: 2",
        INTERESTS + DELIVER + "authors: Ada",
        INTERESTS + DELIVER + "threshold: 0.8",
        INTERESTS + DELIVER + "categories: [cs.ML]",
        INTERESTS + DELIVER + "mute: {categories: [physics]}",
        INTERESTS + DELIVER + "timezone: New York",
        INTERESTS + "deliver: [{maildir: a, at: 8:30}]",
        INTERESTS + "deliver: [{maildir: a, at: 8am}]",
        INTERESTS + "deliver: [{maildir: a, days: []}]",
        INTERESTS + "deliver: [{maildir: Ada Lovelace}]",
        INTERESTS + "deliver: [{slack: papers}]",
        INTERESTS + "deliver: [{email: nobody}]",
        INTERESTS,
        DELIVER,
    ],
)
def test_the_schema_rejects_mistakes(text: str) -> None:
    """An editor marks unknown keys, wrong shapes and missing keys."""
    assert wrong(text)
    assert not jsonschema.Draft7Validator(json_schema()).is_valid(yaml.safe_load(text))


def test_the_schema_file_is_up_to_date() -> None:
    """`profiles/profile.schema.json`, which editors check the examples with, is up to date."""
    path = ROOT / "profiles" / "profile.schema.json"
    assert json.loads(path.read_text(encoding="utf-8")) == json_schema()


def _objects(part: Any) -> Iterator[dict[str, Any]]:
    """Every schema of an object in a schema."""
    if isinstance(part, dict) and "properties" in part:
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _objects(inner)


def test_the_schema_explains_every_key() -> None:
    """Each key, nested ones too, has a description, and examples that are valid; editors show both. The keywords are
    those of draft 7, and unknown keys are marked."""
    schema = json_schema()
    assert "$defs" not in str(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    objects = [part for part in _objects(schema) if "additionalProperties" in part]
    assert len(objects) == 6  # the file, an interest and a topic to avoid, mute, a delivery, a pause
    for part in objects:
        assert part["additionalProperties"] is False
        for name, key in part["properties"].items():
            assert key.get("description"), name
            assert key.get("examples"), name
            whole = jsonschema.Draft7Validator({**key, "definitions": schema["definitions"]})
            assert all(whole.is_valid(example) for example in key["examples"]), name


@pytest.mark.parametrize("key", ["categories", "days", "threshold", "on_uncertain"])
def test_the_schema_offers_values(key: str) -> None:
    """Editors complete values that are one of a set."""
    offered = str(
        next(part["properties"][key] for part in _objects(json_schema()) if key in part["properties"])
    )
    expected = {
        "categories": ["'cs.RO'", "'Robotics'", "'cs.*'", "'hep-th'"],
        "days": ["'mon'", "'weekdays'"],
        "threshold": ["'auto'", "'strong'"],
        "on_uncertain": ["'hold'"],
    }
    assert all(value in offered for value in expected[key])


@pytest.mark.parametrize("document", ["README.md", "docs/profiles.md"])
def test_the_schema_accepts_the_documented_profiles(document: str) -> None:
    """Every whole profile in the documentation is valid for editors."""
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL)
    profiles = [block for block in blocks if "deliver:" in block and "interests:" in block]
    assert profiles
    for block in profiles:
        jsonschema.Draft7Validator(json_schema()).validate(yaml.load(block, Loader=yaml.BaseLoader))


def test_an_including_file_may_lack_the_rest() -> None:
    """What is not in a profile may be in a file that it includes."""
    assert jsonschema.Draft7Validator(json_schema()).is_valid({"include": ["lab.yaml"]})


def test_notes_about_schema_files(tmp_path: Path) -> None:
    """A schema file that a profile names and that is missing, damaged or of another version; each once."""
    named = {
        "a": "./s.json",
        "b": "s.json",
        "c": "old.json",
        "d": "damaged.json",
        "e": "https://x.org/s.json",
    }
    for name, schema in named.items():
        (tmp_path / f"{name}.yaml").write_text(f"# yaml-language-server: $schema={schema}\n")
    (tmp_path / "f.yaml").write_text("interests: [xy]\n# yaml-language-server: $schema=nowhere.json\n")
    (tmp_path / "old.json").write_text("{}")
    (tmp_path / "damaged.json").write_text("{")
    assert [note.replace(f"{tmp_path}/", "") for note in schema_notes(sorted(tmp_path.glob("*.yaml")))] == [
        "the schema s.json, which editors check profiles with, does not exist: paperboy schema > s.json",
        "the schema old.json, which editors check profiles with, is of another version: paperboy schema > old.json",
        "the schema damaged.json, which editors check profiles with, cannot be read: paperboy schema > damaged.json",
    ]
    (tmp_path / "s.json").write_text(json.dumps(json_schema()))
    assert list(schema_notes([tmp_path / "a.yaml"])) == []
