"""The first half of an import: every row is read and put aside, or named as bad."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from newsletter.errors import Finding, FindingsError, Level, Place
from newsletter.register.badrows import BadRows
from newsletter.register.columns import Columns
from newsletter.register.entries import EntryError
from newsletter.register.intake import Intake
from newsletter.register.reports import MOST_SHOWN, Tally
from newsletter.register.sheets import Sheet, SheetRow
from newsletter.register.spool import Candidate, Spool
from newsletter.register.statuses import RANKS, Status

_PAGE: Final = 1000
_ACTIVE: Final = RANKS.index(Status.ACTIVE)


class Reading:
    """One sheet on its way into the spool."""

    def __init__(
        self, sheet: Sheet, columns: Columns, intake: Intake, tally: Tally, bad: BadRows
    ) -> None:
        self._sheet = sheet
        self._columns = columns
        self._intake = intake
        self._tally = tally
        self._bad = bad
        self._address = columns.used["address"]
        self._shown = MOST_SHOWN if tally.dry_run else 0
        self._tell_columns()

    def fill(self, spool: Spool) -> Iterator[int]:
        """Read all rows, and say after every page of them how many they are by now.

        Raises FindingsError for a file that is wrong as a whole, or has no rows.
        """
        rows = self._sheet.rows()
        while page := list(islice(rows, _PAGE)):
            self._tally.outcomes["rows"] += len(page)
            spool.put([found for row in page if (found := self._candidate(row))])
            yield self._tally.outcomes["rows"]
        if not self._tally.outcomes["rows"]:
            place = self._sheet.place(self._sheet.header)
            message = "the file has a header and no rows"
            raise FindingsError([Finding("import", Level.ERROR, place, message)])

    def repeated(self, candidate: Candidate, first: Candidate) -> None:
        """Name a row as bad because another one with its address counts."""
        message = f"the same address stands in line {first.line}"
        if first.rank != candidate.rank:
            message += f" as {RANKS[first.rank]}, which counts"
        place = self._sheet.at(candidate.line, int(candidate.column))
        self._error(place, message, "leave one of the rows out")
        self._tally.outcomes["bad"] += 1
        if self._bad.wanted:
            self._bad.add(candidate.line, message, json.loads(candidate.cells))

    def remark(self, candidate: Candidate, message: str, hint: str) -> None:
        """Say something of a good row, by its place alone.

        A report is no reason to repeat who left or complained.
        """
        place = self._sheet.at(candidate.line, int(candidate.column))
        self._tally.find(Finding("import", Level.NOTE, place, message, hint))

    def _candidate(self, row: SheetRow) -> tuple[str, int, int, list[str]] | None:
        """Check a row; None, and it is named, when it is bad."""
        if len(row.cells) != self._columns.width and self._has_wrong_width(row):
            self._refuse_form(row)
            return None
        try:
            key, rank, texts = self._intake.read(row.cells)
        except EntryError as error:
            for fault in error.faults:
                place = self._sheet.place(row, self._columns.used[fault.field])
                self._error(place, fault.message, fault.hint)
            self._refuse(row, "; ".join(fault.message for fault in error.faults))
            return None
        line, column = self._sheet.position(row, self._address)
        texts += str(column), json.dumps(row.cells) if self._bad.wanted else ""
        if len(self._tally.first) < self._shown:
            self._tally.first.append(self._as_read(Candidate.of(key, rank, line, texts)))
        return key, rank, line, texts

    def _has_wrong_width(self, row: SheetRow) -> bool:
        beyond = row.cells[self._columns.width :]
        return not beyond or any(cell.strip() for cell in beyond)

    def _refuse_form(self, row: SheetRow) -> None:
        have, want = len(row.cells), self._columns.width
        if row.fault:
            message, hint, index = row.fault, "a quote inside a cell is written twice", 0
        else:
            message = f"the row has {have} cells, the header {want}"
            hint, index = "check for a delimiter too many or few", min(have, want)
        self._error(self._sheet.place(row, index), message, hint)
        self._refuse(row, message)

    def _refuse(self, row: SheetRow, reason: str) -> None:
        self._tally.outcomes["bad"] += 1
        self._bad.add(row.line, reason, row.cells or [row.text.rstrip("\r\n")])

    def _error(self, place: Place, message: str, hint: str) -> None:
        self._tally.find(Finding("import", Level.ERROR, place, message, hint))

    def _tell_columns(self) -> None:
        """Say what each column is taken for, and which are left out."""
        header = self._sheet.header
        used = self._columns.used
        self._tally.columns = {name: header.cells[used[name]].strip() for name in used}
        for remark in self._sheet.remarks:
            self._tally.find(remark)
        for index in self._columns.unused:
            message = f"column {header.cells[index].strip()!r} is not used"
            hint = "say which field it is, or leave it: what is not needed should not be stored"
            place = self._sheet.place(header, index)
            self._tally.find(Finding("import", Level.WARNING, place, message, hint))

    def _as_read(self, candidate: Candidate) -> Mapping[str, str]:
        """Give the values of a row as they will be kept, by the names of the columns."""
        said = {
            **candidate._asdict(),
            "status": str(RANKS[candidate.rank]),
            **json.loads(candidate.fields),
        }
        if candidate.asked_at:
            moment = datetime.fromtimestamp(int(candidate.asked_at), UTC)
            said["asked_at"] = f"{moment:%Y-%m-%d %H:%M}Z"
        return {name: said.get(name, "") for name in self._columns.used}
