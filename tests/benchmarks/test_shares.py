"""How a month of digests deals its places to the interests of a profile.

OMP_NUM_THREADS=1 python -m pytest tests/benchmarks/test_shares.py -s -n 0
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from bot.digests.composer import DigestComposer
from bot.digests.corpus import load_corpus
from bot.digests.model import History
from bot.profiles.model import Profile
from bot.ranking.linear import Ranker
from bot.store.papers import Papers
from tests.benchmarks.archive import AUTO, DAYS, morning, needs_archive, read_profiles
from tests.support.cli import ROOT
from tests.support.leftovers import SHARED

PROFILES = [
    *(SHARED / "trials" / f"{name}.yaml" for name in ("agentsec", "chem", "qec")),
    ROOT / "profiles" / "robotics-lab.yaml",
]
#: A limit that no day reaches.
UNLIMITED = 1000


@dataclass
class Places:
    """What a month brought one profile."""

    given: set[str] = field(default_factory=set)
    by_interest: Counter[str] = field(default_factory=Counter)  #: places
    days: Counter[str] = field(default_factory=Counter)  #: on which an interest had a place
    alone: Counter[str] = field(default_factory=Counter)  #: papers that the interest alone would have brought


@needs_archive
def test_shares(archive: Papers) -> None:
    """Prints the places of each interest beside its weight, for a digest on each day from 2 to 31 May.

    A digest is composed with the profile's own window and limit, and without the papers that an earlier one gave.
    "Alone" is what was there to be shown: the papers of a profile with this interest only, without a limit.
    """
    profiles = read_profiles(PROFILES)
    parts = {id_: parts_of(profile) for id_, profile in profiles.items()}
    every = [*profiles.values(), *(part for of_profile in parts.values() for part in of_profile)]
    found = {id_: Places() for id_ in profiles}
    for day in DAYS[1:]:
        corpus = load_corpus(archive, every, morning(day))
        composer = DigestComposer(corpus, corpus.fit(Ranker))
        for id_, places in found.items():
            history = History(given=frozenset(places.given))
            digest = composer.compose(profiles[id_], corpus.now.date(), history)
            places.given.update(digest.ids)
            interests = Counter(scored.interest for scored in digest.papers)
            places.by_interest += interests
            places.days.update(interests.keys())
            for interest, part in zip(profiles[id_].interests, parts[id_], strict=True):
                places.alone[interest.phrase] += len(composer.compose(part, corpus.now.date()).papers)
    for id_, profile in profiles.items():
        print_shares(profile, found[id_])
    assert all(places.given for places in found.values())


def parts_of(profile: Profile) -> list[Profile]:
    """For each interest, a profile of that alone, which is shown every fitting paper of a day."""
    alone = replace(profile, **AUTO, about="", like=(), dislike=(), authors=(), window=1)
    return [
        replace(alone, id=f"{profile.id} {n}", interests=(interest,), limit=UNLIMITED)
        for n, interest in enumerate(profile.interests)
    ]


def print_shares(profile: Profile, places: Places) -> None:
    total = places.by_interest.total()
    weights = sum(interest.weight for interest in profile.interests)
    print(f"\nshares of {profile.id}: {total} places in {len(DAYS) - 1} digests of at most {profile.limit}")
    print(f"  {'':<34}{'weight':>8}{'of all':>8}{'places':>8}{'of all':>8}{'days':>8}{'alone':>8}")
    for interest in profile.interests:
        own = places.by_interest[interest.phrase]
        print(
            f"  {interest.phrase:<34}{interest.weight:8g}{interest.weight / weights:8.0%}{own:8}{own / total:8.0%}"
            f"{places.days[interest.phrase]:8}{places.alone[interest.phrase]:8}"
        )
    rest = places.by_interest[""]
    print(f"  {'the rest of the profile':<34}{'':8}{'':8}{rest:8}{rest / total:8.0%}{places.days['']:8}")
