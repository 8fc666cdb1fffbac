"""The unsubscribe pages, called through wsgiref's validator."""

from __future__ import annotations

import io
import logging
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.model import PAUSED, UNSUBSCRIBED, Edition, Pause
from bot.delivery.unsubscribe_token import sign_token
from bot.errors import DatabaseError
from bot.profiles.model import ChannelName
from bot.web.pages import READ, UnsubscribePages

SECRET = b"sixteen letters!"
NOW = datetime(2026, 5, 5, 8, 30, tzinfo=UTC)
ADA = Edition(
    "3f2a9c0de1b74556",
    "ada:email:ada@example.org",
    "ada",
    ChannelName.EMAIL,
    "ada@example.org",
    date(2026, 5, 4),
    3,
)
TOKEN = sign_token(SECRET, f"{ADA.id}-1")
KEY = ADA.subscription
LINK = f"/unsubscribe/{TOKEN}"
#: As services post it: https://www.rfc-editor.org/rfc/rfc8058#section-8
FORM = "application/x-www-form-urlencoded"
URLENCODED = (FORM, b"List-Unsubscribe=One-Click")
MULTIPART = (
    "multipart/form-data; boundary=7ef",
    b'--7ef\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--7ef--\r\n',
)


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: str
    read: int  #: bytes of the request's body that were taken


class Input(io.BytesIO):
    """A request's body that counts what is read of it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.taken += len(content)
        return content


@dataclass
class Site:
    """The application, with a list as its store."""

    editions: tuple[Edition, ...] = (ADA,)
    fault: Exception | None = None  #: what the database answers with
    kept: dict[str, Pause] = field(default_factory=dict)  #: the pauses, by scope
    log: list[str] = field(default_factory=list)

    def edition(self, id_: str) -> Edition | None:
        if self.fault:
            raise self.fault
        return next((one for one in self.editions if one.id == id_), None)

    def pauses(self, now: datetime | None = None) -> list[Pause]:
        return list(self.kept.values())

    def pause(self, scope: str, why: str, now: datetime, until: datetime | None = None) -> bool:
        before = self.kept.get(scope)
        if before and not before.until:
            return False
        self.kept[scope] = Pause(scope, why, now, until)
        return True

    def resume(self, scope: str) -> bool:
        return self.kept.pop(scope, None) is not None

    def ask(self, method: str, path: str, kind: str = "", body: bytes = b"", **more: Any) -> Reply:
        """`path`: as in a request's first line, percent-encoded."""
        environ: dict[str, Any] = {}
        setup_testing_defaults(environ)
        content = Input(body)
        environ |= {
            "REQUEST_METHOD": method,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "SCRIPT_NAME": "",
            "QUERY_STRING": "",
            "wsgi.input": content,
            "CONTENT_LENGTH": str(len(body)),
            **({"CONTENT_TYPE": kind} if kind else {}),
            **more,
        }
        started: list[Any] = []
        application = validator(
            UnsubscribePages(SECRET, self.edition, self, lambda: NOW, on_change=self.log.append)
        )
        answer = application(environ, lambda *start: started.extend(start))  # type: ignore[arg-type,return-value]
        try:
            sent = b"".join(answer)
        finally:
            answer.close()  # type: ignore[attr-defined]
        status, headers, *_ = started
        assert len({name.lower() for name, _ in headers}) == len(headers), "a header comes twice"
        return Reply(int(status[:3]), dict(headers), sent.decode(), content.taken)


@pytest.fixture
def site() -> Site:
    return Site()


# --- The link ---------------------------------------------------------------------------------------------


def test_get_asks_for_confirmation(site: Site) -> None:
    """It changes nothing: programs that check the links in mails follow them with GET."""
    reply = site.ask("GET", LINK)
    assert (reply.status, site.kept) == (200, {})
    assert re.search(r'<form method="post">\s*<button type="submit">', reply.body)
    assert "<bdi>ada</bdi>" in reply.body


def test_address_is_shortened(site: Site) -> None:
    """Somebody else may have the link; the first letter and the domain are enough for the reader."""
    for method in ("GET", "POST"):
        page = site.ask(method, LINK).body
        assert "a…@example.org" in page
        assert "ada@example.org" not in page


@pytest.mark.parametrize("form", [("", b""), URLENCODED, MULTIPART], ids=["bare", "urlencoded", "multipart"])
def test_post_unsubscribes(site: Site, form: tuple[str, bytes]) -> None:
    """Whatever its body. A second one has the same answer."""
    first, second = site.ask("POST", LINK, *form), site.ask("POST", LINK, *form)
    assert (first.status, first) == (200, second)
    assert "You are unsubscribed" in first.body
    assert "<form" not in first.body
    assert site.kept == {KEY: Pause(KEY, UNSUBSCRIBED, NOW)}
    assert site.log == ["ada:email:ada@example.org: unsubscribed by its reader"]


def test_pause_and_resume(site: Site) -> None:
    """The page offers a pause of some weeks; the link then turns the digest on again, or ends it for good. A GET only
    shows the state.
    """
    assert 'name="pause" value="2"' in site.ask("GET", LINK).body
    page = site.ask("POST", LINK, FORM, b"pause=2").body
    assert "until 19 May 2026" in page
    assert site.kept == {KEY: Pause(KEY, PAUSED, NOW, NOW + timedelta(weeks=2))}
    assert site.ask("GET", LINK).body == page
    assert "is on again" in site.ask("POST", LINK, FORM, b"resume=1").body
    assert not site.kept
    site.ask("POST", LINK, FORM, b"pause=4")
    assert "You are unsubscribed" in site.ask("POST", LINK, *URLENCODED).body
    assert site.kept == {KEY: Pause(KEY, UNSUBSCRIBED, NOW)}
    site.ask("POST", LINK, FORM, b"pause=1")
    assert site.kept == {KEY: Pause(KEY, UNSUBSCRIBED, NOW)}
    page = site.ask("GET", LINK).body
    assert "You are unsubscribed" in page
    assert "Turn it on again" in page
    assert [line.removeprefix(f"{KEY}: ") for line in site.log] == [
        "paused by its reader until 2026-05-19",
        "resumed by its reader",
        "paused by its reader until 2026-06-02",
        "unsubscribed by its reader",
    ]


@pytest.mark.parametrize("body", [b"pause=9", b"pause=1&List-Unsubscribe=One-Click", b"pause=", b"resume=0"])
def test_other_bodies_unsubscribe(site: Site, body: bytes) -> None:
    """Whatever the page's own pause forms do not send."""
    assert "You are unsubscribed" in site.ask("POST", LINK, FORM, body).body
    assert site.kept == {KEY: Pause(KEY, UNSUBSCRIBED, NOW)}


@pytest.mark.parametrize("prefix", ["", "/paperboy", "/a/b", "/unsubscribe", "/"])
def test_any_prefix(site: Site, prefix: str) -> None:
    """A proxy may remove the path of PUBLIC_URL, or keep it."""
    assert site.ask("GET", f"{prefix}{LINK}").status == 200
    assert site.ask("POST", f"{prefix}{LINK}").status == 200
    assert len(site.kept) == 1


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/favicon.ico",
        "/unsubscribe",
        "/unsubscribe/",
        "/unsubscribe/x",
        f"{LINK}/",
        f"{LINK}x",
        f"{LINK[:-1]}",
        f"/unsubscribe/{TOKEN.swapcase()}",
        f"/unsubscribe/{sign_token(b'another secret!!', ADA.id)}",
        f"/unsubscribe/{sign_token(SECRET, 'nobodys')}",
        f"/Unsubscribe/{TOKEN}",
        f"/resume/{TOKEN}",
        "/%ff%00",
    ],
)
def test_not_found(site: Site, path: str) -> None:
    """Forged tokens, tokens of another secret or an unknown edition, and other paths get the same page."""
    for method in ("GET", "POST"):
        reply = site.ask(method, path)
        assert (reply.status, reply.body) == (404, site.ask("GET", "/nothing").body)
    assert not site.kept


@pytest.mark.parametrize("path", [LINK, "/nothing"])
def test_head(site: Site, path: str) -> None:
    """The same status and headers as GET, `Content-Length` included."""
    get, head = site.ask("GET", path), site.ask("HEAD", path)
    assert (head.status, head.headers, head.body) == (get.status, get.headers, "")
    assert head.headers["Content-Length"] == str(len(get.body.encode()))


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", LINK, "GET, HEAD, POST"),
        ("DELETE", "/unsubscribe/forged", "GET, HEAD, POST"),
        ("OPTIONS", LINK, "GET, HEAD, POST"),
    ],
)
def test_method_not_allowed(site: Site, method: str, path: str, allowed: str) -> None:
    """405 with the allowed methods, whether the link is genuine or not."""
    reply = site.ask(method, path)
    assert (reply.status, reply.headers["Allow"], site.kept) == (405, allowed, {})


# --- What holds for every answer --------------------------------------------------------------------------

EVERY_ANSWER = [
    ("GET", LINK),
    ("POST", LINK),
    ("GET", "/unsubscribe/forged"),
    ("PUT", LINK),
    ("GET", "/"),
]


@pytest.mark.parametrize("fault", [None, DatabaseError("gone"), RuntimeError("a bug")], ids=repr)
@pytest.mark.parametrize(("method", "path"), EVERY_ANSWER)
def test_headers_of_every_answer(site: Site, method: str, path: str, fault: Exception | None) -> None:
    """No redirect and no cookie; the address is neither cached, passed on nor indexed; the page loads nothing."""
    site.fault = fault
    reply = site.ask(method, path)
    assert not 300 <= reply.status < 400
    assert not {"Set-Cookie", "Location", "Refresh", "Strict-Transport-Security"} & set(reply.headers)
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert reply.headers["X-Robots-Tag"] == "noindex"
    policy = reply.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "style-src 'unsafe-inline'", "form-action 'self'"} <= set(policy)
    assert reply.headers["Content-Length"] == str(len(reply.body.encode()))
    assert not re.search(r"https?:|src=|url\(|@import|<link|<script", reply.body)
    assert TOKEN not in reply.body


def test_profile_and_address_are_escaped(site: Site) -> None:
    """Markup in the name of a profile or an address is text."""
    site.editions = (Edition(ADA.id, "k", "<b>&", ChannelName.EMAIL, '"<i>"@example.org', ADA.on, 1),)
    page = site.ask("GET", LINK).body
    assert "<bdi>&lt;b&gt;&amp;</bdi>" in page
    assert "<i>" not in page


@pytest.mark.parametrize(
    ("target", "shown"),
    [("a@b.org", "a…@b.org"), ("C0PAPERS", "C…"), ("@b.org", "@…@b.org"), ("é.x@b.org", "é…@b.org")],
)
def test_shortened_targets(site: Site, target: str, shown: str) -> None:
    """Whatever the target."""
    site.editions = (Edition(ADA.id, "k", "ada", ChannelName.EMAIL, target, ADA.on, 1),)
    assert f"<bdi>{shown}</bdi>" in site.ask("GET", LINK).body


# --- Bodies -----------------------------------------------------------------------------------------------


def test_long_body(site: Site) -> None:
    """Only its beginning is read."""
    reply = site.ask("POST", LINK, "text/plain", b"x" * 100_000)
    assert (reply.status, reply.read) == (200, READ)


@pytest.mark.parametrize("length", ["", "-1", "ten", "9" * 5000, "٣"])
def test_invalid_content_length(length: str) -> None:
    """It is ignored."""
    site, started = Site(), []
    application = UnsubscribePages(SECRET, site.edition, site, lambda: NOW)
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": LINK,
        "CONTENT_LENGTH": length,
        "wsgi.input": Input(b"x"),
    }
    list(application(environ, lambda *start: started.extend(start)))  # type: ignore[arg-type,return-value]
    assert (started[0], len(site.kept)) == ("200 OK", 1)


# --- When something is wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status"), [(DatabaseError("the database is gone"), 503), (RuntimeError("a bug"), 500)]
)
def test_error_is_logged_without_the_token(
    site: Site, caplog: pytest.LogCaptureFixture, fault: Exception, status: int
) -> None:
    """The page says to try again later, without the reason."""
    site.fault = fault
    with caplog.at_level(logging.DEBUG):
        reply = site.ask("POST", LINK)
    assert (reply.status, site.kept) == (status, {})
    assert "try again later" in reply.body
    assert str(fault) not in reply.body
    assert str(fault) in caplog.text
    assert TOKEN not in caplog.text
    assert ADA.id not in caplog.text


def test_failed_pause_is_not_confirmed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the database fails after the edition was found, the answer is 503."""

    def full(*_: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(site, "pause", full)
    reply = site.ask("POST", LINK)
    assert (reply.status, "You are unsubscribed" in reply.body) == (503, False)


# --- Whatever comes ---------------------------------------------------------------------------------------

METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH"])
PIECES = st.lists(st.sampled_from(["/", "unsubscribe", TOKEN, ".", "%", "..", "é"]) | st.text(max_size=9))


@given(METHODS, PIECES.map("".join), st.binary(max_size=50))
def test_any_request(method: str, path: str, body: bytes) -> None:
    """Any method, path and body is answered with a known status; only a genuine link unsubscribes."""
    site = Site()
    raw = "/" + path.encode("utf-8", "surrogatepass").decode("latin-1")
    reply = site.ask(method, "", "text/plain", body, PATH_INFO=raw)
    assert reply.status in {200, 404, 405}
    assert not site.kept or (method == "POST" and raw.endswith(LINK))
