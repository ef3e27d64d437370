"""What was read from Creamailer, kept in the database until the sync is finished.

Rows mirror the other side as it is known: each change there is written here as soon as it is done,
so that what is left to do always follows from the rows and the register. A killed sync goes on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from sqlalchemy import Connection, delete, insert, select

from newsletter.creamailer import marks
from newsletter.creamailer.answers import Row
from newsletter.register import addresses
from newsletter.store.schema import sync_rows

SUPPRESSIONS: Final = ""
"""In the place of a list: the addresses that the whole account must not mail."""
_PULL: Final = "pull"


class Status(StrEnum):
    """Where somebody stands there; of two that are told, the later one here counts."""

    ACTIVE = "active"
    UNSURE = "unsure"
    """Handed over to be put on the list, and no answer yet."""
    DELETED = "deleted"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    SPAMREPORT = "spamreport"
    SUPPRESSED = "suppressed"


RANK: Final = {status: rank for rank, status in enumerate(Status)}
THERE: Final = frozenset({Status.ACTIVE, Status.UNSURE})
"""They are, or may be, mailed."""
BARRED: Final = frozenset({Status.BOUNCED, Status.SPAMREPORT})
"""The address itself is at fault, or its owner complained: no list may mail it."""
ASKED: Final = (
    # Who moves while the pages are read turns up twice rather than never: active ones come first.
    Status.ACTIVE, Status.UNSUBSCRIBED, Status.DELETED, Status.BOUNCED, Status.SPAMREPORT,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Theirs:
    """Somebody on a list there."""

    status: Status
    address: str
    """As it is written there."""
    active: tuple[str, ...] = ()
    """Spellings of the address that are mailed there; two rows may differ by case alone."""
    values: Mapping[str, str] = field(default_factory=dict)

    def joined_by(self, status: Status, row: Row) -> Self:
        """Add another row of the same address: who has left by any of them has left."""
        also = set(self.active)
        if status in THERE:
            also.add(row.address)
        else:
            also.discard(row.address)
        worse = RANK[status] > RANK[self.status]
        return replace(
            self,
            status=status if worse else self.status,
            address=row.address if worse else self.address,
            active=tuple(sorted(also)),
            # Of who has left, nothing but the address is kept.
            values=self.values if (status if worse else self.status) in THERE else {},
        )

    @classmethod
    def of(cls, status: Status, row: Row) -> Self:
        """Make it of one row."""
        mailed = status in THERE
        return cls(
            status, row.address, (row.address,) if mailed else (), row.values if mailed else {}
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the reading is."""

    began: datetime
    lists: Mapping[str, Mapping[str, Any]]
    """Ours → number, name, language, auto_suppress of theirs."""
    at: int = 0
    """Which of the things to read (`wanted`)."""
    page: int = 1
    total: int | None = None
    """Rows of the thing, as its first page told."""
    again: bool = False
    """Whether the thing is being read a second time, because it moved under the reader."""
    done: bool = False
    writing: bool = False
    """Whether changes have begun, here or there."""
    moved: datetime | None = None
    """When it went on last."""

    @property
    def wanted(self) -> list[tuple[str, Status]]:
        """List what is to be read, in order."""
        each = [(name, status) for name in self.lists for status in ASKED]
        return [*each, (SUPPRESSIONS, Status.SUPPRESSED)]


class Spool:
    """The rows and the progress of one account, in the caller's transactions."""

    def __init__(self, account: str) -> None:
        self.account = account

    def progress(self, connection: Connection) -> Progress | None:
        """Read how far a sync is; None when none is under way."""
        found = marks.read(connection, self.account, _PULL)
        if found is None:
            return None
        times = {
            name: datetime.fromisoformat(found[name]) if found[name] else None
            for name in ("began", "moved")
        }
        return Progress(**{**found, **times})

    def note(self, connection: Connection, progress: Progress, now: datetime) -> Progress:
        """Write how far it is."""
        value = {name: getattr(progress, name) for name in Progress.__slots__}
        value |= {"began": progress.began.isoformat(), "moved": now.isoformat()}
        value["lists"] = {name: dict(found) for name, found in progress.lists.items()}
        marks.write(connection, self.account, _PULL, value, now)
        return replace(progress, moved=now)

    def clear(self, connection: Connection) -> None:
        """Forget all that was read."""
        connection.execute(delete(sync_rows).where(sync_rows.c.account == self.account))
        marks.wipe(connection, self.account, _PULL)

    def add(
        self, connection: Connection, list_id: str, status: Status, rows: Iterable[Row]
    ) -> None:
        """Keep a page of rows; reading a page twice changes nothing."""
        found: dict[str, Theirs] = {}
        for row in rows:
            key = key_of(row.address)
            had = found.get(key)
            found[key] = had.joined_by(status, row) if had else Theirs.of(status, row)
        for key, before in self.of(connection, list_id, list(found)).items():
            row = Row(found[key].address, found[key].values)
            for spelling in found[key].active or (row.address,):
                before = before.joined_by(status, replace(row, address=spelling))  # noqa: PLW2901
            found[key] = before
        self.put(connection, list_id, found)

    def put(self, connection: Connection, list_id: str, people: Mapping[str, Theirs]) -> None:
        """Write rows over those that are there."""
        self.drop(connection, list_id, list(people))
        values = [
            {
                "account": self.account,
                "list_id": list_id,
                "address_key": key,
                "address": theirs.address,
                "status": theirs.status,
                "values": {"active": list(theirs.active), "fields": dict(theirs.values)},
            }
            for key, theirs in people.items()
        ]
        if values:
            connection.execute(insert(sync_rows), values)

    def drop(self, connection: Connection, list_id: str, keys: Sequence[str]) -> None:
        """Take rows away."""
        for part in _parts(keys):
            connection.execute(delete(sync_rows).where(*self.here(list_id, part)))

    def of(self, connection: Connection, list_id: str, keys: Sequence[str]) -> dict[str, Theirs]:
        """Read the rows of some addresses."""
        return {
            row.address_key: theirs_of(row)
            for part in _parts(keys)
            for row in connection.execute(select(sync_rows).where(*self.here(list_id, part)))
        }

    def here(self, list_id: str, keys: Sequence[str]) -> tuple[Any, ...]:
        """Say in SQL: rows of this account, this list and these addresses."""
        return (
            sync_rows.c.account == self.account,
            sync_rows.c.list_id == list_id,
            sync_rows.c.address_key.in_(keys),
        )


def theirs_of(row: Any) -> Theirs:  # noqa: ANN401 - a row of sync_rows
    """Read a row of the table."""
    kept = row._mapping["values"]  # noqa: SLF001 - `values` is also a method of rows
    return Theirs(Status(row.status), row.address, tuple(kept["active"]), kept["fields"])


def key_of(address: str) -> str:
    """Fold an address of theirs; one that we would never mail is folded as it stands."""
    try:
        return addresses.key(addresses.normalise(address))
    except addresses.AddressError:
        return address.casefold()


def _parts(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[start : start + 1000] for start in range(0, len(keys), 1000))
