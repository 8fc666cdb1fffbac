"""The pages in a real browser: accessibility, narrow screens, dark mode, and use without a mouse or JavaScript.

PAPERBOY_SHOTS=DIR keeps a picture of each page in each form.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support.chromium import NONE, chromium
from tests.support.web_site import ADA, WebSite, web_site

pytestmark = pytest.mark.skipif(chromium() is None, reason=NONE)

SHOTS = os.environ.get("PAPERBOY_SHOTS")
WIDTHS = (320, 1200)
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
#: Contrast depends on the scheme only, and what is below what on the width.
AUDITED = {(320, "light"), (1200, "dark")}
PAPER = "/paper/arxiv:2605.00101"
#: Name: path, with the edition of a day of May.
PAGES = {
    "home": "/",
    "archive": "/p/ada/",
    "digest": "/p/ada/d/{4}",
    "quiet": "/p/ada/d/{6}",
    "paper": PAPER,
    "why": f"{PAPER}/why/ada",
    "edit": "/p/ada/edit",
    "history": "/p/ada/history",
    "learned": "/p/ada/learned",
    "learned-effect": "/p/ada/learned/effect",
    "search": "/search?q=world+models",
    "nothing-found": "/search?q=unobtainium",
    "error": "/p/bob/",
    "feeds": "/p/ada/feeds",
    "login": "/login",
}


@dataclass
class Site:
    stored: WebSite
    url: str
    browser: Browser
    page: Page = field(init=False)  #: of a reader

    def __post_init__(self) -> None:
        self.page = self.reader().new_page()

    def reader(self, **options: Any) -> BrowserContext:
        """A browser window of Ada, who is logged in."""
        context = self.browser.new_context(base_url=self.url, **options)
        context.add_cookies([self.stored.cookie(ADA, self.url)])  # type: ignore[list-item]
        return context

    def path(self, name: str) -> str:
        path = PAGES[name]
        for day in (4, 6):
            path = path.replace(f"{{{day}}}", self.stored.edition(day=day))
        return path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with (
        web_site(tmp_path_factory.mktemp("site")) as stored,
        stored.served() as url,
        sync_playwright() as playwright,
    ):
        # The container's user is root, and Chromium has no sandbox for root; it shows only our own pages.
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        yield Site(stored, url, browser)
        browser.close()


@pytest.mark.parametrize("name", PAGES)
def test_pages_fit_every_screen_and_reader(site: Site, name: str) -> None:
    """No page has a serious problem by axe's rules, scrolls sideways, or loads anything of another host:
    on a phone and on a desk, light and dark, with everything unfolded.
    """
    page, asked = site.browser.new_page(base_url=site.url) if name == "login" else site.page, []
    page.on("request", lambda request: asked.append(request.url))
    response = page.goto(site.path(name))
    assert response
    assert response.status == (404 if name == "error" else 200)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    for width, scheme in product(WIDTHS, SCHEMES):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{scheme}.png", full_page=True)
        if (width, scheme) in AUDITED:
            found = Axe().run(page).response["violations"]
            assert not [one for one in found if one["impact"] in ("serious", "critical")], name
    assert {url for url in asked if not url.startswith(site.url)} == set()


def test_keyboard(site: Site) -> None:
    """The first key leads past the navigation; buttons are reached and used without a mouse, and the page comes back
    at the paper that was answered.
    """
    with site.reader(viewport={"width": 1200, "height": 800}, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site.path("digest"))
        page.keyboard.press("Tab")
        assert focused(page) == "To the content"
        page.keyboard.press("Enter")
        for _ in range(20):
            page.keyboard.press("Tab")
            if focused(page) == "Less like this":
                break
        page.keyboard.press("Enter")
        page.wait_for_url("**#paper-1")
        assert page.locator("#paper-1 .answers li").inner_text().split() == [
            "✓",
            "less",
            "like",
            "this",
            "Undo",
        ]
        page.locator("#paper-1").get_by_role("button", name="Undo").press("Enter")
        page.wait_for_load_state()
        assert page.locator("#paper-1 .answers li").count() == 0


def focused(page: Page) -> str:
    return page.locator(":focus").inner_text()
