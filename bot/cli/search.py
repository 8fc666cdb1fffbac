"""The command that searches the stored papers."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.common import AsJson, cli, open_app, print_json, the_profiles
from bot.clock import utc_now
from bot.errors import UserError


@cli.command(
    # `-survey` is a word of the query: no option has a single letter.
    context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]},
)
def search(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="QUERY...",
            help="Words, '\"a phrase\"', author:hinton, cat:cs.LG, transfor*, -survey, OR, an id; "
            "docs/running.md has all.",
        ),
    ],
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most papers.")] = 10,
    newest: Annotated[
        bool, typer.Option("--newest", help="The newest first, not the most relevant.")
    ] = False,
    profile: Annotated[
        str | None,
        typer.Option(metavar="PROFILE", help="Say only when the papers were sent to this profile."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Search all stored papers, and say when each was sent, and for which profile."""
    from bot.cli.output import documents
    from bot.papers.query import Order, parse_query
    from bot.profiles.load import load_profiles

    if mistyped := [word for word in words if word.startswith("--")]:
        raise UserError(f"no such option: {mistyped[0]}")
    app = open_app()
    settings = app.settings
    if profile:
        profiles, _ = the_profiles(settings, [profile], keep=True)
    else:
        loaded = load_profiles([settings.profiles], settings.profile_cache)
        profiles = [*loaded.profiles, *loaded.kept]
    query = " ".join(words)
    found = app.search.search(parse_query(query), limit, order=Order.NEWEST if newest else Order.RELEVANCE)
    ids = [one.id for one in app.with_answers(profiles, utc_now())]
    sent = app.archive.sent([paper.id for paper in found.papers], ids)
    if as_json:
        print_json(documents.search(query, found, sent))
    else:
        from bot.cli.output.tables import search_lines
        from bot.presentation.console import page

        page().print(search_lines(query, found, sent), crop=False)
    app.close()
