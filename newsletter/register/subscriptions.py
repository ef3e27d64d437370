"""Subscriptions: their states, the moves that are allowed, and the proof that each move leaves.

`leave` is the one function for all ways out: page, one-click, mail, webhook, command, sync.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, Row, desc, insert, select, update

from newsletter.store import Store
from newsletter.store.schema import consents, subscribers, subscriptions

UNDO: Final = timedelta(days=1)
"""How long a leave can be taken back without a new consent."""


class State(StrEnum):
    """Where a subscription stands; only an active one is mailed."""

    PENDING = "pending"
    """Asked for, not yet confirmed."""
    ACTIVE = "active"
    PAUSED = "paused"
    """The mailbox failed for a while."""
    LEFT = "left"
    CLEANED = "cleaned"
    """The address is suppressed."""


class Act(StrEnum):
    """What may happen to a subscription that exists."""

    LEAVE = "leave"
    RESTORE = "restore"
    """Take a leave back."""
    ASK_AGAIN = "ask_again"
    """Come back with a new consent after having left."""
    SUPPRESS = "suppress"


WAS: Final = "was"
"""Target of a move back to the state before the last one."""

MOVES: Final[Mapping[Act, Mapping[State, str]]] = {
    Act.LEAVE: dict.fromkeys((State.PENDING, State.ACTIVE, State.PAUSED), State.LEFT),
    Act.RESTORE: {State.LEFT: WAS},
    Act.ASK_AGAIN: {State.LEFT: State.ACTIVE},
    Act.SUPPRESS: dict.fromkeys(
        (State.PENDING, State.ACTIVE, State.PAUSED, State.LEFT), State.CLEANED
    ),
}
"""Every move that there is; what is not here does not happen. Nothing leads out of CLEANED."""

_PROOF_OF: Final = {
    Act.LEAVE: "withdrawn",
    Act.RESTORE: "restored",
    Act.ASK_AGAIN: "given",
    Act.SUPPRESS: "withdrawn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a consent row says of a move: how, from where, by whom, when."""

    method: str
    source: str
    by: str
    now: datetime
    basis: str = ""
    """Empty: that of the consent before."""


def leave(
    store: Store,
    *,
    subscriber_id: int,
    list_id: str,
    method: str,
    source: str,
    by: str,
    now: datetime,
) -> bool:
    """Take somebody off a list, at once. Tell whether it changed something; repeating is harmless.

    Once this returns, no screen lets a mail to them pass.
    """
    with store.begin() as connection:
        proof = Proof(method=method, source=source, by=by, now=now)
        return move(connection, subscriber_id, list_id, Act.LEAVE, proof)


def restore(
    store: Store,
    *,
    subscriber_id: int,
    list_id: str,
    method: str,
    source: str,
    by: str,
    now: datetime,
) -> bool:
    """Take a leave back within a day: the subscription is again what it was.

    False, and nothing changes, when there is no such leave, or it is older: then only a new
    consent helps.
    """
    with store.begin() as connection:
        proof = Proof(method=method, source=source, by=by, now=now)
        return move(connection, subscriber_id, list_id, Act.RESTORE, proof)


def move(connection: Connection, subscriber_id: int, list_id: str, act: Act, proof: Proof) -> bool:
    """Move one subscription and record the proof; False when that move is not allowed."""
    here = (
        subscriptions.c.subscriber_id == subscriber_id,
        subscriptions.c.list_id == list_id,
    )
    state = connection.scalar(select(subscriptions.c.state).where(*here).with_for_update())
    if state is None or (target := MOVES[act].get(State(state))) is None:
        return False
    last = _last_consent(connection, subscriber_id, list_id)
    if target == WAS:
        if last is None or not _can_be_undone(last, proof.now):
            return False
        target = last.before
    connection.execute(
        update(subscriptions).where(*here).values(state=target, changed_at=proof.now)
    )
    basis = proof.basis or (last.basis if last else "consent")
    record(connection, subscriber_id, list_id, _PROOF_OF[act], proof, basis=basis, before=state)
    return True


def move_all(connection: Connection, subscriber_id: int, act: Act, proof: Proof) -> list[str]:
    """Move every subscription of somebody that can be moved so; name their lists."""
    lists = connection.scalars(
        select(subscriptions.c.list_id)
        .where(subscriptions.c.subscriber_id == subscriber_id)
        .order_by(subscriptions.c.list_id)
    ).all()
    return [name for name in lists if move(connection, subscriber_id, name, act, proof)]


def record(
    connection: Connection,
    subscriber_id: int,
    list_id: str,
    act: str,
    proof: Proof,
    *,
    basis: str,
    before: str,
) -> None:
    """Write one consent row; none is ever changed."""
    language = connection.scalar(
        select(subscribers.c.language).where(subscribers.c.id == subscriber_id)
    )
    connection.execute(
        insert(consents).values(
            subscriber_id=subscriber_id,
            list_id=list_id,
            act=act,
            basis=basis,
            method=proof.method,
            source=proof.source,
            before=before,
            language=language,
            recorded_by=proof.by,
            recorded_at=proof.now,
        )
    )


def subscriber_with(connection: Connection, address_key: str) -> int | None:
    """Find the subscriber with this folded address."""
    return connection.scalar(
        select(subscribers.c.id).where(subscribers.c.address_key == address_key)
    )


def _last_consent(
    connection: Connection, subscriber_id: int, list_id: str
) -> Row[str, str, str, datetime] | None:
    return connection.execute(
        select(consents.c.act, consents.c.basis, consents.c.before, consents.c.recorded_at)
        .where(consents.c.subscriber_id == subscriber_id, consents.c.list_id == list_id)
        .order_by(desc(consents.c.id))
        .limit(1)
    ).one_or_none()


def _can_be_undone(last: Row[str, str, str, datetime], now: datetime) -> bool:
    return last.act == "withdrawn" and bool(last.before) and now - last.recorded_at <= UNDO
