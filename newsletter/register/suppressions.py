"""Addresses that must never be mailed again, kept as keyed hashes only.

A plain hash could be guessed back; the key is a secret outside the database (GDPR art. 17, 25).
Hashes are written with the newest key of the ring and looked for with all of them.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import Connection, delete, insert, or_, select

from newsletter.register import addresses
from newsletter.register.subscriptions import Act, Proof, move_all, subscriber_with
from newsletter.store import Store
from newsletter.store.schema import suppressions

MOVED: Final = "moved"
"""Reason for the former address of somebody who changed it: an old list must not bring it back, but
they themselves may."""

_PURPOSE: Final = b"newsletter suppression v1\0"
_MANY: Final = 200
_SLICE: Final = 5000
"""Bound values of one query; SQLite takes 32,766, PostgreSQL 65,535."""


def fingerprint(address_key: str, key: str) -> str:
    """Hash a folded address with one key of the ring: HMAC-SHA256, in hexadecimal."""
    return hmac.digest(key.encode(), _PURPOSE + address_key.encode(), "sha256").hex()


def suppress(
    store: Store,
    address: str,
    *,
    reason: str,
    now: datetime,
    keys: Sequence[str],
    source: str = "",
    expires_at: datetime | None = None,
) -> bool:
    """Never mail this address again: store its hash and close its subscriptions.

    Tell whether that is new. Raises AddressError.
    """
    folded = addresses.key(addresses.normalise(address))
    with store.begin() as connection:
        return suppress_key(
            connection,
            folded,
            reason=reason,
            now=now,
            keys=keys,
            source=source,
            expires_at=expires_at,
        )


def suppress_key(
    connection: Connection,
    address_key: str,
    *,
    reason: str,
    now: datetime,
    keys: Sequence[str],
    source: str = "",
    expires_at: datetime | None = None,
) -> bool:
    """Do what `suppress` does, for a folded address, in the caller's transaction.

    Of two suppressions the one that lasts longer stays.
    """
    new = not _lasts(connection, address_key, expires_at, keys=keys, now=now)
    if new:
        lift(connection, address_key, keys=keys)  # the shorter one, or one that has run out
        connection.execute(
            insert(suppressions).values(
                address_hash=fingerprint(address_key, keys[0]),
                reason=reason,
                source=source,
                created_at=now,
                expires_at=expires_at,
            )
        )
    if (subscriber_id := subscriber_with(connection, address_key)) is not None:
        proof = Proof(method="suppression", source=source or reason, by="tool", now=now)
        move_all(connection, subscriber_id, Act.SUPPRESS, proof)
    return new


def lift(connection: Connection, address_key: str, *, keys: Sequence[str]) -> bool:
    """Forget that an address is suppressed; only its owner's double opt-in may lead here (B07)."""
    hashes = [fingerprint(address_key, key) for key in keys]
    done = connection.execute(delete(suppressions).where(suppressions.c.address_hash.in_(hashes)))
    return done.rowcount > 0


def among(
    connection: Connection, address_keys: Iterable[str], *, keys: Sequence[str], now: datetime
) -> Mapping[str, str]:
    """Find which of these folded addresses are suppressed now, and why."""
    asked = list(address_keys)
    stands = or_(suppressions.c.expires_at.is_(None), suppressions.c.expires_at > now)
    if len(asked) >= _MANY:
        # For many, all suppressions are at hand sooner than they are looked up one by one.
        query = select(suppressions.c.address_hash, suppressions.c.reason).where(stands)
        all_of_them = connection.execute(query.limit(len(asked))).all()
        if len(all_of_them) < len(asked):
            reasons = {row.address_hash: row.reason for row in all_of_them}
            hashes = ((item, fingerprint(item, key)) for item in asked for key in keys if reasons)
            return {item: reasons[digest] for item, digest in hashes if digest in reasons}
    owners = {fingerprint(item, key): item for item in asked for key in keys}
    found: dict[str, str] = {}
    for part in _slices(owners):
        query = select(suppressions.c.address_hash, suppressions.c.reason).where(
            suppressions.c.address_hash.in_(part), stands
        )
        found.update((owners[row.address_hash], row.reason) for row in connection.execute(query))
    return found


def _lasts(
    connection: Connection,
    address_key: str,
    until: datetime | None,
    *,
    keys: Sequence[str],
    now: datetime,
) -> bool:
    """Tell whether an address is suppressed already, and at least until then."""
    hashes = [fingerprint(address_key, key) for key in keys]
    query = select(suppressions.c.expires_at).where(suppressions.c.address_hash.in_(hashes))
    return any(
        ends is None or (until is not None and ends > now and ends >= until)
        for ends in connection.scalars(query)
    )


def _slices(items: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(items)
    while part := list(islice(remaining, _SLICE)):
        yield part
