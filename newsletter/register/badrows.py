"""The file of bad rows: their cells as they were, with line and reason, to be mended and imported.

Only its owner may read it. Cells that a spreadsheet would take for formulas are guarded; the import
takes the guard off again.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from newsletter.errors import InputError
from newsletter.register import private_files
from newsletter.register.columns import REPORT

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_GUARDED: Final = re.compile(r"'+[=+\-@\t\r]")


def guard(cell: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula: an apostrophe before it."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguard(cell: str) -> str:
    """Take off what `guard` has put on."""
    return cell[1:] if _GUARDED.match(cell) else cell


class BadRows:
    """A file of bad rows under way; without a stream nothing is written."""

    def __init__(self, stream: TextIO | None) -> None:
        self.wanted = stream is not None
        self._writer: Any = csv.writer(stream, delimiter=";") if stream else None

    def add(self, line: int | str, reason: str, cells: Sequence[str]) -> None:
        """Write a row; the first one names the columns."""
        if self._writer:
            self._writer.writerow([line, reason, *map(guard, cells)])


@contextmanager
def writing(path: Path | None, header: Sequence[str]) -> Iterator[BadRows]:
    """Write a file of bad rows, there as a whole at the end or, after an error, not at all.

    Only an older file of this kind is replaced; raises InputError for another one, and where
    nothing can be written.
    """
    if path is None:
        yield BadRows(None)
        return
    _make_room(path)
    # With a mark: Excel takes the file for UTF-8 by nothing else.
    with private_files.written(path, encoding="utf-8-sig") as stream:
        rows = BadRows(stream)
        rows.add(REPORT[0], REPORT[1], header)
        yield rows


def _make_room(path: Path) -> None:
    """Delete an older file of this kind; raises InputError for any other."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as stream:
            start = stream.read(100)
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    if not start.startswith(";".join(REPORT)):
        raise InputError(
            f"{path} is there already and no report of bad rows",
            hint="choose another name; nothing was changed",
        )
    path.unlink()
