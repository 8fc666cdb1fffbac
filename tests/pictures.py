"""Screenshots with headless Chromium.

    python -m tests.pictures                                        docs/pictures/mail.png, from the demo's gallery
    python -m tests.pictures FILE.html OUT.png --width 320 --dark   any page, in its full height

docs/pictures/slack.png is not made here: Slack draws its messages (see the gallery's links to Block Kit Builder).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from html import escape
from pathlib import Path

from tests.support.chromium import Browser, Shot, browser
from tests.support.png import paletted, pixels

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
#: The size limit of a picture, and the scales (pixels to one of the page's) that are tried until it is met.
MAX_BYTES = 250_000
SCALES = (2, 1.75, 1.5, 1.25, 1)


@dataclass(frozen=True)
class Frame:
    """A page of the gallery on a device; what does not fit the screen is cut."""

    page: str  #: path in the gallery
    device: str  #: "desk" or "phone"
    width: int  #: CSS pixels, of the page
    height: int
    mail: str = ""  #: path of a mail whose subject is shown above


@dataclass(frozen=True)
class Picture:
    name: str
    frames: tuple[Frame, ...]

    @property
    def width(self) -> int:
        return sum(one.width + 2 * _BORDERS[one.device] + _GAP for one in self.frames)


_BORDERS = {"desk": 1, "phone": 9}  # CSS pixels on each side
_GAP = 28
MAIL = Picture(
    "mail.png",
    (
        Frame("language-models/mail-light.html", "desk", 640, 700, mail="language-models/mail.eml"),
        Frame("language-models/mail-dark.html", "phone", 360, 700),
    ),
)
#: The ground is transparent: READMEs are shown on white and on black.
_LOOK = """
body { margin: 0; display: flex; align-items: center; justify-content: center; gap: 28px; padding: 4px 0; }
div { overflow: hidden; }
p { margin: 0; padding: 0 20px; background: #e9e6dd; border-bottom: 1px solid #c9c3b4; color: #3f3b31;
  font: bold 13px/36px Arial, sans-serif; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.desk { border: 1px solid #c9c3b4; border-radius: 10px; background: #e9e6dd; }
.phone { border: 9px solid #3a3d42; border-radius: 34px; background: #3a3d42; }
iframe { display: block; border: 0; }
"""


def framed(picture: Picture, gallery: Path) -> str:
    """The HTML page with the picture's frames."""
    frames = "\n".join(_frame(one, gallery) for one in picture.frames)
    return f'<!DOCTYPE html>\n<meta charset="utf-8">\n<style>{_LOOK}</style>\n{frames}\n'


def _frame(one: Frame, gallery: Path) -> str:
    above = f"<p>{escape(_subject(gallery / one.mail))}</p>" if one.mail else ""
    address = escape((gallery / one.page).resolve().as_uri())
    page = f'<iframe src="{address}" width="{one.width}" height="{one.height}" scrolling="no"></iframe>'
    return f'<div class="{one.device}" style="width: {one.width}px">{above}{page}</div>'


def _subject(mail: Path) -> str:
    return str(message_from_bytes(mail.read_bytes(), policy=policy.default)["Subject"])


def small_enough(running: Browser, page: Path, width: int) -> bytes:
    """A PNG in the first of SCALES with which it has at most MAX_BYTES, else in the last."""
    taken = b""
    for scale in SCALES:
        taken = paletted(pixels(running.picture(page, Shot(width, scale=scale))))
        if len(taken) <= MAX_BYTES:
            break
    return taken


def make(folder: Path) -> Path:
    """Write the README's picture. Raises RuntimeError when there is no browser."""
    from bot.demo.run import write_gallery_alone

    with browser() as running, tempfile.TemporaryDirectory() as work:
        return photograph(running, MAIL, write_gallery_alone(Path(work)).parent, folder)


def photograph(running: Browser, picture: Picture, gallery: Path, folder: Path) -> Path:
    """Write a picture of a gallery's pages; returns its path."""
    page = gallery / "picture.html"
    page.write_text(framed(picture, gallery), encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / picture.name
    out.write_bytes(small_enough(running, page, picture.width))
    return out


def take(page: Path, out: Path, shot: Shot) -> Path:
    """Write a picture of any page. Raises OSError when the page does not exist."""
    page = page.resolve(strict=True)
    with browser() as running:
        out.write_bytes(running.picture(page, shot))
    return out


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.pictures", description="Without a page: the README's picture."
    )
    parser.add_argument("page", nargs="?", type=Path, metavar="FILE.html")
    parser.add_argument("out", nargs="?", type=Path, metavar="OUT.png")
    parser.add_argument("--width", type=int, default=640, help="CSS pixels")
    parser.add_argument("--height", type=int, help="CSS pixels; default: as high as the page")
    parser.add_argument("--scale", type=float, default=2, help="pixels to one of the page's")
    parser.add_argument("--dark", action="store_true", help="for a page that follows prefers-color-scheme")
    options = parser.parse_args(arguments)
    if options.page and not options.out:
        parser.error("name OUT.png as well")
    shot = Shot(options.width, options.height, options.scale, options.dark)
    try:
        path = take(options.page, options.out, shot) if options.page else make(PICTURES)
    except (RuntimeError, TimeoutError, OSError) as error:
        print(f"pictures: {error}", file=sys.stderr)
        return 1
    print(f"{path}  {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
