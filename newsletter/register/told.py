"""What vendors told in their own words, for a month: to look at, and so that nothing counts twice.

Of every event stays by what name it is known, so that it is taken once. What it says, and of whom,
stays only where it is about somebody in the register; of mail to others, that an account may send
as well, nothing stays, but of kinds that nobody knows the words without their addresses. Who opened
and clicked what is not kept at all: nothing here needs it, and without consent it may not be.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from newsletter.register import addresses
from newsletter.register.addresses import AddressError
from newsletter.store.schema import deliveries, subscribers
from newsletter.store.schema import told as kept

KEPT: Final = timedelta(days=30)
"""The longest time in which a vendor tells the same again, or somebody repeats a request."""

_UNKNOWN: Final = "unknown"
_UNWEIGHED: Final = ("other", _UNKNOWN)
_MOST_RAW: Final = 16_000
_MOST_NAME: Final = 100
_SLICE: Final = 1000
_ANY_ADDRESS: Final = re.compile(r'[^\s<>@"\\,;:]+(?:@|%40)[^\s<>@"\\,;:&]+')
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """One event as a vendor told it."""

    source_id: str
    """The vendor's name for it, the same whenever it tells it again."""
    kind: str
    """As in `register.events`, or other: without weight, or unknown."""
    name: str
    """The vendor's own word for it."""
    raw: str = ""
    """The event as JSON, in ASCII."""
    address: str = ""
    delivery_id: int | None = None
    happened_at: datetime
    tracks: bool = False
    """Whether it tells what somebody did with a mail."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A kind of event that this version of the tool does not know."""

    source: str
    name: str
    times: int
    last: datetime


def keep(connection: Connection, source: str, said: Sequence[Saying], now: datetime) -> set[str]:
    """Keep what a vendor told, and give the names (`source_id`) of those that are new."""
    known = _Known(connection, said)
    rows = {
        one.source_id: _row(one, known.subscriber_of(one), now)
        for one in reversed(said)  # of two with one name, the first stays
    }
    if not rows:
        return set()
    insert = sqlite.insert(kept) if connection.dialect.name == "sqlite" else postgresql.insert(kept)
    once = insert.on_conflict_do_nothing(index_elements=["source", "source_id"])
    # In order, so that two requests with the same events wait for each other, not both.
    written = [{"source": source, **rows[source_id]} for source_id in sorted(rows)]
    return set(connection.scalars(once.returning(kept.c.source_id), written))


def plain(name: str) -> str:
    """Make a vendor's word for a kind fit for a line: short, and never an address."""
    return _CONTROL.sub(" ", _without_addresses(name[:_MOST_NAME])).strip()


def unknown(connection: Connection) -> list[Unknown]:
    """List the kinds that nobody knows, of the last month, by vendor and name."""
    query = (
        select(kept.c.source, kept.c.name, func.count(), func.max(kept.c.taken_at))
        .where(kept.c.kind == _UNKNOWN)
        .group_by(kept.c.source, kept.c.name)
        .order_by(kept.c.source, kept.c.name)
    )
    return [Unknown(*row) for row in connection.execute(query)]


class _Known:
    """Finds whose events they are: by the delivery first, then by the address (rule T12)."""

    def __init__(self, connection: Connection, said: Sequence[Saying]) -> None:
        told = [one for one in said if not one.tracks]
        numbers = {one.delivery_id for one in told if one.delivery_id is not None}
        # The ledger keeps the numbers of people who were erased.
        by_delivery = select(deliveries.c.id, deliveries.c.subscriber_id).join(
            subscribers, subscribers.c.id == deliveries.c.subscriber_id
        )
        self._by_delivery: dict[int, int] = {
            number: subscriber_id
            for some in _sliced(sorted(numbers))
            for number, subscriber_id in connection.execute(
                by_delivery.where(deliveries.c.id.in_(some))
            )
        }
        written = {one.address for one in told if one.delivery_id is None}
        self._folded = {address: key for address in written if (key := _folded(address))}
        by_key = select(subscribers.c.address_key, subscribers.c.id)
        self._by_key: dict[str, int] = {
            key: subscriber_id
            for some in _sliced(sorted(set(self._folded.values())))
            for key, subscriber_id in connection.execute(
                by_key.where(subscribers.c.address_key.in_(some))
            )
        }

    def subscriber_of(self, one: Saying) -> int | None:
        if one.tracks:
            return None
        if one.delivery_id is not None:
            return self._by_delivery.get(one.delivery_id)
        return self._by_key.get(self._folded.get(one.address, ""))


def _sliced(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _SLICE):
        yield items[start : start + _SLICE]


def _folded(address: str) -> str:
    """Fold an address as somebody else wrote it; empty for what is none."""
    try:
        return addresses.key(addresses.normalise(address)) if address else ""
    except AddressError:
        return ""


def _row(one: Saying, subscriber_id: int | None, now: datetime) -> dict[str, Any]:
    return {
        "source_id": one.source_id,
        "subscriber_id": subscriber_id,
        "delivery_id": None if subscriber_id is None else one.delivery_id,
        "kind": one.kind,
        "name": plain(one.name),
        "raw": _raw(one, subscriber_id),
        "happened_at": min(one.happened_at, now),
        "taken_at": now,
    }


def _raw(one: Saying, subscriber_id: int | None) -> str:
    if one.tracks or (subscriber_id is None and one.kind not in _UNWEIGHED):
        return ""
    raw = one.raw[:_MOST_RAW]
    return raw if subscriber_id is not None else _without_addresses(raw)


def _without_addresses(text: str) -> str:
    return _ANY_ADDRESS.sub("...@...", text)
