"""CSV files as people's programs write them, read row by row with the place of every cell.

UTF-8 with or without a mark; semicolon, comma or tab; quoted cells may hold line breaks. A fault
that leaves the rows themselves in doubt refuses the file.
"""

import codecs
import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

from newsletter.errors import Finding, FindingsError, InputError, Level, Place

LONGEST_LINE: Final = 1_000_000
"""Bytes; a longer line is no CSV, and would fill the memory."""

_DELIMITERS: Final = ";,\t"
_UTF8_HINT: Final = (
    "save it as UTF-8: in Excel “Save as… CSV UTF-8”, in LibreOffice “Character set: Unicode "
    "(UTF-8)”; or run: iconv -f CP1252 -t UTF-8 OLD.csv > NEW.csv"
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """An open file behind its header row."""

    file: str
    delimiter: str
    header: "SheetRow"
    rows: Iterator["SheetRow"]
    """Every row with something in it, in order; to be read once."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row: its cells, and the text that they stand in."""

    file: str
    line: int
    """Where the row starts."""
    cells: list[str]
    text: str
    delimiter: str
    fault: str = ""
    """Why there are no cells."""

    def place(self, index: int = 0, *, shown: bool = True) -> Place:
        """Find where a cell starts; `shown` gives the line's text for the excerpt."""
        position = self._position(index)
        before = self.text[:position]
        start = before.rfind("\n") + 1
        source = self.text[start:].splitlines()[0] if shown and self.text[start:] else ""
        return Place(self.file, self.line + before.count("\n"), position - start + 1, source)

    def _position(self, index: int) -> int:
        passed, quoted = 0, False
        for position, char in enumerate(self.text):
            if passed == index:
                return position
            if char == '"':
                quoted = not quoted
            elif char == self.delimiter and not quoted:
                passed += 1
        return len(self.text.rstrip("\r\n"))


@contextmanager
def opened(path: Path) -> Iterator[Sheet]:
    """Open a CSV file and read its header row.

    Raises InputError for a file that cannot be read, FindingsError where it is no CSV in UTF-8.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    with stream:
        yield _sheet(str(path), stream)


def _sheet(file: str, stream: BinaryIO) -> Sheet:
    lines = _Lines(file, stream)
    first = next(lines, "")
    delimiter = _delimiter(first)
    rows = _rows(_Lines(file, stream, waiting=first), delimiter)
    header = next(rows, None)
    if header is None:
        _refuse(Place(file), "the file is empty", "its first row names the columns")
    if header.fault:
        _refuse(header.place(), header.fault, "check the quotes of the first row")
    return Sheet(file, delimiter, header, rows)


def _delimiter(header: str) -> str:
    bare = re.sub(r'"[^"]*"', "", header)
    return max(_DELIMITERS, key=bare.count)


class _Lines(Iterator[str]):
    """The lines of a stream as text; `taken` are those since it was last emptied."""

    def __init__(self, file: str, stream: BinaryIO, *, waiting: str = "") -> None:
        self.file = file
        self.number = 0
        self.taken: list[str] = []
        self._stream = stream
        self._waiting = waiting

    def __next__(self) -> str:
        line = self._waiting or self._read()
        self._waiting = ""
        if not line:
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        return line

    def _read(self) -> str:
        raw = self._stream.readline(LONGEST_LINE)
        here = self.number + 1
        if len(raw) == LONGEST_LINE:
            _refuse(Place(self.file, here), "a line of a million bytes is no CSV")
        if here == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
            _refuse_other_kinds(self.file, raw)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            self._refuse_encoding(raw, error, here)

    def _refuse_encoding(self, raw: bytes, error: UnicodeDecodeError, line: int) -> NoReturn:
        column = len(raw[: error.start].decode("utf-8")) + 1
        # What most such files are in: it shows the letter that is meant.
        guessed = raw.decode("cp1252", errors="replace")
        source = guessed.rstrip("\r\n")
        place = Place(self.file, line, column, source)
        _refuse(place, f"the file is not UTF-8 (byte 0x{raw[error.start]:02x})", _UTF8_HINT)


def _refuse_other_kinds(file: str, raw: bytes) -> None:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        _refuse(Place(file, 1), "the file is UTF-16, not UTF-8", _UTF8_HINT)
    if raw.startswith(b"PK\x03\x04"):
        _refuse(Place(file, 1), "the file is a workbook, not CSV", _UTF8_HINT)


def _rows(lines: _Lines, delimiter: str) -> Iterator[SheetRow]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.taken.clear()
        start = lines.number + 1
        cells, fault = [], ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fault = _fault(str(error), lines, start)
        if fault or any(cell.strip() for cell in cells):
            yield SheetRow(lines.file, start, cells, "".join(lines.taken), delimiter, fault)


def _fault(error: str, lines: _Lines, start: int) -> str:
    """Say what is wrong with a row; where it may have swallowed others, refuse the file."""
    if "unexpected end" in error or "field larger" in error:
        source = lines.taken[0].rstrip("\r\n") if lines.taken else ""
        _refuse(
            Place(lines.file, start, 1, source),
            "a quote is opened in this row and never closed",
            'close it, or write a quote inside a cell twice: ""',
        )
    if "new-line character" in error:
        return "the row has a carriage return that ends no line"
    rows = f"lines {start} to {lines.number}" if lines.number > start else "this row"
    return f"the quotes in {rows} do not match"


def _refuse(place: Place, message: str, hint: str = "") -> NoReturn:
    raise FindingsError([Finding("import", Level.ERROR, place, message, hint)])
