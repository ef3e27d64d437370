"""The mails of the service in a real browser: nothing overflows, and axe finds nothing."""

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import pytest
from playwright.sync_api import Browser, Page

from newsletter.checks.gmail import gmail
from newsletter.register.replies import Kind
from newsletter.replying.letters import Letters
from newsletter.testing.readers import make_workspace
from tests.browser.looking import run_axe
from tests.browser.test_mail_look import (
    CLIENT_HAS,
    OVERFLOWING,
    RULES,
    WIDTHS,
    without_style_sheets,
)

pytestmark = pytest.mark.browser

KINDS: tuple[Kind, ...] = get_args(Kind)
LANGUAGES = ("fi", "sv", "en")
LISTS = [
    {"id": "uutiskirje", "name": "Nelinvoimaa-uutiskirje", "description": "Kerran kuussa"},
    {"id": "tapahtumat", "name": "Kulttuuritapahtumatiedotteet"},
]
VALUES = {
    "link": "https://kirje.example.fi/confirm/" + "Zm9v" * 11,
    "preferences_url": "https://kirje.example.fi/preferences/" + "YmFy" * 14,
    "unsubscribe_url": "https://kirje.example.fi/u/" + "YmF6" * 20,
    "unsubscribe_url_2": "https://kirje.example.fi/u/" + "cXV4" * 20,
    "asked": "ma 2.3.2026 klo 11.00, sivulla uutiskirjeet.nelinvoimaa.example.fi",
    "until": "ma 9.3.2026 klo 11.00",
}

Mode = Literal["light", "dark"]


@cache
def mail(kind: Kind, language: str) -> str:
    """Render one mail as its reader gets it."""
    with tempfile.TemporaryDirectory() as folder:
        letters = Letters(make_workspace(Path(folder), lists=LISTS))
        return letters.edition(kind, language, ("uutiskirje", "tapahtumat")).html.fill(VALUES)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def show(page: Page, html: str, *, width: int, mode: Mode = "light") -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=mode)
    page.set_content(html, wait_until="load")


def violations(page: Page) -> list[str]:
    options = {
        "runOnly": {"type": "tag", "values": RULES},
        "rules": {name: {"enabled": False} for name in CLIENT_HAS},
    }
    found = run_axe(page, **options)
    return [f"{v['id']}: {[node['html'][:160] for node in v['nodes']]}" for v in found]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_and_nothing_overflows(page: Page, kind: Kind, language: str) -> None:
    for mode in ("light", "dark"):
        for width in WIDTHS:
            show(page, mail(kind, language), width=width, mode=mode)
            assert page.evaluate(OVERFLOWING) == [], (mode, width)
        assert violations(page) == [], mode


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_stands_without_style_sheets_and_in_gmail_s_apps(page: Page, kind: Kind) -> None:
    for html in (gmail(mail(kind, "fi")), without_style_sheets(mail(kind, "fi"))):
        for width in WIDTHS:
            show(page, html, width=width)
            assert page.evaluate(OVERFLOWING) == [], width
    assert violations(page) == []  # of the last one: Gmail's own page has a title


def test_on_a_phone_each_fact_stands_below_its_label(page: Page) -> None:
    def tops() -> tuple[float, float]:
        label, value = page.locator(".plain tr").last.locator("td").all()
        first, second = label.bounding_box(), value.bounding_box()
        assert first
        assert second
        return first["y"], second["y"]

    show(page, mail("confirm", "sv"), width=680)
    beside = tops()
    show(page, mail("confirm", "sv"), width=375)
    below = tops()

    assert beside[0] == beside[1]
    assert below[0] < below[1]
