"""Taking over from a provider whom it mails no more: bounces, complaints, and who left there.

A bounce by a filter is not the reader's fault, and who has come back by themselves since is not
sent away again. Doing it twice is harmless.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import Connection, func, select

from newsletter.providers.offers import KeptBack
from newsletter.register import addresses, audit, suppressions
from newsletter.register.bounces import classify
from newsletter.register.states import Act, Proof
from newsletter.register.subscriptions import move_all, subscriber_with
from newsletter.store import Store
from newsletter.store.schema import consents

_SLICE: Final = 500
"""Addresses in one transaction: others want to write meanwhile."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, by folded address."""

    whose: Mapping[str, str]
    """Address → why: bounced, complained, unsubscribed."""
    left_alone: Mapping[str, int] = field(default_factory=dict)
    """Why nothing is done → how many: policy, invalid, known, back."""

    @property
    def counts(self) -> dict[str, int]:
        """How many would be closed out, by why."""
        return dict(Counter(self.whose.values()))


def plan(
    store: Store, told: Iterable[Sequence[KeptBack]], *, keys: Sequence[str], now: datetime
) -> Plan:
    """Read a provider's list and say what would follow; changes nothing."""
    whose: dict[str, str] = {}
    left_alone: Counter[str] = Counter()
    for page in told:
        found = dict(_judged(page, left_alone))
        with store.read() as connection:
            known = suppressions.among(connection, found, keys=keys, now=now)
            for address_key, item in found.items():
                if address_key in known or address_key in whose:
                    left_alone["known"] += 1
                elif _is_back(connection, address_key, item):
                    left_alone["back"] += 1
                else:
                    whose[address_key] = item.why
    return Plan(whose, dict(left_alone))


def carry_out(
    store: Store, made: Plan, *, provider: str, keys: Sequence[str], by: str, now: datetime
) -> int:
    """Suppress who bounced or complained, take off who left; tell how many were new."""
    new = 0
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
        new += done
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
