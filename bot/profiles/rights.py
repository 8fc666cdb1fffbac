"""What a reader may not change in the file of a profile that is theirs, as `Problem` values at its places. Pure.

A reader may change what they look for, and when. They must not send mail in the operator's name to others, learn from
previews what is in another person's profile or library, get another profile's history, or exhaust the memory of the
process that ranks for all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from bot.errors import Problem
from bot.profiles.include import EffectiveProfile
from bot.profiles.library import is_library_name
from bot.profiles.model import Interest, Profile, Subscription
from bot.profiles.yaml_reader import Loc, Value, read_mapping
from bot.text.plain import one_line, quote

#: Each interest takes 8 bytes for every paper that is ranked, and each name and term a search.
MOST_ITEMS = 1000
#: Of all texts that papers are compared with: 1,000 interests of 40 words cost 6 seconds of a core for a week of
#: digests, of 3 words 3.
MOST_WORDS = 5_000
#: Liked and disliked papers, of which each is a text of its own: 1,000 cost 12 seconds, 500 cost 4.
MOST_REFERENCES = 500
_NAMING_FILES = ("include", "like", "dislike")


def forbidden_names(before: bytes, after: bytes, file: str) -> Iterator[Problem]:
    """Files and a former name that the text of a profile names and did not name before. Look for these before other
    files are read.
    """
    old, new = (read_mapping(data, file=file)[0] for data in (before, after))
    if new is None:
        return
    known = {name for name, _ in _names(old.value)} if old else set()
    text = "" if old else before.decode(errors="replace")  # a file that cannot be parsed is being repaired
    for name, loc in _names(new.value):
        if name not in known and name not in text:
            why = f"only an operator may add {quote(name)} here: it may be another person's file"
            if loc[0] == "was":
                why = (
                    f"only an operator may write `was: {name}`: this profile would get what {quote(name)} has"
                )
            yield Problem(file, *new.place(loc), one_line(why))


def _names(mapping: Mapping[str, Value]) -> Iterator[tuple[str, Loc]]:
    """The files that a profile's mapping names, and its former name, with their places."""
    for key in _NAMING_FILES:
        items = mapping.get(key)
        for position, item in enumerate(items if isinstance(items, list) else [items]):
            name = one_line(item) if isinstance(item, str) else ""
            if name and (key == "include" or is_library_name(name)):
                yield name, (key, position)
    was = mapping.get("was")
    if isinstance(was, str):
        yield one_line(was), ("was",)


def forbidden_values(before: Profile, after: EffectiveProfile) -> Iterator[Problem]:
    """Receivers that the profile did not have before, and lists and texts that are too long."""
    known = {_receiver(to) for to in before.deliver}
    for position, to in enumerate(after.profile.deliver):
        if _receiver(to) not in known:
            why = f"only an operator may add a receiver: remove {quote(to.target)}, or ask an operator to add it"
            yield Problem(*after.origins[("deliver", position)].place, one_line(why))
    for loc, items, formerly in _lists(before, after.profile):
        if len(items) > max(MOST_ITEMS, len(formerly)):
            why = f"this list is longer than {MOST_ITEMS:,}: only an operator may write one so long"
            yield Problem(*after.origins[(*loc, 0)].place, why)
    most = max(MOST_REFERENCES, _references(before))
    if (number := _references(after.profile)) > most:
        name = "like" if after.profile.like else "dislike"
        why = f"{number:,} liked and disliked papers: only an operator may write more than {most:,}"
        yield Problem(*after.origins[(name, 0)].place, why)
    words = _words(after.profile)
    most = max(MOST_WORDS, sum(_words(before).values()))
    if (total := sum(words.values())) > most:
        why = f"the texts of this profile have {total:,} words: only an operator may write more than {most:,}"
        yield Problem(*after.origins[(*max(words, key=lambda loc: words[loc]), 0)].place, why)


def _lists(before: Profile, after: Profile) -> Iterator[tuple[Loc, Sequence[object], Sequence[object]]]:
    """The lists whose items all cost time or memory in every digest, with their places."""
    for name in ("interests", "avoid", "authors"):
        yield (name,), getattr(after, name), getattr(before, name)
    for name in ("terms", "authors"):
        yield ("mute", name), getattr(after.mute, name), getattr(before.mute, name)


def _references(profile: Profile) -> int:
    return len(profile.like) + len(profile.dislike)


def _words(profile: Profile) -> dict[Loc, int]:
    """How many words each part of the profile has that papers are compared with, by its place."""
    parts: dict[Loc, Iterable[str]] = {
        ("interests",): _phrases(profile.interests),
        ("avoid",): _phrases(profile.avoid),
        ("about",): [profile.about],
        ("without",): profile.without,
        ("authors",): profile.authors,
        ("mute", "terms"): profile.mute.terms,
        ("mute", "authors"): profile.mute.authors,
    }
    return {loc: sum(len(re.findall(r"\w+", text)) for text in texts) for loc, texts in parts.items()}


def _phrases(interests: Iterable[Interest]) -> Iterator[str]:
    return chain.from_iterable((one.phrase, *one.without) for one in interests)


def _receiver(to: Subscription) -> tuple[str, str]:
    return to.channel, to.target.casefold()
