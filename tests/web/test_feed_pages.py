"""Feeds under a secret address, and files for reference managers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import rispy

from bot.delivery.feed_token import feed_token
from bot.feedback.model import AnswerKind, Via
from bot.profiles import bibtex
from tests.support.feed_rules import atom_problems, json_feed_problems
from tests.support.web_site import ADA, BOB, KEY, NOW, OPERATOR, WebSite, csrf_token, web_site

PAGE = "/p/ada/feeds"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[WebSite]:
    with web_site(tmp_path) as site:
        yield site


def addresses(site: WebSite) -> list[str]:
    """The paths of both feeds, as the page shows them."""
    return re.findall(r'<a href="http://[^/]+(/feed/[^"]+)">', site.reader(ADA).get(PAGE).text)


def test_feeds(site: WebSite) -> None:
    """Without log-in and without cookie; valid; for the client's own cache only."""
    paths, client = addresses(site), site.pages.test_client()
    assert [path.rpartition(".")[2] for path in paths] == ["atom", "json"]
    page, document = (client.get(path) for path in paths)
    assert (page.mimetype, document.mimetype) == ("application/atom+xml", "application/feed+json")
    assert (atom_problems(page.data), json_feed_problems(document.text)) == ([], [])
    feed = json.loads(document.text)
    assert feed["feed_url"].endswith(paths[1])
    assert feed["home_page_url"].endswith("/p/ada/")
    newest, oldest = site.edition(day=5), site.edition(day=4)
    sent = [one.paper.title for day in (newest, oldest) for one in site.app.archive.digest(day).digest.papers]
    assert [item["title"] for item in feed["items"]] == sent
    for reply in (page, document):
        assert "Set-Cookie" not in reply.headers
        assert {"private", "no-cache"} == set(reply.headers["Cache-Control"].split(", "))


def test_what_did_not_change_is_not_sent_again(site: WebSite) -> None:
    """By ETag or by time; a HEAD has the same headers; an unknown ETag gets the feed."""
    client, path = site.pages.test_client(), addresses(site)[0]
    first = client.get(path)
    head = client.head(path)
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", first.headers["ETag"])
    for known in (
        {"If-None-Match": first.headers["ETag"]},
        {"If-Modified-Since": first.headers["Last-Modified"]},
    ):
        again = client.get(path, headers=known)
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
    assert client.get(path, headers={"If-None-Match": '"x"'}).data == first.data


def test_feed_of_a_profile_without_digests(site: WebSite) -> None:
    """It is valid and empty."""
    (site.services.folder / "eve.yaml").write_text("interests: [bird song]\ndeliver: [{maildir: eve}]\n")
    site.app.live_profiles.forget()
    client, token = site.pages.test_client(), feed_token(KEY.encode(), "eve", 0)
    assert atom_problems(client.get(f"/feed/{token}.atom").data) == []
    assert json.loads(client.get(f"/feed/{token}.json").text)["items"] == []


def test_replace(site: WebSite) -> None:
    """The old addresses do not exist any more, the new ones do; others' feeds stay."""
    client, old, bobs = site.reader(ADA), addresses(site), f"/feed/{feed_token(KEY.encode(), 'bob', 0)}.atom"
    form = {"csrf_token": csrf_token(client.get(PAGE).text)}
    assert client.post(PAGE, data=form).headers["Location"] == PAGE
    new = addresses(site)
    assert [client.get(path).status_code for path in (*old, *new, bobs)] == [404, 404, 200, 200, 200]


OTHERS = (feed_token(b"another secret!!", "ada", 0), feed_token(KEY.encode(), "eve", 0))


@pytest.mark.parametrize("token", ["ada", "ada.", f"ada.{'x' * 22}", "", ".", *OTHERS])
def test_unknown_addresses(site: WebSite, token: str) -> None:
    """Guessed, of another secret, of a profile that is not there."""
    assert site.pages.test_client().get(f"/feed/{token}.atom").status_code == 404


def test_renamed_profile(site: WebSite) -> None:
    """Its old address works until it is replaced; the entries' ids are those of the new name."""
    old, folder = addresses(site)[0], site.services.folder
    text = (folder / "ada.yaml").read_text()
    (folder / "ada.yaml").unlink()
    (folder / "eve.yaml").write_text(f"was: ada\n{text}")
    site.app.live_profiles.forget()
    client = site.reader(ADA)
    assert client.get(old).status_code == 200
    page = "/p/eve/feeds"
    client.post(page, data={"csrf_token": csrf_token(client.get(page).text)})
    assert client.get(old).status_code == 404


FILES = ("/p/ada/d/{}.bib", "/p/ada/d/{}.ris", "/p/ada/likes.bib", "/p/ada/likes.ris")


def test_citations_of_a_digest(site: WebSite) -> None:
    """Its papers, best first, as files to save."""
    edition, client = site.edition(day=4), site.reader(ADA)
    papers = [one.paper for one in site.app.archive.digest(edition).digest.papers]
    bib, ris = (client.get(path.format(edition)) for path in FILES[:2])
    assert [one.id for one in bibtex.parse(bib.text)] == [one.id for one in papers]
    assert [one["title"] for one in rispy.loads(ris.text)] == [one.title for one in papers]
    assert bib.headers["Content-Disposition"] == "attachment; filename=paperboy-2026-05-04.bib"
    assert bib.content_type == "application/x-bibtex; charset=utf-8"
    assert client.get(f"/p/ada/d/{edition}").mimetype == "text/html"


def test_citations_of_liked_papers(site: WebSite) -> None:
    """By the profile's file and by answers, each once; papers that are not stored are left out."""
    ids = [one.paper.id for one in site.app.archive.digest(site.edition(day=4)).digest.papers][:2]
    profile = site.services.folder / "ada.yaml"
    profile.write_text(f"{profile.read_text()}like: ['{ids[0].removeprefix('arxiv:')}', '2001.00001']\n")
    site.app.live_profiles.forget()
    for number, id_ in enumerate(ids):
        site.app.feedback.answer("ada", "web:x", AnswerKind.MORE, id_, NOW, Via.WEB, action=str(number))
    client = site.reader(ADA)
    assert [one.id for one in bibtex.parse(client.get(FILES[2]).text)] == ids
    assert len(rispy.loads(client.get(FILES[3]).text)) == 2


@pytest.mark.parametrize("path", [*FILES, PAGE])
def test_only_readers_of_the_profile(site: WebSite, path: str) -> None:
    """Nobody is sent to log in; for another reader there is no such page; nor a digest of another profile."""
    path = path.format(site.edition(day=4))
    statuses = [client.get(path).status_code for client in map(site.reader, (ADA, OPERATOR, BOB))]
    assert (statuses, site.pages.test_client().get(path).status_code) == ([200, 200, 404], 302)
    assert site.reader(BOB).get(path.replace("/ada/", "/bob/")).status_code == (404 if "/d/" in path else 200)
