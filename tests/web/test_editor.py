"""The editor of profiles, its history, and what was learned, through Flask's test client on real files."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot.errors import DatabaseError
from bot.feedback.model import AnswerKind, Via
from bot.web import editor_pages
from bot.web.access import TOKEN
from bot.web.login import hashed
from bot.web.services import connect
from tests.support.cli import Bench
from tests.support.web_site import ADA, BOB, NOW, OPERATOR, PROFILES, WebSite, csrf_token, web_site

TEXT = PROFILES["ada"]
BIRDS = TEXT.replace("world models", "bird song")
WORLD, REWARD = "arxiv:2605.00101", "arxiv:2605.00102"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[WebSite]:
    with web_site(tmp_path / "site") as made:
        yield made


@dataclass
class Editor:
    """A reader's form, as a browser without JavaScript holds it."""

    site: WebSite
    client: FlaskClient
    profile: str = "ada"
    page: str = ""

    def open(self, query: str = "") -> Editor:
        answer = self.client.get(f"/p/{self.profile}/edit{query}")
        assert answer.status_code == 200
        self.page = answer.text
        return self

    @property
    def text(self) -> str:
        found = re.search(r'<textarea id="text"[^>]*>\n(.*?)</textarea>', self.page, re.S)
        assert found
        return html.unescape(found[1])

    def send(self, text: str, do: str = "save") -> TestResponse:
        fields = {name: self._hidden(name) for name in ("csrf_token", "version", "base")}
        form = {**fields, "text": text.replace("\n", "\r\n"), "do": do}
        answer = self.client.post(f"/p/{self.profile}/edit", data=form, content_type="multipart/form-data")
        self.page = answer.text
        return answer

    def preview(self, text: str) -> TestResponse:
        return self.client.post(
            f"/p/{self.profile}/preview",
            data={"version": self._hidden("version"), "text": text},
            headers={"X-CSRFToken": self._hidden("csrf_token")},
        )

    def _hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        assert found
        return html.unescape(found[1])


@pytest.fixture
def ada(site: WebSite) -> Editor:
    return Editor(site, site.reader(ADA)).open()


@pytest.fixture
def file(site: WebSite) -> Path:
    return site.services.folder / "ada.yaml"


def problems(page: str) -> list[str]:
    """Each problem as `line 2, column 11: message`."""
    items = re.findall(r"<li>\n(<a href=\"#text\".*?</span>|.*?: <span.*?</span>)", page)
    return [html.unescape(re.sub(r"<[^>]+>", "", item)) for item in items]


def changes(page: str) -> list[tuple[str, str]]:
    """What changed in the digests: each change with its paper's title."""
    rows = re.findall(r"<tr class=\"\w+\">\n<td>(\w+)</td>\n.*\n<td><span[^>]*>(.*?)</span>", page)
    return [(change, html.unescape(re.sub(r"<[^>]+>", "", title))) for change, title in rows]


# --- Checking ---------------------------------------------------------------------------------------------


def test_form_shows_the_file(ada: Editor) -> None:
    """Its text as it is, and nothing is computed: the page opens at once."""
    assert ada.text == TEXT
    assert "<h3>" not in ada.page


@pytest.mark.parametrize("do", ["check", "save"])
def test_mistakes(ada: Editor, file: Path, do: str) -> None:
    """All, as `paperboy check` words them, at their lines, which are quoted; nothing is written; the text stays."""
    text = TEXT.replace("UTC", "Mars").replace("limit", "").replace("interests:", "limit: many\ninterest:")
    assert ada.send(text, do).status_code == (422 if do == "save" else 200)
    expected = Bench(file.parent.parent).run("check", write(file.with_name("copy.yaml"), text))
    lines = [line.partition(".yaml:")[2] for line in expected.out.splitlines()]
    assert problems(ada.page) == [
        re.sub(r"^(\d+):(\d+): ", r"line \1, column \2: ", line) for line in lines if line
    ]
    assert len(lines) == 3
    assert '<pre aria-hidden="true">timezone: Mars\n          ^</pre>' in ada.page
    assert ada.text == text
    assert file.read_text() == TEXT


def test_hostile_text(ada: Editor) -> None:
    """Markup in a text is text in messages, quoted lines, differences and the form."""
    hostile = "</textarea><script>alert(1)</script>"
    ada.send(TEXT.replace("timezone: UTC", f"timezone: '{hostile}'\n'{hostile}': 1"), "check")
    assert len(problems(ada.page)) == 2
    assert "<script>alert" not in ada.page
    assert ada.page.count("</textarea>") == 1


@pytest.mark.parametrize(
    ("more", "count"),
    [
        ("x\n" * 100_000, "1 problem"),
        ("categories: [" + "cs.LG, " * 5_000 + "cs.AI]\n", "4,999 problems, the first 50 of them"),
        ("about: |\n" + "  word\n" * 40_000, "1 problem"),
        ("mute: {authors: [" + ", ".join(f'"a b{n}"' for n in range(1_001)) + "]}\n", "1 problem"),
        ("about: >\n" + "  word word\n" * 2_500, "1 problem"),
        ("dislike: [" + ", ".join(f"2605.{n:05}" for n in range(501)) + "]\n", "1 problem"),
        ("like: " + "[" * 200_000, "1 problem"),
    ],
    ids=["10^5-lines", "problems", "larger-than-allowed", "long-list", "words", "references", "deep"],
)
def test_large_texts(ada: Editor, more: str, count: str) -> None:
    """They are answered in seconds, and with few problems."""
    assert ada.send(TEXT + more, "check").status_code == 200
    assert f">{count}. This text cannot be saved." in ada.page
    assert len(problems(ada.page)) <= 50


def test_effect_is_what_diff_finds(ada: Editor, file: Path, site: WebSite) -> None:
    """The last seven days with a text, and what is different in them, with JavaScript or without."""
    ada.send(BIRDS, "check")
    assert "Against the saved text: 1 in, 1 out." in ada.page
    bench = Bench(file.parent.parent, PAPERBOY_DATA=str(site.app.settings.data))
    other = write(file.parent.parent / "other.yaml", BIRDS)
    found = bench.run("diff", "ada", other, "--days", "7", "--on", NOW.isoformat(), "--json").json
    assert len(re.findall("<h3>", ada.page)) == len(found["days"]) == 7
    expected = [
        ("in" if one["before"] is None else "out", one["paper"])
        for day in reversed(found["days"])
        for one in day["changes"]
    ]
    stored = site.app.papers.by_keys([paper for _, paper in expected])
    assert changes(ada.page) == [(change, stored[paper].title) for change, paper in expected]
    assert changes(ada.preview(BIRDS).text) == changes(ada.page)
    assert "<html" not in ada.preview(BIRDS).text


def test_effect_counts_answers(ada: Editor, site: WebSite) -> None:
    """As the digests do: the file's word on an author counts first, and an answer once the file says nothing."""
    answer(site, AnswerKind.MUTE, "Bo Sample")
    found = ada.preview(TEXT.replace("[Bo Sample]", "[]")).text
    assert ("out", "World Models that Know What They Miss") in changes(found)


def test_newer_request_ends_the_older(ada: Editor, site: WebSite) -> None:
    """Of one person's; the older one stops before its next day."""
    asked = []

    def recent(versions: Any, now: Any, step: Any) -> Any:
        asked.append(versions)
        if len(asked) == 1:
            assert ada.preview(TEXT).status_code == 200
            step()
        return site_recent(versions, now, step)

    site_recent = site.services.recent_digests
    connect(site.pages.extensions, replace(site.services, recent_digests=recent))
    assert ada.preview(BIRDS).status_code == 409
    assert len(asked) == 2


# --- Saving -----------------------------------------------------------------------------------------------


def test_save(ada: Editor, file: Path, site: WebSite) -> None:
    """Writes the file with its mode, records the change, and is in use at once."""
    file.chmod(0o640)
    answer = ada.send(BIRDS)
    assert (answer.status_code, answer.location) == (303, "/p/ada/edit")
    assert file.read_text() == BIRDS
    assert file.stat().st_mode & 0o777 == 0o640
    (edit,) = site.app.profile_edits.list("ada", 5)
    assert (edit.who, edit.at, edit.before, edit.after) == (f"web:{ADA}", NOW, TEXT, BIRDS)
    assert {one.phrase for one in ada.site.services.profiles()[0].interests} == {
        "reward modelling",
        "bird song",
    }
    assert "Saved." in ada.open().page
    assert sorted(os.listdir(file.parent)) == ["ada.yaml", "bob.yaml"]


def test_save_keeps_line_ends_and_byte_order_mark(ada: Editor, file: Path) -> None:
    """The form shows neither; the file keeps both, also for a change that is checked before."""
    file.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    ada.open()
    assert ada.text == TEXT
    assert ada.send(BIRDS, "check").status_code == 200
    assert ada.send(ada.text).status_code == 303
    assert file.read_bytes() == b"\xef\xbb\xbf" + BIRDS.replace("\n", "\r\n").encode()


def test_nothing_changed(ada: Editor, site: WebSite) -> None:
    """Saving the text that is there records nothing."""
    assert ada.send(TEXT).status_code == 303
    assert site.app.profile_edits.list("ada", 5) == ()


def test_conflict(ada: Editor, file: Path, site: WebSite) -> None:
    """A save loses against a newer version, also after Check: both differences and both texts are shown, and the
    next save has seen them.
    """
    by_hand = TEXT.replace("[Bo Sample]", "[Cy Sample]")
    file.write_text(by_hand)
    ada.send(BIRDS, "check")
    assert "The file has changed since you opened it" in ada.page
    assert ada.send(BIRDS).status_code == 409
    assert file.read_text() == by_hand
    assert site.app.profile_edits.list("ada", 5) == ()
    meanwhile, mine = (
        re.findall(r"<(?:ins|del)>(.*?)<", part) for part in ada.page.split("What you changed")[:2]
    )
    assert [line[:1] for line in (*meanwhile, *mine[:2])] == ["-", "+", "-", "+"]
    assert "Cy Sample" in meanwhile[1]
    assert "bird song" in mine[1]
    assert ada.text == BIRDS
    assert html.escape(by_hand, quote=False) in ada.page.replace("&#34;", '"')
    merged = BIRDS.replace("[Bo Sample]", "[Cy Sample]")
    assert ada.send(merged).status_code == 303
    assert file.read_text() == merged


def test_changed_while_it_is_saved(ada: Editor, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look at the version and the write: neither the file nor the history has the text."""
    check = editor_pages._check

    def checked(*arguments: Any) -> Any:
        file.write_text(TEXT + "limit: 5\n")
        return check(*arguments)

    monkeypatch.setattr(editor_pages, "_check", checked)
    assert ada.send(BIRDS).status_code == 409
    assert file.read_text() == TEXT + "limit: 5\n"
    assert ada.site.app.profile_edits.list("ada", 5) == ()


def test_link_stays(ada: Editor, file: Path) -> None:
    """A save through a symbolic link changes the file that it leads to."""
    real = file.parent.parent / "real.yaml"
    file.rename(real)
    file.symlink_to(real)
    assert ada.send(BIRDS).status_code == 303
    assert file.is_symlink()
    assert real.read_text() == BIRDS


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (OSError(30, "Read-only file system"), "Read-only file system"),
        (DatabaseError("locked"), "the change cannot be stored"),
    ],
    ids=["file", "database"],
)
def test_cannot_be_written(
    ada: Editor, file: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, shown: str
) -> None:
    """The message says why, without a path of the server; the typed text stays; nothing is recorded."""

    def failing(*arguments: Any) -> bool:
        raise error

    monkeypatch.setattr(editor_pages, "replace_file", failing)
    assert ada.send(BIRDS).status_code == 503
    assert f"This was not saved: {shown}." in ada.page
    assert (ada.text, file.read_text()) == (BIRDS, TEXT)
    assert ada.site.app.profile_edits.list("ada", 5) == ()
    assert str(file.parent) not in ada.page


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a" * 300_000], ids=["not-utf-8", "too-large"])
def test_cannot_be_edited(site: WebSite, file: Path, content: bytes) -> None:
    """A file that a form would change by showing it is not shown. The last valid version decides whose it is."""
    reader = site.reader(ADA)
    assert reader.get("/p/ada/edit").status_code == 200
    file.write_bytes(content)
    assert reader.get("/p/ada/edit").status_code == 409


def test_broken_file_can_be_repaired(ada: Editor, file: Path) -> None:
    """Its last valid version decides whose it is, and what the effect is compared with; it may still name what it
    named.
    """
    write(file.with_name("lab.yaml"), "interests: [robots]\n")
    file.write_text(TEXT + "include: [lab.yaml]\n- broken")
    ada.site.services.forget_profiles()
    ada.open()
    assert ada.send(TEXT + "include: [lab.yaml]\n").status_code == 303


# --- What a reader may not do -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "where", "why"),
    [
        (
            "{maildir: ada}",
            "{email: cy@example.org}",
            "line 7, column 5",
            "only an operator may add a receiver",
        ),
        ("{maildir: ada}", "{slack: C0PAPERS}", "line 7, column 5", "only an operator may add a receiver"),
        ("timezone: UTC", "include: [bob.yaml]", "line 2, column 11", "only an operator may add 'bob.yaml'"),
        ("timezone: UTC", "like: [bob.bib]", "line 2, column 8", "only an operator may add 'bob.bib'"),
        ("timezone: UTC", "was: bob", "line 2, column 6", "only an operator may write `was: bob`"),
        (
            "timezone: UTC",
            "include: [../x.yaml]",
            "line 2, column 11",
            "only an operator may add '../x.yaml'",
        ),
    ],
    ids=["address", "channel", "include", "library", "former-name", "path"],
)
def test_reader_may_not(ada: Editor, file: Path, old: str, new: str, where: str, why: str) -> None:
    """Send to others in the operator's name, or look into other people's files: these are not even read."""
    write(file.with_name("bob.bib"), "@misc{secret, title = {A secret}}")
    assert ada.send(TEXT.replace(old, new)).status_code == 422
    (problem,) = problems(ada.page)
    assert problem.startswith(f"{where}: {why}")
    assert "secret" not in ada.page
    assert file.read_text() == TEXT


def test_reader_may_change_and_remove_deliveries(ada: Editor, file: Path) -> None:
    """Times and days, and the addresses that are there, without regard to case."""
    text = TEXT.replace('"07:00"', '"09:30", days: mon').replace("  - {maildir: ada}\n", "")
    assert ada.send(text.replace(ADA, "Ada@example.org")).status_code == 303


def test_reader_may_leave(ada: Editor, file: Path) -> None:
    """Who removes their own address is asked first; after that the page is not theirs any more."""
    without = TEXT.replace(f'  - {{email: {ADA}, at: "07:00"}}\n', "")
    assert ada.send(without, "check").status_code == 200
    assert "Save, and lose access" not in ada.page
    assert ada.send(without).status_code == 422
    assert "Save, and lose access" in ada.page
    assert (ada.text, file.read_text()) == (without, TEXT)
    answer = ada.send(without, "leave")
    assert (answer.status_code, answer.location) == (303, "/")
    assert ada.client.get("/p/ada/edit").status_code == 404


def test_operator_may(site: WebSite, file: Path) -> None:
    """What readers may not; paths still cannot leave the folder, and `was` cannot name a profile that is there."""
    form = Editor(site, site.reader(OPERATOR)).open()
    form.send(TEXT + "include: [../x.yaml]\nwas: bob\n")
    assert any("must be in the profile's own folder" in one for one in problems(form.page))
    form.send(TEXT + "was: bob\n")
    assert ["is still there" in one for one in problems(form.page)] == [True]
    assert form.send(TEXT + "  - {email: cy@example.org}\ninclude: [bob.yaml]\n").status_code == 303


def test_check_moves_nothing(site: WebSite) -> None:
    """A text with another profile's name as its former one, which is only checked, gets nothing of it."""
    before = len(site.app.archive.page("bob", 50))
    (site.services.folder / "bob.yaml").unlink()
    Editor(site, site.reader(OPERATOR)).open().send(TEXT + "was: bob\n", "check")
    assert len(site.app.archive.page("bob", 50)) == before > 0


def test_text_outlives_the_session(ada: Editor, site: WebSite, file: Path) -> None:
    """Whose session has ended meanwhile, or whose cookie is gone, gets the text again; it is stored nowhere."""
    form = {"csrf_token": ada._hidden("csrf_token"), "version": "", "base": "", "do": "save", "text": BIRDS}
    with ada.client.session_transaction() as session:
        site.services.logins.end(hashed(session[TOKEN]), NOW)
    for client, code in ((ada.client, 401), (site.pages.test_client(), 400)):
        answer = client.post("/p/ada/edit", data=form)
        assert answer.status_code == code
        typed = re.search(r"<textarea id=\"typed\" readonly.*?>\n(.*?)</textarea>", answer.text, re.S)
        assert typed
        assert html.unescape(typed[1]) == BIRDS
        assert 'href="/p/ada/edit"' in answer.text
    assert file.read_text() == TEXT


def test_limit_of_saves(ada: Editor) -> None:
    """Previews do not count; the refused text stays in the form."""
    for _ in range(31):
        ada.preview("limit: many")
    for _ in range(30):
        assert ada.send("limit: many").status_code == 422
    assert ada.send(BIRDS).status_code == 429
    assert ada.text == BIRDS
    assert "Wait a minute" in ada.page


def test_message_of_a_refused_save(ada: Editor) -> None:
    """At the top, with the first problem's line; not for Check."""
    ada.send(TEXT.replace("UTC", "Mars"))
    assert '<a href="#problems" autofocus>1 problem, line 2, column 11</a>' in ada.page
    ada.send(TEXT.replace("UTC", "Mars"), "check")
    assert "Not saved:" not in ada.page


# --- Files with problems ----------------------------------------------------------------------------------


def test_profile_that_was_never_valid(site: WebSite) -> None:
    """Operators find it, and can repair it; to readers it does not exist."""
    write(site.services.folder / "new.yaml", TEXT.replace("interests", "interest"))
    site.services.forget_profiles()
    operator, ada = site.reader(OPERATOR), site.reader(ADA)
    for page in ("/", "/status"):
        assert 'href="/p/new/edit"' in operator.get(page).text
    assert ada.get("/p/new/edit").status_code == 404
    assert "/p/new/edit" not in ada.get("/").text
    form = Editor(site, operator, "new").open()
    assert form.send(TEXT, "check").status_code == 200
    assert "Against the saved text: 4 in." in form.page
    assert form.send(TEXT).status_code == 303
    assert operator.get("/p/new/").status_code == 200


def test_pages_say_that_the_file_is_broken(ada: Editor, site: WebSite, file: Path) -> None:
    """While the last valid version is in use."""
    pages = ("/", "/p/ada/", "/p/ada/learned")
    assert not any("The file has problems" in ada.client.get(page).text for page in pages)
    file.write_text(TEXT.replace("interests", "interest"))
    site.services.forget_profiles()
    assert all("The file has problems" in ada.client.get(page).text for page in pages)


def test_receivers_are_those_of_the_file(site: WebSite, file: Path) -> None:
    """Also just after an operator has removed one."""
    ada = Editor(site, site.reader(ADA)).open()
    file.write_text(TEXT.replace("  - {maildir: ada}\n", ""))
    ada.open()
    assert ada.send(TEXT).status_code == 422
    (problem,) = problems(ada.page)
    assert "only an operator may add a receiver: remove 'ada'" in problem


@pytest.mark.parametrize("path", ["edit", "history", "learned", "learned/effect", "edit?from=1"])
def test_other_reader(site: WebSite, path: str) -> None:
    """To another reader, the pages of a profile do not exist."""
    assert site.reader(BOB).get(f"/p/ada/{path}").status_code == 404


@pytest.mark.parametrize("path", ["edit", "preview", "learned"])
def test_other_readers_form(ada: Editor, site: WebSite, path: str) -> None:
    """With a valid token of their own, neither; without a token, nobody can send anything."""
    bob = site.reader(BOB)
    token = csrf_token(bob.get("/p/bob/edit").text)
    form = {"csrf_token": token, "text": BIRDS, "version": "", "base": "", "do": "save", "undo": ""}
    assert bob.post(f"/p/ada/{path}", data=form).status_code == 404
    del form["csrf_token"]
    assert ada.client.post(f"/p/ada/{path}", data=form).status_code == 400


# --- History ----------------------------------------------------------------------------------------------


def test_history(ada: Editor, file: Path, site: WebSite) -> None:
    """Who changed what and when, newest first, with changes by hand in between, and the way back."""
    ada.send(BIRDS)
    file.write_text(BIRDS + "limit: 5\n")
    site.services.forget_profiles()
    operator = Editor(site, site.reader(OPERATOR)).open()
    operator.send(operator.text + "window: 3\n")
    page = ada.client.get("/p/ada/history").text
    headings = re.findall(r'<h2 id="edit-\d">(.*?)</h2>|<summary>(Changed.*?)<', page)
    assert [re.sub("<.*?>", "", "".join(one)) for one in headings] == [
        f"6 May 2026, 18:00, {OPERATOR}",
        "Changed elsewhere in between",
        "6 May 2026, 18:00, you",
    ]
    assert [line for line in re.findall(r"<ins>(.*?)</ins>", page) if "song" not in line] == [
        "+window: 3",
        "+limit: 5",
    ]
    ada.open("?from=1&text=before")
    assert ada.text == TEXT
    assert file.read_text() != TEXT
    assert ada.send(ada.text).status_code == 303
    assert file.read_text() == TEXT
    assert len(site.app.profile_edits.list("ada", 5)) == 3


def test_history_of_another_profile(ada: Editor, site: WebSite) -> None:
    """Its texts cannot be opened under one's own."""
    edit = site.app.profile_edits.add("bob", "web:bob@example.org", NOW, "secret", "")
    assert edit
    assert ada.client.get(f"/p/ada/edit?from={edit.id}").status_code == 404


# --- What was learned -------------------------------------------------------------------------------------


def answer(
    site: WebSite, kind: AnswerKind, subject: str = "", who: str = f"web:{ADA}", paper: str = WORLD
) -> None:
    site.app.feedback.answer(
        "ada", who, kind, paper, NOW, Via.SLACK, action=f"{who} {kind} {subject}", subject=subject
    )


def test_learned(ada: Editor, site: WebSite, file: Path) -> None:
    """Every answer with its paper, who gave it, when and where; what follows; undo; and the way into the file."""
    answer(site, AnswerKind.MORE)
    answer(site, AnswerKind.FOLLOW, "Ada S. Example", who="slack:U0BOB")
    page = ada.client.get("/p/ada/learned").text
    text = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", page)))
    assert "Papers to resemble World Models that Know What They Miss Followed authors Ada S. Example" in text
    assert "More like this: World Models that Know What They Miss you, 6 May 2026, 18:00, from Slack" in text
    assert "Follow Ada S. Example: World Models that Know What They Miss U0BOB, 6 May 2026, 18:00" in text
    assert "in the file" not in text
    assert "The last seven days with the answers" in ada.client.get("/p/ada/learned/effect").text

    ada.open("?learned=1")
    assert file.read_text() == TEXT
    added = [line for line in ada.text.splitlines() if line not in TEXT.splitlines()]
    assert "2605.00101" in "".join(added)
    assert "Ada S. Example" in "".join(added)
    assert ada.send(ada.text).status_code == 303
    page = ada.client.get("/p/ada/learned").text
    assert "Nothing: the profile’s file has all of it" in page
    assert page.count("file says so too") == 2
    assert "Undo takes an answer back; it does not change the file" in page


def test_undo(ada: Editor, site: WebSite) -> None:
    """Of anybody's answer, by any reader of the profile; twice is once; one that is not there changes nothing."""
    answer(site, AnswerKind.LESS, who="slack:U0BOB")
    page = ada.client.get("/p/ada/learned").text
    action = re.search(r'name="undo" value="([^"]+)"', page)
    assert action
    for wanted in (action[1], action[1], "unknown"):
        form = {"csrf_token": csrf_token(page), "undo": html.unescape(wanted)}
        assert ada.client.post("/p/ada/learned", data=form).location == "/p/ada/learned#answers"
    assert site.app.feedback.current("ada") == ()
    (_, undo) = site.app.answers.of(["ada"])["ada"]
    assert (undo.who, undo.via) == (f"web:{ADA}", Via.WEB)


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
