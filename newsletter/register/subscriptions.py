"""Moving subscriptions in the database, each move with the proof that it leaves.

`leave` is the one function for all ways out: page, one-click, mail, webhook, command, sync. The
statements are built once: building them costs more than running them, and many may leave at once.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select, update

from newsletter.register.standings import (
    HERE,
    Standing,
    can_restore,
    standing,
    standing_each,
)
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
    "move_each",
    "record",
    "restore",
    "standing",
    "standing_each",
    "subscriber_with",
]


_MOVE: Final = (
    update(subscriptions)
    .where(HERE)
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
_PROVE: Final = insert(consents).inline()  # nobody asks for the number of the new row
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
    return found is not None and bool(move_each(connection, act, [(found, proof)], pause=pause))


def move_each(
    connection: Connection,
    act: Act,
    found: Iterable[tuple[Standing, Proof]],
    *,
    pause: Pause | None = None,
) -> int:
    """Move subscriptions that were found standing so in this transaction, each once.

    Count those that were moved: a move that is not allowed changes nothing.
    """
    moves, proofs = [], []
    for item, proof in found:
        if (target := item.target(act, proof.now)) is None:
            continue
        moves.append(_moved(item, target, proof.now, pause))
        basis = proof.basis or item.basis or "consent"
        told = _proof(item.list_id, PROOF_OF[act], proof, basis=basis, before=item.state)
        whose = {
            "subscriber_id": item.subscriber_id,
            "address": item.address,
            "language": item.language,
        }
        proofs.append(told | whose)
    if moves:
        connection.execute(_MOVE, moves)
        connection.execute(_PROVE, proofs)
    return len(moves)


def _moved(found: Standing, target: str, now: datetime, pause: Pause | None) -> dict[str, Any]:
    until, reason = found.paused_until, found.pause_reason
    if pause is not None:
        until, reason = pause.until, pause.reason
    elif target == State.ACTIVE:
        until, reason = None, ""
    return {
        "of_subscriber": found.subscriber_id,
        "of_list": found.list_id,
        "new_state": target,
        "new_changed_at": now,
        "new_paused_until": until,
        "new_pause_reason": reason,
    }


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
