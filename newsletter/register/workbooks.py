"""Workbooks (.xlsx, .xls, .ods) read as sheets: by their content, whatever the file is called."""

import json
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from newsletter.errors import Finding, InputError, Level, Place, near
from newsletter.register.reports import refuse
from newsletter.register.sheets import SheetRow

LARGEST: Final = 2 << 30
"""Bytes that a workbook may unpack to: a million rows are some 300 million."""

_READER: Final = Path(__file__).with_name("unpacking.py")
_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_AS_CSV: Final = "save the sheet as “CSV UTF-8” and import that file"


def is_one(path: Path) -> bool:
    """Tell a workbook from a CSV file by how it begins; raises InputError where it cannot."""
    if path.exists() and not path.is_file():  # a pipe would give what it holds only once
        raise InputError(f"cannot read {path}: it is no file", hint="save it as a file first")
    try:
        with path.open("rb") as stream:
            start = stream.read(len(_OLE))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    return start.startswith((_ZIP, _OLE))


@dataclass(frozen=True, slots=True, order=True)
class Cell(Place):
    """A place in a workbook: line and column are those of a cell."""

    sheet: str = ""

    def __str__(self) -> str:
        """Name the cell as Excel does."""
        return f"{self.file}, sheet “{self.sheet}”, {letters(self.column)}{self.line}"

    def excerpt(self, width: int = 100) -> str:  # noqa: ARG002 - as in Place
        """Show nothing: a cell is found by its name."""
        return ""


def letters(column: int) -> str:
    """Name a column as Excel does: 1 is A, 27 is AA."""
    named = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        named = chr(ord("A") + rest) + named
    return named


class BookSheet:
    """One sheet of a workbook; see sheets.Sheet."""

    def __init__(self, file: str, name: str, others: list[str], rows: Iterator[SheetRow]) -> None:
        self.file = file
        self.name = name
        self._rows = rows
        header = next(rows, None)
        if header is None:
            refuse(self.at(1, 1), "the sheet is empty", "its first row names the columns")
        self.header = header
        self.remarks = self._remarks(others)

    def rows(self) -> Iterator[SheetRow]:
        """Give every row with something in it, in order."""
        return self._rows

    def position(self, row: SheetRow, index: int) -> tuple[int, int]:
        """Find a cell: row and column, from 1."""
        return row.line, index + 1

    def at(self, line: int, column: int) -> Place:
        """Name a place."""
        return Cell(self.file, line, column, sheet=self.name)

    def place(self, row: SheetRow, index: int = 0) -> Place:
        """Name the place of a cell."""
        return self.at(*self.position(row, index))

    def _remarks(self, others: list[str]) -> tuple[Finding, ...]:
        if not others:
            return ()
        named = ", ".join(f"“{other}”" for other in others)
        message = f"only this sheet is read, not {named}"
        return (Finding("import", Level.WARNING, self.at(1, 1), message, "another one: --sheet"),)


@contextmanager
def opened(path: Path, *, sheet: str = "") -> Iterator[BookSheet]:
    """Open one sheet of a workbook, the first by default, and read its header row.

    Raises InputError for a sheet that is not there, FindingsError for a workbook that cannot be
    read: broken, locked by a password, too large.
    """
    _refuse_bomb(path)
    # By path and isolated: it must not load the register, and nothing from the current folder.
    command = [sys.executable, "-I", str(_READER), str(path), sheet]
    with subprocess.Popen(  # noqa: S603 - our own program, no shell
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for us: what has been read is no broken file
        encoding="utf-8",
    ) as child:
        try:
            yield _sheet(path, sheet, child)
        finally:
            child.kill()


def _refuse_bomb(path: Path) -> None:
    """Refuse what would unpack to more than anybody's register, before anything is unpacked."""
    if not zipfile.is_zipfile(path):
        return  # .xls, or broken: its reader says so
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(item.file_size for item in packed.infolist())
    except zipfile.BadZipFile:
        _refuse_broken(Place(str(path)))
    if size > LARGEST:
        refuse(Place(str(path)), f"the workbook unpacks to {size / 1e9:,.0f} GB", _AS_CSV)


def _sheet(path: Path, wanted: str, child: subprocess.Popen[str]) -> BookSheet:
    assert child.stdout is not None
    said = (json.loads(line) for line in child.stdout)
    first = next(said, None)
    if first is None:
        _refuse_end(path, child)
    if "fault" in first:
        _refuse_fault(path, wanted, first)
    rows = _rows(path, said, child)
    return BookSheet(str(path), first["sheet"], first["others"], rows)


def _rows(path: Path, said: Iterator[Any], child: subprocess.Popen[str]) -> Iterator[SheetRow]:
    for line in said:
        if isinstance(line, dict):
            _refuse_fault(path, "", line)
        number, cells = line
        if "".join(cells).strip():
            yield SheetRow(number, cells)
    if child.wait():
        _refuse_end(path, child)


def _refuse_fault(path: Path, wanted: str, told: dict[str, Any]) -> NoReturn:
    place = Place(str(path))
    match told["fault"]:
        case "sheet" if wanted:
            raise InputError(
                f"no sheet named {wanted!r} in {path}", hint=near(wanted, told["sheets"])
            )
        case "sheet":
            refuse(place, "the workbook has no sheet with cells")
        case "password":
            hint = "open it, save a copy without a password, import that, then delete the copy"
            refuse(place, "the workbook is locked by a password", hint)
        case "large":
            _refuse_large(place)
    _refuse_broken(place)


def _refuse_end(path: Path, child: subprocess.Popen[str]) -> NoReturn:
    """Say why the reader ended without a word: it was out of memory or time, or it broke."""
    with suppress(subprocess.TimeoutExpired):
        child.wait(10)
    if child.returncode in {-signal.SIGABRT, -signal.SIGKILL, -signal.SIGXCPU}:
        _refuse_large(Place(str(path)))
    _refuse_broken(Place(str(path)))


def _refuse_broken(place: Place) -> NoReturn:
    refuse(
        place,
        "the file begins as a workbook does, but cannot be read: damaged, locked or something else",
        "open it in Excel or LibreOffice; if that works, " + _AS_CSV,
    )


def _refuse_large(place: Place) -> NoReturn:
    refuse(
        place,
        "the sheet is too large to be read",
        "perhaps something stands far down or far to the right of the rows (Ctrl-End leads "
        "there): delete it, or " + _AS_CSV,
    )
