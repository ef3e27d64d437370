"""The colours that the checks compute are those that a browser shows, by day and by night."""

from typing import Any, Literal

import pytest
from playwright.sync_api import Browser

from newsletter import desk, workspace
from newsletter.checks import css
from newsletter.checks.appearance import _is_dark
from newsletter.checks.cascade import DARK, LIGHT, looks
from newsletter.checks.gmail import gmail
from newsletter.checks.page import read
from newsletter.testing.mails import VALUES
from newsletter.workspace import Workspace

pytestmark = pytest.mark.browser


Mode = Literal["light", "dark"]

COLOURS = """() => {
  const found = [];
  const hex = (colour) => {
    const [red, green, blue, alpha = 1] = colour.match(/[\\d.]+/g).map(Number);
    const digits = [red, green, blue].map((one) => one.toString(16).padStart(2, '0')).join('');
    return alpha === 0 ? null : '#' + digits;
  };
  for (const element of document.body.querySelectorAll('*')) {
    if (['STYLE', 'TITLE', 'SCRIPT'].includes(element.tagName)) continue;
    const texts = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
    const said = texts.map((node) => node.data).join('').replace(/\\s+/g, ' ').trim();
    const seen = {opacityProperty: true, visibilityProperty: true};
    if (!said || !element.checkVisibility(seen)) continue;
    let ground = null;
    for (let up = element; up && !ground; up = up.parentElement)
      ground = hex(getComputedStyle(up).backgroundColor);
    const style = getComputedStyle(element);
    found.push([said, hex(style.color), ground, Number(style.fontWeight) >= 600]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Render every edition of the starter's issues."""
    root = tmp_path_factory.mktemp("starter")
    workspace.create(root)
    opened: Workspace = workspace.load(root)
    return {
        f"{name}.{edition.language}{edition.variant}": edition.html.fill(VALUES)
        for name in desk.names(opened.issues)
        for edition in desk.prepare(opened, name).editions
    }


def shown(browser: Browser, html: str, mode: Mode) -> list[list[Any]]:
    page = browser.new_page(color_scheme=mode, viewport={"width": 800, "height": 900})
    page.route("**/*", lambda route: route.abort())
    page.set_content(html, wait_until="load")
    found: list[list[Any]] = page.evaluate(COLOURS)
    page.close()
    return found


def computed(html: str, mode: Mode) -> list[list[Any]]:
    page = read(html)
    rules = [
        rule
        for sheet in css.sheets(page)
        for rule in sheet.rules
        if not rule.media or (mode == "dark" and _is_dark(rule.media))
    ]
    return [
        [element.own_words, look.front, look.back, look.bold]
        for element, look in looks(page, rules, DARK if mode == "dark" else LIGHT)
        if not look.hidden
    ]


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_computed_colours_are_those_of_a_browser(
    browser: Browser, mails: dict[str, str], mode: Mode
) -> None:
    for name, html in mails.items():
        assert computed(html, mode) == shown(browser, html, mode), name


def test_what_gmail_leaves_looks_as_computed_from_inline_styles(
    browser: Browser, mails: dict[str, str]
) -> None:
    for name, html in mails.items():
        left = gmail(html)
        assert computed(left, "light") == shown(browser, left, "light"), name
