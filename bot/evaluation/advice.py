"""What the stored papers say about a profile: what finds nothing or too much, what changes nothing, what is missing.

Pure. Papers are those of the last 90 days of the archive. A paper *has* an interest if it has its words as the profile
writes them, or if the interest alone is a good match. Places and digests are those of a backtest with one model for
all days: what the profile of today would have got.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from zoneinfo import ZoneInfo

from bot.clock import Moment
from bot.digests.candidates import Candidates, exclusion_reason, mute_reason
from bot.digests.composer import DigestComposer
from bot.digests.corpus import Corpus
from bot.digests.model import Digest, History
from bot.digests.selection import Verdict, profile_threshold, reaches
from bot.evaluation.backtest import backtest
from bot.evaluation.missing_terms import MissingTerm, missing_terms
from bot.papers.model import Paper
from bot.papers.names import AuthorIndex
from bot.profiles.model import Match, Mute, Profile, Reference
from bot.profiles.yaml_reader import Loc
from bot.ranking.base import RankingModel
from bot.ranking.facets import PHRASE_WORDS, query
from bot.ranking.model import LEAST_FIT, PaperSet, RankedPaper
from bot.text.plain import pluralize, quote, truncate
from bot.text.terms import Join, Role, find_phrase, phrase_term, role, tokenize

PERIOD_DAYS = 90
DIGEST_DAYS = 30
#: With fewer papers, or days of papers, there is no advice.
LEAST_PAPERS, LEAST_DAYS = 200, 7
TOO_MUCH = 0.1
#: An interest whose papers all have another one too, which may be by chance, has at least so many.
LEAST_COVERED = 5
#: Least share of the digests that are full, and least number of papers for each place, for `too many`; least share of
#: the digests that are empty for `too few`; and the least number of digests for both.
FULL, PER_PLACE, QUIET, LEAST_DIGESTS = 0.8, 2.0, 0.6, 4


class Kind(StrEnum):
    """What a finding is about, most useful first."""

    NOTHING = "matches nothing"
    HIDES_LIKED = "hides liked"
    TOO_FEW = "too few"
    TOO_MANY = "too many"
    TOO_MUCH = "matches too much"
    SPELLINGS = "spellings"
    COVERED = "covered"
    NEVER_DECIDES = "never decides"
    MISSING_TERM = "missing term"


@dataclass(frozen=True, slots=True)
class Advice:
    """One finding about a profile."""

    kind: Kind
    loc: Loc  #: of what to change, in the profile
    what: str  #: a sentence for a person, with the number and the change to make
    numbers: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Report:
    """All advice for a profile, most useful first, and what to expect of it."""

    papers: int  #: of the archive's last `PERIOD_DAYS`
    days: int  #: from the first to the last of these papers
    advice: tuple[Advice, ...] = ()
    digests: int = 0  #: of the last `DIGEST_DAYS`, on the days of delivery that had new papers
    quiet: int = 0  #: digests without a paper
    shown: int = 0  #: papers in all of them
    is_small: bool = False  #: there are too few papers to say anything


def versions(profile: Profile) -> tuple[Profile, ...]:
    """The profile, and for each interest the profile without it: what a model for `advise` must know."""
    return (profile, *(_without(profile, n) for n in range(len(profile.interests))))


def _without(profile: Profile, position: int) -> Profile:
    rest = (*profile.interests[:position], *profile.interests[position + 1 :])
    return replace(profile, id=f"{profile.id}/{position}", interests=rest)  # no file's name has a slash


def period_days(corpus: Corpus) -> int:
    first = min((counted.paper.first_seen for counted in corpus.window), default=corpus.now)
    return (corpus.now.date() - first.date()).days + 1


def is_small(corpus: Corpus) -> bool:
    """Whether there are too few papers to say anything."""
    return len(corpus.window) < LEAST_PAPERS or period_days(corpus) < LEAST_DAYS


def advise(profile: Profile, corpus: Corpus, model: RankingModel) -> Report:
    """Everything that the papers say about a profile.

    `corpus`: the papers of `PERIOD_DAYS`, for the `versions` of the profile. `model`: of this corpus.
    """
    if is_small(corpus):
        return Report(len(corpus.window), period_days(corpus), is_small=True)
    return _Adviser(profile, corpus, model).report()


def count_advice(
    profile: Profile, count: Callable[[str], int], papers: int, where: str, vocabulary: Iterable[str] = ()
) -> Iterator[Advice]:
    """Phrases that no paper has, and interests that too many have.

    `count`: the number of papers that have every term of a text. `papers`: their number. `where`: in words.
    `vocabulary`: words that a word which no paper has may be meant for.
    """
    for loc, phrase in _phrases(profile):
        found = count(phrase)
        if not found:
            yield _matches_nothing(loc, phrase, count, papers, where, vocabulary)
        elif loc[0] == "interests" and found > TOO_MUCH * papers:
            yield _matches_too_much(loc, phrase, found, papers, where)


def _phrases(profile: Profile) -> Iterator[tuple[Loc, str]]:
    """The words and phrases that papers can have as they are written, with their places."""
    for key, texts in (
        (("interests",), [interest.phrase for interest in profile.interests]),
        (("avoid",), [avoided.phrase for avoided in profile.avoid]),
        (("mute", "terms"), profile.mute.terms),
    ):
        for position, phrase in enumerate(texts):
            if len(tokenize(phrase).stems) <= PHRASE_WORDS:
                yield (*key, position), phrase


class _Adviser:
    """The findings about one profile."""

    def __init__(self, profile: Profile, corpus: Corpus, model: RankingModel) -> None:
        self._corpus, self._model = corpus, model
        self._written = profile
        self._profile = replace(corpus.profiles[profile.id], window=profile.window)
        self._papers = [counted.paper for counted in corpus.window]
        self._where = f"{len(self._papers):,} papers of the last {pluralize(period_days(corpus), 'day')}"
        found = Candidates(self._papers, corpus.now, model)
        self._candidates = found.of(replace(self._profile, window=PERIOD_DAYS))
        alone = model.of_interests(self._profile, LEAST_FIT[Match.GOOD])
        #: For each interest, the papers that have it.
        self._having = [
            model.with_terms(interest.phrase) | alone.get(interest.phrase, 0)
            for interest in profile.interests
        ]

    def report(self) -> Report:
        first = [*self._matches_nothing(), *self._outside(), *self._matches_too_much(), *self._covered()]
        named = {one.loc for one in first}
        found = [
            *first,
            *(one for one in self._never_decides() if one.loc not in named),
            *self._hides_liked(),
            *self._spellings(),
            *self._how_many(),
            *self._missing_terms(),
        ]
        order = list(Kind)
        usual = self._usual
        return Report(
            papers=len(self._papers),
            days=period_days(self._corpus),
            # A phrase to avoid or to mute that no paper has does no harm.
            advice=tuple(
                sorted(
                    found,
                    key=lambda one: (
                        one.loc[0] in ("avoid", "mute") and one.kind is Kind.NOTHING,
                        order.index(one.kind),
                    ),
                )
            ),
            digests=len(usual),
            quiet=sum(not digest.papers for digest in usual),
            shown=sum(len(digest.papers) for digest in usual),
        )

    # --- What phrases find ------------------------------------------------------------------------------------

    def _count(self, text: str) -> int:
        return self._model.with_terms(text).bit_count()

    def _matches_nothing(self) -> Iterator[Advice]:
        for position, (interest, having) in enumerate(
            zip(self._profile.interests, self._having, strict=True)
        ):
            if not having:
                loc = ("interests", position)
                yield _matches_nothing(
                    loc, interest.phrase, self._count, len(self._papers), self._where, self._vocabulary
                )
        for loc, phrase in _phrases(self._profile):
            if loc[0] != "interests" and not self._count(phrase):
                yield _matches_nothing(
                    loc, phrase, self._count, len(self._papers), self._where, self._vocabulary
                )

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        titles = tokenize(*(paper.title for paper in self._papers))
        return frozenset(titles.text[start:end].lower() for start, end in titles.spans)

    def _outside(self) -> Iterator[Advice]:
        """Interests whose papers are all left out by `categories` or `mute`."""
        for position, (interest, having) in enumerate(
            zip(self._profile.interests, self._having, strict=True)
        ):
            if not having or having & self._candidates:
                continue
            outside = [paper for paper in self._members(having) if self._is_outside(paper)]
            if 2 * len(outside) > having.bit_count():
                why = f"none is in your categories: add {_categories_of(outside)} to `categories`"
            else:
                why = "`mute` hides them, or they are papers that you like: mute less"
            yield Advice(
                Kind.NOTHING,
                ("interests", position),
                f"{quote(interest.phrase)} is in {having.bit_count():,} of {self._where}, but {why}, "
                "or remove the interest",
                {"papers": len(self._papers), "found": having.bit_count(), "candidates": 0},
            )

    def _matches_too_much(self) -> Iterator[Advice]:
        for position, (interest, having) in enumerate(
            zip(self._profile.interests, self._having, strict=True)
        ):
            if (number := having.bit_count()) > TOO_MUCH * len(self._papers):
                narrower = self._narrower(interest.phrase, having)
                loc = ("interests", position)
                yield _matches_too_much(
                    loc, interest.phrase, number, len(self._papers), self._where, narrower
                )

    def _narrower(self, phrase: str, having: PaperSet) -> list[str]:
        """The two commonest pairs of words in titles that have one of the phrase's and are not as common."""
        own, counts, written = set(tokenize(phrase).stems), Counter[str](), dict[str, str]()
        for paper in self._members(having):
            words = tokenize(paper.title)
            for last in range(1, len(words.stems)):
                pair = words.stems[last - 1 : last + 1]
                is_pair = words.joins[last] is Join.SPACE and all(role(stem) is Role.TERM for stem in pair)
                if is_pair and len(own & set(pair)) == 1 and pair[0] not in _VAGUE and pair[1] not in _VAGUE:
                    counts[" ".join(pair)] += 1
                    written.setdefault(" ".join(pair), words.phrase(last - 1, last).lower())
        common = (written[pair] for pair, _ in counts.most_common(20))
        most = TOO_MUCH / 2 * len(self._papers)
        return [text for text in common if self._count(text) <= most][:2]

    def _covered(self) -> Iterator[Advice]:
        """Interests whose papers all have another one, too."""
        interests = self._profile.interests
        for position, (interest, having) in enumerate(zip(interests, self._having, strict=True)):
            for other, others in enumerate(self._having):
                if other == position or others.bit_count() > TOO_MUCH * len(self._papers):
                    continue
                name = interests[other].phrase
                numbers = {"papers": having.bit_count(), "other": others.bit_count()}
                if query(interest.phrase).weights.keys() == query(name).weights.keys():
                    if other < position:
                        what = (
                            f"{quote(interest.phrase)} says the same as {quote(name)}: remove one of the two"
                        )
                        yield Advice(Kind.COVERED, ("interests", position), what, numbers)
                        break
                    continue
                contains = f" {phrase_term(name)} " in f" {phrase_term(interest.phrase)} "
                least = 1 if contains else LEAST_COVERED
                if having & ~others or having.bit_count() < least or (having == others and other > position):
                    continue
                what = (
                    f"{quote(interest.phrase)} adds no paper: all {having.bit_count():,} with it match "
                    f"{quote(name)} too, which {others.bit_count():,} do; remove it, or {quote(name)} if that is too wide"
                )
                yield Advice(Kind.COVERED, ("interests", position), what, numbers)
                break

    # --- What a backtest shows --------------------------------------------------------------------------------

    @cached_property
    def _dates(self) -> list:
        zone = ZoneInfo(self._profile.timezone)
        last = self._corpus.now.astimezone(zone).date()
        first = min(paper.first_seen for paper in self._papers).astimezone(zone).date()
        weekdays = {day for subscription in self._profile.deliver for day in subscription.days}
        days = (last - timedelta(days=n) for n in range(DIGEST_DAYS))
        return sorted(day for day in days if day >= first and day.weekday() in weekdays)

    def _backtest(self, profiles: Sequence[Profile]) -> dict[str, list[Digest]]:
        """The digests of the last days."""
        known = {id_: replace(one, window=self._profile.window) for id_, one in self._corpus.profiles.items()}

        def compose(_: Sequence[Profile], moment: Moment) -> DigestComposer:
            return DigestComposer(replace(self._corpus, now=moment.instant, profiles=known), self._model)

        return backtest(profiles, self._dates, compose)

    @cached_property
    def _digests(self) -> list[Digest]:
        return self._backtest([self._profile])[self._profile.id]

    @cached_property
    def _usual(self) -> list[Digest]:
        """Those before which new papers came: on a holiday there is nothing to choose from."""
        seen = sorted(paper.first_seen for paper in self._papers)
        starts = [self._start, *(digest.made for digest in self._digests)]
        return [
            digest
            for digest, start in zip(self._digests, starts, strict=False)
            if bisect_right(seen, start) < bisect_right(seen, digest.made)
        ]

    @cached_property
    def _start(self) -> datetime:
        """When the papers of the first digest began to come."""
        made = [digest.made for digest in self._digests]
        usual = min((after - before for before, after in pairwise(made)), default=timedelta(days=1))
        return made[0] - usual if made else self._corpus.now

    def _never_decides(self) -> Iterator[Advice]:
        interests = self._profile.interests
        shown = {one.interest for digest in self._digests for one in digest.papers}
        idle = [n for n, interest in enumerate(interests) if interest.phrase not in shown and self._having[n]]
        if not idle or not any(digest.papers for digest in self._digests):
            return
        without = self._backtest([self._corpus.profiles[_without(self._profile, n).id] for n in idle])
        as_it_is = [set(digest.ids) for digest in self._digests]
        for position in idle:
            digests = without[_without(self._profile, position).id]
            if [set(digest.ids) for digest in digests] != as_it_is:
                continue
            phrase = interests[position].phrase
            found = self._having[position] & self._candidates
            given = {one.paper.id: one.interest for digest in self._digests for one in digest.papers}
            taken = Counter(given[paper.id] for paper in self._members(found) if paper.id in given)
            (owner, number) = taken.most_common(1)[0] if taken else ("", 0)
            place = quote(owner) if owner else "other parts of the profile"
            why = f"{number} of them came by {place}" if taken else "none of them was good enough"
            what = (
                f"{quote(phrase)} decided nothing in {pluralize(len(self._usual), 'digest')}, which would have the same "
                f"papers without it: {pluralize(found.bit_count(), 'paper has', 'papers have')} it, and {why}; remove it, "
                "or write it as these papers do"
            )
            numbers = {"digests": len(self._usual), "found": found.bit_count(), "shown": taken.total()}
            yield Advice(Kind.NEVER_DECIDES, ("interests", position), what, numbers)

    def _how_many(self) -> Iterator[Advice]:
        """Whether the threshold lets through too many papers or too few."""
        digests = len(self._usual)
        if digests < LEAST_DIGESTS:
            return
        limit, threshold = self._profile.limit, profile_threshold(self._profile)
        followed = [sum(not one.followed for one in digest.papers) for digest in self._usual]
        full = sum(number >= limit for number in followed)
        quiet = sum(not digest.papers for digest in self._usual)
        new = [one for one in self._ranked if one.paper.first_seen > self._start]
        reaching = sum(reaches(threshold, one) for one in new) / digests
        each = {str(match): sum(one.fit >= LEAST_FIT[match] for one in new) / digests for match in Match}
        numbers = {"digests": digests, "full": full, "quiet": quiet, "reaching": round(reaching, 1)} | {
            match: round(number, 1) for match, number in each.items()
        }
        if full >= FULL * digests and reaching >= PER_PLACE * limit:
            yield Advice(*self._too_many(full, digests, reaching, each), numbers)
        elif quiet >= QUIET * digests:
            yield Advice(*self._too_few(quiet, digests, each), numbers)

    def _too_many(
        self, full: int, digests: int, reaching: float, each: Mapping[str, float]
    ) -> tuple[Kind, Loc, str]:
        profile = self._profile
        found = (
            f"{full} of {digests} digests are full: about {reaching:.0f} papers reach the threshold for each, "
            f"and the limit is {profile.limit}"
        )
        is_strong = profile.threshold is Match.STRONG
        strong = each[Match.STRONG]
        widest = Counter(one.interest for one in self._ranked if reaches(profile_threshold(profile), one))
        name, number = next(((name, n) for name, n in widest.most_common() if name), ("", 0))
        if not is_strong and strong <= PER_PLACE * profile.limit:
            change = f"`threshold: strong` would leave about {strong:.0f} to choose from"
            return Kind.TOO_MANY, ("threshold",), f"{found}; {change}"
        if name:
            change = f"write {quote(name)}, which most of them have, more narrowly, or raise `limit`"
            position = [interest.phrase for interest in profile.interests].index(name)
            return Kind.TOO_MANY, ("interests", position), f"{found}; {change}"
        return (
            Kind.TOO_MANY,
            ("limit",),
            f"{found}; raise `limit`, or write interests that say what matters most",
        )

    def _too_few(self, quiet: int, digests: int, each: Mapping[str, float]) -> tuple[Kind, Loc, str]:
        found = f"{quiet} of {digests} digests are empty"
        levels = list(Match)
        now = self._profile.threshold
        lower = levels[levels.index(now) + 1 :] if isinstance(now, Match) else levels
        enough = next((match for match in lower if each[match] * digests >= digests - quiet + 2), None)
        good = [one for one in self._ranked_outside if one.fit >= LEAST_FIT[Match.GOOD]]
        outside = ""
        if len(good) >= digests / 3:
            categories = _categories_of([one.paper for one in good])
            outside = f"{pluralize(len(good), 'good paper is', 'good papers are')} outside your categories: add {categories}"
        if enough:
            also = f"; {outside}" if outside else ""
            change = f"`threshold: {enough}` would have about {each[enough]:.1f} papers for each{also}"
            return Kind.TOO_FEW, ("threshold",), f"{found}; {change}"
        if outside:
            return Kind.TOO_FEW, ("categories",), f"{found}; {outside}"
        return (
            Kind.TOO_FEW,
            ("interests",),
            f"{found}; add interests, or other words for those that find little",
        )

    @cached_property
    def _ranked(self) -> list[RankedPaper]:
        """All candidates, best first."""
        return list(self._model.rank(self._profile, self._candidates).best_first())

    @cached_property
    def _ranked_outside(self) -> list[RankedPaper]:
        """The papers that only `categories` leave out."""
        anywhere = Candidates(self._papers, self._corpus.now, self._model).of(
            replace(self._profile, window=PERIOD_DAYS, categories=())
        )
        return list(self._model.rank(self._profile, anywhere & ~self._candidates).best_first())

    # --- Liked papers and authors -----------------------------------------------------------------------------

    @cached_property
    def _liked(self) -> list[Paper]:
        """The liked papers, as stored or else as a library has them."""
        return [paper for reference in self._profile.like if (paper := self._paper_of(reference)).title]

    def _paper_of(self, reference: Reference) -> Paper:
        if stored := self._corpus.references.get(reference.id or ""):
            return stored.paper
        return Paper(id="", title=reference.title, abstract=reference.abstract, first_seen=self._corpus.now)

    def _hides_liked(self) -> Iterator[Advice]:
        mute = self._profile.mute
        for key in ("terms", "authors", "categories"):
            for position, name in enumerate(getattr(mute, key)):
                alone = replace(self._profile, mute=Mute(**{key: (name,)}))
                if hidden := [paper for paper in self._liked if mute_reason(alone, paper)]:
                    what = (
                        f"`mute` of {quote(name)} would hide {_some_liked(hidden, self._liked)}; remove it, or mute "
                        "something narrower"
                    )
                    loc = ("mute", key, position)
                    yield Advice(
                        Kind.HIDES_LIKED, loc, what, {"hidden": len(hidden), "liked": len(self._liked)}
                    )
        if hidden := [paper for paper in self._liked if self._is_outside(paper)]:
            what = (
                f"`categories` would leave out {_some_liked(hidden, self._liked)}; add {_categories_of(hidden)} "
                "if you want more like this"
            )
            yield Advice(
                Kind.HIDES_LIKED, ("categories",), what, {"hidden": len(hidden), "liked": len(self._liked)}
            )

    def _is_outside(self, paper: Paper) -> bool:
        """Whether the profile's categories leave out a paper."""
        alone = replace(self._profile, mute=Mute(), like=(), dislike=(), authors=())
        excluded = exclusion_reason(alone, replace(paper, withdrawn=False), History(), paper.first_seen)
        return excluded is not None and excluded.verdict is Verdict.CATEGORY

    def _spellings(self) -> Iterator[Advice]:
        names = AuthorIndex(self._papers if self._profile.authors else ())
        for position, name in enumerate(self._profile.authors):
            found = names.spellings(name)
            what = ""
            if not found:
                found = dict(list(names.near(name).items())[:3])
                if found:
                    what = (
                        f"no paper by {quote(name)} is among {self._where}, but there is {_listed_names(found)}: "
                        "write the name so if that is the same person"
                    )
            elif len(found) > 1:
                what = (
                    f"{quote(name)} is {len(found)} names among {self._where}: {_listed_names(found)}; if these are "
                    "several people, write the whole name of the one that you mean"
                )
            if what:
                numbers = {"names": len(found), "papers": sum(found.values())}
                yield Advice(Kind.SPELLINGS, ("authors", position), what, numbers)

    # --- Missing terms ----------------------------------------------------------------------------------------

    def _missing_terms(self) -> Iterator[Advice]:
        profile = self._profile
        shown = {
            one.paper.id: one.paper
            for digest in self._digests
            for one in digest.papers
            if one.fit >= LEAST_FIT[Match.STRONG] and not one.followed
        }
        texts = [(paper.title, paper.abstract) for paper in shown.values()]
        liked = [(paper.title, paper.abstract) for paper in self._liked]
        named = [
            *(interest.phrase for interest in (*profile.interests, *profile.avoid)),
            profile.about,
            *profile.mute.terms,
        ]
        found = missing_terms(liked, texts, named, self._having_terms, len(self._papers))
        for term in found:
            what = _missing_term(term, len(liked), len(texts), self._where)
            numbers = {"liked": term.liked, "shown": term.shown, "papers": term.papers}
            yield Advice(Kind.MISSING_TERM, ("interests",), what, numbers)

    def _having_terms(self, text: str) -> list[Paper]:
        return self._members(self._model.with_terms(text))

    def _members(self, papers: PaperSet) -> list[Paper]:
        return [paper for number, paper in enumerate(self._papers) if papers >> number & 1]


#: Stems that say nothing more when they stand beside another word.
_VAGUE = frozenset(phrase_term(word) for word in "based via towards large deep multi efficient".split())


# --- Sentences --------------------------------------------------------------------------------------------


def _matches_nothing(
    loc: Loc, phrase: str, count: Callable[[str], int], papers: int, where: str, vocabulary: Iterable[str]
) -> Advice:
    """`loc`: of an interest, of a phrase to avoid or of a muted term."""
    numbers = {"papers": papers, "found": 0}
    remove = {"avoid": "remove it, as it lowers nothing", "mute": "remove it, as it hides nothing"}.get(
        str(loc[0]), "remove it"
    )
    said = f"{quote(phrase)} found nothing among {where}"
    words = tokenize(phrase)
    if len(words.stems) > PHRASE_WORDS:
        why = f"it has {len(words.stems)} words, and a paper needs most of them"
        return Advice(
            Kind.NOTHING,
            loc,
            f"{said}: {why}; write phrases of two to four words, each as an interest",
            numbers,
        )
    single = [words.phrase(n, n) for n, stem in enumerate(words.stems) if role(stem) is Role.TERM]
    if absent := [word for word in single if not count(word)]:
        close = get_close_matches(absent[0].lower(), vocabulary, n=1, cutoff=0.8)
        change = f"did you mean {quote(close[0])}?" if close else f"correct the spelling, or {remove}"
        missing = "" if len(single) == 1 else f": none has {quote(absent[0])}"
        return Advice(Kind.NOTHING, loc, f"{said}{missing}; {change}", numbers)
    if part := _found_part(phrase, count):
        number = count(part)
        change = f"{quote(part)} is in {number:,}: write that, or {remove}"
        return Advice(Kind.NOTHING, loc, f"{said}: {change}", numbers | {"part": number})
    counts = sorted((count(word), word) for word in single)
    rare, word = counts[0]
    each = ", ".join(f"{quote(word)} is in {number:,}" for number, word in counts)
    write = f"write {quote(word)} alone, " if rare <= TOO_MUCH / 5 * papers else "write other words for it, "
    return Advice(
        Kind.NOTHING,
        loc,
        f"{said}: its words are never together ({each}); {write}or {remove}",
        numbers | {"part": rare},
    )


def _found_part(phrase: str, count: Callable[[str], int]) -> str | None:
    """The longest part of two words or more that some papers have; of several, the one that fewer have."""
    words = tokenize(phrase)
    size = len(words.stems)
    ends = [n for n, stem in enumerate(words.stems) if role(stem) is Role.TERM]
    parts = [(first, last) for first in ends for last in ends if 1 <= last - first < size - 1]
    found = [
        (first - last, number, text)
        for first, last in parts
        if (number := count(text := words.phrase(first, last)))
    ]
    return min(found)[2] if found else None


def _matches_too_much(
    loc: Loc, phrase: str, found: int, papers: int, where: str, narrower: Sequence[str] = ()
) -> Advice:
    such = f", such as {' or '.join(map(quote, narrower))}" if narrower else ""
    what = (
        f"{quote(phrase)} is in {found:,} of {where} ({found / papers:.0%}): write something narrower{such}"
    )
    return Advice(Kind.TOO_MUCH, loc, what, {"papers": papers, "found": found})


def _missing_term(term: MissingTerm, liked: int, shown: int, where: str) -> str:
    seen = [
        f"{term.liked} of your {pluralize(liked, 'liked paper')}" if term.liked > 1 else "",
        f"{term.shown} of the {pluralize(shown, 'strong match', 'strong matches')} of {DIGEST_DAYS} days"
        if term.shown
        else "",
    ]
    return (
        f"{quote(term.term)} is in {' and '.join(filter(None, seen))}, and in {term.papers:,} of {where}: "
        "add it to `interests` to find the others"
    )


def _some_liked(hidden: Sequence[Paper], liked: Sequence[Paper]) -> str:
    return f"{len(hidden)} of your {pluralize(len(liked), 'liked paper')}, such as {quote(truncate(hidden[0].title, 58))}"


def _categories_of(papers: Sequence[Paper]) -> str:
    """The commonest primary categories."""
    counts = Counter(paper.categories[0] for paper in papers)
    return ", ".join(f"{name} ({number})" for name, number in counts.most_common(3))


def _listed_names(names: Mapping[str, int]) -> str:
    shown = [f"{quote(name)} ({pluralize(n, 'paper')})" for name, n in list(names.items())[:4]]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
