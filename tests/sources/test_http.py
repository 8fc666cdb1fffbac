"""The HTTP client: pace, tries, conditional requests, limits, and what its errors contain."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator

import pytest
import requests
import responses

from bot.errors import SourceError, StatusError
from bot.sources.exchange import MAX_BYTES
from bot.sources.http import LocalTurns, PoliteHttp, retry_after, user_agent
from bot.sources.urls import shown
from tests.sources.support import NOW, MemoryValidators

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


@pytest.fixture
def validators() -> MemoryValidators:
    return MemoryValidators()


@pytest.fixture
def http(time: Time, validators: MemoryValidators) -> PoliteHttp:
    return client(time, validators)


def client(time: Time, validators: MemoryValidators, chance: Callable[[], float] = lambda: 0.0) -> PoliteHttp:
    return PoliteHttp(
        validators=validators,
        contact="ada@example.org",
        spacing=SPACING,
        turns=LocalTurns(lambda: time.now),
        sleep=time.sleep,
        chance=chance,
        now=lambda: NOW,
    )


def test_a_plain_request(server: responses.RequestsMock, http: PoliteHttp) -> None:
    """It has the parameters and a User-Agent with the contact; any body is an answer, also a web page."""
    server.get(API, body=b"<html>", match=[responses.matchers.query_param_matcher({"start": "0"})])
    assert http.get(API, {"start": "0"}) == b"<html>"
    assert server.calls[0].request.headers["User-Agent"] == "Paperboy/0.1.0 (+ada@example.org)"


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        (None, "Paperboy/0.1.0"),
        ("  ", "Paperboy/0.1.0"),
        ("ada@example.org\r\nX-Evil: 1", "Paperboy/0.1.0 (+ada@example.org X-Evil: 1)"),
        ("zoë@example.org", "Paperboy/0.1.0 (+zo@example.org)"),
    ],
)
def test_user_agent_holds_only_what_a_header_can(contact: str | None, expected: str) -> None:
    """No contact can end the header or fail to be encoded."""
    assert user_agent(contact) == expected


# --- Pace -------------------------------------------------------------------------------------------------


def test_a_group_shares_one_limit(server: responses.RequestsMock, time: Time, http: PoliteHttp) -> None:
    """Services of one group wait for one another, those of other groups do not; time that passed otherwise counts."""
    for url in (API, f"{RSS}/cs.LG", f"{HUB}/daily_papers"):
        server.get(url, body=b"x")
    for url in (API, f"{RSS}/cs.LG", f"{HUB}/daily_papers", API):
        http.get(url)
    assert time.slept == [3.0, 3.0]
    time.now += 2.0
    http.get(API)
    assert time.slept == [3.0, 3.0, 1.0]


def test_a_base_url_does_not_contain_another_port(server: responses.RequestsMock, time: Time) -> None:
    """`http://127.0.0.1:800` is not the beginning of `http://127.0.0.1:8001`."""
    server.get("http://127.0.0.1:8001/x", body=b"x")
    http = PoliteHttp(
        validators=MemoryValidators(),
        spacing={"http://127.0.0.1:800": ("a", 9.0), "http://127.0.0.1:8001": ("b", 0.5)},
        turns=LocalTurns(lambda: time.now),
        sleep=time.sleep,
    )
    http.get("http://127.0.0.1:8001/x")
    http.get("http://127.0.0.1:8001/x")
    assert time.slept == [0.5]


# --- Tries ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure",
    [
        *(429, 500, 502, 503, 504),
        requests.ConnectionError("refused"),
        requests.ConnectTimeout("slow"),
        requests.ReadTimeout("slow"),
        requests.exceptions.ChunkedEncodingError("broke"),
    ],
)
def test_transient_failures_are_tried_again(
    server: responses.RequestsMock, time: Time, http: PoliteHttp, failure: int | Exception
) -> None:
    """After a wait, during which the time of the rate limit passes too."""
    server.get(HUB, status=failure) if isinstance(failure, int) else server.get(HUB, body=failure)
    server.get(HUB, body=b"ok")
    assert http.get(HUB) == b"ok"
    assert sum(time.slept) == pytest.approx(2.0)


@pytest.mark.parametrize("failure", [400, 401, 403, 404, 410, 304, requests.exceptions.SSLError("x")])
def test_other_failures_are_not_tried_again(
    server: responses.RequestsMock, http: PoliteHttp, validators: MemoryValidators, failure: int | Exception
) -> None:
    """One request, and an error that does not quote the body. Nothing is remembered of such an answer."""
    if isinstance(failure, int):
        server.get(HUB, status=failure, body="internals", headers={"ETag": '"error"'})
    else:
        server.get(HUB, body=failure)
    with pytest.raises(SourceError) as caught:
        http.get(HUB)
    assert getattr(caught.value, "status", failure) == failure
    assert "internals" not in str(caught.value)
    assert len(server.calls) == 1
    http.commit()
    assert validators.stored == {}


def test_tries_are_bounded_and_waits_grow(
    server: responses.RequestsMock, time: Time, http: PoliteHttp
) -> None:
    """Three tries, waits of 2 and 6 seconds without chance, then the error with its status."""
    server.get(HUB, status=503)
    with pytest.raises(StatusError, match="answered 503 Service Unavailable") as caught:
        http.get(HUB)
    assert (caught.value.status, len(server.calls), time.slept) == (503, 3, [2.0, 6.0])


def test_waits_are_jittered(server: responses.RequestsMock, time: Time, validators: MemoryValidators) -> None:
    """Chance makes a wait up to twice as long."""
    server.get(HUB, status=503)
    with pytest.raises(SourceError):
        client(time, validators, random.Random(7).random).get(HUB)
    assert 2.0 < time.slept[0] < 4.0
    assert 6.0 < time.slept[1] < 12.0


def test_a_time_out_is_tried_again_once(server: responses.RequestsMock, http: PoliteHttp) -> None:
    """A server that does not answer twice will not answer a third time."""
    server.get(HUB, body=requests.ReadTimeout("slow"))
    with pytest.raises(SourceError, match="no answer within 45 s"):
        http.get(HUB)
    assert len(server.calls) == 2


@pytest.mark.parametrize(
    ("header", "waits"),
    [("17", [17.0]), ("Fri, 29 May 2026 12:00:20 GMT", [20.0]), ("soon", [2.0]), ("0", [2.0])],
)
def test_retry_after_is_honoured(
    server: responses.RequestsMock, time: Time, http: PoliteHttp, header: str, waits: list[float]
) -> None:
    """Up to 30 s, as seconds or as a date. Other values are ignored."""
    server.get(HUB, status=429, headers={"Retry-After": header})
    server.get(HUB, body=b"ok")
    assert http.get(HUB) == b"ok"
    assert time.slept == waits


def test_a_long_retry_after_is_left_to_the_caller(
    server: responses.RequestsMock, time: Time, http: PoliteHttp
) -> None:
    """More than 30 s: no second request, no wait, and the error has the seconds."""
    server.get(HUB, status=429, headers={"Retry-After": "3600"})
    with pytest.raises(SourceError, match="try again in 3600 s") as caught:
        http.get(HUB)
    assert (caught.value.retry_after, len(server.calls), time.slept) == (3600.0, 1, [])


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("120", 120.0),
        ("-5", None),
        ("31536000", 86_400.0),
        ("9" * 400, 86_400.0),
        ("1e300", None),
        ("Sat, 29 May 2027 12:00:00 GMT", 86_400.0),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 86_400.0),
        ("Fri, 31 Dec 99999999999999999999 23:59:59 GMT", None),
        ("Fri, 29 May 2026 12:01:00 GMT", 60.0),
        ("Fri, 29 May 2026 11:00:00 -0000", 0.0),
        ("Fri, 32 May 2026 11:00:00 GMT", None),
    ],
)
def test_retry_after_reads_both_forms(header: str | None, seconds: float | None) -> None:
    """RFC 9110, 10.2.3: a number of seconds or a date; a past date means now, and no wait is longer than a day."""
    assert retry_after(header, NOW) == seconds


def test_a_stop_during_a_wait_ends_the_request(
    server: responses.RequestsMock, validators: MemoryValidators
) -> None:
    """The `sleep` of a process that is asked to stop raises, and no further request is made."""

    def stop(seconds: float) -> None:
        raise SourceError("stopped")

    server.get(HUB, status=503)
    with pytest.raises(SourceError, match="stopped"):
        PoliteHttp(validators=validators, sleep=stop).get(HUB)
    assert len(server.calls) == 1


# --- Conditional requests ---------------------------------------------------------------------------------


def test_not_modified_is_none_once_committed(server: responses.RequestsMock, http: PoliteHttp) -> None:
    """ETag and Last-Modified are sent back only for a body that the caller has stored."""
    server.get(HUB, body=b"one", headers={"ETag": '"1"', "Last-Modified": "Thu, 28 May 2026 00:00:00 GMT"})
    assert http.get(HUB) == b"one"
    http.rollback()
    assert http.get(HUB) == b"one"
    assert "If-None-Match" not in server.calls[1].request.headers
    http.commit()
    server.replace(responses.GET, HUB, status=304)
    assert http.get(HUB) is None
    sent = server.calls[2].request.headers
    assert (sent["If-None-Match"], sent["If-Modified-Since"]) == ('"1"', "Thu, 28 May 2026 00:00:00 GMT")


def test_separate_ones_share_limits_and_not_what_is_staged(
    server: responses.RequestsMock, time: Time, http: PoliteHttp, validators: MemoryValidators
) -> None:
    """What one source drops is kept for another, and they wait for one another."""
    server.get(API, body=b"x", headers={"ETag": '"api"'})
    server.get(RSS, body=b"x", headers={"ETag": '"rss"'})
    one, other = http.separate(), http.separate()
    one.get(API)
    other.get(RSS)
    one.rollback()
    other.commit()
    assert (list(validators.stored), time.slept) == ([RSS], [3.0])


def test_validators_are_stored_by_url_without_credentials(
    server: responses.RequestsMock, http: PoliteHttp, validators: MemoryValidators
) -> None:
    """The query is part of the key, user and password are not."""
    server.get("https://ada:secret@hub.example.org/api", body=b"x", headers={"ETag": '"1"'})
    http.get("https://ada:secret@hub.example.org/api", {"date": "2026-05-29"})
    http.commit()
    assert validators.stored == {"https://hub.example.org/api?date=2026-05-29": ('"1"', None)}


# --- Limits and errors ------------------------------------------------------------------------------------


def test_the_size_of_a_body_is_bounded(server: responses.RequestsMock, http: PoliteHttp) -> None:
    """The limit is on the unpacked size: 50 MB of zeros are 50 KB on the wire."""
    packed = gzip.compress(b"\0" * (MAX_BYTES + 1))
    server.get(HUB, body=packed, headers={"Content-Encoding": "gzip"})
    with pytest.raises(SourceError, match="more than 50 MB"):
        http.get(HUB)
    assert len(server.calls) == 1


def test_damaged_compression_is_reported(server: responses.RequestsMock, http: PoliteHttp) -> None:
    """After three tries."""
    server.get(HUB, body=b"not gzip", headers={"Content-Encoding": "gzip"})
    with pytest.raises(SourceError, match="compression is damaged"):
        http.get(HUB)
    assert len(server.calls) == 3


def test_errors_contain_no_secret(server: responses.RequestsMock, http: PoliteHttp) -> None:
    """Neither user and password nor the query are in a message."""
    server.get(HUB, body=requests.ConnectionError("https://ada:secret@hub.example.org/api?key=secret"))
    with pytest.raises(SourceError) as caught:
        http.get("https://ada:secret@hub.example.org/api", {"key": "secret"})
    assert (
        str(caught.value) == "https://hub.example.org/api: no connection: it broke before there was an answer"
    )
    assert caught.value.__cause__ is None
    assert shown("https://ada:secret@h.org:8443/api?key=secret#x") == "https://h.org:8443/api"


@pytest.mark.parametrize(
    "url", ["", "nonsense", "ftp://example.org/x", "http://", "http://[bad/", "file:///etc/passwd"]
)
def test_an_impossible_address_is_a_source_error(http: PoliteHttp, url: str) -> None:
    """A mistyped base URL is reported like other errors of a source."""
    with pytest.raises(SourceError, match="base URL"):
        http.get(url)
