"""The text of `paperboy status`, for the terminal and the web.

What needs a person comes first, with the command for it; each section is short enough that a bad night fits on one
screen. `--json` has everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from bot.config.settings import Settings
from bot.delivery.alerts import remedy
from bot.delivery.broken_profiles import BrokenFile
from bot.delivery.due import LONGEST_WAIT
from bot.delivery.model import BounceSummary, Delivery, DeliveryState, Edition, Pause, scopes
from bot.delivery.retry import GIVE_UP, GIVE_UP_ATTEMPTS
from bot.delivery.status import (
    FOUND_DAYS,
    SERVICE_OUTAGE,
    FoundPapers,
    NextDigest,
    Status,
    Unfinished,
    dead_sources,
    service_outages,
    stale_sources,
)
from bot.digests.day import is_complete, next_expected
from bot.digests.wording import day_text, left_out_text
from bot.papers.model import SourceState
from bot.profiles.model import ANNOUNCEMENT, ChannelName, Profile
from bot.profiles.references import MissingPapers
from bot.text.plain import pluralize, truncate

#: Most lines of a section.
SHOWN = 8
#: The digests of more subscriptions than this are counted by day.
EDITIONS_SHOWN = 10
_WHY_LENGTH = 220
#: Rich styles of states; other states are plain.
STYLES = {
    "sent": "green",
    "ok": "green",
    "quiet": "cyan",
    "failed": "bold red",
    "uncertain": "yellow",
    "outage": "bold red",
    "incomplete": "yellow",
    "stale": "yellow",
}


def status_screen(status: Status) -> RenderableType:
    parts: list[RenderableType] = [Text(summary(status))]
    for title, lines in status_sections(status):
        parts += [Text(f"\n{title}", style="bold"), *lines]
    return Group(*parts)


def summary(status: Status) -> str:
    place = f" in {status.database}" if status.database else ""
    return f"{pluralize(status.papers, 'paper is', 'papers are')} stored{place}."


def status_sections(status: Status) -> list[tuple[str, list[Text]]]:
    """The title and the lines of each section that has something to show. What is about one thing is one Text, of one
    line or two.
    """
    by_reader = [pause for pause in status.pauses if pause.by_reader]
    sections = (
        ("Needs you", _problems(status)),
        ("Continues by itself", _open_deliveries(status)),
        ("Mail that came back", _bounces(status.bounces)),
        ("Unsubscribed", _limited([_pause(one, status) for one in by_reader if not one.until])),
        ("Paused by their readers", _limited([_pause(one, status) for one in by_reader if one.until])),
        ("Paused by their profiles", _limited([_paused_profile(profile) for profile in status.paused])),
        ("Sources", _sources(status)),
        ("Digests", _digests(status.editions)),
        ("Next digests", _limited([_next(one, status) for one in status.next], "paperboy status PROFILE")),
        (f"Found in {FOUND_DAYS} days", _found(status.found)),
        ("Not configured", [Text(f"  {hint}") for hint in status.hints]),
    )
    return [(title, lines) for title, section in sections if (lines := list(section))]


def _limited(lines: Sequence[Text], rest: str = "paperboy status --json") -> Iterator[Text]:
    """`rest`: the command that shows the others."""
    yield from lines[:SHOWN]
    if len(lines) > SHOWN:
        yield Text(f"  and {len(lines) - SHOWN} more: {rest}", style="dim")


def _short(why: str) -> str:
    return truncate(why, _WHY_LENGTH)


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%MZ}" if moment else "never"


# --- What needs a person ----------------------------------------------------------------------------------


def _problems(status: Status) -> Iterator[Text]:
    stopped = [unfinished for unfinished in status.unfinished() if unfinished.delivery.has_stopped]
    yield from _limited([_pause(pause, status) for pause in status.pauses if not pause.by_reader])
    yield from _limited([_stopped(unfinished, status) for unfinished in stopped])
    yield from _limited([_broken_file(file) for file in status.broken], "paperboy check")
    for outage in service_outages(unfinished.delivery for unfinished in status.unfinished()):
        if status.now - outage.since > SERVICE_OUTAGE:
            yield Text.assemble("  ", ("no answer", "bold red"), f" from {_short(outage.text)}")
            yield Text("      they are sent when it answers: check the settings and the server")
    if dead := dead_sources(status.sources, status.now):
        yield from map(_dead_source, dead)
        yield Text("      check the network and the URLs in the settings, then: paperboy ingest")
    yield from map(_stale_source, stale_sources(status.sources, status.calendar, status.now))
    yield from (Text(f"  {note}") for note in status.notes)
    deliveries = [unfinished.delivery for unfinished in stopped]
    failed = sum(
        one.state is DeliveryState.FAILED and not one.is_forbidden and status.is_used(one.subscription)
        for one in deliveries
    )
    if failed > 1:
        yield Text(f"  all {failed} that failed, when fixed: paperboy resend --all")


def missing_settings(settings: Settings, profiles: Iterable[Profile]) -> list[str]:
    """A sentence for each channel that profiles deliver to and the settings do not configure."""
    lacking = {
        ChannelName.SLACK: "Slack is not configured (SLACK_BOT_TOKEN)"
        if not settings.slack_bot_token
        else "",
        ChannelName.EMAIL: "Mail is not configured (SMTP_URL and MAIL_FROM)" if not settings.smtp else "",
    }
    channels = [to.channel for profile in profiles for to in profile.deliver]
    return [
        f"{problem}: {pluralize(channels.count(channel), 'delivery is', 'deliveries are')} skipped"
        for channel, problem in lacking.items()
        if problem and channel in channels
    ]


def optional_settings(settings: Settings, profiles: Iterable[Profile]) -> list[str]:
    """A sentence about what profiles could have if it were configured; nothing if there is nothing."""
    uses_slack = any(to.channel is ChannelName.SLACK for profile in profiles for to in profile.deliver)
    if not uses_slack or not settings.slack_bot_token or settings.slack_app_token:
        return []
    return ["digests in Slack have no menus, and /paperboy does not answer (SLACK_APP_TOKEN)"]


def missing_note(missing: Iterable[MissingPapers]) -> list[str]:
    """A sentence about papers that profiles name and that cannot be fetched; nothing if there are none."""
    counts = [f"{one.profile} {one.need_person}" for one in missing if one.need_person]
    more = f" and {len(counts) - SHOWN} more" if len(counts) > SHOWN else ""
    listed = ", ".join(counts[:SHOWN])
    return [f"Papers that profiles name are not found ({listed}{more}): paperboy ingest"] if counts else []


def former_name_notes(profiles: Iterable[Profile], editions: Iterable[Edition]) -> Iterator[str]:
    """A sentence for each profile whose former name found nothing. What it finds is the profile's own afterwards."""
    with_digests = {edition.profile for edition in editions}
    for profile in profiles:
        if profile.was and profile.id not in with_digests:
            yield f"{profile.id}: was: {profile.was}: nothing was stored under that name: correct or remove the line"


def _pause(pause: Pause, status: Status) -> Text:
    waiting = sum(pause.scope in unfinished.delivery.scopes for unfinished in status.unfinished())
    kept = f"; {pluralize(waiting, 'delivery', 'deliveries')} kept" if waiting else ""
    condition = "when fixed"
    if pause.until:
        condition = f"goes on by itself at {_minute(pause.until)}, or at once"
    elif pause.by_reader:
        condition = "if they ask for it again"
    elif not status.is_used(pause.scope):
        condition = "no profile delivers there any more; to forget the pause"
    return Text.assemble(
        "  ",
        ("paused", "" if pause.by_reader else "bold red"),
        f" {pause.scope} since {_minute(pause.since)}: {_short(pause.why)}\n",
        f"      nothing is sent there{kept}; {condition}: paperboy resume {pause.scope}",
    )


def _paused_profile(profile: Profile) -> Text:
    return Text(
        f"  {profile.id} until {profile.paused_until}; the first digest then chooses from the whole pause"
    )


def _broken_file(file: BrokenFile) -> Text:
    more = len(file.problems) - 1
    return Text.assemble(
        "  ",
        ("broken", "bold red"),
        f" {_short(str(file.problems[0]))}",
        f" (and {pluralize(more, 'more problem')}: paperboy check)" if more else "",
        f"\n      {file.effect}" if file.effect else "",
    )


def _dead_source(source: SourceState) -> Text:
    return Text.assemble(
        "  ",
        ("no answer", "bold red"),
        f" from {source.name}, last answer {_minute(source.last_success)}: {_short(source.why)}",
    )


def _stale_source(source: SourceState) -> Text:
    lack, why = (
        ("nothing new", "") if is_complete(source) else ("no complete answer", f" ({_short(source.why)})")
    )
    return Text.assemble(
        "  ",
        (lack, "yellow"),
        f" from {source.name} since {_minute(source.announced)}, although it answers{why}: known problems of arXiv "
        "are at https://status.arxiv.org",
    )


def _stopped(unfinished: Unfinished, status: Status) -> Text:
    delivery = unfinished.delivery
    state = "held, uncertain" if delivery.state is DeliveryState.UNCERTAIN else "failed"
    attempts = pluralize(delivery.attempts, "attempt")
    paused = {pause.scope for pause in status.pauses}
    return Text.assemble(
        "  ",
        (state, STYLES[delivery.state]),
        f" {unfinished.whole}, after {attempts}: {_short(delivery.reason)}\n",
        f"      {remedy(delivery, paused, is_wanted=status.is_used(delivery.subscription))}",
    )


# --- What continues by itself -----------------------------------------------------------------------------


def _open_deliveries(status: Status) -> Iterator[Text]:
    unfinished = [one for one in status.unfinished() if not one.delivery.has_stopped]
    unfinished.sort(key=lambda one: (one.delivery.not_before or status.now, one.delivery.id))
    yield from _limited([_open_delivery(one, status) for one in unfinished])


def _open_delivery(unfinished: Unfinished, status: Status) -> Text:
    delivery = unfinished.delivery
    is_uncertain = delivery.state is DeliveryState.UNCERTAIN
    attempts = f", after {pluralize(delivery.attempts, 'attempt')}" if delivery.attempts else ""
    why = f": {_short(delivery.reason)}" if delivery.reason else ""
    decide = f"; or decide now: paperboy resend|settle {delivery.id}" if is_uncertain else ""
    return Text.assemble(
        "  ",
        (str(delivery.state), "yellow" if is_uncertain else ""),
        f" {unfinished.whole}{attempts}, {_next_step(delivery, status)}{why}{decide}",
    )


def _next_step(delivery: Delivery, status: Status) -> str:
    if any(pause.scope in delivery.scopes for pause in status.pauses):
        return "waits for the pause to end"
    if not status.is_used(delivery.subscription):
        return "not sent: no profile delivers there any more"
    if delivery.not_before is None:
        return "sent by the next `paperboy send`, `run` or worker"
    action = "looked up" if delivery.state is DeliveryState.UNCERTAIN else "tried again"
    wait = delivery.not_before - status.now
    when = f"{_minute(delivery.not_before)} (in {_length(wait)})" if wait > timedelta(0) else "now"
    return f"{action} {when}{_end(delivery)}"


def _end(delivery: Delivery) -> str:
    """When tries are given up; empty for what is not waiting."""
    if delivery.state is not DeliveryState.WAITING or not delivery.attempts or delivery.service_out_since:
        return ""
    left = GIVE_UP - timedelta(seconds=delivery.waited)
    if left > timedelta(0):
        return f", given up after another {_length(left)} of waits"
    tries = max(1, GIVE_UP_ATTEMPTS - delivery.attempts)
    return f", given up after {pluralize(tries, 'more attempt')}"


def _length(time: timedelta) -> str:
    minutes = max(1, round(time.total_seconds() / 60))
    return f"{minutes} min" if minutes < 100 else f"{round(minutes / 60)} h"


# --- Bounces, sources, digests ----------------------------------------------------------------------------


def _bounces(bounces: Iterable[BounceSummary]) -> Iterator[Text]:
    lines = []
    for bounce in bounces:
        counts = [f"{bounce.hard} for good"] * bool(bounce.hard) + [f"{bounce.soft} for now"] * bool(
            bounce.soft
        )
        last = f"; last {_minute(bounce.last)}" if bounce.last else ""
        lines.append(Text(f"  {bounce.target}: {', '.join(counts)}{last}: {_short(bounce.why)}"))
    yield from _limited(lines)


def _sources(status: Status) -> Iterator[Text]:
    if status.day and (status.sources or status.papers):
        why = day_text(status.day, status.now.date()) or "an ordinary day"
        yield Text.assemble("  today: ", (why, STYLES.get(status.day.kind, "")))
    for source in status.sources:
        yield Text.assemble(
            f"  {source.name}: ",
            (source.state, STYLES.get(source.state, "")),
            f", last answer {_minute(source.last_success)}, last new paper {_minute(source.last_new)}",
            _expected(source, status),
            f" ({source.why})" if source.why else "",
        )
    if not status.sources:
        yield Text(
            f"  no source asked yet{', only files were read' if status.papers else ''}: paperboy ingest"
        )


def _expected(source: SourceState, status: Status) -> str:
    at = next_expected(source, status.calendar, status.now)
    return f", next expected {'since ' if at <= status.now else ''}{_minute(at)}" if at else ""


def _digests(editions: Sequence[Edition]) -> Iterator[Text]:
    if not editions:
        yield Text("  none yet: paperboy send")
    elif len(editions) <= EDITIONS_SHOWN:
        yield from map(_edition, editions)
    else:
        yield from _by_day(editions)


def _edition(edition: Edition) -> Text:
    return Text.assemble(
        f"  {edition.on} {edition.profile} → {edition.channel} {edition.target}: ",
        (str(edition.state), STYLES.get(str(edition.state), "")),
        f", {pluralize(edition.papers, 'paper')}" if edition.papers else "",
        f" ({edition.reason})" if edition.reason else "",
    )


def _by_day(editions: Sequence[Edition]) -> Iterator[Text]:
    """The newest digests of many subscriptions, as counts of states."""
    lines = []
    for day in sorted({edition.on for edition in editions}, reverse=True):
        states = Counter(str(edition.state) for edition in editions if edition.on == day)
        counts = (Text(f"{n} {state}", style=STYLES.get(state, "")) for state, n in states.most_common())
        lines.append(Text.assemble(f"  {day}: ", Text(", ").join(counts)))
    yield from _limited(lines)


def _next(one: NextDigest, status: Status) -> Text:
    to, paused = one.subscription, {pause.scope for pause in status.pauses}
    is_paused = not paused.isdisjoint(scopes(to.key, to.channel, to.target))
    at = one.at.astimezone(ZoneInfo(one.timezone))
    follows = ", with arXiv's announcement" if to.at == ANNOUNCEMENT else ""
    if follows and one.at == status.calendar.last(one.at) + LONGEST_WAIT:
        follows = f" at the latest{follows}"
    when = "due now, sent by the next `paperboy send`, `run` or worker; then " if one.is_due else ""
    return Text(
        f"  {to.profile} → {to.channel} {to.target}: {when}{at:%a} {at.day} {at:%b %H:%M} {one.timezone}"
        f"{follows}{', but paused' if is_paused else ''}"
    )


def _found(found: Sequence[FoundPapers]) -> Iterator[Text]:
    if len(found) > EDITIONS_SHOWN:
        nothing = [one.profile for one in found if not one.papers]
        papers = pluralize(sum(one.papers for one in found), "paper")
        text = f"  {len(found):,} profiles: {papers}; by interest: paperboy status PROFILE"
        if nothing:
            text += f"\n  nothing for {pluralize(len(nothing), 'profile')}: {_short(', '.join(nothing))}"
        yield Text(text)
        return
    for one in found:
        if not one.papers and not one.left_out:  # no digest yet
            continue
        counts = [f"{phrase} {papers:,}" for phrase, papers in one.interests]
        counts += [f"the rest of the profile {one.others:,}"] if one.others else []
        text = f"  {one.profile}: {pluralize(one.papers, 'paper')}: {', '.join(counts)}"
        left_out = left_out_text(one.left_out) if one.left_out else ""
        yield Text(f"{text}\n      {left_out}" if left_out else text)
