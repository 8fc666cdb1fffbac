"""The text of `paperboy show`: an effective profile as YAML, with where each line comes from as a comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any

from bot.profiles.include import EffectiveProfile, Origin
from bot.profiles.model import Profile
from bot.profiles.schema import MuteLists, ProfileFile
from bot.profiles.writer import MissingItems, missing_items
from bot.profiles.yaml_reader import Loc, flow

#: Keys that have an effect without being written, with their defaults as one would write them.
_DEFAULTS = {"timezone": "UTC", "limit": "10", "threshold": "auto", "window": "7"}
_FROM_ANSWERS = "from answers"
_WIDEST = 60  #: columns before a comment, if lines are not longer


def effective_yaml(effective: EffectiveProfile, taught: Profile, *, with_defaults: bool) -> str:
    """A profile that means the same without `include`; the file names in comments are without their folders.

    `taught`: the profile with what its answers add. `with_defaults`: with the keys that have an effect without being
    written.
    """
    missing = missing_items(effective.profile, taught)
    lines = [*_written(effective, missing), *(_default_lines(effective) if with_defaults else ())]
    width = min(max(len(text) for text, _ in lines), _WIDEST)
    return "\n".join(f"{text:<{width}}  # {comment}" if comment else text for text, comment in lines)


def _written(effective: EffectiveProfile, missing: MissingItems) -> Iterator[tuple[str, str]]:
    """Lines with their comments. Of a value that is inherited within an entry, the comment names its place too."""
    origins = effective.origins
    for key in ProfileFile.model_fields:
        locs = [loc for loc in origins if loc[0] == key]
        added = missing.items.get(key, missing.muted_authors if key == "mute" else ())
        if key == "include" or not (locs or added):
            continue
        if key == "about":
            yield "about: |", ", ".join(_where(origins[loc]) for loc in locs)
            yield from ((f"  {line}".rstrip(), "") for line in effective.profile.about.splitlines())
        elif key == "mute":
            yield "mute:", ""
            for name in MuteLists.model_fields:
                of_name = [loc for loc in locs if loc[1] == name]
                of_answers = added if name == "authors" else ()
                if of_name or of_answers:
                    yield f"  {name}:", ""
                    yield from (
                        (f"    - {flow(origins[loc].value)}", _where(origins[loc])) for loc in of_name
                    )
                    yield from ((f"    - {flow(item)}", _FROM_ANSWERS) for item in of_answers)
        elif locs and len(locs[0]) == 1:
            yield f"{key}: {flow(origins[locs[0]].value)}", _where(origins[locs[0]])
        else:
            yield f"{key}:", ""
            for loc in (one for one in locs if len(one) == 2):
                terms = missing.terms.get(int(loc[1]), ()) if key == "interests" else ()
                yield _item(loc, effective, terms)
            yield from ((f"  - {flow(item)}", _FROM_ANSWERS) for item in added)


def _item(loc: Loc, effective: EffectiveProfile, terms: Sequence[str]) -> tuple[str, str]:
    """`terms`: that do not count for an interest, from answers."""
    origin = effective.origins[loc]
    value = origin.value
    inherited = {at[2]: of for at, of in effective.origins.items() if at[:2] == loc and len(at) == 3}
    if isinstance(value, dict):
        value = value | {str(name): of.value for name, of in inherited.items()}
    comments = [_where(origin), *(f"{name}: {_where(of)}" for name, of in inherited.items())]
    if terms:
        interest: dict[str, Any] = value if isinstance(value, dict) else {"phrase": value}
        value = interest | {"without": [*(interest.get("without") or ()), *terms]}
        comments.append(f"{', '.join(terms)}: {_FROM_ANSWERS}")
    return f"  - {flow(value)}", "; ".join(comments)


def _default_lines(effective: EffectiveProfile) -> Iterator[tuple[str, str]]:
    for key, value in _DEFAULTS.items():
        if (key,) not in effective.origins:
            yield f"{key}: {value}", "default"


def _where(origin: Origin) -> str:
    return f"{PurePath(origin.place.file).name}:{origin.place.line}"
