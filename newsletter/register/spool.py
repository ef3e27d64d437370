"""Checked rows on their way into the register, kept outside of it until the whole file is read.

A temporary database that has no name in any folder: it is gone with the process, however that ends.
Memory stays flat, however many rows there are.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple, Self

from newsletter.errors import StoreError

_PAGE: Final = 1000
_CACHE_KIB: Final = 16_000


class Candidate(NamedTuple):
    """A good row: somebody who may come into the register, or who is to be known as gone."""

    key: str
    """The folded address."""
    address: str
    kind: str
    language: str
    """Empty where the row does not say."""
    first_name: str
    last_name: str
    fields: str
    """JSON."""
    asked_at: str
    """Seconds since 1970; empty where the row does not say."""
    column: str
    """Of the address's cell; `line` is its line."""
    cells: str
    """The row as it was, as JSON, where it may be needed for a report; else empty."""
    rank: int
    """Index in statuses.RANKS."""
    line: int

    @classmethod
    def of(cls, key: str, rank: int, line: int, texts: Sequence[str]) -> Self:
        """Make a candidate of what the spool keeps; the texts are those from address to cells."""
        return cls._make((key, *texts, rank, line))


_SEPARATOR: Final = "\x1f"
"""Between the texts of a candidate: no value may hold a control character, JSON writes them out."""
_LINES: Final = 1 << 40


class Spool:
    """A heap of candidates, put in in any order and taken out by address."""

    def __init__(self) -> None:
        self.count = 0
        self._connection = sqlite3.connect("", isolation_level=None)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{_CACHE_KIB}"):
            self._connection.execute(f"PRAGMA {pragma}")
        # Few columns: what a row costs on its way in, through the sorter and out is by column.
        self._connection.execute("CREATE TABLE rows (key, place, texts)")

    def put(self, candidates: Sequence[tuple[str, int, int, Sequence[str]]]) -> None:
        """Take in candidates: key, rank, line and the other texts in their order.

        Raises StoreError when the disk is full.
        """
        rows = [
            (key, line - rank * _LINES, _SEPARATOR.join(texts))
            for key, rank, line, texts in candidates
        ]
        with _told():
            self._connection.execute("BEGIN")
            self._connection.executemany("INSERT INTO rows VALUES (?, ?, ?)", rows)
            self._connection.execute("COMMIT")
        self.count += len(rows)

    def sorted(self) -> Iterator[Candidate]:
        """Give all candidates by address; of one address the strongest status, then line, first.

        In the order of its index, a table grows at the end instead of everywhere.
        """
        with _told():
            rows = self._connection.execute("SELECT * FROM rows ORDER BY key, place")
            while page := rows.fetchmany(_PAGE):
                for key, place, texts in page:
                    rank = -(place // _LINES)
                    line = place + rank * _LINES
                    yield Candidate.of(key, rank, line, texts.split(_SEPARATOR))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StoreError(
            f"the temporary database of the import refused: {error}",
            hint="free some space where temporary files are, or name another folder: TMPDIR",
        ) from error
