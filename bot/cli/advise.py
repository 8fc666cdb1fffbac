"""The command advise: what the stored papers say about a profile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import AsJson, When, cli, open_app, print_json, the_profiles
from bot.clock import Moment, parse_when
from bot.text.plain import pluralize

if TYPE_CHECKING:
    from bot.config.settings import Settings
    from bot.evaluation.advice import Report
    from bot.profiles.model import Profile
    from bot.profiles.yaml_reader import Loc


@cli.command()
def advise(
    name: Annotated[str, typer.Argument(metavar="PROFILE")],
    on: When = None,
    as_json: AsJson = False,
) -> None:
    """Show what the stored papers say about a profile: each finding with its line and the change to make."""
    from bot.cli.output import documents
    from bot.evaluation.advice import PERIOD_DAYS, versions
    from bot.evaluation.advice import advise as find_advice
    from bot.presentation.console import page

    moment = parse_when(on)
    app = open_app()
    (profile,), _ = the_profiles(app.settings, [name])
    # An archive that is no longer fed has last days, too.
    end = app.papers.newest(moment.instant) or moment.instant
    known = [replace(one, window=PERIOD_DAYS) for one in versions(profile)]
    report = find_advice(profile, *app.corpus_and_model(known, Moment(end)))
    app.close()
    placed = []
    for one in report.advice:
        line = _line(app.settings, profile, one.loc)
        placed.append((one, line, f"line {line}: {one.what}"))
    if as_json:
        print_json(documents.advice(profile.id, placed))
        return
    out = page()
    for _, _, what in placed:
        out.print(what)
    out.print(_summary(profile, report))


def _summary(profile: Profile, report: Report) -> str:
    """What to expect of the profile as it is."""
    from bot.evaluation.advice import LEAST_DAYS, LEAST_PAPERS

    if report.is_small:
        return (
            f"{pluralize(report.papers, 'paper')} of {pluralize(report.days, 'day')} are stored, too few for advice: "
            f"it needs {LEAST_PAPERS} papers of {LEAST_DAYS} days. `paperboy ingest` fetches more."
        )
    nothing = "" if report.advice else "Nothing to improve. "
    if not report.digests:
        return f"{nothing}No day of delivery had new papers."
    mean = report.shown / report.digests
    return (
        f"{nothing}Expect about {mean:.1f} papers a digest at `threshold: {profile.threshold}`: "
        f"{pluralize(report.quiet, 'digest')} of {report.digests} would have been empty."
    )


def _line(settings: Settings, profile: Profile, loc: Loc) -> int:
    """The line of a place in the profile's file."""
    from bot.files import read_file
    from bot.profiles.yaml_reader import MAX_BYTES, read_mapping

    path = next(settings.profiles.glob(f"{profile.id}.y*ml"))
    document, _ = read_mapping(read_file(path, MAX_BYTES), file=str(path))
    assert document  # the profile was read from it
    return document.key_place(loc)[0]
