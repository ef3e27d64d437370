"""One sheet of a workbook as lines of JSON: run by path, as a process of its own.

The reader holds a sheet whole in memory, empty middle and all, and ends its process when there is
not enough: one stray cell in the last column of the last row asks for 500 gigabytes. So it runs
where that harms nobody, within limits. Nothing of ours is imported: it starts fast.
"""

import json
import resource
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NoReturn

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

MEMORY: Final = 3 << 30
"""Bytes of address space: a full sheet of a million rows and a dozen columns fits."""
SECONDS: Final = 300
"""Of CPU time."""


def main(path: str, wanted: str) -> None:
    """Print a first line about the sheet, then a line for every row: its number and its cells."""
    limit(resource.RLIMIT_AS, MEMORY)
    limit(resource.RLIMIT_CPU, SECONDS)
    limit(resource.RLIMIT_CORE, 0)
    try:
        for line in lines(path, wanted):
            _say(line)
    except PasswordError:
        _end("password")
    except CalamineError:
        _end("password" if is_locked(path) else "broken")
    except MemoryError:
        _end("large")


def limit(kind: int, most: int) -> None:
    """Lower a limit of this process; one that is lower already stays."""
    soft, hard = resource.getrlimit(kind)
    bounds = [bound for bound in (soft, hard, most) if bound != resource.RLIM_INFINITY]
    resource.setrlimit(kind, (min(bounds), hard))


def is_locked(path: str) -> bool:
    """Tell whether Excel has locked a file: the workbook is inside a package of this name."""
    with open(path, "rb") as stream:  # noqa: PTH123 - no pathlib here
        return "EncryptedPackage".encode("utf-16-le") in stream.read()


def lines(path: str, wanted: str) -> Iterator[dict[str, Any] | list[Any]]:
    """Read the sheet of this name, or the first that is to be seen."""
    # As a stream, not by its name: a name that says the wrong kind would decide.
    with open(path, "rb") as stream, load_workbook(stream) as book:  # noqa: PTH123 - no pathlib here
        seen, hidden = _names(book)
        if not (name := wanted or next(iter(seen + hidden), "")) or name not in seen + hidden:
            yield {"fault": "sheet", "sheets": seen + hidden}
            return
        yield {"sheet": name, "others": [other for other in seen if other != name]}
        sheet = book.get_sheet_by_name(name)
    yield from _rows(sheet)


def _names(book: CalamineWorkbook) -> tuple[list[str], list[str]]:
    """Name the sheets that hold cells: those that are to be seen, and the hidden ones."""
    kept = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    seen = [sheet.name for sheet in kept if sheet.visible == SheetVisibleEnum.Visible]
    return seen, [sheet.name for sheet in kept if sheet.name not in seen]


def _rows(sheet: CalamineSheet) -> Iterator[list[Any]]:
    """Give the rows with something in them: the number from 1, empty cells before, the cells."""
    _, left = sheet.start or (0, 0)
    # The reader begins with the first row of the sheet, but with the first column in use.
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if any(cell != "" for cell in cells):
            yield [number, [""] * left + [as_text(cell) for cell in cells]]


def as_text(cell: Any) -> str:  # noqa: ANN401 - whatever a cell can hold
    """Write a cell's value as one would type it: 12345, 0.3, yes, 2026-03-02."""
    match cell:
        case str():
            return cell
        case bool():
            return "yes" if cell else "no"
        case float() | int():
            return f"{cell:.15g}" if cell != int(cell) else str(int(cell))
        case datetime():
            return str(cell.date() if cell.time() == time() else cell)
        case date() | time() | timedelta():
            return str(cell)
    return ""


def _say(line: dict[str, Any] | list[Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")


def _end(fault: str) -> NoReturn:
    _say({"fault": fault})
    sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
