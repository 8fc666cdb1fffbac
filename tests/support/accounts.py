"""Compares what receivers got with what the database says was sent.

The promise: in Slack each part exactly once; by mail at least once, a second copy only where the connection broke
after the content was handed over, with the same Message-ID and bytes; and the ledger equals what was received.
"""

from __future__ import annotations

import email
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from typing import Any

from sqlalchemy import create_engine, text

from tests.support.slack_server import SlackServer
from tests.support.smtp_server import SmtpServer

#: An arXiv id that a message links to.
_PAPER = re.compile(r"arxiv\.org/abs/(\d{4}\.\d{5})")


@dataclass(frozen=True)
class Stored:
    """The editions, deliveries and ledger of a database."""

    deliveries: dict[str, dict[str, Any]]  #: by id
    ledger: dict[str, set[str]]  #: papers by receiver
    digests: dict[str, set[str]]  #: papers of the stored digests by receiver
    editions: int = 0

    @property
    def open(self) -> list[str]:
        """Deliveries that are tried again without a person."""
        return [
            id_ for id_, one in self.deliveries.items() if one["state"] != "sent" and id_ not in self.held
        ]

    @property
    def held(self) -> list[str]:
        """Deliveries that wait for `resend`."""

        def stopped(one: dict[str, Any]) -> bool:
            return one["state"] == "failed" or (one["state"] == "uncertain" and one["until"] is None)

        return [id_ for id_, one in self.deliveries.items() if stopped(one)]


def stored(url: str) -> Stored:
    """Read a database without any of Paperboy's code."""
    engine = create_engine(url)
    with closing(engine.connect()) as connection:
        rows = connection.execute(
            text(
                "SELECT delivery.*, payload, receiver FROM delivery JOIN message ON delivery = delivery.id"
                " LEFT JOIN edition ON edition = edition.id"
            )
        ).mappings()
        deliveries = {row["id"]: dict(row) for row in rows}
        ledger: dict[str, set[str]] = defaultdict(set)
        for receiver, paper in connection.execute(text("SELECT receiver, paper FROM ledger")):
            ledger[receiver].add(paper)
        digests: dict[str, set[str]] = defaultdict(set)
        editions = connection.execute(text("SELECT receiver, digest FROM edition")).all()
        for receiver, digest in editions:
            document = json.loads(digest) if isinstance(digest, str) else digest
            digests[receiver] |= {one["paper"]["id"] for one in document["papers"]}
    engine.dispose()
    found = {name: papers for name, papers in digests.items() if papers}
    return Stored(deliveries, dict(ledger), found, len(editions))


def end_leases(url: str) -> None:
    """Let every lease be over, as if its time had passed by the database's clock."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE delivery SET lease = '2000-01-01' WHERE lease IS NOT NULL"))
    engine.dispose()


@dataclass
class Accounts:
    """The result of the comparison; `wrong` is empty when the promise was kept."""

    posts: int = 0  #: Slack messages that were received
    mails: int = 0
    parts: int = 0  #: deliveries that the database holds
    again: Counter[str] = field(default_factory=Counter)  #: second copies of mails by cause
    twice_in_slack: int = 0
    lost: int = 0  #: recorded as sent, and not received
    held: int = 0
    wrong: list[str] = field(default_factory=list)

    def __add__(self, other: Accounts) -> Accounts:
        return Accounts(
            self.posts + other.posts,
            self.mails + other.mails,
            self.parts + other.parts,
            self.again + other.again,
            self.twice_in_slack + other.twice_in_slack,
            self.lost + other.lost,
            self.held + other.held,
            self.wrong + other.wrong,
        )


def accounts(kept: Stored, slack: SlackServer, smtp: SmtpServer, killed: Iterable[str] = ()) -> Accounts:
    """Compare what was received with what is stored.

    `killed`: for each kill, the delivery whose content was handed over and whose outcome was not recorded.
    """
    found = Accounts(posts=len(slack.messages), mails=len(smtp.received), parts=len(kept.deliveries))
    papers: dict[str, set[str]] = defaultdict(set)
    _count_slack(found, kept, slack, papers)
    _count_mail(found, kept, smtp, Counter(killed), papers)
    for name in sorted({*kept.ledger, *papers, *kept.digests} - {None}):
        ledger = {id_.removeprefix("arxiv:") for id_ in kept.ledger.get(name, ())}
        digests = {id_.removeprefix("arxiv:") for id_ in kept.digests.get(name, ())}
        if not ledger == digests == papers[name]:
            odd = sorted(ledger ^ papers[name] | ledger ^ digests)
            found.wrong.append(f"{name}: ledger, digests and messages differ in {odd}")
    found.held = len(kept.held)
    left = [kept.deliveries[id_] for id_ in (*kept.open, *kept.held)]
    found.wrong += [f"{one['id']} is still {one['state']}: {one['why']}" for one in left]
    return found


def _count_slack(found: Accounts, kept: Stored, slack: SlackServer, papers: dict[str, set[str]]) -> None:
    copies: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for message in slack.messages:
        copies[message["metadata"]["event_payload"]["delivery"]].append(message)
    expected = {id_: one for id_, one in kept.deliveries.items() if one["channel"] == "slack"}
    found.wrong += [f"{id_} was posted and is unknown" for id_ in copies.keys() - expected.keys()]
    for id_, one in expected.items():
        got = copies.get(id_, [])
        found.twice_in_slack += max(0, len(got) - 1)
        _count_copies(found, one, len(got))
        if len(got) > 1:
            found.wrong.append(f"{id_} was posted {len(got)} times")
        for message in got:
            papers[one["receiver"]] |= set(_PAPER.findall(json.dumps(message.get("blocks"))))
            if problem := _misplaced(message, one, kept):
                found.wrong.append(f"{id_} {problem}")


def _misplaced(message: dict[str, Any], one: dict[str, Any], kept: Stored) -> str:
    """What is wrong with the place of a message and with its content."""
    sent = json.loads(one["payload"])
    if any(message.get(name) != value for name, value in sent.items()):
        return "is not what was stored"
    if message["channel"] != one["target"]:
        return f"went to {message['channel']}"
    if one["part"] > 1:
        first = kept.deliveries[f"{one['edition']}-1"]["receipt"] or ""
        return "" if message.get("thread_ts") == first.partition(":")[2] else "is not in its thread"
    return "is in a thread" if message.get("thread_ts") else ""


def _count_mail(
    found: Accounts, kept: Stored, smtp: SmtpServer, killed: Counter[str], papers: dict[str, set[str]]
) -> None:
    expected = {id_: one for id_, one in kept.deliveries.items() if one["channel"] == "email"}
    by_message = {_message_id(one["payload"]): id_ for id_, one in expected.items()}
    broken = Counter(
        by_message.get(_message_id(content), "") for content, fault in smtp.befallen if fault.breaks_content
    )
    copies: dict[str, list[bytes]] = defaultdict(list)
    for mail in smtp.received:
        id_ = by_message.get(_message_id(mail.content), "")
        copies[id_].append(mail.content)
        if not id_ or mail.rcpt_tos != (expected[id_]["target"],):
            found.wrong.append(f"a mail to {mail.rcpt_tos} is unknown, or went to the wrong one: {id_}")
    for id_, one in expected.items():
        got = copies.get(id_, [])
        _count_copies(found, one, len(got))
        if any(content.removesuffix(b"\r\n") != one["payload"].removesuffix(b"\r\n") for content in got):
            found.wrong.append(f"{id_} is not what was stored")
        _count_again(found, id_, len(got) - 1, killed[id_], broken[id_])
        for content in got:
            papers[one["receiver"]] |= set(_PAPER.findall(_plain(content)))


def _count_again(found: Accounts, id_: str, again: int, killed: int, broken: int) -> None:
    """Second copies, each with the break that allows it."""
    if again <= 0:
        return
    by_kill = min(again, killed)
    by_fault = min(again - by_kill, broken)
    found.again += Counter({"kill": by_kill, "broken connection": by_fault})
    if unexcused := again - by_kill - by_fault:
        found.again["no cause"] += unexcused
        found.wrong.append(f"{id_} was received {again + 1} times; {killed} kills, {broken} breaks")


def _count_copies(found: Accounts, one: dict[str, Any], copies: int) -> None:
    if one["state"] == "sent" and not copies:
        found.lost += 1
        found.wrong.append(f"{one['id']} is sent, and nobody received it")


def _message_id(content: bytes) -> str:
    match = re.search(rb"(?mi)^message-id:\s*(<[^>]+>)", content)
    return match[1].decode() if match else ""


def _plain(content: bytes) -> str:
    message = email.message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
