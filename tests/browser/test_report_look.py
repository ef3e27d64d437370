"""The report of a mailing in a real browser: axe finds nothing, and nothing is loaded."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from newsletter import reporting
from newsletter.i18n import LANGUAGES
from newsletter.providers import State
from newsletter.store import Store
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider
from newsletter.testing.readers import make_workspace
from tests.browser.looking import SCREENS, troubles_of, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.fixture
def pages(store: Store, tmp_path: Path) -> dict[str, Path]:
    room, provider = Mailroom(store), MemoryProvider()
    room.add(*(f"a{number}@gmail.com" for number in range(30)))
    room.add(*(f"a{number}@sysma.fi" for number in range(9)), language="sv")
    provider.answer("a1@gmail.com", State.REFUSED, "no such mailbox")
    number = room.planned(batch_size=5)
    room.leave("a2@gmail.com")
    room.dispatch(number, provider)
    room.leave("a3@gmail.com")
    found = reporting.of_mailing(store, number, settings=room.settings, now=room.clock.now())
    files = {}
    for language in LANGUAGES:
        files[language] = tmp_path / f"{language}.html"
        page = reporting.page(make_workspace(tmp_path), found, language)
        files[language].write_text(page, encoding="utf-8")
    return files


@pytest.mark.parametrize("screen", SCREENS)
def test_the_report_is_readable_by_everybody(
    browser: "Browser", pages: dict[str, Path], screen: str
) -> None:
    page = browser.new_page(**SCREENS[screen])
    troubles, asked = troubles_of(page), []
    page.on("request", lambda request: asked.append(request.url))
    for language, file in pages.items():
        page.goto(f"file://{file}")

        assert violations(page) == [], language
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
    assert troubles == []
    assert asked == [f"file://{file}" for file in pages.values()]
    page.close()
