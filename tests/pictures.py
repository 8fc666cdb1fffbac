"""Pictures of pages, by headless Chromium.

    python -m tests.pictures                                        docs/pictures/, from the demo's gallery
    python -m tests.pictures FILE.html OUT.png --width 320 --dark   any page, as high as it is

Owns which pictures the README shows, and how pages stand in them. Refuses to know what is on the pages.
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
#: What one may weigh, and how many pixels to one of a page's are tried until it does.
MOST_BYTES = 250_000
SCALES = (2, 1.75, 1.5, 1.25, 1)


@dataclass(frozen=True)
class Frame:
    """A page of the gallery as a device shows it; what does not fit its screen is cut."""

    page: str  #: by its path in the gallery
    device: str  #: "desk" or "phone"
    width: int  #: CSS pixels, of the page
    height: int
    mail: str = ""  #: whose subject stands above


@dataclass(frozen=True)
class Picture:
    name: str
    frames: tuple[Frame, ...]

    @property
    def width(self) -> int:
        return sum(one.width + 2 * _BORDERS[one.device] + _GAP for one in self.frames)


_BORDERS = {"desk": 1, "phone": 9}  # CSS pixels on each side
_GAP = 28
README = (
    Picture(
        "mail.png",
        (
            Frame("language-models/mail-light.html", "desk", 640, 700, mail="language-models/mail.eml"),
            Frame("language-models/mail-dark.html", "phone", 360, 700),
        ),
    ),
    Picture(
        "slack.png",
        (
            Frame("robotics-lab/slack-light.html", "desk", 640, 640),
            Frame("robotics-lab/slack-dark.html", "phone", 360, 600),
        ),
    ),
)
#: The ground is transparent: a README is read on white and on black.
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
    """The page that the picture is taken of."""
    frames = "\n".join(_frame(one, gallery) for one in picture.frames)
    return f'<!DOCTYPE html>\n<meta charset="utf-8">\n<style>{_LOOK}</style>\n{frames}\n'


def _frame(one: Frame, gallery: Path) -> str:
    above = f"<p>{escape(_subject(gallery / one.mail))}</p>" if one.mail else ""
    address = escape((gallery / one.page).resolve().as_uri())
    page = f'<iframe src="{address}" width="{one.width}" height="{one.height}" scrolling="no"></iframe>'
    return f'<div class="{one.device}" style="width: {one.width}px">{above}{page}</div>'


def _subject(mail: Path) -> str:
    return str(message_from_bytes(mail.read_bytes(), policy=policy.default)["Subject"])


def light_enough(running: Browser, page: Path, width: int) -> bytes:
    """The finest picture that weighs no more than MOST_BYTES; the coarsest when none does."""
    taken = b""
    for scale in SCALES:
        taken = paletted(pixels(running.picture(page, Shot(width, scale=scale))))
        if len(taken) <= MOST_BYTES:
            break
    return taken


def make(folder: Path) -> list[Path]:
    """Write the README's pictures, of the demo's gallery. Raises RuntimeError when there is no browser."""
    from bot.demo.run import write_gallery_alone

    with browser() as running, tempfile.TemporaryDirectory() as work:
        gallery = write_gallery_alone(Path(work)).parent
        return [photograph(running, picture, gallery, folder) for picture in README]


def photograph(running: Browser, picture: Picture, gallery: Path, folder: Path) -> Path:
    """Write a picture of a gallery's pages."""
    page = gallery / "picture.html"
    page.write_text(framed(picture, gallery), encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / picture.name
    out.write_bytes(light_enough(running, page, picture.width))
    return out


def take(page: Path, out: Path, shot: Shot) -> list[Path]:
    """Write a picture of any page. Raises OSError when it is not there."""
    page = page.resolve(strict=True)
    with browser() as running:
        out.write_bytes(running.picture(page, shot))
    return [out]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.pictures", description="Without a page: the README's."
    )
    parser.add_argument("page", nargs="?", type=Path, metavar="FILE.html")
    parser.add_argument("out", nargs="?", type=Path, metavar="OUT.png")
    parser.add_argument("--width", type=int, default=640, help="CSS pixels")
    parser.add_argument("--height", type=int, help="CSS pixels; as high as the page when not named")
    parser.add_argument("--scale", type=float, default=2, help="pixels to one of the page's")
    parser.add_argument("--dark", action="store_true", help="for a page that follows prefers-color-scheme")
    asked = parser.parse_args(arguments)
    if asked.page and not asked.out:
        parser.error("name OUT.png as well")
    shot = Shot(asked.width, asked.height, asked.scale, asked.dark)
    try:
        made = take(asked.page, asked.out, shot) if asked.page else make(PICTURES)
    except (RuntimeError, TimeoutError, OSError) as error:
        print(f"pictures: {error}", file=sys.stderr)
        return 1
    for path in made:
        print(f"{path}  {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
