"""Settings from the environment and from `.env`, parsed once, with every problem and its place.

No secret is ever shown: a message names the variable and never its value.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from dotenv.parser import Binding, parse_stream  # the reader of pydantic-settings; only it knows the lines
from platformdirs import user_data_path
from pydantic import SecretStr

from bot.config import values
from bot.config.smtp_url import Sender, SmtpServer, parse_sender, parse_smtp_url
from bot.errors import Problem
from bot.files import read_file

_PREFIX = "PAPERBOY_"  #: of names that no other program uses
_MAX_DOTENV_BYTES = 1024 * 1024
ENVIRONMENT = "environment"  #: the file name in problems of environment variables


@dataclass(frozen=True, slots=True)
class Settings:
    """How this installation is set up. Made by load_settings; its repr shows no secret."""

    database_url: SecretStr  #: for SQLAlchemy, with its driver; it may contain a password
    data: Path  #: folder of the database, Maildirs and caches; need not exist yet
    profiles: Path  #: folder of profiles
    templates: Path | None = None  #: folder of custom templates, which exists and can be read
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None  #: for menus and commands over Socket Mode
    slack_api_url: str | None = None  #: None for this and the URLs below: the service's own
    smtp: SmtpServer | None = None  #: SMTP_URL; set if and only if mail_from is
    mail_from: Sender | None = None
    smtp_connections: int = 4  #: most connections to the mail server at once
    arxiv_api_url: str | None = None
    arxiv_rss_url: str | None = None
    arxiv_oai_url: str | None = None
    hf_api_url: str | None = None
    contact: str | None = None  #: for the User-Agent; printable ASCII
    public_url: str | None = None  #: of the web process; ASCII, without a slash at its end
    secret_key: SecretStr | None = None  #: signs the links to it; 16 characters or more
    admins: frozenset[str] = frozenset()  #: addresses and user names of operators, in lower case
    trusted_proxies: tuple[values.Network, ...] = ()  #: whose `proxy_user_header` names the reader
    proxy_user_header: str = "X-Forwarded-User"
    dkim_selector: str | None = None  #: set if and only if dkim_key is
    dkim_key: Path | None = None  #: file of the private key that signs mail for mail_from's domain
    mail_return_path: str | None = None  #: where bounces go: an address without a name
    alerts: str | None = None  #: receiver of alerts: a Slack channel, or an address when it has an @
    log_format: str | None = None  #: json or text; None: text on a terminal, JSON elsewhere
    metrics_token: SecretStr | None = None  #: whoever sends it may read the metrics of the web process
    heartbeat: SecretStr | None = (
        None  #: a URL that is called after each good cycle; whoever knows it may call it
    )
    arxiv_holidays: Mapping[date, str] = field(
        default_factory=dict
    )  #: further evenings without an announcement, by date in US Eastern time

    keep_papers: timedelta | None = timedelta(days=200)  #: papers older than this are thinned; None: never
    keep_messages: timedelta | None = timedelta(days=90)  #: so are messages and digests that were sent

    @property
    def profile_cache(self) -> Path:
        """The file with the last valid version of each profile."""
        return self.data / "profiles.json"

    @property
    def has_database(self) -> bool:
        """Whether there is a SQLite file, or these settings name a database server."""
        return "://" in self.database_place or Path(self.database_place).is_file()

    @property
    def database_place(self) -> str:
        """Where the database is: a file, or a server's host and database; no secret."""
        scheme, _, rest = self.database_url.get_secret_value().partition("://")
        if scheme.startswith("sqlite"):
            return str(Path(rest.removeprefix("/").partition("?")[0]).absolute()) if rest else "memory"
        return f"postgresql://{rest.partition('?')[0].rpartition('@')[2]}"


#: Every variable that is read: the field of Settings, and the parser of its text.
_VARIABLES: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "DATABASE_URL": ("database_url", values.database_url),
    "PAPERBOY_DATA": ("data", values.folder),
    "PAPERBOY_PROFILES": ("profiles", values.folder),
    "PAPERBOY_TEMPLATES": ("templates", values.readable_folder),
    "SLACK_BOT_TOKEN": ("slack_bot_token", values.token),
    "SLACK_API_URL": ("slack_api_url", values.service_url),
    "SMTP_URL": ("smtp", parse_smtp_url),
    "MAIL_FROM": ("mail_from", parse_sender),
    "ARXIV_API_URL": ("arxiv_api_url", values.service_url),
    "ARXIV_RSS_URL": ("arxiv_rss_url", values.service_url),
    "ARXIV_OAI_URL": ("arxiv_oai_url", values.service_url),
    "HF_API_URL": ("hf_api_url", values.service_url),
    "PAPERBOY_CONTACT": ("contact", values.contact),
    "PUBLIC_URL": ("public_url", values.public_url),
    "SECRET_KEY": ("secret_key", values.secret_key),
    "DKIM_SELECTOR": ("dkim_selector", values.dkim_selector),
    "DKIM_KEY": ("dkim_key", values.key_file),
    "MAIL_RETURN_PATH": ("mail_return_path", values.bare_address),
    "PAPERBOY_ALERTS": ("alerts", values.alert_target),
    "SLACK_APP_TOKEN": ("slack_app_token", values.app_token),
    "PAPERBOY_ADMINS": ("admins", values.people),
    "TRUSTED_PROXIES": ("trusted_proxies", values.networks),
    "PROXY_USER_HEADER": ("proxy_user_header", values.header_name),
    "SMTP_CONNECTIONS": ("smtp_connections", values.connections),
    "PAPERBOY_LOG": ("log_format", values.log_format),
    "PAPERBOY_METRICS_TOKEN": ("metrics_token", values.secret_key),
    "PAPERBOY_HEARTBEAT": ("heartbeat", values.secret_url),
    "PAPERBOY_KEEP_PAPERS": ("keep_papers", values.paper_days),
    "PAPERBOY_KEEP_MESSAGES": ("keep_messages", values.message_days),
    "ARXIV_HOLIDAYS": ("arxiv_holidays", values.holidays),
}

#: How close a misspelt name is to one of ours: SLACK_TOKEN, but not SECRET_KEY_BASE, which is another program's.
_CLOSENESS = 0.84
_OTHERS = frozenset({"DATABASE_USER"})

#: Variables that need another one: (variable, what it needs, why).
_NEEDS = (
    ("SMTP_URL", "MAIL_FROM", "mail needs both"),
    ("MAIL_FROM", "SMTP_URL", "mail needs both"),
    ("SLACK_APP_TOKEN", "SLACK_BOT_TOKEN", "menus need both"),
    ("DKIM_SELECTOR", "DKIM_KEY", "signing needs both"),
    ("DKIM_KEY", "DKIM_SELECTOR", "signing needs both"),
    ("DKIM_KEY", "MAIL_FROM", "the signature is for its domain"),
)


def load_settings(
    env: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")
) -> tuple[Settings | None, tuple[Problem, ...]]:
    """The settings, or None and every problem, by place.

    `env`: the environment, by default this process's; it overrides `dotenv`, which need not exist. A problem in
    the environment has no place of its own: its file is "environment", line 1, column 1.
    """
    in_file, problems = _read_dotenv(dotenv)
    inherited = {
        name: _Variable(value, ENVIRONMENT) for name, value in (os.environ if env is None else env).items()
    }
    given = in_file | _without_empty(inherited)
    variables = {name: variable for name, variable in given.items() if name in _VARIABLES}
    parsed: dict[str, Any] = {}
    for name, variable in variables.items():
        field, parse = _VARIABLES[name]
        try:
            parsed[field] = parse(values.strip_line(variable.value))
        except ValueError as error:
            problems.append(variable.problem(f"{name} {error}"))
    problems += _name_problems(in_file, variables)
    problems += _combination_problems(variables, parsed)
    if problems:
        return None, tuple(sorted(problems))
    data = parsed.setdefault("data", user_data_path("paperboy"))
    defaults: dict[str, Any] = {
        "profiles": Path("profiles"),
        "database_url": SecretStr(f"sqlite:///{(data / 'paperboy.db').as_posix()}"),
    }
    return Settings(**defaults | parsed), ()


def _name_problems(in_file: Mapping[str, _Variable], known: Mapping[str, _Variable]) -> Iterator[Problem]:
    """Names in `.env` that are misspelt: those with our prefix, and those that are close to one that is not set."""
    for name, variable in in_file.items():
        if name in _VARIABLES or name in _OTHERS:
            continue
        if name.startswith(_PREFIX):
            ours = {known.removeprefix(_PREFIX): known for known in _VARIABLES}
            close = get_close_matches(name.removeprefix(_PREFIX), ours, n=1)
            prefixed = ", ".join(known for known in _VARIABLES if known.startswith(_PREFIX))
            hint = f"did you mean {ours[close[0]]}?" if close else f"known are {prefixed}"
        elif close := get_close_matches(
            name.upper(), _VARIABLES.keys() - known.keys(), n=1, cutoff=_CLOSENESS
        ):
            hint = f"did you mean {close[0]}?"
        else:
            continue
        yield variable.problem(f"unknown setting {name}: {hint}")


def _combination_problems(variables: Mapping[str, _Variable], parsed: Mapping[str, Any]) -> Iterator[Problem]:
    for name, needed, why in _NEEDS:
        if name in variables and needed not in variables:
            yield variables[name].problem(f"{name} is set without {needed}: {why}")
    if alerts := parsed.get("alerts"):
        kind, needed = ("an address", "SMTP_URL") if "@" in alerts else ("a Slack channel", "SLACK_BOT_TOKEN")
        if needed not in variables:
            yield variables["PAPERBOY_ALERTS"].problem(f"PAPERBOY_ALERTS is {kind}, and {needed} is not set")
    if "data" in parsed and os.path.isfile(parsed["data"]):
        yield variables["PAPERBOY_DATA"].problem(
            "PAPERBOY_DATA names a file: name a folder, which need not exist yet"
        )


# --- Where variables come from -------------------------------------------------------------------------------


class _Variable(NamedTuple):
    value: str
    file: str
    line: int = 1
    column: int = 1

    def problem(self, message: str) -> Problem:
        return Problem(self.file, self.line, self.column, message)

    def __repr__(self) -> str:  # the value may be a secret
        return f"{self.file}:{self.line}:{self.column}"


def _without_empty(variables: Mapping[str, _Variable]) -> dict[str, _Variable]:
    return {name: variable for name, variable in variables.items() if variable.value.strip()}


def _read_dotenv(dotenv: Path | None) -> tuple[dict[str, _Variable], list[Problem]]:
    """The variables that a .env file sets, each with its last value, and the problems of the file."""
    if dotenv is None:
        return {}, []
    file = str(dotenv)
    try:
        data = read_file(dotenv, _MAX_DOTENV_BYTES)
        # python-dotenv counts a \r\n twice after a line that it could not read
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        return {}, [Problem(file, 1, 1, f"this file cannot be read: {error.strerror}; correct or remove it")]
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return {}, [Problem(file, line, 1, "this is not UTF-8 text: save the file as UTF-8")]
    if len(data) > _MAX_DOTENV_BYTES:
        return {}, [
            Problem(file, 1, 1, f"this file is larger than {_MAX_DOTENV_BYTES // 1024**2} MB: shorten it")
        ]
    bindings = list(parse_stream(io.StringIO(text)))
    found = {b.key: _Variable(b.value or "", file, *_key_place(b)) for b in bindings if b.key}
    return _without_empty(found), list(_binding_problems(bindings, file))


def _binding_problems(bindings: list[Binding], file: str) -> Iterator[Problem]:
    for binding in bindings:
        if binding.error:
            yield Problem(file, *_key_place(binding), "this line cannot be read: write NAME=value")


def _key_place(binding: Binding) -> tuple[int, int]:
    """Line and column of a name; the text that the parser took for its line may start with empty lines."""
    before = re.match(r"\s*(?:export[^\S\r\n]+)?", binding.original.string)
    skipped = before[0].replace("\r", "\n") if before else ""
    return binding.original.line + skipped.count("\n"), len(skipped) - skipped.rfind("\n")
