"""Tables of data: which columns are numbers, how they fit on a phone, and as plain text."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import zip_longest
from typing import Final

from newsletter.issue.table import Table
from newsletter.render import fitting, plaintext

_NUMBER: Final = re.compile(
    r"[-+\u2212–±]?\s?[€$£]?\s?\d[\d\s.,:–/]*\s?(?:%|€|[^\W\d_]{1,3}\.?)?|[-–—]?"
)
_SYLLABLE: Final = re.compile(
    r"(?<=\w{3})(?=[bcdfghjklmnpqrstvwxzšž][aeiouyåäöæøéü]\w)", re.IGNORECASE
)
_NARROWEST: Final = 320 - 2 * 48
"""Pixels for text on a narrow phone that keeps no style sheet."""
_SIZE: Final = 16
"""Pixels of type where no style sheet makes it smaller."""
_HEADER_SIZE: Final = 14
_PADDING: Final = 12
"""Pixels between columns."""
_GAP: Final = "  "
"""Between the columns of plain text."""
_LEAST: Final = 8
"""Characters of a column that can be read."""


class Data:
    """What templates ask about a table."""

    def __init__(self, table: Table, room: int = _NARROWEST) -> None:
        self._table = table
        self._room = min(room, _NARROWEST)

    @cached_property
    def numeric(self) -> list[bool]:
        """Whether a column holds numbers, which stand at the right; never the first."""
        columns = list(zip(*self._table.rows, strict=True))
        return [False, *map(_is_numeric, columns[1:])]

    @cached_property
    def widths(self) -> list[int]:
        """Percents of the width for each column, where words must break; else empty."""
        needed = [
            self._needed(name, cells, numeric=numeric) + _PADDING
            for (name, *cells), numeric in zip(self._columns(), self.numeric, strict=True)
        ]
        room = self._room + _PADDING
        if sum(needed) <= room:
            return []
        shares = [round(100 * each / room) for each in _level(needed, room)]
        return [100 - sum(shares[1:]), *shares[1:]]

    def _needed(self, name: str, cells: Sequence[str], *, numeric: bool) -> float:
        """Estimate the pixels of a column in which no word is broken, and no number at a space."""
        texts = [cell.replace(" ", "\u00a0") for cell in cells] if numeric else cells
        return max(
            fitting.longest_word([name], _HEADER_SIZE, bold=True),
            fitting.longest_word(texts, _SIZE),
        )

    def broken(self, text: str) -> str:
        """Say where the words of a text may be broken, if they must (soft hyphens)."""
        return text if not self.widths else " ".join(map(_hyphenated, text.split(" ")))

    def _columns(self) -> Iterator[tuple[str, ...]]:
        return zip(self._table.header, *self._table.rows, strict=True)

    def text(self, width: int = plaintext.COLUMNS) -> str:
        """Write the table with its columns in line, or row by row when they are too wide."""
        widths = _shrink([_natural(cells) for cells in self._columns()], width)
        if not widths:
            return self._records(width)
        rule = _GAP.join("-" * each for each in widths)
        rows = [self._row(row, widths) for row in self._table.rows]
        # Rows of several lines need air between them to be told apart.
        between = "\n\n" if any("\n" in row for row in rows) else "\n"
        return "\n".join([self._row(self._table.header, widths), rule, between.join(rows)])

    def _row(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        wrapped = [
            plaintext.wrap(cell, each).split("\n") for cell, each in zip(cells, widths, strict=True)
        ]
        return "\n".join(
            _GAP.join(
                line.rjust(each) if right else line.ljust(each)
                for line, each, right in zip(lines, widths, self.numeric, strict=True)
            ).rstrip()
            for lines in zip_longest(*wrapped, fillvalue="")
        )

    def _records(self, width: int) -> str:
        """Write a row below its name, a line for each cell."""
        return "\n\n".join(
            "\n".join(
                plaintext.wrap(f"{name}: {cell}", width)
                for name, cell in zip(self._table.header, row, strict=True)
            )
            for row in self._table.rows
        )


def _level(needed: Sequence[float], room: float) -> list[float]:
    """Cut the widest columns to one width, so that all fit; the narrower keep their own."""
    most = left = room
    for count, each in zip(range(len(needed), 0, -1), sorted(needed), strict=True):
        most = left / count
        if each > most:
            break
        left -= each
    return [min(each, most) for each in needed]


def _hyphenated(word: str) -> str:
    """Put soft hyphens before a consonant and its vowel: right in Finnish, readable elsewhere.

    A personal field, which has digits in its token, stays whole.
    """
    return _SYLLABLE.sub("\u00ad", word) if word.isalpha() else word


def _is_numeric(cells: Sequence[str]) -> bool:
    return any(cells) and all(_NUMBER.fullmatch(cell) for cell in cells)


def _natural(cells: Sequence[str]) -> tuple[int, int]:
    """Give the characters of the longest word and of the longest cell."""
    longest = max(len(word) for cell in cells for word in cell.split(" "))
    return max(longest, 1), max(map(len, cells), default=1)


def _shrink(columns: Sequence[tuple[int, int]], room: int) -> list[int]:
    """Take from the widest column until all fit; nothing when some word would not."""
    widths = [whole for _, whole in columns]
    least = [max(word, min(whole, _LEAST)) for word, whole in columns]
    spaces = len(_GAP) * (len(columns) - 1)
    while sum(widths) + spaces > room:
        spare = [each - low for each, low in zip(widths, least, strict=True)]
        if not any(spare):
            return []
        widest = max(range(len(widths)), key=lambda at: (spare[at] > 0, widths[at]))
        widths[widest] -= 1
    return widths
