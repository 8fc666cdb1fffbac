"""The lines of `paperboy check --online`."""

from __future__ import annotations

from bot.delivery.model import Outcome, Refused, Sent, Unknown
from bot.delivery.ports import Probe
from bot.profiles.model import ChannelName, Subscription


def probe_line(name: ChannelName, probe: Probe) -> str:
    """`slack C0PAPERS: ok, #papers`"""
    where = f"{name} {probe.target}".rstrip()
    if probe.problem is None:
        return f"{where}: ok{f', {probe.note}' if probe.note else ''}"
    return f"{where}: {'' if isinstance(probe.problem, Refused) else 'not now: '}{probe.problem.why}"


def test_line(to: Subscription, outcome: Outcome) -> str:
    """`slack C0PAPERS: the test message is sent`"""
    where = f"{to.channel} {to.target}: the test message"
    if isinstance(outcome, Sent):
        return f"{where} is sent"
    return f"{where} {'may have arrived' if isinstance(outcome, Unknown) else 'is not sent'}: {outcome.why}"
