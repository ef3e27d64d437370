"""How subscriptions stand, and the last proof of each: read before a move decides anything."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy import Connection, and_, bindparam, func, select

from newsletter.register.states import MOVES, UNDO, WAS, Act, State
from newsletter.store.schema import consents, subscribers, subscriptions


@dataclass(frozen=True, slots=True)
class Standing:
    """How one subscription stands, whose it is, and its last proof."""

    subscriber_id: int
    list_id: str
    state: State
    paused_until: datetime | None
    pause_reason: str
    address: str
    language: str
    act: str | None
    """given, withdrawn …; None while nothing has been proven: it is pending."""
    basis: str
    before: str
    recorded_at: datetime | None

    @classmethod
    def of(cls, row: Any) -> Self:  # noqa: ANN401 - a row of _STANDING
        """Read a row."""
        return cls(
            row.subscriber_id,
            row.list_id,
            State(row.state),
            row.paused_until,
            row.pause_reason,
            row.address,
            row.language,
            row.act,
            row.basis or "",
            row.before or "",
            row.recorded_at,
        )

    def can_be_restored(self, now: datetime) -> bool:
        """Tell whether the last leave can be taken back."""
        return (
            self.state is State.LEFT
            and self.act == "withdrawn"
            and bool(self.before)
            and self.recorded_at is not None
            and now - self.recorded_at <= UNDO
        )

    def target(self, act: Act, now: datetime) -> str | None:
        """Say where a move would lead; None when it is not allowed."""
        target = MOVES[act].get(self.state)
        if target != WAS:
            return target
        return self.before if self.can_be_restored(now) else None


HERE: Final = and_(
    subscriptions.c.subscriber_id == bindparam("of_subscriber"),
    subscriptions.c.list_id == bindparam("of_list"),
)
"""The subscription that a statement is about."""

_PROOFS: Final = consents.alias()
_LAST: Final = (
    select(func.max(_PROOFS.c.id))
    .where(
        _PROOFS.c.subscriber_id == subscriptions.c.subscriber_id,
        _PROOFS.c.list_id == subscriptions.c.list_id,
    )
    .correlate(subscriptions)
    .scalar_subquery()
)
_STANDINGS: Final = select(
    subscriptions.c.subscriber_id,
    subscriptions.c.list_id,
    subscriptions.c.state,
    subscriptions.c.paused_until,
    subscriptions.c.pause_reason,
    subscribers.c.address,
    subscribers.c.language,
    consents.c.act,
    consents.c.basis,
    consents.c.before,
    consents.c.recorded_at,
).select_from(
    subscriptions.join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id).outerjoin(
        consents, consents.c.id == _LAST
    )
)
_STANDING: Final = _STANDINGS.where(HERE)
# To ask for pairs would be more exact, but for them SQLite reads the whole table.
_STANDING_EACH: Final = _STANDINGS.where(
    subscriptions.c.subscriber_id.in_(bindparam("of_subscribers", expanding=True)),
    subscriptions.c.list_id.in_(bindparam("of_lists", expanding=True)),
)


def standing(connection: Connection, subscriber_id: int, list_id: str) -> Standing | None:
    """Read how a subscription stands; None when there is none."""
    here = {"of_subscriber": subscriber_id, "of_list": list_id}
    row = connection.execute(_STANDING, here).one_or_none()
    return Standing.of(row) if row else None


def standing_each(
    connection: Connection, places: Collection[tuple[int, str]]
) -> dict[tuple[int, str], Standing]:
    """Read how many subscriptions stand, by subscriber and list, in one query."""
    where = {
        "of_subscribers": [subscriber_id for subscriber_id, _ in places],
        "of_lists": sorted({list_id for _, list_id in places}),
    }
    found = (Standing.of(row) for row in connection.execute(_STANDING_EACH, where))
    by_place = {(item.subscriber_id, item.list_id): item for item in found}
    return {place: by_place[place] for place in places if place in by_place}


def can_restore(connection: Connection, subscriber_id: int, list_id: str, now: datetime) -> bool:
    """Tell whether `restore` would bring the subscription back."""
    found = standing(connection, subscriber_id, list_id)
    return found is not None and found.can_be_restored(now)
