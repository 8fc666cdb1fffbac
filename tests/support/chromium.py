"""Headless Chromium, for screenshots of whole pages in any width and either colour scheme."""

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
#: Higher pages are cut.
MAX_HEIGHT = 12_000  # CSS pixels

_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "chrome-headless-shell",
)
NONE = f"install Chromium (apt-get install chromium) or Chrome: found none of {', '.join(_NAMES)}"
_FLAGS = (
    "--headless",
    "--no-sandbox",  # it shows only our own pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--disable-features=IsolateSandboxedIframes",  # frames of another process may be painted too late
    "--disable-site-isolation-trials",
    "--blink-settings=lazyLoadEnabled=false",  # nothing scrolls
    "--remote-debugging-pipe",
)

#: An iframe that was out of view is painted one frame later than its page.
_PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"

Message = dict[str, Any]


@dataclass(frozen=True)
class Shot:
    """The settings of a screenshot."""

    width: int  #: CSS pixels
    height: int | None = None  #: CSS pixels; as high as the page when None
    scale: float = 2  #: pixels of the picture to one of the page
    dark: bool = False  #: the value of prefers-color-scheme


def chromium() -> str | None:
    """The path of the browser; None when it is not installed."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser with an empty profile. Raises RuntimeError, saying what to install, when there is none."""
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
    """Chromium controlled over two pipes (https://chromedevtools.github.io/devtools-protocol/).

    --screenshot would not do: its window is at least 500 pixels wide and does not fit a page's height.
    """

    def __init__(self, program: str, profile: Path) -> None:
        self._numbers = count(1)
        self._read = b""
        self._messages: list[Message] = []  #: received, and not asked for yet
        its_input, self._commands = _pipe()
        self._answers, its_output = _pipe()
        silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
        wired = [(os.POSIX_SPAWN_DUP2, its_input, 3), (os.POSIX_SPAWN_DUP2, its_output, 4)]
        command = [program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        self._pid = os.posix_spawn(program, command, os.environ, file_actions=[*silent, *wired], setpgroup=0)
        os.close(its_input)
        os.close(its_output)

    def picture(self, page: Path, shot: Shot) -> bytes:
        """A PNG of the page, transparent where the page has no background. Raises TimeoutError."""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._look(session, shot)
        self._open(session, page)
        if shot.height is None:
            size = self._ask("Page.getLayoutMetrics", session)["cssContentSize"]
            self._look(session, replace(shot, height=min(int(size["height"]), MAX_HEIGHT)))
        self._ask("Runtime.evaluate", session, expression=_PAINTED, awaitPromise=True)
        taken = self._ask("Page.captureScreenshot", session, format="png", optimizeForSpeed=True)
        self._ask("Target.closeTarget", targetId=target)
        return base64.b64decode(taken["data"])

    def _look(self, session: str, shot: Shot) -> None:
        """A viewport of height 1 makes the layout report the page's own height."""
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
        """The first message that fits, received before or later; the others are kept."""
        until = time.monotonic() + TIMEOUT
        while (found := next(filter(fits, self._messages), None)) is None:
            self._messages.append(self._received(until))
        self._messages.remove(found)
        return found

    def _received(self, until: float) -> Message:
        while b"\0" not in self._read:
            if not select.select([self._answers], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError(f"the browser took more than {TIMEOUT:.0f} s")
            data = os.read(self._answers, 1 << 20)
            if not data:
                raise RuntimeError("the browser ended")
            self._read += data
        line, _, self._read = self._read.partition(b"\0")
        message: Message = json.loads(line)
        return message

    def close(self) -> None:
        """The browser ends when its input is closed; if not within 5 s, it is killed."""
        os.close(self._commands)
        os.close(self._answers)
        if not _ended(self._pid, time.monotonic() + 5):
            os.killpg(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)


def _pipe() -> tuple[int, int]:
    """Both ends of a pipe, above the numbers 3 and 4, which the browser uses."""
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
