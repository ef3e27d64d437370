"""All of a database moved into another one, of either kind, with proof that nothing is missing.

The rows go table by table in bulk, and memory stays flat. In the same transaction they are read
back: their number and a checksum must be those of the source, else nothing of it is kept. Nobody
writes to the source meanwhile: whoever leaves in that time must not be forgotten.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import JSON, Connection, Integer, Select, Table, func, select, text

from newsletter.errors import InputError, StoreError
from newsletter.store import Store, Turn, backups, bulk, home, turns
from newsletter.store.schema import batches, metadata

_CHUNK: Final = 5000
"""Rows in one bulk call: some megabytes."""

Progress = Callable[[int, int], None]
"""Called with the rows that are done, and all there are; each counts once written, once read."""


def _silent(_done: int, _all: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Count:
    """Rows of one table, and their checksum whatever their order."""

    rows: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Copied:
    """One table on both sides."""

    table: str
    source: Count
    target: Count

    @property
    def same(self) -> bool:
        """Tell whether both sides hold the same rows."""
        return self.source == self.target


def rows_of(store: Store) -> dict[str, int]:
    """Count the rows of each table."""
    with store.read() as connection:
        return {table.name: _rows(connection, table) for table in metadata.sorted_tables}


def refuse_used(url: str) -> None:
    """Raise StoreError while something else has the source open; nothing of ours may have, yet."""
    if url.startswith("sqlite:"):
        backups.refuse_used(url)
        return
    with Store.open(url) as store, store.read() as connection:
        others = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'newsletter' AND pid <> pg_backend_pid()"
        )
        if connection.execute(others).scalar():
            raise StoreError(
                "something else is using the database",
                hint="stop newsletter serve and every sending, then try again; nothing was changed",
            )


def refuse_unlike(source: Store, target: Store, *, now: datetime) -> None:
    """Raise InputError when one cannot be moved into the other now; changes nothing.

    Times are told in the zone of `now`.
    """
    if home.place(source) == home.place(target):
        raise InputError("both are the same database", hint="nothing was copied")
    home.refuse(source)
    if filled := [name for name, rows in rows_of(target).items() if rows]:
        raise InputError(
            f"the target is not empty: there are rows in {', '.join(filled)}",
            hint="name an empty database; nothing was copied",
        )
    with source.read() as connection:
        _refuse_busy(connection, now)


def move(
    source: Store, target: Store, *, by: str, now: datetime, progress: Progress = _silent
) -> list[Copied]:
    """Copy all rows and prove it; mails leave from the target from then on, and not from here.

    Nothing else may have the source open. Raises InputError as `refuse_unlike` does, StoreError
    when a row cannot be taken over or the proof fails; then the target stays empty and the source
    as it was. Killed in the middle, the source says that it was moved: `newsletter db adopt`.
    """
    refuse_unlike(source, target, now=now)
    here, there = home.place(source), home.place(target)
    with source.begin() as connection:
        _refuse_busy(connection, now)
        home.leave(connection, by=by, now=now)  # first, so that there never are two that mail
    try:
        with source.begin(Turn.NONE) as read, target.begin() as written:
            _keep_still(read, written)
            done = _copy_all(read, written, progress)
            home.adopt(written, there, by=by, now=now)
    except BaseException:
        with source.begin() as connection:
            home.adopt(connection, here, by=by, now=now)
        raise
    return done


def _keep_still(source: Connection, target: Connection) -> None:
    """Let nobody write to the source, and neither server lose patience while the other works."""
    turns.plan_alone(source)  # before the other turn, as whoever plans does
    turns.take(source)
    for connection in (source, target):
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def _refuse_busy(connection: Connection, now: datetime) -> None:
    """Refuse while a run may still write down what became of a batch."""
    busy = select(func.max(batches.c.lease_until)).where(
        batches.c.state == "handing_over", batches.c.owner != "", batches.c.lease_until > now
    )
    until = connection.execute(busy).scalar()
    if until is not None:
        raise InputError(
            "a batch is with the provider at this moment",
            hint=f"wait until it is done, at the latest until {_hour(until, now)}; or let "
            "newsletter send finish what a run left",
        )


def _hour(when: datetime, now: datetime) -> str:
    return f"{when.astimezone(now.tzinfo):%H:%M}"


def _copy_all(source: Connection, target: Connection, progress: Progress) -> list[Copied]:
    tables = metadata.sorted_tables
    bar = _Bar(progress, 2 * sum(_rows(source, table) for table in tables))
    done = [_copy(source, target, table, bar) for table in tables]
    if wrong := [item.table for item in done if not item.same]:
        raise StoreError(
            f"the copy is not the same as the source: {', '.join(wrong)}",
            hint="the target was left empty, and the source as it was",
        )
    for table in tables:
        _go_on_counting(source, target, table)
    return done


def _copy(source: Connection, target: Connection, table: Table, bar: "_Bar") -> Copied:
    names = [column.name for column in table.columns]
    there = _Sum()
    rows = iter(there.watch(bar.watch(_stream(source, table))))
    while chunk := list(islice(rows, _CHUNK)):
        if target.dialect.name == "postgresql":
            _refuse_nul(table, chunk)
        bulk.insert(target, table, names, chunk)
    here = _Sum()
    for _ in here.watch(bar.watch(_stream(target, table))):
        pass
    return Copied(table.name, there.count, here.count)


def _stream(connection: Connection, table: Table) -> Iterator[Sequence[Any]]:
    query: Select[Any] = select(*table.columns).execution_options(yield_per=_CHUNK)
    with connection.execute(query) as result:
        yield from result


def _rows(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


@dataclass(slots=True)
class _Bar:
    progress: Progress
    all: int
    done: int = 0

    def watch(self, rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        for row in rows:
            self.done += 1
            if self.done % _CHUNK == 0 or self.done == self.all:
                self.progress(self.done, self.all)
            yield row


class _Sum:
    """Adds up the digests of rows, so that their order does not matter."""

    def __init__(self) -> None:
        self._rows = 0
        self._sum = 0

    def watch(self, rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        for row in rows:
            told = json.dumps(list(row), default=_moment, sort_keys=True, ensure_ascii=False)
            digest = hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16)
            self._sum += int.from_bytes(digest.digest())
            self._rows += 1
            yield row

    @property
    def count(self) -> Count:
        return Count(self._rows, f"{self._sum % (1 << 128):032x}")


def _moment(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"no row of ours holds a {type(value).__name__}")
    return value.astimezone(UTC).isoformat()


_NUL: Final = "\x00"


def _refuse_nul(table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Name the row that PostgreSQL would refuse: it knows no text with a NUL in it."""
    kinds = [isinstance(column.type, JSON) for column in table.columns]
    for row in rows:
        for column, is_json, value in zip(table.columns, kinds, row, strict=True):
            written = json.dumps(value) if is_json else value
            if isinstance(written, str) and (_NUL in written or (is_json and "\\u0000" in written)):
                which = ", ".join(
                    str(row[place])
                    for place, item in enumerate(table.columns)
                    if item.primary_key and isinstance(item.type, Integer)
                )
                raise StoreError(
                    f"PostgreSQL cannot hold a NUL character: {table.name}.{column.name}"
                    + (f", row {which}" if which else ""),
                    hint="mend that value in the source; nothing was copied",
                )


def _go_on_counting(source: Connection, target: Connection, table: Table) -> None:
    """Let numbers go on after the highest that was ever given, here or there."""
    column = table.columns.get("id")
    if column is None or column.autoincrement is False:
        return
    held = target.execute(select(func.max(column))).scalar() or 0
    highest = max(held, _given(source, table))
    if highest and target.dialect.name == "postgresql":
        target.execute(text(f"SELECT setval('{_sequence(table)}', :number)"), {"number": highest})
    elif highest and _counts_up(table):
        named = {"name": table.name, "number": highest}
        target.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), named)
        target.execute(
            text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)"), named
        )


def _given(connection: Connection, table: Table) -> int:
    """Give the highest number that a database knows it gave; 0 where it does not keep that."""
    if connection.dialect.name == "postgresql":
        query = f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {_sequence(table)}"  # noqa: S608
        return int(connection.execute(text(query)).scalar_one())
    if not _counts_up(table):
        return 0
    kept = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    return int(connection.execute(kept, {"name": table.name}).scalar() or 0)


def _sequence(table: Table) -> str:
    return f"{table.name}_id_seq"


def _counts_up(table: Table) -> bool:
    """Tell whether SQLite never gives a number of this table twice."""
    return bool(table.dialect_options["sqlite"]["autoincrement"])
