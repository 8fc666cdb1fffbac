"""A first profile and its `.env`, as texts that one would write by hand. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from bot.profiles.include import ID_HINT, PROFILE_ID, parse_profile
from bot.profiles.model import ChannelName
from bot.profiles.yaml_reader import flow
from bot.text.plain import one_line

#: Where `.env` keeps the database and Maildirs: in the folder of `.env`, which is the working directory.
DATA_FOLDER = "paperboy-data"
#: Those that can open a Maildir.
MAIL_PROGRAMS = "mail programs such as mutt, Evolution or KMail"
_COMMENT_COLUMN = 40


class Item(NamedTuple):
    """An entry of a list, and the comment beside it."""

    text: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a first profile is made from. Empty: not given."""

    interests: tuple[Item, ...] = ()
    about: str = ""
    like: tuple[Item, ...] = ()
    authors: tuple[str, ...] = ()
    proposed_authors: tuple[Item, ...] = ()  #: written as a comment
    categories: tuple[str, ...] = ()
    categories_comment: str = ""
    targets: tuple[tuple[ChannelName, str], ...] = ()
    at: str = "08:00"
    timezone: str = "UTC"

    @property
    def has_interests(self) -> bool:
        return bool(self.interests or self.about or self.like or self.authors)

    def with_proposals(self, proposed: Draft) -> Draft:
        """The draft with what is proposed for it; what it has already comes first."""
        given = {item.text.casefold() for item in self.interests}
        new = (item for item in proposed.interests if item.text.casefold() not in given)
        source = self if self.categories else proposed
        return replace(
            self,
            interests=(*self.interests, *new),
            like=proposed.like,
            proposed_authors=proposed.proposed_authors,
            categories=source.categories,
            categories_comment=source.categories_comment,
        )


#: A valid profile, in which a part is validated.
_AROUND = Draft(interests=(Item("robot manipulation"),), targets=((ChannelName.MAILDIR, "me"),))


def parse_part(**part: Any) -> Draft:
    """A draft with only these fields, in canonical form: categories as codes, a time with two digits for the hour.

    Raises ValueError with the messages that a profile with this part would get, a line each.
    """
    text = profile_text(replace(_AROUND, **part), "me")
    profile, problems = parse_profile(text.encode(), file="me.yaml", folder=None)
    if profile is None:
        raise ValueError("\n".join(dict.fromkeys(problem.message for problem in problems)))
    canonical: dict[str, Any] = {
        "categories": profile.categories,
        "targets": tuple((to.channel, to.target) for to in profile.deliver),
        "at": profile.deliver[0].at_text,
    }
    return Draft(**part | {key: value for key, value in canonical.items() if key in part})


def check_name(name: str) -> None:
    """Raise ValueError for a text that cannot name a profile."""
    if not PROFILE_ID.fullmatch(name):
        raise ValueError(f"{name!r} cannot name a profile: {ID_HINT}, as in ada")


def profile_text(draft: Draft, name: str) -> str:
    """The profile as YAML; keys without a value are comments with an example."""
    parts = [
        [
            "# yaml-language-server: $schema=./profile.schema.json",
            "#",
            "# What Paperboy looks for, and where it delivers: docs/profiles.md explains every key.",
            f"# After a change: `paperboy check` finds mistakes, `paperboy preview {name} --watch` the effect.",
        ],
        [f"timezone: {flow(draft.timezone)}"],
        _list_part(
            "# Words and phrases. {phrase: world models, weight: 2} gets twice the places of a full digest.",
            "interests",
            draft.interests,
            "#interests: [world models, reward modelling]",
        ),
        _list_part(
            "# Papers to resemble: arXiv ids, links, DOIs, titles, or a library file in this folder.",
            "like",
            draft.like,
            '#like: [2502.19402, "https://arxiv.org/abs/2412.13337"]',
        ),
        _categories_part(draft),
        [
            "# Where and when: `slack: C0PAPERS`, `email: ada@example.org`, or `maildir: ada`, a folder of mails on",
            f"# this machine that {MAIL_PROGRAMS} can open.",
            "# `days: mon-fri` leaves out the weekend, `days: mon` sends once a week.",
            "deliver:",
            *(
                f"  - {{{channel}: {flow(target)}, at: {flow(draft.at)}}}"
                for channel, target in draft.targets
            ),
        ],
        [
            "# Remove the # of a line to use it.",
            f"about: {flow(draft.about)}"
            if draft.about
            else "#about: I look for methods that work with little data, and for studies that compare them.",
            *_authors_lines(draft),
            *map(
                _line,
                (
                    Item("#avoid: [medical imaging]", "lowers the score"),
                    Item("#mute: {terms: [survey], authors: [], categories: []}", "never shown"),
                    Item("#limit: 10", "the most papers in one digest"),
                    Item("#threshold: auto", "the least match: strong, good or partial; auto is good"),
                    Item("#window: 7", "days that a paper stays a candidate"),
                ),
            ),
        ],
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def env_text(channels: Collection[ChannelName], *, keeps_data: bool = True) -> str:
    """The settings to fill in; those of the channels are not comments. `keeps_data`: set PAPERBOY_DATA."""
    slack = "" if ChannelName.SLACK in channels else "#"
    mail = "" if ChannelName.EMAIL in channels else "#"
    return f"""\
# Paperboy's settings: docs/settings.md explains all of them. Secrets belong here and nowhere else.
# Paperboy reads this file when it is started in this folder.

# The folder of the database and Maildirs, beside this file.
{"" if keeps_data else "#"}PAPERBOY_DATA={DATA_FOLDER}

# Slack: the token of your app, which begins with xoxb- (README, "Slack").
{slack}SLACK_BOT_TOKEN=

# Mail: the server, such as smtp://user:password@mail.example.org:587, and the sender, such as
# Paperboy <paperboy@example.org>.
{mail}SMTP_URL=
{mail}MAIL_FROM=

# An address that arXiv can write to when this installation misbehaves.
#PAPERBOY_CONTACT=you@example.org
"""


def _list_part(comment: str, key: str, items: Sequence[Item], example: str) -> list[str]:
    if not items:
        return [comment, example]
    return [comment, f"{key}:", *(_line(Item(f"  - {flow(text)}", note)) for text, note in items)]


def _categories_part(draft: Draft) -> list[str]:
    comment = "# arXiv categories: their papers are fetched, and only they are shown."
    if not draft.categories:
        return [
            f"{comment} Without any, only liked papers and authors are asked for.",
            "#categories: [cs.LG, cs.RO]",
        ]
    codes = ", ".join(map(flow, draft.categories))
    return [comment, _line(Item(f"categories: [{codes}]", draft.categories_comment))]


def _authors_lines(draft: Draft) -> list[str]:
    if draft.authors:
        return [
            "# Their papers are always shown, and marked.",
            "authors:",
            *(f"  - {flow(a)}" for a in draft.authors),
        ]
    if draft.proposed_authors:
        return [
            "#authors:",
            *(_line(Item(f"#  - {flow(text)}", note)) for text, note in draft.proposed_authors),
        ]
    return [_line(Item("#authors: [Pulkit Agrawal]", "their papers are always shown"))]


def _line(item: Item) -> str:
    return f"{item.text.ljust(_COMMENT_COLUMN)} # {one_line(item.comment)}" if item.comment else item.text
