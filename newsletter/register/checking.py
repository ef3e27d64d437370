"""Does the register agree with itself: every subscription with its proof, no time in the future."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Select, and_, case, func, or_, select

from newsletter.register.subscriptions import State
from newsletter.store.checking import Fault
from newsletter.store.schema import consents, subscriptions

_MOST: Final = 20
"""Faults of one kind that are told."""

_LAST: Final = 1000
"""Entries that tell what time it was: all of a large register would take a while."""

_AHEAD: Final = timedelta(minutes=5)
"""How far the clocks of two machines may differ before it is told."""


def check(connection: Connection, *, now: datetime) -> list[Fault]:
    """Look for subscriptions whose proof says otherwise, and for times that are yet to come."""
    wrong = connection.execute(_unproven().limit(_MOST)).all()
    faults = [
        Fault(
            "consents",
            f"subscriber {row.subscriber_id} is {row.state} on {row.list_id}, "
            f"but the last proof is {row.act or 'missing'}",
            "this is a fault of the tool or of somebody who wrote into the database: tell us",
        )
        for row in wrong
    ]
    return faults + _clock(connection, now)


def newest(connection: Connection) -> datetime | None:
    """Give the latest time among the consents that were recorded last."""
    last = select(consents.c.recorded_at).order_by(consents.c.id.desc()).limit(_LAST).subquery()
    latest: datetime | None = connection.scalar(select(func.max(last.c.recorded_at)))
    return latest


def is_ahead(moment: datetime | None, now: datetime) -> bool:
    """Tell whether a recorded time is in the future: then the clock is, or was, wrong."""
    return moment is not None and moment > now + _AHEAD


def _clock(connection: Connection, now: datetime) -> list[Fault]:
    moment = newest(connection)
    if not is_ahead(moment, now):
        return []
    return [
        Fault(
            "clock",
            f"the register has an entry of {moment:%Y-%m-%d %H:%M} UTC, which is yet to come",
            "the clock of this machine is, or was, wrong: set it before anything is sent",
        )
    ]


def _unproven() -> Select[tuple[int, str, str, str | None]]:
    """Select the subscriptions whose state is not what their last consent leads to.

    `restored` leads back to whatever was before the leave, so any state that is not gone will do.
    """
    last = (
        select(
            consents.c.subscriber_id,
            consents.c.list_id,
            func.max(consents.c.id).label("id"),
        )
        .group_by(consents.c.subscriber_id, consents.c.list_id)
        .subquery()
    )
    state, act = subscriptions.c.state, consents.c.act
    agrees = case(
        (state == State.PENDING, or_(act.is_(None), act == "restored")),
        (state == State.ACTIVE, act.in_(("given", "restored", "resumed"))),
        (state == State.PAUSED, act.in_(("paused", "restored"))),
        else_=act == "withdrawn",
    )
    same = and_(
        last.c.subscriber_id == subscriptions.c.subscriber_id,
        last.c.list_id == subscriptions.c.list_id,
    )
    return (
        select(subscriptions.c.subscriber_id, subscriptions.c.list_id, state, act)
        .select_from(
            subscriptions.outerjoin(last, same).outerjoin(consents, consents.c.id == last.c.id)
        )
        .where(func.coalesce(agrees, False).is_(False))
        .order_by(subscriptions.c.subscriber_id)
    )
