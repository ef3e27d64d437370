"""The tool's own words in the reader's language, from gettext catalogues (one .po file each).

The English text is the message id. A catalogue is read as it is, so that a translation needs no
build step; a missing translation falls back to English.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

from newsletter.i18n.locales import primary

LANGUAGES: Final = ("fi", "sv", "en")
"""Languages that have a catalogue in newsletter/locale; English is the message id itself."""

Localised = str | dict[str, str]
"""A text that is the same in every language, or one text per language."""


@cache
def _catalogue(language: str) -> Mapping[str, str]:
    from babel.messages.pofile import read_po  # noqa: PLC0415 - only pages and mails need it

    file = resources.files("newsletter") / "locale" / f"{language}.po"
    if not file.is_file():
        return {}
    with file.open("rb") as stream:
        catalogue = read_po(stream, locale=language)
    return {
        message.id: message.string
        for message in catalogue
        if isinstance(message.id, str) and isinstance(message.string, str) and message.string
    }


def translate(text: str, language: str, **values: object) -> str:
    """Say the English `text` in `language`, with `{name}` places filled from `values`."""
    translated = _catalogue(language).get(text, text)
    return translated.format(**values) if values else translated


def spoken(language: str) -> str:
    """Say in which language the tool speaks to a reader of `language`: theirs, else English."""
    return primary(language) if primary(language) in LANGUAGES else "en"


def pick(text: Localised, language: str, fallback: str) -> str:
    """Choose the text for `language`, else for `fallback`, else any."""
    if isinstance(text, str):
        return text
    return text.get(language) or text.get(fallback) or next(iter(text.values()), "")
