"""What is sent: size when encoded, characters, language; and how long it takes to check."""

import sys
from collections.abc import Callable
from typing import Final

import pytest

from newsletter import checks
from newsletter.errors import Level
from newsletter.issue.template import Slot
from newsletter.testing import make_settings, make_template
from newsletter.testing.issues import make_document
from tests.unit.checks.pages import SUBJECT, found_in, page, sound_edition

ROWS: Final = (
    '<table role="presentation" style="width:100%"><tr><td class="soft" style="padding:0px">'
    '<p style="margin:0px;color:#333333">Teksti</p></td></tr></table>'
)


def test_letters_that_grow_when_they_are_encoded_are_counted() -> None:
    [finding] = found_in(page(body="ä" * 17_000), "NL458")

    assert finding.level is Level.WARNING
    assert found_in(page(body="a" * 17_000), "") == []
    assert found_in(page(body="a" * 40_000), "") == []


@pytest.mark.parametrize("sign", ["\x92", "\x80", "\x9f", "\x00", "\x7f", "\u2028", "\u202e"])
@pytest.mark.parametrize("part", ["html", "text", "subject"])
def test_a_control_character_is_refused_in_every_part(part: str, sign: str) -> None:
    parts = {
        "html": page(body=f"Kunnan{sign}talo"),
        "text": make_template(f"Kunnan{sign}talo ", Slot("unsubscribe_url")),
        "subject": make_template(f"Kunnan{sign}talo"),
    }
    edition = sound_edition(**{part: parts[part]})

    found = checks.check(make_document(), [edition], make_settings())

    [finding] = [finding for finding in found if finding.rule == "NL459"]
    assert f"U+{ord(sign):04X}" in finding.message
    assert "Kunnan" in finding.message


def test_tabs_and_line_ends_are_no_control_characters() -> None:
    assert found_in(page(body="a\tb\r\nc\u00a0\u00ad"), "") == []


@pytest.mark.parametrize(("language", "known"), [("fi", True), ("et", False), ("so", False)])
def test_a_language_that_the_theme_does_not_speak_is_a_warning(language: str, known: bool) -> None:
    text = f"subject: {SUBJECT}\npreheader: A\nlanguage: {language}\nblocks:\n  - heading: A\n"
    root = f'lang="{language}" dir="ltr"'

    found = found_in(page(root=root, part=f"<div {root}>"), "NL457", text)

    assert [finding.place.line for finding in found] == ([] if known else [3])


def test_the_work_of_checking_grows_with_the_mail_and_no_faster() -> None:
    document, settings = make_document(), make_settings()

    def work(rows: int) -> int:
        edition = sound_edition(html=page(body=ROWS * rows))
        checks.check(document, [edition], settings)
        return _calls(lambda: checks.check(document, [edition], settings))

    assert work(100) < 2.1 * work(50)


def _calls(act: Callable[[], object]) -> int:
    """Count the calls of functions, which no busy machine makes more."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count
