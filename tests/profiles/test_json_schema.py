"""The JSON Schema that editors check profiles with."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from bot.profiles.json_schema import json_schema
from tests.profiles.reading import BIBTEX, DELIVER, EXAMPLE, INTERESTS, read, wrong

VALID = [
    EXAMPLE,
    INTERESTS + DELIVER,
    "interests: [no cloning, {phrase: xy, weight: '2'}]\nmute: {terms: [no, 1]}\nlimit: '5'\nthreshold: 80.5\n"
    "trending: '0.5'\nabout: 3\n" + DELIVER,
    "like: [2502.19400]\ntimezone:\ndeliver: [{slack: , email: a@x.org, days: mon}]\n",
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
        INTERESTS + "deliver: [{maildir: a, when: x}]",
        INTERESTS + "deliver: [{maildir: a, email: a@x.org}]",
        INTERESTS + DELIVER + "limit: 500",
        INTERESTS + DELIVER + "trending: 2",
        INTERESTS + DELIVER + "authors: Ada",
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
    path = Path(__file__).resolve().parents[2] / "profiles" / "profile.schema.json"
    assert json.loads(path.read_text(encoding="utf-8")) == json_schema()


def test_the_schema_explains_every_key() -> None:
    """Each key has a description and examples, which editors show; the keywords are those of draft 7."""
    schema = json_schema()
    assert "$defs" not in str(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    for name, part in schema["properties"].items():
        assert part.get("description"), name
        assert part.get("examples"), name
