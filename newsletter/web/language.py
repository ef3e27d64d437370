"""Which language a page speaks: one that has a catalogue, the reader's own if possible."""

import re
from collections.abc import Mapping
from typing import Final

from newsletter.i18n import LANGUAGES

PARAMETER: Final = "language"
"""`?language=sv` wins over what the browser wishes: it is what a reader chose on the page."""

_LONGEST: Final = 200
"""Characters of Accept-Language that are read; browsers send fewer."""

_RANGE: Final = re.compile(
    r"\s*([A-Za-z]{2,8})(?:-[A-Za-z0-9-]+)?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?"
)


def spoken(*wishes: str) -> str:
    """Choose the first of the wishes that has a catalogue, else English."""
    return next((wish for wish in wishes if wish in LANGUAGES), "en")


def accepted(header: str, fallback: str) -> str:
    """Choose by an Accept-Language field (RFC 9110 §12.5.4), else the fallback."""
    wishes: list[tuple[float, str]] = []
    for item in header[:_LONGEST].split(","):
        if match := _RANGE.fullmatch(item):
            quality = float(match[2] or 1)
            wishes.append((quality, match[1].lower()))
    wishes.sort(key=lambda wish: -wish[0])
    return spoken(*(language for quality, language in wishes if quality > 0), fallback)


def asked(query: Mapping[str, str]) -> str:
    """Give the language that the address asks for; empty without any that has a catalogue."""
    wish = query.get(PARAMETER, "")
    return wish if wish in LANGUAGES else ""
