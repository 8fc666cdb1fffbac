"""Storing a digest as a subscription's edition, with its rendered parts, before anything is sent."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from bot.delivery.model import Edition
from bot.delivery.ports import Channel
from bot.delivery.stores import OutboxStore
from bot.digests.model import Digest
from bot.papers.model import Paper
from bot.profiles.model import Subscription

if TYPE_CHECKING:
    from pydantic import TypeAdapter


def store_edition(
    outbox: OutboxStore, subscription: Subscription, receiver: str, digest: Digest, channel: Channel
) -> bool:
    """Render a digest and store it as the subscription's edition. `receiver`: as the ledger names it.

    False when its date has one already, or the receiver has been given one of its papers since it was composed.
    """
    token = secrets.token_hex(8)
    parts = channel.render(digest, token, subscription.target) if digest.papers or digest.is_line else ()
    edition = Edition(
        id=token,
        subscription=subscription.key,
        profile=subscription.profile,
        channel=subscription.channel,
        target=subscription.target,
        on=digest.on,
        papers=len(digest.papers),
        candidates=digest.candidates,
        why="" if digest.papers else digest.why,
        awaits=digest.awaits,
    )
    unverified_retries = int(subscription.resend_uncertain and not channel.can_look_up)
    return outbox.add(edition, receiver, digest.made, as_json(digest), digest.ids, parts, unverified_retries)


def as_json(digest: Digest) -> dict[str, Any]:
    """A digest as a JSON document; dates are ISO text."""
    document: dict[str, Any] = _plain(digest)
    return document


def _plain(value: Any) -> Any:
    """As `dataclasses.asdict`, which copies every text and number and takes five times as long, with JSON's types."""
    if isinstance(value, (str, int, float)) or value is None:
        return value
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, date):
        return value.isoformat()
    return {name: _plain(getattr(value, name)) for name in _field_names(value.__class__)}


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def from_json(document: Mapping[str, Any]) -> Digest:
    """The digest that `as_json` made a document of; what an earlier version did not write has its default."""
    return _adapter().validate_python(document)


def thin_json(document: Mapping[str, Any]) -> dict[str, Any]:
    """A digest's document without what is stored of its papers, but for ids, titles and times of first sight, and
    without default values; `with_stored` is the way back.
    """
    digest = from_json(document).with_papers(lambda paper: Paper(paper.id, paper.title, paper.first_seen))
    thin: dict[str, Any] = _adapter().dump_python(digest, mode="json", exclude_defaults=True)
    return {"papers": []} | thin


def with_stored(digest: Digest, stored: Mapping[str, Paper]) -> Digest:
    """The digest of a thin document with what is known of its papers now, under the titles that were sent.

    `stored`: papers, by the ids of the digest's.
    """
    return digest.with_papers(
        lambda paper: replace(stored[paper.id], title=paper.title) if paper.id in stored else paper
    )


@cache
def _adapter() -> TypeAdapter[Digest]:
    from pydantic import TypeAdapter

    return TypeAdapter(Digest)
