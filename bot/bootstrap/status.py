"""The state of everything, for the command and for operators on the web."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.bootstrap.app import App
from bot.clock import Moment
from bot.delivery.broken_profiles import broken_files
from bot.delivery.status import FOUND_DAYS, FoundPapers, Status, found_papers, next_digests
from bot.presentation.status_text import (
    EDITIONS_SHOWN,
    former_name_notes,
    missing_note,
    missing_settings,
    optional_settings,
)
from bot.profiles.load import load_profiles
from bot.profiles.model import Profile


def current_status(app: App, moment: Moment, chosen: Sequence[Profile] | None = None) -> Status:
    """The state of everything, or of some profiles."""
    loaded = load_profiles([app.settings.profiles], app.settings.profile_cache)
    kept = {profile.id for profile in loaded.kept}
    every = app.with_answers((*loaded.profiles, *loaded.kept), moment.instant)
    profiles = every if chosen is None else app.with_answers(chosen, moment.instant)
    ids = {profile.id for profile in profiles}
    editions = [one for one in app.outbox.newest() if chosen is None or one.profile in ids]
    notes = [
        *missing_settings(app.settings, profiles),
        *missing_note(app.missing_papers(profiles, moment.instant)),
        *former_name_notes(profiles, editions),
    ]
    return Status(
        moment.instant,
        app.papers.count(),
        app.source_states.all(),
        editions,
        app.outbox.alerts(),
        app.receivers.pauses(moment.instant),
        app.receivers.bounces(),
        app.settings.database_place,
        notes,
        None if loaded.broken.keys() - kept else app.used_scopes(every),
        broken_files(loaded.problems, loaded.broken, kept),
        [profile for profile in profiles if profile.is_paused(moment.local_date(profile.timezone))],
        next=next_digests(profiles, editions, moment, app.announcements()),
        found=_found(app, profiles, moment),
        hints=optional_settings(app.settings, profiles),
        day=app.day(moment),
        calendar=app.calendar,
    )


def _found(app: App, profiles: Sequence[Profile], moment: Moment) -> list[FoundPapers]:
    """By interest for a few profiles; only totals for many, because each digest has to be read."""
    since = moment.instant.date() - timedelta(days=FOUND_DAYS)
    if len(profiles) > EDITIONS_SHOWN:
        totals = app.outbox.papers_by_profile(since)
        return [FoundPapers(profile.id, totals.get(profile.id, 0)) for profile in profiles]
    digests = app.outbox.digests([profile.id for profile in profiles], since)
    return [
        found_papers(profile, [stored for stored in digests if stored.profile == profile.id])
        for profile in profiles
    ]
