"""Erasing somebody: nothing of them stays but a keyed hash, so that nobody mails them again.

GDPR art. 17, with 17(3)(b) and 21(3) for the hash. The ledger keeps its rows, since mailings are
counted from them, but no longer whose they are: a number that is never given to another person. A
delivery that waits is then excluded as "removed"; one that is in doubt stays in doubt, and where a
batch can only be repeated whole (under one key), all that is in doubt of it stays so.

A service beside us that has the address as well must forget it, too (art. 19), and a hash cannot
tell it whom. While [creamailer] is set, addresses therefore wait in the table `farewells`: its sync
asks `pending_elsewhere` what must still go there, and says `passed_on` once it has.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, or_, select, update

from newsletter.register import audit, suppressions, whose
from newsletter.register.people import nobody
from newsletter.register.whose import Who, Whose
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.store.schema import (
    batches,
    consents,
    deliveries,
    events,
    farewells,
    replies,
    requests,
    results,
    subscribers,
    subscriptions,
    sync_rows,
    told,
)
from newsletter.store.schema import suppressions as sealed

Reason = Literal["erased", "left"]
"""erased: they asked · left: they left all lists, and the time that is set for that has passed."""

_SLICE: Final = 50
"""People erased in one transaction: each takes rows of many tables along."""

_SERVICE: Final = "creamailer"

_EMPTIED: Final[Mapping[Table, Mapping[str, Any]]] = {
    results: {"reason": "", "provider_id": ""},
    deliveries: {"address": "", "values": {}},
}
"""What stays of the ledger, and what is taken out of it. Why somebody was excluded is our own word;
why a provider refused may quote the address, or the name before the @."""

# Subscriptions first: while one stands, triggers keep proof and results as they are.
_ORDER: Final = (
    subscriptions, consents, results, deliveries, events, told, requests, replies, sync_rows,
    subscribers,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Erased:
    """What was, or in a dry run would be, erased."""

    subscriber_id: int | None
    """None for an address that has no subscriber, but e.g. a request that waits."""
    rows: Mapping[str, int]
    """By table: how many rows were deleted or, in deliveries and results, emptied."""
    passing_on: bool
    """Whether a service beside us is still to be told."""


@dataclass(frozen=True, slots=True)
class Farewell:
    """An erased address that a service beside us must forget, too."""

    address_key: str
    address: str
    reason: Reason
    erased_at: datetime


def erase(
    store: Store,
    who: Who,
    *,
    settings: Settings,
    by: str,
    now: datetime,
    keys: Sequence[str],
    dry_run: bool = False,
) -> Erased:
    """Erase somebody by number or address, or tell with `dry_run` what that would take.

    Raises InputError when nothing is known of them; somebody erased already is none the less fine.
    """
    with store.read() if dry_run else store.begin() as connection:
        erased = erase_in(
            connection, who, settings=settings, by=by, now=now, keys=keys, dry_run=dry_run
        )
    if not dry_run:
        store.fold_log()
    return erased


def erase_in(
    connection: Connection,
    who: Who,
    *,
    settings: Settings,
    by: str,
    now: datetime,
    keys: Sequence[str],
    dry_run: bool = False,
) -> Erased:
    """Do what `erase` does in the caller's transaction; then `store.fold_log()` is the caller's."""
    person = whose.find(connection, who)
    rows = _count(connection, whose.rows_of_one(person))
    passing_on = settings.creamailer is not None
    if not any(rows.values()):
        if not suppressions.among(connection, person.addresses, keys=keys, now=now):
            raise nobody(person.address)
        passing_on = False
    elif not dry_run:
        wipe(connection, [person], "erased", settings=settings, by=by, now=now, keys=keys)
    return Erased(person.subscriber_id, {t.name: n for t, n in rows.items()}, passing_on)


def erase_again(
    store: Store,
    ids: Sequence[int],
    *,
    settings: Settings,
    by: str,
    now: datetime,
    keys: Sequence[str],
) -> int:
    """Erase those of some people whom an older copy of the database brought back; tell how many.

    Their hashes tell that they were erased, and why.
    """
    done = 0
    for start in range(0, len(ids), _SLICE):
        with store.begin() as connection:
            people = whose.among(connection, ids[start : start + _SLICE])
            keyed = [person.address_key for person in people]
            why = suppressions.among(connection, keyed, keys=keys, now=now)
            for reason in get_args(Reason):
                theirs = [person for person in people if why.get(person.address_key) == reason]
                if theirs:
                    wipe(connection, theirs, reason, settings=settings, by=by, now=now, keys=keys)
                done += len(theirs)
    store.fold_log()
    return done


def wipe(
    connection: Connection,
    people: Sequence[Whose],
    reason: Reason,
    *,
    settings: Settings,
    by: str,
    now: datetime,
    keys: Sequence[str],
) -> None:
    """Erase many people at once, in the caller's transaction, with a line each in the audit log."""
    ids = [person.subscriber_id for person in people if person.subscriber_id is not None]
    written = {key: text for person in people for key, text in person.addresses.items()}
    theirs = whose.rows_of(ids, list(written))
    for table in _ORDER:
        connection.execute(_statement(table, theirs[table]))
    _clean_batches(connection, written)
    _seal(connection, list(written), reason, by=by, now=now, keys=keys)
    if settings.creamailer is not None:
        _say_farewell(connection, written, reason, now)
    numbers = (person.subscriber_id for person in people)
    audit.note_each(connection, "erased", numbers, by=by, now=now, reason=reason)


def pending_elsewhere(connection: Connection) -> tuple[Farewell, ...]:
    """Give the erased addresses that Creamailer must still be told of, the oldest first.

    Who has subscribed anew since then is not among them.
    """
    back = select(subscribers.c.address_key)
    columns = (farewells.c[name] for name in Farewell.__slots__)
    query = (
        select(*columns)
        .where(farewells.c.service == _SERVICE, farewells.c.address_key.not_in(back))
        .order_by(farewells.c.erased_at, farewells.c.address_key)
    )
    return tuple(Farewell(*row) for row in connection.execute(query))


def passed_on(connection: Connection, address_keys: Iterable[str]) -> int:
    """Forget these erased addresses at last: Creamailer has been told. Give how many they were."""
    gone = farewells.c.address_key.in_(list(address_keys))
    return connection.execute(
        delete(farewells).where(farewells.c.service == _SERVICE, gone)
    ).rowcount


def _count(connection: Connection, theirs: Mapping[Table, ColumnElement[bool]]) -> dict[Table, int]:
    return {
        table: connection.execute(
            select(func.count()).select_from(table).where(_touched(table, theirs[table]))
        ).scalar_one()
        for table in _ORDER
    }


def _touched(table: Table, theirs: ColumnElement[bool]) -> ColumnElement[bool]:
    """Leave out the ledger's rows that there is nothing to take out of."""
    if table is deliveries:
        return theirs & (deliveries.c.address != "")
    if table is results:
        said = or_(results.c.reason != "", results.c.provider_id != "")
        return theirs & said & (results.c.state != "excluded")
    return theirs


def _statement(table: Table, theirs: ColumnElement[bool]) -> Any:  # noqa: ANN401 - delete or update
    which = _touched(table, theirs)
    if table in _EMPTIED:
        return update(table).where(which).values(**_EMPTIED[table])
    return delete(table).where(which)


def _clean_batches(connection: Connection, written: Iterable[str]) -> None:
    """Take addresses out of what a provider said of whole batches; few rows hold an @ at all."""
    quoted = re.compile("|".join(map(re.escape, written)), re.IGNORECASE)
    query = select(batches.c.id, batches.c.reason).where(batches.c.reason.contains("@"))
    for number, reason in connection.execute(query).all():
        if (clean := quoted.sub("…", reason)) != reason:
            changed = update(batches).where(batches.c.id == number).values(reason=clean)
            connection.execute(changed)


def _seal(
    connection: Connection,
    address_keys: Sequence[str],
    reason: Reason,
    *,
    by: str,
    now: datetime,
    keys: Sequence[str],
) -> None:
    """Leave the keyed hashes, for ever; one that is there for ever already says why by itself."""
    hashes = {
        folded: [suppressions.fingerprint(folded, key) for key in keys] for folded in address_keys
    }
    every = [item for theirs in hashes.values() for item in theirs]
    query = select(sealed.c.address_hash).where(
        sealed.c.address_hash.in_(every), sealed.c.expires_at.is_(None)
    )
    if reason == "erased":
        query = query.where(sealed.c.reason == reason)
    standing = set(connection.scalars(query))
    new = [theirs for theirs in hashes.values() if standing.isdisjoint(theirs)]
    shorter = [item for theirs in new for item in theirs]
    connection.execute(delete(sealed).where(sealed.c.address_hash.in_(shorter)))
    shared = {
        "reason": reason,
        "source": "subscriber" if by == "subscriber" else "staff",
        "created_at": now,
    }
    if new:
        connection.execute(insert(sealed), [{**shared, "address_hash": item[0]} for item in new])


def _say_farewell(
    connection: Connection, written: Mapping[str, str], reason: Reason, now: datetime
) -> None:
    passed_on(connection, written)
    connection.execute(
        insert(farewells),
        [
            {
                "service": _SERVICE,
                "address_key": key,
                "address": address,
                "reason": reason,
                "erased_at": now,
            }
            for key, address in written.items()
        ],
    )
