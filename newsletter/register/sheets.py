"""Sheets: rows of cells with their places. CSV files are read here, workbooks in `workbooks`.

CSV as people's programs write it: UTF-8 with or without a mark, or cp1252 when told; semicolon,
comma or tab; quoted cells may hold line breaks. A fault that leaves the rows themselves in doubt
refuses the file.
"""

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from newsletter.errors import Finding, InputError, Place
from newsletter.register.lines import Encoding, Lines, refuse_open
from newsletter.register.reports import refuse

_DELIMITERS: Final = ";,\t"


class SheetRow(NamedTuple):
    """One row: where it starts, its cells, and in a CSV file the text that they stand in."""

    line: int
    cells: list[str]
    text: str = ""
    fault: str = ""
    """Why there are no cells."""


class Sheet(Protocol):
    """An open file behind its header row."""

    file: str
    header: SheetRow
    remarks: tuple[Finding, ...]
    """What a person should know of the file itself."""

    def rows(self) -> Iterator[SheetRow]:
        """Give every row with something in it, in order; to be called once."""

    def position(self, row: SheetRow, index: int) -> tuple[int, int]:
        """Find where a cell starts: line and column, from 1."""

    def at(self, line: int, column: int) -> Place:
        """Name a place without the text that stands there."""

    def place(self, row: SheetRow, index: int = 0) -> Place:
        """Name the place of a cell, with the text around it for an excerpt."""


class CSVSheet:
    """A CSV file; see Sheet."""

    def __init__(self, lines: "Lines", delimiter: str) -> None:
        self.file = lines.file
        self.delimiter = delimiter
        self.remarks: tuple[Finding, ...] = ()
        self._rows = _rows(lines, delimiter)
        header = next(self._rows, None)
        if header is None:
            refuse(Place(self.file), "the file is empty", "its first row names the columns")
        self.header = header
        if header.fault:
            refuse(self.place(header), header.fault, "check the quotes of the first row")

    def rows(self) -> Iterator[SheetRow]:
        """Give every row with something in it, in order."""
        return self._rows

    def position(self, row: SheetRow, index: int) -> tuple[int, int]:
        """Find where a cell starts, which may be lines below the row's first."""
        if not index:
            return row.line, 1
        if '"' not in row.text and index < len(row.cells):
            return row.line, 1 + sum(map(len, row.cells[:index])) + index
        before = row.text[: self._offset(row.text, index)]
        return row.line + before.count("\n"), len(before) - before.rfind("\n")

    def at(self, line: int, column: int) -> Place:
        """Name a place without the text that stands there."""
        return Place(self.file, line, column)

    def place(self, row: SheetRow, index: int = 0) -> Place:
        """Name the place of a cell, with its line."""
        line, column = self.position(row, index)
        lines = row.text.split("\n")
        source = lines[min(line - row.line, len(lines) - 1)].rstrip("\r")
        return Place(self.file, line, column, source)

    def _offset(self, text: str, index: int) -> int:
        passed, quoted = 0, False
        for offset, char in enumerate(text):
            if passed == index:
                return offset
            if char == '"':
                quoted = not quoted
            elif char == self.delimiter and not quoted:
                passed += 1
        return len(text.rstrip("\r\n"))


@contextmanager
def opened(path: Path, *, encoding: Encoding = "utf-8") -> Iterator[CSVSheet]:
    """Open a CSV file and read its header row.

    Raises InputError for a file that cannot be read, FindingsError where it is no such CSV.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    with stream:
        first = next(iter(Lines(str(path), stream, encoding)), "")
        stream.seek(0)
        yield CSVSheet(Lines(str(path), stream, encoding), _delimiter(first))


def _delimiter(header: str) -> str:
    bare = re.sub(r'"[^"]*"', "", header)
    return max(_DELIMITERS, key=bare.count)


def _rows(lines: Lines, delimiter: str) -> Iterator[SheetRow]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        start = lines.row = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fault = _fault(str(error), lines, start, reader.line_num)
            yield SheetRow(start, [], lines.between(start, reader.line_num), fault)
            continue
        if "".join(cells).strip():
            yield SheetRow(start, cells, lines.between(start, reader.line_num))


def _fault(error: str, lines: Lines, first: int, last: int) -> str:
    """Say what is wrong with a row; where it may have swallowed others, refuse the file."""
    if "unexpected end" in error or "field larger" in error:
        refuse_open(lines.file, first, lines.between(first, first))
    if "new-line character" in error:
        return "the row has a carriage return that ends no line"
    rows = f"lines {first} to {last}" if last > first else "this row"
    return f"the quotes in {rows} do not match"
