"""The starter's mails in a real browser: nothing overflows, overlaps or is hard to read.

A browser is the kindest of mail clients; the passes without style sheets and images stand in for
Gmail's apps with other accounts and for Outlook (standards K06, K10).
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, Route

from newsletter.checks.gmail import gmail
from newsletter.issue.edition import Edition
from newsletter.testing.mails import VALUES, Mail, sampler_mail, starter_mail
from tests.browser.looking import run_axe

pytestmark = pytest.mark.browser

MEDIA = "http://127.0.0.1:8000/media/"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CLIENT_HAS = ("region", "landmark-one-main", "bypass")
"""What the mail client's own page provides (standards C09)."""

Mode = Literal["light", "dark"]
SAMPLER = "sampler"
ISSUES = [
    ("loppuraportti.fi", ""), ("loppuraportti.sv", ""),
    ("esittely.fi", "1"), ("esittely.sv", "1"), ("esittely.en", "1"),
]  # fmt: skip
WIDTHS = (320, 375, 600, 1200)

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
      const cell = node.parentElement.closest('td, th')?.getBoundingClientRect();
      if (cell && (box.left < cell.left - 0.5 || box.right > cell.right + 0.5))
        found.push('beyond its cell: ' + text);
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


@cache
def make(stem: str, variant: str) -> tuple[Edition, Mail]:
    """Render one of the starter's issues, or the one that tries every block everywhere."""
    mail = sampler_mail() if stem == SAMPLER else starter_mail(stem, variant)
    return mail.edition, mail


def without_style_sheets(html: str) -> str:
    return re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)


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
        found = run_axe(self.page, **options)
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


EVERY = pytest.mark.parametrize(("stem", "variant"), ISSUES, ids=[stem for stem, _ in ISSUES])
AND_SAMPLER = pytest.mark.parametrize(
    ("stem", "variant"), [*ISSUES, (SAMPLER, "")], ids=[*(stem for stem, _ in ISSUES), SAMPLER]
)


@AND_SAMPLER
def test_nothing_overflows_at_any_width_in_either_mode(
    window: Window, stem: str, variant: str
) -> None:
    edition, gallery = make(stem, variant)
    html = edition.html.fill(VALUES)

    for width in WIDTHS:
        for mode in ("light", "dark"):
            window.show(html, width=width, mode=mode, files=gallery.files)
            assert window.page.evaluate(OVERFLOWING) == [], (width, mode)


@pytest.mark.parametrize(("width", "mode"), [(375, "light"), (680, "light"), (375, "dark")])
@EVERY
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


@AND_SAMPLER
def test_nothing_overflows_without_images_or_style_sheets_or_in_gmail_s_apps(
    window: Window, stem: str, variant: str
) -> None:
    edition, mail = make(stem, variant)
    html = edition.html.fill(VALUES)
    ways = {
        "no images": (html, {}),
        "no style sheets": (without_style_sheets(html), mail.files),
        "neither": (without_style_sheets(html), {}),
        "Gmail's apps": (gmail(html), mail.files),
    }

    for way, (shown, files) in ways.items():
        for width in WIDTHS:
            window.show(shown, width=width, mode="light", files=files)
            assert window.page.evaluate(OVERFLOWING) == [], (way, width)


@EVERY
def test_axe_finds_nothing_in_a_mail_stripped_of_style_sheets_and_images(
    window: Window, stem: str, variant: str
) -> None:
    edition, _ = make(stem, variant)

    window.show(without_style_sheets(edition.html.fill(VALUES)), width=375, mode="light", files={})

    assert window.violations(without=CLIENT_HAS) == []


def test_axe_finds_nothing_in_any_kind_of_block_wherever_it_stands(window: Window) -> None:
    edition, mail = make(SAMPLER, "")

    for mode in ("light", "dark"):
        window.show(edition.html.fill(VALUES), width=680, mode=mode, files=mail.files)
        # Its blocks all say the same words, and their levels follow no order.
        assert window.violations(without=(*CLIENT_HAS, "heading-order")) == []


def test_columns_stand_side_by_side_on_a_desk_and_below_each_other_on_a_phone(
    window: Window,
) -> None:
    edition, mail = make("esittely.fi", "1")
    html = edition.html.fill(VALUES)

    def boxes(width: int, shown: str = html) -> list[Any]:
        window.show(shown, width=width, mode="light", files=mail.files)
        return [image.bounding_box() for image in window.page.locator(".cell img").all()]

    first, second = boxes(680)
    assert first["y"] == second["y"]
    assert second["x"] - first["x"] - first["width"] == pytest.approx(24, abs=1)
    for shown in (html, without_style_sheets(html)):
        first, second = boxes(375, shown)
        assert first["x"] == second["x"]
        assert second["y"] > first["y"] + first["height"]
    first, _ = boxes(375)
    assert first["width"] == pytest.approx(375 - 2 * 24, abs=1)


def test_key_figures_stay_in_a_row_where_they_fit_and_are_stacked_where_not(
    window: Window,
) -> None:
    edition, mail = make("esittely.fi", "1")

    def tops(width: int) -> list[float]:
        window.show(edition.html.fill(VALUES), width=width, mode="light", files=mail.files)
        figures = window.page.locator(".fig").all()
        return [box["y"] for figure in figures if (box := figure.bounding_box())]

    assert len(set(tops(375))) == 1
    assert len(set(tops(320))) == 3


def test_links_of_the_table_of_contents_lead_to_their_headings(window: Window) -> None:
    edition, mail = make("esittely.fi", "1")
    window.show(edition.html.fill(VALUES), width=375, mode="light", files=mail.files)

    window.page.locator('a[href="#tule-mukaan"]').click()

    heading = window.page.locator("#tule-mukaan")
    box = heading.bounding_box()
    assert box
    assert -1 <= box["y"] < 100
    assert heading.inner_text() == "Tule mukaan"


def test_a_table_of_data_is_one_to_a_screen_reader_on_a_phone_too(window: Window) -> None:
    edition, mail = make("esittely.fi", "1")
    window.show(edition.html.fill(VALUES), width=320, mode="light", files=mail.files)

    table = window.page.get_by_role("table", name="Koulutukset kunnittain 2029")

    assert table.get_by_role("columnheader").count() == 4
    assert table.get_by_role("rowheader").count() == 4
    box = table.bounding_box()
    assert box
    assert box["width"] <= 320 - 2 * 24 + 1


def test_without_style_sheets_cards_stand_in_line_one_gap_apart(window: Window) -> None:
    edition, gallery = make("esittely.fi", "1")
    bare = without_style_sheets(edition.html.fill(VALUES))
    window.show(bare, width=375, mode="light", files=gallery.files)

    cards = [card.bounding_box() for card in window.page.locator(".tint table table").all()]

    boxes = [box for box in cards if box]
    assert len(boxes) == 3
    assert len({(box["x"], box["width"]) for box in boxes}) == 1
    gaps = [low["y"] - high["y"] - high["height"] for high, low in pairwise(boxes)]
    assert gaps == pytest.approx([16, 16], abs=1)


def test_the_text_of_a_missing_image_is_set_like_other_text(window: Window) -> None:
    edition, _ = make("esittely.fi", "1")
    window.show(edition.html.fill(VALUES), width=375, mode="light", files={})

    alt, text = window.page.evaluate(
        "['.block-2 img', '.block-1 div'].map(found => {"
        " const style = getComputedStyle(document.querySelector(found));"
        " return [style.fontFamily, style.color] })"
    )

    assert alt == text


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
    cell = '<table style="table-layout:fixed;width:50px"><tr><td>Monipaikkaisuus</td></tr></table>'
    window.show(cell, width=375, mode="light", files={})
    assert "beyond its cell: Monipaikkaisuus" in window.page.evaluate(OVERFLOWING)
    window.show(squeezed, width=375, mode="light", files=gallery.files)
    over = window.page.evaluate(OVERFLOWING)
    window.show(pale, width=375, mode="light", files=gallery.files)
    seen = window.violations(without=CLIENT_HAS)

    assert "clipped" in str(beyond)
    assert "overlapping" in str(over)
    assert {line.partition(":")[0] for line in seen} >= {"color-contrast", "image-alt"}
