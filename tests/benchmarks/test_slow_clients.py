"""`paperboy serve` under 1,000 slow connections: how long health checks and the end take.

    python -m pytest tests/benchmarks/test_slow_clients.py -s -n 0

PAPERBOY_SLOW (1000) is the number of connections, PAPERBOY_CHECKS (50) that of health checks, one a second.
"""

from __future__ import annotations

import os
import resource
import selectors
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.e2e.test_serve import KEY, Web, serving
from tests.support.cli import Bench

COUNT, CHECKS = (
    int(os.environ.get(name, default))
    for name, default in (("PAPERBOY_SLOW", "1000"), ("PAPERBOY_CHECKS", "50"))
)
#: What a connection sends first, and then every five seconds.
KINDS = (
    (b"", b""),
    (b"G", b"E"),
    (b"GET / HTTP/1.1\r\n", b"A: b\r\n"),
    (b"POST / HTTP/1.1\r\nContent-Length: 999\r\n\r\n", b"x"),
)
PAUSE = 5.0


class Slow:
    """COUNT connections, each of a kind, opened again when the server closes them."""

    def __init__(self, host: str, port: int) -> None:
        self.address = host, port
        self.opened = 0
        self.ended = threading.Event()
        self.selector = selectors.DefaultSelector()

    def run(self) -> None:
        for number in range(COUNT):
            self.open(KINDS[number % len(KINDS)])
        due = time.monotonic() + PAUSE
        while not self.ended.is_set():
            for key, _ in self.selector.select(0.1):
                with suppress(OSError):
                    if key.fileobj.recv(4096):  # type: ignore[union-attr]
                        continue
                self.close(key)
                self.open(key.data)
            if time.monotonic() > due:
                due += PAUSE
                for key in list(self.selector.get_map().values()):
                    with suppress(OSError):
                        key.fileobj.send(key.data[1])  # type: ignore[union-attr]
        for key in list(self.selector.get_map().values()):
            self.close(key)

    def open(self, kind: tuple[bytes, bytes]) -> None:
        try:
            client = socket.create_connection(self.address)
        except ConnectionError:  # the server has ended
            return
        client.sendall(kind[0])
        client.setblocking(False)
        self.selector.register(client, selectors.EVENT_READ, kind)
        self.opened += 1

    def close(self, key: selectors.SelectorKey) -> None:
        self.selector.unregister(key.fileobj)
        key.fileobj.close()  # type: ignore[union-attr]


@contextmanager
def slow_clients(web: Web) -> Iterator[Slow]:
    slow = Slow(web.host, web.port)
    thread = threading.Thread(target=slow.run)
    thread.start()
    try:
        yield slow
    finally:
        slow.ended.set()
        thread.join()


def test_health_checks(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, COUNT + 200)), hard))
    bench = Bench(tmp_path, SECRET_KEY=KEY).prepared()
    with serving(bench, "--port", "0") as web, slow_clients(web) as slow:
        taken = []
        for _ in range(CHECKS):
            began = time.monotonic()
            assert web.ask("GET", "/health")[1] == "ok"
            taken.append(time.monotonic() - began)
            time.sleep(1)
        with open(f"/proc/{web.process.pid}/stat") as stat:
            fields = stat.read().rsplit(") ", 1)[1].split()
        processor = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        _, err, seconds = web.stop()
    assert (web.process.returncode, err) == (0, "")
    print(
        f"\n{COUNT} slow connections, {slow.opened} opened in all; {CHECKS} health checks, in milliseconds:"
    )
    print(f"median {1000 * statistics.median(taken):.0f}, slowest {1000 * max(taken):.0f}")
    print(f"the server's processor time {processor:.1f} s; SIGTERM to its end {seconds:.2f} s")
