"""Requests that no browser sends, to the whole site on a real server."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from flask import Flask
from werkzeug.exceptions import ServiceUnavailable

from bot.web.limits import FewAtOnce
from tests.support.web_site import WebSite, web_site

PUBLIC_URL = "https://papers.example.org/lab"


@dataclass
class Served:
    site: WebSite
    host: str
    port: int

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=10)

    def raw(self, content: bytes, *, wait: bool = True) -> str:
        """The whole answer to the bytes of a request."""
        with self.connect() as client:
            client.sendall(content)
            return self.read(client)

    @staticmethod
    def read(client: socket.socket) -> str:
        parts = []
        try:
            while part := client.recv(65536):
                parts.append(part)
        except ConnectionError:
            pass  # the server closed it with bytes unread
        return b"".join(parts).decode("latin-1")

    def get(self, path: str, *headers: str) -> str:
        lines = [f"GET {path} HTTP/1.1", *(headers or ["Host: x"]), "Connection: close"]
        return self.raw("".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Below a path of an https site, with this machine as a trusted proxy."""
    folder = tmp_path_factory.mktemp("site")
    with web_site(folder, PUBLIC_URL=PUBLIC_URL, TRUSTED_PROXIES="127.0.0.1") as site, site.served() as url:
        host, _, port = url.removeprefix("http://").partition(":")
        yield Served(site, host, int(port))


def status(answer: str) -> int:
    return int(answer.split(" ", 2)[1])


def locations(answer: str) -> list[str]:
    return re.findall(r"(?im)^(?:location|refresh): *(.*?)\r$", answer.partition("\r\n\r\n")[0])


PATHS = {
    "/../../../etc/passwd": 404,
    "/static/../../../../etc/passwd": 404,
    "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd": 404,
    "/static/..%2f..%2fbase.html.j2": 404,
    "/static/..%5c..%5cbase.html.j2": 404,
    "/static//etc/passwd": 308,
    "/static/": 404,
    "/static/style.css%00.html": 400,
    "/p/%00/": 400,
    "/p/..%2fada/": 404,
    "/p/../ada/": 404,
    "/p/%ff%fe/": 302,
    "/paper/" + "x" * 8000: 302,
    "/" + "x" * 17000: 431,
    "/login?next=" + "/x" * 4000: 200,
    "/login?next=%0d%0aSet-Cookie:%20a=b": 200,
    "/login/%0d%0aSet-Cookie:%20a=b": 410,
    "//evil.example/..": 404,
    "//evil.example//login": 404,
    "/p//ada//": 308,
    "http://evil.example/login": 200,
    "/login/../../login": 404,
    "/lab/login": 200,
    "/lab/lab/login": 404,
    "/LOGIN": 404,
    "/login;a=b": 404,
    "/%6cogin": 200,
    "/unsubscribe/../login": 404,
    "/health/../login": 404,
    "/static/health": 404,
    "/paper/x/why/health": 302,
    "/other/prefix/health": 200,
    "?": 302,
    "*": 404,
}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:40])
def test_path_tricks(served: Served, path: str) -> None:
    """No file of the machine, no error of ours, no header out of a path, and no way to another site."""
    answer = served.get(path)
    assert status(answer) == PATHS[path], answer
    assert "root:" not in answer
    assert "{%" not in answer
    assert "\r\nSet-Cookie: a=b" not in answer
    for place in locations(answer):
        assert place.startswith(("/lab/", PUBLIC_URL)), place


@pytest.mark.parametrize(
    "headers",
    [
        ("Host: evil.example",),
        ("Host: papers.example.org", "X-Forwarded-Host: evil.example"),
        ("Host: papers.example.org", "Forwarded: host=evil.example;proto=http"),
        ("Host: papers.example.org@evil.example",),
        ("Host: papers.example.org", "X-Forwarded-Proto: http", "X-Forwarded-Prefix: //evil.example"),
        ("Host: a", "Host: evil.example"),
        ("X: y",),
    ],
    ids=lambda headers: headers[-1],
)
def test_host_headers(served: Served, headers: tuple[str, ...]) -> None:
    """Addresses are built from PUBLIC_URL, whatever a request says about the host."""
    for path in ("/", "/login", "/p/ada", "/p//ada//"):
        answer = served.get(path, *headers)
        assert status(answer) in (200, 302, 308, 400)
        assert "evil" not in answer
        for place in locations(answer):
            assert place.startswith(("/lab/", PUBLIC_URL)), place


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (("X-Forwarded-User: ada",), 200),
        (("x-forwarded-user:ada",), 200),
        (("X_Forwarded_User: ada",), 302),
        (("X-Forwarded-User: ada", "X-Forwarded-User: bob"), 302),
        (("X-Forwarded-User: bob,ada",), 302),
        (("X-Forwarded-User:",), 302),
        (("X-Forwarded-User: \t ",), 302),
        (("X-Forwarded-User: bob", "X_Forwarded_User: ada"), 404),
        (("X-Forwarded-User : ada",), 400),
        (("X-Other: a", " X-Forwarded-User: ada"), 302),
    ],
    ids=repr,
)
def test_user_headers(served: Served, headers: tuple[str, ...], code: int) -> None:
    """Only one header with one name counts, in no other spelling."""
    assert status(served.get("/p/ada/", "Host: x", *headers)) == code


def test_200_connections_at_once(served: Served) -> None:
    """All of them are open before the first asks; all are answered, and a health check is not last."""
    with ExitStack() as stack:
        clients = [stack.enter_context(served.connect()) for _ in range(200)]
        for client in clients:
            client.sendall(b"GET /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert status(served.get("/health")) == 200
        with ThreadPoolExecutor(20) as pool:
            assert {status(answer) for answer in pool.map(served.read, clients)} == {200}


@pytest.mark.parametrize("path", ["/login", "/login/x", "/logout", "/p/ada/answer", "/nothing"])
def test_large_bodies(served: Served, path: str) -> None:
    """10 MB are refused before they are read, with a length and in chunks."""
    size = 10 * 1024 * 1024
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    began = time.monotonic()
    assert status(served.raw(f"{head}Content-Length: {size}\r\n\r\n".encode())) == 413
    with served.connect() as client:
        client.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        try:
            for _ in range(size // 65536):
                client.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        except ConnectionError:
            pass
        else:
            assert status(served.read(client)) == 413
    assert time.monotonic() - began < 5


FORM = "application/x-www-form-urlencoded"
EDIT = "/p/ada/edit"


@pytest.mark.parametrize(
    ("path", "kind", "body", "code"),
    [
        ("/login", FORM, b"a=" + b"x" * 64 * 1024, 413),
        ("/nothing", FORM, b"a=" + b"x" * 64 * 1024, 413),
        ("/login", "multipart/form-data; boundary=b", b"--b" + b"x" * 64 * 1024, 413),
        ("/login", FORM, b"a=" + b"x" * 60_000, 400),  # no CSRF token
        ("/login", FORM, b"a&" * 1000, 413),
        ("/login", FORM + "; charset=utf-8", b"a&" * 1000, 413),
        (EDIT, FORM, b"a=" + b"x" * 900_000, 400),
        (EDIT, FORM, b"a&" * 500_000, 413),
    ],
)
def test_large_forms(served: Served, path: str, kind: str, body: bytes, code: int) -> None:
    """Only the editor's forms may be large, and none may have many fields; the answer comes at once."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\n"
    began = time.process_time()
    assert status(served.raw(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)) == code
    assert time.process_time() - began < 0.5


def test_expensive_pages_leave_room() -> None:
    """Two are made at once and two wait; the next one gets 503 at once, and all is free again afterwards."""
    begun, go_on = threading.Semaphore(0), threading.Event()

    @FewAtOnce(2, 2)
    def page() -> str:
        begun.release()
        go_on.wait(10)
        return "done"

    app = Flask("x")
    app.add_url_rule("/", view_func=page)
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(lambda: app.test_client().get("/")) for _ in range(8)]
        assert begun.acquire(timeout=5)
        assert begun.acquire(timeout=5)
        refused = []
        while len(refused) < 4:
            refused = [one.result() for one in answers if one.done()]
            time.sleep(0.01)
        assert not begun.acquire(blocking=False)
        go_on.set()
        assert sorted(one.result().status_code for one in answers) == [200] * 4 + [503] * 4
        assert {one.headers["Retry-After"] for one in refused} == {"5"}
    assert page() == "done"


def test_waiting_ends() -> None:
    """Where seconds are given, a page that gets no turn within them is answered with 503."""
    begun, go_on = threading.Event(), threading.Event()

    @FewAtOnce(1, 1, seconds=0.05)
    def page() -> None:
        begun.set()
        go_on.wait(10)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(page)
        assert begun.wait(5)
        with pytest.raises(ServiceUnavailable):
            page()
        go_on.set()
    page()
