"""An installation and local servers for the end-to-end tests."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Bench
from tests.support.slack_server import SlackServer
from tests.support.smtp_server import SmtpServer
from tests.support.source_server import SourceServer


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """An installation whose only setting is the data folder."""
    return Bench(tmp_path).prepared()


@pytest.fixture
def sources() -> Iterator[SourceServer]:
    """A running SourceServer."""
    with SourceServer() as server:
        yield server


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """A running SlackServer."""
    with SlackServer() as server:
        yield server


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    """A running SmtpServer that requires the right password."""
    with SmtpServer(login=("paperboy", "mail pass/word")) as server:
        yield server


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A machine without a network: attempts to connect are recorded and fail."""
    tried: list[Any] = []

    def refuse(self: socket.socket, address: Any) -> None:
        tried.append(address)
        raise OSError("the network is down")

    def no_name(host: Any, *_: Any, **__: Any) -> None:
        tried.append(host)
        raise OSError("no such host")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", no_name)
    return tried
