"""Log-in by a mail that really arrives at a local SMTP server; sessions and their cookie."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import cast
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot.profiles.model import ChannelName
from bot.profiles.recipients import is_sent_to, mail_address
from bot.web import limits, login
from bot.web.access import TOKEN, client_network
from bot.web.login import LINK_LASTS, LINKS_AN_HOUR, SESSION_LASTS, hashed, local_path
from bot.web.services import connect
from tests.support.builders import make_profile, subscription
from tests.support.smtp_server import SmtpServer, smtp_server
from tests.support.web_site import ADA, NOW, OPERATOR, WebSite, csrf_token, web_site

__all__ = ["smtp_server"]

PUBLIC_URL = "https://papers.example.org/lab"


@dataclass
class LogIn:
    """A site with mail, its clock, and what it logs."""

    site: WebSite
    smtp: SmtpServer
    now: datetime = NOW
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        services = replace(self.site.services, clock=lambda: self.now, log=self.log.append)
        connect(self.site.pages.extensions, services)

    def browser(self, address: str = "198.51.100.7") -> FlaskClient:
        client = self.site.pages.test_client()
        client.environ_base["REMOTE_ADDR"] = address
        return client

    def ask(self, address: str, client: FlaskClient | None = None, **form: str) -> TestResponse:
        """Ask for a link; when this returns, the mail has arrived, if there is one."""
        client = client or self.browser()
        token = csrf_token(client.get("/login").text)
        response = client.post("/login", data={"csrf_token": token, "address": address, **form})
        login._mailing.submit(int).result()
        return response

    def mail(self) -> tuple[EmailMessage, str]:
        """The newest mail, and the path of its link."""
        message = cast(EmailMessage, message_from_bytes(self.smtp.received[-1].content, policy=default))
        [link] = re.findall(rf"^{PUBLIC_URL}(/login/\S+)", message.get_content(), re.MULTILINE)
        return message, link

    def use(self, link: str, client: FlaskClient | None = None, **form: str) -> TestResponse:
        """Press the button behind a link; the page without one if the link does not work any more."""
        client = client or self.browser()
        shown = client.get(link)
        if shown.status_code == 410:
            return shown
        page = shown.text
        given = re.search(r'name="next" value="([^"]*)"', page)
        form = {"next": given[1] if given else "", **form}
        return client.post(link, data={"csrf_token": csrf_token(page), **form})


@pytest.fixture
def at(tmp_path: Path, smtp_server: SmtpServer) -> Iterator[LogIn]:
    env = {
        "SMTP_URL": f"{smtp_server.url}?tls=none",
        "MAIL_FROM": "Paperboy <paperboy@example.org>",
        "PUBLIC_URL": PUBLIC_URL,
    }
    with web_site(tmp_path / "site", **env) as site:
        site.pages.config.update(
            SESSION_COOKIE_SECURE=False, SESSION_COOKIE_PATH="/"
        )  # the client has no https
        limits.limiter.reset()
        yield LogIn(site, smtp_server)


def test_a_mailed_link(at: LogIn) -> None:
    """Log in by the mail, and land where one wanted to go; a GET changes nothing, a link works once, and the log
    contains neither token nor address.
    """
    client = at.browser()
    asked = client.get("/p/ada/?before=2026-05-05_x")
    assert asked.location == "/login?next=/p/ada/?before%3D2026-05-05_x"
    at.ask(f" {ADA.upper()} ", next="/p/ada/?before=2026-05-05_x")
    mail, link = at.mail()
    assert (mail["To"], at.smtp.received[0].rcpt_tos) == (ADA, (ADA,))
    assert "It works once, within 15 minutes." in mail.get_content()
    for _ in range(3):  # programs that check links
        assert at.browser().get(link).status_code == at.browser().head(link).status_code == 200
    begun = at.use(link, client)
    assert (begun.status_code, begun.location) == (303, "/p/ada/?before=2026-05-05_x")
    assert client.get("/").status_code == 200
    again = at.use(link)
    assert (again.status_code, "does not work any more" in again.text) == (410, True)
    assert at.log == ["log-in: a link was mailed to a…@example.org", "log-in: a…@example.org logged in"]


def test_a_link_that_two_press_at_once(at: LogIn) -> None:
    """The page with the button was shown to both; the second page says that the link does not work any more."""
    at.ask(ADA)
    link, (first, second) = at.mail()[1], (at.browser(), at.browser())
    forms = [{"csrf_token": csrf_token(one.get(link).text)} for one in (first, second)]
    assert first.post(link, data=forms[0]).status_code == 303
    late = second.post(link, data=forms[1])
    assert (late.status_code, "does not work any more" in late.text) == (410, True)
    assert at.log[-1] == "log-in: a link was used that is unknown, too old or used already"


def test_a_link_for_somebody_else(at: LogIn) -> None:
    """Whoever is logged in as another person sees the link's address, shortened."""
    at.ask(ADA)
    link = at.mail()[1]
    assert "a…@example.org" in at.site.reader(OPERATOR).get(link).text
    for client in (at.site.reader(ADA), at.browser()):
        assert "This link is for" not in client.get(link).text


def test_a_locked_database(at: LogIn) -> None:
    """Everybody sees that it failed, with the way back, and no mail is promised."""
    client = at.browser()
    form = {"csrf_token": csrf_token(client.get("/login").text), "address": "eve@example.org"}
    with at.site.app.database.writing():
        response = client.post("/login", data=form)
    assert response.status_code == 503
    assert "Nothing was changed" in response.text
    assert '<a href="/login">Load the page again</a>' in response.text


def test_the_answer_tells_nobody_who_reads(at: LogIn) -> None:
    """It is the same for readers, operators, strangers and nonsense; mail goes only to the first two."""
    pages = {
        at.ask(one).text
        for one in (ADA, OPERATOR, "eve@example.org", "", "x" * 9999, f"{ADA}\r\nBcc: e@x.org")
    }
    assert len(pages) == 1
    assert [mail.rcpt_tos for mail in at.smtp.received] == [(ADA,), (OPERATOR,)]
    assert not re.search("eve|xxx|Bcc", "".join(at.log))


def test_an_address_that_only_looks_alike() -> None:
    """Mail goes to the address as the profile writes it, whatever was typed that is equal without regard to case."""
    profile = make_profile(
        "x", deliver=(subscription(channel=ChannelName.EMAIL, target="Strasse@example.org"),)
    )
    assert mail_address([profile], "straße@EXAMPLE.org") == "Strasse@example.org"
    assert mail_address([profile], "strase@example.org") is None


@pytest.mark.parametrize(
    ("channel", "target", "name", "theirs"),
    [
        ("email", "ada@example.org", "ada@example.org", True),
        ("email", "Ada@example.org", "ada@example.org", True),
        ("email", "bob@example.org", "ada@example.org", False),
        ("slack", "C0PAPERS", "ada@example.org", False),
        ("maildir", "bob", "bob", True),
        ("maildir", "cyd", "bob", False),
        ("slack", "C0PAPERS", "ada", True),
        ("maildir", "ada@example.org", "ada@example.org", False),
    ],
)
def test_whose_subscription(channel: str, target: str, name: str, theirs: bool) -> None:
    """A reader pauses what is sent to them, not what the same profile sends to others."""
    assert is_sent_to(subscription("ada", target, channel=ChannelName(channel)), name) is theirs


def test_links_of_an_address_are_limited(at: LogIn) -> None:
    """Five in an hour, whoever asks; those that could not be mailed count too."""
    at.smtp.script.rcpt = "450 4.2.0 later"
    at.ask(ADA)
    at.smtp.script.rcpt = None
    for n in range(LINKS_AN_HOUR):
        at.ask(ADA, at.browser(f"192.0.2.{n}"))
    assert len(at.smtp.received) == LINKS_AN_HOUR - 1
    assert at.log[-1] == "log-in: no more links for a…@example.org within an hour"
    at.now += timedelta(hours=1)
    at.ask(ADA)
    assert len(at.smtp.received) == LINKS_AN_HOUR


def test_requests_of_a_client_are_limited(at: LogIn) -> None:
    """The 61st gets 429 with a time to wait; others, also of the same IPv6 network's neighbour, are answered."""
    answers = [at.ask("eve@example.org", at.browser(f"2001:db8::{n}")) for n in range(61)]
    assert {one.status_code for one in answers[:-1]} == {200}
    assert (answers[-1].status_code, 0 < int(answers[-1].headers["Retry-After"]) <= 600) == (429, True)
    assert "Wait 10 minutes" in answers[-1].text
    forwarded = at.browser("2001:db8::99")
    forwarded.environ_base["HTTP_X_FORWARDED_FOR"] = "192.0.2.77"  # its own word counts nothing
    assert at.ask(ADA, forwarded).status_code == 429
    assert at.ask(ADA, at.browser("2001:db8:0:1::1")).status_code == 200


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", "198.51.100.9", "198.51.100.9"),  # nginx on the same machine
        ("10.1.45.52", "198.51.100.9", "198.51.100.9"),  # Heroku's router
        ("::ffff:10.1.45.52", "198.51.100.9", "198.51.100.9"),
        ("127.0.0.1", "192.0.2.1, 198.51.100.9", "198.51.100.9"),  # the first is the client's own word
        ("127.0.0.1", "192.0.2.1, 10.0.0.5", "10.0.0.5"),  # a client in the lab's network
        ("127.0.0.1", "192.0.2.1, 203.0.113.4", "192.0.2.1"),  # 203.0.113.4 is a trusted proxy
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "192.0.2.1, unknown", "127.0.0.1"),
        ("198.51.100.9", "192.0.2.1", "198.51.100.9"),
    ],
)
def test_whose_requests_count_together(tmp_path: Path, peer: str, forwarded: str, client: str) -> None:
    """A proxy on this machine or in a private network names its client; anybody else names nobody."""
    with web_site(tmp_path / "site", TRUSTED_PROXIES="203.0.113.4") as site:
        asked = {"environ_base": {"REMOTE_ADDR": peer}, "headers": {"X-Forwarded-For": forwarded}}
        with site.pages.test_request_context(**asked):
            assert client_network() == client


def test_a_mail_server_that_quotes_the_link(at: LogIn) -> None:
    """The reader gets the same answer; the log says why, without the token."""
    at.smtp.script.data = "554 5.7.1 spam: what"
    assert at.ask(ADA).status_code == 200
    assert at.log == ["log-in: a link could not be mailed: the SMTP server says 554 5.7.1 spam: what"]

    def quoted(*_: object) -> None:
        [token] = re.findall(r"/login/([\w-]+)", str(_))
        raise login.PaperboyError(f"554 {token}")

    connect(at.site.pages.extensions, replace(at.site.services, send_login=quoted))
    at.ask(ADA)
    assert at.log[-1] == "log-in: a link could not be mailed: 554 ..."


def test_a_link_and_a_session_end(at: LogIn) -> None:
    """A link after 15 minutes, a session after 30 days, and at once when its reader logs out."""
    at.ask(ADA)
    at.now += LINK_LASTS
    assert at.use(at.mail()[1]).status_code == 410
    at.ask(ADA)
    client = at.browser()
    at.use(at.mail()[1], client)
    at.now += SESSION_LASTS - timedelta(minutes=1)
    assert client.get("/").status_code == 200
    at.now += timedelta(minutes=1)
    assert client.get("/").status_code == 302


def test_no_session_of_before_is_kept(at: LogIn) -> None:
    """Session fixation: what was in the browser before log-in, planted or not, is of no use after it."""
    victim, attacker = at.browser(), at.browser()
    planted = attacker.get("/login").text and attacker.get_cookie("__Secure-paperboy", path="/")
    assert planted
    with victim.session_transaction() as session:
        session[TOKEN] = "planted"
    at.ask(ADA)
    at.use(at.mail()[1], victim)
    with victim.session_transaction() as session:
        assert session[TOKEN] != "planted"
    with attacker.session_transaction() as session:
        session[TOKEN] = "planted"
    assert attacker.get("/").status_code == 302
    assert at.site.services.logins.address(hashed("planted"), NOW - SESSION_LASTS) is None


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "///evil.example",
        "/p/ada\r\nSet-Cookie: a=b",
        "p/ada",
        "@evil.example",
        ".evil.example",
        "/" + "x" * 2000,
        "",
    ],
)
def test_paths_of_other_sites(path: str) -> None:
    """What a browser could take for another site leads home."""
    assert local_path(path) == "/"


def test_no_open_redirect(at: LogIn) -> None:
    """Neither by the form, nor by the mail, nor by the query."""
    path = "//evil.example"
    at.ask(ADA, next=path)
    mailed = at.mail()[1]
    assert "?" not in mailed
    assert at.use(f"{mailed}?next={quote(path)}", next=path).location == "/"
    client = at.site.reader(ADA)
    assert client.get("/login", query_string={"next": path}).location == "/"


@pytest.mark.parametrize("path", ["/", "/p/ada/", "/search?q=a b&page=2", "/paper/x:%2F%2Fy", "/é", "/a//b"])
def test_paths_of_this_site(path: str) -> None:
    """These are kept."""
    assert local_path(path) == path


def test_cookie_of_a_site(tmp_path: Path) -> None:
    """HttpOnly and SameSite; with https also Secure, under a name that no other site can set."""
    cases = {
        "https://p.example.org": ("__Host-paperboy", "/", True),
        "https://p.example.org/lab": ("__Secure-paperboy", "/lab", True),
        "http://127.0.0.1:8080": ("paperboy", "/", False),
    }
    for n, (url, (name, path, is_secure)) in enumerate(cases.items()):
        with web_site(tmp_path / str(n), PUBLIC_URL=url) as site:
            site.services.logins.add(hashed("x"), ADA, NOW)
            response = site.pages.test_client().get("/login/x")
            [cookie] = response.headers.getlist("Set-Cookie")
            attributes = set(cookie.split("; ")[1:])
            assert cookie.startswith(f"{name}=")
            assert {"HttpOnly", "SameSite=Lax", f"Path={path}"} <= attributes
            assert ("Secure" in attributes, "Strict-Transport-Security" in response.headers) == (
                is_secure,
            ) * 2
            assert "Domain" not in cookie
