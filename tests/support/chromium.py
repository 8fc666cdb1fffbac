"""Headless Chromium, for pictures of pages: as wide as wanted, as high as the page is, in either colour scheme.

Owns the browser's process and its protocol. Refuses to know what is on the pages.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

TIMEOUT = 30.0  # seconds, for every answer
#: A page that is higher is cut.
MOST_HEIGHT = 12_000  # CSS pixels

_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "chrome-headless-shell",
)
NONE = f"install Chromium (apt-get install chromium) or Chrome: there is none of {', '.join(_NAMES)}"
_FLAGS = (
    "--headless",
    "--no-sandbox",  # its pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--disable-features=IsolateSandboxedIframes",  # frames of another process are painted whenever it likes
    "--disable-site-isolation-trials",
    "--blink-settings=lazyLoadEnabled=false",  # nobody scrolls
    "--remote-debugging-pipe",
)

#: A frame that was out of sight is painted one frame later than the page that it is on.
_PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"

Message = dict[str, Any]


@dataclass(frozen=True)
class Shot:
    """How a page is looked at."""

    width: int  #: CSS pixels
    height: int | None = None  #: CSS pixels; as high as the page when None
    scale: float = 2  #: pixels of the picture to one of the page's
    dark: bool = False  #: what prefers-color-scheme says


def chromium() -> str | None:
    """The browser's program, when there is one."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser that remembers nothing. Raises RuntimeError, saying what to install, when there is none."""
    program = chromium()
    if program is None:
        raise RuntimeError(NONE)
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        running = Browser(program, Path(profile))
        try:
            yield running
        finally:
            running.close()


class Browser:
    """Chromium behind two pipes, by its DevTools protocol (https://chromedevtools.github.io/devtools-protocol/).

    Not by --screenshot: that window is at least 500 pixels wide, and knows nothing of a page's height.
    """

    def __init__(self, program: str, profile: Path) -> None:
        self._numbers = count(1)
        self._read = b""
        self._messages: list[Message] = []  #: that came, and that nobody asked for yet
        its_input, self._commands = _pipe()
        self._answers, its_output = _pipe()
        silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
        wired = [(os.POSIX_SPAWN_DUP2, its_input, 3), (os.POSIX_SPAWN_DUP2, its_output, 4)]
        command = [program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        self._pid = os.posix_spawn(program, command, os.environ, file_actions=[*silent, *wired], setpgroup=0)
        os.close(its_input)
        os.close(its_output)

    def picture(self, page: Path, shot: Shot) -> bytes:
        """A PNG of the page, transparent where it has no ground of its own. Raises TimeoutError."""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._look(session, shot)
        self._open(session, page)
        if shot.height is None:
            size = self._ask("Page.getLayoutMetrics", session)["cssContentSize"]
            self._look(session, replace(shot, height=min(int(size["height"]), MOST_HEIGHT)))
        self._ask("Runtime.evaluate", session, expression=_PAINTED, awaitPromise=True)
        taken = self._ask("Page.captureScreenshot", session, format="png", optimizeForSpeed=True)
        self._ask("Target.closeTarget", targetId=target)
        return base64.b64decode(taken["data"])

    def _look(self, session: str, shot: Shot) -> None:
        """A viewport of no height shows how high the page is."""
        size = {"width": shot.width, "height": shot.height or 1, "deviceScaleFactor": shot.scale}
        scheme = {"name": "prefers-color-scheme", "value": "dark" if shot.dark else "light"}
        self._ask("Emulation.setDeviceMetricsOverride", session, **size, mobile=False)
        self._ask("Emulation.setEmulatedMedia", session, features=[scheme])
        self._ask("Emulation.setDefaultBackgroundColorOverride", session, color=dict.fromkeys("rgba", 0))

    def _open(self, session: str, page: Path) -> None:
        self._ask("Page.enable", session)
        self._ask("Page.setLifecycleEventsEnabled", session, enabled=True)
        opened = self._ask("Page.navigate", session, url=page.resolve().as_uri())
        if "errorText" in opened:
            raise RuntimeError(f"{page}: {opened['errorText']}")
        loaded = {"name": "load", "loaderId": opened["loaderId"]}.items()
        self._next(lambda one: one.get("method") == "Page.lifecycleEvent" and loaded <= one["params"].items())

    def _ask(self, method: str, session: str | None = None, **parameters: Any) -> Message:
        number = next(self._numbers)
        message: Message = {"id": number, "method": method, "params": parameters}
        message |= {"sessionId": session} if session else {}
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        answer = self._next(lambda one: one.get("id") == number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        result: Message = answer["result"]
        return result

    def _next(self, fits: Callable[[Message], bool]) -> Message:
        """The first message that fits, of those that came before too; the others stay for who asks later."""
        until = time.monotonic() + TIMEOUT
        while (found := next(filter(fits, self._messages), None)) is None:
            self._messages.append(self._received(until))
        self._messages.remove(found)
        return found

    def _received(self, until: float) -> Message:
        while b"\0" not in self._read:
            if not select.select([self._answers], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError(f"the browser took more than {TIMEOUT:.0f} s")
            some = os.read(self._answers, 1 << 20)
            if not some:
                raise RuntimeError("the browser ended")
            self._read += some
        line, _, self._read = self._read.partition(b"\0")
        message: Message = json.loads(line)
        return message

    def close(self) -> None:
        """It ends when its input does; else it is ended."""
        os.close(self._commands)
        os.close(self._answers)
        if not _ended(self._pid, time.monotonic() + 5):
            os.killpg(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)


def _pipe() -> tuple[int, int]:
    """Both ends, away from the numbers 3 and 4, at which the browser wants its own."""
    ends = os.pipe()
    reading, writing = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return reading, writing


def _ended(pid: int, until: float) -> bool:
    while time.monotonic() < until:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return True
        time.sleep(0.02)
    return False
