import re
from importlib import resources

import pytest
from babel.messages.pofile import read_po

from newsletter.i18n import LANGUAGES, pick, translate


def catalogue(language: str) -> dict[str, str]:
    file = resources.files("newsletter") / "locale" / f"{language}.po"
    with file.open("rb") as stream:
        return {str(message.id): str(message.string) for message in read_po(stream) if message.id}


def test_every_language_says_everything() -> None:
    finnish, swedish = catalogue("fi"), catalogue("sv")

    assert set(finnish) == set(swedish)
    assert all(finnish.values())
    assert all(swedish.values())


@pytest.mark.parametrize("language", ["fi", "sv"])
def test_translations_keep_the_places_of_their_text(language: str) -> None:

    for text, translation in catalogue(language).items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", translation)), text


def test_an_untranslated_text_stays_english() -> None:
    assert translate("no such text {name}", "fi", name="x") == "no such text x"
    assert translate("no such text", "xx") == "no such text"


def test_english_is_the_message_itself() -> None:
    assert "en" in LANGUAGES
    assert not any(translation for translation in catalogue("en").values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("same", "same"),
        ({"fi": "suomi", "sv": "svenska"}, "svenska"),
        ({"fi": "suomi"}, "suomi"),
        ({"en": "English"}, "English"),
        ({}, ""),
    ],
)
def test_a_localised_text_falls_back(text: str | dict[str, str], expected: str) -> None:
    assert pick(text, "sv", "fi") == expected
