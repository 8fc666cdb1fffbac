"""Feeds of papers: valid for feed validators, whatever the papers contain."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from lxml import etree

from bot.digests.model import Digest
from bot.presentation.feeds import atom, feed, json_feed
from tests.support.feed_rules import atom_problems, json_feed_problems
from tests.support.samples import MADE, digest, scored, wild_digests

HOME, URL = "https://papers.example.org/p/ada/", "https://papers.example.org/feed/ada.x.atom"
ATOM = {"a": "http://www.w3.org/2005/Atom"}


def made(*digests: Digest) -> tuple[bytes, str]:
    """Both feeds."""
    found = feed("ada", HOME, digests)
    return atom(found, URL), json_feed(found, URL)


def test_entries() -> None:
    """Newest digest first, best paper first; a paper that is in two digests comes in the first one."""
    newer = replace(digest((scored(4), scored(2))), made=MADE + timedelta(days=1))
    page, document = made(newer, digest(3))
    items = json.loads(document)["items"]
    assert [item["url"][-1] for item in items] == ["4", "1", "2", "3"]
    assert [item["date_published"][:10] for item in items] == ["2026-05-06", *["2026-05-05"] * 3]
    root = etree.fromstring(page)
    assert root.xpath("a:entry/a:id/text()", namespaces=ATOM) == [item["id"] for item in items]
    assert root.xpath("string(a:updated)", namespaces=ATOM) == "2026-05-06T06:30:00+00:00"
    assert "Why: strong match · world models, robots" not in items[0]["content_html"]
    assert "<p>Why: strong match · world models · robots</p>" in items[0]["content_html"]
    assert "★\u00a0Gus Test" in items[0]["content_html"]


def test_ids_stay() -> None:
    """The id of an entry does not depend on the address; that of another profile's is another."""
    ids = {
        json.loads(json_feed(feed("ada", HOME, [digest(1)]), url))["items"][0]["id"] for url in ("a:b", "c:d")
    }
    assert len(ids) == 1
    assert json.loads(json_feed(feed("bo", HOME, [digest(1)]), URL))["items"][0]["id"] not in ids


def test_no_digests() -> None:
    """Valid, and the same at every call."""
    page, document = made()
    assert (atom_problems(page), json_feed_problems(document), (page, document) == made()) == ([], [], True)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(wild_digests(), wild_digests())
def test_any_digest_is_valid(one: Digest, other: Digest) -> None:
    """By the rules of RFC 4287 and of JSON Feed 1.1."""
    page, document = made(one, other, digest(2))
    assert (atom_problems(page), json_feed_problems(document)) == ([], [])
