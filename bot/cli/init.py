"""`init`: a first profile and `.env`, by options, from papers of the reader, or by asking on a terminal."""

from __future__ import annotations

import getpass
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.common import When, cli, print_problems, the_settings
from bot.cli.init_dialogue import ask
from bot.cli.init_papers import PaperSources
from bot.cli.preview import preview
from bot.clock import parse_when
from bot.errors import UserError

if TYPE_CHECKING:
    from bot.config.settings import Settings
    from bot.evaluation.library_draft import Library
    from bot.profiles.wizard import Draft

_ENV = Path(".env")
_OTHERS_LISTED = 5
_SETS_DATABASE = re.compile(r"^\s*(?:export\s+)?(?:PAPERBOY_DATA|DATABASE_URL)\s*=\s*\S", re.MULTILINE)


@cli.command()
def init(
    name: Annotated[
        str | None,
        typer.Argument(help="The profile's name: the file's name without .yaml. By default your user name."),
    ] = None,
    from_: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="FILE|AUTHOR|-",
            help="Propose the profile from papers: a library file (.bib, .ris, .json, or .txt with ids), "
            "an author's name, or ids on standard input; repeatable.",
        ),
    ] = None,
    interest: Annotated[list[str] | None, typer.Option(help="A phrase; repeatable.")] = None,
    about: Annotated[str | None, typer.Option(help="What you work on, in your own words.")] = None,
    category: Annotated[
        list[str] | None, typer.Option(help="An arXiv category, such as cs.LG or Robotics; repeatable.")
    ] = None,
    author: Annotated[
        list[str] | None, typer.Option(help="An author whose papers are always shown; repeatable.")
    ] = None,
    slack: Annotated[str | None, typer.Option(help='A Slack channel: an id, or "#name".')] = None,
    email: Annotated[str | None, typer.Option(help="A mail address.")] = None,
    maildir: Annotated[
        str | None, typer.Option(help="The name of a Maildir, which needs no account.")
    ] = None,
    at: Annotated[str | None, typer.Option(help='Local time, such as "08:30", or announcement.')] = None,
    timezone: Annotated[
        str | None, typer.Option(help="An IANA time zone, such as Europe/Paris; by default this machine's.")
    ] = None,
    force: Annotated[
        bool, typer.Option(help="Replace a profile of that name, which is kept as NAME.yaml.old.")
    ] = False,
    on: When = None,
) -> None:
    """Write a first profile and .env; on a terminal, ask for what the options leave out."""
    from bot.bootstrap.app import App
    from bot.profiles.model import ChannelName
    from bot.profiles.wizard import Item

    is_asking = sys.stdin.isatty()
    settings = _settings()
    name = (name or _user_name()).removesuffix(".yaml")
    path = settings.profiles / f"{name}.yaml"
    papers = PaperSources(App(settings), parse_when(on).instant, path)
    parts: list[tuple[str, dict[str, Any]]] = [
        ("--interest", {"interests": tuple(map(Item, interest or ()))}),
        ("--about", {"about": about}),
        ("--category", {"categories": tuple(category or ())}),
        ("--author", {"authors": tuple(author or ())}),
        ("--slack", {"targets": ((ChannelName.SLACK, slack),)} if slack else {}),
        ("--email", {"targets": ((ChannelName.EMAIL, email),)} if email else {}),
        ("--maildir", {"targets": ((ChannelName.MAILDIR, maildir),)} if maildir else {}),
        ("--at", {"at": at}),
        ("--timezone", {"timezone": timezone}),
    ]
    problems = [*_name_problems(name, path, force=force)]
    draft = _draft(parts, problems)
    libraries = _libraries(from_ or [], papers, problems)
    if not (interest or about or author or from_ or is_asking):
        problems.append("nothing to look for: give --interest, --about, --author or --from")
    if problems:
        raise UserError("\n  ".join(["cannot write the profile:", *problems]))
    if not timezone:
        draft = replace(draft, timezone=_local_zone())
    if libraries:
        draft = draft.with_proposals(papers.propose(libraries, draft.categories))
    if is_asking:
        draft = ask(draft, name, papers, asks_when=not (at or timezone))
    if not draft.targets:
        draft = replace(draft, targets=((ChannelName.MAILDIR, name),))
    has_papers = papers.has_papers
    papers.app.close()
    for line in _write(draft, name, path, papers.copies):
        typer.echo(line)
    if is_asking and has_papers:
        typer.echo("\nFrom the papers that are stored now, the next digest would be:\n")
        with suppress(typer.Exit):
            preview(names=[name], on=on)
    for line in _next_steps(name, draft, settings, has_papers=has_papers):
        typer.echo(line)


def _settings() -> Settings:
    """The settings as they are once `.env` is written."""
    from bot.config.settings import load_settings
    from bot.profiles.wizard import DATA_FOLDER

    new = {} if _ENV.exists() else {"PAPERBOY_DATA": DATA_FOLDER}
    settings, problems = load_settings(new | dict(os.environ))
    if settings is None:
        print_problems(problems)
        raise UserError("correct the settings above first")
    return settings


def _user_name() -> str:
    """The user's name if it can name a profile and belongs to a person, else `me`."""
    from bot.profiles.wizard import check_name

    with suppress(OSError, KeyError, ImportError, ValueError):  # getpass has no one error for "unknown"
        user = getpass.getuser()
        check_name(user)
        return "me" if user == "root" else user
    return "me"


def _local_zone() -> str:
    """This machine's time zone, or UTC where it cannot be found out."""
    from tzlocal import get_localzone_name

    from bot.profiles.wizard import parse_part

    with suppress(LookupError, OSError, ValueError):  # ZoneInfoNotFoundError is a LookupError
        return parse_part(timezone=get_localzone_name()).timezone
    return "UTC"


def _name_problems(name: str, path: Path, *, force: bool) -> Iterator[str]:
    from bot.profiles.wizard import check_name

    try:
        check_name(name)
    except ValueError as error:
        yield str(error)
    else:
        if path.exists() and not force:
            yield f"{path} exists: choose another name (paperboy init NAME), or use --force"
        places = [path.parent.absolute()] if _ENV.exists() else [path.parent.absolute(), Path.cwd()]
        # The folders that are there, in which the others would be made.
        folders = dict.fromkeys(next(p for p in (place, *place.parents) if p.exists()) for place in places)
        for folder in folders:
            if not (folder.is_dir() and os.access(folder, os.W_OK)):
                yield f"{folder} is not a folder that you can write to"


def _draft(parts: Sequence[tuple[str, Mapping[str, Any]]], problems: list[str]) -> Draft:
    """A draft of what the options give; problems are added to the list."""
    from bot.profiles.wizard import Draft, parse_part

    draft = Draft()
    for option, part in parts:
        given = {key: value for key, value in part.items() if value}
        try:
            read = parse_part(**given)
        except ValueError as error:
            problems += [f"{option}: {line}" for line in str(error).splitlines()]
        else:
            values = {key: getattr(read, key) for key in given}
            if "targets" in values:
                values["targets"] = (*draft.targets, *values["targets"])
            draft = replace(draft, **values)
    return draft


def _libraries(sources: Sequence[str], papers: PaperSources, problems: list[str]) -> list[Library]:
    libraries = []
    for source in sources:
        try:
            libraries.append(papers.library(source))
        except ValueError as error:
            problems.append(f"--from: {error}")
    return libraries


def _write(draft: Draft, name: str, path: Path, copies: Mapping[str, bytes]) -> Iterator[str]:
    """Write the files, and yield the lines to show. `copies`: library files by name. Raises UserError."""
    from bot.profiles.json_schema import json_schema
    from bot.profiles.wizard import DATA_FOLDER, env_text, profile_text

    written = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for file, data in {**copies, path.name: profile_text(draft, name).encode()}.items():
            target = path.with_name(file)
            former = target.read_bytes() if target.exists() else None
            if former == data:
                continue
            if former is not None:
                yield f"The former {target} is kept as {target.replace(f'{target}.old')}."
            target.write_bytes(data)
            written.append(target)
        schema = path.with_name("profile.schema.json")
        text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
        schema.write_text(text, encoding="utf-8")
        written.append(schema)
        if _ENV.exists():
            if not _sets_database():
                yield (
                    f"{_ENV} is as it was. It does not set PAPERBOY_DATA: the database is the one that all "
                    f"folders of this user share. To have one in this folder, add PAPERBOY_DATA={DATA_FOLDER}."
                )
        else:
            before = the_settings().database_place
            if not _sets_database() and Path(before).exists():
                yield f"This folder gets a database of its own, in {DATA_FOLDER}: {before} stays as it is."
            _ENV.touch(mode=0o600)
            channels = {channel for channel, _ in draft.targets}
            _ENV.write_text(env_text(channels, keeps_data=not _sets_database()), encoding="utf-8")
            written.append(_ENV)
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}") from None
    yield f"Wrote {', '.join(map(str, written))}."


def _sets_database() -> bool:
    """Whether the environment or `.env` say where the database is."""
    in_file = _ENV.read_text(encoding="utf-8") if _ENV.exists() else ""
    in_environment = any(os.environ.get(name) for name in ("PAPERBOY_DATA", "DATABASE_URL"))
    return in_environment or bool(_SETS_DATABASE.search(in_file))


def _next_steps(name: str, draft: Draft, settings: Settings, *, has_papers: bool) -> Iterator[str]:
    """What is still to be done, in order."""
    from bot.profiles.load import load_profiles
    from bot.profiles.model import ChannelName

    channels = {channel for channel, _ in draft.targets}
    if ChannelName.SLACK in channels and not settings.slack_bot_token:
        yield f"Still missing: SLACK_BOT_TOKEN in {_ENV} (README, Slack). Until then nothing is sent to Slack."
    if ChannelName.EMAIL in channels and not settings.smtp:
        yield f"Still missing: SMTP_URL and MAIL_FROM in {_ENV} (README, Mail). Until then no mail is sent."
    if not draft.categories:
        yield "Without categories arXiv is asked only for liked papers and followed authors."
    others = [profile.id for profile in load_profiles([settings.profiles]).profiles if profile.id != name]
    if others:
        names = " and ".join(filter(None, (", ".join(others[:-1]), others[-1])))
        listed = names if len(others) <= _OTHERS_LISTED else f"{len(others)} other profiles"
        be = "is" if len(others) == 1 else "are"
        yield f"{settings.profiles}/ also has {listed}, which {be} served as well: remove what you do not want."
    if has_papers:
        yield f"Next: `paperboy preview {name}` shows the digest after a change; `paperboy send {name}` sends it."
        yield "`paperboy run` fetches the papers and sends every digest at its time."
    else:
        yield f"Next: `paperboy ingest` fetches the papers, and `paperboy preview {name}` shows the digest."
    if draft.like and not has_papers:
        yield "Once papers are stored, the same command with --force proposes more, with better evidence."
