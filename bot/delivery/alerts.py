"""Alerts to the operator: what stopped, once for each incident, with the command for it.

An alert is a delivery like any other: stored before it is sent, tried again, looked up, sent once.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from typing import NamedTuple

from bot.delivery.broken_profiles import BrokenFile
from bot.delivery.model import Delivery, DeliveryState, Notice, Part, Pause
from bot.delivery.ports import Channel
from bot.delivery.status import OUTAGE, dead_sources
from bot.delivery.stores import OutboxStore
from bot.papers.model import SourceState
from bot.profiles.model import ChannelName

#: Most incidents in one alert, and most deliveries of one incident; `paperboy status` shows all.
MOST = 15


class Operator(NamedTuple):
    """The receiver of alerts."""

    channel: ChannelName
    target: str


def raise_alert(
    outbox: OutboxStore,
    channels: Mapping[ChannelName, Channel],
    operator: Operator,
    now: datetime,
    pauses: Iterable[Pause],
) -> bool:
    """Store an alert on what stopped since the last one; whether there is one to send. `pauses`: those in force.

    An incident that was reported is not reported again until all deliveries that it stopped continue.
    """
    unreported = outbox.unreported()
    if not unreported:
        return False
    known = outbox.known_incidents()
    new = [delivery for delivery in unreported if delivery.incident not in known]
    notice = stop_notice(new, now, {pause.scope for pause in pauses}) if new else None
    reported = [delivery.id for delivery in unreported]
    stored = _store(outbox, channels, operator, secrets.token_hex(8), notice, reported)
    return stored and notice is not None


def raise_outage_alert(
    outbox: OutboxStore,
    channels: Mapping[ChannelName, Channel],
    operator: Operator,
    sources: Sequence[SourceState],
    now: datetime,
) -> bool:
    """Store an alert on the sources that have failed for longer than OUTAGE; whether there is a new one to send.

    The last answer before an outage identifies it: its alert has an id that is derived from it, and exists once.
    """
    dead = [s for s in dead_sources(sources, now) if s.last_success and now - s.last_success > OUTAGE]
    if not dead:
        return False
    begun = max(s.last_success for s in dead if s.last_success)
    token = _token("outage", begun.isoformat())
    if outbox.deliveries(f"{token}-1"):
        return False
    return _store(outbox, channels, operator, token, outage_notice(dead, now), [])


def raise_profile_alert(
    outbox: OutboxStore,
    channels: Mapping[ChannelName, Channel],
    operator: Operator,
    files: Sequence[BrokenFile],
    now: datetime,
) -> None:
    """Store an alert on the files of profiles that are broken in a new way: the next `send` sends it.

    The problems of a file identify what is reported. One that is corrected and later broken again in the same way is
    not reported again.
    """
    reported = outbox.reported()
    new = {id_: file for file in files if (id_ := _token(*file.problems)) not in reported}
    if new:
        _store(outbox, channels, operator, _token(*new), profile_notice([*new.values()], now), [], tuple(new))


def _token(*identity: object) -> str:
    return sha256(" ".join(map(str, identity)).encode()).hexdigest()[:16]


def profile_notice(files: Sequence[BrokenFile], now: datetime) -> Notice:
    """A notice on broken files."""
    lines = [line for file in files[:MOST] for line in (*map(str, file.problems[:MOST]), file.effect) if line]
    more = len(files) - MOST
    lines += [f"... and {more} more files."] if more > 0 else []
    lines += ["To see everything: paperboy check"]
    name = f"{files[0].file} has" if len(files) == 1 else f"{len(files)} files of profiles have"
    return Notice(f"Paperboy: {name} problems", "\n".join(lines), now)


def _store(
    outbox: OutboxStore,
    channels: Mapping[ChannelName, Channel],
    operator: Operator,
    token: str,
    notice: Notice | None,
    reported: Sequence[str],
    shows: tuple[str, ...] = (),
) -> bool:
    """See `OutboxStore.record_report`; `notice`: the alert, None when there is only something to mark as reported.

    `shows`: for `OutboxStore.reported`.
    """
    channel = channels[operator.channel]
    alert = Part(channel.render_notice(notice, f"{token}-1", operator.target), 0, shows) if notice else None
    return outbox.record_report(reported, alert, token, *operator, int(not channel.can_look_up))


def outage_notice(dead: Sequence[SourceState], now: datetime) -> Notice:
    lines = [
        f"{source.name}, last answer {source.last_success:%Y-%m-%d %H:%M} UTC: {source.why}"
        for source in dead
    ]
    lines += ["Digests have no new papers from there. Check the network and the URLs, then: paperboy ingest"]
    count = "1 source does" if len(dead) == 1 else f"{len(dead)} sources do"
    return Notice(f"Paperboy: {count} not answer", "\n".join(lines), now)


def stop_notice(stopped: Sequence[Delivery], now: datetime, paused: Collection[str] = ()) -> Notice:
    """A notice on stopped deliveries, by incident. `paused`: scopes."""
    by_incident = sorted(stopped, key=_incident)
    groups = [list(group) for _, group in groupby(by_incident, key=_incident)]
    lines = [line for group in groups[:MOST] for line in _incident_lines(group, paused)]
    more = len(groups) - MOST
    lines += [f"... and {more} more."] if more > 0 else []
    lines += ["To see everything: paperboy status"]
    count = "1 delivery has" if len(stopped) == 1 else f"{len(stopped)} deliveries have"
    return Notice(f"Paperboy: {count} stopped", "\n".join(lines), now)


def _incident(delivery: Delivery) -> str:
    return delivery.incident or ""


def _incident_lines(group: Sequence[Delivery], paused: Collection[str]) -> list[str]:
    first = group[0]
    lines = [f"{first.channel} {first.target}, {first.state}: {first.reason}"]
    if first.incident and first.incident in paused:
        lines.append(
            f"  nothing more is sent to {first.incident}; when fixed: paperboy resume {first.incident}"
        )
    for delivery in group[:MOST]:
        other = "" if delivery.reason == first.reason else f" ({delivery.reason})"
        profile = delivery.subscription.partition(":")[0]
        lines.append(f"  kept for {profile}{other}; {remedy(delivery, paused)}")
    if len(group) > MOST:
        lines.append(f"  ... and {len(group) - MOST} more")
    return lines


def remedy(delivery: Delivery, paused: Collection[str] = (), *, is_wanted: bool = True) -> str:
    """What a person can do about a stopped delivery.

    `paused`: scopes. `is_wanted`: whether a profile still delivers there.
    """
    id_ = delivery.id
    if not is_wanted:
        return f"no profile delivers there any more; remove it with: paperboy settle {id_}"
    if delivery.is_forbidden:
        return f"it will not be sent; remove it with: paperboy settle {id_}"
    if delivery.state is DeliveryState.UNCERTAIN:
        return f"if it has not arrived: paperboy resend {id_}; if it has: paperboy settle {id_}"
    if delivery.incident in paused:
        return f"sent when that pause ends, or at once: paperboy resend {id_}"
    return f"when fixed: paperboy resend {id_}"
