"""PAPERBOY_TEMPLATES: one's own arrives where it is sound, the built-in one where it is not, and that is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.worker.loop import Loop
from tests.e2e.listings import BACKGROUND, NEXT, REWARD, WORLD, json_lines, profile
from tests.e2e.test_delivery import MONDAY, TUESDAY, mails, texts
from tests.e2e.test_serve import serving
from tests.support.cli import Bench
from tests.support.slack_server import Fault, SlackServer

BROKEN = (
    "<h1>{{ digest.day }}</h1>\n{% for paper in digest.papers %}\n<p>{{ paper.titel }}</p>\n{% endfor %}\n"
)
#: What `check` says of it.
PLACE = "mine/digest.html.j2:3:1: 'bot.presentation.digest_view.PaperView object' has no attribute 'titel'"
WARNING = f"{PLACE} (the built-in template is used)\n"
GOOD = "Good morning, {{ digest.profile }}!\n{% for paper in digest.papers %}\n* {{ paper.title }}\n{% endfor %}\n"


@pytest.fixture
def own(bench: Bench) -> Bench:
    """A reader with a Maildir, Monday's papers, a broken template for HTML, and a good one for text."""
    bench.env["PAPERBOY_TEMPLATES"] = "mine"
    bench.file("mine/digest.html.j2", BROKEN)
    bench.file("mine/digest.txt.j2", GOOD)
    bench.profile("ada", profile("maildir: ada"))
    listing = bench.file("monday.jsonl", json_lines(*BACKGROUND, WORLD, REWARD))
    assert bench.run("ingest", "--file", listing, "--as-of", MONDAY).code == 0
    return bench


def test_check_tells_the_mistake_with_its_line(own: Bench) -> None:
    """Beside those of profiles and settings, with exit code 2; and every file that no template is called like."""
    own.file("mine/digest.htm.j2", "")
    own.profile("bo", "interests: [world models]\ndeliver: [{maildir: bo}]\nlimt: 3\n")
    result = own.run("check")
    assert (result.code, result.err) == (2, "3 problems\n")
    assert result.out.splitlines()[1:] == [
        "mine/digest.htm.j2:1:1: no template is called so: did you mean digest.html.j2?",
        PLACE,
    ]
    assert result.out.startswith("profiles/bo.yaml:3:1: ")


def test_check_is_silent_about_sound_ones(own: Bench) -> None:
    """Exit code 0, and still no database is made for it."""
    own.file("mine/digest.html.j2", BROKEN.replace("titel", "title"))
    own.env["PAPERBOY_DATA"] = str(own.folder / "elsewhere")
    result = own.run("check")
    assert (result.code, result.out, result.err) == (0, "", "1 profile, no problems\n")
    assert not (own.folder / "elsewhere").exists()


def test_a_folder_that_is_not_there_is_a_setting_to_mend(bench: Bench) -> None:
    """At its place, like every other setting; nothing is sent before."""
    bench.file(".env", "\nPAPERBOY_TEMPLATES=nowhere\n")
    bench.profile("ada", profile())
    for command in ("check", "send"):
        result = bench.run(command)
        assert result.code == 2
        assert ".env:2:1: PAPERBOY_TEMPLATES does not name a folder" in result.out + result.err


def test_preview_shows_what_would_be_sent(own: Bench) -> None:
    """The built-in page for the broken template, with a line on standard error; one's own text."""
    page = own.run("preview", "ada", "--on", MONDAY, "--format", "html")
    assert (page.code, page.err) == (0, WARNING)
    assert page.out.startswith("<!DOCTYPE html>")
    assert WORLD.title in page.out
    text = own.run("preview", "ada", "--on", MONDAY, "--format", "text")
    assert (text.code, text.err) == (0, "")
    greeting, *papers = text.out.strip().splitlines()
    assert (greeting, set(papers)) == ("Good morning, ada!", {f"* {WORLD.title}", f"* {REWARD.title}"})


def test_send_goes_on_with_the_built_in_one(own: Bench) -> None:
    """What is sent is sent: exit code 0, the mistake once on standard error, whoever else has the same."""
    own.profile("bo", profile("maildir: bo"))
    result = own.run("send", "--on", MONDAY, "--json")
    assert (result.code, result.err) == (0, WARNING)
    assert [(row["state"], row["why"]) for row in result.json["editions"]] == [("sent", "")] * 2
    for name in ("ada", "bo"):
        [message] = mails(own, name)
        text, page = texts(message)
        assert text.startswith(f"Good morning, {name}!\n* ")
        assert "No paper reached" not in page
        assert page.startswith("<!DOCTYPE html>")


def test_what_is_mended_counts_from_the_next_digest_on(own: Bench) -> None:
    """The next one is one's own."""
    assert own.run("send", "--on", MONDAY).code == 0
    own.file("mine/digest.html.j2", BROKEN.replace("titel", "title"))
    listing = own.file("tuesday.jsonl", json_lines(NEXT))
    own.run("ingest", "--file", listing, "--as-of", TUESDAY)
    result = own.run("send", "--on", TUESDAY)
    assert (result.code, result.err) == (0, "")
    assert texts(mails(own)[1])[1].strip().endswith(f"<p>{NEXT.title}</p>\n</body></html>")


def test_a_second_try_sends_what_was_composed(own: Bench, slack: SlackServer) -> None:
    """To the byte, whatever has become of the templates since."""
    own.env |= {"SLACK_BOT_TOKEN": "xoxb-right-token", "SLACK_API_URL": slack.url}
    own.profile("ada", profile("slack: C0PAPERS"))
    own.file("mine/digest.slack.j2", "First: {{ papers[0].title }}")
    slack.script.append(Fault(status=429, retry_after="60"))
    assert own.run("send", "--on", f"{MONDAY}T12:00Z").code == 1
    own.file("mine/digest.slack.j2", "{{ oops }}")
    later = own.run("send", "--on", f"{MONDAY}T18:00Z")
    assert (later.code, later.err) == (0, "")
    first, second = (arguments for method, arguments in slack.calls if method == "chat.postMessage")
    assert first == second
    assert slack.messages[0]["text"].startswith("First: ")


def test_run_says_it_in_its_log(own: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, however many readers' digests it is about."""

    def run_once(loop: Loop, ingest: Callable[[], None], tick: Callable[[], None]) -> None:
        """One tick, without ingesting."""
        tick()

    monkeypatch.setattr(Loop, "listen", lambda loop: None)
    monkeypatch.setattr(Loop, "run", run_once)
    today = own.file("today.jsonl", json_lines(NEXT))
    own.run("ingest", "--file", today)
    for name in ("ada", "bo"):
        own.profile(
            name,
            f'interests: [world models, reward modelling]\ndeliver: [{{maildir: {name}, at: "00:00"}}]\n',
        )
    result = own.run("run")
    said = [line.partition(" ")[2] for line in result.out.splitlines()]
    assert result.code == 0
    assert said.count(f"template problem: {WARNING.strip()}") == 1
    assert sum(": sent, " in line for line in said) == 2


def test_serve_says_it_in_its_log_and_lets_readers_go(own: Bench) -> None:
    """A page with a mistake is the built-in one."""
    own.env["SECRET_KEY"] = "sixteen letters!"
    own.file("mine/unsubscribe.html.j2", "\n{{ titles[page] }}")
    with serving(own, "--port", "0") as web:
        bodies = {web.ask("GET", "/unsubscribe/nobody")[1] for _ in range(3)}
        out, err, _ = web.stop()
    assert ["This link leads nowhere" in body for body in bodies] == [True]
    assert (
        out.count("template problem: mine/unsubscribe.html.j2:2:1: 'titles' is undefined (the built-in") == 1
    )
    assert err == ""
