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


_AXE: Final[str] = axe.Axe().axe_script
_RUN: Final = "options => axe.run(document, options).then(found => found.violations)"
_SMALL: Final = """([targets, exempt]) => [...document.querySelectorAll(targets)].filter(item =>
    item.getClientRects().length && item.getBoundingClientRect().height < 44
    && !(exempt && item.matches(exempt))).map(item => item.innerText)"""


def run_axe(page: "Page", **options: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - axe's own
    """Give what axe finds; that only is fetched from the browser, for all it looked at is much."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(_AXE)
    found: list[dict[str, Any]] = page.evaluate(_RUN, {"resultTypes": ["violations"], **options})
    return found


def violations(page: "Page") -> list[str]:
    """List what axe finds, by the name of its rule."""
    return [f"{item['id']}: {item['help']}" for item in run_axe(page)]


def too_small(page: "Page", targets: str, *, exempt: str = "") -> list[str]:
    """List what is too low to be hit by a finger, by CSS selectors (WCAG 2.5.8, and more)."""
    found: list[str] = page.evaluate(_SMALL, [targets, exempt])
    return [f"too small to hit: {text}" for text in found]


def troubles_of(page: "Page") -> list[str]:
    """Give a list that gets what the browser complains about from now on."""
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("requestfailed", lambda failed: troubles.append(failed.url))
    return troubles
