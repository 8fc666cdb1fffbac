"""A made-up lab: thirty profiles and 250 papers a weekday, written from the real abstracts of ../shared/archive."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise

from bot.papers.model import Entry
from bot.text.terms import is_searchable

PROFILES = 30
PAPERS = 250  #: of a weekday
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def profile_texts(entries: list[Entry], channels: tuple[str, ...]) -> dict[str, str]:
    """Profiles by id: each with interests out of the titles of some papers, two of them liked, and two deliveries."""
    random_ = random.Random(16)
    texts = {}
    for number in range(PROFILES):
        chosen = random_.sample(entries, 6)
        phrases = dict.fromkeys(phrase for entry in chosen for phrase in title_phrases(entry.title)[:2])
        first, second = (channels[(number + n) % len(channels)] for n in range(2))
        texts[f"reader{number:02}"] = (
            f"interests: [{', '.join(phrases)}]\n"
            f"like: [{', '.join(entry.ids[0].removeprefix('arxiv:') for entry in chosen[:2])}]\n"
            f"deliver:\n- {first.format(number=number)}\n- {second.format(number=number)}\n"
        )
    return texts


def title_phrases(title: str) -> list[str]:
    """The pairs of neighbouring words of a title that are both terms."""
    words = re.findall(r"[A-Za-z][A-Za-z-]+", title.lower())
    pairs = pairwise(words)
    return [f"{a} {b}" for a, b in pairs if is_searchable(a) and is_searchable(b)]


def papers_of(day: date, number: int, entries: list[Entry]) -> Iterator[Entry]:
    """The papers of the weekday with this number: each a real one with a sentence of another one, under a new id and
    title.
    """
    random_ = random.Random(number)
    for n in range(PAPERS):
        entry = entries[(number * PAPERS + n) % len(entries)]
        other = random_.choice(entries)
        sentences = _SENTENCE.split(entry.abstract)
        sentences[random_.randrange(len(sentences))] = random_.choice(_SENTENCE.split(other.abstract))
        yield replace(
            entry,
            ids=(f"arxiv:{day:%y%m}.{(day.day * PAPERS + n):05d}",),
            title=f"{entry.title}, {other.title.split()[0]} {number}",
            abstract=" ".join(sentences),
            url=None,
            version=1,
            published=f"{day}",
            updated=f"{day}",
            announced=f"{day}",
        )
