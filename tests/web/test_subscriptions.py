"""Pauses on the home page, and the status of operators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot.delivery.model import PAUSED, UNSUBSCRIBED, Pause
from bot.web.services import connect
from tests.support.web_site import ADA, NOW, OPERATOR, WebSite, csrf_token, web_site

KEY = f"ada:email:{ADA}"
ADAS_LATER = f"""\
timezone: Asia/Tokyo
interests: [bird song]
deliver: [{{email: {ADA}, at: "07:00"}}, {{maildir: ada}}]
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[WebSite]:
    with web_site(tmp_path / "site") as stored:
        yield stored


def post(client: FlaskClient, action: str, key: str, weeks: str = "") -> TestResponse:
    form = {"csrf_token": csrf_token(client.get("/").text), "subscription": key, "weeks": weeks}
    return client.post(f"/subscription/{action}", data=form, follow_redirects=True)


def test_pause_and_resume(site: WebSite) -> None:
    """A reader pauses what is sent to them, sees until when, and turns it on again, also after unsubscribing."""
    log: list[str] = []
    connect(site.pages.extensions, replace(site.services, log=log.append))
    client, pauses = site.reader(ADA), site.services.pauses
    page = post(client, "pause", KEY, "2").text
    assert "Paused until 20 May 2026." in page
    assert pauses.pauses() == (Pause(KEY, PAUSED, NOW, NOW + timedelta(weeks=2)),)
    assert "Turn it on again" in page
    assert "Paused until" not in post(client, "resume", KEY).text
    pauses.pause(KEY, UNSUBSCRIBED, NOW)
    assert "Turned off." in client.get("/").text
    post(client, "resume", KEY)
    assert not pauses.pauses()
    assert log == [f"{KEY}: paused until 2026-05-20 on the web", *[f"{KEY}: resumed on the web"] * 2]


@pytest.mark.parametrize(
    ("key", "weeks", "code"),
    [
        ("ada:maildir:ada", "1", 404),  # the same profile's, but sent to somebody else
        ("bob:email:bob@example.org", "1", 404),
        ("", "1", 404),
        ("slack", "1", 404),
        (KEY, "52", 400),
        (KEY, "", 400),
        (KEY, "-1", 400),
    ],
)
def test_what_a_reader_may_not_pause(site: WebSite, key: str, weeks: str, code: int) -> None:
    """Neither other people's digests, nor for any time."""
    assert post(site.reader(ADA), "pause", key, weeks).status_code == code
    assert not site.services.pauses.pauses()


def test_a_stopped_address_is_shown(site: WebSite) -> None:
    """Readers see that nothing is sent, and not why; operators see it in the status, with the command for it."""
    site.services.pauses.pause(f"email:{ADA}", "mail came back", NOW)
    page = site.reader(ADA).get("/").text
    assert "whoever runs this Paperboy has to look at it" in page
    assert "came back" not in page
    status = site.reader(OPERATOR).get("/status").text
    assert status.index("Needs you") < status.index(f"paperboy resume email:{ADA}") < status.index("Sources")


def test_status_has_links_and_commands(site: WebSite) -> None:
    """Profiles lead to their digests, commands are set apart, and of paths there is the file's name."""
    (site.services.folder / "ada.yaml").write_text(ADAS_LATER)
    site.app.live_profiles.forget()
    page = site.reader(OPERATOR).get("/status").text
    assert '<a href="/p/ada/">ada</a> → maildir ada: ' in page
    assert "<code>paperboy send</code>" in page
    assert "stored in paperboy.db." in page


def test_a_pause_ends_on_a_day_of_the_profile(site: WebSite) -> None:
    """2 o'clock in the morning in Tokyo is still the day before in UTC."""
    (site.services.folder / "ada.yaml").write_text(ADAS_LATER)
    site.app.live_profiles.forget()
    assert "Paused until 14 May 2026." in post(site.reader(ADA), "pause", KEY, "1").text
