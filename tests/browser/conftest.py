"""One Chromium for the tests of a module; without it, or without playwright, they are skipped."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM: Final = Path("/usr/bin/chromium")
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


KEPT: Final = (
    "axe_finds_nothing_and_everything_fits[wide-fi]",
    "axe_finds_nothing_and_everything_fits[dark-en]",
    "axe_finds_nothing_on_any_page_and_everything_fits[narrow-sv]",
    "axe_finds_nothing[esittely.fi-375-dark]",
    "axe_finds_nothing[esittely.en-375-light]",
    "axe_finds_nothing[loppuraportti.sv-680-light]",
    "overflows_at_any_width_in_either_mode[esittely.sv]",
    "overflows_at_any_width_in_either_mode[loppuraportti.fi]",
    "overflows_at_any_width_in_either_mode[sampler]",
    "overflows_without_images_or_style_sheets_or_in_gmail_s_apps[esittely.en]",
    "overflows_without_images_or_style_sheets_or_in_gmail_s_apps[loppuraportti.sv]",
    "overflows_without_images_or_style_sheets_or_in_gmail_s_apps[sampler]",
    "stands_without_style_sheets_and_in_gmail_s_apps[confirm]",
    "stands_without_style_sheets_and_in_gmail_s_apps[erase]",
    "axe_finds_nothing_in_a_mail_stripped_of_style_sheets_and_images[esittely.en]",
    "axe_finds_nothing_in_a_mail_stripped_of_style_sheets_and_images[loppuraportti.fi]",
    "axe_finds_nothing_and_nothing_overflows[fi-erase]",
    "axe_finds_nothing_and_nothing_overflows[sv-welcome]",
    "axe_finds_nothing_and_nothing_overflows[en-export]",
    "chooses_by_keyboard_without_scripts[fi]",
    "erases_their_data_by_keyboard_without_scripts[sv]",
    "keyboard_alone_leads_past_the_links_and_to_a_letter[en]",
)
"""Of the tests that look at every screen in every language, what `make test` runs: each screen and
each language once. `make thorough` runs all."""

MANY: Final = tuple({kept.partition("[")[0] for kept in KEPT})


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.name.partition("[")[0].endswith(MANY) and not item.name.endswith(KEPT):
            item.add_marker("thorough")


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()
