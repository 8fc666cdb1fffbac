"""PAPERBOY_TEMPLATES: custom templates are used; one with a mistake is reported and replaced by the built-in one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.worker import ingest_progress
from bot.worker.loop import Loop
from tests.e2e.listings import BACKGROUND, NEXT, REWARD, WORLD, json_lines, profile
from tests.e2e.test_delivery import MONDAY, TUESDAY, mails, texts
from tests.e2e.test_serve import serving
from tests.support.cli import Bench
from tests.support.slack_server import Fault, SlackServer

BROKEN = (
    "<h1>{{ digest.day }}</h1>\n{% for paper in digest.papers %}\n<p>{{ paper.titel }}</p>\n{% endfor %}\n"
)
#: As `check` reports it.
PLACE = "mine/digest.html.j2:3:1: 'bot.presentation.digest_view.PaperView object' has no attribute 'titel'"
WARNING = f"{PLACE} (the built-in template is used)\n"
GOOD = "Good morning, {{ digest.profile }}!\n{% for paper in digest.papers %}\n* {{ paper.title }}\n{% endfor %}\n"


@pytest.fixture
def custom(bench: Bench) -> Bench:
    """A reader with a Maildir, Monday's papers, a broken template for HTML, and a good one for text."""
    bench.env["PAPERBOY_TEMPLATES"] = "mine"
    bench.file("mine/digest.html.j2", BROKEN)
    bench.file("mine/digest.txt.j2", GOOD)
    bench.profile("ada", profile("maildir: ada"))
    listing = bench.file("monday.jsonl", json_lines(*BACKGROUND, WORLD, REWARD))
    assert bench.run("ingest", "--file", listing, "--as-of", MONDAY).code == 0
    return bench


def test_check_reports_mistakes_with_their_lines(custom: Bench) -> None:
    """After those of profiles, with exit code 2; misnamed files too."""
    custom.file("mine/digest.htm.j2", "")
    custom.profile("bo", "interests: [world models]\ndeliver: [{maildir: bo}]\nlimt: 3\n")
    result = custom.run("check")
    assert (result.code, result.err) == (2, "3 problems\n")
    assert result.out.splitlines()[1:] == [
        "mine/digest.htm.j2:1:1: no template has this name: did you mean digest.html.j2?",
        PLACE,
    ]
    assert result.out.startswith("profiles/bo.yaml:3:1: ")


def test_check_without_mistakes(custom: Bench) -> None:
    """Exit code 0; no database is made."""
    custom.file("mine/digest.html.j2", BROKEN.replace("titel", "title"))
    custom.env["PAPERBOY_DATA"] = str(custom.folder / "elsewhere")
    result = custom.run("check")
    assert (result.code, result.out, result.err.splitlines()[0]) == (0, "", "1 profile, no problems")
    assert not (custom.folder / "elsewhere" / "paperboy.db").exists()


def test_a_missing_folder(bench: Bench) -> None:
    """A wrong setting, reported at its line; nothing is sent."""
    bench.file(".env", "\nPAPERBOY_TEMPLATES=nowhere\n")
    bench.profile("ada", profile())
    for command in ("check", "send"):
        result = bench.run(command)
        assert result.code == 2
        assert ".env:2:1: PAPERBOY_TEMPLATES does not name a folder" in result.out + result.err


def test_preview_shows_what_would_be_sent(custom: Bench) -> None:
    """The built-in page in place of the broken template, with a line on standard error; the custom text."""
    page = custom.run("preview", "ada", "--on", MONDAY, "--format", "html")
    assert (page.code, page.err) == (0, WARNING)
    assert page.out.startswith("<!DOCTYPE html>")
    assert WORLD.title in page.out
    text = custom.run("preview", "ada", "--on", MONDAY, "--format", "text")
    assert (text.code, text.err) == (0, "")
    greeting, *papers = text.out.strip().splitlines()
    assert (greeting, set(papers)) == ("Good morning, ada!", {f"* {WORLD.title}", f"* {REWARD.title}"})


def test_send_uses_the_built_in_template(custom: Bench) -> None:
    """Exit code 0; the mistake is reported once for all digests."""
    custom.profile("bo", profile("maildir: bo"))
    result = custom.run("send", "--on", MONDAY, "--json")
    assert (result.code, result.err) == (0, WARNING)
    assert [(row["state"], row["why"]) for row in result.json["editions"]] == [("sent", "")] * 2
    for name in ("ada", "bo"):
        [message] = mails(custom, name)
        text, page = texts(message)
        assert text.startswith(f"Good morning, {name}!\n* ")
        assert "No paper reached" not in page
        assert page.startswith("<!DOCTYPE html>")


def test_a_corrected_template_is_used_for_the_next_digest(custom: Bench) -> None:
    """The digest that was sent stays as it was."""
    assert custom.run("send", "--on", MONDAY).code == 0
    custom.file("mine/digest.html.j2", BROKEN.replace("titel", "title"))
    listing = custom.file("tuesday.jsonl", json_lines(NEXT))
    custom.run("ingest", "--file", listing, "--as-of", TUESDAY)
    result = custom.run("send", "--on", TUESDAY)
    assert (result.code, result.err) == (0, "")
    assert texts(mails(custom)[1])[1].strip().endswith(f"<p>{NEXT.title}</p>\n</body></html>")


def test_a_second_try_sends_what_was_composed(custom: Bench, slack: SlackServer) -> None:
    """The same bytes, although the template has changed."""
    custom.env |= {"SLACK_BOT_TOKEN": "xoxb-right-token", "SLACK_API_URL": slack.url}
    custom.profile("ada", profile("slack: C0PAPERS"))
    custom.file("mine/digest.slack.j2", "First: {{ papers[0].title }}")
    slack.script.append(Fault(status=429, retry_after="60"))
    assert custom.run("send", "--on", f"{MONDAY}T12:00Z").code == 1
    custom.file("mine/digest.slack.j2", "{{ oops }}")
    later = custom.run("send", "--on", f"{MONDAY}T18:00Z")
    assert (later.code, later.err) == (0, "")
    first, second = (arguments for method, arguments in slack.calls if method == "chat.postMessage")
    assert first == second
    assert slack.messages[0]["text"].startswith("First: ")


def test_run_logs_a_mistake(
    custom: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Once for all digests."""

    def run_once(loop: Loop, ingest: Callable[[], None], tick: Callable[[], None]) -> None:
        """One tick, without ingesting."""
        tick()

    monkeypatch.setattr(Loop, "listen", lambda loop: None)
    monkeypatch.setattr(Loop, "ignore_signals", lambda loop: None)  # also those of later tests
    monkeypatch.setattr(Loop, "run", run_once)
    monkeypatch.setattr(ingest_progress, "WAIT_FOR_SOURCES", 0)
    today = custom.file("today.jsonl", json_lines(NEXT))
    custom.run("ingest", "--file", today)
    for name in ("ada", "bo"):
        custom.profile(
            name,
            f'interests: [world models, reward modelling]\ndeliver: [{{maildir: {name}, at: "00:00"}}]\n',
        )
    result = custom.run("run")
    lines = [record.getMessage() for record in caplog.records]
    assert result.code == 0
    assert lines.count(f"template problem: {WARNING.strip()}") == 1
    assert sum(": sent, " in line for line in lines) == 2


def test_serve_logs_a_mistake(custom: Bench) -> None:
    """Readers get the built-in page."""
    custom.env["SECRET_KEY"] = "sixteen letters!"
    custom.file("mine/unsubscribe.html.j2", "\n{{ titles[page] }}")
    with serving(custom, "--port", "0") as web:
        bodies = {web.ask("GET", "/unsubscribe/nobody")[1] for _ in range(3)}
        out, err, _ = web.stop()
    assert ["This link leads nowhere" in body for body in bodies] == [True]
    assert (
        out.count("template problem: mine/unsubscribe.html.j2:2:1: 'titles' is undefined (the built-in") == 1
    )
    assert err == ""
