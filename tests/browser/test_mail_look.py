"""The starter's mails in a real browser: nothing overflows, overlaps or is hard to read.

A browser is the kindest of mail clients; the passes without style sheets and images stand in for
Gmail's apps with other accounts and for Outlook (standards K06, K10).
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import (  # type: ignore[import-untyped]  # no types
    Axe,
)
from playwright.sync_api import Browser, Page, Route, sync_playwright

from newsletter import workspace
from newsletter.issue import read
from newsletter.issue.edition import Edition
from newsletter.render import Gallery, render

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
MEDIA = "http://127.0.0.1:8000/media/"
VALUES = {"first_name": "Aino", "unsubscribe_url": "https://kirje.example.fi/u/abc"}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CLIENT_HAS = ("region", "landmark-one-main", "bypass")
"""What the mail client's own page provides (standards C09)."""

Mode = Literal["light", "dark"]
ISSUES = [("loppuraportti.fi", ""), ("loppuraportti.sv", ""), ("esittely.fi", "1")]

OVERFLOWING = """() => {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push('sideways scroll');
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const lines = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.data.trim() || !node.parentElement.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width < 1 || box.height < 2) continue;
      const text = node.data.trim().slice(0, 40);
      if (box.left < -0.5 || box.right > innerWidth + 0.5) found.push('outside: ' + text);
      for (let up = node.parentElement; up; up = up.parentElement) {
        if (getComputedStyle(up).overflow === 'visible') continue;
        const edge = up.getBoundingClientRect();
        if (box.right > edge.right + 0.5 || box.bottom > edge.bottom + 0.5)
          found.push('clipped: ' + text);
      }
      lines.push([box, text]);
    }
  }
  for (let i = 0; i < lines.length; i++)
    for (let j = i + 1; j < Math.min(lines.length, i + 40); j++) {
      const [a, text] = lines[i], [b] = lines[j];
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 1 && high > 2) found.push('overlapping: ' + text);
    }
  return found;
}"""


def make(stem: str, variant: str) -> tuple[Edition, Gallery]:
    """Render one of the starter's issues."""
    starter = workspace.load(workspace.starter())
    gallery = Gallery([starter.issues], MEDIA)
    file = starter.issues / f"{stem}.yaml"
    fields = starter.settings.field_names
    document = read(file.read_bytes(), file.name, fields=fields, default_language="fi")
    edition = render(
        document.issue,
        name=stem.partition(".")[0],
        settings=starter.settings,
        folders=[starter.templates],
        gallery=gallery,
        variant=variant,
    )
    return edition, gallery


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield opened
        opened.close()


class Window:
    """A browser window that shows mails; images come from the gallery or not at all."""

    def __init__(self, browser: Browser) -> None:
        self._context = browser.new_context()
        self.page: Page = self._context.new_page()
        self._files: dict[str, bytes] = {}
        self.page.route("**/*", self._serve)

    def show(self, html: str, *, width: int, mode: Mode, files: dict[str, bytes]) -> None:
        """Show a mail at a width in CSS pixels."""
        self._files = files
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(color_scheme=mode)
        self.page.set_content(html, wait_until="load")

    def violations(self, *, without: tuple[str, ...]) -> list[str]:
        """Run axe-core; every violation in a line."""
        options = {
            "runOnly": {"type": "tag", "values": RULES},
            "rules": {name: {"enabled": False} for name in without},
        }
        found: list[Any] = Axe().run(self.page, options=options).response["violations"]
        return [f"{v['id']}: {[node['html'][:160] for node in v['nodes']]}" for v in found]

    def close(self) -> None:
        self._context.close()

    def _serve(self, route: Route) -> None:
        name = route.request.url.removeprefix(MEDIA)
        if name in self._files:
            route.fulfill(body=self._files[name], content_type="image/png")
        else:
            route.abort()


@pytest.fixture
def window(browser: Browser) -> Iterator[Window]:
    opened = Window(browser)
    yield opened
    opened.close()


@pytest.mark.parametrize(("stem", "variant"), ISSUES, ids=[stem for stem, _ in ISSUES])
def test_nothing_overflows_at_any_width_in_either_mode(
    window: Window, stem: str, variant: str
) -> None:
    edition, gallery = make(stem, variant)
    html = edition.html.fill(VALUES)

    for width in (320, 375, 600, 1200):
        for mode in ("light", "dark"):
            window.show(html, width=width, mode=mode, files=gallery.files)
            assert window.page.evaluate(OVERFLOWING) == [], (width, mode)


@pytest.mark.parametrize(("width", "mode"), [(375, "light"), (680, "light"), (375, "dark")])
@pytest.mark.parametrize(("stem", "variant"), ISSUES[::2], ids=[stem for stem, _ in ISSUES[::2]])
def test_axe_finds_nothing(
    window: Window, stem: str, variant: str, *, width: int, mode: Mode
) -> None:
    edition, gallery = make(stem, variant)

    window.show(edition.html.fill(VALUES), width=width, mode=mode, files=gallery.files)

    assert window.violations(without=CLIENT_HAS) == []


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_axe_finds_nothing_in_the_public_copy_with_every_rule_on(
    window: Window, mode: Mode
) -> None:
    edition, gallery = make("esittely.fi", "1")

    window.show(edition.web, width=680, mode=mode, files=gallery.files)

    assert window.violations(without=()) == []


def test_a_mail_stripped_of_style_sheets_and_images_can_still_be_read(window: Window) -> None:
    edition, _ = make("esittely.fi", "1")
    bare = re.sub(r"<style.*?</style>", "", edition.html.fill(VALUES), flags=re.DOTALL)

    for width in (320, 375, 680):
        window.show(bare, width=width, mode="light", files={})
        assert window.page.evaluate(OVERFLOWING) == [], width
    assert window.violations(without=CLIENT_HAS) == []


def test_on_a_phone_the_button_is_as_wide_as_the_text_and_cards_stack(window: Window) -> None:
    edition, gallery = make("loppuraportti.fi", "")
    window.show(edition.html.fill(VALUES), width=375, mode="light", files=gallery.files)

    button = window.page.locator(".btn a").bounding_box()
    cards = [card.bounding_box() for card in window.page.locator(".tint table table").all()]

    assert button
    assert button["width"] == pytest.approx(375 - 2 * 24, abs=2)
    assert button["height"] >= 44
    first, second = cards
    assert first
    assert second
    assert first["x"] == second["x"]
    assert second["y"] >= first["y"] + first["height"] + 15
    assert not window.page.locator(".pre").is_visible()


def test_on_a_desk_cards_stand_side_by_side(window: Window) -> None:
    edition, gallery = make("loppuraportti.fi", "")
    window.show(edition.html.fill(VALUES), width=680, mode="light", files=gallery.files)

    first, second = [card.bounding_box() for card in window.page.locator(".tint table table").all()]

    assert first
    assert second
    assert first["y"] == second["y"]
    assert first["width"] == pytest.approx(second["width"], abs=1)
    assert second["x"] > first["x"] + first["width"] + 10


def test_the_funding_plate_stays_white_and_its_statement_black_in_the_dark(window: Window) -> None:
    edition, gallery = make("loppuraportti.fi", "")
    window.show(edition.html.fill(VALUES), width=680, mode="dark", files=gallery.files)

    plate, statement, card = (
        window.page.evaluate(
            "([selector, property]) => getComputedStyle("
            "document.querySelector(selector)).getPropertyValue(property)",
            [selector, name],
        )
        for selector, name in [
            (".plate", "background-color"),
            (".plate strong", "color"),
            (".card", "background-color"),
        ]
    )

    assert (plate, statement) == ("rgb(255, 255, 255)", "rgb(0, 0, 0)")
    assert card == "rgb(24, 36, 42)"


def test_the_measures_find_what_they_are_there_for(window: Window) -> None:
    edition, gallery = make("loppuraportti.fi", "")
    html = edition.html.fill(VALUES)
    wide = html.replace("Kysy lisää", "K" * 20 + "<span style='white-space:nowrap'>" + "x " * 300)
    squeezed = html.replace("line-height:28px", "line-height:8px")
    pale = html.replace("#1c2b30", "#c0c0c0").replace('alt="', 'data-alt="')

    window.show(wide, width=375, mode="light", files=gallery.files)
    beyond = window.page.evaluate(OVERFLOWING)
    window.show(squeezed, width=375, mode="light", files=gallery.files)
    over = window.page.evaluate(OVERFLOWING)
    window.show(pale, width=375, mode="light", files=gallery.files)
    seen = window.violations(without=CLIENT_HAS)

    assert "clipped" in str(beyond)
    assert "overlapping" in str(over)
    assert {line.partition(":")[0] for line in seen} >= {"color-contrast", "image-alt"}
