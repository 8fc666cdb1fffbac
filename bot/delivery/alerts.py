"""Alerts to the operator: what stopped, once for each incident, with the command for it.

An alert is a delivery like any other: stored before it is sent, tried again, looked up, sent once.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from typing import NamedTuple

from bot.delivery.broken_profiles import BrokenFile
from bot.delivery.model import Delivery, DeliveryState, Notice, Part, Pause
from bot.delivery.ports import Channel
from bot.delivery.status import SERVICE_OUTAGE, ServiceOutage, fails_for_long, service_outages, stale_sources
from bot.delivery.stores import OutboxStore
from bot.digests.day import is_complete, missing_announcement
from bot.papers.calendar import ArxivCalendar
from bot.papers.model import SourceState
from bot.profiles.model import ChannelName
from bot.text.plain import pluralize

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


def raise_outage_alerts(
    outbox: OutboxStore,
    channels: Mapping[ChannelName, Channel],
    operator: Operator,
    sources: Sequence[SourceState],
    calendar: ArxivCalendar,
    now: datetime,
) -> bool:
    """Store alerts on sources that fail, or lack an announcement, for more than OUTAGE, on services that messages
    cannot be sent to for more than SERVICE_OUTAGE, and on the end of what was reported; whether there is one to send.

    The ids of alerts are derived from what they report: two processes store one.
    """
    reported = outbox.reported()
    alerts = [
        *service_alerts(service_outages(outbox.waiting()), reported, now),
        *source_alerts(sources, calendar, reported, now),
    ]
    to = (outbox, channels, operator)
    stored = [_store(*to, _token(*alert.shows), alert.notice, [], alert.shows) for alert in alerts]
    return any(stored)


def service_alerts(
    outages: Sequence[ServiceOutage], reported: Collection[str], now: datetime
) -> list[OutageAlert]:
    """The alerts that are due. One shows `service CHANNEL TIME`, and the one on its end `over service CHANNEL TIME`.

    If the operator's own channel is out of reach, they wait as well.
    """
    begun = {shown for shown in reported if shown.startswith("service ")}
    unfinished = {shown for shown in begun if f"over {shown}" not in reported}
    known, out = {shown.split(" ")[1] for shown in unfinished}, {outage.channel: outage for outage in outages}
    new = [one for one in outages if one.channel not in known and now - one.since > SERVICE_OUTAGE]
    alerts = []
    for outage in new:
        lines = [
            f"no answer from {outage.text}",
            "They are sent when it answers, and none is given up. Check the settings and the server.",
            "To see everything: paperboy status",
        ]
        notice = Notice(f"Paperboy: {outage.channel} cannot be sent", "\n".join(lines), now)
        alerts.append(OutageAlert(notice, (f"service {outage.channel} {outage.since.isoformat()}",)))
    for shown in sorted(unfinished):
        _, channel, since = shown.split(" ")
        if channel not in out:
            begun_at = _minute(datetime.fromisoformat(since))
            text = f"There was no answer since {begun_at}. Nothing waits for one any more."
            alerts.append(
                OutageAlert(Notice(f"Paperboy: {channel} is sent again", text, now), (f"over {shown}",))
            )
    return alerts


class OutageAlert(NamedTuple):
    """What is to be reported of some sources, or of a service."""

    notice: Notice
    shows: tuple[str, ...]  #: what it reports, for `OutboxStore.reported`


def source_alerts(
    sources: Sequence[SourceState], calendar: ArxivCalendar, reported: Collection[str], now: datetime
) -> list[OutageAlert]:
    """The alerts that are due. `reported`: what earlier alerts show.

    The last answer before an outage (or else its first request) identifies it, and the last announcement that a stale
    source has brought. The sources that one alert names are one incident: when one of them is due to be reported, all
    that are in trouble are, and its end is when all of them are over it. An alert shows `INCIDENT outage|stale SOURCE
    TIME` for each, and the one on the end `over INCIDENT`.
    """
    dead = [source for source in sources if fails_for_long(source, now)]
    failing = [s for s in sources if s.state == "failed" and (s.last_success or s.trouble_since)]
    behind = [source for source in sources if missing_announcement(source, sources, calendar, now)]
    return [
        *_beginning("outage", dead, failing, reported, outage_notice, now),
        *_beginning("stale", stale_sources(sources, calendar, now), behind, reported, stale_notice, now),
        *_ends(sources, reported, now),
    ]


def _beginning(
    kind: str,
    lasting: Iterable[SourceState],
    in_trouble: Iterable[SourceState],
    reported: Collection[str],
    notice: Callable[[Sequence[SourceState], datetime], Notice],
    now: datetime,
) -> Iterator[OutageAlert]:
    """An alert on all sources in trouble that no alert names, if that of one of them is `lasting`."""
    known = {shown.partition(" ")[2] for shown in reported}
    new = {id_: source for source in in_trouble if (id_ := _identity(kind, source)) not in known}
    if any(_identity(kind, source) in new for source in lasting):
        incident = _token(*new)
        yield OutageAlert(notice([*new.values()], now), tuple(f"{incident} {id_}" for id_ in new))


def _ends(sources: Sequence[SourceState], reported: Collection[str], now: datetime) -> Iterator[OutageAlert]:
    """An alert for each reported incident that is over. A source that is not asked any more does not keep it open."""
    asked = {source.name: source for source in sources if source.state != "idle"}
    incidents: dict[tuple[str, str], list[tuple[SourceState, datetime, bool]]] = defaultdict(list)
    for shown in sorted(reported):
        match shown.split(" "):
            case [incident, "outage" | "stale" as kind, name, begun] if name in asked:
                since = datetime.fromisoformat(begun)
                newest = asked[name].last_success if kind == "outage" else _newest(kind, asked[name])
                is_over = newest is not None and newest > since
                incidents[incident, kind].append((asked[name], since, is_over))
    for (incident, trouble), parts in incidents.items():
        if f"over {incident}" not in reported and all(is_over for *_, is_over in parts):
            yield OutageAlert(end_notice(trouble, [part[:2] for part in parts], now), (f"over {incident}",))


def _identity(kind: str, source: SourceState) -> str:
    return f"{kind} {source.name} {_newest(kind, source).isoformat()}"


def _newest(kind: str, source: SourceState) -> datetime:
    """What stays the same during an outage, or while a source is stale."""
    is_outage = kind == "outage"
    newest = source.last_success or source.trouble_since if is_outage else source.announced or source.last_new
    assert newest
    return newest


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
        f"{source.name}, {_failing(source)}last answer {_minute(source.last_success)}: {source.why}"
        for source in dead
    ]
    if any(source.name == "arxiv-oai" for source in dead):
        lines += ["arxiv-oai has what the feed has missed: until it answers, those papers are missing."]
    lines += [
        "Digests lack what only these sources have. Check the network and the URLs, then: paperboy ingest"
    ]
    count = pluralize(len(dead), "source does", "sources do")
    return Notice(f"Paperboy: {count} not answer", "\n".join(lines), now)


def stale_notice(stale: Sequence[SourceState], now: datetime) -> Notice:
    lines = [
        f"{source.name}, newest papers announced {_minute(source.announced)}, last "
        f"{'answer' if is_complete(source) else 'complete answer'} {_minute(source.last_success)}"
        f"{f': {source.why}' if source.why else ''}"
        for source in stale
    ]
    if any(map(is_complete, stale)):
        lines += [
            "arXiv should have announced other papers since then, but answers with those that are stored already."
        ]
    lines += ["What comes later is stored then. Known problems of arXiv: https://status.arxiv.org"]
    lack = pluralize(len(stale), "source lacks", "sources lack")
    return Notice(f"Paperboy: {lack} new papers", "\n".join(lines), now)


def end_notice(kind: str, over: Sequence[tuple[SourceState, datetime]], now: datetime) -> Notice:
    """`kind`: outage or stale. `over`: sources, and the last answer or announcement before their trouble."""
    if kind == "outage":
        lines = [
            f"{source.name}: last answer {_minute(source.last_success)}, the one before the outage {_minute(begun)}"
            for source, begun in over
        ]
    else:
        lines = [
            f"{source.name}: newest papers announced {_minute(source.announced)}, those before {_minute(begun)}"
            for source, begun in over
        ]
    lines += ["Nothing is left to do: papers that were missed are fetched too."]
    work = pluralize(len(over), "source works", "sources work")
    return Notice(f"Paperboy: {work} again", "\n".join(lines), now)


def _failing(source: SourceState) -> str:
    return f"failing since {_minute(source.trouble_since)}, " if source.trouble_since else ""


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"


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
