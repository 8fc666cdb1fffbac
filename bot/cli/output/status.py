"""How things stand: what needs somebody, what goes on by itself, and how sources and digests fare.

Owns what `paperboy status` says, and in which order: what needs somebody comes first, with the command for it, and a
bad night fits on one screen. Refuses to know where it comes from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.text import Text

from bot.delivery.alerts import remedy
from bot.delivery.model import BounceSummary, Delivery, DeliveryState, Edition, Pause
from bot.delivery.retry import GIVE_UP
from bot.delivery.status import Status, Unfinished
from bot.papers.model import SourceState
from bot.text.plain import pluralize, truncate

#: Lines of each kind; `--json` has the rest.
SHOWN = 8
#: More subscriptions than this are counted by day.
EDITIONS_SHOWN = 10
_WHY_LENGTH = 220
#: How a state looks; anything else is plain.
STYLES = {"sent": "green", "ok": "green", "quiet": "cyan", "failed": "bold red", "uncertain": "yellow"}


def status_screen(affairs: Status) -> RenderableType:
    """The whole screen."""
    sections = (
        ("Needs you", _needs_you(affairs)),
        ("Goes on by itself", _goes_on(affairs)),
        ("Mail that came back", _came_back(affairs.bounces)),
        ("Unsubscribed", _unsubscribed(affairs)),
        ("Sources", _sources(affairs.sources)),
        ("Digests", _digests(affairs.editions)),
    )
    told: list[RenderableType] = [Text(f"{affairs.papers} papers are stored.")]
    for title, lines in sections:
        found = list(lines)
        told += [Text(f"\n{title}", style="bold"), *found] if found else []
    return Group(*told)


# --- What needs somebody ----------------------------------------------------------------------------------


def _needs_you(affairs: Status) -> Iterator[Text]:
    stopped = [one for one in affairs.unfinished() if one.delivery.has_stopped]
    yield from _capped([_paused(pause, affairs) for pause in affairs.pauses if not pause.by_reader])
    yield from _capped([_stopped(one) for one in stopped])
    failed = sum(
        one.delivery.state is DeliveryState.FAILED and not one.delivery.is_forbidden for one in stopped
    )
    if failed > 1:
        yield Text(f"  all {failed} that failed, when they are mended: paperboy resend --all")


def _paused(pause: Pause, affairs: Status) -> Text:
    todo = "if they ask for it again" if pause.by_reader else "when mended"
    waiting = sum(pause.scope in one.delivery.scopes for one in affairs.unfinished())
    held = f" {pluralize(waiting, 'delivery', 'deliveries')} kept;" if waiting else ""
    return Text.assemble(
        "  ",
        ("paused", "" if pause.by_reader else "bold red"),
        f" {pause.scope} since {_minute(pause.since)}: {_short(pause.why)}\n",
        f"      nothing is sent there;{held} {todo}: paperboy resume {pause.scope}",
    )


def _stopped(one: Unfinished) -> Text:
    delivery = one.delivery
    is_held = delivery.state is DeliveryState.UNCERTAIN
    return Text.assemble(
        "  ",
        ("held, uncertain" if is_held else "failed", STYLES[delivery.state]),
        f" {one.whole}, after {pluralize(delivery.attempts, 'attempt')}: {_short(delivery.reason)}\n",
        f"      {remedy(delivery)}",
    )


# --- What goes on -----------------------------------------------------------------------------------------


def _goes_on(affairs: Status) -> Iterator[Text]:
    open_ = [one for one in affairs.unfinished() if not one.delivery.has_stopped]
    open_.sort(key=lambda one: (one.delivery.until or affairs.now, one.delivery.id))
    yield from _capped([_open(one, affairs) for one in open_])


def _open(one: Unfinished, affairs: Status) -> Text:
    delivery = one.delivery
    tries = f", after {pluralize(delivery.attempts, 'attempt')}" if delivery.attempts else ""
    why = f": {_short(delivery.reason)}" if delivery.reason else ""
    style = "yellow" if delivery.state is DeliveryState.UNCERTAIN else ""
    return Text.assemble(
        "  ",
        (str(delivery.state), style),
        f" {one.whole}{tries}, {_next(delivery, affairs)}{why}{_now(delivery)}",
    )


def _now(delivery: Delivery) -> str:
    """What is in doubt a person may settle sooner."""
    in_doubt = delivery.state is DeliveryState.UNCERTAIN
    return f"; or decide now: paperboy resend|settle {delivery.id}" if in_doubt else ""


def _next(delivery: Delivery, affairs: Status) -> str:
    if any(pause.scope in delivery.scopes for pause in affairs.pauses):
        return "waits for the pause to end"
    if delivery.until is None:
        return "to be sent by the next `paperboy send` or `run`"
    doing = "looked up" if delivery.state is DeliveryState.UNCERTAIN else "tried again"
    return f"{doing} {_when(delivery.until, affairs.now)}{_given_up(delivery)}"


def _when(moment: datetime, now: datetime) -> str:
    return "now" if moment <= now else f"{_minute(moment)} ({_in(moment - now)})"


def _given_up(delivery: Delivery) -> str:
    is_waiting = delivery.state is DeliveryState.WAITING
    return f", given up {_minute(delivery.since + GIVE_UP)}" if is_waiting and delivery.since else ""


def _in(wait: timedelta) -> str:
    minutes = max(1, round(wait.total_seconds() / 60))
    return f"in {minutes} min" if minutes < 100 else f"in {round(minutes / 60)} h"


# --- Mail, sources, digests -------------------------------------------------------------------------------


def _came_back(bounces: Iterable[BounceSummary]) -> Iterator[Text]:
    yield from _capped([Text(f"  {one.target}: {_bounced(one)}: {_short(one.why)}") for one in bounces])


def _bounced(one: BounceSummary) -> str:
    kinds = [f"{one.hard} for good"] * bool(one.hard) + [f"{one.soft} for now"] * bool(one.soft)
    return f"{', '.join(kinds)}; last {_minute(one.last)}" if one.last else ", ".join(kinds)


def _unsubscribed(affairs: Status) -> Iterator[Text]:
    """What its readers ended: it needs nobody, unless they change their minds."""
    yield from _capped([_paused(pause, affairs) for pause in affairs.pauses if pause.by_reader])


def _sources(sources: Sequence[SourceState]) -> Iterator[Text]:
    for source in sources:
        yield Text.assemble(
            f"  {source.name}: ",
            (source.state, STYLES.get(source.state, "")),
            f", last answer {_minute(source.last_success)}, last new paper {_minute(source.last_new)}",
            f" ({source.why})" if source.why else "",
        )
    if not sources:
        yield Text("  none asked yet: paperboy ingest")


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
        f" ({edition.why})" if edition.why else "",
    )


def _by_day(editions: Sequence[Edition]) -> Iterator[Text]:
    """The newest digests of many subscriptions, counted."""
    days = sorted({edition.on for edition in editions}, reverse=True)
    lines = []
    for day in days:
        states = Counter(str(edition.state) for edition in editions if edition.on == day)
        counts = (Text(f"{n} {state}", style=STYLES.get(state, "")) for state, n in states.most_common())
        lines.append(Text.assemble(f"  {day}: ", Text(", ").join(counts)))
    yield from _capped(lines)


# --- Shared -----------------------------------------------------------------------------------------------


def _capped(lines: Sequence[Text]) -> Iterator[Text]:
    yield from lines[:SHOWN]
    if len(lines) > SHOWN:
        yield Text(f"  and {len(lines) - SHOWN} more: paperboy status --json", style="dim")


def _short(why: str) -> str:
    return truncate(why, _WHY_LENGTH)


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%MZ}" if moment else "never"
