"""The pages in a real browser: by keyboard alone, on a narrow phone, in the dark, and for axe."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from newsletter.store import Store
from newsletter.testing import make_edition, make_template
from newsletter.testing.readers import make_workspace, publish, state_of, subscribe, token
from newsletter.web.serving import running
from tests.browser.looking import LOCALES, SCREENS, too_small, troubles_of, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PUBLIC: Final = "https://kirje.example.fi"
WORDS: Final = {
    "fi": ("Peru tilaus", "Tilaus on peruttu", "Palauta tilaus", "Tilaus on palautettu"),
    "sv": (
        "Avsluta prenumerationen",
        "Prenumerationen är avslutad",
        "Återuppta prenumerationen",
        "Prenumerationen är återupptagen",
    ),
    "en": (
        "Unsubscribe",
        "You have unsubscribed",
        "Restore the subscription",
        "Your subscription is back",
    ),
}

pytestmark = pytest.mark.browser


@pytest.fixture
def base(tmp_path: Path, store: Store) -> Iterator[str]:
    masthead = {"wordmark": "Nelinvoimaa", "accent": "Nelin", "tagline": "Hartola · Joutsa · Sysmä"}
    workspace = make_workspace(tmp_path, public_url="http://127.0.0.1:8000", masthead=masthead)
    with running(workspace, store) as url:
        yield url


@pytest.fixture
def page(browser: "Browser", request: pytest.FixtureRequest) -> "Iterator[Page]":
    choices: dict[str, Any] = getattr(request, "param", {})
    context = browser.new_context(**choices)
    opened = context.new_page()
    troubles = troubles_of(opened)
    yield opened
    assert context.cookies() == []
    context.close()
    assert troubles == []


def link_in_a_mail(base: str, reader: int) -> str:
    """Fill a mail for the reader and take the link out of it, on the host that the test runs."""
    values = {"unsubscribe_url": f"{PUBLIC}/u/{token(reader)}"}
    mail = make_edition().text.fill(values)
    link = next(line for line in mail.splitlines() if line.startswith(PUBLIC))
    return link.replace(PUBLIC, base)


def press_button_by_keyboard(page: "Page", label: str) -> None:
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    assert focused.inner_text() == label
    assert focused.evaluate("item => getComputedStyle(item).outlineStyle") == "solid"
    page.keyboard.press("Enter")


@pytest.mark.parametrize("language", list(WORDS))
def test_a_reader_leaves_and_comes_back_with_the_keyboard_alone(
    base: str, store: Store, page: "Page", language: str
) -> None:
    leave, left, restore, restored = WORDS[language]
    reader = subscribe(store, "aino@example.fi", language=language)

    page.goto(link_in_a_mail(base, reader))
    assert state_of(store, reader) == "active"
    press_button_by_keyboard(page, leave)
    page.get_by_role("heading", level=1, name=left).wait_for()
    assert state_of(store, reader) == "left"

    press_button_by_keyboard(page, restore)
    page.get_by_role("heading", level=1, name=restored).wait_for()
    assert state_of(store, reader) == "active"


@pytest.mark.parametrize("language", list(WORDS))
@pytest.mark.parametrize("screen", list(SCREENS))
def test_axe_finds_nothing_and_everything_fits(
    base: str, store: Store, browser: "Browser", language: str, screen: str
) -> None:
    reader = subscribe(store, "aino@example.fi", language=language)
    publish(store, make_edition(subject=make_template("Loppuraportti on valmis")))
    publish(store, make_edition(language="sv", subject=make_template("Slutrapporten är klar")))
    context = browser.new_context(locale=LOCALES[language], **SCREENS[screen])
    page = context.new_page()
    page.goto(link_in_a_mail(base, reader))

    seen = [look(page, language)]
    for _ in range(2):
        page.get_by_role("button").click()
        page.wait_for_load_state()
        seen.append(look(page, language))
    for path in ("/", "/nowhere", "/u/forged"):
        page.goto(base + path)
        seen.append(look(page, language))

    context.close()
    assert seen == [[]] * 6


def look(page: "Page", language: str) -> list[str]:
    """List what is wrong with a page: axe's findings, and what axe does not measure."""
    wrong = violations(page)
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        wrong.append("it scrolls sideways")
    if page.locator("html").get_attribute("lang") != language:
        wrong.append("it speaks another language")
    if (page.locator("h1").count(), page.locator("main").count()) != (1, 1):
        wrong.append("it has not one heading and one main part")
    # A link within a sentence is exempt (WCAG 2.5.8).
    return wrong + too_small(page, "a, button", exempt="main p, main p *")


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_it_works_without_scripts(base: str, store: Store, page: "Page") -> None:
    reader = subscribe(store, "aino@example.fi")

    page.goto(link_in_a_mail(base, reader))
    page.get_by_role("button", name="Peru tilaus").click()
    page.get_by_role("heading", level=1, name="Tilaus on peruttu").wait_for()

    assert state_of(store, reader) == "left"


def test_going_back_and_reloading_are_harmless(base: str, store: Store, page: "Page") -> None:
    reader = subscribe(store, "aino@example.fi")
    page.goto(link_in_a_mail(base, reader))
    page.get_by_role("button").click()
    page.get_by_role("heading", name="Tilaus on peruttu").wait_for()

    page.reload()
    page.get_by_role("heading", name="Tilaus on peruttu").wait_for()
    page.go_back()
    # Nothing of it is kept by the browser, so it shows how things stand now.
    page.get_by_role("heading", name="Tilaus on peruttu").wait_for()

    assert state_of(store, reader) == "left"


def test_the_public_copy_runs_under_its_policy(base: str, store: Store, page: "Page") -> None:
    web = (
        '<!doctype html><html lang="fi" dir="ltr"><head><title>Kirje</title>'
        "<style>p { color: rgb(1, 2, 3); }</style></head>"
        '<body><p style="font-size: 33px">Hei</p></body></html>'
    )
    publish(store, make_edition(web=web))

    page.goto(f"{base}/issues/kevatkirje/fi")

    style = page.locator("p").evaluate("item => getComputedStyle(item)")
    assert (style["color"], style["fontSize"]) == ("rgb(1, 2, 3)", "33px")
