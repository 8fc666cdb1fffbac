"""The editor in a real browser: the effect follows typing, and without JavaScript the buttons do the same."""

from __future__ import annotations

import pytest
from playwright.sync_api import ConsoleMessage, expect

from tests.support.chromium import NONE, chromium
from tests.support.web_site import ADA, PROFILES
from tests.web.test_browser import Site, focused, site  # noqa: F401 - a fixture

pytestmark = pytest.mark.skipif(chromium() is None, reason=NONE)

TEXT = PROFILES["ada"]
BIRDS = TEXT.replace("world models", "bird song")


def test_effect_follows_typing(site: Site) -> None:  # noqa: F811
    """First the effect of what is saved, then of what is typed, which is announced; a problem's link selects its
    place; Tab leaves the text. The browser reports no error, such as a refused script or style.
    """
    with site.reader(viewport={"width": 1200, "height": 900}) as context:
        page, errors = context.new_page(), []
        page.on("console", lambda one: errors.append(one) if is_error(one) else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto("/p/ada/edit")
        announced = page.locator("#announcement")
        expect(announced).to_have_text("As saved.", timeout=30_000)
        text = page.get_by_label("The text of ada.yaml")
        text.fill(BIRDS)
        expect(announced).to_have_text("Against the saved text: 1 in, 1 out.", timeout=30_000)
        expect(page.locator("tr.in")).to_contain_text("Bird Song in Region 1")

        text.fill(BIRDS.replace("timezone: UTC", "timezone: Mars"))
        expect(announced).to_have_text("1 problem. This text cannot be saved.", timeout=30_000)
        page.get_by_role("link", name="line 2, column 11").click()
        selected = page.evaluate("document.activeElement.value.slice(text.selectionStart, text.selectionEnd)")
        assert selected == "Mars"
        page.keyboard.press("Tab")
        assert focused(page) == "Check"
        assert errors == []


def test_without_javascript(site: Site) -> None:  # noqa: F811
    """Check shows the effect, and Save writes the file."""
    with site.reader(viewport={"width": 320, "height": 800}, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/p/ada/edit")
        page.get_by_label("The text of ada.yaml").fill(BIRDS)
        page.get_by_role("button", name="Check").click()
        expect(page.get_by_text("Against the saved text: 1 in, 1 out.")).to_be_visible()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
        file = site.stored.services.folder / "ada.yaml"
        assert file.read_text() == BIRDS
        page.goto("/p/ada/history")
        page.get_by_role("link", name="Open the text before this change").click()
        expect(page.get_by_label("The text of ada.yaml")).to_have_value(TEXT)


def test_refused_save_on_a_phone(site: Site) -> None:  # noqa: F811
    """The message is at the top of the screen, and has the focus; it leads to the problem."""
    with site.reader(viewport={"width": 320, "height": 600}, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/p/ada/edit")
        page.get_by_label("The text of ada.yaml").fill(BIRDS.replace("timezone: UTC", "timezone: Mars"))
        page.get_by_role("button", name="Save").click()
        link = page.get_by_role("link", name="1 problem, line 2, column 11")
        expect(link).to_be_in_viewport()
        expect(link).to_be_focused()
        link.click()
        expect(page.get_by_role("heading", name="Problems")).to_be_in_viewport()


def test_log_in_again(site: Site) -> None:  # noqa: F811
    """Who is logged out while typing sees it; after log-in in another tab, the text can be saved."""
    with site.reader() as context:
        page = context.new_page()
        page.goto("/p/ada/edit")
        announced = page.locator("#announcement")
        expect(announced).not_to_contain_text("Computing", timeout=30_000)
        context.clear_cookies()
        page.get_by_label("The text of ada.yaml").fill(TEXT + "limit: 4\n")
        expect(announced).to_contain_text("You are logged out, and this is not saved.", timeout=30_000)
        path = page.get_by_role("link", name="Log in in another tab").get_attribute("href")
        assert path == "/login?next=/p/ada/edit"
        context.add_cookies([site.stored.cookie(ADA, site.url)])  # type: ignore[list-item]
        page.evaluate("dispatchEvent(new Event('focus'))")
        expect(announced).to_contain_text("saved text", timeout=30_000)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved.", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("status", "says"),
    [(429, "There were too many requests."), (503, "Paperboy is busy."), (404, "copy your text")],
)
def test_effect_cannot_be_shown(site: Site, status: int, says: str) -> None:  # noqa: F811
    """The message says why. Who waits gets the effect."""
    with site.reader() as context:
        page, statuses = context.new_page(), [status]
        page.route(
            "**/preview",
            lambda route: (
                route.fulfill(status=statuses.pop(), headers={"Retry-After": "1"})
                if statuses
                else route.continue_()
            ),
        )
        page.goto("/p/ada/edit")
        announced = page.locator("#announcement")
        expect(announced).to_contain_text(says, timeout=30_000)
        if status != 404:
            expect(announced).to_have_text("As saved.", timeout=30_000)


def is_error(message: ConsoleMessage) -> bool:
    """Whether a message of the browser is an error, except that there is no icon."""
    return message.type == "error" and not message.location["url"].endswith("/favicon.ico")
