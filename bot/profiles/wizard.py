"""`paperboy init`: a first profile, its schema for editors, and a `.env` to fill in. Writes over nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from bot.errors import UserError
from bot.profiles.json_schema import json_schema
from bot.profiles.load import PROFILE_ID, parse_profile

ENV = """\
# Paperboy's settings. Secrets live here and nowhere else; keep this file out of version control.

# Slack: the bot's token (see the README for the manifest).
#SLACK_BOT_TOKEN=xoxb-

# Mail: the server and the sender.
#SMTP_URL=smtp://user:password@mail.example.org:587
#MAIL_FROM=Paperboy <paperboy@example.org>

# An address that arXiv can write to when this installation misbehaves.
#PAPERBOY_CONTACT=you@example.org
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a first profile is made of. None or empty: not said."""

    name: str | None
    interests: list[str]
    about: str | None
    categories: list[str]
    authors: list[str]
    slack: str | None
    email: str | None
    maildir: str | None
    at: str | None
    timezone: str | None


def ask(given: Answers) -> Answers:
    """Fill what was not said, by asking on the terminal."""
    import typer

    def line(question: str, default: str = "") -> str:
        return str(typer.prompt(question, default=default, show_default=bool(default))).strip()

    def listed(question: str) -> list[str]:
        return [part.strip() for part in line(f"{question} (separated by commas)").split(",") if part.strip()]

    name = given.name or line("A name for the profile", "me")
    filled = replace(given, name=name)
    if not (given.interests or given.about or given.authors):
        filled = replace(filled, interests=listed("Words and phrases that interest you"))
        filled = replace(filled, about=line("What you work on, in a sentence or two (may be empty)") or None)
    if not given.categories:
        filled = replace(filled, categories=listed("arXiv categories to read, such as cs.LG, cs.RO"))
    if not given.authors:
        filled = replace(filled, authors=listed("Authors to follow, may be empty"))
    if not (given.slack or given.email or given.maildir):
        filled = replace(
            filled, email=line("An e-mail address, or nothing for a Maildir on this machine") or None
        )
    return replace(
        filled,
        at=given.at or line("At what time", "08:00"),
        timezone=given.timezone or line("In which time zone", "UTC"),
    )


def write(answers: Answers, folder: Path, env: Path, *, force: bool) -> list[str]:
    """Write the files; returns what to tell. Raises UserError when an answer cannot be, before writing."""
    name = (answers.name or "me").removesuffix(".yaml")
    if not PROFILE_ID.fullmatch(name):
        use = "begin with a letter or digit, and use these, '.', '_' and '-', as ada"
        raise UserError(f"{name!r} cannot name a profile: {use}")
    path = folder / f"{name}.yaml"
    if not (answers.interests or answers.about or answers.authors):
        raise UserError("say what to look for: --interest, --about or --author (may be repeated)")
    text = profile_text(answers, name)
    _, problems = parse_profile(text.encode(), file=str(path), folder=folder)
    if problems:
        raise UserError(f"this would be no sound profile: {problems[0].message}")
    if path.exists() and not force:
        raise UserError(f"{path} exists: choose another name, or say --force")
    try:
        return [*_write_profile(path, text), *_write_env(env)]
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}") from None


def _write_profile(path: Path, text: str) -> list[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    schema = path.parent / "profile.schema.json"
    schema.write_text(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return [f"Wrote {path}: look it over, `paperboy check` finds mistakes."]


def _write_env(env: Path) -> list[str]:
    if env.exists():
        return []
    env.touch(mode=0o600)
    env.write_text(ENV, encoding="utf-8")
    return [
        f"Wrote {env}: tokens and the mail server go there.",
        "Next: paperboy ingest, then paperboy preview.",
    ]


def profile_text(answers: Answers, name: str) -> str:
    """The profile as YAML. Values stand as JSON strings, which are YAML and need no guessing at quotes."""
    target = _target(answers, name)
    lines = [
        "# yaml-language-server: $schema=./profile.schema.json",
        f"timezone: {_quoted(answers.timezone or 'UTC')}",
        *_listed("interests", answers.interests),
        *([f"about: {_quoted(answers.about)}"] if answers.about else []),
        *_listed("authors", answers.authors),
        *([f"categories: [{', '.join(map(_quoted, answers.categories))}]"] if answers.categories else []),
        "deliver:",
        *(f"  - {{{key}: {_quoted(value)}, at: {_quoted(answers.at or '08:00')}}}" for key, value in target),
    ]
    return "\n".join(lines) + "\n"


def _target(answers: Answers, name: str) -> list[tuple[str, str]]:
    said = [("slack", answers.slack), ("email", answers.email), ("maildir", answers.maildir)]
    return [(key, value) for key, value in said if value] or [("maildir", name)]


def _listed(key: str, values: list[str]) -> list[str]:
    return [f"{key}:", *(f"  - {_quoted(value)}" for value in values)] if values else []


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
