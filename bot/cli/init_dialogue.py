"""The four questions of `init`. Each answer is validated when it is given, and asked for again with the message."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import chain, count
from textwrap import indent
from typing import TYPE_CHECKING, TypeVar

import typer

from bot.cli.init_papers import PaperSources

if TYPE_CHECKING:
    from bot.profiles.model import ChannelName
    from bot.profiles.wizard import Draft

T = TypeVar("T")

EXAMPLE_INTERESTS = "world models, reward modelling"
NONE = "none"
_LIKED_LISTED = 5
_BY = "by "  #: before the name of an author, which could be a phrase
_SLACK = re.compile(r"#.*|https?://.*|[CGDU][A-Z0-9]{2,}")


def ask(draft: Draft, name: str, papers: PaperSources, *, asks_when: bool) -> Draft:
    """The draft with answers to the questions that it leaves open."""
    has_categories = bool(draft.categories) and not draft.categories_comment
    if not (draft.has_interests and has_categories and draft.targets) or asks_when:
        typer.echo(f"A profile named {name}. Enter takes the answer in brackets; all can be changed later.")
    numbers = count(1)
    if draft.like:
        typer.echo("\nProposed from your papers:")
        _show_evidence(draft, papers)
    if not draft.has_interests:
        draft = _ask_interests(draft, papers, next(numbers))
    if not has_categories:  # proposed ones can be changed
        draft = _ask_categories(draft, papers, next(numbers))
    if not draft.targets:
        draft = replace(draft, targets=_ask_targets(name, next(numbers)))
    return _ask_when(draft, next(numbers)) if asks_when else draft


def _ask(question: str, explanation: str, default: str, parse: Callable[[str], T]) -> T:
    typer.echo(f"\n{question}\n  {explanation}")
    while True:
        answer = str(typer.prompt(" ", default=default, prompt_suffix="> ")).strip().strip('"')
        try:
            return parse(answer)
        except ValueError as error:
            typer.echo(indent(str(error), "  "))


def _ask_interests(draft: Draft, papers: PaperSources, number: int) -> Draft:
    from bot.profiles.library import is_library_name
    from bot.profiles.wizard import Item, parse_part

    def parse(answer: str) -> Draft:
        if answer.startswith(_BY) or is_library_name(answer):
            library = papers.library(answer.removeprefix(_BY).strip())
            return draft.with_proposals(papers.propose([library], draft.categories))
        items = tuple(Item(phrase.strip()) for phrase in answer.split(",") if phrase.strip())
        parse_part(interests=items)
        return replace(draft, interests=items)

    answered = _ask(
        f"{number}. What interests you? Phrases, separated by commas.",
        f"For example: {EXAMPLE_INTERESTS}\n"
        "  Or papers that you have read or written: library.bib (.ris, .json, .txt), or by Pulkit Agrawal",
        EXAMPLE_INTERESTS,
        parse,
    )
    _show_evidence(answered, papers)
    return answered


def _show_evidence(draft: Draft, papers: PaperSources) -> None:
    if draft.like:
        for item in draft.interests:
            typer.echo(f"  {item.text}: {item.comment}" if item.comment else f"  {item.text}")
        if not draft.interests:
            typer.echo(
                "  No interests: these papers have too little in common. Write some into the profile later."
            )
        more = len(draft.like) - _LIKED_LISTED
        liked = ", ".join(item.text for item in draft.like[:_LIKED_LISTED])
        typer.echo(f"  like: {liked}{f' and {more} more' if more > 0 else ''}")
    elif papers.sample:
        phrases = [item.text for item in draft.interests]
        for phrase, found in zip(phrases, papers.matches(phrases), strict=True):
            typer.echo(f"  {phrase}: in {len(found):,} of {len(papers.sample):,} stored papers")


def _ask_categories(draft: Draft, papers: PaperSources, number: int) -> Draft:
    from bot.evaluation.proposals import propose_categories
    from bot.profiles.wizard import parse_part

    def parse(answer: str) -> tuple[str, ...]:
        if answer.casefold() in ("", NONE):
            return ()
        try:  # some names have commas
            return parse_part(categories=(answer,)).categories
        except ValueError:
            parts = tuple(part.strip() for part in answer.split(",") if part.strip())
            return parse_part(categories=parts).categories

    proposed, comment = draft.categories, draft.categories_comment
    if not proposed and papers.sample:
        matches = papers.matches([item.text for item in draft.interests])
        found = {paper.id: paper for paper in chain.from_iterable(matches)}
        proposed, inside = propose_categories(paper.categories for paper in found.values())
        comment = f"{inside:,} of the {len(found):,} stored papers with your interests are in these"
    default = ", ".join(proposed) or NONE
    question = f"{number}. Which arXiv categories? Codes or names, separated by commas."
    explanation = "For example: cs.LG, Robotics, quant-ph"
    chosen = _ask(
        question,
        f"{explanation}\n  Proposed: {default} ({comment})" if proposed else explanation,
        default,
        parse,
    )
    if not chosen:
        typer.echo(
            "  Without categories arXiv is not asked for papers of yours: you get those of the Hugging Face daily\n"
            "  papers, and what other profiles here ask for."
        )
        chosen = _ask(f"{question} Or {NONE} again.", explanation, NONE, parse)
    return replace(draft, categories=chosen, categories_comment=comment if chosen == proposed else "")


def _ask_targets(name: str, number: int) -> tuple[tuple[ChannelName, str], ...]:
    from bot.profiles.model import ChannelName
    from bot.profiles.wizard import MAIL_PROGRAMS, parse_part

    def channel(target: str) -> ChannelName:
        if _SLACK.fullmatch(target):
            return ChannelName.SLACK
        return ChannelName.EMAIL if "@" in target else ChannelName.MAILDIR

    def parse(answer: str) -> tuple[tuple[ChannelName, str], ...]:
        parts = dict.fromkeys(part.strip() for part in answer.split(",") if part.strip())
        return parse_part(targets=tuple((channel(part), part) for part in parts)).targets

    targets = _ask(
        f"{number}. Where should the digests go? A Slack channel, a mail address, or a Maildir: a folder of mails\n"
        f"  on this machine that {MAIL_PROGRAMS} can open. Several are separated by commas.",
        f"For example: #papers, C0PAPERS, ada@example.org, {name} (a Maildir needs no account)",
        name,
        parse,
    )
    kinds = {
        ChannelName.SLACK: "a Slack channel",
        ChannelName.EMAIL: "a mail address",
        ChannelName.MAILDIR: "a Maildir, a folder on this machine",
    }
    for kind, target in targets:
        typer.echo(f"  {target}: {kinds[kind]}")
    return targets


def _ask_when(draft: Draft, number: int) -> Draft:
    from bot.profiles.model import ANNOUNCEMENT
    from bot.profiles.times import zone_of_city
    from bot.profiles.wizard import parse_part

    def parse(answer: str) -> Draft:
        first, _, rest = answer.partition(" ")
        is_time = first[:1].isdigit() or first == ANNOUNCEMENT
        at, zone = (first, rest.strip()) if is_time else ("", answer)
        zone = zone_of_city(zone) or zone
        when = parse_part(at=at or draft.at, timezone=zone or draft.timezone)
        return replace(draft, at=when.at, timezone=when.timezone)

    return _ask(
        f"{number}. When, and in which time zone?",
        "For example: 07:30 Asia/Tokyo\n  Or with arXiv's announcements: announcement Asia/Tokyo",
        f"{draft.at} {draft.timezone}",
        parse,
    )
