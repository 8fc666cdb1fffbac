"""`send` to Slack, mail and a Maildir: what arrives, and what happens when a receiver refuses."""

from __future__ import annotations

import email
import json
import mailbox
import re
import shutil
import subprocess
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.listings import (
    BACKGROUND,
    NEXT,
    REWARD,
    TABLE,
    WORLD,
    Work,
    arxiv_page,
    atom,
    daily_json,
    daily_page,
    json_lines,
    profile,
)
from tests.support.cli import Bench
from tests.support.slack_server import Fault, SlackServer
from tests.support.smtp_server import SmtpServer

TOKEN = "xoxb-right-token"
PASSWORD = "mail pass/word"
MONDAY, TUESDAY = "2026-05-04", "2026-05-05"
NOON = "2026-05-04T12:00:00Z"


@pytest.fixture
def wired(tmp_path: Path, slack: SlackServer, smtp: SmtpServer) -> Bench:
    """Local Slack and mail servers, a profile with all three channels, and Monday's papers: two with an id, one known
    only by its title.
    """
    bench = Bench(
        tmp_path,
        SLACK_BOT_TOKEN=TOKEN,
        SLACK_API_URL=slack.url,
        SMTP_URL=f"smtp://paperboy:mail%20pass%2Fword@127.0.0.1:{smtp.port}?tls=none",
        MAIL_FROM="Paperboy <paperboy@example.org>",
    ).prepared()
    bench.profile("ada", profile("slack: C0PAPERS", "email: ada@example.org", "maildir: ada"))
    day = bench.file("monday.jsonl", json_lines(*BACKGROUND, WORLD, REWARD))
    page = bench.file("monday.txt", daily_page(TABLE))
    result = bench.run("ingest", "--file", day, "--file", page, "--as-of", MONDAY)
    assert (result.code, "35 papers are stored" in result.out) == (0, True)
    return bench


def mails(bench: Bench, name: str = "ada") -> list[EmailMessage]:
    """The mails in a Maildir, oldest first."""
    path = bench.data / "maildir" / name
    box = mailbox.Maildir(path, create=False)
    return [read(box.get_bytes(key)) for key in sorted(box.keys(), key=_when)]


def _when(key: str) -> list[int]:
    """A Maildir name begins with seconds, microseconds, process and number, without padding: `1779.M9P7Q2`."""
    return [int(number) for number in re.findall(r"\d+", key)[:4]]


def read(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def texts(message: EmailMessage) -> tuple[str, str]:
    """The plain text and the HTML of a mail."""
    plain, page = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert page is not None
    return plain.get_content(), page.get_content()


def shown_everywhere(work: Work, slack: dict[str, Any], mail: EmailMessage, letter: EmailMessage) -> bool:
    """Whether all three channels show a work; raises AssertionError when they differ."""
    title = work.title.replace("'", "’")
    flat = " ".join(json.dumps(slack, ensure_ascii=False).split()).replace("'", "’")
    seen = {title in flat}
    for message in (mail, letter):
        for text in texts(message):
            seen.add(title in " ".join(text.replace("&#39;", "’").replace("'", "’").split()))
    assert len(seen) == 1, f"{title}: some channels show it and others do not"
    return seen.pop()


def states(document: Any) -> dict[str, str]:
    return {row["channel"]: row["state"] for row in document["editions"]}


def no_secret_in(bench: Bench) -> bool:
    found = bench.said.encode() + bench.stored_bytes()
    forms = (TOKEN, PASSWORD, "mail%20pass%2Fword", "mail pass%2Fword")
    return not any(form.encode() in found for form in forms)


def test_every_channel_gets_the_digest_once(wired: Bench, slack: SlackServer, smtp: SmtpServer) -> None:
    """The first `send` delivers the same three papers to all channels, best first; the second sends nothing."""
    first = wired.run("send", "--on", MONDAY, "--json")
    assert (first.code, states(first.json)) == (0, dict.fromkeys(("slack", "email", "maildir"), "sent"))
    (posted,), (mail,), (letter,) = slack.messages, smtp.received, mails(wired)
    assert posted["channel"] == "C0PAPERS"
    assert (mail.mail_from, mail.rcpt_tos) == ("paperboy@example.org", ("ada@example.org",))
    assert read(mail.content)["To"] == "ada@example.org"
    assert read(mail.content)["From"] == "Paperboy <paperboy@example.org>"
    for work in (WORLD, REWARD, TABLE):
        assert shown_everywhere(work, posted, read(mail.content), letter)
    for work in BACKGROUND:
        assert not shown_everywhere(work, posted, read(mail.content), letter)
    plain, _ = texts(letter)
    assert plain.index(WORLD.title) < plain.index(REWARD.title)

    second = wired.run("send", "--on", MONDAY, "--json")
    assert (second.code, set(states(second.json).values())) == (0, {"skipped"})
    assert (len(slack.messages), len(smtp.received), len(mails(wired))) == (1, 1, 1)


def test_next_day_has_only_new_papers(wired: Bench, slack: SlackServer, smtp: SmtpServer) -> None:
    """Not a revision, the same paper from another source, or a paper that has got its id since it was sent."""
    wired.run("send", "--on", MONDAY)
    files = {
        "revised.xml": atom(WORLD.but(version=2, title="World Models that Know What They Miss, Revised")),
        "daily.json": daily_json(REWARD, votes=31),
        "named.jsonl": json_lines(TABLE),
        "new.jsonl": json_lines(NEXT),
    }
    for name, content in files.items():
        path = wired.file(name, content)
        assert wired.run("ingest", "--file", path, "--as-of", TUESDAY).code == 0

    result = wired.run("send", "--on", TUESDAY, "--json")
    assert (result.code, {row["papers"] for row in result.json["editions"]}) == (0, {1})
    posted, mail, letter = slack.messages[1], read(smtp.received[1].content), mails(wired)[-1]
    assert shown_everywhere(NEXT, posted, mail, letter)
    for work in (WORLD, REWARD, TABLE):
        assert not shown_everywhere(work, posted, mail, letter)
    stored = {record["title"]: record for record in wired.export()}
    assert stored[TABLE.title]["id"] == f"arxiv:{TABLE.number}"
    assert len(stored) == 36


def test_two_profiles(wired: Bench, smtp: SmtpServer) -> None:
    """Each digest goes to the address of its own profile, with its own papers."""
    about_birds = "interests: [bird song]\ndeliver: [{email: bea@example.org}]\n"
    wired.profile("bea", about_birds)
    assert wired.run("send", "--on", MONDAY).code == 0
    by_receiver = {mail.rcpt_tos: texts(read(mail.content))[0] for mail in smtp.received}
    assert set(by_receiver) == {("ada@example.org",), ("bea@example.org",)}
    assert WORLD.title in by_receiver["ada@example.org",]
    assert WORLD.title not in by_receiver["bea@example.org",]
    assert "Bird Song in Region" in by_receiver["bea@example.org",]


def test_secrets_are_not_printed_or_stored(wired: Bench, slack: SlackServer, smtp: SmtpServer) -> None:
    """Neither on success, nor when they are refused, nor when the settings are invalid."""
    wired.run("send", "--on", MONDAY)
    slack.token = "xoxb-another"
    smtp.script.mail = f"550 5.7.1 no, not with {PASSWORD}"
    wired.file("new.jsonl", json_lines(NEXT))
    wired.run("ingest", "--file", "new.jsonl", "--as-of", TUESDAY)
    refused = wired.run("send", "--on", TUESDAY)
    wired.run("status")
    wired.run("check")
    wired.env["SMTP_URL"] = "smtp://paperboy:mail pass/word@127.0.0.1:notaport"
    wired.env["DATABASE_URL"] = f"oracle://me:{PASSWORD}@db/x"
    broken = [wired.run(*command) for command in (("check",), ("send",), ("status", "--json"))]
    assert (refused.code, [result.code for result in broken]) == (1, [2, 2, 2])
    assert len(smtp.script.logins) == 2
    assert smtp.script.logins[0][1] == PASSWORD.encode()
    assert no_secret_in(wired)


@pytest.mark.parametrize(
    ("missing", "channel"), [("SLACK_BOT_TOKEN", "slack"), ("SMTP_URL", "email")], ids=["slack", "mail"]
)
def test_unconfigured_channel_is_skipped(
    wired: Bench, slack: SlackServer, smtp: SmtpServer, missing: str, channel: str
) -> None:
    """It names the variable, exit code 2; the others deliver. Once it is configured, its papers are sent."""
    was = {name: wired.env.pop(name) for name in (missing, "MAIL_FROM")}
    if channel == "slack":
        wired.env["MAIL_FROM"] = was["MAIL_FROM"]
    result = wired.run("send", "--on", MONDAY, "--json")
    assert result.code == 2
    assert states(result.json) == {c: "skipped" if c == channel else "sent" for c in states(result.json)}
    (why,) = [row["why"] for row in result.json["editions"] if row["channel"] == channel]
    assert missing in why
    assert (len(slack.messages), len(smtp.received)) == ((0, 1) if channel == "slack" else (1, 0))

    wired.env |= was
    later = wired.run("send", "--on", MONDAY, "--json")
    assert (later.code, states(later.json)[channel]) == (0, "sent")
    assert (len(slack.messages), len(smtp.received), len(mails(wired))) == (1, 1, 1)


def test_refused_mail_is_kept_and_resent(wired: Bench, smtp: SmtpServer) -> None:
    """After 550 the edition has failed, exit code 1; only `resend`, which `status` shows, tries again."""
    smtp.script.rcpt = "550 5.1.1 no such user here"
    failed = wired.run("send", "--on", MONDAY, "--json")
    assert (failed.code, states(failed.json)) == (
        1,
        {"slack": "sent", "email": "failed", "maildir": "sent"},
    )
    smtp.script.rcpt = None
    assert wired.run("send", "--on", MONDAY).code == 1
    assert smtp.received == []

    (delivery,) = wired.run("status", "--json").json["deliveries"]
    assert (delivery["state"], delivery["attempts"], delivery["until"]) == ("failed", 1, None)
    assert "550" in delivery["why"]
    assert f"paperboy resend {delivery['id']}" in wired.run("status").out

    again = wired.run("resend", delivery["id"], "--on", MONDAY)
    assert again.code == 0
    (mail,) = smtp.received
    assert WORLD.title in texts(read(mail.content))[0]
    assert wired.run("status", "--json").json["deliveries"] == []
    assert wired.run("resend", delivery["id"]).code == 2
    assert len(smtp.received) == 1


def test_posted_message_without_an_answer_is_looked_up(wired: Bench, slack: SlackServer) -> None:
    """When the connection broke after Slack stored the message, it is not sent again."""
    slack.script.append(Fault(store=True, drop=True))
    first = wired.run("send", "--on", NOON, "--json")
    assert (first.code, states(first.json)["slack"]) == (1, "uncertain")
    later = wired.run("send", "--on", "2026-05-04T12:05:00Z", "--json")
    assert (later.code, states(later.json)["slack"], len(slack.messages)) == (0, "sent", 1)


def test_mail_that_may_have_arrived_is_sent_once_more(wired: Bench, smtp: SmtpServer) -> None:
    """When the connection broke after the content, the same Message-ID is sent once more, and never again."""
    smtp.script.drop_after_dot = True
    assert states(wired.run("send", "--on", NOON, "--json").json)["email"] == "uncertain"
    for minute in (5, 10, 15, 59):
        wired.run("send", "--on", f"2026-05-04T12:{minute:02d}:00Z")
    ids = {read(mail.content)["Message-ID"] for mail in smtp.received}
    assert (len(smtp.received), len(ids)) == (2, 1)
    (delivery,) = wired.run("status", "--json").json["deliveries"]
    assert delivery["state"] == "uncertain"


def test_due(wired: Bench, slack: SlackServer, smtp: SmtpServer) -> None:
    """`send --due` waits for the subscription's local time on one of its days; `send` does not."""
    zone = "timezone: America/New_York\n"
    times = ('slack: C0PAPERS, at: "08:30", days: mon-fri', "email: ada@example.org, days: [tue]")
    wired.profile("ada", zone + profile(*times).removeprefix("timezone: UTC\n"))
    early = wired.run("send", "--due", "--on", "2026-05-04T12:29:00Z", "--json")
    assert (early.code, set(states(early.json).values())) == (0, {"skipped"})
    due = wired.run("send", "--due", "--on", "2026-05-04T12:30:00Z", "--json")
    assert states(due.json) == {"slack": "sent", "email": "skipped"}
    assert (len(slack.messages), len(smtp.received)) == (1, 0)
    assert states(wired.run("send", "--on", "2026-05-04T12:31:00Z", "--json").json)["email"] == "sent"


# --- Followed authors -------------------------------------------------------------------------------------

HAN = Work(
    title="Sorting Parcels by Their Rattle",
    abstract="A parcel tells by its rattle what is inside.",
    authors=("Jyoti Made", "Seungwook Han", "Pia Fiction"),
)
ALSO_HAN = Work(
    title="Snow Loads on Flat Roofs",
    abstract="We weigh snow on forty roofs.",
    authors=("SEUNGWOOK HAN",),
)
HAN_BY_INITIAL = Work(
    title="Old Clocks and Damp Rooms",
    abstract="Pendulums slow down in damp rooms.",
    authors=("S. Han", "Noor Story"),
)
TWO_PEOPLE = Work(
    title="Ferries in Fog",
    abstract="Ferries meet in fog more often than the timetable says.",
    authors=("Seungwook Lee", "Donghun Han"),
)
ANOTHER_HAN = Work(
    title="Beans on Strings",
    abstract="Beans climb faster on rough strings.",
    authors=("Sungwoo Han", "Han Seung"),
)


def test_followed_author_is_one_person(bench: Bench) -> None:
    """All papers by Seungwook Han are shown and marked, and none by authors who only share one of the names."""
    bench.profile("han", "authors: [Seungwook Han]\ndeliver: [{maildir: han}]\n")
    works = (TWO_PEOPLE, HAN, ANOTHER_HAN, ALSO_HAN, HAN_BY_INITIAL)
    page = bench.file("page.txt", arxiv_page(*works, *BACKGROUND[:8]))
    ingested = bench.run("ingest", "--file", page, "--as-of", MONDAY, "--json")
    assert (ingested.code, ingested.json["papers"]) == (0, 13)
    (digest,) = bench.run("preview", "han", "--on", MONDAY, "--json").json
    found = {entry["title"] for entry in digest["entries"]}
    assert found == {HAN.title, ALSO_HAN.title, HAN_BY_INITIAL.title}

    bench.run("send", "--on", MONDAY)
    (letter,) = mails(bench, "han")
    plain, _ = texts(letter)
    assert "Seungwook Han" in plain
    assert "Donghun Han" not in plain
    explained = bench.run("explain", "han", TWO_PEOPLE.title, "--on", MONDAY, "--json").json
    assert explained["verdict"] == "no match"


# --- Mail that proves where it is from ----------------------------------------------------------------------


def test_invalid_dkim_key(wired: Bench, slack: SlackServer, smtp: SmtpServer) -> None:
    """Mail is skipped, its result names the variable and nothing of the file; other channels deliver."""
    key = wired.file("dkim.pem", "sesame")
    wired.env |= {"DKIM_SELECTOR": "pb", "DKIM_KEY": str(key)}
    assert wired.run("preview", "ada", "--on", NOON, "--format", "html").code == 0
    rows = {e["channel"]: e for e in wired.run("send", "--on", NOON, "--json").json["editions"]}
    assert {name: row["state"] for name, row in rows.items()} == {
        "slack": "sent",
        "email": "skipped",
        "maildir": "sent",
    }
    assert rows["email"]["why"].startswith("DKIM_KEY names a file without")
    assert "sesame" not in wired.said
    del wired.env["DKIM_KEY"], wired.env["DKIM_SELECTOR"]
    assert wired.run("send", "--on", NOON).code == 0
    assert len(smtp.received) == 1


def test_signed_mail_with_a_link(wired: Bench, smtp: SmtpServer) -> None:
    """A DKIM signature by the configured key, and a one-click link."""
    pytest.importorskip("dkim")
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the key")
    key = wired.folder / "dkim.pem"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True, timeout=60)
    wired.env |= {"DKIM_SELECTOR": "pb", "DKIM_KEY": "dkim.pem"}
    wired.env |= {"PUBLIC_URL": "https://papers.example.org/", "SECRET_KEY": "sixteen letters!"}
    assert wired.run("send", "--on", NOON).code == 0
    (received,) = smtp.received
    message = read(received.content)
    assert "d=example.org" in message["DKIM-Signature"]
    assert "<https://papers.example.org/unsubscribe/" in message["List-Unsubscribe"]
    (local,) = mails(wired)
    assert "DKIM-Signature" not in local
    assert "List-Unsubscribe-Post" not in local
