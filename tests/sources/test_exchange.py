"""One exchange with a server that wants to hold it up, or to send it where it must not go."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Iterator
from threading import Thread
from threading import enumerate as threads

import pytest

from bot.errors import SourceError
from bot.sources import exchange, http
from bot.sources.http import PoliteHttp
from bot.text.addresses import is_public_address
from tests.sources.support import MemoryValidators
from tests.support.hostile_server import DRIPS, FLOODS, OK, HostileServer

DEADLINE = 0.3


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A deadline that a test can wait for; afterwards no thread of an exchange is left."""
    monkeypatch.setattr(http, "TOTAL_TIMEOUT", DEADLINE)
    yield
    until = time.monotonic() + 2
    while any("_work" in thread.name for thread in threads()):
        assert time.monotonic() < until, "a thread is left"
        time.sleep(0.01)


def client() -> PoliteHttp:
    return PoliteHttp(validators=MemoryValidators(), sleep=lambda seconds: None)


def error_of(url: str, within: float = 5) -> str:
    """The message of a request that fails, which it does in this time."""
    begun = time.monotonic()
    with pytest.raises(SourceError) as caught:
        client().get(url)
    assert time.monotonic() - begun < within
    return str(caught.value).removeprefix(f"{url}: ")


# --- Time and size ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", DRIPS)
def test_a_drip_ends_at_the_deadline(where: str) -> None:
    """Wherever the bytes come one by one; it is not worth another try."""
    head, unit = DRIPS[where]
    with HostileServer(head, unit, 0.05) as server:
        assert error_of(server.url + "/x") == "the answer took more than 0 s"
        assert server.connections == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_silence_ends_sooner_and_is_worth_one_more_try(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also within a TLS handshake."""
    monkeypatch.setattr(exchange, "READ_TIMEOUT", 0.1)
    monkeypatch.setattr(http, "TOTAL_TIMEOUT", 5.0)
    with HostileServer() as server:
        assert error_of(f"{scheme}://127.0.0.1:{server.port}/x").startswith("no answer within")
        assert server.connections == 2


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("headers", "the answer is not sound HTTP (HTTPException)"),
        ("one header", "the answer is not sound HTTP (LineTooLong)"),
        ("body", "the answer has more than 1 MB"),
        ("body of a redirect", "more than 5 redirects"),
    ],
)
def test_a_flood_is_cut_off(what: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the deadline, by the number of headers, the length of a line, or the size of a body."""
    monkeypatch.setattr(exchange, "MAX_BYTES", 1_000_000)
    monkeypatch.setattr(http, "TOTAL_TIMEOUT", 10.0)
    with HostileServer(*FLOODS[what]) as server:
        assert error_of(server.url + "/x") == why


def test_compression_in_compression_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gzip of a gzip of 200 MB of zeros has 400 bytes or so."""
    monkeypatch.setattr(http, "TOTAL_TIMEOUT", 10.0)
    body = gzip.compress(gzip.compress(b"\0" * 200_000_000, 1))
    head = OK + f"Content-Encoding: gzip, gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with HostileServer(head + body) as server:
        assert error_of(server.url + "/x", within=10) == "the answer has more than 50 MB"


def test_closing_ends_what_is_in_flight() -> None:
    """From another thread, also for separate ones; after it every request is refused at once."""
    polite = client()
    with HostileServer(OK + b"\r\n", b"x", 0.05) as server:

        def close() -> None:
            while not server.connections:
                time.sleep(0.005)
            polite.close()

        Thread(target=close).start()
        with pytest.raises(SourceError, match="stopped before it was finished"):
            polite.separate().get(server.url)
        with pytest.raises(SourceError, match="stopped before it was finished"):
            polite.get(server.url)
        assert server.connections == 1


def test_no_connection_is_worth_one_more_try_and_needs_no_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service was not asked: another source of its group need not wait for its limit."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    slept: list[float] = []
    polite = PoliteHttp(
        validators=MemoryValidators(), spacing={url: ("arxiv", 3.0)}, sleep=slept.append, chance=lambda: 0.0
    )
    with pytest.raises(SourceError, match="no connection: connection refused"):
        polite.get(url)
    assert slept == [2.0]

    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert error_of("https://a.example/x") == "no connection: the host's name was not found"


# --- Where it may go --------------------------------------------------------------------------------------


@pytest.fixture
def public_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes 127.0.0.1 for an address of the public internet, and 127.0.0.2 for what it is."""
    monkeypatch.setattr(
        exchange, "is_public_address", lambda address: address == "127.0.0.1" or is_public_address(address)
    )


def redirect(location: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.2", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254", "10.0.0.1", "[::1]", "inside.example"],
)
def test_a_redirect_into_a_private_network_is_not_followed(
    host: str, public_loopback: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the address is written as; names are judged by the address that is connected to."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda name, *rest, **more: resolve("127.0.0.2" if name == "inside.example" else name, *rest, **more),
    )
    with HostileServer() as inside, HostileServer(redirect(f"http://{host}:{inside.port}/admin")) as source:
        why = error_of(source.url + "/x")
        assert why.startswith(f"it redirects to {host.strip('[]')}, which is not on the public internet (")
        assert why.endswith("): not followed")
        assert (source.connections, inside.connections) == (1, 0)


def test_a_private_source_may_redirect_within_its_network() -> None:
    """The base address is on this machine: the reader was sent there on purpose."""
    with (
        HostileServer(OK + b"Content-Length: 2\r\n\r\nok") as inside,
        HostileServer(redirect(f"http://localhost:{inside.port}/x")) as source,
    ):
        assert client().get(source.url) == b"ok"


@pytest.mark.parametrize("location", ["ftp://example.org/x", "http://[bad\u00ff", "file:///etc/passwd"])
def test_a_redirect_to_what_is_not_a_web_address(location: str) -> None:
    """It is reported as such."""
    with HostileServer(redirect(location)) as source:
        assert error_of(source.url + "/x") == "it redirects to what is not a web address: not followed"


def test_a_redirect_from_https_to_http_is_not_followed() -> None:
    """What was asked for in secret is not asked for in the open."""
    with pytest.raises(SourceError, match=r"redirects from https to plain http, at other\.example"):
        exchange._redirected("https://a.example/x", "https://b.example/y", "http://other.example/z")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::808:808", True),
        ("127.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("100.64.0.1", False),
        ("192.168.1.1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::", False),
    ],
)
def test_public_addresses(address: str, expected: bool) -> None:
    """An IPv4 address within an IPv6 address counts as itself."""
    assert is_public_address(address) is expected
