"""Both sides of many addresses, read page by page: neither is ever in memory as a whole."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Text, and_, case, func, literal, select

from newsletter.creamailer.planning import Both, Ours
from newsletter.creamailer.spool import SUPPRESSIONS, THERE, Spool, Theirs, theirs_of
from newsletter.register import addresses, suppressions
from newsletter.register.subscriptions import State
from newsletter.store.schema import consents, subscribers, subscriptions, sync_rows

SIZE: Final = 500


@dataclass(frozen=True, slots=True)
class Page:
    """Some addresses in the order of their folded form; `last` is where the next page begins."""

    people: Sequence[Both]
    last: str | None
    """None: there is no more."""


class Sides:
    """The register and the spool, side by side."""

    def __init__(self, spool: Spool, lists: Sequence[str], keys: Sequence[str]) -> None:
        self._spool = spool
        self._lists = lists
        self._keys = keys

    def page(self, connection: Connection, after: str | None, now: datetime) -> Page:
        """Read the next addresses that either side has."""
        last = self._end(connection, after)
        span = _Span(after, last)
        people = self._join(connection, span, now)
        return Page(people, last)

    def of(self, connection: Connection, keys: Collection[str], now: datetime) -> list[Both]:
        """Read these addresses as they are now."""
        return self._join(connection, _Among(list(keys)), now) if keys else []

    def _end(self, connection: Connection, after: str | None) -> str | None:
        """Find where the page ends, so that neither side has more than SIZE rows of a list in it.

        The database compares: it alone knows in which order it keeps texts.
        """
        end: str | None = None
        for query in self._keys_after(after):
            keys = connection.scalars(query.limit(SIZE)).all()
            if len(keys) == SIZE:
                end = keys[-1] if end is None else _lesser(connection, end, keys[-1])
        return end

    def _keys_after(self, after: str | None) -> Iterable[Any]:
        beyond = _Span(after, None)
        column = subscribers.c.address_key
        yield select(column).where(beyond.holds(column)).order_by(column)
        for name in (*self._lists, SUPPRESSIONS):
            column = sync_rows.c.address_key
            here = and_(sync_rows.c.account == self._spool.account, sync_rows.c.list_id == name)
            yield select(column).where(here, beyond.holds(column)).order_by(column)

    def _join(self, connection: Connection, which: "_Which", now: datetime) -> list[Both]:
        known = self._subscribers(connection, which)
        ours = self._ours(connection, which)
        theirs, suppressed = self._theirs(connection, which)
        keys = [*known, *(key for key in theirs | suppressed if key not in known)]
        hidden = suppressions.among(connection, keys, keys=self._keys, now=now)
        moved = self._moved(connection, [key for key in theirs if key not in known])
        leaving = [known[key].id for key in theirs if key in ours and _left(theirs[key].values())]
        returned = self._returned(connection, leaving)
        return [
            Both(
                key=key,
                address=known[key].address
                if key in known
                else _mailable(_written(theirs, suppressed, key)),
                subscriber_id=known[key].id if key in known else None,
                ours=ours.get(key, {}),
                theirs=theirs.get(key, {}),
                suppressed_here=hidden.get(key, ""),
                suppressed_there=key in suppressed,
                returned=returned.get(known[key].id, ()) if key in known else (),
                moved=key in moved,
                names=_names(known[key]) if key in known else {},
            )
            for key in keys
        ]

    def _subscribers(self, connection: Connection, which: "_Which") -> dict[str, Any]:
        names = ("id", "address_key", "address", "first_name", "last_name", "language", "fields")
        query = select(*(subscribers.c[name] for name in names))
        found = connection.execute(query.where(which.holds(subscribers.c.address_key)))
        return {row.address_key: row for row in found}

    def _ours(self, connection: Connection, which: "_Which") -> dict[str, dict[str, Ours]]:
        query = (
            select(
                subscribers.c.address_key,
                subscriptions.c.list_id,
                subscriptions.c.state,
                subscriptions.c.paused_until,
            )
            .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
            .where(which.holds(subscribers.c.address_key), subscriptions.c.list_id.in_(self._lists))
        )
        found: dict[str, dict[str, Ours]] = {}
        for key, list_id, state, until in connection.execute(query):
            found.setdefault(key, {})[list_id] = Ours(State(state), until)
        return found

    def _theirs(
        self, connection: Connection, which: "_Which"
    ) -> tuple[dict[str, dict[str, Theirs]], dict[str, str]]:
        found: dict[str, dict[str, Theirs]] = {}
        suppressed: dict[str, str] = {}
        for name in (*self._lists, SUPPRESSIONS):
            query = select(sync_rows).where(
                sync_rows.c.account == self._spool.account,
                sync_rows.c.list_id == name,
                which.holds(sync_rows.c.address_key),
            )
            for row in connection.execute(query):
                if name == SUPPRESSIONS:
                    suppressed[row.address_key] = row.address
                else:
                    found.setdefault(row.address_key, {})[name] = theirs_of(row)
        return found, suppressed

    def _returned(self, connection: Connection, ids: Sequence[int]) -> dict[int, set[str]]:
        """Find which lists these subscribers had left once, wherever they stand now."""
        query = select(consents.c.subscriber_id, consents.c.list_id).where(
            consents.c.subscriber_id.in_(ids), consents.c.act == "withdrawn"
        )
        found: dict[int, set[str]] = {}
        for number, list_id in connection.execute(query) if ids else ():
            found.setdefault(number, set()).add(list_id)
        return found

    def _moved(self, connection: Connection, keys: Sequence[str]) -> set[str]:
        """Find addresses that somebody here has given up for another one."""
        if not keys:
            return set()
        folded = func.lower(consents.c.address)  # nothing but ASCII stands before the @
        query = select(folded).where(folded.in_(keys)).distinct()
        return set(connection.scalars(query))


class _Which:
    """Which addresses are meant, said in SQL."""

    def holds(self, column: ColumnElement[str]) -> ColumnElement[bool]:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class _Span(_Which):
    """Those after one and up to another."""

    after: str | None
    last: str | None

    def holds(self, column: ColumnElement[str]) -> ColumnElement[bool]:
        low = literal(value=True) if self.after is None else column > self.after
        high = literal(value=True) if self.last is None else column <= self.last
        return and_(low, high)


@dataclass(frozen=True, slots=True)
class _Among(_Which):
    """These."""

    keys: Sequence[str]

    def holds(self, column: ColumnElement[str]) -> ColumnElement[bool]:
        return column.in_(self.keys)


def _lesser(connection: Connection, one: str, other: str) -> str:
    left, right = literal(one, Text), literal(other, Text)
    return str(connection.scalar(select(case((left < right, left), else_=right))))


def _written(
    theirs: Mapping[str, Mapping[str, Theirs]], suppressed: Mapping[str, str], key: str
) -> str:
    """Give an address as it is written there; an active spelling is the best one."""
    rows = list(theirs.get(key, {}).values())
    active = [spelling for row in rows for spelling in row.active]
    return (active or [row.address for row in rows] or [suppressed[key]])[0]


def _left(rows: Iterable[Theirs]) -> bool:
    return any(row.status not in THERE for row in rows)


def _mailable(address: str) -> str | None:
    try:
        return addresses.normalise(address)
    except addresses.AddressError:
        return None


def _names(row: Any) -> dict[str, str]:  # noqa: ANN401 - a row of subscribers
    named = {"first_name": row.first_name, "last_name": row.last_name, "language": row.language}
    return {name: value for name, value in (named | row.fields).items() if value}
