"""Advice on real papers: planted faults are found, and what the example profiles get is printed to be read."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest

from bot.digests.corpus import load_corpus
from bot.evaluation.advice import advise, versions
from bot.evaluation.findings import Kind
from bot.profiles.include import parse_profile
from bot.profiles.model import Profile
from bot.ranking.linear import Ranker
from bot.store.papers import Papers
from tests.benchmarks.archive import morning, needs_archive, read_profiles, store_archive
from tests.support.cli import ROOT
from tests.support.leftovers import SHARED

pytestmark = needs_archive
#: Two profiles, one with too many papers and one with too few, and the faults that are planted in them.
WIDE = b"""\
interests: [quantum basketball, learning, world models, world model, video world models, polar codes]
like: [2605.06388, 2605.29360]
authors: [Hwang Sung Ju, J. Xiong, Senur Ulukus]
avoid: [medical imagng]
mute: {terms: [action-conditioned], categories: [cs.CY]}
categories: [cs.LG, cs.AI, cs.CV, cs.RO]
deliver: [{maildir: wide}]
"""
NARROW = b"""\
interests: [polar codes, code construction]
categories: [cs.IT]
threshold: strong
deliver: [{maildir: narrow}]
"""
PLANTED = {
    WIDE: {
        (Kind.NOTHING, ("interests", 0)),
        (Kind.TOO_MUCH, ("interests", 1)),
        (Kind.TOO_MANY, ("interests", 1)),
        (Kind.COVERED, ("interests", 3)),
        (Kind.COVERED, ("interests", 4)),
        (Kind.NOTHING, ("interests", 5)),
        (Kind.SPELLINGS, ("authors", 0)),
        (Kind.SPELLINGS, ("authors", 1)),
        (Kind.SPELLINGS, ("authors", 2)),
        (Kind.NOTHING, ("avoid", 0)),
        (Kind.HIDES_LIKED, ("mute", "terms", 0)),
    },
    NARROW: {(Kind.NEVER_DECIDES, ("interests", 1)), (Kind.TOO_FEW, ("interests",))},
}


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return store_archive(tmp_path_factory.mktemp("archive"))


def show(profile: Profile, papers: Papers) -> set[tuple[Kind, object]]:
    """Print the advice for a profile on the last day; return kinds and places."""
    start = process_time()
    corpus = load_corpus(papers, versions(profile), morning(31))
    report = advise(profile, corpus, corpus.fit(Ranker))
    print(
        f"\n{profile.id}: {process_time() - start:.1f} s, {report.shown} papers in {report.digests} digests"
    )
    for one in report.advice:
        print(f"  {one.kind} {one.loc}: {one.what}")
    return {(one.kind, one.loc) for one in report.advice}


@pytest.mark.parametrize("text", PLANTED, ids=["wide", "narrow"])
def test_planted_faults(text: bytes, papers: Papers) -> None:
    """Each is found at its place."""
    profile, problems = parse_profile(text, file="bad.yaml", folder=None)
    assert profile, problems
    assert show(profile, papers) >= PLANTED[text]


@pytest.mark.parametrize("folder", [ROOT / "profiles", SHARED / "trials"], ids=["examples", "trials"])
def test_what_good_profiles_get(folder: Path, papers: Papers) -> None:
    """Nothing that hides liked papers, is too wide, is covered or never decides."""
    for profile in read_profiles([folder]).values():
        kinds = {kind for kind, _ in show(profile, papers)}
        assert not kinds & {Kind.HIDES_LIKED, Kind.TOO_MUCH, Kind.COVERED, Kind.NEVER_DECIDES}
