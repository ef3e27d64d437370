"""Will it fit on a phone? How wide words are in the theme's type, near enough to choose by.

Widths are those of Helvetica (Adobe's font metrics), in ems; bold letters are wider.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from newsletter.issue.values import Fact

Fit = Literal["", "tight", "stack"]
"""Side by side on every phone, on those from 360 px on, or on none."""

_WIDTHS: Final = {
    "ijl'": 0.23, "ft.,:;/|! ": 0.28, "r-()[]": 0.34, "ckvxyzsJ": 0.5, "w": 0.73, "mM": 0.84,
    "%@W—": 0.95,
}  # fmt: skip
_CAPITAL: Final = 0.72
_OTHER: Final = 0.56
_BOLD: Final = 1.12
_DOUBT: Final = 1.03
"""The reader's font may be this much wider than ours."""
_WIDE_LETTERS: Final = 1.0
"""Of scripts without capitals, such as Chinese."""

_NARROWEST: Final = 320 - 2 * 24
_USUAL: Final = 360 - 2 * 24
"""Pixels for text on phones, inside the theme's padding of 24."""
_FACT_PADDING: Final = 10 + 6
_VALUE: Final = 26
_LABEL: Final = 14
"""Sizes of type, in pixels, as they are on a phone."""
_FOUR: Final = 4


def width(text: str, size: int, *, bold: bool = False) -> float:
    """Estimate how many pixels a text takes on one line."""
    ems = sum(map(_em, text))
    return ems * size * _DOUBT * (_BOLD if bold else 1)


def longest_word(texts: Iterable[str], size: int, *, bold: bool = False) -> float:
    """Estimate how many pixels the longest word takes: what a column needs at least."""
    words = (word for text in texts for word in text.split(" "))
    return max((width(word, size, bold=bold) for word in words), default=0.0)


def facts(items: Sequence[Fact]) -> Fit:
    """Say whether key figures fit beside each other; four stand two by two."""
    across = 2 if len(items) == _FOUR else len(items)
    needed = max(_needed(item) for item in items) + _FACT_PADDING
    if needed <= _NARROWEST / across:
        return ""
    return "tight" if needed <= _USUAL / across else "stack"


def _needed(fact: Fact) -> float:
    """Give the pixels for a figure, which is never broken, and its label, which is at spaces."""
    return max(width(fact.value, _VALUE, bold=True), longest_word([fact.label], _LABEL))


def _em(letter: str) -> float:
    for letters, em in _WIDTHS.items():
        if letter in letters:
            return em
    if letter.isupper():
        return _CAPITAL
    return _OTHER if letter < "\u0590" else _WIDE_LETTERS
