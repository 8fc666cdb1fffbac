"""`paperboy check --online`: whether Slack, the mail server and the folders would accept the profiles' digests."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from bot.cli.common import CHANGE_SOMETHING, DONE, FAILED
from bot.delivery.model import Envelope, Notice, Outcome, Refused, Sent, Unknown
from bot.delivery.ports import Channel, Probe
from bot.errors import NotConfigured, UserError

if TYPE_CHECKING:
    from bot.bootstrap import App
    from bot.profiles.model import ChannelName, Profile, Subscription


def check_online(app: App, profiles: Sequence[Profile], tested: Sequence[str], now: datetime) -> int:
    """Print a line for each channel and target. Returns the exit code.

    `tested`: names of profiles, and targets, that get a test message. Raises UserError when there is none of a name.
    """
    deliveries = [to for profile in profiles for to in profile.deliver]
    if unknown := [name for name in tested if not any(name in (to.profile, to.target) for to in deliveries)]:
        raise UserError(f"no profile and no target {unknown[0]!r}")
    targets: dict[ChannelName, dict[str, None]] = defaultdict(dict)
    for to in deliveries:
        targets[to.channel][to.target] = None
    if operator := app.delivery.operator:
        targets[operator.channel][operator.target] = None
    codes = {DONE}
    for name in sorted(targets):
        codes |= {_show(name, probe) for probe in _probes(app.channels[name], list(targets[name]))}
    for to in deliveries:
        if to.profile in tested or to.target in tested:
            codes.add(_show_test(to, _send_test(app.channels[to.channel], to, now)))
    for name in targets:
        app.channels[name].close_idle()
    return max(codes)


def _probes(channel: Channel, targets: Sequence[str]) -> Iterator[Probe]:
    try:
        yield from channel.probe(targets)
    except NotConfigured as error:
        yield Probe("", Refused(str(error)))


def _show(name: ChannelName, probe: Probe) -> int:
    where = f"{name} {probe.target}".rstrip()
    if probe.problem is None:
        typer.echo(f"{where}: ok{f', {probe.note}' if probe.note else ''}")
        return DONE
    is_final = isinstance(probe.problem, Refused)
    typer.echo(f"{where}: {'' if is_final else 'not now: '}{probe.problem.why}")
    return CHANGE_SOMETHING if is_final else FAILED


def _send_test(channel: Channel, to: Subscription, now: datetime) -> Outcome:
    delivery = f"{secrets.token_hex(8)}-1"
    notice = Notice(
        "Paperboy: a test message", f"The digests of the profile {to.profile} will arrive here.", now
    )
    try:
        payload = channel.render_notice(notice, delivery, to.target)
    except NotConfigured as error:
        return Refused(str(error))
    return channel.send(Envelope(delivery, to.target, payload, now))


def _show_test(to: Subscription, outcome: Outcome) -> int:
    where = f"{to.channel} {to.target}: the test message"
    if isinstance(outcome, Sent):
        typer.echo(f"{where} is sent")
        return DONE
    typer.echo(
        f"{where} {'may have arrived' if isinstance(outcome, Unknown) else 'is not sent'}: {outcome.why}"
    )
    return CHANGE_SOMETHING if isinstance(outcome, Refused) else FAILED
