"""The text of `paperboy show`: an effective profile as YAML, with where each line comes from as a comment."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import PurePath

from bot.profiles.include import EffectiveProfile, Origin
from bot.profiles.yaml_reader import Loc, flow

#: Keys that have an effect without being written, with their defaults as one would write them.
_DEFAULTS = {"timezone": "UTC", "limit": "10", "threshold": "auto", "window": "7"}
_WIDEST = 60  #: columns before a comment, if lines are not longer


def effective_yaml(effective: EffectiveProfile, *, with_defaults: bool) -> str:
    """A profile that means the same without `include`; the file names in comments are without their folders.

    `with_defaults`: with the keys that have an effect without being written.
    """
    lines = [*_written(effective), *(_default_lines(effective) if with_defaults else ())]
    width = min(max(len(text) for text, _ in lines), _WIDEST)
    return "\n".join(f"{text:<{width}}  # {comment}" if comment else text for text, comment in lines)


def _written(effective: EffectiveProfile) -> Iterator[tuple[str, str]]:
    """Lines with their comments. Of a value that is inherited within an entry, the comment names its place too."""
    origins = effective.origins
    for key, group in groupby(origins, key=lambda loc: loc[0]):
        locs = list(group)
        if key == "include":
            continue
        if key == "about":
            yield "about: |", ", ".join(_where(origins[loc]) for loc in locs)
            yield from ((f"  {line}".rstrip(), "") for line in effective.profile.about.splitlines())
        elif key == "mute":
            yield "mute:", ""
            for name, items in groupby(locs, key=lambda loc: loc[1]):
                yield f"  {name}:", ""
                yield from ((f"    - {flow(origins[loc].value)}", _where(origins[loc])) for loc in items)
        elif len(locs[0]) == 1:
            yield f"{key}: {flow(origins[locs[0]].value)}", _where(origins[locs[0]])
        else:
            yield f"{key}:", ""
            for loc in (one for one in locs if len(one) == 2):
                yield _item(loc, effective)


def _item(loc: Loc, effective: EffectiveProfile) -> tuple[str, str]:
    origin = effective.origins[loc]
    value = origin.value
    inherited = {at[2]: of for at, of in effective.origins.items() if at[:2] == loc and len(at) == 3}
    if isinstance(value, dict):
        value = value | {str(name): of.value for name, of in inherited.items()}
    comments = [_where(origin), *(f"{name}: {_where(of)}" for name, of in inherited.items())]
    return f"  - {flow(value)}", "; ".join(comments)


def _default_lines(effective: EffectiveProfile) -> Iterator[tuple[str, str]]:
    for key, value in _DEFAULTS.items():
        if (key,) not in effective.origins:
            yield f"{key}: {value}", "default"


def _where(origin: Origin) -> str:
    return f"{PurePath(origin.place.file).name}:{origin.place.line}"
