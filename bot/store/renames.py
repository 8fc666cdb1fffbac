"""Moves what is stored under the former names of profiles to their new ones: editions, deliveries, the pauses of
readers who unsubscribed, answers and edits. The ledger goes by receivers, and links in mails by editions: they stay
as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from sqlalchemy import Executable, bindparam, delete, exists, select, union, update
from sqlalchemy.exc import IntegrityError

from bot.profiles.model import Profile
from bot.store.database import Database
from bot.store.tables import Base

_EDITION, _DELIVERY, _PAUSE = (Base.metadata.tables[name] for name in ("edition", "delivery", "pause"))
#: Tables of which only the profile's name changes.
_BY_PROFILE = tuple(Base.metadata.tables[name] for name in ("answer", "profile_edit"))


def move_renamed(database: Database, profiles: Iterable[Profile]) -> None:
    """Move what has the former names of profiles (`Profile.was`), in one transaction.

    Of two editions for one date and target the new name's is kept, unless only the other one has papers. One with
    papers that is not moved stays as it is, for the links in its mails. One query when there is nothing to move.
    """
    new_ids = {profile.was: profile.id for profile in profiles if profile.was}
    if not new_ids:
        return
    with database.reading() as session:
        columns = (_EDITION.c.subscription, _PAUSE.c.scope, *(table.c.profile for table in _BY_PROFILE))
        names = session.scalars(union(*map(select, columns))).all()
    keys = [key for key in names if key.count(":") == 2 and key.partition(":")[0] in new_ids]
    renamed = [name for name in names if name in new_ids]
    if not keys and not renamed:
        return
    moves = []
    for key in keys:
        old_id, _, receiver = key.partition(":")
        moves.append({"old": key, "new": f"{new_ids[old_id]}:{receiver}", "new_id": new_ids[old_id]})
    # Another process may compose for the new name meanwhile: then the next call moves the rest.
    with suppress(IntegrityError), database.writing() as connection:
        for statement in _MOVES if moves else ():
            connection.execute(statement, moves)
        for table in _BY_PROFILE:
            for name in renamed:
                connection.execute(update(table).where(table.c.profile == name).values(profile=new_ids[name]))


def _statements() -> Iterator[Executable]:
    """They move what has the key `old` of a subscription to the key `new` of the profile `new_id`."""
    old: Any = bindparam("old")
    new: Any = bindparam("new")
    other, quiet = _EDITION.alias().c, _EDITION.c.papers == 0
    of_old, of_new = (_EDITION.c.subscription == key for key in (old, new))
    dates_of_old, dates_of_new = (select(other.on).where(other.subscription == key) for key in (old, new))
    yield delete(_EDITION).where(of_new, quiet, _EDITION.c.on.in_(dates_of_old.where(other.papers > 0)))
    yield delete(_EDITION).where(of_old, quiet, _EDITION.c.on.in_(dates_of_new))
    moved = {"subscription": new, "profile": bindparam("new_id")}
    yield update(_EDITION).where(of_old, _EDITION.c.on.not_in(dates_of_new)).values(moved)
    is_moved = _DELIVERY.c.edition.in_(select(_EDITION.c.id).where(of_new))
    yield update(_DELIVERY).where(_DELIVERY.c.subscription == old, is_moved).values(subscription=new)
    is_paused = exists().where(_PAUSE.alias().c.scope == new)
    yield update(_PAUSE).where(_PAUSE.c.scope == old, ~is_paused).values(scope=new)
    yield delete(_PAUSE).where(_PAUSE.c.scope == old)


_MOVES = tuple(_statements())
