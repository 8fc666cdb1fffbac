"""`paperboy init`: a first profile, its JSON Schema for editors, and a `.env` to fill in. Keeps existing files."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from bot.errors import UserError
from bot.profiles.include import ID_HINT, PROFILE_ID, parse_profile
from bot.profiles.json_schema import json_schema

ENV = """\
# Paperboy's settings. Secrets belong here and nowhere else; keep this file out of version control.

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
    """What a first profile is made from. None or empty: not answered."""

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
    """Fill in the missing answers, by asking on the terminal."""
    import typer

    def ask_line(question: str, default: str = "") -> str:
        return str(typer.prompt(question, default=default, show_default=bool(default))).strip()

    def ask_list(question: str) -> list[str]:
        parts = ask_line(f"{question} (separated by commas)").split(",")
        return [part.strip() for part in parts if part.strip()]

    filled = replace(given, name=given.name or ask_line("A name for the profile", "me"))
    if not (given.interests or given.about or given.authors):
        filled = replace(filled, interests=ask_list("Words and phrases that interest you"))
        about = ask_line("What you work on, in a sentence or two (may be empty)")
        filled = replace(filled, about=about or None)
    if not given.categories:
        filled = replace(filled, categories=ask_list("arXiv categories to read, such as cs.LG, cs.RO"))
    if not given.authors:
        filled = replace(filled, authors=ask_list("Authors to follow, may be empty"))
    if not (given.slack or given.email or given.maildir):
        email = ask_line("An e-mail address, or nothing for a Maildir on this machine")
        filled = replace(filled, email=email or None)
    return replace(
        filled,
        at=given.at or ask_line("At what time", "08:00"),
        timezone=given.timezone or ask_line("In which time zone", "UTC"),
    )


def write(answers: Answers, folder: Path, env: Path, *, force: bool) -> list[str]:
    """Write the files, and return the lines to show. Raises UserError, before writing, for a wrong answer."""
    name = (answers.name or "me").removesuffix(".yaml")
    if not PROFILE_ID.fullmatch(name):
        raise UserError(f"{name!r} cannot name a profile: {ID_HINT}, as in ada")
    path = folder / f"{name}.yaml"
    if not (answers.interests or answers.about or answers.authors):
        raise UserError("nothing to look for: use --interest, --about or --author (each may be repeated)")
    text = profile_text(answers, name)
    _, problems = parse_profile(text.encode(), file=str(path), folder=folder)
    if problems:
        raise UserError(f"cannot write the profile: {problems[0].message}")
    if path.exists() and not force:
        raise UserError(f"{path} exists: choose another name, or use --force")
    lines = [f"Wrote {path}: edit it as you like, and run `paperboy check` to find mistakes."]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        schema = json.dumps(json_schema(), indent=2, ensure_ascii=False)
        (folder / "profile.schema.json").write_text(schema + "\n", encoding="utf-8")
        if not env.exists():
            env.touch(mode=0o600)
            env.write_text(ENV, encoding="utf-8")
            lines += [
                f"Wrote {env}: tokens and the mail server go there.",
                "Next: paperboy ingest, then paperboy preview.",
            ]
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}") from None
    return lines


def profile_text(answers: Answers, name: str) -> str:
    """The profile as YAML. Values are JSON strings, which are YAML whatever characters are in them."""
    channels = {"slack": answers.slack, "email": answers.email, "maildir": answers.maildir}
    targets = {key: target for key, target in channels.items() if target} or {"maildir": name}
    lines = [
        "# yaml-language-server: $schema=./profile.schema.json",
        f"timezone: {_quoted(answers.timezone or 'UTC')}",
        *_list_lines("interests", answers.interests),
        *([f"about: {_quoted(answers.about)}"] if answers.about else []),
        *_list_lines("authors", answers.authors),
        *([f"categories: [{', '.join(map(_quoted, answers.categories))}]"] if answers.categories else []),
        "deliver:",
        *(
            f"  - {{{key}: {_quoted(target)}, at: {_quoted(answers.at or '08:00')}}}"
            for key, target in targets.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def _list_lines(key: str, items: list[str]) -> list[str]:
    return [f"{key}:", *(f"  - {_quoted(item)}" for item in items)] if items else []


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
