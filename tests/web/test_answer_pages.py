"""Answers by the links in mails: what a reader, a program that checks mails, and somebody else get."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot.delivery.answer_token import answer_url, tune_url
from bot.delivery.editions import store_edition
from bot.delivery.unsubscribe_token import unsubscribe_url
from bot.feedback.model import Answer, AnswerKind, Via
from bot.profiles.model import ChannelName, Subscription
from bot.web.limits import limiter
from bot.web.services import connect
from tests.support.builders import FakeChannel
from tests.support.chromium import NONE, chromium
from tests.support.samples import digest
from tests.support.web_site import ADA, BOB, KEY, NOW, WebSite, csrf_token, web_site

SECRET = KEY.encode()
DAY = digest(3).on


@pytest.fixture
def site(tmp_path: Path) -> Iterator[WebSite]:
    """Ada and Bob were mailed digests of three papers, at most a day ago."""
    with web_site(tmp_path) as site:
        limiter.reset()  # all sites of a process share it
        for name, address in (("ada", ADA), ("bob", BOB)):
            to = Subscription(name, ChannelName.EMAIL, address)
            assert store_edition(site.app.outbox, to, address, digest(3, profile=name), FakeChannel())
        yield site


def edition(site: WebSite, profile: str = "ada") -> str:
    found = site.app.archive.page(profile, 10)
    return next(one.id for one in found if one.channel is ChannelName.EMAIL)


def link(site: WebSite, rank: int = 1, profile: str = "ada") -> str:
    """The path of the page of a paper, as the mail has it but for its fragment."""
    return urlsplit(answer_url("https://x.org", SECRET, edition(site, profile), rank)).path


def tune_link(site: WebSite) -> str:
    return urlsplit(tune_url("https://x.org", SECRET, edition(site))).path


def answers(site: WebSite, profile: str = "ada") -> list[tuple[str, str, str]]:
    """Who said what about which paper, as it is in effect."""
    return [(one.who, one.what, one.paper) for one in site.app.feedback.current(profile)]


def rows(site: WebSite, profile: str = "ada") -> list[Answer]:
    """All stored answers."""
    return list(site.app.answers.of([profile]).get(profile, ()))


def fields(page: str) -> dict[str, str]:
    """What a browser sends of a page's form, without its buttons."""
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    chosen = re.findall(r'<input type="radio" name="([^"]+)" value="([^"]*)" checked>', page)
    return dict(hidden + chosen)


def press(client: FlaskClient, path: str, button: dict[str, str]) -> TestResponse:
    """Open a page, press a button of it, and get the page that follows."""
    form = fields(client.get(path).text) | button
    return client.post(path, data=form, follow_redirects=True)


def at(site: WebSite, now: datetime) -> None:
    """Set the site's clock."""
    connect(site.pages.extensions, replace(site.services, clock=lambda: now))


# --- A reader ---------------------------------------------------------------------------------------------


def test_answer_change_and_undo(site: WebSite) -> None:
    """Without log-in: the page says what is in effect; the newest answer counts; undo takes it back."""
    client, path, paper = site.pages.test_client(), link(site, 2), digest(3).papers[1].paper
    page = client.get(path).text
    assert paper.title.replace("&", "&amp;") in page
    assert 'id="more" name="answer" value="more"' in page
    assert 'id="less" name="answer" value="less"' in page
    assert "Undo" not in page
    assert "✓ You asked for more like this." in press(client, path, {"answer": "more"}).text
    assert answers(site) == [(f"mail:{ADA}", "more", paper.id)]
    assert "✓ You asked for less like this." in press(client, path, {"answer": "less"}).text
    assert answers(site) == [(f"mail:{ADA}", "less", paper.id)]
    assert "✓" not in press(client, path, {"answer": "undo"}).text
    assert answers(site) == []
    assert [one.via for one in rows(site)] == [Via.MAIL] * 3


def test_answer_on_the_web_is_the_same_readers(site: WebSite) -> None:
    """An address has one voice, by mail and on the web."""
    paper = digest(3).papers[0].paper.id
    site.app.feedback.answer("ada", f"web:{ADA}", AnswerKind.MORE, paper, NOW, Via.WEB, action="w1")
    client, path = site.pages.test_client(), link(site)
    assert "✓ You asked for more like this." in client.get(path).text
    press(client, path, {"answer": "less"})
    assert answers(site) == [(f"mail:{ADA}", "less", paper)]


def test_tune_a_digest(site: WebSite) -> None:
    """One form for all papers; what the reader did not change in it stays, also if it was answered meanwhile."""
    client, path, ids = site.pages.test_client(), tune_link(site), [one.paper.id for one in digest(3).papers]
    press(client, link(site, 1), {"answer": "more"})
    press(client, link(site, 2), {"answer": "more"})
    form = fields(client.get(path).text)
    assert {name: value for name, value in form.items() if name.startswith("answer")} == {
        "answer-1": "more",
        "answer-2": "more",
        "answer-3": "undo",
    }
    press(client, link(site, 3), {"answer": "less"})
    done = client.post(
        path, data={**form, "answer-1": "less", "answer-2": "undo", "save": "yes"}, follow_redirects=True
    )
    assert "Your answers are stored." in done.text
    assert {(what, paper) for _, what, paper in answers(site)} == {("less", ids[0]), ("less", ids[2])}


def test_ways_on(site: WebSite) -> None:
    """Both pages lead to the reader's profiles and to the page that stops or pauses the digest."""
    leave = unsubscribe_url(site.services.public_url, SECRET, edition(site))
    for path in (link(site), tune_link(site)):
        page = site.pages.test_client().get(path).text
        assert f'href="{leave}"' in page
        assert 'href="/"' in page
        assert ADA not in page
        assert "a…@example.org" in page


# --- Programs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_following_a_link_changes_nothing(site: WebSite, method: str) -> None:
    """Scanners and prefetching programs follow every link of a mail; nothing of the page is kept or passed on."""
    client = site.pages.test_client()
    for path in (link(site), tune_link(site)):
        reply = client.open(path, method=method, headers={"Purpose": "prefetch"})
        assert reply.status_code == 200
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert reply.headers["X-Robots-Tag"] == "noindex"
        assert "<script" not in reply.text
    assert rows(site) == []


@pytest.mark.parametrize(
    ("left_out", "added", "cookies", "status"),
    [
        ((), {}, True, 400),  # a form that is submitted by a script has no button
        ((), {"answer": ""}, True, 400),
        ((), {"answer": "follow"}, True, 400),
        (("csrf_token",), {"answer": "more"}, True, 400),
        ((), {"csrf_token": "x", "answer": "more"}, True, 400),
        ((), {"answer": "more"}, False, 400),  # no cookies
        ((), {"answer": "more"}, True, 303),
    ],
)
def test_forms_sent_by_programs(
    site: WebSite, left_out: tuple[str, ...], added: dict[str, str], cookies: bool, status: int
) -> None:
    """Only a form with the value of a button, the token and the cookie that belongs to it is an answer."""
    client = site.pages.test_client(use_cookies=cookies)
    form = {
        name: value for name, value in fields(client.get(link(site)).text).items() if name not in left_out
    }
    assert client.post(link(site), data=form | added).status_code == status
    assert len(rows(site)) == (status == 303)


def test_tune_form_sent_by_programs(site: WebSite) -> None:
    """Without the button nothing is stored; with it only what was changed."""
    client, path = site.pages.test_client(), tune_link(site)
    form = fields(client.get(path).text)
    assert client.post(path, data={**form, "answer-1": "more"}).status_code == 400
    assert client.post(path, data={**form, "save": "yes"}).status_code == 303
    assert client.post(path, data={**form, "answer-1": "worst", "save": "yes"}).status_code == 303
    assert rows(site) == []


def test_replay(site: WebSite) -> None:
    """A form that is sent again counts once, also after the answer was taken back."""
    client, path = site.pages.test_client(), link(site)
    form = fields(client.get(path).text) | {"answer": "more"}
    client.post(path, data=form)
    client.post(path, data=form)
    assert len(rows(site)) == 1
    undo = fields(client.get(path).text) | {"answer": "undo"}
    client.post(path, data=undo)
    assert client.post(path, data=form).status_code == 303
    assert answers(site) == []
    press(client, path, {"answer": "less"})
    client.post(path, data=undo)
    assert [what for _, what, _ in answers(site)] == ["less"]


@pytest.mark.skipif(not chromium(), reason=NONE)
def test_browser_that_submits_forms_without_pressing(site: WebSite) -> None:
    """What scanners do in a real browser writes nothing; a pressed button does. The link's button has the focus."""
    from playwright.sync_api import sync_playwright

    with site.served() as url, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page()
        for path in (link(site), tune_link(site)):
            for submit in ("submit()", "requestSubmit()"):
                page.goto("about:blank")
                page.goto(f"{url}{path}#less")
                with page.expect_navigation():
                    page.evaluate(f"document.forms[document.forms.length - 1].{submit}")
        assert rows(site) == []
        page.goto("about:blank")
        page.goto(f"{url}{link(site)}#less")
        assert page.evaluate("document.activeElement.id") == "less"
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert "You asked for less like this" in page.inner_text("main")
        browser.close()
    assert answers(site) == [(f"mail:{ADA}", "less", digest(3).papers[0].paper.id)]


# --- Links that are not valid -----------------------------------------------------------------------------


def test_forged_links(site: WebSite) -> None:
    """The page does not exist, whoever asks; a link of another reader's digest answers as that reader."""
    genuine, bobs = link(site), link(site, profile="bob")
    signature = genuine.rpartition(".")[2]
    forged = [
        f"/a/{edition(site)}.2.{signature}",
        f"/a/{edition(site, 'bob')}.1.{signature}",
        f"/a/{edition(site)}",
        genuine[:-1],
        f"/t/{edition(site)}.{signature}",
        urlsplit(answer_url("", b"another secret!!", edition(site), 1)).path,
        urlsplit(answer_url("", SECRET, "0123456789abcdef", 1)).path,
        "/a/é\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    ]
    client = site.pages.test_client()
    form = fields(client.get(genuine).text) | {"answer": "more", "save": "yes"}
    for path in forged:
        assert client.get(path).status_code == client.post(path, data=form).status_code == 404
    assert rows(site) == rows(site, "bob") == []
    press(site.reader(ADA), bobs, {"answer": "more"})
    assert (rows(site), [one.who for one in rows(site, "bob")]) == ([], [f"mail:{BOB}"])


@pytest.mark.parametrize(("days", "status"), [(90, 200), (91, 410)])
def test_expired_links(site: WebSite, days: int, status: int) -> None:
    """After 90 days the page says that the link is too old, and nothing can be sent."""
    client = site.pages.test_client()
    form = fields(client.get(link(site)).text) | {"answer": "more", "save": "yes"}
    at(site, datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=NOW.tzinfo) + timedelta(days=days))
    for path in (link(site), tune_link(site)):
        reply = client.get(path)
        assert (reply.status_code, "This link is too old" in reply.text) == (status, status == 410)
        assert client.post(path, data=form).status_code == (303 if status == 200 else 410)


@pytest.mark.parametrize(
    ("file", "text", "status"),
    [
        ("ada.yaml", "interests: [bird song]\ndeliver: [{email: ADA@example.org}]", 200),
        ("ada.yaml", "interests: [bird song]\ndeliver: [{email: eve@example.org}]", 410),
        ("ada.yaml", "interests: [bird song]\ndeliver: [{maildir: ada}]", 410),
        ("eve.yaml", "interests: [bird song]\nwas: ada\ndeliver: [{email: ada@example.org}]", 200),
        ("eve.yaml", "interests: [bird song]\ndeliver: [{email: ada@example.org}]", 410),
    ],
)
def test_profile_that_changed(site: WebSite, file: str, text: str, status: int) -> None:
    """The link works for as long as the profile, under its name of today, delivers to the address."""
    folder, path = site.services.folder, link(site)
    (folder / "ada.yaml").unlink()
    (folder / file).write_text(text)
    site.app.live_profiles.forget()
    client = site.pages.test_client()
    assert client.get(path).status_code == status
    if status == 200:
        press(client, path, {"answer": "more"})
        assert [what for _, what, _ in answers(site, file.removesuffix(".yaml"))] == ["more"]


def test_rate_limit(site: WebSite) -> None:
    """Sixty answers a minute from one network."""
    client = site.pages.test_client()
    form = fields(client.get(link(site)).text)
    replies = [client.post(link(site), data=form).status_code for _ in range(62)]
    assert (replies[0], replies[-1]) == (400, 429)
    assert csrf_token(client.get(link(site)).text)
