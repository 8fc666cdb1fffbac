"""Profiles from texts, for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

from bot.profiles.include import parse_profile
from bot.profiles.model import Profile

INTERESTS = "interests: [xy]\n"
DELIVER = "deliver: [{maildir: a}]\n"
BIBTEX = """\
@article{one, title = {The {First} Work}, eprint = {2412.00001v2}, abstract = {It is
  long.}}
@misc{two, title = "A second", doi = {10.1000/XYZ}}
"""
EXAMPLE = """\
# yaml-language-server: $schema=./profile.schema.json
timezone: Europe/Paris
interests:                       # words and phrases; a plain string has weight 1
  - reward modelling
  - {phrase: world models, weight: 2}
about: |                         # free text, as one would tell a colleague
  I work on exploration in reinforcement learning for robots that learn from little data.
like: [2502.19402, "https://arxiv.org/abs/2412.13337", library.bib]   # papers to resemble
dislike: ["2301.00001"]
authors: [Seungwook Han, Pulkit Agrawal]      # their papers are always shown, and marked
avoid: [medical imaging]         # lowers the score
mute: {terms: [survey], authors: [], categories: [cs.CY]}   # never shown
categories: [cs.LG, cs.AI]       # only these, for papers whose categories are known
limit: 10                        # most papers in one digest
threshold: auto                  # or strong, good, partial, or a relevance from 0 to 100
window: 7                        # days a paper stays a candidate
deliver:
  - {slack: C0PAPERS, at: "08:30", days: mon-fri}
  - {email: ada@example.org, at: "07:00", days: [mon, thu]}
  - {maildir: ada}
"""


def read(text: str, folder: Path | None = None) -> Profile:
    profile, problems = parse_profile(text.encode(), file="ada.yaml", folder=folder)
    assert problems == ()
    assert profile is not None
    return profile


def wrong(text: str, folder: Path | None = None) -> list[tuple[int, int, str]]:
    """Line, column and message of every problem."""
    profile, problems = parse_profile(text.encode(), file="ada.yaml", folder=folder)
    assert profile is None
    assert list(problems) == sorted(problems)
    assert not any("\n" in p.message for p in problems)
    return [(p.line, p.column, p.message) for p in problems]
