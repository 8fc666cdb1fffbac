"""Behaviour of the polite HTTP client: pace, tries, conditions, limits, and what its errors give away."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests
import responses

from bot.errors import SourceError, StatusError
from bot.sources.http import MOST_BYTES, TRIES, MemoryValidators, PoliteHttp, retry_after, shown, user_agent

NOW = datetime(2026, 5, 29, 12, tzinfo=UTC)
API = "https://api.example.org/query"
RSS = "https://rss.example.org/rss"
HUB = "https://hub.example.org/api"
SPACING = {API: ("arxiv", 3.0), RSS: ("arxiv", 3.0), HUB: ("hub", 0.7)}


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


@pytest.fixture
def server() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def time() -> Time:
    return Time()


def client(time: Time, validators: MemoryValidators | None = None, contact: str | None = None) -> PoliteHttp:
    return PoliteHttp(
        contact=contact,
        spacing=SPACING,
        validators=validators,
        clock=lambda: time.now,
        sleep=time.sleep,
        chance=lambda: 0.0,
        now=lambda: NOW,
    )


def test_returns_the_body_and_says_who_asks(server: responses.RequestsMock, time: Time) -> None:
    """A plain request carries the User-Agent with the contact, and its parameters."""
    server.get(API, body=b"feed", match=[responses.matchers.query_param_matcher({"start": "0"})])
    assert client(time, contact="ada@example.org").get(API, {"start": "0"}) == b"feed"
    assert server.calls[0].request.headers["User-Agent"] == "Paperboy/0.1.0 (+ada@example.org)"


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        (None, "Paperboy/0.1.0"),
        ("  ", "Paperboy/0.1.0"),
        ("ada@example.org", "Paperboy/0.1.0 (+ada@example.org)"),
        ("ada@example.org\r\nX-Evil: 1", "Paperboy/0.1.0 (+ada@example.org X-Evil: 1)"),
        ("zoë@example.org", "Paperboy/0.1.0 (+zo@example.org)"),
    ],
)
def test_user_agent_holds_only_what_a_header_can(contact: str | None, expected: str) -> None:
    """No contact can end the header or fail to be encoded."""
    assert user_agent(contact) == expected


def test_one_group_shares_one_limit(server: responses.RequestsMock, time: Time) -> None:
    """Two services of a group wait for one another; a third that is not of it does not."""
    for url in (API, f"{RSS}/cs.LG", f"{HUB}/daily_papers"):
        server.get(url, body=b"x")
    http = client(time)
    for url in (API, f"{RSS}/cs.LG", f"{HUB}/daily_papers", API):
        http.get(url)
    assert time.slept == [3.0, 3.0]


def test_time_passed_elsewhere_counts(server: responses.RequestsMock, time: Time) -> None:
    """Two of the three seconds went by with other work: one is left to wait."""
    server.get(API, body=b"x")
    http = client(time)
    http.get(API)
    time.now += 2.0
    http.get(API)
    assert time.slept == [1.0]


def test_a_base_url_is_no_prefix_of_another_port(server: responses.RequestsMock, time: Time) -> None:
    """`http://127.0.0.1:800` does not own `http://127.0.0.1:8001`."""
    server.get("http://127.0.0.1:8001/x", body=b"x")
    http = PoliteHttp(
        spacing={"http://127.0.0.1:800": ("a", 9.0), "http://127.0.0.1:8001": ("b", 0.5)},
        clock=lambda: time.now,
        sleep=time.sleep,
    )
    http.get("http://127.0.0.1:8001/x")
    http.get("http://127.0.0.1:8001/x")
    assert time.slept == [0.5]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_passing_statuses_are_tried_again(server: responses.RequestsMock, time: Time, status: int) -> None:
    """The second try succeeds."""
    server.get(HUB, status=status)
    server.get(HUB, body=b"ok")
    assert client(time).get(HUB) == b"ok"
    assert sum(time.slept) == pytest.approx(2.0)  # the pace of the group passes meanwhile


@pytest.mark.parametrize(
    "failure",
    [
        requests.ConnectionError("refused"),
        requests.ConnectTimeout("slow"),
        requests.ReadTimeout("slow"),
        requests.exceptions.ChunkedEncodingError("broke"),
    ],
)
def test_broken_connections_are_tried_again(
    server: responses.RequestsMock, time: Time, failure: Exception
) -> None:
    """So are connections that fail, stall or break in the middle."""
    server.get(HUB, body=failure)
    server.get(HUB, body=b"ok")
    assert client(time).get(HUB) == b"ok"


def test_tries_are_bounded_and_waits_grow(server: responses.RequestsMock, time: Time) -> None:
    """Three tries, waits of 2 and 6 seconds without chance, then the error with its status."""
    server.get(HUB, status=503)
    with pytest.raises(StatusError, match="answered 503 Service Unavailable") as caught:
        client(time).get(HUB)
    assert (caught.value.status, len(server.calls), time.slept) == (503, TRIES, [2.0, 6.0])


def test_waits_are_jittered(server: responses.RequestsMock, time: Time) -> None:
    """Chance lengthens a wait by up to as much again."""
    server.get(HUB, status=503)
    draw = random.Random(7)
    http = PoliteHttp(spacing=SPACING, clock=lambda: time.now, sleep=time.sleep, chance=draw.random)
    with pytest.raises(SourceError):
        http.get(HUB)
    assert 2.0 < time.slept[0] < 4.0
    assert 6.0 < time.slept[1] < 12.0


@pytest.mark.parametrize(
    ("header", "waits"),
    [("17", [17.0]), ("Fri, 29 May 2026 12:00:20 GMT", [20.0]), ("soon", [2.0]), ("0", [2.0])],
)
def test_retry_after_is_honoured(
    server: responses.RequestsMock, time: Time, header: str, waits: list[float]
) -> None:
    """Seconds or a date, at most 30 s away: waited for. What is neither counts for nothing."""
    server.get(HUB, status=429, headers={"Retry-After": header})
    server.get(HUB, body=b"ok")
    assert client(time).get(HUB) == b"ok"
    assert time.slept == waits


def test_a_long_retry_after_is_left_to_the_caller(server: responses.RequestsMock, time: Time) -> None:
    """More than 30 s: no second request, no wait, and the error tells how long."""
    server.get(HUB, status=429, headers={"Retry-After": "3600"})
    with pytest.raises(SourceError, match="try again in 3600 s") as caught:
        client(time).get(HUB)
    assert (caught.value.retry_after, len(server.calls), time.slept) == (3600.0, 1, [])


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("120", 120.0),
        ("-5", None),
        ("9" * 30, None),
        ("Fri, 29 May 2026 12:01:00 GMT", 60.0),
        ("Fri, 29 May 2026 11:00:00 -0000", 0.0),
        ("Fri, 32 May 2026 11:00:00 GMT", None),
    ],
)
def test_retry_after_reads_both_forms(header: str | None, seconds: float | None) -> None:
    """RFC 9110, 10.2.3: a number of seconds or a date; a past date means now."""
    assert retry_after(header, NOW) == seconds


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_refusals_are_not_tried_again(server: responses.RequestsMock, time: Time, status: int) -> None:
    """One request, and an error without the body."""
    server.get(HUB, status=status, body="a long page with internals")
    with pytest.raises(StatusError) as caught:
        client(time).get(HUB)
    assert caught.value.status == status
    assert "internals" not in str(caught.value)
    assert len(server.calls) == 1


def test_nothing_changed_is_none_once_committed(server: responses.RequestsMock, time: Time) -> None:
    """ETag and Last-Modified are sent back only for a body that the caller stored."""
    server.get(HUB, body=b"one", headers={"ETag": '"1"', "Last-Modified": "Thu, 28 May 2026 00:00:00 GMT"})
    http = client(time)
    assert http.get(HUB) == b"one"
    http.rollback()
    assert http.get(HUB) == b"one"
    assert "If-None-Match" not in server.calls[1].request.headers
    http.commit()
    server.replace(responses.GET, HUB, status=304)
    assert http.get(HUB) is None
    sent = server.calls[2].request.headers
    assert (sent["If-None-Match"], sent["If-Modified-Since"]) == ('"1"', "Thu, 28 May 2026 00:00:00 GMT")


def test_validators_are_kept_by_url_without_credentials(server: responses.RequestsMock, time: Time) -> None:
    """The query is part of the key, user and password are not."""
    server.get("https://ada:secret@hub.example.org/api", body=b"x", headers={"ETag": '"1"'})
    validators = MemoryValidators()
    http = client(time, validators)
    http.get("https://ada:secret@hub.example.org/api", {"date": "2026-05-29"})
    http.commit()
    assert validators.get("https://hub.example.org/api?date=2026-05-29") == ('"1"', None)


def test_an_unasked_304_is_an_error(server: responses.RequestsMock, time: Time) -> None:
    """Without a condition there is nothing that could be unchanged."""
    server.get(HUB, status=304)
    with pytest.raises(StatusError):
        client(time).get(HUB)


def test_a_failed_answer_stages_nothing(server: responses.RequestsMock, time: Time) -> None:
    """An error page's ETag is not remembered."""
    validators = MemoryValidators()
    http = client(time, validators)
    server.get(HUB, status=404, headers={"ETag": '"error"'})
    with pytest.raises(StatusError):
        http.get(HUB)
    http.commit()
    assert validators.get(HUB) is None


def test_too_large_a_body_is_refused_while_it_is_read(server: responses.RequestsMock, time: Time) -> None:
    """The cap is on the unpacked size: 50 MB of zeros are 50 KB on the wire."""
    packed = gzip.compress(b"\0" * (MOST_BYTES + 1))
    server.get(HUB, body=packed, headers={"Content-Encoding": "gzip"})
    with pytest.raises(SourceError, match="more than 50 MB"):
        client(time).get(HUB)
    assert len(server.calls) == 1


def test_damaged_compression_is_an_error_for_people(server: responses.RequestsMock, time: Time) -> None:
    """Tried again, then told in words."""
    server.get(HUB, body=b"not gzip", headers={"Content-Encoding": "gzip"})
    with pytest.raises(SourceError, match="compression is damaged"):
        client(time).get(HUB)


def test_errors_hold_no_secret(server: responses.RequestsMock, time: Time) -> None:
    """Neither user and password nor the query get into a message."""
    server.get(HUB, body=requests.ConnectionError("https://ada:secret@hub.example.org/api?key=secret"))
    with pytest.raises(SourceError) as caught:
        client(time).get("https://ada:secret@hub.example.org/api", {"key": "secret"})
    assert str(caught.value) == "https://hub.example.org/api: no connection"
    assert caught.value.__cause__ is None
    assert (
        shown("https://ada:secret@hub.example.org:8443/api?key=secret#x")
        == "https://hub.example.org:8443/api"
    )


@pytest.mark.parametrize(
    "url", ["", "nonsense", "ftp://example.org/x", "http://", "http://[bad/", "file:///etc/passwd"]
)
def test_an_address_that_cannot_be_asked_is_a_source_error(time: Time, url: str) -> None:
    """A mistyped base URL is told, not raised as something else."""
    with pytest.raises(SourceError, match="base URL"):
        client(time).get(url)


def test_a_web_page_is_an_answer(server: responses.RequestsMock, time: Time) -> None:
    """What it means is the source's business."""
    server.get(HUB, body="<html></html>", content_type="text/html")
    assert client(time).get(HUB) == b"<html></html>"


def test_closing_closes_the_session() -> None:
    """As a context manager it leaves no socket behind."""

    class Session(requests.Session):
        closed = False

        def close(self) -> None:
            self.closed = True
            super().close()

    session = Session()
    with PoliteHttp(session=session):
        assert not session.closed
    assert session.closed
