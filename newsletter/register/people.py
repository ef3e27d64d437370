"""Putting somebody into the register, and taking them off all lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select, update

from newsletter.errors import InputError
from newsletter.register import addresses, suppressions
from newsletter.register.entries import Entry, Rules, check_terms, compare
from newsletter.register.subscriptions import (
    Act,
    Proof,
    State,
    join,
    move,
    move_all,
    subscriber_with,
)
from newsletter.settings import Settings
from newsletter.store import Store, bulk
from newsletter.store.schema import subscribers, subscriptions

_SAID: Final = {
    "added": "added to {}",
    "active": "already on {}",
    "left": "has left {} and was not put back",
}


@dataclass(frozen=True, slots=True)
class Added:
    """What came of adding somebody."""

    subscriber_id: int
    new: bool
    """Whether nobody with this address was in the register."""
    lists: Mapping[str, str]
    """Per list "added", or the state that it was in and still is, e.g. "active" or "left"."""
    differing: tuple[str, ...]
    """Fields that say otherwise in the register; what is there was kept."""

    def sentence(self) -> str:
        """Say what happened, for a person."""
        said = [
            _SAID.get(what, f"stays {what} on {{}}").format(n) for n, what in self.lists.items()
        ]
        if self.differing:
            said.append(f"kept what the register says of {', '.join(self.differing)}")
        return "; ".join(said)


def add(
    store: Store,
    entry: Entry,
    *,
    lists: Sequence[str],
    basis: str,
    source: str,
    method: str,
    by: str,
    now: datetime,
    keys: Sequence[str],
    settings: Settings | None = None,
    again: bool = False,
) -> Added:
    """Put somebody into the register and on lists; of somebody known, fill what is empty.

    Who has left stays away, unless `again` says that they have asked anew. With `settings` every
    value is checked, not only the address. Raises InputError for a wrong value, missing terms, or
    an address that must not be mailed.
    """
    named = check_terms(lists, basis=basis, source=source)
    if settings is not None:
        entry = Rules(settings).read(entry.values())
        for name in named:
            settings.list_named(name)
    address = addresses.normalise(entry.address)
    folded = addresses.key(address)
    proof = Proof(method=method, source=source, by=by, now=now, basis=basis)
    with store.begin() as connection:
        if suppressions.among(connection, [folded], keys=keys, now=now):
            raise InputError(
                "this address must not be mailed: it is suppressed",
                hint="it bounced for good, complained, was erased or given up for another; "
                "see: newsletter subscribers show",
            )
        subscriber_id, new, differing = enter(connection, entry, address, proof)
        return Added(
            subscriber_id,
            new,
            {name: _join(connection, subscriber_id, name, proof, again=again) for name in named},
            tuple(differing),
        )


def remove(store: Store, address: str, *, by: str, now: datetime) -> tuple[str, ...]:
    """Take somebody off every list; name those that it changed. They stay known as having left.

    Raises InputError when nobody has this address.
    """
    folded = addresses.key(addresses.normalise(address))
    with store.begin() as connection:
        subscriber_id = subscriber_with(connection, folded)
        if subscriber_id is None:
            raise nobody(address)
        proof = Proof(method="command", source="newsletter subscribers remove", by=by, now=now)
        return tuple(move_all(connection, subscriber_id, Act.LEAVE, proof))


def nobody(address: str) -> InputError:
    """Make the error for an address that the register does not have."""
    return InputError(
        f"nobody in the register has the address {address.strip()!r}",
        hint="check the spelling; newsletter subscribers add puts somebody in",
    )


def enter(
    connection: Connection, entry: Entry, address: str, proof: Proof
) -> tuple[int, bool, list[str]]:
    """Find or make the subscriber: id, whether new, and the fields that differ."""
    folded = addresses.key(address)
    known = select(subscribers).where(subscribers.c.address_key == folded).with_for_update()
    row = connection.execute(known).one_or_none()
    if row is None:
        values = new_row(entry, address, proof.source, proof.now)
        made = bulk.insert_new(connection, subscribers).values(values).returning(subscribers.c.id)
        if (number := connection.scalar(made)) is not None:
            return number, True, []
        row = connection.execute(known).one()  # PostgreSQL: somebody else was faster
    changes, differing = compare(row._asdict(), entry)
    if changes:
        connection.execute(
            update(subscribers)
            .where(subscribers.c.id == row.id)
            .values(**changes, changed_at=proof.now)
        )
    return row.id, False, differing


def new_row(entry: Entry, address: str, source: str, now: datetime) -> dict[str, object]:
    """Write a new subscriber's row; the id comes from the database."""
    return {
        "address": address,
        "address_key": addresses.key(address),
        "kind": entry.kind,
        "language": entry.language,
        "first_name": entry.first_name,
        "last_name": entry.last_name,
        "fields": dict(entry.fields),
        "source": source,
        "created_at": now,
        "changed_at": now,
    }


def _join(
    connection: Connection, subscriber_id: int, list_id: str, proof: Proof, *, again: bool
) -> str:
    """Put a subscriber on a list: "added", or the state that the subscription stays in."""
    if join(connection, subscriber_id, list_id, State.ACTIVE, proof):
        return "added"
    if again and move(connection, subscriber_id, list_id, Act.ASK_AGAIN, proof):
        return "added"
    stays: str = connection.execute(
        select(subscriptions.c.state).where(
            subscriptions.c.subscriber_id == subscriber_id, subscriptions.c.list_id == list_id
        )
    ).scalar_one()
    return stays
