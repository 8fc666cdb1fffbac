"""What every route gives to every person: whoever adds a route adds a row to ROWS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import Any

import pytest
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from bot.delivery.answer_token import answer_url, tune_url
from bot.delivery.feed_token import feed_token
from bot.web.access import TOKEN
from bot.web.login import SESSION_LASTS, hashed, new_token
from tests.support.web_site import ADA, BOB, KEY, NOW, OPERATOR, WebSite, csrf_token, web_site

PROXY, STRANGER = "10.1.2.3", "203.0.113.9"
PAPER = "arxiv:2605.00101"
SUBSCRIPTION = f"ada:email:{ADA}"


class For(Enum):
    """Whom a route is for. The others are asked to log in; those who are logged in find no page."""

    EVERYBODY = auto()
    READERS = auto()  #: whoever is logged in
    OWNER = auto()  #: the readers of the profile `ada`, and operators
    OPERATORS = auto()


@dataclass(frozen=True)
class Row:
    who: For
    path: str  #: `{edition}`: of ada's digest of 4 May; `{answer}`, `{tune}`: its links; `{feed}`: ada's address
    form: Mapping[str, str] = field(default_factory=dict)


_ANSWER = {"edition": "", "paper": PAPER, "answer": "more", "action": "a1", "back": ""}
_TEXT = {"text": "limit: many", "version": "", "base": ""}
_PAUSE = {"subscription": SUBSCRIPTION, "weeks": "1"}
#: Of each route: who may use it, and a request of ada's.
ROWS: dict[tuple[str, str], Row] = {
    ("GET", "/static/<path:filename>"): Row(For.EVERYBODY, "/static/style.css"),
    ("GET", "/login"): Row(For.EVERYBODY, "/login"),
    ("POST", "/login"): Row(For.EVERYBODY, "/login", {"address": ADA}),
    ("GET", "/login/<token>"): Row(For.EVERYBODY, "/login/x"),
    ("POST", "/login/<token>"): Row(For.EVERYBODY, "/login/x"),
    ("POST", "/logout"): Row(For.EVERYBODY, "/logout"),
    ("GET", "/"): Row(For.READERS, "/"),
    ("GET", "/search"): Row(For.READERS, "/search?q=world+models"),
    ("GET", "/paper/<path:id_>"): Row(For.READERS, f"/paper/{PAPER}"),
    ("GET", "/paper/<path:id_>/why/<profile>"): Row(For.OWNER, f"/paper/{PAPER}/why/ada"),
    ("GET", "/p/<id_>/"): Row(For.OWNER, "/p/ada/"),
    ("GET", "/p/<id_>/d/<edition>"): Row(For.OWNER, "/p/ada/d/{edition}"),
    ("POST", "/p/<id_>/answer"): Row(For.OWNER, "/p/ada/answer", _ANSWER),
    ("GET", "/p/<id_>/d/<edition>.<any(bib, ris):kind>"): Row(For.OWNER, "/p/ada/d/{edition}.bib"),
    ("GET", "/p/<id_>/likes.<any(bib, ris):kind>"): Row(For.OWNER, "/p/ada/likes.ris"),
    ("GET", "/p/<id_>/feeds"): Row(For.OWNER, "/p/ada/feeds"),
    ("POST", "/p/<id_>/feeds"): Row(For.OWNER, "/p/ada/feeds"),
    ("GET", "/p/<id_>/edit"): Row(For.OWNER, "/p/ada/edit"),
    ("POST", "/p/<id_>/edit"): Row(For.OWNER, "/p/ada/edit", _TEXT),
    ("POST", "/p/<id_>/preview"): Row(For.OWNER, "/p/ada/preview", _TEXT),
    ("GET", "/p/<id_>/history"): Row(For.OWNER, "/p/ada/history"),
    ("GET", "/p/<id_>/learned"): Row(For.OWNER, "/p/ada/learned"),
    ("POST", "/p/<id_>/learned"): Row(For.OWNER, "/p/ada/learned", {"undo": "a1"}),
    ("GET", "/p/<id_>/learned/effect"): Row(For.OWNER, "/p/ada/learned/effect"),
    ("GET", "/feed/<token>.<any(atom, json):kind>"): Row(For.EVERYBODY, "/feed/{feed}.atom"),
    ("GET", "/a/<token>"): Row(For.EVERYBODY, "{answer}"),
    ("POST", "/a/<token>"): Row(For.EVERYBODY, "{answer}", {"answer": "more"}),
    ("GET", "/t/<token>"): Row(For.EVERYBODY, "{tune}"),
    ("POST", "/t/<token>"): Row(For.EVERYBODY, "{tune}", {"answer-1": "more", "save": "yes"}),
    ("POST", "/subscription/pause"): Row(For.OWNER, "/subscription/pause", _PAUSE),
    ("POST", "/subscription/resume"): Row(For.OWNER, "/subscription/resume", _PAUSE),
    ("GET", "/status"): Row(For.OPERATORS, "/status"),
}
#: Who comes, by what the site may take them for.
PEOPLE = {
    "nobody": None,
    "ada": "owner",
    "bob": "reader",
    "a former reader": "reader",
    "an operator": "operator",
    "ada by a proxy": "owner",
    "bob by a proxy": "reader",
    "ada by a proxy, written otherwise": "owner",
    "ada by an IPv4 proxy on an IPv6 socket": "owner",
    "ada's name by a stranger": None,
    "ada's name by a stranger who claims a proxy": None,
    "two names by a proxy": None,
    "no name by a proxy": None,
    "ada after log-out": None,
    "ada after a month": None,
    "a cookie of another key": None,
    "an unknown token": None,
    "a mailed token as a session": None,
}


def by_header(site: WebSite, name: str, peer: str, **more: str) -> FlaskClient:
    client = site.pages.test_client()
    client.environ_base |= {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_USER": name, **more}
    return client


def with_session(site: WebSite, **values: str) -> FlaskClient:
    client = site.pages.test_client()
    with client.session_transaction() as session:
        session.update(values)
    return client


def visitor(site: WebSite, name: str) -> FlaskClient:
    """A browser of one of PEOPLE."""
    logins, token = site.services.logins, new_token()
    match name:
        case "ada" | "bob" | "an operator":
            return site.reader({"ada": ADA, "bob": BOB}.get(name, OPERATOR))
        case "a former reader":
            return site.reader("former@example.org")
        case "ada by a proxy" | "bob by a proxy":
            return by_header(site, name[:3], PROXY)
        case "ada by a proxy, written otherwise":
            return by_header(site, " ADA ", PROXY)
        case "ada by an IPv4 proxy on an IPv6 socket":
            return by_header(site, "ada", f"::ffff:{PROXY}")
        case "ada's name by a stranger":
            return by_header(site, "ada", STRANGER)
        case "ada's name by a stranger who claims a proxy":
            return by_header(site, "ada", STRANGER, HTTP_X_FORWARDED_FOR=PROXY, HTTP_X_REAL_IP=PROXY)
        case "two names by a proxy":
            return by_header(site, "bob, ada", PROXY)
        case "no name by a proxy":
            return by_header(site, "  ", PROXY)
        case "ada after log-out":
            client = site.reader(ADA)
            cookie = client.get_cookie("paperboy")
            assert cookie
            client.post("/logout", data={"csrf_token": csrf_token(client.get("/").text)})
            client.set_cookie("paperboy", cookie.value)
            return client
        case "ada after a month":
            begun = NOW - SESSION_LASTS
            logins.add(hashed(token + "link"), ADA, begun)
            assert logins.use(hashed(token + "link"), hashed(token), begun, begun - timedelta(hours=1))
            return with_session(site, **{TOKEN: token})
        case "a cookie of another key":
            with site.reader(ADA).session_transaction() as session:
                content = dict(session)
            client = site.pages.test_client()
            forged = URLSafeTimedSerializer("x" * 32, salt="cookie-session").dumps(content)
            client.set_cookie("paperboy", str(forged))
            return client
        case "an unknown token":
            return with_session(site, **{TOKEN: token})
        case "a mailed token as a session":
            logins.add(hashed(token), ADA, NOW)
            return with_session(site, **{TOKEN: token})
    return site.pages.test_client()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    with web_site(tmp_path_factory.mktemp("site"), TRUSTED_PROXIES="10.0.0.0/8") as stored:
        stored.pages.config["RATELIMIT_ENABLED"] = False
        yield stored


@pytest.fixture(autouse=True)
def without_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.limits.limiter.enabled", False)


def ask(site: WebSite, client: FlaskClient, method: str, row: Row, **form: Any) -> TestResponse:
    secret, edition = KEY.encode(), site.edition()
    path = row.path.format(
        edition=edition,
        answer=answer_url("", secret, edition, 1),
        tune=tune_url("", secret, edition),
        feed=feed_token(secret, "ada", site.services.feeds.generation("ada")),
    )
    if method == "GET":
        return client.get(path, buffered=True)
    return client.post(path, data={**row.form, **form})


def token_of(site: WebSite, client: FlaskClient) -> str:
    return csrf_token(client.get(answer_url("", KEY.encode(), site.edition(), 1)).text)


def outcome(response: TestResponse) -> str:
    """`page` also for a redirect to one, and for that of a link that does not work any more."""
    if response.status_code == 302 and response.location.startswith("/login"):
        return "log in"
    if response.status_code == 401 and "readonly" in response.text:  # with the text that was typed
        return "log in"
    names = dict.fromkeys((200, 302, 303, 410), "page") | {404: "no page"}
    return names.get(response.status_code, response.status)


def expected(who: For, role: str | None) -> str:
    if who is For.EVERYBODY:
        return "page"
    if role is None:
        return "log in"
    allowed = {
        For.READERS: {"reader", "owner", "operator"},
        For.OWNER: {"owner", "operator"},
        For.OPERATORS: {"operator"},
    }
    return "page" if role in allowed[who] else "no page"


def test_every_route_has_a_row(site: WebSite) -> None:
    """A new route fails here until ROWS says who may use it."""
    routes = {
        (method, rule.rule)
        for rule in site.pages.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == set(ROWS)


@pytest.mark.parametrize("name", PEOPLE)
def test_every_route_for(site: WebSite, name: str) -> None:
    """Each person gets the pages that are theirs, of others' profiles not even that they exist."""
    found, right = {}, {}
    for (method, rule), row in ROWS.items():
        client = visitor(site, name)
        form = {} if method == "GET" else {"csrf_token": token_of(site, client)}
        found[method, rule] = outcome(ask(site, client, method, row, **form))
        right[method, rule] = expected(row.who, PEOPLE[name])
    assert found == right


def stored(site: WebSite) -> object:
    """What a form of ada's may change."""
    used = site.services
    return used.pauses.pauses(NOW), used.feedback.current("ada"), used.feeds.generation("ada")


@pytest.mark.parametrize("wrong", ["none", "another's"])
@pytest.mark.parametrize("route", [key for key in ROWS if key[0] == "POST"])
def test_every_form_needs_a_token(site: WebSite, wrong: str, route: tuple[str, str]) -> None:
    """Without the token of this very session a POST is refused, whoever it is for."""
    client = site.reader(ADA)
    token = {} if wrong == "none" else {"csrf_token": token_of(site, site.reader(ADA))}
    token_of(site, client)
    before = stored(site)
    response = ask(site, client, "POST", ROWS[route], **token)
    assert response.status_code == 400
    assert "This form is too old" in response.text
    assert client.get("/").status_code == 200  # still logged in
    assert stored(site) == before


def test_methods_of_no_route(site: WebSite) -> None:
    """405, and the methods that there are."""
    response = site.reader(ADA).delete("/login")
    assert (response.status_code, set(response.headers["Allow"].split(", "))) == (
        405,
        {"GET", "HEAD", "OPTIONS", "POST"},
    )
    assert "This address is not a page" in response.text


def test_headers_of_every_page(site: WebSite) -> None:
    """No page loads anything of another host, is stored, sent on, indexed or framed, and none has inline code."""
    for (method, _), row in ROWS.items():
        if method == "GET" and not row.path.startswith("/static"):
            response = ask(site, site.reader(OPERATOR), method, row)
            headers = response.headers
            is_feed = row.path.startswith("/feed")
            assert headers["Cache-Control"] == ("private, no-cache" if is_feed else "no-store")
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["X-Content-Type-Options"] == "nosniff"
            policy = headers["Content-Security-Policy"]
            assert {"default-src 'none'", "frame-ancestors 'none'"} <= set(policy.split("; "))
            assert "unsafe" not in policy
            assert not {" style=", " onclick=", "<style", "javascript:"} & set(response.text.split())
            assert "<script>" not in response.text
