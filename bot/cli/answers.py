"""Commands for answers: answer, and learned, which shows what follows from them and writes it into the profile."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from bot.cli.common import (
    CHANGE_SOMETHING,
    DONE,
    AsJson,
    When,
    cli,
    effective_profile,
    open_app,
    print_json,
    profile_path,
    the_profiles,
)
from bot.clock import Moment, parse_when
from bot.errors import UserError

if TYPE_CHECKING:
    from bot.bootstrap.app import App
    from bot.digests.model import Digest
    from bot.feedback.learned import Learned
    from bot.feedback.model import Answer, AnswerKind
    from bot.papers.model import Paper
    from bot.profiles.model import Profile


class What(StrEnum):
    """What can be answered, as it is typed."""

    MORE = "more"
    LESS = "less"
    FOLLOW = "follow"
    MUTE = "mute"
    NOT_BECAUSE = "not-because"


@cli.command()
def answer(
    name: Annotated[str, typer.Argument(metavar="PROFILE")],
    paper: Annotated[str, typer.Argument(metavar="PAPER", help="An id, a link, a title, or part of one.")],
    what: Annotated[
        What,
        typer.Argument(metavar="WHAT", help="more, less, follow AUTHOR, mute AUTHOR or not-because TERM."),
    ],
    subject: Annotated[str, typer.Argument(metavar="[AUTHOR|TERM]", help="Who or what it is about.")] = "",
    interest: Annotated[
        str,
        typer.Option(
            metavar="PHRASE",
            help="With not-because: the interest that the term does not count for, or about; the one that found the "
            "paper by default.",
        ),
    ] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Take back what you have answered.")] = False,
    on: When = None,
    as_json: AsJson = False,
) -> None:
    """Answer a paper of a profile: more or less like it, follow or mute an author, or a term does not count."""
    from bot.cli.output import documents
    from bot.cli.output.learned import answer_line
    from bot.feedback.learned import no_effect
    from bot.feedback.model import AnswerKind, Via
    from bot.papers.find import find_paper

    moment = parse_when(on)
    app = open_app()
    (profile,), sound = the_profiles(app.settings, [name], keep=True)
    app.with_answers([profile], moment.instant)  # moves what was answered under a former name
    found = find_paper(app.papers, paper)
    if found is None:
        raise UserError(f"no stored paper has the id or the title {paper!r}")
    kind = AnswerKind.NOT_BECAUSE if what is What.NOT_BECAUSE else AnswerKind(what)
    who, action = f"command:{_user()}", f"command:{uuid4().hex}"
    if undo:
        given = _given(app, profile, who, found, kind, subject)
        recorded = app.feedback.undo(given, who, moment.instant, Via.COMMAND, action=action)
    else:
        if kind in (AnswerKind.FOLLOW, AnswerKind.MUTE):
            subject = _author(found, subject)
        elif kind is AnswerKind.NOT_BECAUSE:
            interest = _interest(app, profile, found, subject, interest, moment)
        recorded = app.feedback.answer(
            profile.id,
            who,
            kind,
            found.id,
            moment.instant,
            Via.COMMAND,
            action=action,
            subject=subject,
            interest=interest,
        )
    app.close()
    if as_json:
        print_json(documents.answer(recorded, undo=undo))
    else:
        typer.echo(answer_line(recorded, found, no_effect(profile, recorded.answer), undo=undo))
    raise typer.Exit(DONE if sound else CHANGE_SOMETHING)


def _user() -> str:
    """The name of the operating system's user; the number of one without a name, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _given(app: App, profile: Profile, who: str, paper: Paper, kind: AnswerKind, subject: str) -> Answer:
    """What a person has answered. Raises UserError if that is nothing, or about several authors or terms."""
    from bot.papers.names import same_person

    given = [
        one
        for one in app.feedback.current(profile.id)
        if (one.who, one.paper, one.kind) == (who, paper.id, kind)
        and (not subject or same_person(one.subject, subject))  # of a term: the same but for case
    ]
    if not given:
        raise UserError(f"there is nothing to take back: {who} has not answered so for {profile.id}")
    if len(given) > 1:
        raise UserError(f"say which one to take back: {', '.join(one.subject for one in given)}")
    return given[0]


def _author(paper: Paper, name: str) -> str:
    """The author of a paper that a name means, by the longer spelling. Raises UserError if it means none."""
    from bot.papers.names import same_person

    for author in paper.authors:
        if name and same_person(author, name):
            return max(author, name, key=len)
    raise UserError(f"name one of the paper's authors: {', '.join(paper.authors) or 'none is known'}")


def _interest(app: App, profile: Profile, paper: Paper, term: str, interest: str, moment: Moment) -> str:
    """The interest of a profile for which a term of a paper shall not count; empty for `about`.

    Raises UserError if the term counts for none, or not for `interest`, or is all of it.
    """
    from bot.profiles.without import (
        counts_for,
        covers,
        interest_with,
        no_interest,
        share_terms,
        whole_interest,
    )

    if not share_terms(f"{paper.title}\n{paper.abstract}", term):
        raise UserError(f"name a term of the paper's title or abstract, not {term!r}")
    if interest:
        texts = {one.phrase.casefold(): one.phrase for one in profile.interests}
        phrase = texts.get(interest.casefold())
        if phrase is None and not (interest == "about" and profile.about):
            raise UserError(f"{profile.id} has no interest {interest!r}; it has {', '.join(texts.values())}")
        if not counts_for(phrase or profile.about, term):
            raise UserError(f"{term!r} does not count for {interest!r}: no word of it is there")
        if phrase and covers(phrase, term):
            raise UserError(whole_interest(phrase, term))
        return phrase or ""
    found = interest_with(profile, term, _found_by(app, profile, paper, moment))
    if found is None:
        raise UserError(no_interest(profile, term))
    return found


def _found_by(app: App, profile: Profile, paper: Paper, moment: Moment) -> str:
    """The interest that a paper belongs to: in the newest digest that had it, or else in the day's ranking."""
    for sent in app.archive.sent([paper.id], [profile.id]).get(paper.id, ()):
        archived = app.archive.digest(sent.edition)
        for scored in archived.digest.papers if archived else ():
            if scored.paper.id == paper.id:
                return scored.interest
    explained = app.previewer.explain(profile, paper, moment).scored
    return explained.interest if explained else ""


@cli.command()
def learned(
    name: Annotated[str, typer.Argument(metavar="PROFILE")],
    write: Annotated[
        bool,
        typer.Option(
            "--write", help="Add what was learned to the profile's file, after showing the difference."
        ),
    ] = False,
    on: When = None,
    as_json: AsJson = False,
) -> None:
    """Show a profile's answers, what follows from them, and what that changes in its last digest."""
    from bot.cli.output import documents
    from bot.feedback.learned import learn, new_to, with_learned

    moment = parse_when(on)
    app = open_app()
    path = profile_path(app.settings, name)
    (profile,), sound = the_profiles(app.settings, [name], keep=True)
    app.with_answers([profile], moment.instant)
    answers = app.feedback.current(profile.id, moment.instant)
    new = new_to(profile, learn(answers))
    titles = {id_: one.title for id_, one in app.papers.by_keys(one.paper for one in answers).items()}
    effect = _effect(app, profile, with_learned(profile, new)) if new else None
    if as_json:
        print_json(documents.learned(profile.id, answers, new, effect))
    else:
        from bot.cli.output.learned import learned_screen
        from bot.presentation.console import console

        out = console()
        out.print(
            learned_screen(profile, answers, new, effect, titles), width=None if out.is_terminal else 100
        )
    if write:
        _write(app, path, new, titles, moment, as_json=as_json)
    app.close()
    raise typer.Exit(DONE if sound else CHANGE_SOMETHING)


def _effect(app: App, profile: Profile, taught: Profile) -> tuple[Digest, Digest] | None:
    """The newest digest with papers as it would have been without and with what was learned; None without one."""
    newest = app.archive.newest(profile.id)
    if newest is None:
        return None
    both = [replace(profile, id=f"{profile.id} without answers"), taught]
    day = Moment(newest.digest.made, newest.edition.on)
    before, after = app.previewer.previews(both, day, of_day=True)
    return before, after


def _write(
    app: App, path: Path, new: Learned, titles: Mapping[str, str], moment: Moment, *, as_json: bool
) -> None:
    """Add what was learned to a profile's file. Raises UserError, and then the file is as it was."""
    from bot.feedback.write import learned_file
    from bot.files import read_file, replace_file
    from bot.profiles.yaml_reader import MAX_BYTES

    effective_profile(path)  # the last valid version does not stand in for a file that is to be changed
    before = read_file(path, MAX_BYTES)
    after = learned_file(before, path, new, titles)
    if after == before:
        typer.echo(f"{path} has all of this: nothing was written.", err=as_json)
        return
    if not as_json:
        from bot.cli.output.learned import difference
        from bot.presentation.console import console

        console().print(difference(path, before.decode(), after.decode()), soft_wrap=True)
    written = app.profile_edits.add(
        path.stem,
        f"command:{_user()}",
        moment.instant,
        before.decode(),
        after.decode(),
        lambda: replace_file(path, before, after),
    )
    if not written:
        raise UserError(f"{path} was changed meanwhile: nothing was written; run this again")
    typer.echo(f"Written to {path}.", err=as_json)
