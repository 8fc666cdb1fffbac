"""The mail server of SMTP_URL and the sender of MAIL_FROM. Wrong values: tests/config/test_settings.py."""

from __future__ import annotations

import pytest

from bot.config.smtp_url import Sender, SmtpServer, Tls, parse_sender, parse_smtp_url

PASSWORD = "p@ss/w:rd?#%"
QUOTED = "p%40ss%2Fw%3Ard%3F%23%25"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://localhost", SmtpServer("localhost", 25, Tls.OFFERED)),
        ("smtp://127.0.0.1:1025/", SmtpServer("127.0.0.1", 1025, Tls.OFFERED)),
        ("smtp://[::1]:25", SmtpServer("::1", 25, Tls.OFFERED)),
        ("smtp://mail.example.org", SmtpServer("mail.example.org", 25, Tls.REQUIRED)),
        ("smtp://mail.example.org?tls=none", SmtpServer("mail.example.org", 25, Tls.NEVER)),
        ("smtp://u:p@mail.example.org", SmtpServer("mail.example.org", 587, Tls.REQUIRED, "u", "p")),
        ("smtp://u:p@localhost:25", SmtpServer("localhost", 25, Tls.REQUIRED, "u", "p")),
        ("smtps://u:p@mail.example.org", SmtpServer("mail.example.org", 465, Tls.IMPLICIT, "u", "p")),
        (
            f"smtp://ada%40example.org:{QUOTED}@h:2525",
            SmtpServer("h", 2525, Tls.REQUIRED, "ada@example.org", PASSWORD),
        ),
    ],
)
def test_servers(url: str, expected: SmtpServer) -> None:
    """STARTTLS is required with credentials, and without them unless on loopback; credentials are decoded."""
    assert parse_smtp_url(url) == expected


def test_the_password_is_not_in_the_repr() -> None:
    assert "hunter2" not in repr(parse_smtp_url("smtp://u:hunter2@h"))


@pytest.mark.parametrize(
    ("text", "name", "address", "domain"),
    [
        ("p@x.org", "Paperboy", "p@x.org", "x.org"),
        ("<p@x.org>", "Paperboy", "p@x.org", "x.org"),
        ("Lab Bot <bot@Lab.Example.ORG>", "Lab Bot", "bot@lab.example.org", "lab.example.org"),
        ('"Bot, Lab" <p@x.org>', "Bot, Lab", "p@x.org", "x.org"),
        ("Zoë <p@lab.local>", "Zoë", "p@lab.local", "lab.local"),
        ("a@localhost", "Paperboy", "a@localhost", "localhost"),
        ("p@bücher.example", "Paperboy", "p@xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("zoë@bücher.example", "Paperboy", "zoë@bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_senders(text: str, name: str, address: str, domain: str) -> None:
    """An address alone or with a name before it; the domain is as DNS has it."""
    assert parse_sender(text) == Sender(name, address, domain)
