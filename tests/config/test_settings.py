"""Settings from the environment and `.env`: their defaults, their problems and their secrecy."""

from __future__ import annotations

import base64
import dataclasses
import os
from collections.abc import Callable
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.settings import Settings, load_settings
from bot.config.smtp_url import Sender, SmtpServer, Tls

NAMES = [
    "DATABASE_URL",
    "SMTP_URL",
    "MAIL_FROM",
    "PUBLIC_URL",
    "PAPERBOY_DATA",
    "SLACK_BOT_TOKEN",
    "DKIM_KEY",
    "DKIM_SELECTOR",
    "MAIL_RETURN_PATH",
    "PAPERBOY_ALERTS",
]
MAIL = {"SMTP_URL": "smtp://mail.example.org", "MAIL_FROM": "p@x.org"}


def read(**env: str) -> Settings:
    settings, problems = load_settings(env, None)
    assert problems == ()
    assert settings is not None
    return settings


def wrong(env: dict[str, str] | None = None, dotenv: Path | None = None) -> list[str]:
    settings, problems = load_settings(env or {}, dotenv)
    assert settings is None
    return [str(p) for p in problems]


def test_nothing_needs_to_be_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without any setting there is a SQLite file in the platform's data folder, and ./profiles."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    settings = read()
    assert settings.data.name == "paperboy"
    assert settings.database_url.get_secret_value() == f"sqlite:///{settings.data.as_posix()}/paperboy.db"
    assert settings.profiles == Path("profiles")
    assert (settings.keep_papers, settings.keep_messages) == (timedelta(days=200), timedelta(days=90))
    rest = {"database_url", "data", "profiles", "proxy_user_header", "smtp_connections"}
    rest |= {"keep_papers", "keep_messages"}
    assert not any(getattr(settings, f.name) for f in dataclasses.fields(settings) if f.name not in rest)


def test_every_setting(tmp_path: Path) -> None:
    """Each variable is one field."""
    key = tmp_path / "dkim.pem"
    key.touch()
    settings = read(
        DATABASE_URL="sqlite:////srv/p.db",
        PAPERBOY_DATA="/srv/paperboy",
        PAPERBOY_PROFILES="/srv/profiles",
        SLACK_BOT_TOKEN="xoxb-1",
        SLACK_API_URL="http://127.0.0.1:8080/api/",
        SMTP_URL="smtp://u:p%40ss@mail.example.org:587?tls=none",
        MAIL_FROM="Paperboy <p@x.org>",
        ARXIV_API_URL="https://a.example.org/api/query",
        ARXIV_RSS_URL="https://b.example.org",
        ARXIV_OAI_URL="https://c.example.org",
        HF_API_URL="http://[::1]:99/api",
        PAPERBOY_CONTACT="ada@example.org",
        PUBLIC_URL="https://paperboy.example.org",
        SECRET_KEY="a k e y of chance",
        DKIM_SELECTOR="s1.paperboy-2026",
        DKIM_KEY=str(key),
        MAIL_RETURN_PATH="bounces@X.org",
        PAPERBOY_ALERTS="#papers",
    )
    assert settings.database_url.get_secret_value() == "sqlite:////srv/p.db"
    assert (settings.data, settings.profiles) == (Path("/srv/paperboy"), Path("/srv/profiles"))
    assert settings.slack_bot_token is not None
    assert settings.slack_bot_token.get_secret_value() == "xoxb-1"
    assert settings.slack_api_url == "http://127.0.0.1:8080/api/"
    assert settings.smtp == SmtpServer("mail.example.org", 587, Tls.NEVER, "u", "p@ss")
    assert settings.mail_from == Sender("Paperboy", "p@x.org", "x.org")
    assert settings.arxiv_api_url == "https://a.example.org/api/query"
    assert settings.hf_api_url == "http://[::1]:99/api"
    assert settings.contact == "ada@example.org"
    assert settings.secret_key is not None
    assert settings.secret_key.get_secret_value() == "a k e y of chance"
    assert settings.public_url == "https://paperboy.example.org"
    assert (settings.dkim_selector, settings.dkim_key) == ("s1.paperboy-2026", key)
    assert (settings.mail_return_path, settings.alerts) == ("bounces@x.org", "#papers")


def test_settings_are_frozen_and_show_no_secret() -> None:
    """Neither repr nor str shows a password, a token or a key."""
    env = MAIL | dict.fromkeys(("SLACK_BOT_TOKEN", "SECRET_KEY"), "sesame-open-sesame")
    env |= {"SMTP_URL": "smtp://ada:sesame@x.org", "DATABASE_URL": "postgres://ada:sesame@db/p"}
    settings = read(**env)
    assert "sesame" not in repr(settings) + str(settings)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.contact = "x"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("postgres://u:p@host:54/db?ssl=1", "postgresql+psycopg://u:p@host:54/db?ssl=1"),
        ("postgresql://host/db", "postgresql+psycopg://host/db"),
        ("postgresql+psycopg://host/db", "postgresql+psycopg://host/db"),
        ("postgresql:///db?host=/run/postgresql", "postgresql+psycopg:///db?host=/run/postgresql"),
        ("sqlite:///p.db", "sqlite:///p.db"),
        ("sqlite://", "sqlite://"),
        ("  sqlite:///p.db\n", "sqlite:///p.db"),
    ],
)
def test_database_urls(written: str, url: str) -> None:
    """PostgreSQL gets its driver; SQLite stays as written."""
    assert read(DATABASE_URL=written).database_url.get_secret_value() == url


def test_the_database_is_in_the_data_folder() -> None:
    """A data folder that is set holds the database too; `~` is the home folder."""
    settings = read(PAPERBOY_DATA="~/papers")
    assert settings.data == Path.home() / "papers"
    assert settings.database_url.get_secret_value().endswith("/papers/paperboy.db")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DATABASE_URL", "mysql://u:sesame@h/d", "not a PostgreSQL or SQLite URL"),
        ("DATABASE_URL", "/srv/sesame.db", "sqlite:///file.db"),
        ("DATABASE_URL", "postgres://u:sesame/x@h/d", "%2F"),
        ("DATABASE_URL", "postgres://u:[sesame@h/d", "%40"),
        ("SLACK_BOT_TOKEN", "xoxb sesame", "SLACK_BOT_TOKEN contains a space"),
        ("SLACK_APP_TOKEN", "xoxb-sesame", "which begins with xapp-"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, sesame", "not a network"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, 0.0.0.0/0", "every address"),
        ("TRUSTED_PROXIES", "::/0", "every address"),
        ("PROXY_USER_HEADER", "sesame:", "not the name of an HTTP header"),
        ("SLACK_BOT_TOKEN", "xoxb-\nsesame", "line break"),
        ("SLACK_API_URL", "slack.sesame", "not a web address"),
        ("ARXIV_API_URL", "ftp://sesame", "not a web address"),
        ("ARXIV_OAI_URL", "https://sesame:99999", "port"),
        ("HF_API_URL", "https://u:sesame@h", "would be shown"),
        ("HF_API_URL", "http://sesame.org/api", "write https instead of http"),
        ("SLACK_API_URL", "http://8.8.8.8/sesame", "write https instead of http"),
        ("PUBLIC_URL", "https://a b.sesame", "not a web address"),
        ("PUBLIC_URL", "https://sesame:0", "port"),
        ("SMTP_URL", "mail.sesame", "not a mail server's URL"),
        ("SMTP_URL", "smtp://u:sesame@", "not a mail server's URL"),
        ("SMTP_URL", "smtp://u:sesame@h:port", "port"),
        ("SMTP_URL", "smtp://u:sesame@h:", "port"),
        ("SMTP_URL", "smtp://u:se/same@h", "%2F"),
        ("SMTP_URL", "smtp://sesame@h", "not both"),
        ("SMTP_URL", "smtp://u:sesame%C3%A9@h", "outside ASCII"),
        ("SMTP_URL", "smtps://u:sesame@h?tls=none", "contradicts itself"),
        ("SMTP_URL", "smtp://u:se#sesame@h", "%23"),
        ("SMTP_URL", "smtp://h/sesame", "text after the host"),
        ("SMTP_URL", "smtp://h?tls=sesame", "other than tls=none"),
        ("DATABASE_URL", "postgres://u:p@sesame@h/x", "write @ as %40"),
        ("DATABASE_URL", "postgres://u:1/sesame@h/x", "write @ as %40"),
        ("DATABASE_URL", "postgres://u:1?sesame@h/x", "write @ as %40"),
        ("DATABASE_URL", "postgres://u:1#sesame@h/x", "write @ as %40"),
        ("MAIL_FROM", "sesame", "not an e-mail address"),
        ("MAIL_FROM", "Sesame sesame@x.org", "not an e-mail address"),
        ("MAIL_FROM", "a@x.org, sesame@x.org", "not an e-mail address"),
        ("MAIL_FROM", "P <sesame@x.org> x", "not an e-mail address"),
        ("MAIL_FROM", "sesame b@x.org", "not an e-mail address"),
        ("MAIL_FROM", "=?utf-8?q?=0d=0aBcc=3asesame?=@x.org", "not an e-mail address"),
        ("PAPERBOY_CONTACT", "sésame", "ASCII"),
        ("PAPERBOY_CONTACT", "a\r\nX-Sesame: sesame", "line break"),
        ("PAPERBOY_DATA", __file__, "names a file"),
        ("PAPERBOY_DATA", "~nobody-of-sesame/x", "whole path"),
        ("PUBLIC_URL", "https://sésame.example", "ASCII"),
        ("PUBLIC_URL", "https://sesame.example?x=1", "without ?"),
        ("PUBLIC_URL", "https://sesame.example/#x", "without ?"),
        ("PUBLIC_URL", "https://sesame.example/<x>", "without ?"),
        ("SECRET_KEY", "sesame-sesame15", "16 random characters"),
        ("SECRET_KEY", "sesamesesamesesame", "secrets.token_urlsafe"),
        ("MAIL_RETURN_PATH", "sesame", "not an e-mail address without a name"),
        ("MAIL_RETURN_PATH", "Bounces <sesame@x.org>", "not an e-mail address without a name"),
        ("MAIL_RETURN_PATH", "sesame@x.org, b@x.org", "not an e-mail address without a name"),
        ("PAPERBOY_ALERTS", "sesame", "neither a Slack channel"),
        ("PAPERBOY_ALERTS", "#sesame papers", "neither a Slack channel"),
        ("PAPERBOY_ALERTS", "sesame@", "neither a Slack channel"),
    ],
)
def test_a_problem_names_the_variable_and_not_its_value(name: str, value: str, says: str) -> None:
    """The message names the variable and says what to write; the value, perhaps a secret, is not in it."""
    [problem] = wrong({"SLACK_BOT_TOKEN": "xoxb-1"} | MAIL | {name: value})
    assert problem.startswith(f"environment:1:1: {name} ")
    assert says in problem
    assert "sesame" not in problem


@pytest.mark.parametrize(
    "key",
    [
        "a" * 40,
        "ab" * 20,
        "0123456789abcdef",
        "ZYXWVUTSRQPONMLKJIHGFEDCBA",
        "12345678901234567890",
        "changeme-changeme-changeme",
        "my-secret-key-my-secret-key",
        "SuperSecretPassword123",
        "qwertyuiopasdfghjkl",
        "aaaabbbbccccddddeeee",
        "k8Ws" * 5,
    ],
)
def test_a_secret_key_that_can_be_guessed(key: str) -> None:
    """Repetitions, sequences and common words are no key, however long."""
    [problem] = wrong({"SECRET_KEY": key})
    assert "SECRET_KEY is too easy to guess" in problem
    assert key not in problem


@given(st.binary(min_size=16, max_size=64), st.sampled_from([bytes.hex, base64.b64encode, base64.b85encode]))
def test_a_random_secret_key(data: bytes, encode: Callable[[bytes], str | bytes]) -> None:
    """Random bytes are accepted in every usual encoding."""
    data = sha256(data).digest()[:16] + data[16:]  # hypothesis prefers bytes that are not random
    encoded = encode(data)
    read(SECRET_KEY=encoded if isinstance(encoded, str) else encoded.decode())


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["SMTP_URL"], "SMTP_URL is set without MAIL_FROM: mail needs both"),
        (["MAIL_FROM"], "MAIL_FROM is set without SMTP_URL: mail needs both"),
        ([*MAIL, "DKIM_SELECTOR"], "DKIM_SELECTOR is set without DKIM_KEY: signing needs both"),
        ([*MAIL, "DKIM_KEY"], "DKIM_KEY is set without DKIM_SELECTOR: signing needs both"),
        (["DKIM_KEY", "DKIM_SELECTOR"], "DKIM_KEY is set without MAIL_FROM: the signature is for its domain"),
    ],
)
def test_variables_that_need_another(names: list[str], says: str) -> None:
    """One without the other is a problem, at the one that is set."""
    every = MAIL | {"DKIM_KEY": __file__, "DKIM_SELECTOR": "pb"}
    assert wrong({name: every[name] for name in names}) == [f"environment:1:1: {says}"]


@pytest.mark.parametrize("key", ["nokey", ".", "k" * 5000])
def test_the_dkim_key_is_a_file(key: str) -> None:
    [problem] = wrong(MAIL | {"DKIM_KEY": key, "DKIM_SELECTOR": "pb"})
    assert problem == "environment:1:1: DKIM_KEY does not name a file: write the path of a private key"


@pytest.mark.parametrize(
    "selector", ["a b", ".a", "a.", "a..b", "-a", "a_b", "é", "a;b", "a" * 64, "a." * 60 + "a"]
)
def test_dkim_selectors_are_labels_of_a_domain(selector: str) -> None:
    [problem] = wrong(MAIL | {"DKIM_KEY": __file__, "DKIM_SELECTOR": selector})
    assert problem.startswith("environment:1:1: DKIM_SELECTOR is not a DKIM selector")


@pytest.mark.parametrize("written", ["nowhere", "file", "t" * 5000])
def test_custom_templates_are_in_a_folder(
    written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder must exist; without the setting there are no custom templates."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "mine").mkdir()
    assert (read().templates, read(PAPERBOY_TEMPLATES="mine").templates) == (None, Path("mine"))
    assert wrong({"PAPERBOY_TEMPLATES": written}) == [
        "environment:1:1: PAPERBOY_TEMPLATES does not name a folder: write the path of the one with your templates"
    ]


@pytest.mark.parametrize("target", ["C0PAPERS", "#papers", "U0ADA", "Ops@example.org", "ops@localhost"])
def test_alerts_need_their_channel(target: str) -> None:
    """A Slack channel needs the token, an address needs the server; the message names what is missing."""
    slack = {"SLACK_BOT_TOKEN": "xoxb-1"}
    assert read(**MAIL, **slack, PAPERBOY_ALERTS=target).alerts == target
    others, needs = (slack, "SMTP_URL") if "@" in target else (MAIL, "SLACK_BOT_TOKEN")
    [problem] = wrong(others | {"PAPERBOY_ALERTS": target})
    assert problem.startswith("environment:1:1: PAPERBOY_ALERTS is a")
    assert problem.endswith(f"{needs} is not set")


@pytest.mark.parametrize("written", ["https://x.org/p", "https://x.org/p/", "https://x.org/p//"])
def test_the_public_url_ends_without_a_slash(written: str) -> None:
    """Links are appended to it. SECRET_KEY is not required: without it there are no links."""
    settings = read(PUBLIC_URL=written)
    assert (settings.public_url, settings.secret_key) == ("https://x.org/p", None)


def test_empty_and_unknown_variables_are_ignored() -> None:
    """A platform sets many variables, some of them empty."""
    assert read(SMTP_URL="", MAIL_FROM="  ", HOME="/", PAPERBOY_COLOUR="red") == read()


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without arguments: the environment, and `.env` in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAPERBOY_CONTACT", "ada@example.org")
    (tmp_path / ".env").write_text("PAPERBOY_DATA=here\nPUBLIC_URL=nowhere\n")
    assert [str(p)[:20] for p in load_settings()[1]] == [".env:2:1: PUBLIC_URL"]
    (tmp_path / ".env").write_text("PAPERBOY_DATA=here\n")
    settings, _ = load_settings()
    assert settings is not None
    assert (settings.contact, settings.data) == ("ada@example.org", Path("here"))


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """A value in the environment overrides the file's, unless it is empty; the last line of a name counts."""
    file = tmp_path / ".env"
    file.write_text(
        "# ours\nexport SECRET_KEY='a # b and so forth'\nPAPERBOY_CONTACT=\"c\"  # me\nHF_API_URL=http://x\nHF_API_URL=http://y\n"
    )
    settings, problems = load_settings({"PAPERBOY_CONTACT": "d", "SECRET_KEY": " "}, file)
    assert problems == ()
    assert settings is not None
    assert settings.secret_key is not None
    assert settings.secret_key.get_secret_value() == "a # b and so forth"
    assert (settings.contact, settings.hf_api_url) == ("d", "http://y")


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("SLACK_TOKEN", "SLACK_BOT_TOKEN"),
        ("SLACK_BOT_TOKN", "SLACK_BOT_TOKEN"),
        ("slack_bot_token", "SLACK_BOT_TOKEN"),
        ("SMTP_URI", "SMTP_URL"),
        ("STMP_URL", "SMTP_URL"),
        ("MAIL_FRM", "MAIL_FROM"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("PUBLIC_URI", "PUBLIC_URL"),
        ("SECRETKEY", "SECRET_KEY"),
        ("PAPERBOY_PROFILE", "PAPERBOY_PROFILES"),
    ],
)
def test_misspelt_names(tmp_path: Path, name: str, ours: str) -> None:
    """A name in `.env` that is close to one of ours is a problem, unless that one is set too."""
    file = tmp_path / ".env"
    file.write_text(f"\n{name}=sesame\n")
    assert wrong({}, file) == [f"{file}:2:1: unknown setting {name}: did you mean {ours}?"]
    assert load_settings({name: "sesame"}, None)[1] == ()


@pytest.mark.parametrize(
    "name",
    [
        "SMTP_HOST",
        "SMTP_USER",
        "SMTP_PORT",
        "MAIL_HOST",
        "DATABASE_USER",
        "DATABASE_NAME",
        "TEST_DATABASE_URL",
        "SECRET_KEY_BASE",
        "DJANGO_SECRET_KEY",
        "PUBLIC_KEY",
        "SLACK_WEBHOOK_URL",
        "SLACK_CHANNEL",
        "HF_TOKEN",
        "HF_API_KEY",
        "REDIS_URL",
        "BASE_URL",
    ],
)
def test_names_of_other_programs(tmp_path: Path, name: str) -> None:
    """They are left alone; so is one that is close to a name of ours that is set."""
    file = tmp_path / ".env"
    file.write_text(f"{name}=x\nDATABASE_URI=x\nDATABASE_URL=sqlite://\n")
    assert load_settings({}, file)[1] == ()


def test_holidays_of_arxiv(tmp_path: Path) -> None:
    """A file of dates and reasons; the lines that are neither are reported with their places."""
    file = tmp_path / "holidays.txt"
    file.write_text("# from arXiv's page\n2026-12-24  Christmas Eve\n\n2026-12-28 # deferred\n")
    settings = read(ARXIV_HOLIDAYS=str(file))
    assert settings.arxiv_holidays == {
        date(2026, 12, 24): "Christmas Eve",
        date(2026, 12, 28): "no announcement",
    }
    for text, places in {"2026-12-24 x\n24.12.2026\n": [2], "x\n2026-12-24 y\nz\n": [1, 3]}.items():
        file.write_text(text)
        (problem,) = load_settings({"ARXIV_HOLIDAYS": str(file)}, None)[1]
        assert ", ".join(f"{file}:{line}:1" for line in places) + ": write" in str(problem)


def test_lists_in_settings() -> None:
    """Commas or spaces separate items; people are compared without regard to case."""
    settings = read(PAPERBOY_ADMINS="Ada@Example.org, bo", TRUSTED_PROXIES="10.0.0.0/8 ::1")
    assert settings.admins == {"ada@example.org", "bo"}
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.0/8", "::1/128"]


def test_problems_of_the_file_have_their_places(tmp_path: Path) -> None:
    """All problems at once, each at its name; names of other programs are ignored."""
    file = tmp_path / ".env"
    file.write_bytes(
        b"\xef\xbb\xbf# ours\r\n\r\n\r\nPAPERBOY_DATE=x\r\n  export SMTP_URL=sesame\r\nOTHER=1\r\n"
        b"SECRET_KEY='sesame\r\nPAPERBOY_XYZ12345=red\r\nPUBLIC_URL=sesame\r\n"
    )
    problems = wrong({"HF_API_URL": "x"}, file)
    assert [p.removeprefix(str(file)) for p in problems] == [
        ":4:1: unknown setting PAPERBOY_DATE: did you mean PAPERBOY_DATA?",
        ":5:10: SMTP_URL is not a mail server's URL: write smtp://user:password@host:587 or smtps://…",
        ":5:10: SMTP_URL is set without MAIL_FROM: mail needs both",
        ":7:1: this line cannot be read: write NAME=value",
        ":8:1: unknown setting PAPERBOY_XYZ12345: known are PAPERBOY_DATA, PAPERBOY_PROFILES, PAPERBOY_TEMPLATES, "
        "PAPERBOY_CONTACT, PAPERBOY_ALERTS, PAPERBOY_ADMINS, PAPERBOY_LOG, PAPERBOY_METRICS_TOKEN, "
        "PAPERBOY_HEARTBEAT, PAPERBOY_KEEP_PAPERS, PAPERBOY_KEEP_MESSAGES",
        ":9:1: PUBLIC_URL is not a web address: write one such as https://paperboy.example.org",
        "environment:1:1: HF_API_URL is not a web address: write one such as https://paperboy.example.org",
    ]


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (lambda path: path.write_bytes(b"A=1\nB=\xff\n"), ":2:1: "),
        (lambda path: path.write_bytes(b"#" * 1_100_000), ":1:1: "),
        (Path.mkdir, ":1:1: "),
        (os.mkfifo, ":1:1: "),
        (lambda path: path.symlink_to(path), ":1:1: "),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, make: Callable[[Path], object], place: str) -> None:
    """Bytes that are not UTF-8, a huge file, and what is not a file are one problem; a missing file is not."""
    file = tmp_path / ".env"
    assert load_settings({}, file)[1] == ()
    make(file)
    [problem] = wrong({}, file)
    assert problem.startswith(f"{file}{place}")


@given(
    name=st.sampled_from(NAMES),
    value=st.one_of(st.text(max_size=30), st.text(st.sampled_from(list("smtp:/@[]?#%<>. ~0")), max_size=20)),
    prefix=st.sampled_from(["", "smtp://", "http://", "postgres://", "P <"]),
)
def test_no_value_raises_or_is_shown(name: str, value: str, prefix: str) -> None:
    """For any value there are settings or problems, and no problem shows the value."""
    settings, problems = load_settings(MAIL | {name: f"{prefix}sesame{value}"}, None)
    assert (settings is None) is bool(problems)
    assert not any("sesame" in p.message or "\n" in p.message for p in problems)
