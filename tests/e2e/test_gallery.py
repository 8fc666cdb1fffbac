"""`demo --gallery`: pages that show every digest on every channel, and an index of them."""

from __future__ import annotations

import json
import mailbox
import re
import shutil
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html

from bot.demo.gallery import BLOCK_KIT_BUILDER
from tests.support.cli import Bench

PROFILES = {"language-models", "quantum-codes", "robotics-lab"}
FILES = {
    "mail-dark.html", "mail-light.html", "mail.eml", "mail.html", "mail.txt", "slack.json",
    "terminal.html", "terminal.txt", "text.html",
}  # fmt: skip
DARK = "prefers-color-scheme"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gallery, made once for all tests."""
    bench = Bench(tmp_path_factory.mktemp("gallery"))
    result = bench.run("demo", "--gallery", "shown")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[-1].strip() == str(Path("shown", "index.html"))
    assert [path.name for path in bench.folder.iterdir()] == ["shown"], "nothing but the gallery"
    return bench.folder / "shown"


def pages(shown: Path) -> dict[str, str]:
    return {str(path.relative_to(shown)): path.read_text("utf-8") for path in sorted(shown.rglob("*.html"))}


def parsed(page: str) -> Any:
    """Fails for HTML that is not well-formed; libxml2 does not know some elements of HTML 5."""
    parser = html.HTMLParser(encoding="utf-8")
    root = html.document_fromstring(page.encode(), parser=parser)
    unknown = etree.ErrorTypes.HTML_UNKNOWN_TAG
    assert not [str(error) for error in parser.error_log if error.type != unknown]
    return root


def test_every_profile_has_every_channel(shown: Path) -> None:
    """Mail as HTML, text and source, Slack's message, the terminal, and a Maildir."""
    assert {path.name for path in shown.iterdir()} == PROFILES | {"index.html"}
    for profile in PROFILES:
        folder = shown / profile
        names = {path.name for path in folder.iterdir()}
        assert names - {"slack-2.json"} == FILES | {"maildir"}  # a long digest has a second message
        mail = message_from_bytes((folder / "mail.eml").read_bytes(), policy=policy.default)
        for kind, name in (("html", "mail.html"), ("plain", "mail.txt")):
            body = mail.get_body((kind,))
            assert body
            assert body.get_content().encode() == (folder / name).read_bytes()
        (stored,) = mailbox.Maildir(folder / "maildir", create=False)
        assert message_from_bytes(stored.as_bytes(), policy=policy.default)["Subject"] == mail["Subject"]
        assert f"Paperboy for {profile}" in (folder / "terminal.txt").read_text("utf-8")


def test_pages_are_well_formed_and_hold_nothing_remote(shown: Path) -> None:
    """No script, and no image, font or style from elsewhere."""
    for name, page in pages(shown).items():
        root = parsed(page)
        assert root.xpath("string(//title)"), name
        assert not root.xpath(
            "//script | //link | //img | //object | //*[@onclick or @onload or @style[contains(., 'url')]]"
        )
        assert not re.search(r"@import|url\(", page), name
        assert not [address for address in root.xpath("//@src") if ":" in address], name


def test_links_resolve(shown: Path) -> None:
    """The index links to every file and to nothing else but Block Kit Builder."""
    root = parsed((shown / "index.html").read_text("utf-8"))
    addresses = {str(address) for address in root.xpath("//@href | //@src")}
    named = {address for address in addresses if not address.startswith(("#", BLOCK_KIT_BUILDER))}
    assert (
        {address[1:] for address in addresses if address.startswith("#")}
        == PROFILES
        == set(root.xpath("//section/@id"))
    )
    made = {path.relative_to(shown).as_posix() for path in shown.rglob("*") if path.is_file()}
    assert named == made - {"index.html"}


def test_the_index_shows_sizes(shown: Path) -> None:
    """Each mail's size and Gmail's limit, each Slack message's blocks and their limit."""
    text = parsed((shown / "index.html").read_text("utf-8")).text_content().replace("\xa0", " ")
    for profile in PROFILES:
        size = (shown / profile / "mail.html").stat().st_size
        assert f"{size / 1000:.1f} of 102 kB" in text
        blocks = len(json.loads((shown / profile / "slack.json").read_bytes())["blocks"])
        assert f"{blocks} of the 50 blocks" in text


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_light_is_light_and_dark_is_dark(shown: Path, profile: str) -> None:
    """A mail page has one scheme, whatever its viewer prefers: with the mail's dark rules or without them."""
    sent, light, dark = (
        (shown / profile / f"mail{kind}.html").read_text("utf-8") for kind in ("", "-light", "-dark")
    )
    head, rules = re.split(
        r"@media[^{]*prefers-color-scheme: dark[^{]*", sent.partition("</head>")[0], maxsplit=1
    )
    body = sent.partition("</head>")[2]
    only_dark = colours(rules) - colours(head) - colours(body)
    assert only_dark
    assert not only_dark & colours(light)
    assert only_dark <= colours(dark)
    assert DARK not in light + dark
    assert parsed(light).xpath("string(//meta[@name='color-scheme']/@content)") == "light"
    assert parsed(dark).xpath("string(//meta[@name='color-scheme']/@content)") == "dark"
    assert parsed(light).xpath("//body")[0].text_content() == parsed(dark).xpath("//body")[0].text_content()


def colours(page: str) -> set[str]:
    return set(re.findall(r"#[0-9a-f]{6}\b", page))


def test_a_second_run_writes_the_same(shown: Path, bench: Bench, offline: list[Any]) -> None:
    """The same bytes without a network; other files in the folder stay, messages of a longer digest do not."""
    shutil.copytree(shown, bench.folder / "shown")
    keep = [bench.file("shown/notes.txt", "mine"), bench.file("shown/robotics-lab/slack-notes.json", "mine")]
    stale = bench.file("shown/robotics-lab/slack-2.json", "of a longer digest")
    assert bench.run("demo", "--gallery", "shown").code == 0
    assert offline == []
    assert [path.read_text() for path in keep] == ["mine", "mine"]
    for path in keep:
        path.unlink()
    assert not stale.exists()
    assert contents(bench.folder / "shown") == contents(shown)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_gallery_and_out_write_both(bench: Bench) -> None:
    """With `--out` too, the demo writes its other files and names the gallery first."""
    result = bench.run("demo", "--gallery", "pages", "--out", "files")
    assert result.code == 0
    looked = result.out.partition("Look at these:\n")[2].splitlines()
    assert looked[0].strip() == str(Path("pages", "index.html"))
    assert (bench.folder / "files" / "paperboy.db").exists()
    assert "Next: `paperboy init`" in result.out
    assert not (bench.folder / "paperboy-demo").exists()


def test_a_file_in_the_place_of_the_folder(bench: Bench) -> None:
    """Exit code 2 with a message that names the option; the file stays."""
    keep = bench.file("notes.txt", "mine")
    refused = bench.run("demo", "--gallery", "notes.txt")
    assert (refused.code, refused.out) == (2, "")
    assert "notes.txt cannot be written" in refused.err
    assert "--gallery" in refused.err
    assert keep.read_text() == "mine"
