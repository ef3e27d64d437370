"""Importing a file of people: the good rows are kept, the bad ones named, nobody is brought back.

First the whole file is read and checked: a fault of the file itself keeps nothing. Then the rows go
in by short transactions, so that whoever unsubscribes meanwhile gets their turn. What is in is in:
importing the file again completes what was interrupted, and doubles nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Final

from newsletter.errors import InputError, StoreError
from newsletter.register import audit, badrows, columns, sheets, workbooks
from newsletter.register.arrivals import Arrival, Writer
from newsletter.register.entries import check_terms
from newsletter.register.intake import Intake
from newsletter.register.lines import Encoding
from newsletter.register.reading import Reading
from newsletter.register.reports import ImportReport, Tally
from newsletter.register.sheets import Sheet
from newsletter.register.spool import Candidate, Spool
from newsletter.register.states import Proof
from newsletter.register.statuses import RANKS, Status
from newsletter.settings import Settings
from newsletter.store import Store

_SLICE: Final = 2000
"""Rows of one transaction: some 40 ms, for which whoever unsubscribes waits."""
_PAUSE: Final = 0.01
"""Seconds between two of them. SQLite has no queue: who waits asks again now and then, and without
a pause may find the next transaction begun for a second or two (60 ms with it)."""
_HEAVY: Final = 200
"""Rows of one transaction that end something: each of them is a move of its own."""

_ACTIVE: Final = RANKS.index(Status.ACTIVE)

Progress = Callable[[str, int, int], None]
"""Told now and then: "reading" or "writing", rows done, and of how many (0: not known)."""


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
    encoding: Encoding = "utf-8",
    sheet: str = "",
    report: Path | None = None,
    progress: Progress = lambda _phase, _done, _of: None,
    stop: Event | None = None,
) -> ImportReport:
    """Put the people of a CSV file or workbook on lists, and report on every row.

    Who has left or is suppressed stays so, here or by the file's own status; of somebody known,
    only what is empty is filled. Repeating it changes nothing. `dry_run` makes the same report and
    changes nothing. `report` gets the bad rows, to be mended. `stop` ends it after the rows in
    hand. Raises InputError or FindingsError, keeping nothing, when the terms or the file as a whole
    are wrong, and StoreError, which says how many rows are in, when the database refuses.
    """
    named = check_terms(lists, basis=basis, source=source)
    for name in named:
        settings.list_named(name)
    if report and report.resolve() == path.resolve():
        raise InputError("the report would replace the file itself", hint="choose another name")
    proof = Proof(method="import", source=source.strip(), by=by, now=now, basis=basis)
    stop = stop or Event()
    with _opened(path, encoding, sheet) as opened, Spool() as spool:
        used = columns.find(opened, settings, mapping)
        tally = Tally(opened.file, dry_run, named)
        with badrows.writing(report, opened.header.cells) as bad:
            reading = Reading(opened, used, Intake(settings, used, now=now), tally, bad)
            for count in reading.fill(spool):
                progress("reading", count, 0)
                if stop.is_set():
                    break
            writing = _Writing(store, reading, tally, proof, settings.language, keys)
            writing.take_all(spool, progress, stop)
        if tally.changed and not dry_run:
            _note(store, path, tally, proof)
    return tally.report()


def _opened(path: Path, encoding: Encoding, sheet: str) -> AbstractContextManager[Sheet]:
    """Open a file as what it is, whatever it is called."""
    if workbooks.is_one(path):
        return workbooks.opened(path, sheet=sheet)
    if sheet:
        raise InputError(f"{path} is no workbook: it has no sheets", hint="leave out --sheet")
    return sheets.opened(path, encoding=encoding)


@dataclass(slots=True)
class _Writing:
    """The second half: the rows go into the register, slice by slice."""

    store: Store
    reading: Reading
    tally: Tally
    proof: Proof
    language: str
    keys: Sequence[str]

    def take_all(self, spool: Spool, progress: Progress, stop: Event) -> None:
        """Bring in slice after slice, until all are in or `stop` is set."""
        self.tally.waiting = spool.count
        for part in self.slices(spool):
            if stop.wait(_PAUSE if self.tally.waiting < spool.count else 0):
                return
            self.take(part)
            progress("writing", spool.count - self.tally.waiting, spool.count)

    def slices(self, spool: Spool) -> Iterator[list[Candidate]]:
        """Give one row of each address, as many at a time as a short transaction takes."""
        part: list[Candidate] = []
        heavy, first = 0, None
        for candidate in spool.sorted():
            if first is not None and candidate.key == first.key:
                self.reading.repeated(candidate, first)
                self.tally.waiting -= 1
                continue
            first = candidate
            part.append(candidate)
            heavy += candidate.rank != _ACTIVE
            if len(part) >= _SLICE or heavy >= _HEAVY:
                yield part
                part, heavy = [], 0
        if part:
            yield part

    def take(self, part: Sequence[Candidate]) -> None:
        """Bring a slice in; raises StoreError, which says how many rows are in before it."""
        dry_run = self.tally.dry_run
        try:
            with self.store.rehearse() if dry_run else self.store.begin() as connection:
                taken = Writer(
                    connection,
                    self.tally.lists,
                    self.proof,
                    language=self.language,
                    keys=self.keys,
                    dry_run=dry_run,
                ).take(part)
        except StoreError as error:
            raise self._interrupted(error) from error
        self.tally.waiting -= len(part)
        self.tally.outcomes["added"] += taken.strangers
        self.tally.new.update(dict.fromkeys(self.tally.lists, taken.strangers))
        for candidate, arrival in taken.others:
            self._count(candidate, arrival)

    def _count(self, candidate: Candidate, arrival: Arrival) -> None:
        tally = self.tally
        tally.new.update(arrival.new)
        if arrival.ended:
            tally.ended[arrival.outcome] += 1
        elif arrival.outcome in {"added", "updated", "already"}:
            tally.outcomes[arrival.outcome] += 1
        else:
            tally.kept_out[arrival.outcome] += 1
        for message, hint in arrival.remarks():
            self.reading.remark(candidate, message, hint)
        tally.outcomes["differing"] += bool(arrival.differing)

    def _interrupted(self, error: StoreError) -> StoreError:
        rows, waiting = self.tally.outcomes["rows"], self.tally.waiting
        if not self.tally.changed:
            return error
        return StoreError(
            f"{error.message}; {rows - waiting:,} of {rows:,} rows are done",
            hint=f"{error.hint}; then import the file again: nothing is doubled".lstrip("; "),
        )


def _note(store: Store, path: Path, tally: Tally, proof: Proof) -> None:
    """Leave a line in the audit log, unless nothing came of it."""
    report = tally.report()
    with store.begin() as connection:
        audit.note(
            connection,
            "imported",
            by=proof.by,
            now=proof.now,
            file=path.name,
            source=proof.source,
            lists=list(tally.lists),
            rows=report.rows,
            added=report.added,
            updated=report.updated,
            ended=dict(report.ended),
            bad=report.bad,
        )
