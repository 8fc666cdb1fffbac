"""The references of a profile and the stored papers that they mean. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, replace

from bot.papers.identity import namespace, title_key
from bot.papers.model import Paper
from bot.profiles.model import Profile, Reference


def lookup_key(reference: Reference) -> str:
    """What arXiv can be asked for: the arXiv id, else the title's key; empty for neither."""
    if reference.id and namespace(reference.id) == "arxiv":
        return reference.id
    return title_key(reference.title) if reference.title else ""


def reference_keys(reference: Reference) -> tuple[str, ...]:
    """The keys to find a referenced paper by, surest first: its id, and its title's key unless the id is arXiv's."""
    return tuple(dict.fromkeys(filter(None, (reference.id, lookup_key(reference)))))


def all_keys(profiles: Iterable[Profile]) -> set[str]:
    """The keys of all references of the profiles."""
    return {key for p in profiles for r in (*p.like, *p.dislike) for key in reference_keys(r)}


def with_text(stored: Mapping[str, Paper]) -> dict[str, Paper]:
    """The stored papers without those whose abstracts have been removed: arXiv can be asked for them again."""
    return {key: paper for key, paper in stored.items() if paper.abstract or namespace(paper.id) != "arxiv"}


def stored_paper(reference: Reference, papers: Mapping[str, Paper]) -> Paper | None:
    """`papers`: stored papers, by the `reference_keys` that each was searched with."""
    return next((papers[key] for key in reference_keys(reference) if key in papers), None)


def resolve_references(profile: Profile, papers: Mapping[str, Paper]) -> Profile:
    """The profile with its references under the ids of the stored papers (see `stored_paper`), each paper once: by
    the first reference to it.
    """

    def resolve(references: Iterable[Reference]) -> tuple[Reference, ...]:
        found: dict[str | Reference, Reference] = {}
        for reference in references:
            if paper := stored_paper(reference, papers):
                reference = replace(reference, id=paper.id)
            found.setdefault(reference.id or reference, reference)
        return tuple(found.values())

    return replace(profile, like=resolve(profile.like), dislike=resolve(profile.dislike))


def is_missing(reference: Reference, stored: Collection[str]) -> bool:
    """Whether nothing is known of a referenced paper but its id or title. `stored`: keys of stored papers."""
    has_text = reference.title and reference.abstract
    return not has_text and not any(key in stored for key in reference_keys(reference))


@dataclass(frozen=True, slots=True)
class MissingPapers:
    """The referenced papers of a profile that are not stored, and have no text in the profile or a library file."""

    profile: str
    not_found: tuple[str, ...] = ()  #: ids and titles that arXiv was asked for, and does not have
    not_askable: tuple[str, ...] = ()  #: ids that arXiv does not know, without a title
    waiting: int = 0  #: number of those that arXiv will be asked for

    @property
    def need_person(self) -> int:
        return len(self.not_found) + len(self.not_askable)


def missing_papers(profile: Profile, stored: Collection[str], asked: Set[str]) -> MissingPapers:
    """`stored`: keys of stored papers. `asked`: keys that arXiv was asked for and does not have."""
    missing = [r for r in (*profile.like, *profile.dislike) if is_missing(r, stored)]
    by_key = {key: r for r in missing if (key := lookup_key(r))}
    return MissingPapers(
        profile.id,
        not_found=tuple(r.title or r.id or "" for key, r in by_key.items() if key in asked),
        not_askable=tuple(dict.fromkeys(r.id or "" for r in missing if not lookup_key(r))),
        waiting=len(by_key.keys() - asked),
    )
