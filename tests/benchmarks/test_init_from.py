"""`init --from` a BibTeX file of real papers: how well the proposed profile finds the others of the same field.

OMP_NUM_THREADS=1 python -m pytest tests/benchmarks/test_init_from.py -s -n 0
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bot.evaluation.baselines import Paperboy
from bot.evaluation.library_draft import Library, propose
from bot.evaluation.measures import MAIN
from bot.evaluation.run import run_method
from bot.evaluation.tasks import Kind, Round, Task, Trial
from bot.papers.model import CountedPaper, Paper
from bot.profiles.include import parse_profile
from bot.profiles.library import read
from bot.profiles.model import ChannelName, Profile
from bot.profiles.references import resolve_references
from bot.profiles.wizard import profile_text
from bot.store.papers import Papers
from tests.benchmarks.archive import DAYS, morning, needs_archive

#: Papers of a library, and those that the reader's other half is ranked among.
LIBRARY, AMONG = 50, 5000
DRAWS = 5
LEAST = 0.9
SAMPLE, BACKGROUND = 5000, 2000

Field = Callable[[Paper], bool]


def _about(pattern: str, *categories: str) -> Field:
    found = re.compile(pattern, re.IGNORECASE)
    return lambda paper: (
        bool(found.search(f"{paper.title} {paper.abstract}"))
        and (not categories or not set(categories).isdisjoint(paper.categories))
    )


#: Narrow fields, by what a search for their papers would be. Two names with "+" are half of each.
FIELDS: dict[str, Field] = {
    "robot manipulation": _about(r"vision-language-action|robot(ic)? manipulation"),
    "coding theory": _about(r"\bcodes?\b", "cs.IT"),
    "mechanism design": _about("auction|mechanism|allocat", "cs.GT"),
    "speech": _about(r"speech|\bASR\b"),
    "jailbreaks": _about("jailbreak|prompt injection|red-team"),
    "splatting": _about("gaussian splatting|3DGS"),
    "radiology": _about("MRI|radiolog|histopath", "cs.CV"),
    "remote sensing": _about("remote sensing|satellite"),
    "molecules": _about("molecul|protein|chemistry"),
    "driving": _about("autonomous driving"),
    "retrieval": _about("retrieval-augmented"),
    "wireless": _about("wireless|channel", "cs.IT", "eess.SP"),
}
MIXED = (("speech", "radiology"), ("coding theory", "robot manipulation"), ("molecules", "jailbreaks"))


@needs_archive
def test_init_from(archive: Papers, tmp_path: Path) -> None:
    """nDCG@10 of the other half among 5,000 papers, the rest of the field left out: by liking the first half, by the
    file that `init --from` writes, and by its interests alone; means of five draws.
    """
    papers = archive.window(morning(1).replace(hour=0), morning(DAYS[-1]))
    lists = {name: [[one for one in papers if is_of(one.paper)]] for name, is_of in FIELDS.items()}
    for names in MIXED:
        lists["+".join(names)] = [lists[name][0] for name in names]
    ratios = {}
    print(f"\n{MAIN:30} likes  file  ratio  interests  ratio")
    for name, fields in lists.items():
        rng = np.random.default_rng(14)
        drawn = [_draw(fields, papers, rng) for _ in range(DRAWS)]
        values = np.array([_measure(archive, papers, *one, tmp_path) for one in drawn]).mean(axis=0)
        likes, file, interests = values
        ratios[name] = file / likes
        print(
            f"{name:30} {likes:.3f} {file:.3f}  {file / likes:.2f}    {interests:.3f}     {interests / likes:.2f}"
        )
    assert {name: ratio for name, ratio in ratios.items() if ratio < LEAST} == {}


def _draw(
    fields: Sequence[Sequence[CountedPaper]], papers: Sequence[CountedPaper], rng: np.random.Generator
) -> tuple[list[CountedPaper], list[CountedPaper], list[CountedPaper]]:
    """The first half of a library, the other half, and papers that are not of its fields."""
    halves: tuple[list[CountedPaper], list[CountedPaper]] = ([], [])
    for field in fields:
        size = LIBRARY // len(fields)
        drawn = [field[place] for place in rng.choice(len(field), size, replace=False)]
        halves[0].extend(drawn[: size // 2])
        halves[1].extend(drawn[size // 2 :])
    of_field = {one.paper.id for field in fields for one in field}
    others = [one for one in papers if one.paper.id not in of_field]
    chosen = sorted(rng.choice(len(others), AMONG - len(halves[1]), replace=False))
    return *halves, [others[place] for place in chosen]


def _measure(
    archive: Papers,
    papers: Sequence[CountedPaper],
    liked: Sequence[CountedPaper],
    hidden: Sequence[CountedPaper],
    others: Sequence[CountedPaper],
    folder: Path,
) -> list[float]:
    sample = archive.sample(SAMPLE, morning(DAYS[-1]))
    stored = {one.paper.id: one.paper for one in liked}
    proposed = _profile(liked, stored, [one for one in sample if one.paper.id not in stored], folder)
    profiles = [
        Profile("likes", like=proposed.like),
        replace(proposed, id="file"),
        Profile("interests", interests=proposed.interests),
    ]
    relevant = {one.paper.id: 1.0 for one in hidden}
    candidates = tuple(sorted(one.paper.id for one in (*hidden, *others)))
    round_ = Round(candidates, candidates, tuple(Trial(profile, relevant) for profile in profiles))
    background = archive.sample(BACKGROUND, morning(DAYS[-1]))
    task = Task(Kind.LIBRARIES, tuple(papers), tuple(one.terms for one in sample), background, (round_,))
    return [one.scores[MAIN] for one in run_method(task, Paperboy(task)).trial_results]


def _profile(
    liked: Sequence[CountedPaper], stored: dict[str, Paper], archive: Sequence[CountedPaper], folder: Path
) -> Profile:
    """What `init --from library.bib` writes, read again."""
    file = folder / "library.bib"
    file.write_text("".join(map(_bibtex, (one.paper for one in liked))), encoding="utf-8")
    draft = propose([Library(read(file), file.name)], stored, archive)
    text = profile_text(replace(draft, targets=((ChannelName.MAILDIR, "x"),)), "x")
    profile, problems = parse_profile(text.encode(), file=str(folder / "x.yaml"), folder=folder)
    assert profile, problems
    assert profile.interests
    return resolve_references(profile, stored)


def _bibtex(paper: Paper) -> str:
    """Facts alone: title, authors and id."""
    number = paper.id.removeprefix("arxiv:")
    return (
        f"@article{{p{number}, title = {{{{{paper.title}}}}}, author = {{{' and '.join(paper.authors)}}}, "
        f"eprint = {{{number}}}}}\n"
    )
