"""The text of `paperboy answer` and `paperboy learned`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot.cli.output.effect import changed_list
from bot.digests.model import Digest
from bot.feedback.learned import Learned, no_effect
from bot.feedback.model import Answer, AnswerKind
from bot.feedback.service import Recorded
from bot.papers.model import Paper
from bot.presentation.dates import long_date, short_date
from bot.profiles.model import Profile
from bot.text.plain import pluralize

_ABOUT = "`about`"
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def answer_line(recorded: Recorded, paper: Paper, why: str, *, undo: bool) -> str:
    """What was recorded, or that it was so already. `why`: as `no_effect`."""
    answer = recorded.answer
    what = _in_words(answer, paper.title)
    if undo:
        return f"Taken back for {answer.profile}: {what}."
    if recorded.is_new:
        line = f"Recorded for {answer.profile}: {what}."
    else:
        line = f"Nothing new: {what}, as answered for {answer.profile} on {long_date(answer.at.date())}."
    if why:
        return f"{line} But the profile's file {why}: this has no effect until the file is changed."
    return f"{line} `paperboy learned {answer.profile}` shows what follows."


def _in_words(answer: Answer, title: str) -> str:
    if answer.kind is AnswerKind.NOT_BECAUSE:
        return _without(answer.interest, answer.subject)
    return f"{answer.kind} {answer.subject}" if answer.subject else f"{answer.kind} like “{title}”"


def _without(interest: str, term: str) -> str:
    return f"“{term}” does not count for {f'“{interest}”' if interest else _ABOUT}"


def learned_screen(
    profile: Profile,
    answers: Sequence[Answer],
    new: Learned,
    effect: tuple[Digest, Digest] | None,
    titles: Mapping[str, str],
) -> RenderableType:
    """Answers, what the profile's file does not have of them, and the last digest without and with that."""
    if not answers:
        return Text(f"Nobody has answered for {profile.id} yet: paperboy answer {profile.id} PAPER more")
    given = Table("day", "who", box=None, header_style="dim", pad_edge=False, expand=True)
    given.add_column("answer", ratio=1)
    given.add_column("paper", ratio=1, no_wrap=True, overflow="ellipsis")
    for one in answers:
        what = one.what if one.kind is not AnswerKind.NOT_BECAUSE else _without(one.interest, one.subject)
        if why := no_effect(profile, one):
            what = f"{what} (no effect: the file {why})"
        given.add_row(short_date(one.at.date()), one.who, what, titles.get(one.paper, one.paper))
    parts: list[RenderableType] = [
        Text.assemble((profile.id, "bold"), f": {pluralize(len(answers), 'answer')}"),
        given,
        Text(),
    ]
    if not new:
        return Group(*parts, Text("The profile's file has all that follows from them."))
    added = Table(box=None, show_header=False, pad_edge=False)
    for key, text in _additions(new, titles):
        added.add_row(key, Text(text))
    parts += [Text("They add to the profile"), added, Text()]
    if effect:
        before, after = effect
        parts += [changed_list(f"The digest of {long_date(after.on)}", before, after), Text()]
    return Group(
        *parts, Text(f"`paperboy learned {profile.id} --write` adds this to the profile's file.", "dim")
    )


def _additions(new: Learned, titles: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for key, ids in (("like", new.likes), ("dislike", new.dislikes)):
        yield from ((key, " ".join(filter(None, (id_, titles.get(id_))))) for id_ in ids)
    yield from (("authors", name) for name in new.follow)
    yield from (("mute", name) for name in new.mute)
    yield from (("without", _without(interest, term)) for interest, term in new.without)


def difference(path: Path, before: str, after: str) -> Text:
    """A unified diff of two versions of a file."""
    names = (str(path), f"{path} with answers")
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm="", n=1)
    return Text("\n").join(Text(line, _STYLES.get(line[:1], "")) for line in lines)
