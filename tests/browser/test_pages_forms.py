"""Subscribing, confirming and choosing in a real browser: by keyboard alone, without scripts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import pytest
from sqlalchemy import select, update

from newsletter.register import requests, suppressions
from newsletter.register.tokens import Tokens
from newsletter.store import Store
from newsletter.store.schema import requests as waiting
from newsletter.store.schema import subscribers
from newsletter.testing import KEYS, make_settings
from newsletter.testing.readers import (
    make_workspace,
    replies_to,
    request_token,
    state_of,
    subscribe,
    token,
)
from newsletter.web.serving import running
from tests.browser.looking import LOCALES, SCREENS, too_small, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

LISTS: Final = [
    {
        "id": name,
        "name": {"fi": fi, "sv": sv, "en": en},
        "description": {"fi": "Kerran kuussa.", "sv": "En gång i månaden.", "en": "Every month."},
    }
    for name, fi, sv, en in (
        ("uutiskirje", "Uutiskirje", "Nyhetsbrev", "Newsletter"),
        ("tapahtumat", "Tapahtumat", "Evenemang", "Events"),
    )
]
FIELDS: Final = {
    "municipality": {
        "label": {"fi": "Kunta", "sv": "Kommun", "en": "Municipality"},
        "choices": ["Hartola", "Joutsa", "Pertunmaa", "Sysmä"],
        "ask": True,
    },
    "since": {"label": {"fi": "Alkaen", "sv": "Från", "en": "Since"}, "type": "date", "ask": True},
}
AINO: Final = "aino@example.fi"
SAID: Final = {
    "fi": {
        "asked": "Tarkista sähköpostisi",
        "confirmed": "Tilauksesi on vahvistettu",
        "own page": "Omat tilaukset ja tiedot",
        "fault": "Virhe: Tilaa uutiskirje",
        "erased": "Tietosi on poistettu",
        "list": "Tapahtumat",
    },
    "sv": {
        "asked": "Kontrollera din e-post",
        "confirmed": "Din prenumeration är bekräftad",
        "own page": "Dina prenumerationer och uppgifter",
        "fault": "Fel: Prenumerera på nyhetsbrevet",
        "erased": "Dina uppgifter är raderade",
        "list": "Evenemang",
    },
    "en": {
        "asked": "Check your e-mail",
        "confirmed": "Your subscription is confirmed",
        "own page": "Your subscriptions and data",
        "fault": "Error: Subscribe to the newsletter",
        "erased": "Your data is erased",
        "list": "Events",
    },
}

pytestmark = pytest.mark.browser


@pytest.fixture
def base(tmp_path: Path, store: Store) -> Iterator[str]:
    workspace = make_workspace(
        tmp_path,
        public_url="http://127.0.0.1:8000",
        masthead={"wordmark": "Nelinvoimaa", "accent": "Nelin", "tagline": "Hartola · Joutsa"},
        lists=LISTS,
        fields=FIELDS,
        subscribe={
            "names": True,
            "check_domains": False,
            "minimum_seconds": 0,
            "per_network_hour": 1000,
        },
    )
    with running(workspace, store) as url:
        yield url


def link_to(store: Store, reader: int, kind: Literal["export", "erase", "address"]) -> str:
    known: Any = {"settings": make_settings(), "tokens": Tokens(KEYS), "now": datetime.now(UTC)}
    with store.begin() as connection:
        if kind == "address":
            requests.ask_change(
                connection, reader, f"uusi.{AINO}", **known, keys=KEYS, method="page"
            )
        else:
            requests.ask_link(connection, reader, kind, **known)
    return f"/confirm/{request_token(store)}"


def tab_to(page: "Page", selector: str) -> None:
    """Press Tab until something is focused, and see that each stop on the way shows it."""
    page.wait_for_load_state()  # with its style sheet: until that is there, the browser's own holds
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.count():
            style = focused.evaluate("item => getComputedStyle(item).outlineStyle")
            assert style == "solid", focused.evaluate("item => item.outerHTML")
        if page.locator(f"{selector}:focus").count():
            return
    pytest.fail(f"no way by keyboard to {selector}")


def heading(page: "Page", text: str) -> None:
    page.get_by_role("heading", level=1, name=text, exact=True).wait_for()


def open_context(browser: "Browser", language: str, **choices: Any) -> "BrowserContext":  # noqa: ANN401 - of the browser
    return browser.new_context(locale=LOCALES[language], **choices)


def fail_and_mend(page: "Page", base: str, fault: str) -> None:
    """Send the form in empty; the first Tab then leads to what is wrong, and its link there."""
    page.goto(f"{base}/subscribe")
    tab_to(page, "main form > button")
    page.keyboard.press("Enter")
    page.locator(".summary:focus").wait_for()
    assert page.title().startswith(fault)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#f-address")
    page.keyboard.type(AINO)
    assert page.locator("#f-address").input_value() == AINO


def fill_in(page: "Page") -> None:
    tab_to(page, "#f-list")
    page.keyboard.press("Space")
    tab_to(page, "#f-first_name")
    page.keyboard.type("Aino")
    tab_to(page, "#f-field-municipality")
    page.keyboard.type("Sys")
    tab_to(page, "main form > button")
    page.keyboard.press("Enter")


def save(page: "Page", act: str) -> str:
    """Press the button of a form, and read what is told."""
    tab_to(page, f"form:has([value='{act}']) button")
    page.keyboard.press("Enter")
    page.locator("[role='status']:focus").wait_for()
    return page.get_by_role("status").inner_text()


@pytest.mark.parametrize("language", list(SAID))
def test_a_reader_subscribes_confirms_and_chooses_by_keyboard_without_scripts(
    base: str, store: Store, browser: "Browser", language: str
) -> None:
    said = SAID[language]
    context = open_context(browser, language, java_script_enabled=False)
    page = context.new_page()

    fail_and_mend(page, base, said["fault"])
    fill_in(page)
    heading(page, said["asked"])
    assert replies_to(store, AINO) == ["confirm"]

    page.goto(f"{base}/confirm/{request_token(store)}")
    tab_to(page, "main button")
    page.keyboard.press("Enter")
    heading(page, said["confirmed"])
    with store.read() as connection:
        aino = connection.execute(select(subscribers)).one()
    assert (aino.address, aino.first_name, aino.language) == (AINO, "Aino", language)
    assert aino.fields == {"municipality": "Sysmä"}

    tab_to(page, "main section a")
    page.keyboard.press("Enter")
    heading(page, said["own page"])
    tab_to(page, "#f-list-2")
    page.keyboard.press("Space")
    assert said["list"] in save(page, "lists")
    assert state_of(store, aino.id, "tapahtumat") == "active"

    tab_to(page, "#f-period")
    page.keyboard.press("Space")
    save(page, "pause")
    assert state_of(store, aino.id) == "paused"

    save(page, "leave")
    assert state_of(store, aino.id) == state_of(store, aino.id, "tapahtumat") == "left"
    assert context.cookies() == []
    context.close()


@pytest.mark.parametrize("language", list(SAID))
def test_a_reader_fetches_and_erases_their_data_by_keyboard_without_scripts(
    base: str, store: Store, browser: "Browser", language: str
) -> None:
    reader = subscribe(store, AINO, language=language)
    context = open_context(browser, language, java_script_enabled=False)
    page = context.new_page()
    for act in ("export", "erase"):
        page.goto(f"{base}/preferences/{Tokens(KEYS).preferences(reader)}")
        tab_to(page, f"form:has([value='{act}']) button")
        page.keyboard.press("Enter")
        page.get_by_role("status").wait_for()
        page.goto(f"{base}/confirm/{request_token(store)}")
        tab_to(page, "main button")
        if act == "export":
            with page.expect_download() as fetched:
                page.keyboard.press("Enter")
            assert fetched.value.suggested_filename == "newsletter.json"
            assert AINO in Path(fetched.value.path()).read_text(encoding="utf-8")
        else:
            page.keyboard.press("Enter")
            heading(page, SAID[language]["erased"])
    context.close()


def test_a_form_on_another_site_leads_here_and_through(
    base: str, store: Store, browser: "Browser"
) -> None:
    context = open_context(browser, "fi", java_script_enabled=False)
    page = context.new_page()
    page.set_content(
        f'<form method="post" action="{base}/subscribe?language=fi"><input name="address">'
        '<input name="list" value="uutiskirje" type="hidden"><button>Tilaa</button></form>'
    )
    page.locator("[name=address]").fill(AINO)
    page.locator("button").click()
    heading(page, "Tarkista ja tilaa")
    assert replies_to(store, AINO) == []

    tab_to(page, "main button")
    page.keyboard.press("Enter")
    heading(page, SAID["fi"]["asked"])

    assert replies_to(store, AINO) == ["confirm"]
    context.close()


def look(page: "Page", language: str) -> list[str]:
    """List what is wrong with a page: axe's findings, and what axe does not measure."""
    wrong = violations(page)
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        wrong.append("it scrolls sideways")
    if page.locator("html").get_attribute("lang") != language:
        wrong.append("it speaks another language")
    if (page.locator("h1").count(), page.locator("main").count()) != (1, 1):
        wrong.append("it has not one heading and one main part")
    # A link within a sentence is exempt (WCAG 2.5.8); a label stands above its field.
    exempt = "main p, main p *, .control > label"
    wrong += too_small(page, "main a, button, summary, select, label", exempt=exempt)
    return [f"{page.url}: {text}" for text in wrong]


@pytest.mark.parametrize(
    ("screen", "language"),
    [
        ("wide", "fi"),
        ("narrow", "fi"),
        ("dark", "sv"),
        ("narrow", "sv"),
        ("dark", "en"),
        ("narrow", "en"),
    ],
)
def test_axe_finds_nothing_on_any_page_and_everything_fits(
    base: str, store: Store, browser: "Browser", screen: str, language: str
) -> None:
    context = open_context(browser, language, **SCREENS[screen])
    page = context.new_page()

    seen = [
        fault
        for path in _pages(base, page, store, language)
        for fault in ([] if path and not page.goto(base + path) else look(page, language))
    ]

    context.close()
    assert seen == []


def _pages(base: str, page: "Page", store: Store, language: str) -> Iterator[str]:
    """Lead the browser to one page after the other; an empty path: it is there already."""
    own = Tokens(KEYS).preferences
    aino = subscribe(store, AINO, language=language)
    yield "/subscribe"
    yield "/subscribe?list=tapahtumat"
    page.locator("summary").click()
    yield ""
    yield "/privacy"
    page.goto(f"{base}/subscribe")
    page.locator("main form > button").click()
    page.locator(".summary").wait_for()
    yield ""
    page.locator("#f-address").fill("uusi@example.fi")
    page.locator("#f-list").check()
    page.locator("main form > button").click()
    page.locator(".marked").wait_for()
    yield ""
    confirming = f"/confirm/{request_token(store)}"
    yield confirming
    page.locator("main button").click()
    page.locator("main section a").wait_for()
    yield ""
    page.set_content(
        f'<form method="post" action="{base}/subscribe"><input name="address" value="x@example.fi">'
        '<input name="list" value="uutiskirje"><button>x</button></form>'
    )
    page.locator("button").click()
    page.locator("dl").wait_for()
    yield ""
    yield link_to(store, aino, "export")
    yield link_to(store, aino, "erase")
    yield link_to(store, aino, "address")
    yield from _expired(page, store)
    yield from _own_pages(page, base, own(aino), store, language)
    suppressions.suppress(store, AINO, reason="bounce", now=datetime.now(UTC), keys=KEYS)
    yield f"/preferences/{own(aino)}"
    yield "/preferences/forged"


def _expired(page: "Page", store: Store) -> Iterator[str]:
    with store.begin() as connection:
        past = datetime.now(UTC) - timedelta(days=1)
        connection.execute(update(waiting).values(expires_at=past))
    yield f"/confirm/{request_token(store)}"
    page.locator("main button").click()
    page.locator("main form").wait_for(state="detached")
    yield ""


def _own_pages(page: "Page", base: str, own: str, store: Store, language: str) -> Iterator[str]:
    yield f"/preferences/{own}"
    page.locator("form:has([value='pause']) button").click()
    page.locator(".summary").wait_for()
    yield ""
    page.locator("#f-period").check()
    page.locator("form:has([value='pause']) button").click()
    page.get_by_role("status").wait_for()
    yield ""
    reader = subscribe(store, "leaver@example.fi", language=language)
    page.goto(f"{base}/u/{token(reader)}")
    yield ""
    for _ in range(2):
        page.locator("main button").click()
        page.wait_for_load_state()
        yield ""
