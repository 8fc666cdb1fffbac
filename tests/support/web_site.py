"""The web application over an installation with stored papers and digests, with readers logged in.

with web_site(tmp_path) as site:
    site.reader("ada@example.org").get("/p/ada/")      # Flask's test client, with a session
    with site.served() as url, ...:                    # waitress on a free port, for a browser
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from flask import Flask
from flask.testing import FlaskClient

from bot.bootstrap.app import App
from bot.bootstrap.site import make_site
from bot.clock import Moment
from bot.config.settings import load_settings
from bot.profiles.load import load_profiles
from bot.sources.files import ingest_file
from bot.sources.registry import FORMATS
from bot.web.access import TOKEN
from bot.web.app import Front
from bot.web.login import hashed, new_token
from bot.web.services import Services, connect
from bot.web.slow_clients import create_server
from tests.e2e.listings import BACKGROUND, NEXT, REWARD, TABLE, WORLD, json_lines
from tests.support.builders import empty_database

KEY = "kT9x_2mVq8LwZr5yB1nHs7PdEa4UcJf3"
#: The site's clock: the evening of the last digest.
NOW = datetime(2026, 5, 6, 18, 0, tzinfo=UTC)
ADA, BOB, OPERATOR = "ada@example.org", "bob@example.org", "root@example.org"
PROFILES = {
    "ada": """\
# What Ada reads
timezone: UTC
interests: [reward modelling, {phrase: world models, weight: 2}]
authors: [Bo Sample]
deliver:
  - {email: ada@example.org, at: "07:00"}
  - {maildir: ada}
""",
    "bob": """\
timezone: UTC
interests: [bird song]
deliver:
  - {email: bob@example.org, at: "07:00"}
  - {maildir: bob}
""",
}
#: The papers of each day, 4 May 2026 and after; on the last day nothing fits.
_DAYS = ((*BACKGROUND, WORLD, REWARD, TABLE), (NEXT,), ())


@dataclass
class WebSite:
    app: App
    pages: Flask  #: the application without the links in mails
    front: Front  #: the whole site

    @property
    def services(self) -> Services:
        return cast(Services, self.pages.extensions["paperboy"])

    def reader(self, name: str) -> FlaskClient:
        """A client with the session of an address or a user name."""
        link, token, now = new_token(), new_token(), self.services.clock()
        self.services.logins.add(hashed(link), name, now)
        assert self.services.logins.use(hashed(link), hashed(token), now, now - timedelta(minutes=1))
        client = self.pages.test_client()
        with client.session_transaction() as session:
            session[TOKEN] = token
        return client

    def cookie(self, name: str, url: str) -> dict[str, str]:
        """The session of an address or a user name as a cookie for Playwright."""
        cookie = self.reader(name).get_cookie(self.pages.config["SESSION_COOKIE_NAME"])
        assert cookie
        return {"name": cookie.key, "value": cookie.value, "url": url}

    def edition(self, profile: str = "ada", day: int = 4) -> str:
        """The id of a profile's edition of a day in May 2026."""
        found = self.app.archive.page(profile, 10)
        return next(one.id for one in found if one.on.day == day)

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve the whole site with waitress; the address, without a slash at its end."""
        server = create_server(self.front, "127.0.0.1:0")
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        host, port = server.effective_listen[0]
        try:
            yield f"http://{host}:{port}"
        finally:
            server.close()
            server.task_dispatcher.shutdown()
            thread.join(5)


@contextmanager
def web_site(folder: Path, **env: str) -> Iterator[WebSite]:
    """The site of PROFILES in a folder. `env`: more settings."""
    (folder / "profiles").mkdir(parents=True)
    for name, text in PROFILES.items():
        (folder / "profiles" / f"{name}.yaml").write_text(text)
    (folder / "paperboy.db").write_bytes(_stored())
    app = _app(folder, folder / "profiles", SECRET_KEY=KEY, PAPERBOY_ADMINS=OPERATOR, **env)
    front = make_site(app, lambda line: None, "http://127.0.0.1")
    site = WebSite(app, front.app, front)
    connect(front.app.extensions, replace(site.services, clock=lambda: NOW))
    try:
        yield site
    finally:
        app.close()


def csrf_token(page: str) -> str:
    """The token of a page's forms."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page
    return found[1]


def _app(data: Path, profiles: Path, **env: str) -> App:
    env = {"PAPERBOY_DATA": str(data), "PAPERBOY_PROFILES": str(profiles), **env}
    settings, problems = load_settings(env, dotenv=None)
    assert settings, problems
    return App(settings, answers_requests=True)


@lru_cache(maxsize=1)
def _stored() -> bytes:
    """A database with the papers of all days, and the digests of the profiles' Maildirs."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "paperboy.db").write_bytes(empty_database())
        for profile, text in PROFILES.items():
            (folder / f"{profile}.yaml").write_text(text)
        app = _app(folder, folder)
        profiles = load_profiles([folder]).profiles
        for number, works in enumerate(_DAYS):
            moment = Moment(NOW - timedelta(days=len(_DAYS) - 1 - number))
            listing = folder / "papers.jsonl"
            listing.write_bytes(json_lines(*works))
            if works:
                ingest_file(listing, FORMATS, app.papers, moment.instant - timedelta(hours=12))
            app.delivery.send(profiles, moment, due=False)
        app.close()
        return (folder / "paperboy.db").read_bytes()
