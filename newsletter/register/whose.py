"""Which rows are about somebody: one answer for showing, exporting and erasing them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, or_, select, union

from newsletter.errors import InputError
from newsletter.register import addresses
from newsletter.register.people import nobody
from newsletter.store.schema import (
    audit,
    consents,
    deliveries,
    events,
    farewells,
    mailings,
    replies,
    requests,
    results,
    subscribers,
    subscriptions,
    sync_rows,
    told,
)

Who = int | str
"""A subscriber's number, or an address."""


@dataclass(frozen=True, slots=True)
class Whose:
    """One person, or an address that the register has no subscriber for."""

    subscriber_id: int | None
    addresses: Mapping[str, str]
    """Folded → as written: the present one first, then earlier ones that nobody else has by now."""

    @property
    def address(self) -> str:
        """The present address, or the one that was asked about."""
        return next(iter(self.addresses.values()))

    @property
    def address_key(self) -> str:
        """The same, folded."""
        return next(iter(self.addresses))


def find(connection: Connection, who: Who) -> Whose:
    """Find whom a number or an address means.

    An address may belong to no subscriber; a number must. Raises InputError.
    """
    if isinstance(who, int):
        if not (found := among(connection, [who])):
            raise InputError(f"no subscriber {who}", hint="they were erased, or never were")
        return found[0]
    address = addresses.normalise(who)
    folded = addresses.key(address)
    query = select(subscribers.c.id).where(subscribers.c.address_key == folded)
    if (subscriber_id := connection.scalar(query)) is None:
        return Whose(None, {folded: address})
    return among(connection, [subscriber_id])[0]


def known(connection: Connection, who: Who) -> Whose:
    """Find somebody who is in the register; raises InputError for everybody else."""
    found = find(connection, who)
    if found.subscriber_id is None:
        raise nobody(str(who))
    return found


def among(connection: Connection, ids: Sequence[int]) -> list[Whose]:
    """Find people by their numbers, with every address that is known to be theirs."""
    present = select(subscribers.c.id, subscribers.c.address_key, subscribers.c.address).where(
        subscribers.c.id.in_(ids)
    )
    found = {row.id: {row.address_key: row.address} for row in connection.execute(present)}
    for subscriber_id, address in _earlier(connection, ids):
        if subscriber_id in found:
            found[subscriber_id].setdefault(addresses.key(address), address)
    taken = _taken(connection, {key for theirs in found.values() for key in theirs})
    return [
        Whose(
            number,
            {key: text for key, text in theirs.items() if taken.get(key, number) == number},
        )
        for number, theirs in found.items()
    ]


def rows_of(ids: Collection[int], keys: Collection[str]) -> dict[Table, ColumnElement[bool]]:
    """Say per table which rows are about people, by their numbers and folded addresses.

    Suppressions are not among them: they are found by the keyed hash of an address.
    """
    theirs = deliveries.c.subscriber_id.in_(ids)
    # Naming the issues lets the unique index (issue, subscriber, round) answer.
    mailed = deliveries.c.issue.in_(select(mailings.c.issue)) & theirs
    return {
        subscribers: subscribers.c.id.in_(ids),
        subscriptions: subscriptions.c.subscriber_id.in_(ids),
        consents: consents.c.subscriber_id.in_(ids),
        requests: or_(requests.c.subscriber_id.in_(ids), requests.c.address_key.in_(keys)),
        replies: or_(replies.c.subscriber_id.in_(ids), replies.c.address_key.in_(keys)),
        events: events.c.subscriber_id.in_(ids),
        told: told.c.subscriber_id.in_(ids),
        deliveries: mailed,
        results: results.c.delivery_id.in_(select(deliveries.c.id).where(mailed)),
        sync_rows: sync_rows.c.address_key.in_(keys),
        farewells: farewells.c.address_key.in_(keys),
        audit: audit.c.subscriber_id.in_(ids),
    }


def rows_of_one(whose: Whose) -> dict[Table, ColumnElement[bool]]:
    """Say per table which rows are about one person."""
    ids = [] if whose.subscriber_id is None else [whose.subscriber_id]
    return rows_of(ids, list(whose.addresses))


def _earlier(connection: Connection, ids: Sequence[int]) -> Iterable[tuple[int, str]]:
    """Give the addresses that people consented with, or were mailed at."""
    theirs = rows_of(ids, [])

    def addresses_of(table: Table) -> Select[Any]:
        columns = (table.c.subscriber_id, table.c.address)
        return select(*columns).where(theirs[table], table.c.address != "")

    query = union(addresses_of(consents), addresses_of(deliveries))
    return [(row[0], row[1]) for row in connection.execute(query)]


def _taken(connection: Connection, keys: Collection[str]) -> dict[str, int]:
    """Tell whose these folded addresses are at present."""
    query = select(subscribers.c.address_key, subscribers.c.id).where(
        subscribers.c.address_key.in_(keys)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
