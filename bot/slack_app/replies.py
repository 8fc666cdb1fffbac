"""What readers see in answer to a click or a command: texts and blocks. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bot.channels.slack.blocks import Block, section
from bot.channels.slack.menu import PaperPlace, plain
from bot.channels.slack.mrkdwn import bold, escape, escape_controls, escape_within, link, size
from bot.delivery.archive import SentPaper
from bot.digests.composer import Explanation
from bot.digests.model import Digest, ScoredPaper
from bot.feedback.learned import no_effect
from bot.feedback.model import Answer, AnswerKind
from bot.papers.model import Paper
from bot.papers.query import SearchPage, parse_query
from bot.presentation.dates import long_date
from bot.presentation.links import abstract_page
from bot.presentation.reasons import reason_text
from bot.profiles.model import Profile
from bot.ranking.model import Reason, match_of
from bot.slack_app.commands import HELP
from bot.text.plain import one_line, pluralize, quote

UNDO, TERM = "paperboy_undo", "paperboy_term"  #: action_ids
#: Characters of a section's text, and of all reasons of a paper: a message may have about 9,000.
_SECTION, _REASONS = 2_900, 6_000
_TITLE, _URL, _NAME, _TERM = 150, 120, 80, 100
_TERMS_SHOWN = 5
_PEOPLE_SHOWN = 3
ANSWERS_SHOWN = 20
_CODE = re.compile(r"(?<!\S)(`[^`\s][^`]*`)(?=[\s.,:;]|$)")
#: How answers are worded, before their subject or their paper.
_WORDING = {
    AnswerKind.MORE: "more like",
    AnswerKind.LESS: "less like",
    AnswerKind.FOLLOW: "follow",
    AnswerKind.MUTE: "mute",
    AnswerKind.NOT_BECAUSE: "not because of",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A message that only one person sees."""

    text: str  #: mrkdwn, also for screen readers, which skip blocks
    blocks: tuple[Block, ...] = ()  #: instead of the text, if there are any
    replaces: bool = False  #: the message with the button that was clicked


def note(text: str, *, replaces: bool = False) -> Reply:
    """A reply of plain text, in one or more lines; what is between backticks is shown as code."""
    return Reply("\n".join(map(_with_code, text.splitlines())), (), replaces)


def _with_code(line: str) -> str:
    parts = _CODE.split(line)
    return "".join(escape_controls(part) if n % 2 else escape(part) for n, part in enumerate(parts))


def help_for(text: str) -> Reply:
    """All commands; `text`, if it is not empty or `help`, is what was not understood."""
    word = text.partition(" ")[0]
    unknown = (
        f"There is no command {escape(quote(word))}. There are:\n" if word.lower() not in ("", "help") else ""
    )
    return Reply(f"{unknown}{HELP}")


def button(text: str, action_id: str, value: str, **more: Any) -> Block:
    return {"type": "button", "text": plain(text), "action_id": action_id, "value": value, **more}


def answer_text(answer: Answer, papers: Mapping[str, Paper]) -> str:
    """`more like “Title”`, `follow Ada Example`, `not because of *models* for _world models_`, as mrkdwn."""
    what = _WORDING.get(answer.kind, str(answer.kind))
    if not answer.subject:
        return f"{what} {_title(papers.get(answer.paper), answer.paper)}"
    subject = bold(answer.subject, _TERM)
    return f"{what} {subject}" + (f" for {escape_within(answer.interest, _TERM)}" if answer.interest else "")


def _title(paper: Paper | None, id_: str = "") -> str:
    """A quoted title with its link; the id of a paper that is not stored."""
    if paper is None:
        return escape_within(id_, _TITLE)
    url, title = abstract_page(paper), one_line(paper.title) or "Untitled"
    return f"“{link(url, title, _TITLE, _URL) if url else escape_within(title, _TITLE)}”"


def person(who: str, reader: str) -> str:
    """`you`, `<@U0BO>`, or an address or a name, as mrkdwn. `who`: as answers name them, as `reader`."""
    via, _, name = who.partition(":")
    if who == reader:
        return "you"
    return f"<@{name}>" if via == "slack" and name.isalnum() else escape_within(name, _NAME)


def undo_button(answer: Answer, text: str = "Undo") -> Block:
    """Its value names the profile and the answer, a line each."""
    return button(text, UNDO, f"{answer.profile}\n{answer.action}")


def answered(
    answer: Answer, papers: Mapping[str, Paper], why: str, *, is_new: bool, replaces: bool = False
) -> Reply:
    """An answer was recorded, or was in effect already. `why`: as `no_effect`."""
    start = "Noted" if is_new else "Already noted"
    text = f"{start} for {bold(answer.profile, _NAME)}: {answer_text(answer, papers)}."
    if why:
        text += f" But the profile's file {escape(why)}: this has no effect until the file is changed."
    elif is_new:
        text += " It counts from the next digest on."
    return Reply(text, (section(text, accessory=undo_button(answer)),), replaces)


def taken_back(answer: Answer, papers: Mapping[str, Paper], reader: str) -> Reply:
    """Also whose it was, if it was another person's."""
    whose = f" (from {person(answer.who, reader)})" if answer.who != reader else ""
    text = f"Taken back for {bold(answer.profile, _NAME)}: {answer_text(answer, papers)}{whose}."
    return Reply(text, (), True)


def choose_term(place: PaperPlace, paper: Paper, terms: Sequence[str]) -> Reply:
    """A button for each of the first terms; its value is the term's number, from 0."""
    text = f"{_title(paper)}: which term must not count?"
    buttons = [button(term, f"{TERM}:{n}", str(n)) for n, term in enumerate(terms[:_TERMS_SHOWN])]
    return Reply(text, (section(text), {"type": "actions", "block_id": str(place), "elements": buttons}))


# --- Why ----------------------------------------------------------------------------------------------------


def why_in_digest(digest: Digest, rank: int) -> Reply:
    """The place of a paper in a stored digest, and every reason."""
    where = f"number {rank} of {len(digest.papers)} in the digest of {long_date(digest.on)}"
    return _why(digest.papers[rank - 1], f"{where} for {bold(digest.profile, _NAME)}")


def why_not(profile: str, paper: str, explanation: Explanation) -> Reply:
    """How a paper ranks now, and why it is or is not sent. `paper`: as it was asked for."""
    verdict = f"{bold(str(explanation.decision.verdict), _NAME)}: {escape(explanation.decision.why)}"
    scored = explanation.scored
    if scored is None:
        return Reply(f"{escape_within(paper, _TITLE)} for {bold(profile, _NAME)}: {verdict}")
    rank, of = explanation.rank, explanation.candidates
    where = f"number {rank} of {of} candidates" if rank else f"not among {of} candidates"
    where = where if of else "no candidates"
    return _why(scored, f"{where} now for {bold(profile, _NAME)}", verdict)


def _why(scored: ScoredPaper, where: str, verdict: str = "") -> Reply:
    match, relevance = match_of(scored.fit), f"{scored.relevance:.1f} % of the last 90 days' papers"
    fit = f"*{match} match*" if match else "no match"
    lines = [
        f"{_title(scored.paper)}\n{where}",
        f"{fit} (fit {scored.fit:.2f})"
        + (f" for {bold(one_line(scored.interest), _TERM)}" if scored.interest else "")
        + (f", score {scored.score:.3f}: higher than {relevance}" if scored.relevance > 0 else ""),
        *([verdict] if verdict else []),
    ]
    top = "\n".join(lines)
    return Reply(top, (section(top), *map(section, _in_sections(_reasons(scored.reasons)))))


def _reasons(reasons: Sequence[Reason]) -> Iterator[str]:
    """A line for each, and one for those that do not fit."""
    left = _REASONS
    for number, reason in enumerate(reasons):
        text = reason_text(reason.term, reason.is_term)
        mark = " (from an answer)" if reason.answered and not text.endswith("as you asked") else ""
        line = f"{reason.weight:+.3f}  {escape_within(text, _TERM)}{mark}"
        left -= size(line) + 1
        if left < 0:
            rest = reasons[number:]
            yield f"{sum(reason.weight for reason in rest):+.3f}  {len(rest)} more"
            return
        yield line


def _in_sections(lines: Iterable[str]) -> Iterator[str]:
    text = ""
    for line in lines:
        if text and size(text) + size(line) >= _SECTION:
            yield text
            text = ""
        text = f"{text}\n{line}" if text else line
    if text:
        yield text


# --- Lists --------------------------------------------------------------------------------------------------


class SameAnswers(NamedTuple):
    """What one or more people have said alike for a profile."""

    answers: tuple[Answer, ...]  #: the reader's own first, then the newest first
    no_effect: str  #: what the profile's file does, so that it has none; else empty

    def people(self, reader: str) -> str:
        """`you, <@U0BO> and 2 more`"""
        names = [person(one.who, reader) for one in self.answers]
        more = len(names) - _PEOPLE_SHOWN
        return f"{', '.join(names[:_PEOPLE_SHOWN])}{f' and {more} more' if more > 0 else ''}"


def same_answers(answers: Iterable[Answer], profiles: Iterable[Profile], reader: str) -> list[SameAnswers]:
    """Answers in effect for profiles, together where people say the same; the newest first."""
    by_id = {profile.id: profile for profile in profiles}
    groups: defaultdict[tuple[object, ...], list[Answer]] = defaultdict(list)
    for answer in sorted(answers, key=lambda one: one.at, reverse=True):
        groups[answer.profile, answer.kind, answer.topic[1:]].append(answer)
    ordered = (tuple(sorted(group, key=lambda one: one.who != reader)) for group in groups.values())
    return [SameAnswers(group, no_effect(by_id[group[0].profile], group[0])) for group in ordered]


def learned_blocks(rows: Sequence[SameAnswers], papers: Mapping[str, Paper], reader: str) -> Iterator[Block]:
    """What was said, the people who said it and when last, with a button to undo the first of the answers."""
    for row in rows[:ANSWERS_SHOWN]:
        first, day = row.answers[0], max(one.at for one in row.answers)
        text = f"{bold(first.profile, _NAME)}: {answer_text(first, papers)}"
        text += f" ({row.people(reader)}, {day:%Y-%m-%d})"
        text += f"; no effect: the file {escape(row.no_effect)}" if row.no_effect else ""
        undo = "Undo" if len(row.answers) == 1 else "Undo yours" if first.who == reader else "Undo the first"
        yield section(text, accessory=undo_button(first, undo))


def learned(profile: str, rows: Sequence[SameAnswers], papers: Mapping[str, Paper], reader: str) -> Reply:
    """What was learned for a profile. `papers`: by id, for the titles of the rows that are shown."""
    name = bold(profile, _NAME)
    if not rows:
        return Reply(f"Nothing was learned for {name} yet: answer with the ⋯ menu of a paper.")
    text = f"What was learned for {name} from {pluralize(sum(len(row.answers) for row in rows), 'answer')}"
    text += f", the newest {ANSWERS_SHOWN}:" if len(rows) > ANSWERS_SHOWN else ":"
    return Reply(text, (section(text), *learned_blocks(rows, papers, reader)))


def found(query: str, page: SearchPage, sent: Mapping[str, Sequence[SentPaper]]) -> Reply:
    """`sent`: when which papers were sent to the reader's profiles, newest first."""
    if not page.papers:
        problem = (
            "No stored paper has" if parse_query(query).groups else "There are no words to search for in"
        )
        return Reply(f"{problem} {escape_within(query, _TITLE)}.")
    lines = [f"• {_title(paper)} ({_when(paper.id, sent.get(paper.id, ()))})" for paper in page.papers]
    lines += ["and more: add words"] if page.more else []
    return Reply("\n".join(lines), tuple(map(section, _in_sections(lines))))


def _when(id_: str, sent: Sequence[SentPaper]) -> str:
    """`arxiv:2605.00101, sent for *ada* on 2026-05-04`"""
    text = escape_within(id_, _NAME)
    return f"{text}, sent for {bold(sent[0].profile, _NAME)} on {sent[0].on}" if sent else text
