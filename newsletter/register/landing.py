"""Many people put into the register by a few statements, from a temporary table.

The statements are those of both databases. Rows that somebody else has written meanwhile are passed
over, never overwritten: on SQLite nobody can, on PostgreSQL it is what two imports at once do.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    case,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.schema import CreateTable

from newsletter.register.spool import Candidate
from newsletter.register.states import PROOF_OF, Act, Proof, State
from newsletter.register.statuses import RANKS, Status
from newsletter.store import bulk
from newsletter.store.schema import Key, UTCDateTime, consents, subscribers, subscriptions

_landing: Final = Table(
    "import_landing",
    MetaData(),
    # Without a key or index: its rows are few, and each is looked up in the register, never the
    # other way round, which would read the whole register.
    Column("address_key", Text),
    Column("address", Text),
    Column("kind", Text),
    Column("language", Text),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("fields", JSON),
    Column("asked_at", UTCDateTime),
    Column("rank", Integer),
    Column("subscriber_id", Key),
    prefixes=["TEMPORARY"],
)
_LOADED: Final = tuple(column.name for column in _landing.columns)[:-1]
"""As the first fields of a candidate."""
_COPIED: Final = tuple(name for name in _LOADED if name in subscribers.c)
_FILLED: Final = ("first_name", "last_name", "fields")
_TIME: Final = Candidate._fields.index("asked_at")
_ANYBODY: Final = _landing.c.address_key.is_not(None)
"""SQLite wants a condition between SELECT and ON CONFLICT."""
_HAS_LEFT: Final = _landing.c.rank == RANKS.index(Status.LEFT)


class Landing:
    """The temporary table on one connection, within one transaction."""

    def __init__(self, connection: Connection, proof: Proof, language: str) -> None:
        self._connection = connection
        self._proof = proof
        self._language = language
        """Of people whose row does not say it."""
        self._count = 0
        self._last_before: int | None = None
        """The highest number of a subscriber before anybody entered."""
        self._all_new = False
        bulk.expect(connection)
        connection.exec_driver_sql(_made(connection.dialect))
        connection.exec_driver_sql(f"DELETE FROM {_landing.name}")  # noqa: S608 - our own name

    def load(self, candidates: Sequence[Candidate]) -> None:
        """Take in people who are active or have left."""
        moment = self._moment
        rows = [
            (*c[:_TIME], moment(c.asked_at) if c.asked_at else None, c.rank) for c in candidates
        ]
        bulk.load(self._connection, _landing, _LOADED, rows)
        self._count = len(rows)

    def enter(self) -> None:
        """Make subscribers of those who are not known, and find them all."""
        copied: dict[str, ColumnElement[Any]] = {name: _landing.c[name] for name in _COPIED}
        said = func.nullif(_landing.c.language, "")
        copied["language"] = func.coalesce(said, self._language)
        same = {
            "source": self._proof.source,
            "created_at": self._proof.now,
            "changed_at": self._proof.now,
        }
        query = select(*copied.values(), *_literals(subscribers, same)).where(_ANYBODY)
        self._last_before = self._connection.scalar(select(func.max(subscribers.c.id))) or 0
        made = self._connection.execute(
            bulk.insert_new(self._connection, subscribers).from_select([*copied, *same], query)
        )
        self._all_new = made.rowcount == self._count
        self.find()
        if not self._all_new and self._connection.dialect.name == "postgresql":
            # Nobody else puts them on a list while it is found out who is on none yet.
            here = select(subscribers.c.id).where(self._are_here(subscribers.c.id))
            self._connection.execute(here.with_for_update()).close()

    def find(self) -> None:
        """Find those who are in the register."""
        number = select(subscribers.c.id).where(subscribers.c.address_key == _landing.c.address_key)
        self._connection.execute(update(_landing).values(subscriber_id=number.scalar_subquery()))

    def known(self) -> dict[str, Mapping[str, Any]]:
        """Give the rows of those who were in the register before, by folded address."""
        if self._all_new:
            return {}
        names = ("id", "address_key", "language", "first_name", "last_name", "fields")
        columns = (subscribers.c[name] for name in names)
        query = select(*columns).where(self._are_here(subscribers.c.id))
        if self._last_before is not None:
            query = query.where(subscribers.c.id <= self._last_before)
        return {row.address_key: row._asdict() for row in self._connection.execute(query)}

    def states(self, lists: Sequence[str]) -> dict[tuple[int, str], State]:
        """Give how their subscriptions stand, by subscriber and list."""
        query = select(
            subscriptions.c.subscriber_id, subscriptions.c.list_id, subscriptions.c.state
        ).where(self._are_here(subscriptions.c.subscriber_id), subscriptions.c.list_id.in_(lists))
        return {(row[0], row[1]): State(row[2]) for row in self._connection.execute(query)}

    def fill(self, changes: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
        """Fill what was empty: of each row of `known`, which of its names and fields change."""
        rows = [
            {"subscriber": row["id"], **{name: row[name] for name in _FILLED}, **changed}
            for row, changed in changes
            if changed
        ]
        if rows:
            self._connection.execute(
                update(subscribers)
                .where(subscribers.c.id == bindparam("subscriber"))
                .values(changed_at=self._proof.now),
                rows,
            )

    def join(self, list_id: str) -> int:
        """Put all of them who were never on a list on it, or down as having left, with proof.

        Give how many they are.
        """
        self._prove(list_id)
        own = {
            "subscriber_id": _landing.c.subscriber_id,
            "state": case((_HAS_LEFT, State.LEFT), else_=State.ACTIVE),
        }
        same = {"list_id": list_id, "changed_at": self._proof.now}
        query = select(*own.values(), *_literals(subscriptions, same)).where(
            *self._never_on(list_id)
        )
        made = self._connection.execute(
            bulk.insert_new(self._connection, subscriptions).from_select([*own, *same], query)
        )
        return made.rowcount

    def _prove(self, list_id: str) -> None:
        proof = self._proof
        own: dict[str, ColumnElement[Any]] = {
            "subscriber_id": _landing.c.subscriber_id,
            "act": case((_HAS_LEFT, PROOF_OF[Act.LEAVE]), else_=PROOF_OF[Act.CONFIRM]),
            "address": subscribers.c.address,
            "language": subscribers.c.language,
            "asked_at": _landing.c.asked_at,
        }
        same = {
            "list_id": list_id,
            "before": "",
            "basis": proof.basis,
            "method": proof.method,
            "source": proof.source,
            "wording": proof.wording,
            "notice": proof.notice,
            "form": proof.form,
            "recorded_by": proof.by,
            "recorded_at": proof.now,
        }
        people = _landing.join(subscribers, subscribers.c.id == _landing.c.subscriber_id)
        query = select(*own.values(), *_literals(consents, same)).select_from(people)
        query = query.where(*self._never_on(list_id))
        self._connection.execute(insert(consents).from_select([*own, *same], query))

    def _never_on(self, list_id: str) -> Iterator[ColumnElement[bool]]:
        """Say that somebody never had this subscription; of strangers it needs no saying."""
        yield _landing.c.subscriber_id.is_not(None)
        if not self._all_new:
            here = select(subscriptions.c.subscriber_id).where(
                subscriptions.c.subscriber_id == _landing.c.subscriber_id,
                subscriptions.c.list_id == list_id,
            )
            yield ~here.exists()

    @staticmethod
    def _are_here(column: ColumnElement[int]) -> ColumnElement[bool]:
        return column.in_(select(_landing.c.subscriber_id))

    @property
    def _moment(self) -> Callable[[str], Any]:
        """Turn seconds into what the driver takes for a time."""
        process = UTCDateTime().bind_processor(self._connection.dialect)
        assert process is not None
        return lambda seconds: process(datetime.fromtimestamp(int(seconds), UTC))


@lru_cache
def _made(dialect: Dialect) -> str:
    """Write the statement that makes the table, once: writing it takes longer than running it."""
    return str(CreateTable(_landing, if_not_exists=True).compile(dialect=dialect))


def _literals(table: Table, values: Mapping[str, Any]) -> list[ColumnElement[Any]]:
    return [literal(value, table.c[name].type) for name, value in values.items()]
