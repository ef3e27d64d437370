"""Moving subscriptions in the database, each move with the proof that it leaves.

`leave` is the one function for all ways out: page, one-click, mail, webhook, command, sync. The
statements are built once: building them costs more than running them, and many may leave at once.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy import Connection, and_, bindparam, func, insert, select, update

from newsletter.register.states import (
    MOVES,
    PROOF_OF,
    UNDO,
    WAS,
    Act,
    Pause,
    Proof,
    State,
    is_mailable,
    mailable,
)
from newsletter.store import Store, bulk
from newsletter.store.schema import consents, subscribers, subscriptions

__all__ = [
    "MOVES",
    "UNDO",
    "WAS",
    "Act",
    "Pause",
    "Proof",
    "Standing",
    "State",
    "can_restore",
    "is_mailable",
    "join",
    "leave",
    "mailable",
    "move",
    "move_all",
    "record",
    "restore",
    "standing",
    "subscriber_with",
]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one subscription stands, whose it is, and its last proof."""

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


_HERE: Final = and_(
    subscriptions.c.subscriber_id == bindparam("of_subscriber"),
    subscriptions.c.list_id == bindparam("of_list"),
)
_LAST: Final = (
    select(func.max(consents.c.id))
    .where(
        consents.c.subscriber_id == bindparam("of_subscriber"),
        consents.c.list_id == bindparam("of_list"),
    )
    .scalar_subquery()
)
_STANDING: Final = (
    select(
        subscriptions.c.state,
        subscriptions.c.paused_until,
        subscriptions.c.pause_reason,
        subscribers.c.address,
        subscribers.c.language,
        consents.c.act,
        consents.c.basis,
        consents.c.before,
        consents.c.recorded_at,
    )
    .select_from(
        subscriptions.join(
            subscribers, subscribers.c.id == subscriptions.c.subscriber_id
        ).outerjoin(consents, consents.c.id == _LAST)
    )
    .where(_HERE)
    .with_for_update(of=subscriptions)
)
_MOVE: Final = (
    update(subscriptions)
    .where(_HERE)
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                "state",
                "changed_at",
                "paused_until",
                "pause_reason",
            )
        }
    )
)
_PROVE: Final = insert(consents)
_PERSON: Final = select(subscribers.c.address, subscribers.c.language).where(
    subscribers.c.id == bindparam("of_subscriber")
)


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


def standing(connection: Connection, subscriber_id: int, list_id: str) -> Standing | None:
    """Read how a subscription stands; None when there is none. PostgreSQL locks it."""
    here = {"of_subscriber": subscriber_id, "of_list": list_id}
    row = connection.execute(_STANDING, here).one_or_none()
    return Standing.of(row) if row else None


def can_restore(connection: Connection, subscriber_id: int, list_id: str, now: datetime) -> bool:
    """Tell whether `restore` would bring the subscription back."""
    found = standing(connection, subscriber_id, list_id)
    return found is not None and found.can_be_restored(now)


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
    found = standing(connection, subscriber_id, list_id)
    if found is None or (target := found.target(act, proof.now)) is None:
        return False
    until, reason = found.paused_until, found.pause_reason
    if pause is not None:
        until, reason = pause.until, pause.reason
    elif target == State.ACTIVE:
        until, reason = None, ""
    connection.execute(
        _MOVE,
        {
            "of_subscriber": subscriber_id,
            "of_list": list_id,
            "new_state": target,
            "new_changed_at": proof.now,
            "new_paused_until": until,
            "new_pause_reason": reason,
        },
    )
    basis = proof.basis or found.basis or "consent"
    values = _proof(list_id, PROOF_OF[act], proof, basis=basis, before=found.state)
    whose = {"subscriber_id": subscriber_id, "address": found.address, "language": found.language}
    connection.execute(_PROVE, values | whose)
    return True


def join(
    connection: Connection, subscriber_id: int, list_id: str, state: State, proof: Proof
) -> bool:
    """Put somebody on a list that they were never on; False, and nothing changes, if they were.

    A pending subscription is no consent yet: no proof is recorded until it is confirmed.
    """
    if standing(connection, subscriber_id, list_id) is not None:
        return False
    made = connection.execute(
        bulk.insert_new(connection, subscriptions).values(
            subscriber_id=subscriber_id, list_id=list_id, state=state, changed_at=proof.now
        )
    )
    if not made.rowcount:  # PostgreSQL: somebody else was faster
        return False
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
    person = connection.execute(_PERSON, {"of_subscriber": subscriber_id}).one()
    whose = {"subscriber_id": subscriber_id, "address": person.address, "language": person.language}
    connection.execute(_PROVE, _proof(list_id, act, proof, basis=basis, before=before) | whose)


def _proof(list_id: str, act: str, proof: Proof, *, basis: str, before: str) -> dict[str, Any]:
    return {
        "list_id": list_id,
        "act": act,
        "basis": basis,
        "method": proof.method,
        "source": proof.source,
        "before": before,
        "wording": proof.wording,
        "notice": proof.notice,
        "form": proof.form,
        "recorded_by": proof.by,
        "asked_at": proof.asked_at,
        "recorded_at": proof.now,
    }


def subscriber_with(connection: Connection, address_key: str) -> int | None:
    """Find the subscriber with this folded address."""
    return connection.scalar(
        select(subscribers.c.id).where(subscribers.c.address_key == address_key)
    )
