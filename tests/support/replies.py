"""Servers that answer anything at any stage, the real sender, and what the rules allow at the receiver."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bot.channels.email.channel import MailChannel
from bot.channels.slack.channel import SlackChannel
from bot.config.smtp_url import parse_sender, parse_smtp_url
from bot.delivery.model import Delivery, DeliveryState, Edition
from bot.delivery.ports import Channel, receiver
from bot.profiles.model import ChannelName, Subscription
from tests.support.builders import NOW, World
from tests.support.raw_smtp import DEFAULTS, RawSmtp, Say
from tests.support.samples import digest
from tests.support.slack_messages import MemoryNames
from tests.support.slack_server import Fault, SlackServer

TIMEOUT = 0.1  # seconds, of the channels
#: Rounds after which all deliveries must have come to an end: an attempt an hour for some days.
MOST_ROUNDS = 150
GARBAGE = st.one_of(st.binary(max_size=60), st.text(max_size=30).map(lambda text: text.encode("utf-8")))
TEXT = st.binary(max_size=40).map(lambda text: text.replace(b"\n", b" "))


@dataclass
class Runs:
    """Runs cases on one database, and counts how they ended."""

    folder: Path
    cases: int = 0
    ends: Counter[str] = field(default_factory=Counter)  #: of deliveries, by state
    copies: Counter[int] = field(default_factory=Counter)  #: at receivers, by number
    attempts: int = 0

    def __post_init__(self) -> None:
        self.world = World(self.folder)

    def run(
        self,
        channel: Channel,
        to: Sequence[Subscription],
        unverified_retries: int,
        settle: Callable[[], None] = lambda: None,
    ) -> list[Delivery]:
        """A delivery to each subscription, attempted until all have come to an end. The clock jumps over waits, in
        which the server finishes what it has begun (`settle`).
        """
        self.cases += 1
        name = to[0].channel
        self.world.channels = {name: channel}
        ids = [f"{self.cases:08x}{n:08x}" for n in range(len(to))]
        for id_, one in zip(ids, to, strict=True):
            edition = Edition(id_, one.key, one.profile, name, one.target, NOW.date(), 1)
            at = receiver(self.world.channels, one)
            part = replace(channel.render(digest(1, profile=one.profile), id_, one.target)[0], shows=(id_,))
            assert self.world.outbox.add(edition, at, NOW, {}, [], [part], unverified_retries)
        now = NOW
        for _ in range(MOST_ROUNDS):
            for pause in self.world.receivers.pauses():
                self.world.receivers.resume(pause.scope)
            self.world.sender(now, wait=lambda seconds: None).deliver([one.key for one in to])
            settle()
            found = [one for id_ in ids for one in self.world.outbox.deliveries(f"{id_}-1")]
            going_on = [one for one in found if one.state != DeliveryState.SENT and not one.has_stopped]
            if not going_on:
                break
            now = max(now, min(one.until or now for one in going_on)) + timedelta(seconds=1)
        assert not going_on, f"attempted without end: {going_on}"
        self.ends.update(str(one.state) for one in found)
        self.attempts += sum(one.attempts for one in found)
        return found

    def check(self, found: Sequence[Delivery], copies: Sequence[int], most: int) -> None:
        """No more copies than allowed, and one at least of what is said to be sent."""
        self.copies.update(copies)
        for delivery, count in zip(found, copies, strict=True):
            assert count <= most, f"{count} copies of {delivery}"
            assert count or delivery.state != DeliveryState.SENT, f"not received: {delivery}"

    def __str__(self) -> str:
        copies = ", ".join(f"{n} received {count}" for n, count in sorted(self.copies.items()))
        ends = ", ".join(f"{count} {state}" for state, count in self.ends.most_common())
        return f"{self.cases:,} cases, {self.attempts:,} attempts: {ends}; copies of a message: {copies}"


# --- SMTP -------------------------------------------------------------------------------------------------


def _reply(code: int, texts: Sequence[bytes], end: bytes) -> bytes:
    lines = [
        str(code).encode() + (b" " if n == len(texts) else b"-") + text for n, text in enumerate(texts, 1)
    ]
    return end.join([*lines, b""])


_END = st.sampled_from([b"\r\n", b"\r\n", b"\n"])
_CODES = st.one_of(st.sampled_from([220, 250, 354, 421, 450, 451, 550, 554]), st.integers(200, 599))
_WHOLE = st.builds(_reply, _CODES, st.lists(TEXT, min_size=1, max_size=3), _END)
_HALF = st.tuples(_WHOLE, st.integers(0, 20)).map(lambda both: both[0][: both[1]].rstrip(b"\r\n"))
_NONE = st.one_of(
    GARBAGE.filter(lambda text: not re.match(rb"[2-5]\d\d", text)).map(lambda text: text + b"\r\n"),
    st.builds(
        _reply, st.integers(0, 199) | st.integers(600, 9999), st.lists(TEXT, min_size=1, max_size=2), _END
    ),
    st.sampled_from(
        [b"\r\n", b"2\r\n", b"25\r\n", b"+25\r\n", b" 250 ok\r\n", b"250-a\r\n550 b\r\n", b"250ok\r\n"]
    ),
    st.just(b"250 " + b"x" * 20_000 + b"\r\n"),
)


@st.composite
def says(draw: st.DrawFn) -> Say:
    """At the final dot the mail is kept exactly when the server accepts it, or perhaps when it gives no answer."""
    at = draw(st.sampled_from([*DEFAULTS, "dot", "dot"]))
    again = at == "dot" and draw(st.integers(0, 3)) == 3
    kind = draw(
        st.sampled_from(["whole"] * 4 + ["half", "none", "none", "closes"] + ["hangs"] * (at == "dot"))
    )
    if kind == "whole":
        content = draw(_WHOLE) + draw(st.sampled_from([b"", b"", b"", b"250 more\r\n", b"\r\n", b"55"]))
        refuses = content[:1] in (b"4", b"5")
        keeps = content[:1] == b"2" or (not refuses and draw(st.booleans()))
        return Say(at, content, draw(st.booleans()), keeps, again=again)
    content = draw({"half": _HALF, "none": _NONE}.get(kind, st.just(b"")))
    return Say(at, content, kind != "hangs" and kind != "none", draw(st.booleans()), again=again)


@dataclass(frozen=True)
class MailCase:
    script: list[Say]
    mails: int
    is_resent: bool  #: on_uncertain


MAIL_CASES = st.builds(MailCase, st.lists(says(), min_size=1, max_size=4), st.integers(1, 2), st.booleans())


def run_mail_case(runs: Runs, case: MailCase, server: RawSmtp) -> None:
    server.script, server.handed, server.strays = list(case.script), [], []
    sender = parse_sender("Paperboy <paperboy@example.org>")
    channel = MailChannel(parse_smtp_url(server.url), sender, timeout=TIMEOUT)
    to = [
        Subscription(f"p{n}", ChannelName.EMAIL, f"r{n}-{runs.cases}@example.org") for n in range(case.mails)
    ]
    found = runs.run(channel, to, int(case.is_resent))
    kept = [[one.content for one in server.handed if one.kept and f"<{sub.target}>" in one.to] for sub in to]
    runs.check(found, [len(contents) for contents in kept], 1 + case.is_resent)
    assert all(len(set(contents)) <= 1 for contents in kept), "another Message-ID"
    assert server.strays == [], "content without 354"


# --- Slack ------------------------------------------------------------------------------------------------

_RETRY_AFTER = st.sampled_from(
    [
        None,
        None,
        "1",
        "30.5",
        "-1",
        "soon",
        "nan",
        "1e300",
        "999999999999",
        "9" * 400,
        "31 Dec 9999 23:59 -2359",
    ]
)
_REFUSALS = st.sampled_from(
    [
        "ratelimited",
        "service_unavailable",
        "invalid_blocks",
        "metadata_too_large",
        "channel_not_found",
        "is_archived",
    ]
)
_UNCERTAIN = st.sampled_from([None, "internal_error", "fatal_error", "brand_new_code", "No Code!"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["ok", "error", "ts"]), inner)
    ),
    max_leaves=6,
)


def _http(status: int, body: bytes, *headers: str, length: int | None = None) -> bytes:
    head = [f"HTTP/1.1 {status} Text", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def _is_yes(body: Any) -> bool:
    return isinstance(body, dict) and bool(body.get("ok"))


_BODIES = st.one_of(
    GARBAGE,
    _JSON.filter(lambda body: not _is_yes(body)).map(lambda body: json.dumps(body).encode()),
    st.sampled_from([b"", b"[" * 100_000, b"null", b'{"ok":tru', b'{"ok":true}'[:-1], b"\xff\xfe"]),
)
_HEADERS = st.lists(
    st.sampled_from(
        [
            "Content-Type: text/html; charset=utf-99",
            "Content-Type: application/gzip",
            "Transfer-Encoding: chunked",
            "Content-Type: application/json",
            "Content-Encoding: br",
            "Connection: keep-alive",
            "X: \xff",
        ]
    ),
    max_size=2,
)
#: Answers after which nobody knows whether the message was posted; to a look-up, no answer at all.
_NO_ANSWERS = st.one_of(
    st.builds(lambda body, more: _http(200, body, *more), _BODIES, _HEADERS),
    st.builds(
        lambda status, body, more: _http(status, body, *more), st.integers(500, 599), _BODIES, _HEADERS
    ),
    st.builds(lambda code: _http(200, json.dumps({"ok": False, "error": code}).encode()), _UNCERTAIN),
    st.builds(lambda status: _http(status, b""), st.sampled_from([101, 204, 205, 299])),
    GARBAGE,
    st.integers(1, 50).map(lambda n: _http(200, b'{"ok":true}')[:-n]),
    st.just(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + b"{}"),
    st.just(b"HTTP/1.1 100 Continue\r\n\r\n" * 20),
)
#: Answers that say that nothing was posted.
_REFUSING = st.one_of(
    st.builds(
        lambda code, status, after: Fault(error=code, status=status, retry_after=after),
        _REFUSALS,
        st.sampled_from([200, 200, 429, 400, 503]),
        _RETRY_AFTER,
    ),
    st.builds(
        lambda status, body: Fault(answer=_http(status, body, "Location: http://127.0.0.1:1/")),
        st.integers(300, 399),
        _BODIES,
    ),
    st.builds(
        lambda status, body, after: Fault(
            answer=_http(status, body, *([f"Retry-After: {after}"] * bool(after)))
        ),
        st.integers(400, 499),
        GARBAGE,
        _RETRY_AFTER,
    ),
    st.just(Fault(unread=True)),
)
_UNKNOWING = st.one_of(
    st.builds(lambda answer, store: Fault(answer=answer, store=store), _NO_ANSWERS, st.booleans()),
    st.builds(lambda store: Fault(drop=True, store=store), st.booleans()),
    st.builds(lambda store: Fault(answer=_http(200, b" " * 50), drip=0.01, store=store), st.booleans()),
)
_ODD_YES = st.builds(
    lambda channel, ts: Fault(
        store=True, answer=_http(200, json.dumps({"ok": True, "channel": channel, "ts": ts}).encode())
    ),
    _JSON,
    _JSON,
)
_INCOMPLETE = st.sampled_from(
    [
        {},
        {"messages": None},
        {"messages": {}},
        {"messages": [], "has_more": True},
        {"messages": [{"ts": "x"}]},
    ]
)
_READS = st.one_of(
    _NO_ANSWERS.map(lambda answer: Fault(answer=answer)),
    _INCOMPLETE.map(lambda page: Fault(answer=_http(200, json.dumps({"ok": True} | page).encode()))),
    st.builds(
        lambda code, after: Fault(error=code, status=429, retry_after=after),
        st.sampled_from(["ratelimited", "missing_scope", "not_in_channel", "internal_error"]),
        _RETRY_AFTER,
    ),
    st.just(Fault(drop=True)),
)


@dataclass(frozen=True)
class SlackCase:
    posts: list[Fault | None]
    reads: list[Fault | None]
    opens: list[Fault | None]
    target: str


SLACK_CASES = st.builds(
    SlackCase,
    st.lists(st.one_of(_UNKNOWING, _UNKNOWING, _REFUSING, _ODD_YES, st.none()), min_size=1, max_size=4),
    st.lists(st.one_of(_READS, st.none()), max_size=6),
    st.lists(st.one_of(_READS, st.none()), max_size=2),
    st.sampled_from(["C0PAPERS", "#papers", "U0ADA"]),
)


def run_slack_case(runs: Runs, case: SlackCase, server: SlackServer) -> None:
    server.clear()
    server.script, server.read_script, server.list_script = (
        list(case.posts),
        list(case.reads),
        list(case.opens),
    )
    channel = SlackChannel(server.token, server.url, timeout=TIMEOUT, names=MemoryNames())  # type: ignore[arg-type]
    found = runs.run(
        channel, [Subscription(f"p{runs.cases}", ChannelName.SLACK, case.target)], 0, server.settle
    )
    runs.check(found, [len(server.messages)], 1)


# --- Both -------------------------------------------------------------------------------------------------


def mail_cases(folder: Path, count: int) -> Runs:
    """So many cases of SMTP."""
    with RawSmtp() as server:
        return _run_cases(
            Runs(folder), count, MAIL_CASES, lambda runs, case: run_mail_case(runs, case, server)
        )


def slack_cases(folder: Path, count: int) -> Runs:
    """So many cases of Slack."""
    with SlackServer() as server:
        return _run_cases(
            Runs(folder), count, SLACK_CASES, lambda runs, case: run_slack_case(runs, case, server)
        )


def _run_cases(
    runs: Runs, count: int, cases: st.SearchStrategy[Any], run_case: Callable[[Runs, Any], None]
) -> Runs:
    """Without shrinking, which takes minutes: a case that fails is printed as it is."""

    @settings(max_examples=count, phases=[Phase.explicit, Phase.reuse, Phase.generate])
    @given(cases)
    def run(case: Any) -> None:
        run_case(runs, case)

    try:
        run()
    finally:
        runs.world.close()
    return runs
