"""What the links in mails lead to, as any WSGI server would call it: wsgiref's validator stands in between."""

from __future__ import annotations

import io
import logging
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.model import Edition
from bot.delivery.unsubscribe_token import sign_token
from bot.errors import DatabaseError
from bot.profiles.model import ChannelName
from bot.web.pages import READ, WHY, UnsubscribePages

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
LINK = f"/unsubscribe/{TOKEN}"
#: As services post it: https://www.rfc-editor.org/rfc/rfc8058#section-8
URLENCODED = ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click")
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
    """A request's body that counts what is taken of it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.taken += len(content)
        return content


@dataclass
class Site:
    """The application before a store that is a list."""

    editions: tuple[Edition, ...] = (ADA,)
    fault: Exception | None = None  #: what the database answers with
    pauses: list[tuple[str, str, datetime]] = field(default_factory=list)

    def edition(self, id_: str) -> Edition | None:
        if self.fault:
            raise self.fault
        return next((one for one in self.editions if one.id == id_), None)

    def pause(self, scope: str, why: str, now: datetime) -> None:
        self.pauses.append((scope, why, now))

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
        told: list[Any] = []
        application = validator(UnsubscribePages(SECRET, self.edition, self.pause, lambda: NOW))
        answer = application(environ, lambda *start: told.extend(start))  # type: ignore[arg-type,return-value]
        try:
            sent = b"".join(answer)
        finally:
            answer.close()  # type: ignore[attr-defined]
        status, headers, *_ = told
        assert len({name.lower() for name, _ in headers}) == len(headers), "a header comes twice"
        return Reply(int(status[:3]), dict(headers), sent.decode(), content.taken)


@pytest.fixture
def site() -> Site:
    return Site()


# --- The link ---------------------------------------------------------------------------------------------


def test_looking_shows_what_would_end_and_ends_nothing(site: Site) -> None:
    """A GET, as of a program that checks the links in mails, answers with a page that asks."""
    reply = site.ask("GET", LINK)
    assert (reply.status, site.pauses) == (200, [])
    assert re.search(r'<form method="post">\s*<button type="submit">', reply.body)
    assert "<bdi>ada</bdi>" in reply.body


def test_the_address_is_shown_to_nobody(site: Site) -> None:
    """Who has the link may not have the address: its first letter and its domain are enough to know oneself."""
    for method in ("GET", "POST"):
        page = site.ask(method, LINK).body
        assert "a…@example.org" in page
        assert "ada@example.org" not in page


@pytest.mark.parametrize("form", [("", b""), URLENCODED, MULTIPART], ids=["bare", "urlencoded", "multipart"])
def test_a_post_ends_the_subscription(site: Site, form: tuple[str, bytes]) -> None:
    """Whatever its body: the address says all. A second one is answered alike."""
    first, second = site.ask("POST", LINK, *form), site.ask("POST", LINK, *form)
    assert (first.status, first) == (200, second)
    assert "You are unsubscribed" in first.body
    assert "<form" not in first.body
    assert site.pauses == [("ada:email:ada@example.org", WHY, NOW)] * 2


@pytest.mark.parametrize("prefix", ["", "/paperboy", "/a/b", "/unsubscribe", "/"])
def test_any_prefix_leads_there(site: Site, prefix: str) -> None:
    """A proxy may take the path of PUBLIC_URL off, or leave it there."""
    assert site.ask("GET", f"{prefix}{LINK}").status == 200
    assert site.ask("POST", f"{prefix}{LINK}").status == 200
    assert len(site.pauses) == 1


@pytest.mark.parametrize("path", ["/health", "/paperboy/health", "/a/b/health"])
def test_health_is_found_below_a_prefix(site: Site, path: str) -> None:
    """By the platform, which asks the process, and from outside."""
    assert site.ask("GET", path).body == "ok"


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
        "/healthy",
        "/health/",
        "/%ff%00",
    ],
)
def test_what_is_no_link_of_ours_is_not_found(site: Site, path: str) -> None:
    """Forged, cut short, of another secret, of a forgotten edition, or something else: all get the same page."""
    for method in ("GET", "POST"):
        reply = site.ask(method, path)
        assert (reply.status, reply.body) == (404, site.ask("GET", "/nothing").body)
    assert site.pauses == []


def test_a_percent_sign_more_changes_nothing(site: Site) -> None:
    """Some mail programs encode what needs none."""
    assert site.ask("POST", LINK.replace(".", "%2E")).status == 200


@pytest.mark.parametrize("path", [LINK, "/health", "/nothing"])
def test_head_is_get_without_its_body(site: Site, path: str) -> None:
    """The same status and headers, the length of the page among them."""
    get, head = site.ask("GET", path), site.ask("HEAD", path)
    assert (head.status, head.headers, head.body) == (get.status, get.headers, "")
    assert head.headers["Content-Length"] == str(len(get.body.encode()))


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", LINK, "GET, HEAD, POST"),
        ("DELETE", "/unsubscribe/forged", "GET, HEAD, POST"),
        ("OPTIONS", LINK, "GET, HEAD, POST"),
        ("POST", "/health", "GET, HEAD"),
    ],
)
def test_other_methods_hear_which_there_are(site: Site, method: str, path: str, allowed: str) -> None:
    """405, whether the link is genuine or not."""
    reply = site.ask(method, path)
    assert (reply.status, reply.headers["Allow"], site.pauses) == (405, allowed, [])


# --- What holds for every answer --------------------------------------------------------------------------

EVERY_ANSWER = [
    ("GET", LINK),
    ("POST", LINK),
    ("GET", "/unsubscribe/forged"),
    ("GET", "/health"),
    ("PUT", LINK),
    ("GET", "/"),
]


@pytest.mark.parametrize("fault", [None, DatabaseError("gone"), RuntimeError("a bug")], ids=repr)
@pytest.mark.parametrize(("method", "path"), EVERY_ANSWER)
def test_nothing_is_kept_told_or_fetched(site: Site, method: str, path: str, fault: Exception | None) -> None:
    """No redirect and no cookie; no cache, referrer or search engine gets the address; the page loads nothing."""
    site.fault = fault
    reply = site.ask(method, path)
    assert not 300 <= reply.status < 400
    assert not {"Set-Cookie", "Location", "Refresh"} & set(reply.headers)
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert reply.headers["X-Robots-Tag"] == "noindex"
    policy = reply.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "style-src 'unsafe-inline'", "form-action 'self'"} <= set(policy)
    assert reply.headers["Content-Length"] == str(len(reply.body.encode()))
    assert not re.search(r"https?:|src=|url\(|@import|<link|<script", reply.body)
    assert TOKEN not in reply.body


def test_what_others_wrote_is_text(site: Site) -> None:
    """A name of a profile or an address is no markup."""
    site.editions = (Edition(ADA.id, "k", "<b>&", ChannelName.EMAIL, '"<i>"@example.org', ADA.on, 1),)
    page = site.ask("GET", LINK).body
    assert "<bdi>&lt;b&gt;&amp;</bdi>" in page
    assert "<i>" not in page


@pytest.mark.parametrize(
    ("target", "shown"),
    [("a@b.org", "a…@b.org"), ("C0PAPERS", "C…"), ("@b.org", "@…@b.org"), ("é.x@b.org", "é…@b.org")],
)
def test_short_and_strange_targets(site: Site, target: str, shown: str) -> None:
    """Nothing more is shown of them either."""
    site.editions = (Edition(ADA.id, "k", "ada", ChannelName.EMAIL, target, ADA.on, 1),)
    assert f"<bdi>{shown}</bdi>" in site.ask("GET", LINK).body


# --- Bodies -----------------------------------------------------------------------------------------------


def test_a_long_body_is_not_read_to_its_end(site: Site) -> None:
    """It is ignored, and so is most of it."""
    reply = site.ask("POST", LINK, "text/plain", b"x" * 100_000)
    assert (reply.status, reply.read) == (200, READ)


@pytest.mark.parametrize("length", ["", "-1", "ten", "9" * 5000, "٣"])
def test_a_length_that_is_none_does_no_harm(length: str) -> None:
    """A server should have refused it."""
    site, told = Site(), []
    application = UnsubscribePages(SECRET, site.edition, site.pause, lambda: NOW)
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": LINK,
        "CONTENT_LENGTH": length,
        "wsgi.input": Input(b"x"),
    }
    list(application(environ, lambda *start: told.extend(start)))  # type: ignore[arg-type,return-value]
    assert (told[0], len(site.pauses)) == ("200 OK", 1)


# --- When something is wrong ------------------------------------------------------------------------------


def test_health_is_the_databases(site: Site) -> None:
    """`ok` while it answers, 503 while it does not."""
    reply = site.ask("GET", "/health")
    assert (reply.status, reply.body) == (200, "ok")
    site.fault = DatabaseError("the database cannot be used: gone")
    assert site.ask("GET", "/health").status == 503


@pytest.mark.parametrize(
    ("fault", "status"), [(DatabaseError("the database is gone"), 503), (RuntimeError("a bug"), 500)]
)
def test_a_fault_is_told_to_the_log_and_not_to_the_reader(
    site: Site, caplog: pytest.LogCaptureFixture, fault: Exception, status: int
) -> None:
    """The page says to try again; the log has the reason and no token, which is the key to a subscription."""
    site.fault = fault
    with caplog.at_level(logging.DEBUG):
        reply = site.ask("POST", LINK)
    assert (reply.status, site.pauses) == (status, [])
    assert "try again later" in reply.body
    assert str(fault) not in reply.body
    assert str(fault) in caplog.text
    assert TOKEN not in caplog.text
    assert ADA.id not in caplog.text


def test_a_wish_that_was_not_stored_is_not_confirmed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The edition was found and then the database went away: the service is to try again."""

    def full(*_: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(site, "pause", full)
    reply = site.ask("POST", LINK)
    assert (reply.status, "You are unsubscribed" in reply.body) == (503, False)


# --- Whatever comes ---------------------------------------------------------------------------------------

METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH"])
PIECES = st.lists(
    st.sampled_from(["/", "unsubscribe", "health", TOKEN, ".", "%", "..", "é"]) | st.text(max_size=9)
)


@given(METHODS, PIECES.map("".join), st.binary(max_size=50))
def test_no_request_breaks_it(method: str, path: str, body: bytes) -> None:
    """Any method, path and body gets an answer that is meant; only a genuine link ends anything."""
    site = Site()
    raw = "/" + path.encode("utf-8", "surrogatepass").decode("latin-1")
    reply = site.ask(method, "", "text/plain", body, PATH_INFO=raw)
    assert reply.status in {200, 404, 405}
    assert not site.pauses or (method == "POST" and raw.endswith(LINK))


@given(st.text(), st.sampled_from(["GET", "POST"]))
def test_no_token_but_ours_passes(text: str, method: str) -> None:
    """Strangers cannot end what is not theirs."""
    site = Site()
    raw = "/unsubscribe/" + text.encode("utf-8", "surrogatepass").decode("latin-1")
    health = raw.endswith("/health") and not raw.endswith("unsubscribe/health")
    assert site.ask(method, "", PATH_INFO=raw).status in ({200, 405} if health else {404})
    assert site.pauses == []
