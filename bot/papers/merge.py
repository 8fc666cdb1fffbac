"""Merges entries into papers: which work an entry shows, and what is known of the work afterwards. Pure.

`MergeBatch` is a working set: the store fills it with the papers that a batch of entries may match, adds one entry
after the other, and writes the result. The rules of identity:

- an id decides: arXiv, DOI or any other namespace;
- an entry that has only a title belongs to the paper of that title, unless they have no author in common;
- a paper known only by its title takes the id under which it is listed later;
- one title under two ids of the same namespace is two works; under ids of different namespaces it is one
  (a preprint and its DOI), if the authors allow it;
- two arXiv papers stay two, whatever DOI or title they share: no later listing makes them one.

Which text is the newest follows from the entries' fields, not from their order (`_rank`), so that listing the same
entries again changes nothing. Only between texts of the same rank and source does the order decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from bot.papers.identity import namespace, title_key
from bot.papers.model import Entry, Paper, PaperDetails
from bot.papers.names import same_person

T = TypeVar("T")


class Change(StrEnum):
    NEW = "new"
    UPDATED = "updated"
    KNOWN = "known"


#: How old a paper may be whose time of first sight is corrected: an older one would come as news.
_RECENT = timedelta(days=14)
#: Which source's text is better. A paper's own archive has the best one; Hugging Face drops some TeX.
_PRECEDENCE = {"huggingface": 0, "arxiv": 2}
#: Which namespace the id of a work with several ids is taken from: the lowest.
_ID_ORDER = {"arxiv": 0, "doi": 1, "title": 9}


def entry_keys(entry: Entry) -> tuple[str, ...]:
    """Return the keys by which an entry's work can be found: its ids and its title key."""
    return (*entry.ids, title_key(entry.title))


@dataclass(slots=True)
class MergeBatch:
    """The papers that a batch of entries may match, with the keys that lead to them."""

    papers: dict[str, Paper] = field(default_factory=dict)
    aliases: dict[str, set[str]] = field(default_factory=dict)  #: paper id -> its keys
    touched: set[str] = field(default_factory=set)  #: ids of papers to write
    renamed: list[tuple[str, str]] = field(default_factory=list)  #: (old id, new id), in order
    listed: set[str] = field(default_factory=set)  #: ids of papers that this listing has shown already
    is_live: bool = False  #: whether `now` is the real time: then it corrects times that a wrong clock wrote
    _by_key: dict[str, set[str]] = field(default_factory=dict)

    def put(self, paper: Paper, paper_keys: Iterable[str]) -> None:
        """Add a paper as it is stored, or replace it."""
        self.papers[paper.id] = paper
        aliases = self.aliases.setdefault(paper.id, set())
        for key in (paper.id, *paper_keys):
            aliases.add(key)
            self._by_key.setdefault(key, set()).add(paper.id)

    def find(self, entry: Entry) -> tuple[str, ...]:
        """Return the ids of the papers that are this entry's work, the one to keep first."""
        found: list[str] = []
        for id_ in self._with_ids_of(entry):
            if id_ in entry.ids or namespace(id_) not in map(namespace, found):
                found.append(id_)
        same_title = self._by_key.get(title_key(entry.title), set())
        for id_ in sorted(same_title - set(found), key=_preference):
            if self._is_same_work(entry, id_, found):
                found.append(id_)
        return tuple(sorted(found if entry.ids else found[:1], key=_preference))

    def add(self, entry: Entry, now: datetime) -> Change:
        """Merge one entry into the paper that it shows, or make a new paper."""
        found = self.find(entry)
        if not found:
            paper = new_paper(entry, now, taken=self.papers)
            self.put(paper, entry_keys(entry))
            self.touched.add(paper.id)
            self.listed.add(paper.id)
            return Change.NEW
        kept = found[0]
        for other in found[1:]:
            self._absorb(kept, other)
        change = self._update(kept, entry, now)
        return Change.UPDATED if len(found) > 1 else change

    def _with_ids_of(self, entry: Entry) -> list[str]:
        """Papers with an id of the entry's, without those that its best id shows to be other works; surest first."""
        best = min(entry.ids, key=_preference, default="")
        sharing = {id_ for key in entry.ids for id_ in self._by_key.get(key, ())}
        same = (
            id_
            for id_ in sharing
            if best in self.aliases[id_] or namespace(best) not in self._namespaces(id_)
        )
        return sorted(same, key=lambda id_: (best not in self.aliases[id_], _preference(id_)))

    def _namespaces(self, id_: str) -> set[str]:
        return {namespace(key) for key in self.aliases[id_]} - {"title"}

    def _is_same_work(self, entry: Entry, id_: str, found: Iterable[str]) -> bool:
        """Whether a paper of the entry's title is its work, and that of the papers `found` already."""
        namespaces = {namespace(key) for key in entry.ids}.union(*map(self._namespaces, found))
        if namespaces & self._namespaces(id_):
            return False
        others: list[PaperDetails] = [entry, *(self.papers[other] for other in found)]
        return all(_may_share_authors(self.papers[id_], other) for other in others)

    def _update(self, id_: str, entry: Entry, now: datetime) -> Change:
        before = self.papers[id_]
        after = merge_entry(before, entry, again=id_ in self.listed)
        best = min((id_, *entry.ids), key=_preference)
        if not entry.reference:
            seen = now if self.is_live and _is_impossible(after, now) else min(before.first_seen, now)
            after = replace(after, first_seen=seen)
        new_keys = set(entry_keys(entry)) - self.aliases[id_]
        if best != id_:
            self._rename(id_, best)
            after = replace(after, id=best)
        after = replace(after, url=_url(after))
        if after != before or new_keys:
            self.touched.add(best)
        self.put(after, new_keys)
        self.listed.add(best)
        return Change.KNOWN if replace(after, first_seen=before.first_seen) == before else Change.UPDATED

    def _absorb(self, kept: str, other: str) -> None:
        """Merge a paper into another one that turned out to be the same work."""
        before, gone = self.papers[kept], self.papers[other]
        source = gone.text_source or next(iter(gone.sources), "")
        ids = () if namespace(gone.id) == "title" else (gone.id,)
        merged = merge_entry(before, Entry(source, gone.title, ids, **gone.details()), older=True)
        self.papers[kept] = replace(
            merged,
            first_seen=min(before.first_seen, gone.first_seen),
            sources=tuple(sorted({*before.sources, *gone.sources})),
        )
        self._rename(other, kept)
        self.touched.add(kept)

    def _rename(self, old: str, new: str) -> None:
        self.renamed.append((old, new))
        paper, keys = self.papers.pop(old), self.aliases.pop(old)
        self.touched.discard(old)
        if old in self.listed:
            self.listed.add(new)
        for key in keys:
            self._by_key[key].discard(old)
        self.put(self.papers.get(new, replace(paper, id=new)), keys)


def _preference(id_: str) -> tuple[int, str]:
    return _ID_ORDER.get(namespace(id_), 5), id_


def _may_share_authors(paper: Paper, other: PaperDetails) -> bool:
    if not paper.authors or not other.authors:
        return True
    return any(same_person(a, b) for a in paper.authors for b in other.authors)


def new_paper(entry: Entry, now: datetime, taken: Iterable[str] = ()) -> Paper:
    """Make a paper of an entry that shows an unknown work. `taken`: ids of other works."""
    id_ = min(entry.ids, key=_preference) if entry.ids else title_key(entry.title)
    while id_ in taken:  # another work of the same title, by other people
        id_ += "+"
    paper = Paper(
        id_,
        entry.title,
        _first_seen(entry, now),
        sources=(entry.source,),
        text_source=entry.source,
        **entry.details() | {"author_count": _author_count(entry)},
    )
    return replace(paper, url=_url(paper))


def _first_seen(entry: Entry, now: datetime) -> datetime:
    """Now; for a reference the day on which it was published, or the month in its id, if that is known."""
    if not entry.reference:
        return now
    known = _day(entry.published) if entry.published else _month(entry.ids)
    return min(now, known) if known else now


def _is_impossible(paper: Paper, now: datetime) -> bool:
    """Whether a recent paper was seen more than a day before it was published or announced: by a wrong clock."""
    dates = [_day(text) for text in (paper.published, paper.announced) if text]
    if not dates or paper.first_seen == _month((paper.id,)):
        return False
    earliest = min(dates) - timedelta(days=1)
    return paper.first_seen < earliest <= now < earliest + _RECENT


def _day(text: str) -> datetime:
    """The start of a day, or of the first one of a month, from ISO text."""
    day = text[:10]
    return datetime.fromisoformat(f"{day}-01" if len(day) == 7 else day).replace(tzinfo=UTC)


def _month(ids: Iterable[str]) -> datetime | None:
    """The start of the month in an arXiv id."""
    for id_ in ids:
        digits = id_.rpartition("/")[2].removeprefix("arxiv:")[:4]
        if namespace(id_) == "arxiv" and digits.isdigit() and 1 <= int(digits[2:]) <= 12:
            century = 1900 if digits >= "9107" else 2000  # arXiv began in August 1991
            return datetime(century + int(digits[:2]), int(digits[2:]), 1, tzinfo=UTC)
    return None


def _url(paper: Paper) -> str | None:
    if namespace(paper.id) == "arxiv":
        return f"https://arxiv.org/abs/{paper.id.removeprefix('arxiv:')}"
    return paper.url


def merge_entry(paper: Paper, entry: Entry, *, older: bool = False, again: bool = False) -> Paper:
    """Return the paper with what an entry adds to it.

    Sources and categories add up; counts of votes and comments only grow; the newest text wins. Merging the
    same entry again changes nothing. `older`: the entry's text is only used where the paper's is missing or cut.
    `again`: the same listing has shown the paper before.
    """
    wins = _rank(entry)[:2] > _rank(paper)[:2] if older else _is_newer(paper, entry, again)
    text = entry if wins else paper
    listed = entry if entry.authors and (wins or not paper.authors) else paper
    return replace(
        paper,
        title=text.title,
        abstract=text.abstract or paper.abstract or entry.abstract,
        cut=text.cut,
        text_source=entry.source if wins else paper.text_source,
        authors=listed.authors,
        author_count=_author_count(listed)
        if listed.authors
        else _chosen(wins, entry.author_count, paper.author_count),
        organization=_chosen(wins, entry.organization, paper.organization),
        sources=tuple(sorted({*paper.sources, entry.source})),
        withdrawn=_withdrawn(paper, entry),
        **{name: rule(getattr(paper, name), getattr(entry, name)) for name, rule in _RULES.items()},
    )


def _is_newer(paper: Paper, entry: Entry, again: bool) -> bool:
    """Whether the entry's text replaces the paper's; at the same rank a source replaces its own, once a listing."""
    ours, theirs = _rank(paper), _rank(entry)
    return theirs > ours or (theirs == ours and entry.source == paper.text_source and not again)


def _rank(text: Paper | Entry) -> tuple[bool, bool, int, str, int]:
    """Rank texts: with an abstract, whole, of a later version, of a later day, of a better source.

    A total order, as otherwise three entries could replace each other for ever. So an entry without a version
    counts as version 1, and one without a date as older than any date.
    """
    source = text.text_source if isinstance(text, Paper) else text.source
    day = (text.updated or "")[:10]
    return bool(text.abstract), not text.cut, text.version or 1, day, _PRECEDENCE.get(source, 1)


def _author_count(listed: PaperDetails) -> int | None:
    """The number of authors, which may be greater than that of the names: a very long list is cut."""
    return max(len(listed.authors), listed.author_count or 0) or None


def _chosen(wins: bool, new: T | None, old: T | None) -> T | None:
    return (new or old) if wins else (old or new)


def _withdrawn(paper: Paper, entry: Entry) -> bool:
    """A withdrawal holds until a later version revokes it, as not every source has the remark."""
    if not (entry.version and paper.version and entry.version != paper.version):
        return paper.withdrawn or entry.withdrawn
    return entry.withdrawn if entry.version > paper.version else paper.withdrawn


def _union(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*a, *b)))


def _largest(a: int | None, b: int | None) -> int | None:
    return max((n for n in (a, b) if n is not None), default=None)


def _earliest(a: str | None, b: str | None) -> str | None:
    """The earlier of two ISO texts; if one is a prefix of the other, the longer one."""
    if not a or not b:
        return a or b
    if a.startswith(b) or b.startswith(a):
        return max(a, b, key=len)
    return min(a, b)


def _latest(a: str | None, b: str | None) -> str | None:
    if not a or not b:
        return a or b
    return max(a, b)


#: Rules for the fields that do not depend on which text is newer: the merged value of the paper's and the entry's.
_RULES: dict[str, Callable[[Any, Any], Any]] = {
    "categories": _union,
    "url": lambda a, b: a or b,
    "version": _largest,
    "published": _earliest,
    "updated": _latest,
    "announced": _earliest,
    "crossed": _latest,
    "votes": _largest,
    "comments": _largest,
}
