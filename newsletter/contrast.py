"""How well one colour can be told from another, and which pairs of the theme must be.

The theme's templates use the colours of a palette in these pairs only; a template that puts text
on another ground adds its pair here.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

TEXT: Final = 4.5
"""The least contrast of text (WCAG 2.2, 1.4.3, level AA)."""
LARGE_TEXT: Final = 3.0
"""The least contrast of text of 24 px, or of 18.66 px in bold (same)."""
EDGE: Final = 3.0
"""The least contrast of what is no text but must be seen (WCAG 2.2, 1.4.11, level AA)."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A colour of the palette on another one, and what for."""

    front: str
    back: str
    use: str
    least: float = TEXT


PAIRS: Final = (
    Pair("ink", "card", "text"),
    Pair("ink", "paper", "links of the footer"),
    Pair("ink", "tint", "text in boxes"),
    Pair("soft", "card", "captions"),
    Pair("soft", "paper", "the footer"),
    Pair("accent", "card", "links"),
    Pair("accent", "tint", "links in boxes"),
    Pair("on_accent", "accent", "buttons"),
    Pair("soft", "tint", "quiet text in boxes"),
    Pair("berry", "tint", "the word of a warning"),
)


@lru_cache(maxsize=256)  # a mail has some ten colours on a thousand texts
def luminance(colour: str) -> float:
    """Give the relative luminance of a colour #rrggbb, from 0 to 1 (WCAG 2.2, definitions)."""
    red, green, blue = (_linear(int(colour[start : start + 2], 16) / 255) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: str, other: str) -> float:
    """Give the contrast ratio of two colours #rrggbb, from 1 to 21 (WCAG 2.2, definitions)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def shortfalls(colours: Mapping[str, str]) -> Iterator[str]:
    """Name each pair of a palette that is hard to read, with its contrast and what is needed."""
    for pair in PAIRS:
        found = ratio(colours[pair.front], colours[pair.back])
        if found < pair.least:
            yield (
                f"{pair.front} on {pair.back} ({pair.use}) has a contrast of {shown(found)}:1, "
                f"{pair.least:g}:1 is needed"
            )


def shown(found: float) -> str:
    """Write a ratio cut to two digits, so that it never looks better than it is."""
    return f"{math.floor(found * 100) / 100:g}"


def _linear(channel: float) -> float:
    # The limit of the sRGB standard; WCAG's older 0.03928 gives the same for 8-bit colours.
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - same
