"""How a person stands with all lists, as their own pages show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, select

from newsletter.register.subscriptions import State, is_mailable
from newsletter.store.schema import subscribers, subscriptions

_PERSON: Final = select(subscribers).where(subscribers.c.id == bindparam("of_subscriber"))
_PLACES: Final = (
    select(subscriptions)
    .where(subscriptions.c.subscriber_id == bindparam("of_subscriber"))
    .order_by(subscriptions.c.list_id)
)


@dataclass(frozen=True, slots=True)
class Place:
    """One subscription."""

    state: State
    paused_until: datetime | None
    pause_reason: str

    def on(self, now: datetime) -> State:
        """Say where it stands; a pause that is over is none."""
        if self.state is State.PAUSED and is_mailable(self.state, self.paused_until, now):
            return State.ACTIVE
        return self.state


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, and all their subscriptions by list."""

    id: int
    address: str
    address_key: str
    language: str
    values: Mapping[str, str]
    """Names and fields."""
    places: Mapping[str, Place]

    def where(self, now: datetime, *states: State) -> list[str]:
        """Name the lists on which they stand in one of these states."""
        return [name for name, place in self.places.items() if place.on(now) in states]

    def mailed(self, now: datetime) -> list[str]:
        """Name the lists whose letters they get."""
        return self.where(now, State.ACTIVE)


def read(connection: Connection, subscriber_id: int) -> Person | None:
    """Read how somebody stands; None when there is no such person."""
    whose = {"of_subscriber": subscriber_id}
    if (row := connection.execute(_PERSON, whose).one_or_none()) is None:
        return None
    places = connection.execute(_PLACES, whose)
    return Person(
        row.id,
        row.address,
        row.address_key,
        row.language,
        {"first_name": row.first_name, "last_name": row.last_name, **row.fields},
        {p.list_id: Place(State(p.state), p.paused_until, p.pause_reason) for p in places},
    )
