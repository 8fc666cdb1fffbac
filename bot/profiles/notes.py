"""What is valid in a profile, and yet has no effect or does not help its author."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

from bot.files import read_file
from bot.profiles.model import Profile
from bot.profiles.without import counts_for, covers, share_terms
from bot.text.plain import fold, quote

_SCRIPTS = ("LATIN", "GREEK")  #: of words in English titles and abstracts
_PAUSE_IS_OVER = timedelta(days=30)  #: by then the digest that follows it has been sent
_FIRST_LINE = re.compile(rb"(?:\xef\xbb\xbf)?#\s*yaml-language-server:\s*\$schema=(\S+)")
_MAX_FIRST_LINE = 500
_NAMES_SHOWN = 5
_MAX_BYTES = 1024 * 1024


def profile_notes(profile: Profile, today: date) -> Iterator[str]:
    """Sentences for the profile's author."""
    for interest in profile.interests:
        if _is_foreign(interest.phrase):
            yield (
                f"{profile.id}: titles and abstracts at arXiv and Hugging Face are in English, so "
                f"{quote(interest.phrase)} matches none: write it in English"
            )
    for interest in (*profile.interests, *profile.avoid):
        for term in interest.without:
            if not counts_for(interest.phrase, term):
                yield _no_effect(profile, term, quote(interest.phrase))
            elif covers(interest.phrase, term):
                yield (
                    f"{profile.id}: {quote(term)} under `without` has all words of {quote(interest.phrase)}, which "
                    "then finds nothing: remove one of the two"
                )
    for term in profile.without:
        if not share_terms(profile.about, term):
            yield _no_effect(profile, term, "`about`")
    if profile.paused_until and profile.paused_until + _PAUSE_IS_OVER < today:
        yield (
            f"{profile.id}: its pause ended on {profile.paused_until}: remove the line, or correct the day if it is "
            "wrong"
        )


def _no_effect(profile: Profile, term: str, text: str) -> str:
    return f"{profile.id}: {quote(term)} under `without` has no word of {text}: correct or remove it"


def includer_notes(profiles: Iterable[Profile], includers: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """A sentence for each profile that others include: it may be meant for them alone.

    `includers`: the ids of files that include a file, by its id.
    """
    for profile in profiles:
        if names := includers.get(profile.id):
            more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
            include = "includes" if len(names) == 1 else "include"
            shown = ", ".join(names[:_NAMES_SHOWN])
            yield f"{profile.id} is a profile of its own, and {shown}{more} {include} it"


def _is_foreign(phrase: str) -> bool:
    return not (phrase.isascii() or re.search("[a-z]", fold(phrase))) and any(
        c.isalpha() and not unicodedata.name(c, "").startswith(_SCRIPTS) for c in phrase
    )


def schema_notes(profiles: Iterable[Path]) -> Iterator[str]:
    """A sentence for each schema file that profiles name in their first line and that is missing or out of date."""
    for schema in map(Path, dict.fromkeys(filter(None, map(_named_schema, profiles)))):
        try:
            found = json.loads(read_file(schema, _MAX_BYTES))
        except FileNotFoundError:
            problem = "does not exist"
        except (OSError, ValueError):
            problem = "cannot be read"
        else:
            # imported here because it takes a tenth of a second
            from bot.profiles.json_schema import json_schema

            if found == json_schema():
                continue
            problem = "is of another version"
        yield f"the schema {schema}, which editors check profiles with, {problem}: paperboy schema > {schema}"


def _named_schema(profile: Path) -> str | None:
    with suppress(OSError):
        found = _FIRST_LINE.match(read_file(profile, _MAX_FIRST_LINE))
        if found and b"://" not in found[1]:
            return os.path.normpath(os.path.join(os.path.dirname(profile), found[1].decode(errors="replace")))
    return None
