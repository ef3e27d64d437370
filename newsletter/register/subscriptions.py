"""Subscriptions: their states, the moves that are allowed, and the proof that each move leaves.

`leave` is the one function for all ways out: page, one-click, mail, webhook, command, sync.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, desc, insert, or_, select, update

from newsletter.store import Store
from newsletter.store.schema import consents, subscribers, subscriptions

UNDO: Final = timedelta(days=1)
"""How long a leave can be taken back without a new consent."""


class State(StrEnum):
    """Where a subscription stands; only an active one is mailed."""

    PENDING = "pending"
    """Put in by staff, not yet confirmed by the person."""
    ACTIVE = "active"
    PAUSED = "paused"
    """Until a day: because they asked for it, or because the mailbox failed for a while."""
    LEFT = "left"
    CLEANED = "cleaned"
    """The address is suppressed."""


class Act(StrEnum):
    """What may happen to a subscription that exists."""

    CONFIRM = "confirm"
    """The person's own double opt-in: the one way back from everywhere."""
    LEAVE = "leave"
    RESTORE = "restore"
    """Take a leave back."""
    ASK_AGAIN = "ask_again"
    """Come back with a new consent, given to staff, after having left."""
    PAUSE = "pause"
    RESUME = "resume"
    SUPPRESS = "suppress"


WAS: Final = "was"
"""Target of a move back to the state before the last one."""

MOVES: Final[Mapping[Act, Mapping[State, str]]] = {
    Act.CONFIRM: dict.fromkeys(
        (State.PENDING, State.PAUSED, State.LEFT, State.CLEANED), State.ACTIVE
    ),
    Act.LEAVE: dict.fromkeys((State.PENDING, State.ACTIVE, State.PAUSED), State.LEFT),
    Act.RESTORE: {State.LEFT: WAS},
    Act.ASK_AGAIN: {State.LEFT: State.ACTIVE},
    Act.PAUSE: dict.fromkeys((State.ACTIVE, State.PAUSED), State.PAUSED),
    Act.RESUME: {State.PAUSED: State.ACTIVE},
    Act.SUPPRESS: dict.fromkeys(
        (State.PENDING, State.ACTIVE, State.PAUSED, State.LEFT), State.CLEANED
    ),
}
"""Every move that there is; what is not here does not happen. Only CONFIRM leads out of CLEANED."""

_PROOF_OF: Final = {
    Act.CONFIRM: "given",
    Act.LEAVE: "withdrawn",
    Act.RESTORE: "restored",
    Act.ASK_AGAIN: "given",
    Act.PAUSE: "paused",
    Act.RESUME: "resumed",
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
    wording: str = ""
    """Version of the text that was agreed to (`wordings`)."""
    notice: str = ""
    """Version of the privacy notice that was shown."""
    form: str = ""
    """Address of the form."""
    asked_at: datetime | None = None
    """When the form was sent in, where `now` is when it was confirmed."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Until when a subscription rests, and why: "asked" or "bounces"."""

    until: datetime
    reason: str


def is_mailable(state: str, paused_until: datetime | None, now: datetime) -> bool:
    """Tell whether a subscription is to be mailed: active, or its pause is over."""
    return state == State.ACTIVE or (
        state == State.PAUSED and paused_until is not None and paused_until <= now
    )


def mailable(now: datetime) -> ColumnElement[bool]:
    """Say `is_mailable` in SQL."""
    over = and_(subscriptions.c.state == State.PAUSED, subscriptions.c.paused_until <= now)
    return or_(subscriptions.c.state == State.ACTIVE, over)


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


def move(
    connection: Connection,
    subscriber_id: int,
    list_id: str,
    act: Act,
    proof: Proof,
    *,
    pause: Pause | None = None,
) -> bool:
    """Move one subscription and record the proof; False when that move is not allowed.

    `pause` goes with Act.PAUSE and with nothing else.
    """
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
    values: dict[str, Any] = {"state": target, "changed_at": proof.now}
    if pause is not None:
        values |= {"paused_until": pause.until, "pause_reason": pause.reason}
    elif target == State.ACTIVE:
        values |= {"paused_until": None, "pause_reason": ""}
    connection.execute(update(subscriptions).where(*here).values(**values))
    basis = proof.basis or (last.basis if last else "consent")
    record(connection, subscriber_id, list_id, _PROOF_OF[act], proof, basis=basis, before=state)
    return True


def can_restore(connection: Connection, subscriber_id: int, list_id: str, now: datetime) -> bool:
    """Tell whether `restore` would bring the subscription back."""
    state = connection.scalar(
        select(subscriptions.c.state).where(
            subscriptions.c.subscriber_id == subscriber_id, subscriptions.c.list_id == list_id
        )
    )
    last = _last_consent(connection, subscriber_id, list_id)
    return state == State.LEFT and last is not None and _can_be_undone(last, now)


def join(
    connection: Connection, subscriber_id: int, list_id: str, state: State, proof: Proof
) -> bool:
    """Put somebody on a list that they were never on; False, and nothing changes, if they were.

    A pending subscription is no consent yet: no proof is recorded until it is confirmed.
    """
    here = select(subscriptions.c.state).where(
        subscriptions.c.subscriber_id == subscriber_id, subscriptions.c.list_id == list_id
    )
    if connection.scalar(here.with_for_update()) is not None:
        return False
    connection.execute(
        insert(subscriptions).values(
            subscriber_id=subscriber_id, list_id=list_id, state=state, changed_at=proof.now
        )
    )
    if state is not State.PENDING:
        record(connection, subscriber_id, list_id, "given", proof, basis=proof.basis, before="")
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
    person = connection.execute(
        select(subscribers.c.language, subscribers.c.address).where(
            subscribers.c.id == subscriber_id
        )
    ).one()
    connection.execute(
        insert(consents).values(
            subscriber_id=subscriber_id,
            list_id=list_id,
            act=act,
            basis=basis,
            method=proof.method,
            source=proof.source,
            before=before,
            wording=proof.wording,
            notice=proof.notice,
            form=proof.form,
            address=person.address,
            language=person.language,
            recorded_by=proof.by,
            asked_at=proof.asked_at,
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
