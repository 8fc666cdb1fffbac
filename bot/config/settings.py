"""Settings from the environment and from `.env`, every problem collected with its place.

Owns the names of the variables, what each may hold, and that no secret among them is ever shown: a message
names the variable and never its value. Refuses to know what the settings are used for.
"""

from __future__ import annotations

import io
import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from dotenv.parser import Binding, parse_stream  # of pydantic-settings' own reader; it alone knows the lines
from platformdirs import user_data_path
from pydantic import SecretStr

from bot.errors import Problem
from bot.text.addresses import parse_mail_address, parse_slack_target

_PREFIX = "PAPERBOY_"  #: names that are nobody else's
ENVIRONMENT = "environment"  #: stands for a file in problems


@dataclass(frozen=True, slots=True)
class Settings:
    """How this installation is set up. Made by load_settings; its repr shows no secret."""

    database_url: SecretStr  #: for SQLAlchemy, with its driver; it may hold a password
    data: Path  #: database, Maildir, caches; need not exist yet
    profiles: Path  #: folder of profiles
    templates: Path | None = None  #: folder of one's own templates, which is there and can be read
    slack_bot_token: SecretStr | None = None
    slack_api_url: str | None = None  #: None for this and the URLs below: the service's own
    smtp_url: SecretStr | None = None  #: smtp:// or smtps://; set if and only if mail_from is
    mail_from: str | None = None  #: an address, with or without a name before it
    arxiv_api_url: str | None = None
    arxiv_rss_url: str | None = None
    arxiv_oai_url: str | None = None
    hf_api_url: str | None = None
    contact: str | None = None  #: for the User-Agent; printable ASCII
    public_url: str | None = None  #: of the web process; ASCII, without a slash at its end
    secret_key: SecretStr | None = None  #: signs the links to it; 16 characters or more
    dkim_selector: str | None = None  #: set if and only if dkim_key is
    dkim_key: Path | None = None  #: file of the private key that signs mail for mail_from's domain
    mail_return_path: str | None = None  #: where bounces go: a bare address
    alerts: str | None = None  #: whom to tell of trouble: a Slack channel, or an address when it has an @


def load_settings(
    env: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")
) -> tuple[Settings | None, tuple[Problem, ...]]:
    """The settings, or None and all that is wrong with them, by place.

    `env`: the environment, by default this process's; it wins over `dotenv`, which need not exist. A problem
    in the environment has no place of its own: its file is "environment", line 1, column 1.
    """
    written, problems = _written(dotenv)
    inherited = {
        name: _Variable(value, ENVIRONMENT) for name, value in (os.environ if env is None else env).items()
    }
    variables = {name: v for name, v in (written | _not_empty(inherited)).items() if name in _KNOWN}
    values: dict[str, Any] = {}
    for name, variable in variables.items():
        known = _KNOWN[name]
        try:
            values[known.field] = known.read(_one_line(variable.value))
        except ValueError as error:
            problems.append(variable.problem(f"{name} {error}"))
    problems += _half_set(variables)
    if alerts := values.get("alerts"):
        problems += _unreachable(alerts, variables)
    if (data := variables.get("PAPERBOY_DATA")) and (values.get("data") or Path()).is_file():
        problems.append(data.problem("PAPERBOY_DATA names a file: name a folder, which need not exist yet"))
    if problems:
        return None, tuple(sorted(problems))
    return _settings(values), ()


def _settings(values: dict[str, Any]) -> Settings:
    data = values.setdefault("data", user_data_path("paperboy"))
    values.setdefault("profiles", Path("profiles"))
    values.setdefault("database_url", SecretStr(f"sqlite:///{(data / 'paperboy.db').as_posix()}"))
    return Settings(**values)


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


def _not_empty(variables: Mapping[str, _Variable]) -> dict[str, _Variable]:
    return {name: variable for name, variable in variables.items() if variable.value.strip()}


def _written(dotenv: Path | None) -> tuple[dict[str, _Variable], list[Problem]]:
    """What a .env file sets, each name with its last value, and what is wrong with the file."""
    if dotenv is None:
        return {}, []
    file = str(dotenv)
    try:
        data = dotenv.read_bytes()
        # python-dotenv counts a \r\n twice after a line that it could not read
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        return {}, [Problem(file, 1, 1, f"this file cannot be read: {error.strerror}")]
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return {}, [Problem(file, line, 1, "this is not UTF-8 text: save the file as UTF-8")]
    bindings = list(parse_stream(io.StringIO(text)))
    found = {b.key: _Variable(b.value or "", file, *_key_place(b)) for b in bindings if b.key}
    return _not_empty(found), list(_binding_problems(bindings, file))


def _binding_problems(bindings: list[Binding], file: str) -> Iterator[Problem]:
    for binding in bindings:
        if binding.error:
            yield Problem(file, *_key_place(binding), "this line cannot be read: write NAME=value")
        elif binding.key and binding.key.startswith(_PREFIX) and binding.key not in _KNOWN:
            yield Problem(file, *_key_place(binding), _unknown(binding.key))


def _unknown(name: str) -> str:
    short = {known.removeprefix(_PREFIX): known for known in _KNOWN}
    close = get_close_matches(name.removeprefix(_PREFIX), short, n=1)
    ours = ", ".join(known for known in _KNOWN if known.startswith(_PREFIX))
    return f"unknown setting {name}: " + (
        f"did you mean {short[close[0]]}?" if close else f"there are {ours}"
    )


def _key_place(binding: Binding) -> tuple[int, int]:
    """Line and column of a name; what the parser took for its line may begin with empty ones."""
    before = re.match(r"\s*(?:export[^\S\r\n]+)?", binding.original.string)
    skipped = before[0].replace("\r", "\n") if before else ""
    return binding.original.line + skipped.count("\n"), len(skipped) - skipped.rfind("\n")


# --- What variables may hold: each takes the text and returns the setting. -----------------------------------
# --- What ValueError says goes on after the variable's name, and never repeats the value. --------------------

_PORT_HINT = "write @ as %40, / as %2F, : as %3A, # as %23 and ? as %3F in its user name and password"


def _one_line(value: str) -> str:
    """Values pasted into a platform's settings often end in a line break; inside, one is never right."""
    value = value.strip()
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in value):
        raise ValueError("holds a line break or a control character: remove it")
    return value


def _split(url: str) -> SplitResult:
    # urlsplit's own messages repeat what may be a password
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"is no URL with a host and a port from 1 to 65535: {_PORT_HINT}") from None
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("has no port after its colon: write one from 1 to 65535, or none")
    return parts


def _http_url(value: str) -> str:
    parts = _split(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", value):
        raise ValueError("is no web address: write one such as https://paperboy.example.org")
    if parts.username is not None:
        raise ValueError("holds a user name or password, which would be shown: remove it")
    return value


def _smtp_url(value: str) -> SecretStr:
    parts = _split(value)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or re.search(r"\s", value):
        raise ValueError("is no mail server's address: write smtp://user:password@host:587 or smtps://…")
    if parts.path not in {"", "/"} or parts.fragment:
        raise ValueError(f"goes on after the host: {_PORT_HINT}")
    if bool(parts.username) != bool(parts.password):
        raise ValueError("has a user name or a password alone: write both, or neither")
    if not unquote(parts.netloc).isascii():
        raise ValueError("holds a character outside ASCII, which mail servers take in none of its parts")
    options = parse_qsl(parts.query, keep_blank_values=True)
    if options not in ([], [("tls", "none")]):
        raise ValueError(f"has an option other than tls=none: remove it, and {_PORT_HINT}")
    if options and parts.scheme == "smtps":
        raise ValueError("contradicts itself: smtps:// is TLS, and tls=none is none")
    return SecretStr(value)


#: As platforms give them, and with the driver spelled out. Without it SQLAlchemy would pick another, or none.
_POSTGRES = re.compile(r"(?:postgres|postgresql|postgresql\+psycopg)://", re.IGNORECASE)
_SQLITE = re.compile(r"sqlite(?:\+pysqlite)?://(?:/.*)?", re.IGNORECASE)


def _database_url(value: str) -> SecretStr:
    if match := _POSTGRES.match(value):
        _split(value)
        return SecretStr(f"postgresql+psycopg://{value[match.end() :]}")
    if not _SQLITE.fullmatch(value):
        raise ValueError(
            "is no database of ours: write postgresql://user:password@host/name or sqlite:///file.db"
        )
    return SecretStr(value)


def _folder(value: str) -> Path:
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ValueError("starts with the home folder of nobody known: write the whole path") from None


def _readable_folder(value: str) -> Path:
    path = _folder(value)
    if not os.path.isdir(path):  # Path's own raises for a name that is too long
        raise ValueError("names no folder: write the path of the one with your templates")
    if not os.access(path, os.R_OK | os.X_OK):
        raise ValueError("names a folder that cannot be read: change who may")
    return path


def _token(value: str) -> SecretStr:
    if re.search(r"\s", value) or not value.isascii():
        raise ValueError("holds a space or a character that no token has: copy it again")
    return SecretStr(value)


#: `ada@example.org`, `Paperboy <ada@example.org>` or `"Lab, papers" <ada@example.org>`
_SENDER = re.compile(r'(?:"[^"<>\\]*"|[^",:;@<>\\]*)\s*<(?P<address>[^<>]+)>|(?P<bare>[^<>]+)')


def _mail_from(value: str) -> str:
    match = _SENDER.fullmatch(value)
    try:
        parse_mail_address((match["address"] or match["bare"]) if match else "")
    except ValueError:
        raise ValueError("is no e-mail address: write one such as Paperboy <paperboy@example.org>") from None
    return value


def _contact(value: str) -> str:
    if not value.isascii():
        raise ValueError("goes into an HTTP header: write it in ASCII, such as ada@example.org")
    return value


def _bare_address(value: str) -> str:
    try:
        return parse_mail_address(value)
    except ValueError:
        raise ValueError("is no bare e-mail address: write one such as bounces@example.org") from None


def _alerts(value: str) -> str:
    try:
        return parse_mail_address(value) if "@" in value else parse_slack_target(value)
    except ValueError:
        raise ValueError(
            "is neither a Slack channel nor an e-mail address: write C0PAPERS, #papers or ada@example.org"
        ) from None


def _public_url(value: str) -> str:
    """Goes into links, and into a mail header that takes it only as it is."""
    url = _http_url(value)
    if not url.isascii() or re.search(r'[<>"?#\\]', url):
        raise ValueError("is the beginning of links: write it in ASCII, and none of ? # < > in it")
    return url.rstrip("/")


_SHORTEST_SECRET = 16  # characters


def _secret_key(value: str) -> SecretStr:
    if len(value) < _SHORTEST_SECRET:
        raise ValueError(f"can be guessed: write {_SHORTEST_SECRET} random characters or more")
    return SecretStr(value)


_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SELECTOR = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LONGEST_SELECTOR = 100  # characters: with ._domainkey and the domain it is a name of 253 at most


def _selector(value: str) -> str:
    if len(value) > _LONGEST_SELECTOR or not _SELECTOR.fullmatch(value):
        raise ValueError("is no DKIM selector: write the part of the record's name before ._domainkey")
    return value


def _key_file(value: str) -> Path:
    path = _folder(value)
    if not os.path.isfile(path):  # Path's own raises for a name that is too long
        raise ValueError("names no file: write the path of a private key")
    return path


# --- What is of no use alone ---------------------------------------------------------------------------------

_NEEDS = (
    ("SMTP_URL", "MAIL_FROM", "mail needs both"),
    ("MAIL_FROM", "SMTP_URL", "mail needs both"),
    ("DKIM_SELECTOR", "DKIM_KEY", "signing needs both"),
    ("DKIM_KEY", "DKIM_SELECTOR", "signing needs both"),
    ("DKIM_KEY", "MAIL_FROM", "its domain is the one that signs"),
)


def _half_set(variables: Mapping[str, _Variable]) -> Iterator[Problem]:
    for name, other, why in _NEEDS:
        if name in variables and other not in variables:
            yield variables[name].problem(f"{name} is set without {other}: {why}")


def _unreachable(alerts: str, variables: Mapping[str, _Variable]) -> Iterator[Problem]:
    kind, needed = ("an address", "SMTP_URL") if "@" in alerts else ("a Slack channel", "SLACK_BOT_TOKEN")
    if needed not in variables:
        yield variables["PAPERBOY_ALERTS"].problem(f"PAPERBOY_ALERTS is {kind}, and {needed} is not set")


class _Known(NamedTuple):
    field: str  #: of Settings
    read: Callable[[str], Any]


#: Every variable that is read.
_KNOWN: Mapping[str, _Known] = {
    "DATABASE_URL": _Known("database_url", _database_url),
    "PAPERBOY_DATA": _Known("data", _folder),
    "PAPERBOY_PROFILES": _Known("profiles", _folder),
    "PAPERBOY_TEMPLATES": _Known("templates", _readable_folder),
    "SLACK_BOT_TOKEN": _Known("slack_bot_token", _token),
    "SLACK_API_URL": _Known("slack_api_url", _http_url),
    "SMTP_URL": _Known("smtp_url", _smtp_url),
    "MAIL_FROM": _Known("mail_from", _mail_from),
    "ARXIV_API_URL": _Known("arxiv_api_url", _http_url),
    "ARXIV_RSS_URL": _Known("arxiv_rss_url", _http_url),
    "ARXIV_OAI_URL": _Known("arxiv_oai_url", _http_url),
    "HF_API_URL": _Known("hf_api_url", _http_url),
    "PAPERBOY_CONTACT": _Known("contact", _contact),
    "PUBLIC_URL": _Known("public_url", _public_url),
    "SECRET_KEY": _Known("secret_key", _secret_key),
    "DKIM_SELECTOR": _Known("dkim_selector", _selector),
    "DKIM_KEY": _Known("dkim_key", _key_file),
    "MAIL_RETURN_PATH": _Known("mail_return_path", _bare_address),
    "PAPERBOY_ALERTS": _Known("alerts", _alerts),
}
