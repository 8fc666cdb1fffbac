"""`python -m tests.pictures`: screenshots of pages, small enough for a README."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests import pictures
from tests.pictures import Frame, Picture, framed, photograph
from tests.support import chromium
from tests.support.chromium import Browser, Shot, browser
from tests.support.png import paletted, pixels

needs_browser = pytest.mark.skipif(chromium.chromium() is None, reason=chromium.NONE)
PAGE = """<!DOCTYPE html>
<style>
  body { margin: 0; height: 700px; background: #f0e0d0; }
  div { width: 100vw; height: 10px; background: #ff0000; }
  iframe { position: absolute; top: 600px; left: 0; width: 50px; height: 50px; border: 0; }
  @media (prefers-color-scheme: dark) { body { background: #102030; } }
</style>
<div></div><iframe loading="lazy" srcdoc="<body style='background: #00ff00'>"></iframe>
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    path.write_text(PAGE)
    return path


@pytest.fixture(scope="module")
def running() -> Iterator[Browser]:
    with browser() as started:
        yield started


@needs_browser
def test_a_picture_has_the_given_width_and_the_height_of_the_page(page: Path, running: Browser) -> None:
    """Narrower than any window, with its frames, in the given scheme and scale."""
    light = pixels(running.picture(page, Shot(320, scale=1)))
    dark = pixels(running.picture(page, Shot(320, height=100, scale=2, dark=True)))
    assert light.shape == (700, 320, 4)
    assert light[300, 319].tolist() == [0xF0, 0xE0, 0xD0, 255]
    assert light[5, 319].tolist() == [255, 0, 0, 255]
    assert light[625, 25].tolist() == [0, 255, 0, 255]
    assert dark.shape == (200, 640, 4)
    assert dark[150, 0].tolist() == [0x10, 0x20, 0x30, 255]


@needs_browser
def test_the_command_takes_a_picture_of_any_page(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints what it wrote; a missing page is a message."""
    out = page.with_suffix(".png")
    assert pictures.main([str(page), str(out), "--width", "320", "--scale", "1", "--dark"]) == 0
    assert str(out) in capsys.readouterr().out
    assert pixels(out.read_bytes()).shape == (700, 320, 4)
    assert pictures.main([str(page.with_name("none.html")), str(out)]) == 1
    assert "none.html" in capsys.readouterr().err


@needs_browser
def test_a_picture_shows_pages_on_devices(tmp_path: Path, running: Browser) -> None:
    """A mail with its subject beside a narrow page, on a transparent ground."""
    (tmp_path / "wide.html").write_text("<body style='background: #f0e0d0'>")
    (tmp_path / "narrow.html").write_text("<body style='background: #102030'>")
    (tmp_path / "mail.eml").write_text("Subject: <b>\n\n")
    frames = (Frame("wide.html", "desk", 400, 200, mail="mail.eml"), Frame("narrow.html", "phone", 200, 180))
    picture = Picture("both.png", frames)
    taken = decoded(photograph(running, picture, tmp_path, tmp_path / "out").read_bytes())
    assert taken.shape[1] == picture.width * 2
    seen = {tuple(colour) for colour in taken.reshape(-1, 4).tolist()}
    assert {(0xF0, 0xE0, 0xD0, 255), (0x10, 0x20, 0x30, 255), (0, 0, 0, 0)} <= seen
    assert "&lt;b&gt;" in framed(picture, tmp_path)


def test_without_a_browser_the_message_says_what_to_install(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A package to install, and no traceback."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert pictures.main([str(page), str(page.with_suffix(".png"))]) == 1
    assert "apt-get install chromium" in capsys.readouterr().err


def test_common_colours_stay_and_rare_ones_change_little() -> None:
    """A picture of thousands of colours keeps the frequent ones exactly."""
    shown = np.full((80, 80, 4), (0xF4, 0xF2, 0xEC, 255), np.uint8)
    shown[:20, :, 3] = 0
    shown[30:70, :, 0] = np.arange(40)[:, None]
    shown[30:70, :, 1] = np.arange(80)[None, :]
    result = decoded(paletted(shown)).astype(int)
    assert result[:30].tolist() == shown[:30].tolist()
    assert np.abs(result - shown).max() <= 8


def decoded(png: bytes) -> np.ndarray:
    """The pixels of a PNG with a palette and unfiltered lines."""
    chunks, place = {}, 8
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        name, content = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        assert struct.unpack_from(">I", png, place + 8 + length) == (zlib.crc32(name + content),)
        chunks[name] = content
        place += length + 12
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    rgb = np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)
    palette = np.concatenate([rgb, np.frombuffer(chunks[b"tRNS"], np.uint8)[:, None]], axis=1)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not lines[:, 0].any()
    return palette[lines[:, 1:]]


def test_the_readmes_picture() -> None:
    """It is small, and has at least 1.5 pixels to one of the page's."""
    content = (pictures.PICTURES / pictures.MAIL.name).read_bytes()
    assert len(content) <= pictures.MAX_BYTES
    assert struct.unpack_from(">I", content, 16)[0] >= 1.5 * pictures.MAIL.width
