"""Taking over from a provider whom it mails no more: bounces, complaints, and who left there.

A bounce by a filter is not the reader's fault, and who has come back by themselves since is not
sent away again. Doing it twice is harmless.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import Connection, func, select

from newsletter.providers.offers import KeptBack, Why
from newsletter.register import addresses, audit, suppressions
from newsletter.register.bounces import classify
from newsletter.register.states import MOVES, Act, Proof
from newsletter.register.subscriptions import move_all, subscriber_with
from newsletter.store import Store
from newsletter.store.schema import consents, subscriptions

_WEIGHT: Final[Sequence[Why]] = ("unsubscribed", "bounced", "complained")
"""Of somebody who stands in a list for several reasons, the last of these counts."""
_SLICE: Final = 500
"""Addresses in one transaction: others want to write meanwhile."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, by folded address."""

    whose: Mapping[str, Why]
    """Address → why: bounced, complained, unsubscribed."""
    left_alone: Mapping[str, int] = field(default_factory=dict)
    """Why nothing is done → how many: policy, invalid, known, back; twice: once is enough."""

    @property
    def counts(self) -> dict[str, int]:
        """How many would be closed out, by why."""
        return dict(Counter(self.whose.values()))


def plan(
    store: Store, told: Iterable[Sequence[KeptBack]], *, keys: Sequence[str], now: datetime
) -> Plan:
    """Read a provider's list and say what would follow; changes nothing."""
    whose: dict[str, Why] = {}
    left_alone: Counter[str] = Counter()
    for page in told:
        found = list(_judged(page, left_alone))
        with store.read() as connection:
            known = suppressions.among(connection, dict(found), keys=keys, now=now)
            for address_key, item in found:
                if address_key in whose:
                    left_alone["twice"] += 1
                    whose[address_key] = max(whose[address_key], item.why, key=_WEIGHT.index)
                elif address_key in known or _has_left(connection, address_key, item):
                    left_alone["known"] += 1
                elif _is_back(connection, address_key, item):
                    left_alone["back"] += 1
                else:
                    whose[address_key] = item.why
    return Plan(whose, dict(left_alone))


def carry_out(
    store: Store,
    made: Plan,
    *,
    provider: str,
    keys: Sequence[str],
    by: str,
    now: datetime,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> int:
    """Suppress who bounced or complained, take off who left; tell how many were new.

    `progress` is told how many are written, of how many, after each slice.
    """
    new = written = 0
    for part in _slices(made.whose):
        with store.begin() as connection:
            done = 0
            for address_key in part:
                why = made.whose[address_key]
                proof = Proof(method="event", source=f"{provider}: {why}", by=by, now=now)
                done += _take(connection, address_key, why, proof, keys)
            audit.note(
                connection, "suppressions imported", by=by, now=now, source=provider, new=done
            )
        new, written = new + done, written + len(part)
        progress(written, len(made.whose))
    return new


def _take(
    connection: Connection, address_key: str, why: str, proof: Proof, keys: Sequence[str]
) -> bool:
    subscriber_id = subscriber_with(connection, address_key)
    if why == "unsubscribed" and subscriber_id is not None:
        # They chose to leave, and may be asked again: no suppression stands in their way.
        return bool(move_all(connection, subscriber_id, Act.LEAVE, proof))
    return suppressions.suppress_key(
        connection, address_key, reason=why, now=proof.now, keys=keys, source=proof.source
    )


def _judged(page: Sequence[KeptBack], left_alone: Counter[str]) -> Iterator[tuple[str, KeptBack]]:
    for item in page:
        try:
            address_key = addresses.key(addresses.normalise(item.address))
        except addresses.AddressError:
            left_alone["invalid"] += 1
            continue
        if item.why == "bounced" and classify(item.code, item.text) == "policy":
            left_alone["policy"] += 1
        else:
            yield address_key, item


def _has_left(connection: Connection, address_key: str, item: KeptBack) -> bool:
    """Tell whether somebody who left there is here on no list that could be left."""
    subscriber_id = subscriber_with(connection, address_key)
    if item.why != "unsubscribed" or subscriber_id is None:
        return False
    mailed = select(subscriptions.c.subscriber_id).where(
        subscriptions.c.subscriber_id == subscriber_id, subscriptions.c.state.in_(MOVES[Act.LEAVE])
    )
    return connection.execute(mailed.limit(1)).first() is None


def _is_back(connection: Connection, address_key: str, item: KeptBack) -> bool:
    """Tell whether somebody subscribed again by themselves after the provider's entry."""
    subscriber_id = subscriber_with(connection, address_key)
    if item.at is None or subscriber_id is None:
        return False
    newest = connection.scalar(
        select(func.max(consents.c.recorded_at)).where(
            consents.c.subscriber_id == subscriber_id,
            consents.c.recorded_by == "subscriber",
            consents.c.act.in_(("given", "restored")),
        )
    )
    return newest is not None and newest > item.at


def _slices(items: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(items)
    while part := list(islice(remaining, _SLICE)):
        yield part
