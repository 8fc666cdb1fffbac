"""Commands that show what would be sent, and why: preview and explain."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import (
    CHANGE_SOMETHING,
    DONE,
    AsJson,
    Names,
    When,
    cli,
    note_pauses,
    open_app,
    print_json,
    profile_path,
    the_profiles,
)
from bot.cli.effect import watch
from bot.clock import parse_when
from bot.errors import UserError

if TYPE_CHECKING:
    from bot.bootstrap.app import App
    from bot.digests.model import Digest


class Format(StrEnum):
    TERMINAL = "terminal"
    HTML = "html"
    TEXT = "text"
    SLACK = "slack"


@cli.command()
def preview(
    names: Names = None,
    everything: Annotated[
        bool,
        typer.Option(
            "--all",
            help="With a PROFILE: every match, regardless of threshold and limit. Without: all profiles.",
        ),
    ] = False,
    on: When = None,
    format_: Annotated[Format, typer.Option("--format", help="The output format.")] = Format.TERMINAL,
    limit: Annotated[int | None, typer.Option(min=1, help="The most papers to show.")] = None,
    follow: Annotated[
        bool, typer.Option("--watch", help="Show what changes in the digest of one PROFILE at every save.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what would be sent; store and send nothing."""
    from bot.cli.output import documents

    moment = parse_when(on)
    app = open_app()
    every_match = everything and bool(names)
    if follow:
        if not names or len(names) > 1 or as_json or format_ is not Format.TERMINAL:
            raise UserError(
                "--watch shows one PROFILE on the terminal: give its name, no --json and no --format"
            )
        path = profile_path(app.settings, names[0])
        watch(
            path,
            lambda profile: app.previewer.previews(
                app.with_answers([replace(profile, was="")], moment.instant),
                moment,
                everything=every_match,
                limit=limit,
                of_day=True,
            )[0],
        )
        app.close()
        raise typer.Exit(DONE)
    profiles, sound = the_profiles(app.settings, names, keep=True)
    profiles = app.with_answers(profiles, moment.instant)
    composed = app.previewer.previews(profiles, moment, everything=every_match, limit=limit)
    note_pauses(profiles, moment)
    if as_json:
        print_json(documents.preview(composed, moment.instant))
    else:
        for digest in composed:
            _show(app, digest, format_)
    app.close()
    raise typer.Exit(DONE if sound else CHANGE_SOMETHING)


@cli.command()
def explain(
    name: Annotated[str, typer.Argument(metavar="PROFILE")],
    paper: Annotated[str, typer.Argument(metavar="PAPER", help="An id, a link, a title, or part of one.")],
    on: When = None,
    as_json: AsJson = False,
) -> None:
    """Show a paper's score term by term, its rank, and why it was or was not sent."""
    from bot.cli.output import documents, tables
    from bot.papers.find import find_paper
    from bot.presentation.console import console
    from bot.profiles.without import excluded_terms

    if not paper.strip():
        raise UserError("PAPER is empty: give an id, a link or a title")
    moment = parse_when(on)
    app = open_app()
    (profile,), sound = the_profiles(app.settings, [name], keep=True)
    (taught,) = app.with_answers([profile], moment.instant)
    found = app.previewer.explain(taught, find_paper(app.papers, paper), moment)
    note_pauses([profile], moment)
    text = f"{found.paper.title}\n{found.paper.abstract}" if found.paper else ""
    terms = excluded_terms(profile, taught, text)
    if as_json:
        print_json(documents.explain(profile.id, paper, found, moment.instant, terms))
    else:
        console().print(tables.explanation_table(profile.id, paper, found, terms))
    app.close()
    raise typer.Exit(DONE if sound else CHANGE_SOMETHING)


def _show(app: App, digest: Digest, format_: Format) -> None:
    from bot.digests.wording import left_out_text, outside_reason
    from bot.presentation import digest_view
    from bot.presentation.console import page
    from bot.presentation.terminal import show
    from bot.profiles.model import ChannelName

    slack = app.channels[ChannelName.SLACK]
    shown: dict[Format, Callable[[], str]] = {
        Format.HTML: lambda: app.templates.html(digest_view.digest_view(digest)),
        Format.TEXT: lambda: app.templates.text(digest_view.digest_view(digest)),
        Format.SLACK: lambda: "\n".join(
            part.payload.decode() for part in slack.render(digest, "preview", "preview")
        ),
    }
    if format_ is Format.TERMINAL:
        show(digest)
        lines = [left_out_text(digest.left_out)]
        if digest.best_outside and (outside := outside_reason(digest)) not in digest.why:
            lines.append(outside)
        if text := "\n".join(filter(None, lines)):
            page().print(f"{text}\n", style="dim")
    else:
        sys.stdout.write(f"{shown[format_]()}\n")
