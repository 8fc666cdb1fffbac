"""The command advise, and its short form in check: what the stored papers say about a profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.common import AsJson, When, cli, effective_profile, open_app, print_json, profile_path
from bot.clock import Moment, parse_when

if TYPE_CHECKING:
    from bot.config.settings import Settings
    from bot.evaluation.advice import Report
    from bot.profiles.include import EffectiveProfile
    from bot.profiles.model import Profile
    from bot.profiles.yaml_reader import Loc

#: With more profiles, check only says that there is advice.
MOST_IN_CHECK = 3
#: Stored papers that check counts phrases in: a sample if there are more.
MOST_COUNTED = 20_000


@cli.command()
def advise(
    name: Annotated[str, typer.Argument(metavar="PROFILE")],
    on: When = None,
    as_json: AsJson = False,
) -> None:
    """Show what the stored papers say about a profile: each finding with its line and the change to make."""
    from rich.padding import Padding
    from rich.text import Text

    from bot.cli.output import documents
    from bot.cli.output.progress import progress
    from bot.evaluation import advice
    from bot.presentation.console import page

    moment = parse_when(on)
    app = open_app()
    path = profile_path(app.settings, name)
    effective = effective_profile(path)
    (profile,) = app.with_answers([replace(effective.profile, was="")], moment.instant)
    # The last days of an archive that is not fed any more are days, too.
    end = Moment(app.papers.newest(moment.instant) or moment.instant)
    with progress("Comparing with the stored papers", None):
        corpus, model = app.corpus_and_model(advice.versions(profile), end)
        report = advice.advise(profile, corpus, model)
    app.close()
    placed = [(one, *_place(effective, path, one.loc)) for one in report.advice]
    if as_json:
        print_json(documents.advice(name, str(path), placed))
        return
    out = page()
    for one, file, line in placed:
        out.print(Text.assemble(f"{file}:{line}: ", (str(one.kind), "bold")), soft_wrap=True)
        out.print(Padding.indent(one.what, 2), "")
    out.print(_summary(profile, report))


def short_advice(settings: Settings, profiles: Sequence[Profile], folders: Sequence[Path]) -> Iterator[str]:
    """Lines for check about profiles without problems: what their phrases find, if there are papers to find."""
    if not profiles or not settings.has_database:
        return
    if len(profiles) <= MOST_IN_CHECK:
        from bot.bootstrap.app import App
        from bot.evaluation.advice import LEAST_PAPERS

        counts = App(settings).counts_if_ready(MOST_COUNTED)
        if len(counts) < LEAST_PAPERS:
            return
        yield from _by_counts(profiles, folders, counts)
    name = profiles[0].id if len(profiles) == 1 else "NAME"
    yield f"note: what the stored papers say about a profile: paperboy advise {name}"


def _by_counts(
    profiles: Sequence[Profile], folders: Sequence[Path], counts: Sequence[bytes]
) -> Iterator[str]:
    from bot.evaluation.advice import advise_by_counts
    from bot.profiles.load import profile_files

    paths = {path.stem: path for path in profile_files(folders)}
    for profile in profiles:
        if found := list(advise_by_counts(profile, counts)):
            effective = effective_profile(paths[profile.id])
            for one in found:
                file, line = _place(effective, paths[profile.id], one.loc)
                yield f"advice: {file}:{line}: {one.what}"


def _summary(profile: Profile, report: Report) -> str:
    """What to expect of the profile as it is."""
    from bot.evaluation.advice import LEAST_DAYS, LEAST_PAPERS
    from bot.text.plain import pluralize

    if not report.is_possible:
        return (
            f"No advice yet: {pluralize(report.papers, 'paper')} of {pluralize(report.days, 'day')} are stored, and "
            f"it needs {LEAST_PAPERS} papers of {LEAST_DAYS} days. `paperboy ingest` fetches papers."
        )
    start = "" if report.advice else "Nothing to improve. "
    if not report.digests:
        return f"{start}No new papers came on a day of delivery."
    number = "no paper" if not report.shown else f"about {report.shown / report.digests:.1f} papers"
    threshold = profile.threshold if isinstance(profile.threshold, str) else f"{profile.threshold:g}"
    return (
        f"{start}Expect {number} a digest at `threshold: {threshold}`; "
        f"{report.quiet} of the last {pluralize(report.digests, 'digest')} would have been empty."
    )


def _place(effective: EffectiveProfile, path: Path, loc: Loc) -> tuple[str, int]:
    """The file and the line of a place in a profile; the profile's first line for a key that is absent."""
    origin = effective.origins.get(loc) or effective.origins.get((*loc, 0))
    if origin is None:
        return str(path), 1
    assert origin.file.document
    return origin.file.name, origin.file.document.key_place(origin.loc[: len(loc)])[0]
