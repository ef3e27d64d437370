"""The pages that everybody may read, in a real browser: home, archive, letters, statements."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from newsletter.store import Store
from newsletter.testing import NOW, make_edition, make_template
from newsletter.testing.mails import MEDIA, starter_mail
from newsletter.testing.readers import make_workspace, publish, subscribe, token
from newsletter.web.serving import running
from tests.browser.looking import LOCALES, SCREENS, too_small, troubles_of, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WORDS: Final = {
    "fi": ("Siirry sisältöön", "Kaikki kirjeet", "Saavutettavuusseloste"),
    "sv": ("Hoppa till innehållet", "Alla nummer", "Tillgänglighetsutlåtande"),
    "en": ("Skip to the content", "All issues", "Accessibility statement"),
}

pytestmark = pytest.mark.browser


@pytest.fixture
def base(tmp_path: Path, store: Store) -> Iterator[str]:
    """Serve a site with a real letter in two languages, and more than a page of others."""
    workspace = make_workspace(
        tmp_path,
        public_url="http://127.0.0.1:8000",
        masthead={"wordmark": "Nelinvoimaa", "accent": "Nelin", "tagline": "Hartola · Joutsa"},
        funding={"programme": "esr-plus", "about": "Neljän kunnan yhteinen hanke."},
        accessibility={"shortcomings": ["Vanhoissa kuvissa ei ole tekstiä."]},
    )
    letter = starter_mail("loppuraportti.fi")
    workspace.media.mkdir()
    for name, content in letter.files.items():
        (workspace.media / name).write_bytes(content)
    # On the host that the test runs, as in use.
    web = letter.edition.web.replace(MEDIA, "/media")
    publish(store, replace(letter.edition, web=web))
    swedish = {"language": "sv", "web": web.replace('lang="fi"', 'lang="sv"')}
    title = make_template("Slutrapporten är klar")
    publish(store, make_edition(issue="loppuraportti", subject=title, **swedish))
    for number in range(22):
        edition = make_edition(issue=f"k-{number}", subject=make_template(f"Kirje {number}"))
        publish(store, edition, now=NOW - timedelta(days=30 * number + 1))
    with running(workspace, store) as url:
        yield url


PATHS: Final = (
    "/",
    "/issues",
    "/issues?page=2",
    "/issues/loppuraportti/fi",
    "/issues/loppuraportti/sv",
    "/accessibility",
    "/nowhere",
)


@pytest.mark.parametrize("language", list(LOCALES))
@pytest.mark.parametrize("screen", list(SCREENS))
def test_axe_finds_nothing_and_everything_fits(
    base: str, browser: "Browser", language: str, screen: str
) -> None:
    context = browser.new_context(locale=LOCALES[language], **SCREENS[screen])
    page = context.new_page()
    troubles = troubles_of(page)

    seen = {}
    for path in PATHS:
        page.goto(base + path)
        seen[path] = look(page)

    context.close()
    assert {path: wrong for path, wrong in seen.items() if wrong} == {}
    assert [text for text in troubles if "404" not in text] == []


def look(page: "Page") -> list[str]:
    """List what is wrong with a page: axe's findings, and what axe does not measure."""
    wrong = violations(page)
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        wrong.append("it scrolls sideways")
    mains = page.locator("main, [role=main]").count()
    if (page.locator("h1").count(), mains) != (1, 1):
        wrong.append("it has not one heading and one main part")
    wrong += [
        f"an image is missing: {image.get_attribute('src')}"
        for image in page.locator("img").all()
        if not image.evaluate("item => item.complete && item.naturalWidth > 0")
    ]
    return wrong + too_small(page, "nav a, .issues a, .masthead a, footer a")


@pytest.mark.parametrize("language", list(WORDS))
def test_the_keyboard_alone_leads_past_the_links_and_to_a_letter(
    base: str, browser: "Browser", language: str
) -> None:
    skip, archive, statement = WORDS[language]
    context = browser.new_context(locale=LOCALES[language])
    page = context.new_page()
    page.goto(base + "/accessibility")

    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == skip
    assert page.locator(":focus").evaluate("item => item.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    assert page.locator(":focus").get_attribute("id") == "main"
    seen = tab_to(page, statement)
    assert archive not in seen

    page.goto(base + "/")
    tab_to(page, archive)
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name=archive).wait_for()
    tab_to(page, "Slutrapporten är klar")
    page.keyboard.press("Enter")
    page.wait_for_url("**/issues/loppuraportti/sv")
    tab_to(page, "Suomeksi")
    page.keyboard.press("Enter")
    page.wait_for_url("**/issues/loppuraportti/fi")
    context.close()


def tab_to(page: "Page", words: str) -> list[str]:
    """Press Tab until something with these words has a visible focus; tell what came before."""
    seen: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        seen.append(focused.inner_text())
        assert focused.evaluate("item => getComputedStyle(item).outlineStyle") == "solid"
        if seen[-1] == words:
            return seen[:-1]
    raise AssertionError(f"no {words!r} among {seen}")


def test_without_scripts_a_reader_changes_the_language_and_goes_back_in_time(
    base: str, browser: "Browser"
) -> None:
    context = browser.new_context(locale="fi-FI", java_script_enabled=False)
    page = context.new_page()
    page.goto(base + "/issues?page=2")

    page.get_by_role("link", name="På svenska").click()
    page.get_by_role("heading", level=1, name="Alla nummer").wait_for()
    assert page.url == f"{base}/issues?page=2&language=sv"
    page.get_by_role("link", name="Nyare nummer").click()
    assert page.url == f"{base}/issues?language=sv"
    page.get_by_role("link", name="Äldre nummer").click()
    assert page.locator("html").get_attribute("lang") == "sv"
    page.get_by_role("link", name="Tillgänglighetsutlåtande").click()
    page.get_by_role("heading", level=1, name="Tillgänglighetsutlåtande").wait_for()
    assert context.cookies() == []
    context.close()


def test_the_letter_looks_in_the_archive_as_it_was_made(base: str, browser: "Browser") -> None:
    """Our style sheet changes nothing within the letter."""
    web = starter_mail("loppuraportti.fi").edition.web
    styles = """() => [...document.querySelectorAll('[role=main], [role=main] *')].map(item => {
        const all = getComputedStyle(item);
        return [item.tagName, all.color, all.backgroundColor, all.font, all.padding, all.margin,
                all.display, item.offsetWidth].join(' ');
    })"""
    context = browser.new_context(viewport={"width": 900, "height": 800})
    page = context.new_page()
    page.route("http://127.0.0.1:8000/**", lambda route: route.abort())
    page.set_content(web)
    alone = page.evaluate(styles)

    page.goto(base + "/issues/loppuraportti/fi")

    assert page.evaluate(styles) == alone
    context.close()


def test_on_paper_there_is_the_letter_and_no_link_of_ours(base: str, browser: "Browser") -> None:
    context = browser.new_context(locale="fi-FI")
    page = context.new_page()
    page.emulate_media(media="print")

    page.goto(base + "/issues/loppuraportti/fi")
    assert page.locator(".site-bar").first.is_hidden()
    assert page.locator(".site-bar").last.is_hidden()
    assert page.locator("body").evaluate("item => getComputedStyle(item).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    page.goto(base + "/issues")
    assert page.get_by_role("navigation").all() == []
    assert page.get_by_text("Euroopan unionin osarahoittama").is_visible()
    context.close()


def test_a_page_with_a_token_can_be_read_in_another_language(
    base: str, store: Store, browser: "Browser"
) -> None:
    link = f"/u/{token(subscribe(store, 'aino@example.fi'))}"
    context = browser.new_context(locale="fi-FI")
    page = context.new_page()

    page.goto(f"{base}{link}?language=en")

    assert page.locator("html").get_attribute("lang") == "en"
    assert page.get_by_role("navigation").count() == 1
    assert look(page) == []
    context.close()
