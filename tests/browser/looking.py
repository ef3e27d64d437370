"""How the pages are looked at: in which languages, on which screens, and with axe."""

from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
)

LOCALES: Final = {"fi": "fi-FI", "sv": "sv-SE", "en": "en-GB"}
SCREENS: Final[dict[str, dict[str, Any]]] = {
    "wide": {"viewport": {"width": 1200, "height": 800}},
    "narrow": {"viewport": {"width": 320, "height": 568}, "is_mobile": True, "has_touch": True},
    "dark": {"viewport": {"width": 600, "height": 800}, "color_scheme": "dark"},
}


def violations(page: "Page") -> list[str]:
    """List what axe finds."""
    found = axe.Axe().run(page)
    return [f"{item['id']}: {item['help']}" for item in found.response["violations"]]


def troubles_of(page: "Page") -> list[str]:
    """Give a list that gets what the browser complains about from now on."""
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("requestfailed", lambda failed: troubles.append(failed.url))
    return troubles
