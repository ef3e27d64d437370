"""What Babel knows of a language tag; Babel is imported where it is needed, to start fast."""

from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from babel import Locale

_ENGLISH: Final = "en_GB"
"""English as Europe writes it: the day before the month, 24 hours."""
_RIGHT_TO_LEFT: Final = frozenset(
    ["Adlm", "Arab", "Aran", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa", "Yezi"]
)
"""Living scripts that run from right to left (ISO 15924; Unicode's bidirectional classes)."""
_SCRIPT_LETTERS: Final = 4


def primary(language: str) -> str:
    """Give the language of a tag such as sv-FI."""
    return language.partition("-")[0].lower()


@cache
def locale(language: str) -> "Locale":
    """Find what Babel knows of a language tag; English for one that it does not know."""
    from babel import Locale, UnknownLocaleError  # noqa: PLC0415 - start-up time

    if primary(language) == "en":
        return Locale.parse(_ENGLISH)
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(_ENGLISH)


@cache
def direction(language: str) -> str:
    """Say in which direction a language is written, as HTML's dir: ltr or rtl.

    By the tag's script, or the one that the language is most often written in (CLDR).
    """
    from babel.core import get_global  # noqa: PLC0415 - start-up time

    own = [part.title() for part in language.split("-")[1:] if len(part) == _SCRIPT_LETTERS]
    likely = get_global("likely_subtags").get(primary(language), "")
    script = next(iter([*own, *likely.split("_")[1:2]]), "")
    return "rtl" if script in _RIGHT_TO_LEFT else "ltr"
