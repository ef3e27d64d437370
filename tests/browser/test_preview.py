"""The preview in a real browser: saves show at once, by keyboard too, nothing from outside."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from newsletter import previewing, workspace
from newsletter.desk.personas import Persona
from newsletter.previewing import Table
from newsletter.previewing.looking import Match
from newsletter.workspace import Workspace
from tests.browser.looking import SCREENS, troubles_of, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FrameLocator, Page

pytestmark = pytest.mark.browser

HEADING: Final = "Kirje, joka toimii jokaisessa postilaatikossa"
TINT: Final = "rgb(24, 36, 42)"
"""The card of the theme by night."""


PEOPLE: Final = [Match(f"aino{number}@example.fi", f"Aino Mäki{number}") for number in range(12)]


def finder(_workspace: Workspace, text: str, most: int) -> tuple[list[Match], int]:
    """Know twelve people."""
    found = [one for one in PEOPLE if text in one.address or text in one.name]
    return found[:most], len(found)


def subscriber(_workspace: Workspace, address: str) -> Persona:
    """Know them by their first names."""
    name = next(one.name for one in PEOPLE if one.address == address)
    return Persona(f"fi: {name}", "fi", {"first_name": name, "language": "fi"})


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("preview") / "kirje"
    workspace.create(folder)
    return folder


@pytest.fixture(scope="module")
def url(root: Path) -> Iterator[str]:
    with previewing.running(Table(root, subscriber=subscriber, finder=finder)) as started:
        yield started


@pytest.fixture(scope="module")
def window(browser: "Browser") -> "Iterator[Page]":
    opened = browser.new_page(viewport={"width": 1600, "height": 900})
    yield opened
    opened.close()


@pytest.fixture
def page(window: "Page", url: str) -> "Page":
    window.goto(f"{url}esittely")
    window.wait_for_selector("body[data-painted]")
    return window


@pytest.fixture
def issue(root: Path) -> Iterator[Path]:
    """Give the Finnish file; what a test makes of it is undone."""
    file = root / "issues" / "esittely.fi.yaml"
    text = file.read_text(encoding="utf-8")
    yield file
    file.write_text(text, encoding="utf-8")


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def letter(page: "Page", which: str = "wide") -> "FrameLocator":
    return page.frame_locator(f"#{which} iframe")


def test_a_save_shows_at_once_and_nothing_moves(
    page: "Page", issue: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page.wait_for_selector("#findings .good")  # whoever writes has read what was found before
    page.evaluate("scrollTo(0, 1500)")
    number = page.get_attribute("body", "data-number")
    began = time.time()
    change(issue, HEADING, "Kirje juuri nyt")
    page.wait_for_selector(f'body:not([data-number="{number}"])', state="attached")
    took = float(page.get_attribute("body", "data-painted") or 0) - 1000 * began

    assert letter(page).locator("h1").inner_text() == "Kirje juuri nyt"
    assert letter(page, "phone").locator("h1").inner_text() == "Kirje juuri nyt"
    assert page.evaluate("scrollY") == 1500
    with capsys.disabled():
        sys.stdout.write(f"\nsave → painted: {took:.0f} ms\n")
    assert 0 < took < 10_000  # only that it is measured: a busy machine is slow, not wrong


def test_a_fault_stands_over_the_last_good_letter(page: "Page", issue: Path) -> None:
    change(issue, "  - heading:\n", "  - headin:\n")
    fault = page.wait_for_selector("[role=alert] .fault")

    assert fault is not None
    assert "issues/esittely.fi.yaml:12:5" in fault.inner_text()
    assert "12 |   - headin:" in fault.inner_text()
    assert letter(page).locator("h1").inner_text() == HEADING
    assert violations(page) == []
    change(issue, "  - headin:\n", "  - heading:\n")
    page.wait_for_selector(".fault", state="detached")
    change(issue, "  - heading:\n", "  - headin:\n")
    page.wait_for_selector("[role=alert] .fault")


def test_an_issue_begun_meanwhile_can_be_chosen(page: "Page", issue: Path) -> None:
    begun = issue.with_name("uusi.fi.yaml")
    begun.write_text(issue.read_text(encoding="utf-8"), encoding="utf-8")
    try:
        page.wait_for_selector("#issue option:text('uusi')", state="attached")
        assert page.input_value("#issue") == "esittely"
    finally:
        begun.unlink()
    page.wait_for_selector("#issue option:text('uusi')", state="detached")


def test_findings_open_to_the_line_they_are_about(page: "Page", issue: Path) -> None:
    change(issue, "[linkin Nelinvoimaan sivuille]", "[tästä]")
    page.locator("#findings summary", has_text="tästä").focus()
    page.keyboard.press("Enter")

    assert "issues/esittely.fi.yaml:36:8" in page.inner_text("#findings")
    assert "36 |       [tästä](https:" in page.inner_text("#findings pre")


def test_all_is_done_by_keyboard(page: "Page") -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "view-text"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.get_by_text("Hei Aino! Tässä kirjeessä").wait_for()
    page.keyboard.press("End")
    page.get_by_text("<mjml").wait_for()
    page.keyboard.press("ArrowLeft")
    page.get_by_text("<!doctype html>").wait_for()
    page.keyboard.press("Home")
    assert letter(page).locator("h1").inner_text() == HEADING

    page.focus("#language-fi")
    page.keyboard.press("ArrowRight")
    letter(page).get_by_text("Hej Åsa!").wait_for()


def test_the_letter_is_shown_as_mail_programs_do(page: "Page") -> None:
    card = letter(page).locator(".card").first
    assert card.evaluate("one => getComputedStyle(one).backgroundColor") != TINT
    page.check("[name=dark]")
    assert card.evaluate("one => getComputedStyle(one).backgroundColor") == TINT
    page.check("[name=bare]")
    assert letter(page).locator("img[src]").count() == 0
    page.check("[name=stripped]")
    letter(page).locator("body:not(:has([class]))").wait_for()
    assert letter(page).locator("style").count() == 0
    assert page.locator("#phone iframe").evaluate("one => one.contentWindow.innerWidth") == 375


def test_readers_get_what_is_theirs(page: "Page") -> None:
    page.fill("#address", "nobody@example.fi")
    page.keyboard.press("Enter")
    page.get_by_text("Rekisterissä ei ole ketään sellaista.").wait_for()
    shown = page.inner_text("#variants")
    page.select_option("#reader", label="Ei tiedetä mitään")
    letter(page).get_by_text("Hei hyvä lukija!").wait_for()
    page.click("#variants summary")
    assert "2 erilaista kirjettä" in shown
    assert "issues/esittely.fi.yaml:" in page.inner_text("#variants .current")

    page.select_option("#issue", "loppuraportti")
    page.get_by_text("Kaikki tämän kielen lukijat saavat saman kirjeen.").wait_for()
    assert "kaksi vuotta uudenlaista koulutusta" in letter(page).locator("body").inner_text()
    assert page.url.endswith("/loppuraportti")


def test_a_person_is_found_by_a_part_of_the_name(page: "Page") -> None:
    page.focus("#address")
    page.keyboard.type("Mäki")
    page.keyboard.press("Enter")
    page.get_by_text("Löytyi 12; ensimmäiset 10:").wait_for()
    assert page.locator("#people button").count() == 10
    assert violations(page) == []

    for key in ("Tab", "Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    letter(page).get_by_text("Hei Aino Mäki1!").wait_for()
    assert page.inner_text("#people [aria-pressed=true]") == "Aino Mäki1\naino1@example.fi"

    page.fill("#address", "aino7@")
    page.keyboard.press("Enter")
    letter(page).get_by_text("Hei Aino Mäki7!").wait_for()
    page.select_option("#reader", label="Ei tiedetä mitään")
    letter(page).get_by_text("Hei hyvä lukija!").wait_for()
    assert page.locator("#people [aria-pressed=true]").count() == 0


@pytest.mark.parametrize("screen", SCREENS)
def test_the_tools_own_pages_are_for_everybody(browser: "Browser", url: str, screen: str) -> None:
    page = browser.new_page(**SCREENS[screen])
    troubles, asked = troubles_of(page), []
    page.on("request", lambda request: asked.append(request.url))
    for name in ("", "loppuraportti"):
        page.goto(url + name)
        if name:
            page.wait_for_selector("body[data-painted]")
            page.wait_for_selector("#findings :is(.good, .findings)")

        assert violations(page) == []
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
    assert troubles == []
    assert [address for address in asked if not address.startswith(url)] == []
    page.close()
