"""What providers and mail systems tell later, and what follows; it only ever lowers trust (T12).

An event is kept once, however often it is told, and its effect is worked out from all that are
kept. So the order in which they come makes no difference, but for two things: a delivery that is
told after later bounces have paused or suppressed the address does not undo that, and of two
reasons for a suppression the first that came is written down.

Whom we do not know is ignored. So is a bounce of an address that somebody no longer has.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from newsletter.register import addresses, suppressions
from newsletter.register.addresses import AddressError
from newsletter.register.bounces import (
    WEIGHTLESS,
    Bounce,
    Failure,
    classify,
    judge,
    status_of,
)
from newsletter.register.subscriptions import Act, Pause, Proof, State, move, move_all
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.store.schema import audit, consents, deliveries, subscribers, subscriptions
from newsletter.store.schema import events as kept

Kind = Literal["delivered", "deferred", "bounced", "rejected", "complained", "unsubscribed"]
"""delivered: the mailbox took it · deferred: tried again later · bounced: given up · rejected: the
provider did not even try · complained: "this is spam" · unsubscribed: left there."""

_ABOUT_A_MAILBOX: Final = ("delivered", "deferred", "bounced", "rejected")
_MOST_TEXT: Final = 500
_SLICE: Final = 1000
_ANY_ADDRESS: Final = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that was told of one person, named by a delivery or, failing that, an address."""

    kind: Kind
    source: str
    """The provider, or "mail"."""
    source_id: str
    """Its own name for the event, the same whenever it tells it again."""
    happened_at: datetime
    address: str = ""
    delivery_id: int | None = None
    list_id: str = ""
    """Default: the delivery's; for leaving, all lists."""
    bounce: Bounce | Literal[""] = ""
    """Default for what bounced: as `classify` reads `code` and `text`."""
    code: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Person:
    """Whom an event is about."""

    subscriber_id: int
    address_key: str
    written_key: str
    """The address that the event is about; another one if they have changed it since."""
    list_id: str


def take(
    store: Store, event: Event, *, settings: Settings, keys: Sequence[str], now: datetime
) -> bool:
    """Keep an event and do what follows from it; tell whether it was new.

    False, and no row, for one that is known already or about nobody in the register.
    """
    with store.begin() as connection:
        return take_all(connection, [event], settings=settings, keys=keys, now=now) == 1


def take_all(
    connection: Connection,
    told: Iterable[Event],
    *,
    settings: Settings,
    keys: Sequence[str],
    now: datetime,
) -> int:
    """Do what `take` does for many events in the caller's transaction; tell how many were new."""
    events = list(told)
    people = _People(connection, events)
    known = [(event, person) for event in events if (person := people.of(event)) is not None]
    new = _keep(connection, known, now)
    room = _Room(connection, settings, keys, now)
    failing: dict[int, tuple[Event, _Person]] = {}
    for event, person, bounce in new:
        if event.kind == "complained":
            room.suppress(event, person, "complained", by="subscriber")
        elif event.kind == "unsubscribed":
            room.leave(event, person)
        elif bounce not in ("", *WEIGHTLESS):
            failing[person.subscriber_id] = (event, person)
    for event, person in failing.values():
        room.weigh(event, person)
    return len(new)


class _People:
    """Finds whom events are about: by the delivery first, then by the address (rule T12)."""

    def __init__(self, connection: Connection, events: Sequence[Event]) -> None:
        self._by_delivery: dict[int, _Person] = {}
        self._by_key: dict[str, _Person] = {}
        numbers = [event.delivery_id for event in events if event.delivery_id is not None]
        for start in range(0, len(numbers), _SLICE):
            self._read_deliveries(connection, numbers[start : start + _SLICE])
        written = [key for event in events if (key := _folded(event.address))]
        for start in range(0, len(written), _SLICE):
            self._read_addresses(connection, written[start : start + _SLICE])

    def of(self, event: Event) -> _Person | None:
        """Find the person of one event; None for somebody unknown, or for a former address."""
        found = self._by_delivery.get(event.delivery_id or 0) or self._by_key.get(
            _folded(event.address)
        )
        if found and event.kind in _ABOUT_A_MAILBOX and found.written_key != found.address_key:
            return None
        return found

    def _read_deliveries(self, connection: Connection, numbers: Sequence[int]) -> None:
        query = (
            select(
                deliveries.c.id,
                deliveries.c.subscriber_id,
                subscribers.c.address_key,
                deliveries.c.address,
                deliveries.c.list_id,
            )
            .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
            .where(deliveries.c.id.in_(numbers))
        )
        for number, subscriber_id, key, address, list_id in connection.execute(query):
            self._by_delivery[number] = _Person(subscriber_id, key, addresses.key(address), list_id)

    def _read_addresses(self, connection: Connection, written: Sequence[str]) -> None:
        query = select(subscribers.c.id, subscribers.c.address_key).where(
            subscribers.c.address_key.in_(written)
        )
        for subscriber_id, key in connection.execute(query):
            self._by_key[key] = _Person(subscriber_id, key, key, "")


def _folded(address: str) -> str:
    """Fold an address as somebody else wrote it; empty for what is none."""
    try:
        return addresses.key(addresses.normalise(address)) if address else ""
    except AddressError:
        return ""


def _keep(
    connection: Connection, known: Sequence[tuple[Event, _Person]], now: datetime
) -> list[tuple[Event, _Person, str]]:
    """Write the events that are new, and give them, each once, with what the bounce means."""
    rows = {
        (event.source, event.source_id): (event, person, _row(event, person, now))
        for event, person in reversed(known)  # of two with one name, the first stays
    }
    if not rows:
        return []
    insert = sqlite.insert(kept) if connection.dialect.name == "sqlite" else postgresql.insert(kept)
    once = insert.on_conflict_do_nothing(index_elements=["source", "source_id"])
    written = connection.execute(
        once.returning(kept.c.source, kept.c.source_id), [row for _, _, row in rows.values()]
    )
    names = {(source, source_id) for source, source_id in written}
    return [
        (event, person, row["bounce"])
        for name, (event, person, row) in reversed(rows.items())
        if name in names
    ]


def _row(event: Event, person: _Person, now: datetime) -> dict[str, Any]:
    bounce: str = event.bounce if event.kind in ("bounced", "rejected") else ""
    if event.kind == "bounced" and not bounce:
        bounce = classify(event.code, event.text)
    return {
        "subscriber_id": person.subscriber_id,
        "list_id": event.list_id or person.list_id,
        "delivery_id": event.delivery_id,
        "kind": event.kind,
        "bounce": bounce,
        "code": status_of(event.code, event.text),
        "text": _told_text(event.text),
        "source": event.source,
        "source_id": event.source_id,
        # A clock that goes wrong elsewhere must not make a delivery stand for all time to come.
        "happened_at": min(event.happened_at, now),
        "recorded_at": now,
    }


def _told_text(text: str) -> str:
    """Shorten what a server said, without the addresses in it: whose it is, the row says."""
    plain = _CONTROL.sub(" ", text[: 4 * _MOST_TEXT])
    return _ANY_ADDRESS.sub("…@…", plain).strip()[:_MOST_TEXT]


class _Room:
    """Does what follows from events, in one transaction."""

    def __init__(
        self, connection: Connection, settings: Settings, keys: Sequence[str], now: datetime
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._keys = keys
        self._now = now

    def leave(self, event: Event, person: _Person) -> None:
        """Take somebody off the list that they left, or off all."""
        proof = self._proof(event, by="subscriber")
        if list_id := event.list_id or person.list_id:
            move(self._connection, person.subscriber_id, list_id, Act.LEAVE, proof)
        else:
            move_all(self._connection, person.subscriber_id, Act.LEAVE, proof)

    def suppress(self, event: Event, person: _Person, reason: str, *, by: str) -> None:
        """Close all subscriptions, and never mail the address again (rules B05, B07)."""
        move_all(self._connection, person.subscriber_id, Act.SUPPRESS, self._proof(event, by=by))
        for key in {person.address_key, person.written_key}:
            suppressions.suppress_key(
                self._connection,
                key,
                reason=reason,
                now=self._now,
                keys=self._keys,
                source=event.source,
            )

    def weigh(self, event: Event, person: _Person) -> None:
        """Pause or suppress an address that has failed too often since it last took a mail."""
        failures = _failures(self._connection, person.subscriber_id)
        verdict = judge(failures, self._settings.bounces_of)
        if verdict.suppress:
            self.suppress(event, person, "bounced", by="tool")
        elif verdict.pause_until is not None:
            self._pause(event, person, Pause(verdict.pause_until, "bounces"))

    def _pause(self, event: Event, person: _Person, pause: Pause) -> None:
        proof = self._proof(event, by="tool")
        found = self._connection.execute(
            select(subscriptions).where(subscriptions.c.subscriber_id == person.subscriber_id)
        ).all()
        for row in found:
            if row.state == State.ACTIVE or _gives_way(row._asdict(), pause):
                subscriber_id = person.subscriber_id
                move(self._connection, subscriber_id, row.list_id, Act.PAUSE, proof, pause=pause)

    def _proof(self, event: Event, *, by: str) -> Proof:
        return Proof(method="event", source=f"{event.source}: {event.kind}", by=by, now=self._now)


def _gives_way(row: Mapping[str, Any], pause: Pause) -> bool:
    """Tell whether a pause gives way to another: one that was asked for only to a longer one."""
    if row["state"] != State.PAUSED or row["paused_until"] is None:
        return False
    if row["pause_reason"] == pause.reason:
        return bool(row["paused_until"] != pause.until)
    return bool(row["paused_until"] < pause.until)


def _failures(connection: Connection, subscriber_id: int) -> list[Failure]:
    """Read the bounces since the last sign of life; their number and time is all that counts."""
    rows = connection.execute(
        select(
            kept.c.kind, kept.c.bounce, kept.c.list_id, kept.c.delivery_id, kept.c.happened_at
        ).where(
            kept.c.subscriber_id == subscriber_id,
            kept.c.kind.in_(("delivered", "bounced", "rejected")),
        )
    ).all()
    # Many servers take a mail first and send it back later: that was no delivery.
    back = {row.delivery_id for row in rows if row.bounce and row.delivery_id is not None}
    alive = [
        row.happened_at for row in rows if row.kind == "delivered" and row.delivery_id not in back
    ]
    alive += _answers(connection, subscriber_id)
    last = max(alive, default=None)
    return [
        Failure(row.happened_at, row.list_id, row.bounce)
        for row in rows
        if row.bounce and (last is None or row.happened_at > last)
    ]


def _answers(connection: Connection, subscriber_id: int) -> list[datetime]:
    """Read when somebody pressed a link in a mail to this address, or to the one that it became."""
    opted_in = select(consents.c.recorded_at).where(
        consents.c.subscriber_id == subscriber_id, consents.c.asked_at.is_not(None)
    )
    moved = select(audit.c.at).where(
        audit.c.subscriber_id == subscriber_id, audit.c.act == "address changed"
    )
    return [*connection.scalars(opted_in), *connection.scalars(moved)]
