"""What the stored papers say about a profile: what finds nothing or too much, what changes nothing, what is missing.

Pure. The papers are those of the archive's last 90 days. A paper *has* an interest if it contains its words as the
profile writes them, or is a good match for the interest alone. The digests are those of a backtest with one model for
all days: what the profile as it is would have got.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import numpy as np

from bot.clock import Moment
from bot.digests.candidates import Candidates, exclusion_reason, mute_reason
from bot.digests.composer import DigestComposer
from bot.digests.corpus import Corpus
from bot.digests.model import Digest, History
from bot.digests.selection import Verdict, profile_threshold, reaches
from bot.evaluation import findings
from bot.evaluation.backtest import backtest
from bot.evaluation.findings import LEAST_EVIDENCE, Advice, Counts, Kind
from bot.evaluation.missing_terms import longer_phrases, missing_terms
from bot.papers.model import Paper
from bot.papers.names import AuthorIndex
from bot.profiles.model import Match, Mute, Profile, Reference
from bot.profiles.yaml_reader import Loc
from bot.ranking.base import RankingModel
from bot.ranking.counts import keys_of_text
from bot.ranking.facets import PHRASE_WORDS, query
from bot.ranking.index import Index, archive_of
from bot.ranking.model import LEAST_FIT, PaperSet, RankedPaper
from bot.text.plain import pluralize, quote
from bot.text.terms import phrase_term, tokenize

PERIOD_DAYS = 90
DIGEST_DAYS = 30
#: With fewer papers, or days of papers, there is no advice.
LEAST_PAPERS, LEAST_DAYS = 200, 7
#: An interest that a larger share of all papers have is too wide.
TOO_MUCH = 0.1
#: An interest whose papers all have another one is covered by it if it has so many: few may have it by chance.
LEAST_COVERED = 5
#: A word that no paper has may be meant for one that this many titles have.
LEAST_TITLES = 3
#: An interest decides nothing if without it at most this share of the shown papers are others: its words alone, which
#: other papers have, change their order a little.
SAME = 0.01
#: Too many: this share of the digests are full, with so many papers for each place. Too few: this share are empty.
FULL, PER_PLACE, QUIET = 0.8, 2.0, 0.6
LEAST_DIGESTS = 4  #: for both of these


@dataclass(frozen=True, slots=True)
class Report:
    """All advice for a profile, most useful first, and what to expect of it."""

    papers: int  #: of the archive's last `PERIOD_DAYS`
    days: int  #: from the first to the last of these papers
    advice: tuple[Advice, ...] = ()
    digests: int = 0  #: of the last `DIGEST_DAYS`, on the days of delivery that had new papers
    quiet: int = 0  #: digests without a paper
    shown: int = 0  #: papers in all of them

    @property
    def is_possible(self) -> bool:
        """Whether there are enough papers to say anything."""
        return self.papers >= LEAST_PAPERS and self.days >= LEAST_DAYS


def versions(profile: Profile) -> tuple[Profile, ...]:
    """The profile, and for each interest the profile without it: what the model of `advise` is for.

    Their window is the whole period, so that the model has its papers.
    """
    every = (profile, *(_without(profile, n) for n in range(len(profile.interests))))
    return tuple(replace(one, window=PERIOD_DAYS) for one in every)


def _without(profile: Profile, position: int) -> Profile:
    rest = (*profile.interests[:position], *profile.interests[position + 1 :])
    return replace(profile, id=f"{profile.id}/{position}", interests=rest)  # no file's name has a slash


def advise(profile: Profile, corpus: Corpus, model: RankingModel) -> Report:
    """Everything that the papers say about a profile. `corpus`, `model`: for its `versions`."""
    first = min((counted.paper.first_seen for counted in corpus.window), default=corpus.now)
    report = Report(len(corpus.window), (corpus.now.date() - first.date()).days + 1)
    if not report.is_possible:
        return report
    adviser = _Adviser(profile, corpus, model, report.days)
    digests = adviser.usual_digests
    return replace(
        report,
        advice=tuple(sorted(adviser.findings(), key=_usefulness)),
        digests=len(digests),
        quiet=sum(not digest.papers for digest in digests),
        shown=sum(len(digest.papers) for digest in digests),
    )


def _usefulness(advice: Advice) -> tuple[bool, int]:
    """A text to avoid or to mute that no paper has does no harm, and comes last."""
    is_harmless = advice.kind is Kind.NOTHING and advice.loc[0] != "interests"
    return is_harmless, list(Kind).index(advice.kind)


def advise_by_counts(profile: Profile, counts: Sequence[bytes]) -> Iterator[Advice]:
    """What can be said without ranking: phrases that no paper has, and interests that too many have.

    `counts`: term counts of stored papers.
    """
    phrases = [(loc, phrase) for loc, phrase in _phrases(profile) if _is_short(phrase)]
    keys = {key for _, phrase in phrases for key in keys_of_text(phrase)}
    index = Index(archive_of(counts), np.array(sorted(keys), np.uint64))

    def count(text: str) -> int:
        return index.papers_with(*index.find_columns(keys_of_text(text)))

    among = Counts(len(counts), f"{len(counts):,} stored papers", count)
    for loc, phrase in phrases:
        found = among.count(phrase)
        if not found:
            yield findings.matches_nothing(loc, phrase, among)
        elif loc[0] == "interests" and found > TOO_MUCH * len(counts):
            yield findings.matches_too_much(loc, phrase, found, among)


def _is_short(phrase: str) -> bool:
    """Whether a paper can be expected to have the words as they are written."""
    return len(tokenize(phrase).stems) <= PHRASE_WORDS


def _phrases(profile: Profile) -> Iterator[tuple[Loc, str]]:
    """The interests, texts to avoid and muted terms, with their places."""
    yield from ((("interests", n), interest.phrase) for n, interest in enumerate(profile.interests))
    yield from ((("avoid", n), avoided.phrase) for n, avoided in enumerate(profile.avoid))
    yield from ((("mute", "terms", n), term) for n, term in enumerate(profile.mute.terms))


def _good_matches(papers: Sequence[object]) -> str:
    return pluralize(len(papers), "good match is", "good matches are")


class _Adviser:
    """Makes the findings about one profile."""

    def __init__(self, profile: Profile, corpus: Corpus, model: RankingModel, days: int) -> None:
        self._corpus, self._model = corpus, model
        self._profile = replace(corpus.profiles[profile.id], window=profile.window)
        self._papers = [counted.paper for counted in corpus.window]
        self._among = Counts(
            len(self._papers),
            f"{len(self._papers):,} papers of the last {pluralize(days, 'day')}",
            lambda text: model.with_terms(text).bit_count(),
            self._words_of_titles,
        )
        self._all_candidates = Candidates(self._papers, corpus.now, model)
        self._candidates = self._all_candidates.of(replace(self._profile, window=PERIOD_DAYS))
        alone = model.of_interests(self._profile, LEAST_FIT[Match.GOOD])
        #: For each interest, the papers that have it.
        self._having = [
            alone.get(interest.phrase, 0)
            | (model.with_terms(interest.phrase) if _is_short(interest.phrase) else 0)
            for interest in profile.interests
        ]

    def findings(self) -> Iterator[Advice]:
        by_matches: dict[Loc, Advice] = {}  # one for each interest, so that no two of them disagree
        for one in (*self._matches_nothing(), *self._covered(), *self._matches_too_much()):
            by_matches.setdefault(one.loc, one)
        yield from by_matches.values()
        yield from self._hides_liked()
        yield from self._spellings()
        yield from self._never_decides(
            {n for n in range(len(self._having)) if ("interests", n) not in by_matches}
        )
        yield from self._how_many()
        yield from self._missing_terms()

    # --- By what interests match ------------------------------------------------------------------------------

    def _interests(self) -> Iterator[tuple[Loc, str, PaperSet]]:
        for n, (interest, having) in enumerate(zip(self._profile.interests, self._having, strict=True)):
            yield ("interests", n), interest.phrase, having

    def _matches_nothing(self) -> Iterator[Advice]:
        for loc, phrase, having in self._interests():
            if not having:
                yield findings.matches_nothing(loc, phrase, self._among)
            elif not having & self._candidates:
                yield from self._never_shown(loc, phrase, self._members(having))
        for loc, phrase in _phrases(self._profile):
            if loc[0] != "interests" and _is_short(phrase) and not self._among.count(phrase):
                yield findings.matches_nothing(loc, phrase, self._among)

    def _never_shown(self, loc: Loc, phrase: str, having: Sequence[Paper]) -> Iterator[Advice]:
        """`having`: the papers of an interest, none of which is a candidate; all may be papers that are liked."""
        left_out = [paper for paper in having if self._is_outside(paper)]
        hidden, _, most = self._most_muting(having)
        if left_out or hidden:
            yield findings.never_shown(loc, phrase, len(having), left_out, (hidden, most), self._among)

    def _mutes(self) -> Iterator[tuple[Loc, str, Profile]]:
        """Whatever is muted: its place, its name, and a profile that mutes only this."""
        for key in ("terms", "authors", "categories"):
            for position, name in enumerate(getattr(self._profile.mute, key)):
                yield ("mute", key, position), name, Profile(self._profile.id, mute=Mute(**{key: (name,)}))

    def _most_muting(self, papers: Sequence[Paper]) -> tuple[int, Loc, str]:
        """Of all that is muted what hides most of some papers: how many, its place and its name."""
        counts = [
            (sum(bool(mute_reason(alone, paper)) for paper in papers), loc, name)
            for loc, name, alone in self._mutes()
        ]
        return max(counts, key=lambda count: count[0], default=(0, (), ""))

    def _words_of_titles(self) -> list[str]:
        titles = tokenize(*(paper.title for paper in self._papers))
        counts = Counter(titles.text[start:end].lower() for start, end in titles.spans)
        return [word for word, number in counts.items() if number >= LEAST_TITLES]

    def _matches_too_much(self) -> Iterator[Advice]:
        for loc, phrase, having in self._interests():
            if self._is_wide(having):
                narrower = self._narrower(phrase, having)
                yield findings.matches_too_much(loc, phrase, having.bit_count(), self._among, narrower)

    def _is_wide(self, having: PaperSet) -> bool:
        return having.bit_count() > TOO_MUCH * len(self._papers)

    def _narrower(self, phrase: str, having: PaperSet) -> list[str]:
        """At most two longer phrases that titles of candidates have, the commonest first."""
        own = {phrase_term(interest.phrase) for interest in self._profile.interests}
        longer = longer_phrases(phrase, (paper.title for paper in self._members(having & self._candidates)))
        new = (text for text in longer if phrase_term(text) not in own)
        return list(islice((text for text in new if not self._is_wide(self._model.with_terms(text))), 2))

    def _covered(self) -> Iterator[Advice]:
        """Interests whose papers all have another one, too."""
        for loc, phrase, having in self._interests():
            terms = query(phrase).weights.keys()
            for place, other, others in self._interests():
                if place == loc:
                    continue
                if query(other).weights.keys() == terms:
                    if place < loc:
                        yield findings.says_the_same(loc, phrase, other, having.bit_count())
                        break
                    continue
                is_part = f" {phrase_term(other)} " in f" {phrase_term(phrase)} "
                # Of two with the same papers, the later one is covered.
                is_covered = not having & ~others and (having != others or place < loc)
                is_wide = self._is_wide(others)  # it may have the papers of anything by chance
                if is_covered and (is_part or (having.bit_count() >= LEAST_COVERED and not is_wide)):
                    numbers = having.bit_count(), others.bit_count()
                    yield findings.covered(loc, phrase, other, *numbers, is_wide=is_wide)
                    break

    # --- By what digests would have had -----------------------------------------------------------------------

    def _backtest(self, profiles: Sequence[Profile]) -> dict[str, list[Digest]]:
        zone = ZoneInfo(self._profile.timezone)
        last = self._corpus.now.astimezone(zone).date()
        first = min(paper.first_seen for paper in self._papers).astimezone(zone).date()
        weekdays = {day for subscription in self._profile.deliver for day in subscription.days}
        dates: Iterable[date] = (last - timedelta(days=n) for n in range(DIGEST_DAYS))
        known = {id_: replace(one, window=self._profile.window) for id_, one in self._corpus.profiles.items()}

        def compose(_: Sequence[Profile], moment: Moment) -> DigestComposer:
            corpus = replace(self._corpus, now=moment.instant, profiles=known)
            return DigestComposer(corpus, self._model)

        dates = [day for day in dates if day >= first and day.weekday() in weekdays]
        return backtest([known[profile.id] for profile in profiles], dates, compose)

    @cached_property
    def _digests(self) -> list[Digest]:
        return self._backtest([self._profile])[self._profile.id]

    @cached_property
    def _start(self) -> datetime:
        """When the papers of the first digest began to come."""
        made = [digest.made for digest in self._digests]
        step = min((after - before for before, after in pairwise(made)), default=timedelta(days=1))
        return made[0] - step if made else self._corpus.now

    @cached_property
    def usual_digests(self) -> list[Digest]:
        """Those before which new papers came: on a holiday there is nothing to choose from."""
        seen = sorted(paper.first_seen for paper in self._papers)
        starts = [self._start, *(digest.made for digest in self._digests)]
        return [
            digest
            for digest, start in zip(self._digests, starts, strict=False)
            if bisect_right(seen, start) < bisect_right(seen, digest.made)
        ]

    def _never_decides(self, among: set[int]) -> Iterator[Advice]:
        """Of some interests, by position, those without which the digests would have had nearly the same papers."""
        shown = {one.paper.id: one.interest for digest in self._digests for one in digest.papers}
        idle = [n for n in sorted(among) if self._profile.interests[n].phrase not in shown.values()]
        parts = (self._profile.like, "liked papers"), (self._profile.about, "words of `about`")
        others = " or ".join(name for part, name in parts if part)
        without = self._backtest([_without(self._profile, n) for n in idle]) if shown and idle else {}
        for position in idle if without else ():
            digests = without[_without(self._profile, position).id]
            lost = shown.keys() - {one.paper.id for digest in digests for one in digest.papers}
            if len(lost) <= SAME * len(shown):
                loc, phrase, having = list(self._interests())[position]
                having &= self._candidates
                of_others = Counter(shown[one.id] for one in self._members(having) if one.id in shown)
                yield findings.never_decides(
                    loc, phrase, having.bit_count(), of_others, others, len(shown), len(lost)
                )

    def _how_many(self) -> Iterator[Advice]:
        """Whether the threshold lets through too many papers or too few."""
        profile, digests = self._profile, len(self.usual_digests)
        if digests < LEAST_DIGESTS:
            return
        full = sum(len(digest.papers) >= profile.limit for digest in self.usual_digests)
        quiet = sum(not digest.papers for digest in self.usual_digests)
        new = self._new(self._candidates)
        reaching = [one for one in new if reaches(profile_threshold(profile), one)]
        each = {match: sum(one.fit >= LEAST_FIT[match] for one in new) / digests for match in Match}
        numbers = {"digests": digests, "full": full, "quiet": quiet, "reaching": len(reaching) / digests}
        numbers |= {str(match): number for match, number in each.items()}
        rounded = {name: round(number, 1) for name, number in numbers.items()}
        if full >= FULL * digests and len(reaching) >= PER_PLACE * profile.limit * digests:
            loc, change = self._fewer(reaching, each[Match.STRONG])
            found = f"{full} of {digests} digests are full: for the {profile.limit} places of each, about "
            what = f"{found}{len(reaching) / digests:.0f} papers reach the threshold; {change}"
            yield Advice(Kind.TOO_MANY, loc, what, rounded)
        elif quiet >= QUIET * digests:
            loc, change, left_out = self._more(each, digests)
            what = f"{quiet} of {digests} digests are empty; {change}"
            yield Advice(Kind.TOO_FEW, loc, what, rounded | left_out)

    def _fewer(self, reaching: Sequence[RankedPaper], strong: float) -> tuple[Loc, str]:
        """`strong`: number of strong matches for each digest."""
        profile = self._profile
        if profile.threshold is not Match.STRONG and strong <= PER_PLACE * profile.limit:
            return ("threshold",), f"`threshold: strong` would leave about {strong:.0f}"
        interests = Counter(one.interest for one in reaching if one.interest)
        if not interests:
            return ("limit",), "raise `limit`, or write interests that say what matters most"
        (widest, number), places = interests.most_common(1)[0], {p: loc for loc, p, _ in self._interests()}
        share = f"{number / len(reaching):.0%}"
        return places[
            widest
        ], f"write '{widest}', to which {share} of them belong, more narrowly, or raise `limit`"

    def _more(self, each: dict[Match, float], digests: int) -> tuple[Loc, str, dict[str, float]]:
        """What leaves most good matches out first, each with the change to make; and how many each leaves out.

        `each`: number of papers for each digest that are so good or better.
        """
        profile = replace(self._profile, window=PERIOD_DAYS)
        everything = self._all_candidates.of(replace(profile, categories=(), mute=Mute()))
        below = [one for one in self._good(everything) if not reaches(profile_threshold(profile), one)]
        outside, muted = (
            [one.paper for one in self._good(everything & ~self._all_candidates.of(other))]
            for other in (replace(profile, mute=Mute()), replace(profile, categories=()))
        )
        levels, threshold = list(Match), profile.threshold
        lower = levels[levels.index(threshold) + 1 :] if isinstance(threshold, Match) else levels
        match = next((match for match in lower if each[match] >= 1), None)
        effect = f"would have about {each[match]:.1f} papers for each" if match else "would let them through"
        change = f"`threshold: {match or Match.GOOD}` {effect}"
        changes: list[tuple[int, Loc, str]] = []
        if 2 * len(below) >= digests:
            found = f"{_good_matches(below)} below your threshold"
            changes.append((len(below), ("threshold",), f"{found}: {change}"))
        elif match:
            changes.append((0, ("threshold",), change))
        if 2 * len(outside) >= digests and (names := findings.listed_categories(outside, LEAST_EVIDENCE)):
            found = f"{_good_matches(outside)} outside your categories"
            changes.append((len(outside), ("categories",), f"{found}: add {names}"))
        if 2 * len(muted) >= digests:
            hidden, loc, name = self._most_muting(muted)
            found = f"{_good_matches(muted)} muted, {hidden:,} of them by {quote(name)}"
            changes.append((len(muted), loc, f"{found}: mute something narrower"))
        if not changes:
            changes = [(0, ("interests",), "add interests, or other words for those that find little")]
        changes.sort(key=lambda change: -change[0])
        numbers: dict[str, float] = {"below": len(below), "outside": len(outside), "muted": len(muted)}
        return changes[0][1], "; ".join(text for _, _, text in changes), numbers

    def _good(self, papers: PaperSet) -> list[RankedPaper]:
        """Of some papers the good matches that are as new as the digests."""
        return [one for one in self._new(papers) if one.fit >= LEAST_FIT[Match.GOOD]]

    def _new(self, papers: PaperSet) -> list[RankedPaper]:
        """Of some papers those that are as new as the digests, best first."""
        order = self._model.rank(self._profile, papers).best_first()
        return [one for one in order if one.paper.first_seen > self._start]

    # --- By liked papers, authors and what is shown -----------------------------------------------------------

    @cached_property
    def _liked(self) -> list[Paper]:
        """The liked papers, as stored or else as a library has them."""
        return [paper for reference in self._profile.like if (paper := self._paper_of(reference)).title]

    def _paper_of(self, reference: Reference) -> Paper:
        if stored := self._corpus.references.get(reference.id or ""):
            return stored.paper
        title, abstract = reference.title, reference.abstract
        return Paper(id=reference.id or "", title=title, abstract=abstract, first_seen=self._corpus.now)

    def _hides_liked(self) -> Iterator[Advice]:
        for loc, name, alone in self._mutes():
            if hidden := [paper for paper in self._liked if mute_reason(alone, paper)]:
                yield findings.hides_liked(loc, hidden, len(self._liked), name)
        if hidden := [paper for paper in self._liked if self._is_outside(paper)]:
            yield findings.hides_liked(("categories",), hidden, len(self._liked))

    def _is_outside(self, paper: Paper) -> bool:
        """Whether the profile's categories leave out a paper."""
        profile = self._profile
        only = Profile(profile.id, categories=profile.categories, authors=profile.authors)
        excluded = exclusion_reason(only, replace(paper, withdrawn=False), History(), paper.first_seen)
        return excluded is not None and excluded.verdict is Verdict.CATEGORY

    def _spellings(self) -> Iterator[Advice]:
        authors = self._profile.authors
        names = AuthorIndex(self._papers if authors else ())
        for position, name in enumerate(authors):
            found = names.spellings(name)
            near = {} if found else names.near(name)
            if advice := findings.spellings(("authors", position), name, found, near, self._among):
                yield advice

    def _missing_terms(self) -> Iterator[Advice]:
        profile = self._profile
        shown = {
            one.paper.id: one.paper
            for digest in self._digests
            for one in digest.papers
            if one.fit >= LEAST_FIT[Match.STRONG] and not one.followed
        }
        found = missing_terms(
            self._liked,
            list(shown.values()),
            [interest.phrase for interest in profile.interests],
            [*self._model.terms(profile), *profile.mute.terms],
            lambda text: self._members(self._model.with_terms(text)),
            len(self._papers),
        )
        for term in found:
            yield findings.missing_term(term, len(self._liked), len(shown), self._among)

    def _members(self, papers: PaperSet) -> list[Paper]:
        return [paper for number, paper in enumerate(self._papers) if papers >> number & 1]
