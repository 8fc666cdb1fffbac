"""Addresses of mail, Slack and hosts."""

from __future__ import annotations

import pytest

from bot.text.addresses import is_loopback, parse_mail_address, parse_slack_target


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("ada@example.org", "ada@example.org"),
        ("Ada@EXAMPLE.org", "Ada@example.org"),
        ("ada@localhost", "ada@localhost"),
        ("ada@Lab.Local", "ada@lab.local"),
        ("ada@mail.test", "ada@mail.test"),
        ("ada@intranet", "ada@intranet"),
        ("ada@bücher.de", "ada@xn--bcher-kva.de"),
        ("žofie@example.org", "žofie@example.org"),
    ],
)
def test_mail_addresses_are_normalized(written: str, address: str) -> None:
    """Domains are in lower case and in ASCII; a lab's own hosts are accepted."""
    assert parse_mail_address(written) == address


@pytest.mark.parametrize("written", ["", "nobody", "a b@x.org", "a@x.org\nBcc: b@x.org", "Ada <a@x.org>"])
def test_texts_that_are_not_mail_addresses_are_rejected(written: str) -> None:
    """The message quotes the text on one line."""
    with pytest.raises(ValueError, match=r"^'.*' is not an e-mail address"):
        parse_mail_address(written)


@pytest.mark.parametrize("target", ["C0PAPERS", "G012", "D0ADA", "U0ADA", "#papers", "#lab-papers_1"])
def test_slack_targets(target: str) -> None:
    """Ids of channels, groups, conversations and people, and names of channels."""
    assert parse_slack_target(target) == target


@pytest.mark.parametrize("text", ["", "papers", "c0papers", "#a b", "X0", "C"])
def test_texts_that_are_not_slack_targets_are_rejected(text: str) -> None:
    """The message shows how ids and names are written."""
    with pytest.raises(ValueError, match="is not a Slack channel: write an id such as C0PAPERS"):
        parse_slack_target(text)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("127.0.0.1", True), ("::1", True), ("10.0.0.1", False), ("example.org", False)],
)
def test_hosts_on_this_machine(host: str, loopback: bool) -> None:
    """By name or by address; nothing is looked up."""
    assert is_loopback(host) is loopback
