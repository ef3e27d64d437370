"""Importing a CSV file: the good rows are kept, the bad ones named, nobody is brought back.

One transaction: a fault of the database keeps nothing. The file is read in chunks; which addresses
it has had so far is in a temporary table, so that memory does not grow with it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, insert, select

from newsletter.errors import Finding, FindingsError, Level, Place
from newsletter.register import addresses, columns, sheets
from newsletter.register.arrivals import Arrival, Writer
from newsletter.register.columns import Columns
from newsletter.register.entries import Entry, EntryError, Rules, check_terms
from newsletter.register.reports import ImportReport, Tally
from newsletter.register.sheets import Sheet, SheetRow
from newsletter.register.subscriptions import Proof
from newsletter.settings import Settings
from newsletter.store import Store

_CHUNK: Final = 1000

_seen = Table(
    "import_seen",
    MetaData(),
    Column("address_key", Text, primary_key=True),
    Column("line", Integer, nullable=False),
    prefixes=["TEMPORARY"],
)


def import_file(
    store: Store,
    path: Path,
    *,
    settings: Settings,
    lists: Sequence[str],
    basis: str,
    source: str,
    mapping: Mapping[str, str] | None = None,
    by: str,
    now: datetime,
    keys: Sequence[str],
    dry_run: bool = False,
) -> ImportReport:
    """Put the people of a CSV file on lists, and report on every row.

    Repeating it changes nothing. Who has left or is suppressed stays so; of somebody known, only
    what is empty is filled. `dry_run` makes the same report and changes nothing. Raises InputError
    or FindingsError, keeping nothing, when the terms or the file as a whole are wrong.
    """
    named = check_terms(lists, basis=basis, source=source)
    for name in named:
        settings.list_named(name)
    proof = Proof(method="import", source=source.strip(), by=by, now=now, basis=basis)
    with sheets.opened(path) as sheet:
        used = columns.find(sheet.header, settings, mapping)
        tally = Tally(sheet.file, dry_run, named)
        _tell_unused(sheet, used, tally)
        with store.read() if dry_run else store.begin() as connection:
            _seen.create(connection, checkfirst=False)
            writer = Writer(connection, named, proof, keys, dry_run=dry_run)
            reading = _Import(connection, Rules(settings), used, writer, tally)
            for chunk in _chunks(sheet.rows):
                reading.take(chunk)
            if not tally.outcomes["rows"]:
                raise _no_rows(sheet)
            _seen.drop(connection, checkfirst=False)
    return tally.report()


@dataclass(slots=True)
class _Import:
    """An import under way."""

    connection: Connection
    rules: Rules
    columns: Columns
    writer: Writer
    tally: Tally

    def take(self, chunk: Sequence[SheetRow]) -> None:
        """Take some rows: check them, then let the writer decide on the good ones."""
        self.tally.outcomes["rows"] += len(chunk)
        checked = [(row, entry) for row in chunk if (entry := self._checked(row))]
        fresh = {addresses.key(entry.address): (row, entry) for row, entry in self._fresh(checked)}
        arrivals = self.writer.take({key: entry for key, (_, entry) in fresh.items()})
        for key, arrival in arrivals.items():
            self._count(fresh[key][0], arrival)

    def _checked(self, row: SheetRow) -> Entry | None:
        if row.fault:
            self._bad(row, 0, row.fault, "a quote inside a cell is written twice")
            return None
        if any(cell.strip() for cell in row.cells[self.columns.width :]) or (
            len(row.cells) < self.columns.width
        ):
            have, want = len(row.cells), self.columns.width
            message = f"the row has {have} cells, the header {want}"
            self._bad(row, min(have, want), message, "check for a delimiter too many or few")
            return None
        try:
            return self.rules.read({n: row.cells[i] for n, i in self.columns.used.items()})
        except EntryError as error:
            self.tally.outcomes["bad"] += 1
            for fault in error.faults:
                self._error(row, self.columns.used[fault.field], fault.message, fault.hint)
        return None

    def _fresh(self, checked: Sequence[tuple[SheetRow, Entry]]) -> Iterator[tuple[SheetRow, Entry]]:
        """Give the rows whose address the file has not had before."""
        folded = [addresses.key(entry.address) for _, entry in checked]
        lines: dict[str, int] = {
            row.address_key: row.line
            for row in self.connection.execute(select(_seen).where(_seen.c.address_key.in_(folded)))
        }
        new = []
        for (row, entry), key in zip(checked, folded, strict=True):
            if first := lines.get(key):
                message = f"the same address stands in line {first}"
                self._bad(row, self.columns.used["address"], message, "leave one of the rows out")
            else:
                lines[key] = row.line
                new.append({"address_key": key, "line": row.line})
                yield row, entry
        if new:
            self.connection.execute(insert(_seen), new)

    def _bad(self, row: SheetRow, index: int, message: str, hint: str) -> None:
        self.tally.outcomes["bad"] += 1
        self._error(row, index, message, hint)

    def _error(self, row: SheetRow, index: int, message: str, hint: str) -> None:
        self.tally.find(Finding("import", Level.ERROR, row.place(index), message, hint))

    def _count(self, row: SheetRow, arrival: Arrival) -> None:
        tally = self.tally
        tally.new.update(arrival.new)
        if arrival.outcome in {"added", "updated", "already"}:
            tally.outcomes[arrival.outcome] += 1
        else:
            tally.kept_out[arrival.outcome] += 1
        # The place without its text: a report is no reason to repeat who left or complained.
        place = row.place(self.columns.used["address"], shown=False)
        for message, hint in arrival.remarks():
            tally.find(Finding("import", Level.NOTE, place, message, hint))
        if arrival.differing:
            tally.outcomes["differing"] += 1


def _chunks(rows: Iterable[SheetRow]) -> Iterator[list[SheetRow]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk


def _tell_unused(sheet: Sheet, used: Columns, tally: Tally) -> None:
    for index in used.unused:
        message = f"column {sheet.header.cells[index].strip()!r} is not used"
        hint = "say which field it is, or leave it: what is not needed should not be stored"
        place = sheet.header.place(index)
        tally.find(Finding("import", Level.WARNING, place, message, hint))


def _no_rows(sheet: Sheet) -> FindingsError:
    place = Place(sheet.file, sheet.header.line)
    return FindingsError(
        [Finding("import", Level.ERROR, place, "the file has a header and no rows")]
    )
