"""Writing down what a call came to; only while the batch is still ours."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from newsletter.mailing.handing.claims import Claim
from newsletter.mailing.ledger import rows
from newsletter.mailing.ledger.settling import note_unknown
from newsletter.providers import Outcome
from newsletter.providers.pace import LEASE
from newsletter.store import Store, Turn
from newsletter.store.schema import batches, deliveries, results

_ADDRESS: Final = re.compile(r"[^\s<>()'\",;:]+@[^\s<>()'\",;:]+")


class LeaseLostError(Exception):
    """Another run has claimed the batch meanwhile: its record decides, ours is too late."""


def record(
    store: Store, claim: Claim, outcomes: Mapping[int, Outcome], *, now: datetime
) -> datetime:
    """Insert final outcomes by delivery, and renew the lease; gives its new end.

    Raises LeaseLostError, and then nothing was written.
    """
    until = now + LEASE
    with store.begin(Turn.SHARED) as connection:
        _hold(connection, claim, lease_until=until)
        erased = _erased(connection, claim)
        rows.insert(
            connection,
            results,
            ("delivery_id", "state", "reason", "provider_id", "attempt", "recorded_at"),
            [
                (delivery, item.state.value, *_told(item, delivery in erased), claim.attempt, now)
                for delivery, item in outcomes.items()
            ],
        )
    return until


def give_up_key(store: Store, claim: Claim) -> None:
    """Note that the batch goes out under other keys, before it does: no run repeats it by its own.

    Raises LeaseLostError.
    """
    with store.begin(Turn.SHARED) as connection:
        _hold(connection, claim, key="")


@dataclass(frozen=True, slots=True)
class Rest:
    """What a call leaves of its batch: deliveries without a result, by what is known of them."""

    state: str
    """planned: certainly not taken. unknown: perhaps taken. handing_over: perhaps, ask again."""
    deliveries: frozenset[int]
    reason: str
    not_before: datetime | None = None


def settle(store: Store, claim: Claim, rests: Sequence[Rest], *, now: datetime) -> None:
    """End the call: let go of the batch in the state that its people are in.

    Where some were certainly not taken and of others nobody knows, it is cut into pieces that have
    one state each. Raises LeaseLostError, and then nothing was written.
    """
    pieces = _pieces(claim, rests)
    with store.begin(Turn.SHARED) as connection:
        if _erased(connection, claim):
            for piece in pieces:
                piece["reason"] = _ADDRESS.sub("…", piece["reason"])
        first, *others = pieces
        _hold(connection, claim, **first, owner="", lease_until=now)
        unknown = sum(len(rest.deliveries) for rest in rests if rest.state == "unknown")
        if unknown or others:
            row = connection.execute(select(batches).where(batches.c.id == claim.batch)).one()
        if unknown:
            note_unknown(connection, row.mailing_id, claim.batch, unknown, now=now)
        if others:
            shared = {"mailing_id": row.mailing_id, "edition": row.edition, "key": row.key}
            shared |= {"attempt": row.attempt, "handed_at": row.handed_at, "lease_until": now}
            connection.execute(insert(batches), [shared | piece for piece in others])


def _pieces(claim: Claim, rests: Sequence[Rest]) -> list[dict[str, Any]]:
    """Cut the batch's range where the state changes; people with results lie anywhere in it."""
    owner = {delivery: rest for rest in rests for delivery in rest.deliveries}
    groups = [
        (next(iter(ids)), rest)
        for rest, ids in groupby(sorted(owner), key=lambda delivery: owner[delivery])
    ]
    if not groups:
        return [{"state": "done", "reason": "", "not_before": None}]
    starts = [claim.first, *(start for start, _ in groups[1:])]
    ends = [*(start - 1 for start in starts[1:]), claim.last]
    return [
        {
            "first": start,
            "last": end,
            "state": rest.state,
            "reason": rest.reason,
            "not_before": rest.not_before,
        }
        for start, end, (_, rest) in zip(starts, ends, groups, strict=True)
    ]


def _erased(connection: Connection, claim: Claim) -> frozenset[int]:
    """Find whoever was erased from the register while the call was under way."""
    query = select(deliveries.c.id).where(
        deliveries.c.id.between(claim.first, claim.last), deliveries.c.address == ""
    )
    return frozenset(connection.scalars(query))


def _told(outcome: Outcome, is_erased: bool) -> tuple[str, str]:  # noqa: FBT001 - one fact
    """Give reason and provider's id; both may lead back to somebody erased."""
    return ("", "") if is_erased else (outcome.reason, outcome.provider_id)


def _hold(connection: Connection, claim: Claim, **values: Any) -> None:  # noqa: ANN401 - column values
    """Change the batch if it is still ours."""
    changed = connection.execute(
        update(batches)
        .where(
            batches.c.id == claim.batch,
            batches.c.attempt == claim.attempt,
            batches.c.state == "handing_over",
        )
        .values(**values)
    )
    if changed.rowcount != 1:
        raise LeaseLostError
